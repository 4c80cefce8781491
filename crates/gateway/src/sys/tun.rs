//! Attaching a file to a new TUN device.

use crossgate_offload::Abilities;
use rustix::ioctl::{self, IntegerSetter, Updater, opcode};
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
/// A `virtio_net_hdr` before each packet, which may be a super-packet.
const IFF_VNET_HDR: u16 = 0x4000;
/// Several files share the device.
const IFF_MULTI_QUEUE: u16 = 0x0100;
/// Refuse a device that exists.
const IFF_TUN_EXCL: u16 = 0x8000;

/// `_IOW('T', 217, int)`: an `ifreq` as well.
const TUNSETQUEUE: ioctl::Opcode = opcode::write::<std::ffi::c_int>(b'T', 217);
/// The kernel gives the file no packets.
const IFF_DETACH_QUEUE: u16 = 0x0400;

/// `_IOW('T', 208, unsigned int)`: the flags are the argument itself.
const TUNSETOFFLOAD: ioctl::Opcode = opcode::write::<std::ffi::c_uint>(b'T', 208);
/// Checksums may be left to us.
const TUN_F_CSUM: usize = 0x01;
const TUN_F_TSO4: usize = 0x02;
const TUN_F_TSO6: usize = 0x04;
const TUN_F_TSO_ECN: usize = 0x08;
/// Linux 6.2.
const TUN_F_USO4: usize = 0x20;
const TUN_F_USO6: usize = 0x40;

/// `struct ifreq` as this request uses it: a name, and flags at the start of the union.
#[repr(C)]
struct InterfaceRequest {
    name: [u8; NAME_MAX + 1],
    flags: u16,
    rest_of_union: [u8; 22],
}

/// The files of one queue.
pub struct Files {
    pub reads: File,
    /// Where the kernel's packets are not to follow what is written; absent where they can't.
    pub writes: Option<File>,
}

/// Makes the device `name` with so many queues; it lives as long as one of the files. Needs
/// CAP_NET_ADMIN. Reads and writes on the files are single packets or super-packets, each behind its
/// header, and don't block. Says which super-packets it takes.
///
/// Of several queues the kernel gives a flow's packets to the one that something of that flow was
/// written to last, and otherwise chooses by the flow's hash alone. What is written to files that it
/// gives nothing moves no flow: so each stays with its queue.
pub fn create(name: &str, queues: u8) -> io::Result<(Vec<Files>, Abilities)> {
    let several = if queues > 1 { IFF_MULTI_QUEUE } else { 0 };
    let only_reads = |reads| Files {
        reads,
        writes: None,
    };
    let first = attach(name, several | IFF_TUN_EXCL)?;
    let abilities = offload(&first);
    let mut all = vec![only_reads(first)];
    for _ in 1..queues {
        all.push(only_reads(attach(name, several)?));
    }
    if queues > 1 {
        for files in &mut all {
            files.writes = Some(attach_without_packets(name)?);
        }
    }
    Ok((all, abilities))
}

fn attach_without_packets(name: &str) -> io::Result<File> {
    let file = attach(name, IFF_MULTI_QUEUE)?;
    let mut request = request(name, IFF_DETACH_QUEUE)?;
    // SAFETY: TUNSETQUEUE reads one `ifreq`, as TUNSETIFF does; the pointer lives for the duration
    // of the call.
    unsafe { ioctl::ioctl(&file, Updater::<TUNSETQUEUE, _>::new(&mut request)) }?;
    Ok(file)
}

/// One more file of the device, which is made if it is not there.
fn attach(name: &str, flags: u16) -> io::Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(rustix::fs::OFlags::NONBLOCK.bits() as i32)
        .open("/dev/net/tun")?;
    let mut request = request(name, IFF_TUN | IFF_NO_PI | IFF_VNET_HDR | flags)?;
    // SAFETY: TUNSETIFF reads and writes one `ifreq`, 40 octets on 64-bit Linux, which
    // `InterfaceRequest` has (checked below); the pointer lives for the duration of the call.
    unsafe { ioctl::ioctl(&file, Updater::<TUNSETIFF, _>::new(&mut request)) }?;
    Ok(file)
}

fn request(name: &str, flags: u16) -> io::Result<InterfaceRequest> {
    let mut request = InterfaceRequest {
        name: [0; NAME_MAX + 1],
        flags,
        rest_of_union: [0; 22],
    };
    let octets = name.as_bytes();
    if octets.is_empty() || octets.len() > NAME_MAX {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    request.name[..octets.len()].copy_from_slice(octets);
    Ok(request)
}

/// Asks for as much as the kernel has; without any, each packet comes alone and complete.
fn offload(file: &File) -> Abilities {
    let tcp = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;
    let udp = TUN_F_USO4 | TUN_F_USO6;
    let taken = |flags: usize| {
        // SAFETY: TUNSETOFFLOAD takes an integer, and no pointer.
        let setter = unsafe { IntegerSetter::<TUNSETOFFLOAD>::new_usize(flags) };
        // SAFETY: as above; the file is a TUN's.
        unsafe { ioctl::ioctl(file, setter) }.is_ok()
    };
    let both = taken(tcp | udp);
    Abilities {
        tcp: both || taken(tcp),
        udp: both,
    }
}

const _: () = assert!(size_of::<InterfaceRequest>() == 40);
