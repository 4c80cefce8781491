//! What things are called here.

use crossgate_model::{Gateway, InterfaceKind, NextHop};

/// The interfaces of a gateway, by their names there and here.
pub(super) struct Names {
    interfaces: Vec<(String, String)>,
    /// The gateway's names are IOS-XE's already.
    are_ours: bool,
}

impl Names {
    pub fn of(gateway: &Gateway) -> Self {
        let mut names = Self {
            interfaces: Vec::new(),
            are_ours: super::is_ios(gateway),
        };
        for interface in &gateway.interfaces {
            names.add(&interface.name.value, interface.kind);
        }
        // Some are named without being configured.
        for connection in &gateway.connections {
            if let Some(name) = &connection.local.interface {
                names.add(name, InterfaceKind::Physical);
            }
            for child in &connection.children {
                if let Some(name) = &child.tunnel_interface {
                    names.add(name, InterfaceKind::Tunnel);
                }
            }
        }
        for route in &gateway.routes {
            if let NextHop::Interface(name) | NextHop::Both(name, _) = &route.via {
                names.add(name, InterfaceKind::Physical);
            }
        }
        names
    }

    fn add(&mut self, name: &str, kind: InterfaceKind) {
        if self.interfaces.iter().any(|(known, _)| known == name) {
            return;
        }
        let wanted = match self.are_ours {
            true => name.to_owned(),
            false => ours(name, kind),
        };
        let here = self.free(&wanted);
        self.interfaces.push((name.to_owned(), here));
    }

    /// The name, or the next one of its kind that nothing has.
    fn free(&self, wanted: &str) -> String {
        let taken = |name: &str| self.interfaces.iter().any(|(_, here)| here == name);
        if !taken(wanted) {
            return wanted.to_owned();
        }
        let stem = wanted.trim_end_matches(|c: char| c.is_ascii_digit());
        let mut numbered = (0u32..).map(|number| format!("{stem}{number}"));
        numbered.find(|name| !taken(name)).unwrap_or_default()
    }

    pub fn interface(&self, name: &str) -> String {
        let known = self.interfaces.iter().find(|(known, _)| known == name);
        known.map_or_else(|| name.to_owned(), |(_, here)| here.clone())
    }

    /// A tunnel interface that the gateway doesn't have.
    pub fn new_tunnel(&mut self) -> String {
        let name = self.free("Tunnel0");
        self.interfaces.push((String::new(), name.clone()));
        name
    }
}

/// `ethernet1/3` is the third port, `tunnel.7` the tunnel of that number.
fn ours(name: &str, kind: InterfaceKind) -> String {
    let (base, unit) = match name.split_once('.') {
        Some((base, unit)) => (base, Some(unit)),
        None => (name, None),
    };
    let last = base
        .rsplit(|c: char| !c.is_ascii_digit())
        .next()
        .unwrap_or("");
    let number: u32 = last.parse().unwrap_or(0);
    let of_unit = unit.and_then(|unit| unit.parse::<u32>().ok());
    match kind {
        InterfaceKind::Tunnel => format!("Tunnel{}", of_unit.unwrap_or(number)),
        InterfaceKind::Loopback => format!("Loopback{}", of_unit.unwrap_or(number)),
        InterfaceKind::Physical => {
            let port = match base {
                _ if base.starts_with("ae") => format!("Port-channel{number}"),
                _ if base.starts_with("vlan") => {
                    return format!("Vlan{}", of_unit.unwrap_or(1));
                }
                _ => format!("GigabitEthernet0/0/{}", number.saturating_sub(1)),
            };
            match of_unit {
                Some(unit) => format!("{port}.{unit}"),
                None => port,
            }
        }
    }
}

/// A name as one word. `default` means something else here.
pub(super) fn word(name: &str) -> String {
    let fits = |c: char| if c.is_ascii_graphic() { c } else { '-' };
    let word: String = name.chars().map(fits).collect();
    match word.as_str() {
        "default" => "default-offer".to_owned(),
        "" => "unnamed".to_owned(),
        _ => word,
    }
}

/// The name, or the name with a number that nothing of the list has.
pub(super) fn unused<'n>(wanted: &str, taken: impl Iterator<Item = &'n str> + Clone) -> String {
    let is_free = |name: &String| !taken.clone().any(|known| known == name);
    let numbered = (2u32..).map(|number| format!("{wanted}-{number}"));
    let mut names = std::iter::once(wanted.to_owned()).chain(numbered);
    names.find(is_free).unwrap_or_default()
}
