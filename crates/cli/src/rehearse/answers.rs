//! The command line becomes a scenario.

use super::{Pattern, RehearseArgs};
use crossgate_model::End;
use crossgate_rehearse::Scenario;
use crossgate_rehearse::explore::bytes_of;
use crossgate_rehearse::scenario::{Disturbance, Planned, Start, Traffic};
use crossgate_rehearse::wan::Conditions;
use std::fs;
use std::time::Duration;

/// What is to be run.
pub enum Script {
    Told(Scenario),
    /// By the bytes that a seed draws, or a file holds.
    Drawn(Vec<u8>),
}

impl Script {
    pub fn of(args: &RehearseArgs, names: [&str; 2]) -> Result<Self, String> {
        if let Some(file) = &args.replay {
            let octets = fs::read(file);
            let octets = octets.map_err(|e| format!("{} can't be read: {e}", file.display()))?;
            return Ok(Self::Drawn(octets));
        }
        if args.mixed {
            return Ok(Self::Drawn(bytes_of(args.seed)));
        }
        told(args, names).map(Self::Told)
    }

    /// The same with another seed.
    pub fn with_seed(&self, seed: u64) -> Self {
        match self {
            Self::Told(scenario) => Self::Told(Scenario {
                seed,
                ..scenario.clone()
            }),
            Self::Drawn(_) => Self::Drawn(bytes_of(seed)),
        }
    }
}

fn told(args: &RehearseArgs, names: [&str; 2]) -> Result<Scenario, String> {
    let mut way = Conditions::default();
    if let Some(share) = &args.loss {
        let Disturbance::Loss(parts) = said("loss", share)? else {
            return Err(format!("--loss: `{share}` is no share"));
        };
        way.loss = parts;
    }
    if let Some(time) = &args.delay {
        let Disturbance::Delay { delay, jitter } = said("delay", time)? else {
            return Err(format!("--delay: `{time}` is no time"));
        };
        (way.delay, way.jitter) = (delay, jitter);
    }
    let nat = args
        .nat
        .as_deref()
        .map(|word| end_named("--nat", word, names));
    let events = args.event.iter().map(|text| event(text, names));
    Ok(Scenario {
        seed: args.seed,
        lasts: Duration::from_secs(u64::from(args.hours) * 3600),
        start: start(&args.start, names)?,
        traffic: args.traffic.into(),
        way,
        nat: nat.transpose()?,
        disturbances: events.collect::<Result<_, _>>()?,
    })
}

/// An option whose value reads as the event of that name does.
fn said(name: &str, value: &str) -> Result<Disturbance, String> {
    let planned = Planned::parse(&format!("{name} {value}"), &[]);
    let planned = planned.map_err(|error| {
        let expected = error.to_string();
        let expected = expected.rsplit("expected ").next().unwrap_or_default();
        let form = match name {
            "loss" => "a share of 100, such as 5% or 0.5%",
            "delay" => "a time, such as 40ms, or 40ms±10ms",
            _ => expected,
        };
        format!(
            "--{name}: `{}` is unusable: expected {form}",
            value.escape_debug()
        )
    })?;
    Ok(planned.what)
}

fn start(word: &str, names: [&str; 2]) -> Result<Start, String> {
    match word {
        "both" => Ok(Start::Both),
        "traffic" => Ok(Start::Files),
        _ => end_named("--start", word, names)
            .map(Start::Only)
            .map_err(|sentence| format!("{sentence}, `both` or `traffic`")),
    }
}

fn end_named(option: &str, word: &str, [first, second]: [&str; 2]) -> Result<End, String> {
    match word {
        _ if word == first => Ok(End::First),
        _ if word == second => Ok(End::Second),
        "first" => Ok(End::First),
        "second" => Ok(End::Second),
        _ => Err(format!(
            "{option}: no end is called `{}`: expected `{first}`, `{second}`, `first`, `second`",
            word.escape_debug()
        )),
    }
}

fn event(text: &str, names: [&str; 2]) -> Result<Planned, String> {
    let [first, second] = names;
    Planned::parse(text, &names).map_err(|error| {
        format!("--event: {error}\nthe ends are `{first}` and `{second}`; for example: --event 'reboot {first} at 2h'")
    })
}

impl From<Pattern> for Traffic {
    fn from(pattern: Pattern) -> Self {
        match pattern {
            Pattern::Constant => Self::Constant,
            Pattern::RequestAnswer => Self::RequestAnswer,
            Pattern::Bursts => Self::Bursts,
            Pattern::None => Self::None,
        }
    }
}
