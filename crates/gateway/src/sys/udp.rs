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
