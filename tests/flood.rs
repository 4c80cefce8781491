//! A hub with two peers, of which one floods, or a stranger does in its name: the other's tunnel is
//! unharmed, and each packet of the flood is found in a counter.
//!
//! The floods are bounded, in number and a second, to a fraction of what one core does with them.

use crate::support::capture::{Capture, decrypted};
use crate::support::crossgate::{BARE, Crossgate, IN_UDP};
use crate::support::ping::{self, Steady};
use crate::support::process::{run, wait_until};
use crate::support::tunnel::{Starts, Suite, Tunnel};
use crate::support::vendors::Vendor;
use crate::support::world::{End, Nat, World};
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::thread::sleep;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(10);
/// Packets of each kind.
const FLOOD: usize = 6_000;
/// Packets that leave at once, and how often they do.
const BURST: usize = 50;
const PAUSE: Duration = Duration::from_millis(5);

/// The hub's configuration with a second tunnel beside the first.
fn with_another(first: &str, second: &Tunnel) -> String {
    let (key, peer) = (&second.key, second.remote.reached_at);
    let (local, remote) = (second.local.network.host(0), second.remote.network.host(0));
    let more = format!(
        "crypto ikev2 keyring KEYRING2
 peer PEER2
  address {peer}
  pre-shared-key {key}
 !
!
crypto ikev2 profile PROFILE2
 match identity remote address {peer} 255.255.255.255
 identity local address {own}
 authentication remote pre-share
 authentication local pre-share
 keyring local KEYRING2
 lifetime 28800
 dpd 10 2 periodic
!
crypto ipsec profile IPSEC2
 set transform-set TRANSFORMS
 set pfs group14
 set ikev2-profile PROFILE2
!
ip access-list extended PROTECTED2
 permit ip {local} 0.0.0.255 {remote} 0.0.0.255
!
interface Tunnel1
 ip address 169.254.1.1 255.255.255.252
 tunnel source GigabitEthernet1
 tunnel mode ipsec ipv4
 tunnel destination {peer}
 tunnel protection ipsec policy ipv4 PROTECTED2
 tunnel protection ipsec profile IPSEC2
!
ip route {remote} 255.255.255.0 Tunnel1
ip route 0.0.0.0",
        own = second.local.address,
    );
    first.replacen("ip route 0.0.0.0", &more, 1)
}

/// The hub at A, its good peer at B, the one that will flood at C; all tunnels are up.
fn hub_and_peers(world: &World) -> [Crossgate<'_>; 3] {
    hub_and_peers_with(world, IN_UDP)
}

/// The same with those arguments for all daemons.
pub fn hub_and_peers_with<'w>(world: &'w World, arguments: &[&str]) -> [Crossgate<'w>; 3] {
    world.add_third_site();
    let good = world.tunnel(End::B, Suite::CBC, Starts::Remote);
    let bad = world.tunnel(End::C, Suite::CBC, Starts::Remote);
    let start = |end, tunnel| Crossgate::start_at(world, end, Vendor::Ios, tunnel, arguments);
    let (at_b, at_c) = (start(End::B, &good), start(End::C, &bad));
    let hub = start(End::A, &good.mirrored());
    let first = Vendor::Ios.configuration(&good.mirrored());
    hub.reload(&with_another(&first, &bad.mirrored()));
    for from in [End::B, End::C] {
        ping::wait_for_answer(world, from);
    }
    [hub, at_b, at_c]
}

/// What the hub has counted: its named counters, and each tunnel's by the peer's network.
pub struct Counted(pub Value);

impl Counted {
    pub fn by(hub: &Crossgate<'_>) -> Self {
        Self(serde_json::from_str(&hub.exec("request json")).expect("JSON"))
    }

    pub fn named(&self, name: &str) -> u64 {
        self.0["counters"][name].as_u64().unwrap_or_default()
    }

    /// The Child's whose remote network that is.
    fn child(&self, remote: End) -> &Value {
        let network = remote.network().to_string();
        let connections = self.0["connections"].as_array().expect("connections");
        let mut children = connections
            .iter()
            .filter_map(|connection| connection["children"].as_array())
            .flatten();
        let child = children.find(|child| child["selectors"]["remote"] == network.as_str());
        child.unwrap_or_else(|| panic!("no Child towards {network}: {}", self.0))
    }

    pub fn total(&self, remote: End, name: &str) -> u64 {
        let total = &self.child(remote)["totals"][name];
        total.as_u64().expect("a counter")
    }

    pub fn spi_in(&self, remote: End) -> u32 {
        let spi = self.child(remote)["sas"][0]["spi_in"].as_str();
        u32::from_str_radix(spi.expect("an SA"), 16).expect("an SPI")
    }
}

/// Sends so many datagrams, the kinds by turns, from a socket of a node to the hub's port 4500.
pub fn flood(world: &World, node: &str, count: usize, datagram: impl Fn(usize) -> Vec<u8> + Send) {
    send(world, node, End::A.wan(), 4500, count, datagram);
}

pub fn send(
    world: &World,
    node: &str,
    to: Ipv4Addr,
    port: u16,
    count: usize,
    datagram: impl Fn(usize) -> Vec<u8> + Send,
) {
    world.inside(node, move || {
        let socket = UdpSocket::bind("0.0.0.0:0").expect("a socket");
        let mut next = Instant::now();
        for number in 0..count {
            if number.is_multiple_of(BURST) {
                sleep(next.saturating_duration_since(Instant::now()));
                next += PAUSE;
            }
            let sent = socket.send_to(&datagram(number), SocketAddrV4::new(to, port));
            sent.expect("the datagram leaves");
        }
    });
}

/// Header, IV, four blocks and an ICV, of which nothing is true but the SPI.
pub fn forged(spi: u32, number: usize) -> Vec<u8> {
    let sequence = 1_000_000 + number as u32;
    let mut packet = [spi.to_be_bytes(), sequence.to_be_bytes()].concat();
    packet.resize(8 + 16 + 64 + 16, number as u8);
    packet
}

/// Genuine datagrams from C to the hub, as they crossed the WAN.
fn overheard(world: &World, of: &Crossgate<'_>) -> Vec<Vec<u8>> {
    let capture = Capture::start_at(world, "to-c");
    assert_eq!(ping::answered(world, End::C), 3);
    let filter = format!("esp && udp && ip.src == {}", End::C.wan());
    let rows = decrypted(&capture.stop(), &of.key_tables(), &filter, &["udp.payload"]);
    let octet = |pair: &[u8]| {
        let text = std::str::from_utf8(pair).expect("digits");
        u8::from_str_radix(text, 16).expect("hexadecimal digits")
    };
    let payloads = rows.iter().map(|row| row[0].replace(':', ""));
    payloads
        .map(|digits| digits.as_bytes().chunks(2).map(octet).collect())
        .collect()
}

#[test]
fn a_stranger_who_floods_in_a_peers_name_harms_no_tunnel_and_is_counted() {
    let world = World::new(Nat::None);
    let [hub, _at_b, at_c] = hub_and_peers(&world);
    let genuine = overheard(&world, &at_c);
    assert_eq!(genuine.len(), 3, "pings of C's");
    let before = Counted::by(&hub);
    let (known, unknown) = (before.spi_in(End::C), 0x0bad_0bad);
    let steady = [End::A, End::B].map(|from| Steady::start(&world, from));
    let kinds = 5;
    flood(&world, "wan", FLOOD * kinds, |number| {
        match number % kinds {
            0 => forged(known, number),
            1 => forged(unknown, number),
            2 => genuine[number / kinds % genuine.len()].clone(),
            // No room for a header behind the SPI; and no SPI at all.
            3 => known.to_be_bytes().to_vec(),
            _ => vec![1, 2, 3],
        }
    });
    let names = [
        "in-bad-icv",
        "in-unknown-spi",
        "in-replayed",
        "in-not-esp",
        "runts-on-4500",
    ];
    let each = FLOOD as u64;
    let counts = wait_until("each packet of the flood in a counter", PATIENCE, || {
        let now = Counted::by(&hub);
        let found = names.map(|name| (name, now.named(name) - before.named(name)));
        let found = BTreeMap::from(found);
        // What the socket has no room for is counted too, but not by its kind.
        let lost = now.named("receive-queue-full") - before.named("receive-queue-full");
        (found.values().sum::<u64>() + lost == each * kinds as u64).then_some((found, lost))
    });
    steady.into_iter().for_each(Steady::stop_without_loss);
    assert_eq!(counts, (names.map(|name| (name, each)).into(), 0));
    let after = Counted::by(&hub);
    for (name, of_c) in [("auth_errors", each), ("replayed", each)] {
        let more = |end| after.total(end, name) - before.total(end, name);
        assert_eq!((more(End::B), more(End::C)), (0, of_c), "{name}");
    }
    // The peer itself goes on too.
    assert_eq!(ping::answered(&world, End::C), 3);
}

#[test]
fn a_peer_that_floods_its_tunnel_harms_no_other() {
    let world = World::new(Nat::None);
    let [hub, _at_b, at_c] = hub_and_peers(&world);
    let (before, sealed) = (Counted::by(&hub), Counted::by(&at_c));
    let steady = [End::A, End::B].map(|from| Steady::start(&world, from));
    let (node, to, count) = (End::C.lan_node(), End::A.host(), 3 * FLOOD);
    send(&world, node, to, 9, count, |number| vec![number as u8; 400]);
    wait_until("each packet of the peer's in a counter", PATIENCE, || {
        let (now, sent) = (Counted::by(&hub), Counted::by(&at_c));
        let of_peer = sent.total(End::A, "packets_out") - sealed.total(End::A, "packets_out");
        let received = now.total(End::C, "packets_in") - before.total(End::C, "packets_in");
        let lost = now.named("receive-queue-full") - before.named("receive-queue-full");
        (of_peer >= count as u64 * 9 / 10 && received + lost == of_peer).then_some(())
    });
    steady.into_iter().for_each(Steady::stop_without_loss);
}

/// The WAN takes less than the LAN gives, until the socket's buffer is full too.
#[test]
fn what_a_full_socket_takes_no_more_is_dropped_and_counted() {
    let world = World::new(Nat::None);
    let tunnel = world.tunnel(End::B, Suite::CBC, Starts::Remote);
    let start =
        |end, tunnel: &Tunnel| Crossgate::start_at(&world, end, Vendor::Ios, tunnel, IN_UDP);
    let (_theirs, ours) = (start(End::B, &tunnel), start(End::A, &tunnel.mirrored()));
    ping::wait_for_answer(&world, End::B);
    let (before, failed) = (Counted::by(&ours), ours.counter("esp-send-failed"));
    assert_eq!(failed, 0);
    let slow = "tc qdisc add dev wan root tbf rate 1mbit burst 20k limit 1g";
    world.shell(End::A.gateway_node(), slow);
    let (node, to) = (End::A.lan_node(), End::B.host());
    send(&world, node, to, 9, 3 * FLOOD, |number| {
        vec![number as u8; 1300]
    });
    let queued = world.shell(End::A.gateway_node(), "tc -s qdisc show dev wan");
    let after = Counted::by(&ours);
    let sealed = after.total(End::B, "packets_out") - before.total(End::B, "packets_out");
    let failed = ours.counter("esp-send-failed");
    assert!(
        (1..sealed).contains(&failed),
        "{failed} of {sealed}: {queued}"
    );
    world.shell(End::A.gateway_node(), "tc qdisc delete dev wan root");
    ping::wait_for_answer(&world, End::A);
    ping::assert_both_ways(&world);
}

/// One tunnel's way takes less than its LAN gives, and keeps what it hasn't sent; the other's goes out
/// of the same device and socket.
#[test]
fn a_tunnel_whose_way_is_full_harms_no_other() {
    for arguments in [IN_UDP, BARE] {
        the_way_of_one_is_full(arguments);
    }
}

fn the_way_of_one_is_full(arguments: &[&str]) {
    let world = World::new(Nat::None);
    let [hub, _at_b, _at_c] = hub_and_peers_with(&world, arguments);
    let gateway = End::A.gateway_node();
    let peer = End::C.wan();
    for line in [
        "tc qdisc add dev wan root handle 1: htb default 1",
        "tc class add dev wan parent 1: classid 1:1 htb rate 10gbit",
        "tc class add dev wan parent 1: classid 1:2 htb rate 10gbit",
        "tc qdisc add dev wan parent 1:2 handle 2: tbf rate 1mbit burst 20k limit 1g",
        "nft add table ip slow",
        "nft 'add chain ip slow out { type filter hook postrouting priority 0; }'",
        &format!("nft add rule ip slow out ip daddr {peer} meta priority set 1:2"),
    ] {
        run(world.command(gateway, "sh").args(["-c", line]));
    }
    let before = hub.counter("esp-send-failed");
    let steady = [End::A, End::B].map(|from| Steady::start(&world, from));
    let (node, to) = (End::A.lan_node(), End::C.host());
    send(&world, node, to, 9, 3 * FLOOD, |number| {
        vec![number as u8; 1300]
    });
    let queued = world.shell(gateway, "tc -s qdisc show dev wan");
    let failed = hub.counter("esp-send-failed") - before;
    assert!(failed > 0, "the way is not full: {queued}");
    steady.into_iter().for_each(Steady::stop_without_loss);
}
