//! What a person is told about a text: source files with spans, findings, and their renderings.
//!
//! This crate knows nothing of networks. A dialect marks what it read with [`Span`]s, says what it
//! thinks in [`Finding`]s, and whoever talks to the person renders them as text, JSON, SARIF, JUnit's
//! XML or HTML.
//! Secrets in a source are masked here, once, so that no renderer can leak one.

#![forbid(unsafe_code)]

mod before;
mod finding;
mod fix;
mod render;
mod slip;
mod source;

pub use before::Before;
pub use finding::{Certainty, Choice, Finding, Help, Label, Severity, Symptom, of_all_places};
pub use fix::{AS_IN_THE_FILE, Amendment, Edit, Fix, apply};
pub use render::{Look, Summary, to_html, to_json, to_junit, to_sarif, to_text};
pub use slip::{is_surely_again, nearest, slip, surely};
pub use source::{FileId, Position, SourceFile, Sources, Span, Spanned};
