//! The only reader of clocks.

use crossgate_model::Time;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The machine's clocks, read as engines and people need them.
#[derive(Clone, Copy)]
pub struct Clock {
    start: Instant,
}

#[allow(clippy::disallowed_methods)] // Time is an argument everywhere else: it is read here.
impl Clock {
    pub fn start() -> Self {
        Self {
            start: Instant::now(),
        }
    }

    /// How long the daemon has run: the engines' time.
    pub fn now(&self) -> Time {
        Time::after_start(self.start.elapsed())
    }

    /// Since 1970, UTC.
    pub fn unix(&self) -> Duration {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
    }
}

/// RFC 3339 in UTC with milliseconds: `2026-06-11T09:05:07.250Z`.
pub fn timestamp(unix: Duration) -> String {
    let seconds = unix.as_secs();
    let (year, month, day) = civil(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    let milli = unix.subsec_millis();
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
}

/// Year, month and day of a number of days since 1970-01-01, counted in 400-year eras whose years
/// begin in March, so that the leap day is the last one.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_print_as_utc_with_leap_days() {
        let cases = [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_781_168_707_250, "2026-06-11T09:05:07.250Z"),
            (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ];
        for (milli, text) in cases {
            assert_eq!(timestamp(Duration::from_millis(milli)), text);
        }
    }
}
