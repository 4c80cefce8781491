//! All that the data plane has counted, as values that may leave its thread.

use crate::plane::DataPlane;
use crossgate_model::view::ChildCounters;
use std::collections::BTreeMap;

/// What a data plane has and has done, at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Of configured Children over all their SAs, gone ones included.
    pub children: BTreeMap<String, ChildCounters>,
    /// By our SPI.
    pub sas: BTreeMap<u32, SaReport>,
    /// Refused packets by reason, and what was done about sizes.
    pub counters: BTreeMap<&'static str, u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SaReport {
    pub counters: ChildCounters,
    pub path_mtu: u16,
    pub inner_mtu: u16,
}

impl DataPlane {
    pub fn report(&self) -> Report {
        let mut counters = self.drops().clone();
        for (name, count) in self.tallies() {
            *counters.entry(name).or_default() += count;
        }
        Report {
            children: self.all_totals().collect(),
            sas: self.all_sas().collect(),
            counters,
        }
    }
}
