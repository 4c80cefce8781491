//! The daemon's log: one line an event in vendor-neutral words, as text or JSON.
//!
//! A peer, or somebody who pretends to be one, can cause events: each code has a bound of lines a
//! second, and what is left out is counted and told.

use crate::clock::timestamp;
use crate::load::Loaded;
use crossgate_diag::Severity;
use crossgate_model::event::Side;
use crossgate_model::{Event, EventKind};
use serde_json::json;
use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

/// Lines of one code in one second.
const LINES_PER_SECOND: u32 = 50;
/// Lines kept for followers who read slowly.
const FOLLOWED_LINES: usize = 1024;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    #[default]
    Text,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Debug,
    Info,
    Warning,
    Error,
}

impl Level {
    fn word(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One thing to tell.
#[derive(Clone, Debug)]
pub struct Record {
    pub level: Level,
    /// Stable, in words.
    pub code: &'static str,
    pub connection: Option<String>,
    pub child: Option<String>,
    pub peer: Option<SocketAddr>,
    /// Which end did it, for what one of the ends does.
    pub by: Option<Side>,
    /// Something that the configuration wants did not happen.
    pub failure: bool,
    pub text: String,
}

impl Record {
    pub fn new(level: Level, code: &'static str, text: impl Into<String>) -> Self {
        Self {
            level,
            code,
            connection: None,
            child: None,
            peer: None,
            by: None,
            failure: false,
            text: text.into(),
        }
    }

    pub fn info(code: &'static str, text: impl Into<String>) -> Self {
        Self::new(Level::Info, code, text)
    }

    pub fn warning(code: &'static str, text: impl Into<String>) -> Self {
        Self::new(Level::Warning, code, text)
    }
}

impl From<Event> for Record {
    fn from(event: Event) -> Self {
        Self {
            level: level_of(&event.kind),
            code: event.kind.code(),
            connection: event.connection,
            child: event.child,
            peer: event.peer,
            by: side_of(&event.kind),
            failure: event.kind.is_failure(),
            text: event.kind.to_string(),
        }
    }
}

fn level_of(kind: &EventKind) -> Level {
    match kind {
        EventKind::Retransmitted { .. } => Level::Debug,
        kind if kind.is_failure() => Level::Error,
        EventKind::MessageRejected { .. } | EventKind::WeakAlgorithm { .. } => Level::Warning,
        _ => Level::Info,
    }
}

fn side_of(kind: &EventKind) -> Option<Side> {
    match kind {
        EventKind::IkeStarted { by }
        | EventKind::IkeRekeyed { by }
        | EventKind::IkeDeleted { by, .. }
        | EventKind::ChildInstalled { by, .. }
        | EventKind::ChildRekeyed { by, .. }
        | EventKind::ChildDeleted { by, .. }
        | EventKind::CookieRequired { by } => Some(*by),
        EventKind::NoProposalChosen { refused_by, .. }
        | EventKind::AuthenticationFailed { refused_by, .. }
        | EventKind::TsUnacceptable { refused_by, .. }
        | EventKind::PfsMismatch { refused_by, .. } => Some(*refused_by),
        _ => None,
    }
}

/// Writes records, and keeps them for those who follow.
pub struct Log {
    format: LogFormat,
    out: Box<dyn std::io::Write>,
    /// Lines of each code in the current second.
    written: BTreeMap<&'static str, u32>,
    second: u64,
    suppressed: u64,
    /// Whether debug lines are written.
    verbose: bool,
    followed: VecDeque<String>,
}

impl Log {
    pub fn new(format: LogFormat, out: Box<dyn std::io::Write>) -> Self {
        Self {
            format,
            out,
            written: BTreeMap::new(),
            second: 0,
            suppressed: 0,
            verbose: false,
            followed: VecDeque::new(),
        }
    }

    /// Turns debug lines on or off.
    pub fn set_verbose(&mut self, verbose: bool) {
        self.verbose = verbose;
    }

    /// Tells what reading a file found: as a compiler does, or one line each.
    pub fn findings(&mut self, unix: Duration, loaded: &Loaded) {
        if self.format == LogFormat::Text {
            let _ = write!(self.out, "{}", loaded.findings_text());
            return;
        }
        for finding in &loaded.findings {
            let label = finding.labels.iter().find(|label| label.primary);
            let place = label.map(|label| loaded.sources.place(label.span) + ": ");
            let text = format!(
                "{}{} [{}]",
                place.unwrap_or_default(),
                finding.title,
                finding.code
            );
            let level = match finding.severity {
                Severity::Note => Level::Info,
                Severity::Warning => Level::Warning,
                Severity::Error => Level::Error,
            };
            self.emit(unix, &Record::new(level, "finding", text));
        }
    }

    pub fn write(&mut self, unix: Duration, record: impl Into<Record>) {
        let record = record.into();
        if record.level == Level::Debug && !self.verbose {
            return;
        }
        self.begin_second(unix);
        let count = self.written.entry(record.code).or_insert(0);
        *count += 1;
        if *count > LINES_PER_SECOND {
            self.suppressed += 1;
            return;
        }
        self.emit(unix, &record);
    }

    fn begin_second(&mut self, unix: Duration) {
        if self.second == unix.as_secs() {
            return;
        }
        self.second = unix.as_secs();
        self.written.clear();
        let left_out = std::mem::take(&mut self.suppressed);
        if left_out > 0 {
            let text = format!(
                "{left_out} lines left out: more than {LINES_PER_SECOND} of one kind a second"
            );
            self.emit(unix, &Record::warning("log-suppressed", text));
        }
    }

    fn emit(&mut self, unix: Duration, record: &Record) {
        let line = match self.format {
            LogFormat::Text => as_text(unix, record),
            LogFormat::Json => as_json(unix, record),
        };
        // Nobody is left to tell when the log is gone.
        let _ = writeln!(self.out, "{line}");
        if self.followed.len() == FOLLOWED_LINES {
            self.followed.pop_front();
        }
        self.followed.push_back(as_text(unix, record));
    }

    /// Lines written since the last call, as text.
    pub fn take_followed(&mut self) -> Vec<String> {
        self.followed.drain(..).collect()
    }
}

fn as_text(unix: Duration, record: &Record) -> String {
    let mut line = format!(
        "{} {} {}:",
        timestamp(unix),
        record.level.word(),
        record.code
    );
    for name in record.connection.iter().chain(&record.child) {
        let _ = write!(line, " [{}]", name.escape_debug());
    }
    if let Some(peer) = record.peer {
        let _ = write!(line, " {peer}");
    }
    let _ = write!(line, " {}", single_line(&record.text));
    line
}

fn as_json(unix: Duration, record: &Record) -> String {
    json!({
        "time": timestamp(unix),
        "level": record.level.word(),
        "event": record.code,
        "connection": record.connection,
        "child": record.child,
        "peer": record.peer.map(|peer| peer.to_string()),
        "by": record.by,
        "failure": record.failure,
        "text": record.text,
    })
    .to_string()
}

/// A peer's words may be in it: no line breaks, no terminal controls.
fn single_line(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            let (escaped, plain) = if c.is_control() {
                (Some(c.escape_default()), None)
            } else {
                (None, Some(c))
            };
            escaped.into_iter().flatten().chain(plain)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        Record {
            connection: Some("HQ".into()),
            peer: Some("198.51.100.20:500".parse().expect("an address")),
            ..Record::info("ike-sa-established", "evil\n\x1b[31m text")
        }
    }

    #[test]
    fn a_line_of_text_stays_one_line_whatever_a_peer_says() {
        assert_eq!(
            as_text(Duration::ZERO, &record()),
            r"1970-01-01T00:00:00.000Z info ike-sa-established: [HQ] 198.51.100.20:500 evil\n\u{1b}[31m text"
        );
    }

    #[test]
    fn a_json_line_has_the_promised_members() {
        let line = as_json(Duration::ZERO, &record());
        let value: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        assert_eq!(value["event"], "ike-sa-established");
        assert_eq!(value["connection"], "HQ");
        assert_eq!(value["child"], serde_json::Value::Null);
        assert_eq!(value["peer"], "198.51.100.20:500");
    }

    #[test]
    fn a_flood_of_one_code_is_bounded_and_told_and_others_still_pass() {
        let mut log = Log::new(LogFormat::Text, Box::new(std::io::sink()));
        for _ in 0..LINES_PER_SECOND + 7 {
            log.write(Duration::from_secs(1), Record::info("flood", "x"));
        }
        log.write(Duration::from_secs(1), Record::info("other", "y"));
        assert_eq!(log.take_followed().len() as u32, LINES_PER_SECOND + 1);
        log.write(Duration::from_secs(2), Record::info("flood", "x"));
        let after = log.take_followed();
        assert!(after[0].contains("7 lines left out"), "{after:?}");
    }
}
