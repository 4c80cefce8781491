//! What is taken down when the lab itself is: by Ctrl-C, a signal, or an error on the way.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

const STOP_PATIENCE: Duration = Duration::from_secs(3);
const POLL: Duration = Duration::from_millis(10);

/// Folders and processes that must not outlive the lab. Dropping it removes the folders.
#[derive(Clone, Default)]
pub struct Remains(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    folders: Vec<PathBuf>,
    daemons: Vec<u32>,
}

impl Remains {
    /// From here on a signal takes down what has been noted. Starts a thread.
    pub fn watch(&self) -> io::Result<()> {
        let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM])?;
        let remains = self.clone();
        std::thread::spawn(move || {
            if signals.forever().next().is_some() {
                eprintln!("error: interrupted; taking the lab down");
                remains.inner().stop_daemons();
                remains.remove_folders();
                std::process::exit(2);
            }
        });
        Ok(())
    }

    pub fn note_folder(&self, folder: PathBuf) {
        self.inner().folders.push(folder);
    }

    pub fn note_daemon(&self, pid: u32) {
        self.inner().daemons.push(pid);
    }

    /// It stays: a kept lab, or the logs of a failure.
    pub fn spare_folder(&self, folder: &PathBuf) {
        self.inner().folders.retain(|noted| noted != folder);
    }

    pub fn spare_daemons(&self) {
        self.inner().daemons.clear();
    }

    pub fn remove_folders(&self) {
        for folder in self.inner().folders.drain(..) {
            std::fs::remove_dir_all(folder).ok();
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// They may say good-bye to each other before they go.
    fn stop_daemons(&self) {
        let pids = || {
            self.daemons
                .iter()
                .map(|pid| Pid::from_raw(pid.cast_signed()))
        };
        pids().for_each(|pid| {
            kill(pid, Signal::SIGTERM).ok();
        });
        let mut waited = Duration::ZERO;
        while waited < STOP_PATIENCE && self.daemons.iter().any(|pid| is_running(*pid)) {
            std::thread::sleep(POLL);
            waited += POLL;
        }
        pids().for_each(|pid| {
            kill(pid, Signal::SIGKILL).ok();
        });
    }
}

/// Not ended: a zombie has only to be waited for.
fn is_running(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ")
        .is_some_and(|(_, rest)| !rest.starts_with('Z'))
}
