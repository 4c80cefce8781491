//! Changes said in both forms: what they do to the text, what is to be typed for them, and that
//! the gateway then has the change and no other.

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

#[test]
fn ike_suite() {
    check_change(
        &Change::IkeSuite {
            connection: connection(),
            encr: Encr::AesGcm256,
            integ: None,
            prf: Prf::HmacSha384,
            group: DhGroup::Ecp20,
        },
        expect![[r#"
            > delete network ike crypto-profiles ike-crypto-profiles ike-branch encryption
            > set network ike crypto-profiles ike-crypto-profiles ike-branch encryption aes-256-gcm
            > delete network ike crypto-profiles ike-crypto-profiles ike-branch hash
            > set network ike crypto-profiles ike-crypto-profiles ike-branch hash non-auth
            > delete network ike crypto-profiles ike-crypto-profiles ike-branch dh-group
            > set network ike crypto-profiles ike-crypto-profiles ike-branch dh-group group20
            - set network ike crypto-profiles ike-crypto-profiles ike-branch encryption aes-256-cbc
            - set network ike crypto-profiles ike-crypto-profiles ike-branch hash sha256
            - set network ike crypto-profiles ike-crypto-profiles ike-branch dh-group group14
            + set network ike crypto-profiles ike-crypto-profiles ike-branch encryption aes-256-gcm
            + set network ike crypto-profiles ike-crypto-profiles ike-branch hash non-auth
            + set network ike crypto-profiles ike-crypto-profiles ike-branch dh-group group20
            -   ike  ike-branch AES-CBC-256 / HMAC-SHA256-128 / PRF-HMAC-SHA256 / MODP-2048
            +   ike  ike-branch AES-GCM-256 /  / PRF-HMAC-SHA384 / ECP-384
            -                   <member>aes-256-cbc</member>
            +                   <member>aes-256-gcm</member>
            -                   <member>sha256</member>
            +                   <member>non-auth</member>
            -                   <member>group14</member>
            +                   <member>group20</member>
        "#]],
    );
}

#[test]
fn ike_suite_with_hash() {
    check_change(
        &Change::IkeSuite {
            connection: connection(),
            encr: Encr::AesCbc128,
            integ: Some(Integ::HmacSha512_256),
            prf: Prf::HmacSha512,
            group: DhGroup::Modp14,
        },
        expect![[r#"
            > delete network ike crypto-profiles ike-crypto-profiles ike-branch encryption
            > set network ike crypto-profiles ike-crypto-profiles ike-branch encryption aes-128-cbc
            > delete network ike crypto-profiles ike-crypto-profiles ike-branch hash
            > set network ike crypto-profiles ike-crypto-profiles ike-branch hash sha512
            - set network ike crypto-profiles ike-crypto-profiles ike-branch encryption aes-256-cbc
            - set network ike crypto-profiles ike-crypto-profiles ike-branch hash sha256
            + set network ike crypto-profiles ike-crypto-profiles ike-branch encryption aes-128-cbc
            + set network ike crypto-profiles ike-crypto-profiles ike-branch hash sha512
            -   ike  ike-branch AES-CBC-256 / HMAC-SHA256-128 / PRF-HMAC-SHA256 / MODP-2048
            +   ike  ike-branch AES-CBC-128 / HMAC-SHA512-256 / PRF-HMAC-SHA512 / MODP-2048
            -                   <member>aes-256-cbc</member>
            +                   <member>aes-128-cbc</member>
            -                   <member>sha256</member>
            +                   <member>sha512</member>
        "#]],
    );
}

#[test]
fn a_prf_apart_from_the_hash_cannot_be_said() {
    check_change(
        &Change::IkeSuite {
            connection: connection(),
            encr: Encr::AesCbc128,
            integ: Some(Integ::HmacSha512_256),
            prf: Prf::HmacSha256,
            group: DhGroup::Ecp19,
        },
        expect![[r#"
            cannot: PAN-OS has one setting for the integrity algorithm and the PRF
        "#]],
    );
}

#[test]
fn esp_suite() {
    check_change(
        &Change::EspSuite {
            child: child(),
            encr: Encr::AesGcm128,
            integ: None,
        },
        expect![[r#"
            > delete network ike crypto-profiles ipsec-crypto-profiles esp-branch esp encryption
            > set network ike crypto-profiles ipsec-crypto-profiles esp-branch esp encryption aes-128-gcm
            > delete network ike crypto-profiles ipsec-crypto-profiles esp-branch esp authentication
            > set network ike crypto-profiles ipsec-crypto-profiles esp-branch esp authentication none
            - set network ike crypto-profiles ipsec-crypto-profiles esp-branch esp encryption aes-256-cbc
            - set network ike crypto-profiles ipsec-crypto-profiles esp-branch esp authentication sha256
            + set network ike crypto-profiles ipsec-crypto-profiles esp-branch esp encryption aes-128-gcm
            + set network ike crypto-profiles ipsec-crypto-profiles esp-branch esp authentication none
            -   child tun-branch:lan-to-lan on tun-branch: 10.20.20.0/24 <-> 10.10.10.0/24 through tunnel.1 esp  esp-branch AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
            +   child tun-branch:lan-to-lan on tun-branch: 10.20.20.0/24 <-> 10.10.10.0/24 through tunnel.1 esp  esp-branch AES-GCM-128 /  pfs MODP-2048 for 3600s window 1024
            -                     <member>aes-256-cbc</member>
            +                     <member>aes-128-gcm</member>
            -                     <member>sha256</member>
            +                     <member>none</member>
        "#]],
    );
}

#[test]
fn another_pfs_group() {
    check_change(
        &Change::Pfs {
            child: child(),
            group: Some(DhGroup::Ecp19),
        },
        expect![[r#"
            > set network ike crypto-profiles ipsec-crypto-profiles esp-branch dh-group group19
            - set network ike crypto-profiles ipsec-crypto-profiles esp-branch dh-group group14
            + set network ike crypto-profiles ipsec-crypto-profiles esp-branch dh-group group19
            -   child tun-branch:lan-to-lan on tun-branch: 10.20.20.0/24 <-> 10.10.10.0/24 through tunnel.1 esp  esp-branch AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
            +   child tun-branch:lan-to-lan on tun-branch: 10.20.20.0/24 <-> 10.10.10.0/24 through tunnel.1 esp  esp-branch AES-CBC-256 / HMAC-SHA256-128 pfs ECP-256 for 3600s window 1024
            -                 <dh-group>group14</dh-group>
            +                 <dh-group>group19</dh-group>
        "#]],
    );
}

#[test]
fn no_pfs() {
    check_change(
        &Change::Pfs {
            child: child(),
            group: None,
        },
        expect![[r#"
            > set network ike crypto-profiles ipsec-crypto-profiles esp-branch dh-group no-pfs
            - set network ike crypto-profiles ipsec-crypto-profiles esp-branch dh-group group14
            + set network ike crypto-profiles ipsec-crypto-profiles esp-branch dh-group no-pfs
            -   child tun-branch:lan-to-lan on tun-branch: 10.20.20.0/24 <-> 10.10.10.0/24 through tunnel.1 esp  esp-branch AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
            +   child tun-branch:lan-to-lan on tun-branch: 10.20.20.0/24 <-> 10.10.10.0/24 through tunnel.1 esp  esp-branch AES-CBC-256 / HMAC-SHA256-128 pfs none for 3600s window 1024
            -                 <dh-group>group14</dh-group>
            +                 <dh-group>no-pfs</dh-group>
        "#]],
    );
}

#[test]
fn other_selectors() {
    check_change(
        &Change::Selectors {
            child: child(),
            to: pair("10.20.20.0/24", "10.10.8.0/22"),
        },
        expect![[r#"
            > set network tunnel ipsec tun-branch auto-key proxy-id lan-to-lan remote 10.10.8.0/22
            - set network tunnel ipsec tun-branch auto-key proxy-id lan-to-lan remote 10.10.10.0/24
            + set network tunnel ipsec tun-branch auto-key proxy-id lan-to-lan remote 10.10.8.0/22
            -   child tun-branch:lan-to-lan on tun-branch: 10.20.20.0/24 <-> 10.10.10.0/24 through tunnel.1 esp  esp-branch AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
            +   child tun-branch:lan-to-lan on tun-branch: 10.20.20.0/24 <-> 10.10.8.0/22 through tunnel.1 esp  esp-branch AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
            -                     <remote>10.10.10.0/24</remote>
            +                     <remote>10.10.8.0/22</remote>
        "#]],
    );
}

#[test]
fn selectors_of_one_port() {
    check_change(
        &Change::Selectors {
            child: child(),
            to: SelectorPair {
                local: Selector::net("10.20.20.0/24".parse().expect("a network"))
                    .only(6, 443..=443),
                remote: Selector::net("10.10.10.0/24".parse().expect("a network"))
                    .only(6, 0..=u16::MAX),
            },
        },
        expect![[r#"
            > delete network tunnel ipsec tun-branch auto-key proxy-id lan-to-lan protocol
            > set network tunnel ipsec tun-branch auto-key proxy-id lan-to-lan protocol tcp local-port 443
            > set network tunnel ipsec tun-branch auto-key proxy-id lan-to-lan protocol tcp remote-port 0
            - set network tunnel ipsec tun-branch auto-key proxy-id lan-to-lan protocol any
            + set network tunnel ipsec tun-branch auto-key proxy-id lan-to-lan protocol tcp local-port 443
            + set network tunnel ipsec tun-branch auto-key proxy-id lan-to-lan protocol tcp remote-port 0
            -   child tun-branch:lan-to-lan on tun-branch: 10.20.20.0/24 <-> 10.10.10.0/24 through tunnel.1 esp  esp-branch AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
            +   child tun-branch:lan-to-lan on tun-branch: 10.20.20.0/24 protocol 6 port 443 <-> 10.10.10.0/24 protocol 6 through tunnel.1 esp  esp-branch AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
            -                     <protocol>
            -                       <any/>
            -                     </protocol>
            +                     <protocol>
            +                       <tcp>
            +                         <local-port>443</local-port>
            +                         <remote-port>0</remote-port>
            +                       </tcp>
            +                     </protocol>
        "#]],
    );
}

#[test]
fn everything_selected_is_no_proxy_id() {
    check_change(
        &Change::Selectors {
            child: child(),
            to: SelectorPair::ANY_V4,
        },
        expect![[r#"
            > delete network tunnel ipsec tun-branch auto-key proxy-id
            - set network tunnel ipsec tun-branch auto-key proxy-id lan-to-lan protocol any
            - set network tunnel ipsec tun-branch auto-key proxy-id lan-to-lan local 10.20.20.0/24
            - set network tunnel ipsec tun-branch auto-key proxy-id lan-to-lan remote 10.10.10.0/24
            -   child tun-branch:lan-to-lan on tun-branch: 10.20.20.0/24 <-> 10.10.10.0/24 through tunnel.1 esp  esp-branch AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
            +   child tun-branch on tun-branch: 0.0.0.0/0 <-> 0.0.0.0/0 through tunnel.1 esp  esp-branch AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
            -                 <proxy-id>
            -                   <entry name="lan-to-lan">
            -                     <protocol>
            -                       <any/>
            -                     </protocol>
            -                     <local>10.20.20.0/24</local>
            -                     <remote>10.10.10.0/24</remote>
            -                   </entry>
            -                 </proxy-id>
        "#]],
    );
}

#[test]
fn selectors_of_the_other_family() {
    check_change(
        &Change::Selectors {
            child: child(),
            to: pair("2001:db8:1::/64", "2001:db8:2::/64"),
        },
        expect![[r#"
            > delete network tunnel ipsec tun-branch auto-key proxy-id
            > set network tunnel ipsec tun-branch auto-key proxy-id-v6 lan-to-lan protocol any
            > set network tunnel ipsec tun-branch auto-key proxy-id-v6 lan-to-lan local 2001:db8:1::/64
            > set network tunnel ipsec tun-branch auto-key proxy-id-v6 lan-to-lan remote 2001:db8:2::/64
            - set network tunnel ipsec tun-branch auto-key proxy-id lan-to-lan protocol any
            - set network tunnel ipsec tun-branch auto-key proxy-id lan-to-lan local 10.20.20.0/24
            - set network tunnel ipsec tun-branch auto-key proxy-id lan-to-lan remote 10.10.10.0/24
            + set network tunnel ipsec tun-branch auto-key proxy-id-v6 lan-to-lan protocol any
            + set network tunnel ipsec tun-branch auto-key proxy-id-v6 lan-to-lan local 2001:db8:1::/64
            + set network tunnel ipsec tun-branch auto-key proxy-id-v6 lan-to-lan remote 2001:db8:2::/64
            -   child tun-branch:lan-to-lan on tun-branch: 10.20.20.0/24 <-> 10.10.10.0/24 through tunnel.1 esp  esp-branch AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
            +   child tun-branch:lan-to-lan on tun-branch: 2001:db8:1::/64 <-> 2001:db8:2::/64 through tunnel.1 esp  esp-branch AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
            -                 <proxy-id>
            +                 <proxy-id-v6>
            -                     <local>10.20.20.0/24</local>
            -                     <remote>10.10.10.0/24</remote>
            +                     <local>2001:db8:1::/64</local>
            +                     <remote>2001:db8:2::/64</remote>
            -                 </proxy-id>
            +                 </proxy-id-v6>
        "#]],
    );
}

#[test]
fn more_selectors() {
    check_change(
        &Change::AddSelectors {
            beside: child(),
            pair: pair("10.20.20.0/24", "10.30.0.0/16"),
        },
        expect![[r#"
            > set network tunnel ipsec tun-branch auto-key proxy-id 10.20.20.0-24-10.30.0.0-16 protocol any
            > set network tunnel ipsec tun-branch auto-key proxy-id 10.20.20.0-24-10.30.0.0-16 local 10.20.20.0/24
            > set network tunnel ipsec tun-branch auto-key proxy-id 10.20.20.0-24-10.30.0.0-16 remote 10.30.0.0/16
            + set network tunnel ipsec tun-branch auto-key proxy-id 10.20.20.0-24-10.30.0.0-16 protocol any
            + set network tunnel ipsec tun-branch auto-key proxy-id 10.20.20.0-24-10.30.0.0-16 local 10.20.20.0/24
            + set network tunnel ipsec tun-branch auto-key proxy-id 10.20.20.0-24-10.30.0.0-16 remote 10.30.0.0/16
            +   child tun-branch:10.20.20.0-24-10.30.0.0-16 on tun-branch: 10.20.20.0/24 <-> 10.30.0.0/16 through tunnel.1 esp  esp-branch AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
            +                   <entry name="10.20.20.0-24-10.30.0.0-16">
            +                     <protocol>
            +                       <any/>
            +                     </protocol>
            +                     <local>10.20.20.0/24</local>
            +                     <remote>10.30.0.0/16</remote>
            +                   </entry>
        "#]],
    );
}

#[test]
fn the_last_selectors_cannot_be_removed() {
    check_change(
        &Change::RemoveSelectors { child: child() },
        expect![[r#"
        cannot: without its last proxy ID the tunnel would select everything
    "#]],
    );
}

#[test]
fn an_ike_lifetime_of_a_day_in_the_unit_that_the_profile_has() {
    check_change(
        &Change::IkeLifetime {
            connection: connection(),
            to: seconds(86_400),
        },
        expect![[r#"
            > set network ike crypto-profiles ike-crypto-profiles ike-branch lifetime hours 24
            - set network ike crypto-profiles ike-crypto-profiles ike-branch lifetime hours 8
            + set network ike crypto-profiles ike-crypto-profiles ike-branch lifetime hours 24
            -   auth key of 41 octets, lifetime 28800s
            +   auth key of 41 octets, lifetime 86400s
            -                   <hours>8</hours>
            +                   <hours>24</hours>
        "#]],
    );
}

#[test]
fn a_child_lifetime_of_odd_seconds() {
    check_change(
        &Change::ChildLifetime {
            child: child(),
            to: seconds(4_000),
        },
        expect![[r#"
            > set network ike crypto-profiles ipsec-crypto-profiles esp-branch lifetime seconds 4000
            - set network ike crypto-profiles ipsec-crypto-profiles esp-branch lifetime hours 1
            + set network ike crypto-profiles ipsec-crypto-profiles esp-branch lifetime seconds 4000
            -   child tun-branch:lan-to-lan on tun-branch: 10.20.20.0/24 <-> 10.10.10.0/24 through tunnel.1 esp  esp-branch AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
            +   child tun-branch:lan-to-lan on tun-branch: 10.20.20.0/24 <-> 10.10.10.0/24 through tunnel.1 esp  esp-branch AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 4000s window 1024
            -                   <hours>1</hours>
            +                   <seconds>4000</seconds>
        "#]],
    );
}

#[test]
fn a_lifetime_that_fits_no_unit() {
    check_change(
        &Change::ChildLifetime {
            child: child(),
            to: seconds(100_001),
        },
        expect![[r#"
            cannot: a lifetime of 100001 s fits no unit: PAN-OS has 180 to 65535 seconds, or whole minutes, hours or days
        "#]],
    );
}

#[test]
fn kilobytes() {
    check_change(
        &Change::ChildKilobytes {
            child: child(),
            to: Some(4_608_000),
        },
        expect![[r#"
            > set network ike crypto-profiles ipsec-crypto-profiles esp-branch lifesize mb 4500
            + set network ike crypto-profiles ipsec-crypto-profiles esp-branch lifesize mb 4500
            -   child tun-branch:lan-to-lan on tun-branch: 10.20.20.0/24 <-> 10.10.10.0/24 through tunnel.1 esp  esp-branch AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
            +   child tun-branch:lan-to-lan on tun-branch: 10.20.20.0/24 <-> 10.10.10.0/24 through tunnel.1 esp  esp-branch AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s kilobytes 4608000 window 1024
            +                 <lifesize>
            +                   <mb>4500</mb>
            +                 </lifesize>
        "#]],
    );
}

#[test]
fn a_key_is_named_and_not_spelled() {
    check_change(
        &Change::PresharedKey {
            connection: connection(),
            key: Secret::from(KEY.to_owned()),
            name: "the key of branch".into(),
        },
        expect![[r#"
            > set network ike gateway gw-branch authentication pre-shared-key key <the key of branch>
            - set network ike gateway gw-branch authentication pre-shared-key key lab-only-7Qm2vX9tRb4LwZ8sKd3HnP6yJf5Gc1Ae
            + set network ike gateway gw-branch authentication pre-shared-key key "lab-only-An<other&\"Key 42"
            -   auth key of 41 octets, lifetime 28800s
            +   auth key of 25 octets, lifetime 28800s
            -                   <key>lab-only-7Qm2vX9tRb4LwZ8sKd3HnP6yJf5Gc1Ae</key>
            +                   <key>lab-only-An&lt;other&amp;&quot;Key 42</key>
        "#]],
    );
}

#[test]
fn a_local_identity() {
    check_change(
        &Change::LocalIdentity {
            connection: connection(),
            to: Identity::Fqdn("hq.example.net".into()),
        },
        expect![[r#"
            > set network ike gateway gw-branch local-id type fqdn
            > set network ike gateway gw-branch local-id id hq.example.net
            + set network ike gateway gw-branch local-id type fqdn
            + set network ike gateway gw-branch local-id id hq.example.net
            -   local  ethernet1/1  198.51.100.20 as address 198.51.100.20
            +   local  ethernet1/1  198.51.100.20 as fqdn hq.example.net
            +               <local-id>
            +                 <type>fqdn</type>
            +                 <id>hq.example.net</id>
            +               </local-id>
        "#]],
    );
}

#[test]
fn a_remote_identity() {
    check_change(
        &Change::RemoteIdentity {
            connection: connection(),
            to: IdentityMatch::Exactly(Identity::KeyId(vec![0x0a, 0xff])),
        },
        expect![[r#"
            > set network ike gateway gw-branch peer-id type keyid
            > set network ike gateway gw-branch peer-id id 0aff
            + set network ike gateway gw-branch peer-id type keyid
            + set network ike gateway gw-branch peer-id id 0aff
            -   remote 203.0.113.10 as [address 203.0.113.10]
            +   remote 203.0.113.10 as [key-id \n\xff]
            +               <peer-id>
            +                 <type>keyid</type>
            +                 <id>0aff</id>
            +               </peer-id>
        "#]],
    );
}

#[test]
fn a_remote_identity_of_a_domain() {
    check_change(
        &Change::RemoteIdentity {
            connection: connection(),
            to: IdentityMatch::FqdnDomain("example.net".into()),
        },
        expect![[r#"
            > set network ike gateway gw-branch peer-id type fqdn
            > set network ike gateway gw-branch peer-id id *.example.net
            > set network ike gateway gw-branch peer-id matching wildcard
            + set network ike gateway gw-branch peer-id type fqdn
            + set network ike gateway gw-branch peer-id id *.example.net
            + set network ike gateway gw-branch peer-id matching wildcard
            -   remote 203.0.113.10 as [address 203.0.113.10]
            +   remote 203.0.113.10 as [fqdn in domain example.net]
            +               <peer-id>
            +                 <type>fqdn</type>
            +                 <id>*.example.net</id>
            +                 <matching>wildcard</matching>
            +               </peer-id>
        "#]],
    );
}

#[test]
fn any_identity_of_a_known_peer_cannot_be_said() {
    check_change(
        &Change::RemoteIdentity {
            connection: connection(),
            to: IdentityMatch::Any,
        },
        expect![[r#"
            cannot: PAN-OS takes a peer at a known address by that identity or another
        "#]],
    );
}

#[test]
fn a_peer_address() {
    check_change(
        &Change::PeerAddress {
            connection: connection(),
            to: "203.0.113.99".parse().expect("an address"),
        },
        expect![[r#"
            > set network ike gateway gw-branch peer-address ip 203.0.113.99
            - set network ike gateway gw-branch peer-address ip 203.0.113.10
            + set network ike gateway gw-branch peer-address ip 203.0.113.99
            -   remote 203.0.113.10 as [address 203.0.113.10]
            +   remote 203.0.113.99 as [address 203.0.113.99]
            -                 <ip>203.0.113.10</ip>
            +                 <ip>203.0.113.99</ip>
        "#]],
    );
}

#[test]
fn liveness() {
    check_change(
        &Change::Liveness {
            connection: connection(),
            interval: seconds(30),
        },
        expect![[r#"
            > set network ike gateway gw-branch protocol ikev2 dpd interval 30
            - set network ike gateway gw-branch protocol ikev2 dpd interval 10
            + set network ike gateway gw-branch protocol ikev2 dpd interval 30
            -   nat true keepalive 20s, fragments None, liveness Some(10s)
            +   nat true keepalive 20s, fragments None, liveness Some(30s)
            -                     <interval>10</interval>
            +                     <interval>30</interval>
        "#]],
    );
}

#[test]
fn liveness_every_ten_minutes_cannot_be_said() {
    check_change(
        &Change::Liveness {
            connection: connection(),
            interval: seconds(600),
        },
        expect![[r#"
            cannot: PAN-OS probes every 2 to 100 seconds, and not every 600
        "#]],
    );
}

#[test]
fn a_replay_window() {
    check_change(
        &Change::ReplayWindow {
            child: child(),
            packets: 64,
        },
        expect![[r#"
            > set network tunnel ipsec tun-branch anti-replay-window 64
            + set network tunnel ipsec tun-branch anti-replay-window 64
            -   child tun-branch:lan-to-lan on tun-branch: 10.20.20.0/24 <-> 10.10.10.0/24 through tunnel.1 esp  esp-branch AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
            +   child tun-branch:lan-to-lan on tun-branch: 10.20.20.0/24 <-> 10.10.10.0/24 through tunnel.1 esp  esp-branch AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 64
            +               <anti-replay-window>64</anti-replay-window>
        "#]],
    );
}

#[test]
fn no_replay_window() {
    check_change(
        &Change::ReplayWindow {
            child: child(),
            packets: 0,
        },
        expect![[r#"
            > set network tunnel ipsec tun-branch anti-replay no
            + set network tunnel ipsec tun-branch anti-replay no
            -   child tun-branch:lan-to-lan on tun-branch: 10.20.20.0/24 <-> 10.10.10.0/24 through tunnel.1 esp  esp-branch AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
            +   child tun-branch:lan-to-lan on tun-branch: 10.20.20.0/24 <-> 10.10.10.0/24 through tunnel.1 esp  esp-branch AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 0
            +               <anti-replay>no</anti-replay>
        "#]],
    );
}

#[test]
fn a_route() {
    check_change(
        &Change::AddRoute {
            destination: "10.30.0.0/16".parse().expect("a network"),
            interface: "tunnel.1".into(),
        },
        expect![[r#"
            > set network virtual-router default routing-table ip static-route to-10.30.0.0-16 destination 10.30.0.0/16
            > set network virtual-router default routing-table ip static-route to-10.30.0.0-16 interface tunnel.1
            + set network virtual-router default routing-table ip static-route to-10.30.0.0-16 destination 10.30.0.0/16
            + set network virtual-router default routing-table ip static-route to-10.30.0.0-16 interface tunnel.1
            + route  to-10.30.0.0-16 10.30.0.0/16 via tunnel.1 distance 10 metric 10 router default
            +                   <entry name="to-10.30.0.0-16">
            +                     <destination>10.30.0.0/16</destination>
            +                     <interface>tunnel.1</interface>
            +                   </entry>
        "#]],
    );
}

#[test]
fn a_route_less() {
    check_change(
        &Change::RemoveRoute {
            destination: "10.10.10.0/24".parse().expect("a network"),
        },
        expect![[r#"
            > delete network virtual-router default routing-table ip static-route branch-lan
            - set network virtual-router default routing-table ip static-route branch-lan destination 10.10.10.0/24
            - set network virtual-router default routing-table ip static-route branch-lan interface tunnel.1
            - route  branch-lan 10.10.10.0/24 via tunnel.1 distance 10 metric 10 router default
            -                   <entry name="branch-lan">
            -                     <destination>10.10.10.0/24</destination>
            -                     <interface>tunnel.1</interface>
            -                   </entry>
        "#]],
    );
}

#[test]
fn another_zone() {
    check_change(
        &Change::SetZone {
            interface: "tunnel.1".into(),
            zone: "trust".into(),
        },
        expect![[r#"
            > delete vsys vsys1 zone vpn network layer3 tunnel.1
            > set vsys vsys1 zone trust network layer3 tunnel.1
            - set vsys vsys1 zone trust network layer3 ethernet1/2
            - set vsys vsys1 zone vpn network layer3 tunnel.1
            + set vsys vsys1 zone trust network layer3 [ ethernet1/2 tunnel.1 ]
            + set vsys vsys1 zone vpn network layer3
            - interface tunnel.1 Tunnel [] zone vpn router default -- to the branch
            + interface tunnel.1 Tunnel [] zone trust router default -- to the branch
            - zone trust [ethernet1/2]
            - zone vpn [tunnel.1]
            + zone trust [ethernet1/2,tunnel.1]
            + zone vpn []
            +                   <member>tunnel.1</member>
            -                   <member>tunnel.1</member>
        "#]],
    );
}

#[test]
fn a_new_zone() {
    check_change(
        &Change::SetZone {
            interface: "tunnel.1".into(),
            zone: "sites".into(),
        },
        expect![[r#"
            > delete vsys vsys1 zone vpn network layer3 tunnel.1
            > set vsys vsys1 zone sites network layer3 tunnel.1
            - set vsys vsys1 zone vpn network layer3 tunnel.1
            + set vsys vsys1 zone vpn network layer3
            + set vsys vsys1 zone sites network layer3 tunnel.1
            - interface tunnel.1 Tunnel [] zone vpn router default -- to the branch
            + interface tunnel.1 Tunnel [] zone sites router default -- to the branch
            - zone vpn [tunnel.1]
            + zone vpn []
            + zone sites [tunnel.1]
            +                 </layer3>
            +               </network>
            +             </entry>
            +             <entry name="sites">
            +               <network>
            +                 <layer3>
        "#]],
    );
}

#[test]
fn another_virtual_router() {
    check_change(
        &Change::SetVirtualRouter {
            interface: "tunnel.1".into(),
            router: "inside".into(),
        },
        expect![[r#"
            > delete network virtual-router default interface tunnel.1
            > set network virtual-router inside interface tunnel.1
            - set network virtual-router default interface [ ethernet1/1 ethernet1/2 tunnel.1 ]
            + set network virtual-router default interface [ ethernet1/1 ethernet1/2 ]
            + set network virtual-router inside interface tunnel.1
            - interface tunnel.1 Tunnel [] zone vpn router default -- to the branch
            + interface tunnel.1 Tunnel [] zone vpn router inside -- to the branch
            -               <member>tunnel.1</member>
            +           <entry name="inside">
            +             <interface>
            +               <member>tunnel.1</member>
            +             </interface>
            +           </entry>
        "#]],
    );
}

#[test]
fn a_rule_above_another() {
    check_change(
        &Change::Allow {
            name: "branch-2".into(),
            from: "vpn".into(),
            to: "trust".into(),
            source: "10.30.0.0/16".parse().expect("a network"),
            destination: "0.0.0.0/0".parse().expect("a network"),
            above: Some("hq-to-branch".into()),
        },
        expect![[r#"
            > set vsys vsys1 rulebase security rules branch-2 from vpn
            > set vsys vsys1 rulebase security rules branch-2 to trust
            > set vsys vsys1 rulebase security rules branch-2 source 10.30.0.0/16
            > set vsys vsys1 rulebase security rules branch-2 destination any
            > set vsys vsys1 rulebase security rules branch-2 application any
            > set vsys vsys1 rulebase security rules branch-2 service any
            > set vsys vsys1 rulebase security rules branch-2 action allow
            > move vsys vsys1 rulebase security rules branch-2 before hq-to-branch
            + set vsys vsys1 rulebase security rules branch-2 from vpn
            + set vsys vsys1 rulebase security rules branch-2 to trust
            + set vsys vsys1 rulebase security rules branch-2 source 10.30.0.0/16
            + set vsys vsys1 rulebase security rules branch-2 destination any
            + set vsys vsys1 rulebase security rules branch-2 application any
            + set vsys vsys1 rulebase security rules branch-2 service any
            + set vsys vsys1 rulebase security rules branch-2 action allow
            + security branch-2: [vpn] [10.30.0.0/16] -> [trust] [any] application [any] service [any] Allow
            +                 <entry name="branch-2">
            +                   <from>
            +                     <member>vpn</member>
            +                   </from>
            +                   <to>
            +                     <member>trust</member>
            +                   </to>
            +                   <source>
            +                     <member>10.30.0.0/16</member>
            +                   </source>
            +                   <destination>
            +                     <member>any</member>
            +                   </destination>
            +                   <application>
            +                     <member>any</member>
            +                   </application>
            +                   <service>
            +                     <member>any</member>
            +                   </service>
            +                   <action>allow</action>
            +                 </entry>
        "#]],
    );
}

#[test]
fn a_rule_at_the_end_with_a_name_that_is_taken() {
    check_change(
        &Change::Allow {
            name: "hq-to-branch".into(),
            from: "vpn".into(),
            to: "trust".into(),
            source: "10.30.0.0/16".parse().expect("a network"),
            destination: "10.20.20.0/24".parse().expect("a network"),
            above: None,
        },
        expect![[r#"
            > set vsys vsys1 rulebase security rules hq-to-branch-2 from vpn
            > set vsys vsys1 rulebase security rules hq-to-branch-2 to trust
            > set vsys vsys1 rulebase security rules hq-to-branch-2 source 10.30.0.0/16
            > set vsys vsys1 rulebase security rules hq-to-branch-2 destination 10.20.20.0/24
            > set vsys vsys1 rulebase security rules hq-to-branch-2 application any
            > set vsys vsys1 rulebase security rules hq-to-branch-2 service any
            > set vsys vsys1 rulebase security rules hq-to-branch-2 action allow
            + set vsys vsys1 rulebase security rules hq-to-branch-2 from vpn
            + set vsys vsys1 rulebase security rules hq-to-branch-2 to trust
            + set vsys vsys1 rulebase security rules hq-to-branch-2 source 10.30.0.0/16
            + set vsys vsys1 rulebase security rules hq-to-branch-2 destination 10.20.20.0/24
            + set vsys vsys1 rulebase security rules hq-to-branch-2 application any
            + set vsys vsys1 rulebase security rules hq-to-branch-2 service any
            + set vsys vsys1 rulebase security rules hq-to-branch-2 action allow
            + security hq-to-branch-2: [vpn] [10.30.0.0/16] -> [trust] [10.20.20.0/24] application [any] service [any] Allow
            +                 <entry name="hq-to-branch-2">
            +                   <from>
            +                     <member>vpn</member>
            +                   </from>
            +                   <to>
            +                     <member>trust</member>
            +                   </to>
            +                   <source>
            +                     <member>10.30.0.0/16</member>
            +                   </source>
            +                   <destination>
            +                     <member>10.20.20.0/24</member>
            +                   </destination>
            +                   <application>
            +                     <member>any</member>
            +                   </application>
            +                   <service>
            +                     <member>any</member>
            +                   </service>
            +                   <action>allow</action>
            +                 </entry>
        "#]],
    );
}

#[test]
fn a_no_nat_rule() {
    check_change(
        &Change::KeepAddresses {
            name: "keep".into(),
            from: "trust".into(),
            to: "vpn".into(),
            source: "10.20.20.0/24".parse().expect("a network"),
            destination: "10.30.0.0/16".parse().expect("a network"),
            above: Some("keep-vpn-addresses".into()),
        },
        expect![[r#"
            > set vsys vsys1 rulebase nat rules keep from trust
            > set vsys vsys1 rulebase nat rules keep to vpn
            > set vsys vsys1 rulebase nat rules keep source 10.20.20.0/24
            > set vsys vsys1 rulebase nat rules keep destination 10.30.0.0/16
            > set vsys vsys1 rulebase nat rules keep service any
            > move vsys vsys1 rulebase nat rules keep before keep-vpn-addresses
            + set vsys vsys1 rulebase nat rules keep from trust
            + set vsys vsys1 rulebase nat rules keep to vpn
            + set vsys vsys1 rulebase nat rules keep source 10.20.20.0/24
            + set vsys vsys1 rulebase nat rules keep destination 10.30.0.0/16
            + set vsys vsys1 rulebase nat rules keep service any
            + nat keep: [trust] [10.20.20.0/24] -> [vpn] [10.30.0.0/16] service any unchanged
            +                 <entry name="keep">
            +                   <from>
            +                     <member>trust</member>
            +                   </from>
            +                   <to>
            +                     <member>vpn</member>
            +                   </to>
            +                   <source>
            +                     <member>10.20.20.0/24</member>
            +                   </source>
            +                   <destination>
            +                     <member>10.30.0.0/16</member>
            +                   </destination>
            +                   <service>any</service>
            +                 </entry>
        "#]],
    );
}

#[test]
fn a_maximum_segment_size() {
    check_change(
        &Change::TcpMss {
            interface: "tunnel.1".into(),
            octets: 1360,
        },
        expect![[r#"
            > set network interface tunnel units tunnel.1 adjust-tcp-mss enable yes
            > set network interface tunnel units tunnel.1 adjust-tcp-mss ipv4-mss-adjustment 140
            + set network interface tunnel units tunnel.1 adjust-tcp-mss enable yes
            + set network interface tunnel units tunnel.1 adjust-tcp-mss ipv4-mss-adjustment 140
            - interface tunnel.1 Tunnel [] zone vpn router default -- to the branch
            + interface tunnel.1 Tunnel [] mss 1360 zone vpn router default -- to the branch
            +                 <adjust-tcp-mss>
            +                   <enable>yes</enable>
            +                   <ipv4-mss-adjustment>140</ipv4-mss-adjustment>
            +                 </adjust-tcp-mss>
        "#]],
    );
}

#[test]
fn an_mtu() {
    check_change(
        &Change::Mtu {
            interface: "ethernet1/1".into(),
            octets: 1400,
        },
        expect![[r#"
            > set network interface ethernet ethernet1/1 layer3 mtu 1400
            + set network interface ethernet ethernet1/1 layer3 mtu 1400
            - interface ethernet1/1 Physical [198.51.100.20/24] zone untrust router default -- to the Internet
            + interface ethernet1/1 Physical [198.51.100.20/24] mtu 1400 zone untrust router default -- to the Internet
            +                 <mtu>1400</mtu>
        "#]],
    );
}

#[test]
fn what_pan_os_does_not_have() {
    check_change(
        &Change::EnableIke,
        expect![[r#"
        cannot: PAN-OS has no command that turns IKE off altogether
    "#]],
    );
}

#[test]
fn another_of_several_proxy_ids() {
    check_set(
        SEVERAL,
        &Change::Selectors {
            child: "tun-plant:machines".into(),
            to: pair("10.60.0.0/22", "10.50.3.0/24"),
        },
        expect![[r#"
            > set network tunnel ipsec tun-plant auto-key proxy-id machines remote 10.50.3.0/24
            - set network tunnel ipsec tun-plant auto-key proxy-id machines remote 10.50.2.0/24
            + set network tunnel ipsec tun-plant auto-key proxy-id machines remote 10.50.3.0/24
            -   child tun-plant:machines on tun-plant: 10.60.0.0/22 <-> 10.50.2.0/24 through tunnel.7 esp  esp-plant AES-CBC-256 / HMAC-SHA256-128 pfs ECP-256 for 3600s window 1024
            +   child tun-plant:machines on tun-plant: 10.60.0.0/22 <-> 10.50.3.0/24 through tunnel.7 esp  esp-plant AES-CBC-256 / HMAC-SHA256-128 pfs ECP-256 for 3600s window 1024
        "#]],
    );
}

#[test]
fn one_of_several_proxy_ids_less() {
    check_set(
        SEVERAL,
        &Change::RemoveSelectors {
            child: "tun-plant:machines".into(),
        },
        expect![[r#"
            > delete network tunnel ipsec tun-plant auto-key proxy-id machines
            - set network tunnel ipsec tun-plant auto-key proxy-id machines protocol any
            - set network tunnel ipsec tun-plant auto-key proxy-id machines local 10.60.0.0/22
            - set network tunnel ipsec tun-plant auto-key proxy-id machines remote 10.50.2.0/24
            -   child tun-plant:machines on tun-plant: 10.60.0.0/22 <-> 10.50.2.0/24 through tunnel.7 esp  esp-plant AES-CBC-256 / HMAC-SHA256-128 pfs ECP-256 for 3600s window 1024
        "#]],
    );
}

#[test]
fn everything_selected_beside_others() {
    check_set(
        SEVERAL,
        &Change::Selectors {
            child: "tun-plant:machines".into(),
            to: SelectorPair::ANY_V4,
        },
        expect![[r#"
            > set network tunnel ipsec tun-plant auto-key proxy-id machines local 0.0.0.0/0
            > set network tunnel ipsec tun-plant auto-key proxy-id machines remote 0.0.0.0/0
            - set network tunnel ipsec tun-plant auto-key proxy-id machines local 10.60.0.0/22
            - set network tunnel ipsec tun-plant auto-key proxy-id machines remote 10.50.2.0/24
            + set network tunnel ipsec tun-plant auto-key proxy-id machines local 0.0.0.0/0
            + set network tunnel ipsec tun-plant auto-key proxy-id machines remote 0.0.0.0/0
            -   child tun-plant:machines on tun-plant: 10.60.0.0/22 <-> 10.50.2.0/24 through tunnel.7 esp  esp-plant AES-CBC-256 / HMAC-SHA256-128 pfs ECP-256 for 3600s window 1024
            +   child tun-plant:machines on tun-plant: 0.0.0.0/0 <-> 0.0.0.0/0 through tunnel.7 esp  esp-plant AES-CBC-256 / HMAC-SHA256-128 pfs ECP-256 for 3600s window 1024
        "#]],
    );
}

#[test]
fn the_first_selectors() {
    check_set(
        ANY,
        &Change::Selectors {
            child: "tun-store".into(),
            to: pair("192.168.80.0/24", "192.168.70.0/24"),
        },
        expect![[r#"
            > set network tunnel ipsec tun-store auto-key proxy-id 192.168.80.0-24-192.168.70.0-24 protocol any
            > set network tunnel ipsec tun-store auto-key proxy-id 192.168.80.0-24-192.168.70.0-24 local 192.168.80.0/24
            > set network tunnel ipsec tun-store auto-key proxy-id 192.168.80.0-24-192.168.70.0-24 remote 192.168.70.0/24
            + set network tunnel ipsec tun-store auto-key proxy-id 192.168.80.0-24-192.168.70.0-24 protocol any
            + set network tunnel ipsec tun-store auto-key proxy-id 192.168.80.0-24-192.168.70.0-24 local 192.168.80.0/24
            + set network tunnel ipsec tun-store auto-key proxy-id 192.168.80.0-24-192.168.70.0-24 remote 192.168.70.0/24
            -   child tun-store on tun-store: 0.0.0.0/0 <-> 0.0.0.0/0 through tunnel.70 esp  esp-store AES-CBC-128 / HMAC-SHA1-96 pfs none for 3600s window 1024
            +   child tun-store:192.168.80.0-24-192.168.70.0-24 on tun-store: 192.168.80.0/24 <-> 192.168.70.0/24 through tunnel.70 esp  esp-store AES-CBC-128 / HMAC-SHA1-96 pfs none for 3600s window 1024
        "#]],
    );
}

#[test]
fn the_first_proxy_id_ends_the_selection_of_everything() {
    check_set(
        ANY,
        &Change::AddSelectors {
            beside: "tun-store".into(),
            pair: pair("192.168.80.0/24", "192.168.70.0/24"),
        },
        expect![[r#"
            > set network tunnel ipsec tun-store auto-key proxy-id 192.168.80.0-24-192.168.70.0-24 protocol any
            > set network tunnel ipsec tun-store auto-key proxy-id 192.168.80.0-24-192.168.70.0-24 local 192.168.80.0/24
            > set network tunnel ipsec tun-store auto-key proxy-id 192.168.80.0-24-192.168.70.0-24 remote 192.168.70.0/24
            + set network tunnel ipsec tun-store auto-key proxy-id 192.168.80.0-24-192.168.70.0-24 protocol any
            + set network tunnel ipsec tun-store auto-key proxy-id 192.168.80.0-24-192.168.70.0-24 local 192.168.80.0/24
            + set network tunnel ipsec tun-store auto-key proxy-id 192.168.80.0-24-192.168.70.0-24 remote 192.168.70.0/24
            -   child tun-store on tun-store: 0.0.0.0/0 <-> 0.0.0.0/0 through tunnel.70 esp  esp-store AES-CBC-128 / HMAC-SHA1-96 pfs none for 3600s window 1024
            +   child tun-store:192.168.80.0-24-192.168.70.0-24 on tun-store: 192.168.80.0/24 <-> 192.168.70.0/24 through tunnel.70 esp  esp-store AES-CBC-128 / HMAC-SHA1-96 pfs none for 3600s window 1024
        "#]],
    );
}

#[test]
fn a_hash_of_two() {
    check_set(
        ANY,
        &Change::IkeSuite {
            connection: "gw-store".into(),
            encr: Encr::AesCbc256,
            integ: Some(Integ::HmacSha512_256),
            prf: Prf::HmacSha512,
            group: DhGroup::Modp14,
        },
        expect![[r#"
            > delete network ike crypto-profiles ike-crypto-profiles ike-store hash
            > set network ike crypto-profiles ike-crypto-profiles ike-store hash sha512
            > delete network ike crypto-profiles ike-crypto-profiles ike-store dh-group
            > set network ike crypto-profiles ike-crypto-profiles ike-store dh-group group14
            - set network ike crypto-profiles ike-crypto-profiles ike-store hash [ sha512 sha384 ]
            - set network ike crypto-profiles ike-crypto-profiles ike-store dh-group [ group19 group14 ]
            + set network ike crypto-profiles ike-crypto-profiles ike-store hash sha512
            + set network ike crypto-profiles ike-crypto-profiles ike-store dh-group group14
            -   ike  ike-store AES-CBC-256 / HMAC-SHA512-256,HMAC-SHA384-192 / PRF-HMAC-SHA512,PRF-HMAC-SHA384 / ECP-256,MODP-2048
            +   ike  ike-store AES-CBC-256 / HMAC-SHA512-256 / PRF-HMAC-SHA512 / MODP-2048
        "#]],
    );
}

/// What the pair doesn't have, to be undone.
fn broken(more: &str) -> String {
    format!("{HQ_SET}{more}")
}

#[test]
fn ikev2_only() {
    let set = broken("set network ike gateway gw-branch protocol version ikev2-preferred\n");
    check_set(
        &set,
        &Change::Ikev2Only {
            connection: connection(),
        },
        expect![[r#"
            > set network ike gateway gw-branch protocol version ikev2
            - set network ike gateway gw-branch protocol version ikev2-preferred
            + set network ike gateway gw-branch protocol version ikev2
        "#]],
    );
}

#[test]
fn ikev1_keeps_its_profile() {
    let set = broken(
        "delete network ike gateway gw-branch protocol ikev2\nset network ike gateway gw-branch protocol version ikev1\nset network ike gateway gw-branch protocol ikev1 ike-crypto-profile ike-branch\n",
    );
    check_set(
        &set,
        &Change::Ikev2Only {
            connection: connection(),
        },
        expect![[r#"
            > set network ike gateway gw-branch protocol version ikev2
            > set network ike gateway gw-branch protocol ikev2 ike-crypto-profile ike-branch
            - set network ike gateway gw-branch protocol version ikev1
            + set network ike gateway gw-branch protocol version ikev2
            + set network ike gateway gw-branch protocol ikev2 ike-crypto-profile ike-branch
            - connection gw-branch (off), starts on traffic
            + connection gw-branch, starts on traffic
            -   ike  default AES-CBC-128,3DES-CBC / HMAC-SHA1-96 / PRF-HMAC-SHA1 / MODP-1024
            +   ike  ike-branch AES-CBC-256 / HMAC-SHA256-128 / PRF-HMAC-SHA256 / MODP-2048
        "#]],
    );
}

#[test]
fn passive_no_more() {
    let set = broken("set network ike gateway gw-branch protocol-common passive-mode yes\n");
    check_set(
        &set,
        &Change::Initiate {
            connection: connection(),
        },
        expect![[r#"
            > set network ike gateway gw-branch protocol-common passive-mode no
            - set network ike gateway gw-branch protocol-common passive-mode yes
            + set network ike gateway gw-branch protocol-common passive-mode no
            - connection gw-branch, never starts
            + connection gw-branch, starts on traffic
        "#]],
    );
}

#[test]
fn nat_traversal() {
    let set = broken("set network ike gateway gw-branch protocol-common nat-traversal enable no\n");
    check_set(
        &set,
        &Change::NatTraversal {
            connection: connection(),
        },
        expect![[r#"
            > set network ike gateway gw-branch protocol-common nat-traversal enable yes
            - set network ike gateway gw-branch protocol-common nat-traversal enable no
            + set network ike gateway gw-branch protocol-common nat-traversal enable yes
            -   nat false keepalive 20s, fragments None, liveness Some(10s)
            +   nat true keepalive 20s, fragments None, liveness Some(10s)
        "#]],
    );
}

#[test]
fn a_gateway_enabled() {
    let set = broken("set network ike gateway gw-branch disabled yes\n");
    check_set(
        &set,
        &Change::EnableConnection {
            connection: connection(),
        },
        expect![[r#"
            > set network ike gateway gw-branch disabled no
            - set network ike gateway gw-branch disabled yes
            + set network ike gateway gw-branch disabled no
            - connection gw-branch (off), starts on traffic
            + connection gw-branch, starts on traffic
        "#]],
    );
}

#[test]
fn a_tunnel_enabled() {
    let set = broken("set network tunnel ipsec tun-branch disabled yes\n");
    check_set(
        &set,
        &Change::EnableChild { child: child() },
        expect![[r#"
        > set network tunnel ipsec tun-branch disabled no
        - set network tunnel ipsec tun-branch disabled yes
        + set network tunnel ipsec tun-branch disabled no
        -   child tun-branch:lan-to-lan (off) on tun-branch: 10.20.20.0/24 <-> 10.10.10.0/24 through tunnel.1 esp  esp-branch AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
        +   child tun-branch:lan-to-lan on tun-branch: 10.20.20.0/24 <-> 10.10.10.0/24 through tunnel.1 esp  esp-branch AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
    "#]],
    );
}

#[test]
fn an_interface_enabled() {
    let set = broken("set network interface ethernet ethernet1/1 link-state down\n");
    check_set(
        &set,
        &Change::EnableInterface {
            interface: "ethernet1/1".into(),
        },
        expect![[r#"
            > set network interface ethernet ethernet1/1 link-state auto
            - set network interface ethernet ethernet1/1 link-state down
            + set network interface ethernet ethernet1/1 link-state auto
            - interface ethernet1/1 Physical [198.51.100.20/24] zone untrust router default down -- to the Internet
            + interface ethernet1/1 Physical [198.51.100.20/24] zone untrust router default -- to the Internet
        "#]],
    );
}

#[test]
fn an_address_for_a_dynamic_peer() {
    let set = broken("set network ike gateway gw-branch peer-address dynamic\n");
    check_set(
        &set,
        &Change::PeerAddress {
            connection: connection(),
            to: "203.0.113.10".parse().expect("an address"),
        },
        expect![[r#"
            > set network ike gateway gw-branch peer-address ip 203.0.113.10
            - set network ike gateway gw-branch peer-address dynamic
            + set network ike gateway gw-branch peer-address ip 203.0.113.10
            - connection gw-branch, never starts
            + connection gw-branch, starts on traffic
            -   remote any as []
            +   remote 203.0.113.10 as [address 203.0.113.10]
        "#]],
    );
}

#[test]
fn any_identity_of_a_dynamic_peer() {
    let set = broken(
        "set network ike gateway gw-branch peer-address dynamic\nset network ike gateway gw-branch peer-id type fqdn id b.example.net\n",
    );
    check_set(
        &set,
        &Change::RemoteIdentity {
            connection: connection(),
            to: IdentityMatch::Any,
        },
        expect![[r#"
            > delete network ike gateway gw-branch peer-id
            - set network ike gateway gw-branch peer-id type fqdn id b.example.net
            -   remote any as [fqdn b.example.net]
            +   remote any as []
        "#]],
    );
}

#[test]
fn no_kilobytes() {
    let set =
        broken("set network ike crypto-profiles ipsec-crypto-profiles esp-branch lifesize gb 1\n");
    check_set(
        &set,
        &Change::ChildKilobytes {
            child: child(),
            to: None,
        },
        expect![[r#"
            > delete network ike crypto-profiles ipsec-crypto-profiles esp-branch lifesize
            - set network ike crypto-profiles ipsec-crypto-profiles esp-branch lifesize gb 1
            -   child tun-branch:lan-to-lan on tun-branch: 10.20.20.0/24 <-> 10.10.10.0/24 through tunnel.1 esp  esp-branch AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s kilobytes 1048576 window 1024
            +   child tun-branch:lan-to-lan on tun-branch: 10.20.20.0/24 <-> 10.10.10.0/24 through tunnel.1 esp  esp-branch AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
        "#]],
    );
}

#[test]
fn a_lifetime_in_another_unit() {
    let set = broken(
        "set network ike crypto-profiles ike-crypto-profiles ike-branch lifetime seconds 28800\n",
    );
    check_set(
        &set,
        &Change::IkeLifetime {
            connection: connection(),
            to: seconds(86_400),
        },
        expect![[r#"
            > set network ike crypto-profiles ike-crypto-profiles ike-branch lifetime days 1
            - set network ike crypto-profiles ike-crypto-profiles ike-branch lifetime seconds 28800
            + set network ike crypto-profiles ike-crypto-profiles ike-branch lifetime days 1
            -   auth key of 41 octets, lifetime 28800s
            +   auth key of 41 octets, lifetime 86400s
        "#]],
    );
}

#[test]
fn a_profile_that_another_gateway_has_stays() {
    let set =
        broken("set network ike gateway other protocol ikev2 ike-crypto-profile ike-branch\n");
    check_set(
        &set,
        &Change::IkeSuite {
            connection: connection(),
            encr: Encr::AesCbc256,
            integ: Some(Integ::HmacSha384_192),
            prf: Prf::HmacSha384,
            group: DhGroup::Ecp20,
        },
        expect![[r#"
            > set network ike crypto-profiles ike-crypto-profiles ike-branch-gw-branch lifetime hours 8
            > set network ike crypto-profiles ike-crypto-profiles ike-branch-gw-branch encryption aes-256-cbc
            > set network ike crypto-profiles ike-crypto-profiles ike-branch-gw-branch hash sha384
            > set network ike crypto-profiles ike-crypto-profiles ike-branch-gw-branch dh-group group20
            > set network ike gateway gw-branch protocol ikev2 ike-crypto-profile ike-branch-gw-branch
            + set network ike crypto-profiles ike-crypto-profiles ike-branch-gw-branch lifetime hours 8
            + set network ike crypto-profiles ike-crypto-profiles ike-branch-gw-branch encryption aes-256-cbc
            + set network ike crypto-profiles ike-crypto-profiles ike-branch-gw-branch hash sha384
            + set network ike crypto-profiles ike-crypto-profiles ike-branch-gw-branch dh-group group20
            - set network ike gateway gw-branch protocol ikev2 ike-crypto-profile ike-branch
            + set network ike gateway gw-branch protocol ikev2 ike-crypto-profile ike-branch-gw-branch
            -   ike  ike-branch AES-CBC-256 / HMAC-SHA256-128 / PRF-HMAC-SHA256 / MODP-2048
            +   ike  ike-branch-gw-branch AES-CBC-256 / HMAC-SHA384-192 / PRF-HMAC-SHA384 / ECP-384
        "#]],
    );
}

#[test]
fn a_built_in_profile_stays() {
    let set = broken("delete network tunnel ipsec tun-branch auto-key ipsec-crypto-profile\n");
    check_set(
        &set,
        &Change::Pfs {
            child: child(),
            group: Some(DhGroup::Modp14),
        },
        expect![[r#"
            > set network ike crypto-profiles ipsec-crypto-profiles default-tun-branch esp encryption [ aes-128-cbc 3des ]
            > set network ike crypto-profiles ipsec-crypto-profiles default-tun-branch esp authentication sha1
            > set network ike crypto-profiles ipsec-crypto-profiles default-tun-branch lifetime hours 1
            > set network ike crypto-profiles ipsec-crypto-profiles default-tun-branch dh-group group14
            > set network tunnel ipsec tun-branch auto-key ipsec-crypto-profile default-tun-branch
            + set network ike crypto-profiles ipsec-crypto-profiles default-tun-branch esp encryption [ aes-128-cbc 3des ]
            + set network ike crypto-profiles ipsec-crypto-profiles default-tun-branch esp authentication sha1
            + set network ike crypto-profiles ipsec-crypto-profiles default-tun-branch lifetime hours 1
            + set network ike crypto-profiles ipsec-crypto-profiles default-tun-branch dh-group group14
            + set network tunnel ipsec tun-branch auto-key ipsec-crypto-profile default-tun-branch
            -   child tun-branch:lan-to-lan on tun-branch: 10.20.20.0/24 <-> 10.10.10.0/24 through tunnel.1 esp  default AES-CBC-128,3DES-CBC / HMAC-SHA1-96 pfs MODP-1024 for 3600s window 1024
            +   child tun-branch:lan-to-lan on tun-branch: 10.20.20.0/24 <-> 10.10.10.0/24 through tunnel.1 esp  default-tun-branch AES-CBC-128,3DES-CBC / HMAC-SHA1-96 pfs MODP-2048 for 3600s window 1024
        "#]],
    );
}

#[test]
fn a_line_after_edit_goes_to_the_end() {
    let set = broken(
        "edit network virtual-router default\nset routing-table ip static-route two destination 10.40.0.0/16\nset routing-table ip static-route two interface tunnel.1\n",
    );
    check_set(
        &set,
        &Change::AddRoute {
            destination: "10.30.0.0/16".parse().expect("a network"),
            interface: "tunnel.1".into(),
        },
        expect![[r#"
            > set network virtual-router default routing-table ip static-route to-10.30.0.0-16 destination 10.30.0.0/16
            > set network virtual-router default routing-table ip static-route to-10.30.0.0-16 interface tunnel.1
            + top
            + set network virtual-router default routing-table ip static-route to-10.30.0.0-16 destination 10.30.0.0/16
            + set network virtual-router default routing-table ip static-route to-10.30.0.0-16 interface tunnel.1
            + route  to-10.30.0.0-16 10.30.0.0/16 via tunnel.1 distance 10 metric 10 router default
        "#]],
    );
}

#[test]
fn what_is_said_with_other_things_in_one_line() {
    let set = broken(
        "set network ike crypto-profiles ipsec-crypto-profiles esp-branch lifetime hours 2 dh-group group19\n",
    );
    check_set(
        &set,
        &Change::Pfs {
            child: child(),
            group: None,
        },
        expect![[r#"
            > set network ike crypto-profiles ipsec-crypto-profiles esp-branch dh-group no-pfs
            - set network ike crypto-profiles ipsec-crypto-profiles esp-branch lifetime hours 2 dh-group group19
            + set network ike crypto-profiles ipsec-crypto-profiles esp-branch lifetime hours 2 dh-group no-pfs
            -   child tun-branch:lan-to-lan on tun-branch: 10.20.20.0/24 <-> 10.10.10.0/24 through tunnel.1 esp  esp-branch AES-CBC-256 / HMAC-SHA256-128 pfs ECP-256 for 7200s window 1024
            +   child tun-branch:lan-to-lan on tun-branch: 10.20.20.0/24 <-> 10.10.10.0/24 through tunnel.1 esp  esp-branch AES-CBC-256 / HMAC-SHA256-128 pfs none for 7200s window 1024
        "#]],
    );
}

/// Several changes of one file are said apart from each other, each of the file as it is.
#[test]
fn several_new_selectors_at_once() {
    let (_, any) = reading_of(ANY);
    let xml = crossgate_panos::to_xml(&any.tree, crossgate_panos::Secrets::Written);
    for text in [ANY.to_owned(), xml] {
        let (sources, reading) = reading_of(&text);
        let child = || "tun-store".to_owned();
        let changes = [
            Change::Selectors {
                child: child(),
                to: pair("192.168.80.0/24", "192.168.70.0/24"),
            },
            Change::AddSelectors {
                beside: child(),
                pair: pair("192.168.80.0/24", "192.168.71.0/24"),
            },
        ];
        let source = sources.get(reading.file);
        let edits = changes.iter().flat_map(|change| {
            let amendment = reading.amend(source, change).expect("it can be said");
            amendment.edits
        });
        let after = apply(&text, &edits.collect::<Vec<_>>());
        let (_, again) = reading_of(&after);
        let pairs = again.gateway.connections[0].children.iter();
        let pairs: Vec<String> = pairs.map(|c| c.selectors.value.to_string()).collect();
        assert_eq!(
            pairs,
            [
                "192.168.80.0/24 <-> 192.168.70.0/24",
                "192.168.80.0/24 <-> 192.168.71.0/24"
            ],
            "{after}"
        );
    }
}
