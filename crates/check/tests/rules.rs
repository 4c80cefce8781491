//! Every rule's page is its test: the example is found, its verdict is the page's, its report is
//! `reports/CODE.txt` (`UPDATE_EXPECT=1` writes it), and every fix cures it and harms nothing.
//!
//! `RULE=ts-not-mirrored cargo test -p crossgate-check --test rules` tries one rule alone; several
//! codes are separated by commas.

mod edges;
mod scale;
mod support;

use crossgate_check::example::Example;
use crossgate_check::rules::{negotiation, selectors};
use crossgate_check::{Judge, Rule, all, told_once};
use crossgate_diag::{Certainty, Finding, Look, Severity, to_text};
use expect_test::expect_file;
use support::{Judged, NAMES, Pair, here, titles};

#[test]
fn every_page_shows_what_its_rule_finds_and_every_fix_cures_it() {
    let only = std::env::var("RULE").ok();
    let wanted = |rule: &&Rule| {
        let mut codes = only.iter().flat_map(|codes| codes.split(','));
        only.is_none() || codes.any(|code| code == rule.code)
    };
    let mut wrong = Vec::new();
    for rule in all().filter(wanted) {
        if let Err(why) = try_rule(rule) {
            wrong.push(format!("{}: {why}", rule.code));
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

fn try_rule(rule: &Rule) -> Result<(), String> {
    let heading = rule.page.lines().next().unwrap_or_default();
    expect(heading == format!("# {}", rule.code), || {
        format!("the page begins with `{heading}`")
    })?;
    let report = format!("reports/{}.txt", rule.code);
    if matches!(rule.judge, Judge::Reading) {
        return try_reading(rule, &report);
    }
    let found = try_page(rule.code, rule.page, &report)?;
    // What a page shows, its file's language can cure.
    let by_hand = found
        .notes
        .iter()
        .find(|note| note.contains("changed by hand"));
    by_hand.map_or(Ok(()), |note| Err(note.clone()))
}

/// What a pair of texts can't show once: two of Panorama's exports, two of the program's files, and
/// one that both ends have where one has it.
const NOT_OF_A_PAIR: [&str; 5] = [
    "not-utf8",
    "only-judged",
    "overridden",
    "panorama",
    "private-key-ignored",
];

/// What a dialect finds has a page as well, and is the one thing that its example is told.
fn try_reading(rule: &Rule, report: &str) -> Result<(), String> {
    if NOT_OF_A_PAIR.contains(&rule.code) {
        return Ok(());
    }
    let example = Example::of(rule.page)?;
    let base = Pair::of(&example.base)?;
    let changed = base.changed(&example)?;
    let judged = changed.judged(example.options)?;
    let mut told = told_once(
        &judged.sources,
        judged.at_reading.clone(),
        judged.report.findings.clone(),
    );
    if changed.files != base.files {
        let before = base.judged(Default::default())?;
        let known = before.at_reading.iter().chain(&before.report.findings);
        let known: Vec<_> = known.map(|f| (f.code, f.title.as_str())).collect();
        told.retain(|finding| !known.contains(&(finding.code, finding.title.as_str())));
    }
    let (found, mut others): (Vec<_>, Vec<_>) = told.iter().partition(|f| f.code == rule.code);
    let [found] = found.as_slice() else {
        return Err(format!("{} times; and {}", found.len(), titles(&others)));
    };
    others.retain(|finding| finding.severity > Severity::Note);
    expect(others.is_empty(), || {
        format!("more is found for one cause: {}", titles(&others))
    })?;
    let verdict = judged.verdict();
    expect(verdict == example.verdict, || {
        format!(
            "the verdict is `{verdict}`, the page says `{}`",
            example.verdict
        )
    })?;
    let text = to_text(&judged.sources, std::slice::from_ref(*found), Look::PLAIN);
    let told = format!("{text}verdict: {verdict}\n");
    expect_file![here().join("tests").join(report)].assert_eq(&told);
    Ok(())
}

/// Further examples, written as pages are: `# CODE: what is special`.
#[test]
fn each_situation_is_found_with_its_verdict_and_every_fix_cures_it() {
    let mut pages: Vec<_> = std::fs::read_dir(here().join("tests/situations"))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "md"))
        .collect();
    pages.sort();
    let mut wrong = Vec::new();
    for path in pages {
        let page = std::fs::read_to_string(&path).expect("a page");
        let name = path.file_stem().expect("a name").to_string_lossy();
        let code = page
            .strip_prefix("# ")
            .and_then(|page| page.split_once(':'));
        let (code, _) = code.expect("`# CODE: words` in the first line");
        if let Err(why) = try_page(code, &page, &format!("situations/{name}.txt")) {
            wrong.push(format!("{name}: {why}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

fn try_page(code: &str, page: &str, report: &str) -> Result<Finding, String> {
    let example = Example::of(page)?;
    let base = Pair::of(&example.base)?;
    let base_judged = base.judged(Default::default())?;
    let in_base = base_judged.of_code(code);
    expect(in_base.is_empty(), || {
        format!("the base has it already: {}", titles(&in_base))
    })?;

    let changed = base.changed(&example)?;
    let judged = changed.judged_with(example.options, &example.certificates)?;
    let found = match judged.of_code(code).as_slice() {
        [one] => (*one).clone(),
        [] => {
            let others: Vec<_> = judged.report.findings.iter().collect();
            return Err(format!("not found; but {}", titles(&others)));
        }
        many => return Err(format!("one cause, several findings: {}", titles(many))),
    };
    let mut others = judged.new_troubles(&base_judged);
    others.retain(|finding| finding.code != code);
    expect(others.is_empty(), || {
        format!("more is found for one cause: {}", titles(&others))
    })?;
    expect(judged.verdict() == example.verdict, || {
        format!(
            "the verdict is `{}`, the page says `{}`",
            judged.verdict(),
            example.verdict
        )
    })?;
    let told = format!(
        "{}verdict: {}\n",
        to_text(&judged.sources, std::slice::from_ref(&found), Look::PLAIN),
        judged.verdict()
    );
    expect_file![here().join("tests").join(report)].assert_eq(&told);
    try_fixes(&found, &changed, &judged, &base_judged, &example)?;
    Ok(found)
}

fn try_fixes(
    found: &Finding,
    changed: &Pair,
    judged: &Judged,
    base: &Judged,
    example: &Example,
) -> Result<(), String> {
    for fix in &found.fixes {
        let with = |why: String| format!("after `{}`: {why}", fix.text);
        expect(!fix.amendments.is_empty(), || {
            with("nothing changes".into())
        })?;
        let fixed = judged.fixed(changed, fix);
        let after = fixed
            .judged_with(example.options, &example.certificates)
            .map_err(with)?;
        let left = after.of_code(found.code);
        expect(left.is_empty(), || with(format!("left: {}", titles(&left))))?;
        let mut new = after.new_troubles(judged);
        new.extend(after.new_troubles_at_reading(judged));
        expect(new.is_empty(), || with(format!("new: {}", titles(&new))))?;
        expect(after.verdict() == base.verdict(), || {
            with(format!("the verdict is `{}`", after.verdict()))
        })?;
    }
    Ok(())
}

fn expect(holds: bool, why: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(why()) }
}

#[test]
fn codes_are_words_and_each_rule_has_its_own() {
    let codes: Vec<_> = all().map(|rule| rule.code).collect();
    for (at, code) in codes.iter().enumerate() {
        let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        assert!(code.chars().all(is_word), "{code}");
        assert!(!codes[..at].contains(code), "{code} twice");
    }
}

#[test]
fn every_pair_of_the_examples_comes_up() {
    for folder in [
        "site-to-site",
        "any-any",
        "crypto-map",
        "gcm",
        "several-proxy-ids",
        "two-tunnels",
        "two-lines",
        "certificates",
    ] {
        let judged = Pair::of(folder).and_then(|pair| pair.judged(Default::default()));
        let judged = judged.expect("a pair");
        assert_eq!(judged.verdict(), "comes up", "{folder} between {NAMES:?}");
    }
}

/// The guide's own tunnel: its two ends select different traffic, which works when the router
/// starts, as far as anybody knows; and nothing else about its negotiation is wrong.
#[test]
fn the_published_pair_has_one_fault_in_its_negotiation() {
    let pair = Pair::of("as-published").expect("a pair");
    let judged = pair.judged(Default::default()).expect("readable");
    let ours: Vec<_> = negotiation::RULES
        .iter()
        .chain(selectors::RULES)
        .map(|rule| rule.code)
        .collect();
    let found: Vec<_> = judged
        .report
        .findings
        .iter()
        .filter(|finding| ours.contains(&finding.code))
        .collect();
    assert_eq!(found.len(), 1, "{}", titles(&found));
    assert_eq!(found[0].code, "ts-not-mirrored");
    assert_eq!(found[0].severity, Severity::Error);
    assert_eq!(found[0].starter.as_deref(), Some("only when hq starts"));
    assert_eq!(found[0].certainty, Some(Certainty::Undocumented));
    assert_eq!(judged.verdict(), "comes up only when branch starts");
}

/// The guide's own lines: the one fault, and what its published key and its want of the rest earn.
#[test]
fn a_published_guides_own_pair_is_told_what_it_deserves_and_nothing_else() {
    let folder = here().join("tests/data/guide");
    let text = |name: &str| {
        let text = std::fs::read_to_string(folder.join(name)).expect("a file");
        (name.to_owned(), text)
    };
    let pair = Pair {
        files: [text("branch.cfg"), text("hq.set")],
    };
    let judged = pair.judged(Default::default()).expect("readable");
    let (read, report) = (judged.at_reading.clone(), &judged.report);
    let findings = told_once(&judged.sources, read, report.findings.clone());
    let told = format!(
        "{}verdict: {}\n{}\n",
        to_text(&judged.sources, &findings, Look::PLAIN),
        judged.verdict(),
        report.assumptions.join("\n")
    );
    expect_file![folder.join("report.txt")].assert_eq(&told);
    let errors = findings.iter().filter(|f| f.severity == Severity::Error);
    let errors: Vec<_> = errors.map(|finding| finding.code).collect();
    assert_eq!(errors, ["ts-not-mirrored"]);
    assert_eq!(judged.verdict(), "comes up only when branch starts");
}
