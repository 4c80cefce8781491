//! The scenario's disturbances, carried out.

use super::World;
use crate::node::{Datagram, Node, NodeId};
use crate::queue::Due;
use crate::scenario::{Disturbance, Planned, Who};
use crate::trace::Happening;
use crossgate_model::operate::Operation;
use crossgate_model::{End, Gateway, Identity, Spanned, Time};
use crossgate_wire::ike::{ExchangeType, Header, NON_ESP_MARKER};
use ipnet::{IpNet, Ipv4Net};
use rand_core::Rng;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// How long an orderly reboot lets its deletes be answered.
const FAREWELL: Duration = Duration::from_secs(2);

impl World {
    /// Beginnings have even numbers, ends the odd one behind.
    pub(super) fn plan_changes(&mut self) {
        for (index, planned) in self.scenario.disturbances.iter().enumerate() {
            let begins = Time::START + planned.at;
            self.queue.plan(begins, Due::Change(2 * index));
            if let Some(ends) = planned.ends().filter(|_| planned.what.lasts()) {
                self.queue
                    .plan(Time::START + ends, Due::Change(2 * index + 1));
            }
        }
    }

    pub(super) fn change(&mut self, number: usize) {
        let index = number / 2;
        let Some(planned) = self.scenario.disturbances.get(index).copied() else {
            return;
        };
        match number % 2 {
            0 => self.begin_disturbance(index, planned),
            _ => self.end_disturbance(index, planned),
        }
    }

    fn begin_disturbance(&mut self, index: usize, planned: Planned) {
        let text = planned.what.text(&self.names());
        self.tell(Happening::Disturbance { text });
        match planned.what {
            Disturbance::NatRebinding => self.nats.iter_mut().for_each(|nat| nat.rebind()),
            Disturbance::Reboot(node) => {
                self.active.insert(index, planned);
                self.with_node(node, Node::shutdown);
                // The deletes leave before the power does.
                self.run_farewell(node);
                self.power_off(node);
                self.power_on_unless_out(node);
            }
            Disturbance::PowerLoss(node) => {
                self.active.insert(index, planned);
                self.power_off(node);
            }
            Disturbance::ClockStep { node, forwards, by } => {
                self.with_node(node, |node, _| node.step_clock(forwards, by));
            }
            Disturbance::Address { node, to } => self.readdress(node, to),
            Disturbance::Commit(node) => self.commit(node),
            Disturbance::Flood { .. } => {
                self.active.insert(index, planned);
                self.queue.plan(self.now, Due::Flood(index));
            }
            Disturbance::RekeyChild(who) => {
                self.operate_all(who, &Operation::RekeyChild { tunnel: None });
            }
            Disturbance::RekeyIke(who) => {
                self.operate_all(who, &Operation::RekeyIke { connection: None });
            }
            _ => {
                self.active.insert(index, planned);
                self.set_way();
            }
        }
    }

    /// Until its peers have answered, or long enough.
    fn run_farewell(&mut self, id: NodeId) {
        let until = self.now + FAREWELL;
        while self.queue.next().is_some_and(|at| at <= until) {
            let node = self.nodes.get(id.index()).and_then(Option::as_ref);
            if node.is_none_or(Node::is_quiet) {
                return;
            }
            if let Some((at, due)) = self.queue.pop(until) {
                self.now = self.now.max(at);
                self.turn(due);
            }
        }
    }

    fn end_disturbance(&mut self, index: usize, planned: Planned) {
        let text = format!("over: {}", planned.what.text(&self.names()));
        self.tell(Happening::Disturbance { text });
        self.active.remove(&index);
        match planned.what {
            Disturbance::Reboot(node) | Disturbance::PowerLoss(node) => {
                self.power_on_unless_out(node);
            }
            _ => self.set_way(),
        }
    }

    /// A gateway is on again when the last of its outages is over, of which one may end within
    /// another, or within its own farewell.
    fn power_on_unless_out(&mut self, id: NodeId) {
        let is_out = |planned: &Planned| match planned.what {
            Disturbance::Reboot(node) | Disturbance::PowerLoss(node) => node == id,
            _ => false,
        };
        let is_off = self.nodes.get(id.index()).is_some_and(Option::is_none);
        if is_off && !self.active.values().any(is_out) {
            self.power_on(id);
        }
    }

    fn set_way(&mut self) {
        self.way = self.scenario.way.clone();
        for planned in self.active.values() {
            planned.what.worsen(&mut self.way);
        }
    }

    fn operate_all(&mut self, who: Who, operation: &Operation) {
        match who {
            Who::One(node) => self.operate(node, operation),
            Who::Both => {
                for end in End::BOTH {
                    self.operate(end.into(), operation);
                }
            }
        }
    }

    fn commit(&mut self, id: NodeId) {
        let Some(machine) = self.network.gateways.get_mut(id.index()) else {
            return;
        };
        if let Some(candidate) = machine.candidate.take() {
            machine.gateway = candidate;
        }
        let gateway = machine.gateway.clone();
        self.with_node(id, |node, now| node.reconfigure(now, gateway));
    }

    /// As if the address had been learnt anew from DHCP: the gateway follows, its peer may not.
    fn readdress(&mut self, id: NodeId, to: Ipv4Addr) {
        let Some(machine) = self.network.gateways.get_mut(id.index()) else {
            return;
        };
        let old = std::mem::replace(&mut machine.wan, to.into());
        let mut gateway = Gateway::clone(&machine.gateway);
        replace_address(&mut gateway, old, to.into());
        machine.gateway = Arc::new(gateway);
        let gateway = machine.gateway.clone();
        self.addresses.remove(&old);
        self.addresses.insert(to.into(), id);
        for nat in self.nats.iter_mut().filter(|nat| nat.inside == id) {
            nat.outside = to.into();
        }
        self.with_node(id, |node, now| node.reconfigure(now, gateway));
    }

    pub(super) fn remember_first_request(&mut self, to: NodeId, datagram: &Datagram) {
        let octets = datagram.payload.strip_prefix(&NON_ESP_MARKER);
        let octets = octets.unwrap_or(&datagram.payload);
        let first = Header::parse(octets).is_ok_and(|header| {
            header.exchange == ExchangeType::IKE_SA_INIT && !header.flags.response()
        });
        if let Some(place) = self.first_requests.get_mut(to.index()).filter(|_| first) {
            *place = Some(datagram.clone());
        }
    }

    /// One message of a flood, and the next one planned. Where the gateway has never been asked,
    /// there is nothing to imitate.
    pub(super) fn flood(&mut self, index: usize) {
        let Some(Planned {
            what: Disturbance::Flood { node, per_second },
            ..
        }) = self.active.get(&index).copied()
        else {
            return;
        };
        let pause = Duration::from_secs(1) / per_second.clamp(1, 100_000);
        self.queue.plan(self.now + pause, Due::Flood(index));
        let Some(Some(mut datagram)) = self.first_requests.get(node.index()).cloned() else {
            return;
        };
        let mut invented = [0; 10];
        self.rng.fill_bytes(&mut invented);
        let [p0, p1, spi @ ..] = invented;
        let port = u16::from_be_bytes([p0, p1]).max(1024);
        datagram.from = SocketAddr::new(datagram.from.ip(), port);
        let marked = datagram.payload.starts_with(&NON_ESP_MARKER);
        let at = if marked { NON_ESP_MARKER.len() } else { 0 };
        let place = datagram.payload.get_mut(at..at + spi.len());
        for (octet, value) in place.into_iter().flatten().zip(spi) {
            *octet = value;
        }
        self.with_node(node, |node, now| node.receive(now, &datagram));
    }
}

fn replace_address(gateway: &mut Gateway, old: IpAddr, new: IpAddr) {
    for interface in &mut gateway.interfaces {
        for address in &mut interface.addresses {
            if let (IpNet::V4(net), IpAddr::V4(new)) = (address.value, new)
                && IpAddr::V4(net.addr()) == old
            {
                let moved = Ipv4Net::new(new, net.prefix_len()).unwrap_or(net);
                address.value = IpNet::V4(moved);
            }
        }
    }
    for connection in &mut gateway.connections {
        if connection.local.address.as_ref().map(|a| a.value) == Some(old) {
            connection.local.address = Some(Spanned::default_of(new));
        }
        if connection.local_identity.value == Identity::Address(old) {
            connection.local_identity.value = Identity::Address(new);
        }
    }
}
