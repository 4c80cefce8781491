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

    /// The same of several that belong together. `wanted` is what else is to change in the file in
    /// the end: what several share and all want changed alike may then be changed for all at once.
    ///
    /// # Errors
    /// As for [`Self::amend`], of the first that can't be made.
    fn amend_all(
        &self,
        source: &SourceFile,
        changes: &[Change],
        wanted: &[Change],
    ) -> Result<Amendment, CannotSay> {
        let _ = wanted;
        let mut all: Option<Amendment> = None;
        for change in changes {
            let one = self.amend(source, change)?;
            match &mut all {
                Some(all) => all.join(one),
                None => all = Some(one),
            }
        }
        all.ok_or_else(|| CannotSay("nothing is to change".into()))
    }

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
