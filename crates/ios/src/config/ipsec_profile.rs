//! `crypto ipsec profile`: the offer of a tunnel interface.

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
    aside("description", "descriptions"),
    set("set transform-set", sa::transform_sets),
    set("set ikev2-profile", sa::ikev2_profile),
    set("set isakmp-profile", sa::isakmp_profile),
    set("set pfs", sa::pfs),
    set("set security-association lifetime", sa::lifetime),
    set("set security-association idle-time", sa::idle),
    set("set security-association replay", sa::replay),
    set("responder-only", responder_only),
    lacking("set security-association ecn", "ECN bits go by RFC 6040"),
    lacking(
        "set security-association dummy",
        "no dummy packets are sent",
    ),
    lacking("set security-association level", "one SA serves one entry"),
    lacking("set security-association dfbit", "the tunnel's MTU decides"),
    lacking("set security-policy", "the file's entries are the limit"),
    lacking("set mixed-mode", "a tunnel carries what its mode says"),
    lacking("set reverse-route", "routes come from the file only"),
    lacking("reverse-route", "routes come from the file only"),
    lacking("set identity", "any identity that the IKEv2 profile takes"),
    lacking("redundancy", "there is no standby to share SAs with"),
];

pub(super) fn open(config: &mut Config, args: &mut Args<'_, '_>, lines: &[Line]) -> Option<()> {
    let name = args.name("the profile's name")?;
    if args.no {
        remove(&mut config.ipsec_profiles, &name);
        return Some(());
    }
    let profile = entry(&mut config.ipsec_profiles, name)?;
    run(Mode::IpsecProfile, TABLE, lines, profile, args.cx);
    Some(())
}

fn responder_only(profile: &mut IpsecProfile, args: &mut Args<'_, '_>) -> Option<()> {
    profile.responder_only = switch(args.no, args.line);
    Some(())
}
