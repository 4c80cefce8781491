//! `crypto ipsec transform-set`.

use super::proposal::weak_algorithm;
use super::{Config, Named, entry, remove};
use crate::grammar::{Args, Mode, Rule, run, set};
use crate::tree::Line;
use crossgate_crypto::{Encr, Integ};
use crossgate_diag::{Finding, Span, Spanned};

#[derive(Clone, Debug)]
pub struct TransformSet {
    pub name: Spanned<String>,
    pub encr: Option<Spanned<Encr>>,
    /// None beside GCM.
    pub integ: Option<Spanned<Integ>>,
    /// `mode transport`.
    pub transport: Option<Span>,
    /// `esn`: sequence numbers of 64 bits.
    pub esn: bool,
}

impl Named for TransformSet {
    const WHAT: &'static str = "transform set";

    fn new(name: Spanned<String>) -> Self {
        Self {
            name,
            encr: None,
            integ: None,
            transport: None,
            esn: false,
        }
    }

    fn name(&self) -> &Spanned<String> {
        &self.name
    }
}

pub(crate) static TABLE: &[Rule<TransformSet>] = &[set("mode", mode), set("esn", esn)];

#[derive(Clone, Copy)]
enum Transform {
    Aes,
    Gcm,
    Encr(Encr),
    Integ(Integ),
    /// Not done here: why.
    Lacking(&'static str),
}

const NO_AH: &str = "AH (RFC 4302) is not spoken; ESP authenticates as well";
const NO_PRIVACY: &str = "packets are always encrypted";

const TRANSFORMS: &[(&str, Transform)] = &[
    ("esp-aes", Transform::Aes),
    ("esp-gcm", Transform::Gcm),
    ("esp-des", Transform::Encr(Encr::Des)),
    ("esp-3des", Transform::Encr(Encr::TripleDes)),
    ("esp-md5-hmac", Transform::Integ(Integ::HmacMd5_96)),
    ("esp-sha-hmac", Transform::Integ(Integ::HmacSha1_96)),
    ("esp-sha256-hmac", Transform::Integ(Integ::HmacSha256_128)),
    ("esp-sha384-hmac", Transform::Integ(Integ::HmacSha384_192)),
    ("esp-sha512-hmac", Transform::Integ(Integ::HmacSha512_256)),
    ("esp-null", Transform::Lacking(NO_PRIVACY)),
    ("esp-gmac", Transform::Lacking(NO_PRIVACY)),
    ("esp-seal", Transform::Lacking("no library has SEAL")),
    ("ah-md5-hmac", Transform::Lacking(NO_AH)),
    ("ah-sha-hmac", Transform::Lacking(NO_AH)),
    ("ah-sha256-hmac", Transform::Lacking(NO_AH)),
    ("ah-sha384-hmac", Transform::Lacking(NO_AH)),
    ("ah-sha512-hmac", Transform::Lacking(NO_AH)),
    ("comp-lzs", Transform::Lacking("packets are not compressed")),
];

pub(super) fn open(config: &mut Config, args: &mut Args<'_, '_>, lines: &[Line]) -> Option<()> {
    let name = args.name("the transform set's name")?;
    if args.no {
        remove(&mut config.transform_sets, &name, args.cx);
        return Some(());
    }
    let set = entry(&mut config.transform_sets, name, args.cx)?;
    if !args.is_empty() {
        set.encr = None;
        set.integ = None;
    }
    while !args.is_empty() {
        transform(set, args);
    }
    run(Mode::TransformSet, TABLE, lines, set, args.cx);
    complete(set, args);
    Some(())
}

fn transform(set: &mut TransformSet, args: &mut Args<'_, '_>) -> Option<()> {
    let transform = args.choice("a transform", TRANSFORMS)?;
    match transform.value {
        Transform::Aes => set.encr = Some(sized(args, transform.span, AES)?),
        Transform::Gcm => set.encr = Some(sized(args, transform.span, GCM)?),
        Transform::Encr(encr) => set.encr = Some(transform.map(|_| encr)),
        Transform::Integ(integ) => set.integ = Some(transform.map(|_| integ)),
        Transform::Lacking(why) => lacking(args, transform.span, why),
    }
    Some(())
}

const AES: &[(&str, Encr)] = &[
    ("128", Encr::AesCbc128),
    ("192", Encr::AesCbc192),
    ("256", Encr::AesCbc256),
];

const GCM: &[(&str, Encr)] = &[
    ("128", Encr::AesGcm128),
    ("192", Encr::AesGcm192),
    ("256", Encr::AesGcm256),
];

/// A key of 128 bits, unless a size follows.
fn sized(
    args: &mut Args<'_, '_>,
    keyword: Option<Span>,
    sizes: &[(&str, Encr)],
) -> Option<Spanned<Encr>> {
    if !args.number_ahead() {
        let (_, value) = sizes.first().copied()?;
        let span = keyword;
        return Some(Spanned { value, span });
    }
    let size = args.choice("a key's size in bits", sizes)?;
    Some(Spanned {
        value: size.value,
        span: crate::grammar::join(keyword, size.span),
    })
}

fn lacking(args: &mut Args<'_, '_>, span: Option<Span>, why: &str) {
    if args.number_ahead() {
        args.take();
    }
    let shown = span.map_or_else(String::new, |span| args.cx.shown(span));
    args.cx.push(
        Finding::warning("not-obeyed", format!("{shown} is not obeyed: {why}"))
            .at(span, "left out of the set"),
    );
}

const TRANSPORT: &[(&str, bool)] = &[("tunnel", false), ("transport", true)];

fn mode(set: &mut TransformSet, args: &mut Args<'_, '_>) -> Option<()> {
    let mode = args.choice("a mode", TRANSPORT)?;
    set.transport = mode.span.filter(|_| mode.value && !args.no);
    Some(())
}

/// Cisco's YANG model of IOS-XE (module Cisco-IOS-XE-crypto, revision 2018-12-14) has it; its devices
/// take it on some platforms only.
fn esn(set: &mut TransformSet, args: &mut Args<'_, '_>) -> Option<()> {
    set.esn = !args.no;
    Some(())
}

/// Tells of what makes a set weak or useless.
fn complete(set: &mut TransformSet, args: &mut Args<'_, '_>) {
    let aead = set.encr.as_ref().is_some_and(|encr| encr.is_aead());
    if let Some(integ) = set.integ.take_if(|_| aead) {
        args.cx.push(
            Finding::warning("not-obeyed", "GCM takes no integrity algorithm beside it")
                .at(integ.span, "left out: GCM authenticates by itself"),
        );
    }
    if let Some(encr) = set.encr.as_ref().filter(|encr| encr.is_weak()) {
        args.cx.push(weak_algorithm(&encr.value, encr.span));
    }
    if let Some(integ) = set.integ.as_ref().filter(|integ| integ.is_weak()) {
        args.cx.push(weak_algorithm(&integ.value, integ.span));
    }
    if set.transport.is_some() {
        args.cx.push(
            Finding::warning(
                "not-obeyed",
                "transport mode is not spoken: tunnel mode is used",
            )
            .at(set.transport, "asked for here"),
        );
    }
}
