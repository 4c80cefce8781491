//! A mistyped word is one finding, with all that comes of it, and its fix.

use super::{Folder, KEY, branch, check};
use serde_json::Value;

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
