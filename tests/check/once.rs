//! One cause is one finding.

use super::{Folder, branch, check, hq};
use serde_json::Value;

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
