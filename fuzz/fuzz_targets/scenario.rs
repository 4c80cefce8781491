//! Any bytes are a scenario of the site-to-site example, in which the invariants hold.

#![no_main]

use crossgate_diag::Sources;
use crossgate_model::plan::Plan;
use crossgate_rehearse::explore::try_bytes;
use crossgate_rehearse::scenario::bytes::set_hurried;
use crossgate_rehearse::{Detail, Network};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static NETWORK: LazyLock<Network> = LazyLock::new(|| {
    let mut sources = Sources::new();
    let branch = include_str!("../../examples/site-to-site/branch.cfg");
    let hq = include_str!("../../examples/site-to-site/hq.set");
    let (branch, hq) = (sources.add("branch", branch), sources.add("hq", hq));
    let branch = crossgate_ios::read(&mut sources, branch).expect("it is read");
    let hq = crossgate_panos::read(&mut sources, hq).expect("it is read");
    let plan = Plan::new(&branch.gateway, &hq.gateway).expect("they mean a network");
    Network::of(&branch.gateway, &hq.gateway, &plan)
});

// Runs of minutes: hundreds of them in the time of one of hours.
fuzz_target!(|data: &[u8]| {
    let mut bytes = data.to_vec();
    set_hurried(&mut bytes, true);
    let (outcome, _) = try_bytes(&NETWORK, &bytes, Detail::EVENTS);
    assert!(outcome.violations.is_empty(), "{:?}", outcome.violations);
});
