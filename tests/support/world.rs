//! Five network namespaces of one's own: LAN host, gateway, WAN router, gateway, LAN host.
//!
//! ```text
//! lan-a 10.10.10.10 -- gw-a 203.0.113.10 -- wan .1 | .1 -- gw-b 198.51.100.20 -- lan-b 10.20.20.10
//! ```
//!
//! A third site, `lan-c 10.30.30.10 -- gw-c 192.0.2.30 -- wan .1`, is there for the tests that ask for
//! it ([`World::add_third_site`]).
//!
//! Everything is gone when the [`World`] is dropped; what an interrupted run left behind goes when
//! the next world is made.

use super::kernel::carries_the_tunnels;
use super::process::{output, run};
use super::tunnel::{Endpoint, Identity, Network, Starts, Suite, Tunnel};
use nix::sched::{CloneFlags, setns};
use std::fs::File;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};

/// One end of the tunnel's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    A,
    B,
    /// Another peer of A's.
    C,
}

/// Where a NAT rewrites source addresses and ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nat {
    None,
    /// The gateway of this end is behind it and must begin.
    Before(End),
}

const NODES: [&str; 5] = ["lan-a", "gw-a", "wan", "gw-b", "lan-b"];
const MORE_NODES: [&str; 2] = ["gw-c", "lan-c"];
const PREFIX: &str = "cgtest";

/// What both ends reach only through the tunnel.
pub const NETWORK_A: Network = Network([10, 10, 10]);
pub const NETWORK_B: Network = Network([10, 20, 20]);
const NETWORK_C: Network = Network([10, 30, 30]);
const WAN_A: Network = Network([203, 0, 113]);
const WAN_B: Network = Network([198, 51, 100]);
const WAN_C: Network = Network([192, 0, 2]);

const ROUTER: u8 = 1;
/// Last octet of the LANs' gateway addresses, and of their one host.
const GATEWAY: u8 = 1;
const HOST: u8 = 10;

impl End {
    pub fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B | Self::C => Self::A,
        }
    }

    /// The address of the gateway's WAN interface.
    pub fn wan(self) -> Ipv4Addr {
        match self {
            Self::A => WAN_A.host(10),
            Self::B => WAN_B.host(20),
            Self::C => WAN_C.host(30),
        }
    }

    /// The gateway's next hop, which is also the address of a NAT before the *other* end.
    pub fn router(self) -> Ipv4Addr {
        match self {
            Self::A => WAN_A.host(ROUTER),
            Self::B => WAN_B.host(ROUTER),
            Self::C => WAN_C.host(ROUTER),
        }
    }

    /// The same of IPv6, in a network for documentation (RFC 3849).
    pub fn wan_v6(self) -> Ipv6Addr {
        self.in_v6(10)
    }

    fn router_v6(self) -> Ipv6Addr {
        self.in_v6(1)
    }

    fn in_v6(self, host: u16) -> Ipv6Addr {
        Ipv6Addr::new(0x2001, 0xdb8, self as u16 + 1, 0, 0, 0, 0, host)
    }

    pub fn network(self) -> Network {
        match self {
            Self::A => NETWORK_A,
            Self::B => NETWORK_B,
            Self::C => NETWORK_C,
        }
    }

    /// The host of the LAN.
    pub fn host(self) -> Ipv4Addr {
        self.network().host(HOST)
    }

    pub fn gateway_node(self) -> &'static str {
        match self {
            Self::A => "gw-a",
            Self::B => "gw-b",
            Self::C => "gw-c",
        }
    }

    pub fn lan_node(self) -> &'static str {
        match self {
            Self::A => "lan-a",
            Self::B => "lan-b",
            Self::C => "lan-c",
        }
    }

    /// The router's interface towards this end.
    fn router_interface(self) -> &'static str {
        match self {
            Self::A => "to-a",
            Self::B => "to-b",
            Self::C => "to-c",
        }
    }
}

pub struct World {
    name: String,
    dir: PathBuf,
    nat: Nat,
}

impl World {
    /// Panics with a sentence where the machine or the user can't have namespaces.
    pub fn new(nat: Nat) -> Self {
        require_privileges();
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{PREFIX}{}-{number}", std::process::id());
        let dir = std::env::temp_dir().join(&name);
        std::fs::create_dir_all(&dir).expect("the folder for temporary files is writable");
        let world = Self { name, dir, nat };
        world.build();
        world
    }

    /// A folder for the files of one program in this world.
    pub fn dir(&self, name: &str) -> PathBuf {
        let dir = self.dir.join(name);
        std::fs::create_dir_all(&dir).expect("the world's folder is writable");
        dir
    }

    /// A program of this machine, run in a node of this world.
    pub fn command(&self, node: &str, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.namespace(node)]);
        command.arg(program.as_ref());
        command
    }

    /// A tunnel that works in this world, from the point of view of `local`.
    pub fn tunnel(&self, local: End, suite: Suite, starts: Starts) -> Tunnel {
        Tunnel {
            suite,
            key: "key-of-the-laboratory".to_owned(),
            local: self.endpoint(local),
            remote: self.endpoint(local.other()),
            starts,
        }
    }

    /// A gateway and a LAN behind it that C is.
    pub fn add_third_site(&self) {
        for node in MORE_NODES {
            self.add_node(node);
        }
        self.connect_lan(End::C);
        self.connect_wan(End::C);
        self.forward(End::C.gateway_node());
    }

    /// Addresses of IPv6 on the WAN, beside the others: those of [`End::wan_v6`].
    pub fn add_ipv6_outside(&self) {
        for end in [End::A, End::B] {
            let (gateway, interface) = (end.gateway_node(), end.router_interface());
            // Nobody else can have them.
            let nodad = "nodad";
            let own = format!("addr add {}/64 dev wan {nodad}", end.wan_v6());
            self.ip(gateway, &own);
            let router = format!("addr add {}/64 dev {interface} {nodad}", end.router_v6());
            self.ip("wan", &router);
            let route = format!("-6 route add default via {}", end.router_v6());
            self.ip(gateway, &route);
        }
        let forwarding = "echo 1 >/proc/sys/net/ipv6/conf/all/forwarding";
        run(self.command("wan", "sh").args(["-c", forwarding]));
    }

    /// What `work` gives where a node's network is the network: its sockets stay there.
    pub fn inside<T: Send>(&self, node: &str, work: impl FnOnce() -> T + Send) -> T {
        let path = Path::new("/run/netns").join(self.namespace(node));
        let namespace = File::open(path).expect("the node is there");
        std::thread::scope(|scope| {
            let worker = scope.spawn(|| {
                setns(namespace, CloneFlags::CLONE_NEWNET).expect("root may enter it");
                work()
            });
            worker.join().expect("the work ends well")
        })
    }

    /// Nothing crosses the WAN any more.
    pub fn cut_wan(&self) {
        self.nft("add table ip cut");
        self.nft("add chain ip cut forward { type filter hook forward priority 0; policy drop; }");
    }

    /// The router drops what it would forward and this rule of nftables matches.
    pub fn filter_wan(&self, matched: &str) {
        self.nft("add table ip filtered");
        self.nft("add chain ip filtered forward { type filter hook forward priority 0; }");
        self.nft(&format!("add rule ip filtered forward {matched} drop"));
    }

    /// The NAT keeps no way for longer than a second without packets, and then gives another port.
    pub fn make_nat_forgetful(&self) {
        for timeout in ["udp_timeout", "udp_timeout_stream"] {
            let path = format!("/proc/sys/net/netfilter/nf_conntrack_{timeout}");
            run(self
                .command("wan", "sh")
                .args(["-c", &format!("echo 1 >{path}")]));
        }
    }

    /// The router's link to that end takes packets of so many octets; the gateway there knows, the
    /// other one doesn't. Before the daemons start.
    pub fn narrow_wan(&self, end: End, mtu: u16) {
        let link = format!("link set {} mtu {mtu}", end.router_interface());
        self.ip("wan", &link);
        self.ip(end.gateway_node(), &format!("link set wan mtu {mtu}"));
    }

    /// What a shell line prints in a node, whatever it ends with.
    pub fn shell(&self, node: &str, line: &str) -> String {
        let output = output(self.command(node, "sh").args(["-c", line]));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn endpoint(&self, end: End) -> Endpoint {
        let translated = self.nat == Nat::Before(end);
        Endpoint {
            address: end.wan(),
            reached_at: if translated {
                end.other().router()
            } else {
                end.wan()
            },
            identity: Identity::Address(end.wan()),
            network: end.network(),
        }
    }

    fn build(&self) {
        for node in NODES {
            self.add_node(node);
        }
        for end in [End::A, End::B] {
            self.connect_lan(end);
            self.connect_wan(end);
        }
        for node in ["gw-a", "wan", "gw-b"] {
            self.forward(node);
        }
        if let Nat::Before(end) = self.nat {
            self.translate(end);
        }
    }

    fn add_node(&self, node: &str) {
        run(Command::new("ip").args(["netns", "add", &self.namespace(node)]));
        self.ip(node, "link set lo up");
    }

    fn forward(&self, node: &str) {
        let forwarding = "echo 1 >/proc/sys/net/ipv4/ip_forward";
        run(self.command(node, "sh").args(["-c", forwarding]));
    }

    fn connect_lan(&self, end: End) {
        let (lan, gateway, network) = (end.lan_node(), end.gateway_node(), end.network());
        self.link(
            (lan, "eth0", network.host(HOST)),
            (gateway, "lan", network.host(GATEWAY)),
        );
        self.ip(
            lan,
            &format!("route add default via {}", network.host(GATEWAY)),
        );
    }

    fn connect_wan(&self, end: End) {
        let gateway = end.gateway_node();
        self.link(
            (gateway, "wan", end.wan()),
            ("wan", end.router_interface(), end.router()),
        );
        self.ip(gateway, &format!("route add default via {}", end.router()));
    }

    fn link(&self, left: (&str, &str, Ipv4Addr), right: (&str, &str, Ipv4Addr)) {
        let peer = format!("peer name {} netns {}", right.1, self.namespace(right.0));
        self.ip(left.0, &format!("link add {} type veth {peer}", left.1));
        for (node, interface, address) in [left, right] {
            self.ip(node, &format!("addr add {address}/24 dev {interface}"));
            self.ip(node, &format!("link set {interface} up"));
        }
    }

    /// Rewrites the source address and port of all that `end` sends, as a home router does.
    fn translate(&self, end: End) {
        let out = end.other().router_interface();
        if carries_the_tunnels() {
            // The kernel that has ESP has nftables without NAT, and the older tables with it.
            let add = format!("iptables-legacy -t nat -A POSTROUTING -o {out}");
            let udp = format!("{add} -p udp -j MASQUERADE --to-ports 20000-29999");
            for line in [udp, format!("{add} -j MASQUERADE")] {
                run(self.command("wan", "sh").args(["-c", &line]));
            }
            return;
        }
        self.nft("add table ip nat");
        self.nft("add chain ip nat post { type nat hook postrouting priority 100; }");
        self.nft(&format!(
            "add rule ip nat post oifname {out} meta l4proto udp masquerade to :20000-29999"
        ));
        self.nft(&format!("add rule ip nat post oifname {out} masquerade"));
    }

    fn ip(&self, node: &str, arguments: &str) {
        let namespace = self.namespace(node);
        run(Command::new("ip")
            .args(["-n", &namespace])
            .args(arguments.split(' ')));
    }

    fn nft(&self, rule: &str) {
        run(self.command("wan", "nft").arg(rule));
    }

    fn namespace(&self, node: &str) -> String {
        format!("{}-{node}", self.name)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for node in NODES.into_iter().chain(MORE_NODES) {
            output(Command::new("ip").args(["netns", "del", &self.namespace(node)]));
        }
        if std::thread::panicking() {
            eprintln!("the logs are kept in {}", self.dir.display());
        } else {
            // What can't be removed lies in the folder for temporary files and harms nobody.
            let _ = std::fs::remove_dir_all(&self.dir);
        }
    }
}

fn require_privileges() {
    let user = run(Command::new("id").arg("-u"));
    assert_eq!(
        user.trim(),
        "0",
        "the whole-system tests make network namespaces and must run as root"
    );
    static SWEPT: Once = Once::new();
    SWEPT.call_once(sweep);
}

/// Removes the namespaces of test runs that were interrupted.
fn sweep() {
    let list = run(Command::new("ip").args(["netns", "list"]));
    let names = list.lines().filter_map(|line| line.split(' ').next());
    for name in names.filter(|name| owner_is_gone(name)) {
        output(Command::new("ip").args(["netns", "del", name]));
    }
}

fn owner_is_gone(namespace: &str) -> bool {
    let owner = namespace
        .strip_prefix(PREFIX)
        .and_then(|rest| rest.split('-').next());
    owner.is_some_and(|pid| !Path::new("/proc").join(pid).exists())
}
