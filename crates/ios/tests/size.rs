//! A long file is read in time in proportion to its length, whatever it is full of.
//!
//! `SIZE_MB=100 SIZE_KIND=interfaces cargo test --release -p crossgate-ios --test size -- --nocapture`
//! tells how long a file of that size takes.

use crossgate_diag::Sources;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

const HEAD: &str = include_str!("../../../examples/site-to-site/branch.cfg");

/// How much longer the longer file is, and how much more time it may take: quadratic work would
/// take 64 times as much.
const LONGER: usize = 8;
const SLOWER: u32 = 24;

/// Less than this tells nothing.
const LEAST: Duration = Duration::from_millis(40);

/// What a file is full of: its name, and its n-th piece. What such pieces stand below comes first.
type Kind = (&'static str, &'static str, fn(u32) -> String);

fn at(net: u8, n: u32) -> Ipv4Addr {
    let [_, a, b, c] = n.to_be_bytes();
    Ipv4Addr::new(net, a, b, c)
}

const KINDS: &[Kind] = &[
    ("interfaces", "", |n| {
        format!(
            "interface GigabitEthernet0/1/0.{n}\n description number {n}\n ip address {} 255.255.255.252\n no shutdown\n",
            at(11, n * 4 + 1)
        )
    }),
    ("interfaces again", "", |n| {
        format!(
            "interface GigabitEthernet0/1/0.{}\n description number {n}\n",
            n % 5000
        )
    }),
    ("addresses", "interface Loopback7\n", |n| {
        format!(" ip address {} 255.255.255.255 secondary\n", at(11, n))
    }),
    ("entries", "ip access-list extended BIG\n", |n| {
        format!(
            " permit tcp host {} host {} eq {}\n",
            at(10, n),
            at(172, n * 7),
            n % 65_535
        )
    }),
    ("entries downwards", "ip access-list extended BIG\n", |n| {
        format!(" {} permit ip host {} any\n", 9_000_000 - n, at(10, n))
    }),
    ("entries again", "ip access-list extended BIG\n", |n| {
        format!(" permit ip host {} any\n", at(10, n % 5000))
    }),
    (
        "denying entries",
        "ip access-list extended LAB-TRAFFIC\n",
        |n| format!(" deny ip host {} host {}\n", at(10, n), at(172, n * 7)),
    ),
    ("lists", "", |n| {
        format!("ip access-list extended L{n}\n permit ip any any\n")
    }),
    ("unknown lines", "", |n| {
        format!("frobnicate number {n} with words\n")
    }),
    ("unknown blocks", "", |n| {
        format!("frobnicate number {n}\n below {n}\n and below {n}\n")
    }),
    ("an unknown block", "frobnicate\n", |n| {
        format!(" below {n}\n")
    }),
    ("wrong values", "", |n| {
        format!("ip route 10.0.0.0 255.0.255.0 {}\n", at(10, n))
    }),
    ("wrong sections", "interface\n", |n| {
        format!(" ip address {} 255.0.0.0\n", at(11, n))
    }),
    ("asides", "", |n| {
        format!("snmp-server host {} community-{n}\n", at(10, n))
    }),
    ("routes", "", |n| {
        format!(
            "ip route {} 255.255.255.255 {}\n",
            at(20, n),
            at(203, n % 200)
        )
    }),
    ("next hops", "", |n| {
        format!("ip route 20.0.0.0 255.0.0.0 {}\n", at(203, n))
    }),
    ("routes again", "", |n| {
        format!(
            "ip route {} 255.255.255.255 203.0.113.1 name N{n}\n",
            at(20, n % 5000)
        )
    }),
    ("tunnels", "", |n| {
        let (peer, own) = (at(198, n), at(100, n * 4 + 1));
        format!(
            "crypto ikev2 keyring K{n}\n peer HQ\n  address {peer}\n  pre-shared-key key-of-{n}-0123456789\n\
             crypto ikev2 profile P{n}\n match identity remote address {peer}\n authentication remote pre-share\n \
             authentication local pre-share\n keyring local K{n}\n\
             crypto ipsec profile I{n}\n set transform-set LAB-ESP\n set ikev2-profile P{n}\n\
             interface Tunnel{n}\n ip address {own} 255.255.255.252\n tunnel source GigabitEthernet0/0/0\n \
             tunnel mode ipsec ipv4\n tunnel destination {peer}\n tunnel protection ipsec profile I{n}\n"
        )
    }),
    (
        "tunnels of one keyring",
        "crypto ikev2 profile P\n match identity remote any\n authentication remote pre-share\n \
         authentication local pre-share\n keyring local K\n\
         crypto ipsec profile I\n set transform-set LAB-ESP\n set ikev2-profile P\n",
        |n| {
            let (peer, own) = (at(198, n), at(100, n * 4 + 1));
            format!(
                "crypto ikev2 keyring K\n peer P{n}\n  address {peer}\n  pre-shared-key key-of-{n}-0123456789\n\
                 interface Tunnel{n}\n ip address {own} 255.255.255.252\n tunnel source GigabitEthernet0/0/0\n \
                 tunnel mode ipsec ipv4\n tunnel destination {peer}\n tunnel protection ipsec profile I\n"
            )
        },
    ),
    ("maps", "", |n| {
        format!(
            "crypto map M{n} 10 ipsec-isakmp\n set peer {}\n set transform-set LAB-ESP\n set ikev2-profile LAB-HQ\n \
             match address LAB-TRAFFIC\ninterface GigabitEthernet0/1/0.{n}\n ip address {} 255.255.255.252\n \
             crypto map M{n}\n",
            at(198, n),
            at(11, n * 4 + 1)
        )
    }),
    ("peers of a map", "crypto map M 10 ipsec-isakmp\n", |n| {
        format!(" set peer {}\n", at(198, n))
    }),
    ("identities", "crypto ikev2 profile P\n", |n| {
        format!(" match identity remote fqdn h{n}.example.net\n")
    }),
    ("proposals", "", |n| {
        format!(
            "crypto ikev2 proposal P{n}\n encryption aes-cbc-256\n integrity sha256\n group 19\n\
             crypto ikev2 policy P{n}\n proposal P{n}\n match address local {}\n",
            at(10, n)
        )
    }),
    ("IKEv1 keys", "", |n| {
        format!("crypto isakmp key key-of-{n} address {}\n", at(198, n))
    }),
    ("trustpoints", "", |n| {
        format!("crypto pki trustpoint T{n}\n enrollment terminal\n")
    }),
    ("translations", "", |n| {
        format!("ip nat inside source static {} {}\n", at(10, n), at(172, n))
    }),
    ("pools", "", |n| {
        format!(
            "ip nat pool P{n} {} {} prefix-length 24\n",
            at(10, n),
            at(10, n + 1)
        )
    }),
    ("route maps", "", |n| {
        format!(
            "route-map R{} permit {}\n match ip address L{n}\n",
            n % 1000,
            n % 65_535
        )
    }),
    ("lists taken away", "", |n| {
        format!(
            "ip access-list extended L{n}\n permit ip any any\nno ip access-list extended L{n}\n"
        )
    }),
    ("nothing taken away", "", |n| {
        format!("no ip access-list extended L{n}\n")
    }),
    ("comments", "", |n| format!("! {n} {}\n", "-".repeat(200))),
    ("prompts", "", |n| {
        format!("R1(config)#ip host h{n} {}\n", at(10, n))
    }),
    ("stairs", "", |n| {
        format!("{}x y\n", " ".repeat(n as usize % 40))
    }),
];

fn text(kind: &Kind, size: usize) -> String {
    let (_, above, piece) = kind;
    let head = HEAD.trim_end().trim_end_matches("end");
    let mut text = format!("{head}{above}");
    let mut number = 1;
    while text.len() < size {
        text.push_str(&piece(number));
        number += 1;
    }
    text
}

/// The shortest of the tries: other programs disturb.
#[allow(clippy::disallowed_methods, reason = "a measurement needs a clock")]
fn time(kind: &Kind, size: usize, tries: usize) -> Duration {
    let text = text(kind, size);
    let one = |_| {
        let mut sources = Sources::new();
        let file = sources.add("long.cfg", text.as_str());
        let start = Instant::now();
        let reading = crossgate_ios::read(&mut sources, file).expect("a configuration");
        let time = start.elapsed();
        assert!(reading.tree.commands() > 1, "{}", kind.0);
        time
    };
    (0..tries).map(one).min().unwrap_or_default()
}

#[test]
fn reading_takes_time_in_proportion_to_the_length() {
    let only = std::env::var("SIZE_KIND").ok();
    let megabytes = std::env::var("SIZE_MB").ok();
    let kinds = KINDS
        .iter()
        .filter(|kind| only.as_deref().is_none_or(|only| only == kind.0));
    if let Some(megabytes) = megabytes {
        let megabytes: usize = megabytes.parse().expect("a number");
        for kind in kinds {
            println!(
                "{:>24}: {:?} for {megabytes} MB",
                kind.0,
                time(kind, megabytes * 1_000_000, 1)
            );
        }
        return;
    }
    for kind in kinds {
        let short = time(kind, 100_000, 3).max(LEAST / LONGER as u32);
        let long = time(kind, 100_000 * LONGER, 2);
        assert!(
            long < short * SLOWER,
            "{}: {short:?} for a file, and {long:?} for one {LONGER} times as long",
            kind.0
        );
    }
}
