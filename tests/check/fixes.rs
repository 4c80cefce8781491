//! `--fix`, printed and written.

use super::{Folder, KEY, Said, branch, check, hq, hq_of_other_pfs};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

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
