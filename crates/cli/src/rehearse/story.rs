//! The timeline: what an operator cares about, one row a happening, with both ends' views of it.
//!
//! What one end says of a happening and the other end says of the same is one row: they are of the
//! same kind, by the same end, and within a few seconds. Rows that come again and again are told
//! a few times and then counted.

use super::Day;
use crossgate_model::event::{DeleteReason, Side};
use crossgate_model::{Event, EventKind, Time};
use crossgate_rehearse::node::Station;
use crossgate_rehearse::{Entry, Happening, NodeId};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Between what one end says of a happening and the other.
const SAME: Duration = Duration::from_secs(5);

/// So many rows are told whatever they are.
const FEW: usize = 80;
/// Of more, equal ones that are told; rekeys are what a day consists of.
const TOLD: usize = 3;
const REKEYS_TOLD: usize = 60;

/// A happening.
#[derive(Clone, Debug)]
pub struct Row {
    pub at: Time,
    pub code: &'static str,
    /// In the ends' names.
    pub text: String,
    /// What each end says of it; neither, if it happens to the world.
    pub views: [Option<View>; 2],
    /// Who did it.
    by: Option<usize>,
}

/// What one end says.
#[derive(Clone, Debug)]
pub struct View {
    pub at: Time,
    pub text: String,
}

/// A row that came more often than it is told.
#[derive(Clone, Debug)]
pub struct Repeated {
    pub text: String,
    pub times: usize,
    pub last: Time,
}

#[derive(Clone, Debug, Default)]
pub struct Story {
    pub rows: Vec<Row>,
    pub repeated: Vec<Repeated>,
}

impl Story {
    pub fn of(day: &Day<'_>) -> Self {
        let mut teller = Teller::new(day);
        for entry in day.entries() {
            teller.hear(entry);
        }
        let mut rows = teller.rows;
        rows.extend(outages(day));
        rows.extend(lost(day));
        rows.sort_by_key(|row| row.at);
        told_few_times(rows)
    }
}

/// Rows of the codes that come with each rekey.
fn is_rekey(code: &str) -> bool {
    matches!(code, "child-sa-rekeyed" | "ike-sa-rekeyed")
}

fn told_few_times(rows: Vec<Row>) -> Story {
    if rows.len() <= FEW {
        let repeated = Vec::new();
        return Story { rows, repeated };
    }
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut story = Story::default();
    for row in rows {
        let count = counts.entry(row.text.clone()).or_default();
        *count += 1;
        let most = if is_rekey(row.code) {
            REKEYS_TOLD
        } else {
            TOLD
        };
        if *count <= most {
            story.rows.push(row);
            continue;
        }
        match story.repeated.iter_mut().find(|r| r.text == row.text) {
            Some(known) => (known.times, known.last) = (known.times + 1, row.at),
            None => story.repeated.push(Repeated {
                text: row.text,
                times: 1,
                last: row.at,
            }),
        }
    }
    story
}

struct Teller<'a> {
    names: [&'a str; 2],
    several_children: bool,
    /// Drops that were told, by end and reason.
    dropped: BTreeSet<(NodeId, &'static str)>,
    rows: Vec<Row>,
}

impl<'a> Teller<'a> {
    fn new(day: &Day<'a>) -> Self {
        Self {
            names: day.names,
            several_children: day.world.network().pairs.len() > 1,
            dropped: BTreeSet::new(),
            rows: Vec::new(),
        }
    }

    fn name(&self, node: NodeId) -> &'a str {
        self.names.get(usize::from(node.0)).copied().unwrap_or("?")
    }

    fn hear(&mut self, entry: &Entry) {
        match &entry.what {
            Happening::Event { node, event } => self.event(entry.at, *node, event),
            // That it is on again says as much.
            Happening::Disturbance { text }
                if text.starts_with("over: reboot") || text.starts_with("over: power-loss") => {}
            Happening::Disturbance { text } => self.world(entry.at, "disturbance", text.clone()),
            Happening::PoweredOff { node } => {
                self.world(entry.at, "off", format!("{} is off", self.name(*node)));
            }
            Happening::PoweredOn { node } if entry.at > Time::START => {
                self.world(entry.at, "on", format!("{} is on again", self.name(*node)));
            }
            Happening::Plaintext {
                from,
                source,
                destination,
            } => {
                let text = format!(
                    "{} sends a packet from {source} to {destination} in the clear",
                    self.name(*from)
                );
                self.world(entry.at, "plaintext", text);
            }
            Happening::NotInstalled { node, child, why } => {
                let text = format!("{} can't install {child}: {why}", self.name(*node));
                self.world(entry.at, "not-installed", text);
            }
            Happening::Dropped {
                node,
                by: Station::Firewall,
                reason,
            } if self.dropped.insert((*node, reason)) => {
                let text = format!("{} drops a packet by its rules: {reason}", self.name(*node));
                self.world(entry.at, reason, text);
            }
            _ => {}
        }
    }

    fn world(&mut self, at: Time, code: &'static str, text: String) {
        let row = Row {
            at,
            code,
            text,
            views: [None, None],
            by: None,
        };
        self.rows.push(row);
    }

    fn event(&mut self, at: Time, node: NodeId, event: &Event) {
        let end = usize::from(node.0);
        let Some(told) = self.told(end, event) else {
            return;
        };
        let code = event.kind.code();
        let view = Some(View {
            at,
            text: said(event),
        });
        let same = |row: &&mut Row| {
            row.code == code
                && row.by == told.by
                && row.views[end].is_none()
                && row.views[1 - end].is_some()
                && at.since(row.at) <= SAME
        };
        if let Some(row) = self.rows.iter_mut().rev().take(12).find(same) {
            row.views[end] = view;
            if told.knows_better {
                row.text = told.text;
            }
            return;
        }
        let mut views = [None, None];
        views[end] = view;
        let Told { text, by, .. } = told;
        self.rows.push(Row {
            at,
            code,
            text,
            views,
            by,
        });
    }

    /// In the ends' names; nothing of what is no news.
    fn told(&self, end: usize, event: &Event) -> Option<Told> {
        let by = |side: &Side| match side {
            Side::Us => end,
            Side::Peer => 1 - end,
        };
        let of = |side: &Side, what: &str| {
            let text = format!("{what} by {}", self.names[by(side)]);
            Told {
                by: Some(by(side)),
                text,
                knows_better: false,
            }
        };
        let plain = |text: String| Told {
            by: None,
            text,
            knows_better: false,
        };
        let own = |text: String| Told {
            by: Some(end),
            text,
            knows_better: true,
        };
        Some(match &event.kind {
            EventKind::Retransmitted { .. } => return None,
            EventKind::IkeStarted { by } => of(by, "IKE negotiation started"),
            EventKind::IkeRekeyed { by } => of(by, "IKE SA rekeyed"),
            EventKind::IkeDeleted { by: side, reason } => {
                self.ended(end, "IKE SA deleted", by(side), *reason)?
            }
            EventKind::ChildRekeyed { by, .. } => {
                of(by, &format!("Child SA{} rekeyed", self.child(event)))
            }
            EventKind::ChildDeleted {
                by: side, reason, ..
            } => {
                let what = format!("Child SA{} deleted", self.child(event));
                self.ended(end, &what, by(side), *reason)?
            }
            EventKind::IkeEstablished { suite, nat } => {
                let nat = if *nat { ", NAT between" } else { "" };
                plain(format!("IKE SA up: {suite}{nat}"))
            }
            EventKind::ChildInstalled {
                selectors, suite, ..
            } => {
                let selectors = match end {
                    0 => *selectors,
                    _ => selectors.mirrored(),
                };
                plain(format!("Child SA up: {selectors}, {suite}"))
            }
            EventKind::CollisionResolved { survivor } => {
                let survivor = self.names[by(survivor)];
                plain(format!(
                    "both ends rekeyed at once; the SA of {survivor} stays"
                ))
            }
            kind => self
                .refused(end, kind)
                .unwrap_or_else(|| own(format!("{}: {kind}", self.names[end]))),
        })
    }

    /// An SA that is no more; nothing if a successor goes on. That the peer has restarted is what
    /// the other end concludes, and deletes it for.
    fn ended(&self, end: usize, what: &str, by: usize, reason: DeleteReason) -> Option<Told> {
        let (by, why) = match reason {
            DeleteReason::Rekeyed | DeleteReason::Redundant => return None,
            DeleteReason::ByPeer => (by, String::new()),
            DeleteReason::PeerRestarted => (end, format!(": {} restarted", self.names[1 - end])),
            reason => (by, format!(": {reason}")),
        };
        Some(Told {
            by: Some(by),
            text: format!("{what} by {}{why}", self.names[by]),
            knows_better: !why.is_empty(),
        })
    }

    /// The end that refuses knows both sides' values.
    fn refused(&self, end: usize, kind: &EventKind) -> Option<Told> {
        let (refused_by, what, received, expected) = match kind {
            EventKind::NoProposalChosen {
                refused_by,
                received,
                expected,
                exchange,
            } => (
                refused_by,
                format!("{exchange}: no proposal chosen"),
                received,
                expected,
            ),
            EventKind::TsUnacceptable {
                refused_by,
                received,
                expected,
            } => (
                refused_by,
                "traffic selectors unacceptable".into(),
                received,
                expected,
            ),
            EventKind::PfsMismatch {
                refused_by,
                received,
                expected,
            } => (refused_by, "PFS mismatch".into(), received, expected),
            _ => return None,
        };
        let by = match refused_by {
            Side::Us => end,
            Side::Peer => 1 - end,
        };
        let name = self.names[by];
        Some(Told {
            by: Some(by),
            text: format!("{what}, refused by {name}: received {received}; expected {expected}"),
            knows_better: by == end,
        })
    }

    /// Which one, where there are several.
    fn child(&self, event: &Event) -> String {
        match &event.child {
            Some(child) if self.several_children => format!(" {child}"),
            _ => String::new(),
        }
    }
}

/// A happening in the ends' names.
struct Told {
    by: Option<usize>,
    text: String,
    /// The other end's words say less.
    knows_better: bool,
}

/// The end's own words.
fn said(event: &Event) -> String {
    match &event.child {
        Some(child) => format!("{child}: {}", event.kind),
        None => event.kind.to_string(),
    }
}

fn outages(day: &Day<'_>) -> impl Iterator<Item = Row> {
    day.account.outages.iter().map(|outage| Row {
        at: outage.from,
        code: "outage",
        text: outage.to_string(),
        views: [None, None],
        by: None,
    })
}

/// Packets that were lost though nothing was to lose any; those of an outage are told with it.
fn lost(day: &Day<'_>) -> Vec<Row> {
    let Some(up) = day.account.up.filter(|_| !day.is_disturbed()) else {
        return Vec::new();
    };
    let mut rows: Vec<(Time, Time, usize)> = Vec::new();
    for entry in day.entries() {
        let Happening::PingLost { sent, .. } = entry.what else {
            continue;
        };
        let outages = &day.account.outages;
        if sent < up || outages.iter().any(|o| o.from <= sent && sent < o.to) {
            continue;
        }
        match rows
            .last_mut()
            .filter(|(_, last, _)| sent.since(*last) < Duration::from_secs(60))
        {
            Some((_, last, count)) => (*last, *count) = (sent, *count + 1),
            None => rows.push((sent, sent, 1)),
        }
    }
    let row = |(at, last, count): (Time, Time, usize)| Row {
        at,
        code: "packets-lost",
        text: match count {
            1 => "1 packet lost".into(),
            _ => format!(
                "{count} packets lost, the last sent at {}",
                super::lives::clock(last)
            ),
        },
        views: [None, None],
        by: None,
    };
    rows.into_iter().map(row).collect()
}
