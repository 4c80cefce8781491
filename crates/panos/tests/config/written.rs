//! What was read is written as it was.

use crate::reading_of;
use crossgate_panos::{Secrets, to_set, to_xml};

const HQ_XML: &str = include_str!("../../../../examples/site-to-site/hq.xml");
const HQ_SET: &str = include_str!("../../../../examples/site-to-site/hq.set");

#[track_caller]
fn comes_back(set: &str) {
    let (_, reading) = reading_of(set);
    assert_eq!(to_set(&reading.tree, Secrets::Written), set);
}

#[test]
fn commands_come_back_as_they_were() {
    comes_back(HQ_SET);
    comes_back("set zone trust network layer3 [ a b ]\nset address x description \"two words\"\n");
    comes_back("set network frobnicate deep [ a b ]\nset network ike gateway\n");
    comes_back("set deviceconfig system login-banner \"line\nline \\\"two\\\"\"\n");
}

#[test]
fn a_document_comes_back_as_it_was() {
    let (_, reading) = reading_of(HQ_XML);
    assert_eq!(to_xml(&reading.tree, Secrets::Written), HQ_XML);
}

#[test]
fn a_document_as_commands_and_back() {
    let (_, reading) = reading_of(HQ_XML);
    let set = to_set(&reading.tree, Secrets::Written);
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&set), sorted(HQ_SET));
}

#[test]
fn published_documents_come_back_word_for_word() {
    let text = include_str!("../data/iron_skillet_mgmt_static.panos-xml");
    let (_, reading) = reading_of(text);
    let again = to_xml(&reading.tree, Secrets::Written);
    let (_, second) = reading_of(&again);
    assert_eq!(
        to_set(&reading.tree, Secrets::Written),
        to_set(&second.tree, Secrets::Written)
    );
}

/// Whatever a text is, the text printed of it is printed of itself, in each form.
#[test]
fn what_is_printed_is_printed_again() {
    for text in [
        HQ_XML,
        HQ_SET,
        include_str!("../../../../examples/any-any/hq.set"),
        include_str!("../../../../examples/as-published/hq.xml"),
        include_str!("../../../../examples/crypto-map/hq.set"),
        include_str!("../../../../examples/gcm/hq.set"),
        include_str!("../../../../examples/several-proxy-ids/hq.set"),
        include_str!("../data/iron_skillet_mgmt_static.panos-xml"),
        include_str!("../data/batfish_ignored_lines.panos-set"),
        include_str!("../data/batfish_ike_crypto_profiles.panos-set"),
        include_str!("../data/batfish_ipsec_crypto_profiles.panos-set"),
        include_str!("../data/panorama.xml"),
    ] {
        let xml = |text: &str| to_xml(&reading_of(text).1.tree, Secrets::Written);
        let set = |text: &str| to_set(&reading_of(text).1.tree, Secrets::Written);
        let (as_xml, as_set) = (xml(text), set(text));
        assert_eq!(xml(&as_xml), as_xml);
        assert_eq!(set(&as_set), as_set);
    }
}

/// What a reader of the document would take for blanks, or refuse.
#[test]
fn line_ends_and_control_characters_of_names_survive_in_a_document() {
    let set = "set vsys vsys1 zone \"a\nb\tc\u{1}d\" network layer3 ethernet1/1\n";
    let (_, reading) = reading_of(set);
    let xml = to_xml(&reading.tree, Secrets::Written);
    assert!(
        xml.contains("<entry name=\"a&#10;b&#9;c\u{fffd}d\">"),
        "{xml}"
    );
    let (_, again) = reading_of(&xml);
    assert_eq!(
        to_set(&again.tree, Secrets::Written),
        set.replace('\u{1}', "\u{fffd}")
    );
}
