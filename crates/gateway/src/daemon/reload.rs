//! SIGHUP: the file is read again, and the difference put into force. A file that can't be run
//! changes nothing.

use super::{Daemon, Setting};
use crate::failure::Failure;
use crate::load::load;
use crate::log::{Level, Record};

/// Why the running configuration stays.
enum Refusal {
    Failure(Failure),
    /// More errors than the configuration that runs.
    Errors(usize),
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Failure(failure) => write!(f, "{failure}"),
            Self::Errors(count) => write!(f, "the file has {count} errors"),
        }
    }
}

impl Daemon {
    pub(super) fn reload(&mut self) {
        match self.try_reload() {
            Ok(()) => {
                self.tell_notes();
                let text = format!("{} is in force", self.setting.loaded.summary());
                self.tell(Record::info("reloaded", text));
            }
            Err(refusal) => {
                let text = format!("the running configuration stays: {refusal}");
                self.tell(Record::new(Level::Error, "reload-refused", text));
            }
        }
    }

    fn try_reload(&mut self) -> Result<(), Refusal> {
        let loaded = load(&self.options.file, &self.options.hints)?;
        self.log.findings(self.clock.unix(), &loaded);
        if loaded.errors() > self.setting.loaded.errors() {
            return Err(Refusal::Errors(loaded.errors()));
        }
        let mut setting = Setting::read(&self.options, loaded, &self.machine.devices()?)?;
        setting.leave_udp_to(self.plane.kind());
        if let Err(failure) = self.machine.make(&setting.plan) {
            // Half of the new is there: back to the old.
            self.machine.remove_others(&self.setting.plan)?;
            self.machine.make(&self.setting.plan)?;
            return Err(failure.into());
        }
        self.setting = setting;
        self.put_into_force();
        self.machine.remove_others(&self.setting.plan)?;
        self.trim_workers();
        Ok(())
    }

    /// Policies first, so that no Child is installed without its own; then the engine, whose
    /// deletes are sent while the sockets of the old configuration are still there.
    fn put_into_force(&mut self) {
        let now = self.now();
        let gateway = self.setting.gateway.clone();
        let shared = self.machine.shared();
        self.setting
            .put_policies(&self.options, &shared, &mut self.plane);
        self.equip_workers();
        self.place_children();
        self.set_path_mtus();
        self.ike.reconfigure(now, gateway);
        self.drain();
    }
}
