//! What reading a file gathers besides the configuration: findings.

use crate::tree::{Line, slice};
use crossgate_diag::{AS_IN_THE_FILE, Finding, Label, Severity, Span};
use std::collections::{BTreeMap, BTreeSet};

/// Longest piece of a file that a message quotes, in characters.
const QUOTED_MAX: usize = 60;

pub(crate) struct Context<'t> {
    pub text: &'t str,
    secrets: Vec<Span>,
    findings: Vec<Finding>,
    /// Titles and places of the findings.
    told: BTreeSet<(String, Option<Span>)>,
    /// Lines of no meaning for a tunnel, by what they are about.
    asides: BTreeMap<&'static str, Vec<Span>>,
    /// Lines of global mode that are known and not obeyed, by their keywords and why.
    lacking: BTreeMap<(&'static str, &'static str), Vec<Span>>,
    around: Vec<Span>,
    skipped: Vec<Span>,
    /// What was named already, by what it is, and where in its list it was seen last.
    named: BTreeMap<&'static str, BTreeMap<String, usize>>,
    /// The lines whose lines are carried out now, from the outermost.
    pub open: Vec<Span>,
    /// Lines so far that are nearly a command.
    pub mistyped: usize,
    /// Where the lines begin that were carried out, for whoever proves that no line is lost.
    watched: Option<BTreeSet<u32>>,
}

impl<'t> Context<'t> {
    pub fn new(text: &'t str, secrets: Vec<Span>, findings: Vec<Finding>) -> Self {
        Self {
            text,
            secrets,
            findings,
            told: BTreeSet::new(),
            asides: BTreeMap::new(),
            lacking: BTreeMap::new(),
            around: Vec::new(),
            skipped: Vec::new(),
            named: BTreeMap::new(),
            open: Vec::new(),
            mistyped: 0,
            watched: None,
        }
    }

    /// From now on, lines that are carried out are noted.
    pub fn watch(&mut self) {
        self.watched = Some(BTreeSet::new());
    }

    pub fn carried_out(&mut self, line: &Line) {
        if let Some(watched) = &mut self.watched {
            watched.insert(line.raw.start);
        }
    }

    pub fn into_watched(self) -> BTreeSet<u32> {
        self.watched.unwrap_or_default()
    }

    /// What was told already, of the same place, isn't told again.
    pub fn push(&mut self, finding: Finding) {
        let place = finding.labels.first().map(|label| label.span);
        if self.told.insert((finding.title.clone(), place)) {
            self.findings.push(finding);
        }
    }

    /// Whether it begins in the column of the line that it is inside of.
    pub fn is_flat(&self, line: &Line) -> bool {
        let column = |at: u32| {
            let before = self.text.get(..at as usize).unwrap_or_default();
            before.len() - before.rfind('\n').map_or(0, |end| end + 1)
        };
        let around = self.open.last();
        around.is_some_and(|around| column(around.start) == column(line.span().start))
    }

    /// A piece of the file for a message: short, printable, and no secret.
    pub fn shown(&self, span: Span) -> String {
        if self.touches_secret(span) {
            return "a secret".into();
        }
        let text: String = slice(self.text, span).chars().take(QUOTED_MAX).collect();
        format!("`{}`", text.escape_debug())
    }

    pub fn words(&self, line: &Line) -> Vec<&'t str> {
        let words = line.words.iter();
        words.map(|word| slice(self.text, *word)).collect()
    }

    pub fn unknown(
        &mut self,
        line: &Line,
        severity: Severity,
        mode: &str,
        meant: Option<&'static str>,
    ) {
        let what = self.beginning(line, meant.map_or(2, |path| self.wrong_words(line, path)));
        let title = format!("{what} is not a known command of {mode}");
        let finding = Finding::new(severity, "unknown-line", title);
        let finding = with_its_lines(finding, line, "not obeyed");
        let Some(path) = meant else {
            return self.push(finding);
        };
        self.mistyped += 1;
        match super::slip::fix(self, line, path) {
            Some(fix) => {
                let fixes = vec![fix];
                self.push(Finding { fixes, ..finding });
            }
            None => self.push(finding.help(format!("did you mean `{path}`?"))),
        }
    }

    /// How many of its first words to show, so that the wrong ones are among them.
    fn wrong_words(&self, line: &Line, path: &str) -> usize {
        let words = line.words.iter().zip(path.split(' ')).enumerate();
        let wrong = words.filter(|(_, (word, right))| slice(self.text, **word) != *right);
        wrong.last().map_or(0, |(index, _)| index + 1).max(2)
    }

    /// A piece of the file as it is typed: a secret in it is named.
    pub fn typed(&self, span: Span) -> &'t str {
        match self.touches_secret(span) {
            true => AS_IN_THE_FILE,
            false => slice(self.text, span),
        }
    }

    fn touches_secret(&self, span: Span) -> bool {
        // They are in the order of the text, and don't overlap.
        let after = self.secrets.partition_point(|s| s.end <= span.start);
        self.secrets.get(after).is_some_and(|s| s.start < span.end)
    }

    pub fn ambiguous(&mut self, line: &Line, fitting: &[&str]) {
        let what = self.beginning(line, 2);
        let listed = fitting.join("`, `");
        let finding = Finding::error(
            "ambiguous-command",
            format!("{what} abbreviates several commands"),
        );
        let label = format!("may mean `{listed}`");
        self.push(with_its_lines(finding, line, &label));
    }

    /// The line's first words, for a message.
    fn beginning(&self, line: &Line, count: usize) -> String {
        let words = line.words.get(..count.min(line.words.len())).unwrap_or(&[]);
        match (words.first(), words.last()) {
            (Some(first), Some(last)) => self.shown(first.to(*last)),
            _ => "this line".into(),
        }
    }

    /// A line of a section that we obey; the code says whether the judge does more with it.
    pub fn lacking(&mut self, code: &'static str, line: &Line, named_by: usize, instead: &str) {
        let title = format!(
            "{} is not obeyed: {instead}",
            self.beginning(line, named_by)
        );
        let finding = Finding::warning(code, title);
        self.push(with_its_lines(finding, line, "known, but not obeyed"));
    }

    /// A line of global mode: told with all of the same kind.
    pub fn lacking_kind(&mut self, line: &Line, what: &'static str, instead: &'static str) {
        gather(line, self.lacking.entry((what, instead)).or_default());
    }

    /// Lines of global mode of one kind, which were kept until the whole file was known.
    pub fn lacking_lines(&mut self, what: &'static str, spans: Vec<Span>, instead: &'static str) {
        if !spans.is_empty() {
            let known = self.lacking.entry((what, instead));
            known.or_default().extend(spans);
        }
    }

    /// Lines below one that takes a section away instead of opening it.
    pub fn below_removed(&mut self, line: &Line) {
        let inner = below(line);
        if let Some((first, others)) = inner.split_first() {
            let what = self.beginning(line, 2);
            let title = format!("{what} opens no section: what stands below it is not obeyed");
            let finding = Finding::warning("unknown-line", title).at(*first, "not obeyed");
            let finding = finding.beside(line.span(), "takes a section away");
            let all = others.iter();
            self.push(all.fold(finding, |finding, span| finding.beside(*span, "")));
        }
    }

    /// Lines below one that would open a section and is wrong, as was told just now: they are no
    /// cause of their own, so they stand beside it.
    pub fn below_wrong(&mut self, line: &Line) {
        let mut inner = below(line).into_iter().peekable();
        if inner.peek().is_none() {
            return;
        }
        let told = self.findings.last_mut();
        let told = told.filter(|finding| is_about(finding, line));
        let labels = inner.enumerate().map(|(index, span)| Label {
            span,
            text: match index {
                0 => "what stands below it is not obeyed".into(),
                _ => String::new(),
            },
            primary: false,
        });
        match told {
            Some(finding) => finding.labels.extend(labels),
            None => {
                let labels = labels.collect();
                let what = self.beginning(line, 2);
                let title = format!("{what} opens no section: what stands below it is not obeyed");
                let finding = Finding::warning("unknown-line", title);
                self.push(Finding { labels, ..finding });
            }
        }
    }

    /// Every line of it is told once, in one finding with all others about the same.
    pub fn aside(&mut self, line: &Line, about: &'static str) {
        gather(line, self.asides.entry(about).or_default());
    }

    pub fn around(&mut self, line: &Line) {
        self.around.push(visible(self.text, line.raw));
    }

    /// Whether nothing of that kind was called so yet: then there is none to look for, which is
    /// what keeps reading a long file in proportion to its length.
    pub fn is_new(&mut self, kind: &'static str, name: &str) -> bool {
        let named = self.named.entry(kind).or_default();
        let new = !named.contains_key(name);
        if new {
            named.insert(name.to_owned(), 0);
        }
        new
    }

    /// Where in its list the thing of that name is. If nowhere, it is going to be put at the end.
    pub fn place<T>(
        &mut self,
        kind: &'static str,
        name: &str,
        list: &[T],
        is_it: impl Fn(&T) -> bool,
    ) -> Option<usize> {
        let named = self.named.entry(kind).or_default();
        let Some(seen) = named.get_mut(name) else {
            named.insert(name.to_owned(), list.len());
            return None;
        };
        if list.get(*seen).is_some_and(&is_it) {
            return Some(*seen);
        }
        // Something before it was removed.
        let found = list.iter().position(is_it);
        *seen = found.unwrap_or(list.len());
        found
    }

    /// Removes the thing of that name from its list.
    pub fn remove<T>(
        &mut self,
        kind: &'static str,
        name: &str,
        list: &mut Vec<T>,
        is_it: impl Fn(&T) -> bool,
    ) {
        let known = self.named.get(kind).is_some_and(|n| n.contains_key(name));
        if !known {
            return;
        }
        if let Some(at) = self.place(kind, name, list, is_it) {
            list.remove(at);
        }
        self.named.entry(kind).or_default().remove(name);
    }

    /// A whole part of the file that is no part of its configuration.
    pub fn skipped(&mut self, line: &Line) {
        self.skipped.push(line.span());
    }

    /// Findings, and the places of secrets.
    pub fn finish(mut self) -> (Vec<Finding>, Vec<Span>) {
        for ((what, instead), spans) in std::mem::take(&mut self.lacking) {
            let title = format!("`{what}` is not obeyed: {instead}");
            self.findings.push(listing("not-obeyed", title, &spans));
        }
        for (about, spans) in std::mem::take(&mut self.asides) {
            let title = format!("not obeyed, because it doesn't concern tunnels: {about}");
            self.findings.push(listing("not-obeyed", title, &spans));
        }
        if !self.around.is_empty() {
            // A section may have been read as well as told.
            self.around.sort();
            self.around.dedup();
            let title = "not part of the configuration: what a terminal shows around it";
            self.findings
                .push(listing("around-configuration", title.into(), &self.around));
        }
        if !self.skipped.is_empty() {
            let title = "not read: parts of the file beside its running configuration";
            let finding = listing("skipped-section", title.into(), &self.skipped);
            self.findings.push(finding);
        }
        (self.findings, self.secrets)
    }
}

/// One note about many lines.
fn listing(code: &'static str, title: String, spans: &[Span]) -> Finding {
    let finding = Finding::note(code, title);
    spans
        .iter()
        .fold(finding, |finding, span| finding.at(*span, ""))
}

fn with_its_lines(finding: Finding, line: &Line, label: &str) -> Finding {
    below(line)
        .into_iter()
        .fold(finding.at(line.span(), label), |finding, span| {
            finding.beside(span, "")
        })
}

/// Whether it was found on that line.
fn is_about(finding: &Finding, line: &Line) -> bool {
    let place = finding.labels.first().map(|label| label.span);
    place.is_some_and(|at| line.raw.start <= at.start && at.start < line.raw.end)
}

/// All lines below that one that say something.
fn below(line: &Line) -> Vec<Span> {
    let mut spans = Vec::new();
    line.lines.iter().for_each(|line| gather(line, &mut spans));
    spans
}

/// The line, and all lines in it that say something.
pub(crate) fn gather(line: &Line, spans: &mut Vec<Span>) {
    use crate::tree::Kind;
    if !matches!(
        line.kind,
        Kind::Blank | Kind::Comment | Kind::Leave | Kind::Around | Kind::Skipped
    ) {
        spans.push(line.span());
    }
    line.lines.iter().for_each(|line| gather(line, spans));
}

/// Without blanks and control characters at its ends.
fn visible(text: &str, span: Span) -> Span {
    let gap = |c: char| c.is_whitespace() || c.is_control();
    let line = slice(text, span);
    let left = line.len() - line.trim_start_matches(gap).len();
    let length = line.trim_matches(gap).len();
    let start = span.start as usize + left;
    Span::new(span.file, start..start + length)
}
