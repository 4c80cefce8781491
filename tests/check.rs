//! `crossgate check` and `crossgate explain` as a person and as a program use them.

#[path = "check/certificates.rs"]
mod certificates;

use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A folder of its own for each test, removed with it.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let name = format!("crossgate-check-{}-{test}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    /// The router's file of a pair that works.
    fn branch(&self) -> String {
        self.write("branch.cfg", branch())
    }

    /// The firewall's.
    fn hq(&self) -> String {
        self.write("hq.set", hq())
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(&path, content).expect("a file");
        path.display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

fn example(path: &str) -> String {
    fs::read_to_string(root().join("examples").join(path)).expect("an example")
}

/// Rules' pages show the example's key; this one is nobody's to tell.
const KEY: &str = "unseen-Zk4Wd9Xr2TbN6vQmJ8sLp3HfC7yGe5A";

fn branch() -> String {
    with_own_key(example("site-to-site/branch.cfg"))
}

fn hq() -> String {
    with_own_key(example("site-to-site/hq.set"))
}

fn with_own_key(text: String) -> String {
    let example = "lab-only-7Qm2vX9tRb4LwZ8sKd3HnP6yJf5Gc1Ae";
    assert!(text.contains(example));
    text.replace(example, KEY)
}

/// Another group for PFS than the branch has: no rekey succeeds.
fn hq_of_other_pfs() -> String {
    let (old, new) = ("esp-branch dh-group group14", "esp-branch dh-group group19");
    assert!(hq().contains(old));
    hq().replace(old, new)
}

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
}

/// Runs the program, and looks for keys in all that it says.
fn crossgate(arguments: &[&str]) -> Said {
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new(env!("CARGO_BIN_EXE_crossgate"))
        .args(arguments)
        .current_dir(root())
        .output()
        .expect("the program starts");
    let text = |octets| String::from_utf8(octets).expect("UTF-8");
    let said = Said {
        code: status.code(),
        stdout: text(stdout),
        stderr: text(stderr),
    };
    for stream in [&said.stdout, &said.stderr] {
        assert!(!stream.contains(KEY), "{arguments:?} told a key");
        assert!(
            !stream.contains("Zk4Wd9Xr2T"),
            "{arguments:?} told a part of a key"
        );
    }
    assert!(!said.stderr.contains("panicked"), "{}", said.stderr);
    said
}

fn check(arguments: &[&str]) -> Said {
    crossgate(&[&["check"], arguments].concat())
}

#[test]
fn a_good_pair_in_either_order_and_form_is_clean() {
    let (branch, set, xml) = (
        "examples/site-to-site/branch.cfg",
        "examples/site-to-site/hq.set",
        "examples/site-to-site/hq.xml",
    );
    for pair in [[branch, set], [set, branch], [branch, xml], [xml, branch]] {
        let said = check(&pair);
        assert_eq!(said.code, Some(0), "{}", said.stdout);
        assert_eq!(said.last_line(), "verdict: comes up", "{pair:?}");
        assert_eq!(said.stderr, "");
    }
}

#[test]
fn a_broken_pair_is_told_with_both_files_and_the_verdict() {
    let folder = Folder::new("broken");
    let hq = folder.write("hq.set", hq_of_other_pfs());
    let said = check(&[&folder.branch(), &hq]);
    assert_eq!(said.code, Some(1), "{}", said.stdout);
    assert!(
        said.stdout.contains("error[pfs-one-sided]: "),
        "{}",
        said.stdout
    );
    for part in ["hq.set:", "branch.cfg:", "= when: ", "certainty: "] {
        assert!(said.stdout.contains(part), "{part}: {}", said.stdout);
    }
    let verdict = "verdict: comes up but fails at the first rekey after ";
    assert!(
        said.last_line().starts_with(verdict),
        "{}",
        said.last_line()
    );
    assert!(!said.stdout.contains('\x1b'), "colours without a terminal");
}

#[test]
fn the_ends_are_called_by_their_files_else_by_their_hostnames() {
    let folder = Folder::new("names");
    let (a, b) = (
        folder.write("east.cfg", branch()),
        folder.write("west.set", hq_of_other_pfs()),
    );
    let names = |files: [&str; 2]| {
        let said = check(&[&["--json"], &files[..]].concat());
        let report: Value = serde_json::from_str(&said.stdout).expect("JSON");
        [0, 1].map(|at| {
            report["files"][at]["name"]
                .as_str()
                .expect("a name")
                .to_owned()
        })
    };
    assert_eq!(names([&a, &b]), ["east", "west"]);
    let (a, b) = (
        folder.write("a/vpn.txt", branch()),
        folder.write("b/vpn.txt", hq()),
    );
    assert_eq!(names([&a, &b]), ["branch-rtr", "hq-fw"]);
}

#[test]
fn one_file_is_judged_alone_and_gets_no_verdict() {
    let said = check(&["examples/site-to-site/hq.xml"]);
    assert_eq!(said.code, Some(0), "{}", said.stdout);
    assert!(
        said.last_line().starts_with("found 0 errors, "),
        "{}",
        said.stdout
    );
}

#[test]
fn every_format_holds_the_finding() {
    let folder = Folder::new("formats");
    let hq = folder.write("hq.set", hq_of_other_pfs());
    let report = |format: &str| {
        let said = check(&["--format", format, &folder.branch(), &hq]);
        assert_eq!(said.code, Some(1), "{format}");
        said.stdout
    };
    let json: Value = serde_json::from_str(&report("json")).expect("JSON");
    let codes = json["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .map(|f| &f["code"]);
    assert!(codes.into_iter().any(|code| code == "pfs-one-sided"));
    assert_eq!(json["comes_up"], false);
    let sarif: Value = serde_json::from_str(&report("sarif")).expect("JSON");
    assert_eq!(sarif["version"], "2.1.0");
    let results = sarif["runs"][0]["results"].as_array().expect("results");
    let result = results
        .iter()
        .find(|result| result["ruleId"] == "pfs-one-sided");
    assert_eq!(result.expect("the result")["level"], "error");
    let junit = report("junit");
    assert!(
        junit.starts_with("<?xml ") && junit.contains("<failure type=\"error\""),
        "{junit}"
    );
    assert!(junit.contains("name=\"pfs-one-sided\""));
    let html = report("html");
    assert!(html.starts_with("<!DOCTYPE html>") && html.contains("pfs-one-sided"));
    assert!(
        !html.contains("<script") && !html.contains("http"),
        "the page stands alone"
    );
}

/// A line of one of the files, what stands there instead, and the codes of all that is then said.
type Doubled = (&'static str, &'static str, &'static [&'static str]);

const DOUBLED: &[Doubled] = &[
    (" group 14\n", "\n", &["ike-proposals-disjoint"]),
    (
        "esp-aes 256 esp-sha256-hmac",
        "esp-aes 256",
        &["esp-proposals-disjoint"],
    ),
    (
        "  pre-shared-key unseen-Zk4Wd9Xr2TbN6vQmJ8sLp3HfC7yGe5A\n",
        "",
        &["key-missing"],
    ),
    (
        "  pre-shared-key unseen-",
        "  pre-shared-key 6 unseen-",
        &["key-not-comparable"],
    ),
    (
        "pre-shared-key key unseen-Zk4Wd9Xr2TbN6vQmJ8sLp3HfC7yGe5A",
        "pre-shared-key key -AQ==unseenunseenunseenunseenunseen",
        &["key-not-comparable"],
    ),
    (
        "protocol version ikev2\n",
        "protocol version ikev1\n",
        &["ike-version-differs"],
    ),
    (
        "set network ike gateway gw-branch protocol version ikev2\n",
        "",
        &["ike-version-differs"],
    ),
];

#[test]
fn one_cause_is_told_once_whether_reading_or_judging_found_it() {
    let folder = Folder::new("once");
    for (old, new, wanted) in DOUBLED {
        let files = [branch(), hq()];
        assert!(files.iter().any(|text| text.contains(old)), "{old}");
        // Once, or the router's key would be taken for the firewall's.
        let [a, b] = files.map(|text| text.replacen(old, new, 1));
        let (a, b) = (folder.write("branch.cfg", a), folder.write("hq.set", b));
        let said = check(&["--format", "json", &a, &b]);
        let json: Value = serde_json::from_str(&said.stdout).expect("JSON");
        let findings = json["findings"].as_array().expect("findings").iter();
        let troubles = findings.filter(|f| f["severity"] != "note");
        let codes: Vec<_> = troubles
            .map(|f| f["code"].as_str().expect("a code"))
            .collect();
        assert_eq!(codes, *wanted, "{old:?} becomes {new:?}");
    }
}

/// A command of the router's file, and the same mistyped.
const MISTYPED: [(&str, &str); 6] = [
    ("crypto ikev2 profile LAB-HQ", "crypto ikv2 profile LAB-HQ"),
    ("crypto ikev2 policy LAB", "crypto ikev2 polcy LAB"),
    ("crypto ikev2 keyring LAB", "crypto ikev2 keyrng LAB"),
    (" peer HQ", " pear HQ"),
    ("crypto ipsec profile LAB", "crypto ipsec proflie LAB"),
    ("interface Tunnel0", "interace Tunnel0"),
];

#[test]
fn a_mistyped_header_is_one_error_with_all_that_comes_of_it() {
    for (index, (right, wrong)) in MISTYPED.into_iter().enumerate() {
        let folder = Folder::new(&format!("mistyped-{index}"));
        let mistyped = branch().replacen(right, wrong, 1);
        let branch = folder.write("branch.cfg", mistyped);
        let hq = folder.hq();
        let said = check(&["--json", &branch, &hq]);
        let report: Value = serde_json::from_str(&said.stdout).expect("JSON");
        let findings = report["findings"].as_array().expect("findings");
        let bad = findings.iter().filter(|f| f["severity"] != "note");
        let bad: Vec<&Value> = bad.collect();
        let [only] = bad.as_slice() else {
            panic!("{wrong}: {bad:#?}");
        };
        assert_eq!(
            (&only["code"], &only["severity"]),
            (&"unknown-line".into(), &"error".into())
        );
        let notes = only["notes"].as_array().expect("notes");
        assert!(
            notes
                .iter()
                .any(|note| note.to_string().contains("because of it, ")),
            "{only:#}"
        );
        let said = check(&["--fix", &branch, &hq]);
        assert!(said.stdout.contains(right.trim()), "{}", said.stdout);
        assert!(!said.stdout.contains(KEY), "{}", said.stdout);
        let said = check(&["--fix", "--write", &branch, &hq]);
        assert_eq!(
            (said.code, said.last_line()),
            (Some(0), "verdict: comes up")
        );
    }
}

#[test]
fn a_mistyped_word_that_stands_alone_stays_a_warning_and_one_that_hides_a_fault_shows_it() {
    let folder = Folder::new("mistyped-alone");
    let hq = folder.hq();
    let codes = |name: &str, text: String| {
        let said = check(&["--json", &folder.write(name, text), &hq]);
        let report: Value = serde_json::from_str(&said.stdout).expect("JSON");
        let findings = report["findings"].as_array().expect("findings").iter();
        let told = findings.map(|f| format!("{} {}", f["severity"], f["code"]).replace('"', ""));
        told.filter(|told| !told.starts_with("note"))
            .collect::<Vec<_>>()
    };
    // Without it, it comes up; with it, it would not.
    let down = branch().replacen(
        "tunnel mode ipsec ipv4",
        "tunnel mode ipsec ipv4\n shutdwon",
        1,
    );
    assert_eq!(codes("down.cfg", down), ["warning unknown-line"]);
    let hides = branch().replacen("crypto ikev2 profile", "crypto ikv2 profile", 1);
    let hides = hides.replacen("keyring local LAB-KEYS", "keyring local LAB-KES", 1);
    let told = codes("hides.cfg", hides);
    assert_eq!(told.first().map(String::as_str), Some("error unknown-line"));
    assert!(
        told.contains(&"error undefined-name".to_owned()),
        "{told:?}"
    );
    assert!(
        !told.contains(&"error no-tunnel-meant".to_owned()),
        "{told:?}"
    );
}

#[test]
fn warnings_fail_where_they_are_denied() {
    let folder = Folder::new("deny");
    let hq = folder.write(
        "hq.set",
        hq() + "set network tunnel ipsec tun-branch frobnicate yes\n",
    );
    let branch = folder.branch();
    let files = [branch.as_str(), hq.as_str()];
    let said = check(&files);
    assert!(
        said.stdout.contains("\nwarning[") || said.stdout.starts_with("warning["),
        "{}",
        said.stdout
    );
    assert_eq!(said.code, Some(0));
    assert_eq!(
        check(&[&["--deny", "warnings"], &files[..]].concat()).code,
        Some(1)
    );
}

#[test]
fn input_that_is_no_configuration_is_refused_in_a_sentence() {
    let folder = Folder::new("refused");
    let binary: Vec<u8> = (0..=255).cycle().take(5000).collect();
    let files = [
        folder.write("empty.cfg", ""),
        folder.write("blank.cfg", " \n\n"),
        folder.write("binary.cfg", binary),
        folder.write("prose.txt", "Dear all,\nthe tunnel is down.\n"),
        folder.0.join("missing.cfg").display().to_string(),
        folder.0.display().to_string(),
    ];
    for file in &files {
        let said = check(&[file]);
        assert_eq!(said.code, Some(2), "{file}: {}", said.stdout);
        assert_eq!(said.stderr.lines().count(), 1, "{}", said.stderr);
        assert!(said.stderr.contains(file.as_str()), "{}", said.stderr);
    }
}

#[test]
fn the_same_file_or_text_twice_is_refused_in_a_sentence() {
    let folder = Folder::new("twice");
    let (a, b) = (
        folder.write("a.cfg", branch()),
        folder.write("b.cfg", branch()),
    );
    let dotted = folder.0.join("./a.cfg").display().to_string();
    for (pair, reason) in [
        ([&a, &dotted], "are the same file"),
        ([&a, &b], "hold the same text"),
    ] {
        let said = check(&pair.map(String::as_str));
        assert_eq!(said.code, Some(2));
        assert!(said.stderr.contains(reason), "{}", said.stderr);
    }
}

#[test]
fn two_of_one_vendor_are_a_pair_like_any_other() {
    let folder = Folder::new("ciscos");
    let mirrored = branch()
        .replace("203.0.113.10 ", "OURS ")
        .replace("198.51.100.20", "203.0.113.10")
        .replace("OURS ", "198.51.100.20 ")
        .replace("10.10.10.", "OURS.")
        .replace("10.20.20.", "10.10.10.")
        .replace("OURS.", "10.20.20.");
    let other = folder.write("other.cfg", mirrored);
    let said = check(&[&folder.branch(), &other]);
    assert!(matches!(said.code, Some(0 | 1)), "{}", said.stderr);
    assert!(said.last_line().starts_with("verdict: "), "{}", said.stdout);
}

#[test]
fn wrappings_of_terminals_and_editors_are_read_through() {
    let folder = Folder::new("wrapped");
    let technical_support = format!(
        "\n------------------ show version ------------------\n\nCisco IOS XE Software, Version 17.09.04a\n\n\
         ------------------ show running-config ------------------\n\nBuilding configuration...\n\n{}\n\
         ------------------ show interfaces ------------------\n\nTunnel0 is up, line protocol is up\n",
        branch()
    );
    let paged: String = branch()
        .lines()
        .enumerate()
        .map(|(at, line)| match at % 24 {
            23 => format!(" --More-- \x08\x08\x08\x08\x08\x08\x08\x08\x08\x08          \x08\x08\x08\x08\x08\x08\x08\x08\x08\x08{line}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    let mut utf16 = vec![0xff, 0xfe];
    utf16.extend(branch().encode_utf16().flat_map(u16::to_le_bytes));
    let latin1: Vec<u8> = branch()
        .replace("branch LAN", "Zürich")
        .chars()
        .map(|c| u8::try_from(c).expect("Latin-1"))
        .collect();
    let files = [
        folder.write("crlf.cfg", branch().replace('\n', "\r\n")),
        folder.write("tech.txt", technical_support),
        folder.write("paged.cfg", paged),
        folder.write(
            "prompt.cfg",
            format!("branch-rtr#show running-config\n{}branch-rtr#\n", branch()),
        ),
        folder.write("mark.cfg", format!("\u{feff}{}", branch())),
        folder.write("utf16.cfg", utf16),
        folder.write("latin1.cfg", latin1),
    ];
    for file in &files {
        let said = check(&[file, &folder.hq()]);
        assert_eq!(said.code, Some(0), "{file}: {}{}", said.stdout, said.stderr);
        assert_eq!(
            said.last_line(),
            "verdict: comes up",
            "{file}: {}",
            said.stdout
        );
    }
    let crlf = folder.write("crlf.set", hq().replace('\n', "\r\n"));
    let said = check(&[&folder.branch(), &crlf]);
    assert_eq!(said.last_line(), "verdict: comes up", "{}", said.stdout);
}

#[test]
fn a_configuration_cut_in_the_middle_is_read_as_far_as_it_goes() {
    let folder = Folder::new("cut");
    let whole = branch();
    for tenths in 1..10 {
        let cut = folder.write("cut.cfg", &whole[..whole.len() * tenths / 10]);
        let said = check(&[&cut, &folder.hq()]);
        assert!(
            said.code.is_some_and(|code| code < 3),
            "{tenths}: {}",
            said.stderr
        );
        assert!(!said.stdout.is_empty() || said.stderr.lines().count() == 1);
    }
    let xml = example("site-to-site/hq.xml");
    let cut = folder.write("cut.xml", &xml[..xml.len() / 4]);
    let said = check(&[&cut, &folder.branch()]);
    assert!(said.code.is_some_and(|code| code < 3), "{}", said.stderr);
    assert!(!said.stdout.is_empty() || said.stderr.lines().count() == 1);
}

#[test]
fn a_hundred_megabytes_are_read_and_more_than_the_bound_is_refused() {
    let folder = Folder::new("large");
    let line = "! ".to_owned() + &"-".repeat(997) + "\n";
    let large = folder.write("large.cfg", branch() + &line.repeat(100_000));
    let said = check(&[&large, &folder.hq()]);
    assert_eq!(said.last_line(), "verdict: comes up", "{}", said.stderr);
    // A hole: it takes no room on the disk.
    let hole = folder.0.join("huge.cfg");
    let file = fs::File::create(&hole).expect("a file");
    file.set_len(300 << 20).expect("a long file");
    let said = check(&[&hole.display().to_string()]);
    assert_eq!(said.code, Some(2));
    assert!(said.stderr.contains("more than 256 MB"), "{}", said.stderr);
}

#[test]
fn fix_prints_commands_for_each_device_and_nothing_else() {
    let folder = Folder::new("fix");
    let hq = folder.write("hq.set", hq_of_other_pfs());
    let said = check(&["--fix", &folder.branch(), &hq]);
    assert_eq!(said.code, Some(1), "{}", said.stdout);
    let (comments, commands): (Vec<&str>, Vec<&str>) = said
        .stdout
        .lines()
        .partition(|line| line.starts_with("! ") || line.starts_with("# "));
    assert_eq!(comments.len(), 1, "one file is to change: {}", said.stdout);
    assert!(
        commands.iter().any(|line| line.contains("group1")),
        "{}",
        said.stdout
    );
}

#[test]
fn written_fixes_leave_a_clean_pair_in_files_of_their_own() {
    let folder = Folder::new("write");
    let (branch, hq) = (
        folder.write("branch.cfg", branch()),
        folder.write("hq.set", hq_of_other_pfs()),
    );
    let said = check(&["--fix", "--write", &branch, &hq]);
    assert_eq!(said.code, Some(0), "{}{}", said.stdout, said.stderr);
    assert!(said.stdout.contains("pfs-one-sided: "), "{}", said.stdout);
    assert_eq!(said.last_line(), "verdict: comes up");
    let copies: Vec<PathBuf> = ["branch.fixed.cfg", "hq.fixed.set"]
        .map(|name| folder.0.join(name))
        .into_iter()
        .filter(|path| path.exists())
        .collect();
    assert_eq!(copies.len(), 1, "only what changed is written");
    let mode = fs::metadata(&copies[0])
        .expect("a copy")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(
        fs::read_to_string(&hq).expect("the original"),
        hq_of_other_pfs()
    );
    let copy = copies[0].display().to_string();
    let other = if copy.contains("branch") {
        &hq
    } else {
        &branch
    };
    assert_eq!(check(&[&copy, other]).last_line(), "verdict: comes up");

    let again = check(&["--fix", "--write", &branch, &hq]);
    assert_eq!(again.code, Some(2));
    assert!(
        again.stderr.contains("exists already; --force replaces it"),
        "{}",
        again.stderr
    );
    assert_eq!(
        check(&["--fix", "--write", "--force", &branch, &hq]).code,
        Some(0)
    );
}

#[test]
fn a_fleet_is_a_table_of_the_tunnels_among_its_files() {
    let folder = Folder::new("fleet");
    folder.write("one/branch.cfg", branch());
    folder.write("one/hq.set", hq_of_other_pfs());
    folder.write("two/branch.cfg", example("gcm/branch.cfg"));
    folder.write("two/hq.set", example("gcm/hq.set"));
    folder.write("lonely.cfg", example("crypto-map/branch.cfg"));
    folder.write("README", "Configurations of all sites.\n");
    let path = folder.0.display().to_string();
    let said = check(&["--fleet", &path]);
    assert_eq!(said.code, Some(1), "{}{}", said.stdout, said.stderr);
    let lines: Vec<&str> = said.stdout.lines().collect();
    assert!(
        lines[1].contains("fails at the first rekey") && lines[1].contains("pfs-one-sided"),
        "the worst is first: {}",
        lines[1]
    );
    assert!(lines[2].contains("two/branch.cfg + two/hq.set") && lines[2].contains("comes up"));
    for left in ["lonely.cfg: no file is its peer's", "README: "] {
        assert!(said.stdout.contains(left), "{}", said.stdout);
    }
    let json: Value =
        serde_json::from_str(&check(&["--fleet", &path, "--json"]).stdout).expect("JSON");
    assert_eq!(json["tunnels"].as_array().map(Vec::len), Some(2));
    assert_eq!(json["alone"][0]["file"], "lonely.cfg");
    assert_eq!(json["unread"][0]["file"], "README");
}

#[test]
fn a_hub_has_a_tunnel_with_each_of_its_spokes() {
    let said = check(&["--fleet", "examples/two-tunnels", "--json"]);
    let json: Value = serde_json::from_str(&said.stdout).expect("JSON");
    let tunnels = json["tunnels"].as_array().expect("tunnels");
    let files: Vec<&Value> = tunnels.iter().map(|tunnel| &tunnel["files"][1]).collect();
    assert_eq!(files, ["hq.set", "second.set"]);
    assert!(
        tunnels.iter().all(|tunnel| tunnel["comes_up"] == true),
        "{json:#}"
    );
}

#[test]
fn an_empty_fleet_is_refused() {
    let folder = Folder::new("empty");
    let said = check(&["--fleet", &folder.0.display().to_string()]);
    assert_eq!(said.code, Some(2));
    assert!(said.stderr.contains("no file of"), "{}", said.stderr);
}

#[test]
fn a_code_is_explained_and_a_typo_finds_it() {
    let page = crossgate(&["explain", "pfs-one-sided"]);
    assert_eq!(page.code, Some(0));
    assert!(
        page.stdout.starts_with("pfs-one-sided\n=============\n"),
        "{}",
        page.stdout
    );
    assert!(
        page.stdout.lines().all(|line| line.chars().count() <= 100),
        "{}",
        page.stdout
    );
    let typo = crossgate(&["explain", "pfs-onesided"]);
    assert_eq!(typo.code, Some(2));
    assert!(
        typo.stderr.contains("near it: pfs-one-sided"),
        "{}",
        typo.stderr
    );
    let list = crossgate(&["explain", "--list"]);
    assert!(
        list.stdout
            .lines()
            .any(|line| line.starts_with("pfs-one-sided ")),
        "{}",
        list.stdout
    );
}

#[test]
fn shells_complete_codes_and_each_command_has_its_man_page() {
    let script = crossgate(&["completions", "bash"]).stdout;
    for word in ["pfs-one-sided", "--fleet", "sarif"] {
        assert!(script.contains(word), "{word}");
    }
    let folder = Folder::new("man");
    assert_eq!(
        crossgate(&["man", &folder.0.display().to_string()]).code,
        Some(0)
    );
    for page in ["crossgate-check.1", "crossgate-explain.1"] {
        assert!(folder.0.join(page).exists(), "{page}");
    }
}

#[test]
fn a_key_copied_from_the_other_end_is_written_and_never_told() {
    let folder = Folder::new("key");
    let (branch, other_key) = (folder.branch(), "other-Hh3Vw8Kx1QpT5nRz9LbM4sJd7FyC2gE6");
    let hq = folder.write("hq.set", hq().replace(KEY, other_key));
    let files = [branch.as_str(), hq.as_str()];
    for options in [
        &["--fix"][..],
        &["--json"],
        &["--format", "sarif"],
        &["--format", "html"],
    ] {
        let said = check(&[options, &files[..]].concat());
        assert_eq!(said.code, Some(1), "{}", said.stdout);
        assert!(!said.stdout.contains(other_key) && !said.stderr.contains(other_key));
    }
    let said = check(&[&["--fix", "--write"], &files[..]].concat());
    assert_eq!(said.last_line(), "verdict: comes up", "{}", said.stdout);
    assert!(!said.stdout.contains(other_key));
    let texts = ["branch.fixed.cfg", "hq.fixed.set"].map(|name| folder.0.join(name));
    let copies: Vec<&PathBuf> = texts.iter().filter(|path| path.exists()).collect();
    assert_eq!(copies.len(), 1, "one end takes the key of the other");
    let mode = fs::metadata(copies[0])
        .expect("a copy")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_configuration_converted_there_is_judged_as_the_original() {
    let folder = Folder::new("convert");
    let (branch, hq) = (folder.branch(), folder.hq());
    for (file, other, to, name) in [
        (&hq, &branch, "ios", "hq.cfg"),
        (&hq, &branch, "panos-xml", "hq.xml"),
        (&branch, &hq, "panos-set", "branch.set"),
    ] {
        let out = folder.0.join(name).display().to_string();
        let said = crossgate(&["convert", file, "--to", to, "--out", &out]);
        assert!(matches!(said.code, Some(0 | 1)), "{to}: {}", said.stderr);
        assert_eq!(
            said.code == Some(0),
            said.stderr.is_empty(),
            "{}",
            said.stderr
        );
        let judged = check(&[&out, other]);
        assert_eq!(
            judged.last_line(),
            "verdict: comes up",
            "{to}: {}",
            judged.stdout
        );
        let printed = crossgate(&["convert", file, "--to", to]);
        assert!(printed.stdout.contains("********"), "{}", printed.stdout);
        let again = crossgate(&["convert", file, "--to", to, "--out", &out]);
        assert_eq!(again.code, Some(2));
        assert!(again.stderr.contains("exists already"), "{}", again.stderr);
    }
}

const PANORAMA: &str = "examples/panorama/panorama.xml";
const BRANCH: &str = "examples/site-to-site/branch.cfg";

#[test]
fn of_a_panoramas_export_the_device_that_is_meant_is_judged() {
    let said = check(&[BRANCH, PANORAMA]);
    assert_eq!(said.code, Some(2), "{}", said.stdout);
    for part in ["`headquarters`, `laboratory`", "--template NAME"] {
        assert!(said.stderr.contains(part), "{part}: {}", said.stderr);
    }
    // Of the stack alone the peer is the template's default, which the branch is not.
    let stack = check(&["--template", "headquarters", BRANCH, PANORAMA]);
    assert_eq!(stack.last_line(), "verdict: never comes up");
    let device = check(&["--template", "007951000123456", BRANCH, PANORAMA]);
    assert_eq!(device.code, Some(0), "{}", device.stdout);
    assert_eq!(device.last_line(), "verdict: comes up");
    let nobody = check(&["--template", "branch", BRANCH, PANORAMA]);
    assert_eq!(nobody.code, Some(2), "{}", nobody.stdout);
    assert!(
        nobody.stderr.contains("device `branch`; it has"),
        "{}",
        nobody.stderr
    );
}

#[test]
fn overrides_of_a_panorama_are_shown() {
    let device = check(&["--template", "007951000123456", BRANCH, PANORAMA]);
    for part in [
        "read as the template stack `headquarters`",
        "its templates, the first wins: `vpn`, `base`",
        "the device group `headquarters-firewalls`, `sites`",
        "note[overridden]: `hours` of `lifetime` is overridden",
        "this of template `vpn` holds",
        "note[overridden]: `mtu` of `tunnel.1` is overridden",
        "this of template stack `headquarters` holds",
        "note[overridden]: the variable `$branch` is overridden",
    ] {
        assert!(device.stdout.contains(part), "{part}: {}", device.stdout);
    }
}

#[test]
fn a_panoramas_export_is_mended_where_the_value_holds() {
    let folder = Folder::new("panorama");
    let panorama = example("panorama/panorama.xml");
    let wrong = panorama
        .replace("<mtu>1400<", "<mtu>1500<")
        .replace("<dh-group>group14<", "<dh-group>group2<");
    let wrong = folder.write("panorama.xml", wrong);
    let fix = check(&["--fix", "--template", "007951000123456", &wrong, BRANCH]);
    for typed in [
        "set template base config network ike crypto-profiles ipsec-crypto-profiles esp-branch dh-group group14",
        "set template-stack headquarters config network interface tunnel units tunnel.1 mtu 1438",
    ] {
        assert!(fix.stdout.contains(typed), "{typed}: {}", fix.stdout);
    }
}

/// A second gateway with the same IKE crypto profile, in which three values are wrong.
fn hq_of_shared_profile() -> String {
    let other = "\
set network ike gateway gw-other authentication pre-shared-key key other-Zk4Ud9Xr2TbN6vQmJ8sLp3HfC7yGe5A
set network ike gateway gw-other protocol version ikev2
set network ike gateway gw-other protocol ikev2 ike-crypto-profile shared
set network ike gateway gw-other local-address interface ethernet1/1
set network ike gateway gw-other local-address ip 198.51.100.20/24
set network ike gateway gw-other peer-address ip 203.0.113.99
";
    let wrong = hq()
        .replace("ike-branch", "shared")
        .replace("shared dh-group group14", "shared dh-group group20")
        .replace(
            "shared encryption aes-256-cbc",
            "shared encryption aes-128-cbc",
        )
        .replace("shared lifetime hours 8", "shared lifetime hours 10");
    format!("{}\n{other}", wrong.trim_end())
}

#[test]
fn a_profile_that_others_use_is_copied_once_for_all_that_is_wrong_in_it() {
    let folder = Folder::new("shared");
    let (hq, branch) = (
        folder.write("hq.set", hq_of_shared_profile()),
        folder.branch(),
    );
    let told = check(&[&hq, &branch]);
    assert_eq!(told.last_line(), "verdict: never comes up");
    let wrong = ["[ike-proposals-disjoint]", "[lifetimes-differ]"];
    for code in wrong {
        assert!(told.stdout.contains(code), "{code}: {}", told.stdout);
    }
    let fix = check(&["--fix", &hq, &branch]).stdout;
    let repointed = fix
        .lines()
        .filter(|line| line.contains("ike-crypto-profile "));
    assert_eq!(repointed.count(), 1, "{fix}");
    for line in fix
        .lines()
        .filter(|line| line.contains("ike-crypto-profiles"))
    {
        assert!(line.contains(" shared-gw-branch "), "{line}");
    }
    check(&["--fix", "--write", &hq, &branch]);
    let fixed = folder.0.join("hq.fixed.set").display().to_string();
    let after = check(&[&fixed, &branch]);
    assert_eq!(after.last_line(), "verdict: comes up", "{}", after.stdout);
    for code in wrong {
        assert!(!after.stdout.contains(code), "{code}: {}", after.stdout);
    }
    let findings = |said: &Said| {
        said.stdout.matches("\nnote[").count() + said.stdout.matches("\nwarning[").count()
    };
    assert!(findings(&after) <= findings(&told), "{}", after.stdout);
}
