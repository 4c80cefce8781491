//! A plan made real on this machine, and undone: sockets, devices, routes, rules, switches.
//!
//! Order matters (ARCHITECTURE.md, invariant 10): first what refuses protected packets, then what
//! carries them.

use crate::clamp;
use crate::failure::Failure;
use crate::log::Record as LogRecord;
use crate::made::{Made, MadeFile};
use crate::netlink::{Device, KernelRoute, Netlink};
use crate::plan::{Plan, Tunnel};
use crate::plane::PlaneKind;
use crate::routes::{self, MAIN_TABLE, Programmed, RouteSpec};
use crate::sockets::Endpoint;
use crate::sysctl;
use crate::tun::Tun;
use crate::vti::{self, Vti};
use std::collections::BTreeSet;
use std::io;
use std::net::IpAddr;
use std::path::Path;

/// What the daemon holds of the machine.
pub struct Machine {
    netlink: Netlink,
    made: routes::Record,
    /// Where a daemon that comes after us reads what we have made.
    file: MadeFile,
    /// What one that died before us had left there.
    inherited: Made,
    pub endpoints: Vec<Endpoint>,
    /// What workers have beside them, by their numbers, until it is given to them.
    pub shares: Vec<(u8, Endpoint)>,
    workers: u8,
    plane: PlaneKind,
    pub tuns: Vec<Tun>,
    /// Of nftables, where the kernel is the data plane.
    table: Option<String>,
    /// In place of TUNs, where the kernel is the data plane.
    vtis: Vec<Vti>,
    /// Changed in this run.
    switches: Vec<sysctl::Changed>,
    /// Others' routes that the operator knows of.
    told: BTreeSet<RouteSpec>,
    /// What the operator is to be told of.
    pub notes: Vec<LogRecord>,
}

impl Machine {
    /// `socket` is locked: no other daemon of the name runs.
    pub fn new(netlink: Netlink, socket: &Path, plane: PlaneKind, workers: u8) -> Self {
        let mut machine = Self {
            netlink,
            made: routes::Record::default(),
            file: MadeFile::beside(socket),
            inherited: Made::default(),
            endpoints: Vec::new(),
            shares: Vec::new(),
            workers,
            plane,
            tuns: Vec::new(),
            table: (plane == PlaneKind::Kernel).then(|| clamp::table_of(socket)),
            vtis: Vec::new(),
            switches: Vec::new(),
            told: BTreeSet::new(),
            notes: Vec::new(),
        };
        machine.inherit();
        machine
    }

    fn inherit(&mut self) {
        match self.file.read() {
            Ok(made) => {
                self.made.inherit(made.routes.clone(), made.rules.clone());
                self.inherited = made;
            }
            Err(error) => {
                let text = format!(
                    "what an earlier run made stays, its record {} can't be read: {error}",
                    self.file.path().display()
                );
                self.notes
                    .push(LogRecord::warning("record-unreadable", text));
            }
        }
    }

    /// Before anything of it is made.
    fn record(&self, plan: &Plan) -> Result<(), Failure> {
        let kernels = plan
            .tunnels
            .iter()
            .filter(|_| self.plane == PlaneKind::Kernel);
        let known = self.vtis.iter().map(|vti| &vti.tunnel);
        let devices = kernels.chain(known).map(|tunnel| tunnel.device.clone());
        let made = Made {
            devices: devices.chain(self.inherited.devices.clone()).collect(),
            tables: self
                .inherited
                .tables
                .iter()
                .chain(&self.table)
                .cloned()
                .collect(),
            routes: &self.made.all_routes() | &plan.routes(),
            rules: &self.made.all_rules() | &plan.rules,
            switches: [&self.inherited.switches[..], &self.switches].concat(),
        };
        let what = || format!("write {}", self.file.path().display());
        let written = self.file.write(&made);
        written.map_err(|error| Failure::machine(what(), error))
    }

    pub fn devices(&mut self) -> Result<Vec<Device>, Failure> {
        devices(&mut self.netlink)
    }

    pub fn routes(&mut self) -> Result<Vec<KernelRoute>, Failure> {
        let routes = self.netlink.routes();
        routes.map_err(|error| Failure::machine("read the machine's routes", error))
    }

    /// Makes what the plan asks for and is not there yet. What the plan no longer has stays until
    /// [`Self::remove_others`].
    pub fn make(&mut self, plan: &Plan) -> Result<(), Failure> {
        self.record(plan)?;
        self.close(plan)?;
        let devices = self.devices()?;
        let (made, netlink) = (&mut self.made, &mut self.netlink);
        made.remove_left_ways(netlink, &devices, &plan.routes());
        self.refuse_rivals(plan)?;
        for address in &plan.locals {
            self.open_endpoint(*address)?;
        }
        for device in std::mem::take(&mut self.inherited.devices) {
            vti::remove_left(&mut self.netlink, &devices, &device);
        }
        for table in std::mem::take(&mut self.inherited.tables) {
            clamp::remove(&table);
        }
        for tunnel in &plan.tunnels {
            match self.plane {
                PlaneKind::User => self.make_tunnel(tunnel)?,
                PlaneKind::Kernel => self.make_vti(tunnel)?,
            }
        }
        let devices = self.devices()?;
        for route in &plan.tunnel_routes {
            self.insist(&devices, route)?;
        }
        for route in &plan.plain_routes {
            self.plain_route(&devices, route)?;
        }
        self.forward(plan)
    }

    /// From here on protected packets don't leave in the clear.
    fn close(&mut self, plan: &Plan) -> Result<(), Failure> {
        for route in &plan.last_resorts {
            self.insist(&[], route)?;
        }
        for rule in &plan.rules {
            self.made.add_rule(&mut self.netlink, rule)?;
        }
        Ok(())
    }

    fn insist(&mut self, devices: &[Device], route: &RouteSpec) -> Result<(), Failure> {
        if self.made.has_route(route) {
            return Ok(());
        }
        match self.made.add_route(&mut self.netlink, devices, route)? {
            Programmed::Ours | Programmed::Existing => Ok(()),
            Programmed::Refused(reason) => Err(Failure::machine(
                format!("make the route {route}"),
                io::Error::other(reason),
            )),
        }
    }

    fn plain_route(&mut self, devices: &[Device], route: &RouteSpec) -> Result<(), Failure> {
        if self.made.has_route(route) {
            return Ok(());
        }
        let existing = self.routes()?;
        let same_way = routes::like(&existing, devices, route);
        let note = match same_way {
            true => Programmed::Existing,
            false => self.made.add_route(&mut self.netlink, devices, route)?,
        };
        self.notes.extend(match note {
            Programmed::Ours => None,
            Programmed::Existing => {
                let text = format!("route {route} exists already and stays as it is");
                let new = self.told.insert(route.clone());
                new.then(|| LogRecord::info("route-exists", text))
            }
            Programmed::Refused(reason) => Some(LogRecord::warning(
                "route-refused",
                format!("route {route} could not be made: {reason}"),
            )),
        });
        Ok(())
    }

    /// A foreign route beside a tunnel's own would carry protected packets past it.
    fn refuse_rivals(&mut self, plan: &Plan) -> Result<(), Failure> {
        let existing = self.routes()?;
        let in_main = plan.tunnel_routes.iter().filter(|r| r.table == MAIN_TABLE);
        for route in in_main {
            if route.destination.prefix_len() == 0 {
                continue;
            }
            if let Some(rival) = routes::rival(&existing, &route.destination, route.metric) {
                let devices = self.devices()?;
                let device = devices.iter().find(|d| Some(d.index) == rival.device);
                return Err(Failure::RouteTaken {
                    destination: route.destination,
                    device: device.map_or("another way".into(), |d| d.name.clone()),
                });
            }
        }
        Ok(())
    }

    fn open_endpoint(&mut self, address: IpAddr) -> Result<(), Failure> {
        if self.endpoints.iter().any(|e| e.address == address) {
            return Ok(());
        }
        if self.workers == 0 {
            self.endpoints.push(Endpoint::open(address, self.plane)?);
            return Ok(());
        }
        let (own, shares) = Endpoint::open_shared(address, self.workers)?;
        self.endpoints.push(own);
        self.shares.extend((1..).zip(shares));
        Ok(())
    }

    fn make_tunnel(&mut self, tunnel: &Tunnel) -> Result<(), Failure> {
        let there = self
            .tuns
            .iter_mut()
            .find(|tun| tun.tunnel.device == tunnel.device);
        match there {
            Some(tun) if tun.tunnel == *tunnel => Ok(()),
            // It keeps its queues.
            Some(tun) => {
                let is_shared = tun.tunnel.is_shared;
                let tunnel = Tunnel {
                    is_shared,
                    ..tunnel.clone()
                };
                tun.change(tunnel, &mut self.netlink)
            }
            None => {
                let queues = if tunnel.is_shared { self.workers } else { 1 };
                let tun = Tun::create(tunnel.clone(), queues.max(1), &mut self.netlink)?;
                self.tuns.push(tun);
                Ok(())
            }
        }
    }

    /// Tunnel interfaces of which each worker has a share.
    pub fn shared(&self) -> BTreeSet<String> {
        let shared = self.tuns.iter().filter(|tun| tun.tunnel.is_shared);
        shared
            .filter_map(|tun| tun.tunnel.interface.clone())
            .collect()
    }

    /// Lets go of a TUN that has been deleted, so that [`Self::make`] makes it again; whether there
    /// was one.
    pub fn lose_tun(&mut self, device: &str) -> bool {
        let known = self.tuns.len();
        self.tuns.retain(|tun| tun.tunnel.device != device);
        self.made.forget_routes_by(device);
        self.tuns.len() < known
    }

    fn make_vti(&mut self, tunnel: &Tunnel) -> Result<(), Failure> {
        let mut there = self.vtis.iter_mut();
        if let Some(vti) = there.find(|vti| vti.tunnel.device == tunnel.device) {
            if vti.tunnel == *tunnel || vti.change(tunnel.clone(), &mut self.netlink)? {
                return Ok(());
            }
            // Its ends are part of it.
            vti.remove(&mut self.netlink);
            self.vtis.retain(|vti| vti.tunnel.device != tunnel.device);
        }
        self.vtis
            .push(Vti::create(tunnel.clone(), &mut self.netlink)?);
        Ok(())
    }

    /// A gateway forwards. A container may not let us say so, but have said it already.
    fn forward(&mut self, plan: &Plan) -> Result<(), Failure> {
        let v6 = |route: &RouteSpec| !route.destination.addr().is_ipv4();
        self.switch(plan, sysctl::FORWARD_V4)?;
        if plan.last_resorts.iter().any(v6) {
            self.switch(plan, sysctl::FORWARD_V6)?;
        }
        if self.plane == PlaneKind::Kernel {
            self.switch(plan, sysctl::ASK_AGAIN)?;
        }
        Ok(())
    }

    fn switch(&mut self, plan: &Plan, name: &'static str) -> Result<(), Failure> {
        let before = sysctl::get(name);
        if before.as_ref().is_ok_and(|before| before == "1") {
            return Ok(());
        }
        let known = self.switches.len();
        let changed = before.map(|before| sysctl::Changed { name, before });
        let set = match changed {
            Ok(changed) => {
                self.switches.push(changed);
                self.record(plan)?;
                sysctl::set(name, "1")
            }
            Err(error) => Err(error),
        };
        let (enabled, off, otherwise) = match name {
            sysctl::ASK_AGAIN => (
                "acquires-hastened",
                "acquires-slow",
                "the kernel asks for a missing SA only every few minutes",
            ),
            _ => (
                "forwarding-enabled",
                "forwarding-off",
                "nothing is forwarded",
            ),
        };
        self.notes.push(match set {
            Ok(()) => {
                let text = format!("{name} enabled; it is put back at the end");
                LogRecord::info(enabled, text)
            }
            Err(error) => {
                self.switches.truncate(known);
                let text = format!("{name} could not be enabled, {otherwise}: {error}");
                LogRecord::warning(off, text)
            }
        });
        Ok(())
    }

    /// Removes what is ours and not in the plan.
    pub fn remove_others(&mut self, plan: &Plan) -> Result<(), Failure> {
        let devices = self.devices()?;
        let routes = plan.routes();
        let netlink = &mut self.netlink;
        self.made
            .remove_others(netlink, &devices, &routes, &plan.rules);
        let planned: BTreeSet<&str> = plan.tunnels.iter().map(|t| t.device.as_str()).collect();
        self.tuns
            .retain(|tun| planned.contains(tun.tunnel.device.as_str()));
        let stays = |vti: &Vti| planned.contains(vti.tunnel.device.as_str());
        for vti in self.vtis.iter().filter(|vti| !stays(vti)) {
            vti.remove(&mut self.netlink);
        }
        self.vtis.retain(stays);
        self.endpoints.retain(|e| plan.locals.contains(&e.address));
        self.shares
            .retain(|(_, e)| plan.locals.contains(&e.address));
        self.record(plan)
    }

    /// Removes all that is ours: an orderly end.
    pub fn dismantle(mut self) {
        let devices = self.netlink.devices().unwrap_or_default();
        self.made.remove_all(&mut self.netlink, &devices);
        self.remove_vtis();
        self.restore_switches();
        for switch in std::mem::take(&mut self.inherited.switches) {
            let _ = switch.restore();
        }
        let _ = self.file.remove();
    }

    /// Removes what this run has made, after it failed to start. What an earlier daemon left
    /// closed stays closed, and its record stays for the next.
    pub fn abandon(mut self) {
        let devices = self.netlink.devices().unwrap_or_default();
        self.made.keep_adopted();
        self.made.remove_all(&mut self.netlink, &devices);
        self.remove_vtis();
        self.restore_switches();
        let _ = match self.inherited == Made::default() {
            true => self.file.remove(),
            false => self.file.write(&self.inherited),
        };
    }

    fn remove_vtis(&mut self) {
        for vti in self.vtis.drain(..) {
            vti.remove(&mut self.netlink);
        }
    }

    fn restore_switches(&mut self) {
        for switch in self.switches.drain(..) {
            // Nobody is left to be told.
            let _ = switch.restore();
        }
    }

    pub fn endpoint(&mut self, address: IpAddr) -> Option<&mut Endpoint> {
        self.endpoints.iter_mut().find(|e| e.address == address)
    }
}

pub fn devices(netlink: &mut Netlink) -> Result<Vec<Device>, Failure> {
    let devices = netlink.devices();
    devices.map_err(|error| Failure::machine("read the machine's devices", error))
}
