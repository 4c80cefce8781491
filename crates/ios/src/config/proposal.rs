//! `crypto ikev2 proposal`.

use super::reasons::NO_ML_KEM;
use super::{Config, Named, entry, remove};
use crate::grammar::{Args, Mode, Rule, Unobeyed, read, run, set};
use crate::tree::Line;
use crossgate_crypto::{DhGroup, Encr, Integ, Prf};
use crossgate_diag::{Finding, Span, Spanned};
use std::fmt::Display;

/// Lists in order of preference, as written; empty where the file says nothing.
#[derive(Clone, Debug)]
pub struct Proposal {
    pub name: Spanned<String>,
    pub encr: Vec<Spanned<Encr>>,
    pub integ: Vec<Spanned<Integ>>,
    pub prf: Vec<Spanned<Prf>>,
    pub groups: Vec<Spanned<DhGroup>>,
    /// Additional key exchanges with ML-KEM (RFC 9370) are configured there.
    pub pqc: Option<Span>,
    /// Lines of which no value could be read: the reader has told of each.
    pub unread: Vec<&'static str>,
}

impl Proposal {
    fn note_unread(&mut self, line: &'static str, unread: bool) {
        self.unread.retain(|known| *known != line);
        self.unread.extend(unread.then_some(line));
    }
}

impl Named for Proposal {
    const WHAT: &'static str = "IKEv2 proposal";

    fn new(name: Spanned<String>) -> Self {
        Self {
            name,
            encr: Vec::new(),
            integ: Vec::new(),
            prf: Vec::new(),
            groups: Vec::new(),
            pqc: None,
            unread: Vec::new(),
        }
    }

    fn name(&self) -> &Spanned<String> {
        &self.name
    }
}

pub(crate) static TABLE: &[Rule<Proposal>] = &[
    set("encryption", encryption),
    set("integrity", integrity),
    set("prf", prf),
    set("group", group),
    read("pqc", pqc, Unobeyed::Lacking(NO_ML_KEM)),
];

pub(super) fn open(config: &mut Config, args: &mut Args<'_, '_>, lines: &[Line]) -> Option<()> {
    let name = args.name("the proposal's name")?;
    if args.no {
        remove(&mut config.proposals, &name, args.cx);
        return Some(());
    }
    let proposal = entry(&mut config.proposals, name, args.cx)?;
    run(Mode::Proposal, TABLE, lines, proposal, args.cx);
    Some(())
}

pub(crate) const ENCR: &[(&str, Encr)] = &[
    ("des", Encr::Des),
    ("3des", Encr::TripleDes),
    ("aes-cbc-128", Encr::AesCbc128),
    ("aes-cbc-192", Encr::AesCbc192),
    ("aes-cbc-256", Encr::AesCbc256),
    ("aes-gcm-128", Encr::AesGcm128),
    ("aes-gcm-256", Encr::AesGcm256),
];

pub(crate) const INTEG: &[(&str, Integ)] = &[
    ("md5", Integ::HmacMd5_96),
    ("sha1", Integ::HmacSha1_96),
    ("sha256", Integ::HmacSha256_128),
    ("sha384", Integ::HmacSha384_192),
    ("sha512", Integ::HmacSha512_256),
];

pub(crate) const PRF: &[(&str, Prf)] = &[
    ("md5", Prf::HmacMd5),
    ("sha1", Prf::HmacSha1),
    ("sha256", Prf::HmacSha256),
    ("sha384", Prf::HmacSha384),
    ("sha512", Prf::HmacSha512),
];

pub(crate) const GROUPS: &[(&str, DhGroup)] = &[
    ("1", DhGroup::Modp1),
    ("2", DhGroup::Modp2),
    ("5", DhGroup::Modp5),
    ("14", DhGroup::Modp14),
    ("15", DhGroup::Modp15),
    ("16", DhGroup::Modp16),
    ("19", DhGroup::Ecp19),
    ("20", DhGroup::Ecp20),
    ("21", DhGroup::Ecp21),
    ("24", DhGroup::Modp24),
];

fn pqc(proposal: &mut Proposal, args: &mut Args<'_, '_>, _: &[Line]) -> Option<()> {
    proposal.pqc = (!args.no).then_some(args.line);
    Some(())
}

fn encryption(proposal: &mut Proposal, args: &mut Args<'_, '_>) -> Option<()> {
    proposal.encr = list(args, "an encryption algorithm", ENCR);
    proposal.note_unread("encryption", !args.no && proposal.encr.is_empty());
    warn_of_weak(args, &proposal.encr, Encr::is_weak);
    Some(())
}

fn integrity(proposal: &mut Proposal, args: &mut Args<'_, '_>) -> Option<()> {
    proposal.integ = list(args, "an integrity algorithm", INTEG);
    proposal.note_unread("integrity", !args.no && proposal.integ.is_empty());
    warn_of_weak(args, &proposal.integ, Integ::is_weak);
    Some(())
}

fn prf(proposal: &mut Proposal, args: &mut Args<'_, '_>) -> Option<()> {
    proposal.prf = list(args, "a PRF", PRF);
    proposal.note_unread("prf", !args.no && proposal.prf.is_empty());
    warn_of_weak(args, &proposal.prf, Prf::is_weak);
    Some(())
}

fn group(proposal: &mut Proposal, args: &mut Args<'_, '_>) -> Option<()> {
    proposal.groups = list(args, "a Diffie-Hellman group", GROUPS);
    proposal.note_unread("group", !args.no && proposal.groups.is_empty());
    warn_of_weak(args, &proposal.groups, DhGroup::is_weak);
    Some(())
}

/// The line's values, which replace those of an earlier line; none after `no`.
fn list<T: Copy>(args: &mut Args<'_, '_>, expected: &str, table: &[(&str, T)]) -> Vec<Spanned<T>> {
    let list = args.unless_no(|args| Some(args.choices(expected, table)));
    list.flatten().unwrap_or_default()
}

fn warn_of_weak<T: Copy + Display>(
    args: &mut Args<'_, '_>,
    values: &[Spanned<T>],
    weak: fn(T) -> bool,
) {
    for value in values.iter().filter(|value| weak(value.value)) {
        args.cx.push(weak_algorithm(&value.value, value.span));
    }
}

/// It can be read, and is used where the configuration asks for it and a library has it.
pub(super) fn weak_algorithm(algorithm: &impl Display, span: Option<Span>) -> Finding {
    Finding::warning("weak-algorithm", format!("{algorithm} is weak"))
        .at(span, "should not be offered any more")
        .noted("RFC 8247 and RFC 8221 say which algorithms still to use")
}
