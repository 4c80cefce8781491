//! Keys and passwords stay out of everything that is shown.

use crate::{dump, reading_of};
use crossgate_diag::{Look, to_json, to_text};
use crossgate_panos::{Secrets, to_set, to_xml};

/// Each must never be seen: it holds the word `Hush`.
const PLACES: [&str; 21] = [
    "set network ike gateway G authentication pre-shared-key xyzzy HushKey",
    "set network ike gateway G authentication pre-shared kye HushKey",
    "set network ike gateway G authentication xyzzy HushKey",
    "set netwrk ike gateway G authentiction foo bar HushKey",
    "set network ike gateway G authentication pre-shared-key key HushKey",
    "set network ike gateway G authentication pre-shared-key key \"Hush Key\"",
    "set network ike gateway G authentication pre-shared-key key Hush HushRest HushMore",
    "set network ike gateway G authentication pre-shared-key HushKey",
    "set network ike gateway G pre-shared-key HushKey",
    "set mgt-config users admin phash Hush$1$abc",
    "set shared server-profile radius R server S secret HushKey",
    "set shared certificate C private-key \"-----BEGIN\nHush\nHush-----\"",
    "set deviceconfig system snmp-setting access-setting version v2c snmp-community-string Hush",
    "set network virtual-router default protocol ospf auth-profile A password Hush",
    "set network frobnicate secret Hush",
    "set network frobnicate password [ Hush1 Hush2 ]",
    "set deviceconfig setting api-key Hush",
    "delete network ike gateway G authentication pre-shared-key key HushKey",
    "set network ike gateway G authentication pre-shared-key key HushKey\n\
     delete network ike gateway G authentication pre-shared-key key HushKey",
    "crypto ikev2 pre-shared-key HushKey",
    "edit network ike gateway G authentication\nset pre-shared-key key HushKey",
];

/// Everything that a person could be shown of a text.
fn shown(text: &str) -> String {
    let (sources, reading) = reading_of(text);
    let mut shown = dump::gateway(&reading.gateway) + &dump::findings(&sources, &reading.findings);
    shown += &to_text(&sources, &reading.findings, Look::PLAIN);
    shown += &to_json(&sources, &reading.findings).to_string();
    shown += &format!("{reading:?} {sources:?}");
    shown += &to_set(&reading.tree, Secrets::Masked);
    shown += &to_xml(&reading.tree, Secrets::Masked);
    shown
}

fn masked(text: &str) -> String {
    let mut sources = crossgate_diag::Sources::new();
    let file = sources.add("fw", text);
    let _ = crossgate_panos::read(&mut sources, file);
    sources.get(file).masked()
}

#[test]
fn in_commands() {
    for line in PLACES {
        let text = format!("set deviceconfig system hostname fw\n{line}\n");
        assert!(!shown(&text).contains("Hush"), "{line}\n{}", shown(&text));
        assert!(!masked(&text).contains("Hush"), "{line}\n{}", masked(&text));
    }
}

#[test]
fn in_xml() {
    for line in PLACES {
        let (_, reading) = reading_of(&format!("set deviceconfig system hostname fw\n{line}\n"));
        let xml = to_xml(&reading.tree, Secrets::Written);
        assert!(!shown(&xml).contains("Hush"), "{xml}\n{}", shown(&xml));
        assert!(!masked(&xml).contains("Hush"), "{xml}\n{}", masked(&xml));
    }
}

#[test]
fn in_documents_that_are_refused() {
    let text = "<config><key>HushKey</key><broken</config>";
    let mut sources = crossgate_diag::Sources::new();
    let file = sources.add("fw", text);
    let refusal = crossgate_panos::read(&mut sources, file).expect_err("ill-formed");
    assert!(!refusal.to_string().contains("Hush"), "{refusal}");
}

#[test]
fn in_all_pieces_of_a_text() {
    let key = "Ab<![CDATA[Hush]]>c&#72;ush<!-- x -->Hush<![CDATA[Hush]]>";
    let key = format!("<pre-shared-key><key>{key}</key></pre-shared-key>");
    let gateway = format!("<entry name='G'><authentication>{key}</authentication></entry>");
    let text = format!(
        "<config><devices><entry name='localhost.localdomain'><network><ike><gateway>{gateway}</gateway></ike></network></entry></devices></config>"
    );
    assert!(!masked(&text).contains("Hush"), "{}", masked(&text));
}
