//! The daemon on its machine: an orderly end, a reload, closed when it fails, and what it refuses.

use crate::support::capture::{Capture, decrypted};
use crate::support::charon::Charon;
use crate::support::crossgate::{Attempt, Crossgate};
use crate::support::ping::{self, Steady};
use crate::support::process::{run, wait_until};
use crate::support::tunnel::{Network, Starts, Suite, Tunnel};
use crate::support::vendors::Vendor;
use crate::support::world::{End, Nat, World};
use std::time::Duration;

const VENDORS: [Vendor; 2] = [Vendor::Ios, Vendor::PanOs];

fn world_and_tunnel() -> (World, Tunnel) {
    let world = World::new(Nat::None);
    let tunnel = world.tunnel(End::A, Suite::CBC, Starts::Local);
    (world, tunnel)
}

#[test]
fn an_orderly_end_deletes_with_the_peer_and_leaves_the_machine_as_it_was() {
    for vendor in VENDORS {
        let (world, tunnel) = world_and_tunnel();
        let untouched = machine(&world);
        let theirs = Charon::start(&world, End::B, &tunnel.mirrored());
        let mut ours = Crossgate::start(&world, vendor, &tunnel);
        ours.initiate();
        assert_ne!(machine(&world), untouched);
        assert_eq!(ours.stop(), Some(0));
        theirs.wait_for_log("received DELETE for IKE_SA");
        assert_eq!(machine(&world), untouched, "{vendor:?}");
        assert!(!ours.socket().exists());
    }
}

/// Devices, addresses and routes of our gateway.
fn machine(world: &World) -> String {
    let show = |what: &[&str]| run(world.command(End::A.gateway_node(), "ip").args(what));
    let links = show(&["-oneline", "link"]);
    let name = |line: &str| line.split(": ").nth(1).map(str::to_owned);
    let names: Vec<String> = links.lines().filter_map(name).collect();
    let addresses = show(&["-oneline", "-4", "address"]);
    // Without the devices' numbers.
    let addresses = addresses.lines().filter_map(|line| line.split_once(": "));
    let addresses: Vec<&str> = addresses.map(|(_, address)| address).collect();
    let routes = show(&["-4", "route", "show", "table", "all"]);
    format!("{names:?}\n{addresses:?}\n{routes}")
}

#[test]
fn a_reload_leaves_a_tunnel_alone_that_it_does_not_concern() {
    for vendor in VENDORS {
        let (world, tunnel) = world_and_tunnel();
        let _theirs = Charon::start(&world, End::B, &tunnel.mirrored());
        let ours = Crossgate::start(&world, vendor, &tunnel);
        ours.initiate();
        let steady = Steady::start(&world, End::A);
        let changed = vendor
            .configuration(&tunnel)
            .replace("hostname branch", "hostname renamed");
        ours.reload(&changed);
        let command = match vendor {
            Vendor::Ios | Vendor::IosCryptoMap => "show version",
            Vendor::PanOs => "show system info",
        };
        wait_until("the new host name", Duration::from_secs(5), || {
            ours.exec(command).contains("renamed").then_some(())
        });
        ping::assert_both_ways(&world);
        steady.stop_without_loss();
        assert_eq!(ours.logged("child-sa-installed").len(), 1);
        assert!(ours.logged("ike-sa-deleted").is_empty());
    }
}

/// By an operator's mistake, or by another program.
#[test]
fn a_tunnel_s_device_that_is_deleted_is_made_again_with_its_routes() {
    for vendor in VENDORS {
        let (world, tunnel) = world_and_tunnel();
        let _theirs = Charon::start(&world, End::B, &tunnel.mirrored());
        let ours = Crossgate::start(&world, vendor, &tunnel);
        ours.initiate();
        ping::assert_both_ways(&world);
        let capture = Capture::start(&world);
        let before = machine(&world);
        for round in 1..=2 {
            shell(
                &world,
                "ip link delete $(ip -o link | grep -o '[Tt]unnel[0-9.]*' | head -1)",
            );
            ours.wait_for_another("tunnel-device-remade", round - 1);
            assert_eq!(machine(&world), before, "{vendor:?}");
            ping::assert_both_ways(&world);
            assert_eq!(ours.counter("tun-gone"), round as u64);
        }
        assert_eq!(ours.logged("child-sa-installed").len(), 1, "the SAs stay");
        let filter = "ip.addr == 10.10.10.10 && !esp";
        let leaked = decrypted(&capture.stop(), &ours.key_tables(), filter, &["frame"]);
        assert_eq!(leaked, Vec::<Vec<String>>::new(), "{vendor:?}");
    }
}

#[test]
fn a_route_that_is_there_already_is_told_of_once() {
    let (world, tunnel) = world_and_tunnel();
    let ours = Crossgate::start(&world, Vendor::Ios, &tunnel);
    for known in 0..2 {
        ours.reload(&Vendor::Ios.configuration(&tunnel));
        ours.wait_for_another("reloaded", known);
    }
    assert_eq!(ours.logged("route-exists").len(), 1);
}

#[test]
fn a_reload_replaces_a_tunnel_whose_key_has_changed() {
    for vendor in VENDORS {
        let (world, mut tunnel) = world_and_tunnel();
        let theirs = Charon::start(&world, End::B, &tunnel.mirrored());
        let ours = Crossgate::start(&world, vendor, &tunnel);
        ours.initiate();
        tunnel.key = "the-next-key".to_owned();
        theirs.load(&tunnel.mirrored());
        ours.reload(&vendor.configuration(&tunnel));
        theirs.wait_for_log("received DELETE for IKE_SA");
        ping::wait_for_answer(&world, End::A);
    }
}

#[test]
fn a_reload_of_an_unusable_file_is_refused_and_the_old_one_stays() {
    for vendor in VENDORS {
        let (world, tunnel) = world_and_tunnel();
        let _theirs = Charon::start(&world, End::B, &tunnel.mirrored());
        let ours = Crossgate::start(&world, vendor, &tunnel);
        ours.initiate();
        ours.reload("this is no configuration of anything\n");
        ours.wait_for("reload-refused");
        ping::assert_both_ways(&world);
    }
}

/// While the peer is away, after a delete, and after the daemon was killed in the middle of it all.
#[test]
fn what_is_to_be_encrypted_never_leaves_in_the_clear() {
    for vendor in VENDORS {
        let (world, tunnel) = world_and_tunnel();
        let capture = Capture::start(&world);
        let mut ours = Crossgate::start(&world, vendor, &tunnel);
        assert_eq!(ping::answered(&world, End::A), 0);

        let theirs = Charon::start(&world, End::B, &tunnel.mirrored());
        ping::wait_for_answer(&world, End::A);
        let steady = Steady::start(&world, End::A);
        theirs.terminate();
        ping::wait_for_answer(&world, End::A);
        ours.kill();
        assert_eq!(ping::answered(&world, End::A), 0);
        drop(steady);

        let filter = "ip.addr == 10.10.10.10 && !esp";
        let leaked = decrypted(&capture.stop(), &ours.key_tables(), filter, &["frame"]);
        assert_eq!(leaked, Vec::<Vec<String>>::new(), "{vendor:?}");
    }
}

/// Its successor knows from the record what was the dead one's, though the file has changed.
#[test]
fn the_end_after_a_daemon_was_killed_leaves_the_machine_as_it_was_before_that_one() {
    for vendor in [Vendor::Ios, Vendor::IosCryptoMap, Vendor::PanOs] {
        let (world, mut tunnel) = world_and_tunnel();
        shell(&world, "echo 0 >/proc/sys/net/ipv4/ip_forward");
        let look = || machine(&world) + &shell(&world, "ip rule; sysctl net.ipv4.ip_forward");
        let untouched = look();
        let mut killed = Crossgate::start(&world, vendor, &tunnel);
        killed.kill();
        assert!(look().contains("unreachable 10.20.20.0/24"), "{vendor:?}");

        tunnel.remote.network = Network([10, 30, 30]);
        let mut next = Crossgate::start(&world, vendor, &tunnel);
        assert!(look().contains("unreachable 10.30.30.0/24"), "{vendor:?}");
        assert!(!look().contains("10.20.20.0/24"), "{vendor:?}: {}", look());
        assert_eq!(next.stop(), Some(0));
        assert_eq!(look(), untouched, "{vendor:?}");
        assert!(!next.socket().with_extension("made").exists());
    }
}

fn shell(world: &World, line: &str) -> String {
    run(world
        .command(End::A.gateway_node(), "sh")
        .args(["-c", line]))
}

/// How a start is spoilt, and a word that the sentence about it must have.
struct Refusal {
    /// A shell line for our gateway.
    before: &'static str,
    /// A shell line for the daemon alone, which sees mounts of its own.
    mounts: &'static str,
    /// What is replaced in the configuration by what.
    replace: (&'static str, &'static str),
    says: &'static str,
}

const SOUND: Refusal = Refusal {
    before: "true",
    mounts: "true",
    replace: ("", ""),
    says: "",
};

#[test]
fn what_it_cannot_do_is_one_sentence_and_leaves_nothing_behind() {
    let refusals = [
        Refusal {
            mounts: "mount -t tmpfs none /dev/net",
            says: "/dev/net/tun",
            ..SOUND
        },
        Refusal {
            replace: ("203.0.113.10", "203.0.113.99"),
            says: "203.0.113.99",
            ..SOUND
        },
        Refusal {
            before: "ip link set wan name other",
            says: "wan",
            ..SOUND
        },
        Refusal {
            before: "for name in tunnel0 tunnel.1; do ip link add $name type veth peer name x$name; done",
            says: "unnel",
            ..SOUND
        },
    ];
    for vendor in VENDORS {
        for refusal in &refusals {
            refused(vendor, refusal);
        }
    }
}

fn refused(vendor: Vendor, refusal: &Refusal) {
    let (world, tunnel) = world_and_tunnel();
    let (from, to) = refusal.replace;
    let text = vendor.configuration(&tunnel);
    let text = if from.is_empty() {
        text
    } else {
        text.replace(from, to)
    };
    run(world
        .command(End::A.gateway_node(), "sh")
        .args(["-c", refusal.before]));
    let untouched = machine(&world);
    assert_refusal(&world, vendor, &text, refusal.mounts, refusal.says);
    assert_eq!(machine(&world), untouched, "{vendor:?}: {}", refusal.says);
}

fn assert_refusal(world: &World, vendor: Vendor, text: &str, mounts: &str, says: &str) {
    let (code, said) = Attempt::start(world, vendor, text, mounts).end();
    assert_eq!(code, Some(2), "{said:?}");
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains(says), "{said:?}");
}

#[test]
fn a_user_without_privileges_is_left_no_empty_folder() {
    let (world, tunnel) = world_and_tunnel();
    let dir = world.dir("nobody");
    let path = |name: &str| dir.join(name).display().to_string();
    let configuration = Vendor::Ios.configuration(&tunnel);
    std::fs::write(path("branch.cfg"), configuration).expect("written");
    std::fs::copy(env!("CARGO_BIN_EXE_crossgate"), path("crossgate")).expect("copied");
    let [program, file, home] = ["crossgate", "branch.cfg", "home"].map(path);
    let interfaces = Vendor::Ios.interfaces();
    let bind = interfaces.iter().zip(["wan", "lan"]);
    let bind: String = bind.map(|(i, d)| format!(" --bind {i}={d}")).collect();
    let said = shell(
        &world,
        &format!(
            "mkdir {home}; chown 65534 {home}; XDG_RUNTIME_DIR={home} \
             setpriv --reuid=65534 --clear-groups {program} run {file}{bind} 2>&1; \
             echo code $?; ls {home}"
        ),
    );
    assert!(said.contains("not permitted"), "{said}");
    assert!(said.ends_with("code 2\n"), "{said}");
}

#[test]
fn a_port_in_use_is_named() {
    let (world, tunnel) = world_and_tunnel();
    let _theirs = Charon::start(&world, End::A, &tunnel);
    for vendor in VENDORS {
        let text = vendor.configuration(&tunnel);
        assert_refusal(&world, vendor, &text, "true", "500");
    }
}

#[test]
fn a_second_daemon_on_one_host_gives_way() {
    let (world, tunnel) = world_and_tunnel();
    let theirs = Charon::start(&world, End::B, &tunnel.mirrored());
    let ours = Crossgate::start(&world, Vendor::Ios, &tunnel);
    ours.initiate();
    for vendor in VENDORS {
        let text = vendor.configuration(&tunnel);
        assert_refusal(&world, vendor, &text, "true", "in use");
    }
    ping::assert_both_ways(&world);
    assert_eq!(theirs.installed().len(), 1);
}
