//! Switches of the kernel under /proc/sys, with what they were before.

use std::fs;
use std::io;
use std::path::PathBuf;

/// A switch that was changed, and is put back when the daemon ends in order.
#[derive(Debug)]
pub struct Changed {
    path: PathBuf,
    before: String,
}

/// Sets a switch; `None` if it was so already.
pub fn set(name: &str, value: &str) -> io::Result<Option<Changed>> {
    let path = PathBuf::from("/proc/sys").join(name);
    let before = fs::read_to_string(&path)?.trim().to_owned();
    if before == value {
        return Ok(None);
    }
    fs::write(&path, value)?;
    Ok(Some(Changed { path, before }))
}

impl Changed {
    pub fn restore(self) -> io::Result<()> {
        fs::write(self.path, self.before)
    }
}
