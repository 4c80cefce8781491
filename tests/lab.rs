//! `crossgate lab` as a person and as a program use it. Runs as root; what runs without is run as
//! nobody.

#![allow(
    clippy::disallowed_methods,
    reason = "the tests run in real time, unlike what lies below `gateway`"
)]

use serde_json::Value;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

/// Uid and gid of `nobody` on Debian.
const NOBODY: u32 = 65_534;
/// What the README promises.
const LAB_LIMIT: Duration = Duration::from_secs(10);

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn program(path: &Path) -> Command {
    let mut command = Command::new(path);
    command.current_dir(root()).env_remove("XDG_RUNTIME_DIR");
    command
}

fn crossgate(arguments: &[&str]) -> Output {
    let mut command = program(Path::new(env!("CARGO_BIN_EXE_crossgate")));
    command
        .args(arguments)
        .output()
        .expect("the program starts")
}

fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

/// Runs a lab with `--json`, and gives its exit code and object.
fn lab(arguments: &[&str]) -> (Option<i32>, Value, String) {
    let began = Instant::now();
    let output = crossgate(&[&["lab", "--json"], arguments].concat());
    assert!(began.elapsed() < LAB_LIMIT, "took {:?}", began.elapsed());
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    let object = serde_json::from_str(&stdout)
        .unwrap_or_else(|error| panic!("stdout is one object ({error}): {stdout}\n{stderr}"));
    (output.status.code(), object, stderr)
}

const SITE_TO_SITE: [&str; 2] = [
    "examples/site-to-site/branch.cfg",
    "examples/site-to-site/hq.xml",
];
const AS_PUBLISHED: [&str; 2] = [
    "examples/as-published/branch.cfg",
    "examples/as-published/hq.xml",
];

fn assert_works(code: Option<i32>, object: &Value, initiator: &str, pings: u64) {
    assert_eq!(code, Some(0), "{object}");
    assert_eq!(object["tunnel"], "up");
    assert_eq!(object["initiator"], initiator);
    for way in ["branch_to_hq", "hq_to_branch"] {
        assert_eq!(object["ping"][way]["sent"], pings);
        assert_eq!(object["ping"][way]["received"], pings);
    }
    // A request and an answer for each ping, both ways, and nothing beside.
    assert_eq!(object["wan"]["esp_packets"], 4 * pings);
    assert_eq!(object["wan"]["plaintext_packets"], 0);
    assert!(object["setup_ms"].as_u64().is_some_and(|ms| ms < 2000));
}

#[test]
fn the_first_example_works_whoever_starts_and_in_either_form() {
    let [branch, hq] = SITE_TO_SITE;
    let set = "examples/site-to-site/hq.set";
    let cases: [(&[&str], &str); 4] = [
        (&[branch, hq], "branch"),
        (&[branch, set], "branch"),
        (&[branch, hq, "--start", "branch"], "branch"),
        (&[branch, hq, "--start", "hq"], "hq"),
    ];
    for (arguments, initiator) in cases {
        let (code, object, _) = lab(&[arguments, &["--count", "3"]].concat());
        assert_works(code, &object, initiator, 3);
    }
}

/// The folder that a failed lab names has both ends' logs; they go.
fn remove_logs(told: &str) {
    let folder = told.split("logs are in ").nth(1).expect("a folder").trim();
    for log in ["branch.log", "hq.log"] {
        let log = Path::new(folder).join(log);
        assert!(log.exists(), "{}", log.display());
    }
    std::fs::remove_dir_all(folder).expect("the logs can go");
}

/// Each with its pairs of networks: a Child SA each where selectors name them.
const FURTHER: [(&str, u64); 6] = [
    ("crypto-map", 1),
    ("several-proxy-ids", 3),
    ("any-any", 1),
    ("gcm", 1),
    ("two-tunnels", 1),
    ("two-lines", 1),
];

#[test]
fn the_further_examples_work_whoever_starts() {
    for (example, pairs) in FURTHER {
        let [branch, hq] = ["branch.cfg", "hq.set"].map(|end| format!("examples/{example}/{end}"));
        for initiator in ["branch", "hq"] {
            let (code, object, told) = lab(&[&branch, &hq, "--start", initiator, "--count", "2"]);
            assert_works(code, &object, initiator, 2 * pairs);
            let serious = ["error[", "warning["]
                .iter()
                .any(|level| told.contains(level));
            assert!(!serious, "{example}: {told}");
        }
    }
}

#[test]
fn every_proxy_id_has_a_child_sa_of_its_own() {
    let ends = ["branch.cfg", "hq.set"].map(|end| format!("examples/several-proxy-ids/{end}"));
    let (_, _, told) = lab(&[&ends[0], &ends[1], "--count", "1"]);
    for tunnel in [
        "tun-plant:offices",
        "tun-plant:machines",
        "tun-plant:time-server",
    ] {
        let mut rows = told.lines().filter(|line| line.contains(tunnel));
        assert!(
            rows.any(|row| row.contains("Mature")),
            "{tunnel} is up: {told}"
        );
    }
}

#[test]
fn the_ends_may_be_swapped() {
    let [branch, hq] = SITE_TO_SITE;
    let (code, object, _) = lab(&[hq, branch, "--count", "3"]);
    assert_works(code, &object, "hq", 3);
}

#[test]
fn the_published_pair_depends_on_who_starts_and_says_so() {
    let [branch, hq] = AS_PUBLISHED;
    let (code, object, told) = lab(&[branch, hq, "--start", "branch", "--count", "3"]);
    assert_works(code, &object, "branch", 3);
    assert!(told.contains("selectors-narrowed"), "{told}");
    assert!(
        told.contains("where the hq file expects its peer"),
        "{told}"
    );
    assert!(told.contains("certainty: undocumented"), "{told}");

    let (code, object, told) = lab(&[branch, hq, "--start", "hq"]);
    assert_eq!(code, Some(1), "{object}");
    assert_eq!(object["tunnel"], "down");
    assert_eq!(object["wan"]["plaintext_packets"], 0);
    assert!(told.contains("ts-unacceptable"), "{told}");
    assert!(
        told.contains("received 10.10.10.0/24 <-> 10.20.20.0/24; expected 0.0.0.0/0 <-> 0.0.0.0/0"),
        "both sides' selectors, side by side: {told}"
    );
    // A failure leaves the two logs in a folder that it names.
    remove_logs(&told);
}

#[test]
fn two_ends_that_only_answer_are_told_so_without_waiting() {
    let folder = std::env::temp_dir().join(format!("crossgate-passive-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let changed = |file: &str, change: &dyn Fn(String) -> String| {
        let text = std::fs::read_to_string(root().join("examples").join(file)).expect("an example");
        let path = folder.join(file.replace('/', "-"));
        std::fs::write(&path, change(text)).expect("a file");
        path.to_string_lossy().into_owned()
    };
    let branch = changed("any-any/branch.cfg", &|text| {
        let profile = "crypto ipsec profile STORE-PROTECT\n";
        text.replace(profile, &format!("{profile} responder-only\n"))
    });
    let hq = changed("any-any/hq.set", &|text| {
        text + "set network ike gateway gw-store protocol-common passive-mode yes\n"
    });
    let (code, object, told) = lab(&[&branch, &hq]);
    assert_eq!((code, &object["tunnel"]), (Some(1), &"down".into()));
    assert!(told.contains("neither will ever initiate"), "{told}");
    remove_logs(&told);
    // Whoever starts anyway is said to do so against the file.
    let (code, object, told) = lab(&[&branch, &hq, "--start", "hq", "--count", "1"]);
    assert_works(code, &object, "hq", 1);
    assert!(told.contains("its file only lets it answer"), "{told}");
    // One that may start with traffic is given some.
    let (code, object, _) = lab(&[&branch, "examples/any-any/hq.set", "--count", "1"]);
    assert_eq!((code, &object["initiator"]), (Some(0), &"hq".into()));
    std::fs::remove_dir_all(&folder).ok();
}

#[test]
fn a_kept_lab_answers_both_vendors_commands_until_it_is_taken_down() {
    let [branch, hq] = SITE_TO_SITE;
    let name = format!("test-{}", std::process::id());
    let kept = crossgate(&["lab", branch, hq, "--keep", "--name", &name]);
    assert_eq!(kept.status.code(), Some(0), "{}", text(&kept.stderr));
    let exec = |end: &str, line: &str| {
        let output = crossgate(&["exec", &format!("{name}/{end}"), line]);
        (output.status.code(), text(&output.stdout))
    };
    let (code, print) = exec("branch", "sh cry ikev2 sa");
    assert!(code == Some(0) && print.contains("READY"), "{print}");
    let (code, print) = exec("hq", "show vpn ike-sa");
    assert!(code == Some(0) && print.contains("Established"), "{print}");
    let (_, print) = exec("branch", "ping 10.20.20.1 source 10.10.10.1 repeat 5");
    assert!(print.contains("!!!!!"), "{print}");
    assert_eq!(exec("hq", "frobnicate").0, Some(1));
    let again = crossgate(&["lab", branch, hq, "--keep", "--name", &name]);
    assert_eq!(
        again.status.code(),
        Some(2),
        "a running lab's name is taken"
    );

    assert_eq!(crossgate(&["lab", "--down", &name]).status.code(), Some(0));
    assert_eq!(exec("hq", "show vpn ike-sa").0, Some(2));
    assert_eq!(crossgate(&["lab", "--down", &name]).status.code(), Some(2));
}

#[test]
fn nobody_runs_it_in_a_user_namespace_of_his_own() {
    let folder = std::env::temp_dir().join(format!("crossgate-nobody-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let copy = |from: &Path, name: &str| {
        let to = folder.join(name);
        std::fs::copy(from, &to).expect("a copy");
        to
    };
    let program_copy = copy(Path::new(env!("CARGO_BIN_EXE_crossgate")), "crossgate");
    let files = SITE_TO_SITE.map(|file| {
        let name = Path::new(file).file_name().unwrap_or_default();
        copy(&root().join(file), &name.to_string_lossy())
    });
    let mut command = program(&program_copy);
    command.args(["lab", "--json"]).args(files).current_dir("/");
    let output = command.uid(NOBODY).gid(NOBODY).output().expect("it starts");
    std::fs::remove_dir_all(&folder).ok();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}

#[test]
fn what_is_no_configuration_ends_with_one_sentence() {
    let folder = std::env::temp_dir().join(format!("crossgate-bad-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let cases: [(&str, &[u8]); 3] = [
        ("empty", b""),
        ("binary", &[0x7f, b'E', b'L', b'F', 0, 0xff, 0xfe, 0]),
        ("prose", b"Dear network engineer,\nplease find attached\n"),
    ];
    for (name, octets) in cases {
        let path = folder.join(name);
        std::fs::write(&path, octets).expect("a file");
        let output = crossgate(&["lab", &path.to_string_lossy(), SITE_TO_SITE[1]]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{name}: {said}");
        assert_eq!(said.trim_end().lines().count(), 1, "{name}: {said}");
        assert!(said.contains(name), "{said}");
    }
    // A document that ends too early is read as far as it goes, and that is said.
    let cut = folder.join("cut.xml");
    std::fs::write(&cut, b"<config><devices>").expect("a file");
    let output = crossgate(&["lab", &cut.to_string_lossy(), SITE_TO_SITE[1]]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("cut-off"));
    std::fs::remove_dir_all(&folder).ok();
    let twice = crossgate(&["lab", SITE_TO_SITE[0], SITE_TO_SITE[0]]);
    assert_eq!(twice.status.code(), Some(2));
    let nameless = crossgate(&["lab", "--down", "../../etc"]);
    assert_eq!(nameless.status.code(), Some(2));
}

#[test]
fn the_key_log_of_a_lab_lets_tshark_read_ike_and_esp() {
    let [branch, hq] = SITE_TO_SITE;
    let folder = std::env::temp_dir().join(format!("crossgate-keys-{}", std::process::id()));
    let path = folder.to_string_lossy().into_owned();
    let (code, object, _) = lab(&[branch, hq, "--count", "3", "--keylog", &path]);
    assert_works(code, &object, "branch", 3);
    let packets = |filter: &str| {
        let mut tshark = Command::new("tshark");
        tshark.env("WIRESHARK_CONFIG_DIR", &folder);
        tshark.arg("-r").arg(folder.join("wan.pcap"));
        tshark.args(["-o", "esp.enable_encryption_decode:TRUE", "-Y", filter]);
        let output = tshark.output().expect("tests/setup installs tshark");
        text(&output.stdout).lines().count()
    };
    assert_eq!(
        packets("esp && icmp"),
        12,
        "three pings, their answers, both ways"
    );
    assert_eq!(
        packets("isakmp.exchangetype == 35 && isakmp.enc.decrypted"),
        2
    );
    std::fs::remove_dir_all(&folder).expect("the tables are there");
}

#[test]
fn no_output_has_a_key_of_the_files() {
    let [branch, hq] = SITE_TO_SITE;
    let config = std::fs::read_to_string(root().join(branch)).expect("the example");
    let key = config
        .lines()
        .find_map(|line| line.trim().strip_prefix("pre-shared-key "))
        .and_then(|rest| rest.split(' ').next_back())
        .expect("the example has a key");
    let output = crossgate(&["lab", branch, hq]);
    let told = text(&output.stdout) + &text(&output.stderr);
    assert!(told.contains("READY") && !told.contains(key));
}
