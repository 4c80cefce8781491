//! `crossgate explain`: the page of a finding's code.

use clap::builder::{PossibleValue, TypedValueParser};
use clap::error::{Error, ErrorKind};
use clap::{Arg, Args, Command};
use crossgate_check::Rule;
use std::ffi::OsStr;
use std::io::{self, Write};
use std::process::ExitCode;

/// Columns of a line of text.
const WIDTH: usize = 80;

/// Show what a finding's code means, why, and what to do about it.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The code in brackets: pfs-one-sided
    #[arg(value_parser = Codes, required_unless_present = "list", hide_possible_values = true)]
    code: Option<String>,
    /// List all codes
    #[arg(long, conflicts_with = "code")]
    list: bool,
}

pub fn run(args: &ExplainArgs) -> ExitCode {
    let text = match args.code.as_deref().and_then(crossgate_check::explain) {
        Some(page) => readable(page),
        None => list(crossgate_check::all()),
    };
    // A reader that has seen enough is no error.
    io::stdout().write_all(text.as_bytes()).ok();
    ExitCode::SUCCESS
}

/// A code that has a page.
#[derive(Clone, Debug)]
struct Codes;

impl TypedValueParser for Codes {
    type Value = String;

    fn parse_ref(&self, _: &Command, _: Option<&Arg>, value: &OsStr) -> Result<String, Error> {
        let wanted = value.to_string_lossy();
        let known: Vec<&str> = crossgate_check::all().map(|rule| rule.code).collect();
        if known.contains(&wanted.as_ref()) {
            return Ok(wanted.into_owned());
        }
        let near = nearest(&wanted, &known);
        let wanted = wanted.escape_debug();
        let sentence = format!(
            "no finding has the code `{wanted}`; near it: {near}; all: crossgate explain --list\n"
        );
        Err(Error::raw(ErrorKind::InvalidValue, sentence))
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(
            crossgate_check::all().map(|rule| PossibleValue::new(rule.code)),
        ))
    }
}

/// The three codes that a typing mistake is most likely to have meant.
fn nearest(wanted: &str, known: &[&str]) -> String {
    let wanted = wanted.to_lowercase().replace('_', "-");
    let mut ranked: Vec<(usize, &str)> = known
        .iter()
        .map(|code| (strsim::damerau_levenshtein(&wanted, code), *code))
        .collect();
    ranked.sort_unstable();
    let codes: Vec<&str> = ranked.into_iter().take(3).map(|(_, code)| code).collect();
    codes.join(", ")
}

/// One line a rule: its code, and the first sentence of its page.
fn list<'a>(rules: impl Iterator<Item = &'a Rule>) -> String {
    let rules: Vec<(&str, String)> = rules.map(|rule| (rule.code, about(rule.page))).collect();
    let width = rules.iter().map(|(code, _)| code.len()).max().unwrap_or(0);
    let lines = rules
        .iter()
        .map(|(code, about)| format!("{code:width$}  {about}\n"));
    lines.collect()
}

fn about(page: &str) -> String {
    let mut lines = page.lines().filter(|line| !line.trim().is_empty());
    let first = lines
        .find(|line| !line.starts_with('#'))
        .unwrap_or_default();
    let sentence = first.split_inclusive(". ").next().unwrap_or_default();
    sentence.trim().trim_end_matches('.').replace('`', "")
}

/// Markdown for a terminal: headings stand out by underlining, examples by indentation.
fn readable(page: &str) -> String {
    let mut out = String::new();
    let mut fenced = false;
    for line in page.lines() {
        if let Some(kind) = line.strip_prefix("```") {
            fenced = !fenced;
            if let Some((_, file)) = kind.split_once(' ').filter(|_| fenced) {
                out.push_str(&format!("    in {file}:\n"));
            }
        } else if fenced {
            out.push_str(&format!("    {line}\n"));
        } else if let Some((marks, heading)) =
            line.split_once("# ").filter(|_| line.starts_with('#'))
        {
            let rule = if marks.is_empty() { "=" } else { "-" };
            out.push_str(&format!(
                "{heading}\n{}\n",
                rule.repeat(heading.chars().count())
            ));
        } else {
            out.push_str(&wrapped(&line.replace('`', "")));
        }
    }
    out
}

fn wrapped(line: &str) -> String {
    let (mut out, mut column) = (String::new(), 0);
    for word in line.split_whitespace() {
        let width = word.chars().count();
        if column > 0 && column + 1 + width > WIDTH {
            out.push('\n');
            column = 0;
        }
        if column > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += width;
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn a_page_is_readable_at_a_terminal() {
        let page = "# a-code\n\nSome `words` that go on and on until the line of this page is longer than any terminal is wide.\n\n## Example\n\n```diff branch.cfg\n- one\n+ two\n```\n";
        expect![[r#"
            a-code
            ======

            Some words that go on and on until the line of this page is longer than any
            terminal is wide.

            Example
            -------

                in branch.cfg:
                - one
                + two
        "#]]
        .assert_eq(&readable(page));
    }

    #[test]
    fn a_typo_finds_the_nearest_codes_and_the_list_says_what_each_is_about() {
        let known = [
            "pfs-one-sided",
            "keys-differ",
            "short-key",
            "lifetimes-differ",
        ];
        assert!(nearest("PFS_onesided", &known).starts_with("pfs-one-sided, "));
        assert_eq!(
            about("# x\n\nWhat `it` is (RFC 7296 §1.3.1). More."),
            "What it is (RFC 7296 §1.3.1)"
        );
    }
}
