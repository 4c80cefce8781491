//! Which statements make a change.

mod crypto;
mod gateway;
mod network;
mod policy;
mod tunnel;

use super::cannot;
use super::steps::{self, Path, Step, Text};
use super::values::unused;
use crate::Reading;
use crate::tree::{At, Tree};
use crossgate_model::{CannotSay, Change, Child, Connection, Gateway};

/// What it takes; steps that are true already may be among them.
pub fn steps(
    reading: &Reading,
    changes: &[Change],
    wanted: &[Change],
) -> Result<Vec<Step>, CannotSay> {
    let mut draft = Draft::of(reading, changes, wanted);
    for change in changes {
        draft.change(change)?;
    }
    draft.steps.append(&mut draft.finally);
    let mut steps: Vec<Step> = Vec::new();
    for step in draft.steps {
        // What is changed for several at once is said once.
        if !steps.contains(&step) {
            steps.push(step);
        }
    }
    Ok(steps)
}

struct Draft<'a> {
    tree: &'a Tree,
    gateway: &'a Gateway,
    /// Words from below `/config` to the device.
    device: Path,
    steps: Vec<Step>,
    /// What is being made, and what else is wanted of the file.
    changes: &'a [Change],
    wanted: &'a [Change],
    /// Profiles that were copied, each for whom.
    copies: Vec<(crypto::User, Path)>,
    /// What comes after all others.
    finally: Vec<Step>,
}

impl<'a> Draft<'a> {
    fn of(reading: &'a Reading, changes: &'a [Change], wanted: &'a [Change]) -> Self {
        let mut devices = reading.tree.root().below(&["devices"]);
        let device = devices.next().map_or("localhost.localdomain", At::word);
        Self {
            tree: &reading.tree,
            gateway: &reading.gateway,
            device: vec!["devices".into(), device.into()],
            changes,
            wanted,
            copies: Vec::new(),
            steps: Vec::new(),
            finally: Vec::new(),
        }
    }

    fn change(&mut self, change: &Change) -> Result<(), CannotSay> {
        match change {
            Change::IkeSuite { .. }
            | Change::EspSuite { .. }
            | Change::Pfs { .. }
            | Change::IkeLifetime { .. }
            | Change::ChildLifetime { .. }
            | Change::ChildKilobytes { .. } => self.crypto(change),
            Change::Selectors { .. }
            | Change::AddSelectors { .. }
            | Change::RemoveSelectors { .. }
            | Change::ReplayWindow { .. }
            | Change::EnableChild { .. } => self.tunnel(change),
            Change::PresharedKey { .. }
            | Change::LocalIdentity { .. }
            | Change::RemoteIdentity { .. }
            | Change::PeerAddress { .. }
            | Change::Ikev2Only { .. }
            | Change::Initiate { .. }
            | Change::NatTraversal { .. }
            | Change::Liveness { .. }
            | Change::EnableConnection { .. } => self.ike_gateway(change),
            Change::EnableInterface { .. }
            | Change::AddRoute { .. }
            | Change::RemoveRoute { .. }
            | Change::SetZone { .. }
            | Change::SetVirtualRouter { .. }
            | Change::TcpMss { .. }
            | Change::Mtu { .. } => self.network(change),
            Change::Allow { .. } | Change::KeepAddresses { .. } => self.rule(change),
            Change::EnableIke => cannot("PAN-OS has no command that turns IKE off altogether"),
            Change::PermitIpsec { .. } => {
                cannot("PAN-OS has security rules between zones, and no filters on interfaces")
            }
        }
    }

    /// A path below the device.
    fn path(&self, words: &[&str]) -> Path {
        let below = words.iter().map(|word| (*word).to_owned());
        self.device.iter().cloned().chain(below).collect()
    }

    fn at(&self, path: &[String]) -> Option<At<'a>> {
        steps::find(self.tree, path)
    }

    fn value(&mut self, path: Path, value: impl Into<Text>) {
        self.steps.push(Step::Value(path, value.into()));
    }

    fn members(&mut self, path: Path, members: &[&str]) {
        let members = members.iter().map(|m| (*m).to_owned()).collect();
        self.steps.push(Step::Members(path, members));
    }

    fn delete(&mut self, path: Path) {
        self.steps.push(Step::Delete(path));
    }

    fn connection(&self, name: &str) -> Result<&'a Connection, CannotSay> {
        let found = self.gateway.connection(name);
        found.ok_or_else(|| CannotSay(format!("the file has no IKE gateway `{name}`")))
    }

    fn child(&self, name: &str) -> Result<&'a Child, CannotSay> {
        let mut children = self.gateway.children().map(|(_, child)| child);
        let found = children.find(|child| child.name.value == name);
        found.ok_or_else(|| CannotSay(format!("the file has no IPsec tunnel `{name}`")))
    }
}

/// A path and more words.
fn join(path: &[String], words: &[&str]) -> Path {
    let more = words.iter().map(|word| (*word).to_owned());
    path.iter().cloned().chain(more).collect()
}
