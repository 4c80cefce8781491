//! A lab that is kept: what `--down` needs to find it again.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const FILE: &str = "lab.json";
const HOLDER: &str = "holder";
const STOP_PATIENCE: Duration = Duration::from_secs(5);

/// A process of a kept lab. The start time tells it from a later one with the same number.
#[derive(Debug, Serialize, Deserialize)]
struct Process {
    role: String,
    pid: u32,
    started: String,
}

/// What is left running.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct State {
    processes: Vec<Process>,
    /// Where the logs are.
    logs: PathBuf,
}

impl State {
    pub fn new(logs: &Path) -> Self {
        Self {
            processes: Vec::new(),
            logs: logs.to_owned(),
        }
    }

    pub fn add_daemon(&mut self, label: &str, pid: u32) {
        self.add(label, pid);
    }

    /// A process that only keeps its namespace alive.
    pub fn add_holder(&mut self, pid: u32) {
        self.add(HOLDER, pid);
    }

    fn add(&mut self, role: &str, pid: u32) {
        self.processes.push(Process {
            role: role.into(),
            pid,
            started: start_time(pid).unwrap_or_default(),
        });
    }

    /// Writes it into the lab's folder.
    pub fn save(&self, folder: &Path) -> io::Result<()> {
        let text = serde_json::to_string_pretty(self).map_err(io::Error::other)?;
        std::fs::write(folder.join(FILE), text)
    }

    fn load(folder: &Path) -> Option<Self> {
        let text = std::fs::read_to_string(folder.join(FILE)).ok()?;
        serde_json::from_str(&text).ok()
    }

    fn alive(&self) -> impl Iterator<Item = &Process> {
        self.processes.iter().filter(|process| process.alive())
    }
}

impl Process {
    fn alive(&self) -> bool {
        start_time(self.pid).as_deref() == Some(self.started.as_str())
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.pid.cast_signed()), signal).ok();
    }
}

/// The 22nd field of /proc/PID/stat; `None` for a process that is gone or only a zombie.
fn start_time(pid: u32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let after_name = stat.rsplit_once(") ")?.1;
    let mut fields = after_name.split(' ');
    let state = fields.next()?;
    (state != "Z").then(|| fields.nth(18).map(str::to_owned))?
}

/// Whether a lab is running from that folder.
pub fn is_running(folder: &Path) -> bool {
    State::load(folder).is_some_and(|state| state.alive().next().is_some())
}

/// Stops a kept lab, daemons first so that they can say good-bye; how many processes there were.
#[allow(clippy::disallowed_methods, reason = "a lab runs in real time")]
pub fn down(folder: &Path) -> Result<usize, String> {
    let Some(state) = State::load(folder) else {
        return Err(format!(
            "there is no such lab: {} is missing; `crossgate lab --keep --name NAME …` makes one",
            folder.join(FILE).display()
        ));
    };
    let count = state.alive().count();
    let daemons = || state.alive().filter(|process| process.role != HOLDER);
    daemons().for_each(|process| process.signal(Signal::SIGTERM));
    let until = Instant::now() + STOP_PATIENCE;
    while daemons().next().is_some() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(10));
    }
    state
        .alive()
        .for_each(|process| process.signal(Signal::SIGKILL));
    std::fs::remove_dir_all(folder).ok();
    std::fs::remove_dir_all(&state.logs).ok();
    Ok(count)
}
