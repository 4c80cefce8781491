//! Many branches and one hub in one world.

use super::network::{Machine, machine};
use super::{HostPair, Network};
use crate::node::NodeId;
use crossgate_firewall::site;
use crossgate_model::Gateway;
use crossgate_model::plan::{Lan, Plan, PlanError, Site};
use std::time::Duration;

/// The hub's place: that of the second end, as in a world of two.
const HUB: NodeId = NodeId(1);

impl Network {
    /// The network that a hub's configuration means together with that of each branch. A host behind
    /// each branch asks one behind the hub, the branches evenly spread over the pace.
    pub fn star(
        hub: &Gateway,
        branches: &[Gateway],
        pace: Duration,
    ) -> Result<Self, (usize, PlanError)> {
        let mut whole = hub.clone();
        let mut hub_sites: Vec<Site> = Vec::new();
        let mut gateways = Vec::new();
        let (mut protected, mut pairs) = (Vec::new(), Vec::new());
        for (index, branch) in branches.iter().enumerate() {
            let plan = Plan::new(branch, hub).map_err(|error| (index, error))?;
            let id = branch_id(index);
            let of_plan = Self::pairs_of(branch, hub, &plan, [id, HUB]);
            pairs.extend(of_plan.into_iter().map(|pair| HostPair {
                asks: [true, false],
                ..pair
            }));
            protected.extend(plan.protected());
            gateways.push(Machine {
                name: format!("branch-{}", index + 1),
                ..machine(branch, &plan.branch)
            });
            if hub_sites
                .iter()
                .all(|known| !is_same_place(known, &plan.hq))
            {
                whole = site::completed(&whole, &plan.hq);
                hub_sites.push(plan.hq);
            }
        }
        let lans = all_lans(&hub_sites);
        if let Some(site) = hub_sites.pop() {
            let hub = machine(&whole, &Site { lans, ..site });
            gateways.insert(HUB.index().min(gateways.len()), hub);
        }
        protected.sort();
        protected.dedup();
        Ok(Self {
            gateways,
            protected,
            pairs,
            pace,
            transparent: false,
            #[cfg(test)]
            flaw: None,
        })
    }
}

/// Behind the hub's place the branches go on.
fn branch_id(index: usize) -> NodeId {
    let place = if index == 0 { 0 } else { index + 1 };
    NodeId(u16::try_from(place).unwrap_or(u16::MAX))
}

/// Two plans with other branches mean the same surroundings of the hub.
fn is_same_place(a: &Site, b: &Site) -> bool {
    a.wan_interface == b.wan_interface && a.wan == b.wan && a.lans == b.lans
}

fn all_lans(sites: &[Site]) -> Vec<Lan> {
    let mut lans: Vec<Lan> = Vec::new();
    for lan in sites.iter().flat_map(|site| &site.lans) {
        if !lans.contains(lan) {
            lans.push(lan.clone());
        }
    }
    lans
}
