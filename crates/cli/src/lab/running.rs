//! A lab under way: daemons and captures, from their start to the verdict.

use super::capture::{Capture, Recording, Tally};
use super::namespace::Namespace;
use super::network::{LAN, Network, WAN};
use super::node::{LogLine, Node, Start};
use super::ping;
use super::report::{Outcome, Pings, Progress, failures};
use super::state::State;
use super::{Folders, Inputs, LabArgs, Starter, Unusable};
use crossgate_gateway::load::Loaded;
use crossgate_model::Behaviour;
use crossgate_model::config::Initiation;
use crossgate_model::plan::{Plan, Site};
use serde_json::Value;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// From the first message until both ends have their Child SAs.
const SETUP_PATIENCE: Duration = Duration::from_secs(5);
/// How long a tunnel may still come up after an end has met a failure: it may try again.
const FAILED_PATIENCE: Duration = Duration::from_millis(1500);
const READY_PATIENCE: Duration = Duration::from_secs(5);
const PING_PATIENCE: Duration = Duration::from_secs(1);
/// A tunnel that is down gets this many requests each way, so that the verdict comes soon.
const DOWN_COUNT: u16 = 1;
const POLL: Duration = Duration::from_millis(5);

/// What a lab is made of.
pub struct Lab<'a> {
    pub args: &'a LabArgs,
    pub inputs: &'a Inputs,
    pub plan: &'a Plan,
    pub network: &'a Network,
    pub folders: &'a Folders,
    pub progress: &'a Progress,
}

/// Daemons and captures that run.
pub struct Running {
    branch: Node,
    hq: Node,
    wan: Capture,
    began: Instant,
}

impl Lab<'_> {
    fn start_node(&self, end: Starter) -> Result<Node, Unusable> {
        let (site, loaded, namespace) = match end {
            Starter::Branch => (
                &self.plan.branch,
                &self.inputs.branch,
                &self.network.branch.gateway,
            ),
            Starter::Hq => (&self.plan.hq, &self.inputs.hq, &self.network.hq.gateway),
        };
        // Both ends' tables have the same keys: one is enough.
        let keylog = self
            .args
            .keylog
            .as_deref()
            .filter(|_| end == Starter::Branch);
        let start = Start {
            label: site.label,
            file: &loaded.path,
            binds: binds(site),
            logs: &self.folders.logs,
            socket: self.folders.sockets.join(format!("{}.sock", site.label)),
            passive: self.args.start.is_some_and(|starter| starter != end),
            keylog,
            hints: self.args.hints.hints(),
        };
        let node =
            Node::start(namespace, &start, READY_PATIENCE).map_err(Unusable::at("daemons"))?;
        self.folders.remains.note_daemon(node.pid());
        Ok(node)
    }

    /// When that end's file lets it initiate.
    fn initiation(&self, end: Starter) -> Initiation {
        let (site, loaded) = match end {
            Starter::Branch => (&self.plan.branch, &self.inputs.branch),
            Starter::Hq => (&self.plan.hq, &self.inputs.hq),
        };
        let connection = loaded.gateway.connection(&site.connection);
        connection.map_or(Initiation::Never, |c| c.initiation.value)
    }

    fn trigger(&self) -> Trigger {
        let files = (
            self.initiation(Starter::Branch),
            self.initiation(Starter::Hq),
        );
        match (self.args.start, files) {
            (Some(starter), _) => Trigger::Command(starter),
            (None, (Initiation::AtStart, _)) => Trigger::Itself(Starter::Branch),
            (None, (_, Initiation::AtStart)) => Trigger::Itself(Starter::Hq),
            (None, (Initiation::OnTraffic, _)) => Trigger::Traffic(Starter::Branch),
            (None, (_, Initiation::OnTraffic)) => Trigger::Traffic(Starter::Hq),
            (None, (Initiation::Never, Initiation::Never)) => Trigger::Nothing,
        }
    }
}

/// What makes an end want the tunnel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trigger {
    /// `--start`.
    Command(Starter),
    /// Its file.
    Itself(Starter),
    /// A packet of a host behind it.
    Traffic(Starter),
    /// Both files only let their ends answer.
    Nothing,
}

impl Running {
    #[allow(clippy::disallowed_methods, reason = "a lab runs in real time")]
    pub fn start(lab: &Lab<'_>) -> Result<Self, Unusable> {
        let wan = Capture::start(&lab.network.router).map_err(Unusable::at("capture"))?;
        // Whoever may initiate by itself starts last, so that its first message finds a listener.
        let (branch, hq);
        let last = lab.trigger();
        if last == Trigger::Itself(Starter::Hq) || last == Trigger::Command(Starter::Hq) {
            branch = lab.start_node(Starter::Branch)?;
            hq = lab.start_node(Starter::Hq)?;
        } else {
            hq = lab.start_node(Starter::Hq)?;
            branch = lab.start_node(Starter::Branch)?;
        }
        let pids = format!("branch pid {}, hq pid {}", branch.pid(), hq.pid());
        lab.progress.step("daemons", pids);
        Ok(Self {
            branch,
            hq,
            wan,
            began: Instant::now(),
        })
    }

    /// Brings the tunnel up and pings through it.
    pub fn exercise(&self, lab: &Lab<'_>) -> Result<Outcome, Unusable> {
        let trigger = lab.trigger();
        self.provoke(lab, trigger)?;
        let setup = match trigger {
            Trigger::Nothing => None,
            _ => self.wait_for_tunnel(),
        };
        match setup {
            Some(took) => lab
                .progress
                .step("tunnel", format!("up after {} ms", took.as_millis())),
            None => lab.progress.step(
                "tunnel",
                format!("not up after {:.1} s", self.began.elapsed().as_secs_f64()),
            ),
        }
        let ping = ping_both_ways(lab, setup.is_some())?;
        lab.progress.step(
            "ping",
            format!(
                "branch to hq {}/{}, hq to branch {}/{}",
                ping.branch_to_hq.received,
                ping.branch_to_hq.sent,
                ping.hq_to_branch.received,
                ping.hq_to_branch.sent,
            ),
        );
        Ok(Outcome {
            tunnel: if setup.is_some() { "up" } else { "down" },
            initiator: self.initiator(),
            setup_ms: setup.map(|took| took.as_millis() as u64),
            ping,
            wan: Tally::default(),
            findings: findings(lab.inputs),
        })
    }

    /// Where no end starts by itself, something has to make one want the tunnel.
    fn provoke(&self, lab: &Lab<'_>, trigger: Trigger) -> Result<(), Unusable> {
        match trigger {
            Trigger::Itself(_) => Ok(()),
            Trigger::Command(end) => self.command_start(lab, end),
            Trigger::Traffic(end) => {
                for &(branch, hq) in &lab.plan.pings {
                    let (host, pair) = match end {
                        Starter::Branch => (&lab.network.branch.host, (branch, hq)),
                        Starter::Hq => (&lab.network.hq.host, (hq, branch)),
                    };
                    ping::ping(host, pair, 1, PING_PATIENCE).map_err(Unusable::at("tunnel"))?;
                }
                Ok(())
            }
            Trigger::Nothing => {
                let text = "both files only let their ends answer (passive mode, responder-only): \
                            neither will ever initiate";
                lab.progress.step("why", text);
                Ok(())
            }
        }
    }

    fn command_start(&self, lab: &Lab<'_>, end: Starter) -> Result<(), Unusable> {
        let node = match end {
            Starter::Branch => &self.branch,
            Starter::Hq => &self.hq,
        };
        if lab.initiation(end) == Initiation::Never {
            let label = node.label;
            let text = format!(
                "{label}: its file only lets it answer; --start {label} makes it initiate all the same"
            );
            lab.progress.step("assumed", text);
        }
        let answer = node.exec("request initiate");
        answer.map(drop).map_err(Unusable::at("tunnel"))
    }

    /// Until both ends have installed a Child SA, or one has met a failure and no retry helps.
    fn wait_for_tunnel(&self) -> Option<Duration> {
        const INSTALLED: &str = "child-sa-installed";
        let mut deadline = SETUP_PATIENCE;
        while self.began.elapsed() < deadline {
            if self.branch.has_logged(INSTALLED) && self.hq.has_logged(INSTALLED) {
                return Some(self.began.elapsed());
            }
            if self.branch.has_failed() || self.hq.has_failed() {
                deadline = deadline.min(FAILED_PATIENCE);
            }
            std::thread::sleep(POLL);
        }
        None
    }

    fn initiator(&self) -> Option<&'static str> {
        let is_ours = |line: &LogLine| line.event() == "ike-sa-started" && line.by() == Some("us");
        let nodes = [&self.branch, &self.hq];
        let found = nodes
            .into_iter()
            .find(|node| node.log_lines().iter().any(is_ours));
        found.map(|node| node.label)
    }

    /// What both ends' operators would see. With `--json`, stdout is not for that.
    pub fn show_status(&self, lab: &Lab<'_>) {
        for (node, loaded) in [
            (&self.branch, &lab.inputs.branch),
            (&self.hq, &lab.inputs.hq),
        ] {
            for command in loaded.dialect.status_commands() {
                let text = node.exec(command).unwrap_or_else(|sentence| sentence);
                let text = format!("\n{}> {command}\n{}\n", node.label, text.trim_end());
                if lab.args.json {
                    eprint!("{text}");
                } else {
                    // A reader that has seen enough is no reason to stop.
                    write!(std::io::stdout(), "{text}").ok();
                }
            }
        }
    }

    /// Says what went wrong or unusually, as both ends saw it, and why our ends acted so.
    pub fn explain(&self, lab: &Lab<'_>, initiator: Option<&str>) {
        let mut unmirrored = false;
        for node in [&self.branch, &self.hq] {
            let lines = node.log_lines();
            let narrowed = lines
                .iter()
                .filter(|line| line.event() == "selectors-narrowed");
            for line in failures(&lines).into_iter().chain(narrowed) {
                let text = format!("{}: {}", line.event(), line.text());
                lab.progress.step(node.label, text);
                unmirrored |= is_about_selectors(line);
            }
        }
        if unmirrored {
            let other = if initiator == Some("hq") {
                "branch"
            } else {
                "hq"
            };
            let text = format!(
                "the two ends' traffic selectors are no mirror of each other, so it may depend on \
                 who starts; `--start {other}` shows the other way.\n{}\n{}",
                claims(&lab.inputs.branch),
                claims(&lab.inputs.hq),
            );
            lab.progress.step("why", text);
        }
    }

    /// Stops (or keeps) what runs, judges the capture, and says the verdict.
    pub fn finish(self, lab: &Lab<'_>, mut outcome: Outcome) -> Result<bool, Unusable> {
        if lab.args.keep {
            keep(lab, [self.branch, self.hq]).map_err(Unusable::at("keep"))?;
        } else {
            self.branch.stop().map_err(Unusable::at("stop"))?;
            self.hq.stop().map_err(Unusable::at("stop"))?;
            lab.folders.remains.spare_daemons();
        }
        let at = Unusable::at("capture");
        let recording = self.wan.finish().map_err(&at)?;
        let on = |device: &str| {
            let mine = recording.of_device(&lab.network.router, device);
            mine.map_err(&at)
        };
        let protected = lab.plan.protected();
        let tally = |site: &Site| -> Result<Tally, Unusable> {
            let devices = Network::router_devices(site);
            let each = devices.map(|device| Ok(on(&device)?.tally(&protected)));
            each.sum()
        };
        let branch = on(&Network::router_device(lab.plan.branch.label))?;
        // What is forwarded is seen on a device of each site; what a router drops, on one.
        let (branch_side, hq_side) = (tally(&lab.plan.branch)?, tally(&lab.plan.hq)?);
        outcome.wan = Tally {
            esp_packets: branch_side.esp_packets.max(hq_side.esp_packets),
            plaintext_packets: branch_side.plaintext_packets + hq_side.plaintext_packets,
        };
        if let Some(folder) = &lab.args.keylog {
            write_capture(&branch, folder).map_err(&at)?;
            let text = format!("key tables and wan.pcap are in {}", folder.display());
            lab.progress.step("keylog", text);
        }
        conclude(lab, &outcome);
        Ok(outcome.good())
    }
}

fn binds(site: &Site) -> Vec<(String, String)> {
    let mut binds = vec![(site.wan_interface.clone(), WAN.to_owned())];
    for lan in &site.lans {
        let bind = lan.interface.clone().map(|name| (name, LAN.to_owned()));
        binds.extend(bind.filter(|bind| !binds.contains(bind)));
    }
    let lines = site.further.iter().enumerate();
    let lines = lines.map(|(number, line)| (line.interface.clone(), Network::line_device(number)));
    binds.extend(lines);
    binds
}

fn ping_both_ways(lab: &Lab<'_>, up: bool) -> Result<Pings, Unusable> {
    let count = if up { lab.args.count } else { DOWN_COUNT };
    let go = |host: &Namespace, pair| {
        ping::ping(host, pair, count, PING_PATIENCE).map_err(Unusable::at("ping"))
    };
    let mut pings = Pings::default();
    for &(branch, hq) in &lab.plan.pings {
        let there = go(&lab.network.branch.host, (branch, hq))?;
        let back = go(&lab.network.hq.host, (hq, branch))?;
        pings.add((branch, hq), there, back);
    }
    Ok(pings)
}

fn is_about_selectors(line: &LogLine) -> bool {
    matches!(line.event(), "selectors-narrowed" | "ts-unacceptable")
}

/// What an end's profile says of selectors, with how sure that is.
fn claims(loaded: &Loaded) -> String {
    let Behaviour {
        name,
        accepts_narrowed_answer,
        ..
    } = &loaded.gateway.behaviour;
    let does = if accepts_narrowed_answer.value {
        "takes"
    } else {
        "refuses"
    };
    let mut text = format!(
        "{name} {does} an answer narrower than its offer (certainty: {}; {})",
        accepts_narrowed_answer.certainty.words(),
        accepts_narrowed_answer.source,
    );
    for (_, child) in loaded.gateway.children() {
        let claim = &child.responder_selectors;
        text += &format!(
            "\n{name}, {}: as responder {} (certainty: {}; {})",
            child.name.value,
            claim.value.words(),
            claim.certainty.words(),
            claim.source,
        );
    }
    text
}

fn findings(inputs: &Inputs) -> Value {
    let mut all = Vec::new();
    for loaded in [&inputs.branch, &inputs.hq] {
        if let Value::Array(findings) = loaded.findings_json() {
            all.extend(findings);
        }
    }
    Value::Array(all)
}

fn write_capture(recording: &Recording, folder: &Path) -> std::io::Result<()> {
    let file = File::create(folder.join("wan.pcap"))?;
    recording.write_pcap(std::io::BufWriter::new(file))
}

/// Leaves the lab running: the daemons hold their namespaces, a holder each of the others.
fn keep(lab: &Lab<'_>, nodes: [Node; 2]) -> std::io::Result<()> {
    let mut state = State::new(&lab.folders.logs);
    for node in nodes {
        state.add_daemon(node.label, node.pid());
        node.leave_running();
    }
    let others = [
        ("the branch's host", &lab.network.branch.host),
        ("the HQ's host", &lab.network.hq.host),
        ("the router", &lab.network.router),
    ];
    let mut doors = Vec::new();
    for (what, namespace) in others {
        let pid = namespace.enter(hold)??;
        doors.push(format!("nsenter -t {pid} -n    # {what}"));
        state.add_holder(pid);
    }
    state.save(&lab.folders.sockets)?;
    lab.folders.remains.spare_daemons();
    lab.folders.remains.spare_folder(&lab.folders.sockets);
    lab.folders.remains.spare_folder(&lab.folders.logs);
    let name = lab.args.name.as_deref().unwrap_or_default();
    let text = format!(
        "crossgate exec {name}/branch \"…\", crossgate exec {name}/hq \"…\", crossgate lab --down {name}\n{}",
        doors.join("\n")
    );
    lab.progress.step("kept", text);
    Ok(())
}

/// A process that does nothing but stay in the namespace that it is born in.
fn hold() -> std::io::Result<u32> {
    let mut command = Command::new("sleep");
    command.arg("infinity").stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().map(|child| child.id())
}

fn conclude(lab: &Lab<'_>, outcome: &Outcome) {
    let esp = outcome.wan.esp_packets;
    if outcome.good() {
        let text = format!(
            "the tunnel works: {esp} ESP packets crossed the WAN, and no packet in the clear"
        );
        lab.progress.step("verdict", text);
    } else {
        lab.folders.remains.spare_folder(&lab.folders.logs);
        let text = format!(
            "{}; both ends' logs are in {}",
            outcome.complaint(),
            lab.folders.logs.display()
        );
        lab.progress.step("verdict", text);
    }
    if lab.args.json {
        let object = serde_json::to_string(outcome).unwrap_or_default();
        writeln!(std::io::stdout(), "{object}").ok();
    }
}
