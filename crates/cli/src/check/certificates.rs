//! `--certificate [END:]NAME=FILE`: certificates that a configuration names and doesn't hold.

use super::judge::End;
use crossgate_check::given::{self, Given};
use crossgate_crypto::{Secret, pem};
use crossgate_diag::{Finding, Sources, Span};
use crossgate_gateway::load::Configuration;
use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;

/// Octets of the largest file that is read.
const LARGEST_FILE: u64 = 1 << 20;
/// Certificates in one file: a long chain has five.
const MOST: usize = 100;

const AS_PEM: &str = "openssl x509 -in FILE -out certificate.pem";

/// A file of certificates, as it was asked for.
#[derive(Clone, Debug)]
pub struct HandedOver {
    /// `NAME`, or `END:NAME`.
    who: String,
    path: String,
    /// What findings may show of the file: certificates, and empty lines for all else.
    text: String,
    /// In DER, and where each begins in the text.
    certificates: Vec<(Vec<u8>, Range<usize>)>,
    has_key: bool,
}

impl HandedOver {
    /// Reads what an option says.
    pub fn read(option: &str) -> Result<Self, String> {
        let (who, path) = option
            .split_once('=')
            .filter(|(who, path)| !who.is_empty() && !path.is_empty())
            .ok_or_else(|| {
                format!(
                    "--certificate {}: expected [END:]NAME=FILE, such as hq:hq-cert=hq.pem",
                    option.escape_debug()
                )
            })?;
        let octets = octets(path).map_err(|error| {
            format!("{path} can't be read: {error}; expected a file of certificates for `{who}`")
        })?;
        let is_der = octets.expose().first() == Some(&0x30);
        let read = match is_der {
            true => Self::of_der(octets.expose()),
            // A key among the certificates stays in the octets, which are wiped.
            false => Self::of_text(&String::from_utf8_lossy(octets.expose())),
        };
        let read = read.map_err(|why| format!("{path} {why}"))?;
        let mut certificates = read.certificates.iter().enumerate();
        if let Some((index, _)) = certificates.find(|(_, (der, _))| !given::is_readable(der)) {
            return Err(format!(
                "{path}: certificate {} of {} can't be read: expected X.509 in PEM or DER; export it again, and see that no line of it is cut off",
                index + 1,
                read.certificates.len()
            ));
        }
        Ok(Self {
            who: who.to_owned(),
            path: path.to_owned(),
            ..read
        })
    }

    fn of_text(text: &str) -> Result<Self, String> {
        let blocks = pem::blocks(text);
        let is_key = |block: &pem::Block<'_>| block.label.ends_with("PRIVATE KEY");
        let has_key = blocks.iter().any(is_key);
        let shown = only_certificates(text, &blocks);
        let mut certificates = Vec::new();
        for block in pem::blocks(&shown) {
            // One that is cut off is no octets, which is no certificate.
            let der = block.octets().unwrap_or_default();
            certificates.push((der, block.first_line()));
        }
        if certificates.len() > MOST {
            let count = certificates.len();
            return Err(format!(
                "holds {count} certificates; expected {MOST} at most"
            ));
        }
        if certificates.is_empty() {
            let labels: Vec<&str> = blocks.iter().map(|block| block.label).collect();
            return Err(no_certificate(&labels));
        }
        Ok(Self {
            who: String::new(),
            path: String::new(),
            text: shown,
            certificates,
            has_key,
        })
    }

    fn of_der(der: &[u8]) -> Result<Self, String> {
        if let Some(other) = other_der(der) {
            return Err(other);
        }
        let text = format!("(a certificate in DER, {} octets)\n", der.len());
        let place = 0..text.len() - 1;
        Ok(Self {
            who: String::new(),
            path: String::new(),
            text,
            certificates: vec![(der.to_vec(), place)],
            has_key: false,
        })
    }
}

fn octets(path: &str) -> io::Result<Secret> {
    let mut octets = Vec::new();
    // With room for all of it, so that no copy is left behind when it grows.
    octets.reserve_exact(LARGEST_FILE as usize + 1);
    File::open(path)?
        .take(LARGEST_FILE + 1)
        .read_to_end(&mut octets)?;
    let octets = Secret::new(octets);
    match octets.len() as u64 > LARGEST_FILE {
        true => Err(io::Error::other("it has more than 1 MB")),
        false => Ok(octets),
    }
}

/// The text with nothing but line ends where no certificate stands: lines keep their numbers.
fn only_certificates(text: &str, blocks: &[pem::Block<'_>]) -> String {
    let mut out = String::new();
    let mut at = 0;
    for block in blocks.iter().filter(|block| block.is_certificate()) {
        let before = text.get(at..block.range.start).unwrap_or_default();
        out.extend(before.chars().filter(|c| *c == '\n'));
        out.push_str(text.get(block.range.clone()).unwrap_or_default());
        at = block.range.end;
    }
    out
}

/// What a text holds instead, and what to do.
fn no_certificate(labels: &[&str]) -> String {
    let has = |word: &str| labels.iter().any(|label| label.contains(word));
    if has("PRIVATE KEY") {
        return "holds a private key and no certificate; a key is never needed here: give the certificate that belongs to it".into();
    }
    if has("CERTIFICATE REQUEST") {
        return "holds a request for a certificate; expected the certificate that the authority issued for it".into();
    }
    if has("PKCS7") || has("CMS") {
        return pkcs7();
    }
    if has("TRUSTED CERTIFICATE") {
        return format!(
            "holds a certificate in OpenSSL's own form; expected PEM or DER: `{AS_PEM}` writes it"
        );
    }
    "holds no certificate; expected PEM (-----BEGIN CERTIFICATE-----), one or several, or one in DER"
        .into()
}

fn pkcs7() -> String {
    "is PKCS #7; expected PEM or DER: `openssl pkcs7 -print_certs -in FILE -out certificates.pem` writes it (with `-inform der` if it isn't text)".into()
}

/// What else begins with a sequence in DER: told by the element in front.
fn other_der(der: &[u8]) -> Option<String> {
    let long = der.get(1).filter(|length| **length & 0x80 != 0);
    let header = 2 + long.map_or(0, |length| usize::from(length & 0x7f));
    match der.get(header..)? {
        [0x02, 0x01, 0x03, ..] => Some("is PKCS #12, which holds the private key too; expected the certificates alone: `openssl pkcs12 -in FILE -nokeys -out certificates.pem` writes them".into()),
        [0x02, ..] => Some(no_certificate(&["PRIVATE KEY"])),
        [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, ..] => Some(pkcs7()),
        _ => None,
    }
}

/// Says in a sentence which option fits no end, or no name of it.
pub fn refuse_misplaced(
    files: &[Configuration],
    names: &[String],
    all: &[HandedOver],
) -> Result<(), String> {
    for one in all {
        place(files, names, one)?;
    }
    Ok(())
}

/// Hands all over that have a place, and says what of their files was left alone.
pub fn hand_over(
    sources: &mut Sources,
    files: &mut [Configuration],
    names: &[String],
    all: &[HandedOver],
) -> Vec<Finding> {
    let mut notes = Vec::new();
    // What several options give to one name is one chain.
    let mut chains: Vec<((usize, String), Vec<Given>)> = Vec::new();
    for one in all {
        let Ok(place) = place(files, names, one) else {
            continue;
        };
        let file = sources.add(one.path.as_str(), one.text.as_str());
        let given = one.certificates.iter().map(|(der, range)| Given {
            der: der.clone(),
            place: Some(Span::new(file, range.clone())),
        });
        match chains.iter_mut().find(|(known, _)| *known == place) {
            Some((_, chain)) => chain.extend(given),
            None => chains.push((place, given.collect())),
        }
        if one.has_key {
            let title = format!("{} holds a private key, which was not read", one.path);
            let note = Finding::note("private-key-ignored", title);
            notes.push(note.help("judging needs certificates only: keep keys where they are used"));
        }
    }
    for ((index, name), chain) in chains {
        if let Some(file) = files.get_mut(index) {
            given::hand_over(&mut file.gateway, &name, &chain);
        }
    }
    notes
}

/// The file that an option is about, and the name of its certificate.
fn place(
    files: &[Configuration],
    names: &[String],
    one: &HandedOver,
) -> Result<(usize, String), String> {
    let option = format!("--certificate {}={}", one.who.escape_debug(), one.path);
    let knows = |index: &usize, name: &str| {
        let file = files.get(*index);
        file.is_some_and(|file| given::names(&file.gateway).contains(&name))
    };
    let takes = |index: &usize| {
        files
            .get(*index)
            .is_some_and(|f| given::takes_any(&f.gateway))
    };
    let ends: Vec<usize> = (0..files.len()).collect();
    // A name may have a colon of its own.
    let whole: Vec<&usize> = ends.iter().filter(|end| knows(end, &one.who)).collect();
    let (wanted, name) = match (whole.as_slice(), one.who.split_once(':')) {
        ([_], _) => (whole.clone(), one.who.as_str()),
        (_, Some((end, name))) => {
            let end = End::named(names, end).ok_or_else(|| {
                format!(
                    "{option}: no end is called `{}`: expected {}",
                    end.escape_debug(),
                    End::words(names)
                )
            })?;
            (ends.iter().filter(|index| **index == end).collect(), name)
        }
        ([], None) => (ends.iter().collect(), one.who.as_str()),
        (_, None) => {
            let choices: Vec<String> = names
                .iter()
                .map(|end| format!("{end}:{}", one.who))
                .collect();
            return Err(format!(
                "{option}: both ends have that name; say which is meant: {}",
                choices.join(" or ")
            ));
        }
    };
    let known: Vec<&&usize> = wanted.iter().filter(|end| knows(end, name)).collect();
    let any: Vec<&&usize> = wanted.iter().filter(|end| takes(end)).collect();
    match (known.as_slice(), any.as_slice()) {
        ([end], _) | ([], [end]) => Ok((***end, name.to_owned())),
        _ => Err(format!("{option}: {}", unknown(files, &wanted, name))),
    }
}

fn unknown(files: &[Configuration], wanted: &[&usize], name: &str) -> String {
    let files = wanted.iter().filter_map(|index| files.get(**index));
    let each = files.map(|file| {
        let path = file.path.display();
        let known = given::names(&file.gateway);
        match (known.is_empty(), given::takes_any(&file.gateway)) {
            (_, true) => format!("{path} takes any name"),
            (true, false) => format!("{path} names no certificate at all"),
            (false, false) => format!("{path} has `{}`", known.join("`, `")),
        }
    });
    format!(
        "no certificate or trustpoint is called `{}`: {}",
        name.escape_debug(),
        each.collect::<Vec<_>>().join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const CERTIFICATE: &str = include_str!("../../../check/tests/data/good.pem");

    #[test]
    fn a_key_leaves_nothing_but_empty_lines() {
        let key = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n";
        let read = HandedOver::of_text(&format!("a\n{key}{CERTIFICATE}{key}")).expect("one");
        assert!(read.has_key && !read.text.contains("KEY") && !read.text.contains("c2Vj"));
        assert_eq!(read.text, format!("\n\n\n\n{}", CERTIFICATE.trim_end()));
        let [(der, _)] = read.certificates.as_slice() else {
            panic!("{}", read.certificates.len());
        };
        assert!(given::is_readable(der));
    }

    #[test]
    fn what_is_no_certificate_is_told_by_its_kind() {
        let told = |text: &str| HandedOver::of_text(text).expect_err("a sentence");
        let block = |label| format!("-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n");
        assert!(told("").contains("expected PEM"));
        assert!(told(&block("EC PRIVATE KEY")).contains("never needed"));
        assert!(told(&block("CERTIFICATE REQUEST")).contains("a request"));
        assert!(told(&block("PKCS7")).contains("openssl pkcs7"));
        let der = |octets: &[u8]| HandedOver::of_der(octets).expect_err("a sentence");
        assert!(der(&[0x30, 0x82, 0, 9, 2, 1, 3, 0x30]).contains("openssl pkcs12"));
        assert!(der(&[0x30, 0x10, 2, 1, 0]).contains("never needed"));
    }
}
