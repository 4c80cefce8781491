//! Which device of the machine is which interface of the configuration.
//!
//! An interface is bound by `--bind`, or by a device of its very name, or because exactly one
//! device has its address. What a connection leaves by must be bound, and have the configured
//! address; what else there is may stay unbound.

use crate::failure::Failure;
use crate::netlink::Device;
use crossgate_model::{Connection, Gateway, Interface, InterfaceKind};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// Names of the configuration, each with Linux's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bindings(BTreeMap<String, String>);

impl Bindings {
    pub fn device(&self, interface: &str) -> Option<&str> {
        self.0.get(interface).map(String::as_str)
    }

    pub fn interface(&self, device: &str) -> Option<&str> {
        let found = self.0.iter().find(|(_, bound)| bound.as_str() == device);
        found.map(|(interface, _)| interface.as_str())
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(a, b)| (a.as_str(), b.as_str()))
    }
}

/// An address that the file lacks and a device has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assumed {
    pub interface: String,
    pub address: ipnet::IpNet,
}

impl std::fmt::Display for Assumed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { interface, address } = self;
        write!(
            f,
            "the file gives {interface} no address: taking {address} from its device"
        )
    }
}

/// Binds interfaces to devices. `wanted` are the operator's own pairs.
pub fn bind(
    gateway: &Gateway,
    wanted: &[(String, String)],
    devices: &[Device],
) -> Result<Bindings, Failure> {
    let known = interface_names(gateway);
    let mut bound = BTreeMap::new();
    for (name, device) in wanted {
        let name = known_name(name, &known)?;
        if !devices.iter().any(|d| d.name == *device) {
            return Err(Failure::UnknownDevice {
                name: name.clone(),
                device: device.clone(),
            });
        }
        bound.insert(name.clone(), device.clone());
    }
    for name in &known {
        if !bound.contains_key(name)
            && let Some(device) = natural_device(gateway, name, devices)
        {
            bound.insert(name.clone(), device.name.clone());
        }
    }
    Ok(Bindings(bound))
}

/// Interfaces with a block of their own, and those that a connection names without one.
fn interface_names(gateway: &Gateway) -> BTreeSet<String> {
    let blocks = gateway
        .interfaces
        .iter()
        .filter(|i| i.kind != InterfaceKind::Tunnel)
        .map(|i| &i.name.value);
    let named = gateway
        .connections
        .iter()
        .filter_map(|c| c.local.interface.as_ref().map(|name| &name.value));
    blocks.chain(named).cloned().collect()
}

fn known_name<'a>(name: &str, known: &'a BTreeSet<String>) -> Result<&'a String, Failure> {
    known
        .iter()
        .find(|candidate| candidate.eq_ignore_ascii_case(name))
        .ok_or_else(|| Failure::UnknownInterface {
            name: name.to_owned(),
            known: known.iter().cloned().collect(),
        })
}

/// The device of that very name, or the only one with an address of the interface.
fn natural_device<'a>(gateway: &Gateway, name: &str, devices: &'a [Device]) -> Option<&'a Device> {
    if let Some(device) = devices.iter().find(|d| d.name == name) {
        return Some(device);
    }
    let addresses = addresses_of(gateway, name);
    let mut having = devices
        .iter()
        .filter(|d| addresses.iter().any(|address| d.has(*address)));
    let device = having.next()?;
    having.next().is_none().then_some(device)
}

/// Addresses of the interface's block, and those that connections give it.
fn addresses_of(gateway: &Gateway, name: &str) -> Vec<IpAddr> {
    let block = gateway.interface(name).map(|i| i.addresses.as_slice());
    let own = block.unwrap_or_default().iter().map(|a| a.addr());
    let stated = gateway
        .connections
        .iter()
        .filter(|c| c.local.interface.as_ref().is_some_and(|i| i.value == name))
        .filter_map(|c| c.local.address.as_ref().map(|a| a.value));
    own.chain(stated).collect()
}

/// Addresses that connections need, that the file doesn't state, and that the bound devices have.
pub fn assumptions(
    gateway: &Gateway,
    bindings: &Bindings,
    devices: &[Device],
) -> Result<Vec<Assumed>, Failure> {
    let mut assumed: Vec<Assumed> = Vec::new();
    for connection in enabled(gateway).filter(|c| c.local.address.is_none()) {
        let interface = local_interface(connection)?;
        if assumed.iter().any(|a| a.interface == interface) {
            continue;
        }
        let device = device_of(interface, connection, bindings, devices)?;
        let address = speaking_address(device, connection.remote.address()).ok_or_else(|| {
            Failure::NoAddress {
                interface: interface.to_owned(),
                device: device.name.clone(),
            }
        })?;
        assumed.push(Assumed {
            interface: interface.to_owned(),
            address,
        });
    }
    Ok(assumed)
}

/// The first address of the peer's family that is good beyond the link.
fn speaking_address(device: &Device, peer: Option<IpAddr>) -> Option<ipnet::IpNet> {
    let family = |net: &&ipnet::IpNet| peer.is_none_or(|p| p.is_ipv4() == net.addr().is_ipv4());
    let global = |net: &&ipnet::IpNet| match net.addr() {
        IpAddr::V4(_) => true,
        IpAddr::V6(v6) => !v6.is_unicast_link_local(),
    };
    device.addresses.iter().filter(family).find(global).copied()
}

/// Where IKE is spoken from: one address of each enabled connection, each checked to be there.
pub fn local_addresses(
    gateway: &Gateway,
    bindings: &Bindings,
    devices: &[Device],
) -> Result<BTreeSet<IpAddr>, Failure> {
    let mut addresses = BTreeSet::new();
    for connection in enabled(gateway) {
        let Some(address) = connection.local.address.as_ref().map(|a| a.value) else {
            return Err(no_local_end(connection));
        };
        check_address(connection, address, bindings, devices)?;
        addresses.insert(address);
    }
    Ok(addresses)
}

fn check_address(
    connection: &Connection,
    address: IpAddr,
    bindings: &Bindings,
    devices: &[Device],
) -> Result<(), Failure> {
    let missing = |interface: &str, device: Option<&str>| Failure::AddressMissing {
        address,
        interface: interface.to_owned(),
        device: device.map(str::to_owned),
    };
    let Some(interface) = &connection.local.interface else {
        let there = devices.iter().any(|d| d.has(address));
        return if there {
            Ok(())
        } else {
            Err(missing(&connection.name, None))
        };
    };
    // Without any device of the name, the address itself is the better thing to complain about.
    if bindings.device(interface).is_none() && !devices.iter().any(|d| d.has(address)) {
        return Err(missing(interface, None));
    }
    let device = device_of(interface, connection, bindings, devices)?;
    if device.has(address) {
        Ok(())
    } else {
        Err(missing(interface, Some(&device.name)))
    }
}

/// What the operator should know, though the daemon can do without.
pub fn remarks(gateway: &Gateway, bindings: &Bindings, devices: &[Device]) -> Vec<String> {
    let absent = |interface: &Interface| {
        let name = bindings.device(&interface.name)?;
        let device = devices.iter().find(|d| d.name == name)?;
        let missing = interface.addresses.iter().find(|a| !device.has(a.addr()))?;
        Some(format!(
            "address {} of {} is not on device {name}",
            missing.value, interface.name.value
        ))
    };
    gateway
        .interfaces
        .iter()
        .filter(|i| i.kind != InterfaceKind::Tunnel)
        .filter_map(absent)
        .collect()
}

fn enabled(gateway: &Gateway) -> impl Iterator<Item = &Connection> {
    gateway.connections.iter().filter(|c| c.enabled.value)
}

fn local_interface(connection: &Connection) -> Result<&str, Failure> {
    let interface = connection.local.interface.as_ref();
    interface
        .map(|name| name.value.as_str())
        .ok_or_else(|| no_local_end(connection))
}

fn no_local_end(connection: &Connection) -> Failure {
    Failure::NoLocalEnd {
        connection: connection.name.value.clone(),
    }
}

fn device_of<'a>(
    interface: &str,
    connection: &Connection,
    bindings: &Bindings,
    devices: &'a [Device],
) -> Result<&'a Device, Failure> {
    bindings
        .device(interface)
        .and_then(|name| devices.iter().find(|d| d.name == name))
        .ok_or_else(|| Failure::Unbound {
            interface: interface.to_owned(),
            connection: connection.name.value.clone(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{HQ, device, gateway, hq_devices};
    use expect_test::{Expect, expect};

    /// Binds a configuration to a machine and shows where it would speak from, or why not.
    fn check(text: &str, wanted: &[(&str, &str)], devices: &[Device], expected: Expect) {
        let wanted: Vec<_> = wanted
            .iter()
            .map(|(a, b)| (a.to_string(), b.to_string()))
            .collect();
        let result = attempt(gateway(text), &wanted, devices);
        expected.assert_eq(&result.unwrap_or_else(|failure| failure.to_string()));
    }

    fn attempt(
        mut gateway: Gateway,
        wanted: &[(String, String)],
        devices: &[Device],
    ) -> Result<String, Failure> {
        let bindings = bind(&gateway, wanted, devices)?;
        for assumed in assumptions(&gateway, &bindings, devices)? {
            gateway.assume_address(&assumed.interface, assumed.address);
        }
        let locals = local_addresses(&gateway, &bindings, devices)?;
        let pairs: Vec<_> = bindings.iter().map(|(a, b)| format!("{a}={b}")).collect();
        Ok(format!("{} from {locals:?}", pairs.join(" ")))
    }

    fn without_wan_address() -> String {
        HQ.replace(
            "set network interface ethernet ethernet1/1 layer3 ip 198.51.100.20/24\n",
            "",
        )
    }

    #[test]
    fn addresses_bind_interfaces_that_nobody_names() {
        check(
            HQ,
            &[],
            &hq_devices(),
            expect!["ethernet1/1=eth0 ethernet1/2=eth1 from {198.51.100.20}"],
        );
    }

    #[test]
    fn the_operators_word_counts_whatever_its_case_and_a_lan_may_stay_unbound() {
        check(
            HQ,
            &[("Ethernet1/1", "eth0")],
            &hq_devices()[..2],
            expect!["ethernet1/1=eth0 from {198.51.100.20}"],
        );
    }

    #[test]
    fn an_address_that_two_devices_have_binds_neither() {
        let mut devices = hq_devices();
        devices.push(device("eth2", &["198.51.100.20/24"]));
        check(
            HQ,
            &[],
            &devices,
            expect![
                "no device is bound to ethernet1/1, which GW leaves by: add --bind ethernet1/1=DEVICE"
            ],
        );
    }

    #[test]
    fn an_address_that_is_not_there_is_named_with_where_it_should_be() {
        check(
            HQ,
            &[("ethernet1/1", "eth1")],
            &hq_devices(),
            expect![
                "address 198.51.100.20 of ethernet1/1 is not there: device eth1 does not have it"
            ],
        );
        check(
            HQ,
            &[],
            &hq_devices()[..1],
            expect![
                "address 198.51.100.20 of ethernet1/1 is not there: no device of this machine has it"
            ],
        );
    }

    #[test]
    fn an_address_that_the_file_lacks_is_the_devices() {
        check(
            &without_wan_address(),
            &[("ethernet1/1", "eth0")],
            &hq_devices(),
            expect!["ethernet1/1=eth0 ethernet1/2=eth1 from {198.51.100.20}"],
        );
        check(
            &without_wan_address(),
            &[("ethernet1/1", "bare")],
            &[device("bare", &["fe80::1/64"])],
            expect![
                "neither the configuration of ethernet1/1 nor device bare has an address to speak from"
            ],
        );
    }

    #[test]
    fn a_binding_of_what_is_not_there_is_refused() {
        check(
            HQ,
            &[("ethernet1/9", "eth0")],
            &hq_devices(),
            expect![
                "--bind ethernet1/9: the configuration has no such interface; it has ethernet1/1, ethernet1/2"
            ],
        );
        check(
            HQ,
            &[("ethernet1/1", "eth9")],
            &hq_devices(),
            expect!["--bind ethernet1/1=eth9: this machine has no device eth9"],
        );
    }
}
