//! Two hubs with as many tunnels between them as wanted: synthetic, in the manner of
//! `examples/site-to-site`.

#[derive(Clone, Copy)]
pub struct Hub {
    pub tunnels: usize,
    /// Every so manieth tunnel has PFS at the router only; 0: none.
    pub wrong: usize,
}

impl Hub {
    fn is_wrong(self, tunnel: usize) -> bool {
        self.wrong > 0 && tunnel.is_multiple_of(self.wrong)
    }

    fn each(self, text: impl Fn(usize) -> String) -> String {
        (0..self.tunnels).map(text).collect()
    }
}

/// The last two octets of a tunnel's networks and addresses.
fn numbers(tunnel: usize) -> (usize, usize) {
    (tunnel / 200, tunnel % 200 + 1)
}

/// The router's file.
pub fn branches(hub: Hub) -> String {
    let keys = hub.each(|tunnel| {
        let (a, b) = numbers(tunnel);
        format!(
            " peer P{tunnel}\n  address 198.18.{a}.{b}\n  pre-shared-key Zk4Wd9Xr2TbN6vQmJ8sLp3HfC7yGe5A{tunnel}\n !\n"
        )
    });
    let tunnels = hub.each(router_tunnel);
    let routes = hub.each(|tunnel| {
        let (a, b) = numbers(tunnel);
        format!("ip route 11.{a}.{b}.0 255.255.255.0 Tunnel{tunnel}\n")
    });
    format!(
        "version 17.9\nhostname hub\n\
         crypto ikev2 proposal IKE\n encryption aes-cbc-256\n integrity sha256\n group 14\n\
         crypto ikev2 policy POLICY\n proposal IKE\n\
         crypto ikev2 keyring KEYS\n{keys}\
         crypto ipsec transform-set ESP esp-aes 256 esp-sha256-hmac\n mode tunnel\n\
         {tunnels}\
         interface GigabitEthernet0/0/0\n ip address 203.0.113.10 255.255.255.0\n\
         interface GigabitEthernet0/0/1\n ip address 12.255.0.1 255.255.0.0\n\
         ip route 0.0.0.0 0.0.0.0 203.0.113.1\n{routes}end\n"
    )
}

fn router_tunnel(tunnel: usize) -> String {
    let (a, b) = numbers(tunnel);
    format!(
        "crypto ikev2 profile R{tunnel}\n match identity remote address 198.18.{a}.{b} 255.255.255.255\n\
         \x20authentication remote pre-share\n authentication local pre-share\n keyring local KEYS\n\
         \x20lifetime 28800\n dpd 10 3 periodic\n!\n\
         crypto ipsec profile I{tunnel}\n set transform-set ESP\n set pfs group14\n set ikev2-profile R{tunnel}\n!\n\
         interface Tunnel{tunnel}\n ip address 169.254.{a}.{b} 255.255.255.255\n ip mtu 1400\n\
         \x20ip tcp adjust-mss 1360\n tunnel source GigabitEthernet0/0/0\n tunnel mode ipsec ipv4\n\
         \x20tunnel destination 198.18.{a}.{b}\n tunnel protection ipsec policy ipv4 L{tunnel}\n\
         \x20tunnel protection ipsec profile I{tunnel}\n!\n\
         ip access-list extended L{tunnel}\n 10 permit ip 12.{a}.{b}.0 0.0.0.255 11.{a}.{b}.0 0.0.0.255\n!\n"
    )
}

/// The firewall's file, in `set` form.
pub fn headquarters(hub: Hub) -> String {
    let tunnels = hub.each(|tunnel| firewall_tunnel(tunnel, hub.is_wrong(tunnel)));
    let names = hub.each(|tunnel| format!("tunnel.{} ", tunnel + 1));
    format!(
        "set deviceconfig system hostname hq\n\
         set network interface ethernet ethernet1/2 layer3 ip 11.255.0.1/16\n\
         set network ike crypto-profiles ike-crypto-profiles IKE encryption aes-256-cbc\n\
         set network ike crypto-profiles ike-crypto-profiles IKE hash sha256\n\
         set network ike crypto-profiles ike-crypto-profiles IKE dh-group group14\n\
         set network ike crypto-profiles ike-crypto-profiles IKE lifetime hours 8\n\
         {tunnels}\
         set network virtual-router default interface [ ethernet1/1 ethernet1/2 {names}]\n\
         set network virtual-router default routing-table ip static-route internet destination 0.0.0.0/0\n\
         set network virtual-router default routing-table ip static-route internet interface ethernet1/1\n\
         set network virtual-router default routing-table ip static-route internet nexthop ip-address 198.18.0.254\n\
         set vsys vsys1 zone untrust network layer3 ethernet1/1\n\
         set vsys vsys1 zone trust network layer3 ethernet1/2\n\
         set vsys vsys1 zone vpn network layer3 [ {names}]\n\
         set vsys vsys1 rulebase security rules all from [ vpn trust ]\n\
         set vsys vsys1 rulebase security rules all to [ vpn trust ]\n\
         set vsys vsys1 rulebase security rules all source any\n\
         set vsys vsys1 rulebase security rules all destination any\n\
         set vsys vsys1 rulebase security rules all application any\n\
         set vsys vsys1 rulebase security rules all service any\n\
         set vsys vsys1 rulebase security rules all action allow\n"
    )
}

fn firewall_tunnel(tunnel: usize, is_wrong: bool) -> String {
    let (a, b) = numbers(tunnel);
    let unit = tunnel + 1;
    let group = if is_wrong { "no-pfs" } else { "group14" };
    let profile = format!("set network ike crypto-profiles ipsec-crypto-profiles E{tunnel}");
    let gateway = format!("set network ike gateway G{tunnel}");
    let ipsec = format!("set network tunnel ipsec T{tunnel}");
    let route =
        format!("set network virtual-router default routing-table ip static-route S{tunnel}");
    format!(
        "set network interface ethernet ethernet1/1 layer3 ip 198.18.{a}.{b}/16\n\
         set network interface tunnel units tunnel.{unit} mtu 1400\n\
         {profile} esp encryption aes-256-cbc\n{profile} esp authentication sha256\n\
         {profile} dh-group {group}\n{profile} lifetime hours 1\n\
         {gateway} authentication pre-shared-key key Zk4Wd9Xr2TbN6vQmJ8sLp3HfC7yGe5A{tunnel}\n\
         {gateway} protocol version ikev2\n{gateway} protocol ikev2 ike-crypto-profile IKE\n\
         {gateway} protocol ikev2 dpd enable yes\n{gateway} protocol ikev2 dpd interval 10\n\
         {gateway} local-address interface ethernet1/1\n\
         {gateway} local-address ip 198.18.{a}.{b}/16\n{gateway} peer-address ip 203.0.113.10\n\
         {ipsec} auto-key ike-gateway G{tunnel}\n{ipsec} auto-key ipsec-crypto-profile E{tunnel}\n\
         {ipsec} auto-key proxy-id p protocol any\n{ipsec} auto-key proxy-id p local 11.{a}.{b}.0/24\n\
         {ipsec} auto-key proxy-id p remote 12.{a}.{b}.0/24\n{ipsec} tunnel-interface tunnel.{unit}\n\
         {route} destination 12.{a}.{b}.0/24\n{route} interface tunnel.{unit}\n"
    )
}
