//! What happens is counted, shown to the invariants, and kept as far as the recorder wants it.

use super::World;
use crate::invariant::{Opened, SentEsp, TAIL, Watch};
use crate::node::{Datagram, NodeId};
use crate::trace::{self, Content, Entry, Happening};
use crate::wan::outer_length;
use crossgate_model::Time;
use std::net::IpAddr;
use std::time::Duration;

impl World {
    pub(super) fn tell(&mut self, what: Happening) {
        self.tell_of_packet(what, false);
    }

    /// Something of which no more is to be said than that it happened now.
    fn glance_at_time(&mut self) {
        if !self.watch.is_settled() {
            self.glance(Watch::see_time);
        }
    }

    /// What few recorders keep and most of a run is made of is counted and looked at, without an
    /// entry being made of it.
    fn glance(&mut self, see: impl FnOnce(&mut Watch, Time)) {
        let before = self.watch.violations().len();
        see(&mut self.watch, self.now);
        if self.watch.violations().len() > before {
            self.show_tail(before);
        }
    }

    pub(super) fn tell_opened(&mut self, node: NodeId, spi_in: u32, sequence: u32) {
        let opened = Opened {
            node,
            spi_in,
            sequence,
        };
        match self.detail.data {
            true => self.tell(Happening::Opened {
                node,
                spi_in,
                sequence,
            }),
            false => self.glance(|watch, now| watch.see_opened(now, &opened)),
        }
    }

    pub(super) fn tell_delivered(&mut self, number: u64, to: NodeId, ike: bool) {
        let kept = self.detail.data || (ike && self.detail.messages);
        match kept {
            true => self.tell_of_packet(Happening::Delivered { number, to }, ike),
            false => self.glance_at_time(),
        }
    }

    pub(super) fn tell_ping_sent(&mut self, flow: u16, number: u32) {
        if self.detail.data {
            return self.tell(Happening::PingSent { flow, number });
        }
        self.trace.totals.pings_sent += 1;
        self.glance_at_time();
    }

    pub(super) fn tell_ping_arrived(&mut self, flow: u16, number: u32) {
        if self.detail.data {
            return self.tell(Happening::PingArrived { flow, number });
        }
        self.trace.totals.pings_arrived += 1;
        self.glance_at_time();
    }

    pub(super) fn tell_ping_answered(&mut self, flow: u16, number: u32, after: Duration) {
        if self.detail.data {
            let what = Happening::PingAnswered {
                flow,
                number,
                after,
            };
            return self.tell(what);
        }
        self.trace.totals.pings_answered += 1;
        self.glance_at_time();
    }

    pub(super) fn tell_of_packet(&mut self, what: Happening, ike: bool) {
        self.trace.totals.count(&what);
        let kept = what.is_kept(self.detail, ike);
        let entry = Entry { at: self.now, what };
        let before = self.watch.violations().len();
        self.watch.see(&entry);
        if kept {
            self.trace.entries.push(entry);
        }
        self.show_tail(before);
    }

    /// New violations get the end of the trace.
    pub(super) fn show_tail(&mut self, before: usize) {
        if self.watch.violations().len() == before {
            return;
        }
        let names = self.names();
        let from = self.trace.entries.len().saturating_sub(TAIL);
        let last = self.trace.entries.get(from..).unwrap_or_default();
        let tail: Vec<String> = last.iter().map(|e| e.line(&names).to_string()).collect();
        for violation in self.watch.newest_mut(before) {
            violation.tail.clone_from(&tail);
        }
    }

    /// Whether it is an IKE message.
    pub(super) fn tell_sent(&mut self, from: NodeId, number: u64, datagram: &Datagram) -> bool {
        if !self.detail.data
            && let Some(esp) = trace::esp_of(datagram)
        {
            let packet = SentEsp::new(from, esp.header.spi, esp.header.sequence, trace::iv(&esp));
            self.trace.totals.esp_packets += 1;
            self.glance(|watch, now| watch.see_esp(now, &packet));
            return false;
        }
        let mut content = trace::content(datagram);
        let ike = matches!(content, Content::Ike(_));
        if ike && self.detail.payloads {
            self.lens.look(&datagram.payload, &mut content);
        }
        let octets = self
            .detail
            .octets
            .then(|| datagram.payload.as_slice().into());
        let packet = trace::Packet {
            number,
            from: datagram.from,
            to: datagram.to,
            length: outer_length(datagram),
            content,
            octets,
        };
        self.tell(Happening::Sent { from, packet });
        ike
    }

    pub(super) fn tell_plaintext(&mut self, from: NodeId, datagram: &Datagram) {
        let (source, destination) = (datagram.from.ip(), datagram.to.ip());
        let is_protected = |address: IpAddr| {
            let mut nets = self.network.protected.iter();
            matches!(address, IpAddr::V4(v4) if nets.any(|net| net.contains(&v4)))
        };
        if is_protected(source) || is_protected(destination) {
            self.tell(Happening::Plaintext {
                from,
                source,
                destination,
            });
        }
    }
}
