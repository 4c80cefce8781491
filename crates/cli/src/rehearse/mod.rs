//! `crossgate rehearse`: a day of the tunnel in virtual time, and what an operator would see of it.

mod account;
mod answers;
mod capture;
mod ladder;
mod lives;
mod logs;
mod many;
mod output;
mod picture;
mod story;

use crate::check::judge::{Asked, Judged, in_their_names};
use crate::hints::HintArgs;
use account::Account;
use answers::Script;
use clap::{Args, ValueEnum};
use crossgate_check::{Options, Profile};
use crossgate_gateway::clock::Clock;
use crossgate_gateway::terminal;
use crossgate_model::plan::Plan;
use crossgate_model::{Time, Verdict};
use crossgate_rehearse::invariant::RECOVERY;
use crossgate_rehearse::{Detail, Entry, Happening, Network, Scenario, World, explore, observe};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

const EXAMPLES: &str = "\
Events, each with `at TIME` or `from TIME`, and `for TIME` or `to TIME` where it goes on:
  loss 5%   duplicate 1%   reorder 10%   delay 40ms±10ms   mtu 1400   link down
  block udp 500   block udp 4500   block esp   block fragments   rebind nat
  reboot END   power-loss END   late END   clock END +1h   address END 192.0.2.1   commit END
  rekey child END   rekey ike END   flood END 1000/s
END is a file's name without its extension, `first`, `second`, or for rekeys `both`.

Examples:
  crossgate rehearse branch.cfg hq.xml
  crossgate rehearse branch.cfg hq.xml --start hq --ladder
  crossgate rehearse branch.cfg hq.xml --event 'power-loss branch at 2h for 90s' --svg day.svg
  crossgate rehearse branch.cfg hq.xml --loss 5% --delay 40ms±10ms --runs 1000";

/// Run two configurations against each other for a day of virtual time.
///
/// Both ends are the engines that `crossgate run` runs; the world between them is simulated, and
/// the same arguments give the same run.
///
/// Exit status: 0 if the tunnel served the whole time, 1 if it did not, 2 if a file or an argument
/// can't be used.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct RehearseArgs {
    /// The two ends of a tunnel in any order: IOS-XE, PAN-OS as XML or `set`
    #[arg(value_name = "FILE", required = true, num_args = 2)]
    files: Vec<PathBuf>,
    /// How long the world runs
    #[arg(long, value_name = "N", default_value_t = 24,
        value_parser = clap::value_parser!(u16).range(1..=720))]
    hours: u16,
    /// Who begins: an end, which is told to, while the other one only answers; `both`; or
    /// `traffic`: each as its file says, at its start, for a packet, or never
    #[arg(long, value_name = "END", default_value = "traffic")]
    start: String,
    /// What all that is left to chance is drawn from
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Packets that are lost on the way, the whole time: 5%
    #[arg(long, value_name = "SHARE")]
    loss: Option<String>,
    /// How long a packet is under way, and how much that varies: 40ms±10ms, or 40ms+-10ms
    /// [default: 10ms]
    #[arg(long, value_name = "TIME")]
    delay: Option<String>,
    /// A NAT stands in front of that end
    #[arg(long, value_name = "END")]
    nat: Option<String>,
    /// Something that happens: 'reboot branch at 2h'; may be given several times
    #[arg(long, value_name = "EVENT")]
    event: Vec<String>,
    /// What the hosts behind the ends send each other
    #[arg(long, value_enum, value_name = "KIND", default_value_t = Pattern::RequestAnswer)]
    traffic: Pattern,
    #[command(flatten)]
    hints: HintArgs,
    /// Rehearse so many seeds, from --seed on, and tell the worst
    #[arg(long, value_name = "N", conflicts_with_all = ["ladder", "logs", "pcap", "svg", "replay"],
        value_parser = clap::value_parser!(u32).range(1..))]
    runs: Option<u32>,
    /// With --runs: real ciphers and Diffie-Hellman too, which take longer and change nothing told
    #[arg(long, requires = "runs")]
    real: bool,
    /// Let the seed draw everything: hours, who begins, traffic, NAT, and up to sixteen events
    #[arg(long, conflicts_with_all = SCENARIO)]
    mixed: bool,
    /// Run a scenario that was saved as a file
    #[arg(long, value_name = "FILE", conflicts_with_all = SCENARIO,
        conflicts_with_all = ["seed", "mixed"])]
    replay: Option<PathBuf>,
    /// With --runs --mixed: keep each failure, made as small as it goes, as a file for --replay
    #[arg(long, value_name = "DIR", requires = "runs", requires = "mixed")]
    save: Option<PathBuf>,
    /// Also draw the IKE messages between the ends
    #[arg(long, conflicts_with = "json")]
    ladder: bool,
    /// Write both ends' logs, in their vendors' own words, into a folder
    #[arg(long, value_name = "DIR")]
    logs: Option<PathBuf>,
    /// Write wan.pcap and Wireshark's tables of the run's keys into a folder
    #[arg(long, value_name = "DIR")]
    pcap: Option<PathBuf>,
    /// Draw the SAs' lives over the day
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// What a saved or drawn scenario says itself.
const SCENARIO: [&str; 7] = ["hours", "start", "loss", "delay", "nat", "event", "traffic"];

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Pattern {
    /// A packet a second, in each direction
    Constant,
    /// A ping a second, in each direction
    RequestAnswer,
    /// Twenty pings at once, each minute
    Bursts,
    /// Nothing: so that it shows what idle ends do
    None,
}

pub fn run(args: &RehearseArgs) -> ExitCode {
    match rehearse(args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(sentence) => {
            eprintln!("crossgate: {sentence}");
            ExitCode::from(2)
        }
    }
}

/// Whether the tunnel served the whole time.
fn rehearse(args: &RehearseArgs) -> Result<bool, String> {
    let asked = args.asked();
    let judged = Judged::of_files(&args.files, &asked)?;
    let names = judged.pair_of_names().ok_or("expected two files")?;
    let script = Script::of(args, names)?;
    let [first, second] = judged.files.as_slice() else {
        return Err("expected two files".into());
    };
    let plan = match Plan::new(&first.gateway, &second.gateway) {
        Ok(plan) => plan,
        Err(error) => {
            let sentence = in_their_names(&error.to_string(), names);
            print(&output::without_a_tunnel(&judged, &sentence, args.json));
            return Ok(false);
        }
    };
    let stage = Stage {
        names,
        tunnel: [&plan.branch.connection, &plan.hq.connection],
        network: named(Network::of(&first.gateway, &second.gateway, &plan), names),
    };
    if let Some(runs) = args.runs {
        return many::run(args, &stage, &script, runs);
    }
    let day = Day::live(&stage, &script, args.detail());
    args.write_files(&judged, &day)?;
    let report = output::Report {
        judged: &judged,
        day: &day,
        assumptions: &plan.assumptions,
        otherwise: otherwise(&judged, &day),
    };
    if args.json {
        print(&report.json());
    } else {
        print(&report.text(terminal::stdout().width));
        if args.ladder {
            print(&ladder::draw(&day));
        }
        print(&report.closing());
    }
    Ok(day.account.serves())
}

/// Where a run takes place.
#[derive(Clone)]
pub struct Stage<'a> {
    pub names: [&'a str; 2],
    /// The connection that it is about, at each end.
    pub tunnel: [&'a str; 2],
    pub network: Network,
}

impl Stage<'_> {
    fn transparently(mut self) -> Self {
        self.network = self.network.transparently();
        self
    }

    /// Whether it is no other connection's event.
    fn concerns(&self, entry: &Entry) -> bool {
        let Happening::Event { node, event } = &entry.what else {
            return true;
        };
        let tunnel = self.tunnel.get(usize::from(node.0));
        let connection = event.connection.as_deref();
        connection.is_none_or(|connection| tunnel.is_none_or(|tunnel| *tunnel == connection))
    }
}

/// A run from its beginning to its end, and what it comes to.
pub struct Day<'a> {
    pub stage: &'a Stage<'a>,
    pub names: [&'a str; 2],
    pub scenario: Scenario,
    pub world: World,
    pub account: Account,
}

impl<'a> Day<'a> {
    fn live(stage: &'a Stage<'a>, script: &Script, detail: Detail) -> Self {
        let network = &stage.network;
        let (scenario, world) = match script {
            Script::Told(scenario) => (scenario.clone(), live(network, scenario, detail)),
            Script::Drawn(bytes) => {
                let (_, world) = explore::try_bytes(network, bytes, detail);
                (Scenario::from_bytes(bytes), world)
            }
        };
        let account = Account::of(stage, &world, &scenario);
        Self {
            stage,
            names: stage.names,
            scenario,
            world,
            account,
        }
    }

    /// What happened to the tunnel.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        let entries = self.world.trace().entries.iter();
        entries.filter(|entry| self.stage.concerns(entry))
    }
}

/// How long a run is prolonged until no exchange is under way.
const QUIESCENCE: u64 = 60;

fn live(network: &Network, scenario: &Scenario, detail: Detail) -> World {
    let mut world = World::new(network.clone(), scenario.clone(), detail);
    world.run();
    let ends = Time::START + scenario.lasts;
    for second in 1..=QUIESCENCE {
        if world.agrees() {
            break;
        }
        world.run_until(ends + Duration::from_secs(second));
    }
    // Ends that had no time to notice that the other one is away are no finding.
    let recovered = scenario.calm_from().map(|calm| calm + RECOVERY);
    if world.agrees() || recovered.is_some_and(|by| by <= scenario.lasts) {
        world.finish();
    }
    world
}

/// What becomes of the tunnel when the other end starts it, where this one's start fails.
fn otherwise(judged: &Judged, day: &Day<'_>) -> Option<Verdict> {
    if day.account.verdict != Verdict::NeverComesUp || day.is_disturbed() {
        return None;
    }
    let [first, second] = judged.files.as_slice() else {
        return None;
    };
    let options = observe::Options {
        seed: day.scenario.seed,
        nat: day.scenario.nat,
    };
    let observation = observe::observe(&first.gateway, &second.gateway, options);
    let one_way = matches!(observation.verdict, Verdict::OnlyWhen { .. });
    one_way.then_some(observation.verdict)
}

fn named(mut network: Network, names: [&str; 2]) -> Network {
    for (machine, name) in network.gateways.iter_mut().zip(names) {
        machine.name = name.to_owned();
    }
    network
}

impl RehearseArgs {
    fn asked(&self) -> Asked {
        Asked {
            options: Options {
                profile: Profile::Baseline,
                now: i64::try_from(Clock::start().unix().as_secs()).ok(),
                nat_between: self.nat.is_some(),
            },
            hints: self.hints.hints(),
            certificates: Vec::new(),
        }
    }

    /// What the recorder has to keep.
    fn detail(&self) -> Detail {
        match (&self.pcap, self.ladder) {
            (Some(_), _) => Detail::EVERYTHING,
            (None, true) => Detail::MESSAGES,
            (None, false) => Detail::EVENTS,
        }
    }

    fn write_files(&self, judged: &Judged, day: &Day<'_>) -> Result<(), String> {
        if let Some(folder) = &self.logs {
            logs::write(folder, judged, day).map_err(|e| unwritable(folder, &e))?;
        }
        if let Some(folder) = &self.pcap {
            capture::write(folder, day).map_err(|e| unwritable(folder, &e))?;
        }
        if let Some(file) = &self.svg {
            let picture = picture::draw(day);
            std::fs::write(file, picture).map_err(|e| unwritable(file, &e))?;
        }
        Ok(())
    }
}

fn unwritable(path: &Path, error: &io::Error) -> String {
    format!("{} can't be written: {error}", path.display())
}

/// A reader that has seen enough is no error.
fn print(text: &str) {
    io::stdout().write_all(text.as_bytes()).ok();
}
