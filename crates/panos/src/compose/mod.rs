//! A gateway written down as a PAN-OS configuration, whatever language it was read in.
//!
//! What is written reads back as the same gateway as far as PAN-OS can say it; what it can't say
//! is listed. A gateway whose language has no zones gets them here, with the rules that let
//! through what it would let through.

mod ike;
mod names;
mod network;
mod policy;
mod reasons;
mod tunnel;

use crate::set;
use crate::tree::Tree;
use crate::write::{Secrets, quoted, to_set, to_xml};
use crossgate_crypto::pem;
use crossgate_diag::Sources;
use crossgate_model::Gateway;
use names::Names;
use std::collections::{BTreeMap, BTreeSet};

/// A configuration, and what there is to say about it.
#[derive(Debug)]
pub struct Composed {
    pub tree: Tree,
    /// What the gateway has and PAN-OS can't say, each as a sentence without its full stop.
    pub cannot: Vec<String>,
    /// Paths as commands say them, and why each is as it is.
    pub reasons: Vec<(String, String)>,
}

impl Composed {
    pub fn set(&self, secrets: Secrets) -> String {
        to_set(&self.tree, secrets)
    }

    pub fn xml(&self, secrets: Secrets) -> String {
        to_xml(&self.tree, secrets)
    }

    /// Lines of [`Composed::set`], from 1 and in their order, and why they are there.
    pub fn explained(&self) -> Vec<(usize, String)> {
        let text = self.set(Secrets::Masked);
        let lines = (1..).zip(text.lines());
        let told = lines.filter_map(|(number, line)| Some((number, self.reason(line)?)));
        told.collect()
    }

    /// What its words say; else why its entry is as it is.
    fn reason(&self, line: &str) -> Option<String> {
        let path = line.strip_prefix("set ")?;
        if let Some(why) = reasons::of(path) {
            return Some(why.to_owned());
        }
        let of_entry = self
            .reasons
            .iter()
            .filter(|(entry, _)| path.starts_with(entry.as_str()));
        let nearest = of_entry.max_by_key(|(entry, _)| entry.len());
        nearest.map(|(_, why)| why.clone())
    }
}

/// Writes a gateway down.
pub fn compose(gateway: &Gateway) -> Composed {
    let mut writer = Writer {
        gateway,
        names: Names::of(gateway),
        commands: String::new(),
        cannot: Vec::new(),
        reasons: Vec::new(),
        used: BTreeSet::new(),
        gateways: BTreeMap::new(),
    };
    writer.system();
    writer.interfaces();
    writer.certificates();
    writer.ike();
    let tunnels = writer.tunnels();
    writer.named_interfaces(&tunnels);
    writer.routers(&tunnels);
    writer.policy(&tunnels);
    let file = Sources::new().add("", "");
    Composed {
        tree: set::parse(&writer.commands, Some(file)).tree,
        cannot: writer.cannot,
        reasons: writer.reasons,
    }
}

struct Writer<'g> {
    gateway: &'g Gateway,
    names: Names,
    commands: String,
    cannot: Vec<String>,
    reasons: Vec<(String, String)>,
    /// Sections with names that are taken: `ike-crypto-profiles P`.
    used: BTreeSet<String>,
    /// What connections are called here.
    gateways: BTreeMap<String, String>,
}

impl Writer<'_> {
    /// `set` with these words.
    fn set(&mut self, path: &str, words: &[&str]) {
        self.commands.push_str("set ");
        self.commands.push_str(path);
        for word in words {
            self.commands.push(' ');
            self.commands.push_str(&quoted(word));
        }
        self.commands.push('\n');
    }

    /// `set` with a list; nothing, if it is empty.
    fn list(&mut self, path: &str, members: &[String]) {
        match members {
            [] => {}
            [one] => self.set(path, &[one]),
            many => {
                let words: Vec<String> = many.iter().map(|word| quoted(word)).collect();
                let line = format!("set {path} [ {} ]\n", words.join(" "));
                self.commands.push_str(&line);
            }
        }
    }

    fn cannot(&mut self, what: impl Into<String>) {
        let what = what.into();
        if !self.cannot.contains(&what) {
            self.cannot.push(what);
        }
    }

    fn because(&mut self, path: &str, why: impl Into<String>) {
        self.reasons.push((path.to_owned(), why.into()));
    }

    /// A name for a new entry of that section: PAN-OS's names have letters, digits, `_`, `-` and
    /// `.`, and a greatest length.
    fn name(&mut self, section: &str, wanted: &str, longest: usize) -> String {
        let used = &self.used;
        let name = names::valid(wanted, longest, |name| {
            used.contains(&format!("{section} {name}"))
        });
        self.used.insert(format!("{section} {name}"));
        name
    }

    /// Without their private keys, which no configuration tells.
    fn certificates(&mut self) {
        for certificate in &self.gateway.certificates {
            let path = format!("shared certificate {}", quoted(&certificate.name));
            self.set(&path, &["public-key", &pem::encode(&certificate.der)]);
            if certificate.is_authority {
                self.set(&path, &["ca", "yes"]);
            } else {
                let name = &certificate.name.value;
                self.cannot(format!("the private key of `{name}`, which no file tells"));
            }
        }
    }

    fn system(&mut self) {
        if let Some(hostname) = &self.gateway.hostname {
            self.set("deviceconfig system hostname", &[&hostname.value]);
        }
        let limits = &self.gateway.limits;
        let said = [
            ("cookie-threshold", &limits.cookie_threshold, 500),
            ("max-half-opened-sa", &limits.max_half_open, 65_535),
        ];
        for (word, limit, default) in said {
            if limit.span.is_none() || limit.value == default {
                continue;
            }
            if limit.value > 65_535 || limit.value == 0 && word != "cookie-threshold" {
                self.cannot(format!("a limit of {} half-open IKE SAs", limit.value));
                continue;
            }
            let path = format!("deviceconfig setting vpn ikev2 {word}");
            self.set(&path, &[&limit.value.to_string()]);
        }
    }
}
