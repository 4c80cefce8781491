//! PAN-OS's operational commands: a line in, a [`Reply`] out.

mod table;
mod words;

use crossgate_model::operate::{Reply, Station};
use table::COMMANDS;
use words::{Miss, Words};

/// Understands one line of the operational mode. Words may be cut short where they stay unique.
pub fn execute(line: &str, station: &Station<'_>) -> Reply {
    let words = Words::of(line);
    if words.is_empty() {
        return Reply::Print(String::new());
    }
    match words::find(COMMANDS, &words) {
        Ok((command, arguments)) => (command.run)(&arguments, station),
        Err(Miss::Unknown(word)) => Reply::Refused(format!("Unknown command: {word}\n")),
        Err(Miss::Syntax) => Reply::Refused("Invalid syntax.\n".into()),
    }
}

#[cfg(test)]
mod tests;
