//! Sleeping until one of several descriptors has something, or a time has come.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::os::fd::BorrowedFd;
use std::time::Duration;

/// Something that can be waited for, what it waits by, and for what.
pub type Awaited<'a, S> = (S, BorrowedFd<'a>, PollFlags);

/// Those that are ready, with what they are ready for. `None` waits without an end.
pub fn ready<S>(awaited: Vec<Awaited<'_, S>>, pause: Option<Duration>) -> Vec<(S, PollFlags)> {
    let mut fds: Vec<_> = awaited
        .iter()
        .map(|(_, fd, flags)| PollFd::from_borrowed_fd(*fd, *flags))
        .collect();
    let pause = pause.map(|pause| Timespec {
        tv_sec: pause.as_secs().try_into().unwrap_or(i64::MAX),
        tv_nsec: pause.subsec_nanos().into(),
    });
    // Interrupted by a signal: its pipe is readable next time.
    if poll(&mut fds, pause.as_ref()).is_err() {
        return Vec::new();
    }
    let events = fds.iter().map(PollFd::revents);
    let sources = awaited.into_iter().map(|(source, ..)| source).zip(events);
    sources.filter(|(_, events)| !events.is_empty()).collect()
}
