//! Many seeds of one rehearsal: how they end, and the worst.

use super::account::length;
use super::answers::Script;
use super::{Day, RehearseArgs, Stage, print};
use crate::check::fleet::work;
use crossgate_model::Verdict;
use crossgate_rehearse::{Detail, Network, explore};
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Duration;

/// Of the worst that are told.
const WORST: usize = 5;

/// One seed's end.
struct Ended {
    seed: u64,
    verdict: Verdict,
    serves: bool,
    without: Duration,
    lost: u64,
    codes: Vec<&'static str>,
    violated: Vec<&'static str>,
}

/// Whether all of them served the whole time.
pub fn run(
    args: &RehearseArgs,
    stage: &Stage<'_>,
    script: &Script,
    runs: u32,
) -> Result<bool, String> {
    let names = stage.names;
    let last = args.seed.checked_add(u64::from(runs) - 1);
    let last = last.ok_or("--seed and --runs together are more than there are seeds")?;
    let seeds: Vec<u64> = (args.seed..=last).collect();
    let stage = &match args.real {
        true => stage.clone(),
        false => stage.clone().transparently(),
    };
    let ended = work::each("rehearsing", &seeds, |seed| {
        ended(stage, &script.with_seed(*seed), *seed)
    });
    let worst = worst(&ended);
    let mut commands = Vec::new();
    for bad in &worst {
        commands.push(replay(args, &stage.network, bad)?);
    }
    let all_serve = ended.iter().all(|one| one.serves);
    match args.json {
        true => print(&told_as_json(&ended, &worst, &commands, names)),
        false => print(&told(&ended, &worst, &commands, names)),
    }
    Ok(all_serve)
}

fn ended(stage: &Stage<'_>, script: &Script, seed: u64) -> Ended {
    let day = Day::live(stage, script, Detail::EVENTS);
    let account = &day.account;
    Ended {
        seed,
        verdict: account.verdict,
        serves: account.serves(),
        without: account.without_tunnel(),
        lost: day.world.trace().totals.pings_lost,
        codes: account.codes.clone(),
        violated: account.violations.iter().map(|v| v.name).collect(),
    }
}

/// Those that did not serve, the worst first.
fn worst(ended: &[Ended]) -> Vec<&Ended> {
    let mut bad: Vec<&Ended> = ended.iter().filter(|one| !one.serves).collect();
    bad.sort_by_key(|one| {
        let rank = (one.violated.len(), one.verdict, one.without, one.lost);
        std::cmp::Reverse(rank)
    });
    bad.truncate(WORST);
    bad
}

/// The command that shows one of them alone.
fn replay(args: &RehearseArgs, network: &Network, bad: &Ended) -> Result<String, String> {
    let saved = match (&args.save, bad.violated.first()) {
        (Some(folder), Some(invariant)) => Some(save(folder, network, bad.seed, invariant)?),
        _ => None,
    };
    let files = args.files.iter().map(|file| file.display().to_string());
    let mut words = vec!["crossgate".to_owned(), "rehearse".to_owned()];
    words.extend(files);
    match saved {
        Some(file) => words.extend(["--replay".to_owned(), file]),
        None => {
            words.extend(told_again(std::env::args().skip(2)));
            words.extend(["--seed".to_owned(), bad.seed.to_string()]);
            words.dedup();
        }
    }
    let quoted: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    Ok(quoted.join(" "))
}

/// A violation as a file, as small as it goes.
fn save(folder: &Path, network: &Network, seed: u64, invariant: &str) -> Result<String, String> {
    let bytes = explore::shrink(network, &explore::bytes_of(seed), invariant);
    let file = folder.join(format!("{invariant}-{seed}.scenario"));
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&file, bytes))
        .map_err(|error| super::unwritable(&file, &error))?;
    Ok(file.display().to_string())
}

/// The options of this command that make the scenario; those about several runs are left out.
fn told_again(words: impl Iterator<Item = String>) -> Vec<String> {
    const MAKE_IT: [&str; 9] = [
        "--hours",
        "--start",
        "--loss",
        "--delay",
        "--nat",
        "--event",
        "--traffic",
        "--release",
        "--template",
    ];
    let mut kept = Vec::new();
    let mut words = words.peekable();
    while let Some(word) = words.next() {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (word.as_str(), None),
        };
        if name == "--mixed" {
            kept.push(word.clone());
        } else if MAKE_IT.contains(&name) {
            let value = value.or_else(|| words.next());
            kept.push(name.to_owned());
            kept.extend(value);
        }
    }
    kept
}

/// As a shell wants it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./=%:+±".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

fn told(ended: &[Ended], worst: &[&Ended], commands: &[String], names: [&str; 2]) -> String {
    let mut out = String::new();
    let served = ended.iter().filter(|one| one.serves).count();
    writeln!(
        out,
        "{} runs, {served} of them served the whole time",
        ended.len()
    )
    .ok();
    for (sentence, count) in verdicts(ended, names) {
        writeln!(out, "{count:>8}  {sentence}").ok();
    }
    let without = spread(ended, |one| one.without);
    let [least, middle, most_of, most] = without.map(length);
    writeln!(
        out,
        "without a tunnel: least {least}, half up to {middle}, 95 of 100 up to {most_of}, most {most}"
    )
    .ok();
    let [least, middle, most_of, most] = spread(ended, |one| one.lost);
    writeln!(
        out,
        "packets lost: least {least}, half up to {middle}, 95 of 100 up to {most_of}, most {most}"
    )
    .ok();
    if !worst.is_empty() {
        out.push_str("the worst:\n");
    }
    for (bad, command) in worst.iter().zip(commands) {
        writeln!(
            out,
            "  seed {}: {}\n    {command}",
            bad.seed,
            sentence(bad, names)
        )
        .ok();
    }
    out
}

fn verdicts(ended: &[Ended], names: [&str; 2]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for one in ended {
        let sentence = one.verdict.sentence(names).to_string();
        *counts.entry(sentence).or_default() += 1;
    }
    counts
}

fn sentence(bad: &Ended, names: [&str; 2]) -> String {
    let mut text = bad.verdict.sentence(names).to_string();
    if bad.verdict.is_good() {
        write!(
            text,
            ", but is without a tunnel for {}",
            length(bad.without)
        )
        .ok();
    }
    if !bad.violated.is_empty() {
        write!(text, ", but violates {}", bad.violated.join(", ")).ok();
    }
    if !bad.codes.is_empty() {
        write!(text, " [{}]", bad.codes.join(", ")).ok();
    }
    text
}

/// The least, the one in the middle, that of 95 of 100, and the most.
fn spread<T: Ord + Copy + Default>(ended: &[Ended], of: impl Fn(&Ended) -> T) -> [T; 4] {
    let mut all: Vec<T> = ended.iter().map(of).collect();
    all.sort_unstable();
    let at = |percent: usize| {
        let index = (all.len() * percent).div_ceil(100).saturating_sub(1);
        all.get(index).copied().unwrap_or_default()
    };
    [at(0), at(50), at(95), at(100)]
}

fn told_as_json(
    ended: &[Ended],
    worst: &[&Ended],
    commands: &[String],
    names: [&str; 2],
) -> String {
    let seconds = spread(ended, |one| one.without).map(|d| d.as_secs_f64());
    let value = json!({
        "runs": ended.len(),
        "served": ended.iter().filter(|one| one.serves).count(),
        "verdicts": verdicts(ended, names),
        "seconds_without_tunnel": named(seconds),
        "packets_lost": named(spread(ended, |one| one.lost)),
        "worst": worst.iter().zip(commands).map(|(bad, command)| json!({
            "seed": bad.seed,
            "verdict": sentence(bad, names),
            "command": command,
        })).collect::<Vec<_>>(),
    });
    format!("{value:#}\n")
}

fn named<T: serde::Serialize>([least, middle, most_of, most]: [T; 4]) -> serde_json::Value {
    json!({ "least": least, "median": middle, "percentile_95": most_of, "most": most })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_told_again_without_what_is_about_many_runs() {
        let words = "--loss 5% a.cfg --runs 10 --event=x --seed 3 b.set --json --mixed";
        let kept = told_again(words.split(' ').map(str::to_owned));
        assert_eq!(kept, ["--loss", "5%", "--event", "x", "--mixed"]);
    }

    #[test]
    fn words_are_quoted_where_a_shell_would_split_them() {
        assert_eq!(quoted("a/b-c.cfg"), "a/b-c.cfg");
        assert_eq!(quoted("reboot hq at 2h"), "'reboot hq at 2h'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}
