//! Crypto profiles: algorithms, PFS and lifetimes.
//!
//! A profile that others use as well stays as it is: the one gateway or tunnel gets its own, a copy
//! with the change in it, unless the others want the same. So does one that PAN-OS has built in.

use super::{Draft, cannot, join, unused};
use crate::language::steps::{self, Path, Step};
use crate::language::values::{lifesize, lifetime_unit};
use crate::lower::{algorithm, predefined};
use crate::tree::{At, Kind};
use crossgate_crypto::{DhGroup, Encr, Integ, Prf};
use crossgate_model::{CannotSay, Change};
use std::time::Duration;

/// Characters of a profile's name (vendor's document).
const NAME_MAX: usize = 31;

const IKE: &str = "ike-crypto-profiles";
const IPSEC: &str = "ipsec-crypto-profiles";

impl Draft<'_> {
    pub fn crypto(&mut self, change: &Change) -> Result<(), CannotSay> {
        match change {
            Change::IkeSuite {
                connection,
                encr,
                integ,
                prf,
                group,
            } => self.ike_suite(connection, (*encr, *integ, *prf, *group)),
            Change::EspSuite { child, encr, integ } => self.esp_suite(child, *encr, *integ),
            Change::Pfs { child, group } => {
                let word = match group {
                    Some(group) => group_word(*group)?,
                    None => "no-pfs",
                };
                let profile = self.ipsec_profile(child, &["dh-group"])?;
                self.value(join(&profile, &["dh-group"]), word);
                Ok(())
            }
            Change::IkeLifetime { connection, to } => {
                let user = self.ike_user(connection)?;
                let (unit, count) = self.lifetime(&user, *to)?;
                let profile = self.profile(&user, &["lifetime"])?;
                self.value(join(&profile, &["lifetime", unit]), count.to_string());
                Ok(())
            }
            Change::ChildLifetime { child, to } => {
                let user = self.ipsec_user(child)?;
                let (unit, count) = self.lifetime(&user, *to)?;
                let profile = self.profile(&user, &["lifetime"])?;
                self.value(join(&profile, &["lifetime", unit]), count.to_string());
                Ok(())
            }
            Change::ChildKilobytes { child, to } => self.kilobytes(child, *to),
            _ => cannot("it is no matter of crypto profiles"),
        }
    }

    fn ike_suite(
        &mut self,
        connection: &str,
        (encr, integ, prf, group): (Encr, Option<Integ>, Prf, DhGroup),
    ) -> Result<(), CannotSay> {
        let cipher = algorithm::encr_word(encr)?;
        let hash = match integ {
            _ if encr.is_aead() => gcm_hash(prf, group)?,
            Some(integ) if algorithm::prf_of(integ) == prf => algorithm::integ_word(integ),
            _ => return cannot("PAN-OS has one setting for the integrity algorithm and the PRF"),
        };
        let group = group_word(group)?;
        let user = self.ike_user(connection)?;
        let profile = self.profile(&user, &["encryption", "hash", "dh-group"])?;
        self.members(join(&profile, &["encryption"]), &[cipher]);
        self.members(join(&profile, &["hash"]), &[hash]);
        self.members(join(&profile, &["dh-group"]), &[group]);
        Ok(())
    }

    fn esp_suite(
        &mut self,
        child: &str,
        encr: Encr,
        integ: Option<Integ>,
    ) -> Result<(), CannotSay> {
        let cipher = algorithm::encr_word(encr)?;
        let hash = match integ {
            _ if encr.is_aead() => "none",
            Some(integ) => algorithm::integ_word(integ),
            None => return cannot("a cipher other than GCM needs an integrity algorithm"),
        };
        let profile = self.ipsec_profile(child, &["esp"])?;
        self.members(join(&profile, &["esp", "encryption"]), &[cipher]);
        self.members(join(&profile, &["esp", "authentication"]), &[hash]);
        Ok(())
    }

    fn kilobytes(&mut self, child: &str, to: Option<u64>) -> Result<(), CannotSay> {
        let size = to.map(lifesize).transpose()?;
        let profile = self.ipsec_profile(child, &["lifesize"])?;
        match size {
            Some((unit, count)) => {
                self.value(join(&profile, &["lifesize", unit]), count.to_string());
            }
            None => self.delete(join(&profile, &["lifesize"])),
        }
        Ok(())
    }

    fn ipsec_profile(&mut self, child: &str, changed: &[&str]) -> Result<Path, CannotSay> {
        let user = self.ipsec_user(child)?;
        self.profile(&user, changed)
    }

    fn ike_user(&self, connection: &str) -> Result<User, CannotSay> {
        self.connection(connection)?;
        let gateways = self.path(&["network", "ike", "gateway"]);
        Ok(User {
            name: connection.to_owned(),
            list: gateways,
            reference: &["protocol", "ikev2", "ike-crypto-profile"],
            kind: IKE,
        })
    }

    fn ipsec_user(&self, child: &str) -> Result<User, CannotSay> {
        let tunnel = self.child(child)?.tunnel.value.clone();
        let tunnels = self.path(&["network", "tunnel", "ipsec"]);
        Ok(User {
            name: tunnel,
            list: tunnels,
            reference: &["auto-key", "ipsec-crypto-profile"],
            kind: IPSEC,
        })
    }

    fn profile_name(&self, user: &User, name: &str) -> String {
        let path = join(&join(&user.list, &[name]), user.reference);
        let words = steps::words_below(self.tree, &path);
        words.into_iter().next().unwrap_or("default".into())
    }

    fn profiles(&self, kind: &str) -> Path {
        self.path(&["network", "ike", "crypto-profiles", kind])
    }

    /// The path of the profile to change: the user's own, or one whose users all want the same of
    /// it; or a new one that says the same, but for the elements that are to change.
    fn profile(&mut self, user: &User, changed: &[&str]) -> Result<Path, CannotSay> {
        if let Some(copy) = self.copied(user) {
            let is_replaced = |path: &[String]| {
                let below = path.strip_prefix(copy.as_slice());
                let element = below.and_then(<[String]>::first);
                element.is_some_and(|element| changed.contains(&element.as_str()))
            };
            self.steps.retain(|step| !is_replaced(step.path()));
            return Ok(copy);
        }
        let name = self.profile_name(user, &user.name);
        let profiles = self.profiles(user.kind);
        let own = join(&profiles, &[&name]);
        let written = self.at(&own);
        if written.is_some()
            && self.all_want_the_same(user, &name)
            && !self.is_used_for_ikev1(user, &name)
        {
            return Ok(own);
        }
        let built_in = predefined().path(&["network", "ike", "crypto-profiles", user.kind, &name]);
        let Some(old) = written.or(built_in) else {
            return cannot(format!("the file has no crypto profile `{name}`"));
        };
        let made = self.copies.iter().filter_map(|(_, path)| path.last());
        let used: Vec<String> = made.cloned().collect();
        let used = [steps::words_below(self.tree, &profiles), used].concat();
        let wanted = format!("{name}-{}", user.name);
        let new = unused(&wanted, NAME_MAX, |name| used.iter().any(|u| u == name));
        let new = join(&profiles, &[&new]);
        for element in old.children().filter(|e| !changed.contains(&e.word())) {
            self.copy(element, &new);
        }
        self.repoint(user, &new);
        self.copies.push((user.clone(), new.clone()));
        Ok(new)
    }

    /// The copy that was made for an earlier change.
    fn copied(&self, user: &User) -> Option<Path> {
        let mut copies = self.copies.iter();
        let found = copies.find(|(of, _)| of.kind == user.kind && of.name == user.name);
        found.map(|(_, path)| path.clone())
    }

    /// Whether whoever else uses the profile is to get all that the user gets.
    fn all_want_the_same(&self, user: &User, profile: &str) -> bool {
        let all = steps::words_below(self.tree, &user.list);
        let mut others = all
            .iter()
            .filter(|other| **other != user.name && self.profile_name(user, other) == profile);
        others.all(|other| {
            let mut own = self.changes.iter().filter(|change| {
                let of = self.user(change);
                of.is_some_and(|of| of.kind == user.kind && of.name == user.name)
            });
            own.all(|change| self.wants(user.kind, other, change))
        })
    }

    fn wants(&self, kind: &str, name: &str, change: &Change) -> bool {
        let mut all = self.changes.iter().chain(self.wanted);
        let alike = unnamed(change);
        all.any(|other| {
            unnamed(other) == alike
                && self
                    .user(other)
                    .is_some_and(|of| of.kind == kind && of.name == name)
        })
    }

    /// Whose profile a change is about.
    fn user(&self, change: &Change) -> Option<User> {
        match change {
            Change::IkeSuite { connection, .. } | Change::IkeLifetime { connection, .. } => {
                self.ike_user(connection).ok()
            }
            Change::EspSuite { child, .. }
            | Change::Pfs { child, .. }
            | Change::ChildLifetime { child, .. }
            | Change::ChildKilobytes { child, .. } => self.ipsec_user(child).ok(),
            _ => None,
        }
    }

    /// IKEv1's reference to an IKE crypto profile counts as well.
    fn is_used_for_ikev1(&self, user: &User, profile: &str) -> bool {
        let reference = ["protocol", "ikev1", "ike-crypto-profile", profile];
        let mut others = steps::words_below(self.tree, &user.list).into_iter();
        user.kind == IKE
            && others.any(|other| {
                let path = join(&join(&user.list, &[&other]), &reference);
                other != user.name && self.at(&path).is_some()
            })
    }

    fn repoint(&mut self, user: &User, new: &[String]) {
        let reference = join(&join(&user.list, &[&user.name]), user.reference);
        if let Some(name) = new.last() {
            let name = name.clone().into();
            self.finally.push(Step::Value(reference, name));
        }
    }

    /// Says again what an element holds.
    fn copy(&mut self, element: At<'_>, below: &[String]) {
        let path = join(below, &[element.word()]);
        let words: Vec<&str> = element.children().map(At::word).collect();
        match element.children().next().map(At::kind) {
            None => self.steps.push(Step::Present(path)),
            Some(Kind::Value) => {
                self.value(path, words.first().copied().unwrap_or_default());
            }
            Some(Kind::Member) => self.members(path, &words),
            Some(Kind::Element | Kind::Entry) => {
                for child in element.children() {
                    self.copy(child, &path);
                }
            }
        }
    }

    /// A lifetime in the unit that the profile has, or else in the largest that fits.
    fn lifetime(&self, user: &User, to: Duration) -> Result<(&'static str, u64), CannotSay> {
        let name = self.profile_name(user, &user.name);
        let said = join(&self.profiles(user.kind), &[&name, "lifetime"]);
        let said = steps::words_below(self.tree, &said).into_iter().next();
        let found = lifetime_unit(to, said.as_deref());
        found.ok_or_else(|| {
            CannotSay(format!(
                "a lifetime of {} s fits no unit: PAN-OS has 180 to 65535 seconds, or whole \
                 minutes, hours or days",
                to.as_secs()
            ))
        })
    }
}

/// A change of crypto without the name of whom it is for.
fn unnamed(change: &Change) -> Option<Change> {
    let mut change = change.clone();
    match &mut change {
        Change::IkeSuite { connection, .. } | Change::IkeLifetime { connection, .. } => {
            connection.clear();
        }
        Change::EspSuite { child, .. }
        | Change::Pfs { child, .. }
        | Change::ChildLifetime { child, .. }
        | Change::ChildKilobytes { child, .. } => child.clear(),
        _ => return None,
    }
    Some(change)
}

/// An IKE gateway or an IPsec tunnel, which names a profile.
#[derive(Clone)]
pub(super) struct User {
    name: String,
    /// Where all of its kind are.
    list: Path,
    reference: &'static [&'static str],
    kind: &'static str,
}

/// With GCM, PAN-OS takes the PRF from the group.
fn gcm_hash(prf: Prf, group: DhGroup) -> Result<&'static str, CannotSay> {
    if algorithm::prf_with_gcm(group) == prf {
        return Ok("non-auth");
    }
    cannot(format!(
        "with GCM, PAN-OS takes the PRF from the group: {} has {}",
        group.name(),
        algorithm::prf_with_gcm(group).name()
    ))
}

fn group_word(group: DhGroup) -> Result<&'static str, CannotSay> {
    algorithm::group_word(group)
        .ok_or_else(|| CannotSay(format!("PAN-OS doesn't have the group {}", group.name())))
}
