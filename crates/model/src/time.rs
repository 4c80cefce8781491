//! The clock as an argument.

use std::ops::{Add, Sub};
use std::time::Duration;

/// A moment: how long after the engine's own start. Only `gateway` makes one from a real clock;
/// `rehearse` makes them up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(Duration);

impl Time {
    pub const START: Time = Time(Duration::ZERO);

    pub fn after_start(elapsed: Duration) -> Self {
        Self(elapsed)
    }

    pub fn since_start(self) -> Duration {
        self.0
    }

    /// How long after `earlier` this is; zero if it is not after.
    pub fn since(self, earlier: Time) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Time {
    type Output = Time;

    fn add(self, later: Duration) -> Time {
        Time(self.0.saturating_add(later))
    }
}

impl Sub<Duration> for Time {
    type Output = Time;

    fn sub(self, earlier: Duration) -> Time {
        Time(self.0.saturating_sub(earlier))
    }
}
