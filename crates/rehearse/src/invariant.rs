//! What must hold in every run, looked at after each step. Each invariant is a function with a name,
//! of what has happened so far and the newest entry; so a trace can be judged without its world.

mod sas;
mod settled;

pub use settled::{SETTLED, Waits};

use self::sas::Sas;
use self::settled::{Disturbed, Unsettled};
use crate::node::NodeId;
use crate::scenario::Scenario;
use crate::trace::{Content, Entry, Happening, Sa};
use crossgate_esp::WAITING_PACKETS;
use crossgate_model::Time;
use std::collections::BTreeMap;
use std::time::Duration;

/// SAs of one Child with one peer that may be there at once: those of crossing rekeys included.
pub const SAS_OF_A_CHILD: usize = 8;

/// After the last disturbance, a tunnel that can come up is up again within so long: a peer that was
/// away is given up after seven minutes and a quarter at most, and the longest pause between tries
/// is two and a half.
pub const RECOVERY: Duration = Duration::from_secs(15 * 60);

/// The same for [`crate::Network::hurried`], whose peers are given up within ten seconds.
pub const HURRIED_RECOVERY: Duration = Duration::from_secs(8 * 60);

/// Entries of the trace that a violation shows.
pub(crate) const TAIL: usize = 40;

/// An invariant that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    pub name: &'static str,
    pub at: Time,
    pub what: String,
    /// The last entries of the trace before it, as far as they were recorded.
    pub tail: Vec<String>,
}

type Step = fn(&mut Ledger, &Entry) -> Result<(), String>;
type Finally = fn(&Ledger) -> Result<(), String>;

const STEPS: &[(&str, Step)] = &[
    ("no-plaintext", no_plaintext),
    ("no-sa-leaked", no_more_sas_than_may_be),
    ("queues-bounded", queues_bounded),
    ("timers-done", timers_done),
    ("keys-erased", keys_erased),
    ("serves-again", serves_again),
];

/// An ESP packet that left a gateway for the WAN: half of a run is these.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SentEsp {
    pub from: NodeId,
    pub spi: u32,
    pub sequence: u32,
    /// Its beginning.
    pub iv: u64,
}

type OfEsp = fn(&mut Sent, &Ends, &SentEsp, Time) -> Result<(), String>;

const OF_ESP: &[(&str, OfEsp)] = &[
    ("sequence-never-reused", sequence_never_reused),
    ("iv-never-reused", iv_never_reused),
    ("peer-can-receive", peer_can_receive),
];

/// An inner packet that came out of the tunnel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Opened {
    pub node: NodeId,
    pub spi_in: u32,
    pub sequence: u32,
}

type OfOpened = fn(&mut Ledger, &Opened) -> Result<(), String>;

const OF_OPENED: (&str, OfOpened) = ("never-opened-twice", never_opened_twice);

type Timed = fn(&Ends, Time) -> Result<(), String>;

/// These are about what has lasted too long: whatever happens shows them the time.
const TIMED: &[(&str, Timed)] = &[
    ("child-settled", child_settled),
    ("ends-agree", ends_agree_soon),
];

const FINALLY: &[(&str, Finally)] = &[
    ("ends-agree", ends_agree),
    ("no-sa-leaked", each_child_once),
];

/// Names of all invariants.
pub fn names() -> impl Iterator<Item = &'static str> {
    let steps = || {
        let of_esp = OF_ESP.iter().map(|(name, _)| *name);
        let timed = TIMED.iter().map(|(name, _)| *name);
        let others = STEPS.iter().map(|(name, _)| *name);
        of_esp.chain([OF_OPENED.0]).chain(others).chain(timed)
    };
    let finally = FINALLY.iter().map(|(name, _)| *name);
    steps().chain(finally.filter(move |name| steps().all(|step| step != *name)))
}

/// An end and an SPI, as one number: each packet has its place looked for twice.
type Place = u64;

fn place(node: NodeId, spi: u32) -> Place {
    u64::from(node.0) << 32 | u64::from(spi)
}

/// What the invariants remember.
#[derive(Debug, Default)]
struct Ledger {
    ends: Ends,
    /// By sender and SPI.
    sent: BTreeMap<Place, Sent>,
    /// By receiver and SPI; nothing where the SA's check is off.
    opened: BTreeMap<Place, Option<Seen>>,
    /// Packets that were sent later than this arrive.
    serves_from: Option<Time>,
}

/// What the ends have, and what disturbs them.
#[derive(Debug, Default)]
struct Ends {
    sas: Sas,
    unsettled: Unsettled,
    disturbed: Disturbed,
}

/// What was sent under one SPI.
#[derive(Debug, Default)]
struct Sent {
    last: u32,
    /// The first eight octets of each IV that isn't the sequence number: half of one of CBC. Drawn
    /// at random, two halves are equal once in thousands of millions of packets.
    ivs: Ivs,
    /// The generation of the ledger's SAs in which another end was known to receive on it.
    heard: Option<u64>,
}

/// A table of numbers that are as good as random: each stands where it belongs, or behind it.
#[derive(Debug, Default)]
struct Ivs {
    /// A power of two, at most half full; 0 is a free place.
    places: Vec<u64>,
    count: usize,
    zero: bool,
}

impl Ivs {
    const FIRST: usize = 16;

    /// False if it was there before.
    fn insert(&mut self, iv: u64) -> bool {
        if iv == 0 {
            return !std::mem::replace(&mut self.zero, true);
        }
        if 2 * self.count >= self.places.len() {
            let size = (2 * self.places.len()).max(Self::FIRST);
            let before = std::mem::replace(&mut self.places, vec![0; size]);
            before.into_iter().filter(|iv| *iv != 0).for_each(|iv| {
                self.place(iv);
            });
        }
        let new = self.place(iv);
        self.count += usize::from(new);
        new
    }

    fn place(&mut self, iv: u64) -> bool {
        let mask = self.places.len().wrapping_sub(1);
        let mut at = iv as usize;
        // At least half of the places are free, so one of them is found.
        while let Some(place) = self.places.get_mut(at & mask) {
            match *place {
                0 => {
                    *place = iv;
                    return true;
                }
                known if known == iv => return false,
                _ => at = (at & mask) + 1,
            }
        }
        false
    }
}

/// Looks at a run, entry by entry.
#[derive(Debug, Default)]
pub struct Watch {
    ledger: Ledger,
    violations: Vec<Violation>,
}

impl Watch {
    /// From then on, no packet may be lost for want of a tunnel.
    pub fn expect_service(&mut self, from: Time) {
        self.ledger.serves_from = Some(from);
    }

    /// What the scenario does to the run, whose ends wait so long.
    pub fn expect_disturbances(&mut self, scenario: &Scenario, waits: Waits) {
        self.ledger.ends.disturbed = Disturbed::by(scenario, waits);
    }

    pub fn see(&mut self, entry: &Entry) {
        match &entry.what {
            Happening::Sent { from, packet } => match &packet.content {
                Content::Esp {
                    spi, sequence, iv, ..
                } => self.see_esp(entry.at, &SentEsp::new(*from, *spi, *sequence, *iv)),
                _ => self.see_time(entry.at),
            },
            Happening::Opened {
                node,
                spi_in,
                sequence,
            } => {
                let (node, spi_in, sequence) = (*node, *spi_in, *sequence);
                let opened = Opened {
                    node,
                    spi_in,
                    sequence,
                };
                self.see_opened(entry.at, &opened);
            }
            Happening::Delivered { .. }
            | Happening::Lost { .. }
            | Happening::PingSent { .. }
            | Happening::PingArrived { .. }
            | Happening::PingAnswered { .. } => self.see_time(entry.at),
            _ => self.see_another(entry),
        }
    }

    fn see_another(&mut self, entry: &Entry) {
        self.ledger.note(entry);
        for (name, check) in STEPS {
            if let Err(what) = check(&mut self.ledger, entry) {
                violate(&mut self.violations, name, entry.at, what);
            }
        }
        self.see_time(entry.at);
    }

    pub(crate) fn see_esp(&mut self, at: Time, packet: &SentEsp) {
        let sent = self.ledger.sent.entry(place(packet.from, packet.spi));
        let sent = sent.or_default();
        for (name, check) in OF_ESP {
            if let Err(what) = check(sent, &self.ledger.ends, packet, at) {
                violate(&mut self.violations, name, at, what);
            }
        }
        self.see_time(at);
    }

    pub(crate) fn see_opened(&mut self, at: Time, packet: &Opened) {
        let (name, check) = OF_OPENED;
        if let Err(what) = check(&mut self.ledger, packet) {
            violate(&mut self.violations, name, at, what);
        }
        self.see_time(at);
    }

    /// Whether nothing may last too long: [`Watch::see_time`] has nothing to look at.
    pub(crate) fn is_settled(&self) -> bool {
        self.ledger.ends.unsettled.is_empty()
    }

    /// Something happened of which nothing else is to be said.
    pub(crate) fn see_time(&mut self, at: Time) {
        if self.is_settled() {
            return;
        }
        for (name, check) in TIMED {
            if let Err(what) = check(&self.ledger.ends, at) {
                violate(&mut self.violations, name, at, what);
            }
        }
    }

    /// The run is over, at a moment when nothing is under way.
    pub fn finish(&mut self, at: Time) {
        for (name, check) in FINALLY {
            if let Err(what) = check(&self.ledger) {
                violate(&mut self.violations, name, at, what);
            }
        }
    }

    /// Of a run that was recorded whole.
    pub fn judge<'a>(
        entries: impl IntoIterator<Item = &'a Entry>,
        serves_from: Option<Time>,
    ) -> Vec<Violation> {
        let mut watch = Self::default();
        watch.ledger.serves_from = serves_from;
        let mut last = Time::START;
        for entry in entries {
            watch.see(entry);
            last = entry.at;
        }
        watch.finish(last);
        watch.violations
    }

    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    pub(crate) fn newest_mut(&mut self, since: usize) -> &mut [Violation] {
        self.violations.get_mut(since..).unwrap_or_default()
    }

    /// Whether both ends have the same SAs now.
    pub fn agreement(&self) -> Result<(), String> {
        ends_agree(&self.ledger).and_then(|()| each_child_once(&self.ledger))
    }

    pub(crate) fn has(&self, node: NodeId, spi_in: u32) -> bool {
        self.ledger.ends.sas.get(node, spi_in).is_some()
    }
}

fn violate(violations: &mut Vec<Violation>, name: &'static str, at: Time, what: String) {
    // The first of a kind says it; a thousand more say nothing.
    if violations.iter().all(|known| known.name != name) {
        violations.push(Violation {
            name,
            at,
            what,
            tail: Vec::new(),
        });
    }
}

impl Ledger {
    fn note(&mut self, entry: &Entry) {
        match &entry.what {
            Happening::Installed { node, sa } => {
                self.sent.remove(&place(*node, sa.spi_out));
                self.opened.remove(&place(*node, sa.spi_in));
                self.ends.sas.insert(*node, Sa::clone(sa));
                self.ends.note(*node, sa, entry.at);
            }
            Happening::Removed { node, spi_in } => self.remove(*node, *spi_in, entry.at),
            Happening::PoweredOff { node } => {
                for spi_in in self.ends.sas.spis_of(*node) {
                    self.remove(*node, spi_in, entry.at);
                }
            }
            _ => {}
        }
    }

    fn remove(&mut self, node: NodeId, spi_in: u32, now: Time) {
        if let Some(sa) = self.ends.sas.remove(node, spi_in, now) {
            self.sent.remove(&place(node, sa.spi_out));
            self.opened.remove(&place(node, sa.spi_in));
            self.ends.note(node, &sa, now);
        }
    }
}

impl Ends {
    fn note(&mut self, node: NodeId, sa: &Sa, now: Time) {
        self.unsettled.note(&self.sas, node, sa, now);
    }
}

/// RFC 4301 §5.1: what policy protects never leaves in the clear.
fn no_plaintext(_: &mut Ledger, entry: &Entry) -> Result<(), String> {
    match &entry.what {
        Happening::Plaintext {
            source,
            destination,
            ..
        } => Err(format!(
            "{source} to {destination} crossed the WAN in the clear"
        )),
        _ => Ok(()),
    }
}

/// RFC 4303 §2.2 and §3.3.3: numbers increase.
fn sequence_never_reused(
    sent: &mut Sent,
    _: &Ends,
    packet: &SentEsp,
    _: Time,
) -> Result<(), String> {
    let (spi, sequence) = (packet.spi, packet.sequence);
    let last = std::mem::replace(&mut sent.last, sequence);
    match sequence > last {
        true => Ok(()),
        false => Err(format!(
            "SPI {spi:08x}: number {sequence} was sent after {last}"
        )),
    }
}

/// No IV comes twice under one key (RFC 4106 §3.1 for GCM, RFC 3602 §3 for CBC, where it must not be
/// predictable either). One that is the sequence number itself is as unique as that.
fn iv_never_reused(sent: &mut Sent, _: &Ends, packet: &SentEsp, _: Time) -> Result<(), String> {
    let (spi, sequence) = (packet.spi, packet.sequence);
    match packet.iv == u64::from(sequence) || sent.ivs.insert(packet.iv) {
        true => Ok(()),
        false => Err(format!(
            "SPI {spi:08x}: the IV of number {sequence} was sent before"
        )),
    }
}

impl SentEsp {
    pub fn new(from: NodeId, spi: u32, sequence: u32, iv: [u8; 8]) -> Self {
        Self {
            from,
            spi,
            sequence,
            iv: u64::from_be_bytes(iv),
        }
    }
}

/// RFC 4303 §3.4.3, where the check is on.
fn never_opened_twice(ledger: &mut Ledger, packet: &Opened) -> Result<(), String> {
    let Opened {
        node,
        spi_in,
        sequence,
    } = *packet;
    // It is forgotten whenever the SA changes.
    let seen = ledger.opened.entry(place(node, spi_in)).or_insert_with(|| {
        let sa = ledger.ends.sas.get(node, spi_in);
        let unchecked = sa.is_some_and(|sa| sa.replay_window == 0);
        (!unchecked).then(Seen::default)
    });
    match seen.as_mut().is_none_or(|seen| seen.add(sequence)) {
        true => Ok(()),
        false => Err(format!(
            "SPI {spi_in:08x}: number {sequence} was opened twice"
        )),
    }
}

/// Sequence numbers that were opened, of the last few thousand.
#[derive(Debug)]
struct Seen {
    newest: u32,
    bits: [u64; Seen::WORDS],
}

impl Default for Seen {
    fn default() -> Self {
        Self {
            newest: 0,
            bits: [0; Self::WORDS],
        }
    }
}

impl Seen {
    const WORDS: usize = 80;
    const SPAN: u32 = Self::WORDS as u32 * 64;

    /// False if it was there before, or is so old that this can't be known.
    fn add(&mut self, number: u32) -> bool {
        if number.saturating_add(Self::SPAN) <= self.newest {
            return false;
        }
        let ahead = number.saturating_sub(self.newest).min(Self::SPAN);
        for skipped in (0..ahead).map(|back| number - back) {
            *self.word(skipped) &= !Self::bit(skipped);
        }
        self.newest = self.newest.max(number);
        let known = *self.word(number) & Self::bit(number) != 0;
        *self.word(number) |= Self::bit(number);
        !known
    }

    #[allow(
        clippy::indexing_slicing,
        reason = "a remainder of the length is inside"
    )]
    fn word(&mut self, number: u32) -> &mut u64 {
        &mut self.bits[(number / 64) as usize % Self::WORDS]
    }

    fn bit(number: u32) -> u64 {
        1 << (number % 64)
    }
}

fn no_more_sas_than_may_be(ledger: &mut Ledger, entry: &Entry) -> Result<(), String> {
    let Happening::Installed { node, sa } = &entry.what else {
        return Ok(());
    };
    let siblings = ledger.ends.sas.siblings(*node, sa).count();
    match siblings > SAS_OF_A_CHILD {
        false => Ok(()),
        true => Err(format!("{siblings} SAs of {} at once", sa.child)),
    }
}

fn queues_bounded(_: &mut Ledger, entry: &Entry) -> Result<(), String> {
    match entry.what {
        Happening::Overflow { limit } => Err(format!("more than {limit} packets are under way")),
        Happening::Waits { packets, .. } if packets > WAITING_PACKETS => Err(format!(
            "{packets} packets wait for one Child's SA, and {WAITING_PACKETS} may"
        )),
        _ => Ok(()),
    }
}

fn timers_done(_: &mut Ledger, entry: &Entry) -> Result<(), String> {
    match &entry.what {
        Happening::Stuck { timer, .. } => Err(format!("timer {timer} is due and never done")),
        _ => Ok(()),
    }
}

fn keys_erased(_: &mut Ledger, entry: &Entry) -> Result<(), String> {
    match entry.what {
        Happening::KeysLeft { spi_in, .. } => Err(format!("SPI {spi_in:08x} still has its keys")),
        _ => Ok(()),
    }
}

fn serves_again(ledger: &mut Ledger, entry: &Entry) -> Result<(), String> {
    match (&entry.what, ledger.serves_from) {
        (
            Happening::PingLost {
                flow, number, sent, ..
            },
            Some(from),
        ) if *sent >= from => {
            let seconds = sent.since_start().as_secs();
            Err(format!(
                "ping {flow}/{number}, sent at {seconds} s, was lost"
            ))
        }
        _ => Ok(()),
    }
}

/// RFC 7296 §2.8: while there is an SA that the peer receives on, nothing is sent where it doesn't,
/// not yet or no longer, as soon as the sender can know (§2.4).
fn peer_can_receive(
    sent: &mut Sent,
    ends: &Ends,
    packet: &SentEsp,
    now: Time,
) -> Result<(), String> {
    let (sas, from, spi) = (&ends.sas, packet.from, packet.spi);
    if sent.heard == Some(sas.generation()) {
        return Ok(());
    }
    if sas.is_received(from, spi) {
        sent.heard = Some(sas.generation());
        return Ok(());
    }
    if sas.is_heard(from, spi, now) || !ends.disturbed.is_calm(now, now) {
        return Ok(());
    }
    let gone = sas.unheard_since(spi);
    if gone.is_some_and(|gone| ends.disturbed.hides(gone, now)) {
        return Ok(());
    }
    let used = sas.of_node(from).find(|sa| sa.spi_out == spi);
    let mut better = used.into_iter().flat_map(|sa| sas.siblings(from, sa));
    match better.find(|other| sas.is_mirrored(from, other)) {
        None => Ok(()),
        Some(other) => Err(format!(
            "gateway {} sends number {} under SPI {spi:08x}, which its peer doesn't have, and could \
             under {:08x}",
            from.0, packet.sequence, other.spi_out
        )),
    }
}

/// RFC 7296 §2.8 and §2.8.1: a replaced SA is deleted, and so is what a collision made too much.
fn child_settled(ends: &Ends, now: Time) -> Result<(), String> {
    ends.unsettled.each_child_once(&ends.disturbed, now)
}

fn ends_agree_soon(ends: &Ends, now: Time) -> Result<(), String> {
    ends.unsettled.ends_agree(&ends.disturbed, now)
}

/// Each SA has its mirror at some other end.
fn ends_agree(ledger: &Ledger) -> Result<(), String> {
    let mut all = ledger.ends.sas.all();
    match all.find(|(node, sa)| !ledger.ends.sas.is_mirrored(*node, sa)) {
        None => Ok(()),
        Some((node, sa)) => Err(format!(
            "gateway {} has SA {:08x} of {}, and its peer has no mirror of it",
            node.0, sa.spi_in, sa.child
        )),
    }
}

fn each_child_once(ledger: &Ledger) -> Result<(), String> {
    let mut all = ledger.ends.sas.all();
    match all.find(|(node, sa)| ledger.ends.sas.siblings(*node, sa).count() > 1) {
        None => Ok(()),
        Some((node, sa)) => Err(format!(
            "gateway {} has {} more than once, and nothing is under way",
            node.0, sa.child
        )),
    }
}
