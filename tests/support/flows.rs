//! Numbered packets from LAN to LAN, of which it is known afterwards what came, and in which order.

use super::process::wait_until;
use super::world::{End, World};
use nix::sys::socket::{setsockopt, sockopt};
use std::collections::BTreeMap;
use std::net::UdpSocket;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(10);
/// Nothing for so long, and nothing comes any more.
const SILENCE: Duration = Duration::from_millis(500);
/// Room for what comes while the receiver has no processor.
const ROOM: usize = 8 << 20;

/// What is sent at the same time from one LAN to another.
#[derive(Clone, Copy)]
pub struct Flows {
    /// Where they go to.
    pub port: u16,
    pub count: u16,
    /// Packets of each flow.
    pub packets: u32,
    /// Packets of a flow that leave at once, and how often they do.
    pub burst: u32,
    pub pause: Duration,
}

impl Flows {
    /// Sends all; gives what arrived of each flow, by its source port, in its order.
    pub fn send(self, world: &World, from: End, to: End) -> BTreeMap<u16, Vec<u32>> {
        let (sent, ready) = (AtomicBool::new(false), AtomicBool::new(false));
        scope(|threads| {
            let receiver =
                threads.spawn(|| world.inside(to.lan_node(), || self.receive((to, &ready), &sent)));
            wait_until("a receiver", PATIENCE, || {
                ready.load(Ordering::Acquire).then_some(())
            });
            world.inside(from.lan_node(), || self.send_all(from, to));
            sent.store(true, Ordering::Release);
            receiver.join().expect("a receiver that ends well")
        })
    }

    fn receive(
        self,
        (to, ready): (End, &AtomicBool),
        sent: &AtomicBool,
    ) -> BTreeMap<u16, Vec<u32>> {
        let socket = UdpSocket::bind((to.host(), self.port)).expect("a socket");
        setsockopt(&socket, sockopt::RcvBufForce, &ROOM).expect("room");
        let timeout = socket.set_read_timeout(Some(SILENCE));
        timeout.expect("a time limit");
        ready.store(true, Ordering::Release);
        let (mut arrived, mut packet) = (BTreeMap::<_, Vec<u32>>::new(), [0; 400]);
        loop {
            let was_sent = sent.load(Ordering::Acquire);
            match socket.recv_from(&mut packet) {
                Ok((_, sender)) => {
                    let number = packet.first_chunk().expect("four octets");
                    let flow = arrived.entry(sender.port()).or_default();
                    flow.push(u32::from_be_bytes(*number));
                }
                Err(_) if was_sent => return arrived,
                Err(_) => {}
            }
        }
    }

    fn send_all(self, from: End, to: End) {
        let sockets = (0..self.count).map(|_| UdpSocket::bind((from.host(), 0)));
        let sockets: Vec<_> = sockets.map(|socket| socket.expect("a socket")).collect();
        let mut next = Instant::now();
        for number in 0..self.packets {
            if number % self.burst == 0 {
                sleep(next.saturating_duration_since(Instant::now()));
                next += self.pause;
            }
            let mut packet = [0; 400];
            packet[..4].copy_from_slice(&number.to_be_bytes());
            for socket in &sockets {
                let sent = socket.send_to(&packet, (to.host(), self.port));
                sent.expect("the packet leaves");
            }
        }
    }
}
