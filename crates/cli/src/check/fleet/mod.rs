//! `crossgate check --fleet`: all tunnels among the files of a folder.
//!
//! Files are read once, and of each only its gateway is kept; how to mend a tunnel is what
//! `crossgate check` of its two files shows.

mod matching;
mod mistyped;
mod table;
pub mod work;

use super::judge::Asked;
use crossgate_check::{Side, judge_pair};
use crossgate_diag::{Amendment, Finding, Severity, SourceFile, Sources};
use crossgate_gateway::load::load_into;
use crossgate_model::{CannotSay, Change, Event, Gateway, Language, Verdict};
use matching::Match;
use mistyped::Mistyped;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// A file of the fleet.
struct Member {
    path: PathBuf,
    /// In the table: relative to the folder.
    name: String,
    gateway: Gateway,
    /// What reading it found.
    told: Vec<Told>,
    mistyped: Vec<Mistyped>,
}

/// A finding in short.
#[derive(Clone, PartialEq, Eq)]
struct Told {
    severity: Severity,
    code: &'static str,
    title: String,
}

impl From<&Finding> for Told {
    fn from(finding: &Finding) -> Self {
        Self {
            severity: finding.severity,
            code: finding.code,
            title: finding.title.clone(),
        }
    }
}

/// One tunnel between two files.
struct Row {
    connections: [String; 2],
    files: [String; 2],
    verdict: Verdict,
    told: Vec<Told>,
}

/// A file that has no row, and why.
struct Leftover {
    file: String,
    why: String,
}

/// What became of the whole folder.
pub struct Fleet {
    rows: Vec<Row>,
    /// Their peers are in no file.
    alone: Vec<Leftover>,
    unread: Vec<Leftover>,
    mistyped: Vec<Mistyped>,
}

/// Reads, pairs and judges whatever lies in `folder`.
pub fn judge(folder: &Path, asked: &Asked) -> Result<Fleet, String> {
    let paths = files_below(folder)?;
    let read = work::each("reading", &paths, |path| member(folder, path, asked));
    let (mut members, mut unread) = (Vec::new(), Vec::new());
    for result in read {
        match result {
            Ok(member) => members.push(member),
            Err(leftover) => unread.push(leftover),
        }
    }
    let matches = matching::matches(&members);
    let pairs = matching::by_files(&matches);
    let alone = alone(&members, &matches);
    let pairs: Vec<([usize; 2], Vec<Match>)> = pairs.into_iter().collect();
    let count = connections_in_pairs(&pairs);
    let judge = |kept: &mut Kept, (files, matches): &([usize; 2], Vec<Match>)| {
        rows(&members, &count, kept, *files, matches, asked)
    };
    let rows = work::each_with("judging", &pairs, judge);
    let mut rows: Vec<Row> = rows.into_iter().flatten().collect();
    rows.sort_by(|a, b| {
        let worst_first = b.verdict.cmp(&a.verdict);
        let by_name = || (&a.files, &a.connections).cmp(&(&b.files, &b.connections));
        worst_first.then_with(by_name)
    });
    let mistyped = members.into_iter().flat_map(|member| member.mistyped);
    Ok(Fleet {
        rows,
        alone,
        unread,
        mistyped: mistyped.collect(),
    })
}

impl Fleet {
    /// Whether a finding is that bad.
    pub fn has(&self, severity: Severity) -> bool {
        let of_rows = self.rows.iter().flat_map(|row| &row.told);
        let of_rows = of_rows.map(|told| told.severity);
        let mut all = of_rows.chain(self.mistyped.iter().map(Mistyped::severity));
        all.any(|told| told >= severity)
    }

    /// Whether there was anything to read.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.alone.is_empty()
    }

    pub fn text(&self) -> String {
        table::text(self)
    }

    pub fn json(&self) -> serde_json::Value {
        table::json(self)
    }
}

/// All files of the folder and its subfolders, in order; what a dot hides is left alone, and links
/// to folders aren't followed.
fn files_below(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let failed = |error| format!("cannot read the folder {}: {error}", folder.display());
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        let kind = entry.file_type().map_err(failed)?;
        match (hidden, kind.is_dir()) {
            (true, _) => {}
            (false, true) => paths.extend(files_below(&entry.path())?),
            (false, false) if entry.path().is_dir() => {}
            (false, false) => paths.push(entry.path()),
        }
    }
    paths.sort();
    Ok(paths)
}

fn member(folder: &Path, path: &Path, asked: &Asked) -> Result<Member, Leftover> {
    let name = path.strip_prefix(folder).unwrap_or(path);
    let name = name.display().to_string();
    let mut sources = Sources::new();
    match load_into(&mut sources, path, &asked.hints) {
        Ok(read) => Ok(Member {
            path: path.to_owned(),
            mistyped: mistyped::of(&name, &sources, &read, &asked.hints),
            name,
            gateway: read.gateway,
            told: read.findings.iter().map(Told::from).collect(),
        }),
        Err(failure) => Err(Leftover {
            file: name,
            why: failure.to_string(),
        }),
    }
}

fn alone(members: &[Member], matches: &[Match]) -> Vec<Leftover> {
    let matched: std::collections::BTreeSet<usize> = matches
        .iter()
        .flat_map(|m| m.ends.map(|(file, _)| file))
        .collect();
    let lonely = members.iter().enumerate();
    let lonely = lonely.filter(|(index, _)| !matched.contains(index));
    lonely
        .map(|(_, member)| {
            let peers = member.gateway.connections.iter();
            let peers: Vec<String> = peers.map(|c| c.remote.to_string()).collect();
            Leftover {
                file: member.name.clone(),
                why: match peers.is_empty() {
                    true => "it describes no IKEv2 peer".into(),
                    false => format!("no file is its peer's: {}", peers.join(", ")),
                },
            }
        })
        .collect()
}

/// How many connections of each file are in some pair.
fn connections_in_pairs(pairs: &[([usize; 2], Vec<Match>)]) -> BTreeMap<usize, usize> {
    let mut count = BTreeMap::new();
    for (files, matches) in pairs {
        for file in files {
            *count.entry(*file).or_default() += matches.len();
        }
    }
    count
}

/// The gateways that were last reduced to one peer's connections, and of which file: that of a hub
/// is copied once for many of its branches.
type Kept = [Option<(usize, Gateway)>; 2];

/// Judges two files by the connections that they have with each other.
fn rows(
    members: &[Member],
    count: &BTreeMap<usize, usize>,
    kept: &mut Kept,
    files: [usize; 2],
    matches: &[Match],
    asked: &Asked,
) -> Vec<Row> {
    let [Some(first), Some(second)] = files.map(|file| members.get(file)) else {
        return Vec::new();
    };
    let is_whole = |end: usize, member: &Member| {
        let all = count.get(&files[end]) == Some(&matches.len());
        all && member.gateway.connections.len() == matches.len()
    };
    let [of_first, of_second] = kept;
    let gateways = [(0, first, of_first), (1, second, of_second)];
    let gateways = gateways.map(|(end, member, kept)| match is_whole(end, member) {
        true => &member.gateway,
        false => only(kept, files[end], &member.gateway, |index| {
            matches.iter().any(|m| m.ends[end].1 == index)
        }),
    });
    let names = names(first, second);
    let [name, other] = [names[0].as_str(), names[1].as_str()];
    let side = |name, gateway| Side {
        name,
        gateway,
        language: &Mute,
    };
    let sides = [side(name, gateways[0]), side(other, gateways[1])];
    // Fixes aren't asked for, so that no text is looked at.
    let mut sources = Sources::new();
    sources.add("", "");
    let report = judge_pair(&sources, sides, asked.options);
    let mut told: Vec<Told> = report.findings.iter().map(Told::from).collect();
    for of_reading in first.told.iter().chain(&second.told) {
        if !told.iter().any(|told| told.code == of_reading.code) {
            told.push(of_reading.clone());
        }
    }
    told.sort_by_key(|told| std::cmp::Reverse(told.severity));
    let tunnels = report.tunnels.into_iter();
    tunnels
        .map(|tunnel| Row {
            connections: tunnel.connections,
            files: [first.name.clone(), second.name.clone()],
            verdict: tunnel.verdict,
            told: told.clone(),
        })
        .collect()
}

/// The gateway as far as one peer is concerned: with these connections only.
fn only<'k>(
    kept: &'k mut Option<(usize, Gateway)>,
    file: usize,
    gateway: &Gateway,
    is_wanted: impl Fn(usize) -> bool,
) -> &'k Gateway {
    let connections = gateway.connections.iter().enumerate();
    let connections = connections.filter(|(index, _)| is_wanted(*index));
    let connections = connections.map(|(_, connection)| connection.clone());
    let (_, copy) = match kept.take() {
        Some(known) if known.0 == file => kept.insert(known),
        _ => kept.insert((file, without_connections(gateway))),
    };
    copy.connections = connections.collect();
    copy
}

/// Not `..gateway.clone()`, which copies all connections first.
fn without_connections(gateway: &Gateway) -> Gateway {
    Gateway {
        dialect: gateway.dialect,
        hostname: gateway.hostname.clone(),
        release: gateway.release.clone(),
        behaviour: gateway.behaviour.clone(),
        interfaces: gateway.interfaces.clone(),
        routes: gateway.routes.clone(),
        connections: Vec::new(),
        limits: gateway.limits.clone(),
        policy: gateway.policy.clone(),
        throughput_cap: gateway.throughput_cap,
        certificates: gateway.certificates.clone(),
    }
}

/// What sentences call the two ends.
fn names(first: &Member, second: &Member) -> [String; 2] {
    let stem = |member: &Member| {
        let stem = member.path.file_stem().unwrap_or_default();
        stem.to_string_lossy().into_owned()
    };
    let stems = [stem(first), stem(second)];
    match stems[0] == stems[1] {
        true => [first.name.clone(), second.name.clone()],
        false => stems,
    }
}

/// A language for those who won't be told how to mend it.
#[derive(Debug)]
struct Mute;

impl Language for Mute {
    fn amend(&self, _: &SourceFile, _: &Change) -> Result<Amendment, CannotSay> {
        Err(CannotSay("a fleet's table has no room for it".into()))
    }

    fn symptoms(&self, _: &Event) -> Vec<String> {
        Vec::new()
    }
}
