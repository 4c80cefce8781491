//! What the whole-system tests are made of.
//!
//! - [`world`]: the five namespaces, NAT, and the WAN's failures.
//! - [`tunnel`]: what a tunnel's two ends agree upon; every end's configuration is made of it.
//! - [`vendors`]: our end's configuration in both vendors' languages.
//! - [`crossgate`]: our daemon in a namespace.
//! - [`charon`], [`pluto`], [`iked`]: the other engines in a namespace.
//! - [`kernel`]: a kernel that has ESP, for tests to run in again.
//! - [`ping`]: traffic from LAN to LAN; [`flows`]: a load whose packets are told apart.
//! - [`capture`]: what crossed the WAN, and tshark's reading of it.
//! - [`keys`]: SA keys as each engine logs them.
//! - [`process`]: child programs that never outlive a test, and waiting.

pub mod capture;
pub mod charon;
pub mod crossgate;
pub mod flows;
pub mod iked;
pub mod kernel;
pub mod keys;
pub mod ping;
pub mod pluto;
pub mod process;
pub mod tunnel;
pub mod vendors;
pub mod world;

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// One of the two processors, for what keeps one busy for long: a kernel, or a load of which nothing
/// may be lost.
pub fn processor() -> MutexGuard<'static, ()> {
    static PROCESSORS: [Mutex<()>; 2] = [const { Mutex::new(()) }; 2];
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    let asked = ASKED.fetch_add(1, Ordering::Relaxed);
    let one = &PROCESSORS[asked % PROCESSORS.len()];
    one.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What `tests/setup` has prepared, by its path below `target/peers`.
pub fn prepared(path: &str) -> PathBuf {
    let peers = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/peers");
    let path = PathBuf::from(peers).join(path);
    path.canonicalize()
        .unwrap_or_else(|_| panic!("{} is missing: run tests/setup first", path.display()))
}
