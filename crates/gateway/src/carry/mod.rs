//! The way of packets between sockets and TUNs, for whichever thread owns them: the one that does
//! everything, or a worker.
//!
//! - `inward`: from the sockets; `outward`: from the TUNs.

mod inward;
mod outward;

use crate::answers::Answers;
use crate::sockets::Endpoint;
use crate::tun::Queue;
use crossgate_esp::{DataPlane, Received};
use crossgate_model::Time;
use crossgate_offload::Reads;
use std::net::{IpAddr, SocketAddr};

pub use inward::{WAITING_MAX, Waiting, open_now, receive};
pub use outward::{release, send, send_dummies, send_from_tun};

/// Memory that is used again for each batch; it takes none before the first.
#[derive(Default)]
pub struct Buffers {
    inward: inward::Inward,
    outward: outward::Outward,
    /// Room for the order of a batch's packets.
    order: Vec<usize>,
    answers: Answers,
}

/// Who owns sockets, devices and SAs.
pub trait Carrier {
    fn now(&self) -> Time;
    fn buffers(&mut self) -> &mut Buffers;

    /// `None` where others seal and open.
    fn plane(&mut self) -> Option<&mut DataPlane>;
    fn endpoints(&self) -> &[Endpoint];
    fn queue(&mut self, index: usize) -> Option<&mut Queue>;
    /// Of that tunnel interface, or of policies.
    fn queue_of(&mut self, interface: Option<&str>) -> Option<&mut Queue>;

    /// Gives back the packet if it is this one's to open, and passes it on if not.
    fn own<'p>(&mut self, received: Received<'p>) -> Option<Received<'p>>;
    /// Does what others have said before the packets came that are about to be opened.
    fn heed_others(&mut self);
    fn ike_message(&mut self, local: SocketAddr, remote: SocketAddr, message: &[u8]);
    /// Forwards what the data plane has to tell; whether there was anything.
    fn heed_notices(&mut self, now: Time) -> bool;
    /// Takes what was read from that queue, if others are to seal it.
    fn passes_on(&mut self, _index: usize, _reads: &mut Reads) -> bool {
        false
    }

    /// Somebody has deleted that queue's device.
    fn device_gone(&mut self, index: usize);

    /// A counter that never counted is not shown.
    fn count_many(&mut self, what: &'static str, times: usize);

    fn count(&mut self, what: &'static str) {
        self.count_many(what, 1);
    }

    fn endpoint(&self, address: IpAddr) -> Option<&Endpoint> {
        let mut endpoints = self.endpoints().iter();
        endpoints.find(|endpoint| endpoint.address == address)
    }
}
