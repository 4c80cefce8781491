//! Whether this kernel can be the data plane: asked by installing what will be needed, and removing it.

use super::socket::Requests;
use super::state::{self, Direction, Tie};
use crate::netlink::Netlink;
use crate::plan;
use crate::vti;
use crossgate_crypto::{Encr, Integ, Secret};
use crossgate_model::view::{Encapsulation, Role};
use crossgate_model::{ChildSa, DirectionKeys, Gateway, OutboundUse, Path};
use rand_core::Rng;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

/// Documentation addresses (RFC 5737): nobody's.
const NOWHERE: [IpAddr; 2] = [
    IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1)),
    IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2)),
];
const PROBE_DEVICE: &str = "cg-probe0";

/// Why not, as a sentence that says what was expected, what was found and what to do.
pub fn probe(gateway: &Gateway, netlink: &mut Netlink, rng: &mut impl Rng) -> Result<(), String> {
    if let Some(address) = outer_v6(gateway) {
        return Err(format!(
            "tunnels of the kernel are carried in IPv4 here, and {address} is IPv6"
        ));
    }
    let mut requests = Requests::open().map_err(|error| {
        format!("its XFRM interface does not open ({error}): load the module xfrm_user")
    })?;
    for (encr, integ) in suites(gateway) {
        let name = integ.map_or(encr.name().to_owned(), |integ| {
            format!("{}/{}", encr.name(), integ.name())
        });
        try_suite(&mut requests, encr, integ, rng).map_err(|reason| {
            format!(
                "it refuses ESP with {name} ({reason}): load its modules esp4 and those of the algorithms, or run a kernel that has them"
            )
        })?;
    }
    vti::probe(netlink, PROBE_DEVICE, NOWHERE)
        .map_err(|error| format!("it makes no VTI device ({error}): load its module ip_vti"))
}

fn outer_v6(gateway: &Gateway) -> Option<IpAddr> {
    let ends = gateway.connections.iter().flat_map(|connection| {
        let local = connection.local.address.as_ref().map(|a| a.value);
        [local, connection.remote.address()]
    });
    ends.flatten().find(IpAddr::is_ipv6)
}

/// All that may be agreed on.
fn suites(gateway: &Gateway) -> BTreeSet<(Encr, Option<Integ>)> {
    let children = gateway.children().map(|(_, child)| child);
    let all = children.flat_map(|child| child.proposals.iter().flat_map(plan::suites));
    let usable = |(encr, integ): &(Encr, Option<Integ>)| {
        encr.usable() && integ.is_none_or(|integ| integ.usable())
    };
    all.filter(usable).collect()
}

fn try_suite(
    requests: &mut Requests,
    encr: Encr,
    integ: Option<Integ>,
    rng: &mut impl Rng,
) -> Result<(), String> {
    let sa = sample(encr, integ, rng);
    let tie = Tie {
        reqid: 0,
        mark: vti::mark_of(PROBE_DEVICE),
        offload: None,
    };
    let mut message = state::add(&sa, Direction::Out, tie)?;
    let id = state::id(&sa, &sa.path, Direction::Out, tie.mark);
    requests
        .change(&mut message)
        .map_err(|error| error.to_string())?;
    requests
        .change(&mut state::delete(id))
        .map_err(|error| error.to_string())
}

/// An SA with nobody, whose keys are drawn.
fn sample(encr: Encr, integ: Option<Integ>, rng: &mut impl Rng) -> ChildSa {
    let mut keys = || {
        let mut secret = |length: usize| {
            let mut octets = vec![0; length];
            rng.fill_bytes(&mut octets);
            Secret::new(octets)
        };
        DirectionKeys {
            encr: secret(encr.keymat_len()),
            integ: secret(integ.map_or(0, Integ::key_len)),
        }
    };
    let (keys_in, keys_out) = (keys(), keys());
    ChildSa {
        id: 0,
        connection: String::new(),
        child: String::new(),
        role: Role::Initiator,
        spi_in: rng.next_u32() | 0x8000_0000,
        spi_out: rng.next_u32() | 0x8000_0000,
        encr,
        integ,
        esn: false,
        keys_in,
        keys_out,
        local_selectors: Vec::new(),
        remote_selectors: Vec::new(),
        path: Path {
            local: NOWHERE[0],
            remote: NOWHERE[1],
            encapsulation: Encapsulation::Esp,
        },
        outbound: OutboundUse::Immediately,
        replay_window: 32,
        soft_kilobytes: None,
        hard_kilobytes: None,
        hard_lifetime: Duration::from_secs(10),
    }
}
