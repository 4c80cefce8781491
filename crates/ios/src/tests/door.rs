//! Reads a text and prints what came of it, compactly.

use crate::Reading;
use crossgate_crypto::Secret;
use crossgate_diag::{Finding, Severity, Sources, Spanned};
use crossgate_model::{
    Action, Auth, Child, Connection, EspProposal, Gateway, IkeProposal, IkeVersion, Interface,
    NatRule, NextHop, PresharedKey, Route, SourceTranslation,
};
use expect_test::{Expect, ExpectFile};
use std::fmt::{Display, Write};

pub(super) struct Read {
    pub sources: Sources,
    pub reading: Reading,
}

pub(super) fn read(text: &str) -> Read {
    let mut sources = Sources::new();
    let file = sources.add("test.cfg", text);
    let reading = crate::read(&mut sources, file).expect("an IOS configuration");
    assert_eq!(reading.tree.print(text), text, "the tree keeps every byte");
    Read { sources, reading }
}

/// The gateway, and findings that are more than notes.
pub(super) fn check(text: &str, expected: impl Expected) {
    let read = read(text);
    expected.is(&(gateway(&read.reading.gateway) + &warnings(&read)));
}

/// Findings that are more than notes, and nothing else.
pub(super) fn check_warnings(text: &str, expected: impl Expected) {
    expected.is(&warnings(&read(text)));
}

fn warnings(read: &Read) -> String {
    let findings = read.reading.findings.iter();
    findings
        .filter(|finding| finding.severity > Severity::Note)
        .map(|finding| line(&read.sources, finding) + "\n")
        .collect()
}

/// All findings, notes as well, and nothing else.
pub(super) fn check_findings(text: &str, expected: impl Expected) {
    expected.is(&all_findings(&read(text)));
}

pub(super) fn all_findings(read: &Read) -> String {
    let findings = read.reading.findings.iter();
    let lines = findings.map(|finding| line(&read.sources, finding) + "\n");
    lines.collect()
}

/// A snapshot beside the test, or in a file.
pub(super) trait Expected {
    fn is(self, actual: &str);
}

impl Expected for Expect {
    fn is(self, actual: &str) {
        self.assert_eq(actual);
    }
}

impl Expected for ExpectFile {
    fn is(self, actual: &str) {
        self.assert_eq(actual);
    }
}

/// `error[code] 3:7 5:1 title | text of the first label`.
fn line(sources: &Sources, finding: &Finding) -> String {
    let mut out = format!("{}[{}]", finding.severity.word(), finding.code);
    for label in &finding.labels {
        let at = sources.position(label.span);
        let end = label.span.end - label.span.start;
        let _ = write!(out, " {}:{}+{end}", at.line, at.column);
    }
    let _ = write!(out, " {}", finding.title);
    if let Some(label) = finding.labels.first().filter(|l| !l.text.is_empty()) {
        let _ = write!(out, " | {}", label.text);
    }
    out
}

pub(super) fn gateway(gateway: &Gateway) -> String {
    let mut out = String::new();
    let name = gateway.hostname.as_ref().map_or("-", |h| h.value.as_str());
    let _ = writeln!(out, "{name} {}", gateway.behaviour.name);
    gateway
        .interfaces
        .iter()
        .for_each(|i| interface(&mut out, i));
    gateway.routes.iter().for_each(|r| route(&mut out, r));
    for list in &gateway.policy.access_lists {
        let _ = writeln!(out, "list {}", list.name.value);
        for entry in &list.entries {
            let action = match entry.action.value {
                Action::Allow => "permit",
                Action::Deny => "deny",
            };
            let pair = entry.selectors.as_ref();
            let pair = pair.map_or("no selector".into(), |p| p.value.to_string());
            let _ = writeln!(out, "  {action} {pair}");
        }
    }
    gateway
        .policy
        .nat_rules
        .iter()
        .for_each(|rule| nat_rule(&mut out, rule));
    if let Some(cap) = gateway.throughput_cap {
        let _ = writeln!(out, "cap {} bit/s {} tunnels", cap.bits, cap.tunnels);
    }
    for certificate in &gateway.certificates {
        let kind = if certificate.is_authority {
            "CA"
        } else {
            "own"
        };
        let (name, octets) = (&certificate.name.value, certificate.der.len());
        let _ = writeln!(out, "certificate {name} {kind} {octets} octets");
    }
    gateway
        .connections
        .iter()
        .for_each(|c| connection(&mut out, c));
    out
}

fn nat_rule(out: &mut String, rule: &NatRule) {
    let names = |names: &[Spanned<String>]| {
        let names: Vec<_> = names.iter().map(|name| name.value.as_str()).collect();
        names.join(",")
    };
    let by = match &rule.access_list {
        Some(list) => format!("list {}", list.value),
        None => names(&rule.source),
    };
    let to = match &rule.source_translation {
        SourceTranslation::None => "itself".into(),
        SourceTranslation::Interface(name) => name.value.clone(),
        SourceTranslation::Addresses(addresses) => names(addresses),
    };
    let (from, towards) = (names(&rule.from), names(&rule.to));
    let name = &rule.name.value;
    let _ = writeln!(out, "nat {name:?} {from} -> {towards} by {by} to {to}");
}

fn interface(out: &mut String, interface: &Interface) {
    let _ = write!(out, "{} {:?}", interface.name.value, interface.kind);
    for net in &interface.addresses {
        let _ = write!(out, " {}", net.value);
    }
    for (name, value) in [("mtu", interface.mtu), ("mss", interface.tcp_mss)] {
        if let Some(value) = value {
            let _ = write!(out, " {name} {}", value.value);
        }
    }
    for (name, filter) in [("in", &interface.filter_in), ("out", &interface.filter_out)] {
        if let Some(filter) = filter {
            let _ = write!(out, " {name} {}", filter.value);
        }
    }
    // What the kind of interface means is nothing that a line says.
    if let Some(bits) = interface.bandwidth.filter(|bits| bits.span.is_some()) {
        let _ = write!(out, " {} bit/s", bits.value);
    }
    let enabled = if interface.enabled.value { "" } else { " shut" };
    let text = interface
        .description
        .as_ref()
        .map(|d| format!(" {:?}", d.value));
    let _ = writeln!(out, "{enabled}{}", text.unwrap_or_default());
}

fn route(out: &mut String, route: &Route) {
    let via = match &route.via {
        NextHop::Interface(name) => name.value.clone(),
        NextHop::Address(address) => address.value.to_string(),
        NextHop::Both(name, address) => format!("{} {}", name.value, address.value),
        NextHop::Discard => "discard".into(),
    };
    let name = route.name.as_ref().map(|n| format!(" {:?}", n.value));
    let name = name.unwrap_or_default();
    let (to, distance) = (route.destination.value, route.distance);
    let _ = writeln!(out, "route {to} via {via} [{distance}]{name}");
}

fn connection(out: &mut String, c: &Connection) {
    let source = c.local.interface.as_ref().map_or("-", |i| i.value.as_str());
    let address = c.local.address.map_or("-".into(), |a| a.value.to_string());
    let shut = if c.enabled.value { "" } else { " disabled" };
    let start = c.initiation.value;
    let old = match c.version.value {
        IkeVersion::V2 => "",
        IkeVersion::V2Preferred | IkeVersion::V1 => " IKEv1",
    };
    let _ = writeln!(out, "connection {} {start:?}{shut}{old}", c.name.value);
    if let Some(kind) = c.post_quantum {
        let _ = writeln!(out, "  {:?}", kind.value);
    }
    let trust = &c.certificates;
    let listed = |names: &[Spanned<String>]| {
        names
            .iter()
            .map(|n| format!(" {}", n.value))
            .collect::<String>()
    };
    let own = trust.own.as_ref().map_or("-", |own| own.value.as_str());
    if trust.own.is_some() || !trust.trusted.is_empty() || !trust.undefined.is_empty() {
        let (trusted, undefined) = (listed(&trust.trusted), listed(&trust.undefined));
        let _ = writeln!(out, "  shows {own} trusts{trusted} undefined{undefined}");
    }
    let _ = writeln!(out, "  {source} {address} -> {}", c.remote);
    let remote: Vec<_> = c.remote_identities.iter().map(|i| i.to_string()).collect();
    let _ = writeln!(out, "  {} | {}", c.local_identity.value, remote.join(", "));
    let auth = (auth(&c.local_auth), auth(&c.remote_auth));
    let _ = writeln!(out, "  auth {} | {}", auth.0, auth.1);
    c.proposals.iter().for_each(|p| ike_proposal(out, p));
    let _ = write!(out, "  life {}", c.lifetime.as_secs());
    if let Some(live) = &c.liveness {
        let waits = &live.retransmission.waits;
        let wait = waits.first().map_or(0, |w| w.as_secs());
        let kind = if live.on_demand {
            "on demand"
        } else {
            "periodic"
        };
        let interval = live.interval.as_secs();
        let _ = write!(out, " dpd {interval} {}x{wait} {kind}", waits.len());
    }
    if let Some(octets) = c.fragmentation {
        let _ = write!(out, " fragments {}", octets.value);
    }
    let nat = &c.nat;
    if let Some(span) = nat.keepalive.span {
        let _ = write!(out, " keepalive {}", nat.keepalive.as_secs());
        let _ = span;
    }
    let forced = if nat.force_encapsulation.value {
        " forced"
    } else {
        ""
    };
    let off = if nat.enabled.value { "" } else { " no nat-t" };
    let _ = writeln!(out, "{forced}{off}");
    c.children.iter().for_each(|child_sa| child(out, child_sa));
}

/// Shows that a key is there, and that it is the right one by two of its octets.
fn auth(auth: &Auth) -> String {
    match auth {
        Auth::Psk(PresharedKey::Known(key)) => key_hint(key),
        Auth::Psk(PresharedKey::Encrypted) => "encrypted".into(),
        Auth::Psk(PresharedKey::Missing) => "missing".into(),
        other => other.name().into(),
    }
}

fn key_hint(key: &Secret) -> String {
    let octets = key.expose();
    let last = octets.last().map_or(0, |octet| *octet);
    format!("key({}, ..{})", octets.len(), last.escape_ascii())
}

fn list<T: Display>(values: &[Spanned<T>]) -> String {
    let values: Vec<_> = values.iter().map(|v| v.value.to_string()).collect();
    values.join(",")
}

fn ike_proposal(out: &mut String, p: &IkeProposal) {
    let name = p.name.as_ref().map_or("default", |n| n.value.as_str());
    let _ = writeln!(
        out,
        "  ike {name}: {} / {} / {} / {}",
        list(&p.encr),
        list(&p.integ),
        list(&p.prf),
        list(&p.groups)
    );
}

fn esp_proposal(p: &EspProposal) -> String {
    let name = p.name.as_ref().map_or("default", |n| n.value.as_str());
    let esn = if p.esn { " esn" } else { "" };
    format!("{name}: {} / {}{esn}", list(&p.encr), list(&p.integ))
}

fn child(out: &mut String, c: &Child) {
    let shut = if c.enabled.value { "" } else { " disabled" };
    let via = c
        .tunnel_interface
        .as_ref()
        .map_or("policy", |i| i.value.as_str());
    let mode = c.responder_selectors.value;
    let _ = writeln!(
        out,
        "  child {} via {via}: {} {mode:?}{shut}",
        c.name.value, c.selectors.value
    );
    let esp: Vec<_> = c.proposals.iter().map(esp_proposal).collect();
    let pfs = c.pfs.map_or("none".into(), |g| g.value.to_string());
    let kilobytes = c
        .lifetime
        .kilobytes
        .map_or("-".into(), |k| k.value.to_string());
    let idle = c.lifetime.idle.map(|i| format!(" idle {}", i.as_secs()));
    let _ = writeln!(
        out,
        "    esp {} pfs {pfs} life {} s {kilobytes} kB{} window {}",
        esp.join("; "),
        c.lifetime.time.as_secs(),
        idle.unwrap_or_default(),
        c.replay_window.value
    );
}
