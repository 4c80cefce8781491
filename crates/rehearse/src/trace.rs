//! What happened in a world, as plain values with their virtual time: what timelines, ladders, logs
//! and captures are made of, and what the invariants look at.

use crate::node::{Carries, Datagram, NodeId, Station};
use crate::wan::Loss;
use crossgate_model::view::Role;
use crossgate_model::{Event, Path, Selector, Time};
use crossgate_wire::esp::{EspPacket, Port4500, classify_4500};
use crossgate_wire::ike::Header;
use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// One happening, and when.
#[derive(Clone, Debug)]
pub struct Entry {
    pub at: Time,
    pub what: Happening,
}

#[derive(Clone, Debug)]
pub enum Happening {
    /// A packet left a gateway for the WAN.
    Sent {
        from: NodeId,
        packet: Packet,
    },
    /// The packet of that number arrived; twice, if it was duplicated.
    Delivered {
        number: u64,
        to: NodeId,
    },
    Lost {
        number: u64,
        why: Loss,
    },
    /// What an engine told its operator.
    Event {
        node: NodeId,
        event: Box<Event>,
    },
    /// The data plane has that pair of SAs now.
    Installed {
        node: NodeId,
        sa: Box<Sa>,
    },
    NotInstalled {
        node: NodeId,
        child: String,
        why: String,
    },
    /// It is taken out of use.
    Removed {
        node: NodeId,
        spi_in: u32,
    },
    Moved {
        node: NodeId,
        spi_in: u32,
        path: Path,
    },
    /// An inner packet came out of the tunnel.
    Opened {
        node: NodeId,
        spi_in: u32,
        sequence: u32,
    },
    /// A packet went no further, by the reason's own name.
    Dropped {
        node: NodeId,
        by: Station,
        reason: &'static str,
    },
    /// A packet waits for an SA; so many do now, of that one's Child at most.
    Waits {
        node: NodeId,
        packets: usize,
    },
    /// A packet of a protected network crossed the WAN in the clear.
    Plaintext {
        from: NodeId,
        source: IpAddr,
        destination: IpAddr,
    },
    /// A host sent a packet.
    PingSent {
        flow: u16,
        number: u32,
    },
    /// It arrived at the other host.
    PingArrived {
        flow: u16,
        number: u32,
    },
    PingAnswered {
        flow: u16,
        number: u32,
        after: Duration,
    },
    /// Given up; `arrived` tells whether it was the answer that got lost.
    PingLost {
        flow: u16,
        number: u32,
        sent: Time,
        arrived: bool,
    },
    /// A gateway is up, and has forgotten whatever it knew.
    PoweredOn {
        node: NodeId,
    },
    PoweredOff {
        node: NodeId,
    },
    /// Of the scenario, in its words.
    Disturbance {
        text: String,
    },
    /// An SA that is gone is still in the data plane, with its keys.
    KeysLeft {
        node: NodeId,
        spi_in: u32,
    },
    /// A timer that is due is never done.
    Stuck {
        node: NodeId,
        timer: String,
    },
    /// More packets are under way than the world holds.
    Overflow {
        limit: usize,
    },
}

/// A packet as the WAN sees it.
#[derive(Clone, Debug)]
pub struct Packet {
    /// Unique in the run.
    pub number: u64,
    pub from: SocketAddr,
    pub to: SocketAddr,
    /// Of the whole IP packet, in octets.
    pub length: usize,
    pub content: Content,
    /// From the UDP payload, or the ESP header, on; where the recorder keeps it.
    pub octets: Option<Arc<[u8]>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    Ike(Box<IkeMessage>),
    Esp {
        spi: u32,
        sequence: u32,
        /// The first octets behind the sequence number: the IV, whole or in part.
        iv: [u8; 8],
        udp: bool,
    },
    Keepalive,
    Clear,
    Unreadable,
}

/// An IKE message as far as its keys are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IkeMessage {
    pub header: Header,
    /// Names of its payloads, as in the RFC's figures: of those inside SK where the world has the
    /// keys and the recorder wants them.
    pub payloads: Vec<String>,
    /// Number and total, for a fragment.
    pub fragment: Option<(u16, u16)>,
}

/// A pair of SAs in a data plane. Its keys are not here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sa {
    pub connection: String,
    pub child: String,
    pub role: Role,
    pub spi_in: u32,
    pub spi_out: u32,
    pub local: Vec<Selector>,
    pub remote: Vec<Selector>,
    pub path: Path,
    pub replay_window: u32,
    pub hard_lifetime: Duration,
}

impl Sa {
    /// Whether a packet of that protocol is for it; hosts with their ports, ours first.
    pub fn carries(&self, protocol: u8, local: (Ipv4Addr, u16), remote: (Ipv4Addr, u16)) -> bool {
        let any = |selectors: &[Selector], (host, port): (Ipv4Addr, u16)| {
            let mut selectors = selectors.iter();
            selectors.any(|selector| selector.matches(host.into(), protocol, port))
        };
        any(&self.local, local) && any(&self.remote, remote)
    }
}

/// What a recorder keeps; counts are kept of everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Detail {
    /// IKE messages, from sending to arrival.
    pub messages: bool,
    /// Data packets as well, and each ping.
    pub data: bool,
    /// The octets of what is kept.
    pub octets: bool,
    /// Look inside SK payloads.
    pub payloads: bool,
}

impl Detail {
    /// Events and changes of state only.
    pub const EVENTS: Detail = Detail {
        messages: false,
        data: false,
        octets: false,
        payloads: false,
    };
    pub const MESSAGES: Detail = Detail {
        messages: true,
        data: false,
        octets: false,
        payloads: true,
    };
    pub const EVERYTHING: Detail = Detail {
        messages: true,
        data: true,
        octets: true,
        payloads: true,
    };
}

/// What was kept of a run.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    pub entries: Vec<Entry>,
    pub totals: Totals,
}

/// Sums over the whole run.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Totals {
    pub ike_messages: u64,
    pub esp_packets: u64,
    pub lost_on_the_way: u64,
    pub plaintext: u64,
    pub pings_sent: u64,
    pub pings_arrived: u64,
    pub pings_answered: u64,
    pub pings_lost: u64,
    pub sas_installed: u64,
    /// Drops by name, of data planes and rules.
    pub drops: BTreeMap<&'static str, u64>,
}

impl Totals {
    pub(crate) fn count(&mut self, what: &Happening) {
        let counter = match what {
            Happening::Sent { packet, .. } => match packet.content {
                Content::Ike(_) => &mut self.ike_messages,
                Content::Esp { .. } => &mut self.esp_packets,
                _ => return,
            },
            Happening::Lost { .. } => &mut self.lost_on_the_way,
            Happening::Plaintext { .. } => &mut self.plaintext,
            Happening::PingSent { .. } => &mut self.pings_sent,
            Happening::PingArrived { .. } => &mut self.pings_arrived,
            Happening::PingAnswered { .. } => &mut self.pings_answered,
            Happening::PingLost { .. } => &mut self.pings_lost,
            Happening::Installed { .. } => &mut self.sas_installed,
            Happening::Dropped { reason, .. } => self.drops.entry(reason).or_default(),
            _ => return,
        };
        *counter += 1;
    }
}

impl Happening {
    /// Whether a recorder of that detail keeps it; `ike` tells what a packet under way is.
    pub(crate) fn is_kept(&self, detail: Detail, ike: bool) -> bool {
        match self {
            Self::Sent { packet, .. } => match packet.content {
                Content::Ike(_) => detail.messages,
                _ => detail.data,
            },
            Self::Delivered { .. } | Self::Lost { .. } if ike => detail.messages,
            Self::Delivered { .. } | Self::Lost { .. } => detail.data,
            Self::Opened { .. }
            | Self::Waits { .. }
            | Self::PingSent { .. }
            | Self::PingArrived { .. }
            | Self::PingAnswered { .. } => detail.data,
            _ => true,
        }
    }
}

impl Trace {
    /// One line an entry, with its time in seconds: equal runs have equal texts.
    pub fn text(&self, names: &[&str]) -> String {
        let lines = self.entries.iter();
        lines
            .map(|entry| format!("{}\n", entry.line(names)))
            .collect()
    }

    pub fn events(&self) -> impl Iterator<Item = (Time, NodeId, &Event)> {
        self.entries.iter().filter_map(|entry| match &entry.what {
            Happening::Event { node, event } => Some((entry.at, *node, event.as_ref())),
            _ => None,
        })
    }
}

impl Entry {
    pub fn line<'a>(&'a self, names: &'a [&'a str]) -> Line<'a> {
        Line { entry: self, names }
    }
}

/// An entry in words.
pub struct Line<'a> {
    entry: &'a Entry,
    names: &'a [&'a str],
}

impl Line<'_> {
    fn name(&self, node: NodeId) -> &str {
        self.names.get(node.index()).copied().unwrap_or("?")
    }
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since = self.entry.at.since_start();
        write!(f, "{:>6}.{:06} ", since.as_secs(), since.subsec_micros())?;
        // Each tells its own and leaves out the others'.
        self.of_the_way(f)?;
        self.of_a_gateway(f)?;
        self.of_a_host(f)?;
        self.of_the_run(f)
    }
}

impl Line<'_> {
    /// Packets on the WAN.
    fn of_the_way(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.entry.what {
            Happening::Sent { from, packet } => {
                write!(f, "{} sends #{}: {packet}", self.name(*from), packet.number)
            }
            Happening::Delivered { number, to } => {
                write!(f, "#{number} arrives at {}", self.name(*to))
            }
            Happening::Lost { number, why } => write!(f, "#{number} does not arrive: {why}"),
            Happening::Plaintext {
                from,
                source,
                destination,
            } => write!(
                f,
                "{} lets out in the clear: {source} to {destination}",
                self.name(*from)
            ),
            _ => Ok(()),
        }
    }

    /// Engines and data planes.
    fn of_a_gateway(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.entry.what {
            Happening::Event { node, event } => {
                let child = event.child.as_deref().unwrap_or_default();
                let space = if child.is_empty() { "" } else { " " };
                write!(f, "{}{space}{child}: {}", self.name(*node), event.kind)
            }
            Happening::Installed { node, sa } => write!(
                f,
                "{} has SA {:08x} of {}, out {:08x}",
                self.name(*node),
                sa.spi_in,
                sa.child,
                sa.spi_out
            ),
            Happening::NotInstalled { node, child, why } => {
                write!(f, "{} could not install {child}: {why}", self.name(*node))
            }
            Happening::Removed { node, spi_in } => {
                write!(f, "{} removes SA {spi_in:08x}", self.name(*node))
            }
            Happening::Moved { node, spi_in, path } => write!(
                f,
                "{} sends SA {spi_in:08x} to {} now",
                self.name(*node),
                path.remote
            ),
            Happening::Opened {
                node,
                spi_in,
                sequence,
            } => write!(
                f,
                "{} opens packet {sequence} of SA {spi_in:08x}",
                self.name(*node)
            ),
            Happening::Waits { node, packets } => {
                write!(
                    f,
                    "{} keeps a packet, number {packets} in its queue",
                    self.name(*node)
                )
            }
            Happening::Dropped { node, by, reason } => {
                write!(f, "{} drops a packet: {reason} ({by:?})", self.name(*node))
            }
            _ => Ok(()),
        }
    }

    /// Packets of hosts.
    fn of_a_host(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.entry.what {
            Happening::PingSent { flow, number } => write!(f, "ping {flow}/{number} sent"),
            Happening::PingArrived { flow, number } => write!(f, "ping {flow}/{number} arrived"),
            Happening::PingAnswered {
                flow,
                number,
                after,
            } => write!(f, "ping {flow}/{number} answered after {after:?}"),
            Happening::PingLost {
                flow,
                number,
                arrived,
                ..
            } => {
                let which = if *arrived { "answer" } else { "request" };
                write!(f, "ping {flow}/{number} lost: the {which}")
            }
            _ => Ok(()),
        }
    }

    /// The world's own.
    fn of_the_run(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.entry.what {
            Happening::PoweredOn { node } => write!(f, "{} starts", self.name(*node)),
            Happening::PoweredOff { node } => write!(f, "{} is off", self.name(*node)),
            Happening::Disturbance { text } => f.write_str(text),
            Happening::KeysLeft { node, spi_in } => {
                write!(f, "{} still has keys of {spi_in:08x}", self.name(*node))
            }
            Happening::Stuck { node, timer } => {
                write!(f, "{}: timer {timer} is never done", self.name(*node))
            }
            Happening::Overflow { limit } => write!(f, "more than {limit} packets under way"),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.content {
            Content::Ike(message) => {
                let header = &message.header;
                let kind = match header.flags.response() {
                    true => "response",
                    false => "request",
                };
                write!(f, "{} {kind} {}", header.exchange, header.message_id)?;
                if let Some((number, total)) = message.fragment {
                    write!(f, " fragment {number} of {total}")?;
                }
                if !message.payloads.is_empty() {
                    write!(f, " {{{}}}", message.payloads.join(", "))?;
                }
            }
            Content::Esp { spi, sequence, .. } => write!(f, "ESP {spi:08x} number {sequence}")?,
            Content::Keepalive => f.write_str("NAT keepalive")?,
            Content::Clear => f.write_str("a packet in the clear")?,
            Content::Unreadable => f.write_str("unreadable")?,
        }
        write!(f, ", {} octets, {} to {}", self.length, self.from, self.to)
    }
}

/// What a packet is, by its first octets.
pub(crate) fn content(datagram: &Datagram) -> Content {
    let payload = &datagram.payload;
    let nat = datagram.to.port() == 4500 || datagram.from.port() == 4500;
    match datagram.carries {
        Carries::Clear => Content::Clear,
        Carries::Esp => esp(payload, false),
        Carries::Udp if nat => match classify_4500(payload) {
            Port4500::Ike(message) => ike(message),
            Port4500::Esp(packet) => esp(packet, true),
            Port4500::Keepalive => Content::Keepalive,
            Port4500::Runt => Content::Unreadable,
        },
        Carries::Udp => ike(payload),
    }
}

fn esp(packet: &[u8], udp: bool) -> Content {
    match EspPacket::parse(packet) {
        Ok(esp) => Content::Esp {
            spi: esp.header.spi,
            sequence: esp.header.sequence,
            iv: iv(&esp),
            udp,
        },
        Err(_) => Content::Unreadable,
    }
}

/// The ESP packet that it carries without UDP around it, if it does: what most datagrams are.
pub(crate) fn esp_of(datagram: &Datagram) -> Option<EspPacket<'_>> {
    let is_esp = datagram.carries == Carries::Esp;
    is_esp
        .then(|| EspPacket::parse(&datagram.payload).ok())
        .flatten()
}

/// The beginning of what stands behind the sequence number.
pub(crate) fn iv(esp: &EspPacket<'_>) -> [u8; 8] {
    esp.body.first_chunk().copied().unwrap_or_default()
}

fn ike(message: &[u8]) -> Content {
    match Header::parse(message) {
        Ok(header) => Content::Ike(Box::new(IkeMessage {
            header,
            payloads: Vec::new(),
            fragment: None,
        })),
        Err(_) => Content::Unreadable,
    }
}
