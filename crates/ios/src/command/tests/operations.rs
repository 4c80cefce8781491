//! Commands that the daemon carries out.

use super::fixture::scene;
use super::{check, concluded, execute};
use crossgate_model::operate::{Outcome, Reply};
use expect_test::{Expect, expect, expect_file};
use std::time::Duration;

/// What the router prints of what came of that line.
fn concludes(line: &str, outcome: Outcome, expected: Expect) {
    expected.assert_eq(&concluded(&scene(), line, &outcome));
}

fn done() -> Outcome {
    Outcome::Done {
        ike_sas: 1,
        children: 2,
    }
}

fn trips(milliseconds: &[Option<u64>]) -> Outcome {
    let trips = milliseconds
        .iter()
        .map(|trip| trip.map(Duration::from_millis));
    Outcome::Pinged(trips.collect())
}

#[test]
fn clearing_is_for_every_peer_or_one() {
    check(
        "clear crypto ikev2 sa",
        expect![[r#"
            branch#clear crypto ikev2 sa
            ClearIke { which: All }
        "#]],
    );
    check(
        "clear crypto ikev2 sa remote 198.51.100.20",
        expect![[r#"
            branch#clear crypto ikev2 sa remote 198.51.100.20
            ClearIke { which: Peer(198.51.100.20) }
        "#]],
    );
    check(
        "clear crypto session",
        expect![[r#"
            branch#clear crypto session
            ClearIke { which: All }
        "#]],
    );
    check(
        "clear crypto session remote 192.0.2.50",
        expect![[r#"
            branch#clear crypto session remote 192.0.2.50
            ClearIke { which: Peer(192.0.2.50) }
        "#]],
    );
    check(
        "clear crypto sa",
        expect![[r#"
            branch#clear crypto sa
            ClearChild { tunnel: None }
        "#]],
    );
    concludes("clear crypto session", done(), expect![[r#""#]]);
    concludes(
        "clear crypto session",
        Outcome::NothingThere { id: 1 },
        expect![[r#""#]],
    );
    concludes(
        "clear crypto sa",
        Outcome::Failed("no".into()),
        expect![[r#"
        % no
    "#]],
    );
}

#[test]
fn clearing_a_peer_that_is_not_there_is_silent() {
    for line in [
        "clear crypto ikev2 sa remote 192.0.2.99",
        "clear crypto session remote 192.0.2.99",
        "clear crypto sa peer 192.0.2.99",
    ] {
        let reply = execute(line, &scene().station());
        assert!(
            matches!(&reply, Reply::Print(text) if text.is_empty()),
            "{line}"
        );
    }
}

#[test]
fn clearing_one_peers_children_names_its_tunnel() {
    check(
        "clear crypto sa peer 198.51.100.20",
        expect![[r#"
            branch#clear crypto sa peer 198.51.100.20
            ClearChild { tunnel: Some("Tunnel0") }
        "#]],
    );
    check(
        "clear crypto sa peer 198.51.100.60",
        expect![[r#"
            branch#clear crypto sa peer 198.51.100.60
            ClearChild { tunnel: Some("CMAP 10") }
        "#]],
    );
    check(
        "clear crypto sa peer 198.51.100.99",
        expect![[r#"
        branch#clear crypto sa peer 198.51.100.99
    "#]],
    );
}

#[test]
fn a_ping_takes_its_options_in_any_order_and_sources_from_an_interface() {
    check(
        "ping 10.20.20.1",
        expect![[r#"
            branch#ping 10.20.20.1
            Ping(Ping { destination: 10.20.20.1, source: None, count: 5, size: 100, timeout: 2s, interval: 0ns })
        "#]],
    );
    check(
        "ping ip 10.20.20.1 timeout 1 so gi2 rep 3 size 1400",
        expect![[r#"
            branch#ping ip 10.20.20.1 timeout 1 so gi2 rep 3 size 1400
            Ping(Ping { destination: 10.20.20.1, source: Some(10.10.10.1), count: 3, size: 1400, timeout: 1s, interval: 0ns })
        "#]],
    );
    check(
        "ping 10.20.20.1 source GigabitEthernet 2",
        expect![[r#"
            branch#ping 10.20.20.1 source GigabitEthernet 2
            Ping(Ping { destination: 10.20.20.1, source: Some(10.10.10.1), count: 5, size: 100, timeout: 2s, interval: 0ns })
        "#]],
    );
    check(
        "ping 10.20.20.1 source 10.10.255.1",
        expect![[r#"
            branch#ping 10.20.20.1 source 10.10.255.1
            Ping(Ping { destination: 10.20.20.1, source: Some(10.10.255.1), count: 5, size: 100, timeout: 2s, interval: 0ns })
        "#]],
    );
}

#[test]
fn a_ping_that_can_not_be_is_refused() {
    check(
        "ping headquarters",
        expect![[r#"
            branch#ping headquarters
            % Unrecognized host or address, or protocol not running.

        "#]],
    );
    check(
        "ping 10.20.20.1 source 9.9.9.9",
        expect![[r#"
            branch#ping 10.20.20.1 source 9.9.9.9
            % Invalid source address- IP address not on any of our up interfaces
        "#]],
    );
    check(
        "ping 10.20.20.1 source GigabitEthernet3",
        expect![[r#"
            branch#ping 10.20.20.1 source GigabitEthernet3
            % Invalid source. Must use same-VRF IP address or full interface name without spaces (e.g. Serial0/1)
        "#]],
    );
    check(
        "ping 10.20.20.1 source Tunnel9",
        expect![[r#"
            branch#ping 10.20.20.1 source Tunnel9
            % Invalid source. Must use same-VRF IP address or full interface name without spaces (e.g. Serial0/1)
        "#]],
    );
    check(
        "ping 2001:db8::1 source GigabitEthernet2",
        expect![[r#"
            branch#ping 2001:db8::1 source GigabitEthernet2
            % Invalid source. Must use same-VRF IP address or full interface name without spaces (e.g. Serial0/1)
        "#]],
    );
}

#[test]
fn answers_are_exclamations_and_silence_is_dots() {
    let line = "ping 10.20.20.1 source gi2";
    let five = trips(&[Some(0), Some(1), Some(1), Some(1), Some(2)]);
    expect_file!["data/ping.txt"].assert_eq(&concluded(&scene(), line, &five));
    concludes(
        "ping 2001:db8::1 repeat 5",
        trips(&[None, Some(12), None, Some(9), Some(30)]),
        expect![[r#"
            Type escape sequence to abort.
            Sending 5, 100-byte ICMP Echos to 2001:DB8::1, timeout is 2 seconds:
            .!.!!
            Success rate is 60 percent (3/5), round-trip min/avg/max = 9/17/30 ms
        "#]],
    );
    concludes(
        "ping 10.20.20.1",
        trips(&[None; 5]),
        expect![[r#"
        Type escape sequence to abort.
        Sending 5, 100-byte ICMP Echos to 10.20.20.1, timeout is 2 seconds:
        .....
        Success rate is 0 percent (0/5)
    "#]],
    );
    concludes(
        "ping 10.20.20.1 repeat 72",
        trips(&[Some(1); 72]),
        expect![[r#"
        Type escape sequence to abort.
        Sending 72, 100-byte ICMP Echos to 10.20.20.1, timeout is 2 seconds:
        !!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!
        !!
        Success rate is 100 percent (72/72), round-trip min/avg/max = 1/1/1 ms
    "#]],
    );
    concludes(
        "ping 10.20.20.1",
        Outcome::Failed("the network is unreachable".into()),
        expect![[r#"
            % the network is unreachable
        "#]],
    );
}

#[test]
fn debugging_is_switched_by_topic() {
    check(
        "debug crypto ikev2 error",
        expect![[r#"
            branch#debug crypto ikev2 error
            Debug { topic: IkeError, on: true }
        "#]],
    );
    check(
        "no debug crypto ikev2 packet",
        expect![[r#"
            branch#no debug crypto ikev2 packet
            Debug { topic: IkePacket, on: false }
        "#]],
    );
    check(
        "u all",
        expect![[r#"
            branch#u all
            DebugOff
        "#]],
    );
    concludes(
        "debug crypto ikev2",
        done(),
        expect![[r#"
        IKEv2 default debugging is on
    "#]],
    );
    concludes(
        "debug crypto ikev2 error",
        done(),
        expect![[r#"
        IKEv2 error debugging is on
    "#]],
    );
    concludes(
        "debug crypto ikev2 pa",
        done(),
        expect![[r#"
        IKEv2 packet debugging is on
    "#]],
    );
    concludes(
        "no debug crypto ikev2 error",
        done(),
        expect![[r#"
        IKEv2 error debugging is off
    "#]],
    );
    concludes(
        "no debug all",
        done(),
        expect![[r#"
        All possible debugging has been turned off
    "#]],
    );
}
