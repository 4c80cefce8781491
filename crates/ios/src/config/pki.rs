//! Trustpoints and the certificates that a file holds, read for whoever judges it: authentication
//! by certificate isn't done here.

use super::Config;
use crate::grammar::Args;
use crate::tree::{Line, slice};
use crossgate_diag::Spanned;

#[derive(Clone, Debug, Default)]
pub struct Pki {
    pub trustpoints: Vec<Spanned<String>>,
    pub certificates: Vec<ChainCertificate>,
}

/// One of a `crypto pki certificate chain`.
#[derive(Clone, Debug)]
pub struct ChainCertificate {
    pub trustpoint: Spanned<String>,
    pub der: Vec<u8>,
    /// `certificate ca`: the issuer's, not the router's own.
    pub is_authority: bool,
}

pub(super) fn trustpoint(config: &mut Config, args: &mut Args<'_, '_>, _: &[Line]) -> Option<()> {
    let name = args.name("the trustpoint's name")?;
    let known = &mut config.pki.trustpoints;
    let is_it = |known: &Spanned<String>| known == &name;
    if args.no {
        args.cx.remove("trustpoint", &name, known, is_it);
    } else if args.cx.place("trustpoint", &name, known, is_it).is_none() {
        known.push(name);
    }
    Some(())
}

pub(super) fn chain(config: &mut Config, args: &mut Args<'_, '_>, lines: &[Line]) -> Option<()> {
    let trustpoint = args.name("the trustpoint's name")?;
    for line in lines.iter().filter(|_| !args.no) {
        let keywords = crate::tree::keywords(args.cx.text, line);
        let mut keywords = keywords.iter().map(String::as_str);
        if keywords.next() != Some("certificate") {
            continue;
        }
        let is_authority = keywords.next() == Some("ca");
        let der = der(slice(args.cx.text, line.raw));
        // A certificate that is kept elsewhere (`nvram:…`) isn't in the file.
        if !der.is_empty() {
            config.pki.certificates.push(ChainCertificate {
                trustpoint: trustpoint.clone(),
                der,
                is_authority,
            });
        }
    }
    Some(())
}

/// The octets of the lines after the first, up to `quit`.
fn der(lines: &str) -> Vec<u8> {
    let lines = lines.lines().skip(1).map(str::trim);
    let digits: Vec<u8> = lines
        .take_while(|line| !line.eq_ignore_ascii_case("quit"))
        .flat_map(str::chars)
        .filter_map(|c| c.to_digit(16).map(|digit| digit as u8))
        .collect();
    let pairs = digits.chunks_exact(2);
    pairs
        .map(|pair| pair.iter().fold(0, |octet, digit| octet << 4 | digit))
        .collect()
}
