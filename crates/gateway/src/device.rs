//! A tunnel's device set up as the plan wants it, whoever moves its packets.

use crate::failure::Failure;
use crate::netlink::{Device, Netlink};
use crate::plan::Tunnel;
use crate::sysctl;
use std::io;

/// Gives a new device its switches, MTU and addresses, and sets it up.
pub fn configure(tunnel: &Tunnel, netlink: &mut Netlink) -> Result<(), Failure> {
    let name = &tunnel.device;
    quieten(tunnel);
    let index = find(netlink, name)?.index;
    let set_up = |error| Failure::machine(format!("set up device {name}"), error);
    netlink.set_mtu(index, tunnel.mtu.into()).map_err(set_up)?;
    for address in &tunnel.addresses {
        netlink.add_address(index, *address).map_err(|error| {
            Failure::machine(format!("give device {name} the address {address}"), error)
        })?;
    }
    netlink.set_up(index).map_err(set_up)
}

/// Has a device's queue hold so many packets.
pub fn lengthen(name: &str, packets: u32, netlink: &mut Netlink) -> Result<(), Failure> {
    let index = find(netlink, name)?.index;
    let failed = |error| Failure::machine(format!("lengthen the queue of device {name}"), error);
    netlink.set_queue_len(index, packets).map_err(failed)
}

/// What may change while the device lives on.
pub fn change(old: &Tunnel, new: &Tunnel, netlink: &mut Netlink) -> Result<(), Failure> {
    let name = &new.device;
    let changed = |error| Failure::machine(format!("change device {name}"), error);
    let index = find(netlink, name)?.index;
    if old.mtu != new.mtu {
        netlink.set_mtu(index, new.mtu.into()).map_err(changed)?;
    }
    for gone in only_in(&old.addresses, &new.addresses) {
        netlink.delete_address(index, *gone).map_err(changed)?;
    }
    for added in only_in(&new.addresses, &old.addresses) {
        netlink.add_address(index, *added).map_err(changed)?;
    }
    Ok(())
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
