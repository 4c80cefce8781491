//! A snapshot for programs: `request json` on the control socket.

use crossgate_model::view::{
    ChildCounters, ChildSaView, ChildView, ConnectionView, Encapsulation, IkeSaView, InterfaceView,
    RouteView, Snapshot, WorkerView,
};
use serde_json::{Value, json};

pub fn render(snapshot: &Snapshot) -> Value {
    let system = &snapshot.system;
    json!({
        "hostname": system.hostname,
        "release": system.release,
        "version": system.version,
        "uptime_seconds": system.uptime.as_secs(),
        "ciphers": system.ciphers,
        "workers": system.workers.iter().map(worker).collect::<Vec<_>>(),
        "interfaces": snapshot.interfaces.iter().map(interface).collect::<Vec<_>>(),
        "routes": snapshot.routes.iter().map(route).collect::<Vec<_>>(),
        "connections": snapshot.connections.iter().map(connection).collect::<Vec<_>>(),
        "counters": snapshot.counters,
    })
}

fn worker(view: &WorkerView) -> Value {
    json!({
        "number": view.number,
        "devices": view.devices,
        "sas": view.sas,
        "totals": counters(&view.totals),
        "counters": view.counters,
    })
}

fn interface(view: &InterfaceView) -> Value {
    json!({
        "name": view.name,
        "device": view.device,
        "tunnel": view.tunnel,
        "line_up": view.line_up,
        "addresses": view.addresses.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "mtu": view.mtu,
        "packets_received": view.received.packets,
        "packets_sent": view.sent.packets,
    })
}

fn route(view: &RouteView) -> Value {
    json!({
        "destination": view.destination.to_string(),
        "kind": format!("{:?}", view.kind).to_lowercase(),
        "gateway": view.gateway.map(|address| address.to_string()),
        "interface": view.interface,
        "discard": view.discard,
    })
}

fn connection(view: &ConnectionView) -> Value {
    json!({
        "id": view.id,
        "name": view.name,
        "local": view.local.map(|address| address.to_string()),
        "remote": view.remote.map(|address| address.to_string()),
        "enabled": view.enabled,
        "ike_sas": view.ike_sas.iter().map(ike_sa).collect::<Vec<_>>(),
        "children": view.children.iter().map(child).collect::<Vec<_>>(),
    })
}

fn ike_sa(view: &IkeSaView) -> Value {
    let suite = view.suite.map(|suite| {
        json!({
            "encr": suite.encr.name(),
            "integ": suite.integ.map(|integ| integ.name()),
            "prf": suite.prf.name(),
            "group": suite.group.name(),
        })
    });
    json!({
        "id": view.id,
        "state": format!("{:?}", view.state).to_lowercase(),
        "role": format!("{:?}", view.role).to_lowercase(),
        "local": view.local.to_string(),
        "remote": view.remote.to_string(),
        "initiator_spi": format!("{:016x}", view.initiator_spi),
        "responder_spi": format!("{:016x}", view.responder_spi),
        "suite": suite,
        "local_identity": view.local_identity,
        "remote_identity": view.remote_identity,
        "age_seconds": view.age.as_secs(),
        "lifetime_seconds": view.lifetime.as_secs(),
        "nat_local": view.nat_local,
        "nat_remote": view.nat_remote,
    })
}

fn child(view: &ChildView) -> Value {
    json!({
        "id": view.id,
        "name": view.name,
        "tunnel": view.tunnel,
        "tunnel_interface": view.tunnel_interface,
        "selectors": { "local": view.selectors.local.to_string(), "remote": view.selectors.remote.to_string() },
        "sas": view.sas.iter().map(child_sa).collect::<Vec<_>>(),
        "totals": counters(&view.totals),
        "last_failure": view.last_failure,
    })
}

fn child_sa(view: &ChildSaView) -> Value {
    json!({
        "id": view.id,
        "ike_id": view.ike_id,
        "role": format!("{:?}", view.role).to_lowercase(),
        "spi_in": format!("{:08x}", view.spi_in),
        "spi_out": format!("{:08x}", view.spi_out),
        "local": view.local.to_string(),
        "remote": view.remote.to_string(),
        "selectors": { "local": view.selectors.local.to_string(), "remote": view.selectors.remote.to_string() },
        "encr": view.encr.name(),
        "integ": view.integ.map(|integ| integ.name()),
        "esn": view.esn,
        "pfs": view.pfs.map(|group| group.name()),
        "encapsulation": match view.encapsulation {
            Encapsulation::Esp => "esp",
            Encapsulation::Udp { .. } => "udp",
        },
        "age_seconds": view.age.as_secs(),
        "lifetime_seconds": view.lifetime.as_secs(),
        "inner_mtu": view.inner_mtu,
        "path_mtu": view.path_mtu,
        "counters": counters(&view.counters),
    })
}

fn counters(counters: &ChildCounters) -> Value {
    json!({
        "packets_in": counters.packets_in,
        "bytes_in": counters.bytes_in,
        "packets_out": counters.packets_out,
        "bytes_out": counters.bytes_out,
        "auth_errors": counters.auth_errors,
        "decrypt_errors": counters.decrypt_errors,
        "replayed": counters.replayed,
        "outside_selectors": counters.outside_selectors,
        "send_errors": counters.send_errors,
        "no_sa": counters.no_sa,
        "acquires": counters.acquires,
    })
}
