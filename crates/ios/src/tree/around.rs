//! What a terminal shows around a configuration.

/// What a line's beginning is, if it isn't the command itself.
enum Around {
    /// Nothing of the line is configuration.
    Whole,
    /// A configuration mode's prompt of that many bytes; a command follows.
    Prompt(usize),
}

/// Prints of the device before, after and between configuration lines.
const PRINTS: [&str; 14] = [
    "building configuration",
    "current configuration",
    "compressed configuration",
    "startup configuration",
    "load for five secs",
    "time source is",
    "no time source",
    "enter configuration commands",
    "press return",
    "[ok]",
    "destination filename",
    "last configuration change",
    "warning: attempting to overwrite",
    "overwrite the previous",
];

/// Commands of the exec level, with the shortest abbreviation that a transcript would have.
const EXEC: [(&str, usize); 9] = [
    ("show", 2),
    ("configure", 4),
    ("write", 2),
    ("copy", 3),
    ("terminal", 4),
    ("logout", 4),
    ("disable", 4),
    ("debug", 3),
    ("do", 2),
];

/// The command of the exec level that a prompt's line has: of `R1#show version`.
pub(super) fn exec_command(line: &str) -> Option<&str> {
    match prompt(line)? {
        Around::Whole => {
            let at = line.find(['#', '>'])?;
            let command = line.get(at + 1..)?.trim();
            (!command.is_empty() && is_exec(&command.to_ascii_lowercase())).then_some(command)
        }
        Around::Prompt(_) => None,
    }
}

/// Whether nothing of the line is configuration, and else how many bytes of it are a prompt.
pub(super) fn recognise(line: &str) -> (bool, usize) {
    match beginning(line) {
        None => (false, 0),
        Some(Around::Whole) => (true, 0),
        // A command of the exec level can be given from configuration mode: `do show …`.
        Some(Around::Prompt(length)) => {
            let command = line.get(length..).unwrap_or("");
            (is_exec(&command.trim().to_ascii_lowercase()), length)
        }
    }
}

/// The first letter decides nearly always.
fn starts(text: &str, with: &str) -> bool {
    text.as_bytes().first() == with.as_bytes().first() && text.starts_with(with)
}

fn beginning(line: &str) -> Option<Around> {
    let bare = line.trim();
    if let Some(prompt) = prompt(line) {
        return Some(prompt);
    }
    let lower = bare.to_ascii_lowercase();
    let whole = PRINTS.iter().any(|print| starts(&lower, print))
        || bare == "^"
        || bare.starts_with('%')
        || super::sections::header(bare).is_some()
        || is_log_message(bare)
        || is_size(&lower)
        || is_exec(&lower);
    whole.then_some(Around::Whole)
}

/// `*Mar  1 00:01:02.003: %SYS-5-CONFIG_I: …`
fn is_log_message(line: &str) -> bool {
    line.contains(": %") && line.starts_with(|c: char| c == '*' || c == '.' || c.is_ascii_digit())
}

/// `Using 2134 out of 33554432 bytes`
fn is_size(lower: &str) -> bool {
    lower.starts_with("using ") && lower.contains(" out of ")
}

fn is_exec(lower: &str) -> bool {
    let mut words = lower.split_whitespace();
    let Some(first) = words.next() else {
        return false;
    };
    // `enable secret` is configuration; `enable` alone raises the privilege.
    if first == "enable" || first == "en" {
        return words.next().is_none();
    }
    EXEC.iter()
        .any(|(word, least)| first.len() >= *least && starts(word, first))
}

/// `Router#`, `Router>`, `Router(config-if)#`, as device prompts are made.
fn prompt(line: &str) -> Option<Around> {
    let at = line.find(['#', '>'])?;
    let before = line.get(..at)?.trim_start();
    let host = before.split('(').next().unwrap_or("");
    let plain = |c: char| c.is_ascii_alphanumeric() || "_.-/@:".contains(c);
    if host.is_empty() || host.len() > 63 || !host.chars().all(plain) {
        return None;
    }
    let mode = before.get(host.len()..)?;
    if mode.is_empty() {
        return Some(Around::Whole);
    }
    let name = mode.strip_prefix('(')?.strip_suffix(')')?;
    let shaped = !name.is_empty() && name.chars().all(plain);
    shaped.then_some(Around::Prompt(at + 1))
}
