//! `crypto ikev2 …` without a name: what holds for all peers.

use super::Config;
use super::profile::{Dpd, dpd_values};
use crate::grammar::Args;
use crossgate_diag::Spanned;
use std::time::Duration;

#[derive(Clone, Debug, Default)]
pub struct Ikev2Globals {
    pub dpd: Option<Spanned<Dpd>>,
    /// Largest IKE message in an IP packet, in octets.
    pub fragmentation: Option<Spanned<u16>>,
    pub max_negotiating: Option<Spanned<u32>>,
    pub max_sas: Option<Spanned<u32>>,
    pub cookie_threshold: Option<Spanned<u32>>,
    pub nat_keepalive: Option<Spanned<Duration>>,
}

/// Without a size.
const FRAGMENTATION_DEFAULT: u16 = 576;

pub(super) fn dpd(config: &mut Config, args: &mut Args<'_, '_>) -> Option<()> {
    config.ikev2.dpd = args.unless_no(dpd_values)?;
    Some(())
}

pub(super) fn fragmentation(config: &mut Config, args: &mut Args<'_, '_>) -> Option<()> {
    if args.no {
        config.ikev2.fragmentation = None;
        return Some(());
    }
    let mut size = Spanned::at(FRAGMENTATION_DEFAULT, args.line);
    if args.flag("mtu").is_some() {
        size = args.number("octets", 68..=1500)?.map(|n| n as u16);
    }
    config.ikev2.fragmentation = Some(size);
    Some(())
}

#[derive(Clone, Copy)]
enum Limit {
    Negotiating,
    Sas,
    Queue,
}

pub(super) fn keepalive_seconds(args: &mut Args<'_, '_>) -> Option<Spanned<Duration>> {
    Some(args.number("seconds", 5..=3600)?.map(Duration::from_secs))
}

/// Cisco spells the first one without its third syllable; both are read.
const LIMITS: &[(&str, Limit)] = &[
    ("max-in-negotation-sa", Limit::Negotiating),
    ("max-in-negotiation-sa", Limit::Negotiating),
    ("max-sa", Limit::Sas),
    ("queue-limit", Limit::Queue),
];

pub(super) fn limit(config: &mut Config, args: &mut Args<'_, '_>) -> Option<()> {
    let which = args.choice("a limit", LIMITS)?;
    if let Limit::Queue = which.value {
        args.leave_rest("the queue has a bound of its own");
        return Some(());
    }
    let number = args.unless_no(|args| args.number("IKE SAs", 1..=60_000))?;
    let number = number.map(|number| number.map(|n| n as u32));
    if args.flag_ahead("outgoing").is_some() {
        args.leave_rest("our own IKE SAs are as many as the file asks for");
        return Some(());
    }
    args.flag("incoming");
    match which.value {
        Limit::Negotiating => config.ikev2.max_negotiating = number,
        _ => config.ikev2.max_sas = number,
    }
    Some(())
}

pub(super) fn cookie(config: &mut Config, args: &mut Args<'_, '_>) -> Option<()> {
    let number = args.unless_no(|args| args.number("half-open IKE SAs", 0..=1000))?;
    config.ikev2.cookie_threshold = number.map(|number| number.map(|n| n as u32));
    Some(())
}

pub(super) fn nat_keepalive(config: &mut Config, args: &mut Args<'_, '_>) -> Option<()> {
    config.ikev2.nat_keepalive = args.unless_no(keepalive_seconds)?;
    Some(())
}
