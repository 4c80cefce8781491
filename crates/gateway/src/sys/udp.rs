//! Letting the kernel take ESP out of a UDP socket.

use std::io;
use std::os::fd::{AsFd, AsRawFd};

/// Of linux/udp.h.
const UDP_ENCAP: nix::libc::c_int = 100;
const UDP_ENCAP_ESPINUDP: nix::libc::c_int = 2;

/// From now on ESP in UDP that comes to this socket goes to the kernel's SAs, and keepalives are
/// dropped; only what has the marker of IKE is read from it (RFC 3948 §2.2).
pub fn leave_esp_to_the_kernel(socket: &impl AsFd) -> io::Result<()> {
    let value = UDP_ENCAP_ESPINUDP;
    let length = size_of_val(&value) as nix::libc::socklen_t;
    // SAFETY: the option takes one `int`, which lives for the duration of the call, and its size.
    let result = unsafe {
        nix::libc::setsockopt(
            socket.as_fd().as_raw_fd(),
            nix::libc::IPPROTO_UDP,
            UDP_ENCAP,
            (&raw const value).cast(),
            length,
        )
    };
    nix::errno::Errno::result(result)?;
    Ok(())
}

/// Has a program choose, by its number, which of the sockets that share this one's address and port
/// (SO_REUSEPORT) gets a datagram: numbers are given in the order of binding, and what names no
/// socket goes by the peer's address. The program reads the datagram from its first octet on.
pub fn choose_among_sharers(
    socket: &impl AsFd,
    program: &[nix::libc::sock_filter],
) -> io::Result<()> {
    let length = u16::try_from(program.len()).map_err(io::Error::other)?;
    let program = nix::libc::sock_fprog {
        len: length,
        filter: program.as_ptr().cast_mut(),
    };
    let size = size_of_val(&program) as nix::libc::socklen_t;
    // SAFETY: the option takes one `sock_fprog` and its size. The kernel reads `len` instructions
    // behind `filter`, which are as many, changes none, and keeps no pointer after the call.
    let result = unsafe {
        nix::libc::setsockopt(
            socket.as_fd().as_raw_fd(),
            nix::libc::SOL_SOCKET,
            nix::libc::SO_ATTACH_REUSEPORT_CBPF,
            (&raw const program).cast(),
            size,
        )
    };
    nix::errno::Errno::result(result)?;
    Ok(())
}
