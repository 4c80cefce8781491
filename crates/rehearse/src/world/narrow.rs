//! A link on the way that takes less than the gateways' own.

use super::World;
use crate::node::{Datagram, NodeId};
use crate::queue::Due;
use crate::wan::Loss;

impl World {
    /// The router before the link tells the sender of what didn't fit.
    pub(super) fn tell_sender(&mut self, node: NodeId, why: Loss, datagram: Box<Datagram>) {
        if why != Loss::TooBig {
            return;
        }
        let due = Due::TooBig {
            node,
            mtu: self.way.mtu,
            datagram,
        };
        self.queue.plan(self.now + self.way.delay, due);
    }
}

#[cfg(test)]
mod tests {
    use crate::scenario::Scenario;
    use crate::{Detail, Network, NodeId, World};
    use crossgate_diag::Sources;
    use crossgate_model::plan::Plan;
    use crossgate_wire::ip::Udp;
    use std::time::Duration;

    const BRANCH: &str = include_str!("../../../../examples/site-to-site/branch.cfg");
    const HQ: &str = include_str!("../../../../examples/site-to-site/hq.xml");

    /// The site-to-site example, its tunnel up.
    fn world() -> World {
        let mut sources = Sources::new();
        let files = [("branch.cfg", BRANCH), ("hq.xml", HQ)];
        let [branch, hq] = files.map(|(name, text)| sources.add(name, text));
        let branch = crossgate_ios::read(&mut sources, branch).expect("IOS-XE");
        let hq = crossgate_panos::read(&mut sources, hq).expect("PAN-OS");
        let plan = Plan::new(&branch.gateway, &hq.gateway).expect("a plan");
        let network = Network::of(&branch.gateway, &hq.gateway, &plan);
        let mut world = World::new(network, Scenario::default(), Detail::MESSAGES);
        world.begin();
        pass(&mut world, 60);
        world
    }

    fn pass(world: &mut World, seconds: u64) {
        let until = world.now + Duration::from_secs(seconds);
        world.run_until(until);
    }

    /// A packet of so many octets, with DF, from host to host.
    fn send(world: &mut World, length: usize) {
        let flow = &world.flows.first().expect("a flow").flow;
        let (from, source, destination) = (flow.from, flow.source, flow.destination);
        assert_eq!(from, NodeId(0));
        let udp = Udp {
            source_port: 1000,
            destination_port: 2000,
            payload: &vec![0; length - 28],
        };
        let packet = udp.build(source.into(), destination.into());
        world.host_sends(from, &packet.expect("a packet"));
        world.carry_out(from);
        pass(world, 1);
    }

    fn counter(world: &World, name: &str) -> u64 {
        let counters = world.counters(NodeId(0));
        counters.get(name).copied().unwrap_or_default()
    }

    #[test]
    fn a_router_s_word_narrows_the_path_until_it_is_forgotten() {
        let mut world = world();
        send(&mut world, 1400);
        assert_eq!(counter(&world, "path-mtu-lowered"), 0);
        world.way.mtu = 1300;
        send(&mut world, 1400);
        assert_eq!(counter(&world, "path-mtu-lowered"), 1);
        assert_eq!(counter(&world, "too-big-sent"), 0);
        send(&mut world, 1400);
        assert_eq!(counter(&world, "too-big-sent"), 1);
        // What fits, sealed, passes; no router says anything more.
        send(&mut world, 1200);
        assert_eq!(counter(&world, "out-too-big"), 1);
        pass(&mut world, 600);
        assert_eq!(counter(&world, "path-mtu-aged"), 1);
        assert_eq!(world.violations(), []);
    }
}
