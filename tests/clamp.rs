//! TCP's handshakes: our own data plane clamps them, and nftables where the kernel is the data plane.
//!
//! The kernel that has ESP has no packet filter, and this machine's own has no ESP. So what our daemon
//! tells `nft` is looked at there, and told to this machine's kernel here, where hosts shake hands.

use crate::support::charon::Charon;
use crate::support::crossgate::{BARE, Crossgate, IN_UDP};
use crate::support::kernel::{Carries, run_inside};
use crate::support::ping;
use crate::support::process::{read_text, run};
use crate::support::tunnel::{Starts, Suite};
use crate::support::vendors::Vendor;
use crate::support::world::{End, Nat, World};
use nix::sys::socket::{getsockopt, sockopt};
use std::io::Write;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(200);
const PATIENCE: Duration = Duration::from_secs(5);

/// Of 1500 octets the suite leaves 1438 (`mtu.rs` does such a sum), of which 40 or 60 are headers.
const FITS: u16 = 1398;
const FITS_V6: u16 = 1378;
/// What the hosts' links take.
const WHOLE: u16 = 1460;
const WHOLE_V6: u16 = 1440;

const TABLE: &str = "\
table inet NAME
delete table inet NAME
table inet NAME {
  map leaving { type ifname : verdict; }
  map entering { type ifname : verdict; }
  chain leaving { type filter hook postrouting priority mangle; oifname vmap @leaving; }
  chain entering { type filter hook prerouting priority mangle; iifname vmap @entering; }
}
";
const DEVICE: &str = "\
add chain inet NAME leaving-63e81859
add element inet NAME leaving { \"tunnel.1\" : jump leaving-63e81859 }
flush chain inet NAME leaving-63e81859
LEAVING
add chain inet NAME entering-63e81859
add element inet NAME entering { \"tunnel.1\" : jump entering-63e81859 }
flush chain inet NAME entering-63e81859
ENTERING
";
const V4: [&str; 2] = [
    "add rule inet NAME leaving-63e81859 meta nfproto ipv4 ip saddr 10.10.10.0-10.10.10.255 ip daddr \
     10.20.20.0-10.20.20.255 tcp flags & syn == syn tcp option maxseg size set 1398",
    "add rule inet NAME entering-63e81859 meta nfproto ipv4 ip saddr 10.20.20.0-10.20.20.255 ip daddr \
     10.10.10.0-10.10.10.255 tcp flags & syn == syn tcp option maxseg size set 1398",
];
const V6: [&str; 2] = [
    "add rule inet NAME leaving-63e81859 meta nfproto ipv6 ip6 saddr fd00:a::-fd00:a::ffff:ffff:ffff:ffff \
     ip6 daddr fd00:b::-fd00:b::ffff:ffff:ffff:ffff tcp flags & syn == syn tcp option maxseg size set 1378",
    "add rule inet NAME entering-63e81859 meta nfproto ipv6 ip6 saddr fd00:b::-fd00:b::ffff:ffff:ffff:ffff \
     ip6 daddr fd00:a::-fd00:a::ffff:ffff:ffff:ffff tcp flags & syn == syn tcp option maxseg size set 1378",
];
const REMOVAL: &str = "table inet NAME\ndelete table inet NAME\n";

/// With the rules of those Children.
fn device(children: &[[&str; 2]]) -> String {
    let of = |way: usize| children.iter().map(|child| child[way]).collect::<Vec<_>>();
    let text = DEVICE.replace("LEAVING", &of(0).join("\n"));
    text.replace("ENTERING", &of(1).join("\n"))
}

#[test]
fn a_kernel_with_esp_is_told_what_to_clamp() {
    let tests = [
        "clamp::nft_is_told_the_exact_size_of_each_child",
        "clamp::where_nothing_clamps_that_is_told",
        "clamp::what_a_dead_daemon_clamped_is_removed_by_the_next",
    ];
    run_inside(Carries::Both, &tests, LIMIT);
}

/// In the place of the program: keeps what it is told.
struct StandIn;

const PROGRAM: &str = "/run/bin/nft";
const TOLD: &str = "/run/nft-told";
/// Refuses once, if it is there.
const FAILS: &str = "/run/nft-fails";

impl StandIn {
    fn put() -> Self {
        let script =
            format!("#!/bin/sh\n! rm {FAILS} 2>/dev/null\nstatus=$?\ncat >>{TOLD}\nexit $status\n");
        std::fs::create_dir_all("/run/bin").expect("the machine's own folder");
        std::fs::write(PROGRAM, script).expect("written");
        let executable = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(PROGRAM, executable).expect("the file is ours");
        Self
    }

    /// Since the last time, with any table's name as `NAME`: soon this, and no more.
    #[track_caller]
    fn assert_told(&self, expected: &str) {
        let begun = Instant::now();
        while told() != expected && begun.elapsed() < PATIENCE {
            sleep(Duration::from_millis(20));
        }
        assert_eq!(told(), expected);
        let _ = std::fs::remove_file(TOLD);
    }
}

fn told() -> String {
    let text = read_text(Path::new(TOLD));
    let mut words = text.split_whitespace();
    let Some(name) = words.find(|word| word.starts_with("crossgate-socket-")) else {
        return text;
    };
    text.replace(name, "NAME")
}

impl Drop for StandIn {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(PROGRAM);
        let _ = std::fs::remove_file(TOLD);
    }
}

#[test]
#[ignore = "runs inside a kernel that has ESP, started by the test above"]
fn nft_is_told_the_exact_size_of_each_child() {
    let stand_in = StandIn::put();
    let world = World::new(Nat::None);
    let tunnel = world.tunnel(End::A, Suite::CBC, Starts::Local);
    let proxy_id = "set network tunnel ipsec SITE auto-key proxy-id-v6";
    let with_v6 = |vendor: Vendor, tunnel, [local, remote]: [&str; 2]| {
        let v6 = format!(
            "{proxy_id} six local {local}\n{proxy_id} six remote {remote}\n{proxy_id} six protocol any\n"
        );
        vendor.configuration(tunnel) + &v6
    };
    let nets = ["fd00:a::/64", "fd00:b::/64"];
    let ours = with_v6(Vendor::PanOs, &tunnel, nets);
    let mirrored = tunnel.mirrored();
    let theirs = with_v6(Vendor::PanOs, &mirrored, [nets[1], nets[0]]);
    let user = ["--data-plane", "user"];
    let theirs = Crossgate::start_with(&world, End::B, Vendor::PanOs, &theirs, &user);
    let text = ours;
    let mut ours = Crossgate::start_with(&world, End::A, Vendor::PanOs, &text, &[]);
    assert_eq!(ours.logged("kernel-does-not").len(), 0);
    stand_in.assert_told(TABLE);
    ours.exec("test vpn ipsec-sa tunnel SITE:lan");
    ours.wait_for("child-sa-installed");
    stand_in.assert_told(&device(&[V4]));
    // Somebody flushes all tables: it is made again, with all that there is.
    std::fs::write(FAILS, "").expect("written");
    ours.exec("test vpn ipsec-sa tunnel SITE:six");
    ours.wait_for_another("child-sa-installed", 1);
    let both = device(&[V4, V6]);
    stand_in.assert_told(&format!("{both}{TABLE}{both}"));
    ours.rekey_child();
    ping::assert_both_ways(&world);
    // Nothing has changed.
    stand_in.assert_told("");
    ours.reload(&text);
    ours.wait_for("reloaded");
    stand_in.assert_told(&format!("{TABLE}{both}"));
    assert_eq!(ours.stop(), Some(0));
    stand_in.assert_told(REMOVAL);
    drop(theirs);
}

#[test]
#[ignore = "runs inside a kernel that has ESP, started by the test above"]
fn where_nothing_clamps_that_is_told() {
    let world = World::new(Nat::None);
    let tunnel = world.tunnel(End::A, Suite::GCM, Starts::Local);
    let theirs = Charon::start(&world, End::B, &tunnel.mirrored());
    // This kernel's nf_tables knows no IP.
    let mut ours = Crossgate::start(&world, Vendor::PanOs, &tunnel);
    let told = ours.logged("kernel-does-not");
    assert_eq!(told.len(), 1);
    let text = &told[0].text;
    assert!(text.contains("does not clamp TCP"), "{text}");
    assert!(text.contains("Operation not supported"), "{text}");
    ours.initiate();
    ping::assert_both_ways(&world);
    assert_eq!(ours.counter("kernel-clamp-failed"), 0);
    assert_eq!(ours.stop(), Some(0));
    // What asks for no clamp hears nothing of it.
    let ours = Crossgate::start(&world, Vendor::Ios, &tunnel);
    assert_eq!(ours.logged("kernel-does-not").len(), 0);
    let clamp = " ip address 169.254.0.1 255.255.255.252\n";
    let text = Vendor::Ios.configuration(&tunnel);
    ours.reload(&text.replace(clamp, &format!("{clamp} ip tcp adjust-mss 1300\n")));
    ours.wait_for("reloaded");
    assert_eq!(ours.logged("kernel-does-not").len(), 1);
    drop(theirs);
}

#[test]
#[ignore = "runs inside a kernel that has ESP, started by the test above"]
fn what_a_dead_daemon_clamped_is_removed_by_the_next() {
    let stand_in = StandIn::put();
    let world = World::new(Nat::None);
    let tunnel = world.tunnel(End::A, Suite::CBC, Starts::Local);
    let mut ours = Crossgate::start(&world, Vendor::PanOs, &tunnel);
    stand_in.assert_told(TABLE);
    ours.kill();
    drop(ours);
    let user = ["--data-plane", "user"];
    let mut next = Crossgate::start_at(&world, End::A, Vendor::PanOs, &tunnel, &user);
    stand_in.assert_told(REMOVAL);
    assert_eq!(next.stop(), Some(0));
    stand_in.assert_told("");
}

fn v6_host(end: End) -> Ipv6Addr {
    let net = if end == End::A { 0xa } else { 0xb };
    Ipv6Addr::new(0xfd00, net, 0, 0, 0, 0, 0, 10)
}

/// A way from LAN to LAN without a tunnel, of both families, on which `tunnel.1` is the WAN device of
/// gateway A.
fn open_way(world: &World) {
    for (node, line) in [
        ("gw-a", "ip link set wan down name tunnel.1"),
        ("gw-a", "ip link set tunnel.1 up"),
        ("gw-a", "ip route add default via 203.0.113.1"),
        ("wan", "ip route add 10.10.10.0/24 via 203.0.113.10"),
        ("wan", "ip route add 10.20.20.0/24 via 198.51.100.20"),
        ("wan", "ip -6 addr add fd00:c::1/64 dev to-a nodad"),
        ("wan", "ip -6 addr add fd00:d::1/64 dev to-b nodad"),
        ("gw-a", "ip -6 addr add fd00:c::2/64 dev tunnel.1 nodad"),
        ("gw-b", "ip -6 addr add fd00:d::2/64 dev wan nodad"),
        ("gw-a", "ip -6 addr add fd00:a::1/64 dev lan nodad"),
        ("gw-b", "ip -6 addr add fd00:b::1/64 dev lan nodad"),
        ("lan-a", "ip -6 addr add fd00:a::a/64 dev eth0 nodad"),
        ("lan-b", "ip -6 addr add fd00:b::a/64 dev eth0 nodad"),
        ("wan", "ip -6 route add fd00:a::/64 via fd00:c::2"),
        ("wan", "ip -6 route add fd00:b::/64 via fd00:d::2"),
        ("gw-a", "ip -6 route add default via fd00:c::1"),
        ("gw-b", "ip -6 route add default via fd00:d::1"),
        ("lan-a", "ip -6 route add default via fd00:a::1"),
        ("lan-b", "ip -6 route add default via fd00:b::1"),
    ] {
        run(world.command(node, "sh").args(["-c", line]));
    }
    for node in ["gw-a", "wan", "gw-b"] {
        let forwarding = "echo 1 >/proc/sys/net/ipv6/conf/all/forwarding";
        run(world.command(node, "sh").args(["-c", forwarding]));
    }
    without_timestamps(world);
}

/// So that the size of a segment is what the other end has announced, and nothing less.
fn without_timestamps(world: &World) {
    for node in ["lan-a", "lan-b"] {
        let bare = "echo 0 >/proc/sys/net/ipv4/tcp_timestamps";
        run(world.command(node, "sh").args(["-c", bare]));
    }
}

/// What the hosts of the beginning end and of the other one were told in one handshake.
fn announced(world: &World, from: End, v6: bool) -> [u16; 2] {
    let target = match v6 {
        false => IpAddr::V4(from.other().host()),
        true => IpAddr::V6(v6_host(from.other())),
    };
    let listener = world.inside(from.other().lan_node(), || {
        TcpListener::bind(SocketAddr::new(target, 7000)).expect("a port")
    });
    let begun = world.inside(from.lan_node(), || {
        TcpStream::connect(SocketAddr::new(target, 7000)).expect("a handshake")
    });
    let (answered, _) = listener.accept().expect("the same one");
    [&begun, &answered].map(|stream| {
        let size = getsockopt(stream, sockopt::TcpMaxSeg).expect("a size");
        u16::try_from(size).expect("a small one")
    })
}

fn tell_nft(world: &World, text: &str) {
    let text = text.replace("NAME", "crossgate-branch");
    let mut command = world.command("gw-a", "nft");
    command.args(["-f", "-"]).stdin(Stdio::piped());
    let mut child = command.spawn().expect("nft");
    let mut stdin = child.stdin.take().expect("piped");
    stdin.write_all(text.as_bytes()).expect("it reads");
    drop(stdin);
    assert!(child.wait().expect("it ends").success(), "{text}");
}

#[test]
fn our_own_data_plane_clamps_both_announcements_to_what_the_suite_leaves() {
    for (suite, arguments, fits) in [
        (Suite::CBC, BARE, FITS),
        (Suite::GCM, BARE, 1446 - 40),
        (Suite::CBC, IN_UDP, 1422 - 40),
        (Suite::GCM, IN_UDP, 1438 - 40),
    ] {
        let world = World::new(Nat::None);
        without_timestamps(&world);
        let tunnel = world.tunnel(End::A, suite, Starts::Local);
        let theirs = tunnel.mirrored();
        let _theirs = Crossgate::start_at(&world, End::B, Vendor::Ios, &theirs, &[]);
        let ours = Crossgate::start_at(&world, End::A, Vendor::PanOs, &tunnel, arguments);
        ours.initiate();
        let both = [End::A, End::B].map(|from| announced(&world, from, false));
        assert_eq!(both, [[fits; 2]; 2], "{suite:?} {arguments:?}");
        assert_eq!(ours.counter("tcp-mss-clamped"), 4);
    }
}

/// Of this machine's own kernel.
#[test]
fn what_nft_is_told_clamps_both_announcements_and_raises_none() {
    let world = World::new(Nat::None);
    open_way(&world);
    let both = [End::A, End::B];
    let all = |v6| both.map(|from| announced(&world, from, v6));
    assert_eq!(
        (all(false), all(true)),
        ([[WHOLE; 2]; 2], [[WHOLE_V6; 2]; 2])
    );
    tell_nft(&world, TABLE);
    assert_eq!(all(false), [[WHOLE; 2]; 2], "a table without rules");
    tell_nft(&world, &device(&[V4]));
    assert_eq!(
        (all(false), all(true)),
        ([[FITS; 2]; 2], [[WHOLE_V6; 2]; 2])
    );
    tell_nft(&world, &device(&[V4, V6]));
    assert_eq!((all(false), all(true)), ([[FITS; 2]; 2], [[FITS_V6; 2]; 2]));
    // Host A announces what its own link takes, which is less.
    world.shell("lan-a", "ip link set eth0 mtu 1300");
    let [from_a, from_b] = all(false);
    // Who announces less uses less, too.
    assert_eq!((from_a, from_b), ([1260, 1260], [1260, 1260]));
    world.shell("lan-a", "ip link set eth0 mtu 1500");
    tell_nft(&world, REMOVAL);
    assert_eq!(all(false), [[WHOLE; 2]; 2]);
}
