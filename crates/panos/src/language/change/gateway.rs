//! IKE gateways: addresses, identities, keys and who starts.

use super::{Draft, cannot, join};
use crate::language::steps::{Path, Step, Text};
use crate::language::values::{hexadecimal, stars};
use crossgate_crypto::Secret;
use crossgate_model::{CannotSay, Change, Identity, IdentityMatch, RemoteEnd};
use std::time::Duration;

/// Characters of a pre-shared key (schema).
const KEY_MAX: usize = 255;

impl Draft<'_> {
    pub fn ike_gateway(&mut self, change: &Change) -> Result<(), CannotSay> {
        match change {
            Change::PresharedKey {
                connection,
                key,
                name,
            } => self.key(connection, key, name),
            Change::LocalIdentity { connection, to } => {
                let gateway = self.gateway_path(connection)?;
                self.identity(&join(&gateway, &["local-id"]), to)
            }
            Change::RemoteIdentity { connection, to } => self.remote_identity(connection, to),
            Change::PeerAddress { connection, to } => {
                let path = join(&self.gateway_path(connection)?, &["peer-address", "ip"]);
                self.value(path, to.to_string());
                Ok(())
            }
            Change::Ikev2Only { connection } => self.ikev2_only(connection),
            Change::Initiate { connection } => self.initiate(connection),
            Change::NatTraversal { connection } => {
                let path = ["protocol-common", "nat-traversal", "enable"];
                let path = join(&self.gateway_path(connection)?, &path);
                self.value(path, "yes");
                Ok(())
            }
            Change::Liveness {
                connection,
                interval,
            } => self.liveness(connection, *interval),
            Change::EnableConnection { connection } => {
                let path = join(&self.gateway_path(connection)?, &["disabled"]);
                self.enable(path, connection)
            }
            _ => cannot("it is no matter of an IKE gateway"),
        }
    }

    fn gateway_path(&self, connection: &str) -> Result<Path, CannotSay> {
        self.connection(connection)?;
        Ok(self.path(&["network", "ike", "gateway", connection]))
    }

    /// Whatever is `disabled yes` no longer is.
    pub fn enable(&mut self, disabled: Path, name: &str) -> Result<(), CannotSay> {
        let is_off = self.at(&join(&disabled, &["yes"])).is_some();
        if !is_off {
            return cannot(format!(
                "nothing disables `{name}`: it lacks what it needs to work"
            ));
        }
        self.value(disabled, "no");
        Ok(())
    }

    fn key(&mut self, connection: &str, key: &Secret, name: &str) -> Result<(), CannotSay> {
        let path = ["authentication", "pre-shared-key", "key"];
        let path = join(&self.gateway_path(connection)?, &path);
        let Ok(real) = std::str::from_utf8(key.expose()) else {
            return cannot("the key is no text, and PAN-OS has no other keys");
        };
        if real.chars().count() > KEY_MAX {
            return cannot(format!("PAN-OS's keys have {KEY_MAX} characters at most"));
        }
        let text = Text {
            real: real.to_owned(),
            shown: Some(name.to_owned()),
        };
        self.value(path, text);
        Ok(())
    }

    fn identity(&mut self, path: &[String], to: &Identity) -> Result<(), CannotSay> {
        let (kind, id) = match to {
            Identity::Address(address) => ("ipaddr", address.to_string()),
            Identity::Fqdn(name) => ("fqdn", name.clone()),
            Identity::Email(name) => ("ufqdn", name.clone()),
            Identity::KeyId(octets) => ("keyid", hexadecimal(octets)),
            Identity::DistinguishedName(_) => {
                return cannot("this program doesn't write distinguished names for PAN-OS");
            }
        };
        self.value(join(path, &["type"]), kind);
        self.value(join(path, &["id"]), id);
        Ok(())
    }

    fn remote_identity(&mut self, connection: &str, to: &IdentityMatch) -> Result<(), CannotSay> {
        let gateway = self.gateway_path(connection)?;
        let path = join(&gateway, &["peer-id"]);
        let (kind, pattern) = match to {
            IdentityMatch::Exactly(identity) => {
                self.identity(&path, identity)?;
                let matching = join(&path, &["matching"]);
                if self.at(&matching).is_some() {
                    self.value(matching, "exact");
                }
                return Ok(());
            }
            IdentityMatch::Any => return self.any_identity(connection, path),
            IdentityMatch::AddressWithin(net) => ("ipaddr", stars(net)?),
            IdentityMatch::FqdnDomain(domain) => ("fqdn", format!("*.{domain}")),
            IdentityMatch::EmailDomain(domain) => ("ufqdn", format!("*@{domain}")),
        };
        self.value(join(&path, &["type"]), kind);
        self.value(join(&path, &["id"]), pattern);
        self.value(join(&path, &["matching"]), "wildcard");
        Ok(())
    }

    /// Only a peer whose address isn't known may be anybody.
    fn any_identity(&mut self, connection: &str, peer_id: Path) -> Result<(), CannotSay> {
        if self.connection(connection)?.remote != RemoteEnd::Any {
            return cannot("PAN-OS takes a peer at a known address by that identity or another");
        }
        self.delete(peer_id);
        Ok(())
    }

    /// A gateway that has spoken IKEv1 only keeps its crypto profile.
    fn ikev2_only(&mut self, connection: &str) -> Result<(), CannotSay> {
        let protocol = join(&self.gateway_path(connection)?, &["protocol"]);
        self.value(join(&protocol, &["version"]), "ikev2");
        let profile = join(&protocol, &["ikev2", "ike-crypto-profile"]);
        let old = self.at(&join(&protocol, &["ikev1", "ike-crypto-profile"]));
        let old = old.and_then(|at| at.children().next());
        if let (None, Some(old)) = (self.at(&profile), old) {
            self.value(profile, old.word());
        }
        Ok(())
    }

    fn initiate(&mut self, connection: &str) -> Result<(), CannotSay> {
        let gateway = self.gateway_path(connection)?;
        if self.connection(connection)?.remote == RemoteEnd::Any {
            return cannot("it has no peer address to start from: say the peer's address first");
        }
        self.value(join(&gateway, &["protocol-common", "passive-mode"]), "no");
        Ok(())
    }

    fn liveness(&mut self, connection: &str, interval: Duration) -> Result<(), CannotSay> {
        let dpd = join(
            &self.gateway_path(connection)?,
            &["protocol", "ikev2", "dpd"],
        );
        let seconds = interval.as_secs();
        if !(2..=100).contains(&seconds) {
            return cannot(format!(
                "PAN-OS probes every 2 to 100 seconds, and not every {seconds}"
            ));
        }
        self.steps
            .push(Step::Value(join(&dpd, &["enable"]), "yes".into()));
        self.value(join(&dpd, &["interval"]), seconds.to_string());
        Ok(())
    }
}
