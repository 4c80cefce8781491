//! `crossgate rehearse` as a person and as a program use it.

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A folder of its own for each test, removed with it.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let name = format!("crossgate-rehearse-{}-{test}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }

    fn write(&self, name: &str, content: &str) -> String {
        fs::write(self.0.join(name), content).expect("a file");
        self.path(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).expect("a file of text")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

const BRANCH: &str = "examples/site-to-site/branch.cfg";
const HQ: &str = "examples/site-to-site/hq.set";
/// Of all examples.
const KEYS: &str = "lab-only-";

/// What the program said.
struct Said {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Said {
    fn last_line(&self) -> &str {
        self.stdout.lines().last().unwrap_or_default()
    }

    /// Where a line with that text stands in the timeline, in seconds.
    fn seconds_of(&self, text: &str) -> f64 {
        let line = self.stdout.lines().find(|line| line.contains(text));
        let line = line.unwrap_or_else(|| panic!("{text}: {}", self.stdout));
        let mut parts = line[..12]
            .split(':')
            .map(|part| part.parse::<f64>().expect("a time"));
        let mut next = || parts.next().expect("hours, minutes, seconds");
        next() * 3600.0 + next() * 60.0 + next()
    }
}

/// Runs the program, and looks for keys in all that it says.
fn crossgate_in(columns: Option<&str>, arguments: &[&str]) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crossgate"));
    command
        .args(arguments)
        .current_dir(root())
        .env_remove("COLUMNS");
    if let Some(columns) = columns {
        command.env("COLUMNS", columns);
    }
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().expect("the program starts");
    let text = |octets| String::from_utf8(octets).expect("UTF-8");
    let said = Said {
        code: status.code(),
        stdout: text(stdout),
        stderr: text(stderr),
    };
    for stream in [&said.stdout, &said.stderr] {
        assert!(!stream.contains(KEYS), "{arguments:?} told a key");
    }
    assert!(!said.stderr.contains("panicked"), "{}", said.stderr);
    said
}

fn rehearse(files: [&str; 2], arguments: &[&str]) -> Said {
    crossgate_in(None, &[&["rehearse"], &files[..], arguments].concat())
}

/// The pair that works.
fn good(arguments: &[&str]) -> Said {
    rehearse([BRANCH, HQ], arguments)
}

/// The firewall's file of the pair that works, changed.
fn hq_with(folder: &Folder, old: &str, new: &str) -> String {
    let text = fs::read_to_string(root().join(HQ)).expect("an example");
    assert!(text.contains(old), "{old}");
    folder.write("hq.set", &text.replace(old, new))
}

#[test]
fn a_good_pair_serves_a_day() {
    let said = good(&[]);
    assert_eq!(said.code, Some(0), "{}", said.stdout);
    assert_eq!(said.last_line(), "verdict: comes up");
    assert!(
        said.stdout.contains("172800 sent, 172798 arrived, 0 lost"),
        "{}",
        said.stdout
    );
    assert!(
        said.stdout.matches("Child SA rekeyed by").count() >= 24,
        "{}",
        said.stdout
    );
    assert!(
        said.stdout.matches("IKE SA rekeyed by").count() >= 3,
        "{}",
        said.stdout
    );
    assert!(said.stdout.contains("; 0 leaked") && said.stdout.contains("0 packets in the clear"));
    assert_eq!(said.stderr, "");
}

#[test]
fn the_verdict_is_that_of_check_and_names_the_code_of_the_run() {
    let files = [
        "examples/as-published/branch.cfg",
        "examples/as-published/hq.xml",
    ];
    let said = rehearse(files, &["--start", "hq", "--hours", "1"]);
    assert_eq!(said.code, Some(1), "{}", said.stdout);
    let check = crossgate_in(None, &["check", files[0], files[1]]);
    assert_eq!(
        said.last_line(),
        format!("{} [ts-unacceptable]", check.last_line())
    );
    for part in [
        "refused by branch: received 10.10.10.0/24 <-> 10.20.20.0/24; expected 0.0.0.0/0 <-> 0.0.0.0/0",
        "\ncheck finds error[ts-not-mirrored]: ",
        "\nwithout tunnel  the whole time\n",
        " times more, the last at 00:5",
    ] {
        assert!(said.stdout.contains(part), "{part}: {}", said.stdout);
    }
    let said = rehearse(files, &["--start", "branch", "--hours", "1"]);
    assert_eq!(
        (said.code, said.last_line()),
        (Some(0), "verdict: comes up")
    );
}

#[test]
fn one_sided_pfs_fails_at_the_first_rekey_when_check_says_so() {
    let folder = Folder::new("pfs");
    let hq = hq_with(
        &folder,
        "ipsec-crypto-profiles esp-branch dh-group group14",
        "ipsec-crypto-profiles esp-branch dh-group group19",
    );
    let said = rehearse([BRANCH, &hq], &["--start", "branch", "--hours", "2"]);
    assert_eq!(said.code, Some(1), "{}", said.stdout);
    let check = crossgate_in(None, &["check", BRANCH, &hq]);
    let seconds = |said: &Said| -> f64 {
        let (_, rest) = said
            .last_line()
            .split_once("first rekey after ")
            .unwrap_or_else(|| panic!("{}", said.last_line()));
        let seconds = rest.split(' ').next().expect("a number");
        seconds.parse().expect("seconds")
    };
    let (rehearsed, predicted) = (seconds(&said), seconds(&check));
    assert!(
        (rehearsed - predicted).abs() <= predicted / 8.0,
        "{rehearsed} {predicted}"
    );
    let refused = said.seconds_of("PFS mismatch, refused by");
    assert!((refused - rehearsed).abs() <= 2.0, "{refused} {rehearsed}");
    assert!(
        said.stdout.contains("\ncheck finds error[pfs-"),
        "{}",
        said.stdout
    );
    assert!(
        said.last_line().contains("pfs-mismatch"),
        "{}",
        said.last_line()
    );
}

#[test]
fn a_reboot_is_an_outage_of_its_length_with_its_occasion() {
    let said = good(&["--hours", "1", "--event", "reboot branch at 20m for 2m"]);
    assert_eq!(said.code, Some(1), "{}", said.stdout);
    assert_eq!(said.seconds_of("branch is on again"), 1320.0);
    assert!(
        said.stdout
            .contains("no tunnel for 2 min 0 s, until 00:22:00."),
        "{}",
        said.stdout
    );
    assert!(
        said.stdout.contains(" (reboot branch at 20m for 2m)\n"),
        "{}",
        said.stdout
    );
    assert!(
        said.last_line()
            .starts_with("verdict: comes up, but is without a tunnel for 2 min 0 s"),
        "{}",
        said.last_line()
    );
}

#[test]
fn an_event_that_is_no_disturbance_of_the_tunnel_leaves_it_serving() {
    let events = [
        "--event",
        "rekey child both at 10m",
        "--event",
        "commit hq at 20m",
    ];
    let said = good(&[&["--hours", "1"], &events[..]].concat());
    assert_eq!(
        (said.code, said.last_line()),
        (Some(0), "verdict: comes up"),
        "{}",
        said.stdout
    );
    assert!(
        said.stdout.contains("both ends rekeyed at once"),
        "{}",
        said.stdout
    );
}

#[test]
fn unusable_arguments_are_told_with_what_is_expected() {
    let cases: [(&[&str], &[&str]); 6] = [
        (
            &["--event", "rebot branch at 2h"],
            &[
                "`rebot branch at 2h`",
                "reboot END",
                "'reboot branch at 2h'",
            ],
        ),
        (
            &["--event", "reboot brnch at 2h"],
            &["the name of an end", "`branch` and `hq`"],
        ),
        (&["--event", "loss 5 at 2h"], &["5% or 0.5%"]),
        (&["--loss", "lots"], &["--loss: `lots`", "5%"]),
        (
            &["--start", "paris"],
            &["`paris`", "`branch`", "`hq`", "`both`", "`traffic`"],
        ),
        (&["--nat", "both"], &["--nat", "`branch`", "`hq`"]),
    ];
    for (arguments, parts) in cases {
        let said = good(arguments);
        assert_eq!(said.code, Some(2), "{arguments:?}: {}", said.stdout);
        assert_eq!(said.stdout, "", "{arguments:?}");
        for part in parts {
            assert!(said.stderr.contains(part), "{part}: {}", said.stderr);
        }
    }
    let said = rehearse([BRANCH, "no-such-file"], &[]);
    assert_eq!(said.code, Some(2), "{}", said.stdout);
    assert!(said.stderr.contains("no-such-file"), "{}", said.stderr);
}

#[test]
fn equal_arguments_give_equal_octets_and_another_seed_others() {
    let run = |seed: &str| {
        let arguments = [
            "--hours",
            "2",
            "--loss",
            "5%",
            "--delay",
            "40ms±10ms",
            "--seed",
            seed,
        ];
        good(&[&arguments[..], &["--ladder"]].concat()).stdout
    };
    let first = run("7");
    assert_eq!(first, run("7"));
    assert_ne!(first, run("8"));
}

#[test]
fn a_wide_terminal_shows_each_end_in_its_own_column() {
    let wide = crossgate_in(Some("140"), &["rehearse", BRANCH, HQ, "--hours", "1"]);
    let row = wide
        .stdout
        .lines()
        .find(|line| line.contains("started by us"));
    let row = row.expect("a row of both");
    assert!(
        row.contains("+0.010 s: IKE negotiation started by the peer"),
        "{row}"
    );
    let narrow = crossgate_in(Some("60"), &["rehearse", BRANCH, HQ, "--hours", "1"]);
    let timeline = narrow.stdout.lines().filter(|line| line.starts_with("00:"));
    assert!(timeline.clone().count() > 3);
    assert!(
        timeline.clone().all(|line| line.chars().count() <= 60),
        "{}",
        narrow.stdout
    );
}

#[test]
fn a_ladder_shows_exchanges_their_payloads_and_what_was_lost() {
    let said = good(&[
        "--hours",
        "1",
        "--ladder",
        "--event",
        "link down from 0s for 1s",
    ]);
    for part in [
        "| the link is down",
        "IKE_AUTH request 1 {IDi, N(INITIAL_CONTACT), AUTH, SA, TSi, TSr}",
        "CREATE_CHILD_SA request",
        "N(REKEY_SA), SA, Nonce, KE, TSi, TSr}",
    ] {
        assert!(said.stdout.contains(part), "{part}: {}", said.stdout);
    }
    assert!(
        said.last_line().starts_with("verdict: "),
        "{}",
        said.last_line()
    );
}

#[test]
fn logs_are_in_the_vendors_own_words_with_their_dates() {
    let folder = Folder::new("logs");
    let hq = hq_with(
        &folder,
        "ipsec-crypto-profiles esp-branch dh-group group14",
        "ipsec-crypto-profiles esp-branch dh-group group19",
    );
    let branch = fs::read_to_string(root().join(BRANCH)).expect("an example");
    let branch = folder.write(
        "branch.cfg",
        &branch.replace(
            " set pfs group14\n",
            " set security-association lifetime seconds 1200\n",
        ),
    );
    rehearse(
        [&branch, &hq],
        &["--hours", "2", "--logs", &folder.path("logs")],
    );
    let (ios, panos) = (folder.read("logs/branch.log"), folder.read("logs/hq.log"));
    assert!(
        ios.contains("\nJan  1 00:00:00.040: %CRYPTO-5-IKEV2_SESSION_STATUS: Crypto tunnel v2 is UP.  Peer 198.51.100.20:500       Id: 198.51.100.20\n"),
        "{ios}"
    );
    assert!(
        ios.contains(
            ": %LINEPROTO-5-UPDOWN: Line protocol on Interface Tunnel0, changed state to up\n"
        ),
        "{ios}"
    );
    assert!(
        panos.contains("IKEv2 child SA negotiation is failed: message lacks KE payload\n"),
        "{panos}"
    );
    assert!(
        panos
            .lines()
            .skip(1)
            .all(|line| line.starts_with("2026/01/01 ")),
        "{panos}"
    );
    for log in [&ios, &panos] {
        assert!(!log.contains(KEYS));
        assert!(
            log.lines()
                .next()
                .is_some_and(|head| head.starts_with(['!', '#'])),
            "{log}"
        );
    }
}

/// tshark is among what tests/setup installs.
#[test]
fn tshark_reads_the_whole_run() {
    let folder = Folder::new("pcap");
    let tables = folder.path("pcap");
    let said = good(&["--hours", "1", "--nat", "branch", "--pcap", &tables]);
    assert_eq!(said.code, Some(0), "{}", said.stdout);
    let packets = |filter: &str| {
        let output = Command::new("tshark")
            .env("WIRESHARK_CONFIG_DIR", &tables)
            .args(["-o", "esp.enable_encryption_decode:TRUE"])
            .args(["-o", "esp.enable_authentication_check:TRUE"])
            .args(["-r", &format!("{tables}/wan.pcap"), "-Y", filter])
            .args(["-T", "fields", "-e", "frame.number"])
            .output();
        let output = output.expect("tshark starts; see tests/setup");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        output
            .stdout
            .split(|octet| *octet == b'\n')
            .filter(|line| !line.is_empty())
            .count()
    };
    assert_eq!(
        packets("isakmp.typepayload == 46 && !isakmp.enc.decrypted"),
        0
    );
    assert!(
        packets("isakmp.enc.decrypted") >= 6,
        "IKE_AUTH, a rekey and its delete"
    );
    assert_eq!(packets("esp.icv_bad == 1"), 0);
    assert!(
        packets("esp.icv_good == 1 && icmp") >= 14_000,
        "two pings a second"
    );
    assert_eq!(
        packets("ip.addr == 10.10.10.0/24 && !esp"),
        0,
        "in the clear"
    );
    // A second run's keys don't mix with the first one's.
    good(&["--hours", "1", "--seed", "1", "--pcap", &tables]);
    assert_eq!(
        folder.read("pcap/ikev2_decryption_table").lines().count(),
        1
    );
}

#[test]
fn a_picture_is_well_formed_and_stands_alone() {
    let folder = Folder::new("svg");
    let file = folder.path("day.svg");
    good(&[
        "--hours",
        "2",
        "--svg",
        &file,
        "--event",
        "power-loss hq at 1h for 3m",
    ]);
    let svg = folder.read("day.svg");
    let document = roxmltree::Document::parse(&svg).expect("well-formed");
    let of = |name: &str| {
        document
            .descendants()
            .filter(|n| n.has_tag_name(("http://www.w3.org/2000/svg", name)))
            .count()
    };
    assert_eq!((of("script"), of("image"), of("use")), (0, 0, 0));
    assert!(of("title") > 4 && of("desc") == 1);
    let text: String = document
        .descendants()
        .filter_map(|node| node.text())
        .collect();
    for part in [
        "branch: IKE SA",
        "hq: tun-branch:lan-to-lan",
        "power-loss hq",
        "no tunnel for 3 min 0 s",
        "prefers-color-scheme:dark",
    ] {
        assert!(text.contains(part), "{part}");
    }
    assert_eq!(
        svg.matches("http").count(),
        1,
        "only the name of SVG itself"
    );
    assert!(!svg.contains(KEYS));
}

#[test]
fn json_holds_the_verdict_the_totals_and_the_timeline() {
    let said = good(&["--json", "--hours", "1", "--event", "reboot hq at 30m"]);
    let report: Value = serde_json::from_str(&said.stdout).expect("JSON");
    assert_eq!(said.code, Some(1));
    assert_eq!(report["serves"], false);
    assert!(
        report["verdict"]
            .as_str()
            .is_some_and(|v| v.starts_with("comes up, but is without"))
    );
    assert_eq!(report["totals"]["plaintext_packets"], 0);
    assert_eq!(report["totals"]["leaked_sas"], 0);
    assert_eq!(report["violations"], Value::Array(Vec::new()));
    assert_eq!(report["outages"][0]["occasion"], "reboot hq at 30m for 1m");
    assert_eq!(report["outages"].as_array().map(Vec::len), Some(1));
    let timeline = report["timeline"].as_array().expect("a timeline");
    let up = timeline
        .iter()
        .find(|row| row["code"] == "child-sa-installed")
        .expect("a Child SA");
    assert!(up["ends"]["hq"]["at"].is_number() && up["ends"]["branch"]["text"].is_string());
}

#[test]
fn many_seeds_are_told_as_a_distribution_with_commands_for_the_worst() {
    let said = good(&[
        "--runs",
        "4",
        "--hours",
        "1",
        "--event",
        "link down at 10m for 30m",
        "--loss=1%",
    ]);
    assert_eq!(said.code, Some(1), "{}", said.stdout);
    assert!(
        said.stdout
            .starts_with("4 runs, 0 of them served the whole time\n"),
        "{}",
        said.stdout
    );
    let command = said
        .stdout
        .lines()
        .find(|line| line.contains("crossgate rehearse"));
    let command = command.expect("a command").trim();
    assert!(
        command.starts_with(&format!(
            "crossgate rehearse {BRANCH} {HQ} --hours 1 --event 'link down at 10m for 30m' --loss 1% --seed "
        )),
        "{command}"
    );
    let said = good(&["--runs", "4", "--hours", "1"]);
    assert_eq!(said.code, Some(0), "{}", said.stdout);
    let real = good(&["--runs", "4", "--hours", "1", "--real"]);
    assert_eq!(said.stdout, real.stdout);
    assert!(!said.stdout.contains("the worst"), "{}", said.stdout);
}

#[test]
fn a_saved_scenario_is_the_run_of_its_bytes() {
    let folder = Folder::new("replay");
    // Seed 0, the first end starts, pings, two hours, no loss, no NAT, then an event: hq reboots.
    let head = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 7];
    let record = [10, 1, 0x80, 0, 0x10, 0, 0];
    let octets = [&head[..], &record[..]].concat();
    fs::write(folder.0.join("saved"), octets).expect("a file");
    let said = good(&["--replay", &folder.path("saved")]);
    assert!(
        said.stdout
            .contains("2 h, branch starts, a ping a second each way, seed 0"),
        "{}",
        said.stdout
    );
    assert!(said.stdout.contains("  reboot hq\n"), "{}", said.stdout);
    let said = good(&["--replay", &folder.path("saved"), "--hours", "3"]);
    assert_eq!(said.code, Some(2), "{}", said.stdout);
}

#[test]
fn two_files_that_mean_no_tunnel_are_told_so() {
    let folder = Folder::new("no-tunnel");
    let hq = folder.write("hq.set", "set deviceconfig system hostname hq-fw\n");
    let said = rehearse([BRANCH, &hq], &[]);
    assert_eq!(said.code, Some(1), "{} {}", said.stdout, said.stderr);
    assert_eq!(
        said.last_line(),
        "verdict: never comes up [no-tunnel-meant]"
    );
    assert!(
        said.stdout
            .contains("the file of hq configures no IKEv2 peer"),
        "{}",
        said.stdout
    );
}
