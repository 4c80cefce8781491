//! Changes said in both forms: what they do to the text, what is to be typed for them, and that
//! the gateway then has the change and no other.

mod lifetimes;
mod network;
mod peers;
mod places;
mod selectors;
mod suites;
mod switches;

use crate::{dump, reading_of};
use crossgate_crypto::{DhGroup, Encr, Integ, Prf, Secret};
use crossgate_diag::{Amendment, apply};
use crossgate_model::{Change, Identity, IdentityMatch, Language, Selector, SelectorPair};
use expect_test::{Expect, expect};
use std::time::Duration;

const HQ_XML: &str = include_str!("../../../../examples/site-to-site/hq.xml");
const HQ_SET: &str = include_str!("../../../../examples/site-to-site/hq.set");
const SEVERAL: &str = include_str!("../../../../examples/several-proxy-ids/hq.set");
const ANY: &str = include_str!("../../../../examples/any-any/hq.set");
const KEY: &str = "lab-only-An<other&\"Key 42";

/// Lines that went (`-`) and came (`+`).
fn difference(before: &str, after: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    // Longest common subsequence, from the end.
    let mut common = vec![vec![0_usize; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i][j] = match old[i] == new[j] {
                true => common[i + 1][j + 1] + 1,
                false => common[i + 1][j].max(common[i][j + 1]),
            };
        }
    }
    let (mut i, mut j, mut out) = (0, 0, String::new());
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            (i, j) = (i + 1, j + 1);
        } else if j == new.len() || i < old.len() && common[i + 1][j] >= common[i][j + 1] {
            out += &format!("- {}\n", old[i]);
            i += 1;
        } else {
            out += &format!("+ {}\n", new[j]);
            j += 1;
        }
    }
    out
}

fn amend(text: &str, change: &Change) -> Result<(Amendment, String), String> {
    let (sources, reading) = reading_of(text);
    let amendment = reading
        .amend(sources.get(reading.file), change)
        .map_err(|why| format!("cannot: {why}\n"))?;
    let after = apply(text, &amendment.edits);
    for edit in &amendment.edits {
        assert!(!edit.shown().contains("An<other"), "{edit:?}");
        assert!(!edit.shown().contains("An&lt;other"), "{edit:?}");
    }
    Ok((amendment, after))
}

fn model(text: &str) -> String {
    let (_, reading) = reading_of(text);
    let mut gateway = reading.gateway;
    gateway.release = None;
    dump::gateway(&gateway)
}

/// What a text becomes; that the commands typed at its end lead to the same gateway; and that
/// saying the change again is refused.
fn amended(set: &str, change: &Change) -> (String, String) {
    let (amendment, after) = match amend(set, change) {
        Ok(amended) => amended,
        Err(why) => return (why, model(set)),
    };
    let typed: String = amendment
        .commands
        .iter()
        .map(|line| line.replace("<the key of branch>", r#""lab-only-An<other&\"Key 42""#) + "\n")
        .collect();
    let typed = format!("{set}top\n{typed}");
    assert_eq!(sorted(&model(&typed)), sorted(&model(&after)), "{after}");
    assert_eq!(rules(&model(&typed)), rules(&model(&after)), "{after}");
    assert!(adds(change) || amend(&after, change).is_err(), "{after}");
    let commands: String = amendment
        .commands
        .iter()
        .map(|c| format!("> {c}\n"))
        .collect();
    let report = format!(
        "{commands}{}{}",
        difference(set, &after),
        difference(&model(set), &model(&after))
    );
    (report, model(&after))
}

/// Whether saying it twice has an effect twice.
fn adds(change: &Change) -> bool {
    matches!(
        change,
        Change::AddSelectors { .. }
            | Change::AddRoute { .. }
            | Change::Allow { .. }
            | Change::KeepAddresses { .. }
    )
}

fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines
}

/// In their order, which counts.
fn rules(text: &str) -> Vec<&str> {
    let is_rule = |line: &&str| line.starts_with("security") || line.starts_with("nat");
    text.lines().filter(is_rule).collect()
}

/// A change of a text of commands.
#[track_caller]
fn check_set(set: &str, change: &Change, expected: Expect) {
    expected.assert_eq(&amended(set, change).0);
}

/// The same of both forms of one configuration, indented and minified.
#[track_caller]
fn check_change(change: &Change, expected: Expect) {
    let (mut report, after) = amended(HQ_SET, change);
    match amend(HQ_XML, change) {
        Ok((_, xml)) => {
            assert_eq!(sorted(&model(&xml)), sorted(&after), "{xml}");
            assert_eq!(rules(&model(&xml)), rules(&after), "{xml}");
            report += &difference(HQ_XML, &xml);
            let minified: String = HQ_XML.lines().map(str::trim).collect();
            let (_, small) = amend(&minified, change).expect("minified");
            assert_eq!(sorted(&model(&small)), sorted(&after), "{small}");
            assert!(!small.contains('\n'), "{small}");
            let crlf = HQ_XML.replace('\n', "\r\n");
            let (_, crlf) = amend(&crlf, change).expect("with CRLF");
            assert_eq!(crlf, xml.replace('\n', "\r\n"));
        }
        Err(why) => assert_eq!(report, why),
    }
    expected.assert_eq(&report);
}

fn connection() -> String {
    "gw-branch".into()
}

fn child() -> String {
    "tun-branch:lan-to-lan".into()
}

fn pair(local: &str, remote: &str) -> SelectorPair {
    let net = |text: &str| Selector::net(text.parse().expect("a network"));
    SelectorPair {
        local: net(local),
        remote: net(remote),
    }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// What the pair doesn't have, to be undone.
fn broken(more: &str) -> String {
    format!("{HQ_SET}{more}")
}
