//! [`crossgate_model::plan`] on the examples.

use crossgate_gateway::load::{Hints, load};
use crossgate_model::plan::{Plan, Site};
use crossgate_model::{Gateway, NextHop, Selector};
use expect_test::{Expect, expect};
use std::path::Path;

fn gateway(file: &str) -> Gateway {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    load(&examples.join(file), &Hints::default())
        .expect("an example")
        .gateway
}

fn check(branch: &Gateway, hq: &Gateway, expected: Expect) {
    let text = match Plan::new(branch, hq) {
        Ok(plan) => format!(
            "{}{}pings {:?}\nprotected {:?}\n{}",
            site(&plan.branch),
            site(&plan.hq),
            plan.pings,
            plan.protected(),
            plan.assumptions
                .iter()
                .map(|a| format!("assumed {a}\n"))
                .collect::<String>(),
        ),
        Err(error) => format!("{error}\n"),
    };
    expected.assert_eq(&text);
}

fn site(site: &Site) -> String {
    let lans: String = site.lans.iter().map(|lan| format!("  {lan:?}\n")).collect();
    format!(
        "{} {} {} by {} default {}\n{lans}",
        site.label, site.wan_interface, site.wan, site.wan_router, site.needs_default_route
    )
}

#[test]
fn a_complete_pair_needs_no_assumption() {
    let (branch, hq) = (
        gateway("site-to-site/branch.cfg"),
        gateway("site-to-site/hq.xml"),
    );
    check(
        &branch,
        &hq,
        expect![[r#"
        branch GigabitEthernet0/0/0 203.0.113.10/24 by 203.0.113.1 default false
          Lan { interface: Some("GigabitEthernet0/0/1"), gateway: 10.10.10.1/24, host: 10.10.10.2 }
        hq ethernet1/1 198.51.100.20/24 by 198.51.100.1 default false
          Lan { interface: Some("ethernet1/2"), gateway: 10.20.20.1/24, host: 10.20.20.2 }
        pings [(10.10.10.2, 10.20.20.2)]
        protected [10.10.10.0/24, 10.20.20.0/24]
    "#]],
    );
}

#[test]
fn either_vendor_may_be_either_end() {
    let (branch, hq) = (
        gateway("site-to-site/branch.cfg"),
        gateway("site-to-site/hq.set"),
    );
    check(
        &hq,
        &branch,
        expect![[r#"
        branch ethernet1/1 198.51.100.20/24 by 198.51.100.1 default false
          Lan { interface: Some("ethernet1/2"), gateway: 10.20.20.1/24, host: 10.20.20.2 }
        hq GigabitEthernet0/0/0 203.0.113.10/24 by 203.0.113.1 default false
          Lan { interface: Some("GigabitEthernet0/0/1"), gateway: 10.10.10.1/24, host: 10.10.10.2 }
        pings [(10.20.20.2, 10.10.10.2)]
        protected [10.20.20.0/24, 10.10.10.0/24]
    "#]],
    );
}

#[test]
fn what_the_branch_lacks_is_taken_from_the_hq_and_said() {
    let (branch, hq) = (
        gateway("as-published/branch.cfg"),
        gateway("as-published/hq.xml"),
    );
    check(
        &branch,
        &hq,
        expect![[r#"
        branch GigabitEthernet0/0/0 203.0.113.10/24 by 203.0.113.1 default true
          Lan { interface: None, gateway: 10.10.10.1/24, host: 10.10.10.2 }
        hq ethernet1/1 198.51.100.20/24 by 198.51.100.1 default false
          Lan { interface: Some("ethernet1/2"), gateway: 10.20.20.1/24, host: 10.20.20.2 }
        pings [(10.10.10.2, 10.20.20.2)]
        protected [10.10.10.0/24, 10.20.20.0/24]
        assumed branch: the file does not give GigabitEthernet0/0/0 an address; 203.0.113.10/24 is taken, where the hq file expects its peer
        assumed branch: the file names no inside network; 10.10.10.0/24 is taken, where the hq file expects it
        assumed branch: no route of the file leads to the peer; a default route by 203.0.113.1 is made
    "#]],
    );
}

#[test]
fn the_same_file_twice_is_refused() {
    let branch = gateway("site-to-site/branch.cfg");
    check(
        &branch,
        &branch,
        expect![[r#"
        both ends have the WAN address 203.0.113.10; expected two different ones
    "#]],
    );
}

/// The example, whose ends protect only these networks of theirs.
fn narrowed(branch_net: &str, hq_net: &str, protocol: u8) -> (Gateway, Gateway) {
    let selector = |net: &str| {
        let mut selector = Selector::net(net.parse().expect("a network"));
        selector.protocol = protocol;
        selector
    };
    let of = |file: &str, local: &str, remote: &str| {
        let mut gateway = gateway(file);
        let selectors = &mut gateway.connections[0].children[0].selectors.value;
        (selectors.local, selectors.remote) = (selector(local), selector(remote));
        gateway
    };
    (
        of("site-to-site/branch.cfg", branch_net, hq_net),
        of("site-to-site/hq.xml", hq_net, branch_net),
    )
}

#[test]
fn a_network_within_an_interface_s_is_on_that_interface() {
    let (branch, hq) = narrowed("10.10.10.128/25", "10.20.20.50/32", 0);
    check(
        &branch,
        &hq,
        expect![[r#"
        branch GigabitEthernet0/0/0 203.0.113.10/24 by 203.0.113.1 default false
          Lan { interface: Some("GigabitEthernet0/0/1"), gateway: 10.10.10.1/24, host: 10.10.10.129 }
        hq ethernet1/1 198.51.100.20/24 by 198.51.100.1 default false
          Lan { interface: Some("ethernet1/2"), gateway: 10.20.20.1/24, host: 10.20.20.50 }
        pings [(10.10.10.129, 10.20.20.50)]
        protected [10.10.10.0/24, 10.20.20.0/24]
    "#]],
    );
}

#[test]
fn a_single_host_that_no_interface_knows_gets_a_neighbour() {
    let (branch, hq) = narrowed("10.10.10.0/24", "192.0.2.9/32", 0);
    check(
        &branch,
        &hq,
        expect![[r#"
        branch GigabitEthernet0/0/0 203.0.113.10/24 by 203.0.113.1 default false
          Lan { interface: Some("GigabitEthernet0/0/1"), gateway: 10.10.10.1/24, host: 10.10.10.2 }
        hq ethernet1/1 198.51.100.20/24 by 198.51.100.1 default false
          Lan { interface: None, gateway: 192.0.2.8/31, host: 192.0.2.9 }
        pings [(10.10.10.2, 192.0.2.9)]
        protected [10.10.10.0/24, 192.0.2.8/31]
    "#]],
    );
}

#[test]
fn what_no_ping_can_test_is_said() {
    let (branch, hq) = narrowed("10.10.10.0/24", "10.20.20.0/24", 6);
    check(
        &branch,
        &hq,
        expect![[r#"
        branch GigabitEthernet0/0/0 203.0.113.10/24 by 203.0.113.1 default false
          Lan { interface: Some("GigabitEthernet0/0/1"), gateway: 10.10.10.1/24, host: 10.10.10.2 }
        hq ethernet1/1 198.51.100.20/24 by 198.51.100.1 default false
          Lan { interface: Some("ethernet1/2"), gateway: 10.20.20.1/24, host: 10.20.20.2 }
        pings [(10.10.10.2, 10.20.20.2)]
        protected [10.10.10.0/24, 10.20.20.0/24]
        assumed branch: Tunnel0 takes no ICMP (10.10.10.0/24 protocol 6 <-> 10.20.20.0/24 protocol 6), so no ping can test it
        assumed hq: tun-branch:lan-to-lan takes no ICMP (10.20.20.0/24 protocol 6 <-> 10.10.10.0/24 protocol 6), so no ping can test it
    "#]],
    );
}

#[test]
fn a_peer_whose_tunnels_are_all_off_is_told_from_none() {
    let branch = gateway("site-to-site/branch.cfg");
    let mut hq = gateway("site-to-site/hq.xml");
    hq.connections[0].children[0].enabled.value = false;
    check(
        &branch,
        &hq,
        expect![[r#"
        no IKEv2 peer of the hq file can be used: each is disabled, shut down, without a tunnel, or has an error (see the findings above)
    "#]],
    );
    hq.connections.clear();
    check(
        &branch,
        &hq,
        expect![[r#"
        the hq file configures no IKEv2 peer that can be used; expected one with its tunnel: what to negotiate, with whom, for which traffic
    "#]],
    );
}

#[test]
fn of_peers_that_fit_equally_well_the_first_is_taken() {
    let branch = gateway("site-to-site/branch.cfg");
    let mut hq = gateway("site-to-site/hq.xml");
    let mut second = hq.connections[0].clone();
    second.name.value = "second".into();
    hq.connections.push(second);
    let plan = Plan::new(&branch, &hq).expect("a plan");
    assert_eq!(plan.hq.connection, "gw-branch");
}

#[test]
fn of_several_interfaces_the_one_with_the_longest_prefix_has_the_network() {
    let (mut branch, hq) = narrowed("10.10.10.0/24", "10.20.20.0/24", 0);
    let mut wide = branch.interfaces[0].clone();
    wide.name.value = "GigabitEthernet0/0/9".into();
    wide.kind = crossgate_model::InterfaceKind::Physical;
    let address = "10.10.10.2/8".parse().expect("an address");
    wide.addresses = vec![crossgate_model::Spanned::default_of(address)];
    branch.interfaces.insert(0, wide);
    let plan = Plan::new(&branch, &hq).expect("a plan");
    let lan = &plan.branch.lans[0];
    assert_eq!(lan.interface.as_deref(), Some("GigabitEthernet0/0/1"));
    // The second address of the network is the other interface's.
    assert_eq!(lan.host.to_string(), "10.10.10.3");
}

#[test]
fn no_single_host_is_the_gateway_of_another() {
    let (mut branch, hq) = narrowed("10.10.10.0/24", "10.20.20.0/24", 0);
    let host = |last: u8| Selector::net(format!("192.0.2.{last}/32").parse().expect("a host"));
    let child = branch.connections[0].children[0].clone();
    branch.connections[0].children = [60, 61, 62]
        .map(|last| {
            let mut child = child.clone();
            child.selectors.value.local = host(last);
            child
        })
        .to_vec();
    let plan = Plan::new(&branch, &hq).expect("a plan");
    let lans = plan.branch.lans.iter();
    let said: Vec<String> = lans
        .map(|lan| format!("{} by {}", lan.host, lan.gateway))
        .collect();
    let wanted = [
        "192.0.2.60 by 192.0.2.57/29",
        "192.0.2.61 by 192.0.2.57/29",
        "192.0.2.62 by 192.0.2.63/31",
    ];
    assert_eq!(said, wanted);
}

#[test]
fn a_route_elsewhere_is_no_route_to_the_peer() {
    let (mut branch, hq) = narrowed("10.10.10.0/24", "10.20.20.0/24", 0);
    let default = |route: &&mut crossgate_model::Route| route.destination.prefix_len() == 0;
    let route = branch.routes.iter_mut().find(default).expect("a route");
    route.destination.value = "10.99.0.0/16".parse().expect("a network");
    let plan = Plan::new(&branch, &hq).expect("a plan");
    assert!(plan.branch.needs_default_route);
    assert_eq!(plan.branch.wan_router.to_string(), "203.0.113.1");
}

#[test]
fn no_default_route_is_made_beside_one_that_discards_what_is_for_the_peer() {
    let (mut branch, hq) = narrowed("10.10.10.0/24", "10.20.20.0/24", 0);
    let default = |route: &&mut crossgate_model::Route| route.destination.prefix_len() == 0;
    let route = branch.routes.iter_mut().find(default).expect("a route");
    route.via = NextHop::Discard;
    let discards = |branch: &Gateway| {
        let plan = Plan::new(branch, &hq).expect("a plan");
        !plan.branch.needs_default_route
    };
    assert!(discards(&branch));
    let mut better = branch.routes[0].clone();
    better.via = NextHop::Interface(crossgate_model::Spanned::default_of("Gi9".into()));
    better.destination.value = "198.51.100.0/24".parse().expect("a network");
    branch.routes.push(better);
    assert!(!discards(&branch));
}
