//! Pre-shared keys: which there are, and how many guesses one takes.

use crate::rule::One;
use crossgate_crypto::Secret;
use crossgate_diag::Span;
use crossgate_model::{Auth, Connection, End, PresharedKey};

/// A known key, the connections of this end that have it, and where it stands in either file.
pub(super) struct Key<'a> {
    pub connections: Vec<&'a Connection>,
    pub secret: &'a Secret,
    pub spans: Vec<Span>,
}

/// Connections of one key that are named.
const NAMED: usize = 4;

impl<'a> Key<'a> {
    fn add(&mut self, connection: &'a Connection, spans: impl Iterator<Item = Span>) {
        let is_last = |last: &&Connection| last.name.value == connection.name.value;
        if !self.connections.last().is_some_and(is_last) {
            self.connections.push(connection);
        }
        // Of many connections, a few places will do.
        if self.connections.len() <= NAMED {
            let unknown = spans.filter(|span| !self.spans.contains(span));
            self.spans.extend(unknown.collect::<Vec<_>>());
        }
    }

    /// Of which connections it is: `` `A`, `B` and 3 more ``.
    pub fn owners(&self) -> String {
        let names = self.connections.iter().take(NAMED);
        let names = names.map(|connection| format!("`{}`", connection.name.value));
        let mut names: Vec<String> = names.collect();
        let more = self.connections.len() - names.len();
        let last = match more {
            0 if names.len() > 1 => names.pop(),
            0 => None,
            more => Some(format!("{more} more")),
        };
        let names = names.join(", ");
        last.map_or(names.clone(), |last| format!("{names} and {last}"))
    }
}

/// The keys that this end tells of: its own, each once, without those that the other end tells of.
pub(super) fn keys<'a>(one: &One<'a>) -> Vec<Key<'a>> {
    let mut keys: Vec<Key<'a>> = Vec::new();
    let connections = &one.side.gateway.connections;
    for connection in connections
        .iter()
        .filter(|connection| one.is_of_concern(connection))
    {
        let partner = one.partner(connection);
        let theirs = partner.map(|party| known(party.connection));
        for (secret, span) in known(connection) {
            let same = |(other, _): &&(&Secret, Option<Span>)| *other == secret;
            let shared = theirs.iter().flatten().find(same);
            if one.end == End::Second && shared.is_some() {
                continue;
            }
            let other = shared.and_then(|(_, span)| *span);
            let at = keys.iter().position(|key| key.secret == secret);
            let at = at.unwrap_or_else(|| {
                keys.push(Key {
                    connections: Vec::new(),
                    secret,
                    spans: Vec::new(),
                });
                keys.len() - 1
            });
            if let Some(key) = keys.get_mut(at) {
                key.add(connection, span.into_iter().chain(other));
            }
        }
    }
    keys
}

fn known(connection: &Connection) -> Vec<(&Secret, Option<Span>)> {
    let both = [&connection.local_auth, &connection.remote_auth];
    let known = both.into_iter().filter_map(|auth| match &auth.value {
        Auth::Psk(PresharedKey::Known(secret)) => Some((secret, auth.span)),
        _ => None,
    });
    known.collect()
}

/// Keys that guides print; everybody has them. Their text is public.
const PUBLISHED: &[&str] = &[
    "YourStrongPreSharedKey123!",
    "YourStrongPreSharedKey",
    "YourPreSharedKey",
    "MyStrongPreSharedKey",
    "SuperSecretKey123",
    "Cisco123!",
    "cisco123",
    "paloalto123",
    "PaloAlto123!",
];

/// Whether the key, as it is, stands in a guide.
pub(super) fn is_published(secret: &Secret) -> bool {
    PUBLISHED
        .iter()
        .any(|known| *secret == Secret::copy_of(known.as_bytes()))
}

/// Words that keys are made of.
const WORDS: &[&str] = &[
    "abc",
    "access",
    "admin",
    "asdf",
    "branch",
    "change",
    "cisco",
    "company",
    "default",
    "demo",
    "example",
    "firewall",
    "gateway",
    "hello",
    "ike",
    "ipsec",
    "key",
    "lab",
    "letmein",
    "login",
    "master",
    "network",
    "office",
    "only",
    "paloalto",
    "pass",
    "password",
    "preshared",
    "private",
    "psk",
    "published",
    "qwer",
    "qwerty",
    "remote",
    "router",
    "sample",
    "secret",
    "secure",
    "security",
    "server",
    "shared",
    "site",
    "strong",
    "super",
    "switch",
    "system",
    "temp",
    "test",
    "tunnel",
    "user",
    "very",
    "vpn",
    "welcome",
    "word",
    "your",
    "zxcv",
];

/// What each word is worth: one of a thousand.
const WORD_BITS: f64 = 10.0;

/// How many bits a guesser has to find, at most: repetitions count once, words as words, runs such
/// as `1234` or `aaaa` as two characters, and what is left by its kinds of characters.
pub(super) fn bits(secret: &Secret) -> f64 {
    let unit = unrepeated(secret.expose());
    let each = bits_of_kinds(unit);
    let (mut bits, mut at) = (0.0, 0);
    while let Some(rest) = unit.get(at..).filter(|rest| !rest.is_empty()) {
        let (taken, worth) = match (word(rest), run(rest)) {
            (Some(word), _) => (word.len(), WORD_BITS),
            (None, run @ 3..) => (run, 2.0 * each),
            _ => (1, each),
        };
        at += taken;
        bits += worth;
    }
    bits
}

/// The part that is repeated, if the whole is nothing but repetitions of it.
fn unrepeated(key: &[u8]) -> &[u8] {
    let is_all = |unit: &&[u8]| key.chunks(unit.len()).all(|chunk| unit.starts_with(chunk));
    let parts = (1..=key.len() / 2).filter_map(|len| key.get(..len));
    parts.into_iter().find(|unit| is_all(unit)).unwrap_or(key)
}

/// A kind of character, and how many there are of it.
type Kind = (fn(&u8) -> bool, f64);

const KINDS: [Kind; 5] = [
    (u8::is_ascii_lowercase, 26.0),
    (u8::is_ascii_uppercase, 26.0),
    (u8::is_ascii_digit, 10.0),
    (u8::is_ascii_punctuation, 32.0),
    (|c| !c.is_ascii_graphic(), 128.0),
];

/// Bits of a character drawn from the kinds that occur.
fn bits_of_kinds(key: &[u8]) -> f64 {
    let occur = KINDS.iter().filter(|(is_kind, _)| key.iter().any(is_kind));
    occur.map(|(_, size)| size).sum::<f64>().max(1.0).log2()
}

/// The longest word that the text begins with, in whatever case.
fn word(text: &[u8]) -> Option<&'static str> {
    let begins = |word: &&&str| {
        text.get(..word.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()))
    };
    WORDS
        .iter()
        .filter(begins)
        .max_by_key(|word| word.len())
        .copied()
}

/// How many characters go up, down or stay from one to the next.
fn run(text: &[u8]) -> usize {
    let steps = text.windows(2).map(|pair| match pair {
        [a, b] => i16::from(*b) - i16::from(*a),
        _ => i16::MAX,
    });
    let mut steps = steps.peekable();
    let Some(step) = steps.peek().copied().filter(|step| step.abs() <= 1) else {
        return 1;
    };
    1 + steps.take_while(|next| *next == step).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bits_of(text: &str) -> f64 {
        bits(&Secret::copy_of(text.as_bytes()))
    }

    #[test]
    fn words_runs_and_repetitions_are_worth_little() {
        assert!(bits_of("YourVerySecretCompanyVpnPassword123456789") < 80.0);
        assert!(bits_of("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa") < 10.0);
        assert!(bits_of("k7Xk7Xk7Xk7Xk7Xk7Xk7Xk7Xk7Xk7Xk7Xk7X") < 20.0);
        assert!(bits_of("abcdefghijklmnopqrstuvwxyz0123456789") < 40.0);
        assert_eq!(bits_of(""), 0.0);
    }

    #[test]
    fn what_is_drawn_at_random_is_worth_its_length() {
        assert!(bits_of("7Qm2vX9tRb4LwZ8sKd3HnP6yJf5Gc1Ae") > 180.0);
        assert!(bits_of("lab-only-Gm4sP7vZx2Rk9DhTb6WnQy8JcF") > 110.0);
    }

    #[test]
    fn a_key_of_a_guide_is_known_as_it_stands_only() {
        let is = |text: &str| is_published(&Secret::copy_of(text.as_bytes()));
        assert!(is("YourStrongPreSharedKey123!"));
        assert!(!is("YourStrongPreSharedKey124!"));
    }
}
