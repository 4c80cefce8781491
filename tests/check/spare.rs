//! Two tunnels between the same two devices: the second line is judged as the first is, way included.

use super::{Folder, Said, check, example};

fn router() -> String {
    example("two-lines/branch.cfg")
}

fn firewall() -> String {
    example("two-lines/hq.set")
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
    let second = "gw-branch-spare: comes up but no traffic passes\n";
    assert!(said.stdout.contains(second), "{}", said.stdout);
}

#[test]
fn a_spare_tunnel_without_a_route_is_a_warning() {
    let spare = "ip route 10.20.20.0 255.255.255.0 Tunnel1 200 name HQ-LAN-SPARE\n";
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
