//! Round keys for the kernels (FIPS 197 §5.2), made without any table.

use core::arch::x86_64::*;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// An expanded key of either direction; wiped on drop.
#[derive(Zeroize, ZeroizeOnDrop)]
#[repr(C, align(16))]
pub(crate) struct RoundKeys {
    keys: [[u8; 16]; 15],
    rounds: usize,
}

impl RoundKeys {
    /// For encryption, from 16, 24 or 32 octets; other lengths give nothing.
    #[target_feature(enable = "aes")]
    pub(crate) fn encrypting(key: &[u8]) -> Option<Self> {
        let rounds = match key.len() {
            16 => 10,
            24 => 12,
            32 => 14,
            _ => return None,
        };
        let mut expanded = Self {
            keys: [[0; 16]; 15],
            rounds,
        };
        let columns = key.len() / 4;
        let (words, _) = expanded.keys.as_flattened_mut().as_chunks_mut::<4>();
        for (word, from) in words.iter_mut().zip(key.as_chunks::<4>().0) {
            *word = *from;
        }
        let mut constant = 1u8;
        for i in columns..4 * (rounds + 1) {
            let mut word = u32::from_le_bytes(words[i - 1]);
            if i % columns == 0 {
                word = substitute(word).rotate_right(8) ^ u32::from(constant);
                constant = (constant << 1) ^ ((constant >> 7) * 0x1b);
            } else if columns == 8 && i % 8 == 4 {
                word = substitute(word);
            }
            words[i] = (u32::from_le_bytes(words[i - columns]) ^ word).to_le_bytes();
        }
        Some(expanded)
    }

    /// For decryption with the instructions' equivalent inverse cipher (FIPS 197 §5.3.5).
    #[target_feature(enable = "aes")]
    pub(crate) fn decrypting(key: &[u8]) -> Option<Self> {
        let mut expanded = Self::encrypting(key)?;
        let last = expanded.rounds;
        expanded.keys[..=last].reverse();
        for key in &mut expanded.keys[1..last] {
            // SAFETY: the reference has sixteen octets; neither access needs alignment.
            unsafe {
                let inverse = _mm_aesimc_si128(_mm_loadu_si128(key.as_ptr().cast()));
                _mm_storeu_si128(key.as_mut_ptr().cast(), inverse);
            }
        }
        Some(expanded)
    }

    pub(crate) fn keys(&self) -> &[[u8; 16]; 15] {
        &self.keys
    }

    pub(crate) fn rounds(&self) -> usize {
        self.rounds
    }
}

/// The S-box on each octet. With four equal columns the shift of rows changes nothing, and the
/// round key of zeros neither.
#[target_feature(enable = "aes")]
#[inline]
fn substitute(word: u32) -> u32 {
    let columns = _mm_set1_epi32(word.cast_signed());
    _mm_cvtsi128_si32(_mm_aesenclast_si128(columns, _mm_setzero_si128())).cast_unsigned()
}
