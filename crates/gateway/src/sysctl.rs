//! Switches of the kernel under /proc/sys, with what they were before.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub const FORWARD_V4: &str = "net/ipv4/ip_forward";
pub const FORWARD_V6: &str = "net/ipv6/conf/all/forwarding";
/// Seconds for which the kernel, having asked for an SA, doesn't ask again.
pub const ASK_AGAIN: &str = "net/core/xfrm_acq_expires";
/// Those that are put back.
pub const SWITCHES: [&str; 3] = [FORWARD_V4, FORWARD_V6, ASK_AGAIN];

/// A switch that was changed, and is put back when the daemon ends in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    pub name: &'static str,
    pub before: String,
}

pub fn get(name: &str) -> io::Result<String> {
    Ok(fs::read_to_string(path(name))?.trim().to_owned())
}

pub fn set(name: &str, value: &str) -> io::Result<()> {
    fs::write(path(name), value)
}

fn path(name: &str) -> PathBuf {
    Path::new("/proc/sys").join(name)
}

impl Changed {
    pub fn restore(self) -> io::Result<()> {
        set(self.name, &self.before)
    }
}
