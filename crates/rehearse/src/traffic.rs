//! What the hosts behind the gateways send each other, and what becomes of it.

use crate::node::NodeId;
use crossgate_model::Time;
use crossgate_wire::Error;
use crossgate_wire::ip::{Echo, EchoKind, Packet, Udp, build_packet, protocol};
use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

/// A request without an answer for so long is lost: longer than any packet waits for its SA.
pub const PATIENCE: Duration = Duration::from_secs(12);

/// Octets of a ping's data, as hosts commonly send.
const DATA: usize = 56;

/// How a host sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    None,
    /// One way, one packet each interval; nobody answers.
    Constant {
        every: Duration,
    },
    /// Each packet is answered.
    RequestAnswer {
        every: Duration,
    },
    /// So many requests at once, then silence.
    Bursts {
        packets: u16,
        every: Duration,
    },
    /// Requests at once after whatever happens to the tunnel, then seldomer and seldomer.
    Curious {
        most: Duration,
    },
}

/// Packets from one host to another.
#[derive(Clone, Debug)]
pub struct Flow {
    pub from: NodeId,
    pub to: NodeId,
    pub source: Ipv4Addr,
    pub destination: Ipv4Addr,
    pub pattern: Pattern,
    /// IP protocol and destination port: ICMP unless the policy takes no ICMP.
    pub protocol: u8,
    pub port: u16,
    /// Nothing is sent before.
    pub begins: Time,
}

/// A flow under way.
pub(crate) struct Running {
    pub flow: Flow,
    next_number: u32,
    /// Between two packets of a [`Pattern::Curious`].
    pace: Duration,
    /// The tick that counts; earlier ones that are still queued don't.
    pub due: Option<Time>,
    waiting: VecDeque<Waiting>,
    pub counts: Counts,
}

/// Packets of a flow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub sent: u32,
    /// At the other host.
    pub arrived: u32,
    /// Those whose answer came back in time.
    pub answered: u32,
}

struct Waiting {
    number: u32,
    sent: Time,
    arrived: bool,
}

/// A request that was given up.
pub(crate) struct GivenUp {
    pub number: u32,
    pub sent: Time,
    pub arrived: bool,
}

const FIRST_PACE: Duration = Duration::from_secs(1);

impl Running {
    pub fn new(flow: Flow) -> Self {
        Self {
            due: (flow.pattern != Pattern::None).then_some(flow.begins),
            flow,
            next_number: 0,
            pace: FIRST_PACE,
            waiting: VecDeque::new(),
            counts: Counts::default(),
        }
    }

    pub fn is_answered(&self) -> bool {
        !matches!(self.flow.pattern, Pattern::Constant { .. })
    }

    /// How many packets are to be sent now; sets the next time.
    pub fn tick(&mut self, now: Time) -> u16 {
        let (packets, pause) = match self.flow.pattern {
            Pattern::None => {
                self.due = None;
                return 0;
            }
            Pattern::Constant { every } | Pattern::RequestAnswer { every } => (1, every),
            Pattern::Bursts { packets, every } => (packets, every),
            Pattern::Curious { most } => {
                let pause = self.pace;
                self.pace = (pause * 2).min(most);
                (1, pause)
            }
        };
        self.due = Some(now + pause.max(Duration::from_millis(1)));
        packets
    }

    /// Something happened to the tunnel; whether that changes when the next packet is sent.
    pub fn excite(&mut self, now: Time) -> bool {
        let curious = matches!(self.flow.pattern, Pattern::Curious { .. });
        let soon = now + FIRST_PACE;
        let sooner = curious && self.due.is_none_or(|due| due > soon) && now >= self.flow.begins;
        if curious {
            self.pace = FIRST_PACE;
        }
        if sooner {
            self.due = Some(soon);
        }
        sooner
    }

    /// The next packet, and its number.
    pub fn packet(&mut self, index: u16, now: Time) -> Result<(u32, Vec<u8>), Error> {
        let number = self.next_number;
        self.next_number = number.wrapping_add(1);
        self.counts.sent += 1;
        self.waiting.push_back(Waiting {
            number,
            sent: now,
            arrived: false,
        });
        let mark = Mark {
            flow: index,
            number,
            answer: false,
        };
        let packet = mark.packet(self.flow.source, self.flow.destination, &self.flow)?;
        Ok((number, packet))
    }

    /// A request of that number arrived, for the first time.
    pub fn arrive(&mut self, number: u32) -> bool {
        let answered = self.is_answered();
        let waiting = self.waiting.iter_mut();
        let mut waiting = waiting.filter(|w| w.number == number && !w.arrived);
        let Some(found) = waiting.next() else {
            return false;
        };
        found.arrived = true;
        self.counts.arrived += 1;
        if !answered {
            self.waiting.retain(|w| w.number != number);
        }
        true
    }

    /// An answer came; how long after its request, unless it came before or too late.
    pub fn answer(&mut self, number: u32, now: Time) -> Option<Duration> {
        let at = self.waiting.iter().position(|w| w.number == number)?;
        let waiting = self.waiting.remove(at)?;
        self.counts.answered += 1;
        Some(now.since(waiting.sent))
    }

    pub fn give_up(&mut self, now: Time) -> Option<GivenUp> {
        let first = self.waiting.front()?;
        let late = now.since(first.sent) >= PATIENCE;
        late.then(|| self.waiting.pop_front())
            .flatten()
            .map(|w| GivenUp {
                number: w.number,
                sent: w.sent,
                arrived: w.arrived,
            })
    }
}

/// What a packet of a flow says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub flow: u16,
    pub number: u32,
    pub answer: bool,
}

const MAGIC: [u8; 4] = *b"rhrs";

impl Mark {
    /// From `source` to `destination`.
    pub fn packet(
        self,
        source: Ipv4Addr,
        destination: Ipv4Addr,
        flow: &Flow,
    ) -> Result<Vec<u8>, Error> {
        let data = self.data();
        let (source, destination) = (IpAddr::V4(source), IpAddr::V4(destination));
        let (near, far) = match self.answer {
            false => (40_000, flow.port),
            true => (flow.port, 40_000),
        };
        match flow.protocol {
            protocol::ICMP => {
                let kind = match self.answer {
                    false => EchoKind::Request,
                    true => EchoKind::Reply,
                };
                let [.., high, low] = self.number.to_be_bytes();
                let echo = Echo {
                    kind,
                    identifier: self.flow,
                    sequence: u16::from_be_bytes([high, low]),
                    data: &data,
                };
                echo.build(source, destination)
            }
            protocol::UDP => Udp {
                source_port: near,
                destination_port: far,
                payload: &data,
            }
            .build(source, destination),
            protocol::TCP => {
                let segment = segment(near, far, self.answer, &data);
                build_packet(source, destination, protocol::TCP, &segment)
            }
            other => build_packet(source, destination, other, &data),
        }
    }

    fn data(self) -> [u8; DATA] {
        let mut data = [0; DATA];
        let [m0, m1, m2, m3] = MAGIC;
        let [f0, f1] = self.flow.to_be_bytes();
        let [n0, n1, n2, n3] = self.number.to_be_bytes();
        let head = [
            m0,
            m1,
            m2,
            m3,
            f0,
            f1,
            n0,
            n1,
            n2,
            n3,
            u8::from(self.answer),
        ];
        for (octet, value) in data.iter_mut().zip(head) {
            *octet = value;
        }
        data
    }

    /// `None` for packets of others, such as errors.
    pub fn read(packet: &Packet<'_>) -> Option<Self> {
        let header = match packet.protocol {
            protocol::ICMP | protocol::UDP => 8,
            protocol::TCP => 20,
            _ => 0,
        };
        let data = packet.payload.get(header..)?.strip_prefix(&MAGIC)?;
        let [f0, f1, n0, n1, n2, n3, answer] = *data.first_chunk::<7>()?;
        Some(Self {
            flow: u16::from_be_bytes([f0, f1]),
            number: u32::from_be_bytes([n0, n1, n2, n3]),
            answer: answer != 0,
        })
    }
}

/// A TCP segment: SYN, or SYN and ACK.
fn segment(from: u16, to: u16, answer: bool, data: &[u8]) -> Vec<u8> {
    const SYN: u8 = 0x02;
    const SYN_ACK: u8 = 0x12;
    let flags = if answer { SYN_ACK } else { SYN };
    let rest: [u8; 16] = [0, 0, 0, 1, 0, 0, 0, 0, 0x50, flags, 0xff, 0xff, 0, 0, 0, 0];
    [&from.to_be_bytes()[..], &to.to_be_bytes(), &rest, data].concat()
}
