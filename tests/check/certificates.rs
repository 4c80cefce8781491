//! `--certificate`: what a file names and doesn't hold, handed over.

use super::{Folder, Said, check, crossgate, example, root};
use std::fs;

const FILES: [&str; 2] = [
    "examples/certificates/branch.cfg",
    "examples/certificates/hq.set",
];

fn data(name: &str) -> String {
    format!("crates/check/tests/data/{name}")
}

/// The pair, with those certificates.
fn check_with(certificates: &[&str]) -> Said {
    let mut arguments = FILES.to_vec();
    for certificate in certificates {
        arguments.extend(["--certificate", certificate]);
    }
    check(&arguments)
}

fn hq_cert(name: &str) -> String {
    format!("hq:hq-cert={}", data(name))
}

/// One sentence, and nothing judged.
fn refused(certificate: &str) -> String {
    let said = check_with(&[certificate]);
    assert_eq!((said.code, said.stdout.as_str()), (Some(2), ""));
    assert_eq!(said.stderr.lines().count(), 1, "{}", said.stderr);
    said.stderr
}

#[test]
fn a_pair_with_certificates_is_judged_as_devices_would_run_it() {
    let said = check_with(&[]);
    assert_eq!(said.code, Some(0), "{}", said.stdout);
    assert_eq!(said.last_line(), "verdict: comes up");
    // Once an end, and no more than a note.
    let notes = said.stdout.matches("note[only-judged]").count();
    assert_eq!(notes, 2, "{}", said.stdout);
    assert!(said.stdout.contains("`lab` and `run` can't yet"));
}

#[test]
fn no_daemon_runs_what_it_cannot_authenticate() {
    for file in FILES {
        let said = crossgate(&["run", file]);
        assert_eq!(said.code, Some(2));
        let last = said.stderr.lines().last().unwrap_or_default();
        assert!(last.contains("no IKEv2 peer is left"), "{last}");
    }
}

#[test]
fn a_certificate_that_is_handed_over_replaces_the_files_own() {
    let said = check_with(&[&hq_cert("expired.pem")]);
    assert_eq!(said.code, Some(1));
    assert_eq!(said.last_line(), "verdict: never comes up");
    assert!(said.stdout.contains("error[certificate-expired]"));
    let place = format!("--> {}:1:1", data("expired.pem"));
    assert!(said.stdout.contains(&place), "{}", said.stdout);
    // Where only one end has that name, it need not be said.
    let said = check_with(&[&format!("hq-cert={}", data("expired.pem"))]);
    assert_eq!(said.code, Some(1));
    let said = check(&[
        FILES[1],
        "--certificate",
        &format!("hq-cert={}", data("expired.pem")),
    ]);
    assert_eq!(said.code, Some(1), "{}", said.stdout);
    assert!(said.stdout.contains("error[certificate-expired]"));
}

#[test]
fn what_a_file_names_and_does_not_hold_is_handed_over() {
    let folder = Folder::new("handed-over");
    let text = example("certificates/hq.set");
    let (before, rest) = text
        .split_once("set shared certificate lab-ca")
        .expect("certificates");
    let (_, after) = rest
        .split_once("set shared certificate-profile")
        .expect("a profile");
    let hq = folder.write(
        "hq.set",
        format!("{before}set shared certificate-profile{after}"),
    );
    let said = check(&[FILES[0], &hq]);
    assert!(said.stdout.contains("error[certificate-missing]"));
    let own = hq_cert("good.pem");
    let said = check(&[FILES[0], &hq, "--certificate", &own]);
    assert!(said.stdout.contains("error[certificate-profile-missing]"));
    let authority = format!("second:lab-ca={}", data("authority.pem"));
    let both = ["--certificate", &own, "--certificate", &authority];
    let said = check(&[&[FILES[0], hq.as_str()], &both[..]].concat());
    assert_eq!(said.last_line(), "verdict: comes up", "{}", said.stdout);
}

#[test]
fn a_chain_may_be_one_file_or_several() {
    let folder = Folder::new("chain");
    let text = |name| fs::read_to_string(root().join(data(name))).expect("a file");
    assert_eq!(check_with(&[&hq_cert("below.pem")]).code, Some(1));
    let chain = text("below.pem") + &text("intermediate.pem");
    let chain = folder.write("chain.pem", chain);
    assert_eq!(check_with(&[&format!("hq-cert={chain}")]).code, Some(0));
    let two = [hq_cert("below.pem"), hq_cert("intermediate.pem")];
    assert_eq!(check_with(&[&two[0], &two[1]]).code, Some(0));
}

#[test]
fn a_fix_is_judged_with_the_same_certificates() {
    let folder = Folder::new("fixed-with-certificates");
    let good = example("certificates/hq.set");
    let old = "esp-branch dh-group group14";
    assert!(good.contains(old));
    let hq = folder.write("hq.set", good.replace(old, "esp-branch dh-group group19"));
    let branch = folder.write("branch.cfg", example("certificates/branch.cfg"));
    let expired = hq_cert("expired.pem");
    let said = check(&["--fix", &branch, &hq, "--certificate", &expired]);
    assert!(said.stdout.contains("set pfs group19"), "{}", said.stdout);
    assert!(said.stderr.contains("left: error[certificate-expired]"));
    let said = check(&["--fix", "--write", &branch, &hq, "--certificate", &expired]);
    assert_eq!(said.code, Some(1));
    assert_eq!(said.last_line(), "verdict: never comes up");
    let own = hq_cert("good.pem");
    let said = check(&[
        "--fix",
        "--write",
        "--force",
        &branch,
        &hq,
        "--certificate",
        &own,
    ]);
    assert_eq!(said.last_line(), "verdict: comes up", "{}", said.stdout);
}

#[test]
fn a_private_key_is_left_alone() {
    let folder = Folder::new("private-key");
    let good = fs::read_to_string(root().join(data("good.pem"))).expect("a file");
    // The program's own words are searched for it by `crossgate`.
    let key = "-----BEGIN PRIVATE KEY-----\nZk4Wd9Xr2TbN6vQmJ8sLp3HfC7yGe5A=\n-----END PRIVATE KEY-----\n";
    let both = folder.write("both.pem", format!("{key}{good}"));
    for format in ["text", "json", "sarif", "junit", "html"] {
        let option = format!("hq-cert={both}");
        let said = check(&[
            FILES[0],
            FILES[1],
            "--certificate",
            &option,
            "--format",
            format,
        ]);
        assert_eq!(said.code, Some(0), "{format}");
        assert!(said.stdout.contains("private-key-ignored"), "{format}");
    }
    let alone = folder.write("key.pem", key);
    assert!(refused(&format!("hq-cert={alone}")).contains("a key is never needed here"));
}

#[test]
fn what_cannot_be_used_is_told_with_what_to_do() {
    let folder = Folder::new("no-certificate");
    let good = data("good.pem");
    let told = |certificate: &str, words: &[&str]| {
        let said = refused(certificate);
        for word in words {
            assert!(said.contains(word), "{certificate}: {said}");
        }
    };
    told(
        &format!("hq:hq-crt={good}"),
        &["`hq-crt`", "hq.set has `hq-cert`, `lab-ca`"],
    );
    told(
        &format!("hx:hq-cert={good}"),
        &["`hx`", "`branch`, `hq`, `first`, `second`"],
    );
    told(
        &format!("CROP={good}"),
        &["branch.cfg has `CORP`", "hq.set has"],
    );
    told("hq-cert", &["expected [END:]NAME=FILE"]);
    told(
        "hq-cert=nowhere.pem",
        &["nowhere.pem can't be read", "No such file"],
    );
    told(
        &format!("hq-cert={}", data("cut-off.pem")),
        &["certificate 1 of 1 can't be read"],
    );
    told(
        &format!("hq-cert={}", FILES[0]),
        &["holds no certificate", "expected PEM"],
    );
    let pkcs12 = folder.write("hq.p12", [0x30, 0x82, 0x09, 0x91, 2, 1, 3, 0x30]);
    told(
        &format!("hq-cert={pkcs12}"),
        &["is PKCS #12", "openssl pkcs12 -in FILE -nokeys"],
    );
    let keys = check(&[
        "examples/site-to-site/branch.cfg",
        "--certificate",
        &format!("CORP={good}"),
    ]);
    assert_eq!(keys.code, Some(2));
    assert!(
        keys.stderr.contains("names no certificate at all"),
        "{}",
        keys.stderr
    );
}

#[test]
fn a_fleet_takes_no_certificates_and_says_so() {
    let said = check(&["--fleet", "examples", "--certificate", "hq:hq-cert=x.pem"]);
    assert_eq!(said.code, Some(2));
    assert!(
        said.stderr
            .contains("'--fleet <DIR>' cannot be used with '--certificate")
    );
}

#[test]
fn the_manual_and_the_completions_know_the_option() {
    let script = crossgate(&["completions", "bash"]).stdout;
    assert!(script.contains("--certificate"));
    let folder = Folder::new("man-certificate");
    crossgate(&["man", &folder.0.display().to_string()]);
    let page = fs::read_to_string(folder.0.join("crossgate-check.1")).expect("a page");
    assert!(page.contains("\\-\\-certificate"), "{page}");
}
