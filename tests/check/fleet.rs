//! `--fleet DIR`: all pairs of a folder.

use super::{Folder, branch, check, example, hq_of_other_pfs};
use serde_json::Value;

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
fn a_fleet_tells_of_mistyped_words_and_of_the_peers_that_they_leave_out() {
    let folder = Folder::new("fleet-mistyped");
    let right = "crypto ikev2 profile LAB-HQ";
    folder.write(
        "branch.cfg",
        branch().replacen(right, "crypto ikv2 profile LAB-HQ", 1),
    );
    folder.hq();
    let path = folder.0.display().to_string();
    let said = check(&["--fleet", &path]);
    assert_eq!(said.code, Some(1), "its tunnel has no row: {}", said.stdout);
    let line = 1 + branch().lines().take_while(|line| *line != right).count();
    let told = format!(
        "  branch.cfg:{line}: `crypto ikv2` is not a known command of global mode: \
         write `crypto ikev2 profile`; a peer is left out because of it\n"
    );
    assert!(said.stdout.contains(&told), "{}", said.stdout);
    let json: Value =
        serde_json::from_str(&check(&["--fleet", &path, "--json"]).stdout).expect("JSON");
    let mistyped = &json["mistyped"][0];
    assert_eq!(mistyped["peers_left_out"], 1, "{json:#}");
    assert_eq!(mistyped["severity"], "error");
    folder.branch();
    let clean = check(&["--fleet", &path]);
    assert_eq!(clean.code, Some(0), "{}", clean.stdout);
    assert!(!clean.stdout.contains("mistyped"), "{}", clean.stdout);
}
