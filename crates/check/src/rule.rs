//! What a rule is, what it looks at, and what it says.

use crate::agreement::selectors::{Asked, ask};
use crate::pairing;
use crate::rules::path::walk::Obstacle;
use crossgate_diag::Finding;
use crossgate_firewall::site;
use crossgate_model::event::EventKind;
use crossgate_model::plan::Plan;
use crossgate_model::{Change, Child, Connection, End, Gateway, Language};
use std::cell::OnceCell;
use std::sync::Arc;
use std::time::Duration;

/// One configuration that is judged.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    /// What the reader calls it: `branch`, `hq`.
    pub name: &'a str,
    pub gateway: &'a Gateway,
    pub language: &'a dyn Language,
}

/// By which standard algorithms and keys are judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// RFC 8247 and RFC 8221: what must not and should not be used.
    #[default]
    Baseline,
    /// NSA's Commercial National Security Algorithm Suite 2.0.
    Cnsa2,
    /// BSI TR-02102-3.
    Bsi,
    /// NIST SP 800-77 Rev. 1.
    Nist,
}

/// What the reader wants to know.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    pub profile: Profile,
    /// Seconds since 1970, for certificates. Absent: their dates aren't judged.
    pub now: Option<i64>,
    /// A NAT stands between the ends.
    pub nat_between: bool,
}

/// One rule: its stable code, its page, and its function.
pub struct Rule {
    /// In words: `pfs-one-sided`.
    pub code: &'static str,
    /// Markdown: what it is about, an example that it finds, what to do.
    pub page: &'static str,
    pub judge: Judge,
}

/// What a rule looks at.
#[derive(Clone, Copy)]
pub enum Judge {
    /// One configuration, whatever its peer.
    One(fn(&One<'_>, &mut Vec<Found>)),
    /// Two configurations as a whole.
    Both(fn(&Both<'_>, &mut Vec<Found>)),
    /// Two connections that mean each other; asked once a pair, not once a direction.
    Pair(fn(&Pair<'_>, &mut Vec<Found>)),
    /// Nothing: the dialect found it when it read the file.
    Reading,
}

/// One configuration.
pub struct One<'a> {
    pub end: End,
    pub side: Side<'a>,
    /// The other configuration, where there are two: for cures that both ends need.
    pub peer: Option<Side<'a>>,
    /// Indices of connections that mean each other, this end's first.
    pub pairs: &'a [[usize; 2]],
    pub options: Options,
}

impl<'a> One<'a> {
    /// It is on; or it is off with its peer at hand, and so about to be switched on.
    pub fn is_of_concern(&self, connection: &Connection) -> bool {
        connection.enabled.value || self.partner(connection).is_some()
    }

    /// The other end of a connection, where it is known.
    pub fn partner(&self, connection: &Connection) -> Option<Party<'a>> {
        let peer = self.peer?;
        let mut own = self.side.gateway.connections.iter();
        let at = own.position(|known| known.name.value == connection.name.value)?;
        let &[_, theirs] = self.pairs.iter().find(|[ours, _]| *ours == at)?;
        Some(Party {
            end: self.end.other(),
            side: peer,
            connection: peer.gateway.connections.get(theirs)?,
        })
    }
}

/// Two configurations, in the order given; addresses that one lacks are assumed from the other.
pub struct Both<'a> {
    pub sides: [Side<'a>; 2],
    pub options: Options,
    /// The network that they mean; `None` where they mean none.
    pub plan: Option<&'a Plan>,
    /// Indices of connections that mean each other.
    pub pairs: &'a [[usize; 2]],
}

/// One end of a pair of connections.
#[derive(Clone, Copy)]
pub struct Party<'a> {
    pub end: End,
    pub side: Side<'a>,
    pub connection: &'a Connection,
}

impl<'a> Party<'a> {
    pub fn name(&self) -> &'a str {
        self.side.name
    }

    pub fn gateway(&self) -> &'a Gateway {
        self.side.gateway
    }
}

/// Two connections that mean each other.
pub struct Pair<'a> {
    pub first: Party<'a>,
    pub second: Party<'a>,
    /// Indices of all connections that mean each other.
    pub pairs: &'a [[usize; 2]],
    pub options: Options,
    /// The network between them; absent where the files mean none, and of further tunnels beyond the
    /// first [`crate::report::PATHS_MAX`].
    pub plan: Option<&'a Plan>,
    pub(crate) whole: &'a Whole,
    pub(crate) known: Known<'a>,
}

/// Copies of both gateways as their files have them, which a hub's size makes dear: one for all
/// pairs.
pub(crate) type Whole = [OnceCell<Arc<Gateway>>; 2];

/// What several rules want to know of a pair, found once.
#[derive(Default)]
pub(crate) struct Known<'a> {
    /// Both gateways as they stand in the network.
    network: OnceCell<Option<[Arc<Gateway>; 2]>>,
    /// What stops packets between them.
    pub obstacles: OnceCell<Vec<Obstacle<'a>>>,
    children: OnceCell<Vec<[&'a Child; 2]>>,
    /// What comes of each end's Children when it starts.
    asked: OnceCell<[Vec<Asked<'a>>; 2]>,
    /// What the selectors do to the tunnel.
    pub by_selectors: OnceCell<Effect>,
    /// From which end packets don't find their Child.
    pub misled: OnceCell<Option<Effect>>,
}

impl<'a> Pair<'a> {
    /// Both gateways with what the network as planned gives them.
    pub(crate) fn network(&self) -> Option<&[Arc<Gateway>; 2]> {
        let completed = |party: Party<'_>, site, whole: &OnceCell<Arc<Gateway>>| {
            let gateway = party.gateway();
            match site::is_complete(gateway, site) {
                true => whole.get_or_init(|| Arc::new(gateway.clone())).clone(),
                false => Arc::new(site::completed(gateway, site)),
            }
        };
        let [first, second] = self.whole;
        let made = self.known.network.get_or_init(|| {
            let plan = self.plan?;
            Some([
                completed(self.first, &plan.branch, first),
                completed(self.second, &plan.hq, second),
            ])
        });
        made.as_ref()
    }

    /// Each end as the one that starts, with its peer.
    pub fn directions(&self) -> [(Party<'a>, Party<'a>); 2] {
        [(self.first, self.second), (self.second, self.first)]
    }

    /// Children that mean each other: of those whose selectors overlap, the closest.
    pub fn children(&self) -> &[[&'a Child; 2]] {
        let find = || pairing::children(self.first.connection, self.second.connection);
        self.known.children.get_or_init(find)
    }

    /// What comes of the Children of that end when it starts.
    pub(crate) fn asked(&self, starter: End) -> &[Asked<'a>] {
        let asked = || {
            self.directions()
                .map(|(starter, answerer)| ask(&starter, &answerer))
        };
        let [first, second] = self.known.asked.get_or_init(asked);
        match starter {
            End::First => first,
            End::Second => second,
        }
    }
}

/// Places of one cause that are shown.
const LABELS_MAX: usize = 12;

/// What a rule found: one cause.
pub struct Found {
    pub finding: Finding,
    pub effect: Effect,
    /// Of a rule that looks at one configuration: the one connection that suffers, if it is one.
    pub about: Option<(End, String)>,
    /// What each end's engine would report, for the vendors' log words.
    pub events: Vec<(End, EventKind)>,
    /// Each alone is a cure; the one to prefer first.
    pub cures: Vec<Cure>,
}

impl Found {
    /// Something that stops nothing.
    pub fn harmless(finding: Finding) -> Self {
        Self::with(finding, Effect::None)
    }

    pub fn with(finding: Finding, effect: Effect) -> Self {
        Self {
            finding,
            effect,
            about: None,
            events: Vec::new(),
            cures: Vec::new(),
        }
    }

    /// No other connection of that end suffers.
    #[must_use]
    pub fn about(mut self, end: End, connection: &Connection) -> Self {
        self.about = Some((end, connection.name.value.clone()));
        self
    }

    /// Whether it bears on the tunnel of these two connections.
    pub fn concerns(&self, tunnel: [&String; 2]) -> bool {
        let [first, second] = tunnel;
        self.about.as_ref().is_none_or(|(end, name)| match end {
            End::First => name == first,
            End::Second => name == second,
        })
    }

    /// The same cause as another tunnel has it: its places, so far as there is room, and whatever
    /// cures it need.
    pub(crate) fn join(&mut self, other: Self) {
        let labels = &mut self.finding.labels;
        for label in other.finding.labels {
            let is_new = labels.iter().all(|known| known.span != label.span);
            if is_new && labels.len() < LABELS_MAX {
                labels.push(label);
            }
        }
        for cure in other.cures {
            match self.cures.iter_mut().find(|known| known.text == cure.text) {
                Some(known) => {
                    let changes = cure.changes.into_iter();
                    let new = changes.filter(|change| !known.changes.contains(change));
                    known.changes.extend(new.collect::<Vec<_>>());
                }
                None => self.cures.push(cure),
            }
        }
    }

    #[must_use]
    pub fn event(mut self, end: End, kind: EventKind) -> Self {
        self.events.push((end, kind));
        self
    }

    #[must_use]
    pub fn cure(mut self, text: impl Into<String>, changes: Vec<(End, Change)>) -> Self {
        self.cures.push(Cure {
            text: text.into(),
            changes,
        });
        self
    }
}

/// What a cause does to the tunnel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    None,
    NeverComesUp,
    /// Not when that end starts.
    FailsWhen {
        starts: End,
    },
    /// So long after the SA came up.
    FailsAtRekey {
        after: Duration,
    },
    /// The SAs are there, but packets from that end's hosts don't arrive (`None`: from neither's).
    NoTraffic {
        from: Option<End>,
    },
}

/// One way out: changes that belong together.
pub struct Cure {
    pub text: String,
    pub changes: Vec<(End, Change)>,
}

/// The page of a rule.
pub fn explain(code: &str) -> Option<&'static str> {
    let rule = crate::rules::all().find(|rule| rule.code == code)?;
    Some(rule.page)
}
