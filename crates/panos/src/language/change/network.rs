//! Interfaces, their zones and virtual routers, and static routes.

use super::{Draft, cannot, join, unused};
use crate::language::steps::{self, Path, Step};
use crate::tree::At;
use crossgate_model::{CannotSay, Change};
use ipnet::IpNet;

/// What an interface's MTU is where nothing is said.
const MTU: u16 = 1500;
/// Characters of a route's name.
const NAME_MAX: usize = 31;

/// Where an interface is configured.
struct Place {
    /// Its entry.
    outer: Path,
    /// What it has at layer 3: the same, or below it.
    layer3: Path,
}

impl Draft<'_> {
    pub fn network(&mut self, change: &Change) -> Result<(), CannotSay> {
        match change {
            Change::EnableInterface { interface } => self.enable_interface(interface),
            Change::AddRoute {
                destination,
                interface,
            } => self.add_route(*destination, interface),
            Change::RemoveRoute { destination } => self.remove_route(*destination),
            Change::SetZone { interface, zone } => self.set_zone(interface, zone),
            Change::SetVirtualRouter { interface, router } => self.set_router(interface, router),
            Change::TcpMss { interface, octets } => self.tcp_mss(interface, *octets),
            Change::Mtu { interface, octets } => {
                if !(576..=9216).contains(octets) {
                    return cannot(format!("PAN-OS's MTUs are 576 to 9216, and not {octets}"));
                }
                let place = self.place(interface)?;
                self.value(join(&place.layer3, &["mtu"]), octets.to_string());
                Ok(())
            }
            _ => cannot("it is no matter of interfaces and routes"),
        }
    }

    fn place(&self, name: &str) -> Result<Place, CannotSay> {
        let section = self.path(&["network", "interface"]);
        let parent = name.split_once('.').map_or(name, |(parent, _)| parent);
        let ports = ["ethernet", "aggregate-ethernet"].into_iter();
        let ports = ports.flat_map(|kind| {
            let outer = join(&section, &[kind, name]);
            let unit = join(&section, &[kind, parent, "layer3", "units", name]);
            [
                (outer.clone(), join(&outer, &["layer3"])),
                (unit.clone(), unit),
            ]
        });
        let others = ["vlan", "loopback", "tunnel"].into_iter();
        let others = others.flat_map(|kind| {
            let unit = join(&section, &[kind, "units", name]);
            let itself = (kind == name).then(|| join(&section, &[kind]));
            std::iter::once(unit)
                .chain(itself)
                .map(|path| (path.clone(), path))
        });
        let found = ports
            .chain(others)
            .find(|(outer, _)| self.at(outer).is_some());
        match found {
            Some((outer, layer3)) => Ok(Place { outer, layer3 }),
            None => cannot(format!("the file has no interface `{name}`")),
        }
    }

    fn enable_interface(&mut self, name: &str) -> Result<(), CannotSay> {
        let place = self.place(name)?;
        let state = join(&place.outer, &["link-state"]);
        if self.at(&join(&state, &["down"])).is_none() {
            return cannot(format!("nothing in the file turns `{name}` off"));
        }
        self.value(state, "auto");
        Ok(())
    }

    fn tcp_mss(&mut self, name: &str, octets: u16) -> Result<(), CannotSay> {
        let place = self.place(name)?;
        let mtu = self.gateway.interface(name).and_then(|i| i.mtu.as_ref());
        let mtu = mtu.map_or(MTU, |mtu| mtu.value);
        let less = mtu
            .checked_sub(octets)
            .filter(|less| (40..=300).contains(less));
        let Some(less) = less else {
            return cannot(format!(
                "PAN-OS takes 40 to 300 octets off the MTU of {mtu}, which doesn't give {octets}"
            ));
        };
        let adjust = join(&place.layer3, &["adjust-tcp-mss"]);
        self.value(join(&adjust, &["enable"]), "yes");
        self.value(join(&adjust, &["ipv4-mss-adjustment"]), less.to_string());
        Ok(())
    }

    /// Routers and VRFs of logical ones, each with the path that holds its interfaces.
    fn routers(&self) -> Vec<(String, Path)> {
        let virtual_ones = self.path(&["network", "virtual-router"]);
        let mut all: Vec<(String, Path)> = steps::words_below(self.tree, &virtual_ones)
            .into_iter()
            .map(|name| (name.clone(), join(&virtual_ones, &[&name])))
            .collect();
        let logical_ones = self.path(&["network", "logical-router"]);
        for name in steps::words_below(self.tree, &logical_ones) {
            let vrfs = join(&logical_ones, &[&name, "vrf"]);
            for vrf in steps::words_below(self.tree, &vrfs) {
                all.push((name.clone(), join(&vrfs, &[&vrf])));
            }
        }
        all
    }

    fn add_route(&mut self, destination: IpNet, interface: &str) -> Result<(), CannotSay> {
        self.place(interface)?;
        let mut routers = self.routers().into_iter();
        let holds = |path: &Path| self.at(&join(path, &["interface", interface])).is_some();
        let Some((_, router)) = routers.find(|(_, path)| holds(path)) else {
            return cannot(format!(
                "`{interface}` is in no virtual router: put it into one first"
            ));
        };
        let family = if destination.addr().is_ipv4() {
            "ip"
        } else {
            "ipv6"
        };
        let routes = join(&router, &["routing-table", family, "static-route"]);
        let used = steps::words_below(self.tree, &routes);
        let wanted = format!("to-{destination}").replace(['/', ':'], "-");
        let name = unused(&wanted, NAME_MAX, |name| {
            used.iter().any(|used| used == name)
        });
        let route = join(&routes, &[&name]);
        self.value(join(&route, &["destination"]), destination.to_string());
        self.value(join(&route, &["interface"]), interface);
        Ok(())
    }

    fn remove_route(&mut self, destination: IpNet) -> Result<(), CannotSay> {
        let there = self.gateway.routes.iter();
        let names: Vec<&str> = there
            .filter(|route| route.destination.value == destination)
            .filter_map(|route| Some(route.name.as_ref()?.value.as_str()))
            .collect();
        let mut paths = Vec::new();
        for (_, router) in self.routers() {
            for family in ["ip", "ipv6"] {
                let routes = join(&router, &["routing-table", family, "static-route"]);
                paths.extend(names.iter().map(|name| join(&routes, &[name])));
            }
        }
        paths.retain(|path| self.at(path).is_some());
        if paths.is_empty() {
            return cannot(format!("the file has no static route to {destination}"));
        }
        paths.into_iter().for_each(|path| self.delete(path));
        Ok(())
    }

    fn set_router(&mut self, interface: &str, router: &str) -> Result<(), CannotSay> {
        let routers = self.routers();
        let wanted = routers.iter().find(|(name, _)| name == router);
        let wanted = match wanted {
            Some((_, path)) => path.clone(),
            None => self.path(&["network", "virtual-router", router]),
        };
        for (_, other) in routers.iter().filter(|(_, path)| *path != wanted) {
            self.take_out(join(other, &["interface", interface]));
        }
        let list = join(&wanted, &["interface"]);
        self.steps.push(Step::Member(list, interface.to_owned()));
        Ok(())
    }

    fn take_out(&mut self, path: Path) {
        if self.at(&path).is_some() {
            self.delete(path);
        }
    }

    fn set_zone(&mut self, interface: &str, zone: &str) -> Result<(), CannotSay> {
        let vsys = self.vsys_of(interface);
        for system in self.systems() {
            let zones = join(&system, &["zone"]);
            for other in steps::words_below(self.tree, &zones) {
                if other != zone || system != vsys {
                    self.take_out(join(&zones, &[&other, "network", "layer3", interface]));
                }
            }
        }
        let list = join(&vsys, &["zone", zone, "network", "layer3"]);
        self.steps.push(Step::Member(list, interface.to_owned()));
        let imports = join(&vsys, &["import", "network", "interface"]);
        if self.at(&imports).is_some_and(At::has_children) {
            self.steps.push(Step::Member(imports, interface.to_owned()));
        }
        Ok(())
    }

    /// Every virtual system; the one that there always is, if the file has none.
    pub fn systems(&self) -> Vec<Path> {
        let list = self.path(&["vsys"]);
        let mut names = steps::words_below(self.tree, &list);
        if names.is_empty() {
            names.push("vsys1".into());
        }
        names.iter().map(|name| join(&list, &[name])).collect()
    }

    /// The virtual system that an interface belongs to.
    fn vsys_of(&self, interface: &str) -> Path {
        let systems = self.systems();
        let imports = |system: &&Path| {
            let list = join(system, &["import", "network", "interface", interface]);
            self.at(&list).is_some()
        };
        let found = systems.iter().find(imports).or(systems.first());
        found.cloned().unwrap_or_default()
    }
}
