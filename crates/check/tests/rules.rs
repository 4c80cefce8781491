//! Every rule's page is its test: the example is found, its verdict is the page's, its report is
//! `reports/CODE.txt` (`UPDATE_EXPECT=1` writes it), and every fix cures it and harms nothing.
//!
//! `RULE=ts-not-mirrored cargo test -p crossgate-check --test rules` tries one rule alone; several
//! codes are separated by commas.

mod edges;
mod support;

use crossgate_check::example::Example;
use crossgate_check::rules::{negotiation, selectors};
use crossgate_check::{Rule, all};
use crossgate_diag::{Certainty, Finding, Severity, to_text};
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
        if let Err(why) = try_page(rule) {
            wrong.push(format!("{}: {why}", rule.code));
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

fn try_page(rule: &Rule) -> Result<(), String> {
    let code = rule.code;
    let heading = rule.page.lines().next().unwrap_or_default();
    expect(heading == format!("# {code}"), || {
        format!("the page begins with `{heading}`")
    })?;
    if has_own_tests(code) {
        return Ok(());
    }
    let example = Example::of(rule.page)?;
    let base = Pair::of(&example.base)?;
    let base_judged = base.judged(Default::default())?;
    let in_base = base_judged.of_code(code);
    expect(in_base.is_empty(), || {
        format!("the base has it already: {}", titles(&in_base))
    })?;

    let changed = base.changed(&example)?;
    let judged = changed.judged(example.options)?;
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
    let report = format!(
        "{}verdict: {}\n",
        to_text(&judged.sources, std::slice::from_ref(&found), false),
        judged.verdict()
    );
    let path = here().join("tests/reports").join(format!("{code}.txt"));
    expect_file![path].assert_eq(&report);
    try_fixes(&found, &changed, &judged, &base_judged, &example)
}

/// A certificate's text is too long for a page: those rules are tried on models, beside them.
fn has_own_tests(code: &str) -> bool {
    code.starts_with("certificate-")
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
        let after = fixed.judged(example.options).map_err(with)?;
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
