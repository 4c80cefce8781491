//! Network namespaces of this process's own making, held open by a descriptor: when the last
//! holder is gone, the kernel removes them with all that is in them.

use nix::sched::{CloneFlags, setns, unshare};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;

#[derive(Clone, Debug)]
pub struct Namespace(Arc<File>);

impl Namespace {
    /// A new, empty one with its loopback up.
    pub fn new() -> io::Result<Self> {
        let made = std::thread::spawn(|| -> io::Result<File> {
            unshare(CloneFlags::CLONE_NEWNET)?;
            File::open("/proc/thread-self/ns/net")
        });
        let file = made
            .join()
            .map_err(|_| io::Error::other("namespace thread died"))??;
        Ok(Self(Arc::new(file)))
    }

    /// Runs `work` on a thread inside. Children that it spawns are born inside.
    pub fn enter<T: Send>(&self, work: impl FnOnce() -> T + Send) -> io::Result<T> {
        std::thread::scope(|scope| {
            let inside = scope.spawn(|| -> io::Result<T> {
                setns(self.0.as_fd(), CloneFlags::CLONE_NEWNET)?;
                Ok(work())
            });
            inside
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    pub fn fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Gets what a lab needs of the machine, or says what is missing and how to get it. Must run
/// before any thread is started.
pub fn prepare_machine() -> Result<(), String> {
    become_root_inside().map_err(|error| {
        format!(
            "a lab needs root or an unprivileged user namespace, and neither is to be had \
             ({error}); run it with sudo, or allow user namespaces \
             (`sysctl kernel.unprivileged_userns_clone=1` on Debian)"
        )
    })?;
    if let Err(error) = File::options().read(true).write(true).open("/dev/net/tun") {
        return Err(format!(
            "/dev/net/tun can't be opened ({error}); load the module (`modprobe tun`), or give \
             the container the device (`--device /dev/net/tun`)"
        ));
    }
    Namespace::new().map(drop).map_err(|error| {
        format!(
            "network namespaces can't be made ({error}); run as root, or give the container \
             CAP_SYS_ADMIN and CAP_NET_ADMIN"
        )
    })
}

/// Makes this process root of a user namespace of its own, if it isn't root already.
fn become_root_inside() -> io::Result<()> {
    let (uid, gid) = (nix::unistd::geteuid(), nix::unistd::getegid());
    if uid.is_root() {
        return Ok(());
    }
    unshare(CloneFlags::CLONE_NEWUSER)?;
    std::fs::write("/proc/self/setgroups", "deny")?;
    std::fs::write("/proc/self/uid_map", format!("0 {uid} 1"))?;
    std::fs::write("/proc/self/gid_map", format!("0 {gid} 1"))
}
