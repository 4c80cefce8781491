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

    /// Appends so many octets that nobody can predict, and that are never given again.
    #[inline]
    pub(crate) fn append(&mut self, len: usize, out: &mut Vec<u8>) {
        match self.drawn.get(self.used..self.used + len) {
            Some(iv) => {
                out.extend_from_slice(iv);
                self.used += len;
            }
            None => self.draw(len, out),
        }
    }

    #[cold]
    fn draw(&mut self, len: usize, out: &mut Vec<u8>) {
        self.rng.fill_bytes(&mut self.drawn);
        self.used = 0;
        match self.drawn.get(..len) {
            Some(_) => self.append(len, out),
            None => {
                let start = out.len();
                out.resize(start + len, 0);
                self.rng
                    .fill_bytes(out.get_mut(start..).unwrap_or_default());
            }
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
        let (mut given, mut expected) = (Vec::new(), vec![0; 100 * 16]);
        (0..100).for_each(|_| ivs.append(16, &mut given));
        ChaCha20Rng::seed_from_u64(5).fill_bytes(&mut expected);
        assert_eq!(given, expected);
    }

    #[test]
    fn one_that_is_longer_than_what_is_drawn_at_once_is_whole() {
        let mut ivs = Ivs::new(Box::new(ChaCha20Rng::seed_from_u64(5)));
        let mut given = vec![1];
        ivs.append(AT_ONCE + 1, &mut given);
        assert_eq!(given.len(), AT_ONCE + 2);
        assert!(given.iter().filter(|octet| **octet != 0).count() > AT_ONCE / 2);
    }
}
