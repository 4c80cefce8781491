//! The door of the tests: a gateway in a few words, packets, and what becomes of them.
//!
//! A gateway's lines, in any order:
//! `interface NAME ADDRESS [zone Z] [router R] [in LIST] [out LIST] [down] [tunnel]` (ADDRESS may be
//! `-`),
//! `route NET [dev NAME] [via ADDRESS] [discard] [distance N] [metric N] [router R]`,
//! `rule NAME allow|deny from Z to Z [source A] [destination A] [application N] [service N]
//! [negate-source] [disabled]`, `nat NAME from Z to Z [source A] [destination A] [list L]
//! [interface NAME | address A | keep]`, `list NAME permit|deny NET NET [PROTOCOL [PORT]]`,
//! `address NAME NET|FIRST-LAST|fqdn:NAME|group:A,B`, `service NAME PROTOCOL PORT`,
//! `map INTERFACE NET NET` (a crypto map's Child there).
//!
//! A packet's line: `[at SECONDS] INTERFACE SOURCE > DESTINATION icmp|esp|udp PORT|tcp PORT`, with
//! `in` or `out` in front for one to or from the gateway itself.

use crossgate_diag::{FileId, Sources};
use crossgate_firewall::{Firewall, Flow, Outcome, Step, Verdict, Way};
use crossgate_model::*;
use expect_test::Expect;
use ipnet::IpNet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

pub fn check(config: &str, packets: &str, expected: Expect) {
    let gateway = Arc::new(gateway(config));
    let [mut telling, mut quick, mut mixed] = [(); 3].map(|()| Firewall::new(gateway.clone()));
    let mut said = Vec::new();
    for (index, line) in lines(packets).enumerate() {
        let verdict = send(&mut telling, line);
        assert_eq!(*decide(&mut quick, line), verdict.outcome, "{line}");
        match index % 2 {
            0 => assert_eq!(*decide(&mut mixed, line), verdict.outcome, "{line}"),
            _ => assert_eq!(send(&mut mixed, line).outcome, verdict.outcome, "{line}"),
        }
        said.push(told(&verdict));
    }
    expected.assert_eq(&(said.join("\n") + "\n"));
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty())
}

/// A line's time, way, interface and packet.
fn parsed(line: &str) -> (Time, Way, String, Flow) {
    let mut words: Vec<&str> = line.split_whitespace().collect();
    let mut now = Time::START;
    if words[0] == "at" {
        now = Time::after_start(Duration::from_secs(words[1].parse().unwrap()));
        words.drain(..2);
    }
    let way = match words[0] {
        "in" => Way::Input,
        "out" => Way::Output,
        _ => Way::Forward,
    };
    if way != Way::Forward {
        words.remove(0);
    }
    (now, way, words[0].to_owned(), flow(&words[1..]))
}

fn decide(firewall: &mut Firewall, line: &str) -> Arc<Outcome> {
    let (now, way, interface, flow) = parsed(line);
    let interface = firewall.interface_id(&interface);
    firewall.decide(now, way, interface, &flow, |decided| {
        decided.outcome.clone()
    })
}

fn send(firewall: &mut Firewall, line: &str) -> Verdict {
    let (now, way, interface, flow) = parsed(line);
    match way {
        Way::Input => firewall.input(now, &interface, flow),
        Way::Output => firewall.output(now, &interface, flow),
        Way::Forward => firewall.forward(now, &interface, flow),
    }
}

fn told(verdict: &Verdict) -> String {
    let steps: Vec<String> = verdict.steps.iter().map(step).collect();
    let outcome = match &verdict.outcome {
        Outcome::Local => "local".to_owned(),
        Outcome::Drop(reason) => format!("drop {reason}"),
        Outcome::Forward { hop, flow } => {
            let via = hop.next_hop.map(|via| format!(" via {via}"));
            let via = via.unwrap_or_default();
            format!("{}{via}: {flow}", hop.interface)
        }
    };
    format!("{outcome} [{}]", steps.join(", "))
}

fn flow(words: &[&str]) -> Flow {
    let (source, destination) = (ip(words[0]), ip(words[2]));
    let port = words.get(4).map_or(0, |port| port.parse().unwrap());
    match words[3] {
        "icmp" => Flow::echo(source, destination, port),
        "esp" => Flow::esp(source, destination),
        "udp" => Flow::udp((source, port), (destination, port)),
        "tcp" => Flow {
            protocol: 6,
            source_port: 40_000,
            ..Flow::udp((source, 0), (destination, port))
        },
        "tcp-from" => Flow {
            protocol: 6,
            destination_port: 40_000,
            ..Flow::udp((source, port), (destination, 0))
        },
        other => panic!("no such packet: {other}"),
    }
}

fn step(step: &Step) -> String {
    match step {
        Step::Filter { list, entry, .. } => match entry {
            Some(entry) => format!("filter {} {}", list.value, entry.value),
            None => format!("filter {} end", list.value),
        },
        Step::Session => "session".into(),
        Step::Route(route) => match &route.destination {
            Some(to) => format!("route {}", to.value),
            None => "connected".into(),
        },
        Step::Nat { rule, to } => match to {
            Some(to) => format!("nat {} to {to}", rule.value),
            None => format!("nat {} keeps", rule.value),
        },
        Step::Zones { from, to } => {
            let name = |zone: &Option<Spanned<String>>| {
                zone.as_ref()
                    .map_or("?".to_owned(), |zone| zone.value.clone())
            };
            format!("{}>{}", name(from), name(to))
        }
        Step::Rule { name, .. } => format!("rule {}", name.value),
        Step::Undecided { rule, why } => format!("undecided {}: {why}", rule.value),
    }
}

pub fn gateway(config: &str) -> Gateway {
    let mut gateway = Gateway {
        dialect: "test",
        hostname: None,
        release: None,
        behaviour: Behaviour::rfc7296(),
        interfaces: Vec::new(),
        routes: Vec::new(),
        connections: Vec::new(),
        limits: Limits::default(),
        policy: Policy::default().into(),
        throughput_cap: None,
        certificates: Vec::new(),
    };
    for line in lines(config) {
        let mut words = Words(line.split_whitespace().collect());
        read(&mut gateway, &mut words);
        assert!(words.0.is_empty(), "left over: {:?} of {line}", words.0);
    }
    gateway
}

fn read(gateway: &mut Gateway, words: &mut Words<'_>) {
    let policy = Arc::make_mut(&mut gateway.policy);
    match words.next() {
        "interface" => gateway.interfaces.push(interface(words)),
        "route" => gateway.routes.push(route(words)),
        "rule" => {
            policy.zones_need_rules = true;
            policy.security_rules.push(rule(words));
        }
        "zones" => policy.zones_need_rules = true,
        "zone" => {
            policy.zones.push(Zone {
                name: stated(words.next()),
                interfaces: vec![stated(words.next())],
            });
        }
        "nat" => policy.nat_rules.push(nat(words)),
        "list" => {
            let (name, entry) = (words.next(), entry(words));
            match policy
                .access_lists
                .iter_mut()
                .find(|l| l.name.value == name)
            {
                Some(list) => list.entries.push(entry),
                None => policy.access_lists.push(AccessList {
                    name: stated(name),
                    entries: vec![entry],
                }),
            }
        }
        "address" => policy.addresses.push(AddressObject {
            name: stated(words.next()),
            value: address(words.next()),
        }),
        "service" => policy.services.push(ServiceObject {
            name: stated(words.next()),
            value: ServiceValue::Ports {
                protocol: words.number() as u8,
                source: Vec::new(),
                destination: {
                    let port = words.number() as u16;
                    vec![port..=port]
                },
            },
        }),
        "map" => gateway.connections.push(map(words)),
        other => panic!("no such line: {other}"),
    }
}

struct Words<'a>(Vec<&'a str>);

impl<'a> Words<'a> {
    fn next(&mut self) -> &'a str {
        self.0.remove(0)
    }

    fn number(&mut self) -> u32 {
        self.next().parse().unwrap()
    }

    fn flag(&mut self, word: &str) -> bool {
        let at = self.0.iter().position(|w| *w == word);
        at.map(|at| self.0.remove(at)).is_some()
    }

    fn after(&mut self, word: &str) -> Option<&'a str> {
        let at = self.0.iter().position(|w| *w == word)?;
        self.0.remove(at);
        Some(self.0.remove(at))
    }

    fn name(&mut self, word: &str) -> Option<Spanned<String>> {
        self.after(word).map(stated)
    }

    fn names(&mut self, word: &str) -> Vec<Spanned<String>> {
        let names = self.after(word).unwrap_or("any");
        names.split(',').map(stated).collect()
    }

    fn n(&mut self, word: &str, default: u32) -> u32 {
        self.after(word).map_or(default, |n| n.parse().unwrap())
    }
}

/// As if a line of a file stated it.
fn stated(text: &str) -> Spanned<String> {
    Spanned::at(text.to_owned(), Span::new(file(), 0..1))
}

fn file() -> FileId {
    Sources::new().add("test", String::new())
}

fn given<T>(value: T) -> Spanned<T> {
    Spanned::default_of(value)
}

fn ip(text: &str) -> IpAddr {
    text.parse()
        .unwrap_or_else(|_| panic!("no address: {text}"))
}

fn net(text: &str) -> IpNet {
    match text {
        "any" => "0.0.0.0/0".parse().unwrap(),
        _ => text
            .parse()
            .unwrap_or_else(|_| panic!("no network: {text}")),
    }
}

fn interface(words: &mut Words<'_>) -> Interface {
    let name = stated(words.next());
    let addresses = match words.next() {
        "-" => Vec::new(),
        address => vec![given(net(address))],
    };
    Interface {
        name,
        kind: match words.flag("tunnel") {
            true => InterfaceKind::Tunnel,
            false => InterfaceKind::Physical,
        },
        description: None,
        addresses,
        learnt_address: None,
        enabled: given(!words.flag("down")),
        mtu: None,
        tcp_mss: None,
        zone: words.name("zone"),
        virtual_router: words.name("router"),
        filter_in: words.name("in"),
        filter_out: words.name("out"),
        bandwidth: None,
    }
}

fn route(words: &mut Words<'_>) -> Route {
    let destination = given(net(words.next()));
    let via = words.after("via").map(|via| given(ip(via)));
    Route {
        name: None,
        destination,
        via: match (words.name("dev"), via) {
            (Some(interface), Some(via)) => NextHop::Both(interface, via),
            (Some(interface), None) => NextHop::Interface(interface),
            (None, Some(via)) => NextHop::Address(via),
            (None, None) => {
                assert!(words.flag("discard"));
                NextHop::Discard
            }
        },
        distance: words.n("distance", 1) as u8,
        metric: words.n("metric", 0),
        virtual_router: words.name("router"),
    }
}

fn rule(words: &mut Words<'_>) -> SecurityRule {
    SecurityRule {
        name: stated(words.next()),
        action: given(match words.next() {
            "allow" => Action::Allow,
            _ => Action::Deny,
        }),
        from: words.names("from"),
        to: words.names("to"),
        source: words.names("source"),
        destination: words.names("destination"),
        application: words.names("application"),
        service: words.names("service"),
        negate_source: words.flag("negate-source"),
        negate_destination: words.flag("negate-destination"),
        enabled: !words.flag("disabled"),
    }
}

fn nat(words: &mut Words<'_>) -> NatRule {
    NatRule {
        name: stated(words.next()),
        access_list: words.name("list"),
        from: words.names("from"),
        to: words.names("to"),
        source: words.names("source"),
        destination: words.names("destination"),
        service: words.name("service"),
        source_translation: match (words.name("interface"), words.name("address")) {
            (Some(interface), _) => SourceTranslation::Interface(interface),
            (None, Some(address)) => SourceTranslation::Addresses(vec![address]),
            (None, None) => {
                assert!(words.flag("keep"));
                SourceTranslation::None
            }
        },
        enabled: !words.flag("disabled"),
    }
}

fn entry(words: &mut Words<'_>) -> AccessEntry {
    let action = match words.next() {
        "permit" => Action::Allow,
        _ => Action::Deny,
    };
    let mut pair = SelectorPair {
        local: Selector::net(net(words.next())),
        remote: Selector::net(net(words.next())),
    };
    if !words.0.is_empty() {
        let protocol = words.number() as u8;
        let port = (!words.0.is_empty()).then(|| words.number() as u16);
        pair.local = pair.local.only(protocol, 0..=u16::MAX);
        pair.remote = pair
            .remote
            .only(protocol, port.unwrap_or(0)..=port.unwrap_or(u16::MAX));
    }
    AccessEntry {
        action: given(action),
        selectors: Some(given(pair)),
    }
}

fn address(text: &str) -> AddressValue {
    if let Some(name) = text.strip_prefix("fqdn:") {
        return AddressValue::Fqdn(stated(name));
    }
    if let Some(members) = text.strip_prefix("group:") {
        return AddressValue::Group(members.split(',').map(stated).collect());
    }
    match text.split_once('-') {
        Some((first, last)) => AddressValue::Range(given((ip(first), ip(last)))),
        None => AddressValue::Net(given(net(text))),
    }
}

/// A connection whose only Child is a crypto map's on that interface.
fn map(words: &mut Words<'_>) -> Connection {
    let interface = stated(words.next());
    let selectors = SelectorPair {
        local: Selector::net(net(words.next())),
        remote: Selector::net(net(words.next())),
    };
    let seconds = Duration::from_secs;
    let psk = || given(Auth::Psk(PresharedKey::Missing));
    Connection {
        name: stated("peer"),
        version: given(IkeVersion::V2),
        local: LocalEnd {
            interface: Some(interface),
            address: None,
        },
        remote: RemoteEnd::Any,
        proposals: Vec::new(),
        local_identity: given(Identity::Fqdn("here".into())),
        remote_identities: Vec::new(),
        local_auth: psk(),
        remote_auth: psk(),
        certificates: CertificateUse::default(),
        post_quantum: None,
        lifetime: given(seconds(86_400)),
        liveness: None,
        nat: Nat {
            enabled: given(true),
            force_encapsulation: given(false),
            agrees_on_udp: false,
            keepalive: given(seconds(20)),
        },
        fragmentation: None,
        initiation: given(Initiation::OnTraffic),
        enabled: given(true),
        children: vec![Child {
            name: stated("child"),
            tunnel: stated("map"),
            tunnel_interface: None,
            selectors: given(selectors),
            responder_selectors: Claim::new(
                behaviour::ResponderSelectors::Narrow,
                Certainty::Rfc,
                "a test",
            ),
            proposals: Vec::new(),
            pfs: None,
            lifetime: Lifetime {
                time: given(seconds(3600)),
                kilobytes: None,
                idle: None,
            },
            replay_window: given(64),
            oversize: Default::default(),
            enabled: given(true),
        }],
    }
}
