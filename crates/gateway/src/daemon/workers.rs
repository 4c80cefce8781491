//! What workers say, and giving them what is theirs.

use super::Daemon;
use crate::carry::Carrier;
use crate::log::{Level, Record};
use crate::plane::Plane;
use crate::workers::Word;

/// Words that are heeded before others have their turn.
const WORDS_MAX: usize = 256;

impl Daemon {
    pub(super) fn hear_workers(&mut self) {
        if let Plane::Workers(crew) = &self.plane {
            crew.silence();
        }
        for _ in 0..WORDS_MAX {
            let Plane::Workers(crew) = &self.plane else {
                return;
            };
            let Some(word) = crew.next_word() else {
                return;
            };
            self.heed_word(word);
        }
        // There may be more.
        if let Plane::Workers(crew) = &self.plane {
            crew.ring();
        }
    }

    fn heed_word(&mut self, word: Word) {
        match word {
            Word::Notice(notice) => {
                let now = self.now();
                self.heed(now, notice);
            }
            Word::Ike {
                local,
                remote,
                message,
            } => Carrier::ike_message(self, local, remote, &message),
            Word::Told(told) => self.heed_told(&told),
            Word::PathMtuLowered { remote, mtu } => self.path_mtu_lowered(remote, mtu),
            Word::NotInstalled { child, error } => self.not_installed(child, &error),
            Word::DeviceGone(device) => self.remake_tun(&device),
        }
    }

    /// Gives workers the sockets and devices that were made for them.
    pub(super) fn equip_workers(&mut self) {
        let Plane::Workers(crew) = &mut self.plane else {
            return;
        };
        for (worker, endpoint) in self.machine.shares.drain(..) {
            crew.give_endpoint(worker, endpoint);
        }
        let tuns = self.machine.tuns.iter_mut();
        for queue in tuns.flat_map(|tun| tun.queues.drain(..)) {
            crew.give_queue(queue);
        }
    }

    /// Workers let go of what the machine has no more.
    pub(super) fn trim_workers(&mut self) {
        if let Plane::Workers(crew) = &mut self.plane {
            crew.keep(&self.setting.plan.locals, &self.machine.tuns);
        }
    }

    pub(super) fn not_installed(&mut self, child: String, error: &str) {
        let text = format!("the Child SA could not be installed: {error}");
        self.tell(Record {
            child: Some(child),
            failure: true,
            ..Record::new(Level::Error, "install-failed", text)
        });
    }

    /// Somebody has deleted the device, and the kernel its routes with it.
    pub(super) fn remake_tun(&mut self, device: &str) {
        self.count("tun-gone");
        if !self.machine.lose_tun(device) {
            return;
        }
        let text = format!("device {device} is gone: its routes went with it");
        self.tell(Record::new(Level::Error, "tunnel-device-gone", text));
        match self.machine.make(&self.setting.plan) {
            Ok(()) => {
                let text = format!("device {device} and its routes are made again");
                self.tell(Record::info("tunnel-device-remade", text));
            }
            Err(failure) => {
                let text = format!("{failure}; a reload tries it again");
                self.tell(Record::new(Level::Error, "tunnel-device-lost", text));
            }
        }
        self.equip_workers();
        self.tell_notes();
    }
}
