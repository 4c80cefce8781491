//! Some of the pairs run for real: `crossgate lab`, whoever starts.

use super::base::root;
use super::judge::{Checked, Given};
use super::run::told;
use super::table::Mutation;
use super::unenforced::UNENFORCED;
use crossgate_model::{End, Verdict};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Labs mostly wait, so more run at once than there are processors.
const AT_ONCE: usize = 6;

/// For the answer to a rekey that was asked for.
const REKEY_PATIENCE: Duration = Duration::from_millis(1500);

/// How long a lab waits for a tunnel, at most.
const LAB_PATIENCE: Duration = Duration::from_secs(5);

/// From each host to its peer.
const PINGS: u64 = 2;

/// What the lab showed.
#[derive(Debug, PartialEq, Eq)]
pub enum Shown {
    /// As predicted.
    Agrees,
    /// Otherwise, and how.
    Differs(String),
    /// Nothing either way, and why: what a lab doesn't do.
    CannotShow(&'static str),
}

impl Shown {
    /// For counting.
    pub fn in_words(&self) -> &'static str {
        match self {
            Self::Agrees => "agrees",
            Self::Differs(_) => "differs",
            Self::CannotShow(why) => why,
        }
    }
}

/// One lab that ran.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Ran {
    Passed,
    /// The tunnel is up; which ways packets were lost.
    Silent([bool; 2]),
    /// The same for some of several pairs of hosts.
    SomeSilent,
    /// The tunnel is up, and its selectors take no ping.
    NoPings,
    Down,
    /// The end's file doesn't let it start: it was made to all the same, which says nothing.
    NoStarter,
    /// It was no lab at all: a file or the plan can't serve.
    Unusable,
}

/// Two files in a folder of their own, which goes with it.
struct Files {
    folder: PathBuf,
    paths: [String; 2],
}

impl Files {
    fn write(number: usize, texts: &[String; 2]) -> Self {
        let name = format!("crossgate-mutation-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).expect("a folder");
        let paths = [0, 1].map(|at| {
            let path = folder.join(format!("{at}.txt"));
            std::fs::write(&path, &texts[at]).expect("a file");
            path.to_string_lossy().into_owned()
        });
        Self { folder, paths }
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.folder).ok();
    }
}

fn crossgate(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crossgate"));
    command.current_dir(root()).env_remove("XDG_RUNTIME_DIR");
    command
        .args(arguments)
        .output()
        .expect("the program starts")
}

/// What the lab calls the ends, in the order of the files.
const LABELS: [&str; 2] = ["branch", "hq"];

/// Each pair in a lab of its own.
pub fn run(sample: Vec<(Mutation, Given, Checked)>) -> Vec<(Mutation, Shown)> {
    let next = AtomicUsize::new(0);
    let one_thread = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some((_, given, checked)) = sample.get(at) else {
                return done;
            };
            done.push((at, shown(at, given, checked)));
        }
    };
    let mut all = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(one_thread)).collect();
        let results = threads.into_iter().map(|thread| thread.join());
        let done = results.flat_map(|done| done.expect("no lab makes it panic"));
        done.collect::<Vec<_>>()
    });
    all.sort_by_key(|(at, _)| *at);
    let shown = all.into_iter().map(|(_, shown)| shown);
    let mutations = sample.into_iter().map(|(mutation, ..)| mutation);
    mutations.zip(shown).collect()
}

/// Runs the pair from both ends and compares with the prediction.
fn shown(number: usize, given: &Given, checked: &Checked) -> Shown {
    let files = Files::write(number, &given.texts);
    let runs = End::BOTH.map(|starts| ran(&files, starts));
    let rekey_fails = || {
        let rekeyer = checked.rekeyer;
        rekeyer.is_some_and(|end| rekey_fails(number, &files, end))
    };
    if comes_true(checked.verdict, &runs, &rekey_fails) {
        return Shown::Agrees;
    }
    if runs.contains(&Ran::NoPings) {
        return Shown::CannotShow("no ping fits the selectors");
    }
    let unenforced = |code: &&str| UNENFORCED.contains(code);
    // Without the rule's effect the tunnel serves: anything else has another cause.
    let serves = |ran: &Ran| matches!(ran, Ran::Passed | Ran::NoStarter);
    if checked.codes.iter().any(unenforced) && runs.iter().all(serves) {
        return Shown::CannotShow("a lab enforces no rules, filters and NAT");
    }
    let awaited = awaited(&runs, checked);
    if awaited != runs && comes_true(checked.verdict, &awaited, &rekey_fails) {
        return Shown::CannotShow("the tunnel comes up later than a lab waits");
    }
    let [first, second] = &runs;
    Shown::Differs(format!(
        "predicted: {} {:?}; {first:?} and {second:?}",
        told(checked.verdict),
        checked.codes
    ))
}

/// Whether two labs, one for each end that starts, show what is predicted.
fn comes_true(predicted: Verdict, runs: &[Ran; 2], rekey_fails: &dyn Fn() -> bool) -> bool {
    let wanted = |up: bool, ran: &Ran| match ran {
        Ran::Passed => up,
        Ran::NoStarter => true,
        Ran::Down | Ran::Unusable => !up,
        // A pair of hosts without a Child SA is one without a tunnel.
        Ran::SomeSilent => !up,
        Ran::Silent(_) | Ran::NoPings => false,
    };
    if *runs == [Ran::NoStarter, Ran::NoStarter] {
        return predicted == Verdict::NeverComesUp;
    }
    let [first, second] = runs;
    match predicted {
        Verdict::ComesUp => wanted(true, first) && wanted(true, second),
        Verdict::NeverComesUp => wanted(false, first) && wanted(false, second),
        Verdict::OnlyWhen { starts } => {
            wanted(starts == End::First, first) && wanted(starts == End::Second, second)
        }
        Verdict::FailsAtRekey { .. } => {
            wanted(true, first) && wanted(true, second) && rekey_fails()
        }
        Verdict::NoTraffic { from } => {
            let silent = |ran: &Ran| match (ran, from) {
                (Ran::Silent(ways), Some(end)) => ways[end as usize],
                (Ran::Silent(ways), None) => ways[0] && ways[1],
                (Ran::SomeSilent | Ran::NoStarter, _) => true,
                _ => false,
            };
            // One run in which its packets don't arrive is enough.
            silent(first) || silent(second)
        }
    }
}

/// The same runs, if the lab had waited as long as the rehearsal says that the tunnel takes: one
/// whose first Child is refused tries again by and by.
fn awaited(runs: &[Ran; 2], checked: &Checked) -> [Ran; 2] {
    let is_down = |ran: &Ran| matches!(ran, Ran::Down | Ran::SomeSilent);
    let mut awaited = runs.clone();
    for (end, ran) in End::BOTH.into_iter().zip(&mut awaited) {
        let late = || checked.up_after(end).is_some_and(|t| t > LAB_PATIENCE);
        if is_down(ran) && late() {
            *ran = Ran::Passed;
        }
    }
    awaited
}

/// A lab, and what came of it.
fn ran(files: &Files, starts: End) -> Ran {
    let [branch, hq] = &files.paths;
    let label = LABELS[starts as usize];
    let output = crossgate(&[
        "lab", "--json", branch, hq, "--start", label, "--count", "2",
    ]);
    let told = String::from_utf8_lossy(&output.stderr);
    remove_logs(&told);
    let Ok(object) = serde_json::from_slice::<Value>(&output.stdout) else {
        return Ran::Unusable;
    };
    if told.contains("its file only lets it answer") {
        return Ran::NoStarter;
    }
    if object["tunnel"] != "up" {
        return Ran::Down;
    }
    let silent = ["branch_to_hq", "hq_to_branch"].map(|way| {
        let ping = &object["ping"][way];
        ping["received"].as_u64() < ping["sent"].as_u64()
    });
    let sent = object["ping"]["branch_to_hq"]["sent"]
        .as_u64()
        .unwrap_or_default();
    match output.status.code() {
        Some(0) => Ran::Passed,
        _ if told.contains("so no ping can test it") => Ran::NoPings,
        _ if sent > PINGS => Ran::SomeSilent,
        _ => Ran::Silent(silent),
    }
}

/// A failed lab leaves its logs.
fn remove_logs(told: &str) {
    if let Some((_, folder)) = told.split_once("logs are in ") {
        let folder = Path::new(folder.lines().next().unwrap_or_default().trim());
        if folder.starts_with(std::env::temp_dir()) {
            std::fs::remove_dir_all(folder).ok();
        }
    }
}

/// Nobody waits an hour here: the end that would rekey first is told to, at once.
fn rekey_fails(number: usize, files: &Files, rekeyer: End) -> bool {
    let name = format!("mutation-{}-{number}", std::process::id());
    let [branch, hq] = &files.paths;
    crossgate(&["lab", branch, hq, "--keep", "--name", &name, "--count", "1"]);
    let before = spis(&name);
    let end = format!("{name}/{}", LABELS[rekeyer as usize]);
    crossgate(&["exec", &end, "request rekey child"]);
    std::thread::sleep(REKEY_PATIENCE);
    let after = spis(&name);
    crossgate(&["lab", "--down", &name]);
    !before.is_empty() && (after.is_empty() || after == before)
}

/// Of the Child SAs, as whichever end is a firewall shows them.
fn spis(name: &str) -> Vec<String> {
    let show = |label| crossgate(&["exec", &format!("{name}/{label}"), "show vpn ipsec-sa"]);
    let prints = LABELS.map(|label| String::from_utf8_lossy(&show(label).stdout).into_owned());
    let words = prints.iter().flat_map(|print| print.split_whitespace());
    let is_spi = |word: &&str| word.len() == 8 && word.chars().all(|c| c.is_ascii_hexdigit());
    words.filter(is_spi).map(str::to_owned).collect()
}
