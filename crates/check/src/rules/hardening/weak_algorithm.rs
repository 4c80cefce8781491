//! An offer has an algorithm that its standard says not to use.

use super::standard::{Algorithm, For, Objection, fallback, name, objection};
use crate::pairing;
use crate::rule::{Found, Judge, One, Party, Profile, Rule};
use crossgate_crypto::{DhGroup, Encr, Integ, Prf};
use crossgate_diag::{Certainty, Finding, Span, Spanned};
use crossgate_model::{Change, Child, Connection, End, EspProposal, IkeProposal};
use std::collections::{BTreeMap, BTreeSet};

pub const RULE: Rule = Rule {
    code: "weak-algorithm",
    page: include_str!("weak_algorithm.md"),
    judge: Judge::One(judge),
};

/// An algorithm that should not be offered.
#[derive(Clone, Copy)]
struct Weak {
    algorithm: Algorithm,
    /// Its word, or what stands for a word that isn't there.
    span: Option<Span>,
    objection: Objection,
}

/// What one tunnel, or one connection, offers that is weak.
struct Offer<'a> {
    protocol: &'static str,
    of: &'a str,
    weak: Vec<Weak>,
    /// Where the other end's file is known.
    cure: Option<(String, Vec<(End, Change)>)>,
}

fn judge(one: &One<'_>, found: &mut Vec<Found>) {
    let connections = one.side.gateway.connections.iter();
    let connections = connections.filter(|connection| one.is_of_concern(connection));
    let mut offers: Vec<Offer<'_>> = connections.flat_map(|c| offers(one, c)).collect();
    // What several share is told of the one that can be cured here.
    offers.sort_by_key(|offer| offer.cure.is_none());
    for sharing in by_place(offers) {
        found.extend(told(one.options.profile, &sharing));
    }
}

fn offers<'a>(one: &One<'a>, connection: &'a Connection) -> Vec<Offer<'a>> {
    let partner = one.partner(connection);
    let ike = ike(one, connection, partner);
    ike.into_iter()
        .chain(esp(one, connection, partner))
        .collect()
}

/// Those together that have no line of their own, after the first of them.
fn by_place(offers: Vec<Offer<'_>>) -> Vec<Vec<Offer<'_>>> {
    let mut all: Vec<Vec<Offer<'_>>> = Vec::new();
    let mut places: BTreeMap<Span, usize> = BTreeMap::new();
    for offer in offers {
        let spans: Vec<Span> = offer.weak.iter().filter_map(|weak| weak.span).collect();
        let is_known = spans.iter().all(|span| places.contains_key(span));
        let known = spans.first().filter(|_| is_known);
        let known = known.and_then(|span| places.get(span)).copied();
        match known.and_then(|at| all.get_mut(at)) {
            Some(sharing) => sharing.push(offer),
            None => {
                for span in spans {
                    places.entry(span).or_insert(all.len());
                }
                all.push(vec![offer]);
            }
        }
    }
    all
}

/// The first of those that share an offer, with the names of the others.
fn told(profile: Profile, sharing: &[Offer<'_>]) -> Option<Found> {
    let offer = sharing.first()?;
    let names: BTreeSet<&str> = sharing.iter().map(|other| other.of).collect();
    let others: Vec<String> = names
        .into_iter()
        .filter(|name| *name != offer.of)
        .map(|name| format!("`{name}`"))
        .collect();
    let finding = finding(profile, offer, &others);
    let Some((text, changes)) = &offer.cure else {
        return Some(Found::harmless(told_alone(finding, profile)));
    };
    let text = match others.is_empty() {
        true => text.clone(),
        false => format!("{text} of `{}`", offer.of),
    };
    Some(Found::harmless(finding).cure(text, changes.clone()))
}

/// What is weak at this end and at the other; nothing where the other end tells of it.
fn of_both(one: &One<'_>, ours: Vec<Weak>, theirs: Vec<Weak>) -> Option<Vec<Weak>> {
    let tells = !ours.is_empty() && (one.end == End::First || theirs.is_empty());
    tells.then(|| [ours, theirs].concat())
}

fn ike<'a>(
    one: &One<'_>,
    connection: &'a Connection,
    partner: Option<Party<'_>>,
) -> Option<Offer<'a>> {
    let profile = one.options.profile;
    let theirs = partner.map(|party| ike_weak(profile, party.connection));
    let ours = ike_weak(profile, connection);
    let weak = of_both(one, ours, theirs.unwrap_or_default())?;
    let cure = partner.map(|partner| {
        let suite = Suite::for_ike(profile, connection, partner.connection);
        let ends = [(one.end, connection), (partner.end, partner.connection)].into_iter();
        let others = ends.filter(|(_, connection)| !suite.is_offered_for_ike(connection));
        let changes = others.map(|(end, connection)| (end, suite.ike_change(connection)));
        let text = format!("offer only {} at both ends", suite.ike_words());
        (text, changes.collect())
    });
    Some(Offer {
        protocol: "IKE",
        of: &connection.name.value,
        weak,
        cure,
    })
}

fn ike_weak(profile: Profile, connection: &Connection) -> Vec<Weak> {
    let offers = connection.proposals.iter();
    let all = offers.flat_map(|offer| {
        let place = offer.name.as_ref().and_then(|name| name.span);
        let place = place.or(connection.name.span);
        let each = |(algorithm, span): (Algorithm, Option<Span>)| (algorithm, span.or(place));
        ike_algorithms(offer)
            .into_iter()
            .map(each)
            .collect::<Vec<_>>()
    });
    weak(profile, For::Ike, all)
}

fn ike_algorithms(offer: &IkeProposal) -> Vec<(Algorithm, Option<Span>)> {
    let encr = offer
        .encr
        .iter()
        .map(|x| (Algorithm::Encr(x.value), x.span));
    let integ = offer
        .integ
        .iter()
        .map(|x| (Algorithm::Integ(x.value), x.span));
    let prf = offer.prf.iter().map(|x| (Algorithm::Prf(x.value), x.span));
    let groups = offer
        .groups
        .iter()
        .map(|x| (Algorithm::Group(x.value), x.span));
    encr.chain(integ).chain(prf).chain(groups).collect()
}

/// One for each Child of the connection; those of a tunnel share it.
fn esp<'a>(
    one: &One<'_>,
    connection: &'a Connection,
    partner: Option<Party<'_>>,
) -> Vec<Offer<'a>> {
    let pairs = partner.map(|party| pairing::children(connection, party.connection));
    let pairs = pairs.unwrap_or_default();
    let mut all = Vec::new();
    for child in connection
        .children
        .iter()
        .filter(|child| child.enabled.value)
    {
        let mut pairs = pairs.iter();
        let other = pairs.find(|[ours, _]| ours.name.value == child.name.value);
        let other = other.map(|[_, theirs]| *theirs).zip(partner);
        all.extend(of_child(one, child, other));
    }
    all
}

fn of_child<'a>(
    one: &One<'_>,
    child: &'a Child,
    other: Option<(&Child, Party<'_>)>,
) -> Option<Offer<'a>> {
    let profile = one.options.profile;
    let theirs = other.map(|(theirs, _)| esp_weak(profile, theirs));
    let weak = of_both(one, esp_weak(profile, child), theirs.unwrap_or_default())?;
    let cure = other.map(|(theirs, partner)| {
        let suite = Suite::for_esp(profile, child, theirs);
        suite.esp_cure(&weak, [(one.end, child), (partner.end, theirs)])
    });
    Some(Offer {
        protocol: "ESP",
        of: &child.tunnel.value,
        weak,
        cure,
    })
}

fn esp_weak(profile: Profile, child: &Child) -> Vec<Weak> {
    let place = |offer: &EspProposal| {
        let named = offer.name.as_ref().and_then(|name| name.span);
        named.or(child.name.span)
    };
    let mut all = Vec::new();
    for offer in &child.proposals {
        let encr = offer
            .encr
            .iter()
            .map(|x| (Algorithm::Encr(x.value), x.span));
        let integ = offer
            .integ
            .iter()
            .map(|x| (Algorithm::Integ(x.value), x.span));
        let place = place(offer);
        all.extend(
            encr.chain(integ)
                .map(|(algorithm, span)| (algorithm, span.or(place))),
        );
    }
    let anywhere = child.proposals.first().map_or(child.name.span, place);
    let pfs = child
        .pfs
        .map(|pfs| (Algorithm::Group(pfs.value), pfs.span.or(anywhere)));
    weak(profile, For::Esp, all.into_iter().chain(pfs))
}

fn weak(
    profile: Profile,
    to: For,
    all: impl IntoIterator<Item = (Algorithm, Option<Span>)>,
) -> Vec<Weak> {
    let each = all.into_iter().filter_map(|(algorithm, span)| {
        let objection = objection(profile, to, algorithm)?;
        Some(Weak {
            algorithm,
            span,
            objection,
        })
    });
    each.collect()
}

/// So many others that share an offer are named.
const NAMED: usize = 8;

fn finding(profile: Profile, offer: &Offer<'_>, others: &[String]) -> Finding {
    let (protocol, weak) = (offer.protocol, &offer.weak);
    let of = match others.len() {
        0 => format!("`{}`", offer.of),
        1..=NAMED => format!("`{}`, like {},", offer.of, others.join(", ")),
        many => format!("`{}`, like {many} others,", offer.of),
    };
    let mut names: Vec<&str> = Vec::new();
    for name in weak.iter().map(|weak| weak.algorithm.name()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let names = names.join(", ");
    let title = match name(profile) {
        None => format!("{of} offers weak algorithms for {protocol}: {names}"),
        Some(standard) => {
            format!("{of} offers algorithms for {protocol} that {standard} does not allow: {names}")
        }
    };
    let least_sure = weak.iter().map(|weak| weak.objection.certainty).max();
    let mut finding = Finding::warning(RULE.code, title);
    // One word may stand for two algorithms: a hash, and the PRF that follows it.
    let mut places: Vec<(Option<Span>, String)> = Vec::new();
    for weak in weak {
        let text = format!("{}: {}", weak.algorithm.name(), weak.objection.why);
        match places.iter_mut().find(|(span, _)| *span == weak.span) {
            Some((_, known)) if known.contains(&text) => {}
            Some((_, known)) => *known = format!("{known}; {text}"),
            None => places.push((weak.span, text)),
        }
    }
    for (span, text) in places {
        finding = finding.at(span, text);
    }
    finding
        .when("whenever the peer chooses it")
        .certain(least_sure.unwrap_or(Certainty::Rfc))
}

/// Without the peer's file, nobody knows what it would take instead.
fn told_alone(finding: Finding, profile: Profile) -> Finding {
    let (encr, integ, group) = fallback(profile);
    finding.help(format!(
        "offer {encr}, {integ} and {group}, or what the peer has of that strength, at both ends"
    ))
}

/// What to offer instead.
struct Suite {
    encr: Encr,
    integ: Option<Integ>,
    prf: Prf,
    group: DhGroup,
}

impl Suite {
    fn for_ike(profile: Profile, a: &Connection, b: &Connection) -> Self {
        let encr = |c: &Connection| values(c.proposals.iter().flat_map(|p| &p.encr));
        let integ = |c: &Connection| values(c.proposals.iter().flat_map(|p| &p.integ));
        let groups = |c: &Connection| values(c.proposals.iter().flat_map(|p| &p.groups));
        Self::of(
            profile,
            For::Ike,
            (encr(a), encr(b)),
            (integ(a), integ(b)),
            (groups(a), groups(b)),
        )
    }

    fn for_esp(profile: Profile, a: &Child, b: &Child) -> Self {
        let encr = |c: &Child| values(c.proposals.iter().flat_map(|p| &p.encr));
        let integ = |c: &Child| values(c.proposals.iter().flat_map(|p| &p.integ));
        let group = |c: &Child| values(c.pfs.iter());
        Self::of(
            profile,
            For::Esp,
            (encr(a), encr(b)),
            (integ(a), integ(b)),
            (group(a), group(b)),
        )
    }

    /// Of each kind, the first good one that both ends have already; else the standard's.
    fn of(
        profile: Profile,
        to: For,
        encr: (Vec<Encr>, Vec<Encr>),
        integ: (Vec<Integ>, Vec<Integ>),
        groups: (Vec<DhGroup>, Vec<DhGroup>),
    ) -> Self {
        let good = |algorithm| objection(profile, to, algorithm).is_none();
        let (other_encr, other_integ, other_group) = fallback(profile);
        let encr = common(encr, |encr| good(Algorithm::Encr(encr))).unwrap_or(other_encr);
        let integ = common(integ, |integ| good(Algorithm::Integ(integ))).unwrap_or(other_integ);
        let group = common(groups, |group| good(Algorithm::Group(group))).unwrap_or(other_group);
        let integ = (!encr.is_aead()).then_some(integ);
        let alike = prf(integ, group);
        let fits = good(Algorithm::Prf(alike));
        let prf = if fits { alike } else { Prf::HmacSha384 };
        Self {
            encr,
            integ,
            prf,
            group,
        }
    }

    fn words(&self) -> String {
        match self.integ {
            Some(integ) => format!("{} with {integ}", self.encr),
            None => self.encr.to_string(),
        }
    }

    fn ike_words(&self) -> String {
        format!("{}, {} and {}", self.words(), self.prf, self.group)
    }

    /// Whether a connection offers this already, and nothing else.
    fn is_offered_for_ike(&self, connection: &Connection) -> bool {
        let [offer] = connection.proposals.as_slice() else {
            return false;
        };
        is_only(&offer.encr, Some(self.encr))
            && is_only(&offer.integ, self.integ)
            && is_only(&offer.prf, Some(self.prf))
            && is_only(&offer.groups, Some(self.group))
    }

    fn is_offered_for_esp(&self, child: &Child) -> bool {
        let [offer] = child.proposals.as_slice() else {
            return false;
        };
        is_only(&offer.encr, Some(self.encr)) && is_only(&offer.integ, self.integ)
    }

    fn ike_change(&self, connection: &Connection) -> Change {
        Change::IkeSuite {
            connection: connection.name.value.clone(),
            encr: self.encr,
            integ: self.integ,
            prf: self.prf,
            group: self.group,
        }
    }

    /// Of both ends' Childs, what is weak in one of them.
    fn esp_cure(&self, weak: &[Weak], ends: [(End, &Child); 2]) -> (String, Vec<(End, Change)>) {
        let is_group = |weak: &Weak| matches!(weak.algorithm, Algorithm::Group(_));
        let mut changes = Vec::new();
        for (end, child) in ends {
            if !weak.iter().all(is_group) && !self.is_offered_for_esp(child) {
                changes.push((end, self.esp_change(child)));
            }
            let pfs = child.pfs.map(|pfs| pfs.value);
            if weak.iter().any(is_group) && pfs != Some(self.group) {
                changes.push((end, self.pfs_change(child)));
            }
        }
        let text = match weak.iter().any(is_group) {
            true => format!(
                "offer only {}, and PFS with {}, at both ends",
                self.words(),
                self.group
            ),
            false => format!("offer only {} at both ends", self.words()),
        };
        (text, changes)
    }

    fn esp_change(&self, child: &Child) -> Change {
        Change::EspSuite {
            child: child.name.value.clone(),
            encr: self.encr,
            integ: self.integ,
        }
    }

    fn pfs_change(&self, child: &Child) -> Change {
        Change::Pfs {
            child: child.name.value.clone(),
            group: Some(self.group),
        }
    }
}

/// The hash of the integrity algorithm; with AEAD, one of the strength of the group.
fn prf(integ: Option<Integ>, group: DhGroup) -> Prf {
    match (integ, group) {
        (Some(Integ::HmacSha512_256), _) | (None, DhGroup::Ecp21) => Prf::HmacSha512,
        (Some(Integ::HmacSha384_192), _) | (None, DhGroup::Ecp20) => Prf::HmacSha384,
        (Some(Integ::HmacSha1_96), _) => Prf::HmacSha1,
        _ => Prf::HmacSha256,
    }
}

fn values<'a, T: Copy + 'a>(list: impl Iterator<Item = &'a Spanned<T>>) -> Vec<T> {
    list.map(|spanned| spanned.value).collect()
}

fn is_only<T: Copy + PartialEq>(list: &[Spanned<T>], wanted: Option<T>) -> bool {
    let mut values = list.iter().map(|spanned| spanned.value);
    values.next() == wanted && values.next().is_none()
}

fn common<T: Copy + PartialEq>((a, b): (Vec<T>, Vec<T>), good: impl Fn(T) -> bool) -> Option<T> {
    a.into_iter().find(|x| b.contains(x) && good(*x))
}
