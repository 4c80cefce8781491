//! Identities between the configuration and the wire (RFC 7296 §3.5).

use crossgate_model::{Connection, Identity, IdentityMatch};
use crossgate_wire::ike::{IdType, Identification};

/// The ID payload that states `identity`.
pub(crate) fn to_wire(identity: &Identity) -> Identification {
    match identity {
        Identity::Address(address) => Identification::address(*address),
        Identity::Fqdn(name) => Identification::fqdn(name),
        Identity::Email(address) => Identification::email(address),
        Identity::KeyId(id) => Identification::new(IdType::KEY_ID, id.clone()),
        Identity::DistinguishedName(der) => Identification::new(IdType::DER_ASN1_DN, der.clone()),
    }
}

/// `None` for types that no configuration can name, and for names that are no text.
pub(crate) fn from_wire(id: &Identification) -> Option<Identity> {
    let text = || String::from_utf8(id.data.clone()).ok();
    match id.kind {
        IdType::IPV4_ADDR | IdType::IPV6_ADDR => id.as_address().map(Identity::Address),
        IdType::FQDN => text().map(Identity::Fqdn),
        IdType::RFC822_ADDR => text().map(Identity::Email),
        IdType::KEY_ID => Some(Identity::KeyId(id.data.clone())),
        IdType::DER_ASN1_DN => Some(Identity::DistinguishedName(id.data.clone())),
        _ => None,
    }
}

/// For events: in the configuration's notation where it has one.
pub(crate) fn describe(id: &Identification) -> String {
    match from_wire(id) {
        Some(identity) => identity.to_string(),
        None => format!("{} {id}", id.kind),
    }
}

/// Whether a peer that says so may be this connection's.
pub(crate) fn admits(connection: &Connection, identity: &Identity) -> bool {
    let wanted = &connection.remote_identities;
    wanted.is_empty() || wanted.iter().any(|one| one.matches(identity))
}

/// Whether two connections of one gateway are between the same identities, as far as can be told
/// before the peer shows its own: it has one address, or has to say the same.
pub(crate) fn is_same_peer(a: &Connection, b: &Connection) -> bool {
    let address = a.remote.address();
    let one_address = address.is_some() && address == b.remote.address();
    let has_to_say = |identity: &Identity| {
        let mut wanted = b.remote_identities.iter();
        wanted.any(|w| matches!(&w.value, IdentityMatch::Exactly(_)) && w.value.matches(identity))
    };
    let one_name = a
        .remote_identities
        .iter()
        .any(|wanted| match &wanted.value {
            IdentityMatch::Exactly(identity) => has_to_say(identity),
            _ => false,
        });
    a.local_identity.value == b.local_identity.value && (one_address || one_name)
}

/// What this connection expects its peer to say.
pub(crate) fn expected(connection: &Connection) -> String {
    let wanted = &connection.remote_identities;
    if wanted.is_empty() {
        return IdentityMatch::Any.to_string();
    }
    let each: Vec<String> = wanted.iter().map(|one| one.to_string()).collect();
    each.join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_identity_survives_the_wire() {
        for identity in [
            Identity::Address("198.51.100.1".parse().unwrap()),
            Identity::Address("2001:db8::1".parse().unwrap()),
            Identity::Fqdn("hq.example.net".into()),
            Identity::Email("vpn@example.net".into()),
            Identity::KeyId(vec![0, 255]),
            Identity::DistinguishedName(vec![0x30, 0]),
        ] {
            assert_eq!(from_wire(&to_wire(&identity)), Some(identity));
        }
    }

    #[test]
    fn what_no_configuration_can_name_is_still_described() {
        let null = Identification::new(IdType::NULL, Vec::new());
        assert_eq!(from_wire(&null), None);
        assert_eq!(describe(&null), "ID_NULL ID_NULL");
        let bad = Identification::new(IdType::FQDN, vec![0xff, 0x0a]);
        assert_eq!(describe(&bad), r"ID_FQDN \xff\n");
    }
}
