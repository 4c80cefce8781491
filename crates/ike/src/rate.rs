//! A bound on what strangers can make us do in a second.

use crossgate_model::Time;

#[derive(Debug)]
pub(crate) struct RateLimit {
    per_second: u32,
    second: u64,
    used: u32,
}

impl RateLimit {
    pub fn new(per_second: u32) -> Self {
        Self {
            per_second,
            second: 0,
            used: 0,
        }
    }

    /// Whether one more may happen now.
    pub fn allow(&mut self, now: Time) -> bool {
        let second = now.since_start().as_secs();
        if second != self.second {
            self.second = second;
            self.used = 0;
        }
        let allowed = self.used < self.per_second;
        self.used = self.used.saturating_add(1);
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_allowance_comes_back_with_the_next_second() {
        let mut limit = RateLimit::new(2);
        let allowed: Vec<bool> = (0..3).map(|_| limit.allow(Time::START)).collect();
        assert_eq!(allowed, [true, true, false]);
        assert!(limit.allow(Time::START + Duration::from_secs(1)));
    }
}
