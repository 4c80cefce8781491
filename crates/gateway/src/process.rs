//! What the process does to itself: no core dumps, entropy, and signals as file descriptors.

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use rustix::process::{DumpableBehavior, Resource, Rlimit};
use rustix::rand::{GetRandomFlags, getrandom};
use std::io;
use std::os::unix::net::UnixStream;

/// Keys live in this process: nobody else may read its memory, and none of it goes to disk.
pub fn forbid_core_dumps() -> io::Result<()> {
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    rustix::process::setrlimit(Resource::Core, none)?;
    Ok(())
}

/// A generator seeded by the kernel.
pub fn entropy() -> io::Result<ChaCha20Rng> {
    let mut seed = [0u8; 32];
    let mut filled = 0;
    while filled < seed.len() {
        filled += getrandom(&mut seed[filled..], GetRandomFlags::empty())?;
    }
    let rng = ChaCha20Rng::from_seed(seed);
    zeroize::Zeroize::zeroize(&mut seed);
    Ok(rng)
}

/// Each end becomes readable when its signal has come.
pub struct Signals {
    /// SIGHUP.
    pub reload: UnixStream,
    /// SIGTERM and SIGINT.
    pub stop: UnixStream,
}

impl Signals {
    pub fn listen() -> io::Result<Self> {
        use rustix::process::Signal;
        let (reload, reload_in) = pair()?;
        let (stop, stop_in) = pair()?;
        register(Signal::HUP, reload_in)?;
        register(Signal::TERM, stop_in.try_clone()?)?;
        register(Signal::INT, stop_in)?;
        Ok(Self { reload, stop })
    }
}

fn register(signal: rustix::process::Signal, pipe: UnixStream) -> io::Result<()> {
    signal_hook::low_level::pipe::register(signal.as_raw(), pipe).map(|_| ())
}

fn pair() -> io::Result<(UnixStream, UnixStream)> {
    let (out, into) = UnixStream::pair()?;
    out.set_nonblocking(true)?;
    into.set_nonblocking(true)?;
    Ok((out, into))
}
