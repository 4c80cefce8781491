//! Certificates, the profiles that say whom to believe, and which gateway uses which.

use super::Scope;
use crate::tree::At;
use crossgate_crypto::pem;
use crossgate_diag::{Finding, Spanned};
use crossgate_model::{Certificate, CertificateUse};

/// Sections that may hold certificates and certificate profiles: the virtual systems', then the
/// shared one.
fn sections<'t>(scope: &Scope<'t>) -> Vec<At<'t>> {
    let systems = scope.systems();
    systems.chain(scope.root.get("shared")).collect()
}

pub fn certificates(scope: &mut Scope<'_>) -> Vec<Certificate> {
    let sections = sections(scope);
    let is_trusted = |name: &str| {
        let mut profiles = sections
            .iter()
            .flat_map(|s| s.below(&["certificate-profile"]));
        profiles.any(|profile| profile.path(&["CA", name]).is_some())
    };
    let mut certificates = Vec::new();
    for at in sections.iter().flat_map(|s| s.below(&["certificate"])) {
        let Some(text) = at.value(&["public-key"]) else {
            continue;
        };
        let Some(der) = pem::decode(text.word()) else {
            let title = format!("the certificate `{}` can't be read", at.shown());
            let error = Finding::error("invalid-value", title);
            scope.tell(error.at(text.span(), "expected PEM, from BEGIN to END CERTIFICATE"));
            continue;
        };
        certificates.push(Certificate {
            name: at.name(),
            der,
            is_authority: at.is_yes(&["ca"]) || is_trusted(at.word()),
        });
    }
    certificates
}

/// What a gateway shows and whom it believes. What it lacks goes by the name that it has for it, or
/// else by that of the element.
pub fn used_by(scope: &Scope<'_>, gateway: At<'_>) -> CertificateUse {
    let Some(section) = gateway.path(&["authentication", "certificate"]) else {
        return CertificateUse::default();
    };
    let sections = sections(scope);
    let missing = |element: &str| section.spanned(element.to_owned());
    let is_held = |name: &str| {
        let mut held = sections.iter();
        held.any(|s| s.path(&["certificate", name]).is_some())
    };
    let own = section.value(&["local-certificate", "name"]);
    let mut uses = CertificateUse {
        own: own.map(At::name),
        ..CertificateUse::default()
    };
    match &uses.own {
        Some(own) if is_held(own) => {}
        Some(own) => uses.undefined.push(own.clone()),
        None => uses.undefined.push(missing("local-certificate")),
    }
    let said = section.value(&["certificate-profile"]);
    let profile = said.and_then(|said| {
        let mut profiles = sections.iter();
        profiles.find_map(|s| s.path(&["certificate-profile", said.word()]))
    });
    match (profile, said) {
        (Some(profile), _) => {
            let authorities = profile.below(&["CA"]).map(At::name);
            uses.trusted = authorities.collect();
            let unknown = uses.trusted.iter().filter(|name| !is_held(name));
            let unknown: Vec<Spanned<String>> = unknown.cloned().collect();
            uses.undefined.extend(unknown);
        }
        (None, Some(said)) => uses.undefined.push(said.name()),
        (None, None) => uses.undefined.push(missing("certificate-profile")),
    }
    uses
}
