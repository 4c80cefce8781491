//! From a datagram to the SA that it is for (RFC 7296 §2.6), or to what a stranger gets.

use super::Engine;
use crate::connection::Watched;
use crate::context::Ends;
use crate::exchange::ike_sa_init::{self, Arrived};
use crate::limits::{COOKIE_THRESHOLD_OF_SOURCE, MAX_HALF_OPEN_PER_SOURCE};
use crate::sa::IkeSa;
use crossgate_model::{Connection, EventKind, RemoteEnd};
use crossgate_wire::Error;
use crossgate_wire::ike::{Datagram, ExchangeType, Header, Notify, NotifyType};
use std::sync::Arc;

impl Engine {
    pub(super) fn receive(&mut self, octets: &[u8], ends: Ends) {
        match Datagram::parse(octets) {
            Ok(datagram) => self.dispatch(&datagram, ends),
            Err(Error::Ikev1(header)) => {
                self.cx.count("ikev1-datagram");
                if begins_ikev1(&header) {
                    self.other_version(&header, ends);
                }
            }
            Err(Error::MajorVersion(header)) => {
                self.cx.count("major-version");
                self.other_version(&header, ends);
            }
            Err(error) => self.cx.count(error.reason()),
        }
    }

    fn dispatch(&mut self, datagram: &Datagram<'_>, ends: Ends) {
        let header = datagram.header;
        if is_first_request(&header) {
            return self.first_request(datagram, ends);
        }
        let own = if header.flags.initiator() {
            header.responder_spi
        } else {
            header.initiator_spi
        };
        match self.cx.book.ike_by_spi(own) {
            Some(id) => self.with_sa(id, |sa, cx| sa.receive(cx, datagram, ends)),
            None => self.unknown_spi(&header, ends),
        }
    }

    /// A request for an SA that we don't have gets INVALID_IKE_SPI, unprotected and not too often;
    /// an answer gets nothing (RFC 7296 §2.21.4).
    fn unknown_spi(&mut self, header: &Header, ends: Ends) {
        self.cx.count("unknown-ike-spi");
        if !header.flags.response() && self.cx.unknown.allow(self.cx.now) {
            let notify = Notify::new(NotifyType::INVALID_IKE_SPI);
            ike_sa_init::refuse(&mut self.cx, header, notify, ends);
        }
    }

    /// We speak version 2 only, and say so (RFC 7296 §2.5).
    fn other_version(&mut self, header: &Header, ends: Ends) {
        if header.version.major > 2 && header.flags.response() {
            return;
        }
        if !self.cx.unknown.allow(self.cx.now) {
            return;
        }
        let reason = format!("version {} message, expected IKEv2", header.version);
        let event = EventKind::MessageRejected {
            exchange: None,
            reason,
        };
        self.cx.event_without_sa(None, Some(ends.remote), event);
        let notify = Notify::new(NotifyType::INVALID_MAJOR_VERSION);
        ike_sa_init::refuse(&mut self.cx, header, notify, ends);
    }

    fn first_request(&mut self, datagram: &Datagram<'_>, ends: Ends) {
        let header = datagram.header;
        // 1. Our own request, sent back to us.
        if self.cx.book.knows_ike(header.initiator_spi) {
            return self.cx.count("reflected");
        }
        // 2. The same again, or another initiator with the same SPI.
        if let Some(id) = self.sas.by_initiator(header.initiator_spi, ends.remote) {
            let half_open = matches!(self.sas.get(id), Some(IkeSa::Responding(_)));
            if half_open {
                self.with_sa(id, |sa, cx| sa.receive(cx, datagram, ends));
            } else {
                self.cx.count("repeated-init");
            }
            return;
        }
        // 3. Somebody whom we may know.
        let candidates = candidates(&self.connections, ends);
        if candidates.is_empty() || self.stopping {
            self.stranger(&header, ends);
            return;
        }
        // 4. Room for one more.
        if self.is_full(ends) {
            return;
        }
        let needs_cookie = self.needs_cookie(ends);
        let arrived = Arrived {
            datagram,
            ends,
            candidates,
            needs_cookie,
        };
        if let Some(responding) = ike_sa_init::respond(&mut self.cx, &mut self.jar, arrived) {
            let id = responding.peering.id;
            self.sas
                .remember_initiator(header.initiator_spi, ends.remote, id);
            self.sas
                .insert(&mut self.cx, IkeSa::Responding(Box::new(responding)));
        }
    }

    /// Whether so many are half open, in all or from this source, that it has to show that it is
    /// there (RFC 7296 §2.6).
    fn needs_cookie(&self, ends: Ends) -> bool {
        let of_source = self.sas.half_open_of(ends.remote.ip());
        let of_source = u32::try_from(of_source).unwrap_or(u32::MAX);
        of_source >= COOKIE_THRESHOLD_OF_SOURCE || self.sas.half_open() >= self.cookie_threshold()
    }

    /// As configured, but early enough that senders who aren't where they say, and so can't return a
    /// cookie, leave half of the room to those who are.
    fn cookie_threshold(&self) -> usize {
        let limits = &self.cx.gateway.limits;
        let early = limits.max_half_open.value / 2;
        usize::try_from(limits.cookie_threshold.value.min(early)).unwrap_or(usize::MAX)
    }

    fn stranger(&mut self, header: &Header, ends: Ends) {
        self.cx.count("init-from-unknown-peer");
        if self.cx.unknown.allow(self.cx.now) {
            self.cx
                .event_without_sa(None, Some(ends.remote), EventKind::PeerUnknown);
            let notify = Notify::new(NotifyType::NO_PROPOSAL_CHOSEN);
            ike_sa_init::refuse(&mut self.cx, header, notify, ends);
        }
    }

    fn is_full(&mut self, ends: Ends) -> bool {
        let limits = &self.cx.gateway.limits;
        let bounds = [
            (
                "half-open IKE SAs",
                self.sas.half_open(),
                limits.max_half_open.value,
            ),
            (
                "half-open IKE SAs of one source",
                self.sas.half_open_of(ends.remote.ip()),
                MAX_HALF_OPEN_PER_SOURCE,
            ),
            ("IKE SAs", self.sas.len(), limits.max_ike_sas.value),
        ];
        let reached = bounds
            .into_iter()
            .find(|(_, used, limit)| u32::try_from(*used).unwrap_or(u32::MAX) >= *limit);
        let Some((what, _, limit)) = reached else {
            return false;
        };
        self.cx.count("dropped-at-limit");
        if self.cx.unknown.allow(self.cx.now) {
            let event = EventKind::LimitReached { what, limit };
            self.cx.event_without_sa(None, Some(ends.remote), event);
        }
        true
    }
}

/// An IKE_SA_INIT request by somebody who has no SPI of ours.
fn is_first_request(header: &Header) -> bool {
    header.exchange == ExchangeType::IKE_SA_INIT
        && header.flags.initiator()
        && !header.flags.response()
        && header.responder_spi.is_zero()
        && !header.initiator_spi.is_zero()
        && header.message_id == 0
}

/// The first message of IKEv1's Main or Aggressive Mode (RFC 2408 §3.1). IKEv1 marks no answers:
/// whatever else it may be, our answer could be answered, and that again, without end.
fn begins_ikev1(header: &Header) -> bool {
    const IDENTITY_PROTECTION: u8 = 2;
    const AGGRESSIVE: u8 = 4;
    matches!(header.exchange.0, IDENTITY_PROTECTION | AGGRESSIVE) && header.responder_spi.is_zero()
}

/// Enabled connections between these addresses, the most specific first.
fn candidates(connections: &[Watched], ends: Ends) -> Vec<Arc<Connection>> {
    let configs = connections.iter().map(|watched| &watched.config);
    let mut fitting: Vec<Arc<Connection>> = configs
        .filter(|c| c.enabled.value && c.remote.admits(ends.remote.ip()))
        .filter(|c| {
            c.local
                .address
                .is_none_or(|local| local.value == ends.local.ip())
        })
        .cloned()
        .collect();
    fitting.sort_by_key(|c| match &c.remote {
        RemoteEnd::Address(_) => (0, 0),
        RemoteEnd::Within(net) => (1, u8::MAX - net.value.prefix_len()),
        RemoteEnd::Name(_) => (2, 0),
        RemoteEnd::Any => (3, 0),
    });
    fitting
}
