//! How PAN-OS says a change, and what its log says of an event.
//!
//! A [`Change`] becomes [`steps`] on paths of the configuration, the same for both forms;
//! the steps become commands to type, and edits of the text as it is written: [`in_xml`] or
//! [`in_set`].

mod change;
pub(crate) mod in_set;
mod in_xml;
pub(crate) mod outline;
pub(crate) mod steps;
pub(crate) mod values;

use crate::{Form, Reading, log};
use crossgate_diag::{Amendment, SourceFile};
use crossgate_model::{CannotSay, Change, Event, Language};

impl Language for Reading {
    fn amend(&self, source: &SourceFile, change: &Change) -> Result<Amendment, CannotSay> {
        self.amend_all(source, std::slice::from_ref(change), &[])
    }

    fn amend_all(
        &self,
        source: &SourceFile,
        changes: &[Change],
        wanted: &[Change],
    ) -> Result<Amendment, CannotSay> {
        let steps = change::steps(self, changes, wanted)?;
        let steps = steps::needed(&self.tree, steps);
        if steps.is_empty() {
            return Err(CannotSay("the file says so already".into()));
        }
        let text = source.text();
        let edits = match self.form {
            Form::Xml => in_xml::edits(&self.tree, text, self.file, self.outline(text), &steps)?,
            Form::Set if self.tree.is_layered() => {
                let steps = steps::in_layers(&self.tree, &steps);
                in_set::edits(text, self.file, self.commands(text), &steps)
            }
            Form::Set => in_set::edits(text, self.file, self.commands(text), &steps),
        };
        Ok(Amendment {
            file: self.file,
            edits,
            commands: steps::commands(&self.tree, &steps, steps::Show::Named),
        })
    }

    fn symptoms(&self, event: &Event) -> Vec<String> {
        log::lines(event)
    }
}

fn cannot<T>(why: impl Into<String>) -> Result<T, CannotSay> {
    Err(CannotSay(why.into()))
}
