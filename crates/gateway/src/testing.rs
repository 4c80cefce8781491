//! What the tests of this crate share: configurations of both vendors, and machines as values.

use crate::dialect::{Dialect, Hints};
use crate::netlink::Device;
use crossgate_diag::Sources;
use crossgate_model::Gateway;

/// PAN-OS: one peer, one proxy ID, a static route into the tunnel and others.
pub const HQ: &str = "\
set deviceconfig system hostname hq
set network ike gateway GW authentication pre-shared-key key NotARealKey.1
set network ike gateway GW protocol version ikev2
set network ike gateway GW local-address interface ethernet1/1
set network ike gateway GW peer-address ip 203.0.113.10
set network tunnel ipsec TUN tunnel-interface tunnel.1
set network tunnel ipsec TUN auto-key ike-gateway GW
set network tunnel ipsec TUN auto-key proxy-id P local 10.20.20.0/24
set network tunnel ipsec TUN auto-key proxy-id P remote 10.10.10.0/24
set network interface ethernet ethernet1/1 layer3 ip 198.51.100.20/24
set network interface ethernet ethernet1/2 layer3 ip 10.20.20.1/24
set network interface tunnel units tunnel.1 mtu 1400
set network virtual-router default interface [ ethernet1/1 ethernet1/2 tunnel.1 ]
set network virtual-router default routing-table ip static-route R1 destination 10.10.0.0/16
set network virtual-router default routing-table ip static-route R1 interface tunnel.1
set network virtual-router default routing-table ip static-route R2 destination 0.0.0.0/0
set network virtual-router default routing-table ip static-route R2 nexthop ip-address 198.51.100.1
set network virtual-router default routing-table ip static-route R3 destination 192.0.2.0/24
set network virtual-router default routing-table ip static-route R3 nexthop discard
";

/// IOS-XE: a crypto map, and no block for the interface that it leaves by but its name.
pub const BRANCH: &str = "\
version 17.9
hostname branch
crypto ikev2 keyring KR
 peer HQ
  address 198.51.100.20
  pre-shared-key NotARealKey.1
crypto ikev2 profile PROF
 match identity remote address 198.51.100.20 255.255.255.255
 authentication remote pre-share
 authentication local pre-share
 keyring local KR
crypto ipsec transform-set TS esp-aes 256 esp-sha256-hmac
crypto map CM 10 ipsec-isakmp
 set peer 198.51.100.20
 set transform-set TS
 set ikev2-profile PROF
 match address VPN
interface GigabitEthernet1
 ip address 203.0.113.10 255.255.255.0
 crypto map CM
ip access-list extended VPN
 permit tcp 10.10.10.0 0.0.0.255 10.20.20.0 0.0.0.255 eq 443
";

pub fn gateway(text: &str) -> Gateway {
    let mut sources = Sources::new();
    let file = sources.add("test", text);
    let dialect = Dialect::of(text).expect("a known language");
    dialect
        .read(&mut sources, file, &Hints::default())
        .expect("a configuration")
        .gateway
}

pub fn device(name: &str, addresses: &[&str]) -> Device {
    let addresses = addresses.iter().map(|a| a.parse().expect("an address"));
    Device {
        name: name.into(),
        mtu: 1500,
        addresses: addresses.collect(),
        ..Device::default()
    }
}

/// A machine that fits [`HQ`].
pub fn hq_devices() -> Vec<Device> {
    vec![
        device("lo", &["127.0.0.1/8"]),
        device("eth0", &["198.51.100.20/24"]),
        device("eth1", &["10.20.20.1/24"]),
    ]
}
