//! Which elements hold keys and passwords, in sections that we know and in those that we don't.

use crossgate_diag::{slip, surely};

/// Elements whose value is a secret, by the whole name.
const NAMES: [&str; 8] = [
    "key", "phash", "md5", "authpwd", "privpwd", "passwd", "hmac", "token",
];

/// Parts of a name that make it one of a secret.
const PARTS: [&str; 7] = [
    "password",
    "secret",
    "passphrase",
    "community",
    "private-key",
    "api-key",
    "passcode",
];

/// Names that sound like one of a secret and hold none.
const OTHERS: [&str; 2] = ["public-key", "auto-key"];

/// Names of secrets that are near to one of those.
const NEAR: [&str; 2] = ["auth-key", "api-key"];

/// Whether what stands in an element of that name must never be shown. It errs on the safe side:
/// a thing hidden needlessly costs a little, a key shown costs the tunnel.
pub fn holds_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    NAMES.contains(&name.as_str())
        || PARTS.iter().any(|part| name.contains(part))
        || (name.ends_with("-key") && !is_other(&name))
        || holds_key(&name)
}

/// Whether it is one of the others, or surely a slip for one.
fn is_other(name: &str) -> bool {
    let names = || OTHERS.into_iter().chain(NEAR);
    let is_slip = || surely(name, names()).is_some_and(|name| OTHERS.contains(&name));
    let longest = names().map(str::len).max().unwrap_or(0);
    OTHERS.contains(&name) || name.len() <= longest + 1 && is_slip()
}

/// Whether it is the element around a pre-shared `key`, or a slip for its name.
pub fn holds_key(name: &str) -> bool {
    const NAME: &str = "pre-shared-key";
    // Each word of a long file is asked: most are none at a glance. A slip in the first letter
    // leaves the last ones, by which it is a secret's name.
    let may_be = name.starts_with('p') && name.ends_with(['k', 'e', 'y']);
    may_be && name.len().abs_diff(NAME.len()) <= 2 && slip(name, NAME).is_some()
}

/// Whether it is the element around a gateway's key, or a slip for its name; of a profile it names
/// algorithms.
pub fn holds_proof(name: &str) -> bool {
    name.starts_with('a') && slip(name, "authentication").is_some()
}

/// Whether an element in that one may hold a key, whatever it is called. A certificate's is named
/// elsewhere, and a profile has a list.
pub fn may_be_proof(name: &str) -> bool {
    const OPEN: [&str; 4] = ["certificate", "member", "entry", "["];
    !OPEN
        .iter()
        .any(|open| *open == name || slip(name, open).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_keys_and_passwords_are_told_from_others() {
        for name in [
            "key",
            "pre-shared-key",
            "phash",
            "bind-password",
            "auth-key",
            "snmp-community-string",
            "private-key",
            "shared-secret",
            "preshared-ky",
        ] {
            assert!(holds_secret(name), "{name}");
        }
        for name in [
            "public-key",
            "auto-key",
            "auot-key",
            "keyid",
            "gateway",
            "hash",
            "interface",
        ] {
            assert!(!holds_secret(name), "{name}");
        }
    }
}
