//! Certificates as text: PEM (RFC 7468).

use std::ops::Range;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BEGIN: &str = "-----BEGIN ";
const DASHES: &str = "-----";
/// What a block that holds a certificate is labelled with.
pub const CERTIFICATE: &str = "CERTIFICATE";
/// Characters of a line (RFC 7468 §2).
const LINE: usize = 64;

/// What stands between `BEGIN` and `END`, and where.
#[derive(Clone, PartialEq, Eq)]
pub struct Block<'a> {
    /// `CERTIFICATE`, `PRIVATE KEY`.
    pub label: &'a str,
    /// Of the text, from the first dash to the last.
    pub range: Range<usize>,
    /// Nothing if no `END` of that label follows.
    body: Option<&'a str>,
}

/// Never prints what is inside: it may be a key.
impl std::fmt::Debug for Block<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Block({:?}, {:?})", self.label, self.range)
    }
}

impl Block<'_> {
    pub fn is_certificate(&self) -> bool {
        self.label == CERTIFICATE
    }

    /// Where its label stands in the text: what is enough to point at.
    pub fn first_line(&self) -> Range<usize> {
        let start = self.range.start;
        start..start + BEGIN.len() + self.label.len() + DASHES.len()
    }

    /// The octets inside; nothing if the block doesn't end, is empty or has other characters.
    pub fn octets(&self) -> Option<Vec<u8>> {
        octets(self.body?)
    }
}

/// All blocks of a text, whatever stands between them.
pub fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut at = 0;
    while let Some(block) = text.get(at..).and_then(|rest| next(rest, at)) {
        at = block.range.end;
        blocks.push(block);
    }
    blocks
}

/// The first block of `rest`, which begins at `offset` of the text.
fn next(rest: &str, offset: usize) -> Option<Block<'_>> {
    let start = rest.find(BEGIN)?;
    let after = rest.get(start + BEGIN.len()..)?;
    let (label, body) = after.split_once(DASHES)?;
    let head = start + BEGIN.len() + label.len() + DASHES.len();
    let end = format!("-----END {label}{DASHES}");
    let body = body.split_once(&end).map(|(body, _)| body);
    let length = body.map_or(0, |body| body.len() + end.len());
    Some(Block {
        label,
        range: offset + start..offset + head + length,
        body,
    })
}

/// The first certificate of a text, in DER.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let blocks = blocks(text);
    blocks.iter().find(|block| block.is_certificate())?.octets()
}

fn octets(body: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = body
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace() && *byte != b'=')
        .map(|byte| ALPHABET.iter().position(|known| *known == byte))
        .map(|digit| digit.and_then(|digit| u32::try_from(digit).ok()))
        .collect();
    let digits = digits?;
    let mut octets = Vec::with_capacity(digits.len() * 3 / 4);
    for group in digits.chunks(4) {
        let filled =
            group.iter().fold(0, |bits, digit| bits << 6 | digit) << (6 * (4 - group.len()));
        let [_, a, b, c] = filled.to_be_bytes();
        octets.extend([a, b, c].iter().take(group.len() * 6 / 8));
    }
    (!octets.is_empty()).then_some(octets)
}

/// A certificate as PEM, without a line end after the last line.
pub fn encode(der: &[u8]) -> String {
    let mut out = format!("-----BEGIN {CERTIFICATE}-----\n");
    let mut column = 0;
    for group in der.chunks(3) {
        let bits = group
            .iter()
            .fold(0_u32, |bits, octet| bits << 8 | u32::from(*octet));
        let bits = bits << (8 * (3 - group.len()));
        for index in 0..4_u32 {
            let digit = (bits >> (18 - 6 * index) & 63) as usize;
            let is_there = index as usize <= group.len();
            let digit = ALPHABET.get(digit).filter(|_| is_there);
            out.push(digit.map_or('=', |digit| char::from(*digit)));
        }
        column += 4;
        if column == LINE {
            out.push('\n');
            column = 0;
        }
    }
    if column > 0 {
        out.push('\n');
    }
    out.push_str(&format!("-----END {CERTIFICATE}-----"));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "-----BEGIN CERTIFICATE-----";
    const END: &str = "-----END CERTIFICATE-----";

    #[test]
    fn octets_come_back_whatever_their_number() {
        for length in 1..200_u8 {
            let octets: Vec<u8> = (0..length).map(|n| n.wrapping_mul(37)).collect();
            let text = encode(&octets);
            assert!(text.lines().all(|line| line.len() <= LINE), "{text}");
            assert_eq!(decode(&text), Some(octets), "{text}");
        }
        assert_eq!(encode(b"M"), format!("{HEAD}\nTQ==\n{END}"));
    }

    #[test]
    fn what_is_no_certificate_is_none() {
        assert_eq!(decode("MIIB"), None);
        assert_eq!(decode(&format!("{HEAD}\n!!\n{END}")), None);
        assert_eq!(decode(&format!("{HEAD}\n{END}")), None);
        assert_eq!(decode(&format!("{HEAD}\nTQ==\n")), None);
    }

    #[test]
    fn blocks_are_found_among_other_text_and_told_by_their_labels() {
        let key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----";
        let text = format!("subject=x\n{}\n{key}\ny\n{}\n", encode(b"M"), encode(b"Ma"));
        let found = blocks(&text);
        let labels: Vec<&str> = found.iter().map(|block| block.label).collect();
        assert_eq!(labels, [CERTIFICATE, "PRIVATE KEY", CERTIFICATE]);
        assert_eq!(&text[found[1].range.clone()], key);
        assert_eq!(&text[found[2].first_line()], HEAD);
        assert_eq!(found[2].octets(), Some(b"Ma".to_vec()));
        // One that is cut off ends nothing that follows.
        let cut = format!("-----BEGIN X-----\nAA\n{}", encode(b"M"));
        assert_eq!(decode(&cut), Some(b"M".to_vec()));
    }
}
