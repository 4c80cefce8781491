//! A rule's page as a test: the example that it gives, applied to the texts of a pair.
//!
//! A page names a pair of `examples/` (`Base: any-any`; without it `site-to-site`) and shows what
//! to change in it, as fenced blocks of kind `diff FILE`:
//!
//! ```text
//! - set pfs group14          this line goes (trimmed, it reads so)
//! + set pfs group19          right after a `-`: in its place, as far indented
//!   crypto ikev2 profile X   a line to go to
//! +  shutdown                inserted after it; with indentation of its own
//! ```
//!
//! Lines are looked for from where the block has got to, then from the top. A `+` before anything
//! else stands at the end of the file. A line `Options: nat-between, profile cnsa2, now 1790000000`
//! says what the reader asked for; `certificate hq:NAME=FILE` among them hands over a certificate of
//! `tests/data/`. Under `## Verdict` stands the sentence that the report ends with.

use crate::rule::{Options, Profile};

const DEFAULT_BASE: &str = "site-to-site";

/// What a page asks to try.
#[derive(Clone, Debug)]
pub struct Example {
    /// A folder of `examples/`.
    pub base: String,
    pub options: Options,
    pub certificates: Vec<HandedOver>,
    patches: Vec<Patch>,
    /// How the verdict reads for ends named `branch` and `hq`.
    pub verdict: String,
}

/// A certificate that an end names, and the file that has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandedOver {
    /// `branch`, `hq`.
    pub end: String,
    pub name: String,
    pub file: String,
}

#[derive(Clone, Debug)]
struct Patch {
    file: String,
    lines: Vec<String>,
}

impl Example {
    /// # Errors
    /// The page has no block, no verdict, or an option that doesn't exist: a sentence.
    pub fn of(page: &str) -> Result<Self, String> {
        let verdict = verdict(page).ok_or("the page has no sentence under `## Verdict`")?;
        let mut example = Self {
            base: DEFAULT_BASE.into(),
            options: Options::default(),
            certificates: Vec::new(),
            patches: Vec::new(),
            verdict,
        };
        let mut lines = page.lines();
        while let Some(line) = lines.next() {
            if let Some(base) = line.strip_prefix("Base:") {
                example.base = base.trim().into();
            } else if let Some(words) = line.strip_prefix("Options:") {
                example.read_options(words)?;
            } else if let Some(file) = line.strip_prefix("```diff ") {
                let block = lines.by_ref().take_while(|line| !line.starts_with("```"));
                example.patches.push(Patch {
                    file: file.trim().into(),
                    lines: block.map(str::to_owned).collect(),
                });
            }
        }
        match example.patches.is_empty() && example.base == DEFAULT_BASE {
            true => Err("the page has no block of kind `diff FILE`".into()),
            false => Ok(example),
        }
    }

    fn read_options(&mut self, words: &str) -> Result<(), String> {
        let options = &mut self.options;
        for option in words.split(',') {
            match option.split_whitespace().collect::<Vec<_>>().as_slice() {
                ["nat-between"] => options.nat_between = true,
                ["profile", "cnsa2"] => options.profile = Profile::Cnsa2,
                ["profile", "bsi"] => options.profile = Profile::Bsi,
                ["profile", "nist"] => options.profile = Profile::Nist,
                ["now", seconds] => {
                    let seconds = seconds
                        .parse()
                        .map_err(|_| format!("expected seconds, found {seconds}"))?;
                    options.now = Some(seconds);
                }
                ["certificate", words] => self.certificates.push(
                    handed_over(words)
                        .ok_or_else(|| format!("expected END:NAME=FILE, found {words}"))?,
                ),
                _ => return Err(format!("unknown option `{}`", option.trim())),
            }
        }
        Ok(())
    }

    /// The files that the page changes.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.patches.iter().map(|patch| patch.file.as_str())
    }

    /// The text of that file of the base pair, changed as the page says.
    ///
    /// # Errors
    /// A line that the page names isn't there: a sentence.
    pub fn apply(&self, file: &str, text: &str) -> Result<String, String> {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        for patch in self.patches.iter().filter(|patch| patch.file == file) {
            patch.apply(&mut lines)?;
        }
        Ok(lines.join("\n") + "\n")
    }
}

/// The first line of the section, without marks of Markdown.
fn verdict(page: &str) -> Option<String> {
    let (_, section) = page.split_once("\n## Verdict\n")?;
    let sentence = section.lines().find(|line| !line.trim().is_empty())?;
    let sentence = sentence.trim().trim_end_matches('.').trim_matches('`');
    (!sentence.starts_with('#')).then(|| sentence.to_owned())
}

fn handed_over(words: &str) -> Option<HandedOver> {
    let (who, file) = words.split_once('=')?;
    let (end, name) = who.split_once(':')?;
    let [end, name, file] = [end, name, file].map(str::to_owned);
    Some(HandedOver { end, name, file })
}

/// Where in a file a block has got to.
struct Cursor {
    /// Index of the line that comes next.
    at: usize,
    /// Of the line last gone to.
    indentation: String,
    anywhere: bool,
}

impl Patch {
    fn apply(&self, lines: &mut Vec<String>) -> Result<(), String> {
        let mut cursor = Cursor {
            at: 0,
            indentation: String::new(),
            anywhere: true,
        };
        for line in self.lines.iter().filter(|line| !line.trim().is_empty()) {
            match line.split_at_checked(1) {
                Some(("+", text)) => cursor.insert(lines, text),
                Some(("-", text)) => {
                    self.find(&mut cursor, lines, text)?;
                    lines.remove(cursor.at);
                }
                _ => {
                    self.find(&mut cursor, lines, line)?;
                    cursor.at += 1;
                }
            }
        }
        Ok(())
    }

    /// Goes to the next line that reads so.
    fn find(&self, cursor: &mut Cursor, lines: &[String], wanted: &str) -> Result<(), String> {
        let reads_so = |line: &String| line.trim() == wanted.trim();
        let below = lines.iter().skip(cursor.at).position(reads_so);
        let found = below
            .map(|at| at + cursor.at)
            .or_else(|| lines.iter().position(reads_so))
            .ok_or_else(|| format!("{} has no line `{}`", self.file, wanted.trim()))?;
        let line = lines.get(found).map_or("", String::as_str);
        let indented = line.len() - line.trim_start().len();
        *cursor = Cursor {
            at: found,
            indentation: line.get(..indented).unwrap_or_default().to_owned(),
            anywhere: false,
        };
        Ok(())
    }
}

impl Cursor {
    fn insert(&mut self, lines: &mut Vec<String>, text: &str) {
        let text = text.strip_prefix(' ').unwrap_or(text);
        let own = text.starts_with(' ');
        let line = match own {
            true => text.to_owned(),
            false => format!("{}{text}", self.indentation),
        };
        if self.anywhere {
            lines.push(line);
            return;
        }
        lines.insert(self.at, line);
        self.at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# a-code\n\nBase: gcm\nOptions: nat-between, profile bsi, now 12, certificate hq:C=c.pem\n\n## Example\n\n\
        ```diff a.cfg\n- b\n+ B\n+  deep\n  d\n+ e\n```\n\n```diff a.cfg\n+ last\n```\n\n## Verdict\n\n`comes up`.\n";

    #[test]
    fn a_block_removes_replaces_inserts_and_appends() {
        let example = Example::of(PAGE).expect("a page");
        let text = example.apply("a.cfg", "a\n b\nc\n  d\nf\n").expect("lines");
        assert_eq!(text, "a\n B\n deep\nc\n  d\n  e\nf\nlast\n");
        assert_eq!(
            example.apply("b.cfg", "untouched").as_deref(),
            Ok("untouched\n")
        );
        assert_eq!(
            (example.base.as_str(), example.verdict.as_str()),
            ("gcm", "comes up")
        );
        assert!(example.options.nat_between && example.options.now == Some(12));
        let handed_over = HandedOver {
            end: "hq".into(),
            name: "C".into(),
            file: "c.pem".into(),
        };
        assert_eq!(example.certificates, [handed_over]);
    }

    #[test]
    fn of_equal_lines_the_one_below_is_meant() {
        let page = "# c\n```diff a\n  two\n- x\n```\n## Verdict\ncomes up\n";
        let example = Example::of(page).expect("a page");
        assert_eq!(
            example.apply("a", "one\n x\ntwo\n x\n").as_deref(),
            Ok("one\n x\ntwo\n")
        );
    }

    #[test]
    fn what_a_page_lacks_is_told() {
        let sentence = |page: &str| Example::of(page).expect_err("a sentence");
        assert!(sentence("# c\n```diff a\n- x\n```\n").contains("## Verdict"));
        assert!(sentence("# c\n\n## Verdict\n\ncomes up\n").contains("diff FILE"));
        let page = "# c\n```diff a\n- x\n```\n## Verdict\ncomes up\n";
        let refused = Example::of(page).expect("a page").apply("a", "y\n");
        assert_eq!(refused, Err("a has no line `x`".into()));
    }
}
