//! Certificates, and what protects against later quantum computers.

use super::Lowering;
use super::connection::Want;
use crate::config::Config;
use crate::config::profile::{Profile, Trustpoint};
use crossgate_diag::{Span, Spanned};
use crossgate_model::{Auth, Certificate, CertificateUse, PostQuantum};

pub(super) fn all(config: &Config) -> Vec<Certificate> {
    let certificates = config.pki.certificates.iter();
    certificates
        .map(|certificate| Certificate {
            name: certificate.trustpoint.clone(),
            der: certificate.der.clone(),
            is_authority: certificate.is_authority,
        })
        .collect()
}

impl<'c> Lowering<'c, '_, '_> {
    /// What the profile names. A trustpoint that a method by signature needs and that isn't there
    /// is undefined, be it named or not.
    pub(super) fn certificate_use(
        &mut self,
        profile: &Profile,
        [local, remote]: [&Auth; 2],
    ) -> CertificateUse {
        let names = |is_wanted: fn(&Trustpoint) -> bool| {
            let wanted = profile.trustpoints.iter().filter(move |t| is_wanted(t));
            wanted.map(|trustpoint| trustpoint.name.clone())
        };
        let defined = &self.config.pki.trustpoints;
        let signs = |auth: &Auth| !matches!(auth, Auth::Psk(_) | Auth::Eap);
        let mut undefined: Vec<Spanned<String>> = match signs(local) || signs(remote) {
            true => {
                let trustpoints = self.index.trustpoints.get_or_insert_with(|| {
                    let names = defined.iter().map(|name| name.value.as_str());
                    names.collect()
                });
                let is_undefined = |n: &Spanned<String>| !trustpoints.contains(n.value.as_str());
                names(|_| true).filter(is_undefined).collect()
            }
            false => Vec::new(),
        };
        // What comes of it without the certificate, a rule tells.
        for name in &undefined {
            let names = defined.iter().map(|name| name.value.as_str());
            self.tell_if_near("trustpoint", name, names);
        }
        let lacks = profile.trustpoints.is_empty() && defined.is_empty();
        if (signs(local) || signs(remote)) && lacks {
            let span = profile.local_auth.as_ref().and_then(|method| method.span);
            let value = "pki trustpoint".to_owned();
            undefined.push(Spanned { value, span });
        }
        CertificateUse {
            own: names(|trustpoint| trustpoint.signs).next(),
            trusted: names(|trustpoint| trustpoint.verifies).collect(),
            undefined,
        }
    }

    /// ML-KEM in what is offered, or a post-quantum key for the peer.
    pub(super) fn post_quantum(
        &mut self,
        profile: &'c Profile,
        want: &Want<'_>,
    ) -> Option<Spanned<PostQuantum>> {
        let config = self.config;
        let address = want.local.address.map(|address| address.value);
        let policy = self.index.policies(config).find(address);
        let names = policy.into_iter().flat_map(|policy| &policy.proposals);
        let mut proposals = names.filter_map(|name| self.index.find(&config.proposals, name));
        let ml_kem = proposals.find_map(|proposal| proposal.pqc).or(want.pqc);
        let at = |kind| move |span: Span| Spanned::at(kind, span);
        ml_kem
            .map(at(PostQuantum::MlKem))
            .or_else(|| self.ppk(profile, want).map(at(PostQuantum::Ppk)))
    }

    fn ppk(&mut self, profile: &'c Profile, want: &Want<'_>) -> Option<Span> {
        let config = self.config;
        let keyring = profile.keyring.as_ref();
        let keyring = keyring.and_then(|name| self.index.find(&config.keyrings, name));
        let peer = keyring.and_then(|keyring| self.index.peer(keyring, profile, &want.remote));
        profile.ppk.or(peer.and_then(|peer| peer.ppk))
    }
}
