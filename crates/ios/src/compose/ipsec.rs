//! Transform sets, IPsec profiles and crypto maps.

use super::names::{unused, word};
use super::{Carrier, Tunnel, Writer};
use crate::behaviour;
use crate::words;
use crossgate_model::config::Initiation;
use crossgate_model::{Child, Connection, EspProposal};

/// As many sets as one offer takes.
const SETS_MAX: usize = 6;

/// A transform set's name and its transforms.
type Set = (String, Transforms);

/// The words of a transform set, and whether it has ` esn`.
#[derive(PartialEq, Eq)]
struct Transforms {
    words: String,
    esn: bool,
}

impl<'g> Writer<'g> {
    /// Children of one connection in one interface with one offer are one tunnel.
    pub(super) fn tunnels(&mut self, connections: &[&'g Connection]) -> Vec<Tunnel<'g>> {
        let mut tunnels: Vec<Tunnel<'g>> = Vec::new();
        for connection in connections {
            for child in &connection.children {
                let fits = |tunnel: &&mut Tunnel<'_>| {
                    let same = tunnel.connection.name == connection.name;
                    same && tunnel.first().is_some_and(|first| is_with(first, child))
                };
                match tunnels.iter_mut().find(fits) {
                    Some(tunnel) => tunnel.children.push(child),
                    None => {
                        let carrier = self.carrier(connection, child, &tunnels);
                        tunnels.push(Tunnel {
                            connection,
                            children: vec![child],
                            carrier,
                            list: None,
                        });
                    }
                }
            }
        }
        tunnels
    }

    fn carrier(
        &mut self,
        connection: &Connection,
        child: &Child,
        before: &[Tunnel<'_>],
    ) -> Carrier {
        if let Some(of) = &child.tunnel_interface {
            let mut name = self.names.interface(of);
            let taken = |tunnel: &Tunnel<'_>| matches!(&tunnel.carrier, Carrier::Interface { name: known } if *known == name);
            if before.iter().any(taken) {
                name = self.names.new_tunnel();
                self.cannot(format!(
                    "{} carries several tunnels: `{}` gets {name} instead",
                    of.value, child.tunnel.value
                ));
            }
            return Carrier::Interface { name };
        }
        let mut parts = child.tunnel.split(' ');
        let stated = (
            parts.next(),
            parts.next().and_then(|number| number.parse().ok()),
        );
        let on = parts.next().map(str::to_owned);
        let local = connection.local.interface.as_ref();
        let on = on.or_else(|| local.map(|name| name.value.clone()));
        match stated {
            (Some(map), Some(sequence)) => Carrier::Entry {
                map: word(map),
                sequence,
                on,
            },
            _ => Carrier::Entry {
                map: "CROSSGATE".to_owned(),
                sequence: (before.len() as u32 + 1) * 10,
                on,
            },
        }
    }

    pub(super) fn ipsec(&mut self, tunnels: &[Tunnel<'_>]) {
        let mut sets: Vec<Set> = Vec::new();
        let offered: Vec<Vec<String>> = tunnels
            .iter()
            .map(|tunnel| self.sets_of(tunnel, &mut sets))
            .collect();
        for (name, transforms) in sets {
            self.because(
                format!("crypto ipsec transform-set {name} {}", transforms.words),
                "what is offered for Child SAs",
            );
            self.line(" mode tunnel");
            if transforms.esn {
                self.because(
                    " esn",
                    "sequence numbers of 64 bits, where the peer has them",
                );
            }
            self.line("!");
        }
        for (tunnel, sets) in tunnels.iter().zip(&offered) {
            match &tunnel.carrier {
                Carrier::Interface { name } => {
                    self.line(format!("crypto ipsec profile {}", profile_name(name)));
                    self.offer(tunnel, sets);
                    if tunnel.connection.initiation.value == Initiation::Never {
                        self.because(" responder-only", "this end never starts");
                    }
                }
                Carrier::Entry { map, sequence, .. } => {
                    self.line(format!("crypto map {map} {sequence} ipsec-isakmp"));
                    self.line(format!(" set peer {}", tunnel.connection.remote));
                    self.offer(tunnel, sets);
                    if let Some(list) = &tunnel.list {
                        self.because(format!(" match address {list}"), "what is encrypted");
                    }
                }
            }
            self.line("!");
        }
    }

    fn sets_of(&mut self, tunnel: &Tunnel<'_>, sets: &mut Vec<Set>) -> Vec<String> {
        let Some(child) = tunnel.first() else {
            return Vec::new();
        };
        if is_default(&child.proposals) {
            return Vec::new();
        }
        let mut names: Vec<String> = Vec::new();
        for proposal in &child.proposals {
            for transforms in self.transforms_of(tunnel, proposal) {
                let stated = proposal.name.as_ref().map(|name| word(name));
                let wanted = stated.unwrap_or_else(|| format!("{}-ESP", word(&child.tunnel)));
                let known = sets.iter().find(|(name, known)| {
                    *known == transforms && name.starts_with(wanted.as_str())
                });
                let name = match known {
                    Some((name, _)) => name.clone(),
                    None => {
                        let name = unused(&wanted, sets.iter().map(|(name, _)| name.as_str()));
                        sets.push((name.clone(), transforms));
                        name
                    }
                };
                names.push(name);
            }
        }
        if names.len() > SETS_MAX {
            self.cannot(format!(
                "{} offers {} combinations for ESP: the first {SETS_MAX} are kept",
                tunnel.title(),
                names.len()
            ));
            names.truncate(SETS_MAX);
        }
        names
    }

    /// A transform set is one cipher with one integrity algorithm: a list of each is as many sets
    /// as there are combinations.
    fn transforms_of(&mut self, tunnel: &Tunnel<'_>, proposal: &EspProposal) -> Vec<Transforms> {
        let what = format!("ESP proposal of {}", tunnel.title());
        let mut all: Vec<String> = Vec::new();
        for encr in &proposal.encr {
            if encr.is_aead() {
                all.extend(self.said(&what, words::transforms(encr.value, None)));
                continue;
            }
            for integ in &proposal.integ {
                let said = words::transforms(encr.value, Some(integ.value));
                all.extend(self.said(&what, said));
            }
        }
        let esn = proposal.esn;
        all.into_iter()
            .map(|words| Transforms { words, esn })
            .collect()
    }

    fn offer(&mut self, tunnel: &Tunnel<'_>, sets: &[String]) {
        let Some(child) = tunnel.first() else { return };
        if !sets.is_empty() {
            self.line(format!(" set transform-set {}", sets.join(" ")));
        }
        let what = tunnel.title();
        if let Some(group) = child.pfs
            && let Some(word) = self.said(&what, words::pfs_group(group.value))
        {
            self.because(
                format!(" set pfs {word}"),
                "a fresh key exchange at each rekey",
            );
        }
        self.line(format!(
            " set ikev2-profile {}",
            word(&tunnel.connection.name)
        ));
        self.lifetimes(&what, child);
        let packets = child.replay_window.value;
        if packets != behaviour::REPLAY_WINDOW.value {
            let fitting = [64, 128, 256, 512, 1024]
                .into_iter()
                .find(|n| *n >= packets);
            let kept = if packets == 0 {
                0
            } else {
                fitting.unwrap_or(1024)
            };
            if kept != packets {
                self.cannot(format!(
                    "{what}: a replay window of {packets} packets is {kept}"
                ));
            }
            if let Some(said) = self.said(&what, words::replay(kept)) {
                self.line(format!(" set security-association replay {said}"));
            }
        }
    }

    fn lifetimes(&mut self, what: &str, child: &Child) {
        const PATH: &str = " set security-association";
        let lifetime = &child.lifetime;
        let seconds = lifetime.time.as_secs();
        let kept = seconds.clamp(120, 2_592_000);
        if kept != seconds {
            self.cannot(format!(
                "{what}: Child SAs live {kept} s instead of {seconds} s"
            ));
        }
        self.because(
            format!("{PATH} lifetime seconds {kept}"),
            "the end with the shorter lifetime rekeys",
        );
        let stated = lifetime.kilobytes.map(|kilobytes| kilobytes.value);
        if stated != behaviour::child_kilobytes(self.release).value {
            let said = match stated {
                Some(kilobytes) => kilobytes.clamp(2560, u64::from(u32::MAX)).to_string(),
                None => "disable".to_owned(),
            };
            self.because(
                format!("{PATH} lifetime kilobytes {said}"),
                "the release has another volume by itself",
            );
        }
        if let Some(idle) = lifetime.idle {
            let kept = idle.as_secs().clamp(60, 86_400);
            self.line(format!("{PATH} idle-time {kept}"));
        }
    }
}

pub(super) fn profile_name(interface: &str) -> String {
    format!("{}-PROTECT", word(interface).to_uppercase())
}

/// Whether one interface or entry can carry both: IOS-XE has one offer for all its Children.
fn is_with(a: &Child, b: &Child) -> bool {
    let suites = |proposal: &EspProposal| (proposal.encr.clone(), proposal.integ.clone());
    let offers = |child: &Child| child.proposals.iter().map(suites).collect::<Vec<_>>();
    let lives = |child: &Child| {
        let lifetime = &child.lifetime;
        let kilobytes = lifetime.kilobytes.map(|k| k.value);
        (
            lifetime.time.value,
            kilobytes,
            lifetime.idle.map(|i| i.value),
        )
    };
    a.tunnel_interface == b.tunnel_interface
        && (a.tunnel_interface.is_some() || a.tunnel == b.tunnel)
        && offers(a) == offers(b)
        && a.pfs == b.pfs
        && lives(a) == lives(b)
        && a.replay_window == b.replay_window
}

fn is_default(proposals: &[EspProposal]) -> bool {
    let (encr, integ) = behaviour::DEFAULT_TRANSFORM.value;
    match proposals {
        [only] => {
            only.name.is_none()
                && !only.esn
                && only.encr.iter().map(|e| e.value).eq([encr])
                && only.integ.iter().map(|i| i.value).eq([integ])
        }
        _ => false,
    }
}
