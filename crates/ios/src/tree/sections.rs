//! What else a file holds besides one configuration: the other sections of a `show tech`, other
//! commands of a transcript, a second configuration. Only the running configuration is read.

use super::around::exec_command;
use super::lines::Physical;
use std::ops::Range;

/// Lines that belong together, and whether they are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Section {
    pub lines: Range<usize>,
    pub skip: bool,
}

/// What a section is the output of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Output {
    /// Lines before any command, or typed ones.
    Unnamed,
    Running,
    /// A part of the running configuration: `show running-config | section crypto`.
    Part,
    Startup,
    /// A configuration without a command before it, after another one.
    Second,
    Other,
}

/// All lines in sections, in their order.
pub(super) fn find(text: &str, physical: &[Physical]) -> Vec<Section> {
    let mut marks: Vec<(usize, Output)> = Vec::new();
    let mut seen = Seen::default();
    for (at, line) in physical.iter().enumerate() {
        let line = text.get(line.content.clone()).unwrap_or("").trim();
        if let Some(command) = header(line).or_else(|| exec_command(line)) {
            seen = Seen::default();
            marks.push((at, output(command)));
        } else if seen.begins_again(line) {
            marks.push((at, Output::Second));
        }
    }
    let has = |wanted| marks.iter().any(|(_, output)| *output == wanted);
    let (running, startup) = (has(Output::Running), has(Output::Startup));
    let mut taken = false;
    let mut sections = Vec::new();
    let mut add = |lines: Range<usize>, output| {
        let whole = match output {
            Output::Running => true,
            Output::Startup => !running,
            _ => false,
        };
        let skip = match output {
            Output::Other => running || startup || has(Output::Part) || has(Output::Unnamed),
            Output::Second => true,
            Output::Startup | Output::Running => !whole || taken,
            Output::Unnamed | Output::Part => false,
        };
        taken |= whole;
        if !lines.is_empty() {
            sections.push(Section { lines, skip });
        }
    };
    let first = marks.first().map_or(physical.len(), |(at, _)| *at);
    add(0..first, Output::Unnamed);
    let ends = marks.iter().skip(1).map(|(at, _)| *at);
    let ends = ends.chain([physical.len()]);
    for ((at, output), end) in marks.iter().zip(ends) {
        add(*at..end, *output);
    }
    sections
}

/// `------------------ show running-config ------------------`
pub(super) fn header(line: &str) -> Option<&str> {
    let inner = line.strip_prefix("-----")?.trim_start_matches('-');
    let inner = inner.strip_suffix("-----")?.trim_end_matches('-').trim();
    inner.starts_with("show ").then_some(inner)
}

fn output(command: &str) -> Output {
    let command = command.to_ascii_lowercase();
    let mut words = command.split_whitespace();
    let (verb, what) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    let is = |full: &str, least: usize| what.len() >= least && full.starts_with(what);
    let shows = verb.len() >= 2 && "show".starts_with(verb) || verb == "more";
    let whole = words.next().is_none();
    match shows {
        false => Output::Unnamed,
        true if is("running-config", 2) || what == "system:running-config" => match whole {
            true => Output::Running,
            false => Output::Part,
        },
        true if is("startup-config", 3) || what == "nvram:startup-config" => Output::Startup,
        true => Output::Other,
    }
}

/// How far one configuration has come.
#[derive(Default)]
struct Seen {
    begun: bool,
    ended: bool,
}

impl Seen {
    /// Whether the line begins a configuration after one that has ended.
    fn begins_again(&mut self, line: &str) -> bool {
        let starts = |with: &str| {
            let head = line.as_bytes().get(..with.len());
            head.is_some_and(|head| head.eq_ignore_ascii_case(with.as_bytes()))
        };
        let begins = starts("version ")
            || starts("Building configuration")
            || starts("Current configuration :");
        let again = begins && self.ended;
        match again {
            true => {
                *self = Self {
                    begun: true,
                    ended: false,
                }
            }
            false => {
                self.begun |= begins || starts("hostname ");
                self.ended |= self.begun && line.eq_ignore_ascii_case("end");
            }
        }
        again
    }
}
