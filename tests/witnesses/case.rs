//! What is witnessed: the rules' examples that fail, as pairs of texts.

use crossgate_check::example::Example;
use crossgate_check::{Judge, Rule, all};
use std::path::{Path, PathBuf};

/// The ends' names, in the order of their files.
pub const ENDS: [&str; 2] = ["branch", "hq"];

/// How the verdict of a pair without fault reads.
const COMES_UP: &str = "comes up";

/// A base that has a fault of its own, whatever an example adds to it.
const FAULTY: &str = "as-published";

/// A rule whose example is predicted to fail.
pub struct Case {
    pub code: &'static str,
    pub example: Example,
}

/// Two texts, with the names of their files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    pub names: [String; 2],
    pub texts: [String; 2],
}

/// Of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Rules about certificates: no engine authenticates by them yet.
pub fn is_about_certificates(code: &str) -> bool {
    code.starts_with("certificate-")
}

/// In the order in which the rules' findings are told, but for those about certificates.
pub fn cases() -> Vec<Case> {
    let of = |rule: &'static Rule| {
        let example = Example::of(rule.page).ok()?;
        let fails = example.verdict != COMES_UP && example.base != FAULTY;
        let is_shown = fails && !is_about_certificates(rule.code);
        is_shown.then_some(Case {
            code: rule.code,
            example,
        })
    };
    all().filter_map(of).collect()
}

/// Of rules about certificates, those whose example is predicted to fail.
pub fn of_certificates() -> impl Iterator<Item = (&'static str, Example)> {
    let all = all().filter(|rule| is_about_certificates(rule.code));
    let examples = all.filter_map(|rule| Some((rule.code, Example::of(rule.page).ok()?)));
    examples.filter(|(_, example)| example.verdict != COMES_UP)
}

/// Rules whose pages have no example. What is found at reading may be about a file that no pair of
/// texts has, such as one in another encoding.
pub fn without_example() -> impl Iterator<Item = &'static Rule> {
    let judging = all().filter(|rule| !matches!(rule.judge, Judge::Reading));
    judging.filter(|rule| Example::of(rule.page).is_err())
}

impl Case {
    /// The pair that the example changes.
    pub fn base(&self) -> Pair {
        Pair::of(&self.example.base)
    }

    /// The example itself.
    pub fn pair(&self) -> Pair {
        let base = self.base();
        let changed = [0, 1].map(|at| {
            let changed = self.example.apply(&base.names[at], &base.texts[at]);
            changed.unwrap_or_else(|why| panic!("{}: {why}", self.code))
        });
        Pair {
            texts: changed,
            ..base
        }
    }
}

impl Pair {
    /// A folder of `examples/`; of the PAN-OS end the `set` form.
    fn of(folder: &str) -> Self {
        let names = ["branch.cfg", "hq.set"].map(str::to_owned);
        let texts = [0, 1].map(|at| {
            let path = root().join("examples").join(folder).join(&names[at]);
            std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
        });
        Self { names, texts }
    }
}
