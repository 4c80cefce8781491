//! From an offer to Childs.

use super::{Lowering, certain};
use crate::behaviour::{self, Release};
use crate::config::oversize::OversizeSettings;
use crate::config::sa::{Offer, Pfs};
use crate::config::transform::TransformSet;
use crossgate_crypto::DhGroup;
use crossgate_diag::{Certainty, Finding, Spanned};
use crossgate_model::behaviour::ResponderSelectors;
use crossgate_model::{Child, Claim, EspProposal, Lifetime, Oversize, SelectorPair};

/// What depends on the release only.
#[derive(Clone, Copy)]
pub(super) struct Defaults {
    pub release: Release,
}

/// What Childs belong to.
pub(super) struct Carrier {
    /// Of the tunnel; Childs are called after it.
    pub name: Spanned<String>,
    pub interface: Option<Spanned<String>>,
    pub enabled: Spanned<bool>,
    pub oversize: Oversize,
}

impl Lowering<'_, '_, '_> {
    /// One Child for each pair, all of one offer.
    pub(super) fn children(
        &mut self,
        carrier: &Carrier,
        offer: &Offer,
        pairs: Vec<Spanned<SelectorPair>>,
        responder_selectors: Claim<ResponderSelectors>,
    ) -> Vec<Child> {
        let proposals = self.esp_proposals(offer, carrier);
        let pfs = self.pfs(offer);
        let lifetime = self.lifetime(offer);
        let stated = offer.sa.replay_window.or(self.config.sa.replay_window);
        let default = Spanned::default_of(behaviour::REPLAY_WINDOW.value);
        let several = pairs.len() > 1;
        let child = |(index, selectors)| Child {
            name: carrier.name.clone().map(|name| match several {
                true => format!("{name}:{}", index + 1),
                false => name,
            }),
            tunnel: carrier.name.clone(),
            tunnel_interface: carrier.interface.clone(),
            selectors,
            responder_selectors,
            proposals: proposals.clone(),
            pfs,
            lifetime: lifetime.clone(),
            replay_window: stated.unwrap_or(default),
            oversize: carrier.oversize,
            enabled: carrier.enabled,
        };
        pairs.into_iter().enumerate().map(child).collect()
    }

    /// An interface's own word comes before the global one.
    pub(super) fn oversize(&self, own: &OversizeSettings) -> Oversize {
        let (global, default) = (&self.config.oversize, Oversize::default());
        let fragmentation = own.fragmentation.or(global.fragmentation);
        Oversize {
            outer_df: own.df_bit.or(global.df_bit).unwrap_or(default.outer_df),
            fragmentation: fragmentation.unwrap_or(default.fragmentation),
        }
    }

    fn esp_proposals(&mut self, offer: &Offer, carrier: &Carrier) -> Vec<EspProposal> {
        if offer.transform_sets.is_empty() {
            return vec![self.default_transform(carrier)];
        }
        let names = offer.transform_sets.iter();
        names.filter_map(|name| self.esp_proposal(name)).collect()
    }

    fn default_transform(&mut self, carrier: &Carrier) -> EspProposal {
        let claim = behaviour::DEFAULT_TRANSFORM;
        let (encr, integ) = claim.value;
        let finding = Finding::note(
            "default-transform-set",
            format!(
                "{} names no transform set: {encr} with {integ} is offered",
                carrier.name.value
            ),
        )
        .at(
            carrier.name.span,
            "what protects it has no `set transform-set`",
        );
        self.cx
            .push(certain(finding, claim.certainty, claim.source));
        EspProposal {
            name: None,
            encr: vec![Spanned::default_of(encr)],
            integ: vec![Spanned::default_of(integ)],
            esn: false,
        }
    }

    fn esp_proposal(&mut self, name: &Spanned<String>) -> Option<EspProposal> {
        // Predefined, unless the file changes it.
        let sets = &self.config.transform_sets;
        if name.value == "default" && self.index.find(sets, name).is_none() {
            let (encr, integ) = behaviour::DEFAULT_TRANSFORM.value;
            return Some(EspProposal {
                name: Some(name.clone()),
                encr: vec![Spanned::default_of(encr)],
                integ: vec![Spanned::default_of(integ)],
                esn: false,
            });
        }
        let set = self.named(sets, name)?;
        self.usable(set, name)?;
        Some(EspProposal {
            name: Some(set.name.clone()),
            encr: set.encr.into_iter().collect(),
            integ: set.integ.into_iter().collect(),
            esn: set.esn,
        })
    }

    /// Encryption, and integrity by itself or beside it.
    fn usable(&mut self, set: &TransformSet, used: &Spanned<String>) -> Option<()> {
        let lacks = match set.encr {
            None => "encryption",
            Some(encr) if !encr.is_aead() && set.integ.is_none() => "integrity",
            Some(_) => return Some(()),
        };
        self.cx.push(
            Finding::error(
                "incomplete-transform-set",
                format!("transform set `{}` has no {lacks}", set.name.value),
            )
            .at(set.name.span, "not offered")
            .beside(used.span, "named here"),
        );
        None
    }

    fn pfs(&mut self, offer: &Offer) -> Option<Spanned<DhGroup>> {
        let pfs = offer.pfs?;
        let group = match pfs.value {
            Pfs::Group(group) => Some(group),
            Pfs::ReleaseDefault => behaviour::bare_pfs(self.defaults.release).value,
        };
        if group.is_none() {
            self.cx.push(
                Finding::error("missing-value", "`set pfs` needs a group in this release")
                    .at(pfs.span, "the group is missing")
                    .certain(Certainty::Doc),
            );
        }
        Some(Spanned {
            value: group?,
            span: pfs.span,
        })
    }

    /// Of the profile or map entry, else of all, else of the release.
    fn lifetime(&self, offer: &Offer) -> Lifetime {
        let all = &self.config.sa;
        let time = offer.sa.seconds.or(all.seconds);
        let default = Spanned::default_of(behaviour::CHILD_LIFETIME.value);
        let stated = offer.sa.kilobytes.or(all.kilobytes);
        let kilobytes = match stated {
            Some(Spanned { value, span }) => value.map(|value| Spanned { value, span }),
            None => behaviour::child_kilobytes(self.defaults.release)
                .value
                .map(Spanned::default_of),
        };
        Lifetime {
            time: time.unwrap_or(default),
            kilobytes,
            idle: offer.sa.idle.or(all.idle),
        }
    }
}
