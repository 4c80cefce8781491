//! Whether this kernel can be the data plane: asked by installing what will be needed, and removing it.

use super::socket::Requests;
use super::state::{self, Direction, Tie};
use crate::netlink::Netlink;
use crate::plan;
use crate::vti::{self, Ends};
use crossgate_crypto::{Encr, Integ, Secret};
use crossgate_model::view::{Encapsulation, Role};
use crossgate_model::{ChildSa, DirectionKeys, Gateway, OutboundUse, Path};
use rand_core::Rng;
use std::collections::BTreeSet;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

const PROBE_DEVICE: &str = "cg-probe0";

/// An IP version of the outer packets: what it takes of the kernel, and addresses that are nobody's.
struct Outside {
    esp: &'static str,
    vti: &'static str,
    ends: Ends,
}

const fn nowhere(local: IpAddr, remote: IpAddr) -> Ends {
    Ends { local, remote }
}

/// For documentation (RFC 5737, RFC 3849).
const V4: Outside = Outside {
    esp: "esp4",
    vti: "ip_vti",
    ends: nowhere(
        IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
        IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2)),
    ),
};
const V6: Outside = Outside {
    esp: "esp6",
    vti: "ip6_vti",
    ends: nowhere(
        IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)),
        IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 2)),
    ),
};

/// Why not, as a sentence that says what was expected, what was found and what to do.
pub fn probe(gateway: &Gateway, netlink: &mut Netlink, rng: &mut impl Rng) -> Result<(), String> {
    let mut requests = Requests::open().map_err(|error| {
        format!("its XFRM interface does not open ({error}): load the module xfrm_user")
    })?;
    for outside in outsides(gateway) {
        for suite in suites(gateway) {
            try_suite(&mut requests, suite, outside.ends, rng).map_err(|reason| {
                format!(
                    "it refuses ESP with {suite} ({reason}): load its modules {} and those of the algorithms, or run a kernel that has them",
                    outside.esp
                )
            })?;
        }
        vti::probe(netlink, PROBE_DEVICE, outside.ends).map_err(|error| {
            format!(
                "it makes no VTI device ({error}): load its module {}",
                outside.vti
            )
        })?;
    }
    Ok(())
}

/// What peers are reached by; IPv4 where that isn't known.
fn outsides(gateway: &Gateway) -> Vec<Outside> {
    let connections = gateway.connections.iter();
    let ends = connections.flat_map(|connection| {
        let local = connection.local.address.as_ref().map(|a| a.value);
        [local, connection.remote.address()]
    });
    let (v4, v6): (Vec<IpAddr>, Vec<IpAddr>) = ends.flatten().partition(IpAddr::is_ipv4);
    let v6 = (!v6.is_empty()).then_some(V6);
    let v4 = (!v4.is_empty() || v6.is_none()).then_some(V4);
    v4.into_iter().chain(v6).collect()
}

/// What an SA may be agreed with.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Suite {
    encr: Encr,
    integ: Option<Integ>,
    esn: bool,
}

impl fmt::Display for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.encr.name())?;
        if let Some(integ) = self.integ {
            write!(f, "/{}", integ.name())?;
        }
        let esn = if self.esn { "/ESN" } else { "" };
        f.write_str(esn)
    }
}

/// All that may be agreed on. Who offers extended sequence numbers offers plain ones, too.
fn suites(gateway: &Gateway) -> BTreeSet<Suite> {
    let children = gateway.children().map(|(_, child)| child);
    let proposals = children.flat_map(|child| &child.proposals);
    let all = proposals.flat_map(|proposal| {
        let numbers = [false, true].into_iter();
        let numbers = numbers.filter(|esn| !esn || proposal.esn);
        numbers.flat_map(|esn| {
            let pairs = plan::suites(proposal).into_iter();
            pairs.map(move |(encr, integ)| Suite { encr, integ, esn })
        })
    });
    let usable =
        |suite: &Suite| suite.encr.usable() && suite.integ.is_none_or(|integ| integ.usable());
    all.filter(usable).collect()
}

fn try_suite(
    requests: &mut Requests,
    suite: Suite,
    ends: Ends,
    rng: &mut impl Rng,
) -> Result<(), String> {
    let sa = sample(suite, ends, rng);
    let tie = Tie {
        reqid: 0,
        mark: vti::mark_of(PROBE_DEVICE),
        offload: None,
        clears_df: false,
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
fn sample(suite: Suite, ends: Ends, rng: &mut impl Rng) -> ChildSa {
    let Suite { encr, integ, esn } = suite;
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
        esn,
        keys_in,
        keys_out,
        local_selectors: Vec::new(),
        remote_selectors: Vec::new(),
        path: Path {
            local: ends.local,
            remote: ends.remote,
            encapsulation: Encapsulation::Esp,
        },
        outbound: OutboundUse::Immediately,
        replay_window: 32,
        soft_kilobytes: None,
        hard_kilobytes: None,
        hard_lifetime: Duration::from_secs(10),
    }
}
