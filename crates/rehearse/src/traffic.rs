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
    /// What the last request and the last answer were made from.
    templates: [Option<Template>; 2],
}

/// A packet of number 0, from which the others differ in a few octets.
struct Template {
    ends: (Ipv4Addr, Ipv4Addr),
    octets: Vec<u8>,
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
            templates: [None, None],
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

    /// The next packet in the place of what was there, and its number.
    pub fn packet(&mut self, index: u16, now: Time, into: &mut Vec<u8>) -> Result<u32, Error> {
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
        self.write(mark, (self.flow.source, self.flow.destination), into)?;
        Ok(number)
    }

    /// A packet with that mark, in the place of what was there.
    pub fn write(
        &mut self,
        mark: Mark,
        ends: (Ipv4Addr, Ipv4Addr),
        into: &mut Vec<u8>,
    ) -> Result<(), Error> {
        if self.flow.protocol != protocol::ICMP {
            *into = mark.packet(ends.0, ends.1, &self.flow)?;
            return Ok(());
        }
        let [request, answer] = &mut self.templates;
        let place = if mark.answer { answer } else { request };
        let template = match place {
            Some(known) if known.ends == ends => known,
            _ => {
                let octets = Mark { number: 0, ..mark }.packet(ends.0, ends.1, &self.flow)?;
                place.insert(Template { ends, octets })
            }
        };
        into.clone_from(&template.octets);
        mark.number_echo(into);
        Ok(())
    }

    /// Whether there is something to give up.
    pub fn is_late(&self, now: Time) -> bool {
        let first = self.waiting.front();
        first.is_some_and(|first| now >= first.sent + PATIENCE)
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
        // Most are answered in their order.
        let is_first = self.waiting.front().is_some_and(|w| w.number == number);
        let waiting = if is_first {
            self.waiting.pop_front()?
        } else {
            let at = self.waiting.iter().position(|w| w.number == number)?;
            self.waiting.remove(at)?
        };
        self.counts.answered += 1;
        Some(now.since(waiting.sent))
    }

    pub fn give_up(&mut self, now: Time) -> Option<GivenUp> {
        let first = self.waiting.front()?;
        let late = now >= first.sent + PATIENCE;
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

/// Where in the data the number stands.
const NUMBER: usize = 6;

const IPV4_HEADER: usize = 20;
const ECHO_HEADER: usize = 8;

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

    /// Gives an echo of number 0 this number, and the checksum that it has then (RFC 1624).
    fn number_echo(self, packet: &mut [u8]) {
        let number = self.number.to_be_bytes();
        let [n0, n1, n2, n3] = number;
        let low = [n2, n3];
        let added = [[n0, n1], low, low].map(|word| u32::from(u16::from_be_bytes(word)));
        let Some(echo) = packet.get_mut(IPV4_HEADER..) else {
            return;
        };
        put(echo, 6, &low);
        put(echo, ECHO_HEADER + NUMBER, &number);
        if let Some(sum) = echo
            .get_mut(2..)
            .and_then(|rest| rest.first_chunk_mut::<2>())
        {
            let all = u32::from(!u16::from_be_bytes(*sum)) + added.iter().sum::<u32>();
            let folded = (all & 0xffff) + (all >> 16);
            let folded = (folded & 0xffff) + (folded >> 16);
            *sum = (!folded as u16).to_be_bytes();
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

fn put(octets: &mut [u8], at: usize, value: &[u8]) {
    if let Some(place) = octets.get_mut(at..at + value.len()) {
        place.copy_from_slice(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_echo_from_a_template_is_the_one_that_is_built_anew() {
        let (source, destination) = (Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 1, 0, 1));
        let flow = Flow {
            from: NodeId(0),
            to: NodeId(1),
            source,
            destination,
            pattern: Pattern::None,
            protocol: protocol::ICMP,
            port: 0,
            begins: Time::START,
        };
        let mut running = Running::new(flow.clone());
        let mut packet = Vec::new();
        let steps = (0..200_000).step_by(7);
        for number in steps.chain([0xffff, 0x1_0000, 0xffff_0000, u32::MAX]) {
            let answer = number % 2 == 1;
            let mark = Mark {
                flow: 3,
                number,
                answer,
            };
            let ends = (source, destination);
            running.write(mark, ends, &mut packet).unwrap();
            let anew = mark.packet(source, destination, &flow).unwrap();
            assert_eq!(packet, anew, "number {number}");
        }
    }
}
