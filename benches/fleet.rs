//! How long `crossgate check --fleet` takes, from the files to the table: for 10,000 pairs, each
//! of them the files of `examples/site-to-site` with addresses, networks and key of its own (every
//! other firewall is XML), and for one firewall with 1,000 tunnels to as many branches.
//!
//! `cargo bench -p crossgate --bench fleet`

#![allow(
    clippy::disallowed_methods,
    reason = "a benchmark reads the clock, unlike what lies below `gateway`"
)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;
use std::{env, fs};

const PAIRS: usize = 10_000;
const BRANCHES: usize = 1_000;
/// Seconds that were promised on two cores. Held against what all processors spent, so that other
/// programs of the machine don't decide.
const LIMIT: f64 = 10.0;

fn main() {
    measure("pairs", PAIRS, write_pairs);
    measure("branches of one hub", BRANCHES, write_hub);
}

/// Judges so many tunnels, whose files are written into an empty folder.
fn measure(what: &str, tunnels: usize, write: fn(&Path)) {
    let folder = env::temp_dir().join(format!("crossgate-fleet-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    write(&folder);
    let (began, spent_before) = (Instant::now(), spent_by_children());
    let output = Command::new(env!("CARGO_BIN_EXE_crossgate"))
        .args(["check", "--fleet"])
        .arg(&folder)
        .output()
        .expect("the program starts");
    let took = began.elapsed().as_secs_f64();
    let spent = spent_by_children() - spent_before;
    fs::remove_dir_all(&folder).expect("the folder is removed");
    let table = String::from_utf8(output.stdout).expect("UTF-8");
    let last = table.lines().last().unwrap_or_default();
    assert_eq!(
        last,
        format!(
            "{tunnels} tunnels: {tunnels} come up, 0 do not or not always; 0 files without a peer here, 0 unread"
        ),
        "each tunnel is found, and comes up"
    );
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!(
        "{tunnels} {what}: {took:.2} s, {spent:.2} s of processors; load {}",
        load.trim()
    );
    assert!(spent < LIMIT, "expected less than {LIMIT} s of processors");
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

fn example(name: &str) -> String {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/site-to-site");
    fs::read_to_string(examples.join(name)).expect("an example")
}

fn write_pairs(folder: &Path) {
    let (branch, set, xml) = (example("branch.cfg"), example("hq.set"), example("hq.xml"));
    for index in 0..PAIRS {
        let site = folder.join(format!("site-{index:05}"));
        fs::create_dir_all(&site).expect("a folder");
        let (hq, name) = match index % 2 {
            0 => (&set, "hq.set"),
            _ => (&xml, "hq.xml"),
        };
        let of_hq = |text: &str| {
            text.replace("198.51.100.", &net(101, index))
                .replace("10.20.20.", &net(11, index))
        };
        write(
            site.join("branch.cfg"),
            &of_hq(&of_branch(&branch, index, "")),
        );
        write(site.join(name), &of_hq(&of_branch(hq, index, "")));
    }
}

/// A firewall with all that a branch needs, once for each of them.
fn write_hub(folder: &Path) {
    let branch = example("branch.cfg");
    for index in 0..BRANCHES {
        let name = format!("branch-{index:05}.cfg");
        write(folder.join(name), &of_branch(&branch, index, ""));
    }
    let hub = example("hq.set").lines().map(hub_lines).collect::<String>();
    write(folder.join("hub.set"), &hub);
}

/// A line of a tunnel becomes a line of each, and a list names all of them.
fn hub_lines(line: &str) -> String {
    let of_tunnel = ["branch", "tunnel.1", "keep-vpn", "10.10.10."];
    if line.contains('[') {
        let all: String = (1..=BRANCHES).map(|n| format!("tunnel.{n} ")).collect();
        return line.replace("tunnel.1", &all) + "\n";
    }
    match of_tunnel.iter().any(|word| line.contains(word)) {
        true => (0..BRANCHES)
            .map(|index| of_branch(line, index, &format!("-{index}")) + "\n")
            .collect(),
        false => format!("{line}\n"),
    }
}

/// The text with the address, network and key of that branch, and its own names.
fn of_branch(text: &str, index: usize, suffix: &str) -> String {
    let text = text
        .replace("203.0.113.", &net(100, index))
        .replace("10.10.10.", &net(12, index))
        .replace("lab-only-", &format!("lab-only-{index:05}-"));
    if suffix.is_empty() {
        return text;
    }
    let named = |text: String, name: &str| text.replace(name, &format!("{name}{suffix}"));
    let names = [
        "gw-branch",
        "tun-branch",
        "ike-branch",
        "esp-branch",
        "branch-lan",
        "lan-branch",
        "branch-to-hq",
        "hq-to-branch",
        "keep-vpn-addresses",
    ];
    let text = names.into_iter().fold(text, named);
    text.replace("tunnel.1", &format!("tunnel.{}", index + 1))
}

fn net(first: u8, index: usize) -> String {
    format!("{first}.{}.{}.", index / 256, index % 256)
}

fn write(path: PathBuf, text: &str) {
    fs::write(path, text).expect("a file");
}
