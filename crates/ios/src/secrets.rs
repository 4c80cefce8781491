//! Where a file has secrets, on whatever line, understood or not.

use crate::grammar::{Mode, Resolved, is_digits};
use crate::tree::{Kind, Line, Tree, keywords, slice};
use crossgate_diag::{Span, slip};

/// How much after a keyword is secret.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hide {
    /// A secret may have blanks in it, so the rest of the line.
    Rest,
    /// One word; what follows says where it applies.
    One,
}

/// Words before a secret. The last column: it can have no other meaning, so that free text counts,
/// and abbreviations.
const KEYWORDS: [(&str, Hide, bool); 24] = [
    ("password", Hide::Rest, true),
    ("secret", Hide::Rest, true),
    ("passphrase", Hide::Rest, true),
    ("pre-shared-key", Hide::Rest, true),
    ("preshared-key", Hide::Rest, true),
    ("psk", Hide::Rest, true),
    ("shared-secret", Hide::Rest, true),
    ("community", Hide::One, true),
    ("key-string", Hide::Rest, true),
    ("key", Hide::Rest, false),
    ("server-key", Hide::Rest, false),
    ("private-key", Hide::Rest, false),
    ("authentication-key", Hide::Rest, false),
    ("message-digest-key", Hide::Rest, false),
    ("area-password", Hide::Rest, false),
    ("domain-password", Hide::Rest, false),
    ("wpa-psk", Hide::Rest, false),
    ("ascii-text", Hide::Rest, false),
    ("hexadecimal-string", Hide::Rest, false),
    ("token", Hide::Rest, false),
    ("idtoken", Hide::Rest, false),
    ("api-key", Hide::Rest, true),
    ("config-key", Hide::Rest, false),
    ("cak", Hide::Rest, false),
];

/// Words that stand between such a keyword and its secret.
const BETWEEN: [&str; 19] = [
    "0",
    "4",
    "5",
    "6",
    "7",
    "8",
    "9",
    "hex",
    "local",
    "remote",
    "encrypted",
    "ascii",
    "text",
    "key",
    "password",
    "password-encrypt",
    "md5",
    "pac",
    "key-string",
];

/// The places of all secrets.
pub(crate) fn find(text: &str, tree: &Tree) -> Vec<Span> {
    let mut found = Vec::new();
    in_lines(text, &tree.lines, false, &mut found);
    found
}

fn in_lines(text: &str, lines: &[Line], among_keys: bool, found: &mut Vec<Span>) {
    for line in lines {
        let whole = skipped(text, line).or_else(|| armour(text, line));
        let span = whole.or_else(|| in_line(text, line));
        let last = || last_of_unknown(text, line).filter(|_| among_keys);
        found.extend(span.or_else(last));
        let has_keys = among_keys || has_keys(text, line);
        in_lines(text, &line.lines, has_keys, found);
    }
}

/// A keyring, its name mistyped or not, or a peer of one.
fn has_keys(text: &str, line: &Line) -> bool {
    let words = keywords(text, line);
    let is_keyring = |word: &String| slip(word, "keyring").is_some();
    match words.first().map(String::as_str) {
        Some("crypto") => words.iter().take(3).any(is_keyring),
        Some(word) => word == "peer" && !line.lines.is_empty(),
        None => false,
    }
}

/// The last word of a line among keys that isn't understood, unless it is one of no key, or nearly.
fn last_of_unknown(text: &str, line: &Line) -> Option<Span> {
    if !matches!(line.kind, Kind::Unknown | Kind::Ambiguous(_)) {
        return None;
    }
    let words: Vec<&str> = line.words.iter().map(|word| slice(text, *word)).collect();
    let modes = [Mode::KeyringPeer, Mode::Keyring].into_iter();
    let mut meant = modes.filter_map(|mode| match mode.resolve(&words) {
        Resolved::Row { rule, .. } => Some(mode.path(rule)),
        _ => mode.nearest(&words),
    });
    let is_open = meant.any(|path| path != "pre-shared-key" && path != "ppk");
    line.words.last().copied().filter(|_| !is_open)
}

/// What isn't read may hold anything: all but its first line counts as secret.
fn skipped(text: &str, line: &Line) -> Option<Span> {
    if line.kind != Kind::Skipped {
        return None;
    }
    let first = slice(text, line.raw).find('\n')?;
    let start = line.raw.start + u32::try_from(first).ok()? + 1;
    Some(Span { start, ..line.raw })
}

/// A private key pasted in PEM.
fn armour(text: &str, line: &Line) -> Option<Span> {
    let first = line.words.first()?;
    let raw = slice(text, line.raw);
    (slice(text, *first).starts_with("-----BEGIN") && raw.contains("PRIVATE KEY"))
        .then_some(line.raw)
}

fn in_line(text: &str, line: &Line) -> Option<Span> {
    let all = line.span();
    let lower = slice(text, all).to_ascii_lowercase();
    let word = |word: &Span| {
        let (from, to) = (word.start - all.start, word.end - all.start);
        lower.get(from as usize..to as usize).unwrap_or("")
    };
    let words: Vec<&str> = line.words.iter().map(word).collect();
    if not_secret(&words) {
        return None;
    }
    let range = special(&words).or_else(|| by_keyword(&words, is_free_text(&words, line)))?;
    let first = line.words.get(range.start)?;
    let last = line.words.get(range.end.checked_sub(1)?)?;
    Some(first.to(*last))
}

/// Descriptions and comments, where `key` is an ordinary word.
fn is_free_text(words: &[&str], line: &Line) -> bool {
    line.kind == Kind::Comment
        || words
            .iter()
            .take(3)
            .any(|w| w.len() >= 4 && "description".starts_with(w) || *w == "remark")
}

/// Lines where such a word names something public.
fn not_secret(words: &[&str]) -> bool {
    if let ["key", number] = words {
        return is_digits(number);
    }
    matches!(
        words,
        ["key", "chain", ..]
            | [
                "crypto",
                "key",
                "generate" | "zeroize" | "param" | "pubkey-chain",
                ..
            ]
            | ["password", "encryption", ..]
            | ["security", "passwords", ..]
            | ["crypto", "pki", "token", ..]
            | ["tunnel", "key", ..]
            | ["mka", "pre-shared-key", "key-chain", ..]
            | ["no", "tunnel", "key", ..]
    )
}

/// Commands whose secret follows no keyword of its own.
fn special(words: &[&str]) -> Option<std::ops::Range<usize>> {
    let all = words.len();
    match words {
        ["crypto", "isakmp", key, "0" | "6", _, ..] if is_key(key) => Some(4..5),
        ["crypto", "isakmp", key, _, ..] if is_key(key) => Some(3..4),
        ["snmp-server", "community", _, ..] => Some(2..3),
        ["snmp-server", "user", .., "auth", _, _] => Some(all - 1..all),
        ["snmp-server", "user", ..] => after(words, "auth").map(|at| at + 1..all),
        ["snmp-server", "host", ..] => snmp_host(words),
        ["standby" | "vrrp" | "glbp", _, "authentication", ..] => {
            let named = ["text", "md5", "key-string", "0", "7"];
            let skipped = words
                .iter()
                .skip(3)
                .take_while(|w| named.contains(w))
                .count();
            Some(3 + skipped..all)
        }
        ["ip", "nhrp", "authentication", _, ..] => Some(3..all),
        _ => None,
    }
    .filter(|range| range.start < range.end && range.end <= all)
}

/// Mistyped, too.
fn is_key(word: &str) -> bool {
    slip(word, "key").is_some()
}

/// `snmp-server host A [informs|traps] [version V [auth…]] COMMUNITY …`
fn snmp_host(words: &[&str]) -> Option<std::ops::Range<usize>> {
    let named = [
        "informs", "traps", "version", "1", "2c", "3", "auth", "noauth", "priv", "vrf",
    ];
    let mut at = 3;
    while words.get(at).is_some_and(|w| named.contains(w)) {
        at += 1 + usize::from(words.get(at) == Some(&"vrf"));
    }
    Some(at..at + 1)
}

fn after(words: &[&str], keyword: &str) -> Option<usize> {
    words.iter().position(|w| *w == keyword).map(|at| at + 1)
}

fn by_keyword(words: &[&str], free_text: bool) -> Option<std::ops::Range<usize>> {
    let (at, hide) = words
        .iter()
        .enumerate()
        .find_map(|(at, word)| Some((at, keyword(word, free_text)?)))?;
    let mut start = at + 1;
    // IKEv1's keyring: `pre-shared-key address A [M] key K`.
    if matches!(words.get(start), Some(&("address" | "hostname"))) {
        start = after(words, "key")?;
    }
    // `message-digest-key 1 md5 7 K`, `authentication-key 1 md5 K 7`.
    if words.get(start + 1) == Some(&"md5") {
        start += 2;
    }
    while start + 1 < words.len() && words.get(start).is_some_and(|w| BETWEEN.contains(w)) {
        start += 1;
    }
    let end = match hide {
        Hide::Rest => words.len(),
        Hide::One => start + 1,
    };
    (start < words.len()).then_some(start..end)
}

/// What a word announces, in full or as an abbreviation that IOS would take.
fn keyword(word: &str, free_text: bool) -> Option<Hide> {
    let word = word.trim_start_matches('!').trim_end_matches([':', '=']);
    let letter = word.as_bytes().first();
    let begins = |keyword: &str| keyword.as_bytes().first() == letter;
    let fits = |(keyword, _, plain): &&(&str, Hide, bool)| {
        // Nearly all fail here.
        if !begins(keyword) {
            return false;
        }
        let short = *plain && !free_text && word.len() >= 4 && keyword.starts_with(word);
        (*keyword == word || short) && (*plain || !free_text)
    };
    let found = KEYWORDS.iter().find(fits);
    let found = found.or_else(|| {
        KEYWORDS
            .iter()
            .find(|known| is_slip_for(word, known, free_text))
    });
    found.map(|(_, hide, _)| *hide)
}

/// A mistyped one announces a secret as well: the line that isn't understood is shown.
fn is_slip_for(word: &str, (keyword, _, plain): &(&str, Hide, bool), free_text: bool) -> bool {
    const SHORTEST: usize = 5;
    let ends = |text: &str| (text.bytes().next(), text.bytes().last());
    let ((first, last), (of_first, of_last)) = (ends(word), ends(keyword));
    // Nearly all fail here.
    *plain
        && !free_text
        && keyword.len() >= SHORTEST
        && word.len().abs_diff(keyword.len()) <= 2
        && (first == of_first || last == of_last)
        && slip(word, keyword).is_some()
}
