//! `crossgate generate`, `mirror` and `convert` as a person uses them. Labs run as root.

use crossgate_diag::Sources;
use crossgate_gateway::load::{Hints, load_into};
use crossgate_model::Gateway;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A folder of one test, which goes with it.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let name = format!("crossgate-make-{test}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }

    fn with(&self, name: &str, text: &str) -> String {
        std::fs::write(self.0.join(name), text).expect("a file");
        self.path(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

fn crossgate(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crossgate"));
    command.current_dir(root()).env_remove("XDG_RUNTIME_DIR");
    command.env("MAKE_TEST_KEY", GIVEN_KEY);
    command.args(arguments).output().expect("it starts")
}

/// Exit status, stdout and stderr.
fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = crossgate(arguments);
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

const GIVEN_KEY: &str = "p3Vn8Kq1Zt6Rb9Xw4Ls7Hd2Mf5Jc0Gy.";
const EXAMPLE: &str = include_str!("../examples/generate/site.toml");

/// Two sites with so many LANs each, all of them joined.
fn description(vendors: [&str; 2], lans: usize, internet: bool) -> String {
    let ends = [("one", "203.0.113", 10), ("two", "198.51.100", 20)];
    let mut text = String::new();
    for ((name, wan, lan), vendor) in ends.into_iter().zip(vendors) {
        text.push_str(&format!(
            "[[site]]\nname = \"{name}\"\nvendor = \"{vendor}\"\ninternet = {internet}\n\
             [site.wan]\naddress = \"{wan}.10/24\"\nnext-hop = \"{wan}.1\"\n"
        ));
        for number in 0..lans {
            let address = format!("10.{lan}.{number}.1/24");
            text.push_str(&format!("[[site.lan]]\naddress = \"{address}\"\n"));
        }
    }
    text
}

/// The files of both ends, as `lab` and `check` take them.
fn generated(folder: &Folder, vendors: [&str; 2], lans: usize, internet: bool) -> [String; 2] {
    let file = folder.with("site.toml", &description(vendors, lans, internet));
    let (code, _, told) = run(&["generate", &file, "--out", &folder.path("out"), "--force"]);
    assert_eq!(code, Some(0), "{vendors:?} {lans} {internet}: {told}");
    assert!(told.ends_with(": no finding\n"), "{told}");
    let of = |(name, vendor)| match vendor {
        "ios-xe" => folder.path(&format!("out/{name}.cfg")),
        _ => folder.path(&format!("out/{name}.xml")),
    };
    [("one", vendors[0]), ("two", vendors[1])].map(of)
}

fn assert_lab(files: &[String; 2]) {
    for start in ["branch", "hq"] {
        let [first, second] = files;
        let (code, told, log) = run(&["lab", first, second, "--start", start, "--count", "1"]);
        assert_eq!(code, Some(0), "{files:?} started by {start}: {told}{log}");
    }
}

const BOTH_WAYS: [[&str; 2]; 4] = [
    ["ios-xe", "pan-os"],
    ["pan-os", "ios-xe"],
    ["ios-xe", "ios-xe"],
    ["pan-os", "pan-os"],
];

#[test]
fn what_is_generated_has_no_finding_whatever_the_vendors() {
    let folder = Folder::new("vendors");
    for vendors in BOTH_WAYS {
        for (lans, internet) in [(1, false), (1, true), (3, true)] {
            let [first, second] = generated(&folder, vendors, lans, internet);
            let (code, said, _) = run(&["check", &first, &second, "--nat"]);
            assert_eq!(code, Some(0));
            assert_eq!(
                said,
                "found 0 errors, 0 warnings, 0 notes\nverdict: comes up\n"
            );
        }
    }
}

#[test]
fn a_site_behind_a_nat_is_sought_at_its_public_address_and_known_by_its_own() {
    let folder = Folder::new("nat");
    let text = description(BOTH_WAYS[0], 1, true);
    let text = text.replacen("next-hop", "public = \"192.0.2.10\"\nnext-hop", 1);
    let file = folder.with("site.toml", &text);
    let out = folder.path("out");
    let (code, _, told) = run(&["generate", &file, "--out", &out]);
    assert_eq!(code, Some(0), "{told}");
    assert!(
        told.ends_with(
            "one.cfg {out}/two.set --nat: no finding\n"
                .replace("{out}", &out)
                .as_str()
        ),
        "{told}"
    );
    let set = std::fs::read_to_string(format!("{out}/two.set")).expect("a file");
    assert!(set.contains(" peer-address ip 192.0.2.10\n"));
    assert!(set.contains(" peer-id id 203.0.113.10\n"));
}

#[test]
fn what_is_generated_works_in_the_lab_whoever_starts() {
    let folder = Folder::new("lab");
    for vendors in BOTH_WAYS {
        assert_lab(&generated(&folder, vendors, 2, true));
    }
}

#[test]
fn no_profile_finds_more_than_the_missing_protection_against_quantum_computers() {
    let folder = Folder::new("profiles");
    let [first, second] = generated(&folder, BOTH_WAYS[0], 1, true);
    for (profile, found) in [("nist", 0), ("bsi", 1), ("cnsa2", 1)] {
        let (_, said, _) = run(&["check", &first, &second, "--profile", profile]);
        let heads = said.lines().filter(|line| line.contains("]: "));
        let heads: Vec<&str> = heads.collect();
        assert_eq!(heads.len(), found, "{said}");
        assert!(heads.iter().all(|head| head.contains("[no-post-quantum]")));
    }
}

#[test]
fn the_example_is_what_is_printed_and_its_files_are_their_owners_alone() {
    let folder = Folder::new("example");
    assert_eq!(run(&["generate", "--example"]).1, EXAMPLE);
    let file = folder.with("site.toml", EXAMPLE);
    let out = folder.path("out");
    let arguments = ["generate", &file, "--out", &out, "--explain"];
    let (code, said, told) = run(&arguments);
    assert_eq!(code, Some(0), "{told}");
    let text = |name: &str| std::fs::read_to_string(format!("{out}/{name}")).expect("a file");
    let old = text("branch.cfg");
    for name in ["branch.cfg", "hq.set", "hq.xml"] {
        let path = format!("{out}/{name}");
        let mode = std::fs::metadata(&path)
            .expect("a file")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    // Every line but those that separate.
    for name in ["branch.cfg", "hq.set"] {
        for (number, line) in (1..).zip(text(name).lines()) {
            let is_told = said.contains(&format!("{out}/{name}:{number}: "));
            assert_eq!(is_told, line.trim() != "!", "{name}:{number}: {line}");
        }
    }
    let key = old
        .lines()
        .find_map(|line| line.trim().strip_prefix("pre-shared-key "));
    let key = key.expect("a key");
    assert_eq!(key.len(), 43);
    assert!(text("hq.set").contains(key) && text("hq.xml").contains(key));
    assert!(!said.contains(key) && !told.contains(key));
    // Nothing is written over, unless it is wanted; then the key is another one.
    let (code, _, told) = run(&arguments);
    let refusal = format!("crossgate: {out}/branch.cfg exists already; --force replaces it\n");
    assert_eq!((code, told), (Some(2), refusal));
    assert_eq!(text("branch.cfg"), old);
    let forced = [&arguments[..], &["--force"]].concat();
    assert_eq!(run(&forced).0, Some(0));
    assert!(!text("branch.cfg").contains(key));
}

#[test]
fn a_given_key_is_written_and_never_told() {
    let folder = Folder::new("key");
    folder.with("tunnel.key", &format!("{GIVEN_KEY}\n"));
    for way in [
        format!("key = \"{GIVEN_KEY}\""),
        "key-file = \"tunnel.key\"".to_owned(),
        "key-env = \"MAKE_TEST_KEY\"".to_owned(),
    ] {
        let text = EXAMPLE.replace("[tunnel]\n", &format!("[tunnel]\n{way}\n"));
        let file = folder.with("site.toml", &text);
        let out = folder.path("out");
        let (code, said, told) = run(&["generate", &file, "--out", &out, "--force", "--explain"]);
        assert_eq!(code, Some(0), "{told}");
        let written = std::fs::read_to_string(format!("{out}/hq.set")).expect("a file");
        assert!(written.contains(GIVEN_KEY));
        assert!(!said.contains(GIVEN_KEY) && !told.contains(GIVEN_KEY));
    }
}

/// What is changed in the example, and what is told of it.
const MISTAKES: &[(&str, &str, &str)] = &[
    (
        "vendor = \"ios-xe\"",
        "vendr = \"ios-xe\"",
        "7:1: there is no key `vendr` here; did you mean `vendor`?",
    ),
    (
        "vendor = \"ios-xe\"",
        "vendor = \"ios\"",
        "7:10: expected `ios-xe` or `pan-os`, found \"ios\"",
    ),
    (
        "vendor = \"pan-os\"\n",
        "",
        "25:1: `vendor` is missing here; expected a line such as `vendor = \"ios-xe\"` or `vendor = \"pan-os\"`",
    ),
    (
        "10.10.10.1/24",
        "10.10.10.1",
        "23:11: expected the interface's IPv4 address with its prefix length, such as \"10.10.10.1/24\", found \"10.10.10.1\"",
    ),
    (
        "10.20.20.1/24",
        "10.10.10.9/16",
        "38:11: 10.10.0.0/16 overlaps with 10.10.10.0/24 behind `branch`: hosts could not tell them apart; renumber one of them",
    ),
    (
        "next-hop = \"203.0.113.1\"\n",
        "",
        "15:1: `next-hop` is missing here; expected the address of the router on this network, such as `next-hop = \"203.0.113.1\"`",
    ),
    (
        "next-hop = \"203.0.113.1\"",
        "next-hop = \"198.51.100.1\"",
        "18:12: expected another address of 203.0.113.0/24 than the interface's own, found 198.51.100.1",
    ),
    (
        "[tunnel.ike]\n",
        "[tunnel.ike]\nlifetime = 28800\n",
        "52:12: expected a time with its unit, such as \"8h\", \"60m\" or \"3600s\", found integer `28800`",
    ),
    (
        "[tunnel.ike]\n",
        "[tunnel.ike]\nlifetime = \"2d\"\n",
        "52:12: expected 180 s to 86400 s, found 172800 s",
    ),
    (
        "[tunnel.ike]\n",
        "[tunnel.ike]\ngroup = 2\n",
        "52:9: expected a group: 14, 15, 16, 19, 20 or 21, found integer `2`",
    ),
    (
        "[tunnel.ike]\n",
        "[tunnel.ike]\nintegrity = \"sha256\"\n",
        "52:13: AES-GCM-256 needs no integrity algorithm; leave this line out",
    ),
    (
        "[tunnel]\n",
        "[tunnel]\nkey = \"a-secret\"\n",
        "41:7: expected a key of 32 to 127 letters, digits and signs without space, quote, `?` or `\\`, that doesn't begin with `-`",
    ),
    (
        "[tunnel]\n",
        "[tunnel]\nkey-env = \"A\"\nkey = \"0123456789abcdefghijklmnopqrstuvwxyz\"\n",
        "41:11: `key` gives the key already; leave `key-env` out",
    ),
    (
        "[tunnel]\n",
        "[tunnel]\nmss = 1460\n",
        "41:7: expected 1000 to 1398 octets, which fit, found 1460",
    ),
    (
        "[tunnel]\n",
        "[tunnel]\nnetworks = [[\"10.20.20.0/24\", \"10.10.10.0/24\"]]\n",
        "41:14: 10.20.20.0/24 is not behind `branch`, whose network comes first in a pair; expected 10.10.10.0/24 or a part of it",
    ),
    (
        "[tunnel]\n",
        "[tunel]\n",
        "40:2: there is no key `tunel` here; did you mean `tunnel`?",
    ),
    (
        "\"hq-fw\"",
        "\"hq-fw",
        "28:18: invalid basic string, expected `\"`",
    ),
    (
        "\"ethernet1/1\"",
        "\"GigabitEthernet1\"",
        "32:13: expected an interface as PAN-OS calls it, such as ethernet1/1, found GigabitEthernet1",
    ),
    (
        "name = \"hq\"",
        "name = \"branch\"",
        "26:8: both sites are called `branch`; expected two names",
    ),
    (
        "# release = \"17.9\"",
        "release = \"16.9\"",
        "8:11: expected IOS-XE 16.12 or later for several networks in a tunnel interface, found 16.9",
    ),
];

#[test]
fn a_mistake_is_told_with_its_place_and_what_was_expected() {
    let folder = Folder::new("mistakes");
    for (old, new, sentence) in MISTAKES {
        assert!(EXAMPLE.contains(old), "{old}");
        let file = folder.with("site.toml", &EXAMPLE.replacen(old, new, 1));
        let (code, _, told) = run(&["generate", &file, "--out", &folder.path("out")]);
        assert_eq!(
            (code, told),
            (Some(2), format!("crossgate: {file}:{sentence}\n"))
        );
        assert!(
            !Path::new(&folder.path("out")).exists(),
            "nothing is written"
        );
    }
}

#[test]
fn a_description_that_is_no_text_is_told_as_such() {
    let folder = Folder::new("binary");
    let file = folder.path("site.toml");
    std::fs::write(&file, [0x7f, b'E', b'L', b'F', 0xff, 0xfe]).expect("it is written");
    let (code, _, told) = run(&["generate", &file, "--out", &folder.path("out")]);
    let expected = format!("crossgate: {file} is no text: expected TOML in UTF-8\n");
    assert_eq!((code, told), (Some(2), expected));
}

/// A file, and what it needs to be told besides.
const ENDS: &[(&str, &[&str])] = &[
    ("site-to-site/branch.cfg", &[]),
    ("site-to-site/hq.set", &[]),
    ("site-to-site/hq.xml", &[]),
    ("gcm/branch.cfg", &[]),
    ("gcm/hq.set", &[]),
    ("several-proxy-ids/branch.cfg", &[]),
    ("several-proxy-ids/hq.set", &[]),
    ("any-any/branch.cfg", &[]),
    ("any-any/hq.set", &[]),
    ("crypto-map/branch.cfg", &[]),
    ("crypto-map/hq.set", &[]),
    ("two-tunnels/hq.set", &[]),
    ("as-published/hq.xml", &[]),
    (
        "as-published/branch.cfg",
        &["--peer", "203.0.113.10", "--remote", "10.10.10.0/24"],
    ),
];

#[test]
fn the_other_end_of_each_example_fits_and_earns_no_finding_of_its_own() {
    let folder = Folder::new("mirror");
    for (end, besides) in ENDS {
        let file = format!("examples/{end}");
        for (to, extension) in [("ios", "cfg"), ("panos-xml", "xml")] {
            let out = folder.path(&format!("other.{extension}"));
            let arguments = ["mirror", &file, "--to", to, "--out", &out, "--force"];
            let (_, said, told) = run(&[&arguments, *besides].concat());
            assert!(said.is_empty(), "{said}");
            let fine =
                format!("crossgate check {file} {out}: no finding beyond those of {file} alone\n");
            assert!(told.contains(&fine), "{file} to {to}: {told}");
            let (_, said, _) = run(&["check", &file, &out]);
            assert!(
                said.ends_with("verdict: comes up\n"),
                "{file} to {to}: {said}"
            );
            if end.starts_with("several") || end.starts_with("any") {
                assert_lab(&[file.clone(), out]);
            }
        }
    }
}

#[test]
fn what_a_mirror_can_not_know_is_asked_for_and_its_key_is_masked() {
    let (code, _, told) = run(&["mirror", "examples/two-tunnels/branch.cfg", "--to", "panos"]);
    assert_eq!(code, Some(2));
    assert!(
        told.contains("has several connections; choose one with --connection: `"),
        "{told}"
    );
    let file = "examples/site-to-site/branch.cfg";
    let refusals: [(&[&str], &str); 3] = [
        (
            &["--wan", "192.0.2.1/24"],
            "looks for its peer at 198.51.100.20, and --wan says 192.0.2.1",
        ),
        (
            &["--connection", "NOPE"],
            "has no connection `NOPE`; it has `LAB-HQ`",
        ),
        (
            &["--next-hop", "192.0.2.1"],
            "is no other address of 198.51.100.0/24; expected one",
        ),
    ];
    for (besides, sentence) in refusals {
        let (code, _, told) = run(&[&["mirror", file, "--to", "panos"], besides].concat());
        assert!(code == Some(2) && told.contains(sentence), "{told}");
    }
    let (code, said, told) = run(&["mirror", file, "--to", "panos"]);
    assert_eq!(code, Some(0), "{told}");
    assert!(said.contains("set network ike gateway gw-branch-rtr authentication"));
    assert!(
        !said.contains("7Qm2vX9t") && !told.contains("7Qm2vX9t"),
        "the key is masked"
    );
}

fn read(path: &str) -> Gateway {
    let mut sources = Sources::new();
    let path = root().join(path);
    let hints = Hints {
        release: Some("17.9".into()),
        ..Hints::default()
    };
    let read = load_into(&mut sources, &path, &hints);
    read.unwrap_or_else(|failure| panic!("{failure}")).gateway
}

/// What a gateway means to its peers, without its own names.
fn meaning(gateway: &Gateway) -> Vec<String> {
    let connections = gateway.connections.iter();
    let mut all: Vec<String> = connections
        .flat_map(|c| {
            let ike: Vec<_> = c
                .proposals
                .iter()
                .map(|p| {
                    (
                        values(&p.encr),
                        values(&p.integ),
                        values(&p.prf),
                        values(&p.groups),
                    )
                })
                .collect();
            let ids: Vec<_> = c
                .remote_identities
                .iter()
                .map(|id| id.value.to_string())
                .collect();
            let local = c.local.address.map(|address| address.value);
            let head = format!(
                "{local:?} {} {ike:?} {} {ids:?} {} {:?}",
                c.remote,
                c.local_identity.value,
                c.local_auth.name(),
                c.lifetime.value
            );
            let children = c.children.iter().map(move |child| {
                let esp: Vec<_> = child
                    .proposals
                    .iter()
                    .map(|p| (values(&p.encr), values(&p.integ)))
                    .collect();
                format!(
                    "{head} {} {esp:?} {:?} {:?} {:?}",
                    child.selectors.value,
                    child.pfs.map(|pfs| pfs.value),
                    child.lifetime.time.value,
                    child.lifetime.kilobytes.map(|k| k.value)
                )
            });
            children.collect::<Vec<_>>()
        })
        .collect();
    all.sort();
    all
}

fn values<T: std::fmt::Debug + Copy>(list: &[crossgate_diag::Spanned<T>]) -> String {
    let values: Vec<T> = list.iter().map(|value| value.value).collect();
    format!("{values:?}")
}

#[test]
fn a_tunnel_converted_there_and_back_means_the_same() {
    let folder = Folder::new("convert");
    for (end, _) in ENDS {
        let file = format!("examples/{end}");
        let (there, back) = match end.ends_with("cfg") {
            true => ("panos-xml", "ios"),
            false => ("ios", "panos-set"),
        };
        let paths = [folder.path("there"), folder.path("back")];
        for path in &paths {
            std::fs::remove_file(path).ok();
        }
        run(&["convert", &file, "--to", there, "--out", &paths[0]]);
        run(&["convert", &paths[0], "--to", back, "--out", &paths[1]]);
        let [original, other, again] =
            [&file, &paths[0], &paths[1]].map(|path| meaning(&read(path)));
        assert!(!original.is_empty(), "{file}");
        assert_eq!(original, other, "{file}, there");
        assert_eq!(original, again, "{file}, and back");
    }
}

#[test]
fn a_day_is_said_in_days_where_seconds_do_not_reach_so_far() {
    let (code, said, _) = run(&["convert", "examples/gcm/branch.cfg", "--to", "panos-set"]);
    assert_eq!(code, Some(0));
    assert!(
        said.contains(" lifetime days 1\n") && !said.contains("86400"),
        "{said}"
    );
}

#[test]
fn published_configurations_convert_without_a_crash() {
    let mut count = 0;
    for folder in ["crates/ios/tests/data", "crates/panos/tests/data"] {
        for entry in std::fs::read_dir(root().join(folder)).expect("a folder") {
            let path = entry.expect("an entry").path();
            let extension = path
                .extension()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            if !["ios", "panos-set", "panos-xml", "xml"].contains(&extension.as_str()) {
                continue;
            }
            for to in ["ios", "panos-set", "panos-xml"] {
                let (code, said, told) = run(&["convert", &path.display().to_string(), "--to", to]);
                assert!(matches!(code, Some(0 | 1)), "{}: {told}", path.display());
                let left_out = ["not said: ", "warning[", "error["];
                let is_whole = !left_out.iter().any(|sign| told.contains(sign));
                assert_eq!(code == Some(0), is_whole, "{}: {told}", path.display());
                assert!(!said.is_empty());
                count += 1;
            }
        }
    }
    assert!(count >= 30, "{count}");
}

#[test]
fn what_is_not_understood_of_a_file_is_told_by_whatever_is_made_of_it() {
    let folder = Folder::new("damaged");
    let good = include_str!("../examples/site-to-site/branch.cfg");
    let around = format!("------------------ show running-config ------------------\n\n{good}");
    let slip = good.replace(" lifetime 28800", " lifetme 28800");
    assert_ne!(slip, good);
    for (name, text, told, code) in [
        ("good.cfg", good, "", 0),
        ("around.cfg", &around, "note[around-configuration]", 0),
        ("slip.cfg", &slip, "warning[unknown-line]", 1),
    ] {
        let file = folder.with(name, text);
        let (found, written, said) = run(&["convert", &file, "--to", "panos-set"]);
        assert!(said.contains(told), "{name}: {said}");
        assert_eq!(
            (found, said.is_empty()),
            (Some(code), told.is_empty()),
            "{name}: {said}"
        );
        assert!(
            written.contains("set network ike gateway"),
            "{name}: {written}"
        );
    }
    let whole = include_str!("../examples/site-to-site/hq.xml");
    let cut = &whole[..whole.rfind("</config>").expect("its end")];
    let file = folder.with("cut.xml", cut);
    for to in [["convert", "--to", "ios"], ["mirror", "--to", "ios"]] {
        let (code, _, said) = run(&[&to[..], &[file.as_str()]].concat());
        assert!(said.contains("warning[cut-off]"), "{to:?}: {said}");
        assert_eq!(code, Some(1), "{to:?}");
    }
}
