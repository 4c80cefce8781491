//! Several datagrams by one system call: sendmmsg(2) and recvmmsg(2).
//!
//! The safe library's functions for it forget how long names and control octets may be once a call has
//! shortened them.

use arrayvec::ArrayVec;
use nix::errno::Errno;
use nix::libc;
use nix::sys::socket::{SockaddrLike, SockaddrStorage};
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd};

/// Datagrams of one call.
pub const MESSAGES_MAX: usize = 64;
/// What is said beside a datagram in one word, with its header.
pub const CONTROL_LEN: usize = size_of::<libc::cmsghdr>() + size_of::<usize>();
/// Three of them.
const CONTROL_MAX: usize = 3 * CONTROL_LEN;

/// A datagram to be sent.
pub struct Outgoing<'b> {
    pub to: SocketAddr,
    pub control: [u8; CONTROL_LEN],
    pub octets: &'b [u8],
}

/// A datagram that came.
pub struct Incoming<'b> {
    pub from: Option<SockaddrStorage>,
    pub control: &'b [u8],
    /// Octets of the datagram.
    pub length: usize,
}

/// Room for what the kernel says beside the datagrams of one call.
#[derive(Default)]
pub struct Beside(Vec<(libc::sockaddr_storage, [u8; CONTROL_MAX])>);

/// Sends as many as go, from the first on, and says how many did; an error is the first one's.
pub fn send<'b>(
    socket: &impl AsFd,
    messages: impl Iterator<Item = Outgoing<'b>>,
) -> Result<usize, Errno> {
    let messages = messages.take(MESSAGES_MAX).map(|message| {
        let part = part(message.octets.as_ptr().cast_mut(), message.octets.len());
        (SockaddrStorage::from(message.to), message.control, part)
    });
    let messages: ArrayVec<_, MESSAGES_MAX> = messages.collect();
    let headers = messages.iter().map(|(to, control, part)| {
        let mut header = header(part);
        header.msg_hdr.msg_name = to.as_ptr().cast_mut().cast();
        header.msg_hdr.msg_namelen = to.len();
        header.msg_hdr.msg_control = control.as_ptr().cast_mut().cast();
        header.msg_hdr.msg_controllen = control.len() as _;
        header
    });
    let mut headers: ArrayVec<_, MESSAGES_MAX> = headers.collect();
    let (fd, count) = (socket.as_fd().as_raw_fd(), headers.len() as _);
    let flags = libc::MSG_DONTWAIT as _;
    // SAFETY: there are `count` headers. What they point to (names, control octets, parts, and the
    // octets of those) is borrowed and stays where it is until the call is over, and is as long as
    // they say. The kernel reads it, and writes to the headers alone.
    let sent = unsafe { libc::sendmmsg(fd, headers.as_mut_ptr(), count, flags) };
    Errno::result(sent).map(|sent| sent.unsigned_abs() as usize)
}

/// Receives what has come, a datagram into each part of `room`, and gives what came in each.
pub fn receive<'r>(
    socket: &impl AsFd,
    room: impl Iterator<Item = &'r mut [u8]>,
    beside: &mut Beside,
    mut take: impl FnMut(Incoming<'_>),
) -> Result<(), Errno> {
    let all = &mut beside.0;
    // SAFETY: an address is integers and octets, which may all be zero.
    all.resize_with(MESSAGES_MAX, || (unsafe { std::mem::zeroed() }, [0; _]));
    let parts = room.take(MESSAGES_MAX);
    let parts = parts.map(|octets| part(octets.as_mut_ptr(), octets.len()));
    let parts: ArrayVec<_, MESSAGES_MAX> = parts.collect();
    let headers = parts.iter().zip(&mut *all);
    let headers = headers.map(|(part, (name, control))| {
        let mut header = header(part);
        header.msg_hdr.msg_name = (&raw mut *name).cast();
        header.msg_hdr.msg_namelen = size_of_val(name) as _;
        header.msg_hdr.msg_control = control.as_mut_ptr().cast();
        header.msg_hdr.msg_controllen = control.len() as _;
        header
    });
    let mut headers: ArrayVec<_, MESSAGES_MAX> = headers.collect();
    let (fd, count) = (socket.as_fd().as_raw_fd(), headers.len() as _);
    let flags = libc::MSG_DONTWAIT as _;
    let no_limit = std::ptr::null_mut();
    // SAFETY: there are `count` headers. What they point to (names, control octets, parts, and the
    // octets of those) is borrowed mutably, each for one of them alone, stays where it is until the
    // call is over, and is as long as they say; whatever the kernel writes there is valid.
    let came = unsafe { libc::recvmmsg(fd, headers.as_mut_ptr(), count, flags, no_limit) };
    let came = Errno::result(came)?.unsigned_abs() as usize;
    for (header, (name, control)) in headers.iter().zip(all).take(came) {
        let said: usize = header.msg_hdr.msg_controllen as _;
        let length = header.msg_hdr.msg_namelen;
        // SAFETY: the name is there, zeroed once, and what the kernel has written to it since.
        let from = unsafe { SockaddrStorage::from_raw((&raw const *name).cast(), Some(length)) };
        take(Incoming {
            from,
            control: control.get(..said).unwrap_or_default(),
            length: header.msg_len as usize,
        });
    }
    Ok(())
}

fn part(octets: *mut u8, length: usize) -> libc::iovec {
    libc::iovec {
        iov_base: octets.cast(),
        iov_len: length,
    }
}

/// Of one part, without a name or anything beside it.
fn header(part: &libc::iovec) -> libc::mmsghdr {
    // SAFETY: the structure is integers and pointers, which may all be zero. It is made this way as
    // some systems pad it with fields that have no name.
    let mut header: libc::mmsghdr = unsafe { std::mem::zeroed() };
    header.msg_hdr.msg_iov = (&raw const *part).cast_mut();
    header.msg_hdr.msg_iovlen = 1;
    header
}
