//! The pre-shared key of a description: given, from elsewhere, or new.

use super::design::Wrong;
use super::said::FromText;
use super::site::Tunnel;
use crossgate_crypto::Secret;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

/// Octets of a new key: 256 bits.
const OCTETS: usize = 32;
/// Six bits each.
const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.";
/// Characters of a file's first line that are looked at.
const LONGEST_LINE: u64 = 4096;

pub struct Key {
    pub secret: Secret,
    pub is_new: bool,
}

/// `folder` is the description's, from which `key-file` is seen.
pub fn key(tunnel: &Tunnel, folder: &Path) -> Result<Key, Wrong> {
    let given = |secret| Key {
        secret,
        is_new: false,
    };
    let places = [
        tunnel.key.as_ref().map(|key| ("key", key.span())),
        tunnel
            .key_file
            .as_ref()
            .map(|file| ("key-file", file.span())),
        tunnel.key_env.as_ref().map(|name| ("key-env", name.span())),
    ];
    let mut said = places.into_iter().flatten();
    if let (Some((first, _)), Some((second, at))) = (said.next(), said.next()) {
        let sentence = format!("`{first}` gives the key already; leave `{second}` out");
        return Err(Wrong { at, sentence });
    }
    if let Some(key) = &tunnel.key {
        return Ok(given(Secret::copy_of(key.get_ref().0.expose())));
    }
    if let Some(file) = &tunnel.key_file {
        let line = first_line(&folder.join(file.get_ref()));
        let what = format!("the first line of {}", file.get_ref());
        return understood(line, &what)
            .map(given)
            .map_err(|sentence| Wrong {
                at: file.span(),
                sentence,
            });
    }
    if let Some(name) = &tunnel.key_env {
        let value = std::env::var(name.get_ref()).map_err(|_| "it is not set".to_owned());
        let what = format!("the environment's {}", name.get_ref());
        return understood(value, &what)
            .map(given)
            .map_err(|sentence| Wrong {
                at: name.span(),
                sentence,
            });
    }
    let secret = random().map_err(|error| Wrong {
        at: 0..0,
        sentence: format!("the system gives no random key: {error}"),
    })?;
    Ok(Key {
        secret,
        is_new: true,
    })
}

/// Never says what was found.
fn understood(text: Result<String, String>, what: &str) -> Result<Secret, String> {
    let expected = format!("expected {what} to be {}", Secret::EXPECTED);
    let text = text.map_err(|why| format!("{expected}; {why}"))?;
    let count = text.chars().count();
    Secret::from_text(&text).ok_or_else(|| format!("{expected}; it has {count} characters"))
}

fn first_line(path: &Path) -> Result<String, String> {
    let read = || -> io::Result<String> {
        let mut line = String::new();
        BufReader::new(File::open(path)?.take(LONGEST_LINE)).read_line(&mut line)?;
        Ok(line)
    };
    let line = read().map_err(|error| format!("it can't be read: {error}"))?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn random() -> io::Result<Secret> {
    let mut octets = [0; OCTETS];
    File::open("/dev/urandom")?.read_exact(&mut octets)?;
    Ok(Secret::new(spelled(&octets)))
}

/// Six bits a sign; the last sign has what is left.
fn spelled(octets: &[u8; OCTETS]) -> Vec<u8> {
    let bit = |at: usize| {
        octets
            .get(at / 8)
            .map_or(0, |octet| octet >> (7 - at % 8) & 1)
    };
    let sign = |start: usize| {
        let value = (start..start + 6).fold(0, |value, at| value << 1 | bit(at));
        SIGNS[usize::from(value)]
    };
    (0..OCTETS * 8).step_by(6).map(sign).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_key_says_all_its_bits_in_signs_that_both_languages_have() {
        assert_eq!(spelled(&[0; OCTETS]), b"A".repeat(43));
        let all = String::from_utf8(spelled(&[255; OCTETS])).expect("text");
        assert_eq!((all.len(), &all[..42]), (43, ".".repeat(42).as_str()));
        assert_ne!(spelled(&[7; OCTETS])[..], spelled(&[8; OCTETS])[..]);
        for _ in 0..100 {
            let key = random().expect("a key");
            let text = std::str::from_utf8(key.expose()).expect("text").to_owned();
            assert!(Secret::from_text(&text).is_some());
        }
    }
}
