//! What an established tunnel takes of memory: an answering end's IKE SA and Child SA by what its
//! engines ask of the allocator; and the resident memory of a daemon that has many.
//!
//! `cargo bench -p crossgate --bench memory`; `TUNNELS=4000 DAEMON=1000` are the defaults. The second
//! part makes namespaces, as root; `DAEMON=0` leaves it out.

#![allow(
    clippy::disallowed_methods,
    reason = "a benchmark reads the clock, unlike what lies below `gateway`"
)]
#![allow(dead_code, reason = "the tests use the rest of it")]

#[path = "../tests/support/mod.rs"]
mod support;

use crossgate_diag::Sources;
use crossgate_esp::{DataPlane, Policy};
use crossgate_ike::{Datagram, Engine, Output};
use crossgate_model::operate::{Operation, Outcome};
use crossgate_model::{Gateway, Time};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use std::alloc::System;
use std::env;
use std::fmt::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use support::crossgate::Crossgate;
use support::process::wait_until;
use support::vendors::Vendor;
use support::world::{End, Nat, World};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Octets, all included.
const GOAL: f64 = 8192.0;

fn main() {
    let number = |name, otherwise: u32| {
        let given = env::var(name).ok().and_then(|text| text.parse().ok());
        given.unwrap_or(otherwise)
    };
    in_engines(number("TUNNELS", 4000));
    match number("DAEMON", 1000) {
        0 => {}
        tunnels => in_a_daemon(tunnels),
    }
}

fn say(what: &str, octets: f64) {
    let reached = match octets <= GOAL {
        true => "reached",
        false => "not reached",
    };
    println!("{what}: {octets:.0} octets (at most {GOAL}: {reached})");
}

/// What is allocated and not given back.
fn held() -> f64 {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated as f64 - stats.bytes_deallocated as f64
}

fn held_by<T>(make: impl FnOnce() -> T) -> (T, f64) {
    let before = held();
    let made = make();
    (made, held() - before)
}

/// Tunnels of the guide's suite between one hub and many sites; each end in PAN-OS's words.
struct Ends {
    /// Of the end whose text it is.
    own: Ipv4Addr,
    network: &'static str,
    tunnels: String,
    count: u32,
}

impl Ends {
    fn new(own: Ipv4Addr, network: &'static str) -> Self {
        Self {
            own,
            network,
            tunnels: String::new(),
            count: 0,
        }
    }

    /// `peer` is `ip A.B.C.D` or `dynamic`.
    fn add(
        &mut self,
        n: u32,
        peer: &str,
        [local_id, peer_id]: [&str; 2],
        [local, remote]: [&str; 2],
    ) {
        self.count += 1;
        let gateway = format!("set network ike gateway PEER{n}");
        let tunnel = format!("set network tunnel ipsec SITE{n}");
        let passive = if peer == "dynamic" { "yes" } else { "no" };
        let lines = [
            format!("{gateway} authentication pre-shared-key key key-of-the-laboratory"),
            format!("{gateway} protocol version ikev2"),
            format!("{gateway} protocol ikev2 ike-crypto-profile PROFILE"),
            format!("{gateway} protocol-common passive-mode {passive}"),
            format!(
                "{gateway} local-address interface ethernet1/1 ip {}/24",
                self.own
            ),
            format!("{gateway} peer-address {peer}"),
            format!("{gateway} local-id type fqdn id {local_id}"),
            format!("{gateway} peer-id type fqdn id {peer_id}"),
            format!("{tunnel} tunnel-interface tunnel.1"),
            format!("{tunnel} auto-key ike-gateway PEER{n}"),
            format!("{tunnel} auto-key ipsec-crypto-profile PROFILE"),
            format!("{tunnel} auto-key proxy-id lan local {local}"),
            format!("{tunnel} auto-key proxy-id lan remote {remote}"),
        ];
        for line in lines {
            let _ = writeln!(self.tunnels, "{line}");
        }
    }

    fn text(&self) -> String {
        let profiles = "set network ike crypto-profiles";
        format!(
            "set deviceconfig system hostname memory
set network interface ethernet ethernet1/1 layer3 ip {own}/24
set network interface ethernet ethernet1/2 layer3 ip {inside}
set network interface tunnel units tunnel.1 comment sites
set network virtual-router default interface [ ethernet1/1 ethernet1/2 tunnel.1 ]
{profiles} ike-crypto-profiles PROFILE encryption aes-256-cbc
{profiles} ike-crypto-profiles PROFILE hash sha256
{profiles} ike-crypto-profiles PROFILE dh-group group14
{profiles} ike-crypto-profiles PROFILE lifetime hours 8
{profiles} ipsec-crypto-profiles PROFILE esp encryption aes-256-cbc
{profiles} ipsec-crypto-profiles PROFILE esp authentication sha256
{profiles} ipsec-crypto-profiles PROFILE dh-group group14
{profiles} ipsec-crypto-profiles PROFILE lifetime hours 1
{tunnels}",
            own = self.own,
            inside = self.network,
            tunnels = self.tunnels,
        )
    }
}

fn site(n: u32) -> (String, String) {
    let network = format!("10.{}.{}.0/24", 100 + n / 256, n % 256);
    (format!("site{n}.example"), network)
}

const HUB_ID: &str = "hub.example";
const HUB_NETWORK: &str = "10.20.20.0/24";

fn gateway(text: &str) -> Arc<Gateway> {
    let mut sources = Sources::new();
    let file = sources.add("memory", text);
    let reading = crossgate_panos::read(&mut sources, file).expect("a configuration");
    Arc::new(reading.gateway)
}

fn random(seed: u64) -> Box<ChaCha20Rng> {
    Box::new(ChaCha20Rng::seed_from_u64(seed))
}

/// An engine with its data plane, and the messages that it sends.
struct Gate {
    ike: Engine,
    esp: DataPlane,
    sent: Vec<(SocketAddr, SocketAddr, Vec<u8>)>,
    installed: u32,
}

impl Gate {
    fn new(gateway: Arc<Gateway>, seed: u64) -> Self {
        let policies = Policy::all_of(&gateway);
        Self {
            ike: Engine::new(gateway, random(seed)),
            esp: DataPlane::new(policies, random(seed + 1)),
            sent: Vec::new(),
            installed: 0,
        }
    }

    fn drain(&mut self, now: Time) {
        while let Some(output) = self.ike.poll_output() {
            match output {
                Output::Transmit {
                    local,
                    remote,
                    payload,
                } => self.sent.push((local, remote, payload)),
                Output::InstallChild(sa) => {
                    self.esp.install(now, *sa).expect("installed");
                    self.installed += 1;
                }
                _ => {}
            }
        }
    }

    fn take(&mut self, now: Time, sent: Vec<(SocketAddr, SocketAddr, Vec<u8>)>) {
        for (local, remote, payload) in sent {
            let datagram = Datagram {
                local: remote,
                remote: local,
                payload: &payload,
            };
            self.ike.handle(now, datagram);
            self.drain(now);
        }
    }
}

fn in_engines(tunnels: u32) {
    let hub_address = Ipv4Addr::new(198, 18, 255, 1);
    let mut ends = Ends::new(hub_address, "10.20.20.1/24");
    let address = |n: u32| Ipv4Addr::from(u32::from(Ipv4Addr::new(198, 18, 0, 1)) + n);
    for n in 0..tunnels {
        let (id, network) = site(n);
        let peer = format!("ip {}", address(n));
        ends.add(n, &peer, [HUB_ID, &id], [HUB_NETWORK, &network]);
    }
    let text = ends.text();
    let (of_hub, configured) = held_by(|| gateway(&text));
    drop(text);
    let policies = Policy::all_of(&of_hub);
    let (_, of_policies) = held_by(|| DataPlane::new(policies, random(0)));
    let (mut hub, prepared) = held_by(|| Gate::new(of_hub, 1));
    let before = held();
    for n in 0..tunnels {
        // One after the other, well within an hour.
        let now = Time::START + Duration::from_millis(u64::from(n) * 100);
        let (id, network) = site(n);
        let mut ends = Ends::new(address(n), "10.30.30.1/24");
        let hub_at = format!("ip {hub_address}");
        ends.add(n, &hub_at, [&id, HUB_ID], [&network, HUB_NETWORK]);
        let mut peer = Gate::new(gateway(&ends.text()), u64::from(n) + 2);
        let initiate = Operation::InitiateChild { tunnel: None };
        let outcome = peer.ike.operate(now, &initiate);
        assert!(matches!(outcome, Outcome::Done { .. }), "{outcome:?}");
        peer.drain(now);
        while !peer.sent.is_empty() {
            hub.take(now, std::mem::take(&mut peer.sent));
            peer.take(now, std::mem::take(&mut hub.sent));
        }
        assert_eq!(hub.installed, n + 1, "site {n}'s tunnel");
    }
    let established = held() - before;
    let each = f64::from(tunnels);
    println!("{tunnels} tunnels at the end that answers, by the allocator, each:");
    println!(
        "  its configuration {:.0} octets, what the engines make of it {:.0}",
        configured / each,
        prepared / each
    );
    say("  IKE SA and Child SA", established / each);
    let all = held();
    drop(hub.esp);
    let of_sas = all - held() - of_policies;
    println!("  of which in the data plane {:.0}", of_sas / each);
}

/// The sites are one daemon at one address, told apart by their identities.
fn in_a_daemon(tunnels: u32) {
    let world = World::new(Nat::None);
    let (mut hub, mut sites) = (
        Ends::new(End::A.wan(), "10.10.10.1/24"),
        Ends::new(End::B.wan(), "10.20.20.1/24"),
    );
    for n in 0..tunnels {
        let (id, network) = site(n);
        let hub_at = format!("ip {}", End::A.wan());
        hub.add(n, "dynamic", [HUB_ID, &id], [HUB_NETWORK, &network]);
        sites.add(n, &hub_at, [&id, HUB_ID], [&network, HUB_NETWORK]);
    }
    let start =
        |end, ends: &Ends| Crossgate::start_with(&world, end, Vendor::PanOs, &ends.text(), &[]);
    let (hub, sites) = (start(End::A, &hub), start(End::B, &sites));
    let before = hub.resident();
    for n in 0..tunnels {
        sites.exec(&format!("test vpn ipsec-sa tunnel SITE{n}"));
        if n % 50 == 49 || n + 1 == tunnels {
            wait_until("the tunnels", Duration::from_secs(60), || {
                // Not asked at the end that is measured: to tell takes memory, too.
                (sites.counter("child-sa-installed") > u64::from(n)).then_some(())
            });
        }
    }
    let after = hub.resident();
    println!(
        "a daemon that answers {tunnels} sites: resident {:.0} KiB once it has its configuration, {:.0} KiB with all",
        before / 1024.0,
        after / 1024.0
    );
    println!("tunnels up; what reading the configuration has left free is used first");
}
