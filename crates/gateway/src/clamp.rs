//! TCP's handshakes clamped by the kernel: a table of nftables of this daemon's own, told to it by
//! the program `nft`.
//!
//! What leaves by a tunnel's device goes through one chain of that device, what enters by it through
//! another. A rule lowers what a SYN announces and never raises it, so the smallest limit counts.

use crate::vti::mark_of;
use crossgate_esp::Handling;
use crossgate_model::{Selector, SelectorPair};
use crossgate_wire::ip::protocol;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};

const PROGRAM: &str = "nft";
/// Of a table's name.
const NAME_MAX: usize = 100;

/// What is done with packets that leave by a device, and with those that enter by it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    leaving: Vec<String>,
    entering: Vec<String>,
}

impl Rules {
    /// Of a Child whose packets of so many octets fit its tunnel.
    pub fn of(selectors: &SelectorPair, handling: &Handling, inner_mtu: u16) -> Self {
        let (local, remote) = (&selectors.local, &selectors.remote);
        if ![0, protocol::TCP].contains(&local.protocol) {
            return Self::default();
        }
        let ipv4 = local.start.is_ipv4();
        let (version, ip) = if ipv4 {
            ("ipv4", "ip")
        } else {
            ("ipv6", "ip6")
        };
        let mut rules = Self::default();
        for limit in handling.segment_limits(ipv4, inner_mtu) {
            let rule = |from: &Selector, to: &Selector, host: &str| {
                let hosts = limit.hosts.map(|net| format!("{ip} {host} {net}"));
                let words = [
                    Some(format!("meta nfproto {version}")),
                    addresses(from).map(|range| format!("{ip} saddr {range}")),
                    addresses(to).map(|range| format!("{ip} daddr {range}")),
                    hosts,
                    ports(from).map(|range| format!("tcp sport {range}")),
                    ports(to).map(|range| format!("tcp dport {range}")),
                    Some("tcp flags & syn == syn".to_owned()),
                    Some(format!("tcp option maxseg size set {}", limit.mss)),
                ];
                words.into_iter().flatten().collect::<Vec<_>>().join(" ")
            };
            rules.leaving.push(rule(local, remote, "saddr"));
            rules.entering.push(rule(remote, local, "daddr"));
        }
        rules
    }

    pub fn append(&mut self, mut other: Self) {
        self.leaving.append(&mut other.leaving);
        self.entering.append(&mut other.entering);
    }
}

/// Nothing where it is any.
fn addresses(selector: &Selector) -> Option<String> {
    let Selector { start, end, .. } = selector;
    let any = [Selector::ANY_V4, Selector::ANY_V6];
    let any = any.iter().any(|any| any.start == *start && any.end == *end);
    let range = || match start == end {
        true => start.to_string(),
        false => format!("{start}-{end}"),
    };
    (!any).then(range)
}

fn ports(selector: &Selector) -> Option<String> {
    match (selector.start_port, selector.end_port) {
        (0, u16::MAX) => None,
        (start, end) if start == end => Some(start.to_string()),
        (start, end) => Some(format!("{start}-{end}")),
    }
}

/// Of the daemon with that control socket, whichever run of it.
pub fn table_of(socket: &Path) -> String {
    let name = socket.file_stem().unwrap_or_default().to_string_lossy();
    let fit = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let name = name.chars().map(|c| if fit(c) { c } else { '_' });
    let name: String = name.take(NAME_MAX).collect();
    // Two of the same name may have their sockets in different folders.
    let place = mark_of(&socket.to_string_lossy());
    format!("crossgate-{name}-{place:08x}")
}

/// It may be gone already, as may the program.
pub fn remove(table: &str) {
    let _ = tell(&removal(table));
}

/// The first line makes the second one possible where there is none.
fn removal(table: &str) -> String {
    format!("table inet {table}\ndelete table inet {table}\n")
}

/// The table, and what it has for each device.
pub struct Clamps {
    table: String,
    open: bool,
    in_force: BTreeMap<String, Rules>,
}

impl Clamps {
    pub fn new(table: String) -> Self {
        Self {
            table,
            open: false,
            in_force: BTreeMap::new(),
        }
    }

    pub fn is_open(&self) -> bool {
        self.open
    }

    pub fn devices(&self) -> impl Iterator<Item = &String> {
        self.in_force.keys()
    }

    /// Makes it, or makes it again, as it was: somebody may have flushed it.
    pub fn open(&mut self) -> Result<(), String> {
        let mut text = self.skeleton();
        for (device, rules) in &self.in_force {
            text += &self.change(device, rules)?;
        }
        let told = tell(&text);
        self.open = told.is_ok();
        told
    }

    pub fn close(&mut self) {
        if std::mem::take(&mut self.open) {
            remove(&self.table);
        }
        self.in_force.clear();
    }

    /// Puts a device's rules in the place of those that it has.
    pub fn set(&mut self, device: &str, rules: Rules) -> Result<(), String> {
        if self.in_force.get(device).unwrap_or(&Rules::default()) == &rules {
            return Ok(());
        }
        let change = self.change(device, &rules)?;
        if rules == Rules::default() {
            self.in_force.remove(device);
        } else {
            self.in_force.insert(device.to_owned(), rules);
        }
        tell(&change).or_else(|_| self.open())
    }

    fn skeleton(&self) -> String {
        let table = &self.table;
        format!(
            "{}table inet {table} {{
  map leaving {{ type ifname : verdict; }}
  map entering {{ type ifname : verdict; }}
  chain leaving {{ type filter hook postrouting priority mangle; oifname vmap @leaving; }}
  chain entering {{ type filter hook prerouting priority mangle; iifname vmap @entering; }}
}}
",
            removal(table)
        )
    }

    /// What brings a device's chains to those rules.
    fn change(&self, device: &str, rules: &Rules) -> Result<String, String> {
        let fit = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        if !device.chars().all(fit) {
            return Err(format!("no rule can name device {device}"));
        }
        let mut text = String::new();
        for (way, lines) in [("leaving", &rules.leaving), ("entering", &rules.entering)] {
            let table = &self.table;
            let chain = format!("{way}-{:08x}", mark_of(device));
            let mut line = |line: std::fmt::Arguments<'_>| {
                let _ = writeln!(text, "{line}");
            };
            line(format_args!("add chain inet {table} {chain}"));
            let jump = format!("{{ \"{device}\" : jump {chain} }}");
            line(format_args!("add element inet {table} {way} {jump}"));
            line(format_args!("flush chain inet {table} {chain}"));
            for rule in lines {
                line(format_args!("add rule inet {table} {chain} {rule}"));
            }
            if lines.is_empty() {
                let element = format!("{{ \"{device}\" }}");
                line(format_args!("delete element inet {table} {way} {element}"));
                line(format_args!("delete chain inet {table} {chain}"));
            }
        }
        Ok(text)
    }
}

/// All of it or nothing.
fn tell(text: &str) -> Result<(), String> {
    let output = run(text).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => format!("the program `{PROGRAM}` is not here"),
        _ => format!("the program `{PROGRAM}` can't be run: {error}"),
    })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.lines().find_map(|line| line.split_once("Error: "));
    let reason = said.map_or(output.status.to_string(), |(_, reason)| reason.to_owned());
    Err(format!("`{PROGRAM}` could not make a table: {reason}"))
}

fn run(text: &str) -> io::Result<Output> {
    let mut command = Command::new(PROGRAM);
    command.args(["-f", "-"]).env("LC_ALL", "C");
    command.stdin(Stdio::piped()).stdout(Stdio::null());
    let mut child = command.stderr(Stdio::piped()).spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // Where it doesn't read to the end, it says why.
        let _ = stdin.write_all(text.as_bytes());
    }
    child.wait_with_output()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossgate_esp::Clamp;
    use expect_test::expect;
    use ipnet::IpNet;

    fn net(text: &str) -> IpNet {
        text.parse().expect("a network")
    }

    fn pair(local: &str, remote: &str) -> SelectorPair {
        SelectorPair {
            local: Selector::net(net(local)),
            remote: Selector::net(net(remote)),
        }
    }

    fn to_fit() -> Handling {
        Handling {
            clamps_to_fit: true,
            ..Handling::default()
        }
    }

    #[test]
    fn every_limit_is_a_rule_for_the_child_s_own_packets_in_both_directions() {
        let mut all = Rules::default();
        let handling = Handling {
            clamps: [(None, 1360), (Some("10.1.1.0/24"), 1500)]
                .map(|(hosts, mss)| Clamp {
                    hosts: hosts.map(net),
                    mss,
                })
                .into(),
            ..Handling::default()
        };
        let mut web = pair("10.1.0.0/16", "10.2.0.9/32");
        web.remote = web.remote.only(protocol::TCP, 80..=443);
        all.append(Rules::of(&web, &handling, 1438));
        let v6 = pair("2001:db8:a::/64", "::/0");
        all.append(Rules::of(&v6, &to_fit(), 1438));
        let mut names = pair("10.1.0.0/16", "10.2.0.9/32");
        names.local = names.local.only(protocol::UDP, 53..=53);
        all.append(Rules::of(&names, &to_fit(), 1438));
        let any = pair("0.0.0.0/0", "0.0.0.0/0");
        all.append(Rules::of(&any, &Handling::default(), 1438));

        let mut clamps = Clamps::new("crossgate-hq".into());
        expect![[r#"
            add chain inet crossgate-hq leaving-63e81859
            add element inet crossgate-hq leaving { "tunnel.1" : jump leaving-63e81859 }
            flush chain inet crossgate-hq leaving-63e81859
            add rule inet crossgate-hq leaving-63e81859 meta nfproto ipv4 ip saddr 10.1.0.0-10.1.255.255 ip daddr 10.2.0.9 tcp dport 80-443 tcp flags & syn == syn tcp option maxseg size set 1360
            add rule inet crossgate-hq leaving-63e81859 meta nfproto ipv4 ip saddr 10.1.0.0-10.1.255.255 ip daddr 10.2.0.9 ip saddr 10.1.1.0/24 tcp dport 80-443 tcp flags & syn == syn tcp option maxseg size set 1398
            add rule inet crossgate-hq leaving-63e81859 meta nfproto ipv6 ip6 saddr 2001:db8:a::-2001:db8:a:0:ffff:ffff:ffff:ffff tcp flags & syn == syn tcp option maxseg size set 1378
            add chain inet crossgate-hq entering-63e81859
            add element inet crossgate-hq entering { "tunnel.1" : jump entering-63e81859 }
            flush chain inet crossgate-hq entering-63e81859
            add rule inet crossgate-hq entering-63e81859 meta nfproto ipv4 ip saddr 10.2.0.9 ip daddr 10.1.0.0-10.1.255.255 tcp sport 80-443 tcp flags & syn == syn tcp option maxseg size set 1360
            add rule inet crossgate-hq entering-63e81859 meta nfproto ipv4 ip saddr 10.2.0.9 ip daddr 10.1.0.0-10.1.255.255 ip daddr 10.1.1.0/24 tcp sport 80-443 tcp flags & syn == syn tcp option maxseg size set 1398
            add rule inet crossgate-hq entering-63e81859 meta nfproto ipv6 ip6 daddr 2001:db8:a::-2001:db8:a:0:ffff:ffff:ffff:ffff tcp flags & syn == syn tcp option maxseg size set 1378
        "#]].assert_eq(&clamps.change("tunnel.1", &all).expect("a change"));
        expect![[r#"
            add chain inet crossgate-hq leaving-63e81859
            add element inet crossgate-hq leaving { "tunnel.1" : jump leaving-63e81859 }
            flush chain inet crossgate-hq leaving-63e81859
            delete element inet crossgate-hq leaving { "tunnel.1" }
            delete chain inet crossgate-hq leaving-63e81859
            add chain inet crossgate-hq entering-63e81859
            add element inet crossgate-hq entering { "tunnel.1" : jump entering-63e81859 }
            flush chain inet crossgate-hq entering-63e81859
            delete element inet crossgate-hq entering { "tunnel.1" }
            delete chain inet crossgate-hq entering-63e81859
        "#]]
        .assert_eq(&clamps.change("tunnel.1", &Rules::default()).expect("one"));
        let rules = Rules::of(&any, &to_fit(), 1438);
        assert!(clamps.set("a\"b", rules).is_err());
    }

    #[test]
    fn a_table_is_its_daemons_own() {
        let of = |socket: &str| table_of(Path::new(socket));
        assert_eq!(of("/run/crossgate/hq.sock"), of("/run/crossgate/hq.sock"));
        assert_ne!(of("/run/crossgate/hq.sock"), of("/tmp/hq.sock"));
        assert!(of("/run/x/a b{.sock").starts_with("crossgate-a_b_-"));
    }
}
