//! Attaching a file to a new TUN device.

use rustix::ioctl::{self, Updater, opcode};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;

/// Longest name of a device, without the closing NUL.
pub const NAME_MAX: usize = 15;

/// `_IOW('T', 202, int)` of linux/if_tun.h: the number says `int`, the kernel reads an `ifreq`.
const TUNSETIFF: ioctl::Opcode = opcode::write::<std::ffi::c_int>(b'T', 202);
/// IP packets, not Ethernet frames.
const IFF_TUN: u16 = 0x0001;
/// No four octets of protocol before each packet.
const IFF_NO_PI: u16 = 0x1000;
/// Refuse a device that exists.
const IFF_TUN_EXCL: u16 = 0x8000;

/// `struct ifreq` as this request uses it: a name, and flags at the start of the union.
#[repr(C)]
struct InterfaceRequest {
    name: [u8; NAME_MAX + 1],
    flags: u16,
    rest_of_union: [u8; 22],
}

/// Makes the device `name`; it lives as long as the file. Needs CAP_NET_ADMIN.
/// Reads and writes on the file are single packets and don't block.
pub fn create(name: &str) -> io::Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(rustix::fs::OFlags::NONBLOCK.bits() as i32)
        .open("/dev/net/tun")?;
    let mut request = InterfaceRequest {
        name: [0; NAME_MAX + 1],
        flags: IFF_TUN | IFF_NO_PI | IFF_TUN_EXCL,
        rest_of_union: [0; 22],
    };
    let octets = name.as_bytes();
    if octets.is_empty() || octets.len() > NAME_MAX {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    request.name[..octets.len()].copy_from_slice(octets);
    // SAFETY: TUNSETIFF reads and writes one `ifreq`, 40 octets on 64-bit Linux, which
    // `InterfaceRequest` has (checked below); the pointer lives for the duration of the call.
    unsafe { ioctl::ioctl(&file, Updater::<TUNSETIFF, _>::new(&mut request)) }?;
    Ok(file)
}

const _: () = assert!(size_of::<InterfaceRequest>() == 40);
