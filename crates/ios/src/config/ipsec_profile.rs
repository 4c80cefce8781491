//! `crypto ipsec profile`: the offer of a tunnel interface.

use super::reasons::{ANY_IDENTITY, DESCRIPTIONS, ECN, NO_DUMMIES, ONE_SA, STATIC_ROUTES};
use super::sa::{self, HasOffer, Offer};
use super::{Config, Named, entry, remove, switch};
use crate::grammar::{Args, Mode, Rule, aside, lacking, run, set};
use crate::tree::Line;
use crossgate_diag::Spanned;

#[derive(Clone, Debug)]
pub struct IpsecProfile {
    pub name: Spanned<String>,
    pub offer: Offer,
    /// Never to start an IKE SA.
    pub responder_only: Spanned<bool>,
}

impl Named for IpsecProfile {
    const WHAT: &'static str = "IPsec profile";

    fn new(name: Spanned<String>) -> Self {
        Self {
            name,
            offer: Offer::default(),
            responder_only: Spanned::default_of(false),
        }
    }

    fn name(&self) -> &Spanned<String> {
        &self.name
    }
}

impl HasOffer for IpsecProfile {
    fn offer_mut(&mut self) -> &mut Offer {
        &mut self.offer
    }
}

pub(crate) static TABLE: &[Rule<IpsecProfile>] = &[
    aside("description", DESCRIPTIONS),
    set("set transform-set", sa::transform_sets),
    set("set ikev2-profile", sa::ikev2_profile),
    set("set isakmp-profile", sa::isakmp_profile),
    set("set pfs", sa::pfs),
    set("set security-association lifetime", sa::lifetime),
    set("set security-association idle-time", sa::idle),
    set("set security-association replay", sa::replay),
    set("responder-only", responder_only),
    lacking("set security-association ecn", ECN),
    lacking("set security-association dummy", NO_DUMMIES),
    lacking("set security-association level", ONE_SA),
    lacking("set security-association dfbit", "the tunnel's MTU decides"),
    lacking("set security-policy", "the file's entries are the limit"),
    lacking("set mixed-mode", "a tunnel carries what its mode says"),
    lacking("set reverse-route", STATIC_ROUTES),
    lacking("reverse-route", STATIC_ROUTES),
    lacking("set identity", ANY_IDENTITY),
    lacking("redundancy", "there is no standby to share SAs with"),
];

pub(super) fn open(config: &mut Config, args: &mut Args<'_, '_>, lines: &[Line]) -> Option<()> {
    let name = args.name("the profile's name")?;
    if args.no {
        remove(&mut config.ipsec_profiles, &name, args.cx);
        return Some(());
    }
    let profile = entry(&mut config.ipsec_profiles, name, args.cx)?;
    run(Mode::IpsecProfile, TABLE, lines, profile, args.cx);
    Some(())
}

fn responder_only(profile: &mut IpsecProfile, args: &mut Args<'_, '_>) -> Option<()> {
    profile.responder_only = switch(args.no, args.line);
    Some(())
}
