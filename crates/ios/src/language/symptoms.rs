//! What a router logs of an event, with what `debug crypto ikev2` adds: genuine texts only.

use crate::log;
use crossgate_model::Event;
use crossgate_model::operate::DebugTopic;

pub(super) fn of(event: &Event) -> Vec<String> {
    let said = log::syslog(event, None).into_iter();
    said.chain(log::debug_lines(event, DebugTopic::IkeError, None))
        .collect()
}
