//! The kernel's XFRM family over netlink: requests that are answered at once, and events.

use super::event::{self, Event};
use super::message::{Message, Reader, split};
use super::policy;
use super::state::{self, StateId, StateInfo};
use netlink_packet_core::{NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST};
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_XFRM};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use zeroize::Zeroizing;

/// The kernel sends at most 32 KiB of a dump at once.
const RECEIVE_BUFFER: usize = 64 * 1024;
/// Events of some thousand SAs that end together.
const EVENT_BUFFER: usize = 4 << 20;
/// Datagrams of events taken before others have their turn.
const EVENTS_MAX: usize = 256;

const DONE: u16 = 3;
const ERROR: u16 = 2;
/// `XFRMNLGRP_ACQUIRE`, `_EXPIRE`, `_MAPPING`.
const GROUPS: [u32; 3] = [1, 2, 8];

/// Requests, one after the other. Answers may hold keys: their memory is wiped.
pub struct Requests {
    socket: Socket,
    sequence: u32,
    buffer: Zeroizing<Vec<u8>>,
}

impl Requests {
    pub fn open() -> io::Result<Self> {
        let mut socket = Socket::new(NETLINK_XFRM)?;
        socket.bind_auto()?;
        socket.connect(&SocketAddr::new(0, 0))?;
        Ok(Self {
            socket,
            sequence: 0,
            buffer: Zeroizing::new(vec![0; RECEIVE_BUFFER]),
        })
    }

    /// One request that is acknowledged.
    pub fn change(&mut self, message: &mut Message) -> io::Result<()> {
        self.ask(message, NLM_F_REQUEST | NLM_F_ACK, |_| ())
    }

    /// What the kernel has of a state, as the body of its answer.
    pub fn state(&mut self, id: StateId) -> io::Result<Zeroizing<Vec<u8>>> {
        let mut found = None;
        self.ask(&mut state::get(id), NLM_F_REQUEST, |body| {
            found = Some(Zeroizing::new(body.to_vec()));
        })?;
        found.ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// All ESP states in tunnel mode.
    pub fn states(&mut self) -> io::Result<Vec<StateInfo>> {
        let mut all = Vec::new();
        self.ask(&mut state::dump(), NLM_F_REQUEST | NLM_F_DUMP, |body| {
            all.extend(state::parse(body));
        })?;
        Ok(all)
    }

    /// Removes all states and policies of a tunnel device.
    pub fn flush(&mut self, mark: u32) -> io::Result<()> {
        let mut policies = Vec::new();
        self.ask(&mut policy::dump(), NLM_F_REQUEST | NLM_F_DUMP, |body| {
            policies.extend(policy::delete_told(body, mark));
        })?;
        for mut policy in policies {
            self.change(&mut policy)?;
        }
        let states = self.states()?.into_iter();
        // One that the kernel made to wait for an SA has no number, and goes by itself.
        for state in states.filter(|state| state.id.mark == mark && state.id.spi != 0) {
            match self.change(&mut state::delete(state.id)) {
                Err(error) if !is_gone(&error) => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Sends, and takes answers up to their end.
    fn ask(
        &mut self,
        message: &mut Message,
        flags: u16,
        mut take: impl FnMut(&[u8]),
    ) -> io::Result<()> {
        self.sequence = self.sequence.wrapping_add(1);
        let sequence = self.sequence;
        self.socket.send(message.finish(flags, sequence), 0)?;
        let awaits_end = flags & (NLM_F_ACK | NLM_F_DUMP) != 0;
        loop {
            let size = self.socket.recv(&mut &mut self.buffer[..], 0)?;
            let octets = self.buffer.get(..size).unwrap_or_default();
            for (kind, answered, body) in split(octets) {
                match kind {
                    _ if answered != sequence => {}
                    DONE => return Ok(()),
                    ERROR => return error_of(body),
                    _ => {
                        take(body);
                        if !awaits_end {
                            return Ok(());
                        }
                    }
                }
            }
        }
    }
}

/// `struct nlmsgerr` begins with the negative error number; 0 acknowledges.
fn error_of(body: &[u8]) -> io::Result<()> {
    match Reader(body).u32(0).map(u32::cast_signed) {
        Some(0) => Ok(()),
        Some(error) => Err(io::Error::from_raw_os_error(error.saturating_neg())),
        None => Err(io::Error::other("an answer that is cut short")),
    }
}

/// The state or policy that a request is about isn't there.
pub fn is_gone(error: &io::Error) -> bool {
    const ESRCH: i32 = 3;
    error.raw_os_error() == Some(ESRCH) || error.kind() == io::ErrorKind::NotFound
}

/// What the kernel tells unasked.
pub struct Events {
    socket: Socket,
    buffer: Vec<u8>,
}

impl Events {
    pub fn open() -> io::Result<Self> {
        let mut socket = Socket::new(NETLINK_XFRM)?;
        socket.bind_auto()?;
        socket.set_non_blocking(true)?;
        let _ = socket.set_rx_buf_sz(EVENT_BUFFER);
        for group in GROUPS {
            socket.add_membership(group)?;
        }
        Ok(Self {
            socket,
            buffer: vec![0; RECEIVE_BUFFER],
        })
    }

    /// What has come; an error where some of it was lost.
    pub fn take(&mut self, all: &mut Vec<Event>) -> io::Result<()> {
        for _ in 0..EVENTS_MAX {
            let size = match self.socket.recv(&mut &mut self.buffer[..], 0) {
                Ok(size) => size,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            };
            let octets = self.buffer.get(..size).unwrap_or_default();
            let messages = split(octets);
            all.extend(messages.filter_map(|(kind, _, body)| event::parse(kind, body)));
        }
        Ok(())
    }
}

impl AsFd for Events {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
