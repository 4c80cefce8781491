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
use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

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
        let ends = ends(&tunnel).map_err(no_plane)?;
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
        if ends(&self.tunnel) != Ok(ends(&tunnel).map_err(no_plane)?) {
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
pub fn probe(netlink: &mut Netlink, name: &str, ends: Ends) -> io::Result<()> {
    add(netlink, name, mark_of(name), ends)?;
    delete(netlink, name)
}

fn add(netlink: &mut Netlink, name: &str, mark: u32, ends: Ends) -> io::Result<()> {
    let data = vec![
        InfoVti::IKey(mark),
        InfoVti::OKey(mark),
        InfoVti::Local(ends.local),
        InfoVti::Remote(ends.remote),
    ];
    let kind = match ends.local {
        IpAddr::V4(_) => InfoKind::Vti,
        IpAddr::V6(_) => InfoKind::Vti6,
    };
    let mut link = LinkMessage::default();
    link.attributes = vec![
        LinkAttribute::IfName(name.to_owned()),
        LinkAttribute::LinkInfo(vec![
            LinkInfo::Kind(kind),
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

/// Outer addresses of a device, both of one family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    pub local: IpAddr,
    /// Unspecified where there are several, or where it isn't known.
    pub remote: IpAddr,
}

/// Why not each of them can be a device of the kernel's.
pub fn possible(tunnels: &[Tunnel]) -> Result<(), String> {
    tunnels.iter().try_for_each(|tunnel| ends(tunnel).map(drop))
}

fn no_plane(reason: String) -> Failure {
    Failure::NoKernelPlane { reason }
}

/// Of all that the device carries.
fn ends(tunnel: &Tunnel) -> Result<Ends, String> {
    let locals: BTreeSet<IpAddr> = tunnel.ends.iter().map(|(local, _)| *local).collect();
    let remotes: BTreeSet<_> = tunnel.ends.iter().map(|(_, remote)| *remote).collect();
    let mut locals = locals.into_iter();
    let local = match (locals.next(), locals.next()) {
        (Some(local), None) => local,
        (None, _) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        (Some(one), Some(other)) => {
            return Err(format!(
                "device {} would carry tunnels from {one} and from {other}, and a device of the kernel has one local address",
                tunnel.device
            ));
        }
    };
    let mut remotes = remotes.into_iter();
    let remote = match (remotes.next().flatten(), remotes.next(), local) {
        (Some(remote), None, _) => remote,
        (_, _, IpAddr::V4(_)) => Ipv4Addr::UNSPECIFIED.into(),
        (_, _, IpAddr::V6(_)) => Ipv6Addr::UNSPECIFIED.into(),
    };
    Ok(Ends { local, remote })
}

fn refused(device: &str, Ends { local, remote }: Ends, error: io::Error) -> Failure {
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
    fn a_device_has_one_local_address_and_its_peers_are_any_where_they_are_several() {
        let ip = |text: &str| text.parse::<IpAddr>().expect("an address");
        let ends_of = |pairs: &[(&str, Option<&str>)]| {
            let pairs = pairs.iter().map(|(l, r)| (ip(l), r.map(ip)));
            let ends = ends(&Tunnel {
                interface: None,
                device: "cg-policy0".into(),
                addresses: Vec::new(),
                mtu: 1400,
                is_shared: false,
                ends: pairs.collect(),
            });
            ends.map(|ends| format!("{} {}", ends.local, ends.remote))
        };
        let told = |text: &str| Ok(text.to_owned());
        let (a, b) = (("192.0.2.1", Some("192.0.2.9")), ("192.0.2.1", None));
        assert_eq!(ends_of(&[a]), told("192.0.2.1 192.0.2.9"));
        assert_eq!(ends_of(&[b]), told("192.0.2.1 0.0.0.0"));
        assert_eq!(ends_of(&[a, b]), told("192.0.2.1 0.0.0.0"));
        let v6 = ("2001:db8::1", Some("2001:db8::9"));
        assert_eq!(ends_of(&[v6]), told("2001:db8::1 2001:db8::9"));
        let several = ends_of(&[v6, ("2001:db8::1", Some("2001:db8::a"))]);
        assert_eq!(several, told("2001:db8::1 ::"));
        let reason = ends_of(&[a, v6]).expect_err("two local addresses");
        assert!(
            reason.contains("192.0.2.1 and from 2001:db8::1"),
            "{reason}"
        );
    }

    #[test]
    fn every_device_has_a_mark_of_its_own_that_begins_as_ours() {
        let names = (0..2000).map(|n| format!("tunnel.{n}"));
        let marks: std::collections::BTreeSet<u32> = names.map(|name| mark_of(&name)).collect();
        assert_eq!(marks.len(), 2000);
        assert!(marks.iter().all(|mark| mark >> 24 == 0x63));
    }
}
