//! What becomes of a pair of configurations: run, and put into the words of [`Verdict`].
//!
//! The tunnel is started once by each end, while the other one only answers. Hosts of each planned
//! pair send each other packets in both directions: after whatever happens to the tunnel at once,
//! then seldomer and seldomer. Each run goes on past the first rekey and the hard lifetime of the
//! Children, and one past those of the IKE SA.
//!
//! An end that its own file never lets start (passive, responder-only, or a peer that may be
//! anywhere) is not started: that is how it was meant, and the verdict rests on the other end. If
//! neither may, the tunnel never comes up.
//!
//! From worst to best, and each pair of hosts must be served, or the tunnel isn't:
//!
//! - **never comes up**: whoever starts, some pair of hosts has no Child SA at both ends.
//! - **only when** an end starts: so it is when the other one does.
//! - **no traffic** from an end: its hosts' packets don't arrive at the other end's, SAs or not.
//!   Answers don't count: what a firewall lets through as an answer, it may refuse as a request.
//!   Where packets of both ends arrive, but none of one's is ever answered (a NAT gave it an
//!   address that the tunnel doesn't take), it is that end's.
//! - **fails at a rekey**: an SA that carried the tunnel ended by its lifetime without a successor,
//!   or a packet was lost while one was due. It is so even if the next packet brings up a new one:
//!   there was an outage. The seconds are when the first rekey that failed was asked for, counted
//!   from the moment when both ends had their Child SA.
//! - **comes up**: all else. A rekey that is refused, and then succeeds in time because the other
//!   end asks or because it is tried again, is a line in a log and no outage.
//!
//! Nothing disturbs the way between, which allows two economies: liveness asks seldomer than
//! configured, and where many Child lifetimes make one of the IKE SA, its rekey is looked at in a
//! run of its own, whose Children live longer. So what liveness alone keeps open (a session in a
//! firewall that would not let the peer begin) is not open here when a rekey is due.

use crate::node::NodeId;
use crate::scenario::{Scenario, Start, Traffic};
use crate::trace::{Detail, Entry, Happening, Totals};
use crate::traffic::{Flow, PATIENCE, Pattern};
use crate::world::{BEGIN, HostPair, Network, World};
use crossgate_crypto::Secret;
use crossgate_model::event::DeleteReason;
use crossgate_model::plan::{Plan, PlanError};
use crossgate_model::{
    Auth, Connection, End, EventKind, Gateway, Initiation, PresharedKey, RemoteEnd, Time, Verdict,
};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

/// From the start until both ends have their Child SAs. Nothing is lost on the way: whoever refuses
/// does so at once, and a second try comes within this time.
const SETUP: Duration = Duration::from_secs(30);

/// From then until each host has tried, several times, to reach its peer.
const TRIAL: Duration = Duration::from_secs(30);

/// After an end by lifetime: what was sent before has arrived or is lost.
const AFTERMATH: Duration = Duration::from_secs(60);

/// Between two packets of a host when nothing happens.
const SELDOM: Duration = Duration::from_secs(300);

/// Child lifetimes within one of the IKE SA that are rehearsed one by one.
const CHILDREN_ONE_BY_ONE: u32 = 3;

#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    pub seed: u64,
    /// A NAT stands in front of that end. The other end can't reach it first, so isn't started.
    pub nat: Option<End>,
}

/// A verdict and what it rests on.
#[derive(Clone, Debug)]
pub struct Observation {
    pub verdict: Verdict,
    /// What decided, in the order of the runs and of their times.
    pub evidence: Vec<Evidence>,
    /// One for each end that may start.
    pub starts: Vec<StartSummary>,
    /// What one file lacks and was taken from the other.
    pub assumptions: Vec<String>,
}

/// Something that decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// Who had started the tunnel, where one was started.
    pub starter: Option<End>,
    /// When it happened, in that run.
    pub at: Option<Time>,
    /// Where; `None` for what concerns both.
    pub end: Option<End>,
    /// The event's or the refusal's code.
    pub code: &'static str,
    /// One sentence.
    pub text: String,
}

/// One run.
#[derive(Clone, Debug)]
pub struct StartSummary {
    pub starter: End,
    /// From the start until every pair of hosts had its Child SA at both ends.
    pub up_after: Option<Duration>,
    /// Pairs of hosts that never had one.
    pub without_child: Vec<[Ipv4Addr; 2]>,
    /// Ends whose hosts' packets did not arrive though the SAs were there.
    pub silent: Vec<End>,
    /// Since the tunnel came up.
    pub failed_rekey: Option<Duration>,
    pub totals: Totals,
}

/// Runs the tunnel that two configurations mean.
pub fn observe(first: &Gateway, second: &Gateway, options: Options) -> Observation {
    match Plan::new(first, second) {
        Ok(plan) => {
            let mut assumptions = plan.assumptions.clone();
            let known = keys_assumed([first, second], &plan, &mut assumptions);
            let [first, second] = &known;
            Observer::new(first, second, &plan, options).observe(assumptions)
        }
        Err(error) => unplanned(&error),
    }
}

fn unplanned(error: &PlanError) -> Observation {
    Observation {
        verdict: Verdict::NeverComesUp,
        evidence: vec![Evidence {
            starter: None,
            at: None,
            end: None,
            code: "no-tunnel-meant",
            text: error.to_string(),
        }],
        starts: Vec::new(),
        assumptions: Vec::new(),
    }
}

/// A key that is written encrypted can't be read: it is taken to be the one that the peer has.
fn keys_assumed(
    gateways: [&Gateway; 2],
    plan: &Plan,
    assumptions: &mut Vec<String>,
) -> [Gateway; 2] {
    let [mut first, mut second] = gateways.map(Clone::clone);
    let ours = connection_of(&mut first, &plan.branch.connection);
    let theirs = connection_of(&mut second, &plan.hq.connection);
    if let (Some(ours), Some(theirs)) = (ours, theirs) {
        let proofs = [
            (&mut ours.local_auth.value, &mut theirs.remote_auth.value),
            (&mut ours.remote_auth.value, &mut theirs.local_auth.value),
        ];
        if proofs
            .into_iter()
            .map(|(a, b)| same_key(a, b))
            .fold(false, |any, one| any | one)
        {
            let text =
                "a pre-shared key is written encrypted; both ends are taken to have the same";
            assumptions.push(text.into());
        }
    }
    [first, second]
}

fn connection_of<'a>(gateway: &'a mut Gateway, name: &str) -> Option<&'a mut Connection> {
    gateway
        .connections
        .iter_mut()
        .find(|c| c.name.value == name)
}

/// Whether one was made the other.
fn same_key(a: &mut Auth, b: &mut Auth) -> bool {
    use PresharedKey::{Encrypted, Known};
    let (Auth::Psk(a), Auth::Psk(b)) = (a, b) else {
        return false;
    };
    match (&*a, &*b) {
        (Encrypted, Known(_)) => a.clone_from(b),
        (Known(_), Encrypted) => b.clone_from(a),
        (Encrypted, Encrypted) => {
            *a = Known(Secret::copy_of(b"stands for a key that nobody can read"));
            b.clone_from(a);
        }
        _ => return false,
    }
    true
}

struct Observer {
    network: Network,
    connections: [Option<Connection>; 2],
    options: Options,
}

/// What the configurations' lifetimes ask of a run.
struct Lifetimes {
    child: Duration,
    ike: Duration,
    idle: Option<Duration>,
}

impl Observer {
    fn new(first: &Gateway, second: &Gateway, plan: &Plan, options: Options) -> Self {
        let network = Network::of(first, second, plan);
        let connection = |end: End, name: &str| {
            let machine = network.gateways.get(end as usize);
            machine.and_then(|machine| machine.gateway.connection(name).cloned())
        };
        let connections = [
            connection(End::First, &plan.branch.connection),
            connection(End::Second, &plan.hq.connection),
        ];
        Self {
            network,
            connections,
            options,
        }
    }

    fn observe(&self, assumptions: Vec<String>) -> Observation {
        let starters = End::BOTH.into_iter().filter(|end| self.may_start(*end));
        let mut runs: Vec<Run> = starters.map(|starter| self.rehearse(starter)).collect();
        if let Some(good) = runs.iter().position(Run::is_good)
            && let Some(run) = runs.get_mut(good)
            && self.separate_ike()
        {
            self.rehearse_ike(run);
        }
        let verdict = verdict(&runs);
        let mut evidence: Vec<Evidence> = Vec::new();
        if runs.is_empty() {
            evidence.push(nobody_starts());
        }
        let mut starts = Vec::new();
        for run in runs {
            evidence.extend(run.evidence);
            starts.push(run.summary);
        }
        Observation {
            verdict,
            evidence,
            starts,
            assumptions,
        }
    }

    fn may_start(&self, end: End) -> bool {
        let connection = match end {
            End::First => self.connections.first(),
            End::Second => self.connections.last(),
        };
        connection.and_then(Option::as_ref).is_some_and(|c| {
            c.initiation.value != Initiation::Never
                && self.options.nat.is_none_or(|hidden| hidden == end)
                && !matches!(c.remote, RemoteEnd::Any | RemoteEnd::Within(_))
        })
    }

    fn lifetimes(&self) -> Lifetimes {
        let connections = || self.connections.iter().flatten();
        let children = || connections().flat_map(|c| &c.children);
        let zero = Duration::ZERO;
        Lifetimes {
            child: children()
                .map(|c| c.lifetime.time.value)
                .max()
                .unwrap_or(zero),
            ike: connections()
                .map(|c| c.lifetime.value)
                .max()
                .unwrap_or(zero),
            idle: children()
                .filter_map(|c| c.lifetime.idle.as_ref())
                .map(|idle| idle.value)
                .min(),
        }
    }

    /// The connection that it is about, at each end.
    fn tunnel(&self) -> [Option<String>; 2] {
        let name = |connection: &Option<Connection>| Some(connection.as_ref()?.name.value.clone());
        self.connections.each_ref().map(name)
    }

    /// Whether the IKE SA's rekey has a run of its own.
    fn separate_ike(&self) -> bool {
        let Lifetimes { child, ike, .. } = self.lifetimes();
        ike > child * CHILDREN_ONE_BY_ONE
    }

    fn rehearse(&self, starter: End) -> Run {
        let lifetimes = self.lifetimes();
        let lasts = match self.separate_ike() {
            true => lifetimes.child,
            false => lifetimes.child.max(lifetimes.ike),
        };
        let network = self.economical(lasts, None);
        let mut world = self.world(network, starter, lifetimes.idle);
        let mut run = Run::new(starter, self.tunnel());
        world.run_until(Time::START + BEGIN + SETUP);
        run.see_setup(&world, &self.network.pairs);
        let Some(up) = run.up else {
            run.summary.totals = world.trace().totals.clone();
            return run;
        };
        world.run_until(up + TRIAL);
        run.see_traffic(&world);
        if run.is_good() {
            world.run_until(up + lasts + AFTERMATH);
            run.see_rekeys(&world, up);
        }
        run.summary.totals = world.trace().totals.clone();
        run
    }

    /// The IKE SA's own rekey, with Children that outlive it.
    fn rehearse_ike(&self, run: &mut Run) {
        let lifetimes = self.lifetimes();
        let network = self.economical(lifetimes.ike, Some(lifetimes.ike * 2));
        let mut world = self.world(network, run.summary.starter, lifetimes.idle);
        world.run_until(Time::START + BEGIN + SETUP);
        if let Some(up) = up_at(&world, &self.network.pairs) {
            world.run_until(up + lifetimes.ike + AFTERMATH);
            run.see_rekeys(&world, up);
        }
    }

    fn world(&self, network: Network, starter: End, idle: Option<Duration>) -> World {
        let scenario = Scenario {
            seed: self.options.seed,
            start: Start::Only(starter),
            traffic: Traffic::None,
            nat: self.options.nat,
            ..Scenario::default()
        };
        let mut world = World::new(network, scenario, Detail::EVENTS);
        let most = idle.map_or(SELDOM, |idle| (idle / 3).min(SELDOM));
        for flow in self.network.flows(Pattern::Curious { most }) {
            world.add_flow(flow);
        }
        world.begin();
        world
    }

    /// See the module's prose.
    fn economical(&self, lasts: Duration, child_lifetime: Option<Duration>) -> Network {
        let mut network = self.network.clone();
        for machine in &mut network.gateways {
            let gateway = Arc::make_mut(&mut machine.gateway);
            for connection in &mut gateway.connections {
                if let Some(liveness) = &mut connection.liveness {
                    let interval = &mut liveness.value.interval;
                    *interval = (*interval).max(lasts / 50);
                }
                for child in &mut connection.children {
                    if let Some(lifetime) = child_lifetime {
                        child.lifetime.time.value = lifetime;
                    }
                }
            }
        }
        network
    }
}

fn nobody_starts() -> Evidence {
    Evidence {
        starter: None,
        at: None,
        end: None,
        code: "nobody-starts",
        text: "neither file ever lets its end start the tunnel".into(),
    }
}

/// The worst of all runs.
fn verdict(runs: &[Run]) -> Verdict {
    let (up, down): (Vec<_>, Vec<_>) = runs.iter().partition(|run| run.is_up());
    match (up.as_slice(), down.is_empty()) {
        ([], _) => return Verdict::NeverComesUp,
        ([only, ..], false) => {
            return Verdict::OnlyWhen {
                starts: only.summary.starter,
            };
        }
        _ => {}
    }
    let silent = runs.iter().flat_map(|run| &run.summary.silent).copied();
    if let Some(from) = silent
        .map(Some)
        .reduce(|a, b| if a == b { a } else { None })
    {
        return Verdict::NoTraffic { from };
    }
    let failed = runs.iter().filter_map(|run| run.summary.failed_rekey);
    failed.min().map_or(Verdict::ComesUp, Verdict::fails_at)
}

/// One start under observation.
struct Run {
    /// The connection that it is about, at each end.
    tunnel: [Option<String>; 2],
    /// When both ends had a Child SA.
    up: Option<Time>,
    summary: StartSummary,
    evidence: Vec<Evidence>,
}

impl Run {
    fn new(starter: End, tunnel: [Option<String>; 2]) -> Self {
        Self {
            tunnel,
            up: None,
            summary: StartSummary {
                starter,
                up_after: None,
                without_child: Vec::new(),
                silent: Vec::new(),
                failed_rekey: None,
                totals: Totals::default(),
            },
            evidence: Vec::new(),
        }
    }

    fn is_up(&self) -> bool {
        self.up.is_some() && self.summary.without_child.is_empty()
    }

    fn is_good(&self) -> bool {
        self.is_up() && self.summary.silent.is_empty() && self.summary.failed_rekey.is_none()
    }

    fn see_setup(&mut self, world: &World, pairs: &[HostPair]) {
        self.up = up_at(world, pairs);
        let entries = &world.trace().entries;
        let without = pairs.iter().filter(|pair| pair_up(entries, pair).is_none());
        self.summary.without_child = without.map(|pair| pair.hosts).collect();
        if self.is_up() {
            let ups = pairs.iter().filter_map(|pair| pair_up(entries, pair));
            let since = |at: Time| at.since(Time::START + BEGIN);
            self.summary.up_after = ups.max().map(since);
            return;
        }
        for [near, far] in self.summary.without_child.clone() {
            let text = format!("no Child SA for {near} and {far}");
            self.prove(None, None, "no-child-sa", text);
        }
        self.prove_events(entries, Time::START, |kind| {
            kind.is_failure() || matches!(kind, EventKind::Retransmitted { .. })
        });
        self.prove_drops(entries);
    }

    /// By what each host has sent, and what of it has arrived.
    fn see_traffic(&mut self, world: &World) {
        let entries = &world.trace().entries;
        for (flow, counts) in world.flow_counts() {
            if counts.sent > 0 && counts.arrived == 0 {
                let what = format!("none of {} packets", counts.sent);
                self.silence(flow, &format!("{what} from {} arrived", flow.source));
            }
        }
        if self.summary.silent.is_empty() {
            for (flow, counts) in world.flow_counts() {
                if counts.arrived > 0 && counts.answered == 0 {
                    let what = format!("none of {} packets", counts.arrived);
                    self.silence(flow, &format!("{what} from {} got an answer", flow.source));
                }
            }
        }
        if !self.summary.silent.is_empty() {
            self.prove_drops(entries);
        }
    }

    fn silence(&mut self, flow: &Flow, what: &str) {
        let end = end_of(flow.from);
        if let Some(end) = end.filter(|end| !self.summary.silent.contains(end)) {
            self.summary.silent.push(end);
        }
        let text = format!("{what} at {}", flow.destination);
        self.prove(None, end, "no-traffic", text);
    }

    fn see_rekeys(&mut self, world: &World, up: Time) {
        let entries = &world.trace().entries;
        // No SA is due so soon; a refusal of before is another Child's.
        let later = || entries.iter().filter(|entry| entry.at > up + TRIAL);
        let is_of_tunnel =
            |entry: &Entry| self.is_of_tunnel(entry) && !never_carried(entries, entry);
        let of_tunnel = || later().filter(|entry| is_of_tunnel(entry));
        let Some(ended) = of_tunnel().find(|entry| is_outage(entry)) else {
            return;
        };
        let refused = of_tunnel().find(|entry| is_refusal(entry));
        let tried = refused.map_or(ended.at, |entry| entry.at.min(ended.at));
        // Half a second for the way there, and for an end that was up a little sooner.
        let after = tried.since(up) + Duration::from_millis(500);
        let known = self.summary.failed_rekey;
        self.summary.failed_rekey = Some(known.map_or(after, |known| known.min(after)));
        let lost = later().filter(|entry| matches!(entry.what, Happening::PingLost { .. }));
        let lost = lost.count();
        self.prove_events(entries, up, |kind| kind.is_failure() || is_expiry(kind));
        match lost {
            0 => {}
            count => self.prove(
                None,
                None,
                "packets-lost",
                format!("{count} packets were lost"),
            ),
        }
        self.prove_drops(entries);
    }

    fn prove(&mut self, at: Option<Time>, end: Option<End>, code: &'static str, text: String) {
        self.evidence.push(Evidence {
            starter: Some(self.summary.starter),
            at,
            end,
            code,
            text,
        });
    }

    /// Each kind of event once for each end.
    fn prove_events(&mut self, entries: &[Entry], since: Time, which: impl Fn(&EventKind) -> bool) {
        for entry in entries.iter().filter(|entry| entry.at >= since) {
            let Happening::Event { node, event } = &entry.what else {
                continue;
            };
            let (end, code) = (end_of(*node), event.kind.code());
            let known = |e: &Evidence| e.at.is_some() && e.end == end && e.code == code;
            let is_wanted = which(&event.kind) && self.is_of_tunnel(entry);
            if is_wanted && !self.evidence.iter().any(known) {
                self.prove(Some(entry.at), end, code, event.kind.to_string());
            }
        }
    }

    /// Whether it is no other connection's event.
    fn is_of_tunnel(&self, entry: &Entry) -> bool {
        let Happening::Event { node, event } = &entry.what else {
            return true;
        };
        let of_end = end_of(*node).and_then(|end| self.tunnel.get(end as usize));
        of_end.is_none_or(|tunnel| event.connection.is_none() || event.connection == *tunnel)
    }

    /// Each reason once for each end.
    fn prove_drops(&mut self, entries: &[Entry]) {
        for entry in entries {
            let (end, code, text) = match &entry.what {
                Happening::Dropped { node, by, reason } => (
                    end_of(*node),
                    *reason,
                    format!("a packet was dropped: {by:?}, {reason}"),
                ),
                Happening::Plaintext {
                    from,
                    source,
                    destination,
                } => (
                    end_of(*from),
                    "plaintext",
                    format!("{source} to {destination} left in the clear"),
                ),
                Happening::NotInstalled { node, child, why } => {
                    (end_of(*node), "not-installed", format!("{child}: {why}"))
                }
                _ => continue,
            };
            let known = |e: &Evidence| e.at.is_some() && e.end == end && e.code == code;
            if !self.evidence.iter().any(known) {
                self.prove(Some(entry.at), end, code, text);
            }
        }
    }
}

fn end_of(node: NodeId) -> Option<End> {
    End::BOTH.into_iter().find(|end| NodeId::from(*end) == node)
}

/// An SA ended without a successor, or a packet that one should have carried was lost.
fn is_outage(entry: &Entry) -> bool {
    match &entry.what {
        Happening::Event { event, .. } => is_expiry(&event.kind),
        Happening::PingLost { .. } => true,
        _ => false,
    }
}

fn is_expiry(kind: &EventKind) -> bool {
    let (EventKind::ChildDeleted { reason, .. } | EventKind::IkeDeleted { reason, .. }) = kind
    else {
        return false;
    };
    matches!(
        reason,
        DeleteReason::Expired | DeleteReason::PeerDead | DeleteReason::Failed
    )
}

/// Whether it is the end of an IKE SA that had no Child: of another negotiation, then, perhaps of
/// another of the peer's connections, as which it failed.
fn never_carried(entries: &[Entry], ended: &Entry) -> bool {
    let event_of = |entry: &Entry| match &entry.what {
        Happening::Event { node, event } => Some((*node, event.clone())),
        _ => None,
    };
    let Some((node, event)) = event_of(ended) else {
        return false;
    };
    let carried = |entry: &Entry| {
        event_of(entry).is_some_and(|(known, before)| {
            known == node
                && before.ike_spis == event.ike_spis
                && matches!(
                    before.kind,
                    EventKind::ChildInstalled { .. }
                        | EventKind::ChildRekeyed { .. }
                        | EventKind::IkeRekeyed { .. }
                )
        })
    };
    matches!(event.kind, EventKind::IkeDeleted { .. }) && !entries.iter().any(carried)
}

fn is_refusal(entry: &Entry) -> bool {
    matches!(&entry.what, Happening::Event { event, .. } if event.kind.is_failure())
}

/// When the first pair of hosts had its Child SA at both ends.
fn up_at(world: &World, pairs: &[HostPair]) -> Option<Time> {
    let entries = &world.trace().entries;
    pairs.iter().filter_map(|pair| pair_up(entries, pair)).min()
}

/// When both ends had the SA for that pair.
fn pair_up(entries: &[Entry], pair: &HostPair) -> Option<Time> {
    let [near, far] = pair.hosts;
    let [near_port, far_port] = pair.ports;
    let hosts = [
        ((near, near_port), (far, far_port)),
        ((far, far_port), (near, near_port)),
    ];
    let ends = pair.gateways.into_iter().zip(hosts);
    let ups = ends.map(|(gateway, (local, remote))| {
        entries.iter().find_map(|entry| match &entry.what {
            Happening::Installed { node, sa }
                if *node == gateway && sa.carries(pair.protocol, local, remote) =>
            {
                Some(entry.at)
            }
            _ => None,
        })
    });
    let ups: Option<Vec<Time>> = ups.collect();
    ups.and_then(|ups| ups.into_iter().max())
}

const _: () = assert!(PATIENCE.as_secs() < AFTERMATH.as_secs());
