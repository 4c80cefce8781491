//! The kernel's ESP as our data plane, in a kernel that has it: cells of the matrix that is run
//! elsewhere with our own data plane, run there again, and what only the kernel can get wrong.

use crate::support::capture::{Capture, decrypted};
use crate::support::charon::{self, Charon};
use crate::support::crossgate::Crossgate;
use crate::support::kernel::{Carries, run_inside};
use crate::support::ping::{self, Steady};
use crate::support::process::{run, wait_until};
use crate::support::tunnel::{Starts, Suite, Tunnel};
use crate::support::vendors::{Vendor, over_ipv6};
use crate::support::world::{End, Nat, World};
use socket2::{Domain, Protocol, Socket, Type};
use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::Path;
use std::time::Duration;

/// A tunnel's life takes twelve seconds there, and thirty on a busy machine; eleven are run in one go.
const LIMIT: Duration = Duration::from_secs(600);

/// strongSwan's ESP in its own process wants UDP: the kernel takes ours out of it.
#[test]
fn carries_our_tunnels_in_udp() {
    let tests = [
        "strongswan::ios_initiates_cbc",
        "strongswan::pan_os_responds_gcm",
    ];
    run_inside(Carries::Ours, &tests, LIMIT);
}

/// The kernel's ESP at both ends, told by strongSwan there and by us here.
#[test]
fn carries_both_ends_tunnels() {
    let tests = [
        "strongswan::ios_initiates_gcm",
        "strongswan::ios_responds_cbc",
        "strongswan::ios_responds_gcm",
        "strongswan::crypto_map_initiates_cbc",
        "strongswan::pan_os_initiates_cbc",
        "strongswan::pan_os_initiates_gcm",
        "strongswan::pan_os_responds_cbc",
        "strongswan::pan_os_carries_large_packets",
        "daemon::an_orderly_end_deletes_with_the_peer_and_leaves_the_machine_as_it_was",
        "daemon::a_reload_leaves_a_tunnel_alone_that_it_does_not_concern",
        "daemon::the_end_after_a_daemon_was_killed_leaves_the_machine_as_it_was_before_that_one",
    ];
    run_inside(Carries::Both, &tests, LIMIT);
}

/// In UDP, because one end is behind a NAT that gives it other addresses and ports.
#[test]
fn carries_tunnels_through_nat() {
    let tests = [
        "strongswan::ios_initiates_from_behind_nat_cbc",
        "strongswan::ios_initiates_from_behind_nat_gcm",
        "strongswan::ios_responds_to_peer_behind_nat_cbc",
        "strongswan::ios_responds_to_peer_behind_nat_gcm",
        "strongswan::crypto_map_responds_to_peer_behind_nat_gcm",
        "strongswan::pan_os_initiates_from_behind_nat_cbc",
        "strongswan::pan_os_initiates_from_behind_nat_gcm",
        "strongswan::pan_os_responds_to_peer_behind_nat_cbc",
        "strongswan::pan_os_responds_to_peer_behind_nat_gcm",
    ];
    run_inside(Carries::Both, &tests, LIMIT);
}

#[test]
fn follows_a_peer_whose_nat_gives_it_another_port() {
    let tests = ["strongswan::a_peer_is_followed_whose_nat_gives_it_another_port"];
    run_inside(Carries::Both, &tests, LIMIT);
}

/// And told by Libreswan, which elsewhere has no ESP at all.
#[test]
fn carries_libreswans_tunnels() {
    let tests = [
        "libreswan::ios_initiates_cbc",
        "libreswan::ios_responds_gcm",
        "libreswan::pan_os_initiates_gcm",
        "libreswan::pan_os_responds_cbc",
    ];
    run_inside(Carries::Both, &tests, LIMIT);
}

/// And by OpenIKED, which tells the kernel by PF_KEY.
#[test]
fn carries_openikeds_tunnels() {
    let tests = [
        "openiked::ios_initiates_cbc_and_deletes",
        "openiked::ios_responds_gcm_and_is_deleted",
        "openiked::pan_os_initiates_gcm_and_is_deleted",
        "openiked::pan_os_responds_cbc_and_deletes",
    ];
    run_inside(Carries::Both, &tests, LIMIT);
}

#[test]
fn does_what_only_a_kernel_can_get_wrong() {
    let tests = [
        "kernel::two_of_ours_live_through_rekeys_without_loss",
        "kernel::the_end_of_kilobytes_is_heard_from_the_kernel",
        "kernel::what_the_selectors_do_not_have_is_not_opened",
        "kernel::replays_forgeries_and_strangers_spis_are_dropped_and_counted",
        "kernel::states_that_somebody_flushes_are_negotiated_anew",
        "kernel::nothing_leaves_in_the_clear_when_the_daemon_dies",
        "kernel::numbers_of_64_bits_are_agreed_and_counted",
        "kernel::tunnels_are_carried_in_ipv6",
        "kernel::the_outer_df_bit_is_cleared_where_the_file_says_so",
    ];
    run_inside(Carries::Both, &tests, LIMIT);
}

/// Of this machine's own kernel.
#[test]
fn a_kernel_that_cannot_is_told_of_and_auto_goes_on_without_it() {
    let (world, tunnel) = world_and_tunnel();
    let theirs = Charon::start(&world, End::B, &tunnel.mirrored());
    let auto = ["--data-plane", "auto"];
    let mut ours = Crossgate::start_at(&world, End::A, Vendor::Ios, &tunnel, &auto);
    let told = ours.wait_for("data-plane").text;
    ours.initiate();
    ping::wait_for_answer(&world, End::A);
    let shown = ours.exec("show data-plane");
    assert_eq!(ours.stop(), Some(0));
    drop(theirs);
    if told.starts_with("the kernel") {
        eprintln!("left out: this machine's kernel has ESP");
        return;
    }
    assert!(told.contains("load"), "{told}");
    assert!(shown.starts_with("data plane: user\nciphers: "), "{shown}");
    let file = world.dir("refused").join("branch.cfg");
    std::fs::write(&file, Vendor::Ios.configuration(&tunnel)).expect("written");
    let line = format!(
        "{} run {} --data-plane kernel --bind GigabitEthernet1=wan --bind GigabitEthernet2=lan \
         --socket {}.sock 2>&1; echo code $?",
        env!("CARGO_BIN_EXE_crossgate"),
        file.display(),
        file.display(),
    );
    let said = shell(&world, "gw-a", &line);
    assert!(said.contains("or run with --data-plane user"), "{said}");
    assert!(said.ends_with("code 2\n"), "{said}");
    let left = shell(&world, "gw-a", "ip link; ip route; ip xfrm policy");
    assert!(
        !left.contains("unreachable") && !left.contains("cg-"),
        "{left}"
    );
}

fn world_and_tunnel() -> (World, Tunnel) {
    let world = World::new(Nat::None);
    let tunnel = world.tunnel(End::A, Suite::CBC, Starts::Local);
    (world, tunnel)
}

fn shell(world: &World, node: &str, line: &str) -> String {
    run(world.command(node, "sh").args(["-c", line]))
}

/// Of what `ip xfrm state` prints.
fn spis(states: &str) -> BTreeSet<String> {
    let after = states.split("proto esp spi ").skip(1);
    after
        .filter_map(|rest| rest.split(' ').next().map(str::to_owned))
        .collect()
}

#[test]
#[ignore = "runs inside a kernel that has ESP, started by the tests above"]
fn two_of_ours_live_through_rekeys_without_loss() {
    let (world, tunnel) = world_and_tunnel();
    let theirs = Crossgate::start_at(&world, End::B, Vendor::PanOs, &tunnel.mirrored(), &[]);
    let ours = Crossgate::start_at(&world, End::A, Vendor::Ios, &tunnel, &["--offload"]);
    ours.initiate();
    ping::wait_for_answer(&world, End::A);
    ping::assert_both_ways(&world);
    let states = shell(&world, "gw-a", "ip xfrm state");
    assert_eq!(states.matches("proto esp").count(), 2, "{states}");
    // The worlds' devices encrypt nothing: the kernel does, and it is told.
    assert_eq!(ours.counter("offload-refused"), 1);
    assert_eq!(theirs.counter("offload-refused"), 0);

    let steady = [End::A, End::B].map(|from| Steady::start(&world, from));
    for _ in 0..3 {
        ours.rekey_child();
        theirs.rekey_child();
    }
    ours.rekey_ike();
    theirs.rekey_child();
    steady.into_iter().for_each(Steady::stop_without_loss);

    assert_eq!(ours.exec("show data-plane"), "data plane: kernel\n");
    let shown = ours.exec("show crypto ipsec sa");
    assert!(!shown.contains("#pkts encaps: 0,"), "{shown}");
    let installed = spis(&shell(&world, "gw-a", "ip xfrm state"));
    assert!(!installed.is_empty());
    ours.delete();
    let left = spis(&shell(&world, "gw-a", "ip xfrm state"));
    assert!(left.is_disjoint(&installed), "{left:?} of {installed:?}");
    // Traffic asks for a new one.
    ping::wait_for_answer(&world, End::A);
}

#[test]
#[ignore = "runs inside a kernel that has ESP, started by the tests above"]
fn the_end_of_kilobytes_is_heard_from_the_kernel() {
    let world = World::new(Nat::None);
    let tunnel = world.tunnel(End::A, Suite::CBC, Starts::Remote);
    let ours = Crossgate::start(&world, Vendor::Ios, &tunnel);
    let profile = " set ikev2-profile PROFILE\n";
    let fewer = format!(" set security-association lifetime kilobytes 2560\n{profile}");
    ours.reload(&Vendor::Ios.configuration(&tunnel).replace(profile, &fewer));
    ours.wait_for("reloaded");
    let theirs = Charon::start(&world, End::B, &tunnel.mirrored());
    assert!(theirs.initiate(), "{}", theirs.log());
    ping::wait_for_answer(&world, End::A);
    let limits = shell(&world, "gw-a", "ip -s xfrm state");
    assert!(limits.contains("hard 2621440(bytes)"), "{limits}");
    shell(
        &world,
        "lan-a",
        "ping -n -q -f -c 1850 -s 1250 10.20.20.10 || true",
    );
    ours.wait_for("child-sa-rekeyed");
    ping::assert_both_ways(&world);
}

#[test]
#[ignore = "runs inside a kernel that has ESP, started by the tests above"]
fn what_the_selectors_do_not_have_is_not_opened() {
    let (world, tunnel) = world_and_tunnel();
    let theirs = Charon::start(&world, End::B, &tunnel.mirrored());
    let ours = Crossgate::start(&world, Vendor::Ios, &tunnel);
    ours.initiate();
    ping::wait_for_answer(&world, End::B);
    // The peer's kernel seals with the same keys what was not agreed.
    let reqid = shell(&world, "gw-b", "ip xfrm state");
    let reqid = reqid
        .split("reqid ")
        .nth(1)
        .and_then(|rest| rest.split(' ').next());
    let policy = format!(
        "ip addr add 10.99.0.1/32 dev lan && ip xfrm policy add src 10.99.0.1/32 dst 10.10.10.0/24 dir out \
         tmpl src 198.51.100.20 dst 203.0.113.10 proto esp reqid {} mode tunnel",
        reqid.expect("a state")
    );
    shell(&world, "gw-b", &policy);
    let before = shell(&world, "gw-b", "ip -s xfrm state");
    shell(
        &world,
        "gw-b",
        "ping -n -c 3 -i 0.2 -W 1 -I 10.99.0.1 10.10.10.10 || true",
    );
    assert_ne!(
        before,
        shell(&world, "gw-b", "ip -s xfrm state"),
        "none was sealed"
    );
    let counters = ours.exec("request json");
    assert!(
        counters.contains("\"in-outside-selectors\":3"),
        "{counters}"
    );
    ping::assert_both_ways(&world);
    drop(theirs);
}

/// What an ESP packet of that source was, from the SPI on, as dumpcap keeps it: 24 octets before all,
/// 16 before each, then Ethernet and IP.
fn esp_of(capture: &Path, source: Ipv4Addr) -> Vec<Vec<u8>> {
    let file = std::fs::read(capture).expect("a capture");
    let mut rest = file.get(24..).expect("its header");
    let mut all = Vec::new();
    while let Some((header, after)) = rest.split_first_chunk::<16>() {
        let length = u32::from_le_bytes([header[8], header[9], header[10], header[11]]);
        let (frame, after) = after.split_at(length as usize);
        rest = after;
        let (ip, packet) = frame.get(14..).expect("Ethernet").split_at(20);
        if ip[9] == 50 && ip[12..16] == source.octets() {
            all.push(packet.to_vec());
        }
    }
    all
}

#[test]
#[ignore = "runs inside a kernel that has ESP, started by the tests above"]
fn replays_forgeries_and_strangers_spis_are_dropped_and_counted() {
    let (world, tunnel) = world_and_tunnel();
    let theirs = Charon::start(&world, End::B, &tunnel.mirrored());
    let ours = Crossgate::start(&world, Vendor::Ios, &tunnel);
    ours.initiate();
    ping::wait_for_answer(&world, End::B);
    let capture = Capture::start(&world);
    assert_eq!(ping::answered(&world, End::B), 3);
    let genuine = esp_of(&capture.stop(), End::B.wan());
    assert_eq!(genuine.len(), 3, "answered pings");
    let counted = || ["in-replayed", "in-bad-icv", "in-unknown-spi"].map(|c| ours.counter(c));
    let before = counted();
    world.inside("gw-b", || {
        let socket = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::from(50)));
        let socket = socket.expect("root may have one");
        let to = SocketAddrV4::new(End::A.wan(), 0).into();
        for (packet, number) in genuine.iter().zip(100..) {
            let mut forged = packet.clone();
            // Of a number that is not yet used.
            forged[7] = number;
            let mut strange = packet.clone();
            strange[..4].copy_from_slice(&0x0bad_0bad_u32.to_be_bytes());
            for packet in [packet, &forged, &strange] {
                socket.send_to(packet, &to).expect("sent");
            }
        }
    });
    wait_until("all to be counted", Duration::from_secs(10), || {
        (counted() == before.map(|count| count + 3)).then_some(())
    });
    ping::assert_both_ways(&world);
    drop(theirs);
}

/// Their end is heard of, or seen.
#[test]
#[ignore = "runs inside a kernel that has ESP, started by the tests above"]
fn states_that_somebody_flushes_are_negotiated_anew() {
    let (world, tunnel) = world_and_tunnel();
    let _theirs = Charon::start(&world, End::B, &tunnel.mirrored());
    let ours = Crossgate::start(&world, Vendor::Ios, &tunnel);
    ours.initiate();
    ping::wait_for_answer(&world, End::A);
    let before = spis(&shell(&world, "gw-a", "ip xfrm state"));
    shell(&world, "gw-a", "ip xfrm state flush");
    ours.wait_for("child-sa-deleted");
    ping::wait_for_answer(&world, End::A);
    let after = spis(&shell(&world, "gw-a", "ip xfrm state"));
    assert!(after.is_disjoint(&before), "{after:?} of {before:?}");
}

/// Neither then, nor when its SAs are gone too, nor while the next one starts.
#[test]
#[ignore = "runs inside a kernel that has ESP, started by the tests above"]
fn nothing_leaves_in_the_clear_when_the_daemon_dies() {
    for vendor in [Vendor::Ios, Vendor::IosCryptoMap] {
        let (world, tunnel) = world_and_tunnel();
        let capture = Capture::start(&world);
        let _theirs = Charon::start(&world, End::B, &tunnel.mirrored());
        let mut ours = Crossgate::start(&world, vendor, &tunnel);
        ours.initiate();
        ping::wait_for_answer(&world, End::A);
        let steady = Steady::start(&world, End::A);
        ours.kill();
        shell(&world, "gw-a", "ip xfrm state flush");
        assert_eq!(ping::answered(&world, End::A), 0, "{vendor:?}");
        let next = Crossgate::start(&world, vendor, &tunnel);
        wait_until("the next one's tunnel", Duration::from_secs(20), || {
            (ping::answered(&world, End::A) > 0).then_some(())
        });
        drop((steady, next));
        let filter = "ip.addr == 10.10.10.10 && !esp";
        let leaked = decrypted(&capture.stop(), &ours.key_tables(), filter, &["frame"]);
        assert_eq!(leaked, Vec::<Vec<String>>::new(), "{vendor:?}");
    }
}

/// By either data plane of ours: no other peer at hand counts so in its own process.
#[test]
#[ignore = "runs inside a kernel that has ESP, started by the tests above"]
fn numbers_of_64_bits_are_agreed_and_counted() {
    let world = World::new(Nat::None);
    let mut charon = None;
    for suite in [Suite::CBC, Suite::GCM] {
        let suite = Suite { esn: true, ..suite };
        let tunnel = world.tunnel(End::A, suite, Starts::Local);
        let theirs =
            charon.get_or_insert_with(|| Charon::start(&world, End::B, &tunnel.mirrored()));
        theirs.load(&tunnel.mirrored());
        for plane in ["kernel", "user"] {
            let arguments = ["--data-plane", plane];
            let mut ours = Crossgate::start_at(&world, End::A, Vendor::Ios, &tunnel, &arguments);
            ours.initiate();
            ping::assert_both_ways(&world);
            let shown = ours.exec("show crypto ipsec sa");
            assert!(shown.contains("in use settings ={Tunnel, esn}"), "{shown}");
            let states = shell(&world, "gw-a", "ip xfrm state");
            let as_told = states.matches("flag af-unspec esn").count();
            let windows = states.matches("replay_window 64,").count();
            let expected = if plane == "kernel" { 2 } else { 0 };
            assert_eq!((as_told, windows), (expected, expected), "{states}");
            assert_eq!(ours.stop(), Some(0));
        }
    }
}

/// By itself and in UDP, with packets of IPv4 that fit and such that don't.
#[test]
#[ignore = "runs inside a kernel that has ESP, started by the tests above"]
fn tunnels_are_carried_in_ipv6() {
    let world = World::new(Nat::None);
    world.add_ipv6_outside();
    let theirs = world.tunnel(End::B, Suite::CBC, Starts::Remote);
    let theirs = Charon::start_with(
        &world,
        End::B,
        &over_ipv6(End::A, &charon::connection(&theirs)),
    );
    for arguments in [&[][..], &["--encapsulate", "all"]] {
        let tunnel = world.tunnel(End::A, Suite::CBC, Starts::Local);
        let text = over_ipv6(End::A, &Vendor::PanOs.configuration(&tunnel));
        let mut ours = Crossgate::start_with(&world, End::A, Vendor::PanOs, &text, arguments);
        ours.initiate();
        ping::assert_both_ways(&world);
        let states = shell(&world, "gw-a", "ip xfrm state");
        let way = format!("src {} dst {}\n", End::A.wan_v6(), End::B.wan_v6());
        assert!(states.contains(&way), "{states}");
        assert_eq!(states.matches("espinudp").count(), arguments.len());

        let steady = [End::A, End::B].map(|from| Steady::start(&world, from));
        ours.rekey_child();
        steady.into_iter().for_each(Steady::stop_without_loss);
        for from in [End::A, End::B] {
            ping::wait_for_large_answer(&world, from, 1472);
        }
        assert_eq!(ours.stop(), Some(0));
    }
    drop(theirs);
}

#[test]
#[ignore = "runs inside a kernel that has ESP, started by the tests above"]
fn the_outer_df_bit_is_cleared_where_the_file_says_so() {
    let (world, tunnel) = world_and_tunnel();
    let capture = Capture::start(&world);
    let _theirs = Charon::start(&world, End::B, &tunnel.mirrored());
    let told = |line: &str| {
        let text = Vendor::Ios.configuration(&tunnel);
        text.replace("hostname branch", &format!("hostname branch\n{line}"))
    };
    let lines = ["crypto ipsec df-bit clear", "crypto ipsec df-bit copy"];
    for (line, lacks) in lines.into_iter().zip([1, 0]) {
        let mut ours = Crossgate::start_with(&world, End::A, Vendor::Ios, &told(line), &[]);
        assert_eq!(ours.logged("kernel-does-not").len(), lacks, "{line}");
        ours.initiate();
        ping::wait_for_answer(&world, End::A);
        let with_df = "ping -n -c 2 -i 0.2 -W 1 -M do 10.20.20.10";
        shell(&world, "lan-a", with_df);
        assert_eq!(ours.stop(), Some(0));
    }
    let file = capture.stop();
    let filter = "esp && ip.src == 203.0.113.10";
    let bits = decrypted(&file, &world.dir("no-keys"), filter, &["ip.flags.df"]);
    let bits: Vec<&str> = bits.iter().map(|bits| bits[0].as_str()).collect();
    let clear = bits.iter().take_while(|bit| **bit == "0").count();
    let rest = &bits[clear..];
    // An answered ping and those two, each time.
    assert!(clear >= 3 && rest.len() >= 3, "{bits:?}");
    assert!(rest.iter().all(|bit| *bit == "1"), "{bits:?}");
}
