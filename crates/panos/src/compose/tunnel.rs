//! IPsec crypto profiles, tunnels and their proxy IDs.

use super::Writer;
use super::ike::{PROFILE_NAME, distinct, list_line};
use crate::language::values::lifesize;
use crate::lower::algorithm;
use crate::write::quoted;
use crossgate_model::{Child, Connection, Oversize, Selector, SelectorPair};
use ipnet::IpNet;

const PROFILE: &str = "network ike crypto-profiles ipsec-crypto-profiles";
/// Characters of a tunnel's or proxy ID's name.
const NAME: usize = 31;
const WINDOWS: [u32; 7] = [64, 128, 256, 512, 1024, 2048, 4096];

/// A tunnel as it was written.
pub struct Tunnel {
    pub interface: String,
    /// What is selected; everything, where nothing is said.
    pub pairs: Vec<SelectorPair>,
    /// The gateway has no interface for it: nothing is routed into it yet.
    pub is_new: bool,
    /// PAN-OS's interface towards the peer.
    pub wan: Option<String>,
}

impl Writer<'_> {
    pub fn tunnels(&mut self) -> Vec<Tunnel> {
        let mut tunnels = Vec::new();
        let mut profiles: Vec<(String, String)> = Vec::new();
        let gateways: Vec<&Connection> = self.gateway.connections.iter().collect();
        for connection in gateways {
            let children = &connection.children;
            let same = |a: &Child, b: &Child| a.tunnel.value == b.tunnel.value;
            for group in children.chunk_by(same) {
                tunnels.extend(self.tunnel(connection, group, &mut profiles));
            }
        }
        tunnels
    }

    fn tunnel(
        &mut self,
        connection: &Connection,
        children: &[Child],
        profiles: &mut Vec<(String, String)>,
    ) -> Option<Tunnel> {
        let first = children.first()?;
        let name = self.name("tunnel ipsec", &first.tunnel, NAME);
        let path = format!("network tunnel ipsec {}", quoted(&name));
        let gateway = self.gateways.get(&connection.name.value).cloned();
        let gateway = gateway.unwrap_or_default();
        self.set(&path, &["auto-key", "ike-gateway", &gateway]);
        if let Some(profile) = self.ipsec_profile(first, profiles) {
            self.set(&path, &["auto-key", "ipsec-crypto-profile", &profile]);
        }
        for child in children {
            let differs = child.pfs != first.pfs || child.lifetime.time != first.lifetime.time;
            if differs {
                let name = &first.tunnel.value;
                self.cannot(format!(
                    "Child SAs of `{name}` that differ in PFS or lifetime"
                ));
            }
        }
        self.proxy_ids(&path, &name, children);
        self.replay(&path, first.replay_window.value);
        self.oversize(&first.oversize);
        let (interface, is_new) = match &first.tunnel_interface {
            Some(interface) => (self.names.interface(interface), false),
            None => (self.new_interface(&path), true),
        };
        self.set(&path, &["tunnel-interface", &interface]);
        if !first.enabled.value && first.enabled.span.is_some() {
            self.set(&path, &["disabled", "yes"]);
        }
        self.because(&path, format!("the tunnel `{}`", first.tunnel.value));
        let wan = connection.local.interface.as_ref();
        Some(Tunnel {
            interface,
            pairs: children.iter().map(|child| child.selectors.value).collect(),
            is_new,
            wan: wan.map(|wan| self.names.interface(wan)),
        })
    }

    fn new_interface(&mut self, path: &str) -> String {
        let interface = self.names.new_tunnel();
        self.set("network interface tunnel units", &[&interface]);
        self.because(
            path,
            "PAN-OS's tunnels have an interface each, into which their traffic is routed",
        );
        interface
    }

    fn ipsec_profile(
        &mut self,
        child: &Child,
        known: &mut Vec<(String, String)>,
    ) -> Option<String> {
        let first = child.proposals.first()?;
        if child.proposals.len() > 1 {
            self.cannot(format!(
                "`{}` has several ESP proposals apart from each other: one profile offers all \
                 combinations",
                child.tunnel.value
            ));
        }
        let wanted = match &first.name {
            Some(name) => name.value.clone(),
            None => format!("esp-{}", child.tunnel.value),
        };
        let lines = self.esp_suite(child);
        let mut before = known.iter();
        if let Some((name, _)) =
            before.find(|(name, text)| *name == wanted && *text == lines.join("\n"))
        {
            return Some(name.clone());
        }
        let name = self.name("ipsec profile", &wanted, PROFILE_NAME);
        let path = format!("{PROFILE} {}", quoted(&name));
        for line in &lines {
            self.commands.push_str(&format!("set {path} {line}\n"));
        }
        self.because(
            &path,
            format!("what `{}` offers for ESP", child.tunnel.value),
        );
        known.push((name.clone(), lines.join("\n")));
        Some(name)
    }

    fn esp_suite(&mut self, child: &Child) -> Vec<String> {
        let proposals = &child.proposals;
        let encr = distinct(proposals.iter().flat_map(|p| &p.encr));
        let integ = distinct(proposals.iter().flat_map(|p| &p.integ));
        let hashes: Vec<String> = match encr.iter().all(|encr| encr.is_aead()) {
            true => vec!["none".into()],
            false => integ
                .iter()
                .map(|i| algorithm::integ_word(*i).to_owned())
                .collect(),
        };
        let ciphers = self.ciphers(&encr);
        let mut lines = list_line("esp encryption", &ciphers);
        lines.extend(list_line("esp authentication", &hashes));
        let group = child
            .pfs
            .as_ref()
            .map(|pfs| (pfs.value, algorithm::group_word(pfs.value)));
        lines.push(match group {
            None => "dh-group no-pfs".into(),
            Some((_, Some(word))) => format!("dh-group {word}"),
            Some((group, None)) => {
                self.cannot(format!("PFS by {}: group 14 stands for it", group.name()));
                "dh-group group14".into()
            }
        });
        lines.extend(self.lifetime(child.lifetime.time.value));
        if let Some(kilobytes) = &child.lifetime.kilobytes {
            match lifesize(kilobytes.value) {
                Ok((unit, count)) => lines.push(format!("lifesize {unit} {count}")),
                Err(why) => self.cannot(why.0),
            }
        }
        if child.lifetime.idle.is_some() {
            self.cannot("an end of idle tunnels");
        }
        if proposals.iter().any(|proposal| proposal.esn) {
            self.cannot("extended sequence numbers");
        }
        lines
    }

    fn proxy_ids(&mut self, path: &str, tunnel: &str, children: &[Child]) {
        if let [only] = children
            && only.selectors.value == SelectorPair::ANY_V4
        {
            return;
        }
        for (index, child) in children.iter().enumerate() {
            let said = child.name.strip_prefix(child.tunnel.as_str());
            let said = said.and_then(|name| name.strip_prefix(':'));
            let is_number = |name: &&str| name.chars().all(|c| c.is_ascii_digit());
            let name = match said.filter(|name| !is_number(name)) {
                Some(name) => name.to_owned(),
                None => format!("proxy-{}", index + 1),
            };
            let name = self.name(&format!("proxy-id {tunnel}"), &name, NAME);
            self.proxy_id(path, &name, &child.selectors.value);
        }
    }

    fn proxy_id(&mut self, path: &str, name: &str, pair: &SelectorPair) {
        let list = match pair.local.start.is_ipv4() {
            true => "proxy-id",
            false => "proxy-id-v6",
        };
        let nets = [&pair.local, &pair.remote].map(Selector::as_net);
        let [Some(local), Some(remote)] = nets else {
            return self.cannot(format!("{pair}: proxy IDs have networks, and no ranges"));
        };
        let path = format!("{path} auto-key {list} {}", quoted(name));
        match protocol(pair) {
            Some(words) => {
                for line in words {
                    self.commands
                        .push_str(&format!("set {path} protocol {line}\n"));
                }
            }
            None => self.cannot(format!(
                "the protocol or ports of {pair}: any stands for them"
            )),
        }
        self.set(&path, &["local", &local.to_string()]);
        self.set(&path, &["remote", &remote.to_string()]);
    }

    fn oversize(&mut self, oversize: &Oversize) {
        let default = Oversize::default();
        if oversize.outer_df.value != default.outer_df.value {
            self.cannot("an outer DF bit that is not the inner packet's");
        }
        if oversize.fragmentation.value != default.fragmentation.value {
            self.cannot("cutting packets after their encryption");
        }
    }

    fn replay(&mut self, path: &str, packets: u32) {
        match packets {
            0 => self.set(path, &["anti-replay", "no"]),
            1024 => {}
            _ => {
                let window = WINDOWS.into_iter().find(|window| *window >= packets);
                let window = window.unwrap_or(4096);
                if window != packets {
                    self.cannot(format!(
                        "a replay window of {packets}: {window} stands for it"
                    ));
                }
                self.set(path, &["anti-replay-window", &window.to_string()]);
            }
        }
    }
}

/// The words after `protocol`, line by line; `None` where a proxy ID can't say it.
fn protocol(pair: &SelectorPair) -> Option<Vec<String>> {
    let number = pair.local.protocol;
    let port = |selector: &Selector| match (selector.start_port, selector.end_port) {
        (0, u16::MAX) => Some(0),
        (low, high) => (low == high).then_some(low),
    };
    let ports = (port(&pair.local)?, port(&pair.remote)?);
    if pair.remote.protocol != number {
        return None;
    }
    match (number, ports) {
        (0, (0, 0)) => Some(vec!["any".into()]),
        (6 | 17, (local, remote)) => {
            let word = if number == 6 { "tcp" } else { "udp" };
            Some(vec![
                format!("{word} local-port {local}"),
                format!("{word} remote-port {remote}"),
            ])
        }
        (1..=254, (0, 0)) => Some(vec![format!("number {number}")]),
        _ => None,
    }
}

/// Networks that a tunnel's far side has, as far as its selectors say.
pub fn nets(selectors: impl Iterator<Item = Selector>) -> Vec<IpNet> {
    let mut nets: Vec<IpNet> = selectors
        .filter(|selector| !selector.is_any())
        .flat_map(|selector| selector.nets())
        .collect();
    nets.sort();
    nets.dedup();
    nets
}
