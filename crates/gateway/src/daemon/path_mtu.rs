//! What comes back of our own packets: ICMP errors, of which "too big" changes something.

use super::Daemon;
use crate::log::Record;
use crate::path_mtu::{self, Told, What};
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

    fn heed_told(&mut self, told: &Told) {
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
        // The kernel hears of its own packets itself.
        let Some(esp) = self.plane.user() else {
            return;
        };
        if let Ok(mtu) = esp.too_big(now, said) {
            let text = format!("the path to {remote} takes packets of {mtu} octets");
            self.tell(Record::info("path-mtu-lowered", text));
        }
    }
}
