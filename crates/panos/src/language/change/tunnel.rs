//! IPsec tunnels: proxy IDs and replay protection.

use super::{Draft, cannot, join, unused};
use crate::language::steps::{self, Path, Step};
use crate::tree::At;
use crossgate_model::{CannotSay, Change, Selector, SelectorPair};

const LISTS: [&str; 2] = ["proxy-id", "proxy-id-v6"];
/// Characters of `TUNNEL:PROXYID` (vendor's document), and of a name that is still one.
const PRINTED_MAX: usize = 63;
const NAME_MIN: usize = 8;
/// Packets that a window may have (schema).
const WINDOWS: [u32; 7] = [64, 128, 256, 512, 1024, 2048, 4096];

impl Draft<'_> {
    pub fn tunnel(&mut self, change: &Change) -> Result<(), CannotSay> {
        match change {
            Change::Selectors { child, to } => self.selectors(child, to),
            // A tunnel without proxy IDs selects everything, and its first one ends that: whoever
            // wants several there says so of the Child that there is, too.
            Change::AddSelectors { beside, pair } => {
                let tunnel = self.tunnel_path(beside)?;
                self.new_proxy_id(&tunnel, pair)
            }
            Change::RemoveSelectors { child } => self.remove_selectors(child),
            Change::ReplayWindow { child, packets } => self.replay_window(child, *packets),
            Change::EnableChild { child } => {
                let path = join(&self.tunnel_path(child)?, &["disabled"]);
                self.enable(path, child)
            }
            _ => cannot("it is no matter of an IPsec tunnel"),
        }
    }

    fn tunnel_path(&self, child: &str) -> Result<Path, CannotSay> {
        let tunnel = &self.child(child)?.tunnel.value;
        Ok(self.path(&["network", "tunnel", "ipsec", tunnel]))
    }

    /// A tunnel's lists of proxy IDs.
    fn proxy_ids(&self, tunnel: &[String]) -> Vec<At<'_>> {
        let lists = LISTS.map(|list| self.at(&join(tunnel, &["auto-key", list])));
        lists.into_iter().flatten().collect()
    }

    fn has_one_proxy_id(&self, tunnel: &[String]) -> bool {
        let lists = self.proxy_ids(tunnel).into_iter();
        lists.flat_map(At::children).take(2).count() == 1
    }

    /// The proxy ID of a Child, if it is one of a proxy ID.
    fn proxy_id(&self, child: &str) -> Result<Option<Path>, CannotSay> {
        let tunnel = self.tunnel_path(child)?;
        let name = self.child(child)?.tunnel.value.as_str();
        let proxy = child.strip_prefix(name).and_then(|c| c.strip_prefix(':'));
        let paths = LISTS
            .into_iter()
            .filter_map(|list| Some(join(&tunnel, &["auto-key", list, proxy?])));
        Ok(paths.into_iter().find(|path| self.at(path).is_some()))
    }

    fn selectors(&mut self, child: &str, to: &SelectorPair) -> Result<(), CannotSay> {
        let tunnel = self.tunnel_path(child)?;
        let Some(proxy) = self.proxy_id(child)? else {
            return match *to == SelectorPair::ANY_V4 {
                true => Ok(()),
                false => self.new_proxy_id(&tunnel, to),
            };
        };
        let is_only = self.has_one_proxy_id(&tunnel);
        let list = proxy.split_last().map_or(&[][..], |(_, list)| list);
        if *to == SelectorPair::ANY_V4 && is_only {
            self.delete(list.to_vec());
            return Ok(());
        }
        let name = proxy.last().cloned().unwrap_or_default();
        if list.last().map(String::as_str) != Some(list_of(to)) {
            self.delete(if is_only {
                list.to_vec()
            } else {
                proxy.clone()
            });
            return self.say_proxy_id(&join(&tunnel, &["auto-key", list_of(to), &name]), to);
        }
        self.say_proxy_id(&proxy, to)
    }

    /// It is called after its networks, so that several new ones don't share a name.
    fn new_proxy_id(&mut self, tunnel: &[String], to: &SelectorPair) -> Result<(), CannotSay> {
        let used = self.proxy_ids(tunnel);
        let room = PRINTED_MAX.saturating_sub(tunnel.last().map_or(0, String::len) + 1);
        let net = |selector: &Selector| selector.as_net().map_or(String::new(), |n| n.to_string());
        let wanted = format!("{}-{}", net(&to.local), net(&to.remote));
        let wanted = wanted.replace(['/', ':'], "-");
        let name = unused(&wanted, room.max(NAME_MIN), |name| {
            used.iter().any(|list| list.get(name).is_some())
        });
        self.say_proxy_id(&join(tunnel, &["auto-key", list_of(to), &name]), to)
    }

    fn say_proxy_id(&mut self, proxy: &[String], to: &SelectorPair) -> Result<(), CannotSay> {
        self.protocol(proxy, to)?;
        for (side, selector) in [("local", &to.local), ("remote", &to.remote)] {
            let Some(net) = selector.as_net() else {
                return cannot(format!("a proxy ID has networks, and {selector} is none"));
            };
            self.value(join(proxy, &[side]), net.to_string());
        }
        Ok(())
    }

    fn protocol(&mut self, proxy: &[String], to: &SelectorPair) -> Result<(), CannotSay> {
        let path = join(proxy, &["protocol"]);
        let said = steps::words_below(self.tree, &path);
        let number = to.local.protocol;
        if to.remote.protocol != number {
            return cannot("a proxy ID has one protocol for both directions");
        }
        let word = match number {
            0 => "any",
            6 => "tcp",
            17 => "udp",
            _ => "number",
        };
        let is_new = self.at(proxy).is_none();
        // Without a protocol it is any.
        if word == "any" && !is_new && said.is_empty() && no_ports(to) {
            return Ok(());
        }
        if !said.is_empty() && said != [word] {
            self.delete(path.clone());
        }
        match word {
            "tcp" | "udp" => {
                for (side, selector) in [("local-port", &to.local), ("remote-port", &to.remote)] {
                    let path = join(&path, &[word, side]);
                    self.value(path, port(selector)?.to_string());
                }
            }
            _ if !no_ports(to) => {
                return cannot("a proxy ID has ports of TCP and UDP only");
            }
            "any" => self.steps.push(Step::Present(join(&path, &["any"]))),
            _ => self.value(join(&path, &["number"]), number.to_string()),
        }
        Ok(())
    }

    fn remove_selectors(&mut self, child: &str) -> Result<(), CannotSay> {
        let tunnel = self.tunnel_path(child)?;
        let Some(proxy) = self.proxy_id(child)? else {
            return cannot("the tunnel has no proxy ID to remove: it selects everything");
        };
        if self.has_one_proxy_id(&tunnel) {
            return cannot("without its last proxy ID the tunnel would select everything");
        }
        self.delete(proxy);
        Ok(())
    }

    fn replay_window(&mut self, child: &str, packets: u32) -> Result<(), CannotSay> {
        let tunnel = self.tunnel_path(child)?;
        if packets == 0 {
            self.value(join(&tunnel, &["anti-replay"]), "no");
            return Ok(());
        }
        if !WINDOWS.contains(&packets) {
            return cannot(format!(
                "PAN-OS's replay windows are 64, 128 and so on to 4096 packets, and not {packets}"
            ));
        }
        if self.at(&join(&tunnel, &["anti-replay", "no"])).is_some() {
            self.value(join(&tunnel, &["anti-replay"]), "yes");
        }
        self.value(join(&tunnel, &["anti-replay-window"]), packets.to_string());
        Ok(())
    }
}

fn list_of(to: &SelectorPair) -> &'static str {
    match to.local.start.is_ipv4() {
        true => "proxy-id",
        false => "proxy-id-v6",
    }
}

fn no_ports(to: &SelectorPair) -> bool {
    [to.local, to.remote]
        .iter()
        .all(|s| (s.start_port, s.end_port) == (0, u16::MAX))
}

/// 0 is any.
fn port(selector: &Selector) -> Result<u16, CannotSay> {
    match (selector.start_port, selector.end_port) {
        (0, u16::MAX) => Ok(0),
        (port, same) if port == same => Ok(port),
        (low, high) => cannot(format!(
            "a proxy ID has one port, and {low}-{high} are several"
        )),
    }
}
