//! The engine: commands, then batches of packets, then what is polled, then getters.

mod fetch;
mod open;
mod path_mtu;
mod seal;
mod timer;

pub use open::{OpenOutcome, OpenOutput, Opened, Received};
pub use path_mtu::{PATH_MTU_AGE, TOLD_PER_SECOND, TooBig, Unheeded};
pub use seal::{ANSWERS_PER_SECOND, Answer, SealOutcome, SealOutput, Sealed};
pub use timer::LINGER;

use crate::counters::{DropReason, Drops, Tallies};
use crate::iv::Ivs;
use crate::notice::{Notice, Notices};
use crate::report::SaReport;
use crate::sa::Sa;
use crate::spd::{Child, ChildId, Policy, Spd};
use crate::table::Table;
use arrayvec::ArrayVec;
use crossgate_crypto::{CryptoError, CryptoRng, Double};
use crossgate_model::view::ChildCounters;
use crossgate_model::{ChildSa, Path, Time};
use path_mtu::PathMtu;
use seal::{Budget, Prepared};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;
use std::ops::Add;
use std::sync::Arc;
use timer::{Timer, Timers};

/// SPIs that IANA keeps, and 0, which marks IKE on port 4500 (RFC 4303 §2.1, RFC 3948 §2.1).
const RESERVED_SPIS: u32 = 255;

/// Packets that go through the kernels together: what they take at once.
const AT_ONCE: usize = 64;
type AtOnce<T> = ArrayVec<T, AT_ONCE>;

/// All policies and SAs of a gateway.
///
/// After each call, poll until nothing is left: notices, and where [`DataPlane::has_released`] says
/// so, [`DataPlane::release`]. As long as any of it is left, `poll_timeout` is in the past.
pub struct DataPlane {
    spd: Spd,
    /// By our SPI. Each at a place of its own: a table that grows moves only pointers.
    sad: Table<u32, Box<Sa>>,
    ivs: Ivs,
    /// In place of the ciphers, in a simulation that asks for it.
    double: Option<Arc<dyn Double>>,
    notices: Notices,
    timers: Timers,
    /// Children whose waiting packets have an SA now.
    released: BTreeSet<ChildId>,
    path_mtus: BTreeMap<IpAddr, PathMtu>,
    /// Where each pair goes: the peer, its SPI and ours. What a stranger can ask for is found here,
    /// without a search among all.
    ways: BTreeSet<(IpAddr, u32, u32)>,
    drops: Drops,
    tallies: Tallies,
    /// To senders of packets that are too big.
    answers: Budget,
    /// Words of routers about packets of ours.
    told: Budget,
    /// Room for those of a batch; empty between batches.
    prepared: Vec<Prepared>,
    /// Room for a packet that goes no straight way into a batch.
    apart: Vec<u8>,
}

/// Why a Child SA was not installed; none of it is left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InstallError {
    /// No policy has that Child.
    NoPolicy {
        child: String,
    },
    ReservedSpi {
        spi: u32,
    },
    /// Suite or keys don't fit together.
    Crypto(CryptoError),
}

impl fmt::Display for InstallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPolicy { child } => {
                write!(f, "child {}: no policy has that name", child.escape_debug())
            }
            Self::ReservedSpi { spi } => write!(
                f,
                "SPI {spi:#010x}: expected one above {RESERVED_SPIS}, which are reserved"
            ),
            Self::Crypto(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for InstallError {}

impl DataPlane {
    /// Policies in the order in which they are to be asked.
    pub fn new(policies: Vec<Policy>, rng: Box<dyn CryptoRng + Send>) -> Self {
        let mut plane = Self {
            spd: Spd::default(),
            sad: Table::default(),
            ivs: Ivs::new(rng),
            double: None,
            notices: Notices::default(),
            timers: Timers::default(),
            released: BTreeSet::new(),
            path_mtus: BTreeMap::new(),
            ways: BTreeSet::new(),
            drops: Drops::default(),
            tallies: Tallies::default(),
            answers: Budget::default(),
            told: Budget::default(),
            prepared: Vec::new(),
            apart: Vec::new(),
        };
        plane.set_policies(policies);
        plane
    }

    /// A data plane for a simulation: packets keep their form, and what `double` computes stands for
    /// cipher and ICV.
    pub fn doubled(
        policies: Vec<Policy>,
        rng: Box<dyn CryptoRng + Send>,
        double: Arc<dyn Double>,
    ) -> Self {
        let mut plane = Self::new(policies, rng);
        plane.double = Some(double);
        plane
    }

    /// Replaces the policies. SAs of Children that keep their name stay; those of others seal and
    /// open nothing any more, until they are removed.
    pub fn set_policies(&mut self, policies: Vec<Policy>) {
        for id in self.spd.set(policies) {
            self.abandon(id);
        }
    }

    /// Takes a pair into use: inbound at once, outbound as `sa.outbound` says. A pair that had our
    /// SPI before is gone.
    pub fn install(&mut self, now: Time, sa: ChildSa) -> Result<(), InstallError> {
        let (spi_in, id) = (sa.spi_in, self.installable(&sa)?);
        let path_mtu = self.path_mtu_to(sa.path.remote);
        let sa = Sa::new(now, id, sa, path_mtu, self.double.as_ref());
        let mut sa = sa.map_err(InstallError::Crypto)?;
        let child = self.spd.child(id);
        sa.follows = child.is_some_and(|child| !child.sas.is_empty());
        self.erase(spi_in);
        self.timers
            .insert(sa.lifetime.expires, Timer::Expire(spi_in));
        self.ways
            .insert((sa.path.remote, sa.outbound.spi(), spi_in));
        self.sad.insert(spi_in, Box::new(sa));
        if let Some(child) = self.spd.child_mut(id) {
            child.sas.push(spi_in);
            if !child.waiting.is_empty() {
                self.released.insert(id);
            }
        }
        Ok(())
    }

    /// Takes a pair out of use. Nothing more is sealed with it. If its Child has another pair, then
    /// what the peer sent before it heard of the removal is still opened for [`LINGER`], so that a
    /// rekey loses no packet that was overtaken; otherwise the Child is down, and its keys are erased
    /// at once, those that linger included.
    pub fn remove(&mut self, now: Time, spi_in: u32) {
        if self.has_successor(spi_in)
            && let Some(sa) = self.sad.get_mut(spi_in)
        {
            let until = *sa.lingers_until.get_or_insert(now + LINGER);
            self.timers.insert(until, Timer::Erase(spi_in));
        } else {
            let sas = self.siblings(spi_in).to_vec();
            sas.into_iter().for_each(|spi_in| self.erase(spi_in));
        }
    }

    /// From now on the pair's packets take that path.
    pub fn move_path(&mut self, spi_in: u32, path: Path) {
        let path_mtu = self.path_mtu_to(path.remote);
        if let Some(sa) = self.sad.get_mut(spi_in) {
            let spi_out = sa.outbound.spi();
            self.ways.remove(&(sa.path.remote, spi_out, spi_in));
            self.ways.insert((path.remote, spi_out, spi_in));
            sa.set_path(path, path_mtu);
        }
    }

    pub fn has_notices(&self) -> bool {
        !self.notices.is_empty()
    }

    pub fn poll_notice(&mut self) -> Option<Notice> {
        self.notices.pop()
    }

    /// The totals of a configured Child over all its SAs, gone ones included.
    pub fn totals(&self, child: &str) -> Option<ChildCounters> {
        let child = self.spd.child(self.spd.find(child)?)?;
        Some(self.totals_of(child))
    }

    fn totals_of(&self, child: &Child) -> ChildCounters {
        let live = child.sas.iter().filter_map(|spi| self.counters(*spi));
        live.fold(child.counters, Add::add)
    }

    pub(crate) fn all_totals(&self) -> impl Iterator<Item = (String, ChildCounters)> {
        let children = self.spd.children();
        children.map(|child| (child.name.to_string(), self.totals_of(child)))
    }

    pub(crate) fn all_sas(&self) -> impl Iterator<Item = (u32, SaReport)> {
        let spis = self.spd.children().flat_map(|child| &child.sas);
        spis.filter_map(|spi_in| {
            let sa = self.sad.get(*spi_in)?;
            let report = SaReport {
                counters: sa.counters,
                path_mtu: sa.path_mtu(),
                inner_mtu: sa.inner_mtu(),
            };
            Some((*spi_in, report))
        })
    }

    /// Packets that wait for an SA, of the Child with the most of them.
    pub fn waiting(&self) -> usize {
        let children = self.spd.children();
        children.map(|child| child.waiting.len()).max().unwrap_or(0)
    }

    pub fn counters(&self, spi_in: u32) -> Option<ChildCounters> {
        self.sad.get(spi_in).map(|sa| sa.counters)
    }

    /// Octets of an IP packet that the pair's path takes.
    pub fn path_mtu(&self, spi_in: u32) -> Option<u16> {
        self.sad.get(spi_in).map(|sa| sa.path_mtu())
    }

    /// Octets of the largest inner packet that needs no outer fragments.
    pub fn inner_mtu(&self, spi_in: u32) -> Option<u16> {
        self.sad.get(spi_in).map(|sa| sa.inner_mtu())
    }

    /// Refused packets by reason; the names are those of [`DropReason`].
    pub fn drops(&self) -> &BTreeMap<&'static str, u64> {
        self.drops.by_name()
    }

    /// What was done about packets' sizes, by name.
    pub fn tallies(&self) -> &BTreeMap<&'static str, u64> {
        self.tallies.by_name()
    }

    fn installable(&self, sa: &ChildSa) -> Result<ChildId, InstallError> {
        for spi in [sa.spi_in, sa.spi_out] {
            if spi <= RESERVED_SPIS {
                return Err(InstallError::ReservedSpi { spi });
            }
        }
        let id = self.spd.find(&sa.child).filter(|id| {
            self.spd
                .child(*id)
                .is_some_and(|child| child.is_configured())
        });
        id.ok_or_else(|| InstallError::NoPolicy {
            child: sa.child.clone(),
        })
    }

    /// All SAs of that one's Child, itself among them.
    fn siblings(&self, spi_in: u32) -> &[u32] {
        let sa = self.sad.get(spi_in);
        let child = sa.and_then(|sa| self.spd.child(sa.child));
        child.map_or(&[], |child| &child.sas)
    }

    /// Whether its Child has another pair that is in use.
    pub fn has_successor(&self, spi_in: u32) -> bool {
        self.siblings(spi_in)
            .iter()
            .filter(|other| **other != spi_in)
            .filter_map(|other| self.sad.get(*other))
            .any(|other| !other.lingers())
    }

    /// Whether all Children of that tunnel interface, or of `None`, have a pair to seal with: one that
    /// the peer is known to have, or that came after another.
    pub fn is_ready(&self, now: Time, interface: Option<&str>) -> bool {
        let usable = |spi_in: &u32| {
            let sa = self.sad.get(*spi_in);
            let known = sa.filter(|sa| sa.confirmed || sa.follows);
            known.is_some_and(|sa| !sa.lingers() && sa.end(now).is_none())
        };
        let mut children = self.spd.members(self.spd.list(interface));
        children.all(|child| child.sas.iter().any(usable))
    }

    /// Wipes a pair's keys and keeps its counts.
    fn erase(&mut self, spi_in: u32) {
        let Some(sa) = self.sad.remove(spi_in) else {
            return;
        };
        self.ways
            .remove(&(sa.path.remote, sa.outbound.spi(), spi_in));
        self.timers
            .remove(sa.lifetime.expires, Timer::Expire(spi_in));
        if let Some(until) = sa.lingers_until {
            self.timers.remove(until, Timer::Erase(spi_in));
        }
        self.notices.forget_sa(spi_in);
        if let Some(child) = self.spd.child_mut(sa.child) {
            child.sas.retain(|other| *other != spi_in);
            child.counters = child.counters + sa.counters;
        }
        self.forget_if_gone(sa.child);
    }

    /// A Child without a policy keeps no packets waiting.
    fn abandon(&mut self, id: ChildId) {
        let waiting = self.spd.child_mut(id).map(|child| {
            let waiting = std::mem::take(&mut child.waiting).len();
            (0..waiting).for_each(|_| DropReason::PolicyGone.count(&mut child.counters));
            waiting
        });
        (0..waiting.unwrap_or(0)).for_each(|_| self.drops.count(DropReason::PolicyGone));
        self.released.remove(&id);
        self.forget_if_gone(id);
    }

    fn forget_if_gone(&mut self, id: ChildId) {
        if self.spd.forget_if_gone(id) {
            self.notices.forget_child(id);
        }
    }

    /// Nothing is sealed or opened with the pair any more; the engine hears of it once.
    fn end_sa(&mut self, spi_in: u32, why: DropReason) {
        if let Some(sa) = self.sad.get_mut(spi_in)
            && sa.ended.is_none()
        {
            sa.ended = Some(why);
            if !sa.lingers() {
                self.notices.hard_expired(spi_in);
            }
        }
    }
}

#[cfg(test)]
impl DataPlane {
    pub(crate) fn sa_mut(&mut self, spi_in: u32) -> &mut Sa {
        self.sad.get_mut(spi_in).expect("an SA of that SPI")
    }
}
