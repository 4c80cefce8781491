//! How a vendor's file and log say things: the door through which rules that name no vendor reach
//! a dialect.

use crate::change::Change;
use crate::event::Event;
use crossgate_diag::{Amendment, SourceFile};
use std::fmt;

/// A dialect, and one file read in it.
pub trait Language: fmt::Debug + Send + Sync {
    /// Where and how `change` is made in the file that was read; `source` is its text.
    ///
    /// # Errors
    /// The language has no words for it, or the file has no place for it: then the reader is told
    /// why, and has to do it by hand.
    fn amend(&self, source: &SourceFile, change: &Change) -> Result<Amendment, CannotSay>;

    /// What this vendor's log says of an event, line by line and without times; empty where no
    /// genuine text is known.
    fn symptoms(&self, event: &Event) -> Vec<String>;
}

/// Why a change can't be said in a language, as a sentence's end: `an access list has no …`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CannotSay(pub String);

impl fmt::Display for CannotSay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
