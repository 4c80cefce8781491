//! One end's daemon as a child process in its namespace: started, asked, read, stopped.

use super::namespace::Namespace;
use crossgate_gateway::control;
use crossgate_gateway::load::Hints;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long an orderly stop may take: deletes are sent, and an answer is waited for.
const STOP_PATIENCE: Duration = Duration::from_secs(4);
const POLL: Duration = Duration::from_millis(5);

/// What a daemon is started with.
pub struct Start<'a> {
    pub label: &'static str,
    pub file: &'a Path,
    /// Interfaces of the file, and their devices.
    pub binds: Vec<(String, String)>,
    /// Where its log goes.
    pub logs: &'a Path,
    pub socket: PathBuf,
    /// It answers, but does not initiate by itself.
    pub passive: bool,
    pub keylog: Option<&'a Path>,
    pub hints: Hints,
}

/// A running daemon. Dropping it kills it.
pub struct Node {
    pub label: &'static str,
    log: PathBuf,
    socket: PathBuf,
    /// `None` once it has been left to itself.
    process: Option<Child>,
}

/// One line of a daemon's log.
#[derive(Debug)]
pub struct LogLine(Value);

impl LogLine {
    pub fn event(&self) -> &str {
        self.0["event"].as_str().unwrap_or_default()
    }

    pub fn text(&self) -> &str {
        self.0["text"].as_str().unwrap_or_default()
    }

    /// Something that the configuration wants did not happen.
    pub fn is_failure(&self) -> bool {
        self.0["failure"] == true
    }

    /// `us` or `peer`, for what one of the ends did.
    pub fn by(&self) -> Option<&str> {
        self.0["by"].as_str()
    }
}

impl Node {
    /// Starts it and waits until it is ready; its own words if it gives up.
    pub fn start(
        namespace: &Namespace,
        start: &Start<'_>,
        patience: Duration,
    ) -> Result<Self, String> {
        let mut node = Self::spawn(namespace, start)
            .map_err(|error| format!("the {} daemon can't be started: {error}", start.label))?;
        node.wait_ready(patience)?;
        Ok(node)
    }

    fn spawn(namespace: &Namespace, start: &Start<'_>) -> io::Result<Self> {
        let log = start.logs.join(format!("{}.log", start.label));
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("run").arg(start.file);
        // As the vendors' devices do: what was judged is what is shown.
        command.args(["--no-encapsulate", "all"]);
        command.arg("--socket").arg(&start.socket);
        command.args(["--name", start.label, "--log-format", "json"]);
        for (name, device) in &start.binds {
            command.arg("--bind").arg(format!("{name}={device}"));
        }
        if start.passive {
            command.arg("--passive");
        }
        if let Some(release) = &start.hints.release {
            command.args(["--release", release]);
        }
        if let Some(template) = &start.hints.template {
            command.args(["--template", template]);
        }
        if let Some(folder) = start.keylog {
            command.arg("--keylog").arg(folder);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(File::create(&log)?);
        let process = namespace.enter(|| command.spawn())??;
        Ok(Self {
            label: start.label,
            log,
            socket: start.socket.clone(),
            process: Some(process),
        })
    }

    pub fn pid(&self) -> u32 {
        self.process.as_ref().map_or(0, Child::id)
    }

    #[allow(clippy::disallowed_methods, reason = "a lab runs in real time")]
    fn wait_ready(&mut self, patience: Duration) -> Result<(), String> {
        let until = Instant::now() + patience;
        while Instant::now() < until {
            if self.has_logged("ready") {
                return Ok(());
            }
            let ended = self.process.as_mut().map(Child::try_wait);
            if let Some(Ok(Some(status))) = ended {
                let words = self.last_words();
                return Err(format!(
                    "the {} daemon ended ({status}): {words}",
                    self.label
                ));
            }
            std::thread::sleep(POLL);
        }
        Err(format!(
            "the {} daemon was not ready in {patience:?}",
            self.label
        ))
    }

    fn last_words(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let last = text.lines().rev().find(|line| !line.trim().is_empty());
        last.unwrap_or("it said nothing").to_owned()
    }

    /// What it has logged so far; lines that are no JSON (findings) are left out.
    pub fn log_lines(&self) -> Vec<LogLine> {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines = text
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        lines.map(LogLine).collect()
    }

    pub fn has_logged(&self, event: &str) -> bool {
        self.log_lines().iter().any(|line| line.event() == event)
    }

    pub fn has_failed(&self) -> bool {
        self.log_lines().iter().any(LogLine::is_failure)
    }

    /// Runs a command of the operator's language.
    pub fn exec(&self, line: &str) -> Result<String, String> {
        control::request(&self.socket, line)
            .map(|answer| answer.text)
            .map_err(|error| format!("the {} daemon did not answer: {error}", self.label))
    }

    /// Asks it to stop in order, and kills it if it does not.
    #[allow(clippy::disallowed_methods, reason = "a lab runs in real time")]
    pub fn stop(mut self) -> Result<(), String> {
        let pid = Pid::from_raw(self.pid().cast_signed());
        let Some(process) = self.process.as_mut() else {
            return Ok(());
        };
        kill(pid, Signal::SIGTERM).ok();
        let until = Instant::now() + STOP_PATIENCE;
        while Instant::now() < until {
            match process.try_wait() {
                Ok(Some(status)) if status.success() => return Ok(()),
                Ok(Some(status)) => {
                    return Err(format!("the {} daemon ended with {status}", self.label));
                }
                Ok(None) => std::thread::sleep(POLL),
                Err(error) => return Err(error.to_string()),
            }
        }
        Err(format!(
            "the {} daemon did not stop in {STOP_PATIENCE:?} and was killed",
            self.label
        ))
    }

    /// Leaves it running when the lab's own process ends.
    pub fn leave_running(mut self) {
        self.process = None;
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            process.kill().ok();
            process.wait().ok();
        }
    }
}
