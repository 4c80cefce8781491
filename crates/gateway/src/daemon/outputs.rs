//! What the engines have to say, and doing it.

use super::Daemon;
use crate::carry;
use crate::dialect::Seen;
use crate::log::{Level, Record};
use crate::sockets::{NAT_PORT, Port};
use crossgate_esp::Notice;
use crossgate_ike::Output;
use crossgate_model::operate::DebugTopic;
use crossgate_model::{Event, Time};
use crossgate_wire::esp::KEEPALIVE;
use crossgate_wire::ike::{Header, with_non_esp_marker};
use std::net::SocketAddr;

impl Daemon {
    /// Does what the engines have to say, in their order, until they are silent.
    pub(super) fn drain(&mut self) {
        loop {
            let now = self.now();
            // SAs first: a peer that has our answer may use them before we have done anything else.
            let (installs, others): (Vec<_>, Vec<_>) =
                std::iter::from_fn(|| self.ike.poll_output())
                    .partition(|output| matches!(output, Output::InstallChild(_)));
            for output in installs.into_iter().chain(others) {
                self.act(now, output);
            }
            self.plane.settle();
            self.release(now);
            if !self.heed_notices(now) {
                return;
            }
        }
    }

    /// Sends the packets that waited for an SA which is there now.
    fn release(&mut self, now: Time) {
        if self.plane.user().is_some_and(|esp| esp.has_released()) {
            carry::release(self, now);
        }
    }

    fn act(&mut self, now: Time, output: Output) {
        match output {
            Output::Transmit {
                local,
                remote,
                payload,
            } => self.transmit(local, remote, &payload),
            Output::Keepalive { local, remote } => self.send_ike(local, remote, &KEEPALIVE),
            Output::InstallChild(sa) => self.install(now, *sa),
            Output::RemoveChild { spi_in } => self.plane.remove(now, spi_in),
            Output::MoveChild { spi_in, path } => self.plane.move_path(spi_in, path),
            Output::IkeKeys(keys) => {
                let written = self.keylog.as_mut().map(|log| log.ike(&keys));
                self.keylog_failed(written);
            }
            Output::Event(event) => {
                self.debug_event(now, &event);
                self.tell(event);
            }
        }
    }

    fn install(&mut self, now: Time, sa: crossgate_model::ChildSa) {
        let written = self.keylog.as_mut().map(|log| log.child(&sa));
        self.keylog_failed(written);
        if let Some(mtu) = self.setting.path_mtus.get(&sa.path.local) {
            self.plane.set_path_mtu(sa.path.remote, *mtu);
        }
        let child = sa.child.clone();
        if let Err(error) = self.plane.install(now, sa) {
            self.not_installed(child, &error);
        }
    }

    fn keylog_failed(&mut self, written: Option<std::io::Result<()>>) {
        if let Some(Err(error)) = written {
            let text = format!("the key log can't be written: {error}");
            self.tell(Record::warning("keylog", text));
        }
    }

    fn transmit(&mut self, local: SocketAddr, remote: SocketAddr, message: &[u8]) {
        self.debug_packet("sent", local, remote, message);
        if local.port() == NAT_PORT {
            self.send_ike(local, remote, &with_non_esp_marker(message));
        } else {
            self.send_ike(local, remote, message);
        }
    }

    fn send_ike(&mut self, local: SocketAddr, remote: SocketAddr, payload: &[u8]) {
        let port = if local.port() == NAT_PORT {
            Port::Nat
        } else {
            Port::Ike
        };
        let sent = self
            .machine
            .endpoint(local.ip())
            .map(|endpoint| endpoint.send(port, remote, payload));
        match sent {
            Some(Ok(())) => {}
            Some(Err(_)) => self.count("ike-send-failed"),
            None => self.count("no-local-address"),
        }
    }

    /// Forwards what the data plane has to tell; whether there was anything.
    pub(super) fn heed_notices(&mut self, now: Time) -> bool {
        let mut any = false;
        while let Some(notice) = self.plane.poll_notice() {
            any = true;
            self.heed(now, notice);
        }
        any
    }

    pub(super) fn heed(&mut self, now: Time, notice: Notice) {
        match notice {
            Notice::Acquire { .. } if self.options.passive => self.count("acquires-while-passive"),
            Notice::Acquire { child } => self.ike.acquire(now, &child),
            Notice::SoftExpired { spi_in } => self.ike.soft_expired(now, spi_in),
            Notice::HardExpired { spi_in } => self.ike.hard_expired(now, spi_in),
            Notice::Moved {
                spi_in,
                local,
                remote,
            } => self.ike.peer_moved(now, spi_in, local, remote),
            Notice::Seen { spi_in } => self.ike.traffic_seen(now, spi_in),
            Notice::Sent { spi_in } => self.ike.traffic_sent(now, spi_in),
        }
    }

    /// The event in the vendor's own words, for each topic that somebody debugs.
    fn debug_event(&mut self, now: Time, event: &Event) {
        if self.debug.is_empty() {
            return;
        }
        let mut sas = self
            .ike
            .connections(now)
            .into_iter()
            .flat_map(|c| c.ike_sas);
        let spis = event.ike_spis;
        let ike_sa = sas.find(|sa| spis == Some((sa.initiator_spi, sa.responder_spi)));
        let number = ike_sa.map(|sa| sa.id);
        let dialect = self.setting.loaded.dialect;
        let topics = self.debug.iter();
        let lines = topics.flat_map(|topic| dialect.debug(event, *topic, number));
        for line in lines.collect::<Vec<_>>() {
            self.tell(Record::new(Level::Debug, "debug", line));
        }
    }

    pub(super) fn debug_packet(
        &mut self,
        verb: &str,
        local: SocketAddr,
        remote: SocketAddr,
        octets: &[u8],
    ) {
        if !self.debug.contains(&DebugTopic::IkePacket) {
            return;
        }
        let what = match Header::parse(octets) {
            Ok(header) => header.to_string(),
            Err(error) => error.to_string(),
        };
        let text = format!("{verb} at {local}: {what}, {} octets", octets.len());
        let seen = Seen {
            sent: verb == "sent",
            local,
            remote,
            octets,
        };
        let mut lines = self.setting.loaded.dialect.debug_packet(&seen, None);
        if lines.is_empty() {
            lines.push(text);
        }
        for line in lines {
            self.tell(Record {
                peer: Some(remote),
                ..Record::new(Level::Debug, "ike-packet", line)
            });
        }
    }
}
