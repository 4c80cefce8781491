//! Configurations in, gateways and findings out: all tests go through [`check`] or, for a
//! construct that is to be read in both forms, [`check_both`].

mod amend;
mod certificates;
mod compose;
mod dump;
mod examples;
mod forms;
mod hostile;
mod ike;
mod network;
mod panorama;
mod published;
mod rules;
mod secrets;
mod shared;
mod tunnel;
mod written;

use crossgate_diag::Sources;
use crossgate_panos::{Reading, Secrets, read, to_xml};
use expect_test::Expect;

pub fn reading_of(text: &str) -> (Sources, Reading) {
    let mut sources = Sources::new();
    let file = sources.add("fw", text);
    let reading = read(&mut sources, file).expect("a configuration");
    (sources, reading)
}

/// Reads a text; everything that came of it, as text.
pub fn told(text: &str) -> String {
    let mut sources = Sources::new();
    let file = sources.add("fw", text);
    match read(&mut sources, file) {
        Ok(reading) => {
            let gateway = dump::gateway(&reading.gateway);
            gateway + &dump::findings(&sources, &reading.findings)
        }
        Err(refusal) => format!("refused: {refusal}\n"),
    }
}

#[track_caller]
pub fn check(text: &str, expected: Expect) {
    expected.assert_eq(&told(text));
}

/// What comes of commands; and that the same in XML gives the same gateway and as many findings.
#[track_caller]
pub fn check_both(commands: &str, expected: Expect) {
    let (_, set) = reading_of(commands);
    let xml = to_xml(&set.tree, Secrets::Written);
    let (sources, again) = reading_of(&xml);
    let codes = |reading: &Reading| {
        let mut codes: Vec<&str> = reading.findings.iter().map(|f| f.code).collect();
        codes.sort_unstable();
        codes
    };
    assert_eq!(
        (dump::gateway(&set.gateway), codes(&set)),
        (dump::gateway(&again.gateway), codes(&again)),
        "{xml}\n{}",
        dump::findings(&sources, &again.findings)
    );
    check(commands, expected);
}

/// A gateway and a tunnel without fault, but for what a test adds or says again.
pub fn tunnel_and(more: &str) -> String {
    format!(
        "set network interface ethernet ethernet1/1 layer3 ip 198.51.100.20/24
set network interface tunnel units tunnel.1
set network ike crypto-profiles ike-crypto-profiles P encryption aes-256-cbc hash sha256 dh-group group14
set network ike crypto-profiles ipsec-crypto-profiles P esp encryption aes-256-cbc authentication sha256
set network ike crypto-profiles ipsec-crypto-profiles P dh-group group14
set network ike gateway G authentication pre-shared-key key lab-only-secret
set network ike gateway G protocol version ikev2
set network ike gateway G protocol ikev2 ike-crypto-profile P
set network ike gateway G local-address interface ethernet1/1
set network ike gateway G peer-address ip 203.0.113.10
set network tunnel ipsec T auto-key ike-gateway G
set network tunnel ipsec T auto-key ipsec-crypto-profile P
set network tunnel ipsec T tunnel-interface tunnel.1
{more}"
    )
}

/// The lines of what came of [`tunnel_and`] that name one of the words: the rest is the same
/// everywhere. Findings are always there.
#[track_caller]
pub fn check_lines(more: &str, words: &[&str], expected: Expect) {
    check_lines_of(&tunnel_and(more), words, expected);
}

/// The same of commands that stand for themselves.
#[track_caller]
pub fn check_lines_of(commands: &str, words: &[&str], expected: Expect) {
    let (_, set) = reading_of(commands);
    let xml = to_xml(&set.tree, Secrets::Written);
    let (_, again) = reading_of(&xml);
    assert_eq!(
        dump::gateway(&set.gateway),
        dump::gateway(&again.gateway),
        "{xml}"
    );
    let (sources, reading) = reading_of(commands);
    let gateway = dump::gateway(&reading.gateway);
    let lines = gateway
        .lines()
        .filter(|l| words.iter().any(|w| l.contains(w)));
    let lines: String = lines.map(|l| format!("{}\n", l.trim())).collect();
    expected.assert_eq(&(lines + &dump::findings(&sources, &reading.findings)));
}
