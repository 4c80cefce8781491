//! PAN-OS's operational commands: a line in, a [`Reply`] out.

mod pipe;
mod table;
mod words;

use crossgate_model::operate::{Reply, Station};
use table::COMMANDS;
use words::{Miss, Words};

/// Understands one line of the operational mode. Words may be cut short where they stay unique.
pub fn execute(line: &str, station: &Station<'_>) -> Reply {
    match understand(line, station) {
        Ok(reply) => reply,
        Err(Miss::Unknown(word)) => Reply::Refused(format!("Unknown command: {word}\n")),
        Err(Miss::Syntax) => Reply::Refused("Invalid syntax.\n".into()),
    }
}

fn understand(line: &str, station: &Station<'_>) -> Result<Reply, Miss> {
    let (command, output) = pipe::split(line);
    let words = Words::of(command);
    if words.is_empty() && output.is_none() {
        return Ok(Reply::Print(String::new()));
    }
    let (command, arguments) = words::find(COMMANDS, &words)?;
    let filter = output.map(pipe::Filter::parse).transpose()?;
    let reply = (command.run)(&arguments, station);
    Ok(match filter {
        Some(filter) => filter.over(reply),
        None => reply,
    })
}

#[cfg(test)]
mod tests;
