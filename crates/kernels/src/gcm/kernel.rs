//! GCM by AES-NI with PCLMULQDQ, and by VAES with VPCLMULQDQ.
//!
//! GHASH takes blocks with their octets reversed, and powers of H multiplied by x (in the field):
//! then the product needs no shift by one bit, and two multiplications by a constant reduce it.
//! Groups of blocks are multiplied by falling powers and reduced together.
//!
//! The octets before the data are one block, whose place serves twice: its keystream is the tag's
//! mask, as its counter is one, and GHASH takes the additional data there.

use core::arch::x86_64::*;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::{Associated, Nonce, Tag};
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
}

/// Encrypts or decrypts in place what stands behind the first block of `octets`, and gives the tag
/// over `aad` and the ciphertext.
pub(super) fn crypt<const SEAL: bool>(
    width: Width,
    keys: &Keys,
    nonce: &Nonce,
    aad: Associated,
    octets: &mut [u8],
) -> Tag {
    macro_rules! with_rounds {
        ($module:ident) => {
            match keys.cipher.rounds() {
                10 => $module::crypt::<10, SEAL>(keys, nonce, aad, octets),
                12 => $module::crypt::<12, SEAL>(keys, nonce, aad, octets),
                _ => $module::crypt::<14, SEAL>(keys, nonce, aad, octets),
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
#[target_feature(enable = "sse2")]
#[inline]
fn first_counter(nonce: &Nonce) -> __m128i {
    let [s0, s1, s2, s3, iv @ ..] = *nonce;
    let (salt, iv) = (u32::from_be_bytes([s0, s1, s2, s3]), u64::from_be_bytes(iv));
    number(u128::from(salt) << 96 | u128::from(iv) << 32 | 1)
}

#[target_feature(enable = "sse2")]
#[inline]
fn number(value: u128) -> __m128i {
    _mm_set_epi64x((value >> 64) as i64, value as i64)
}

/// The kernel for one width of register.
macro_rules! kernel {
    ($name:ident, $vector:ident, $features:literal) => {
        mod $name {
            use super::{Associated, GROUP, Keys, Nonce, POWERS, Tag};
            use crate::vector::$vector::*;
            use core::arch::x86_64::*;

            /// Registers in flight at once: their AES hides its latency, and fits.
            const AT_ONCE: usize = if BLOCKS == 4 { 4 } else { 8 };

            type Group = [[u8; 16]; GROUP];

            /// Octets in one register.
            const OCTETS: usize = 16 * BLOCKS;

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

                /// Reduced, as the first block.
                #[target_feature(enable = $features)]
                #[inline]
                fn reduce(&self) -> Register {
                    first(super::reduce(
                        fold(self.low),
                        fold(self.middle),
                        fold(self.high),
                    ))
                }
            }

            /// How far a packet has come.
            struct Progress {
                counters: Register,
                /// The tag's mask, once the first block has been dealt with.
                mask: Register,
                /// What the next block's ciphertext is added to; at first it is the additional
                /// data, and stands in for the first block.
                chain: Register,
                /// All ones, but at first zeros for the first block, which isn't encrypted,
                to_crypt: Register,
                /// nor part of what is authenticated.
                to_absorb: Register,
                sum: Sum,
            }

            #[target_feature(enable = $features)]
            pub(super) fn crypt<const ROUNDS: usize, const SEAL: bool>(
                keys: &Keys,
                nonce: &Nonce,
                aad: Associated,
                octets: &mut [u8],
            ) -> Tag {
                let lengths = super::number(
                    ((8 * aad.len as u128) << 64) | (8 * octets.len().saturating_sub(16)) as u128,
                );
                let mut round_keys = [repeat(&[0; 16]); 15];
                for (to, key) in round_keys[..=ROUNDS].iter_mut().zip(keys.cipher.keys()) {
                    *to = repeat(key);
                }
                let but_first = xor(ones(), first(_mm_set1_epi32(-1)));
                let mut progress = Progress {
                    counters: add(broadcast(super::first_counter(nonce)), numbers()),
                    mask: first(_mm_setzero_si128()),
                    chain: first(super::number(aad.octets)),
                    to_crypt: but_first,
                    to_absorb: but_first,
                    sum: Sum::new(),
                };
                let (front, tail) = octets.split_at_mut(16 * GROUP * (octets.len() / (16 * GROUP)));
                let (blocks, _) = front.as_chunks_mut::<16>();
                let (groups, _) = blocks.as_chunks_mut::<GROUP>();
                let mut sealed: Option<&Group> = None;
                for group in groups {
                    // Neither of the two waits for the other, so the processor does both at once.
                    if let Some(sealed) = sealed {
                        progress.absorb_group(keys, sealed);
                    }
                    if !SEAL {
                        progress.absorb_group(keys, group);
                    }
                    progress.crypt_group::<ROUNDS>(&round_keys, group);
                    sealed = SEAL.then_some(group);
                }
                if let Some(sealed) = sealed {
                    progress.absorb_group(keys, sealed);
                }
                let mut power = POWERS - 1 - tail.len().div_ceil(16);
                for part in tail.chunks_mut(4 * OCTETS) {
                    let (keys, powers) = (&round_keys, &keys.powers[power..]);
                    match part.len().div_ceil(OCTETS) {
                        1 => progress.part::<ROUNDS, SEAL, 1>(keys, powers, part),
                        2 => progress.part::<ROUNDS, SEAL, 2>(keys, powers, part),
                        3 => progress.part::<ROUNDS, SEAL, 3>(keys, powers, part),
                        _ => progress.part::<ROUNDS, SEAL, 4>(keys, powers, part),
                    }
                    power += 4 * BLOCKS;
                }
                let last = first(super::load(&keys.powers[POWERS - 1]));
                let mut sum = progress.sum;
                sum.add(xor(first(lengths), progress.chain), last);
                let tag = xor(reverse(sum.reduce()), progress.mask);
                super::octets(fold(tag))
            }

            impl Progress {
                /// The next registers of the keystream.
                #[target_feature(enable = $features)]
                #[inline]
                fn stream<const ROUNDS: usize, const N: usize>(
                    &mut self,
                    keys: &[Register; 15],
                ) -> [Register; N] {
                    let step = broadcast(_mm_set_epi32(0, 0, 0, BLOCKS as i32));
                    let mut stream = [self.counters; N];
                    for stream in &mut stream {
                        *stream = xor(reverse(self.counters), keys[0]);
                        self.counters = add(self.counters, step);
                    }
                    for key in &keys[1..ROUNDS] {
                        for stream in &mut stream {
                            *stream = enc(*stream, *key);
                        }
                    }
                    for stream in &mut stream {
                        *stream = enc_last(*stream, keys[ROUNDS]);
                    }
                    self.mask = xor(self.mask, and_not(self.to_crypt, stream[0]));
                    stream[0] = and(self.to_crypt, stream[0]);
                    self.to_crypt = ones();
                    stream
                }

                /// Takes the ciphertext of register `i` of a group or of the rest.
                #[target_feature(enable = $features)]
                #[inline]
                fn absorb(&mut self, i: usize, cipher: Register, power: Register) {
                    let mut cipher = reverse(cipher);
                    if i == 0 {
                        cipher = xor(and(self.to_absorb, cipher), self.chain);
                        self.to_absorb = ones();
                        self.chain = first(_mm_setzero_si128());
                    }
                    self.sum.add(cipher, power);
                }

                #[target_feature(enable = $features)]
                #[inline]
                fn crypt_group<const ROUNDS: usize>(
                    &mut self,
                    keys: &[Register; 15],
                    group: &mut Group,
                ) {
                    let (registers, _) = group.as_chunks_mut::<BLOCKS>();
                    for part in registers.as_chunks_mut::<AT_ONCE>().0 {
                        let stream = self.stream::<ROUNDS, AT_ONCE>(keys);
                        for i in 0..AT_ONCE {
                            let made = xor(load(&part[i]), stream[i]);
                            store(&mut part[i], made);
                        }
                    }
                }

                #[target_feature(enable = $features)]
                #[inline]
                fn absorb_group(&mut self, keys: &Keys, group: &Group) {
                    let (powers, _) = keys.powers[1..].as_chunks::<BLOCKS>();
                    let (registers, _) = group.as_chunks::<BLOCKS>();
                    for i in 0..GROUP / BLOCKS {
                        self.absorb(i, load(&registers[i]), load(&powers[i]));
                    }
                    self.chain = self.sum.reduce();
                    self.sum = Sum::new();
                }

                /// What needs `N` registers, the last of which may have fewer octets than it holds.
                #[target_feature(enable = $features)]
                #[inline]
                fn part<const ROUNDS: usize, const SEAL: bool, const N: usize>(
                    &mut self,
                    keys: &[Register; 15],
                    powers: &[[u8; 16]],
                    mut octets: &mut [u8],
                ) {
                    let Some(powers) = powers.as_chunks::<BLOCKS>().0.first_chunk::<N>() else {
                        return;
                    };
                    let stream = self.stream::<ROUNDS, N>(keys);
                    for i in 0..N {
                        let (part, others) = octets.split_at_mut(octets.len().min(OCTETS));
                        octets = others;
                        let before = load_part(part);
                        let after = store_part(part, xor(before, stream[i]));
                        self.absorb(i, if SEAL { after } else { before }, load(&powers[i]));
                    }
                }
            }

            #[target_feature(enable = $features)]
            #[inline]
            fn ones() -> Register {
                broadcast(_mm_set1_epi32(-1))
            }
        }
    };
}

kernel!(xmm, v128, "aes,pclmulqdq,ssse3,sse4.1");
kernel!(ymm, v256, "aes,avx2,vaes,vpclmulqdq");
kernel!(zmm, v512, "aes,avx512f,avx512bw,avx512vl,vaes,vpclmulqdq");
