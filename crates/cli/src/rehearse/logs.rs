//! Both ends' logs in their vendors' own words. What is known of a vendor's texts from published
//! logs is said; the head of each file tells how many events have no such text.

use super::Day;
use crate::check::judge::Judged;
use crossgate_gateway::dialect::Dialect;
use crossgate_model::event::DeleteReason;
use crossgate_model::operate::DebugTopic;
use crossgate_model::{Event, EventKind, Gateway};
use crossgate_rehearse::{Happening, NodeId};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

/// When every rehearsal begins: 2026-01-01 00:00:00 UTC, since 1970.
pub const FIRST_DAY: Duration = Duration::from_secs(1_767_225_600);

pub fn write(folder: &Path, judged: &Judged, day: &Day<'_>) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let network = &day.stage.network;
    let ends = judged.files.iter().zip(&network.gateways).zip(day.names);
    for (index, ((file, machine), name)) in (0..).zip(ends) {
        let mut scribe = Scribe::new(file.dialect, &machine.gateway);
        for entry in day.entries() {
            let at = FIRST_DAY + entry.at.since_start();
            match &entry.what {
                Happening::Event { node, event } if *node == NodeId(index) => {
                    scribe.event(at, event);
                }
                Happening::PoweredOff { node } if *node == NodeId(index) => scribe.off(),
                _ => {}
            }
        }
        let file_name = name.replace(['/', '\\'], "_");
        fs::write(folder.join(format!("{file_name}.log")), scribe.text())?;
    }
    Ok(())
}

/// Writes one end's log.
struct Scribe<'a> {
    dialect: Dialect,
    gateway: &'a Gateway,
    /// Numbers of the IKE SAs by their initiators' SPIs.
    numbers: BTreeMap<u64, u32>,
    /// By tunnel interface, the SPIs that hold it up.
    up: BTreeMap<&'a str, BTreeSet<u32>>,
    lines: String,
    silent: usize,
}

impl<'a> Scribe<'a> {
    fn new(dialect: Dialect, gateway: &'a Gateway) -> Self {
        Self {
            dialect,
            gateway,
            numbers: BTreeMap::new(),
            up: BTreeMap::new(),
            lines: String::new(),
            silent: 0,
        }
    }

    fn event(&mut self, at: Duration, event: &Event) {
        let number = event.ike_spis.map(|(spi, _)| {
            let next = u32::try_from(self.numbers.len() + 1).unwrap_or(u32::MAX);
            *self.numbers.entry(spi).or_insert(next)
        });
        let mut lines = self.dialect.debug(event, DebugTopic::Ike, number);
        lines.extend(self.dialect.log_lines(event));
        if let Some((interface, up)) = self.interface(event) {
            lines.extend(self.dialect.interface_line(interface, up));
        }
        if lines.is_empty() {
            self.silent += 1;
        }
        for line in lines {
            self.lines += &self.dialect.dated(at, &line);
            self.lines.push('\n');
        }
    }

    /// A tunnel interface that came up or went down by this.
    fn interface(&mut self, event: &Event) -> Option<(&'a str, bool)> {
        let name = event.child.as_deref()?;
        let mut children = self.gateway.children().map(|(_, child)| child);
        let child = children.find(|child| child.name.value == name)?;
        let interface = child.tunnel_interface.as_ref()?.value.as_str();
        let spis = self.up.entry(interface).or_default();
        let was_up = !spis.is_empty();
        match event.kind {
            EventKind::ChildInstalled { spi_in, .. } | EventKind::ChildRekeyed { spi_in, .. } => {
                spis.insert(spi_in);
            }
            EventKind::ChildDeleted { spi_in, reason, .. } => {
                spis.remove(&spi_in);
                if reason == DeleteReason::Rekeyed {
                    return None;
                }
            }
            _ => return None,
        }
        let is_up = !spis.is_empty();
        (was_up != is_up).then_some((interface, is_up))
    }

    fn off(&mut self) {
        self.up.clear();
        self.numbers.clear();
    }

    fn text(&self) -> String {
        let head = match self.silent {
            0 => "every event has a text that is known of this system".to_owned(),
            1 => "1 event is left out: no published log shows its text".to_owned(),
            count => format!("{count} events are left out: no published log shows their texts"),
        };
        format!("{}\n{}", self.dialect.comment(&head), self.lines)
    }
}
