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

/// What the ends are like in this run.
fn prepare(seed: u64) -> World {
    let mut world = World::with(|gateway| {
        three_children(gateway);
        let connection = first(gateway);
        if seed.is_multiple_of(2) {
            connection.initiation = given(Initiation::AtStart);
        }
        if seed % 3 == 1 {
            connection.liveness = liveness(5, false, &[1, 1, 2]);
        }
        if is_hasty(seed) {
            connection.lifetime = given(seconds(100));
            for child in &mut connection.children {
                child.lifetime.time = given(seconds(40));
            }
        }
        if seed % 7 == 3 {
            connection.fragmentation = Some(given(300));
        }
    });
    if seed % 11 == 5 {
        world.nat = Some(NatBox {
            address: address_of(Who::A),
            shift: 20_000,
        });
    }
    world
}

/// Lifetimes so short that rekeys are always under way.
fn is_hasty(seed: u64) -> bool {
    seed % 5 == 2
}

fn weather(seed: u64) {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let mut world = prepare(seed);
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
    let calm = (0..60).any(|_| {
        world.seconds(1);
        check(&world, seed).is_ok()
    });
    if !calm && std::env::var("CROSSGATE_STORM_TELL").is_ok() {
        tell(&world);
    }
    assert_eq!(check(&world, seed), Ok(()), "seed {seed}");
}

/// Both ends agree, and have everything once.
fn check(world: &World, seed: u64) -> Result<(), String> {
    use crossgate_model::view::IkeState::Established;
    world.compare()?;
    let states = [&world.a, &world.b].map(|end| end.ike_states(world.now));
    if !states.iter().flatten().all(|state| *state == Established) {
        return Err(format!("{states:?}"));
    }
    if states[0].len() != states[1].len() || states[0].len() > 2 {
        return Err(format!(
            "{} IKE SAs at A, {} at B",
            states[0].len(),
            states[1].len()
        ));
    }
    for child in ["net", "net2", "net3"] {
        let count = world.a.sas_of(child).len();
        if count > 1 || (count == 0 && seed.is_multiple_of(2)) {
            return Err(format!("{count} of {child}"));
        }
    }
    Ok(())
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
        weather(seed);
    }
}
