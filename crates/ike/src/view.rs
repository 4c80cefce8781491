//! The running state as plain values.

use crate::child::{Child, Stage};
use crate::connection::Watched;
use crate::context::Context;
use crate::engine::registry::Registry;
use crate::sa::established::{Active, Established};
use crate::sa::{IkeSa, Peering};
use crossgate_crypto::IkeSuite;
use crossgate_model::view::{
    ChildCounters, ChildSaView, ChildView, ConnectionView, Encapsulation, IkeSaView, IkeState,
    IkeSuiteView,
};
use crossgate_model::{self as model, Time};

pub(crate) fn connections(
    cx: &Context,
    watched: &[Watched],
    sas: &Registry,
    now: Time,
) -> Vec<ConnectionView> {
    let mut child_ids = 1..;
    let mut connection_ids = 1..;
    let mut views = Vec::with_capacity(watched.len());
    for one in watched {
        let own = sas.of_connection(&one.config.name.value);
        let own: Vec<&IkeSa> = own.filter(|sa| !is_forgotten(sa)).collect();
        let children = one.config.children.iter().map(|child| {
            let id = child_ids.next().unwrap_or_default();
            child_view(cx, one, &own, child, id, now)
        });
        views.push(ConnectionView {
            name: one.config.name.value.clone(),
            local: one.config.local.address.map(|address| address.value),
            remote: one.config.remote.address(),
            enabled: one.config.enabled.value,
            ike_sas: own
                .iter()
                .filter(|sa| !is_gone(sa))
                .map(|sa| ike_view(sa, now))
                .collect(),
            children: children.collect(),
            id: connection_ids.next().unwrap_or_default(),
        });
    }
    views
}

/// Deleted on both ends, and kept only to answer a request that comes again.
fn is_gone(sa: &IkeSa) -> bool {
    matches!(sa, IkeSa::Closing(sa) if !sa.awaits_answer())
}

/// Over for both ends, and kept only to answer a repeated Delete.
fn is_forgotten(sa: &IkeSa) -> bool {
    matches!(sa, IkeSa::Closing(sa) if !sa.awaits_answer())
}

fn ike_view(sa: &IkeSa, now: Time) -> IkeSaView {
    let peering = sa.peering();
    let (state, suite) = match sa {
        IkeSa::Initiating(_) => (IkeState::Negotiating, None),
        IkeSa::Responding(sa) => (IkeState::Negotiating, Some(sa.channel.suite)),
        IkeSa::Authenticating(sa) => (IkeState::Negotiating, Some(sa.channel.suite)),
        IkeSa::Established(sa) => (state(sa), Some(sa.channel.suite)),
        IkeSa::Closing(_) => (IkeState::Deleting, None),
    };
    let view = common(peering, state, suite, now);
    match sa.established() {
        Some(sa) => with_established(view, sa, now),
        None => view,
    }
}

fn state(sa: &Established) -> IkeState {
    match &sa.active {
        _ if sa.closing.is_some() => IkeState::Deleting,
        Some(Active::RekeyIke(_)) => IkeState::Rekeying,
        _ if sa.superseded.is_some() => IkeState::Rekeying,
        _ => IkeState::Established,
    }
}

fn common(peering: &Peering, state: IkeState, suite: Option<IkeSuite>, now: Time) -> IkeSaView {
    let config = &peering.config;
    IkeSaView {
        id: peering.id,
        state,
        role: peering.role,
        local: peering.ends.local,
        remote: peering.ends.remote,
        initiator_spi: peering.spi_i.into(),
        responder_spi: peering.spi_r.into(),
        suite: suite.map(|suite| IkeSuiteView {
            encr: suite.encr,
            integ: suite.integ,
            prf: suite.prf,
            group: suite.dh,
        }),
        local_identity: config.local_identity.value.to_string(),
        remote_identity: String::new(),
        local_auth: config.local_auth.value.name().to_owned(),
        remote_auth: config.remote_auth.value.name().to_owned(),
        lifetime: config.lifetime.value,
        age: now.since(peering.born),
        rekey_in: None,
        nat_local: false,
        nat_remote: false,
        liveness: config
            .liveness
            .as_ref()
            .map(|liveness| liveness.value.interval),
        fragmentation: false,
        next_request: 0,
        next_expected: 0,
        outstanding: 0,
    }
}

fn with_established(view: IkeSaView, sa: &Established, now: Time) -> IkeSaView {
    IkeSaView {
        remote_identity: sa.peer.identity().to_string(),
        rekey_in: sa.soft_at.map(|at| at.since(now)),
        nat_local: sa.nat.local || sa.nat.forced,
        nat_remote: sa.nat.remote,
        fragmentation: sa.channel.fragment_to.is_some(),
        next_request: sa.channel.requests.next,
        next_expected: sa.channel.answers.expected,
        outstanding: u32::from(sa.channel.requests.outstanding.is_some()),
        ..view
    }
}

fn child_view(
    cx: &Context,
    watched: &Watched,
    sas: &[&IkeSa],
    child: &model::Child,
    id: u32,
    now: Time,
) -> ChildView {
    let name = &child.name.value;
    let mut views: Vec<ChildSaView> = sas
        .iter()
        .filter_map(|sa| sa.established())
        .flat_map(|sa| sa.children.values().map(move |one| (sa, one)))
        .filter(|(_, one)| one.name == *name && is_shown(one))
        .map(|(sa, one)| child_sa_view(cx, sa, one, now))
        .collect();
    views.sort_by_key(|view| std::cmp::Reverse(view.id));
    ChildView {
        id,
        name: name.clone(),
        tunnel: child.tunnel.value.clone(),
        tunnel_interface: child
            .tunnel_interface
            .as_ref()
            .map(|name| name.value.clone()),
        enabled: child.enabled.value && watched.config.enabled.value,
        selectors: child.selectors.value,
        lifetime: child.lifetime.time.value,
        kilobytes: child.lifetime.kilobytes.map(|kb| kb.value),
        pfs: child.pfs.map(|group| group.value),
        last_failure: watched.last_failure(name).map(str::to_owned),
        sas: views,
        totals: ChildCounters::default(),
    }
}

/// Those that the data plane still has.
fn is_shown(child: &Child) -> bool {
    match child.stage {
        Stage::Live | Stage::Replaced { .. } | Stage::Retired { .. } => true,
        Stage::Deleting(reason) => crate::child::survives_request(reason),
    }
}

fn child_sa_view(cx: &Context, sa: &Established, child: &Child, now: Time) -> ChildSaView {
    let path = sa.nat.path(sa.peering.ends);
    let path_mtu = path_mtu(cx, &sa.peering);
    ChildSaView {
        id: child.id,
        ike_id: sa.peering.id,
        role: child.role,
        spi_in: child.spi_in,
        spi_out: child.spi_out,
        local: path.local,
        remote: path.remote,
        selectors: child.agreed.pair(),
        encr: child.suite.encr,
        integ: child.suite.integ,
        esn: child.suite.esn,
        pfs: child.suite.group,
        encapsulation: path.encapsulation,
        lifetime: child.lifetime,
        age: now.since(child.born),
        kilobytes: child.kilobytes,
        replay_window: child.replay_window,
        inner_mtu: inner_mtu(path_mtu, &path, child),
        path_mtu,
        counters: ChildCounters::default(),
        message_id: child.message_id,
    }
}

const ETHERNET_MTU: u16 = 1500;

/// The MTU of the interface that the outer packets leave by.
fn path_mtu(cx: &Context, peering: &Peering) -> u16 {
    let name = peering.config.local.interface.as_ref();
    let interface = name.and_then(|name| cx.gateway.interface(&name.value));
    let mtu = interface.and_then(|interface| interface.mtu);
    mtu.map_or(ETHERNET_MTU, |mtu| mtu.value)
}

/// What is left of a packet after the outer headers, SPI and sequence number, IV, ICV, and the
/// trailer with its padding (RFC 4303 §2).
fn inner_mtu(path_mtu: u16, path: &model::Path, child: &Child) -> u16 {
    let ip = if path.local.is_ipv4() { 20 } else { 40 };
    let udp = match path.encapsulation {
        Encapsulation::Esp => 0,
        Encapsulation::Udp { .. } => 8,
    };
    let (encr, integ) = (child.suite.encr, child.suite.integ);
    let icv = integ.map_or(encr.icv_len(), |integ| integ.icv_len());
    let around = ip + udp + 8 + encr.iv_len() + icv;
    let sealed = usize::from(path_mtu).saturating_sub(around);
    let unit = encr.block_len().max(4);
    let inner = (sealed / unit * unit).saturating_sub(2);
    u16::try_from(inner).unwrap_or(u16::MAX)
}
