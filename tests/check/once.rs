//! One cause is one finding.

use super::{Folder, branch, check, example, hq};
use serde_json::Value;

/// What is told beside notes: codes and titles.
fn troubles(folder: &Folder, branch: String, hq: String) -> Vec<[String; 2]> {
    let (a, b) = (
        folder.write("branch.cfg", branch),
        folder.write("hq.set", hq),
    );
    let said = check(&["--format", "json", &a, &b]);
    let json: Value = serde_json::from_str(&said.stdout).expect("JSON");
    let findings = json["findings"].as_array().expect("findings").iter();
    let troubles = findings.filter(|f| f["severity"] != "note");
    let words = |f: &Value, of: &str| f[of].as_str().expect("words").to_owned();
    troubles
        .map(|f| ["code", "title"].map(|of| words(f, of)))
        .collect()
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
        let told = troubles(&folder, a, b);
        let codes: Vec<_> = told.iter().map(|[code, _]| code).collect();
        assert_eq!(codes, *wanted, "{old:?} becomes {new:?}");
    }
}

#[test]
fn what_stops_packets_at_one_end_is_told_though_the_other_selects_another_network() {
    let folder = Folder::new("hidden");
    let elsewhere = branch().replace(
        "10.10.10.0 0.0.0.255 10.20.20.0 0.0.0.255",
        "10.10.10.0 0.0.0.255 10.21.20.0 0.0.0.255",
    );
    let unruled = hq().replace("branch-to-hq to trust", "branch-to-hq to untrust");
    assert!(elsewhere != branch() && unruled != hq());
    let codes = |branch, hq| {
        let told = troubles(&folder, branch, hq);
        told.into_iter().map(|[code, _]| code).collect::<Vec<_>>()
    };
    assert_eq!(codes(elsewhere.clone(), hq()), ["ts-not-mirrored"]);
    assert_eq!(codes(branch(), unruled.clone()), ["no-security-rule"]);
    let both = codes(elsewhere, unruled);
    assert_eq!(both, ["ts-not-mirrored", "no-security-rule"]);
    // At the end that selects the wrong network, all that comes of it is no second fault.
    let wrong = hq().replace("lan-to-lan local 10.20.20.0", "lan-to-lan local 10.21.20.0");
    assert!(wrong != hq());
    assert_eq!(codes(branch(), wrong), ["ts-not-mirrored"]);
}

#[test]
fn a_tunnel_that_starts_from_an_interface_that_is_not_there_is_told_where_another_has_the_address()
{
    let folder = Folder::new("source");
    let right = "tunnel source GigabitEthernet0/0/0";
    assert!(branch().contains(right));
    let wrong = branch().replace(right, "tunnel source GigabitEthernet1");
    let told = troubles(&folder, wrong.clone(), hq());
    let title = "branch starts from GigabitEthernet1, which has no address in its file; hq expects \
                 that of GigabitEthernet0/0/0";
    assert_eq!(told, [["wrong-interface", title].map(str::to_owned)]);
    let paths = ["branch.cfg", "hq.set"].map(|name| folder.0.join(name).display().to_string());
    let said = check(&[&paths[1], &paths[0]]);
    assert_eq!(
        said.last_line(),
        "verdict: never comes up",
        "{}",
        said.stdout
    );
    assert!(!said.stdout.contains("address-unknown"), "{}", said.stdout);
    // An excerpt without the interface is one without.
    let excerpt = wrong.replace("ip address 203.0.113.10 255.255.255.0", "no ip address");
    assert!(troubles(&folder, excerpt, hq()).is_empty());
}

#[test]
fn what_only_follows_from_what_a_file_lacks_is_told_with_it() {
    let folder = Folder::new("follows");
    let hq_with = |old: &str, new: &str| {
        assert!(hq().contains(old), "{old}");
        troubles(&folder, branch(), hq().replace(old, new))
    };
    let codes = |told: Vec<[String; 2]>| told.into_iter().map(|[code, _]| code).collect::<Vec<_>>();
    let absent = hq_with("tunnel-interface tunnel.1", "tunnel-interface tunnel.2");
    assert_eq!(codes(absent), ["undefined-name"]);
    let elsewhere = hq_with(
        "local-address ip 198.51.100.20/24",
        "local-address ip 198.51.100.200/24",
    );
    assert_eq!(codes(elsewhere), ["address-not-on-interface"]);
    let gre = branch().replace(" tunnel mode ipsec ipv4\n", "");
    assert_eq!(codes(troubles(&folder, gre, hq())), ["not-obeyed"]);
    let said = check(&[
        &folder.0.join("branch.cfg").display().to_string(),
        &folder.0.join("hq.set").display().to_string(),
    ]);
    let note = "because of it, the two files mean no tunnel with each other";
    assert!(said.stdout.contains(note), "{}", said.stdout);
}

#[test]
fn a_weak_key_of_several_connections_is_told_once_with_all_of_them() {
    let folder = Folder::new("weak");
    let branch = example("two-tunnels/branch.cfg");
    let [north, south] = [
        "lab-only-Wc4nR8yKz6Tq3VxHf9Mb2JpD",
        "lab-only-Ph7dG2vXs9Lk5QwNt4Zr8BcY",
    ];
    assert!(branch.contains(north) && branch.contains(south));
    let weak = |text: String| text.replace(north, "cisco").replace(south, "cisco");
    let told = troubles(&folder, weak(branch), weak(example("two-tunnels/hq.set")));
    let titles: Vec<_> = told
        .iter()
        .map(|[code, title]| (code.as_str(), title.as_str()))
        .collect();
    let title = "the pre-shared key of `HUB-NORTH` and `HUB-SOUTH` is worth 10 bits at most";
    assert_eq!(titles, [("guessable-key", title)]);
}

/// The keyring has a key for the peer, and none for the address that is another.
#[test]
fn a_wrong_destination_is_told_with_the_key_that_it_does_not_have() {
    let folder = Folder::new("destination");
    let wrong = branch().replace(
        "tunnel destination 198.51.100.20",
        "tunnel destination 198.51.100.30",
    );
    let told = troubles(&folder, wrong, hq());
    let title = "branch looks for its peer at 198.51.100.30, but hq is at 198.51.100.20";
    assert_eq!(told, [["peer-address-not-mirrored", title]]);
}
