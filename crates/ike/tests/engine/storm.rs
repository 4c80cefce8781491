//! Long runs of random actions over a bad wire; then the wire heals, and both ends must agree.

use crate::config::*;
use crate::door::*;
use crossgate_model::Initiation;
use crossgate_model::operate::{Operation, Which};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

fn below(rng: &mut ChaCha20Rng, bound: u32) -> u32 {
    rng.next_u32() % bound
}

fn random_action(world: &mut World, rng: &mut ChaCha20Rng) {
    let who = if below(rng, 2) == 0 { Who::A } else { Who::B };
    let operation = match below(rng, 12) {
        0..4 => Operation::RekeyChild { tunnel: None },
        4..7 => Operation::RekeyIke { connection: None },
        7 => Operation::ClearChild { tunnel: None },
        8 => Operation::ClearIke { which: Which::All },
        9 => Operation::InitiateIke { connection: None },
        _ => Operation::InitiateChild { tunnel: None },
    };
    world.act(who, |engine, now| engine.operate(now, &operation));
}

/// One datagram arrives, is lost, comes twice or is overtaken.
fn work_wire(world: &mut World, rng: &mut ChaCha20Rng) {
    let flying = u32::try_from(world.wire.len()).unwrap();
    if flying == 0 {
        return;
    }
    let at = if below(rng, 4) == 0 {
        below(rng, flying)
    } else {
        0
    };
    let flight = world.wire.remove(at as usize).unwrap();
    match below(rng, 8) {
        0 => {}
        1 => {
            world.wire.push_back(flight.clone());
            world.arrive(flight);
        }
        _ => world.arrive(flight),
    }
}

fn tell(world: &World) {
    for (name, end) in [("A", &world.a), ("B", &world.b)] {
        for event in end
            .events
            .iter()
            .filter(|event| event.kind.code() != "retransmitted")
        {
            let ike = event.ike_spis.map(|(i, _)| i & 0xffff).unwrap_or_default();
            println!("{name} {ike:04x} {:?} {}", event.child, event.kind);
        }
        for connection in end.engine.connections(world.now) {
            for ike in &connection.ike_sas {
                println!(
                    "{name} has IKE SA {} {:04x}",
                    ike.id,
                    ike.initiator_spi & 0xffff
                );
            }
            for sa in connection.children.iter().flat_map(|child| &child.sas) {
                let (ike, spi_in, role) = (sa.ike_id, sa.spi_in, sa.role);
                println!(
                    "{name} has {spi_in:08x} {role:?} in {ike}, age {:?}",
                    sa.age
                );
            }
        }
    }
}

fn weather(seed: u64) {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let at_start = seed.is_multiple_of(2);
    let mut world = World::with(|gateway| {
        three_children(gateway);
        if at_start {
            first(gateway).initiation = given(Initiation::AtStart);
        }
    });
    for who in [Who::A, Who::B] {
        world.act(who, |engine, now| engine.start(now));
    }
    for _ in 0..60 {
        if below(&mut rng, 4) == 0 {
            random_action(&mut world, &mut rng);
        }
        for _ in 0..below(&mut rng, 8) {
            work_wire(&mut world, &mut rng);
        }
        let pause = u64::from(below(&mut rng, 3));
        world.pass_with(seconds(pause), |world| {
            // The wire may be worked or not while timers run.
            if world.wire.len() > 20 {
                world.wire.pop_front();
            }
        });
    }
    world.seconds(900);
    if std::env::var("CROSSGATE_STORM_TELL").is_ok() {
        tell(&world);
    }
    world.in_step();
    for end in [&world.a, &world.b] {
        use crossgate_model::view::IkeState::Established;
        let states = end.ike_states(world.now);
        assert!(
            states.iter().all(|state| *state == Established),
            "{states:?}"
        );
    }
    let (a, b) = (
        world.a.ike_states(world.now).len(),
        world.b.ike_states(world.now).len(),
    );
    assert_eq!(a, b, "unlike numbers of IKE SAs");
    assert!(a <= 2, "{a} IKE SAs");
    if at_start {
        let mut children: Vec<&str> = world
            .a
            .installed
            .values()
            .map(|sa| sa.child.as_str())
            .collect();
        children.sort_unstable();
        children.dedup();
        assert_eq!(children, ["net", "net2", "net3"]);
    }
    for child in ["net", "net2", "net3"] {
        assert!(world.a.sas_of(child).len() <= 1, "two of {child}");
    }
}

#[test]
fn whatever_the_weather_both_ends_agree_when_it_clears() {
    let seeds = match std::env::var("CROSSGATE_STORM_SEEDS") {
        Ok(range) => {
            let (from, to) = range.split_once("..").unwrap();
            from.parse().unwrap()..to.parse().unwrap()
        }
        Err(_) => 0..60,
    };
    for seed in seeds {
        println!("seed {seed}");
        weather(seed);
    }
}
