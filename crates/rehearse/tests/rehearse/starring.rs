//! Many branches and one hub.

use crate::branches::star;
use crossgate_rehearse::{Detail, NodeId, Scenario, World};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

fn two_hours(seed: u64) -> World {
    let scenario = Scenario {
        seed,
        lasts: 120 * MINUTE,
        ..Scenario::default()
    };
    let mut world = World::new(star(3, MINUTE), scenario, Detail::EVENTS);
    world.run();
    world.finish();
    world
}

#[test]
fn each_branch_of_a_small_star_is_served_and_a_seed_is_one_run() {
    let world = two_hours(1);
    assert_eq!(world.violations(), []);
    assert!(world.agrees());
    for (flow, counts) in world.flow_counts() {
        let told = format!("{flow:?}: {counts:?}");
        assert!(
            counts.sent >= 119 && counts.answered + 1 >= counts.sent,
            "{told}"
        );
    }
    assert_eq!(world.flow_counts().count(), 3);
    // The hub is the second gateway, with a connection for each branch.
    assert_eq!(world.connections(NodeId(1)).len(), 3);
    let names = world.names();
    let text = world.trace().text(&names);
    assert!(text.lines().count() > 40);
    let again = two_hours(1);
    assert!(
        text == again.trace().text(&names),
        "two runs of one seed differ"
    );
    let other = two_hours(2);
    assert!(text != other.trace().text(&names), "two seeds give one run");
}
