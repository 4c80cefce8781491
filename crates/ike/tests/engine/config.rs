//! Configurations that suit each other, to be changed by the tests.

use crossgate_crypto::{DhGroup, Encr, Integ, Prf, Secret};
use crossgate_diag::Certainty;
use crossgate_model::behaviour::{Liveness, ResponderSelectors, Retransmission};
use crossgate_model::*;
use std::time::Duration;

pub const A: &str = "192.0.2.1";
pub const B: &str = "198.51.100.1";
pub const KEY: &[u8] = b"a key for the tests";

/// Not written in any file.
pub fn given<T>(value: T) -> Spanned<T> {
    Spanned::default_of(value)
}

pub fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub fn net(text: &str) -> Selector {
    Selector::net(text.parse().unwrap())
}

pub fn pair(local: &str, remote: &str) -> SelectorPair {
    SelectorPair {
        local: net(local),
        remote: net(remote),
    }
}

pub fn gateway_a() -> Gateway {
    gateway(A, B, pair("10.1.0.0/16", "10.2.0.0/16"))
}

pub fn gateway_b() -> Gateway {
    gateway(B, A, pair("10.2.0.0/16", "10.1.0.0/16"))
}

fn gateway(local: &str, remote: &str, selectors: SelectorPair) -> Gateway {
    Gateway {
        dialect: "test",
        hostname: None,
        release: None,
        behaviour: Behaviour::rfc7296(),
        interfaces: Vec::new(),
        routes: Vec::new(),
        connections: vec![connection(local, remote, selectors)],
        limits: Limits::default(),
        policy: Policy::default().into(),
        throughput_cap: None,
        certificates: Vec::new(),
    }
}

pub fn connection(local: &str, remote: &str, selectors: SelectorPair) -> Connection {
    let address = |text: &str| Identity::Address(text.parse().unwrap());
    Connection {
        name: given("peer".to_owned()),
        version: given(IkeVersion::V2),
        local: LocalEnd {
            interface: None,
            address: Some(given(local.parse().unwrap())),
        },
        remote: RemoteEnd::Address(given(remote.parse().unwrap())),
        proposals: vec![IkeProposal {
            name: None,
            encr: vec![given(Encr::AesCbc256)],
            integ: vec![given(Integ::HmacSha256_128)],
            prf: vec![given(Prf::HmacSha256)],
            groups: vec![given(DhGroup::Ecp20)],
        }],
        local_identity: given(address(local)),
        remote_identities: vec![given(IdentityMatch::Exactly(address(remote)))],
        local_auth: given(psk(KEY)),
        remote_auth: given(psk(KEY)),
        certificates: CertificateUse::default(),
        post_quantum: None,
        lifetime: given(seconds(86_400)),
        liveness: None,
        nat: Nat {
            enabled: given(true),
            force_encapsulation: given(false),
            agrees_on_udp: false,
            keepalive: given(seconds(20)),
        },
        fragmentation: None,
        initiation: given(Initiation::OnTraffic),
        enabled: given(true),
        children: vec![child("net", selectors)],
    }
}

pub fn child(name: &str, selectors: SelectorPair) -> Child {
    Child {
        name: given(name.to_owned()),
        tunnel: given("tunnel".to_owned()),
        tunnel_interface: None,
        selectors: given(selectors),
        responder_selectors: Claim::new(ResponderSelectors::Narrow, Certainty::Rfc, "test"),
        proposals: vec![EspProposal {
            name: None,
            encr: vec![given(Encr::AesGcm128)],
            integ: vec![],
            esn: false,
        }],
        pfs: None,
        lifetime: Lifetime {
            time: given(seconds(3600)),
            kilobytes: None,
            idle: None,
        },
        replay_window: given(1024),
        oversize: Default::default(),
        enabled: given(true),
    }
}

pub fn psk(key: &[u8]) -> Auth {
    Auth::Psk(PresharedKey::Known(Secret::copy_of(key)))
}

/// The first connection of a gateway: the only one, mostly.
pub fn first(gateway: &mut Gateway) -> &mut Connection {
    &mut gateway.connections[0]
}

pub fn liveness(interval: u64, on_demand: bool, waits: &[u64]) -> Option<Spanned<Liveness>> {
    Some(given(Liveness {
        interval: seconds(interval),
        on_demand,
        retransmission: Retransmission::seconds(waits),
    }))
}

/// Three Children per end, mirrored.
pub fn three_children(gateway: &mut Gateway) {
    let connection = first(gateway);
    let is_a = connection.local.address.unwrap().value == A.parse::<std::net::IpAddr>().unwrap();
    for n in [2, 3] {
        let (a, b) = (format!("10.1.{n}.0/24"), format!("10.{}.0.0/16", n + 1));
        let selectors = if is_a { pair(&a, &b) } else { pair(&b, &a) };
        connection
            .children
            .push(child(&format!("net{n}"), selectors));
    }
}
