//! Crypto profiles that several use: changed once, or copied once.

use crossgate_diag::Sources;
use crossgate_model::{Change, Language};
use crossgate_panos::read;
use std::time::Duration;

const TEXT: &str = "\
set network interface ethernet ethernet1/1 layer3 ip 198.51.100.20/24
set network ike crypto-profiles ike-crypto-profiles both encryption aes-256-cbc
set network ike crypto-profiles ike-crypto-profiles both hash sha256
set network ike crypto-profiles ike-crypto-profiles both dh-group group14
set network ike crypto-profiles ike-crypto-profiles both lifetime hours 10
set network ike gateway a protocol version ikev2
set network ike gateway a protocol ikev2 ike-crypto-profile both
set network ike gateway a local-address interface ethernet1/1
set network ike gateway a peer-address ip 203.0.113.10
set network ike gateway a authentication pre-shared-key key lab-only-SharedProfile0123456789abcdef
set network ike gateway b protocol version ikev2
set network ike gateway b protocol ikev2 ike-crypto-profile both
set network ike gateway b local-address interface ethernet1/1
set network ike gateway b peer-address ip 203.0.113.11
set network ike gateway b authentication pre-shared-key key lab-only-SharedProfile0123456789abcdef
";

fn lifetime(connection: &str, hours: u64) -> Change {
    Change::IkeLifetime {
        connection: connection.into(),
        to: Duration::from_secs(hours * 3600),
    }
}

fn suite(connection: &str) -> Change {
    Change::IkeSuite {
        connection: connection.into(),
        encr: crossgate_crypto::Encr::AesCbc256,
        integ: Some(crossgate_crypto::Integ::HmacSha384_192),
        prf: crossgate_crypto::Prf::HmacSha384,
        group: crossgate_crypto::DhGroup::Ecp20,
    }
}

fn typed(changes: &[Change], wanted: &[Change]) -> Vec<String> {
    let mut sources = Sources::new();
    let file = sources.add("shared", TEXT);
    let reading = read(&mut sources, file).expect("a configuration");
    let amendment = reading.amend_all(sources.get(file), changes, wanted);
    amendment.expect("it can be said").commands
}

#[test]
fn what_all_users_want_is_changed_for_all() {
    let both = [lifetime("a", 8), lifetime("b", 8)];
    let once = ["set network ike crypto-profiles ike-crypto-profiles both lifetime hours 8"];
    assert_eq!(typed(&both[..1], &both), once);
    assert_eq!(typed(&both, &[]), once);
}

#[test]
fn what_one_user_wants_is_changed_in_a_copy() {
    for wanted in [&[][..], &[lifetime("b", 9)]] {
        let lines = typed(&[lifetime("a", 8)], wanted);
        let others = lines.iter().any(|line| line.contains("profiles both "));
        assert!(!others, "{lines:?}");
        let last = "set network ike gateway a protocol ikev2 ike-crypto-profile both-a";
        assert_eq!(lines.last().map(String::as_str), Some(last));
    }
}

#[test]
fn several_changes_go_into_one_copy() {
    let lines = typed(&[lifetime("a", 8), suite("a")], &[]);
    let profile = "set network ike crypto-profiles ike-crypto-profiles both-a";
    let mut expected = vec![
        format!("{profile} lifetime hours 8"),
        format!("{profile} encryption aes-256-cbc"),
        format!("{profile} hash sha384"),
        format!("{profile} dh-group group20"),
        "set network ike gateway a protocol ikev2 ike-crypto-profile both-a".to_owned(),
    ];
    let mut lines = lines;
    lines.sort();
    expected.sort();
    assert_eq!(lines, expected);
}
