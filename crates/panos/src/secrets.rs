//! Which elements hold keys and passwords, in sections that we know and in those that we don't.

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

/// Whether what stands in an element of that name must never be shown. It errs on the safe side:
/// a thing hidden needlessly costs a little, a key shown costs the tunnel.
pub fn holds_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    NAMES.contains(&name.as_str())
        || PARTS.iter().any(|part| name.contains(part))
        || (name.ends_with("-key") && !OTHERS.contains(&name.as_str()))
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
        ] {
            assert!(holds_secret(name), "{name}");
        }
        for name in [
            "public-key",
            "auto-key",
            "keyid",
            "gateway",
            "hash",
            "interface",
        ] {
            assert!(!holds_secret(name), "{name}");
        }
    }
}
