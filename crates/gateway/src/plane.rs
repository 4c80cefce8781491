//! The data plane: ours in user space, or the kernel's. The engine's outputs go to either, and
//! either tells it the same notices.

use crate::workers::Crew;
use crate::xfrm::KernelPlane;
use crossgate_esp::{DataPlane, Notice};
use crossgate_model::view::{ChildCounters, WorkerView};
use crossgate_model::{ChildSa, Path, Time};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::os::fd::BorrowedFd;

/// Which one the operator wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PlaneChoice {
    /// Ours.
    #[default]
    User,
    /// The kernel's, or none.
    Kernel,
    /// The kernel's where it can, or else ours.
    Auto,
}

/// Which one it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PlaneKind {
    #[default]
    User,
    Kernel,
}

pub enum Plane {
    User(Box<DataPlane>),
    /// Ours on threads of its own.
    Workers(Box<Crew>),
    Kernel(Box<KernelPlane>),
}

impl Plane {
    pub fn kind(&self) -> PlaneKind {
        match self {
            Self::User(_) | Self::Workers(_) => PlaneKind::User,
            Self::Kernel(_) => PlaneKind::Kernel,
        }
    }

    /// The one that seals and opens packets itself.
    pub fn user(&mut self) -> Option<&mut DataPlane> {
        match self {
            Self::User(plane) => Some(plane),
            Self::Workers(_) | Self::Kernel(_) => None,
        }
    }

    /// The one that hears events.
    pub fn kernel(&mut self) -> Option<&mut KernelPlane> {
        match self {
            Self::User(_) | Self::Workers(_) => None,
            Self::Kernel(plane) => Some(plane),
        }
    }

    pub fn install(&mut self, now: Time, sa: ChildSa) -> Result<(), String> {
        match self {
            Self::User(plane) => plane.install(now, sa).map_err(|error| error.to_string()),
            Self::Workers(crew) => {
                crew.install(sa);
                Ok(())
            }
            Self::Kernel(plane) => plane.install(now, sa),
        }
    }

    pub fn remove(&mut self, now: Time, spi_in: u32) {
        match self {
            Self::User(plane) => plane.remove(now, spi_in),
            Self::Workers(crew) => crew.remove(spi_in),
            Self::Kernel(plane) => plane.remove(now, spi_in),
        }
    }

    pub fn move_path(&mut self, spi_in: u32, path: Path) {
        match self {
            Self::User(plane) => plane.move_path(spi_in, path),
            Self::Workers(crew) => crew.move_path(spi_in, path),
            Self::Kernel(plane) => plane.move_path(spi_in, path),
        }
    }

    pub fn set_path_mtu(&mut self, remote: IpAddr, path_mtu: u16) {
        match self {
            Self::User(plane) => plane.set_path_mtu(remote, path_mtu),
            Self::Workers(crew) => crew.set_path_mtu(remote, path_mtu),
            Self::Kernel(plane) => plane.set_path_mtu(remote, path_mtu),
        }
    }

    pub fn poll_notice(&mut self) -> Option<Notice> {
        match self {
            Self::User(plane) => plane.poll_notice(),
            // Theirs come by their words.
            Self::Workers(_) => None,
            Self::Kernel(plane) => plane.poll_notice(),
        }
    }

    pub fn poll_timeout(&self) -> Option<Time> {
        match self {
            Self::User(plane) => plane.poll_timeout(),
            Self::Workers(_) => None,
            Self::Kernel(plane) => plane.poll_timeout(),
        }
    }

    pub fn handle_timeout(&mut self, now: Time) {
        match self {
            Self::User(plane) => plane.handle_timeout(now),
            Self::Workers(_) => {}
            Self::Kernel(plane) => plane.handle_timeout(now),
        }
    }

    /// The peers have been sent what makes the SAs usable that were installed.
    pub fn settle(&mut self) {
        match self {
            Self::User(_) => {}
            Self::Workers(crew) => crew.settle(),
            Self::Kernel(plane) => plane.settle(),
        }
    }

    /// Threads of its own.
    pub fn workers(&self) -> u8 {
        match self {
            Self::Workers(crew) => crew.count(),
            Self::User(_) | Self::Kernel(_) => 0,
        }
    }

    /// Of those; as they were when they were looked at last.
    pub fn worker_views(&self) -> Vec<WorkerView> {
        match self {
            Self::Workers(crew) => crew.views(),
            Self::User(_) | Self::Kernel(_) => Vec::new(),
        }
    }

    /// What can be waited for beside sockets and devices.
    pub fn events(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Self::User(_) => None,
            Self::Workers(crew) => Some(crew.events()),
            Self::Kernel(plane) => Some(plane.events()),
        }
    }

    /// Brings up to date what the next calls tell.
    pub fn look(&mut self) {
        match self {
            Self::User(_) => {}
            Self::Workers(crew) => crew.look(),
            Self::Kernel(plane) => plane.look(),
        }
    }

    pub fn totals(&self, child: &str) -> Option<ChildCounters> {
        match self {
            Self::User(plane) => plane.totals(child),
            Self::Workers(crew) => crew.totals(child),
            Self::Kernel(plane) => plane.totals(child),
        }
    }

    pub fn counters(&self, spi_in: u32) -> Option<ChildCounters> {
        match self {
            Self::User(plane) => plane.counters(spi_in),
            Self::Workers(crew) => crew.sa(spi_in).map(|sa| sa.counters),
            Self::Kernel(plane) => plane.counters(spi_in),
        }
    }

    pub fn path_mtu(&self, spi_in: u32) -> Option<u16> {
        match self {
            Self::User(plane) => plane.path_mtu(spi_in),
            Self::Workers(crew) => crew.sa(spi_in).map(|sa| sa.path_mtu),
            Self::Kernel(plane) => plane.path_mtu(spi_in),
        }
    }

    pub fn inner_mtu(&self, spi_in: u32) -> Option<u16> {
        match self {
            Self::User(plane) => plane.inner_mtu(spi_in),
            Self::Workers(crew) => crew.sa(spi_in).map(|sa| sa.inner_mtu),
            Self::Kernel(plane) => plane.inner_mtu(spi_in),
        }
    }

    /// Refused packets by reason, and what else was counted by name.
    pub fn drops(&self) -> BTreeMap<&'static str, u64> {
        match self {
            Self::User(plane) => {
                let mut all = plane.drops().clone();
                for (name, count) in plane.tallies() {
                    *all.entry(name).or_default() += count;
                }
                all
            }
            Self::Workers(crew) => crew.counters(),
            Self::Kernel(plane) => plane.drops(),
        }
    }
}
