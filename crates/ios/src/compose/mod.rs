//! A configuration made from a gateway, whatever language the gateway was read in: its VPN part,
//! with interfaces, routes and access lists. What IOS-XE has no words for is told.

mod ike;
mod ipsec;
mod names;
mod network;
mod reasons;
mod selectors;

use crate::behaviour::Release;
use crate::words::Said;
use crossgate_model::{Child, Connection, Gateway, IkeVersion};
use names::Names;
use std::fmt;

/// What a gateway of another vendor becomes.
const RELEASE: &str = "17.9";

/// A configuration, and what there is to say about it.
pub struct Composed {
    /// Line by line, keys included.
    pub text: String,
    /// What the text doesn't say, and why; sentences without full stop.
    pub cannot: Vec<String>,
    /// Lines, from 1 and in their order, and why they are there.
    pub reasons: Vec<(usize, String)>,
}

/// Never prints the text: it holds keys.
impl fmt::Debug for Composed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Composed")
            .field("cannot", &self.cannot)
            .field("reasons", &self.reasons)
            .finish_non_exhaustive()
    }
}

/// Writes the configuration that reads back as the gateway, as far as IOS-XE can say it.
pub fn compose(gateway: &Gateway) -> Composed {
    let stated = gateway.release.as_ref().filter(|_| is_ios(gateway));
    let release = stated.map_or(RELEASE, |release| release.value.as_str());
    let mut writer = Writer {
        gateway,
        release: Release::parse(release).unwrap_or(Release::ASSUMED),
        names: Names::of(gateway),
        lines: Vec::new(),
        reasons: Vec::new(),
        cannot: Vec::new(),
    };
    if stated.is_some() || !is_ios(gateway) {
        writer.line(format!("version {release}"));
    }
    if let Some(name) = &gateway.hostname {
        writer.line(format!("hostname {}", names::word(name)));
    }
    writer.line("!");
    writer.all();
    writer.line("end");
    writer.remaining_reasons();
    Composed {
        text: writer
            .lines
            .iter()
            .map(|line| format!("{line}\n"))
            .collect(),
        cannot: writer.cannot,
        reasons: writer.reasons,
    }
}

fn is_ios(gateway: &Gateway) -> bool {
    gateway.dialect == "ios-xe"
}

struct Writer<'g> {
    gateway: &'g Gateway,
    release: Release,
    names: Names,
    lines: Vec<String>,
    reasons: Vec<(usize, String)>,
    cannot: Vec<String>,
}

/// One tunnel interface or crypto map entry, and the Children of one connection in it.
struct Tunnel<'g> {
    connection: &'g Connection,
    children: Vec<&'g Child>,
    carrier: Carrier,
    /// The access list that says what is encrypted; none: everything.
    list: Option<String>,
}

enum Carrier {
    /// A tunnel interface of that name here.
    Interface { name: String },
    Entry {
        map: String,
        sequence: u32,
        on: Option<String>,
    },
}

impl Tunnel<'_> {
    fn first(&self) -> Option<&Child> {
        self.children.first().copied()
    }

    /// As a reason calls it.
    fn title(&self) -> String {
        match &self.carrier {
            Carrier::Interface { name } => name.clone(),
            Carrier::Entry { map, sequence, .. } => format!("crypto map {map} {sequence}"),
        }
    }
}

impl<'g> Writer<'g> {
    fn all(&mut self) {
        self.tell_of_the_rest();
        let connections = self.connections();
        let mut tunnels = self.tunnels(&connections);
        let lists = self.lists(&mut tunnels);
        self.ike(&connections);
        self.ipsec(&tunnels);
        self.interfaces(&tunnels);
        self.translations();
        self.routes();
        for (header, entries) in lists {
            self.line(header);
            for entry in entries {
                self.line(format!(" {entry}"));
            }
            self.line("!");
        }
    }

    fn line(&mut self, line: impl Into<String>) {
        self.lines.push(line.into());
    }

    /// A line, and why it is there.
    fn because(&mut self, line: impl Into<String>, why: impl Into<String>) {
        self.lines.push(line.into());
        self.reasons.push((self.lines.len(), why.into()));
    }

    /// Those of lines that have none yet.
    fn remaining_reasons(&mut self) {
        for (number, line) in (1..).zip(&self.lines) {
            let is_told = self.reasons.iter().any(|(told, _)| *told == number);
            let why = reasons::of(line).filter(|_| !is_told);
            self.reasons.extend(why.map(|why| (number, why.to_owned())));
        }
        self.reasons.sort();
    }

    fn cannot(&mut self, what: impl Into<String>) {
        let what = what.into();
        if !self.cannot.contains(&what) {
            self.cannot.push(what);
        }
    }

    /// What was said, or the reason why not among those that the reader is told.
    fn said<T>(&mut self, what: &str, said: Said<T>) -> Option<T> {
        match said {
            Ok(said) => Some(said),
            Err(why) => {
                self.cannot(format!("{what}: {why}"));
                None
            }
        }
    }

    /// Those that speak IKEv2 and have something to carry.
    fn connections(&mut self) -> Vec<&'g Connection> {
        let mut kept = Vec::new();
        for connection in &self.gateway.connections {
            let name = &connection.name.value;
            match connection.version.value {
                IkeVersion::V1 => {
                    self.cannot(format!("`{name}` speaks IKEv1, and is left out"));
                    continue;
                }
                IkeVersion::V2Preferred => {
                    self.cannot(format!(
                        "`{name}` falls back to IKEv1: here it speaks IKEv2 only"
                    ));
                }
                IkeVersion::V2 => {}
            }
            kept.push(connection);
        }
        kept
    }

    /// Whatever the gateway has that no line of this composer is about.
    fn tell_of_the_rest(&mut self) {
        let policy = &self.gateway.policy;
        let several = |count: usize, what: &str| match count {
            0 => None,
            1 => Some(format!("1 {what} is left out")),
            count => Some(format!("{count} {what}s are left out")),
        };
        let rules = several(policy.security_rules.len(), "security rule");
        let zones = several(policy.zones.len(), "zone");
        let certificates = several(self.gateway.certificates.len(), "certificate");
        for told in [rules, zones, certificates].into_iter().flatten() {
            self.cannot(told);
        }
    }
}
