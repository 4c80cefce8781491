//! A certificate's key is short, or it is signed over a hash that collides.

use super::parsed::Key;
use super::{Held, connections, own, trusted};
use crate::rule::{Found, Judge, One, Profile, Rule};
use crossgate_diag::{Certainty, Finding};

pub const RULE: Rule = Rule {
    code: "certificate-weak",
    page: include_str!("certificate_weak.md"),
    judge: Judge::One(judge),
};

/// The least bits of an RSA and of an elliptic-curve key, and who says so.
struct Least {
    rsa: u32,
    ec: u32,
    source: &'static str,
}

const fn least(profile: Profile) -> Least {
    match profile {
        Profile::Baseline => Least {
            rsa: 2048,
            ec: 256,
            source: "RFC 8247 §3.1",
        },
        Profile::Cnsa2 => Least {
            rsa: 3072,
            ec: 384,
            source: "RFC 9206; CNSA 2.0 wants ML-DSA instead of both",
        },
        Profile::Bsi => Least {
            rsa: 3000,
            ec: 250,
            source: "BSI TR-02102-3, authentication",
        },
        Profile::Nist => Least {
            rsa: 2048,
            ec: 224,
            source: "NIST SP 800-77 Rev. 1, authentication",
        },
    }
}

fn judge(one: &One<'_>, found: &mut Vec<Found>) {
    let gateway = one.side.gateway;
    let mut told: Vec<&[u8]> = Vec::new();
    for connection in connections(gateway) {
        let (issuers, _) = trusted(gateway, connection);
        for held in own(gateway, connection).into_iter().chain(issuers) {
            let der = held.certificate.der.as_slice();
            let why = weaknesses(&held, one.options.profile);
            if why.is_empty() || told.contains(&der) {
                continue;
            }
            told.push(der);
            let name = &held.certificate.name.value;
            let title = format!("the certificate `{name}` is weak");
            let finding = Finding::warning(RULE.code, title)
                .at(held.certificate.name.span, why.join("; "))
                .certain(Certainty::Rfc)
                .noted(format!(
                    "subject {}, issuer {}",
                    held.parsed.subject, held.parsed.issuer
                ))
                .help("have one issued for a longer key, signed over SHA-256 or better");
            found.push(Found::harmless(finding));
        }
    }
}

fn weaknesses(held: &Held<'_>, profile: Profile) -> Vec<String> {
    let (key, least) = (held.parsed.key, least(profile));
    let wanted = match key {
        Key::Rsa(bits) if bits < least.rsa => Some(least.rsa),
        Key::Ec(bits) if bits < least.ec => Some(least.ec),
        _ => None,
    };
    let short = wanted.map(|wanted| format!("{key}, less than {wanted} ({})", least.source));
    // Nobody checks the signature that a trusted root makes over itself.
    let hash = held
        .parsed
        .broken_hash
        .filter(|_| !held.parsed.is_self_issued());
    let broken = hash.map(|hash| format!("signed over {hash} (RFC 8247 §3.2)"));
    short.into_iter().chain(broken).collect()
}
