//! How long `crossgate check` takes with large files: the table of `docs/check.md`. Each is made
//! from `examples`; what is printed is the processor time of one run.
//!
//! `cargo bench -p crossgate --bench sizes`

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

fn main() {
    let folder = env::temp_dir().join(format!("crossgate-sizes-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    let put = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).expect("a file");
        path
    };
    let branch = put("branch.cfg", &example("site-to-site/branch.cfg"));
    let hq = put("hq.set", &example("site-to-site/hq.set"));
    let interfaces = put("interfaces.cfg", &interfaces(46_000));
    measure("a router with 46,000 interfaces more", &[&interfaces]);
    measure("with the peer's file", &[&interfaces, &hq]);
    let gateways = put("gateways.set", &gateways(5_000));
    measure("a firewall with 5,000 IKE gateways more", &[&gateways]);
    measure("with the peer's file", &[&branch, &gateways]);
    let tunnels = put("tunnels.cfg", &tunnels(20_000));
    measure("a router with 20,000 tunnel interfaces more", &[&tunnels]);
    measure("with the peer's file", &[&tunnels, &hq]);
    let plant = put("plant.cfg", &example("several-proxy-ids/branch.cfg"));
    for count in [1_000, 4_000] {
        let set = put("proxies.set", &proxies(count));
        measure(
            &format!("{count} proxy IDs that the peer lacks"),
            &[&plant, &set],
        );
        let xml = put("proxies.xml", &as_xml(&set));
        measure("the same as XML", &[&plant, &xml]);
    }
    let many = put("hundred-megabytes.cfg", &interfaces_of(100_000_000));
    measure("a router of 100 MB", &[&many]);
    fs::remove_dir_all(&folder).expect("the folder is removed");
}

fn measure(what: &str, files: &[&PathBuf]) {
    let before = spent_by_children();
    let status = Command::new(env!("CARGO_BIN_EXE_crossgate"))
        .args(["check", "--json"])
        .args(files)
        .stdout(std::process::Stdio::null())
        .status()
        .expect("the program starts");
    assert!(
        status.code().is_some_and(|code| code < 2),
        "{what}: {status}"
    );
    let spent = spent_by_children() - before;
    let size = files
        .iter()
        .map(|file| fs::metadata(file).map_or(0, |m| m.len()));
    let megabytes = size.sum::<u64>() as f64 / 1e6;
    println!("{what}: {megabytes:.1} MB, {spent:.2} s of processors");
}

/// Seconds, as Linux counts them for programs that have ended: hundredths, in the 16th and 17th
/// field of `stat`, of which the second ends with `)` (proc_pid_stat(5)).
fn spent_by_children() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let spent = fields.split_whitespace().skip(13).take(2);
    let ticks = spent.filter_map(|ticks| ticks.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}

fn example(name: &str) -> String {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    fs::read_to_string(examples.join(name)).expect("an example")
}

/// A router with so many interfaces more, each with a network of its own.
fn interfaces(count: usize) -> String {
    let mut text = example("site-to-site/branch.cfg");
    text.extend((0..count).map(interface));
    text
}

fn interface(index: usize) -> String {
    let (high, low) = (index / 250 % 250, index % 250);
    let address = format!("ip address 100.{high}.{low}.1 255.255.255.0");
    format!(
        "interface GigabitEthernet7/{index}\n description site {index}, not in use\n {address}\n!\n"
    )
}

fn interfaces_of(octets: usize) -> String {
    let mut text = example("site-to-site/branch.cfg");
    for index in 0.. {
        if text.len() >= octets {
            break;
        }
        text.push_str(&interface(index));
    }
    text
}

/// A firewall with so many IKE gateways and IPsec tunnels more, all for one peer.
fn gateways(count: usize) -> String {
    let text = example("site-to-site/hq.set");
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| line.contains(" ike gateway ") || line.contains(" tunnel ipsec "))
        .collect();
    let mut text = text.clone();
    for index in 0..count {
        for line in &lines {
            let line = line.replace("gw-branch", &format!("gw-branch-{index}"));
            text.push_str(&line.replace("tun-branch", &format!("tun-branch-{index}")));
            text.push('\n');
        }
    }
    text
}

/// A router with so many tunnel interfaces more, each to a peer of its own.
fn tunnels(count: usize) -> String {
    let mut text = example("site-to-site/branch.cfg");
    let interface = |index: usize| {
        let (high, low) = (index / 250, index % 250);
        format!(
            "interface Tunnel{number}\n ip address 100.{high}.{low}.1 255.255.255.252\n tunnel source \
             GigabitEthernet0/0/0\n tunnel mode ipsec ipv4\n tunnel destination 101.{high}.{low}.1\n \
             tunnel protection ipsec profile LAB-PROTECT\n!\n",
            number = index + 1_000
        )
    };
    text.extend((0..count).map(interface));
    text
}

/// A tunnel with so many proxy IDs more, of which the peer knows nothing.
fn proxies(count: usize) -> String {
    let mut text = example("several-proxy-ids/hq.set");
    for index in 0..count {
        let proxy = format!("set network tunnel ipsec tun-plant auto-key proxy-id more-{index}");
        let net = format!("11.{}.{}.0/24", index / 250, index % 250);
        text.push_str(&format!(
            "{proxy} protocol any\n{proxy} local 10.60.0.0/22\n{proxy} remote {net}\n"
        ));
    }
    text
}

fn as_xml(set: &Path) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_crossgate"))
        .args(["convert", "--to", "panos-xml"])
        .arg(set)
        .output()
        .expect("the program starts");
    String::from_utf8(output.stdout).expect("UTF-8")
}
