//! `debug`, `undebug` and `show debugging`.

use crossgate_model::operate::{DebugTopic, Operation, Outcome};
use std::collections::BTreeSet;

pub fn switched(operation: &Operation, _: &Outcome) -> String {
    match operation {
        Operation::Debug { topic, on } => format!("{} is {}\n", title(*topic), word(*on)),
        _ => String::new(),
    }
}

pub fn all_off(_: &Operation, _: &Outcome) -> String {
    "All possible debugging has been turned off\n".into()
}

pub fn state(on: &BTreeSet<DebugTopic>) -> String {
    if on.is_empty() {
        return String::new();
    }
    let rows = on
        .iter()
        .map(|topic| format!("  {} is on\n", title(*topic)));
    format!("IKEV2:\n{}", rows.collect::<String>())
}

fn title(topic: DebugTopic) -> &'static str {
    match topic {
        DebugTopic::Ike => "IKEv2 default debugging",
        DebugTopic::IkeError => "IKEv2 error debugging",
        DebugTopic::IkePacket => "IKEv2 packet debugging",
    }
}

fn word(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}
