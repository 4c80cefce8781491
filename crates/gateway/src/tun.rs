//! TUN devices: where inner packets leave the kernel for the tunnel, and come back.

use crate::device;
use crate::failure::Failure;
use crate::netlink::Netlink;
use crate::plan::Tunnel;
use crate::routes::not_permitted;
use crate::sys;
use arrayvec::ArrayVec;
use crossgate_offload::{Coalescer, Header, MEMBERS_MAX};
use rustix::io::Errno;
use std::fs::File;
use std::io::{self, IoSlice, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;

/// Packets that wait for us in each queue: as many as Linux gives an Ethernet device, and twice what
/// it gives a TUN. At 40,000 packets a second it lasts for 25 ms, in which one thread may be at a key
/// exchange, or wait for a processor.
const QUEUE_LEN: u32 = 1000;

/// A device that exists while one of its queues does.
pub struct Tun {
    pub tunnel: Tunnel,
    /// Several where workers share it; none where other threads have taken them.
    pub queues: Vec<Queue>,
}

/// Where the kernel's packets for a device are read, and ours are written.
pub struct Queue {
    /// The tunnel interface, by the configuration's name; absent for policies.
    pub interface: Option<Arc<str>>,
    /// Linux's name.
    pub device: String,
    /// From 0 on, of the device's.
    pub number: u8,
    coalescer: Coalescer,
    reads: File,
    /// Where it is another file.
    writes: Option<File>,
}

impl Tun {
    /// Makes the device with so many queues, its addresses, MTU and link up.
    pub fn create(tunnel: Tunnel, queues: u8, netlink: &mut Netlink) -> Result<Self, Failure> {
        let made = sys::tun::create(&tunnel.device, queues);
        let (files, abilities) = made.map_err(|e| refused(&tunnel.device, e))?;
        let queues = (0..).zip(files).map(|(number, files)| Queue {
            interface: tunnel.interface.as_deref().map(Arc::from),
            device: tunnel.device.clone(),
            number,
            coalescer: Coalescer::new(abilities),
            reads: files.reads,
            writes: files.writes,
        });
        let queues = queues.collect();
        device::lengthen(&tunnel.device, QUEUE_LEN, netlink)?;
        device::configure(&tunnel, netlink)?;
        Ok(Self { tunnel, queues })
    }

    /// Takes over what may change while the device lives on.
    pub fn change(&mut self, tunnel: Tunnel, netlink: &mut Netlink) -> Result<(), Failure> {
        let old = std::mem::replace(&mut self.tunnel, tunnel);
        for queue in &mut self.queues {
            queue.interface = self.tunnel.interface.as_deref().map(Arc::from);
        }
        device::change(&old, &self.tunnel, netlink)
    }
}

impl Queue {
    /// Octets of the next packet that the kernel routed here, or super-packet, behind its
    /// [`Header`]; `None` when there is none. `buffer` is to hold [`READ_MAX`](crossgate_offload::READ_MAX).
    pub fn read(&self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        match (&self.reads).read(buffer) {
            Ok(length) => Ok(Some(length)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Hands a packet to the kernel as if it had arrived here.
    pub fn write(&self, packet: &[u8]) -> io::Result<()> {
        write_parts(
            self.writes.as_ref().unwrap_or(&self.reads),
            &Header::default().to_bytes(),
            [packet].into_iter(),
        )
    }

    /// Hands over packets of a batch, which are asked for by their numbers from 0 on, as few
    /// super-packets as they make. Says how many could not be written.
    pub fn write_all<'p>(&mut self, packet: impl Fn(usize) -> Option<&'p [u8]>) -> usize {
        self.coalescer.clear();
        let all = (0..).map_while(&packet);
        all.for_each(|packet| self.coalescer.push(packet));
        let mut failed = 0;
        let file = self.writes.as_ref().unwrap_or(&self.reads);
        for (group, members) in self.coalescer.groups() {
            let head = std::iter::once(group.head());
            let parts = members.clone().filter_map(&packet);
            let parts = head.chain(parts.map(|packet| group.part(packet)));
            if write_parts(file, &group.header.to_bytes(), parts).is_err() {
                failed += members.count();
            }
        }
        failed
    }
}

/// A header, what stands before the members of a super-packet, and as many of them as there can be.
type Parts<'p> = ArrayVec<IoSlice<'p>, { MEMBERS_MAX + 2 }>;

fn write_parts<'p>(
    mut file: &File,
    header: &'p [u8; Header::LEN],
    parts: impl Iterator<Item = &'p [u8]>,
) -> io::Result<()> {
    let mut all = Parts::new();
    for part in std::iter::once(header.as_slice()).chain(parts) {
        let room = all.try_push(IoSlice::new(part));
        room.map_err(|_| io::ErrorKind::InvalidInput)?;
    }
    file.write_vectored(&all).map(|_| ())
}

#[cfg(test)]
impl Queue {
    /// Of no device.
    pub fn nowhere() -> Self {
        let abilities = crossgate_offload::Abilities {
            tcp: false,
            udp: false,
        };
        Self {
            interface: None,
            device: "tunnel0".to_owned(),
            number: 1,
            coalescer: Coalescer::new(abilities),
            reads: File::open("/dev/null").expect("it is there"),
            writes: None,
        }
    }
}

impl AsFd for Queue {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.reads.as_fd()
    }
}

/// Whether a read failed because the device has been deleted.
pub fn is_gone(error: &io::Error) -> bool {
    Errno::from_io_error(error) == Some(Errno::BADFD)
}

fn refused(device: &str, error: io::Error) -> Failure {
    let errno = Errno::from_io_error(&error);
    match errno {
        Some(Errno::NOENT | Errno::NODEV | Errno::NXIO) => Failure::NoTun { error },
        Some(Errno::BUSY | Errno::EXIST) => Failure::TunInUse {
            device: device.to_owned(),
        },
        Some(Errno::PERM | Errno::ACCESS) => not_permitted("make a TUN device"),
        _ => Failure::machine(format!("make the TUN device {device}"), error),
    }
}
