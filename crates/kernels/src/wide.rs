//! HMAC over many messages in lock-step by AVX-512: each message has a lane of all registers,
//! sixteen lanes for SHA-1 and SHA-256, eight for SHA-384 and SHA-512.
//!
//! A round waits for the one before, but all lanes' rounds are one instruction; so the processor's
//! vector units are busy however long or short the messages are. The outer hash takes the inner
//! one's result from the registers where it stands.

pub(crate) mod sha1;
mod sha2;
pub(crate) mod words;

pub(crate) use sha2::{sha256, sha512};

use crate::message::Message;
use core::arch::x86_64::*;

/// The states of a key after its inner and after its outer block; SHA-1 uses five words of each.
pub(crate) type Pair<Word> = [[Word; 8]; 2];

/// HMAC for one hash, whose `compress` stands beside with its words.
macro_rules! hmac {
    () => {
        /// Of all messages, the first `len` words of each output. The longest message decides how
        /// long it takes.
        #[target_feature(enable = "avx512f,avx512bw")]
        pub(crate) fn hmac(
            keys: &[&Pair<Word>; LANES],
            messages: &[Message<'_, BLOCK>; LANES],
            len: usize,
            outputs: &mut [[u8; 64]; LANES],
        ) {
            let [i0, i1, i2, i3, i4, i5, i6, i7, outer @ ..] = load_keys(keys);
            let mut state = [i0, i1, i2, i3, i4, i5, i6, i7];
            let most = messages.iter().map(Message::blocks).max().unwrap_or(0);
            let common = messages.iter().map(|m| m.body.len()).min().unwrap_or(0);
            for step in 0..common {
                let blocks = core::array::from_fn(|lane| &messages[lane].body[step]);
                compress(&mut state, load_blocks(&blocks), u16::MAX);
            }
            for step in common..most {
                let mut active = 0;
                for (lane, message) in messages.iter().enumerate() {
                    active |= u16::from(step < message.blocks()) << lane;
                }
                let blocks = core::array::from_fn(|lane| messages[lane].block(step));
                compress(&mut state, load_blocks(&blocks), active);
            }
            // One block: the inner output, a one bit, zeros, and the number of bits in all.
            let mut last = [splat(0); 16];
            last[..len].copy_from_slice(&state[..len]);
            last[len] = splat(1 << (Word::BITS - 1));
            last[15] = splat(8 * (BLOCK + len * size_of::<Word>()) as Word);
            let mut state = outer;
            compress(&mut state, last, u16::MAX);
            store(state, outputs);
        }
    };
}
use hmac;

/// Makes the message what the inner hash takes behind the key's block, with its padding at `tail`.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
pub(crate) fn set_message<'m, const BLOCK: usize>(
    message: &mut Message<'m, BLOCK>,
    octets: &'m [u8],
    high: Option<[u8; 4]>,
    tail: &'m mut [[u8; BLOCK]; 2],
) {
    let (body, rest) = octets.as_chunks::<BLOCK>();
    let to = tail.as_flattened_mut();
    for (at, to) in to.as_chunks_mut::<64>().0.iter_mut().enumerate() {
        let rest = rest.get(64 * at..).unwrap_or_default();
        let mask = match rest.len() {
            64.. => u64::MAX,
            some => (1 << some) - 1,
        };
        // SAFETY: octets that the mask leaves out are not read, and 64 are writable there.
        unsafe {
            let octets = _mm512_maskz_loadu_epi8(mask, rest.as_ptr().cast());
            _mm512_storeu_si512(to.as_mut_ptr().cast(), octets);
        }
    }
    let mut len = rest.len();
    if let (Some(high), Some(to)) = (high, to.get_mut(len..len + 4)) {
        to.copy_from_slice(&high);
        len += 4;
    }
    to[len] = 0x80;
    let blocks = (len + 1 + BLOCK / 8).div_ceil(BLOCK);
    let bits = 8 * (BLOCK + BLOCK * body.len() + len) as u64;
    to[blocks * BLOCK - 8..blocks * BLOCK].copy_from_slice(&bits.to_be_bytes());
    message.body = body;
    message.tail = &tail[..blocks];
}
