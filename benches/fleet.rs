//! How long `crossgate check --fleet` takes for 10,000 pairs: each has the files of
//! `examples/site-to-site` with addresses, networks and key of its own; every other firewall is XML.
//!
//! `cargo bench -p crossgate --bench fleet`

#![allow(
    clippy::disallowed_methods,
    reason = "a benchmark reads the clock, unlike what lies below `gateway`"
)]

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use std::{env, fs};

const PAIRS: usize = 10_000;
/// What was promised, on two cores.
const LIMIT: Duration = Duration::from_secs(10);

fn main() {
    let folder = env::temp_dir().join(format!("crossgate-fleet-{}", std::process::id()));
    let octets = write_pairs(&folder);
    let began = Instant::now();
    let output = Command::new(env!("CARGO_BIN_EXE_crossgate"))
        .args(["check", "--json", "--fleet"])
        .arg(&folder)
        .output()
        .expect("the program starts");
    let took = began.elapsed();
    fs::remove_dir_all(&folder).expect("the folder is removed");
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let tunnels = report["tunnels"].as_array().expect("a list of tunnels");
    let up = tunnels.iter().filter(|tunnel| tunnel["comes_up"] == true);
    assert_eq!(
        (tunnels.len(), up.count()),
        (PAIRS, PAIRS),
        "each pair is found, and comes up"
    );
    println!(
        "{PAIRS} pairs, {} files of {} MB: {:.2} s, {:.2} s of processors; load {}",
        2 * PAIRS,
        octets / 1_000_000,
        took.as_secs_f64(),
        spent_by_children(),
        fs::read_to_string("/proc/loadavg")
            .unwrap_or_default()
            .trim()
    );
    assert!(took < LIMIT, "expected less than {LIMIT:?}");
}

/// Seconds, as Linux counts them for programs that have ended: hundredths, in the 16th and 17th
/// field of `stat`, of which the second ends with `)` (proc_pid_stat(5)).
fn spent_by_children() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let spent = fields.split_whitespace().skip(13).take(2);
    spent
        .filter_map(|ticks| ticks.parse::<f64>().ok())
        .sum::<f64>()
        / 100.0
}

/// Returns the octets of all files.
fn write_pairs(folder: &Path) -> usize {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/site-to-site");
    let read = |name| fs::read_to_string(examples.join(name)).expect("an example");
    let (branch, set, xml) = (read("branch.cfg"), read("hq.set"), read("hq.xml"));
    let mut octets = 0;
    for index in 0..PAIRS {
        let site = folder.join(format!("site-{index:05}"));
        fs::create_dir_all(&site).expect("a folder");
        let (hq, name) = match index % 2 {
            0 => (&set, "hq.set"),
            _ => (&xml, "hq.xml"),
        };
        octets += write(site.join("branch.cfg"), &of_pair(&branch, index));
        octets += write(site.join(name), &of_pair(hq, index));
    }
    octets
}

fn write(path: PathBuf, text: &str) -> usize {
    fs::write(path, text).expect("a file");
    text.len()
}

/// The text with the addresses, networks and key of that pair.
fn of_pair(text: &str, index: usize) -> String {
    let net = |first: u8| format!("{first}.{}.{}.", index / 256, index % 256);
    text.replace("203.0.113.", &net(100))
        .replace("198.51.100.", &net(101))
        .replace("10.10.10.", &net(12))
        .replace("10.20.20.", &net(11))
        .replace("lab-only-", &format!("lab-only-{index:05}-"))
}
