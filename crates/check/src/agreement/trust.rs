//! Whether one end believes the other (RFC 7296 §2.15): identity, method and key, in one direction.

use crossgate_model::{Auth, Connection, Identity, IdentityMatch, PresharedKey};

/// Whether `expecting` takes what `showing` says that it is. `None` while that isn't known.
pub fn is_identity_taken(showing: &Connection, expecting: &Connection) -> Option<bool> {
    if showing.identity_awaits_address() {
        return None;
    }
    Some(is_taken(&showing.local_identity.value, expecting))
}

pub fn is_taken(said: &Identity, expecting: &Connection) -> bool {
    let wanted = &expecting.remote_identities;
    wanted.is_empty() || wanted.iter().any(|one| one.value.matches(said))
}

/// What an end expects its peer to say.
pub fn expected_words(expecting: &Connection) -> String {
    let wanted = expecting.remote_identities.iter();
    let each: Vec<_> = wanted.map(|one| one.value.to_string()).collect();
    match each.is_empty() {
        true => IdentityMatch::Any.to_string(),
        false => each.join(" or "),
    }
}

/// The one identity that an end takes, where it is one.
pub fn only_identity(expecting: &Connection) -> Option<Identity> {
    let [one] = expecting.remote_identities.as_slice() else {
        return None;
    };
    match &one.value {
        IdentityMatch::Exactly(identity) => Some(identity.clone()),
        IdentityMatch::AddressWithin(net) if net.prefix_len() == net.max_prefix_len() => {
            Some(Identity::Address(net.addr()))
        }
        _ => None,
    }
}

/// Whether two ends' ways of proving one of them are alike. PAN-OS doesn't say what kind of key
/// its certificates have, so they may sign in either way.
pub fn is_same_method(proving: &Auth, believing: &Auth) -> bool {
    use Auth::{DigitalSignature, EcdsaSignature, RsaSignature};
    let is_one = |auth: &Auth| matches!(auth, RsaSignature | EcdsaSignature);
    match (proving, believing) {
        (DigitalSignature, other) | (other, DigitalSignature) if is_one(other) => true,
        _ => proving.name() == believing.name(),
    }
}

/// What is known of the key of one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    Same,
    Different,
    /// One of them is missing: told by another rule.
    Missing,
    /// One of them is encrypted.
    Unknown,
    /// Not a matter of keys.
    NotPreshared,
}

pub fn keys(proving: &Auth, believing: &Auth) -> Keys {
    match (proving, believing) {
        (Auth::Psk(ours), Auth::Psk(theirs)) => match (ours, theirs) {
            (PresharedKey::Known(a), PresharedKey::Known(b)) if a == b => Keys::Same,
            (PresharedKey::Known(_), PresharedKey::Known(_)) => Keys::Different,
            (PresharedKey::Missing, _) | (_, PresharedKey::Missing) => Keys::Missing,
            _ => Keys::Unknown,
        },
        _ => Keys::NotPreshared,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_of_whatever_key_meets_either_signature_and_no_shared_key() {
        let open = Auth::DigitalSignature;
        for one in [Auth::RsaSignature, Auth::EcdsaSignature] {
            assert!(is_same_method(&open, &one) && is_same_method(&one, &open));
            assert!(!is_same_method(&one, &Auth::Eap));
        }
        assert!(is_same_method(&open, &open));
        assert!(!is_same_method(&Auth::RsaSignature, &Auth::EcdsaSignature));
        let psk = Auth::Psk(PresharedKey::Missing);
        assert!(!is_same_method(&open, &psk) && !is_same_method(&psk, &open));
    }
}
