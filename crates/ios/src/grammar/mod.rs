//! Commands as rows of tables, one table a mode, and their abbreviations.
//!
//! A row names a command by its keywords and says what is done with the words after them. IOS
//! takes any abbreviation of a keyword that fits no other at its place; so do we, among the
//! keywords that we know. Keywords are the same in capitals; names aren't.

mod args;
mod context;
mod nearest;
mod run;
mod slip;

pub(crate) use args::{Args, is_digits, is_short_for, join};
pub(crate) use context::{Context, gather};
pub(crate) use run::run;
pub(crate) use slip::{line_inside, typed_below, words};

use crate::config;
use crate::tree::Line;
use nearest::{nearest, nearest_below};

/// What a configuration line can be inside of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Global,
    Interface,
    Proposal,
    Policy,
    Keyring,
    KeyringPeer,
    Profile,
    TransformSet,
    IpsecProfile,
    CryptoMap,
    AccessList,
}

/// Asks the table of a mode.
macro_rules! of_table {
    ($mode:expr, $ask:ident, $argument:expr) => {
        match $mode {
            Mode::Global => $ask(config::GLOBAL, $argument),
            Mode::Interface => $ask(config::interface::TABLE, $argument),
            Mode::Proposal => $ask(config::proposal::TABLE, $argument),
            Mode::Policy => $ask(config::policy::TABLE, $argument),
            Mode::Keyring => $ask(config::keyring::TABLE, $argument),
            Mode::KeyringPeer => $ask(config::keyring::PEER_TABLE, $argument),
            Mode::Profile => $ask(config::profile::TABLE, $argument),
            Mode::TransformSet => $ask(config::transform::TABLE, $argument),
            Mode::IpsecProfile => $ask(config::ipsec_profile::TABLE, $argument),
            Mode::CryptoMap => $ask(config::crypto_map::TABLE, $argument),
            Mode::AccessList => $ask(config::access_list::TABLE, $argument),
        }
    };
}

impl Mode {
    /// As a message calls it.
    fn title(self) -> &'static str {
        match self {
            Self::Global => "global mode",
            Self::Interface => "an interface",
            Self::Proposal => "an IKEv2 proposal",
            Self::Policy => "an IKEv2 policy",
            Self::Keyring => "an IKEv2 keyring",
            Self::KeyringPeer => "a keyring's peer",
            Self::Profile => "an IKEv2 profile",
            Self::TransformSet => "a transform set",
            Self::IpsecProfile => "an IPsec profile",
            Self::CryptoMap => "a crypto map entry",
            Self::AccessList => "an access list",
        }
    }

    /// The keywords of a row of this mode's table.
    pub(crate) fn path(self, rule: usize) -> &'static str {
        fn of<T>(rules: &'static [Rule<T>], rule: usize) -> &'static str {
            rules.get(rule).map_or("", |rule| rule.path)
        }
        of_table!(self, of, rule)
    }

    /// Which command of this mode these words are.
    pub(crate) fn resolve(self, words: &[&str]) -> Resolved {
        of_table!(self, resolve, words)
    }

    /// The modes around it, the nearest first.
    fn outer(self) -> &'static [Mode] {
        match self {
            Self::Global => &[],
            Self::KeyringPeer => &[Self::Keyring, Self::Global],
            _ => &[Self::Global],
        }
    }

    /// The command that these words, which are none, were meant to be.
    pub(crate) fn nearest(self, words: &[&str]) -> Option<&'static str> {
        of_table!(self, nearest, words)
    }

    /// The command beginning with all of that path which these words, read as that path, were meant
    /// to be.
    fn nearest_below(self, path: &str, words: &[&str]) -> Option<&'static str> {
        of_table!(self, nearest_below, (path, words))
    }
}

/// A command of a mode whose lines speak about a `T`.
pub(crate) struct Rule<T: 'static> {
    /// Its keywords, with blanks between them.
    pub path: &'static str,
    /// Whether these arguments are that command's, where its keywords alone can't tell.
    pub fits: Option<fn(&[&str]) -> bool>,
    pub act: Act<T>,
}

pub(crate) enum Act<T: 'static> {
    /// Obeyed: a value of `T`. `None` after a finding.
    Set(fn(&mut T, &mut Args<'_, '_>) -> Option<()>),
    /// Obeyed: opens a mode, whose lines come with it.
    Section(Mode, OpenSection<T>),
    /// Known, and of no meaning for a tunnel; the text says what it is about.
    Aside(&'static str),
    /// Known, would change the tunnel, and isn't obeyed; the text says what is done instead.
    Lacking(&'static str),
    /// Read for whoever judges the file, and not obeyed.
    Read(OpenSection<T>, Unobeyed),
}

/// What is told of a line that is read and not obeyed.
#[derive(Clone, Copy)]
pub(crate) enum Unobeyed {
    /// Like [`Act::Aside`].
    Aside(&'static str),
    /// Like [`Act::Lacking`].
    Lacking(&'static str),
    /// The judge takes it as a router would; the text says what is done instead here.
    Judged(&'static str),
    /// Whoever looks at the whole file knows.
    Later,
}

pub(crate) type OpenSection<T> = fn(&mut T, &mut Args<'_, '_>, &[Line]) -> Option<()>;

pub(crate) const fn set<T>(
    path: &'static str,
    act: fn(&mut T, &mut Args<'_, '_>) -> Option<()>,
) -> Rule<T> {
    rule(path, Act::Set(act))
}

pub(crate) const fn section<T>(path: &'static str, mode: Mode, act: OpenSection<T>) -> Rule<T> {
    rule(path, Act::Section(mode, act))
}

pub(crate) const fn aside<T>(path: &'static str, about: &'static str) -> Rule<T> {
    rule(path, Act::Aside(about))
}

pub(crate) const fn lacking<T>(path: &'static str, instead: &'static str) -> Rule<T> {
    rule(path, Act::Lacking(instead))
}

pub(crate) const fn read<T>(
    path: &'static str,
    act: OpenSection<T>,
    unobeyed: Unobeyed,
) -> Rule<T> {
    rule(path, Act::Read(act, unobeyed))
}

const fn rule<T>(path: &'static str, act: Act<T>) -> Rule<T> {
    Rule {
        path,
        fits: None,
        act,
    }
}

impl<T> Rule<T> {
    pub(crate) const fn when(mut self, fits: fn(&[&str]) -> bool) -> Self {
        self.fits = Some(fits);
        self
    }

    fn fits(&self, args: &[&str]) -> bool {
        self.fits.is_none_or(|fits| fits(args))
    }
}

/// What words mean in a mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Resolved {
    Row {
        rule: usize,
        no: bool,
        named_by: usize,
        /// No keyword was abbreviated.
        exact: bool,
        /// The row is more than known.
        obeyed: bool,
        /// Lines may follow that belong to it: in that mode, or in none that we know.
        opens: Option<Option<Mode>>,
    },
    Ambiguous(Vec<&'static str>),
    Nothing,
}

fn negates(word: &str) -> bool {
    ["no", "default"]
        .iter()
        .any(|no| word.eq_ignore_ascii_case(no))
}

fn resolve<T>(rules: &[Rule<T>], words: &[&str]) -> Resolved {
    let no = words.len() > 1 && words.first().is_some_and(|word| negates(word));
    let words = words.get(usize::from(no)..).unwrap_or(&[]);
    let mut candidates = possible(rules, words);
    let mut best: Option<(usize, usize)> = None;
    let mut exact = true;
    let mut best_exact = true;
    for (depth, word) in words.iter().enumerate() {
        match narrow(&candidates, word) {
            Narrowed::To(left, was_exact) => {
                candidates = left;
                exact &= was_exact;
            }
            Narrowed::Several(fitting) if best.is_none() => return Resolved::Ambiguous(fitting),
            Narrowed::Several(_) | Narrowed::Nothing => break,
        }
        let args = words.get(depth + 1..).unwrap_or(&[]);
        if let Some(row) = complete(rules, &candidates, args) {
            best = Some((row, depth + 1));
            best_exact = exact;
        }
    }
    match best {
        Some((row, depth)) => found(rules, row, no, depth, best_exact),
        None => Resolved::Nothing,
    }
}

/// A row whose keywords fit the words so far, and those of its keywords that come next.
#[derive(Clone, Copy)]
struct Candidate {
    row: usize,
    keyword: Option<&'static str>,
    rest: &'static str,
}

impl Candidate {
    fn at(row: usize, rest: &'static str) -> Self {
        let (keyword, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        Self {
            row,
            keyword: (!keyword.is_empty()).then_some(keyword),
            rest,
        }
    }

    /// One keyword later.
    fn next(self) -> Self {
        Self::at(self.row, self.rest)
    }
}

/// The rows that begin with the first word or with what it abbreviates: most of a table is out of
/// question at a glance. Rows that begin with a number stay.
fn possible<T>(rules: &[Rule<T>], words: &[&str]) -> Vec<Candidate> {
    let word = words.first().map_or(&[][..], |word| word.as_bytes());
    let letter = word.first().map(u8::to_ascii_lowercase);
    let rows = rules.iter().enumerate().filter(|(_, rule)| {
        let path = rule.path.as_bytes();
        match path.first().copied() {
            Some(b'#') => true,
            // Keywords are in lower case.
            first if letter.is_some() && first != letter => false,
            _ => path
                .get(..word.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(word)),
        }
    });
    rows.map(|(row, rule)| Candidate::at(row, rule.path))
        .collect()
}

enum Narrowed {
    To(Vec<Candidate>, bool),
    Several(Vec<&'static str>),
    Nothing,
}

/// The rows that go on with that word, or with the only keyword that it abbreviates.
fn narrow(candidates: &[Candidate], word: &str) -> Narrowed {
    let word = word.to_ascii_lowercase();
    let mut fitting: Vec<&'static str> = Vec::new();
    for keyword in candidates.iter().filter_map(|candidate| candidate.keyword) {
        let fits = keyword.starts_with(&word) || is_number(keyword, &word);
        if fits && !fitting.contains(&keyword) {
            fitting.push(keyword);
        }
    }
    let whole = |keyword: &&'static str| *keyword == word || is_number(keyword, &word);
    let exact = fitting.iter().any(whole);
    if exact {
        fitting.retain(whole);
    }
    let Some(first) = fitting.first().copied() else {
        return Narrowed::Nothing;
    };
    if fitting.len() > 1 {
        return Narrowed::Several(fitting);
    }
    let left = candidates.iter();
    let left = left.filter(|candidate| candidate.keyword == Some(first));
    Narrowed::To(left.map(|candidate| candidate.next()).collect(), exact)
}

/// A keyword `#` stands for any number.
fn is_number(keyword: &str, word: &str) -> bool {
    keyword == "#" && is_digits(word)
}

/// The row whose keywords end here and that takes those arguments.
fn complete<T>(rules: &[Rule<T>], candidates: &[Candidate], args: &[&str]) -> Option<usize> {
    let mut ended = candidates.iter().filter(|c| c.keyword.is_none());
    let takes = |row: usize| rules.get(row).is_some_and(|rule| rule.fits(args));
    ended.find(|c| takes(c.row)).map(|c| c.row)
}

fn found<T>(rules: &[Rule<T>], row: usize, no: bool, depth: usize, exact: bool) -> Resolved {
    let act = rules.get(row).map(|rule| &rule.act);
    let opens = match act {
        Some(Act::Section(mode, _)) => Some(Some(*mode)),
        Some(Act::Aside(_) | Act::Lacking(_) | Act::Read(..)) => Some(None),
        _ => None,
    };
    Resolved::Row {
        rule: row,
        no,
        named_by: depth + usize::from(no),
        exact,
        obeyed: matches!(act, Some(Act::Set(_) | Act::Section(..))),
        opens,
    }
}
