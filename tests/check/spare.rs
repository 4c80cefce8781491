//! Two tunnels between the same two devices: the second line is judged as the first is, way included.

use super::{Folder, Said, branch, check, hq};

/// A second tunnel interface over a second line, taken when the first is down.
fn router() -> String {
    let second = "\
interface Tunnel1
 ip address 169.254.21.1 255.255.255.252
 ip mtu 1400
 ip tcp adjust-mss 1360
 tunnel source GigabitEthernet0/0/2
 tunnel mode ipsec ipv4
 tunnel destination 198.51.100.20
 tunnel protection ipsec policy ipv4 LAB-TRAFFIC
 tunnel protection ipsec profile LAB-PROTECT
!
interface GigabitEthernet0/0/2
 ip address 192.0.2.10 255.255.255.0
 no shutdown
!
interface GigabitEthernet0/0/1
";
    let route = "ip route 10.20.20.0 255.255.255.0 Tunnel0 name HQ-LAN\n";
    let spare = "ip route 10.20.20.0 255.255.255.0 Tunnel1 200 name HQ-SPARE\n";
    changed(
        &branch(),
        &[
            ("interface GigabitEthernet0/0/1\n", second),
            (route, &format!("{route}{spare}")),
        ],
    )
}

/// Each line of the tunnel once more for the second one.
fn firewall() -> String {
    let again = |line: &str| {
        let second = line
            .replace("gw-branch", "gw-branch2")
            .replace("tun-branch", "tun-branch2")
            .replace("static-route branch-lan", "static-route branch-lan2")
            .replace("203.0.113.10", "192.0.2.10");
        let second = match second == line && !line.contains(" units tunnel.1") {
            true => String::new(),
            false => second.replace("tunnel.1", "tunnel.2") + "\n",
        };
        format!("{line}\n{second}")
    };
    let text: String = hq().lines().map(again).collect();
    let spare = "static-route branch-lan2 destination 10.10.10.0/24\n";
    let router = "set network virtual-router default routing-table ip";
    let worse = format!("{spare}{router} static-route branch-lan2 metric 200\n");
    changed(
        &text,
        &[
            (
                "ethernet1/1 ethernet1/2 tunnel.1 ]",
                "ethernet1/1 ethernet1/2 tunnel.1 tunnel.2 ]",
            ),
            (
                "zone vpn network layer3 tunnel.1",
                "zone vpn network layer3 [ tunnel.1 tunnel.2 ]",
            ),
            (spare, &worse),
        ],
    )
}

fn changed(text: &str, changes: &[(&str, &str)]) -> String {
    changes.iter().fold(text.to_owned(), |text, (old, new)| {
        assert!(text.contains(old), "{old} in {text}");
        text.replace(old, new)
    })
}

fn judged(test: &str, router: &str, firewall: &str) -> (Said, Vec<String>) {
    let folder = Folder::new(test);
    let files = [
        folder.write("branch.cfg", router),
        folder.write("hq.set", firewall),
    ];
    let said = check(&[&files[0], &files[1]]);
    let troubles = said.stdout.lines();
    let troubles = troubles.filter(|line| line.starts_with("error") || line.starts_with("warning"));
    let troubles = troubles.map(str::to_owned).collect();
    (said, troubles)
}

#[test]
fn a_spare_tunnel_that_works_is_no_trouble() {
    let (said, troubles) = judged("spare", &router(), &firewall());
    assert_eq!(troubles, [""; 0], "{}", said.stdout);
    let tunnels = said.stdout.lines().filter(|l| l.starts_with("tunnel "));
    assert_eq!(tunnels.count(), 2, "{}", said.stdout);
    assert_eq!(said.last_line(), "verdict: comes up");
}

/// The route leads into the first tunnel, and the first tunnel's zone has rules.
#[test]
fn rules_that_the_spare_tunnels_zone_lacks_are_missed() {
    let zone = "zone vpn network layer3 [ tunnel.1 tunnel.2 ]";
    let apart =
        "zone vpn network layer3 tunnel.1\nset vsys vsys1 zone vpn2 network layer3 tunnel.2";
    let firewall = changed(&firewall(), &[(zone, apart)]);
    let (said, troubles) = judged("spare-rules", &router(), &firewall);
    let expected = ["vpn2 to trust", "trust to vpn2"].map(|zones| {
        format!("error[no-security-rule]: no security rule of hq allows the tunnel's packets from zone {zones}")
    });
    assert_eq!(troubles, expected, "{}", said.stdout);
    assert!(
        said.stdout.contains("gw-branch: comes up\n"),
        "{}",
        said.stdout
    );
    let second = "gw-branch2: comes up but no traffic passes\n";
    assert!(said.stdout.contains(second), "{}", said.stdout);
}

#[test]
fn a_spare_tunnel_without_a_route_is_a_warning() {
    let spare = "ip route 10.20.20.0 255.255.255.0 Tunnel1 200 name HQ-SPARE\n";
    let router = changed(&router(), &[(spare, "")]);
    let (said, troubles) = judged("spare-route", &router, &firewall());
    let expected =
        "warning[no-route-into-tunnel]: branch never sends packets to 10.20.20.0/24 into Tunnel1";
    assert_eq!(troubles, [expected], "{}", said.stdout);
    assert_eq!(said.last_line(), "verdict: comes up");
}

#[test]
fn an_access_list_that_stops_both_tunnels_is_one_cause_with_one_fix() {
    let list = "ip access-list extended EDGE\n deny udp any any eq 500\n permit ip any any\n!\nend";
    let interface = |name: &str| format!("interface {name}\n");
    let filtered = |name: &str| format!("interface {name}\n ip access-group EDGE in\n");
    let (first, second) = ("GigabitEthernet0/0/0", "GigabitEthernet0/0/2");
    let router = changed(
        &router(),
        &[
            (&interface(first), &filtered(first)),
            (&interface(second), &filtered(second)),
            ("\nend", &format!("\n{list}")),
        ],
    );
    let (said, troubles) = judged("spare-filter", &router, &firewall());
    let expected = "error[ike-blocked]: the access list `EDGE` of branch stops UDP port 500 between the gateways";
    assert_eq!(troubles, [expected], "{}", said.stdout);
    let folder = Folder::new("spare-filter-fixed");
    let files = [
        folder.write("branch.cfg", router),
        folder.write("hq.set", firewall()),
    ];
    let said = check(&["--fix", "--write", &files[0], &files[1]]);
    assert_eq!(said.last_line(), "verdict: comes up", "{}", said.stdout);
}
