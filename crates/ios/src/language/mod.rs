//! How IOS-XE says a change, and what its log says of an event.
//!
//! Each change becomes edits of the file and commands to type for the same effect. What other
//! connections use as well is never changed for them: it gets a fellow, or the change can't be
//! said.

mod block;
mod network;
mod offer;
pub(crate) mod patch;
mod peer;
mod profile;
mod proposal;
mod selectors;
pub(crate) mod slip;
mod symptoms;

use crate::Reading;
use crate::words::{Said, cannot};
use crossgate_diag::{Amendment, SourceFile};
use crossgate_model::{CannotSay, Change, Child, Connection, Event, Language};
use patch::Patch;

impl Language for Reading {
    fn amend(&self, source: &SourceFile, change: &Change) -> Result<Amendment, CannotSay> {
        let mut patch = Patch::new(self, source.text());
        amend(&mut patch, change)?;
        patch.finish()
    }

    fn symptoms(&self, event: &Event) -> Vec<String> {
        symptoms::of(event)
    }
}

fn amend(patch: &mut Patch<'_>, change: &Change) -> Said<()> {
    use Change as C;
    match change {
        C::IkeSuite {
            connection,
            encr,
            integ,
            prf,
            group,
        } => proposal::offer(patch, connection, (*encr, *integ, *prf, *group)),
        C::EspSuite { child, encr, integ } => offer::suite(patch, child, *encr, *integ),
        C::Pfs { child, group } => offer::pfs(patch, child, *group),
        C::Selectors { child, to } => selectors::replace(patch, child, to),
        C::AddSelectors { beside, pair } => selectors::add(patch, beside, pair),
        C::RemoveSelectors { child } => selectors::remove(patch, child),
        C::IkeLifetime { connection, to } => profile::lifetime(patch, connection, *to),
        C::ChildLifetime { child, to } => offer::seconds(patch, child, *to),
        C::ChildKilobytes { child, to } => offer::kilobytes(patch, child, *to),
        C::PresharedKey {
            connection,
            key,
            name,
        } => peer::key(patch, connection, key, name),
        C::LocalIdentity { connection, to } => profile::local_identity(patch, connection, to),
        C::RemoteIdentity { connection, to } => profile::remote_identity(patch, connection, to),
        C::PeerAddress { connection, to } => peer::address(patch, connection, *to),
        C::Ikev2Only { connection } => profile::only_ikev2(patch, connection),
        C::Initiate { connection } => offer::initiate(patch, connection),
        C::NatTraversal { .. } => network::nat_traversal(patch),
        C::Liveness {
            connection,
            interval,
        } => profile::liveness(patch, connection, *interval),
        C::ReplayWindow { child, packets } => offer::replay(patch, child, *packets),
        C::EnableInterface { interface } => network::enable(patch, interface),
        C::EnableConnection { connection } => profile::enable(patch, connection),
        C::EnableChild { child } => offer::enable(patch, child),
        C::EnableIke => network::enable_ike(patch),
        C::AddRoute {
            destination,
            interface,
        } => network::add_route(patch, *destination, interface),
        C::RemoveRoute { destination } => network::remove_route(patch, *destination),
        C::SetZone { .. } => cannot("packets of an IOS-XE router are not ruled by zones here"),
        C::SetVirtualRouter { .. } => cannot("there is one routing table, the global one"),
        C::Allow { .. } => cannot("an IOS-XE router needs no rule to let packets through"),
        C::KeepAddresses {
            source,
            destination,
            above,
            ..
        } => selectors::keep_addresses(patch, *source, *destination, above.as_deref()),
        C::PermitIpsec {
            access_list,
            source,
            destination,
        } => selectors::permit_ipsec(patch, access_list, *source, *destination),
        C::TcpMss { interface, octets } => network::tcp_mss(patch, interface, *octets),
        C::Mtu { interface, octets } => network::mtu(patch, interface, *octets),
    }
}

impl<'r> Patch<'r> {
    fn connection(&self, name: &str) -> Said<&'r Connection> {
        match self.lines.reading.gateway.connection(name) {
            Some(connection) => Ok(connection),
            None => cannot(format!("the file has no connection `{name}`")),
        }
    }

    fn child(&self, name: &str) -> Said<(&'r Connection, &'r Child)> {
        let gateway = &self.lines.reading.gateway;
        match gateway.children().find(|(_, c)| c.name.value == name) {
            Some(found) => Ok(found),
            None => cannot(format!("the file has no tunnel `{name}`")),
        }
    }
}
