//! Tunnel devices of the kernel (VTI): what is routed into one is sealed by the policies of its mark,
//! what is opened by the states of that mark comes out of it, and everything else is dropped.
//!
//! Unlike a TUN it outlives the daemon that made it, so the record has its name.

use crate::device;
use crate::failure::Failure;
use crate::netlink::{Device, Netlink};
use crate::plan::Tunnel;
use crate::routes::not_permitted;
use crate::sysctl;
use crate::xfrm::Requests;
use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{
    InfoData, InfoKind, InfoVti, LinkAttribute, LinkInfo, LinkMessage,
};
use std::io;
use std::net::{IpAddr, Ipv4Addr};

/// Marks of ours begin so; the rest tells one device from another.
const MARKS: u32 = 0x6300_0000;

/// The mark of a device's states and policies: one for each name (FNV-1a), and so known to a daemon
/// that finds the device of one that died.
pub fn mark_of(device: &str) -> u32 {
    let hash = device.bytes().fold(0x811c_9dc5_u32, |hash, octet| {
        (hash ^ u32::from(octet)).wrapping_mul(0x0100_0193)
    });
    MARKS | ((hash ^ (hash >> 24)) & 0x00ff_ffff)
}

/// A device that is ours.
pub struct Vti {
    pub tunnel: Tunnel,
}

impl Vti {
    pub fn create(tunnel: Tunnel, netlink: &mut Netlink) -> Result<Self, Failure> {
        let name = tunnel.device.clone();
        let ends = ends(&tunnel)?;
        let made = add(netlink, &name, mark_of(&name), ends);
        made.map_err(|error| refused(&name, ends, error))?;
        let vti = Self { tunnel };
        let ready = vti.open(netlink);
        if ready.is_err() {
            vti.remove(netlink);
        }
        ready.map(|()| vti)
    }

    fn open(&self, netlink: &mut Netlink) -> Result<(), Failure> {
        // What comes out of the device has been held against its policies. Forwarding would look for
        // policies without a mark, and drop it.
        for family in ["ipv4", "ipv6"] {
            let switch = format!("net/{family}/conf/{}/disable_policy", self.tunnel.device);
            match sysctl::set(&switch, "1") {
                Err(error) if family == "ipv4" => {
                    return Err(Failure::machine(format!("set {switch}"), error));
                }
                _ => {}
            }
        }
        device::configure(&self.tunnel, netlink)
    }

    /// Takes over what may change while the device lives on; false where it must be made again.
    pub fn change(&mut self, tunnel: Tunnel, netlink: &mut Netlink) -> Result<bool, Failure> {
        if ends(&self.tunnel)? != ends(&tunnel)? {
            return Ok(false);
        }
        let old = std::mem::replace(&mut self.tunnel, tunnel);
        device::change(&old, &self.tunnel, netlink).map(|()| true)
    }

    pub fn remove(&self, netlink: &mut Netlink) {
        remove(netlink, &self.tunnel.device);
    }
}

/// With its states and policies; it may be gone already.
fn remove(netlink: &mut Netlink, name: &str) {
    if let Ok(mut requests) = Requests::open() {
        let _ = requests.flush(mark_of(name));
    }
    let _ = delete(netlink, name);
}

/// Removes what a daemon that died has left, unless the name is another device's now.
pub fn remove_left(netlink: &mut Netlink, devices: &[Device], name: &str) {
    let there = devices.iter().find(|device| device.name == name);
    if there.is_none_or(|device| device.vti_key == Some(mark_of(name))) {
        remove(netlink, name);
    }
}

/// Makes a device and removes it.
pub fn probe(netlink: &mut Netlink, name: &str, [local, remote]: [IpAddr; 2]) -> io::Result<()> {
    let (IpAddr::V4(local), IpAddr::V4(remote)) = (local, remote) else {
        return Err(io::ErrorKind::Unsupported.into());
    };
    add(netlink, name, mark_of(name), (local, remote))?;
    delete(netlink, name)
}

fn add(
    netlink: &mut Netlink,
    name: &str,
    mark: u32,
    (local, remote): (Ipv4Addr, Ipv4Addr),
) -> io::Result<()> {
    let data = vec![
        InfoVti::IKey(mark),
        InfoVti::OKey(mark),
        InfoVti::Local(local.into()),
        InfoVti::Remote(remote.into()),
    ];
    let mut link = LinkMessage::default();
    link.attributes = vec![
        LinkAttribute::IfName(name.to_owned()),
        LinkAttribute::LinkInfo(vec![
            LinkInfo::Kind(InfoKind::Vti),
            LinkInfo::Data(InfoData::Vti(data)),
        ]),
    ];
    netlink.change(
        RouteNetlinkMessage::NewLink(link),
        NLM_F_CREATE | NLM_F_EXCL,
    )
}

fn delete(netlink: &mut Netlink, name: &str) -> io::Result<()> {
    let mut link = LinkMessage::default();
    link.attributes = vec![LinkAttribute::IfName(name.to_owned())];
    netlink.change(RouteNetlinkMessage::DelLink(link), 0)
}

/// Of all that the device carries; unspecified where there are several.
fn ends(tunnel: &Tunnel) -> Result<(Ipv4Addr, Ipv4Addr), Failure> {
    let one = |mut addresses: Vec<Option<IpAddr>>| {
        addresses.dedup();
        match *addresses {
            [Some(IpAddr::V4(address))] => Ok(address),
            [Some(IpAddr::V6(address))] => Err(Failure::NoKernelPlane {
                reason: format!(
                    "tunnels of the kernel are carried in IPv4 here, and {address} is IPv6"
                ),
            }),
            _ => Ok(Ipv4Addr::UNSPECIFIED),
        }
    };
    let locals = tunnel.ends.iter().map(|(local, _)| Some(*local)).collect();
    let mut remotes: Vec<_> = tunnel.ends.iter().map(|(_, remote)| *remote).collect();
    remotes.sort();
    Ok((one(locals)?, one(remotes)?))
}

fn refused(device: &str, (local, remote): (Ipv4Addr, Ipv4Addr), error: io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::AlreadyExists => Failure::VtiInUse {
            device: device.to_owned(),
            local,
            remote,
        },
        io::ErrorKind::PermissionDenied => not_permitted("make a tunnel device"),
        _ => Failure::machine(format!("make the tunnel device {device}"), error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_device_has_a_mark_of_its_own_that_begins_as_ours() {
        let names = (0..2000).map(|n| format!("tunnel.{n}"));
        let marks: std::collections::BTreeSet<u32> = names.map(|name| mark_of(&name)).collect();
        assert_eq!(marks.len(), 2000);
        assert!(marks.iter().all(|mark| mark >> 24 == 0x63));
    }
}
