//! Changes of the examples: each edits the file so that reading it again shows the change and
//! nothing else, and typing its commands leads to the same.

use super::{gateway, read};
use crossgate_crypto::{DhGroup, Encr, Integ, Prf, Secret};
use crossgate_diag::{Amendment, Sources, apply};
use crossgate_model::{
    Action, Auth, Change, Connection, Gateway, Identity, IdentityMatch, Language, PresharedKey,
    Selector, SelectorPair,
};
use expect_test::expect_file;
use std::fmt::Write;
use std::time::Duration;

const KEY: &str = "lab-only-another-key";

fn pair(local: &str, remote: &str) -> SelectorPair {
    let net = |text: &str| Selector::net(text.parse().expect("a network"));
    SelectorPair {
        local: net(local),
        remote: net(remote),
    }
}

/// Changes of every kind, of the first connection and its first Child.
fn changes(of: &Gateway) -> Vec<Change> {
    let first = of.connections.first().expect("a connection");
    let name = || first.name.value.clone();
    let child = || first.children.first().expect("a Child").name.value.clone();
    let tunnel = of.interfaces.first().expect("an interface");
    let interface = || tunnel.name.value.clone();
    let ike = |encr, integ, prf, group| Change::IkeSuite {
        connection: name(),
        encr,
        integ,
        prf,
        group,
    };
    let esp = |encr, integ| Change::EspSuite {
        child: child(),
        encr,
        integ,
    };
    let pfs = |group| Change::Pfs {
        child: child(),
        group,
    };
    let to = |to| Change::Selectors { child: child(), to };
    let beside = |pair| Change::AddSelectors {
        beside: child(),
        pair,
    };
    let kilobytes = |to| Change::ChildKilobytes { child: child(), to };
    let local = |to| Change::LocalIdentity {
        connection: name(),
        to,
    };
    let remote = |to| Change::RemoteIdentity {
        connection: name(),
        to,
    };
    let window = |packets| Change::ReplayWindow {
        child: child(),
        packets,
    };
    let web = SelectorPair {
        local: pair("192.0.2.0/25", "::/0").local.only(6, 0..=u16::MAX),
        remote: pair("192.0.2.7/32", "::/0").local.only(6, 443..=443),
    };
    let ip = |text: &str| text.parse().expect("an address");
    let list = of.policy.access_lists.first();
    vec![
        ike(
            Encr::AesCbc128,
            Some(Integ::HmacSha512_256),
            Prf::HmacSha512,
            DhGroup::Ecp21,
        ),
        ike(Encr::AesGcm256, None, Prf::HmacSha256, DhGroup::Modp15),
        ike(
            Encr::AesCbc256,
            Some(Integ::HmacSha256_128),
            Prf::HmacSha384,
            DhGroup::Modp14,
        ),
        ike(Encr::AesGcm192, None, Prf::HmacSha256, DhGroup::Modp15),
        esp(Encr::AesCbc128, Some(Integ::HmacSha512_256)),
        esp(Encr::AesGcm192, None),
        esp(Encr::AesCbc256, Some(Integ::HmacSha256_128)),
        pfs(Some(DhGroup::Ecp19)),
        pfs(Some(DhGroup::Modp17)),
        pfs(None),
        to(pair("192.0.2.0/25", "192.0.2.128/25")),
        to(web),
        to(SelectorPair::ANY_V4),
        beside(pair("192.0.2.0/25", "192.0.2.128/25")),
        Change::RemoveSelectors { child: child() },
        Change::IkeLifetime {
            connection: name(),
            to: Duration::from_secs(43_200),
        },
        Change::ChildLifetime {
            child: child(),
            to: Duration::from_secs(7200),
        },
        kilobytes(Some(1_000_000)),
        kilobytes(None),
        Change::PresharedKey {
            connection: name(),
            key: Secret::copy_of(KEY.as_bytes()),
            name: "the key of hq".into(),
        },
        local(Identity::Fqdn("branch.example.net".into())),
        local(Identity::DistinguishedName(vec![0x30])),
        remote(IdentityMatch::Exactly(Identity::Email(
            "hq@example.net".into(),
        ))),
        remote(IdentityMatch::AddressWithin(
            "192.0.2.0/24".parse().expect("a network"),
        )),
        Change::PeerAddress {
            connection: name(),
            to: ip("192.0.2.99"),
        },
        Change::Ikev2Only { connection: name() },
        Change::Initiate { connection: name() },
        Change::NatTraversal { connection: name() },
        Change::Liveness {
            connection: name(),
            interval: Duration::from_secs(30),
        },
        window(1024),
        window(0),
        window(65),
        Change::EnableInterface {
            interface: interface(),
        },
        Change::EnableConnection { connection: name() },
        Change::EnableChild { child: child() },
        Change::EnableIke,
        Change::AddRoute {
            destination: "192.0.2.128/25".parse().expect("a network"),
            interface: interface(),
        },
        Change::RemoveRoute {
            destination: of.routes.last().expect("a route").destination.value,
        },
        Change::SetZone {
            interface: interface(),
            zone: "vpn".into(),
        },
        Change::PermitIpsec {
            access_list: list.map_or("NONE".into(), |list| list.name.value.clone()),
            source: ip("192.0.2.1"),
            destination: ip("192.0.2.2"),
        },
        Change::TcpMss {
            interface: interface(),
            octets: 1300,
        },
        Change::Mtu {
            interface: interface(),
            octets: 1390,
        },
    ]
}

/// Whether the gateway is as the change wants it.
fn shows(of: &Gateway, change: &Change, before: &Gateway) -> bool {
    let connection = |name: &str| {
        let found = of.connections.iter().find(|c| c.name.value == name);
        found.expect("the connection is still there")
    };
    let child = |name: &str| {
        let is = |c: &&crossgate_model::Child| {
            c.name.value == name || c.name.value == format!("{name}:1")
        };
        let mut all = of.connections.iter().flat_map(|c| &c.children);
        all.find(is).expect("the Child is still there")
    };
    let interface = |name: &str| of.interface(name).expect("the interface is still there");
    match change {
        Change::IkeSuite {
            connection: name,
            encr,
            integ,
            prf,
            group,
        } => {
            let [offer] = connection(name).proposals.as_slice() else {
                return false;
            };
            let integs: Vec<_> = offer.integ.iter().map(|i| i.value).collect();
            offer.encr.iter().map(|e| e.value).eq([*encr])
                && integs == integ.iter().copied().collect::<Vec<_>>()
                && offer.prf.iter().map(|p| p.value).eq([*prf])
                && offer.groups.iter().map(|g| g.value).eq([*group])
        }
        Change::EspSuite {
            child: name,
            encr,
            integ,
        } => {
            let [offer] = child(name).proposals.as_slice() else {
                return false;
            };
            offer.encr.iter().map(|e| e.value).eq([*encr])
                && offer.integ.iter().map(|i| i.value).eq(*integ)
        }
        Change::Pfs { child: name, group } => child(name).pfs.map(|g| g.value) == *group,
        Change::Selectors { child: name, to } => child(name).selectors.value == *to,
        Change::AddSelectors { pair, .. } => of.children().any(|(_, c)| c.selectors.value == *pair),
        Change::RemoveSelectors { child: name } => {
            let gone = before.children().find(|(_, c)| c.name.value == *name);
            let (_, gone) = gone.expect("it was there");
            let mut rest = of.children().filter(|(_, c)| c.tunnel == gone.tunnel);
            rest.all(|(_, c)| c.selectors != gone.selectors)
        }
        Change::IkeLifetime {
            connection: name,
            to,
        } => connection(name).lifetime.value == *to,
        Change::ChildLifetime { child: name, to } => child(name).lifetime.time.value == *to,
        Change::ChildKilobytes { child: name, to } => {
            child(name).lifetime.kilobytes.map(|k| k.value) == *to
        }
        Change::PresharedKey {
            connection: name,
            key,
            ..
        } => {
            let is_it = |auth: &Auth| matches!(auth, Auth::Psk(PresharedKey::Known(k)) if k == key);
            let Connection {
                local_auth,
                remote_auth,
                ..
            } = connection(name);
            is_it(local_auth) && is_it(remote_auth)
        }
        Change::LocalIdentity {
            connection: name,
            to,
        } => connection(name).local_identity.value == *to,
        Change::RemoteIdentity {
            connection: name,
            to,
        } => matches!(connection(name).remote_identities.as_slice(), [one] if one.value == *to),
        // Where a profile has several peers, the connection's name tells which.
        Change::PeerAddress { to, .. } => {
            let mut all = of.connections.iter();
            all.any(|c| c.remote.address() == Some(*to))
        }
        Change::Liveness {
            connection: name,
            interval,
        } => {
            let liveness = connection(name).liveness.as_ref();
            liveness.is_some_and(|l| l.interval == *interval)
        }
        Change::ReplayWindow {
            child: name,
            packets,
        } => child(name).replay_window.value == *packets,
        Change::EnableInterface { interface: name } => interface(name).enabled.value,
        Change::EnableConnection { connection: name } => connection(name).enabled.value,
        Change::EnableChild { child: name } => child(name).enabled.value,
        Change::AddRoute { destination, .. } => of
            .routes
            .iter()
            .any(|r| r.destination.value == *destination),
        Change::RemoveRoute { destination } => of
            .routes
            .iter()
            .all(|r| r.destination.value != *destination),
        Change::PermitIpsec {
            access_list,
            destination,
            ..
        } => {
            let mut lists = of.policy.access_lists.iter();
            let list = lists.find(|list| list.name.value == *access_list);
            let pairs = list.into_iter().flat_map(|list| &list.entries).take(3);
            pairs
                .filter_map(|entry| entry.selectors)
                .filter(|pair| pair.remote.start == *destination)
                .count()
                == 3
        }
        Change::TcpMss {
            interface: name,
            octets,
        } => interface(name).tcp_mss.map(|m| m.value) == Some(*octets),
        Change::Mtu {
            interface: name,
            octets,
        } => interface(name).mtu.map(|m| m.value) == Some(*octets),
        Change::Initiate { connection: name } => {
            connection(name).initiation.value != crossgate_model::Initiation::Never
        }
        Change::NatTraversal { connection: name } => connection(name).nat.enabled.value,
        Change::KeepAddresses {
            source,
            destination,
            ..
        } => {
            let mut first = of
                .policy
                .access_lists
                .iter()
                .filter_map(|l| l.entries.first());
            let wanted = SelectorPair {
                local: Selector::net(*source),
                remote: Selector::net(*destination),
            };
            first.any(|entry| {
                entry.action.value == Action::Deny
                    && entry.selectors.map(|pair| pair.value) == Some(wanted)
            })
        }
        _ => true,
    }
}

fn amend(text: &str, change: &Change) -> Result<Amendment, String> {
    let mut sources = Sources::new();
    let file = sources.add("branch.cfg", text);
    let reading = crate::read(&mut sources, file).expect("a configuration");
    let amended = reading.amend(sources.get(file), change);
    amended.map_err(|why| why.to_string())
}

/// What reading comes to. The order of identities means nothing: a peer may show any of them.
fn meaning(text: &str) -> (Gateway, String) {
    let mut model = read(text).reading.gateway;
    for connection in &mut model.connections {
        connection
            .remote_identities
            .sort_by_key(|id| id.to_string());
    }
    let shown = gateway(&model);
    (model, shown)
}

/// What the fewest removed and added lines are.
fn difference(before: &str, after: &str) -> String {
    let (old, new): (Vec<_>, Vec<_>) = (before.lines().collect(), after.lines().collect());
    // The longest common part of what begins at each pair of lines.
    let mut common = vec![vec![0usize; new.len() + 1]; old.len() + 1];
    for a in (0..old.len()).rev() {
        for b in (0..new.len()).rev() {
            common[a][b] = match old[a] == new[b] {
                true => common[a + 1][b + 1] + 1,
                false => common[a + 1][b].max(common[a][b + 1]),
            };
        }
    }
    let mut out = String::new();
    let (mut a, mut b) = (0, 0);
    while a < old.len() || b < new.len() {
        let may_drop = a < old.len() && (b == new.len() || common[a + 1][b] >= common[a][b + 1]);
        if a < old.len() && b < new.len() && old[a] == new[b] {
            (a, b) = (a + 1, b + 1);
        } else if may_drop {
            let _ = writeln!(out, "  - {}", old[a]);
            a += 1;
        } else {
            let _ = writeln!(out, "  + {}", new[b]);
            b += 1;
        }
    }
    out
}

/// The commands with the key that they only name, after the file, as if typed at the router.
fn typed(text: &str, commands: &[String]) -> String {
    let commands = commands.join("\n").replace("<the key of hq>", KEY);
    format!("{text}\nend\n{commands}\nend\n")
}

/// What a terminal shows of a file that is typed line by line.
fn with_prompts(text: &str) -> String {
    text.lines()
        .map(|line| match line {
            "end" | "" => format!("{line}\n"),
            line => format!("router(config)#{}\n", line.trim_start()),
        })
        .collect()
}

fn report(text: &str, change: &Change) -> String {
    let mut out = format!("{change:?}\n");
    let amendment = match amend(text, change) {
        Ok(amendment) => amendment,
        Err(why) => return format!("{out}  can't: {why}\n"),
    };
    let after = apply(text, &amendment.edits);
    let (before_model, before_shown) = meaning(text);
    let (model, shown) = meaning(&after);
    // The model has no word for ISAKMP as a whole, nor for what is left of it.
    let unseen = matches!(change, Change::EnableIke | Change::Ikev2Only { .. });
    assert!(
        unseen || !shows(&before_model, change, &before_model),
        "it was so before: {change:?}"
    );
    assert!(shows(&model, change, &before_model), "{change:?}\n{after}");
    let (_, by_typing) = meaning(&typed(text, &amendment.commands));
    assert_eq!(
        by_typing, shown,
        "typed: {change:?} {:#?}",
        amendment.commands
    );
    for line in &amendment.commands {
        assert!(!line.contains(KEY), "a command shows the key: {line}");
    }
    for edit in &amendment.edits {
        assert!(!edit.shown().contains(KEY), "an edit shows the key");
    }
    dressed(text, change, &after, &shown);
    out += &difference(text, &after).replace(KEY, "the-other-key");
    out += &amendment
        .commands
        .iter()
        .map(|c| format!("  > {c}\n"))
        .collect::<String>();
    out += "  model:\n";
    out += &difference(&before_shown, &shown);
    out
}

/// The same file with other line ends, without its last one, and behind prompts.
fn dressed(text: &str, change: &Change, after: &str, shown: &str) {
    let dos = |text: &str| text.replace('\n', "\r\n");
    let crlf = amend(&dos(text), change).expect("the same change");
    assert_eq!(apply(&dos(text), &crlf.edits), dos(after), "{change:?}");
    let bare = text.trim_end();
    let amended = amend(bare, change).expect("the same change");
    assert_eq!(apply(bare, &amended.edits).trim_end(), after.trim_end());
    let prompts = with_prompts(text);
    let amended = amend(&prompts, change).expect("the same change");
    let (_, read) = meaning(&apply(&prompts, &amended.edits));
    assert_eq!(read, shown, "behind prompts: {change:?}");
}

macro_rules! examples {
    ($($test:ident $name:literal)*) => {$(
        #[test]
        fn $test() {
            let text = include_str!(concat!("../../../../examples/", $name, "/branch.cfg"));
            let (model, _) = meaning(text);
            let reports: Vec<_> = changes(&model).iter().map(|c| report(text, c)).collect();
            let file = concat!("../../tests/changes/", $name, ".txt");
            expect_file![file].assert_eq(&reports.join("\n"));
        }
    )*};
}

examples! {
    any_any "any-any"
    as_published "as-published"
    crypto_map "crypto-map"
    gcm "gcm"
    several_proxy_ids "several-proxy-ids"
    site_to_site "site-to-site"
}

/// Two tunnels to two peers that share whatever can be shared.
const SHARED: &str = "\
version 17.9
crypto ikev2 proposal IKE
 encryption aes-cbc-256
 integrity sha256
 group 14
!
crypto ikev2 proposal OLD
 encryption aes-cbc-128
 integrity sha1
 group 14
!
crypto ikev2 policy ALL
 proposal IKE
 proposal OLD
!
crypto ikev2 keyring KEYS
 peer ANY
  address 0.0.0.0 0.0.0.0
  pre-shared-key local lab-only-ours
  pre-shared-key remote lab-only-theirs
 !
!
crypto ikev2 profile BOTH
 match identity remote address 198.51.100.0 255.255.255.0
 match identity remote fqdn domain example.net
 authentication remote pre-share
 authentication local pre-share
 keyring local KEYS
!
crypto ipsec transform-set ESP esp-aes 256 esp-sha256-hmac
 mode tunnel
!
crypto ipsec profile PROTECT
 description both tunnels
 set security-association lifetime seconds 3600 kilobytes 5000
 set transform-set ESP
 set pfs group14
 set ikev2-profile BOTH
 responder-only
!
interface Tunnel1
 tunnel source GigabitEthernet1
 tunnel mode ipsec ipv4
 tunnel destination 198.51.100.1
 tunnel protection ipsec policy ipv4 LIST
 tunnel protection ipsec profile PROTECT shared
!
interface Tunnel2
 shutdown
 tunnel source GigabitEthernet2
 tunnel mode ipsec ipv4
 tunnel destination 198.51.100.2
 tunnel protection ipsec policy ipv4 LIST
 tunnel protection ipsec profile PROTECT shared
!
interface GigabitEthernet1
 ip address 203.0.113.1 255.255.255.128
!
interface GigabitEthernet2
 ip address 203.0.113.129 255.255.255.128
!
ip route 10.2.0.0 255.255.0.0 Tunnel1
!
ip access-list extended LIST
 permit ip 10.1.0.0 0.0.255.255 10.2.0.0 0.0.255.255
 permit ip 10.1.0.0 0.0.255.255 host 10.3.0.1
!
no crypto ipsec nat-transparency udp-encapsulation
no crypto isakmp enable
end
";

#[test]
fn what_tunnels_share_is_changed_for_one_alone_or_not_at_all() {
    let (model, _) = meaning(SHARED);
    let reports: Vec<_> = changes(&model).iter().map(|c| report(SHARED, c)).collect();
    expect_file!["../../tests/changes/shared.txt"].assert_eq(&reports.join("\n"));
}

#[test]
fn what_is_off_is_turned_on() {
    let changes = [
        Change::EnableChild {
            child: "Tunnel2:1".into(),
        },
        Change::EnableConnection {
            connection: "BOTH/198.51.100.2".into(),
        },
        Change::EnableInterface {
            interface: "Tunnel2".into(),
        },
    ];
    let reports: Vec<_> = changes.iter().map(|c| report(SHARED, c)).collect();
    expect_file!["../../tests/changes/off.txt"].assert_eq(&reports.join("\n"));
}

/// Numbered lists, a map on one interface, keys in the profile, two proposals of its own.
const OLD_STYLE: &str = "\
version 15.9
crypto ikev2 proposal ONE
 encryption aes-cbc-256
 integrity sha256
 group 14
crypto ikev2 proposal TWO
 encryption 3des
 integrity sha1
 group 2
crypto ikev2 policy P
 proposal ONE
 proposal TWO
crypto ikev2 profile HQ
 match identity remote address 198.51.100.1 255.255.255.255
 match identity remote fqdn hq.example.net
 authentication remote pre-share key lab-only-in-the-profile
 authentication local pre-share key lab-only-in-the-profile
 shutdown
crypto ipsec transform-set A esp-aes esp-sha-hmac
 mode transport
crypto ipsec transform-set B esp-3des esp-sha-hmac
crypto map M 10 ipsec-isakmp
 set peer 198.51.100.1
 set peer 198.51.100.9
 set transform-set A B
 set ikev2-profile HQ
 match address 101
interface GigabitEthernet0/0
 ip address 203.0.113.1 255.255.255.0
 crypto map M
access-list 101 permit ip 10.1.0.0 0.0.255.255 10.2.0.0 0.0.255.255
access-list 101 permit ip 10.1.0.0 0.0.255.255 10.3.0.0 0.0.255.255
ip route 0.0.0.0 0.0.0.0 203.0.113.254
";

#[test]
fn a_file_without_blocks_apart_keeps_its_style() {
    let (model, _) = meaning(OLD_STYLE);
    let reports: Vec<_> = changes(&model)
        .iter()
        .map(|c| report(OLD_STYLE, c))
        .collect();
    expect_file!["../../tests/changes/old-style.txt"].assert_eq(&reports.join("\n"));
}

#[test]
fn a_key_that_is_no_word_is_written_in_hexadecimal() {
    let key = |octets: &[u8]| Change::PresharedKey {
        connection: "LAB-HQ".into(),
        key: Secret::copy_of(octets),
        name: "the key of hq".into(),
    };
    let text = include_str!("../../../../examples/site-to-site/branch.cfg");
    for octets in [b"two words".as_slice(), b"a?", &[0xff, 0], b"hex", b"6"] {
        let change = key(octets);
        let amendment = amend(text, &change).expect("a change");
        let (model, _) = meaning(&apply(text, &amendment.edits));
        assert!(shows(&model, &change, &model), "{octets:?}");
    }
}

/// Translation by access list, by route map and of one address; IKEv1 left over; a full list.
const BESIDE: &str = "\
crypto isakmp policy 10
 encryption aes
 group 2
!
crypto isakmp key lab-only-left-over address 198.51.100.1
!
interface GigabitEthernet1
 ip nat inside
 ip access-group FULL in
!
interface GigabitEthernet2
 ip nat outside
!
ip nat inside source list NAT interface GigabitEthernet2 overload
ip nat inside source static 10.0.0.5 203.0.113.5
ip nat inside source list FULL interface GigabitEthernet2 overload
!
ip access-list extended NAT
 permit ip 10.0.0.0 0.0.0.255 any
!
ip access-list extended FULL
 1 permit ip any any
!
";

#[test]
fn what_stands_beside_the_tunnel_is_changed() {
    let example = include_str!("../../../../examples/site-to-site/branch.cfg");
    let text = example.replace("\nend\n", &format!("\n{BESIDE}end\n"));
    let keep = |above: &str| Change::KeepAddresses {
        name: "keep".into(),
        from: "any".into(),
        to: "any".into(),
        source: "10.10.10.0/24".parse().expect("a network"),
        destination: "10.20.20.0/24".parse().expect("a network"),
        above: Some(above.into()),
    };
    let changes = [
        keep("list NAT"),
        keep("list FULL"),
        keep("static 10.0.0.5"),
        keep("list GONE"),
        Change::PermitIpsec {
            access_list: "FULL".into(),
            source: "198.51.100.20".parse().expect("an address"),
            destination: "203.0.113.10".parse().expect("an address"),
        },
        Change::Ikev2Only {
            connection: "LAB-HQ".into(),
        },
    ];
    let reports: Vec<_> = changes.iter().map(|c| report(&text, c)).collect();
    let all = reports
        .join("\n")
        .replace("lab-only-left-over", "the-old-key");
    expect_file!["../../tests/changes/beside.txt"].assert_eq(&all);
}
