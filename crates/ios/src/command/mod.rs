//! IOS-XE's exec mode: a line in, a [`Reply`] out.
//!
//! - `table`: the commands, a row each.
//! - `words`: abbreviations, and where a line stops making sense.
//! - `help`: `?`.
//! - `pipe`: `| include …` and its kin.

mod help;
mod pipe;
mod table;
mod words;

use crossgate_model::operate::{Reply, Station};
use table::COMMANDS;
use words::{Column, Miss, Word};

/// Understands one line of the exec mode. Words may be cut short where the line stays unique.
pub fn execute(line: &str, station: &Station<'_>) -> Reply {
    let line = line.trim_end_matches(['\r', '\n']);
    if let Some(asked) = line.trim_end().strip_suffix('?') {
        return help::answer(asked);
    }
    understand(line, station).unwrap_or_else(|miss| Reply::Refused(refusal(line, miss, station)))
}

fn understand(line: &str, station: &Station<'_>) -> Result<Reply, Miss> {
    let (command, output) = pipe::split(line);
    let words = spoken(command);
    if words.is_empty() {
        return Ok(Reply::Print(String::new()));
    }
    let filter = output.map(pipe::Filter::parse).transpose()?;
    let (row, arguments) = words::find(COMMANDS, &words)?;
    let reply = (row.run)(&arguments, station).map_err(|value| arguments.miss(value, &words))?;
    Ok(match (reply, filter) {
        (Reply::Print(text), Some(filter)) => Reply::Print(filter.apply(&text)),
        (reply, _) => reply,
    })
}

/// The words that count: `do` is how configuration mode reaches this one.
fn spoken(line: &str) -> Vec<Word<'_>> {
    let mut words = words::split(line);
    if words.len() > 1 && words.first().is_some_and(|word| word.text == "do") {
        words.remove(0);
    }
    words
}

/// IOS's own words about a line that it doesn't understand. Its caret stands below the first
/// character that fits nothing, counted from the edge of the screen, so the prompt counts too.
fn refusal(line: &str, miss: Miss, station: &Station<'_>) -> String {
    match miss {
        Miss::Ambiguous => format!("% Ambiguous command:  \"{}\"\n", line.trim().escape_debug()),
        Miss::Incomplete => "% Incomplete command.\n\n".into(),
        Miss::Invalid(Column(column)) => {
            let indent = prompt_width(station) + column;
            format!(
                "{:indent$}^\n% Invalid input detected at '^' marker.\n\n",
                ""
            )
        }
        Miss::Pattern => "% Invalid regular expression\n".into(),
    }
}

/// Characters of `branch#`; a router without a name says `Router#`.
fn prompt_width(station: &Station<'_>) -> usize {
    let name = station.snapshot.system.hostname.chars().count();
    1 + if name == 0 { "Router".len() } else { name }
}

#[cfg(test)]
mod tests;
