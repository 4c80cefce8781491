//! Exports of a Panorama.

use super::{Folder, check, example};
use serde_json::Value;

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

#[test]
fn a_mistyped_tag_of_a_template_is_one_error() {
    let device = ["--template", "007951000123456"];
    for (right, wrong) in [("ike-gateway>", "ike-gatway>"), ("config>", "confg>")] {
        let folder = Folder::new(&format!("panorama-{}", wrong.trim_end_matches('>')));
        let text = example("panorama/panorama.xml");
        // Of `config`, the first is the whole file's, and so is the last.
        let start = text.find("<template>").unwrap_or_default();
        let (head, tail) = text.split_at(start);
        let tail = tail.replacen(&format!("<{right}"), &format!("<{wrong}"), 1);
        let tail = tail.replacen(&format!("</{right}"), &format!("</{wrong}"), 1);
        let panorama = folder.write("panorama.xml", format!("{head}{tail}"));
        let said = check(&[&device[..], &["--json", &panorama, BRANCH]].concat());
        let report: Value = serde_json::from_str(&said.stdout).expect("JSON");
        let findings = report["findings"].as_array().expect("findings");
        let bad: Vec<&Value> = findings
            .iter()
            .filter(|f| f["severity"] != "note")
            .collect();
        assert_eq!(bad.len(), 1, "{wrong}: {bad:#?}");
        assert_eq!(bad[0]["code"], "unknown-element");
        let fix = check(&[&device[..], &["--fix", &panorama, BRANCH]].concat());
        assert!(fix.stdout.contains("\nset template "), "{}", fix.stdout);
        let said = check(&[&device[..], &["--fix", "--write", &panorama, BRANCH]].concat());
        assert_eq!(
            said.last_line(),
            "verdict: comes up",
            "{wrong}: {}",
            said.stdout
        );
        let fixed = folder.0.join("panorama.fixed.xml");
        assert_eq!(std::fs::read_to_string(fixed).expect("a copy"), text);
    }
}
