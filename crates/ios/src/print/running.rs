//! What the running configuration says in IOS's own terms, for prints of what the vendor-neutral
//! gateway has no word for. Its secrets are masked before it comes here.

use crate::config::Config;
use crossgate_diag::Sources;

/// `None` if it can't be read, which what runs always can.
pub fn config(masked: &str) -> Option<Config> {
    let mut sources = Sources::new();
    let file = sources.add("running-config", masked);
    crate::read(&mut sources, file)
        .ok()
        .map(|reading| reading.config)
}
