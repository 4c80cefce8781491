//! A mistyped word is one finding, with all that comes of it, and its fix.

use super::{Folder, branch, check, crossgate, example, hq, with_own_key};
use serde_json::Value;

/// Words of the router's file, the same mistyped, and the finding's code.
const OF_IOS: &[(&str, &str, &str)] = &[
    (
        "crypto ikev2 profile LAB-HQ",
        "crypto ikv2 profile LAB-HQ",
        "unknown-line",
    ),
    (
        "crypto ikev2 policy LAB",
        "crypto ikev2 polcy LAB",
        "unknown-line",
    ),
    (
        "crypto ikev2 keyring LAB",
        "crypto ikev2 keyrng LAB",
        "unknown-line",
    ),
    (" peer HQ", " pear HQ", "unknown-line"),
    (
        "crypto ipsec profile LAB",
        "crypto ipsec proflie LAB",
        "unknown-line",
    ),
    ("interface Tunnel0", "interace Tunnel0", "unknown-line"),
    (" set ikev2-profile", " et ikev2-profile", "unknown-line"),
    (
        "ip access-list extended",
        "ip access-list extenedd",
        "unknown-line",
    ),
    // Names, where they are used.
    (
        "keyring local LAB-KEYS",
        "keyring local LAB-KES",
        "undefined-name",
    ),
    (
        "set ikev2-profile LAB-HQ",
        "set ikev2-profile LAB-QH",
        "undefined-name",
    ),
    (
        "set transform-set LAB-ESP",
        "set transform-set LAB-ESPP",
        "undefined-name",
    ),
    (
        "policy ipv4 LAB-TRAFFIC",
        "policy ipv4 LAB-TRAFIC",
        "undefined-name",
    ),
    (
        "POLICY\n proposal LAB-IKE",
        "POLICY\n proposal LAB-IEK",
        "undefined-name",
    ),
    (
        "profile LAB-PROTECT\n!",
        "profile LAB-PROTCT\n!",
        "undefined-name",
    ),
    (
        "255.255.255.0 Tunnel0",
        "255.255.255.0 Tuunnel0",
        "undefined-name",
    ),
    // Words that a command takes.
    ("interface Tunnel0", "interface Tunel0", "invalid-value"),
    (
        "encryption aes-cbc-256",
        "encryption aes-cbc-265",
        "invalid-value",
    ),
    ("local pre-share", "local pre-shre", "invalid-value"),
    ("LAB-ESP esp-aes", "LAB-ESP esp-aaes", "invalid-value"),
    ("10 permit ip", "10 pernit ip", "invalid-value"),
    ("mode ipsec ipv4", "mode ipsc ipv4", "invalid-value"),
];

/// Values that are near to several, or to none: the one that the firewall has is meant.
const VALUES_OF_IOS: &[(&str, &str)] = &[
    (" group 14", " group 13"),
    ("encryption aes-cbc-256", "encryption aes-gcm-512"),
    ("esp-aes 256", "esp-aes 512"),
];

/// The same of the firewall's.
const VALUES_OF_SET: &[(&str, &str)] = &[
    ("ike-branch dh-group group14", "ike-branch dh-group group13"),
    ("esp-branch dh-group group14", "esp-branch dh-group group13"),
    ("ike-branch hash sha256", "ike-branch hash sha257"),
    ("encryption aes-256-cbc", "encryption aes-512-cbc"),
];

/// Words of the firewall's commands.
const OF_SET: &[(&str, &str, &str)] = &[
    (
        "ike gateway gw-branch auth",
        "ike gatway gw-branch auth",
        "unknown-element",
    ),
    (
        "ike crypto-profiles ike-crypto-profiles ike-branch dh-group",
        "ike crypto-profls ike-crypto-profiles ike-branch dh-group",
        "unknown-element",
    ),
    (
        "pre-shared-key key",
        "pre-shared-key kye",
        "unknown-element",
    ),
    ("pre-shared-key key", "preshared-key key", "unknown-element"),
    (
        "tun-branch auto-key ike-gateway",
        "tun-branch auot-key ike-gateway",
        "unknown-element",
    ),
    (
        "vsys vsys1 zone untrust",
        "vsys vsys1 zon untrust",
        "unknown-element",
    ),
    (
        "set network ike gateway gw-branch auth",
        "set netwrk ike gateway gw-branch auth",
        "unknown-line",
    ),
    (
        "set network tunnel ipsec tun-branch tunnel",
        "ste network tunnel ipsec tun-branch tunnel",
        "unknown-line",
    ),
    (
        "ike-branch dh-group group14",
        "ike-branch dh-group grop14",
        "invalid-value",
    ),
    (
        "esp encryption aes-256-cbc",
        "esp encryption aes-256-cbcc",
        "invalid-value",
    ),
    (
        "ike-branch hash sha256",
        "ike-branch hash SHA-256",
        "invalid-value",
    ),
    (
        "protocol version ikev2",
        "protocol version ikv2",
        "invalid-value",
    ),
    (
        "ike-crypto-profile ike-branch",
        "ike-crypto-profile ike-brnch",
        "undefined-name",
    ),
    (
        "ike-gateway gw-branch",
        "ike-gateway gw-brnch",
        "undefined-name",
    ),
    (
        "tunnel-interface tunnel.1",
        "tunnel-interface tunel.1",
        "undefined-name",
    ),
    (
        "branch-to-hq from vpn",
        "branch-to-hq from vnp",
        "undefined-name",
    ),
];

/// Tags and texts of the same as XML.
const OF_XML: &[(&str, &str, &str)] = &[
    (
        "ike-crypto-profiles",
        "ike-crypto-profles",
        "unknown-element",
    ),
    ("pre-shared-key", "pre-shared-ky", "unknown-element"),
    ("key", "kye", "unknown-element"),
    ("tunnel-interface", "tunel-interface", "unknown-element"),
    ("devices", "devces", "unknown-element"),
    (
        "entry name=\"gw-branch\"",
        "enrty name=\"gw-branch\"",
        "unknown-element",
    ),
    (">sha256</member", ">sha-256</member", "invalid-value"),
    (">ike-branch</ike", ">ike-brnach</ike", "undefined-name"),
];

/// All that is told beside notes, with the report.
fn told(files: &[&str; 2]) -> (Vec<Value>, String) {
    let said = check(&["--json", files[0], files[1]]);
    let report: Value = serde_json::from_str(&said.stdout).expect("JSON");
    let findings = report["findings"].as_array().expect("findings");
    let bad = findings.iter().filter(|f| f["severity"] != "note");
    (bad.cloned().collect(), said.stdout)
}

/// One error with what comes of it, which `--fix` mends.
fn is_one_cause(files: &[&str; 2], wrong: &str, code: &str) {
    let (bad, report) = told(files);
    let [only] = bad.as_slice() else {
        panic!("{wrong}: {bad:#?}");
    };
    assert_eq!(
        (&only["code"], &only["severity"]),
        (&code.into(), &"error".into()),
        "{wrong}"
    );
    let notes = only["notes"].as_array().expect("notes");
    let comes = |note: &Value| note.to_string().contains("because of it, ");
    assert!(notes.iter().any(comes), "{wrong}: {only:#}");
    assert!(
        !report.contains("did you mean"),
        "the fix says it: {report}"
    );
    let said = check(&["--fix", "--write", files[0], files[1]]);
    assert_eq!(
        (said.code, said.last_line()),
        (Some(0), "verdict: comes up"),
        "{wrong}: {}",
        said.stdout
    );
    assert!(said.stdout.contains(code), "{wrong}: {}", said.stdout);
}

#[test]
fn a_mistyped_word_of_a_router_is_one_error_with_all_that_comes_of_it() {
    for (index, (right, wrong, code)) in OF_IOS.iter().enumerate() {
        let folder = Folder::new(&format!("mistyped-ios-{index}"));
        let text = branch();
        assert!(text.contains(right), "{right}");
        let branch = folder.write("branch.cfg", text.replacen(right, wrong, 1));
        let files = [branch.as_str(), &folder.hq()];
        let fix = check(&["--fix", files[0], files[1]]).stdout;
        let said = right.lines().rfind(|line| *line != "!").unwrap_or_default();
        assert!(fix.contains(said.trim()), "{wrong}: {fix}");
        is_one_cause(&files, wrong, code);
        let fixed = std::fs::read_to_string(folder.0.join("branch.fixed.cfg")).expect("a copy");
        assert_eq!(fixed, text, "{wrong}");
    }
}

#[test]
fn a_mistyped_word_of_a_firewalls_commands_is_one_error_with_all_that_comes_of_it() {
    for (index, (right, wrong, code)) in OF_SET.iter().enumerate() {
        let folder = Folder::new(&format!("mistyped-set-{index}"));
        let text = hq();
        assert!(text.contains(right), "{right}");
        let hq = folder.write("hq.set", text.replacen(right, wrong, 1));
        let files = [folder.branch(), hq];
        let files = [files[0].as_str(), &files[1]];
        let fix = check(&["--fix", files[0], files[1]]).stdout;
        assert!(
            fix.contains(right.trim_end_matches(" auth")),
            "{wrong}: {fix}"
        );
        is_one_cause(&files, wrong, code);
        let fixed = std::fs::read_to_string(folder.0.join("hq.fixed.set")).expect("a copy");
        assert_eq!(fixed, text, "{wrong}");
    }
}

#[test]
fn a_value_that_may_be_any_of_several_is_the_one_that_the_peer_has() {
    let folder = Folder::new("mistyped-value");
    let is_mended = |file: &str, text: String, right: &str, wrong: &str| {
        assert!(text.contains(right), "{right}");
        folder.write(file, text.replacen(right, wrong, 1));
        let path = |name: &str| folder.0.join(name).display().to_string();
        is_one_cause(
            &[&path("branch.cfg"), &path("hq.set")],
            wrong,
            "invalid-value",
        );
        let fixed = folder.0.join(file.replace('.', ".fixed."));
        assert_eq!(
            std::fs::read_to_string(&fixed).expect("a copy"),
            text,
            "{wrong}"
        );
        std::fs::remove_file(fixed).expect("a copy");
        folder.write(file, text);
    };
    folder.branch();
    folder.hq();
    for (right, wrong) in VALUES_OF_IOS {
        is_mended("branch.cfg", branch(), right, wrong);
    }
    for (right, wrong) in VALUES_OF_SET {
        is_mended("hq.set", hq(), right, wrong);
    }
    // Alone, a file doesn't tell which of them.
    let wrong = folder.write("alone.cfg", branch().replacen(" group 14", " group 13", 1));
    let said = check(&[&wrong]).stdout;
    let list = "help: one of 1, 2, 5, 14, 15, 16, 19, 20, 21, 24";
    assert!(
        said.contains(list) && !said.contains("help: write"),
        "{said}"
    );
}

#[test]
fn a_mistyped_tag_is_one_error_with_all_that_comes_of_it() {
    for (index, (right, wrong, code)) in OF_XML.iter().enumerate() {
        let folder = Folder::new(&format!("mistyped-xml-{index}"));
        let text = with_own_key(example("site-to-site/hq.xml"));
        let mut mistyped = text.replacen(&format!("<{right}"), &format!("<{wrong}"), 1);
        if mistyped == text {
            mistyped = text.replacen(right, wrong, 1);
        }
        let name = |tag: &str| tag.split(' ').next().map(|name| format!("</{name}>"));
        let (Some(last), Some(wrong_last)) = (name(right), name(wrong)) else {
            panic!("{right}");
        };
        // The end tag that belongs to it is the next one of that name.
        if let Some(start) = mistyped.find(&format!("<{wrong}")) {
            let depth = match right.starts_with("entry") {
                true => mistyped[start..]
                    .find("\n            </entry>")
                    .map(|at| at + 13),
                false => mistyped[start..].find(&last),
            };
            let at = start + depth.expect("an end tag");
            mistyped.replace_range(at..at + last.len(), &wrong_last);
        }
        let hq = folder.write("hq.xml", mistyped);
        let files = [folder.branch(), hq];
        is_one_cause(&[files[0].as_str(), &files[1]], wrong, code);
        let fixed = std::fs::read_to_string(folder.0.join("hq.fixed.xml")).expect("a copy");
        assert_eq!(fixed, text, "{wrong}");
    }
}

#[test]
fn what_is_typed_for_a_mistyped_word_spells_no_key() {
    let folder = Folder::new("mistyped-key");
    let branch = folder.branch();
    for wrong in [
        "netwrk ike gateway gw-branch authentication pre-shared-key key",
        "network ike gatway gw-branch authentication pre-shared-key key",
        "network ike gateway gw-branch authentication pre-shared-key kye",
        "network ike gateway gw-branch authentication preshared-ky kye",
    ] {
        let right = "network ike gateway gw-branch authentication pre-shared-key key";
        let hq = folder.write("hq.set", hq().replacen(right, wrong, 1));
        // `check` looks for the key in all that is said.
        let said = check(&["--fix", &hq, &branch]);
        let line = format!("set {right} <");
        assert!(
            said.stdout.contains(&line),
            "{wrong}: {}{}",
            said.stdout,
            said.stderr
        );
        assert!(
            said.stderr.contains("a key is named, not spelled"),
            "{}",
            said.stderr
        );
        check(&[&hq, &branch]);
    }
    let xml = with_own_key(example("site-to-site/hq.xml"));
    let xml = xml
        .replace("pre-shared-key>", "preshared-ky>")
        .replace("key>", "kye>");
    let hq = folder.write("hq.xml", xml);
    check(&[&hq, &branch]);
    check(&["--fix", &hq, &branch]);
}

#[test]
fn a_name_that_several_lines_have_wrong_is_one_error() {
    let folder = Folder::new("mistyped-name");
    let text = hq().replacen("zone untrust", "zone untrut", 1);
    let hq = folder.write("hq.set", text);
    let files = [folder.branch(), hq];
    let files = [files[0].as_str(), &files[1]];
    let (bad, report) = told(&files);
    assert_eq!(bad.len(), 1, "{report}");
    let labels = bad[0]["labels"].as_array().map(Vec::len);
    assert_eq!(labels, Some(2), "both rules that name it: {report}");
    let said = check(&["--fix", "--write", files[0], files[1]]);
    assert_eq!(
        (said.code, said.last_line()),
        (Some(0), "verdict: comes up"),
        "{}",
        said.stdout
    );
}

#[test]
fn an_address_object_that_a_rule_has_wrong_is_told_where_one_is_near() {
    let folder = Folder::new("mistyped-address");
    for (wrong, count) in [("lan-brnach", 1), ("DE", 0)] {
        let text = hq().replacen("source lan-branch", &format!("source {wrong}"), 1);
        let hq = folder.write("hq.set", text);
        let (bad, report) = told(&[&folder.branch(), &hq]);
        let undefined = bad.iter().filter(|f| f["code"] == "undefined-name");
        assert_eq!(undefined.count(), count, "{report}");
    }
}

#[test]
fn a_mistyped_name_of_an_entry_is_told_where_it_does_harm_and_nowhere_else() {
    let folder = Folder::new("mistyped-entry");
    for (right, wrong) in [
        (
            "gateway gw-branch local-address interface",
            "gateway gw-brancch local-address interface",
        ),
        ("rules branch-to-hq action", "rules branhc-to-hq action"),
        (
            "ipsec tun-branch tunnel-interface",
            "ipsec tun-brach tunnel-interface",
        ),
        ("proxy-id lan-to-lan local", "proxy-id lan-to-aln local"),
        (
            "virtual-router default routing-table ip static-route branch-lan interface",
            "virtual-router defualt routing-table ip static-route branch-lan interface",
        ),
    ] {
        let text = hq();
        assert!(text.contains(right), "{right}");
        let hq = folder.write("hq.set", text.replacen(right, wrong, 1));
        let files = [folder.branch(), hq];
        let (bad, report) = told(&[&files[0], &files[1]]);
        assert_eq!(bad.len(), 1, "{wrong}: {report}");
        assert_eq!(bad[0]["code"], "nearly-named", "{wrong}");
        let said = check(&["--fix", "--write", "--force", &files[0], &files[1]]);
        assert_eq!(
            said.last_line(),
            "verdict: comes up",
            "{wrong}: {}",
            said.stdout
        );
        let fixed = std::fs::read_to_string(folder.0.join("hq.fixed.set")).expect("a copy");
        assert_eq!(fixed, text, "{wrong}");
    }
    // A route is two lines: whose name is right doesn't matter.
    let right = "static-route branch-lan interface";
    let route = folder.write(
        "route.set",
        hq().replacen(right, "static-route brnach-lan interface", 1),
    );
    let (bad, report) = told(&[&folder.branch(), &route]);
    assert_eq!(
        (bad.len(), &bad[0]["code"]),
        (1, &"nearly-named".into()),
        "{report}"
    );
    // Two addresses, of which one has a remark, are two.
    let two = hq()
        + "set vsys vsys1 address lan-hq description HQ\n\
           set vsys vsys1 address lan-hqs ip-netmask 10.20.21.0/24\n";
    let (bad, report) = told(&[&folder.branch(), &folder.write("two.set", two)]);
    assert!(
        bad.is_empty() && !report.contains("nearly-named"),
        "{report}"
    );
}

#[test]
fn a_name_that_may_be_one_of_its_own_is_not_written_for_the_reader() {
    let folder = Folder::new("mistyped-own");
    let text = example("two-tunnels/branch.cfg");
    let right = "ip access-list extended TO-NORTH";
    assert!(text.contains(right) && text.contains("TO-SOUTH"));
    let branch = folder.write(
        "branch.cfg",
        text.replacen(right, "ip access-list extended X", 1),
    );
    let (bad, report) = told(&[&branch, "examples/two-tunnels/hq.set"]);
    let undefined = bad
        .iter()
        .find(|f| f["code"] == "undefined-name")
        .expect("told");
    assert_eq!(
        undefined["fixes"].as_array().map(Vec::len),
        Some(0),
        "{report}"
    );
}

#[test]
fn a_mistyped_header_of_a_file_without_indentation_is_one_error() {
    let flat: String = branch()
        .lines()
        .map(|line| format!("{}\n", line.trim_start()))
        .collect();
    let folder = Folder::new("mistyped-flat");
    let (right, wrong) = ("crypto ikev2 profile LAB-HQ", "crypto ikv2 profile LAB-HQ");
    let branch = folder.write("branch.cfg", flat.replacen(right, wrong, 1));
    let files = [branch.as_str(), &folder.hq()];
    let fix = check(&["--fix", files[0], files[1]]).stdout;
    // The lines below it are the profile's as well.
    for line in [
        right,
        "keyring local LAB-KEYS",
        "authentication local pre-share",
    ] {
        assert!(fix.contains(line), "{line}: {fix}");
    }
    is_one_cause(&files, wrong, "unknown-line");
}

#[test]
fn whoever_only_reads_a_file_says_once_what_was_meant() {
    let folder = Folder::new("mistyped-convert");
    let mistyped = branch().replacen("crypto ikev2 profile", "crypto ikv2 profile", 1);
    let branch = folder.write("branch.cfg", mistyped);
    let said = crossgate(&["convert", "--to", "panos-set", &branch]);
    let told = said.stderr;
    assert_eq!(
        told.matches("write `crypto ikev2 profile`").count(),
        1,
        "{told}"
    );
    assert!(!told.contains("did you mean"), "{told}");
}

#[test]
fn a_mistyped_word_that_stands_alone_stays_a_warning_and_one_that_hides_a_fault_shows_it() {
    let folder = Folder::new("mistyped-alone");
    let hq = folder.hq();
    let codes = |name: &str, text: String| {
        let (bad, _) = told(&[&folder.write(name, text), &hq]);
        let told = bad
            .iter()
            .map(|f| format!("{} {}", f["severity"], f["code"]).replace('"', ""));
        told.collect::<Vec<_>>()
    };
    // Without it, it comes up; with it, it would not.
    let down = branch().replacen(
        "tunnel mode ipsec ipv4",
        "tunnel mode ipsec ipv4\n shutdwon",
        1,
    );
    assert_eq!(codes("down.cfg", down), ["warning unknown-line"]);
    let said = check(&[&folder.0.join("down.cfg").display().to_string(), &hq]);
    let note = "to write `shutdown` in its place would make it worse";
    assert!(said.stdout.contains(note), "{}", said.stdout);
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
fn a_word_that_is_mistyped_in_every_line_is_one_error_and_mended_in_all() {
    let folder = Folder::new("mistyped-lines");
    let text = hq();
    let wrong = text.replace("set network", "set netwrk");
    assert!(text.matches("set network").count() > 30);
    let files = [folder.branch(), folder.write("hq.set", wrong)];
    is_one_cause(&[&files[0], &files[1]], "netwrk", "unknown-line");
    let fixed = std::fs::read_to_string(folder.0.join("hq.fixed.set")).expect("a copy");
    assert_eq!(fixed, text);
}

#[test]
fn a_mistyped_edit_is_typed_again_with_all_that_follows() {
    let folder = Folder::new("mistyped-edit");
    let path = "network ike gateway gw-branch ";
    let text = hq().replace(&format!("set {path}"), "set ");
    let text = text.replacen(
        "set authentication",
        &format!("edit {path}\nset authentication"),
        1,
    );
    let text = text.replacen("set network tunnel", "top\nset network tunnel", 1);
    let branch = folder.branch();
    let right = folder.write("right.set", &text);
    assert_eq!(check(&[&branch, &right]).last_line(), "verdict: comes up");
    let hq = folder.write("hq.set", text.replacen("edit network", "edit netwrk", 1));
    let fix = check(&["--fix", &branch, &hq]).stdout;
    for line in [
        "edit network ike gateway gw-branch",
        "set authentication pre-shared-key key <as in the file>",
        "set peer-address ip 203.0.113.10",
        "top",
    ] {
        assert!(fix.lines().any(|typed| typed == line), "{line}: {fix}");
    }
    is_one_cause(&[&branch, &hq], "edit netwrk", "unknown-line");
    let fixed = std::fs::read_to_string(folder.0.join("hq.fixed.set")).expect("a copy");
    assert_eq!(fixed, text);
}

#[test]
fn a_mistyped_address_object_does_what_it_does_to_rules_and_routes() {
    let folder = Folder::new("mistyped-object");
    let text = hq().replace(
        "branch-lan destination 10.10.10.0/24",
        "branch-lan destination lan-branch",
    );
    let branch = folder.branch();
    for (right, wrong, code) in [
        ("source lan-branch", "source lan-brnch", "undefined-name"),
        (
            "branch-lan destination lan-branch",
            "branch-lan destination lan-brnch",
            "invalid-value",
        ),
    ] {
        assert!(text.contains(right), "{right}");
        let hq = folder.write("hq.set", text.replacen(right, wrong, 1));
        let verdict = check(&[&branch, &hq]);
        assert!(
            verdict
                .last_line()
                .starts_with("verdict: comes up but no traffic passes from"),
            "{}",
            verdict.stdout
        );
        is_one_cause(&[&branch, &hq], wrong, code);
        let fixed = folder.0.join("hq.fixed.set");
        assert_eq!(std::fs::read_to_string(&fixed).expect("a copy"), text);
        std::fs::remove_file(fixed).expect("a copy");
    }
}

#[test]
fn a_mistyped_end_is_told_and_written_and_nothing_is_typed_for_it() {
    let folder = Folder::new("mistyped-end");
    let text = branch();
    assert!(text.ends_with("\nend\n"));
    let wrong = folder.write("branch.cfg", text.replace("\nend\n", "\nned\n"));
    let hq = folder.hq();
    let (bad, report) = told(&[&wrong, &hq]);
    assert_eq!(
        (bad.len(), &bad[0]["code"]),
        (1, &"unknown-line".into()),
        "{report}"
    );
    assert_eq!(check(&["--fix", &wrong, &hq]).stdout, "");
    check(&["--fix", "--write", &wrong, &hq]);
    let fixed = std::fs::read_to_string(folder.0.join("branch.fixed.cfg")).expect("a copy");
    assert_eq!(fixed, text);
}

#[test]
fn the_same_slip_in_two_places_is_mended_in_both() {
    let folder = Folder::new("mistyped-twice");
    let mistyped = hq().replace("dh-group group14", "dh-group grop14");
    assert_eq!(mistyped.matches("grop14").count(), 2);
    let files = [folder.branch(), folder.write("hq.set", mistyped)];
    let said = check(&["--fix", "--write", &files[0], &files[1]]);
    assert_eq!(
        (said.code, said.last_line()),
        (Some(0), "verdict: comes up"),
        "{}",
        said.stderr
    );
}

#[test]
fn a_key_behind_a_mistyped_word_is_not_shown() {
    let folder = Folder::new("mistyped-key");
    let hq = folder.hq();
    for wrong in [
        "pre-shared-kye",
        "pre-sharedkey",
        "pre-shred-key",
        "rpe-shared-key",
    ] {
        let mistyped = branch().replacen("pre-shared-key", wrong, 1);
        let branch = folder.write("branch.cfg", mistyped);
        // Whatever the program says is looked through for the key.
        for format in ["text", "json", "sarif", "junit", "html"] {
            let said = check(&["--format", format, &branch, &hq]);
            assert_eq!(said.code, Some(1), "{wrong}");
        }
        check(&["--fix", &branch, &hq]);
        let said = check(&["--fix", "--write", "--force", &branch, &hq]);
        assert_eq!(said.last_line(), "verdict: comes up", "{wrong}");
    }
}
