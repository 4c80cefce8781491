//! A WAN link that takes less than both ends' devices: what is learnt of it, who is told, and what
//! becomes of packets that are too long for it; by our own data plane, and by the kernel's.

use crate::support::crossgate::{BARE, Crossgate, IN_UDP};
use crate::support::kernel::{Carries, run_inside};
use crate::support::ping;
use crate::support::process::wait_until;
use crate::support::tunnel::{Starts, Suite};
use crate::support::vendors::Vendor;
use crate::support::world::{End, Nat, World};
use std::time::Duration;

const LINK: u16 = 1300;
/// What AES-256-CBC with HMAC-SHA-256-128 leaves of it: 20 of IP, 8 of ESP, 16 of IV and 16 of ICV
/// go off, the rest is whole blocks of 16, of which 2 are trailer. Eight of UDP make no difference.
const INNER: u16 = 1230;
/// Of a ping: 20 of IP, 8 of ICMP.
const HEADERS: u16 = 28;
/// The kernel takes one as long as it is below its bound.
const ONE_FRAGMENT: u64 = 4096;
const PATIENCE: Duration = Duration::from_secs(10);

/// Both ends are ours; A, which begins, doesn't know of the narrow link.
fn narrow<'w>(
    world: &'w World,
    changed: impl Fn(&str) -> String,
    arguments: &[&str],
) -> [Crossgate<'w>; 2] {
    world.narrow_wan(End::B, LINK);
    let tunnel = world.tunnel(End::A, Suite::CBC, Starts::Local);
    let theirs = tunnel.mirrored();
    let theirs = Crossgate::start_at(world, End::B, Vendor::PanOs, &theirs, arguments);
    let ours = Crossgate::start_at(world, End::A, Vendor::Ios, &tunnel, arguments);
    let before = ours.logged("reloaded").len();
    ours.reload(&changed(&Vendor::Ios.configuration(&tunnel)));
    ours.wait_for_another("reloaded", before);
    ours.initiate();
    [ours, theirs]
}

fn unchanged(configuration: &str) -> String {
    configuration.to_owned()
}

/// What `ping` prints of two packets of so many octets with that word about DF.
fn ping(world: &World, from: End, df: &str, length: u16) -> String {
    let target = from.other().host();
    let octets = length - HEADERS;
    let line = format!("ping -n -c 2 -i 0.2 -W 1 -M {df} -s {octets} {target} 2>&1");
    world.shell(from.lan_node(), &line)
}

#[track_caller]
fn wait_for_answers(world: &World, df: &str, length: u16) {
    let what = format!("answers to pings of {length} octets with DF {df}");
    wait_until(&what, PATIENCE, || {
        let printed = ping(world, End::A, df, length);
        printed.contains("2 received").then_some(())
    });
}

/// A number behind a name in two lines of `/proc/net/snmp`.
fn of_ip(world: &World, node: &str, name: &str) -> u64 {
    let text = world.shell(node, "grep ^Ip: /proc/net/snmp");
    let (names, values) = text.split_once('\n').expect("two lines");
    let at = names.split(' ').position(|found| found == name);
    let value = values.split_whitespace().nth(at.expect("a counter"));
    value
        .and_then(|value| value.parse().ok())
        .expect("a number")
}

#[test]
fn a_narrow_link_is_learnt_and_the_hosts_are_told_the_exact_size() {
    for arguments in [BARE, IN_UDP] {
        let world = World::new(Nat::None);
        let [ours, _theirs] = narrow(&world, unchanged, arguments);
        ping::assert_both_ways(&world);
        // The router tells our daemon, and that the host.
        let told = format!("From 169.254.0.1 icmp_seq=1 Frag needed and DF set (mtu = {INNER})");
        wait_until("the gateway to tell the host", PATIENCE, || {
            // The host forgets what it was told, so that it asks again.
            world.shell(End::A.lan_node(), "ip route flush cache");
            ping(&world, End::A, "do", 1400)
                .contains(&told)
                .then_some(())
        });
        ours.wait_for_text("path-mtu-lowered", &format!("of {LINK} octets"));
        assert!(ours.counter("too-big-received") >= 1);
        assert_eq!(ours.counter("path-mtu-lowered"), 1);
        assert!(ours.counter("too-big-sent") >= 1);
        let shown = ours.exec("show crypto ipsec sa");
        let mtus = format!("plaintext mtu {INNER}, path mtu {LINK}");
        assert!(shown.contains(&mtus), "{shown}");
        // The last that fits, and the first that doesn't; the other end knew by itself.
        wait_for_answers(&world, "do", INNER);
        for from in [End::A, End::B] {
            world.shell(from.lan_node(), "ip route flush cache");
            let printed = ping(&world, from, "do", INNER + 1);
            assert!(printed.contains(&format!("mtu = {INNER}")), "{printed}");
        }
        assert_eq!(of_ip(&world, "gw-b", "ReasmReqds"), 0, "no outer fragments");
    }
}

#[test]
fn packets_that_may_be_cut_are_cut_before_they_are_sealed() {
    let world = World::new(Nat::None);
    let [ours, _theirs] = narrow(&world, unchanged, BARE);
    // Not learnt of packets without DF: the router cuts those.
    wait_for_answers(&world, "dont", 1400);
    assert!(of_ip(&world, "gw-b", "ReasmOKs") > 0, "outer fragments");
    let _ = ping(&world, End::A, "do", 1400);
    ours.wait_for("path-mtu-lowered");
    let before = of_ip(&world, "gw-b", "ReasmReqds");
    // The host knows the size by now, and would cut by itself.
    world.shell(End::A.lan_node(), "ip route flush cache");
    for length in [INNER, INNER + 1, 1400, 3000] {
        wait_for_answers(&world, "dont", length);
    }
    assert!(ours.counter("out-fragmented") > 0);
    assert_eq!(of_ip(&world, "gw-b", "ReasmReqds"), before);
}

#[test]
fn without_df_outer_fragments_are_put_together_within_the_kernel_s_bounds() {
    let world = World::new(Nat::None);
    let told = |configuration: &str| {
        let lines = "crypto ipsec df-bit clear\ncrypto ipsec fragmentation after-encryption";
        configuration.replace("hostname branch", &format!("hostname branch\n{lines}"))
    };
    let [ours, theirs] = narrow(&world, told, BARE);
    for df in ["do", "dont"] {
        wait_for_answers(&world, df, 1400);
    }
    assert!(of_ip(&world, "gw-b", "ReasmOKs") > 0);
    assert_eq!(ours.counter("too-big-received"), 0);
    // Fragments whose rest never comes.
    let bound = 262_144;
    for which in ["low", "high"] {
        let line = format!("echo {bound} >/proc/sys/net/ipv4/ipfrag_{which}_thresh");
        world.shell("gw-b", &line);
    }
    for rule in [
        "add table ip cut",
        "add chain ip cut early { type filter hook prerouting priority -500; }",
        "add rule ip cut early ip frag-off & 0x1fff != 0 drop",
    ] {
        world.shell("gw-b", &format!("nft '{rule}'"));
    }
    let flood = format!(
        "ping -q -n -f -c 1000 -W 1 -M dont -s 1372 {}",
        End::B.host()
    );
    world.shell(End::A.lan_node(), &flood);
    let used = world.shell("gw-b", "grep ^FRAG: /proc/net/sockstat");
    let memory = used.split_whitespace().last().and_then(|m| m.parse().ok());
    assert!(
        memory.is_some_and(|memory: u64| memory <= bound + ONE_FRAGMENT),
        "{used}"
    );
    assert!(of_ip(&world, "gw-b", "ReasmFails") > 0);
    // What is whole is not concerned, and the tunnel lives.
    ping::assert_both_ways(&world);
    world.shell("gw-b", "nft delete table ip cut");
    drop(theirs);
}

#[test]
fn a_kernel_with_esp_learns_a_narrow_link() {
    let tests = ["mtu::the_kernel_tells_hosts_of_a_narrow_link_and_cuts_what_is_sealed"];
    run_inside(Carries::Both, &tests, Duration::from_secs(200));
}

/// Those without DF that the device takes are cut after their encryption, whatever the file says.
#[test]
#[ignore = "runs inside a kernel that has ESP, started by the test above"]
fn the_kernel_tells_hosts_of_a_narrow_link_and_cuts_what_is_sealed() {
    for arguments in [&[], IN_UDP] {
        let world = World::new(Nat::None);
        let [_ours, _theirs] = narrow(&world, unchanged, arguments);
        ping::assert_both_ways(&world);
        // Two of our own kind, and yet not in UDP by themselves: the kernel gains nothing by it.
        let states = world.shell("gw-a", "ip xfrm state");
        assert_eq!(states.contains("espinudp"), arguments == IN_UDP);
        let forget = || world.shell(End::A.lan_node(), "ip route flush cache");
        let told = format!("From 10.10.10.1 icmp_seq=1 Frag needed and DF set (mtu = {INNER})");
        for length in [1400, INNER + 1] {
            wait_until("the gateway to tell the host", PATIENCE, || {
                forget();
                ping(&world, End::A, "do", length)
                    .contains(&told)
                    .then_some(())
            });
        }
        forget();
        wait_for_answers(&world, "do", INNER);
        assert_eq!(of_ip(&world, "gw-b", "ReasmReqds"), 0, "no outer fragments");
        for length in [1400, 3000] {
            let before = of_ip(&world, "gw-b", "ReasmOKs");
            forget();
            wait_for_answers(&world, "dont", length);
            assert!(of_ip(&world, "gw-b", "ReasmOKs") > before);
        }
    }
}
