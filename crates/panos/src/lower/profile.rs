//! IKE and IPsec crypto profiles.

use super::Scope;
use super::algorithm::{encr, group, integ, prf, prf_with_gcm};
use crate::set;
use crate::tree::{At, Tree};
use crossgate_crypto::{DhGroup, Encr, Integ, Prf};
use crossgate_diag::{Certainty, Finding, Span, Spanned};
use crossgate_model::{EspProposal, IkeProposal, Lifetime};
use std::sync::OnceLock;
use std::time::Duration;

const IKE_LIFETIME: Duration = Duration::from_secs(8 * 3600);
const IPSEC_LIFETIME: Duration = Duration::from_secs(3600);

pub struct IkeProfile {
    pub proposal: IkeProposal,
    pub lifetime: Spanned<Duration>,
}

pub struct IpsecProfile {
    pub proposal: EspProposal,
    pub pfs: Option<Spanned<DhGroup>>,
    pub lifetime: Lifetime,
}

/// A profile, and where to point if it is built in and stands nowhere.
struct Profile<'t> {
    at: At<'t>,
    reference: Option<Span>,
}

impl Profile<'_> {
    fn span(&self, at: At<'_>) -> Option<Span> {
        at.span().or(self.reference)
    }
}

/// The profile that `user` names at `path`; `default` where it names none.
fn find<'t>(
    scope: &mut Scope<'t>,
    user: At<'t>,
    path: &[&str],
    kind: &'static str,
) -> Option<Profile<'t>> {
    let said = user.value(path);
    let name = said.map_or("default", At::word);
    let section = ["network", "ike", "crypto-profiles", kind];
    let places = [scope.device, predefined()];
    let found = places
        .into_iter()
        .find_map(|place| place.path(&section)?.get(name));
    if let (None, Some(said)) = (found, said) {
        let what = match kind {
            "ike-crypto-profiles" => "IKE crypto profile",
            _ => "IPsec crypto profile",
        };
        let names = places.into_iter().flat_map(|place| place.below(&section));
        scope.tell_undefined(what, said, &section, names.map(At::word));
    }
    Some(Profile {
        at: found?,
        reference: said.unwrap_or(user).span(),
    })
}

/// What every PAN-OS has, read like any other configuration.
pub fn predefined() -> At<'static> {
    static TREE: OnceLock<Tree> = OnceLock::new();
    let tree = TREE.get_or_init(|| set::parse(include_str!("../predefined.set"), None).tree);
    let root = tree.root();
    root.below(&["devices"]).next().unwrap_or(root)
}

/// The IKE crypto profile of a gateway; `None` (and told) if there is none that can be offered.
pub fn ike<'t>(scope: &mut Scope<'t>, gateway: At<'t>) -> Option<IkeProfile> {
    let path = ["protocol", "ikev2", "ike-crypto-profile"];
    let profile = find(scope, gateway, &path, "ike-crypto-profiles")?;
    let encr = members(scope, &profile, &["encryption"], encr, encr_facts);
    let integ = members(scope, &profile, &["hash"], integ, integ_facts);
    let groups = members(scope, &profile, &["dh-group"], group, group_facts);
    let complete = expect_some(scope, &profile, "encryption", !encr.is_empty())
        & expect_some(scope, &profile, "dh-group", !groups.is_empty())
        & expect_integrity(scope, &profile, "hash", &encr, &integ);
    tell_of_hash_beside_gcm(scope, &profile, &encr, &integ);
    if let Some(multiple) = profile.at.value(&["authentication-multiple"])
        && multiple.word() != "0"
    {
        let note = Finding::note("not-obeyed", "`authentication-multiple` is not obeyed");
        scope.tell(note.at(
            multiple.span(),
            "the peer is not authenticated again by itself",
        ));
    }
    complete.then(|| IkeProfile {
        lifetime: lifetime(profile.at, IKE_LIFETIME),
        proposal: IkeProposal {
            name: Some(profile.at.name()),
            prf: prfs(profile.at, &encr, &groups),
            encr,
            integ,
            groups,
        },
    })
}

/// The vendor's documents disagree about it: one says that the commit fails, another's example has it.
fn tell_of_hash_beside_gcm(
    scope: &mut Scope<'_>,
    profile: &Profile<'_>,
    encr: &[Spanned<Encr>],
    integ: &[Spanned<Integ>],
) {
    let only_gcm = !encr.is_empty() && encr.iter().all(|encr| encr.is_aead());
    let Some(hash) = integ.first().filter(|_| only_gcm) else {
        return;
    };
    let title = "a `hash` other than `non-auth` stands beside nothing but GCM";
    let note = Finding::note("hash-beside-gcm", title)
        .at(hash.span.or(profile.reference), "taken for the PRF only")
        .noted("a vendor's page says that such a profile can't be committed, another shows one")
        .certain(Certainty::Undocumented)
        .help("say `hash non-auth`");
    scope.tell(note);
}

/// The PRF is the hash; with GCM, which has hash `non-auth`, it follows from the group.
fn prfs(profile: At<'_>, encr: &[Spanned<Encr>], groups: &[Spanned<DhGroup>]) -> Vec<Spanned<Prf>> {
    let hashes = profile.values(&["hash"]);
    let mut prfs: Vec<Spanned<Prf>> = hashes
        .filter_map(|at| prf(at.word()).map(|prf| at.spanned(prf)))
        .collect();
    if prfs.is_empty() && encr.iter().any(|encr| encr.is_aead()) {
        for group in groups {
            let prf = Spanned::default_of(prf_with_gcm(group.value));
            if !prfs.contains(&prf) {
                prfs.push(prf);
            }
        }
    }
    prfs
}

/// The IPsec crypto profile of a tunnel; `None` (and told) if there is none that can be offered.
pub fn ipsec<'t>(scope: &mut Scope<'t>, tunnel: At<'t>) -> Option<IpsecProfile> {
    let path = ["auto-key", "ipsec-crypto-profile"];
    let profile = find(scope, tunnel, &path, "ipsec-crypto-profiles")?;
    if let Some(ah) = profile.at.get("ah") {
        let error = Finding::error("unsupported-algorithm", "AH is not supported");
        scope.tell(error.at(ah.span(), "expected `esp`"));
        return None;
    }
    let encr = members(scope, &profile, &["esp", "encryption"], encr, encr_facts);
    let integ = members(
        scope,
        &profile,
        &["esp", "authentication"],
        integ,
        integ_facts,
    );
    let complete = expect_some(scope, &profile, "esp encryption", !encr.is_empty())
        & expect_integrity(scope, &profile, "esp authentication", &encr, &integ)
        & !is_refused(&profile, "dh-group");
    let pfs = pfs(scope, &profile);
    complete.then(|| IpsecProfile {
        pfs,
        lifetime: Lifetime {
            time: lifetime(profile.at, IPSEC_LIFETIME),
            kilobytes: kilobytes(profile.at),
            idle: None,
        },
        proposal: EspProposal {
            name: Some(profile.at.name()),
            encr,
            integ,
            esn: false,
        },
    })
}

fn pfs(scope: &mut Scope<'_>, profile: &Profile<'_>) -> Option<Spanned<DhGroup>> {
    if is_refused(profile, "dh-group") {
        return None;
    }
    let Some(said) = profile.at.value(&["dh-group"]) else {
        let warning = Finding::warning("weak-algorithm", "PFS is with group 2, which is weak")
            .at(profile.span(profile.at), "no `dh-group` here")
            .noted("PAN-OS's schema has `group2` where nothing is said")
            .certain(Certainty::Doc)
            .help("say `dh-group group14` or better, or `no-pfs`");
        scope.tell(warning);
        return Some(Spanned::default_of(DhGroup::Modp2));
    };
    let group = group(said.word())?;
    tell_algorithm(scope, profile, said, group_facts(group));
    Some(said.spanned(group))
}

fn lifetime(profile: At<'_>, default: Duration) -> Spanned<Duration> {
    let units = [
        ("seconds", 1),
        ("minutes", 60),
        ("hours", 3600),
        ("days", 86_400),
    ];
    let said = units.into_iter().find_map(|(unit, seconds)| {
        let count = profile.number::<u64>(&["lifetime", unit])?;
        Some(count.map(|count| Duration::from_secs(count * seconds)))
    });
    said.unwrap_or(Spanned::default_of(default))
}

fn kilobytes(profile: At<'_>) -> Option<Spanned<u64>> {
    let units = [("kb", 0), ("mb", 10), ("gb", 20), ("tb", 30)];
    units.into_iter().find_map(|(unit, shift)| {
        let count = profile.number::<u64>(&["lifesize", unit])?;
        Some(count.map(|count| count << shift))
    })
}

/// What there is to say about an algorithm that a profile offers.
struct Facts {
    weak: bool,
    usable: bool,
}

/// The algorithms of a list, in its order; what this program doesn't know is told and left out.
fn members<T: Copy>(
    scope: &mut Scope<'_>,
    profile: &Profile<'_>,
    path: &[&str],
    known: fn(&str) -> Option<T>,
    facts: fn(T) -> Facts,
) -> Vec<Spanned<T>> {
    let mut list = Vec::new();
    for at in profile.at.values(path) {
        match known(at.word()) {
            Some(algorithm) => {
                tell_algorithm(scope, profile, at, facts(algorithm));
                list.push(at.spanned(algorithm));
            }
            None if matches!(at.word(), "none" | "non-auth") => {}
            None => scope.tell(unsupported(profile, at)),
        }
    }
    list
}

fn tell_algorithm(scope: &mut Scope<'_>, profile: &Profile<'_>, at: At<'_>, facts: Facts) {
    if !facts.usable {
        scope.tell(unsupported(profile, at));
    } else if facts.weak {
        let title = format!("`{}` is weak", at.word());
        let warning = Finding::warning("weak-algorithm", title)
            .at(profile.span(at), "offered, and taken if the peer wants it")
            .noted("RFC 8247 and RFC 8221 say that it should not or must not be used")
            .certain(Certainty::Rfc);
        scope.tell(warning);
    }
}

fn unsupported(profile: &Profile<'_>, at: At<'_>) -> Finding {
    let title = format!("`{}` can't be used", at.word());
    Finding::warning("unsupported-algorithm", title).at(
        profile.span(at),
        "never agreed to: this program doesn't have it",
    )
}

fn expect_some(scope: &mut Scope<'_>, profile: &Profile<'_>, list: &str, is_there: bool) -> bool {
    if !is_there && !is_refused(profile, list) {
        let title = format!(
            "the crypto profile `{}` has no `{list}`",
            profile.at.shown()
        );
        let error = Finding::error("missing-value", title);
        scope.tell(error.at(
            profile.span(profile.at),
            "nothing can be offered without one",
        ));
    }
    is_there
}

fn is_refused(profile: &Profile<'_>, list: &str) -> bool {
    let path: Vec<&str> = list.split(' ').collect();
    profile.at.all_refused(&path)
}

/// Every cipher but GCM needs a hash to authenticate with.
fn expect_integrity(
    scope: &mut Scope<'_>,
    profile: &Profile<'_>,
    list: &str,
    encr: &[Spanned<Encr>],
    integ: &[Spanned<Integ>],
) -> bool {
    let Some(cipher) = encr.iter().find(|encr| !encr.is_aead()) else {
        return true;
    };
    if integ.is_empty() && !is_refused(profile, list) {
        let title = format!("{} needs an algorithm in `{list}`", cipher.value);
        let error = Finding::error("missing-value", title).at(
            cipher.span.or(profile.reference),
            "encrypts without authenticating",
        );
        scope.tell(error);
    }
    !integ.is_empty()
}

fn encr_facts(encr: Encr) -> Facts {
    Facts {
        weak: encr.is_weak(),
        usable: encr.usable(),
    }
}

fn integ_facts(integ: Integ) -> Facts {
    Facts {
        weak: integ.is_weak(),
        usable: integ.usable(),
    }
}

fn group_facts(group: DhGroup) -> Facts {
    Facts {
        weak: group.is_weak(),
        usable: group.usable(),
    }
}
