//! The thread of the daemon as the one that moves packets, where no worker does.

use super::Daemon;
use crate::carry::{Buffers, Carrier};
use crate::plane::Plane;
use crate::sockets::Endpoint;
use crate::tun::Queue;
use crossgate_esp::{DataPlane, Received};
use crossgate_ike::Datagram;
use crossgate_model::Time;
use std::net::SocketAddr;

impl Carrier for Daemon {
    fn now(&self) -> Time {
        Self::now(self)
    }

    fn buffers(&mut self) -> &mut Buffers {
        &mut self.buffers
    }

    fn plane(&mut self) -> Option<&mut DataPlane> {
        self.plane.user()
    }

    fn endpoints(&self) -> &[Endpoint] {
        &self.machine.endpoints
    }

    fn queue(&mut self, index: usize) -> Option<&mut Queue> {
        self.machine.tuns.get_mut(index)?.queues.first_mut()
    }

    fn queue_of(&mut self, interface: Option<&str>) -> Option<&mut Queue> {
        let tuns = self.machine.tuns.iter_mut();
        let mut queues = tuns.filter_map(|tun| tun.queues.first_mut());
        queues.find(|queue| queue.interface.as_deref() == interface)
    }

    /// With workers nothing is; the kernel gives this thread little but the second half of a train.
    fn own<'p>(&mut self, received: Received<'p>) -> Option<Received<'p>> {
        let Plane::Workers(crew) = &self.plane else {
            return Some(received);
        };
        let given = crew.hand_over(received);
        self.count(match given {
            true => "handed-over",
            false => "hand-over-queue-full",
        });
        None
    }

    fn heed_others(&mut self) {}

    fn ike_message(&mut self, local: SocketAddr, remote: SocketAddr, message: &[u8]) {
        self.debug_packet("received", local, remote, message);
        let datagram = Datagram {
            local,
            remote,
            payload: message,
        };
        let now = self.now();
        self.ike.handle(now, datagram);
        self.drain();
    }

    fn heed_notices(&mut self, now: Time) -> bool {
        Self::heed_notices(self, now)
    }

    fn device_gone(&mut self, index: usize) {
        let tun = self.machine.tuns.get(index);
        if let Some(device) = tun.map(|tun| tun.tunnel.device.clone()) {
            self.remake_tun(&device);
        }
    }

    fn count_many(&mut self, what: &'static str, times: usize) {
        Self::count_many(self, what, times);
    }
}
