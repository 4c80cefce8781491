//! `crossgate check` and `crossgate explain` as a person and as a program use them.

#[path = "check/certificates.rs"]
mod certificates;
#[path = "check/fixes.rs"]
mod fixes;
#[path = "check/fleet.rs"]
mod fleet;
#[path = "check/mistyped.rs"]
mod mistyped;
#[path = "check/once.rs"]
mod once;
#[path = "check/panorama.rs"]
mod panorama;
#[path = "check/spare.rs"]
mod spare;

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
