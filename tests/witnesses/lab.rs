//! The third witness: two daemons between namespaces of this machine, run by `crossgate lab`.

use super::case::{ENDS, root};
use super::prediction::{Judged, Rekey, Reported};
use super::words;
use crossgate_model::{End, Verdict};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// From each host to its peer.
const PINGS: &str = "2";

/// Told minutes after the last word of a peer, for which no lab waits.
const LATER: &str = "peer-dead";

/// For the answer to a rekey that was asked for.
const REKEY_PATIENCE: Duration = Duration::from_secs(5);

/// What one lab showed.
#[derive(Debug)]
struct Ran {
    /// The end that was told to start.
    starts: Option<End>,
    shown: Shown,
    reported: Vec<Reported>,
}

#[derive(Debug, PartialEq, Eq)]
enum Shown {
    /// Traffic passed both ways, and nothing in the clear.
    Serves,
    /// The SAs are there. Whose hosts' requests arrived at the other end's host.
    Up {
        arrived: [bool; 2],
        clear: bool,
    },
    Down,
    /// No tunnel was tried: why.
    Refused(String),
}

/// In what the prediction came true; or what happened instead.
pub fn confirm(judged: &Judged, code: &str) -> Result<String, String> {
    let runs: Vec<Ran> = starts(judged)
        .into_iter()
        .map(|starts| Lab::run(judged, starts).map(|lab| lab.shown(starts)))
        .collect::<Result<_, _>>()?;
    let alike = runs.iter().all(|ran| fits(judged.verdict, ran));
    if !alike {
        return Err(runs.iter().map(told).collect::<Vec<_>>().join("; "));
    }
    if let Some(rekey) = judged.rekey() {
        return confirm_rekey(judged, &rekey, &judged.events(code));
    }
    confirm_events(&judged.events(code), &runs)?;
    let mut all: Vec<String> = runs.iter().map(told).collect();
    all.dedup();
    if judged.events(code).iter().any(|(_, code)| code == LATER) {
        all.push(format!("`{LATER}` comes later than a lab waits"));
    }
    Ok(all.join("; "))
}

/// Whether traffic passes both ways, whoever starts; and a rekey where it had failed.
pub fn confirm_cured(cured: &Judged, rekey: Option<&Rekey>) -> Result<(), String> {
    for starts in starts(cured) {
        let lab = Lab::run(cured, starts)?;
        let ran = lab.shown(starts);
        if ran.shown != Shown::Serves {
            return Err(told(&ran));
        }
        if let Some(rekey) = rekey {
            lab.ask_for_rekey(rekey.end);
            let done = || {
                End::BOTH
                    .into_iter()
                    .all(|end| lab.has_logged(end, "child-sa-rekeyed"))
            };
            wait_for(done).ok_or("the rekey that was asked for did not come about")?;
        }
    }
    Ok(())
}

/// Each end that its file lets start; or nobody in particular.
fn starts(judged: &Judged) -> Vec<Option<End>> {
    let starters = judged.starters();
    match starters.is_empty() {
        true => vec![None],
        false => starters.into_iter().map(Some).collect(),
    }
}

/// Whether it is what was predicted.
fn fits(predicted: Verdict, ran: &Ran) -> bool {
    let never = matches!(ran.shown, Shown::Down | Shown::Refused(_));
    match (predicted, &ran.shown) {
        (Verdict::NeverComesUp, _) => never,
        (Verdict::OnlyWhen { starts }, shown) => match ran.starts == Some(starts) {
            true => *shown == Shown::Serves,
            false => never,
        },
        (Verdict::NoTraffic { from }, Shown::Up { arrived, .. }) => End::BOTH
            .into_iter()
            .all(|end| arrived[end as usize] != from.is_none_or(|from| from == end)),
        (Verdict::ComesUp | Verdict::FailsAtRekey { .. }, shown) => *shown == Shown::Serves,
        (Verdict::NoTraffic { .. }, _) => false,
    }
}

/// Where nothing was tried, nothing is reported.
fn confirm_events(predicted: &[Reported], runs: &[Ran]) -> Result<(), String> {
    let tried = runs
        .iter()
        .any(|ran| !matches!(ran.shown, Shown::Refused(_)));
    let reported = |event: &Reported| runs.iter().any(|ran| ran.reported.contains(event));
    let mut soon = predicted.iter().filter(|(_, code)| code != LATER);
    let missing = soon.find(|event| !reported(event));
    match missing.filter(|_| tried) {
        Some((end, code)) => Err(format!("{}: no {code}", words::name(*end))),
        None => Ok(()),
    }
}

/// Nobody waits an hour here: the end that would rekey first is told to, at once.
fn confirm_rekey(judged: &Judged, rekey: &Rekey, events: &[Reported]) -> Result<String, String> {
    for starts in starts(judged) {
        let lab = Lab::run(judged, starts)?;
        lab.ask_for_rekey(rekey.end);
        let refused = || events.iter().all(|(end, code)| lab.has_logged(*end, code));
        wait_for(refused).ok_or("the rekey that was asked for was not refused as predicted")?;
        if let Some(end) = End::BOTH
            .into_iter()
            .find(|end| lab.has_logged(*end, "child-sa-rekeyed"))
        {
            return Err(format!("{}: rekeyed all the same", words::name(end)));
        }
    }
    let events: Vec<_> = events
        .iter()
        .map(|(end, code)| (Some(*end), code.clone()))
        .collect();
    let asks = words::name(rekey.end);
    Ok(format!(
        "up; told to rekey, {asks} fails: {}",
        words::codes(&events)
    ))
}

fn wait_for(happened: impl Fn() -> bool) -> Option<()> {
    let until = Instant::now() + REKEY_PATIENCE;
    while Instant::now() < until {
        if happened() {
            return Some(());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    None
}

fn told(ran: &Ran) -> String {
    let who = ran.starts.map_or("nobody starts".to_owned(), |end| {
        format!("{} starts", words::name(end))
    });
    let reported: Vec<_> = ran
        .reported
        .iter()
        .map(|(end, code)| (Some(*end), code.clone()))
        .collect();
    let mut text = match &ran.shown {
        Shown::Serves => format!("{who}: serves"),
        Shown::Down => format!("{who}: down"),
        Shown::Refused(why) => return format!("refused: {why}"),
        Shown::Up { arrived, clear } => {
            let arrives = |end: End| match arrived[end as usize] {
                true => format!("pings from {} arrive", words::name(end)),
                false => format!("no ping from {} arrives", words::name(end)),
            };
            let clear = if *clear {
                ", some leave in the clear"
            } else {
                ""
            };
            format!(
                "up; {}, {}{clear}",
                arrives(End::First),
                arrives(End::Second)
            )
        }
    };
    if !reported.is_empty() {
        text += &format!(" ({})", words::codes(&reported));
    }
    text
}

/// A kept lab and its files. Dropping it takes it down.
struct Lab {
    name: String,
    folder: PathBuf,
    /// Where both ends' logs are.
    logs: PathBuf,
    exit: Option<i32>,
    /// What `--json` printed.
    outcome: Option<Value>,
    told: String,
}

impl Lab {
    fn run(judged: &Judged, starts: Option<End>) -> Result<Self, String> {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("witness-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(format!("crossgate-{name}"));
        std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        let mut lab = Self {
            name,
            folder,
            logs: PathBuf::new(),
            exit: None,
            outcome: None,
            told: String::new(),
        };
        let mut command = program();
        command.args([
            "lab", "--json", "--keep", "--count", PINGS, "--name", &lab.name,
        ]);
        if let Some(end) = starts {
            command.args(["--start", words::name(end)]);
        }
        for (name, text) in judged.pair.names.iter().zip(&judged.pair.texts) {
            let path = lab.folder.join(name);
            std::fs::write(&path, text).map_err(|error| error.to_string())?;
            command.arg(path);
        }
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().map_err(|error| error.to_string())?;
        lab.logs = std::env::temp_dir().join(format!("crossgate-lab-{}", child.id()));
        let output = child
            .wait_with_output()
            .map_err(|error| error.to_string())?;
        lab.exit = output.status.code();
        lab.outcome = serde_json::from_slice(&output.stdout).ok();
        lab.told = String::from_utf8_lossy(&output.stderr).into_owned();
        Ok(lab)
    }

    fn shown(&self, starts: Option<End>) -> Ran {
        Ran {
            starts,
            shown: self.state(),
            reported: End::BOTH
                .into_iter()
                .flat_map(|end| self.failures(end))
                .collect(),
        }
    }

    fn state(&self) -> Shown {
        let Some(outcome) = &self.outcome else {
            return Shown::Refused(self.complaint());
        };
        match (self.exit, outcome["tunnel"] == "up") {
            (Some(0), true) => Shown::Serves,
            (_, false) => Shown::Down,
            (_, true) => Shown::Up {
                arrived: [self.requests_at(End::Second), self.requests_at(End::First)]
                    .map(|n| n > 0),
                clear: outcome["wan"]["plaintext_packets"].as_u64() > Some(0),
            },
        }
    }

    /// `error: plan: …` of its last words.
    fn complaint(&self) -> String {
        let error = self
            .told
            .lines()
            .rev()
            .find_map(|line| line.strip_prefix("error: "));
        error.unwrap_or("it said nothing").to_owned()
    }

    /// Echo requests that the end's host has got, by its namespace's own count.
    fn requests_at(&self, end: End) -> u64 {
        let whose = ["the branch's host", "the HQ's host"][end as usize];
        let door = self
            .told
            .lines()
            .find(|line| line.contains("nsenter -t ") && line.ends_with(whose));
        let pid = door.and_then(|line| line.split_once("nsenter -t ")?.1.split(' ').next());
        let path = format!("/proc/{}/net/snmp", pid.unwrap_or("none"));
        let table = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
        let mut rows = table.lines().filter(|line| line.starts_with("Icmp:"));
        let (heads, values) = (
            rows.next().unwrap_or_default(),
            rows.next().unwrap_or_default(),
        );
        let mut columns = heads.split(' ').zip(values.split(' '));
        let echos = columns.find(|(head, _)| *head == "InEchos");
        echos
            .and_then(|(_, value)| value.parse().ok())
            .expect("InEchos is a number")
    }

    fn log(&self, end: End) -> Vec<Value> {
        let path = self.logs.join(format!("{}.log", words::name(end)));
        let text = std::fs::read_to_string(path).unwrap_or_default();
        text.lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }

    fn has_logged(&self, end: End, event: &str) -> bool {
        self.log(end).iter().any(|line| line["event"] == event)
    }

    /// What did not happen there as its file wants, each code once.
    fn failures(&self, end: End) -> Vec<Reported> {
        let mut codes: Vec<Reported> = Vec::new();
        for line in self.log(end).iter().filter(|line| line["failure"] == true) {
            let code = line["event"].as_str().unwrap_or_default().to_owned();
            if !codes.contains(&(end, code.clone())) {
                codes.push((end, code));
            }
        }
        codes.sort();
        codes
    }

    fn ask_for_rekey(&self, end: End) {
        let door = format!("{}/{}", self.name, ENDS[end as usize]);
        let mut command = program();
        command.args(["exec", &door, "request rekey child"]);
        command.output().expect("the program starts");
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let mut command = program();
        command.args(["lab", "--down", &self.name]);
        command.output().ok();
        for folder in [&self.folder, &self.logs] {
            std::fs::remove_dir_all(folder).ok();
        }
    }
}

fn program() -> Command {
    let mut command = Command::new(Path::new(env!("CARGO_BIN_EXE_crossgate")));
    command
        .current_dir(root())
        .env_remove("XDG_RUNTIME_DIR")
        .stdin(Stdio::null());
    command
}
