//! What crypto maps, IPsec profiles and `crypto ipsec security-association` have in common: the
//! offer of a Child SA and its lifetimes.

use super::Config;
use super::proposal::weak_algorithm;
use super::reasons::NO_ML_KEM;
use crate::grammar::{Args, Context};
use crossgate_crypto::DhGroup;
use crossgate_diag::{Finding, Span, Spanned};
use std::time::Duration;

/// Lifetimes and replay window, where stated.
#[derive(Clone, Debug, Default)]
pub struct SaSettings {
    pub seconds: Option<Spanned<Duration>>,
    /// Inside, none: `disable`.
    pub kilobytes: Option<Spanned<Option<u64>>>,
    pub idle: Option<Spanned<Duration>>,
    /// Packets; 0: `disable`.
    pub replay_window: Option<Spanned<u32>>,
}

/// What is offered to a peer for its Child SAs.
#[derive(Clone, Debug, Default)]
pub struct Offer {
    /// In order of preference.
    pub transform_sets: Vec<Spanned<String>>,
    pub ikev2_profile: Option<Spanned<String>>,
    /// IKEv1's.
    pub isakmp_profile: Option<Spanned<String>>,
    pub pfs: Option<Spanned<Pfs>>,
    /// `set pfs … pqc`: an additional key exchange with ML-KEM (RFC 9370).
    pub pqc: Option<Span>,
    pub sa: SaSettings,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pfs {
    Group(DhGroup),
    /// `set pfs` alone.
    ReleaseDefault,
}

pub(crate) trait HasSa {
    fn sa_mut(&mut self) -> &mut SaSettings;
}

pub(crate) trait HasOffer {
    fn offer_mut(&mut self) -> &mut Offer;
}

impl HasSa for Config {
    fn sa_mut(&mut self) -> &mut SaSettings {
        &mut self.sa
    }
}

impl<T: HasOffer> HasSa for T {
    fn sa_mut(&mut self) -> &mut SaSettings {
        &mut self.offer_mut().sa
    }
}

#[derive(Clone, Copy)]
enum Measure {
    Seconds,
    Days,
    Kilobytes,
}

const MEASURES: &[(&str, Measure)] = &[
    ("seconds", Measure::Seconds),
    ("days", Measure::Days),
    ("kilobytes", Measure::Kilobytes),
];

pub(super) fn lifetime<T: HasSa>(target: &mut T, args: &mut Args<'_, '_>) -> Option<()> {
    let sa = target.sa_mut();
    loop {
        let measure = args.choice("a measure of the lifetime", MEASURES)?;
        match (measure.value, args.no) {
            (Measure::Seconds | Measure::Days, true) => sa.seconds = None,
            (Measure::Kilobytes, true) => sa.kilobytes = None,
            (Measure::Seconds, _) => {
                let seconds = args.number("seconds", 120..=2_592_000)?;
                sa.seconds = Some(seconds.map(Duration::from_secs));
            }
            (Measure::Days, _) => {
                let days = args.number("days", 1..=30)?;
                sa.seconds = Some(days.map(|days| Duration::from_secs(days * 86_400)));
            }
            (Measure::Kilobytes, _) => sa.kilobytes = Some(kilobytes(args)?),
        }
        if args.no || args.is_empty() {
            return Some(());
        }
    }
}

fn kilobytes(args: &mut Args<'_, '_>) -> Option<Spanned<Option<u64>>> {
    if let Some(span) = args.flag("disable") {
        return Some(Spanned::at(None, span));
    }
    let number = args.number("kilobytes (or `disable`)", 2560..=u64::from(u32::MAX))?;
    Some(number.map(Some))
}

pub(super) fn idle<T: HasSa>(target: &mut T, args: &mut Args<'_, '_>) -> Option<()> {
    let seconds = args.unless_no(|args| args.number("seconds", 60..=86_400))?;
    target.sa_mut().idle = seconds.map(|seconds| seconds.map(Duration::from_secs));
    if args.flag_ahead("default").is_some() {
        args.leave_rest("there is no default peer to go back to");
    }
    Some(())
}

pub(crate) const WINDOWS: &[(&str, u32)] = &[
    ("64", 64),
    ("128", 128),
    ("256", 256),
    ("512", 512),
    ("1024", 1024),
];

/// `window-size N` or `disable`.
pub(super) fn replay<T: HasSa>(target: &mut T, args: &mut Args<'_, '_>) -> Option<()> {
    let sa = target.sa_mut();
    if let Some(span) = args.flag("disable") {
        sa.replay_window = (!args.no).then_some(Spanned::at(0, span));
        return Some(());
    }
    args.choice("`window-size` or `disable`", &[("window-size", ())])?;
    sa.replay_window = args.unless_no(|args| args.choice("a window", WINDOWS))?;
    Some(())
}

pub(super) fn transform_sets<T: HasOffer>(target: &mut T, args: &mut Args<'_, '_>) -> Option<()> {
    let offer = target.offer_mut();
    offer.transform_sets.clear();
    if args.no {
        return Some(());
    }
    offer
        .transform_sets
        .push(args.name("a transform set's name")?);
    while let Some(name) = args.take() {
        offer.transform_sets.push(name.map(str::to_owned));
    }
    Some(())
}

pub(super) fn ikev2_profile<T: HasOffer>(target: &mut T, args: &mut Args<'_, '_>) -> Option<()> {
    let name = args.unless_no(|args| args.name("an IKEv2 profile's name"))?;
    target.offer_mut().ikev2_profile = name;
    Some(())
}

pub(super) fn isakmp_profile<T: HasOffer>(target: &mut T, args: &mut Args<'_, '_>) -> Option<()> {
    let name = args.unless_no(|args| args.name("an ISAKMP profile's name"))?;
    target.offer_mut().isakmp_profile = name;
    Some(())
}

pub(crate) const GROUPS: &[(&str, DhGroup)] = &[
    ("group1", DhGroup::Modp1),
    ("group2", DhGroup::Modp2),
    ("group5", DhGroup::Modp5),
    ("group14", DhGroup::Modp14),
    ("group15", DhGroup::Modp15),
    ("group16", DhGroup::Modp16),
    ("group19", DhGroup::Ecp19),
    ("group20", DhGroup::Ecp20),
    ("group21", DhGroup::Ecp21),
    ("group24", DhGroup::Modp24),
];

pub(super) fn pfs<T: HasOffer>(target: &mut T, args: &mut Args<'_, '_>) -> Option<()> {
    let offer = target.offer_mut();
    if args.no {
        offer.pfs = None;
        return Some(());
    }
    if args.is_empty() {
        offer.pfs = Some(Spanned::at(Pfs::ReleaseDefault, args.line));
        return Some(());
    }
    let group = args.choice("a Diffie-Hellman group", GROUPS)?;
    if group.is_weak() {
        args.cx.push(weak_algorithm(&group.value, group.span));
    }
    offer.pfs = Some(group.map(Pfs::Group));
    offer.pqc = args.flag_ahead("pqc");
    if offer.pqc.is_some() {
        args.leave_rest(NO_ML_KEM);
    }
    Some(())
}

/// An offer without an IKEv2 profile is IKEv1's. The label is on what uses it.
pub(crate) fn only_ikev1(offer: &Offer, used: &Spanned<String>, what: &str, cx: &mut Context<'_>) {
    let finding = Finding::warning(
        "not-obeyed",
        format!(
            "{what} `{}` is for IKEv1, which is not spoken here",
            used.value
        ),
    )
    .at(used.span, "has no `set ikev2-profile`")
    .help("set an IKEv2 profile");
    let isakmp = offer.isakmp_profile.as_ref().and_then(|name| name.span);
    cx.push(finding.beside(isakmp, "IKEv1's"));
}
