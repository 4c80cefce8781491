//! TUN devices: where inner packets leave the kernel for the tunnel, and come back.

use crate::failure::Failure;
use crate::netlink::{Device, Netlink};
use crate::plan::Tunnel;
use crate::routes::not_permitted;
use crate::sys;
use crate::sysctl;
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
        tun.configure(netlink)?;
        Ok(tun)
    }

    fn configure(&self, netlink: &mut Netlink) -> Result<(), Failure> {
        let name = &self.tunnel.device;
        quieten(&self.tunnel);
        let index = find(netlink, name)?.index;
        let set_up = |error| Failure::machine(format!("set up device {name}"), error);
        netlink
            .set_mtu(index, self.tunnel.mtu.into())
            .map_err(set_up)?;
        for address in &self.tunnel.addresses {
            netlink.add_address(index, *address).map_err(|error| {
                Failure::machine(format!("give device {name} the address {address}"), error)
            })?;
        }
        netlink.set_up(index).map_err(set_up)
    }

    /// Takes over what may change while the device lives on.
    pub fn change(&mut self, tunnel: Tunnel, netlink: &mut Netlink) -> Result<(), Failure> {
        let old = std::mem::replace(&mut self.tunnel, tunnel);
        let name = &self.tunnel.device;
        let changed = |error| Failure::machine(format!("change device {name}"), error);
        let index = find(netlink, name)?.index;
        if old.mtu != self.tunnel.mtu {
            netlink
                .set_mtu(index, self.tunnel.mtu.into())
                .map_err(changed)?;
        }
        for gone in only_in(&old.addresses, &self.tunnel.addresses) {
            netlink.delete_address(index, *gone).map_err(changed)?;
        }
        for new in only_in(&self.tunnel.addresses, &old.addresses) {
            netlink.add_address(index, *new).map_err(changed)?;
        }
        Ok(())
    }

    /// The next packet that the kernel routed here, or super-packet, behind its
    /// [`Header`]; `None` when there is none. `buffer` is to hold [`READ_MAX`].
    pub fn read<'b>(&self, buffer: &'b mut [u8]) -> io::Result<Option<&'b [u8]>> {
        match (&self.file).read(buffer) {
            Ok(length) => Ok(buffer.get(..length)),
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

fn only_in<'a>(these: &'a [ipnet::IpNet], those: &'a [ipnet::IpNet]) -> Vec<&'a ipnet::IpNet> {
    these.iter().filter(|net| !those.contains(net)).collect()
}

fn find(netlink: &mut Netlink, name: &str) -> Result<Device, Failure> {
    let devices = netlink.devices();
    let devices = devices.map_err(|error| Failure::machine("read devices", error))?;
    let found = devices.into_iter().find(|device| device.name == name);
    found.ok_or_else(|| Failure::machine(format!("find device {name}"), io::ErrorKind::NotFound))
}

/// The kernel would send router solicitations into the tunnel, and would refuse packets whose
/// answer takes another way. Where there are no such switches, there is no such trouble.
///
/// Even the loose check (2) refuses on a device without an address, and where the way back is
/// closed. None at all (0) is in force only where the machine as a whole asks for none.
fn quieten(tunnel: &Tunnel) {
    let name = &tunnel.device;
    if tunnel.addresses.iter().all(|net| net.addr().is_ipv4()) {
        let _ = sysctl::set(&format!("net/ipv6/conf/{name}/addr_gen_mode"), "1");
    }
    let all = sysctl::get("net/ipv4/conf/all/rp_filter");
    let loosest = if all.is_ok_and(|all| all == "0") {
        "0"
    } else {
        "2"
    };
    let _ = sysctl::set(&format!("net/ipv4/conf/{name}/rp_filter"), loosest);
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
