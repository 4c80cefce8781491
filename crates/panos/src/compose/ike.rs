//! IKE crypto profiles and IKE gateways.

use super::Writer;
use crate::language::values::{hexadecimal, lifetime_unit, stars};
use crate::lower::algorithm;
use crossgate_crypto::{Encr, Integ, Prf};
use crossgate_diag::Spanned;
use crossgate_model::{
    Auth, Connection, Identity, IdentityMatch, IkeVersion, Initiation, PresharedKey, RemoteEnd,
};
use std::time::Duration;

const PROFILE: &str = "network ike crypto-profiles ike-crypto-profiles";
/// Characters of a profile's name (vendor's document).
pub const PROFILE_NAME: usize = 31;
const GATEWAY_NAME: usize = 63;
/// Octets of an IKE fragment: PAN-OS has no other.
const FRAGMENT: u16 = 576;

impl Writer<'_> {
    pub fn ike(&mut self) {
        let mut profiles: Vec<(String, String)> = Vec::new();
        for connection in &self.gateway.connections {
            let name = self.name("ike gateway", &connection.name, GATEWAY_NAME);
            self.gateways
                .insert(connection.name.value.clone(), name.clone());
            let profile = self.ike_profile(connection, &mut profiles);
            self.ike_gateway(connection, &name, profile.as_deref());
        }
    }

    /// A profile that says the same as one before is that one.
    fn ike_profile(
        &mut self,
        connection: &Connection,
        known: &mut Vec<(String, String)>,
    ) -> Option<String> {
        let first = connection.proposals.first()?;
        let lines = self.suite(connection);
        let wanted = match &first.name {
            Some(name) => name.value.clone(),
            None => format!("ike-{}", connection.name.value),
        };
        let same = known
            .iter()
            .find(|(name, text)| *text == lines.join("\n") && *name == wanted);
        if let Some((name, _)) = same {
            return Some(name.clone());
        }
        let name = self.name("ike profile", &wanted, PROFILE_NAME);
        let path = format!("{PROFILE} {}", crate::write::quoted(&name));
        for line in &lines {
            self.commands.push_str(&format!("set {path} {line}\n"));
        }
        self.because(
            &path,
            format!("what `{}` offers for IKE", connection.name.value),
        );
        known.push((name.clone(), lines.join("\n")));
        Some(name)
    }

    /// All proposals in one: PAN-OS offers every combination of its lists.
    fn suite(&mut self, connection: &Connection) -> Vec<String> {
        let proposals = &connection.proposals;
        if proposals.len() > 1 {
            let name = &connection.name.value;
            self.cannot(format!(
                "`{name}` has {} IKE proposals apart from each other: one profile offers all \
                 combinations",
                proposals.len()
            ));
        }
        let encr = distinct(proposals.iter().flat_map(|p| &p.encr));
        let integ = distinct(proposals.iter().flat_map(|p| &p.integ));
        let prf = distinct(proposals.iter().flat_map(|p| &p.prf));
        let groups = distinct(proposals.iter().flat_map(|p| &p.groups));
        let ciphers = self.ciphers(&encr);
        let hashes = self.hashes(&encr, &integ, &prf);
        let mut words = Vec::new();
        for group in &groups {
            match algorithm::group_word(*group) {
                Some(word) => words.push(word.to_owned()),
                None => self.cannot(format!("the group {}", group.name())),
            }
        }
        let only_gcm = encr.iter().all(|encr| encr.is_aead());
        let by_group = distinct_values(groups.iter().map(|g| algorithm::prf_with_gcm(*g)));
        if only_gcm && prf != by_group {
            let names: Vec<&str> = prf.iter().map(|prf| prf.name()).collect();
            self.cannot(format!(
                "the PRF {} with GCM: PAN-OS takes it from the group",
                names.join(", ")
            ));
        }
        let mut lines = list_line("encryption", &ciphers);
        lines.extend(list_line("hash", &hashes));
        lines.extend(list_line("dh-group", &words));
        lines.extend(self.lifetime(connection.lifetime.value));
        lines
    }

    pub fn ciphers(&mut self, encr: &[Encr]) -> Vec<String> {
        let mut words = Vec::new();
        for encr in encr {
            match algorithm::encr_word(*encr) {
                Ok(word) => words.push(word.to_owned()),
                Err(_) => self.cannot(format!("the cipher {}", encr.name())),
            }
        }
        words
    }

    fn hashes(&mut self, encr: &[Encr], integ: &[Integ], prf: &[Prf]) -> Vec<String> {
        if encr.iter().all(|encr| encr.is_aead()) {
            return vec!["non-auth".into()];
        }
        let from_hash = distinct_values(integ.iter().map(|integ| algorithm::prf_of(*integ)));
        if from_hash != prf {
            let names: Vec<&str> = prf.iter().map(|prf| prf.name()).collect();
            self.cannot(format!(
                "the PRF {} apart from the hash: PAN-OS has one setting for both",
                names.join(", ")
            ));
        }
        let words = integ.iter().map(|integ| algorithm::integ_word(*integ));
        words.map(str::to_owned).collect()
    }

    pub fn lifetime(&mut self, lifetime: Duration) -> Vec<String> {
        match lifetime_unit(lifetime, None) {
            Some((unit, count)) => vec![format!("lifetime {unit} {count}")],
            None => {
                let whole = lifetime.as_secs().div_ceil(60).clamp(3, 65_535);
                self.cannot(format!(
                    "a lifetime of {} s: {whole} minutes stand for it",
                    lifetime.as_secs()
                ));
                vec![format!("lifetime minutes {whole}")]
            }
        }
    }

    fn ike_gateway(&mut self, connection: &Connection, name: &str, profile: Option<&str>) {
        let path = format!("network ike gateway {}", crate::write::quoted(name));
        self.authentication(connection, &path);
        let version = match connection.version.value {
            IkeVersion::V2 => "ikev2",
            IkeVersion::V2Preferred => "ikev2-preferred",
            IkeVersion::V1 => "ikev1",
        };
        self.set(&path, &["protocol", "version", version]);
        if let Some(profile) = profile {
            self.set(&path, &["protocol", "ikev2", "ike-crypto-profile", profile]);
        }
        self.liveness(connection, &path);
        self.common(connection, &path);
        self.local_end(connection, &path);
        self.remote_end(connection, &path);
        self.identities(connection, &path);
        if !connection.enabled.value && connection.enabled.span.is_some() {
            self.set(&path, &["disabled", "yes"]);
        }
        self.because(&path, format!("the peer {}", connection.remote));
    }

    fn authentication(&mut self, connection: &Connection, path: &str) {
        let name = &connection.name.value;
        match (&connection.local_auth.value, &connection.remote_auth.value) {
            (Auth::Psk(local), Auth::Psk(remote)) => self.key(name, path, [local, remote]),
            (Auth::Psk(_), _) | (_, Auth::Psk(_)) => {
                self.cannot(format!("`{name}` authenticates otherwise than its peer"));
            }
            (Auth::Eap, _) | (_, Auth::Eap) => {
                self.cannot(format!("`{name}` authenticates by EAP"));
            }
            _ => self.certificate(connection, path),
        }
    }

    fn key(&mut self, name: &str, path: &str, [local, remote]: [&PresharedKey; 2]) {
        match (local, remote) {
            (PresharedKey::Known(local), PresharedKey::Known(remote)) => {
                if local != remote {
                    self.cannot(format!("`{name}` has another key for each direction"));
                }
                match std::str::from_utf8(local.expose()) {
                    Ok(key) => self.set(path, &["authentication", "pre-shared-key", "key", key]),
                    Err(_) => self.cannot(format!("the key of `{name}`, which is no text")),
                }
            }
            (PresharedKey::Encrypted, _) | (_, PresharedKey::Encrypted) => self.cannot(format!(
                "the key of `{name}`, which is encrypted with a key that only its device has"
            )),
            _ => self.cannot(format!("the key of `{name}`, which the file doesn't have")),
        }
    }

    fn certificate(&mut self, connection: &Connection, path: &str) {
        let path = format!("{path} authentication certificate");
        if let Some(own) = &connection.certificates.own {
            self.set(&path, &["local-certificate", "name", &own.value]);
        }
        let trusted = &connection.certificates.trusted;
        if trusted.is_empty() {
            return;
        }
        let profile = format!("trust-{}", connection.name.value);
        let profile = self.name("certificate-profile", &profile, PROFILE_NAME);
        for authority in trusted {
            self.set(
                "shared certificate-profile",
                &[&profile, "CA", &authority.value],
            );
        }
        self.set(&path, &["certificate-profile", &profile]);
    }

    fn liveness(&mut self, connection: &Connection, path: &str) {
        let path = format!("{path} protocol ikev2 dpd");
        let Some(liveness) = &connection.liveness else {
            return self.set(&path, &["enable", "no"]);
        };
        let said = liveness.interval.as_secs();
        let seconds = said.clamp(2, 100);
        if seconds != said {
            self.cannot(format!(
                "liveness every {said} s: {seconds} s stand for it, PAN-OS has 2 to 100"
            ));
        }
        if liveness.on_demand {
            self.cannot("liveness only when there is something to send: PAN-OS always asks");
        }
        self.set(&path, &["enable", "yes"]);
        self.set(&path, &["interval", &seconds.to_string()]);
    }

    fn common(&mut self, connection: &Connection, path: &str) {
        let common = format!("{path} protocol-common");
        let nat = &connection.nat;
        if nat.enabled.value {
            self.set(&common, &["nat-traversal", "enable", "yes"]);
            let seconds = nat.keepalive.as_secs();
            if seconds != 20 && (10..=3600).contains(&seconds) {
                let seconds = seconds.to_string();
                self.set(&common, &["nat-traversal", "keep-alive-interval", &seconds]);
            }
        }
        if nat.force_encapsulation.value {
            self.cannot("UDP encapsulation where no NAT is between");
        }
        if let Some(size) = &connection.fragmentation {
            self.set(&common, &["fragmentation", "enable", "yes"]);
            if size.value != FRAGMENT {
                self.cannot(format!(
                    "IKE fragments of {} octets: PAN-OS has 576",
                    size.value
                ));
            }
        }
        match connection.initiation.value {
            Initiation::Never if connection.remote != RemoteEnd::Any => {
                self.set(&common, &["passive-mode", "yes"]);
            }
            Initiation::AtStart => self.because(
                &common,
                "PAN-OS starts a tunnel when there is traffic for it, or its monitor is on",
            ),
            _ => {}
        }
    }

    fn local_end(&mut self, connection: &Connection, path: &str) {
        let path = format!("{path} local-address");
        let local = &connection.local;
        let Some(interface) = &local.interface else {
            return;
        };
        self.set(&path, &["interface", &self.names.interface(interface)]);
        let known = self.gateway.interface(interface);
        let stated = local.address.as_ref().and_then(|address| {
            let mut own = known?.addresses.iter();
            own.find(|net| net.addr() == address.value)
        });
        if let Some(net) = stated {
            self.set(&path, &["ip", &net.value.to_string()]);
        }
    }

    fn remote_end(&mut self, connection: &Connection, path: &str) {
        let path = format!("{path} peer-address");
        match &connection.remote {
            RemoteEnd::Address(address) => self.set(&path, &["ip", &address.value.to_string()]),
            RemoteEnd::Name(name) => self.set(&path, &["fqdn", name]),
            RemoteEnd::Any => self.set(&path, &["dynamic"]),
            RemoteEnd::Within(net) => {
                self.cannot(format!(
                    "a peer from {}: any address stands for it",
                    net.value
                ));
                self.set(&path, &["dynamic"]);
            }
        }
    }

    fn identities(&mut self, connection: &Connection, path: &str) {
        let local = &connection.local_identity;
        let address = connection.local.address.as_ref().map(|a| a.value);
        let is_default =
            local.span.is_none() || address.map(Identity::Address) == Some(local.value.clone());
        if !is_default {
            self.identity(&format!("{path} local-id"), &local.value);
        }
        let remote = &connection.remote_identities;
        if remote.len() > 1 {
            let name = &connection.name.value;
            self.cannot(format!(
                "several identities of one peer: `{name}` has the first"
            ));
        }
        let known = connection.remote.address();
        match remote.first().map(|matching| &matching.value) {
            None | Some(IdentityMatch::Any) if known.is_some() => {
                self.cannot("any identity of a peer at a known address");
            }
            None | Some(IdentityMatch::Any) => {}
            Some(IdentityMatch::Exactly(Identity::Address(id))) if Some(*id) == known => {}
            Some(matching) => self.peer_identity(&format!("{path} peer-id"), matching),
        }
    }

    fn identity(&mut self, path: &str, identity: &Identity) {
        let (kind, id) = match identity {
            Identity::Address(address) => ("ipaddr", address.to_string()),
            Identity::Fqdn(name) => ("fqdn", name.clone()),
            Identity::Email(name) => ("ufqdn", name.clone()),
            Identity::KeyId(octets) => ("keyid", hexadecimal(octets)),
            Identity::DistinguishedName(_) => {
                return self.cannot("distinguished names as identities");
            }
        };
        self.set(path, &["type", kind]);
        self.set(path, &["id", &id]);
    }

    fn peer_identity(&mut self, path: &str, matching: &IdentityMatch) {
        let (kind, pattern) = match matching {
            IdentityMatch::Exactly(identity) => return self.identity(path, identity),
            IdentityMatch::Any => return,
            IdentityMatch::FqdnDomain(domain) => ("fqdn", format!("*.{domain}")),
            IdentityMatch::EmailDomain(domain) => ("ufqdn", format!("*@{domain}")),
            IdentityMatch::AddressWithin(net) => match stars(net) {
                Ok(pattern) => ("ipaddr", pattern),
                Err(why) => return self.cannot(why.0),
            },
        };
        self.set(path, &["type", kind]);
        self.set(path, &["id", &pattern]);
        self.set(path, &["matching", "wildcard"]);
    }
}

/// `word [ a b ]`, if there is any.
pub fn list_line(word: &str, members: &[String]) -> Vec<String> {
    match members {
        [] => Vec::new(),
        members => vec![format!("{word} {}", crate::language::steps::list(members))],
    }
}

/// In order, each once.
pub fn distinct<'a, T: Copy + PartialEq + 'a>(all: impl Iterator<Item = &'a Spanned<T>>) -> Vec<T> {
    distinct_values(all.map(|item| item.value))
}

fn distinct_values<T: Copy + PartialEq>(all: impl Iterator<Item = T>) -> Vec<T> {
    let mut list = Vec::new();
    for item in all {
        if !list.contains(&item) {
            list.push(item);
        }
    }
    list
}
