//! The anti-replay window (RFC 4303 §3.4.3), and the high half of extended sequence numbers that
//! never travels (appendix A).

/// The largest window, in packets.
pub const MAX_WINDOW: u32 = 4096;

const WORD: u64 = u64::BITS as u64;

/// Which sequence numbers have been seen, back from the highest.
///
/// A number is new if it is above the highest, or less than `size` below it and not marked. Numbers
/// are marked only once their packet has been verified.
#[derive(Clone, Debug)]
pub(crate) struct ReplayWindow {
    /// Packets; 0 turns the check off, and the highest number is still kept for the high half.
    size: u64,
    highest: u64,
    /// A ring: number n is bit n mod 64 of word n / 64 mod the ring's length. One word more than
    /// the window needs, so that a word is cleared before any of its bits can be inside again.
    marks: Vec<u64>,
}

impl ReplayWindow {
    /// Sizes above [`MAX_WINDOW`] are cut to it.
    pub(crate) fn new(size: u32) -> Self {
        let size = u64::from(size.min(MAX_WINDOW));
        Self {
            size,
            highest: 0,
            marks: vec![0; usize::try_from(size.div_ceil(WORD) + 1).unwrap_or(1)],
        }
    }

    /// The newest marks.
    pub(crate) fn fetch(&self) {
        let word = self.marks.get(self.place(self.highest / WORD));
        word.into_iter().for_each(crossgate_kernels::prefetch);
    }

    /// The whole number for what a packet says of it (appendix A2.2); None behind the last number
    /// that there is.
    pub(crate) fn extend(&self, low: u32) -> Option<u64> {
        // Without a window packets still overtake each other.
        let width = if self.size == 0 {
            u64::from(MAX_WINDOW)
        } else {
            self.size
        };
        let bottom = self.highest.saturating_sub(width - 1);
        let here = (bottom & !LOW) | u64::from(low);
        // The window and what lies ahead of it are 2^32 numbers from `bottom` on: exactly one of
        // them ends in these 32 bits.
        if here >= bottom {
            Some(here)
        } else {
            here.checked_add(LOW + 1)
        }
    }

    /// Whether a packet of that number may be opened.
    pub(crate) fn is_new(&self, sequence: u64) -> bool {
        if sequence == 0 {
            // Senders start with 1 (RFC 4303 §2.2).
            return false;
        }
        if self.size == 0 || sequence > self.highest {
            return true;
        }
        self.highest - sequence < self.size && !self.is_marked(sequence)
    }

    /// Remembers a verified packet; says whether it is the newest so far.
    pub(crate) fn mark(&mut self, sequence: u64) -> bool {
        let newest = sequence > self.highest;
        if newest {
            self.clear_between(self.highest, sequence);
            self.highest = sequence;
        }
        let bit = 1 << (sequence % WORD);
        if let Some(word) = self.word_mut(sequence / WORD) {
            *word |= bit;
        }
        newest
    }

    fn is_marked(&self, sequence: u64) -> bool {
        let word = self.marks.get(self.place(sequence / WORD));
        word.is_some_and(|word| word & (1 << (sequence % WORD)) != 0)
    }

    /// Clears the words that come into the ring.
    fn clear_between(&mut self, from: u64, to: u64) {
        let (from, to) = (from / WORD, to / WORD);
        let entering = (to - from).min(self.marks.len() as u64);
        for word in 0..entering {
            if let Some(word) = self.word_mut(to - word) {
                *word = 0;
            }
        }
    }

    fn word_mut(&mut self, word: u64) -> Option<&mut u64> {
        let place = self.place(word);
        self.marks.get_mut(place)
    }

    fn place(&self, word: u64) -> usize {
        // Below the ring's length, so it fits.
        (word % self.marks.len() as u64) as usize
    }
}

const LOW: u64 = u32::MAX as u64;
