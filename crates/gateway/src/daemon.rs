//! The daemon: one thread that owns everything, and does one thing after the other; with workers, it
//! leaves packets to them.

mod carrier;
mod commands;
mod outputs;
mod path_mtu;
mod reload;
mod turn;
mod workers;

use crate::bind::{self, Bindings};
use crate::carry::Buffers;
use crate::clock::Clock;
use crate::failure::Failure;
use crate::keylog::KeyLog;
use crate::load::{Hints, Loaded, load};
use crate::log::{Level, Log, LogFormat, Record};
use crate::machine::{self, Machine};
use crate::netlink::{Device, Netlink};
use crate::ping::Pinger;
use crate::plan::Plan;
use crate::plane::{Plane, PlaneChoice, PlaneKind};
use crate::process::{self, Signals};
use crate::server::Server;
use crate::workers::Crew;
use crate::xfrm::{self, KernelPlane, Wanted};
use crate::{clamp, control, failure, vti};
use commands::Ticket;
use crossgate_esp::{DEFAULT_PATH_MTU, DataPlane, Policy};
use crossgate_ike::Engine;
use crossgate_model::operate::DebugTopic;
use crossgate_model::{Gateway, Initiation, Time};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

/// What the operator asks of a daemon.
#[derive(Clone, Debug, Default)]
pub struct Options {
    pub file: PathBuf,
    /// The configuration's names, each with Linux's.
    pub binds: Vec<(String, String)>,
    /// How the file is read, at the start and at each reload.
    pub hints: Hints,
    /// What others call this daemon; the file's name without its ending by default.
    pub name: Option<String>,
    pub socket: Option<PathBuf>,
    /// Folder of a key log.
    pub keylog: Option<PathBuf>,
    pub log_format: LogFormat,
    /// Answer, but never initiate.
    pub passive: bool,
    /// Tunnels whose ESP is carried in UDP whether there is a NAT or not, by the names that the
    /// configuration has for them; [`ALL_TUNNELS`] for every one.
    pub encapsulate: Vec<String>,
    /// Tunnels whose ESP is carried in UDP only if there is a NAT, by the same names. Others are in
    /// UDP without one too, if this program moves the packets, and the peer is a Crossgate that
    /// would as well and is reached on port 4500.
    pub no_encapsulate: Vec<String>,
    /// Who seals and opens.
    pub data_plane: PlaneChoice,
    /// Ask the network cards to encrypt, where the kernel is the data plane.
    pub offload: bool,
    /// Threads that seal and open, where this program is the data plane; with less than two, the
    /// daemon's own does.
    pub workers: u8,
    /// Tunnels of which each worker has a share, by the names that the configuration has for them;
    /// [`ALL_TUNNELS`] for every one with an interface.
    pub per_core: Vec<String>,
}

/// In place of a tunnel's name.
pub const ALL_TUNNELS: &str = "all";

impl Options {
    fn name(&self) -> Result<String, Failure> {
        if let Some(name) = self.name.clone() {
            return match control::is_name(&name) {
                true => Ok(name),
                false => Err(Failure::BadName { name }),
            };
        }
        let stem = self.file.file_stem().and_then(|stem| stem.to_str());
        let stem = stem.filter(|stem| control::is_name(stem));
        Ok(stem.unwrap_or("crossgate").to_owned())
    }

    fn socket(&self, name: &str) -> Result<PathBuf, Failure> {
        match &self.socket {
            Some(socket) => Ok(socket.clone()),
            None => control::socket_path(name)
                .map_err(|error| Failure::machine("find a place for the control socket", error)),
        }
    }
}

/// Runs a gateway until SIGTERM or SIGINT.
pub fn run(options: Options) -> Result<(), Failure> {
    let mut daemon = Daemon::start(options)?;
    daemon.turn_until_stopped();
    daemon.end();
    Ok(())
}

struct Daemon {
    options: Options,
    clock: Clock,
    log: Log,
    signals: Signals,
    server: Server,
    setting: Setting,
    machine: Machine,
    ike: Engine,
    plane: Plane,
    keylog: Option<KeyLog>,
    pinger: Pinger<Ticket>,
    debug: BTreeSet<DebugTopic>,
    /// What happened that is no engine's business, by name.
    counters: BTreeMap<&'static str, u64>,
    buffers: Buffers,
    stopping: Option<turn::Stopping>,
}

/// The configuration in force, and what it means on this machine.
struct Setting {
    loaded: Loaded,
    gateway: Arc<Gateway>,
    bindings: Bindings,
    plan: Plan,
    /// Of the devices that the local addresses are on.
    path_mtus: BTreeMap<IpAddr, u16>,
    /// Their indices.
    locals: BTreeMap<IpAddr, u32>,
    notes: Vec<Record>,
}

impl Setting {
    /// Reads the file and compares it with the machine; changes nothing.
    fn read(options: &Options, loaded: Loaded, devices: &[Device]) -> Result<Self, Failure> {
        loaded.usable()?;
        let mut gateway = loaded.gateway.clone();
        let wanted = options.binds.iter();
        let wanted = wanted.map(|(name, dev)| (loaded.dialect.interface_name(name), dev.clone()));
        let bindings = bind::bind(&gateway, &wanted.collect::<Vec<_>>(), devices)?;
        let mut notes = Vec::new();
        for assumed in bind::assumptions(&gateway, &bindings, devices)? {
            gateway.assume_address(&assumed.interface, assumed.address);
            notes.push(Record::info("address-assumed", assumed.to_string()));
        }
        if options.passive {
            for connection in &mut gateway.connections {
                connection.initiation.value = Initiation::Never;
            }
        }
        notes.extend(encapsulate(&mut gateway, options));
        let locals = bind::local_addresses(&gateway, &bindings, devices)?;
        let path_mtus = locals.iter().map(|a| (*a, path_mtu(devices, *a))).collect();
        let index = |local: &IpAddr| devices.iter().find(|device| device.has(*local));
        let indices = locals.iter().filter_map(|a| Some((*a, index(a)?.index)));
        let indices = indices.collect();
        let mtu = |local| path_mtu(devices, local);
        let mut plan = Plan::new(&gateway, &bindings, locals, &mtu);
        let (shared, told) = shared_interfaces(&gateway, &options.per_core);
        plan.share(&shared);
        notes.extend(told);
        let remarks = bind::remarks(&gateway, &bindings, devices);
        let warn = |text: &String| Record::warning("configuration", text.as_str());
        notes.extend(remarks.iter().chain(&plan.remarks).map(warn));
        Ok(Self {
            loaded,
            gateway: Arc::new(gateway),
            bindings,
            plan,
            path_mtus,
            locals: indices,
            notes,
        })
    }
}

impl Setting {
    /// In the kernel ESP isn't faster in UDP.
    fn leave_udp_to(&mut self, plane: PlaneKind) {
        if plane == PlaneKind::Kernel {
            let gateway = Arc::make_mut(&mut self.gateway);
            for connection in &mut gateway.connections {
                connection.nat.agrees_on_udp = false;
            }
        }
    }

    /// The Children that the data plane is to serve, in the configuration's order.
    /// Of `shared` interfaces each worker has a share.
    fn put_policies(&mut self, options: &Options, shared: &BTreeSet<String>, plane: &mut Plane) {
        let policies = Policy::all_of(&self.gateway);
        match plane {
            Plane::User(user) => user.set_policies(policies),
            Plane::Workers(crew) => crew.set_policies(policies, shared),
            Plane::Kernel(kernel) => {
                if options.offload {
                    kernel.set_offload(self.locals.clone());
                }
                let wanted = policies.iter().filter_map(|policy| self.wanted(policy));
                let told = kernel.set_policies(wanted.collect());
                let lacks = xfrm::unheeded(&policies, kernel.unclamped()).into_iter();
                self.notes
                    .extend(lacks.map(|text| Record::warning("kernel-does-not", text)));
                let told = told.into_iter();
                self.notes
                    .extend(told.map(|text| Record::new(Level::Error, "policy-failed", text)));
            }
        }
    }

    /// `None` where the Child's device is not made.
    fn wanted(&self, policy: &Policy) -> Option<Wanted> {
        let interface = policy.tunnel_interface.as_deref();
        let mut tunnels = self.plan.tunnels.iter();
        let tunnel = tunnels.find(|tunnel| tunnel.interface.as_deref() == interface)?;
        let mut children = self.gateway.children();
        let (connection, _) = children.find(|(_, child)| child.name.value == policy.child)?;
        let local = connection.local.address.as_ref().map(|a| a.value);
        Some(Wanted {
            child: policy.child.clone(),
            device: tunnel.device.clone(),
            mark: vti::mark_of(&tunnel.device),
            selectors: policy.selectors,
            handling: policy.handling.clone(),
            ends: local.zip(connection.remote.address()),
        })
    }
}

/// Which data plane it is, and what is told of the choice.
fn choose_plane(
    options: &Options,
    setting: &Setting,
    netlink: &mut Netlink,
) -> Result<(PlaneKind, Option<Record>), Failure> {
    if options.data_plane == PlaneChoice::User {
        return Ok((PlaneKind::User, None));
    }
    let mut random = process::entropy().map_err(failure::of("get entropy from the kernel"))?;
    let possible = vti::possible(&setting.plan.tunnels)
        .and_then(|()| xfrm::probe(&setting.gateway, netlink, &mut random));
    let told = |text| Some(Record::info("data-plane", text));
    match (possible, options.data_plane) {
        (Ok(()), _) => {
            let text = "the kernel seals and opens (XFRM)".to_owned();
            Ok((PlaneKind::Kernel, told(text)))
        }
        (Err(reason), PlaneChoice::Auto) => {
            let text = format!(
                "this program seals and opens, for this kernel cannot carry the tunnels: {reason}"
            );
            Ok((PlaneKind::User, told(text)))
        }
        (Err(reason), _) => Err(Failure::NoKernelPlane { reason }),
    }
}

/// Which tunnels are carried in UDP, which the kernel moves in trains: a peer that finds a NAT before
/// us takes that (RFC 7296 §2.23). Names that no tunnel has are told.
fn encapsulate(gateway: &mut Gateway, options: &Options) -> Vec<Record> {
    for connection in &mut gateway.connections {
        let names = |names: &[String]| {
            let mut tunnels = connection.children.iter().map(|child| &child.tunnel.value);
            tunnels.any(|tunnel| names.contains(tunnel))
        };
        let all = |names: &[String]| names.iter().any(|name| name == ALL_TUNNELS);
        let (with, without) = (&options.encapsulate, &options.no_encapsulate);
        // A name says more than `all`.
        let forced = names(with) || all(with) && !names(without);
        let spared = names(without) || all(without);
        connection.nat.force_encapsulation.value |= forced;
        connection.nat.agrees_on_udp = !spared;
    }
    let tunnels = gateway
        .children()
        .map(|(_, child)| child.tunnel.value.as_str());
    let known: BTreeSet<&str> = tunnels.collect();
    let asked = [
        ("--encapsulate", &options.encapsulate),
        ("--no-encapsulate", &options.no_encapsulate),
    ];
    let asked = asked
        .into_iter()
        .flat_map(|(option, names)| names.iter().map(move |n| (option, n)));
    let unknown = asked.filter(|(_, name)| *name != ALL_TUNNELS && !known.contains(name.as_str()));
    let told = unknown.map(|(option, name)| {
        let known: Vec<_> = known.iter().copied().collect();
        let text = format!(
            "{option} {name}: no tunnel has that name; there are: {}",
            known.join(", ")
        );
        Record::warning("configuration", text)
    });
    told.collect()
}

/// The tunnel interfaces of these tunnels, with all else that they carry. What has none is told.
fn shared_interfaces(gateway: &Gateway, names: &[String]) -> (BTreeSet<String>, Vec<Record>) {
    let mut shared = BTreeSet::new();
    let mut missing: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    let all = missing.remove(ALL_TUNNELS);
    for (_, child) in gateway.children() {
        let tunnel = child.tunnel.value.as_str();
        if let Some(interface) = &child.tunnel_interface
            && (all || names.iter().any(|name| name == tunnel))
        {
            shared.insert(interface.value.clone());
            missing.remove(tunnel);
        }
    }
    let told = missing.into_iter().map(|name| {
        let text = format!("--per-core {name}: no tunnel of that name has a tunnel interface");
        Record::warning("configuration", text)
    });
    (shared, told.collect())
}

fn path_mtu(devices: &[Device], local: IpAddr) -> u16 {
    let device = devices.iter().find(|device| device.has(local));
    let mtu = device.map_or(u32::from(DEFAULT_PATH_MTU), |device| device.mtu);
    // An outer packet is an IP packet, whatever a loopback device takes.
    u16::try_from(mtu).unwrap_or(u16::MAX)
}

impl Daemon {
    fn start(options: Options) -> Result<Self, Failure> {
        let name = options.name()?;
        let clock = Clock::start();
        let mut log = Log::new(options.log_format, Box::new(std::io::stderr()));
        let loaded = load(&options.file, &options.hints)?;
        log.findings(clock.unix(), &loaded);
        loaded.usable()?;
        if let Err(error) = process::forbid_core_dumps() {
            let text = format!("core dumps could not be turned off: {error}");
            log.write(clock.unix(), Record::warning("core-dumps", text));
        }
        let signals = Signals::listen().map_err(failure::of("listen to signals"))?;
        let mut netlink = Netlink::open().map_err(failure::of("speak netlink with the kernel"))?;
        let mut setting = Setting::read(&options, loaded, &machine::devices(&mut netlink)?)?;
        let (kind, chosen) = choose_plane(&options, &setting, &mut netlink)?;
        setting.notes.extend(chosen);
        setting.leave_udp_to(kind);
        let socket = options.socket(&name)?;
        let server = Server::open(&socket, &name)?;
        let keylog = open_keylog(&options, &clock, &mut log)?;
        let random = || process::entropy().map_err(failure::of("get entropy from the kernel"));
        let ike = Engine::new(setting.gateway.clone(), Box::new(random()?));
        let mut plane = match kind {
            PlaneKind::User if options.workers > 1 => {
                Plane::Workers(Box::new(Crew::start(options.workers, clock)?))
            }
            PlaneKind::User => {
                let policies = Policy::all_of(&setting.gateway);
                Plane::User(Box::new(DataPlane::new(policies, Box::new(random()?))))
            }
            PlaneKind::Kernel => {
                let kernel = KernelPlane::open(clamp::table_of(&socket));
                Plane::Kernel(Box::new(
                    kernel.map_err(failure::of("speak to the kernel's IPsec"))?,
                ))
            }
        };
        let identifier = rand_core::Rng::next_u32(&mut random()?) as u16;
        let mut machine = Machine::new(netlink, &socket, kind, plane.workers());
        let made = machine.make(&setting.plan);
        // Only now: what a daemon that died had closed is closed until the plan's own is.
        if let Err(failure) = made.and_then(|()| machine.remove_others(&setting.plan)) {
            machine.abandon();
            return Err(failure);
        }
        setting.put_policies(&options, &machine.shared(), &mut plane);
        let mut daemon = Self {
            options,
            clock,
            log,
            signals,
            server,
            setting,
            machine,
            ike,
            plane,
            keylog,
            pinger: Pinger::new(identifier),
            debug: BTreeSet::new(),
            counters: BTreeMap::new(),
            buffers: Buffers::default(),
            stopping: None,
        };
        daemon.equip_workers();
        daemon.place_children();
        daemon.say_ready(&name);
        Ok(daemon)
    }

    fn say_ready(&mut self, name: &str) {
        self.tell_notes();
        let plan = &self.setting.plan;
        let locals: Vec<_> = plan.locals.iter().map(|a| a.to_string()).collect();
        let tunnels: Vec<_> = plan.tunnels.iter().map(|t| t.device.as_str()).collect();
        let text = format!(
            "{name} speaks IKEv2 from {}; tunnels: {}",
            locals.join(", "),
            tunnels.join(", ")
        );
        self.tell(Record::info("ready", text));
        let now = self.now();
        self.set_path_mtus();
        self.ike.start(now);
        self.drain();
    }

    /// Tells what reading the configuration and preparing the machine brought up.
    fn tell_notes(&mut self) {
        let notes = std::mem::take(&mut self.setting.notes);
        for note in notes
            .into_iter()
            .chain(std::mem::take(&mut self.machine.notes))
        {
            self.tell(note);
        }
    }

    fn now(&self) -> Time {
        self.clock.now()
    }

    fn tell(&mut self, record: impl Into<Record>) {
        self.log.write(self.clock.unix(), record);
        for line in self.log.take_followed() {
            self.server.tell_followers(&line);
        }
    }

    fn count(&mut self, what: &'static str) {
        self.count_many(what, 1);
    }

    /// A counter that never counted is not shown.
    fn count_many(&mut self, what: &'static str, times: usize) {
        if times > 0 {
            *self.counters.entry(what).or_default() += times as u64;
        }
    }

    /// The path to a peer is as narrow as the device that it begins at, until a router says more.
    fn set_path_mtus(&mut self) {
        for connection in &self.setting.gateway.connections {
            let local = connection.local.address.as_ref();
            let mtu = local.and_then(|a| self.setting.path_mtus.get(&a.value));
            if let (Some(remote), Some(mtu)) = (connection.remote.address(), mtu) {
                self.plane.set_path_mtu(remote, *mtu);
            }
        }
    }

    /// Inbound SPIs are to say who opens what comes with them.
    fn place_children(&mut self) {
        if let Plane::Workers(crew) = &self.plane {
            self.ike.set_workers(crew.children().clone());
        }
    }

    fn end(mut self) {
        if let Some(kernel) = self.plane.kernel() {
            kernel.clear();
        }
        if let Plane::Workers(crew) = &mut self.plane {
            crew.stop();
        }
        self.tell(Record::info(
            "stopped",
            "all tunnels are down, nothing is left behind",
        ));
        self.machine.dismantle();
    }
}

fn open_keylog(options: &Options, clock: &Clock, log: &mut Log) -> Result<Option<KeyLog>, Failure> {
    let Some(folder) = &options.keylog else {
        return Ok(None);
    };
    let what = || format!("open the key log in {}", folder.display());
    let keylog = KeyLog::open(folder).map_err(|error| Failure::machine(what(), error))?;
    let text = format!(
        "ALL KEYS ARE WRITTEN TO {}: whoever reads them reads all traffic; this is for a laboratory only",
        folder.display()
    );
    log.write(clock.unix(), Record::warning("keylog", text));
    Ok(Some(keylog))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_daemon_whose_name_is_a_path_does_not_start() {
        for name in ["../x", "a/b", "/x", "..", ".x", "", "a\nb"] {
            let options = Options {
                file: "missing.cfg".into(),
                name: Some(name.into()),
                ..Options::default()
            };
            let refusal = Daemon::start(options).err();
            assert!(
                matches!(&refusal, Some(Failure::BadName { name: found }) if found == name),
                "{name:?}: {refusal:?}"
            );
        }
    }

    #[test]
    fn a_file_gives_its_name_where_that_is_one() {
        for (file, name) in [
            ("/etc/branch.cfg", "branch"),
            ("site.v2.set", "site.v2"),
            ("..", "crossgate"),
            (".hidden", "crossgate"),
        ] {
            let options = Options {
                file: file.into(),
                ..Options::default()
            };
            assert_eq!(options.name().expect("a name"), name, "{file}");
        }
    }

    #[test]
    fn only_the_named_tunnels_are_encapsulated_and_a_wrong_name_is_told() {
        let carried = |with: &[&str], without: &[&str]| {
            let mut gateway = crate::testing::gateway(crate::testing::HQ);
            let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
            let options = Options {
                encapsulate: names(with),
                no_encapsulate: names(without),
                ..Options::default()
            };
            let told = encapsulate(&mut gateway, &options);
            let nat = &gateway.connections[0].nat;
            (nat.force_encapsulation.value, nat.agrees_on_udp, told.len())
        };
        assert_eq!(carried(&[], &[]), (false, true, 0));
        assert_eq!(carried(&["TUN"], &[]), (true, true, 0));
        assert_eq!(carried(&["all"], &[]), (true, true, 0));
        assert_eq!(carried(&["TUM"], &[]), (false, true, 1));
        assert_eq!(carried(&[], &["TUN"]), (false, false, 0));
        assert_eq!(carried(&[], &["all"]), (false, false, 0));
        assert_eq!(carried(&["all"], &["TUN"]), (false, false, 0));
        assert_eq!(carried(&["TUN"], &["all"]), (true, false, 0));
        assert_eq!(carried(&[], &["TUM"]), (false, true, 1));
    }
}
