//! Laws that hold for whatever configuration was read, in whichever language: what the fuzz targets
//! of `fuzz/` run, and what the dialects' tests run over the same corpora.

use crate::selector::{Selector, SelectorPair};
use crate::{Change, Child, Connection, Gateway, Identity, IdentityMatch, Language};
use crossgate_crypto::{DhGroup, Encr, Integ, Prf, Secret};
use crossgate_diag::{
    Amendment, Edit, FileId, Finding, Fix, Look, Severity, SourceFile, Sources, Span, Summary,
    apply, to_html, to_json, to_junit, to_sarif, to_text,
};
use ipnet::{IpNet, Ipv4Net};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

/// Which law was broken, as a sentence.
pub type Law = Result<(), String>;

/// Whether a law holds; `why` says how it was broken.
///
/// # Errors
/// It doesn't.
pub fn law(holds: bool, why: impl FnOnce() -> String) -> Law {
    match holds {
        true => Ok(()),
        false => Err(why()),
    }
}

/// Octets as a file's text: what is no UTF-8 is read as Latin-1.
pub fn text(octets: &[u8]) -> String {
    match std::str::from_utf8(octets) {
        Ok(text) => text.to_owned(),
        Err(_) => octets.iter().map(|&octet| char::from(octet)).collect(),
    }
}

/// Every place that the findings speak about lies in one of the files, and every rendering ends.
///
/// # Errors
/// A label lies outside.
pub fn findings_are_told(sources: &Sources, files: &[FileId], findings: &[Finding]) -> Law {
    let inside = |span: Span| {
        let range = span.start as usize..span.end as usize;
        files.contains(&span.file) && sources.get(span.file).text().get(range).is_some()
    };
    for finding in findings {
        for label in &finding.labels {
            law(inside(label.span), || {
                format!("{} speaks of {:?}", finding.code, label.span)
            })?;
        }
        let amendments = finding.fixes.iter().flat_map(|fix| &fix.amendments);
        for amendment in amendments {
            let text = sources.get(amendment.file).text();
            edits_fit(text, &amendment.edits)
                .map_err(|why| format!("{why} to cure {}", finding.code))?;
        }
    }
    law(!renderings(sources, findings).is_empty(), String::new)
}

/// The codes of findings that are errors.
pub fn errors(findings: &[Finding]) -> BTreeSet<&'static str> {
    let errors = findings.iter().filter(|f| f.severity == Severity::Error);
    errors.map(|finding| finding.code).collect()
}

/// Everything that may be shown of findings, in every format.
fn renderings(sources: &Sources, findings: &[Finding]) -> String {
    let summary = Summary {
        title: "a file",
        assumptions: &[],
        verdict: None,
        rules: Vec::new(),
        fails_from: Severity::Warning,
    };
    [
        to_text(sources, findings, Look::PLAIN),
        to_json(sources, findings).to_string(),
        to_sarif(sources, findings, &summary).to_string(),
        to_html(sources, findings, &summary),
        to_junit(sources, findings, &summary),
    ]
    .concat()
}

/// What stands in a text for the secret of that number. No text has it by chance.
fn mark(number: usize) -> String {
    format!("zQ{number}q")
}

/// A mark for the key of a change.
const NEW_KEY: &str = "zQkeyq-of-the-other-end";

/// Secrets shorter than this are left as they are: their marks would not fit.
const MARKED_LEAST: usize = 8;

/// The text with every longer word of its secrets replaced by a mark of the same length, and how
/// many marks there are. `None` where there is no secret to mark.
pub fn marked(source: &SourceFile) -> Option<(String, usize)> {
    let masked = source.masked();
    if source.text().contains("zQ") {
        return None;
    }
    let mut out = String::with_capacity(source.text().len());
    let (mut word, mut count) = (String::new(), 0);
    let mut flush = |word: &mut String, out: &mut String| {
        if word.len() >= MARKED_LEAST {
            let padding = word.len();
            out.push_str(&format!("{:k<padding$}", mark(count)));
            count += 1;
        } else {
            out.push_str(word);
        }
        word.clear();
    };
    for (c, shown) in source.text().chars().zip(masked.chars()) {
        if c.is_ascii_alphanumeric() && c != shown {
            word.push(c);
            continue;
        }
        flush(&mut word, &mut out);
        out.push(c);
    }
    flush(&mut word, &mut out);
    (count > 0).then_some((out, count))
}

/// No rendering of the findings, nor of changes of the file, shows a mark that the reader hides.
///
/// # Errors
/// One does.
pub fn no_mark_is_shown(
    sources: &Sources,
    file: FileId,
    findings: &[Finding],
    amendments: &[Amendment],
    count: usize,
) -> Law {
    let masked = sources.get(file).masked();
    let fix = |amendment: &Amendment| Fix {
        text: "change it".into(),
        amendments: vec![amendment.clone()],
    };
    let mut changes = Finding::note("changes", "what may be changed");
    changes.fixes = amendments.iter().map(fix).collect();
    let all = [findings, std::slice::from_ref(&changes)].concat();
    let shown = renderings(sources, &all) + &format!("{all:?}");
    let hidden = (0..count).map(mark).filter(|mark| !masked.contains(mark));
    let mut shown_mark = hidden.filter(|mark| shown.contains(mark.as_str()));
    if let Some(mark) = shown_mark.next() {
        return Err(format!("the secret {mark} is shown"));
    }
    law(!shown.contains(NEW_KEY), || "a new key is shown".into())
}

/// Every change that can be said gives edits inside the text, in order and apart from each other.
/// Of all changes, each `of`th from the `nth` on; the amendments, and the texts with them made.
///
/// # Errors
/// An edit is outside, or overlaps the one before.
pub fn amended(
    language: &dyn Language,
    source: &SourceFile,
    gateway: &Gateway,
    (nth, of): (usize, usize),
) -> Result<Vec<(Amendment, String)>, String> {
    let mut made = Vec::new();
    let changes = changes(gateway).into_iter();
    for change in changes.skip(nth % of).step_by(of) {
        let Ok(amendment) = language.amend(source, &change) else {
            continue;
        };
        edits_fit(source.text(), &amendment.edits)
            .map_err(|why| format!("{why} of {}", kind(&change)))?;
        let text = apply(source.text(), &amendment.edits);
        made.push((amendment, text));
    }
    Ok(made)
}

fn kind(change: &Change) -> String {
    let text = format!("{change:?}");
    text.split(' ').next().unwrap_or_default().to_owned()
}

fn edits_fit(text: &str, edits: &[Edit]) -> Law {
    let mut at = 0;
    for edit in edits {
        let (start, end) = (edit.span.start as usize, edit.span.end as usize);
        law(text.get(start..end).is_some() && start >= at, || {
            format!("an edit at {start}..{end} after {at}")
        })?;
        at = end;
    }
    Ok(())
}

/// How many connections, Children and interfaces of a file are changed.
const CHANGED_MOST: usize = 3;

/// Changes of every kind.
pub fn changes(gateway: &Gateway) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    for connection in gateway.connections.iter().take(CHANGED_MOST) {
        changes.extend(of_connection(connection));
    }
    let children = gateway.children().map(|(_, child)| child);
    for child in children.take(CHANGED_MOST) {
        changes.extend(of_child(child));
    }
    let interfaces = gateway.interfaces.iter().map(|i| i.name.value.clone());
    for interface in interfaces.take(CHANGED_MOST) {
        changes.extend(of_interface(&interface));
    }
    changes.extend(of_network(gateway));
    changes
}

const PEER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 77));

fn net(third: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(10, 99, third, 0), 24)
}

fn pair() -> SelectorPair {
    let selector = |net: Ipv4Net| Selector {
        start: net.network().into(),
        end: net.broadcast().into(),
        ..Selector::ANY_V4
    };
    SelectorPair {
        local: selector(net(1)),
        remote: selector(net(2)),
    }
}

fn of_connection(connection: &Connection) -> Vec<Change> {
    let connection = connection.name.value.clone();
    let fqdn = Identity::Fqdn("gw.example.net".into());
    vec![
        Change::IkeSuite {
            connection: connection.clone(),
            encr: Encr::AesCbc256,
            integ: Some(Integ::HmacSha384_192),
            prf: Prf::HmacSha384,
            group: DhGroup::Ecp20,
        },
        Change::IkeLifetime {
            connection: connection.clone(),
            to: Duration::from_secs(14_400),
        },
        Change::PresharedKey {
            connection: connection.clone(),
            key: Secret::copy_of(NEW_KEY.as_bytes()),
            name: "the key of the other end".into(),
        },
        Change::LocalIdentity {
            connection: connection.clone(),
            to: fqdn.clone(),
        },
        Change::RemoteIdentity {
            connection: connection.clone(),
            to: IdentityMatch::Exactly(fqdn),
        },
        Change::PeerAddress {
            connection: connection.clone(),
            to: PEER,
        },
        Change::Liveness {
            connection: connection.clone(),
            interval: Duration::from_secs(20),
        },
        Change::Ikev2Only {
            connection: connection.clone(),
        },
        Change::Initiate {
            connection: connection.clone(),
        },
        Change::NatTraversal {
            connection: connection.clone(),
        },
        Change::EnableConnection { connection },
    ]
}

fn of_child(child: &Child) -> Vec<Change> {
    let child = child.name.value.clone();
    vec![
        Change::EspSuite {
            child: child.clone(),
            encr: Encr::AesGcm256,
            integ: None,
        },
        Change::Pfs {
            child: child.clone(),
            group: Some(DhGroup::Ecp20),
        },
        Change::Pfs {
            child: child.clone(),
            group: None,
        },
        Change::Selectors {
            child: child.clone(),
            to: pair(),
        },
        Change::AddSelectors {
            beside: child.clone(),
            pair: pair(),
        },
        Change::RemoveSelectors {
            child: child.clone(),
        },
        Change::ChildLifetime {
            child: child.clone(),
            to: Duration::from_secs(7200),
        },
        Change::ChildKilobytes {
            child: child.clone(),
            to: Some(1_000_000),
        },
        Change::ReplayWindow {
            child: child.clone(),
            packets: 256,
        },
        Change::EnableChild { child },
    ]
}

fn of_interface(interface: &str) -> Vec<Change> {
    let interface = interface.to_owned();
    vec![
        Change::EnableInterface {
            interface: interface.clone(),
        },
        Change::AddRoute {
            destination: IpNet::V4(net(3)),
            interface: interface.clone(),
        },
        Change::SetZone {
            interface: interface.clone(),
            zone: "vpn".into(),
        },
        Change::SetVirtualRouter {
            interface: interface.clone(),
            router: "default".into(),
        },
        Change::TcpMss {
            interface: interface.clone(),
            octets: 1320,
        },
        Change::Mtu {
            interface,
            octets: 1380,
        },
    ]
}

fn of_network(gateway: &Gateway) -> Vec<Change> {
    let policy = &gateway.policy;
    let zones = policy.zones.iter().map(|zone| zone.name.value.clone());
    let zones: Vec<String> = zones
        .take(2)
        .chain(["trust".into(), "vpn".into()])
        .collect();
    let [from, to, ..] = zones.as_slice() else {
        return Vec::new();
    };
    let (source, destination) = (IpNet::V4(net(1)), IpNet::V4(net(2)));
    let routes = gateway.routes.iter().take(CHANGED_MOST);
    let lists = policy.access_lists.iter().take(CHANGED_MOST);
    let mut changes = vec![
        Change::EnableIke,
        Change::Allow {
            name: "allow-it".into(),
            from: from.clone(),
            to: to.clone(),
            source,
            destination,
            above: policy.security_rules.first().map(|r| r.name.value.clone()),
        },
        Change::KeepAddresses {
            name: "keep-it".into(),
            from: from.clone(),
            to: to.clone(),
            source,
            destination,
            above: policy.nat_rules.first().map(|r| r.name.value.clone()),
        },
    ];
    changes.extend(routes.map(|route| Change::RemoveRoute {
        destination: route.destination.value,
    }));
    changes.extend(lists.map(|list| Change::PermitIpsec {
        access_list: list.name.value.clone(),
        source: PEER,
        destination: PEER,
    }));
    changes
}

/// Texts made of other texts: their lines, words and octets moved, left out, doubled and exchanged.
/// The same every time.
#[derive(Debug)]
pub struct Mutator {
    dice: u64,
    /// Words to put in, those of the languages among them.
    words: Vec<String>,
    lines: Vec<String>,
}

/// What no language is ready for.
const ODD: [&str; 28] = [
    "no",
    "default",
    "exit",
    "end",
    "!",
    "#",
    "^C",
    "\"",
    "'",
    "[",
    "]",
    "<",
    ">",
    "&",
    "&#0;",
    "<!--",
    "<![CDATA[",
    "]]>",
    "</",
    "\u{feff}",
    "\u{a0}",
    "\r",
    "\t",
    "ä",
    "\\",
    "0",
    "4294967296",
    "255.255.0.255",
];

impl Mutator {
    /// Of all texts' words and lines.
    pub fn new(texts: &[String], seed: u64) -> Self {
        let words: BTreeSet<&str> = texts.iter().flat_map(|t| t.split_whitespace()).collect();
        let lines: BTreeSet<&str> = texts.iter().flat_map(|t| t.lines()).collect();
        let short = |text: &&str| text.len() < 200;
        Self {
            dice: seed | 1,
            words: ODD
                .into_iter()
                .chain(words)
                .filter(short)
                .map(str::to_owned)
                .collect(),
            lines: lines.into_iter().filter(short).map(str::to_owned).collect(),
        }
    }

    fn roll(&mut self, sides: usize) -> usize {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        (self.dice % sides.max(1) as u64) as usize
    }

    fn any(&mut self, of: fn(&Self) -> &[String]) -> String {
        let at = self.roll(of(self).len());
        of(self).get(at).cloned().unwrap_or_default()
    }

    /// The text with a few changes.
    pub fn mutate(&mut self, text: &str) -> Vec<u8> {
        let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
        for _ in 0..=self.roll(6) {
            let (at, other) = (self.roll(lines.len()), self.roll(lines.len()));
            match self.roll(8) {
                0 => lines.swap(at, other),
                1 => drop(lines.remove(at)),
                2 => lines.insert(at, lines.get(other).cloned().unwrap_or_default()),
                3 => lines.insert(at, self.any(|m| &m.lines)),
                _ => {
                    let line = lines.get(at).cloned().unwrap_or_default();
                    lines.splice(at..(at + 1).min(lines.len()), [self.in_line(&line)]);
                }
            }
            if lines.is_empty() {
                lines.push(String::new());
            }
        }
        let mut octets = lines.join("\n").into_bytes();
        if self.roll(8) == 0 {
            octets.truncate(self.roll(octets.len()));
        }
        if self.roll(16) == 0 && !octets.is_empty() {
            let at = self.roll(octets.len());
            octets.insert(at, self.roll(256) as u8);
        }
        octets
    }

    fn in_line(&mut self, line: &str) -> String {
        let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let (at, other) = (self.roll(words.len()), self.roll(words.len()));
        match self.roll(6) {
            0 => words.swap(at, other),
            1 => drop(words.remove(at)),
            2 => words.insert(at, self.any(|m| &m.words)),
            3 => words.insert(0, " ".repeat(self.roll(4))),
            4 => {
                let within: Vec<char> = line.chars().collect();
                let (head, tail) = within.split_at(self.roll(within.len()));
                let odd = self.any(|m| &m.words);
                return head
                    .iter()
                    .chain(odd.chars().collect::<Vec<_>>().iter())
                    .chain(tail)
                    .collect();
            }
            _ => {
                let word = self.any(|m| &m.words);
                words.splice(at..(at + 1).min(words.len()), [word]);
            }
        }
        words.join(" ")
    }
}

/// The laws over every text of a corpus, and over `rounds` texts made of them.
///
/// # Errors
/// What broke, with the first text that broke it so.
pub fn replay(
    corpus: &[(String, Vec<u8>)],
    rounds: usize,
    seed: u64,
    laws: &dyn Fn(&[u8]) -> Law,
) -> Law {
    let mut broken: BTreeMap<String, String> = BTreeMap::new();
    let mut tell = |why: String, of: &dyn Fn() -> String| {
        let kind = why.replace(|c: char| c.is_ascii_digit(), "");
        broken
            .entry(kind)
            .or_insert_with(|| format!("{why}: {}", of()));
    };
    for (name, data) in corpus {
        laws(data).unwrap_or_else(|why| tell(why, &|| name.clone()));
    }
    let texts: Vec<String> = corpus.iter().map(|(_, data)| text(data)).collect();
    let mut mutator = Mutator::new(&texts, seed);
    for round in 0..rounds {
        let at = mutator.roll(texts.len());
        let data = mutator.mutate(texts.get(at).map_or("", String::as_str));
        let made = || format!("round {round}\n{}\n", text(&data));
        laws(&data).unwrap_or_else(|why| tell(why, &made));
    }
    let told: Vec<String> = broken.into_values().collect();
    law(told.is_empty(), || told.join("\n"))
}
