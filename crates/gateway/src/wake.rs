//! A queue between two threads that can be waited for like a socket: bounded, and with a file
//! descriptor that is readable when something was put in.

use rustix::event::{EventfdFlags, eventfd};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SendError, SyncSender, TrySendError, sync_channel};

/// Something that a thread sleeps upon.
#[derive(Clone)]
pub struct Bell(Arc<OwnedFd>);

impl Bell {
    pub fn new() -> io::Result<Self> {
        let flags = EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC;
        Ok(Self(Arc::new(eventfd(0, flags)?)))
    }

    /// One that has rung already goes on ringing.
    pub fn ring(&self) {
        let _ = rustix::io::write(&self.0, &1_u64.to_ne_bytes());
    }

    /// Before the queues are looked into, so that what comes meanwhile rings again.
    pub fn silence(&self) {
        let _ = rustix::io::read(&self.0, &mut [0; 8]);
    }
}

impl AsFd for Bell {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// The end of a queue where things are put in.
pub struct Inlet<T> {
    queue: SyncSender<T>,
    bell: Bell,
}

/// A queue of so many, whose reader sleeps upon that bell.
pub fn queue<T>(bound: usize, bell: &Bell) -> (Inlet<T>, Receiver<T>) {
    let (queue, out) = sync_channel(bound);
    let bell = bell.clone();
    (Inlet { queue, bell }, out)
}

impl<T> Inlet<T> {
    /// Waits for room.
    pub fn put(&self, value: T) -> Result<(), SendError<T>> {
        self.queue.send(value)?;
        self.bell.ring();
        Ok(())
    }

    /// Gives back what finds no room.
    pub fn offer(&self, value: T) -> Result<(), T> {
        match self.queue.try_send(value) {
            Ok(()) => {
                self.bell.ring();
                Ok(())
            }
            Err(TrySendError::Full(value) | TrySendError::Disconnected(value)) => Err(value),
        }
    }
}

impl<T> Clone for Inlet<T> {
    fn clone(&self) -> Self {
        Self {
            queue: self.queue.clone(),
            bell: self.bell.clone(),
        }
    }
}
