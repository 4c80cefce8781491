//! How PAN-OS says a change, and what its log says of an event.

use crate::Reading;
use crossgate_diag::{Amendment, SourceFile};
use crossgate_model::{CannotSay, Change, Event, Language};

impl Language for Reading {
    fn amend(&self, _: &SourceFile, _: &Change) -> Result<Amendment, CannotSay> {
        Err(CannotSay("this program does not know how yet".into()))
    }

    fn symptoms(&self, _: &Event) -> Vec<String> {
        Vec::new()
    }
}
