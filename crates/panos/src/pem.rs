//! Certificates as PAN-OS keeps them: PEM (RFC 7468) in one element.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";
/// Characters of a line (RFC 7468 §2).
const LINE: usize = 64;

/// The first certificate of a text, in DER.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let (_, rest) = text.split_once(BEGIN)?;
    let (body, _) = rest.split_once(END)?;
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

pub fn encode(der: &[u8]) -> String {
    let mut out = format!("{BEGIN}\n");
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
    out.push_str(END);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_come_back_whatever_their_number() {
        for length in 1..200_u8 {
            let octets: Vec<u8> = (0..length).map(|n| n.wrapping_mul(37)).collect();
            let text = encode(&octets);
            assert!(text.lines().all(|line| line.len() <= LINE), "{text}");
            assert_eq!(decode(&text), Some(octets), "{text}");
        }
        assert_eq!(encode(b"M"), format!("{BEGIN}\nTQ==\n{END}"));
    }

    #[test]
    fn what_is_no_certificate_is_none() {
        assert_eq!(decode("MIIB"), None);
        assert_eq!(decode(&format!("{BEGIN}\n!!\n{END}")), None);
        assert_eq!(decode(&format!("{BEGIN}\n{END}")), None);
    }
}
