//! One end wants PFS, the other doesn't, or another group.

use crate::agreement::rekey::{Aging, Window, aging, believed, pfs_words, takes_group};
use crate::agreement::start::{self, Aspect};
use crate::agreement::strength;
use crate::rule::{Effect, Found, Judge, Pair, Party, Rule};
use crate::words::seconds;
use crossgate_diag::{Certainty, Finding};
use crossgate_model::event::{EventKind, Side as By};
use crossgate_model::{Change, Child};
use std::time::Duration;

pub const RULE: Rule = Rule {
    code: "pfs-one-sided",
    page: include_str!("pfs_one_sided.md"),
    judge: Judge::Pair(judge),
};

fn judge(pair: &Pair<'_>, found: &mut Vec<Found>) {
    let mut told: Vec<[&String; 2]> = Vec::new();
    for &[ours, theirs] in pair.children() {
        let group = |child: &Child| child.pfs.map(|pfs| pfs.value);
        let can = |child: &Child| group(child).is_none_or(|group| group.usable());
        if group(ours) == group(theirs) && can(ours) {
            continue;
        }
        // Several Children of one tunnel have their group from one line.
        let tunnels = [&ours.tunnel.value, &theirs.tunnel.value];
        if !told.contains(&tunnels) {
            told.push(tunnels);
            found.push(Disagreement::of(pair, ours, theirs).told(pair));
        }
    }
}

/// The end that rekeys first with its Child, and the other one.
struct Disagreement<'a> {
    starter: (Party<'a>, &'a Child),
    answerer: (Party<'a>, &'a Child),
    after: Duration,
    aging: Aging,
}

impl<'a> Disagreement<'a> {
    fn of(pair: &Pair<'a>, ours: &'a Child, theirs: &'a Child) -> Self {
        let ends = [(pair.first, ours), (pair.second, theirs)];
        let windows = ends.map(|(party, child)| Window::of_child(&party, child));
        let lifetimes = ends.map(|(_, child)| child.lifetime.time.value);
        let unset = |party: &Party<'_>| party.gateway().behaviour.pfs_unset.value;
        let taken = [
            takes_group(ours, theirs, unset(&pair.second)),
            takes_group(theirs, ours, unset(&pair.first)),
        ];
        let [a, b] = windows;
        let [first, second] = ends;
        let (starter, answerer) = match b.latest < a.latest {
            true => (second, first),
            false => (first, second),
        };
        Self {
            starter,
            answerer,
            after: a.latest.min(b.latest),
            aging: aging(windows, lifetimes, taken),
        }
    }

    fn told(&self, pair: &Pair<'_>) -> Found {
        let at_once = match several(pair) {
            true => start::effect(pair, Aspect::Pfs),
            false => Effect::None,
        };
        match (at_once, self.aging) {
            (Effect::None, Aging::Goes | Aging::GoesAsItIs) => self.lucky(),
            (Effect::None, Aging::Rescued) => self.rescued(),
            (Effect::None, Aging::Fails) => self.refused(),
            (effect, _) => self.refused_at_once(effect),
        }
    }

    fn words(&self) -> [String; 2] {
        [self.starter.1, self.answerer.1].map(|child| pfs_words(&child.pfs))
    }

    fn labelled(&self, finding: Finding) -> Finding {
        let span = |child: &Child| child.pfs.and_then(|pfs| pfs.span).or(child.name.span);
        let [asked, wanted] = self.words();
        let starter = &self.starter.0;
        let believed = believed([(starter.name(), starter.gateway().behaviour.child_rekey)]);
        let mut finding = finding;
        finding.notes.extend(believed);
        finding
            .at(span(self.starter.1), format!("{asked} here"))
            .beside(span(self.answerer.1), wanted)
            .certain(Certainty::Rfc)
    }

    fn title(&self) -> String {
        let [asked, wanted] = self.words();
        let (starter, answerer) = (self.starter.0.name(), self.answerer.0.name());
        format!("{starter} rekeys with {asked}, {answerer} wants {wanted}")
    }

    /// The SA ends without a successor.
    fn refused(&self) -> Found {
        let when = format!(
            "at the first rekey, {} after the tunnel came up",
            seconds(self.after)
        );
        let finding = self.labelled(Finding::error(RULE.code, self.title()));
        let finding = finding.when(when).starter(crate::words::WHOEVER);
        let after = self.after;
        self.cured(self.evented(Found::with(finding, Effect::FailsAtRekey { after })))
    }

    /// Not even the Children after the first come up.
    fn refused_at_once(&self, effect: Effect) -> Found {
        let when = "at once, for each Child SA after the first; for that one, at its first rekey";
        let finding = self.labelled(Finding::error(RULE.code, self.title()));
        let finding = finding.when(when);
        self.cured(self.evented(Found::with(finding, effect)))
    }

    fn rescued(&self) -> Found {
        let answerer = self.answerer.0.name();
        let finding = self.labelled(Finding::warning(RULE.code, self.title()));
        let finding = finding
            .when(format!("at each rekey, first {} after the tunnel came up", seconds(self.after)))
            .noted(format!(
                "the tunnel survives only because {answerer} rekeys before the SA ends, and that is accepted"
            ));
        self.cured(self.evented(Found::harmless(finding)))
    }

    /// It works because of who rekeys first.
    fn lucky(&self) -> Found {
        let (starter, answerer) = (self.starter.0.name(), self.answerer.0.name());
        let [asked, wanted] = self.words();
        let title = format!("{starter} has {asked}, {answerer} {wanted}");
        let claim = self.answerer.0.gateway().behaviour.pfs_unset;
        let finding = self
            .labelled(Finding::note(RULE.code, title))
            .certain(claim.certainty)
            .noted(format!(
                "{starter} rekeys first, {} after the tunnel came up, and {answerer} takes the group that it asks for ({})",
                seconds(self.after),
                claim.source
            ))
            .noted(format!("a rekey that {answerer} began would be refused"));
        self.cured(Found::harmless(finding))
    }

    fn evented(&self, found: Found) -> Found {
        let [asked, wanted] = self.words();
        let event = |by| EventKind::PfsMismatch {
            refused_by: by,
            received: asked.clone(),
            expected: wanted.clone(),
        };
        found
            .event(self.answerer.0.end, event(By::Us))
            .event(self.starter.0.end, event(By::Peer))
    }

    /// Rather more secrecy than less.
    fn cured(&self, found: Found) -> Found {
        let strength = |child: &Child| child.pfs.map_or(0, |pfs| strength::group(pfs.value));
        let (one, other) = (self.starter, self.answerer);
        match strength(one.1) > strength(other.1) {
            true => copied(copied(found, one.1, other), other.1, one),
            false => copied(copied(found, other.1, one), one.1, other),
        }
    }
}

/// A cure: what `from` has, for `to`.
fn copied(found: Found, from: &Child, (party, to): (Party<'_>, &Child)) -> Found {
    let change = Change::Pfs {
        child: to.name.value.clone(),
        group: from.pfs.map(|pfs| pfs.value),
    };
    let text = format!("give {} {}", party.name(), pfs_words(&from.pfs));
    found.cure(text, vec![(party.end, change)])
}

fn several(pair: &Pair<'_>) -> bool {
    let ends = [pair.first, pair.second];
    ends.iter().any(|end| end.connection.children.len() > 1)
}
