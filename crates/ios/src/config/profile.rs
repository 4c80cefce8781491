//! `crypto ikev2 profile`: which peers, how they and we authenticate, and for how long.

use super::ikev2::keepalive_seconds;
use super::keyring::{IDENTITY_KINDS, IdentityKind, address_with_mask, key_text, stated_identity};
use super::reasons::{
    DESCRIPTIONS, NO_CERTIFICATES, NO_PPK, NO_REDIRECT, NO_REMOTE_ACCESS, ONE_TABLE,
};
use super::{Config, Named, enlist, entry, remove, switch};
use crate::grammar::{Args, Mode, Rule, Unobeyed, aside, join, lacking, read, run, set};
use crate::tree::Line;
use crossgate_diag::{Span, Spanned};
use crossgate_model::{Identity, IdentityMatch, PresharedKey};
use ipnet::IpNet;
use std::net::IpAddr;
use std::time::Duration;

#[derive(Clone, Debug)]
pub struct Profile {
    pub name: Spanned<String>,
    /// The peer's identity must match one of these.
    pub match_remote: Vec<Spanned<IdentityMatch>>,
    /// Only for IKE SAs from one of these; none: from all.
    pub match_local: Vec<Spanned<LocalMatch>>,
    /// The default is the address of the tunnel source.
    pub local_identity: Option<Spanned<Identity>>,
    pub local_auth: Option<Spanned<Method>>,
    /// A peer may use any of these.
    pub remote_auth: Vec<Spanned<Method>>,
    pub keyring: Option<Spanned<String>>,
    pub lifetime: Option<Spanned<Duration>>,
    pub dpd: Option<Spanned<Dpd>>,
    pub nat_keepalive: Option<Spanned<Duration>>,
    pub force_encapsulation: Option<Spanned<bool>>,
    pub shutdown: Option<Spanned<bool>>,
    /// `pki trustpoint`: whose certificate is shown, and which issuers are believed.
    pub trustpoints: Vec<Trustpoint>,
    /// A post-quantum key (RFC 8784) is configured there.
    pub ppk: Option<Span>,
}

/// A trustpoint that a profile names. Without `sign` or `verify`, it is for both.
#[derive(Clone, Debug)]
pub struct Trustpoint {
    pub name: Spanned<String>,
    pub signs: bool,
    pub verifies: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LocalMatch {
    Address(IpAddr),
    Interface(String),
}

/// How an end authenticates, and its key where it doesn't stand in the keyring.
#[derive(Clone, Debug)]
pub struct Method {
    pub kind: MethodKind,
    pub key: Option<Spanned<PresharedKey>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MethodKind {
    PreShare,
    RsaSignature,
    EcdsaSignature,
    Eap,
}

/// Dead-peer detection. The second number is seconds between retries, not a count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dpd {
    pub interval: Duration,
    pub retry: Duration,
    pub on_demand: bool,
}

impl Named for Profile {
    const WHAT: &'static str = "IKEv2 profile";

    fn new(name: Spanned<String>) -> Self {
        Self {
            name,
            match_remote: Vec::new(),
            match_local: Vec::new(),
            local_identity: None,
            local_auth: None,
            remote_auth: Vec::new(),
            keyring: None,
            lifetime: None,
            dpd: None,
            nat_keepalive: None,
            force_encapsulation: None,
            shutdown: None,
            trustpoints: Vec::new(),
            ppk: None,
        }
    }

    fn name(&self) -> &Spanned<String> {
        &self.name
    }
}

pub(crate) static TABLE: &[Rule<Profile>] = &[
    aside("description", DESCRIPTIONS),
    set("match identity remote", match_remote),
    set("match address local", match_local),
    set("match fvrf any", |_, _| Some(())),
    lacking("match fvrf", ONE_TABLE),
    lacking("match certificate", NO_CERTIFICATES),
    set("identity local", local_identity),
    set("authentication local", local_auth),
    set("authentication remote", remote_auth),
    set("keyring local", keyring),
    lacking("keyring aaa", "keys come from the file only"),
    read("keyring ppk", ppk, Unobeyed::Lacking(NO_PPK)),
    read(
        "pki trustpoint",
        trustpoint,
        Unobeyed::Judged(NO_CERTIFICATES),
    ),
    read(
        "ca trust-point",
        trustpoint,
        Unobeyed::Judged(NO_CERTIFICATES),
    ),
    set("lifetime", lifetime),
    set("dpd", dpd),
    set("nat keepalive", nat_keepalive),
    set("nat force-encap", force_encapsulation),
    set("initial-contact force", |_, _| Some(())),
    set("shutdown", shutdown),
    lacking("lifetime certificate", NO_CERTIFICATES),
    lacking("ivrf", ONE_TABLE),
    lacking("virtual-template", NO_REMOTE_ACCESS),
    lacking("aaa", NO_REMOTE_ACCESS),
    lacking("config-exchange", NO_REMOTE_ACCESS),
    lacking("config-mode", NO_REMOTE_ACCESS),
    lacking("accounting", NO_REMOTE_ACCESS),
    lacking("anyconnect", NO_REMOTE_ACCESS),
    lacking("reconnect", NO_REMOTE_ACCESS),
    lacking("redirect", NO_REDIRECT),
    lacking("dynamic", "all values come from the file"),
    read("ppk", ppk, Unobeyed::Lacking(NO_PPK)),
];

pub(super) fn open(config: &mut Config, args: &mut Args<'_, '_>, lines: &[Line]) -> Option<()> {
    let name = args.name("the profile's name")?;
    if args.no {
        remove(&mut config.profiles, &name, args.cx);
        return Some(());
    }
    let profile = entry(&mut config.profiles, name, args.cx)?;
    run(Mode::Profile, TABLE, lines, profile, args.cx);
    Some(())
}

fn match_remote(profile: &mut Profile, args: &mut Args<'_, '_>) -> Option<()> {
    let wanted = identity_match(args)?;
    let key = format!("{} {}", profile.name.value, wanted.value);
    enlist(
        &mut profile.match_remote,
        wanted,
        ("match of a profile", &key),
        args,
    );
    Some(())
}

/// `any`, or a kind of identity and its value; names may be given by their domain.
fn identity_match(args: &mut Args<'_, '_>) -> Option<Spanned<IdentityMatch>> {
    if let Some(span) = args.flag("any") {
        return Some(Spanned::at(IdentityMatch::Any, span));
    }
    let kind = args.ahead(IDENTITY_KINDS);
    if matches!(kind, Some(IdentityKind::Address)) {
        args.take();
        return Some(address_with_mask(args)?.map(address_match));
    }
    let of_domain = args.len() > 2 && args.keyword(1).as_deref() == Some("domain");
    match kind {
        Some(IdentityKind::Fqdn) if of_domain => domain(args, IdentityMatch::FqdnDomain),
        Some(IdentityKind::Email) if of_domain => domain(args, IdentityMatch::EmailDomain),
        _ => Some(stated_identity(args)?.map(IdentityMatch::Exactly)),
    }
}

fn domain(
    args: &mut Args<'_, '_>,
    make: fn(String) -> IdentityMatch,
) -> Option<Spanned<IdentityMatch>> {
    args.take();
    args.take();
    Some(args.name("a domain")?.map(make))
}

fn address_match(net: IpNet) -> IdentityMatch {
    if net.prefix_len() == net.max_prefix_len() {
        return IdentityMatch::Exactly(Identity::Address(net.addr()));
    }
    IdentityMatch::AddressWithin(net)
}

fn match_local(profile: &mut Profile, args: &mut Args<'_, '_>) -> Option<()> {
    let wanted = match args.flag("interface") {
        Some(_) => args.interface("an interface")?.map(LocalMatch::Interface),
        None => args
            .ip("an address of this router, or `interface`")?
            .map(LocalMatch::Address),
    };
    profile.match_local.retain(|known| known != &wanted);
    if !args.no {
        profile.match_local.push(wanted);
    }
    Some(())
}

fn local_identity(profile: &mut Profile, args: &mut Args<'_, '_>) -> Option<()> {
    profile.local_identity = args.unless_no(stated_identity)?;
    Some(())
}

const METHODS: &[(&str, MethodKind)] = &[
    ("pre-share", MethodKind::PreShare),
    ("rsa-sig", MethodKind::RsaSignature),
    ("ecdsa-sig", MethodKind::EcdsaSignature),
    ("eap", MethodKind::Eap),
];

fn method(args: &mut Args<'_, '_>) -> Option<Spanned<Method>> {
    let kind = args.choice("an authentication method", METHODS)?;
    let key = match kind.value {
        MethodKind::PreShare if args.flag("key").is_some() => Some(key_text(args)?),
        MethodKind::Eap => {
            args.rest();
            None
        }
        _ => None,
    };
    Some(kind.map(|kind| Method { kind, key }))
}

fn local_auth(profile: &mut Profile, args: &mut Args<'_, '_>) -> Option<()> {
    profile.local_auth = args.unless_no(method)?;
    Some(())
}

fn remote_auth(profile: &mut Profile, args: &mut Args<'_, '_>) -> Option<()> {
    let method = method(args)?;
    profile
        .remote_auth
        .retain(|known| known.kind != method.kind);
    if !args.no {
        profile.remote_auth.push(method);
    }
    Some(())
}

fn keyring(profile: &mut Profile, args: &mut Args<'_, '_>) -> Option<()> {
    profile.keyring = args.unless_no(|args| args.name("a keyring's name"))?;
    if args.flag_ahead("name-mangler").is_some() {
        args.leave_rest("the whole keyring is searched");
    }
    Some(())
}

fn lifetime(profile: &mut Profile, args: &mut Args<'_, '_>) -> Option<()> {
    let seconds = args.unless_no(|args| args.number("seconds", 120..=86_400))?;
    profile.lifetime = seconds.map(|seconds| seconds.map(Duration::from_secs));
    Some(())
}

fn dpd(profile: &mut Profile, args: &mut Args<'_, '_>) -> Option<()> {
    profile.dpd = args.unless_no(dpd_values)?;
    Some(())
}

const ON_DEMAND: &[(&str, bool)] = &[("on-demand", true), ("periodic", false)];

/// `INTERVAL RETRY-INTERVAL on-demand|periodic`.
pub(super) fn dpd_values(args: &mut Args<'_, '_>) -> Option<Spanned<Dpd>> {
    let interval = args.number("seconds", 10..=3600)?;
    let retry = args.number("seconds between retries", 2..=60)?;
    let on_demand = args.choice("`periodic` or `on-demand`", ON_DEMAND)?;
    Some(Spanned {
        value: Dpd {
            interval: Duration::from_secs(interval.value),
            retry: Duration::from_secs(retry.value),
            on_demand: on_demand.value,
        },
        span: join(interval.span, on_demand.span),
    })
}

fn nat_keepalive(profile: &mut Profile, args: &mut Args<'_, '_>) -> Option<()> {
    profile.nat_keepalive = args.unless_no(keepalive_seconds)?;
    Some(())
}

fn force_encapsulation(profile: &mut Profile, args: &mut Args<'_, '_>) -> Option<()> {
    profile.force_encapsulation = Some(switch(args.no, args.line));
    Some(())
}

fn trustpoint(profile: &mut Profile, args: &mut Args<'_, '_>, _: &[Line]) -> Option<()> {
    let name = args.take()?.map(str::to_owned);
    let use_of = args.keyword(0);
    let use_of = use_of.as_deref();
    profile.trustpoints.retain(|known| known.name != name);
    if !args.no {
        profile.trustpoints.push(Trustpoint {
            name,
            signs: use_of != Some("verify"),
            verifies: use_of != Some("sign"),
        });
    }
    Some(())
}

fn ppk(profile: &mut Profile, args: &mut Args<'_, '_>, _: &[Line]) -> Option<()> {
    profile.ppk = (!args.no).then_some(args.line);
    Some(())
}

fn shutdown(profile: &mut Profile, args: &mut Args<'_, '_>) -> Option<()> {
    profile.shutdown = Some(switch(args.no, args.line));
    Some(())
}
