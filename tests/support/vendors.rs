//! Our end's configuration in both vendors' languages.

use super::tunnel::{Endpoint, Esp, Identity, Ike, Network, Starts, Suite, Tunnel};
use super::world::End;
use std::net::Ipv4Addr;

/// Whose language our end speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vendor {
    Ios,
    /// IOS-XE with a crypto map in the place of a tunnel interface.
    IosCryptoMap,
    PanOs,
}

impl Vendor {
    pub fn configuration(self, tunnel: &Tunnel) -> String {
        match self {
            Self::Ios => ios(tunnel, &tunnel_interface(tunnel)),
            Self::IosCryptoMap => ios(tunnel, &crypto_map(tunnel)),
            Self::PanOs => pan_os(tunnel),
        }
    }

    /// The file's name, as an operator would choose it.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Ios | Self::IosCryptoMap => "branch.cfg",
            Self::PanOs => "branch.set",
        }
    }

    /// The configuration's names of the WAN and LAN interfaces.
    pub fn interfaces(self) -> [&'static str; 2] {
        match self {
            Self::Ios | Self::IosCryptoMap => ["GigabitEthernet1", "GigabitEthernet2"],
            Self::PanOs => ["ethernet1/1", "ethernet1/2"],
        }
    }

    /// The vendor's command that deletes the IKE SA with its Child.
    pub fn delete_command(self) -> &'static str {
        match self {
            Self::Ios | Self::IosCryptoMap => "clear crypto session",
            Self::PanOs => "clear vpn ike-sa gateway PEER",
        }
    }
}

/// The WAN's next hop.
fn router(local: &Endpoint) -> Ipv4Addr {
    let [a, b, c, _] = local.address.octets();
    Network([a, b, c]).host(1)
}

/// `carrier` is what sends packets into the tunnel.
fn ios(tunnel: &Tunnel, carrier: &str) -> String {
    let (local, remote) = (&tunnel.local, &tunnel.remote);
    let peer = remote.reached_at;
    let (proposal, group) = match tunnel.suite.ike {
        Ike::Cbc14 => (" encryption aes-cbc-256\n integrity sha256", 14),
        Ike::Gcm19 => (" encryption aes-gcm-256\n prf sha256", 19),
    };
    let transforms = match tunnel.suite.esp {
        Esp::CbcSha256 => "esp-aes 256 esp-sha256-hmac",
        Esp::CbcSha512 => "esp-aes 256 esp-sha512-hmac",
        Esp::Gcm => "esp-gcm 256",
    };
    let esn = if tunnel.suite.esn { " esn\n" } else { "" };
    let identity = match &local.identity {
        Identity::Address(address) => format!("address {address}"),
        Identity::Fqdn(name) => format!("fqdn {name}"),
    };
    let accepted = match &remote.identity {
        Identity::Address(address) => format!("address {address} 255.255.255.255"),
        Identity::Fqdn(name) => format!("fqdn {name}"),
    };
    format!(
        "version 17.9
hostname branch
!
crypto ikev2 proposal PROPOSAL
{proposal}
 group {group}
!
crypto ikev2 policy POLICY
 proposal PROPOSAL
!
crypto ikev2 keyring KEYRING
 peer PEER
  address {peer}
  pre-shared-key {key}
 !
!
crypto ikev2 profile PROFILE
 match identity remote {accepted}
 identity local {identity}
 authentication remote pre-share
 authentication local pre-share
 keyring local KEYRING
 lifetime 28800
 dpd 10 2 periodic
!
crypto ipsec transform-set TRANSFORMS {transforms}
 mode tunnel
{esn}!
ip access-list extended PROTECTED
 permit ip {local_net} 0.0.0.255 {remote_net} 0.0.0.255
!
interface GigabitEthernet2
 ip address {lan} 255.255.255.0
!
{carrier}!
ip route 0.0.0.0 0.0.0.0 {router}
!
end
",
        key = tunnel.key,
        lan = local.network.host(1),
        router = router(local),
        local_net = local.network.host(0),
        remote_net = remote.network.host(0),
    )
}

/// With a policy ACL: selectors as on the other end. It begins by itself.
fn tunnel_interface(tunnel: &Tunnel) -> String {
    let waits = match tunnel.starts {
        Starts::Local => "",
        Starts::Remote => " responder-only\n",
    };
    format!(
        "crypto ipsec profile IPSEC
 set transform-set TRANSFORMS
{pfs} set ikev2-profile PROFILE
{waits}!
interface GigabitEthernet1
 ip address {wan} 255.255.255.0
!
interface Tunnel0
 ip address 169.254.0.1 255.255.255.252
 tunnel source GigabitEthernet1
 tunnel mode ipsec ipv4
 tunnel destination {peer}
 tunnel protection ipsec policy ipv4 PROTECTED
 tunnel protection ipsec profile IPSEC
!
ip route {route} 255.255.255.0 Tunnel0
",
        pfs = ios_pfs(tunnel),
        wan = tunnel.local.address,
        peer = tunnel.remote.reached_at,
        route = tunnel.remote.network.host(0),
    )
}

/// It begins when there is traffic.
fn crypto_map(tunnel: &Tunnel) -> String {
    format!(
        "crypto map MAP 10 ipsec-isakmp
 set peer {peer}
 set transform-set TRANSFORMS
{pfs} set ikev2-profile PROFILE
 match address PROTECTED
!
interface GigabitEthernet1
 ip address {wan} 255.255.255.0
 crypto map MAP
",
        pfs = ios_pfs(tunnel),
        wan = tunnel.local.address,
        peer = tunnel.remote.reached_at,
    )
}

fn ios_pfs(tunnel: &Tunnel) -> &'static str {
    match tunnel.suite {
        Suite { pfs: false, .. } => "",
        Suite {
            ike: Ike::Cbc14, ..
        } => " set pfs group14\n",
        Suite {
            ike: Ike::Gcm19, ..
        } => " set pfs group19\n",
    }
}

/// A tunnel with one proxy ID.
fn pan_os(tunnel: &Tunnel) -> String {
    let (local, remote) = (&tunnel.local, &tunnel.remote);
    let (ike, group) = match tunnel.suite.ike {
        Ike::Cbc14 => (("aes-256-cbc", "sha256"), "group14"),
        Ike::Gcm19 => (("aes-256-gcm", "non-auth"), "group19"),
    };
    let esp = match tunnel.suite.esp {
        Esp::CbcSha256 => ("aes-256-cbc", "sha256"),
        Esp::CbcSha512 => ("aes-256-cbc", "sha512"),
        Esp::Gcm => ("aes-256-gcm", "none"),
    };
    let pfs = if tunnel.suite.pfs { group } else { "no-pfs" };
    let passive = match tunnel.starts {
        Starts::Local => "no",
        Starts::Remote => "yes",
    };
    let lines = [
        "deviceconfig system hostname branch".to_owned(),
        format!(
            "network interface ethernet ethernet1/1 layer3 ip {}/24",
            local.address
        ),
        format!(
            "network interface ethernet ethernet1/2 layer3 ip {}/24",
            local.network.host(1)
        ),
        "network interface tunnel units tunnel.1 comment site".to_owned(),
        "network virtual-router default interface [ ethernet1/1 ethernet1/2 tunnel.1 ]".to_owned(),
        static_route(
            "internet",
            &format!("0.0.0.0/0 nexthop ip-address {}", router(local)),
        ),
        static_route("site", &format!("{} interface tunnel.1", remote.network)),
        crypto_profile("ike", &format!("encryption {}", ike.0)),
        crypto_profile("ike", &format!("hash {}", ike.1)),
        crypto_profile("ike", &format!("dh-group {group}")),
        crypto_profile("ike", "lifetime seconds 28800"),
        crypto_profile("ipsec", &format!("esp encryption {}", esp.0)),
        crypto_profile("ipsec", &format!("esp authentication {}", esp.1)),
        crypto_profile("ipsec", &format!("dh-group {pfs}")),
        crypto_profile("ipsec", "lifetime seconds 3600"),
        gateway(&format!(
            "authentication pre-shared-key key \"{}\"",
            tunnel.key
        )),
        gateway("protocol version ikev2"),
        gateway("protocol ikev2 ike-crypto-profile PROFILE"),
        gateway("protocol ikev2 dpd enable yes"),
        gateway("protocol ikev2 dpd interval 5"),
        gateway("protocol-common nat-traversal enable yes"),
        gateway(&format!("protocol-common passive-mode {passive}")),
        gateway(&format!(
            "local-address interface ethernet1/1 ip {}/24",
            local.address
        )),
        gateway(&format!("peer-address ip {}", remote.reached_at)),
        gateway(&format!("local-id {}", typed_identity(&local.identity))),
        gateway(&format!("peer-id {}", typed_identity(&remote.identity))),
        ipsec_tunnel("tunnel-interface tunnel.1"),
        ipsec_tunnel("auto-key ike-gateway PEER"),
        ipsec_tunnel("auto-key ipsec-crypto-profile PROFILE"),
        ipsec_tunnel(&format!("auto-key proxy-id lan local {}", local.network)),
        ipsec_tunnel(&format!("auto-key proxy-id lan remote {}", remote.network)),
        ipsec_tunnel("auto-key proxy-id lan protocol any"),
        zone("untrust", "ethernet1/1"),
        zone("trust", "ethernet1/2"),
        zone("vpn", "tunnel.1"),
    ];
    lines.iter().map(|line| format!("set {line}\n")).collect()
}

fn static_route(name: &str, rest: &str) -> String {
    format!(
        "network virtual-router default routing-table ip static-route {name} destination {rest}"
    )
}

fn crypto_profile(kind: &str, rest: &str) -> String {
    format!("network ike crypto-profiles {kind}-crypto-profiles PROFILE {rest}")
}

fn gateway(rest: &str) -> String {
    format!("network ike gateway PEER {rest}")
}

fn ipsec_tunnel(rest: &str) -> String {
    format!("network tunnel ipsec SITE {rest}")
}

fn zone(name: &str, interface: &str) -> String {
    format!("zone {name} network layer3 {interface}")
}

fn typed_identity(identity: &Identity) -> String {
    match identity {
        Identity::Address(address) => format!("type ipaddr id {address}"),
        Identity::Fqdn(name) => format!("type fqdn id {name}"),
    }
}

/// A configuration with the ends' addresses of IPv6 (`World::add_ipv6_outside`), `local`'s in PAN-OS's words;
/// what goes through the tunnel stays of IPv4.
pub fn over_ipv6(local: End, configuration: &str) -> String {
    let layer3 = "set network interface ethernet ethernet1/1 layer3";
    let (v4, v6) = (local.wan(), local.wan_v6());
    let interface = format!("{layer3} ipv6 enabled yes\n{layer3} ipv6 address {v6}/64");
    let mut lines = configuration
        .replace(&format!("{layer3} ip {v4}/24"), &interface)
        .replace(
            &format!("ethernet1/1 ip {v4}/24"),
            &format!("ethernet1/1 ip {v6}/64"),
        );
    for end in [End::A, End::B] {
        lines = lines.replace(&end.wan().to_string(), &end.wan_v6().to_string());
    }
    lines
}
