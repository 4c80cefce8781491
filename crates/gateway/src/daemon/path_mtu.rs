//! What comes back of our own packets: ICMP errors, of which "too big" changes something.

use super::Daemon;
use crate::log::Record;
use crate::path_mtu::{self, Told, What};
use crate::plane::Plane;
use crate::sockets::Port;
use crossgate_esp::TooBig;
use std::net::IpAddr;

/// Errors taken from one socket before others have their turn.
const ERRORS_MAX: usize = 64;

impl Daemon {
    pub(super) fn take_errors(&mut self, index: usize, port: Port) {
        let mut control = path_mtu::control_buffer();
        for _ in 0..ERRORS_MAX {
            let Some(endpoint) = self.machine.endpoints.get(index) else {
                return;
            };
            let Some(socket) = endpoint.socket(port) else {
                return;
            };
            match path_mtu::next_error(socket, &mut control) {
                Ok(Some(told)) => self.heed_told(&told),
                Ok(None) => return,
                Err(_) => return self.count("error-queue-failed"),
            }
        }
    }

    pub(super) fn heed_told(&mut self, told: &Told) {
        match &told.what {
            What::Router { mtu, quoted } => {
                self.count("too-big-received");
                self.heed_router(told.remote, *mtu, quoted);
            }
            What::Device { mtu } => {
                self.count("device-mtu-smaller");
                let mtu = u16::try_from(*mtu).unwrap_or(u16::MAX);
                self.plane.set_path_mtu(told.remote, mtu);
            }
            What::Other => self.count("icmp-errors-received"),
        }
    }

    fn heed_router(&mut self, remote: IpAddr, mtu: u32, quoted: &[u8]) {
        let now = self.now();
        let said = TooBig {
            remote,
            mtu,
            quoted,
        };
        // What is not believed has a counter of the data plane's.
        let heeded = match &mut self.plane {
            Plane::User(esp) => esp.too_big(now, said),
            // They say what came of it.
            Plane::Workers(crew) => return crew.too_big(remote, mtu, quoted),
            // It hears of its own packets itself.
            Plane::Kernel(_) => return,
        };
        if let Ok(mtu) = heeded {
            self.path_mtu_lowered(remote, mtu);
        }
    }

    pub(super) fn path_mtu_lowered(&mut self, remote: IpAddr, mtu: u16) {
        let text = format!("the path to {remote} takes packets of {mtu} octets");
        self.tell(Record::info("path-mtu-lowered", text));
    }
}
