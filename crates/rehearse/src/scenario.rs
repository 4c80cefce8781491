//! What is done to a world, and when.

pub mod bytes;
pub mod text;

use crate::node::NodeId;
use crate::wan::Conditions;
use crossgate_model::End;
use std::net::Ipv4Addr;
use std::time::Duration;

/// A whole run but its configurations: equal scenarios of equal configurations give equal runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    pub seed: u64,
    /// How long the world runs.
    pub lasts: Duration,
    pub start: Start,
    pub traffic: Traffic,
    /// The way between the gateways, while nothing disturbs it.
    pub way: Conditions,
    /// A NAT stands in front of that end.
    pub nat: Option<End>,
    pub disturbances: Vec<Planned>,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            seed: 0,
            lasts: Duration::from_secs(24 * 3600),
            start: Start::Files,
            traffic: Traffic::RequestAnswer,
            way: Conditions::default(),
            nat: None,
            disturbances: Vec::new(),
        }
    }
}

/// Who begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// As the files say: at start, on traffic, or never.
    Files,
    /// That end, told to by an operator; the other one only answers.
    Only(End),
    /// Both at once.
    Both,
}

/// What the hosts of each planned pair send each other, in both directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Traffic {
    None,
    /// A packet a second, one way.
    Constant,
    /// A ping a second.
    RequestAnswer,
    /// Twenty pings at once, each minute.
    Bursts,
}

/// A disturbance with its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Planned {
    pub what: Disturbance,
    /// From the beginning of the run.
    pub at: Duration,
    /// For those that end; `None`: to the end of the run.
    pub lasts: Option<Duration>,
}

/// Something that happens to the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disturbance {
    /// Parts of a million.
    Loss(u32),
    Duplication(u32),
    Reordering(u32),
    Delay {
        delay: Duration,
        jitter: Duration,
    },
    Mtu(u16),
    Block(Filter),
    LinkDown,
    /// The NATs forget their mappings.
    NatRebinding,
    /// In order: SAs are deleted with the peer. Off until it ends.
    Reboot(NodeId),
    /// At once. Off until it ends.
    PowerLoss(NodeId),
    ClockStep {
        node: NodeId,
        forwards: bool,
        by: Duration,
    },
    /// The gateway's WAN address is another one from now on.
    Address {
        node: NodeId,
        to: Ipv4Addr,
    },
    /// The configuration is put into force again, or the other one where the run has one.
    Commit(NodeId),
    /// IKE_SA_INIT requests with invented SPIs and ports from the peer's address.
    Flood {
        node: NodeId,
        per_second: u32,
    },
    RekeyChild(Who),
    RekeyIke(Who),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    One(NodeId),
    Both,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    Udp500,
    Udp4500,
    Esp,
    Fragments,
}

impl Disturbance {
    /// Whether it goes on until it ends.
    pub fn lasts(&self) -> bool {
        match self {
            Self::Loss(_)
            | Self::Duplication(_)
            | Self::Reordering(_)
            | Self::Delay { .. }
            | Self::Mtu(_)
            | Self::Block(_)
            | Self::LinkDown
            | Self::Reboot(_)
            | Self::PowerLoss(_)
            | Self::Flood { .. } => true,
            Self::NatRebinding
            | Self::ClockStep { .. }
            | Self::Address { .. }
            | Self::Commit(_)
            | Self::RekeyChild(_)
            | Self::RekeyIke(_) => false,
        }
    }

    /// Makes the way as it is while this goes on.
    pub(crate) fn worsen(&self, way: &mut Conditions) {
        match *self {
            Self::Loss(parts) => way.loss = way.loss.max(parts),
            Self::Duplication(parts) => way.duplication = way.duplication.max(parts),
            Self::Reordering(parts) => way.reordering = way.reordering.max(parts),
            Self::Delay { delay, jitter } => (way.delay, way.jitter) = (delay, jitter),
            Self::Mtu(mtu) => way.mtu = way.mtu.min(mtu),
            Self::Block(Filter::Udp500) => way.blocked.udp_500 = true,
            Self::Block(Filter::Udp4500) => way.blocked.udp_4500 = true,
            Self::Block(Filter::Esp) => way.blocked.esp = true,
            Self::Block(Filter::Fragments) => way.blocked.fragments = true,
            Self::LinkDown => way.down = true,
            _ => {}
        }
    }
}

impl Planned {
    pub fn ends(&self) -> Option<Duration> {
        Some(self.at + self.lasts?)
    }
}

impl Scenario {
    /// When the last disturbance is over; `None` if one never is.
    pub fn calm_from(&self) -> Option<Duration> {
        let mut ends = self
            .disturbances
            .iter()
            .map(|planned| match planned.what.lasts() {
                true => planned.ends(),
                false => Some(planned.at),
            });
        ends.try_fold(Duration::ZERO, |latest, end| Some(latest.max(end?)))
    }
}
