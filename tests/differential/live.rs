//! A case in namespaces: our daemon at one end, strongSwan at the other.

use crate::expected::Case;
use crate::support::charon::Charon;
use crate::support::process::{Process, output, run};
use crate::support::world::{self, Nat, World};
use crossgate_model::End;
use std::path::PathBuf;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

const PROGRAM: &str = env!("CARGO_BIN_EXE_crossgate");

/// For what is expected to come, and for what is not.
const PATIENCE: Duration = Duration::from_secs(12);
const IMPATIENCE: Duration = Duration::from_secs(3);

/// Whether our end gets its Child SA.
pub fn comes_up(case: &Case, expected: bool) -> bool {
    let world = World::new(Nat::None);
    for end in End::BOTH {
        furnish(&world, case, end);
    }
    let Some(ours) = Ours::start(&world, case) else {
        return false;
    };
    let charon = Charon::start_with(&world, place(case.foreign), &case.swanctl);
    if case.starter == case.foreign {
        charon.initiate();
    } else {
        ours.initiate();
    }
    let limit = if expected { PATIENCE } else { IMPATIENCE };
    let began = Instant::now();
    while began.elapsed() < limit {
        if ours.has_child() && !charon.installed().is_empty() {
            return true;
        }
        sleep(Duration::from_millis(50));
    }
    false
}

fn place(end: End) -> world::End {
    match end {
        End::First => world::End::A,
        End::Second => world::End::B,
    }
}

/// The addresses that the files mean, beside those that the world has.
fn furnish(world: &World, case: &Case, end: End) {
    let site = case.site(end);
    let lans = site.lans.iter().map(|lan| (lan.gateway, "lan"));
    for (net, device) in lans.chain([(site.wan, "wan")]) {
        let address = format!("{net}");
        let node = place(end).gateway_node();
        // It may be one of the world's own.
        output(
            world
                .command(node, "ip")
                .args(["addr", "add", &address, "dev", device]),
        );
    }
}

/// Our daemon.
struct Ours<'w> {
    process: Process<'w>,
    dir: PathBuf,
}

impl<'w> Ours<'w> {
    /// `None` where the daemon refuses the file.
    fn start(world: &'w World, case: &Case) -> Option<Self> {
        let end = case.foreign.other();
        let site = case.site(end);
        let dir = world.dir("ours");
        let file = dir.join("configuration");
        std::fs::write(&file, &case.text).expect("the world's folder is writable");
        let mut command = world.command(place(end).gateway_node(), PROGRAM);
        command
            .arg("run")
            .arg(&file)
            .arg("--socket")
            .arg(dir.join("socket"));
        command.args(["--log-format", "json", "--bind"]);
        command.arg(format!("{}=wan", site.wan_interface));
        let mut bound: Vec<&str> = Vec::new();
        for interface in site.lans.iter().filter_map(|lan| lan.interface.as_deref()) {
            if !bound.contains(&interface) {
                command.args(["--bind", &format!("{interface}=lan")]);
                bound.push(interface);
            }
        }
        if case.starter == case.foreign {
            command.arg("--passive");
        }
        let process = Process::start(world, command, &dir.join("log"));
        let mut ours = Self { process, dir };
        let began = Instant::now();
        while !ours.process.printed().contains("\"ready\"") {
            if ours.process.ended().is_some() || began.elapsed() > PATIENCE {
                return None;
            }
            sleep(Duration::from_millis(20));
        }
        Some(ours)
    }

    fn initiate(&self) {
        let mut exec = Command::new(PROGRAM);
        run(exec
            .arg("exec")
            .arg(self.dir.join("socket"))
            .arg("request initiate"));
    }

    fn has_child(&self) -> bool {
        self.process.printed().contains("\"child-sa-installed\"")
    }
}
