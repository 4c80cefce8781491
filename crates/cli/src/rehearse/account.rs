//! What a run comes to: the verdict, what decided it, and how long the tunnel did not serve.
//!
//! A pair of hosts is served while both ends have the two halves of one pair of SAs for it. An
//! outage is a time without, after the tunnel came up for the first time; or one in which a host's
//! packets were lost ten in a row though the SAs were there. A tunnel that was given up because
//! nobody used it is not missed until somebody does.

use super::lives::clock;
use super::{Day, Stage};
use crossgate_model::event::DeleteReason;
use crossgate_model::{End, EventKind, Time, Verdict};
use crossgate_rehearse::node::Station;
use crossgate_rehearse::scenario::Planned;
use crossgate_rehearse::trace::Sa;
use crossgate_rehearse::traffic::{Counts, Flow, Pattern};
use crossgate_rehearse::world::{BEGIN, HostPair};
use crossgate_rehearse::{Entry, Happening, NodeId, Scenario, Violation, World};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// A tunnel that comes up later than this after it could is missed before.
const SETUP: Duration = Duration::from_secs(30);

/// Packets of a host that are lost one after the other before the tunnel counts as away.
const IN_A_ROW: u32 = 10;

/// A disturbance is named as an outage's occasion for so long after it began.
const AFTERMATH: Duration = Duration::from_secs(60);

/// What a run comes to.
pub struct Account {
    pub verdict: Verdict,
    /// Codes of what decided, in the order in which it happened.
    pub codes: Vec<&'static str>,
    /// When each pair of hosts was served for the first time.
    pub up: Option<Time>,
    pub outages: Vec<Outage>,
    /// Pairs of SAs at either end that the other end has no half of.
    pub leaked: usize,
    pub ike_sas: usize,
    pub child_sas: usize,
    pub violations: Vec<Violation>,
    pub plaintext: u64,
}

/// A time without a tunnel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outage {
    pub from: Time,
    pub to: Time,
    pub packets_lost: usize,
    /// The disturbance that goes on, or began a moment before.
    pub occasion: Option<String>,
}

impl Outage {
    pub fn lasts(&self) -> Duration {
        self.to.since(self.from)
    }
}

impl Account {
    pub fn of(stage: &Stage<'_>, world: &World, scenario: &Scenario) -> Self {
        let of_all = world.trace().entries.iter();
        let entries: Vec<&Entry> = of_all.filter(|entry| stage.concerns(entry)).collect();
        let watched = Watched::of(world, &entries);
        let up = watched.up();
        let silent = silent_ends(world);
        let rekey = up.and_then(|up| failed_rekey(&entries, up, is_disturbed(scenario)));
        let verdict = match (up, silent, rekey) {
            (None, ..) => Verdict::NeverComesUp,
            (_, Some(from), _) => Verdict::NoTraffic { from },
            (_, _, Some(after)) => Verdict::fails_at(after),
            _ => Verdict::ComesUp,
        };
        let outages = outages(world, scenario, &watched, &entries);
        Self {
            verdict,
            codes: codes(&entries, verdict, up, &outages),
            up,
            outages,
            leaked: watched.leaked(),
            ike_sas: established(&entries),
            child_sas: watched.made.len(),
            violations: world.violations().to_vec(),
            plaintext: world.trace().totals.plaintext,
        }
    }

    /// Whether the tunnel served the whole time, and nothing that must hold did not.
    pub fn serves(&self) -> bool {
        self.verdict.is_good()
            && self.outages.is_empty()
            && self.violations.is_empty()
            && self.plaintext == 0
    }

    pub fn without_tunnel(&self) -> Duration {
        self.outages.iter().map(Outage::lasts).sum()
    }
}

impl Day<'_> {
    pub fn is_disturbed(&self) -> bool {
        is_disturbed(&self.scenario)
    }
}

fn is_disturbed(scenario: &Scenario) -> bool {
    let way = &scenario.way;
    !scenario.disturbances.is_empty() || way.loss > 0
}

/// Which SAs were there when.
struct Watched<'a> {
    pairs: &'a [HostPair],
    /// By end and our SPI.
    installed: BTreeMap<NodeId, BTreeMap<u32, &'a Sa>>,
    /// Both SPIs of each pair of SAs that was ever made, the lower one first.
    made: BTreeSet<(u32, u32)>,
    /// Of each pair of hosts: since when it is not served, and when it was.
    since: Vec<Option<Time>>,
    first: Vec<Option<Time>>,
    gaps: Vec<(Time, Time)>,
    /// When a Child SA was last given up for want of packets.
    idle: Option<Time>,
}

impl<'a> Watched<'a> {
    fn of(world: &'a World, entries: &[&'a Entry]) -> Self {
        let pairs = world.network().pairs.as_slice();
        let mut watched = Self {
            pairs,
            installed: BTreeMap::new(),
            made: BTreeSet::new(),
            since: vec![Some(Time::START + BEGIN); pairs.len()],
            first: vec![None; pairs.len()],
            gaps: Vec::new(),
            idle: None,
        };
        for entry in entries {
            if watched.note(&entry.what, entry.at) {
                watched.look(entry.at);
            }
        }
        watched.close(world.now());
        watched
    }

    /// Whether SAs came or went.
    fn note(&mut self, what: &'a Happening, at: Time) -> bool {
        match what {
            Happening::Installed { node, sa } => {
                let (low, high) = (sa.spi_in.min(sa.spi_out), sa.spi_in.max(sa.spi_out));
                self.made.insert((low, high));
                self.installed
                    .entry(*node)
                    .or_default()
                    .insert(sa.spi_in, sa);
            }
            Happening::Removed { node, spi_in } => {
                self.installed.entry(*node).or_default().remove(spi_in);
            }
            Happening::PoweredOff { node } => {
                self.installed.remove(node);
            }
            Happening::Event { event, .. } => {
                if let EventKind::ChildDeleted {
                    reason: DeleteReason::Idle,
                    ..
                } = event.kind
                {
                    self.idle = Some(at);
                }
                return false;
            }
            _ => return false,
        }
        true
    }

    fn look(&mut self, now: Time) {
        for index in 0..self.pairs.len() {
            let served = self.serves(&self.pairs[index]);
            match (served, self.since[index]) {
                (true, Some(since)) => {
                    if self.first[index].is_none() {
                        self.first[index] = Some(now);
                    } else {
                        self.gap(since, now);
                    }
                    self.since[index] = None;
                }
                (false, None) => self.since[index] = Some(now),
                _ => {}
            }
        }
    }

    fn gap(&mut self, from: Time, to: Time) {
        let idle = self
            .idle
            .is_some_and(|at| from.since(at) < Duration::from_secs(5) && at <= from);
        if !idle && to > from {
            self.gaps.push((from, to));
        }
    }

    fn close(&mut self, now: Time) {
        for index in 0..self.pairs.len() {
            if let (Some(since), Some(_)) = (self.since[index], self.first[index]) {
                self.gap(since, now);
            }
        }
    }

    fn serves(&self, pair: &HostPair) -> bool {
        let [near, far] = pair.gateways;
        let [near_host, far_host] = [0, 1].map(|at| (pair.hosts[at], pair.ports[at]));
        let of = |node| {
            self.installed
                .get(&node)
                .into_iter()
                .flat_map(BTreeMap::values)
        };
        let halves = of(near).filter(|sa| sa.carries(pair.protocol, near_host, far_host));
        halves.into_iter().any(|sa| {
            let mut mirrors = of(far).filter(|mirror| mirror.spi_in == sa.spi_out);
            mirrors.any(|mirror| {
                mirror.spi_out == sa.spi_in && mirror.carries(pair.protocol, far_host, near_host)
            })
        })
    }

    /// When the last pair of hosts was served for the first time; none if one never was.
    fn up(&self) -> Option<Time> {
        self.first
            .iter()
            .copied()
            .collect::<Option<Vec<_>>>()?
            .into_iter()
            .max()
    }

    fn leaked(&self) -> usize {
        let all = self
            .installed
            .iter()
            .flat_map(|(node, sas)| sas.values().map(move |sa| (node, sa)));
        let lone = all.filter(|(node, sa)| {
            let others = self.installed.iter().filter(|(other, _)| other != node);
            let mut mirrors = others.filter_map(|(_, sas)| sas.get(&sa.spi_out));
            !mirrors.any(|mirror| mirror.spi_out == sa.spi_in)
        });
        lone.count()
    }
}

/// Ends of whose hosts' packets none arrived, else none was answered, as a verdict says it:
/// `Some(None)` is both.
fn silent_ends(world: &World) -> Option<Option<End>> {
    let unheard = |counts: &Counts| counts.sent > 0 && counts.arrived == 0;
    let unanswered = |flow: &Flow, counts: &Counts| {
        let wants_answers = !matches!(flow.pattern, Pattern::Constant { .. });
        wants_answers && counts.sent > 0 && counts.answered == 0
    };
    let ends = |is_silent: &dyn Fn(&Flow, &Counts) -> bool| {
        let flows = world.flow_counts();
        let silent = flows.filter(|(flow, counts)| is_silent(flow, counts));
        let ends = silent.filter_map(|(flow, _)| {
            let mut both = End::BOTH.into_iter();
            both.find(|end| NodeId::from(*end) == flow.from)
        });
        ends.map(Some).reduce(|a, b| if a == b { a } else { None })
    };
    ends(&|_, counts| unheard(counts)).or_else(|| ends(&unanswered))
}

/// How long after the tunnel came up a rekey was first asked for that failed.
fn failed_rekey(entries: &[&Entry], up: Time, disturbed: bool) -> Option<Duration> {
    // No SA is due so soon; a refusal of before is another Child's.
    let mut later = entries.iter().filter(|entry| entry.at > up + SETUP);
    let ended = later.clone().find(|entry| ends_badly(entry, disturbed))?;
    let refused = later.find(|entry| is_refusal(entry) && entry.at <= ended.at);
    if disturbed && refused.is_none() {
        return None;
    }
    let tried = refused.map_or(ended.at, |entry| entry.at);
    // Half a second for the way there, and for an end that was up a little sooner.
    Some(tried.since(up) + Duration::from_millis(500))
}

/// An SA ended by its lifetime; where nothing disturbs, also what else ends one or loses a packet.
fn ends_badly(entry: &Entry, disturbed: bool) -> bool {
    let kind = match &entry.what {
        Happening::Event { event, .. } => &event.kind,
        Happening::PingLost { .. } => return !disturbed,
        _ => return false,
    };
    let (EventKind::ChildDeleted { reason, .. } | EventKind::IkeDeleted { reason, .. }) = kind
    else {
        return false;
    };
    match reason {
        DeleteReason::Expired => true,
        DeleteReason::PeerDead | DeleteReason::Failed => !disturbed,
        _ => false,
    }
}

fn is_refusal(entry: &Entry) -> bool {
    match &entry.what {
        Happening::Event { event, .. } => {
            event.kind.is_failure() && !matches!(event.kind, EventKind::PeerDead { .. })
        }
        _ => false,
    }
}

fn established(entries: &[&Entry]) -> usize {
    let spis = entries.iter().filter_map(|entry| match &entry.what {
        Happening::Event { event, .. } => match event.kind {
            EventKind::IkeEstablished { .. } | EventKind::IkeRekeyed { .. } => event.ike_spis,
            _ => None,
        },
        _ => None,
    });
    spis.collect::<BTreeSet<_>>().len()
}

fn outages(
    world: &World,
    scenario: &Scenario,
    watched: &Watched<'_>,
    entries: &[&Entry],
) -> Vec<Outage> {
    let Some(up) = watched.up() else {
        return Vec::new();
    };
    let mut times = watched.gaps.clone();
    times.extend(
        silences(entries)
            .into_iter()
            .filter(|(from, _)| *from >= up),
    );
    let wanted = Time::START + BEGIN;
    if up.since(wanted) > SETUP {
        times.push((wanted, up));
    }
    let joined = joined(times).into_iter();
    joined.map(|times| outage(world, scenario, times)).collect()
}

fn outage(world: &World, scenario: &Scenario, (from, to): (Time, Time)) -> Outage {
    let lost = world.trace().entries.iter().filter(
        |entry| matches!(entry.what, Happening::PingLost { sent, .. } if sent >= from && sent < to),
    );
    Outage {
        from,
        to,
        packets_lost: lost.count(),
        occasion: occasion(scenario, &world.names(), from),
    }
}

/// The newest disturbance that goes on at that time, else one that began a moment before.
fn occasion(scenario: &Scenario, names: &[&str], at: Time) -> Option<String> {
    let at = at.since_start();
    let goes_on =
        |planned: &Planned| planned.what.lasts() && planned.ends().is_none_or(|ends| at < ends);
    let begun = scenario
        .disturbances
        .iter()
        .filter(|planned| planned.at <= at);
    let near = begun.filter(|planned| goes_on(planned) || at - planned.at <= AFTERMATH);
    let newest = near.max_by_key(|planned| (goes_on(planned), planned.at))?;
    Some(newest.text(names))
}

/// Times in which a flow's packets were lost in a row.
fn silences(entries: &[&Entry]) -> Vec<(Time, Time)> {
    struct Row {
        from: Time,
        last: Time,
        next: u32,
        count: u32,
    }
    let mut rows: BTreeMap<u16, Row> = BTreeMap::new();
    let mut found = Vec::new();
    let mut end = |row: Row| {
        if row.count >= IN_A_ROW {
            found.push((row.from, row.last + Duration::from_secs(1)));
        }
    };
    for entry in entries {
        let Happening::PingLost {
            flow, number, sent, ..
        } = entry.what
        else {
            continue;
        };
        match rows.get_mut(&flow).filter(|row| row.next == number) {
            Some(row) => (row.last, row.next, row.count) = (sent, number + 1, row.count + 1),
            None => {
                let row = Row {
                    from: sent,
                    last: sent,
                    next: number + 1,
                    count: 1,
                };
                rows.insert(flow, row).into_iter().for_each(&mut end);
            }
        }
    }
    rows.into_values().for_each(end);
    found
}

/// In order, and what overlaps as one.
fn joined(mut times: Vec<(Time, Time)>) -> Vec<(Time, Time)> {
    times.sort_unstable();
    let mut joined: Vec<(Time, Time)> = Vec::new();
    for (from, to) in times {
        match joined.last_mut().filter(|last| from <= last.1) {
            Some(last) => last.1 = last.1.max(to),
            None => joined.push((from, to)),
        }
    }
    joined
}

/// What decided a verdict that is not good, or an outage.
fn codes(
    entries: &[&Entry],
    verdict: Verdict,
    up: Option<Time>,
    outages: &[Outage],
) -> Vec<&'static str> {
    let mut codes: Vec<&'static str> = Vec::new();
    if verdict.is_good() && outages.is_empty() {
        return codes;
    }
    for entry in entries {
        let code = match &entry.what {
            Happening::Event { event, .. } if event.kind.is_failure() => event.kind.code(),
            Happening::Dropped {
                by: Station::Firewall,
                reason,
                ..
            } if !matches!(verdict, Verdict::ComesUp) => reason,
            Happening::Plaintext { .. } => "plaintext",
            Happening::NotInstalled { .. } => "not-installed",
            _ => continue,
        };
        if !codes.contains(&code) {
            codes.push(code);
        }
    }
    let started = |entry: &Entry| {
        matches!(&entry.what, Happening::Event { event, .. }
            if matches!(event.kind, EventKind::IkeStarted { .. }))
    };
    if up.is_none() && !entries.iter().any(|entry| started(entry)) {
        codes.push("nobody-starts");
    }
    codes
}

/// `61.2 s`, `1 h 2 min`.
pub fn length(lasts: Duration) -> String {
    let seconds = lasts.as_secs();
    match seconds {
        0..60 => format!("{:.2} s", lasts.as_secs_f64()),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}

impl std::fmt::Display for Outage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (lasts, until) = (length(self.lasts()), clock(self.to));
        write!(f, "no tunnel for {lasts}, until {until}")?;
        match self.packets_lost {
            0 => {}
            1 => f.write_str("; 1 packet lost")?,
            lost => write!(f, "; {lost} packets lost")?,
        }
        match &self.occasion {
            Some(occasion) => write!(f, " ({occasion})"),
            None => Ok(()),
        }
    }
}
