//! The clock as an argument.

use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

/// A moment: how long after the engine's own start. Only `gateway` makes one from a real clock;
/// `rehearse` makes them up.
///
/// In nanoseconds, of which there are enough for 584 years: one number, because moments are added
/// to and compared some fifty times for each packet of a rehearsal.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(u64);

impl Time {
    pub const START: Time = Time(0);

    pub fn after_start(elapsed: Duration) -> Self {
        Self(nanos(elapsed))
    }

    pub fn since_start(self) -> Duration {
        Duration::from_nanos(self.0)
    }

    /// How long after `earlier` this is; zero if it is not after.
    pub fn since(self, earlier: Time) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// What is longer than the clock goes is as long as it goes.
const fn nanos(duration: Duration) -> u64 {
    const SECOND: u64 = 1_000_000_000;
    let whole = duration.as_secs().saturating_mul(SECOND);
    whole.saturating_add(duration.subsec_nanos() as u64)
}

impl Add<Duration> for Time {
    type Output = Time;

    fn add(self, later: Duration) -> Time {
        Time(self.0.saturating_add(nanos(later)))
    }
}

impl Sub<Duration> for Time {
    type Output = Time;

    fn sub(self, earlier: Duration) -> Time {
        Time(self.0.saturating_sub(nanos(earlier)))
    }
}

/// `Time(1.5s)`.
impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Time").field(&self.since_start()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_stay_within_the_clock() {
        let day = Duration::from_secs(86_400);
        let end = Time::START + Duration::MAX;
        assert_eq!(end + day, end);
        assert_eq!(Time::START - day, Time::START);
        assert_eq!(Time::START.since(end), Duration::ZERO);
        assert_eq!((end - day).since(Time::START) + day, end.since_start());
    }

    #[test]
    fn a_duration_comes_back_as_it_went_in() {
        let long = Duration::new(86_399, 999_999_999);
        assert_eq!((Time::START + long).since_start(), long);
        assert_eq!(Time::after_start(long), Time::START + long);
        assert_eq!(
            format!("{:?}", Time::START + long),
            format!("Time({long:?})")
        );
    }
}
