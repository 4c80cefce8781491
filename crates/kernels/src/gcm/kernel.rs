//! GCM by AES-NI with PCLMULQDQ, and by VAES with VPCLMULQDQ.
//!
//! GHASH takes blocks with their octets reversed, and powers of H multiplied by x (in the field):
//! then the product needs no shift by one bit, and two multiplications by a constant reduce it.
//! Groups of blocks are multiplied by falling powers and reduced together.

use core::arch::x86_64::*;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::{Nonce, Tag};
use crate::aes::RoundKeys;
pub(crate) use crate::cbc::Width;

/// Blocks between two reductions.
const GROUP: usize = 16;

/// For the longest tail: a group without its last octet, and the block with the lengths.
const POWERS: usize = GROUP + 1;

/// Round keys and powers of H; wiped on drop.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(crate) struct Keys {
    cipher: RoundKeys,
    /// H to the power of 17 and so on down to one; then zeros, for reading whole registers.
    powers: [[u8; 16]; POWERS + 3],
}

impl Keys {
    #[target_feature(enable = "aes,pclmulqdq,ssse3,sse4.1")]
    pub(crate) fn new(key: &[u8]) -> Option<Self> {
        let cipher = RoundKeys::encrypting(key)?;
        let hash = times_x(reverse(encrypt_block(&cipher, _mm_setzero_si128())));
        let mut powers = [[0; 16]; POWERS + 3];
        let mut power = hash;
        for slot in powers[..POWERS].iter_mut().rev() {
            *slot = octets(power);
            power = product(power, hash);
        }
        Some(Self { cipher, powers })
    }

    /// H itself.
    #[target_feature(enable = "sse2")]
    #[inline]
    fn hash(&self) -> __m128i {
        load(&self.powers[POWERS - 1])
    }
}

/// Encrypts or decrypts in place and gives the tag over `aad`, at most a block of it, and the
/// ciphertext.
pub(super) fn crypt<const SEAL: bool>(
    width: Width,
    keys: &Keys,
    nonce: &Nonce,
    aad: &[u8],
    data: &mut [u8],
) -> Tag {
    macro_rules! with_rounds {
        ($module:ident) => {
            match keys.cipher.rounds() {
                10 => $module::crypt::<10, SEAL>(keys, nonce, aad, data),
                12 => $module::crypt::<12, SEAL>(keys, nonce, aad, data),
                _ => $module::crypt::<14, SEAL>(keys, nonce, aad, data),
            }
        };
    }
    // SAFETY: the width exists only where the processor has it.
    unsafe {
        match width {
            Width::Xmm => with_rounds!(xmm),
            Width::Ymm => with_rounds!(ymm),
            Width::Zmm => with_rounds!(zmm),
        }
    }
}

#[target_feature(enable = "aes")]
#[inline]
fn encrypt_block(keys: &RoundKeys, block: __m128i) -> __m128i {
    let (keys, rounds) = (keys.keys(), keys.rounds());
    let mut state = _mm_xor_si128(block, load(&keys[0]));
    for key in &keys[1..rounds] {
        state = _mm_aesenc_si128(state, load(key));
    }
    _mm_aesenclast_si128(state, load(&keys[rounds]))
}

#[target_feature(enable = "sse2")]
#[inline]
fn load(block: &[u8; 16]) -> __m128i {
    // SAFETY: the reference has sixteen octets; the load needs no alignment.
    unsafe { _mm_loadu_si128(block.as_ptr().cast()) }
}

#[target_feature(enable = "sse2")]
#[inline]
fn octets(block: __m128i) -> [u8; 16] {
    let mut octets = [0; 16];
    // SAFETY: sixteen octets are writable there; the store needs no alignment.
    unsafe { _mm_storeu_si128(octets.as_mut_ptr().cast(), block) };
    octets
}

#[target_feature(enable = "ssse3")]
#[inline]
fn reverse(block: __m128i) -> __m128i {
    let order = _mm_set_epi64x(0x0001_0203_0405_0607, 0x0809_0a0b_0c0d_0e0f);
    _mm_shuffle_epi8(block, order)
}

/// Multiplies a reversed element by x: one bit to the left, reduced without a branch.
#[target_feature(enable = "sse2")]
#[inline]
fn times_x(block: __m128i) -> __m128i {
    let value = u128::from_le_bytes(octets(block));
    let carry = (value >> 127).wrapping_neg();
    load(&((value << 1) ^ (carry & (0xc200_0000_0000_0000 << 64 | 1))).to_le_bytes())
}

/// Both halves of the field's polynomial, as the reduction wants it.
#[target_feature(enable = "sse2")]
#[inline]
fn polynomial() -> __m128i {
    _mm_set_epi64x(0xc200_0000_0000_0000_u64.cast_signed(), 1)
}

/// Reduces a product of 256 bits, given as its lowest and highest halves and the two in between.
#[target_feature(enable = "pclmulqdq")]
#[inline]
fn reduce(low: __m128i, middle: __m128i, high: __m128i) -> __m128i {
    let fold = _mm_clmulepi64_si128::<0x01>(polynomial(), low);
    let middle = _mm_xor_si128(middle, _mm_xor_si128(fold, _mm_shuffle_epi32::<0x4e>(low)));
    let fold = _mm_clmulepi64_si128::<0x01>(polynomial(), middle);
    _mm_xor_si128(high, _mm_xor_si128(fold, _mm_shuffle_epi32::<0x4e>(middle)))
}

#[target_feature(enable = "pclmulqdq")]
#[inline]
fn product(a: __m128i, b: __m128i) -> __m128i {
    let low = _mm_clmulepi64_si128::<0x00>(a, b);
    let high = _mm_clmulepi64_si128::<0x11>(a, b);
    let middle = _mm_xor_si128(
        _mm_clmulepi64_si128::<0x01>(a, b),
        _mm_clmulepi64_si128::<0x10>(a, b),
    );
    reduce(low, middle, high)
}

/// The nonce and a counter of one, reversed: so the counter is the lowest word.
#[target_feature(enable = "ssse3")]
#[inline]
fn first_counter(nonce: &Nonce) -> __m128i {
    let mut block = [0; 16];
    block[..12].copy_from_slice(nonce);
    block[15] = 1;
    reverse(load(&block))
}

/// Additional data as a block.
#[target_feature(enable = "ssse3")]
#[inline]
fn associated(aad: &[u8]) -> __m128i {
    let mut block = [0; 16];
    for (to, from) in block.iter_mut().zip(aad) {
        *to = *from;
    }
    reverse(load(&block))
}

/// The kernel for one width of register.
macro_rules! kernel {
    ($name:ident, $vector:ident, $features:literal) => {
        mod $name {
            use super::{GROUP, Keys, Nonce, POWERS, Tag};
            use crate::vector::$vector::*;
            use core::arch::x86_64::*;

            const REGISTERS: usize = GROUP / BLOCKS;

            /// Registers in flight at once: their AES hides its latency, and fits.
            const AT_ONCE: usize = if BLOCKS == 4 { 4 } else { 8 };

            /// Sums of products, not yet reduced.
            struct Sum {
                low: Register,
                middle: Register,
                high: Register,
            }

            impl Sum {
                #[target_feature(enable = $features)]
                #[inline]
                fn new() -> Self {
                    let zero = xor(repeat(&[0; 16]), repeat(&[0; 16]));
                    Self {
                        low: zero,
                        middle: zero,
                        high: zero,
                    }
                }

                #[target_feature(enable = $features)]
                #[inline]
                fn add(&mut self, a: Register, b: Register) {
                    self.low = xor(self.low, multiply::<0x00>(a, b));
                    self.high = xor(self.high, multiply::<0x11>(a, b));
                    self.middle = xor(self.middle, multiply::<0x01>(a, b));
                    self.middle = xor(self.middle, multiply::<0x10>(a, b));
                }

                #[target_feature(enable = $features)]
                #[inline]
                fn reduce(self) -> __m128i {
                    super::reduce(fold(self.low), fold(self.middle), fold(self.high))
                }
            }

            #[target_feature(enable = $features)]
            pub(super) fn crypt<const ROUNDS: usize, const SEAL: bool>(
                keys: &Keys,
                nonce: &Nonce,
                aad: &[u8],
                data: &mut [u8],
            ) -> Tag {
                let round_keys = keys.cipher.keys();
                let lengths = _mm_set_epi64x(8 * aad.len() as i64, 8 * data.len() as i64);
                let first = super::first_counter(nonce);
                let mask = super::encrypt_block(&keys.cipher, super::reverse(first));
                // The first block of data has counter two.
                let mut counters = add(broadcast(first), numbers());
                counters = add(counters, broadcast(_mm_set_epi32(0, 0, 0, 1)));
                let step = broadcast(_mm_set_epi32(0, 0, 0, BLOCKS as i32));
                let mut sum = super::product(super::associated(aad), keys.hash());

                let (groups, tail) = data.as_chunks_mut::<{ 16 * GROUP }>();
                for group in groups {
                    let (blocks, _) = group.as_chunks_mut::<16>();
                    let (parts, _) = blocks.as_chunks_mut::<BLOCKS>();
                    let (powers, _) = keys.powers[1..].as_chunks::<BLOCKS>();
                    let mut total = Sum::new();
                    let mut chain = first_of(sum);
                    for half in 0..REGISTERS / AT_ONCE {
                        let mut stream = [counters; AT_ONCE];
                        for stream in &mut stream {
                            *stream = xor(reverse(counters), repeat(&round_keys[0]));
                            counters = add(counters, step);
                        }
                        for key in &round_keys[1..ROUNDS] {
                            let key = repeat(key);
                            for stream in &mut stream {
                                *stream = enc(*stream, key);
                            }
                        }
                        let key = repeat(&round_keys[ROUNDS]);
                        for i in 0..AT_ONCE {
                            let at = half * AT_ONCE + i;
                            let before = load(&parts[at]);
                            let after = xor(before, enc_last(stream[i], key));
                            store(&mut parts[at], after);
                            let cipher = reverse(if SEAL { after } else { before });
                            total.add(xor(cipher, chain), load(&powers[at]));
                            chain = xor(chain, chain);
                        }
                    }
                    sum = total.reduce();
                }

                let blocks = tail.len().div_ceil(16);
                let mut total = Sum::new();
                let mut chain = first_of(sum);
                let last = first_of(keys.hash());
                for (i, part) in tail.chunks_mut(16 * BLOCKS).enumerate() {
                    let mut stream = xor(reverse(counters), repeat(&round_keys[0]));
                    counters = add(counters, step);
                    for key in &round_keys[1..ROUNDS] {
                        stream = enc(stream, repeat(key));
                    }
                    stream = enc_last(stream, repeat(&round_keys[ROUNDS]));
                    let before = load_part(part);
                    let after = store_part(part, xor(before, stream));
                    let cipher = reverse(if SEAL { after } else { before });
                    let power = POWERS - 1 - blocks + i * BLOCKS;
                    let (powers, _) = keys.powers[power..].as_chunks::<BLOCKS>();
                    total.add(xor(cipher, chain), load(&powers[0]));
                    chain = xor(chain, chain);
                }
                total.add(xor(first_of(lengths), chain), last);
                let tag = _mm_xor_si128(super::reverse(total.reduce()), mask);
                super::octets(tag)
            }

            #[target_feature(enable = $features)]
            #[inline]
            fn first_of(block: __m128i) -> Register {
                first(block)
            }
        }
    };
}

kernel!(xmm, v128, "aes,pclmulqdq,ssse3,sse4.1");
kernel!(ymm, v256, "aes,avx2,vaes,vpclmulqdq");
kernel!(zmm, v512, "aes,avx512f,avx512bw,avx512vl,vaes,vpclmulqdq");
