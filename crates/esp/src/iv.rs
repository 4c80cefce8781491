//! IVs, drawn from the generator some at a time: it costs as much to ask for one as for several.

use crossgate_crypto::CryptoRng;

/// Sixteen of AES-CBC.
const AT_ONCE: usize = 256;

pub(crate) struct Ivs {
    rng: Box<dyn CryptoRng + Send>,
    drawn: [u8; AT_ONCE],
    used: usize,
}

impl Ivs {
    pub(crate) fn new(rng: Box<dyn CryptoRng + Send>) -> Self {
        Self {
            rng,
            drawn: [0; AT_ONCE],
            used: AT_ONCE,
        }
    }

    /// Writes octets that nobody can predict, and that are never given again.
    #[inline]
    pub(crate) fn fill(&mut self, iv: &mut [u8]) {
        match self.drawn.get(self.used..self.used + iv.len()) {
            Some(drawn) => {
                iv.copy_from_slice(drawn);
                self.used += iv.len();
            }
            None => self.draw(iv),
        }
    }

    #[cold]
    fn draw(&mut self, iv: &mut [u8]) {
        self.rng.fill_bytes(&mut self.drawn);
        self.used = 0;
        if iv.len() <= AT_ONCE {
            self.fill(iv);
        } else {
            self.rng.fill_bytes(iv);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha20Rng;
    use rand_core::{Rng, SeedableRng};

    #[test]
    fn they_are_what_the_generator_gives_one_after_the_other() {
        let mut ivs = Ivs::new(Box::new(ChaCha20Rng::seed_from_u64(5)));
        let (mut given, mut expected) = (vec![0; 100 * 16], vec![0; 100 * 16]);
        given.chunks_mut(16).for_each(|iv| ivs.fill(iv));
        ChaCha20Rng::seed_from_u64(5).fill_bytes(&mut expected);
        assert_eq!(given, expected);
    }

    #[test]
    fn one_that_is_longer_than_what_is_drawn_at_once_is_whole() {
        let mut ivs = Ivs::new(Box::new(ChaCha20Rng::seed_from_u64(5)));
        let mut given = vec![0; AT_ONCE + 1];
        ivs.fill(&mut given);
        assert!(given.iter().filter(|octet| **octet != 0).count() > AT_ONCE / 2);
    }
}
