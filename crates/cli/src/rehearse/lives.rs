//! From when to when each SA lived, at each end.

use crossgate_model::event::DeleteReason;
use crossgate_model::{EventKind, Time};
use crossgate_rehearse::{Entry, Happening, NodeId};
use std::collections::BTreeMap;

/// One SA, or pair of SAs, at one end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Life {
    pub node: NodeId,
    pub of: Of,
    pub from: Time,
    pub to: Time,
    /// It took over from another one.
    pub successor: bool,
    /// It ended, and for another reason than a successor.
    pub ended: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Of {
    Ike {
        initiator_spi: u64,
    },
    /// With our SPI.
    Child {
        name: String,
        spi_in: u32,
    },
}

/// In the order in which they began.
pub fn of<'a>(entries: impl Iterator<Item = &'a Entry>, end: Time) -> Vec<Life> {
    let mut lives = Lives::default();
    for entry in entries {
        lives.note(&entry.what, entry.at);
    }
    let mut all = lives.over;
    all.extend(
        lives
            .living
            .into_values()
            .map(|life| Life { to: end, ..life }),
    );
    all.sort_by(|a, b| (a.from, a.node, &a.of).cmp(&(b.from, b.node, &b.of)));
    all
}

#[derive(Default)]
struct Lives {
    living: BTreeMap<(NodeId, u64, bool), Life>,
    over: Vec<Life>,
}

impl Lives {
    fn note(&mut self, what: &Happening, at: Time) {
        match what {
            Happening::Event { node, event } => {
                if let Some((initiator_spi, _)) = event.ike_spis {
                    self.ike(*node, initiator_spi, &event.kind, at);
                }
                self.child(*node, event.child.as_deref(), &event.kind, at);
            }
            Happening::PoweredOff { node } => self.power_off(*node, at),
            _ => {}
        }
    }

    fn ike(&mut self, node: NodeId, initiator_spi: u64, kind: &EventKind, at: Time) {
        let successor = match kind {
            EventKind::IkeEstablished { .. } => false,
            EventKind::IkeRekeyed { .. } => true,
            EventKind::IkeDeleted { reason, .. } => {
                return self.end((node, initiator_spi, true), *reason, at);
            }
            _ => return,
        };
        let of = Of::Ike { initiator_spi };
        self.begin((node, initiator_spi, true), of, successor, at);
    }

    fn child(&mut self, node: NodeId, name: Option<&str>, kind: &EventKind, at: Time) {
        let (spi_in, successor) = match *kind {
            EventKind::ChildInstalled { spi_in, .. } => (spi_in, false),
            EventKind::ChildRekeyed { spi_in, .. } => (spi_in, true),
            EventKind::ChildDeleted { spi_in, reason, .. } => {
                return self.end((node, spi_in.into(), false), reason, at);
            }
            _ => return,
        };
        let name = name.unwrap_or_default().to_owned();
        let of = Of::Child { name, spi_in };
        self.begin((node, spi_in.into(), false), of, successor, at);
    }

    fn begin(&mut self, key: (NodeId, u64, bool), of: Of, successor: bool, at: Time) {
        let life = Life {
            node: key.0,
            of,
            from: at,
            to: at,
            successor,
            ended: None,
        };
        self.living.insert(key, life);
    }

    fn end(&mut self, key: (NodeId, u64, bool), reason: DeleteReason, at: Time) {
        let replaced = matches!(reason, DeleteReason::Rekeyed | DeleteReason::Redundant);
        if let Some(life) = self.living.remove(&key) {
            let ended = (!replaced).then(|| reason.to_string());
            self.over.push(Life {
                to: at,
                ended,
                ..life
            });
        }
    }

    fn power_off(&mut self, node: NodeId, at: Time) {
        let keys: Vec<_> = self
            .living
            .keys()
            .filter(|(of, ..)| *of == node)
            .copied()
            .collect();
        for key in keys {
            if let Some(life) = self.living.remove(&key) {
                let ended = Some("the end is off".to_owned());
                self.over.push(Life {
                    to: at,
                    ended,
                    ..life
                });
            }
        }
    }
}

/// `hh:mm:ss.mmm` since the beginning of the run.
pub fn clock(at: Time) -> String {
    let since = at.since_start();
    let seconds = since.as_secs();
    format!(
        "{:02}:{:02}:{:02}.{:03}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60,
        since.subsec_millis()
    )
}
