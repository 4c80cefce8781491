//! A packet from a host behind one end to a host behind the other, followed by the firewall's own
//! code through the end that it leaves and the end that it reaches. Whatever stops it is told, and
//! the walk goes on as if it hadn't, so that each cause is found at once.

use crate::agreement::selectors::{enabled, meant};
use crate::rule::{Effect, Pair, Party};
use crossgate_diag::Spanned;
use crossgate_firewall::flow::{ICMP, ICMPV6, TCP, UDP};
use crossgate_firewall::routing::{interface_of, is_bare, lacks_router, owner};
use crossgate_firewall::{Firewall, Flow, Hop, Reason, Step, site, would_allow};
use crossgate_model::plan::{Lan, Site};
use crossgate_model::{
    Child, Connection, End, Gateway, NextHop, Route, SecurityRule, Selector, SelectorPair, Time,
};
use ipnet::IpNet;
use std::net::IpAddr;
use std::sync::Arc;

/// Of packets that no selector gives a port.
const SOME_PORT: u16 = 40_000;

/// Something that stops packets, and at which end.
#[derive(Clone)]
pub struct Obstacle<'a> {
    /// Whose configuration it is of.
    pub at: Party<'a>,
    pub peer: Party<'a>,
    /// From whose hosts the packets come.
    pub from: End,
    pub flow: Flow,
    /// Of `at`: the Child that should carry the packet, or has.
    pub child: &'a Child,
    /// Of the peer: its mirror.
    pub theirs: &'a Child,
    /// The networks of the packet's source and destination that both ends mean.
    pub nets: [IpNet; 2],
    /// Where the Child's packets leave and arrive.
    pub tunnel: String,
    pub what: What,
    /// What decided, in order.
    pub steps: Vec<Step>,
}

/// How a packet is stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// It leaves by another way than the tunnel's; `None`: by none.
    Route(Option<Hop>),
    /// It is not stopped: another tunnel to the same peer takes it; but if that one is down, no route
    /// leads it here.
    NoSpare(Hop),
    /// The destination is on a network of this end's own interface.
    Own(String),
    /// A NAT rule gives it another source before the tunnel sees it.
    Translated {
        rule: Spanned<String>,
        to: IpAddr,
        /// The tunnel takes the packet all the same, but not its answer.
        one_way: bool,
    },
    /// It is not stopped, but a route leads others for the same network past the tunnel.
    Partly {
        past: Spanned<IpNet>,
        into: Spanned<IpNet>,
    },
    Dropped(Reason),
    /// The interface towards the hosts is in no virtual router.
    NoVirtualRouter(String),
    /// The interface towards the hosts is in no zone.
    NoZone(String),
}

/// All obstacles in both directions.
pub fn obstacles<'p, 'a>(pair: &'p Pair<'a>) -> &'p [Obstacle<'a>] {
    pair.known.obstacles.get_or_init(|| walked(pair))
}

fn walked<'a>(pair: &Pair<'a>) -> Vec<Obstacle<'a>> {
    let (Some(plan), Some([ours, theirs])) = (pair.plan, pair.network()) else {
        return Vec::new();
    };
    let stand = |party: Party<'a>, site, gateway: &Arc<Gateway>| Stand {
        party,
        site,
        gateway: gateway.clone(),
        beside: beside(pair, &party),
    };
    let first = stand(pair.first, &plan.branch, ours);
    let second = stand(pair.second, &plan.hq, theirs);
    let ends = [&first, &second];
    let paired = pair.children().iter().filter_map(|children| {
        let [ours, theirs] = children.map(|child| child.selectors.value);
        Some(Walk {
            ends,
            children: *children,
            agreed: ours.intersection(&theirs.mirrored())?,
            judged: [true; 2],
        })
    });
    let supposed = supposed(pair).map(|(children, agreed)| {
        let [ours, theirs] = children.map(|child| child.selectors.value);
        Walk {
            ends,
            children,
            agreed,
            judged: [ours == agreed, theirs == agreed.mirrored()],
        }
    });
    let walks = paired.chain(supposed);
    walks
        .flat_map(|there| [there.obstacles(), there.back().obstacles()].concat())
        .collect()
}

/// That end's other connections with the same peer.
fn beside<'a>(pair: &Pair<'a>, party: &Party<'a>) -> Vec<&'a Connection> {
    let own = pair.pairs.iter().map(|&[first, second]| match party.end {
        End::First => first,
        End::Second => second,
    });
    let own = own.filter_map(|at| party.gateway().connections.get(at));
    own.filter(|other| other.name.value != party.connection.name.value)
        .collect()
}

/// The only Child of either end, if they have nothing in common, with what they were to select. What
/// stops such packets at an end that selects them is no consequence of the other's selectors.
fn supposed<'a>(pair: &Pair<'a>) -> Option<([&'a Child; 2], SelectorPair)> {
    let alone = |party: &Party<'a>| {
        let mut children = enabled(party);
        let only = children.next()?;
        children.next().is_none().then_some(only)
    };
    if !pair.children().is_empty() {
        return None;
    }
    let children = [alone(&pair.first)?, alone(&pair.second)?];
    let [ours, theirs] = children;
    let agreed = meant((&pair.first, ours), (&pair.second, theirs))?;
    Some((children, agreed))
}

/// An end as it stands in the network.
struct Stand<'w, 'a> {
    party: Party<'a>,
    site: &'w Site,
    gateway: Arc<Gateway>,
    /// Its other connections with this peer.
    beside: Vec<&'a Connection>,
}

impl<'a> Stand<'_, 'a> {
    /// The interface by which packets of that Child leave and arrive: the tunnel's, or that of the
    /// policy.
    fn tunnel(&self, child: &'a Child) -> Option<&'a str> {
        let own = child.tunnel_interface.as_ref();
        let name = own.or(self.party.connection.local.interface.as_ref())?;
        Some(&name.value)
    }

    /// Whether that interface can be walked through at all; if not, it has a finding of its own.
    fn can_use(&self, interface: &str) -> bool {
        let known = self.gateway.interface(interface);
        known.is_some_and(|known| known.enabled.value && !is_bare(&self.gateway, known))
            && !lacks_router(&self.gateway, interface)
    }

    fn arrival(&self, lan: &Lan) -> String {
        site::arrival(&self.gateway, self.site, lan)
    }

    /// Why the interface towards those hosts passes nothing.
    fn cut_off(&self, arrival: &str) -> Option<What> {
        let lacks = lacks_router(&self.gateway, arrival);
        lacks.then(|| What::NoVirtualRouter(arrival.to_owned()))
    }

    /// What a drop means, where it has no finding elsewhere. A tunnel that is in no zone has.
    fn judged(&self, reason: Reason, tunnel: &str, arrival: &str) -> Option<What> {
        match reason {
            Reason::NoSecurityRule | Reason::DeniedByRule | Reason::Filtered => {
                Some(What::Dropped(reason))
            }
            Reason::NoZone if lacks_zone(&self.gateway, tunnel) => None,
            Reason::NoZone => Some(What::NoZone(arrival.to_owned())),
            _ => None,
        }
    }

    /// Whether it is another tunnel's.
    fn is_of_another(&self, interface: &str) -> bool {
        let mut children = self.gateway.children();
        children.any(|(connection, child)| {
            let is_own = connection.name.value == self.party.connection.name.value;
            let tunnel = child.tunnel_interface.as_ref();
            !is_own && tunnel.is_some_and(|tunnel| tunnel.value == interface)
        })
    }

    /// Whether it is another tunnel's to the same peer: the better of two ways.
    fn is_beside(&self, interface: &str) -> bool {
        let mut children = self.beside.iter().flat_map(|other| &other.children);
        children.any(|child| {
            let tunnel = child.tunnel_interface.as_ref();
            child.enabled.value && tunnel.is_some_and(|tunnel| tunnel.value == interface)
        })
    }

    /// The first LAN with a host of the selector.
    fn lan(&self, selector: &Selector) -> Option<&Lan> {
        let has = |lan: &&Lan| {
            let host = IpAddr::V4(lan.host);
            selector.matches(host, selector.protocol, selector.start_port)
        };
        self.site.lans.iter().find(has)
    }
}

/// One direction of a pair of Children: from the first of each array to the second.
struct Walk<'w, 'a> {
    ends: [&'w Stand<'w, 'a>; 2],
    children: [&'a Child; 2],
    /// What both select, or were to, as the first end sees it.
    agreed: SelectorPair,
    /// At which ends it is told what stops them.
    judged: [bool; 2],
}

/// A packet to be followed.
struct Trip<'w> {
    from: End,
    flow: Flow,
    /// Of its source and of its destination.
    lans: [&'w Lan; 2],
    nets: [IpNet; 2],
    /// What both Children select, from where it comes.
    agreed: SelectorPair,
}

impl<'w, 'a> Walk<'w, 'a> {
    fn back(&self) -> Self {
        let ([a, b], [ours, theirs]) = (self.ends, self.children);
        let [first, second] = self.judged;
        Self {
            ends: [b, a],
            children: [theirs, ours],
            agreed: self.agreed.mirrored(),
            judged: [second, first],
        }
    }

    fn obstacles(&self) -> Vec<Obstacle<'a>> {
        let Some(trip) = self.trip() else {
            return Vec::new();
        };
        let [leaving, arriving] = self.judged;
        let mut found = Vec::new();
        if leaving {
            found.extend(self.leaving(&trip));
        }
        if arriving {
            found.extend(self.back().arriving(&trip));
        }
        found
    }

    /// A packet that both Children mean, if there is one.
    fn trip(&self) -> Option<Trip<'w>> {
        let [from, to] = self.ends;
        let agreed = self.agreed;
        let source = from.lan(&agreed.local)?;
        let destination = to.lan(&agreed.remote)?;
        Some(Trip {
            from: from.party.end,
            flow: flow(&agreed, source, destination)?,
            lans: [source, destination],
            nets: [net(&agreed.local, source), net(&agreed.remote, destination)],
            agreed,
        })
    }

    /// What stops it at the first end, which it leaves.
    fn leaving(&self, trip: &Trip<'_>) -> Vec<Obstacle<'a>> {
        let ([stand, _], [child, _], [lan, _]) = (self.ends, self.children, trip.lans);
        let Some(tunnel) = stand.tunnel(child).filter(|name| stand.can_use(name)) else {
            return Vec::new();
        };
        let arrival = stand.arrival(lan);
        if let Some(what) = stand.cut_off(&arrival) {
            return vec![self.obstacle(trip, what, &[])];
        }
        let led = || Arc::new(led_into(&stand.gateway, tunnel, trip.flow.destination));
        let astray = astray(&stand.gateway, &arrival, tunnel, &trip.flow);
        let (gateway, astray, partly) = match astray {
            Some(What::Own(own)) => return vec![self.obstacle(trip, What::Own(own), &[])],
            // Not this one's turn; if it comes, the way has to be free.
            Some(What::Route(Some(hop))) if stand.is_beside(&hop.interface) => {
                let spare = route_into(&stand.gateway, tunnel, trip.flow.destination);
                let no_spare = spare.is_none().then_some(What::NoSpare(hop));
                (led(), None, no_spare.into_iter().collect())
            }
            Some(What::Route(Some(hop))) if stand.is_of_another(&hop.interface) => {
                return Vec::new();
            }
            Some(what) => (led(), Some(what), Vec::new()),
            None => (stand.gateway.clone(), None, partly(stand, tunnel, trip)),
        };
        let verdict = Firewall::new(gateway).forward(Time::START, &arrival, trip.flow);
        let translated = verdict.steps.iter().find_map(translation);
        let translated = translated.and_then(|(rule, to)| self.translated(trip, rule, to));
        let dropped = verdict.dropped();
        let dropped = dropped.and_then(|reason| stand.judged(reason, tunnel, &arrival));
        let stopped = astray.into_iter().chain(translated).chain(dropped);
        stopped
            .chain(partly)
            .map(|what| self.obstacle(trip, what, &verdict.steps))
            .collect()
    }

    /// NAT that is no obstacle is one whose packets the tunnel takes, and their answers too.
    fn translated(&self, trip: &Trip<'_>, rule: Spanned<String>, to: IpAddr) -> Option<What> {
        let ([_, peer], [_, theirs], [_, lan]) = (self.ends, self.children, trip.lans);
        let after = Flow {
            source: to,
            ..trip.flow
        };
        let one_way = after.is_in(&trip.agreed);
        let answered = one_way
            && peer.tunnel(theirs).is_some_and(|tunnel| {
                let arrival = peer.arrival(lan);
                astray(&peer.gateway, &arrival, tunnel, &after.reversed()).is_none()
            });
        (!answered).then_some(What::Translated { rule, to, one_way })
    }

    /// What stops it at the first end, if it comes there from the second one.
    fn arriving(&self, trip: &Trip<'_>) -> Vec<Obstacle<'a>> {
        let ([stand, _], [child, _], [_, lan]) = (self.ends, self.children, trip.lans);
        let Some(tunnel) = stand.tunnel(child).filter(|name| stand.can_use(name)) else {
            return Vec::new();
        };
        let beyond = stand.arrival(lan);
        if let Some(what) = stand.cut_off(&beyond) {
            return vec![self.obstacle(trip, what, &[])];
        }
        let mut firewall = Firewall::new(stand.gateway.clone());
        let verdict = firewall.forward(Time::START, tunnel, trip.flow);
        let dropped = verdict.dropped();
        let dropped = dropped.and_then(|reason| stand.judged(reason, tunnel, &beyond));
        dropped
            .map(|what| self.obstacle(trip, what, &verdict.steps))
            .into_iter()
            .collect()
    }

    /// At the first end.
    fn obstacle(&self, trip: &Trip<'_>, what: What, steps: &[Step]) -> Obstacle<'a> {
        let ([stand, peer], [child, theirs]) = (self.ends, self.children);
        Obstacle {
            at: stand.party,
            peer: peer.party,
            from: trip.from,
            flow: trip.flow,
            child,
            theirs,
            nets: trip.nets,
            tunnel: stand.tunnel(child).unwrap_or_default().to_owned(),
            what,
            steps: steps.to_vec(),
        }
    }
}

/// A packet between hosts of these LANs that the selectors take; none where it would be an answer,
/// because only its source has a port.
fn flow(agreed: &SelectorPair, source: &Lan, destination: &Lan) -> Option<Flow> {
    let (source, destination) = (IpAddr::V4(source.host), IpAddr::V4(destination.host));
    let protocol = agreed.local.protocol;
    if matches!(protocol, 0 | ICMP | ICMPV6) {
        return Some(Flow::echo(source, destination, 1));
    }
    let is_any = |side: &Selector| (side.start_port, side.end_port) == (0, u16::MAX);
    let port = |side: &Selector| match is_any(side) {
        true => SOME_PORT,
        false => side.start_port,
    };
    let has_ports = matches!(protocol, TCP | UDP);
    (!has_ports || is_any(&agreed.local)).then_some(Flow {
        source,
        destination,
        protocol,
        source_port: SOME_PORT,
        destination_port: port(&agreed.remote),
    })
}

/// What a selector says, or the LAN where it says anything.
fn net(selector: &Selector, lan: &Lan) -> IpNet {
    let lan = IpNet::V4(lan.gateway.trunc());
    let said = selector.as_net().filter(|net| net.prefix_len() > 0);
    said.unwrap_or(lan)
}

/// How the route differs from the one into the tunnel.
fn astray(gateway: &Arc<Gateway>, arrival: &str, tunnel: &str, flow: &Flow) -> Option<What> {
    if let Some(own) = owner(gateway, flow.destination) {
        return Some(What::Own(own.name.value.clone()));
    }
    let firewall = Firewall::new(gateway.clone());
    match firewall.route(Some(arrival), flow.destination) {
        Some(hop) if hop.interface == tunnel => None,
        Some(Hop {
            interface,
            route: None,
            ..
        }) => Some(What::Own(interface)),
        hop => Some(What::Route(hop)),
    }
}

/// The same gateway with a route of that host into the tunnel.
fn led_into(gateway: &Gateway, tunnel: &str, destination: IpAddr) -> Gateway {
    let mut gateway = gateway.clone();
    gateway.routes.insert(
        0,
        Route {
            name: None,
            destination: Spanned::default_of(IpNet::from(destination)),
            via: NextHop::Interface(Spanned::default_of(tunnel.to_owned())),
            distance: 0,
            metric: 0,
            virtual_router: None,
        },
    );
    gateway
}

fn translation(step: &Step) -> Option<(Spanned<String>, IpAddr)> {
    match step {
        Step::Nat { rule, to: Some(to) } => Some((rule.clone(), *to)),
        _ => None,
    }
}

/// Routes that take a part of the peer's network past the tunnel, though not this packet.
fn partly(stand: &Stand<'_, '_>, tunnel: &str, trip: &Trip<'_>) -> Vec<What> {
    let gateway = &stand.gateway;
    let [_, net] = trip.nets;
    let Some(into) = route_into(gateway, tunnel, trip.flow.destination) else {
        return Vec::new();
    };
    let is_part = |route: &&Route| {
        let to = route.destination.value;
        net.contains(&to)
            && to.prefix_len() > into.destination.prefix_len()
            && !to.contains(&trip.flow.destination)
    };
    let leads_past = |route: &&Route| match interface_of(gateway, route) {
        Some(interface) => {
            let known = gateway.interface(&interface);
            let counts = known.is_some_and(|known| known.enabled.value);
            counts && interface != tunnel && !stand.is_of_another(&interface)
        }
        None => matches!(route.via, NextHop::Discard),
    };
    let routes = gateway.routes.iter().filter(is_part).filter(leads_past);
    routes
        .map(|route| What::Partly {
            past: route.destination,
            into: into.destination,
        })
        .collect()
}

/// The longest route of a destination into the tunnel, whether it is taken or not.
pub fn route_into<'a>(gateway: &'a Gateway, tunnel: &str, to: IpAddr) -> Option<&'a Route> {
    let routes = gateway.routes.iter();
    routes
        .filter(|route| route.destination.contains(&to))
        .filter(|route| interface_of(gateway, route).is_some_and(|name| name == tunnel))
        .max_by_key(|route| route.destination.prefix_len())
}

/// Whether the file has zones, but the interface is in none.
fn lacks_zone(gateway: &Gateway, interface: &str) -> bool {
    let known = gateway.interface(interface);
    known.is_some_and(|known| known.zone.is_none())
}

/// Obstacles of one cause together, in the order in which causes are met first.
pub fn by_cause<'a, K: PartialEq>(
    obstacles: &[Obstacle<'a>],
    cause: impl Fn(&Obstacle<'a>) -> Option<K>,
) -> Vec<(K, Vec<Obstacle<'a>>)> {
    let mut causes: Vec<(K, Vec<Obstacle<'a>>)> = Vec::new();
    for obstacle in obstacles {
        let Some(key) = cause(obstacle) else {
            continue;
        };
        match causes.iter_mut().find(|(known, _)| *known == key) {
            Some((_, same)) => same.push(obstacle.clone()),
            None => causes.push((key, vec![obstacle.clone()])),
        }
    }
    causes
}

/// From which end no packets arrive.
pub fn effect(obstacles: &[Obstacle<'_>]) -> Effect {
    let mut ends = obstacles.iter().map(|obstacle| obstacle.from);
    let first = ends.next();
    let from = first.filter(|first| ends.all(|end| end == *first));
    Effect::NoTraffic { from }
}

impl Obstacle<'_> {
    /// Whether packets leave there, or arrive.
    pub fn leaves(&self) -> bool {
        self.at.end == self.from
    }

    /// Whether that rule would allow the packet, if it were asked first.
    pub fn would_match(&self, rule: &SecurityRule) -> bool {
        let policy = &self.at.gateway().policy;
        let zones = self.zones();
        zones.is_some_and(|[from, to]| would_allow(policy, rule, [&from, &to], &self.flow))
    }

    /// The zones that its packets come from and go to, where they are known.
    pub fn zones(&self) -> Option<[Spanned<String>; 2]> {
        self.steps.iter().find_map(|step| match step {
            Step::Zones {
                from: Some(from),
                to: Some(to),
            } => Some([from.clone(), to.clone()]),
            _ => None,
        })
    }

    /// `from branch to hq`.
    pub fn direction(&self) -> String {
        let (from, to) = match self.leaves() {
            true => (self.at.name(), self.peer.name()),
            false => (self.peer.name(), self.at.name()),
        };
        format!("from {from} to {to}")
    }
}
