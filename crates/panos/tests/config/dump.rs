//! A gateway as a few lines of text: what the snapshots compare.

use crossgate_diag::{Finding, Sources, Spanned};
use crossgate_model::{
    AddressValue, Auth, Child, Connection, EspProposal, Gateway, IkeProposal, Initiation,
    Interface, NatRule, NextHop, PresharedKey, Route, SecurityRule, ServiceValue,
    SourceTranslation,
};
use std::fmt::{Display, Write};

pub fn gateway(gateway: &Gateway) -> String {
    let mut out = String::new();
    let mut line = |text: String| writeln!(out, "{text}").expect("a string grows");
    if let Some(hostname) = &gateway.hostname {
        line(format!("hostname {}", hostname.value));
    }
    if let Some(release) = &gateway.release {
        line(format!(
            "release {} ({})",
            release.value, gateway.behaviour.name
        ));
    }
    gateway.interfaces.iter().map(interface).for_each(&mut line);
    gateway.routes.iter().map(route).for_each(&mut line);
    for connection in &gateway.connections {
        self::connection(connection).into_iter().for_each(&mut line);
        connection.children.iter().map(child).for_each(&mut line);
    }
    policy(gateway).into_iter().for_each(&mut line);
    out
}

pub fn findings(sources: &Sources, findings: &[Finding]) -> String {
    let mut out = String::new();
    for finding in findings {
        let word = finding.severity.word();
        writeln!(out, "{word}[{}] {}", finding.code, finding.title).expect("a string grows");
        for label in &finding.labels {
            let place = sources.place(label.span);
            let mark = if label.primary { "^" } else { "-" };
            writeln!(out, "  {mark} {place} {}", label.text).expect("a string grows");
        }
        for note in &finding.notes {
            writeln!(out, "  = {note}").expect("a string grows");
        }
        if let Some(help) = &finding.help {
            writeln!(out, "  ? {}", help.text).expect("a string grows");
        }
        for fix in &finding.fixes {
            writeln!(out, "  ? {}", fix.text).expect("a string grows");
        }
    }
    out
}

fn list<T: Display>(items: &[Spanned<T>]) -> String {
    let words: Vec<String> = items.iter().map(|item| item.value.to_string()).collect();
    words.join(",")
}

/// ` word value`, or nothing.
fn with<T: Display>(word: &str, value: Option<&Spanned<T>>) -> String {
    value.map_or(String::new(), |v| format!(" {word} {}", v.value))
}

fn interface(i: &Interface) -> String {
    format!(
        "interface {} {:?} [{}]{}{}{}{}{}{}",
        i.name.value,
        i.kind,
        list(&i.addresses),
        with("mtu", i.mtu.as_ref()),
        with("mss", i.tcp_mss.as_ref()),
        with("zone", i.zone.as_ref()),
        with("router", i.virtual_router.as_ref()),
        if i.enabled.value { "" } else { " down" },
        with("--", i.description.as_ref()),
    )
}

fn route(r: &Route) -> String {
    let via = match &r.via {
        NextHop::Interface(interface) => interface.value.clone(),
        NextHop::Address(address) => address.value.to_string(),
        NextHop::Both(interface, address) => format!("{} {}", interface.value, address.value),
        NextHop::Discard => "discard".into(),
    };
    format!(
        "route{} {} via {via} distance {} metric {}{}",
        with("", r.name.as_ref()),
        r.destination.value,
        r.distance,
        r.metric,
        with("router", r.virtual_router.as_ref()),
    )
}

fn connection(c: &Connection) -> Vec<String> {
    let identities: Vec<String> = c.remote_identities.iter().map(|i| i.to_string()).collect();
    let initiation = match c.initiation.value {
        Initiation::Never => "never starts",
        Initiation::OnTraffic => "starts on traffic",
        Initiation::AtStart => "starts",
    };
    let mut lines = vec![
        format!(
            "connection {}{}, {initiation}",
            c.name.value,
            off(c.enabled.value)
        ),
        format!(
            "  local{}{} as {}",
            with("", c.local.interface.as_ref()),
            with("", c.local.address.as_ref()),
            c.local_identity.value
        ),
        format!("  remote {} as [{}]", c.remote, identities.join("; ")),
        format!(
            "  auth {}, lifetime {:?}",
            auth(&c.local_auth.value),
            c.lifetime.value
        ),
        format!(
            "  nat {} keepalive {:?}, fragments {:?}, liveness {:?}",
            c.nat.enabled.value,
            c.nat.keepalive.value,
            c.fragmentation.map(|f| f.value),
            c.liveness.as_ref().map(|l| l.interval),
        ),
    ];
    lines.extend(c.proposals.iter().map(ike_proposal));
    lines
}

fn off(enabled: bool) -> &'static str {
    if enabled { "" } else { " (off)" }
}

fn auth(auth: &Auth) -> String {
    match auth {
        Auth::Psk(PresharedKey::Known(key)) => format!("key of {} octets", key.len()),
        Auth::Psk(PresharedKey::Encrypted) => "encrypted key".into(),
        Auth::Psk(PresharedKey::Missing) => "no key".into(),
        other => other.name().into(),
    }
}

fn ike_proposal(p: &IkeProposal) -> String {
    format!(
        "  ike{} {} / {} / {} / {}",
        with("", p.name.as_ref()),
        list(&p.encr),
        list(&p.integ),
        list(&p.prf),
        list(&p.groups)
    )
}

fn esp_proposal(p: &EspProposal) -> String {
    let name = with("", p.name.as_ref());
    format!(" esp{name} {} / {}", list(&p.encr), list(&p.integ))
}

fn child(c: &Child) -> String {
    let proposals: String = c.proposals.iter().map(esp_proposal).collect();
    format!(
        "  child {}{} on {}: {}{}{proposals} pfs {} for {:?}{} window {}",
        c.name.value,
        off(c.enabled.value),
        c.tunnel.value,
        c.selectors.value,
        with("through", c.tunnel_interface.as_ref()),
        c.pfs.map_or("none".into(), |pfs| pfs.value.to_string()),
        c.lifetime.time.value,
        with("kilobytes", c.lifetime.kilobytes.as_ref()),
        c.replay_window.value,
    )
}

fn policy(gateway: &Gateway) -> Vec<String> {
    let policy = &gateway.policy;
    let zones = policy
        .zones
        .iter()
        .map(|z| format!("zone {} [{}]", z.name.value, list(&z.interfaces)));
    let addresses = policy
        .addresses
        .iter()
        .map(|a| format!("address {} {}", a.name.value, address(&a.value)));
    let services = policy
        .services
        .iter()
        .map(|s| format!("service {} {}", s.name.value, service(&s.value)));
    zones
        .chain(addresses)
        .chain(services)
        .chain(policy.security_rules.iter().map(security))
        .chain(policy.nat_rules.iter().map(nat))
        .collect()
}

fn address(value: &AddressValue) -> String {
    match value {
        AddressValue::Net(net) => net.value.to_string(),
        AddressValue::Range(range) => format!("{}-{}", range.value.0, range.value.1),
        AddressValue::Fqdn(name) => name.value.clone(),
        AddressValue::Group(members) => format!("[{}]", list(members)),
        AddressValue::Undefined => "undefined".into(),
    }
}

fn service(value: &ServiceValue) -> String {
    match value {
        ServiceValue::Ports {
            protocol,
            source,
            destination,
        } => format!("protocol {protocol} {source:?} -> {destination:?}"),
        ServiceValue::Group(members) => format!("[{}]", list(members)),
    }
}

fn security(r: &SecurityRule) -> String {
    format!(
        "security {}{}: [{}] {}[{}] -> [{}] {}[{}] application [{}] service [{}] {:?}",
        r.name.value,
        off(r.enabled),
        list(&r.from),
        if r.negate_source { "not " } else { "" },
        list(&r.source),
        list(&r.to),
        if r.negate_destination { "not " } else { "" },
        list(&r.destination),
        list(&r.application),
        list(&r.service),
        r.action.value,
    )
}

fn nat(r: &NatRule) -> String {
    let translation = match &r.source_translation {
        SourceTranslation::None => "unchanged".into(),
        SourceTranslation::Interface(interface) => format!("from {}", interface.value),
        SourceTranslation::Addresses(addresses) => format!("from [{}]", list(addresses)),
    };
    format!(
        "nat {}{}: [{}] [{}] -> [{}] [{}]{} {translation}",
        r.name.value,
        off(r.enabled),
        list(&r.from),
        list(&r.source),
        list(&r.to),
        list(&r.destination),
        with("service", r.service.as_ref()),
    )
}
