//! TUN devices: where inner packets leave the kernel for the tunnel, and come back.

use crate::device;
use crate::failure::Failure;
use crate::netlink::Netlink;
use crate::plan::Tunnel;
use crate::routes::not_permitted;
use crate::sys;
use crossgate_offload::{Abilities, Coalescer, Header};
use rustix::io::Errno;
use std::fs::File;
use std::io::{self, IoSlice, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};

/// Octets of the longest super-packet with its header.
pub const READ_MAX: usize = Header::LEN + 65_535;

/// A device that exists while this value does.
pub struct Tun {
    pub tunnel: Tunnel,
    pub abilities: Abilities,
    file: File,
}

impl Tun {
    /// Makes the device, with its addresses, MTU and link up.
    pub fn create(tunnel: Tunnel, netlink: &mut Netlink) -> Result<Self, Failure> {
        let made = sys::tun::create(&tunnel.device);
        let (file, abilities) = made.map_err(|e| refused(&tunnel.device, e))?;
        let tun = Self {
            tunnel,
            abilities,
            file,
        };
        device::configure(&tun.tunnel, netlink)?;
        Ok(tun)
    }

    /// Takes over what may change while the device lives on.
    pub fn change(&mut self, tunnel: Tunnel, netlink: &mut Netlink) -> Result<(), Failure> {
        let old = std::mem::replace(&mut self.tunnel, tunnel);
        device::change(&old, &self.tunnel, netlink)
    }

    /// Octets of the next packet that the kernel routed here, or super-packet, behind its
    /// [`Header`]; `None` when there is none. `buffer` is to hold [`READ_MAX`].
    pub fn read(&self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        match (&self.file).read(buffer) {
            Ok(length) => Ok(Some(length)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Hands a packet to the kernel as if it had arrived here.
    pub fn write(&self, packet: &[u8]) -> io::Result<()> {
        self.write_parts(Header::default(), &[packet])
    }

    /// Hands over packets of a batch, as few super-packets as they make. Says how many could not be
    /// written.
    pub fn write_all(&self, packets: &[&[u8]]) -> usize {
        let mut coalescer = Coalescer::new(self.abilities);
        packets.iter().for_each(|packet| coalescer.push(packet));
        let (mut parts, mut failed) = (Vec::new(), 0);
        for (group, members) in coalescer.groups() {
            parts.clear();
            parts.push(group.head());
            let members = members.filter_map(|at| packets.get(at));
            parts.extend(members.map(|packet| group.part(packet)));
            if self.write_parts(group.header, &parts).is_err() {
                failed += parts.len() - 1;
            }
        }
        failed
    }

    fn write_parts(&self, header: Header, parts: &[&[u8]]) -> io::Result<()> {
        let header = header.to_bytes();
        let all = [header.as_slice()].into_iter().chain(parts.iter().copied());
        let all: Vec<_> = all.map(IoSlice::new).collect();
        (&self.file).write_vectored(&all).map(|_| ())
    }
}

impl AsFd for Tun {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
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
