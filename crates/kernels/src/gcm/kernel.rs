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

use super::{FRONT, GcmKey, Job, Nonce};
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

/// Seals or opens the first of the jobs, which has a key of that width, together with the next ones
/// if they are short and alike: a short packet alone waits for each of its steps. Gives how many.
pub(super) fn crypt<const SEAL: bool>(width: Width, jobs: &mut [Job<'_>]) -> usize {
    let Some((first, others)) = jobs.split_first() else {
        return 1;
    };
    let Some(keys) = keys(first, width) else {
        return 1;
    };
    let rounds = keys.cipher.rounds();
    // As many registers as they need in all are in flight.
    let (longest, most) = match (width, first.octets.len()) {
        (Width::Zmm, ..=128) => (128, 4),
        (Width::Zmm, ..=256) => (256, 2),
        (Width::Ymm, ..=128) => (128, 2),
        _ => (usize::MAX, 1),
    };
    let others = others.get(..most - 1);
    let together = others.is_some_and(|others| {
        others.iter().all(|job| {
            self::keys(job, width).is_some_and(|keys| keys.cipher.rounds() == rounds)
                && job.octets.len() <= longest
        })
    });
    macro_rules! run {
        ($module:ident::$function:ident $(, $number:literal)*) => {
            // SAFETY: the width exists only where the processor has it.
            unsafe {
                match rounds {
                    10 => $module::$function::<10, SEAL $(, $number)*>(keys, jobs),
                    12 => $module::$function::<12, SEAL $(, $number)*>(keys, jobs),
                    _ => $module::$function::<14, SEAL $(, $number)*>(keys, jobs),
                }
            }
        };
    }
    match (width, longest) {
        (Width::Zmm, 128) if together => run!(zmm::several, 2, 4),
        (Width::Zmm, 256) if together => run!(zmm::several, 4, 2),
        (Width::Ymm, 128) if together => run!(ymm::several, 4, 2),
        (Width::Xmm, _) => run!(xmm::one),
        (Width::Ymm, _) => run!(ymm::one),
        (Width::Zmm, _) => run!(zmm::one),
    }
}

fn keys<'k>(job: &Job<'k>, width: Width) -> Option<&'k Keys> {
    match job.key {
        GcmKey::Kernel(found, keys) if *found == width => Some(keys),
        _ => None,
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

/// Does the same for each of up to four packets. A loop would keep their registers in memory.
macro_rules! each {
    ($count:ident, $p:ident, $body:block) => {
        each!($count, $p, $body, 0 1 2 3)
    };
    ($count:ident, $p:ident, $body:block, $($number:literal)*) => { $(
        if $number < $count {
            let $p = $number;
            $body
        }
    )* };
}

/// Those rounds of AES, but for the last of all, from one up to another; all registers in turn.
macro_rules! rounds {
    ($stream:ident, $keys:ident, $rounds:ident, $from:expr, $to:expr) => {
        for key in &$keys[$from.min($rounds)..$to.min($rounds)] {
            for stream in &mut $stream {
                *stream = in_order(enc(*stream, *key));
            }
        }
    };
}

/// The next registers of the keystream. As a function it would be called, and hand over registers by
/// way of memory.
macro_rules! keystream {
    ($progress:ident, $keys:ident, $count:ident, $rounds:ident) => {{
        let mut stream = $progress.next_counters::<$count>($keys[0]);
        rounds!(stream, $keys, $rounds, 1, 14);
        for stream in &mut stream {
            *stream = enc_last(*stream, $keys[$rounds]);
        }
        $progress.without_mask(stream)
    }};
}

/// The kernel for one width of register.
macro_rules! kernel {
    ($name:ident, $vector:ident, $features:literal) => {
        mod $name {
            use super::{FRONT, GROUP, GcmKey, Job, Keys, POWERS};
            use crate::vector::$vector::*;
            use core::arch::x86_64::*;

            /// Registers in flight at once: their AES hides its latency, and fits.
            const AT_ONCE: usize = if BLOCKS == 4 { 4 } else { 8 };

            type Group = [[u8; 16]; GROUP];

            const REGISTERS: usize = GROUP / BLOCKS;

            /// Octets that are encrypted before a counter is carried, which begins at one. Counters
            /// are made for whole registers, and one more.
            const MOST_BY_OCTET: usize = 16 * (256 - 2 * GROUP);

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

                /// Reduced, each block for itself.
                #[target_feature(enable = $features)]
                #[inline]
                fn reduce_blocks(&self) -> Register {
                    let polynomial = broadcast(super::polynomial());
                    let fold = multiply::<0x01>(polynomial, self.low);
                    let middle = xor(self.middle, xor(fold, swap(self.low)));
                    let fold = multiply::<0x01>(polynomial, middle);
                    xor(self.high, xor(fold, swap(middle)))
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
                /// As they are encrypted.
                counters: Register,
                /// Whether they need more than their last octet.
                many: bool,
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

            /// The first of the jobs, of any length.
            #[target_feature(enable = $features)]
            pub(super) fn one<const ROUNDS: usize, const SEAL: bool>(
                keys: &Keys,
                jobs: &mut [Job<'_>],
            ) -> usize {
                let Some(job) = jobs.first_mut() else {
                    return 1;
                };
                let mut round_keys = [repeat(&[0; 16]); 15];
                for (to, key) in round_keys[..=ROUNDS].iter_mut().zip(keys.cipher.keys()) {
                    *to = repeat(key);
                }
                let mut progress = Progress::of(job);
                let len = job.octets.len();
                let (front, tail) = job.octets.split_at_mut(16 * GROUP * (len / (16 * GROUP)));
                let (blocks, _) = front.as_chunks_mut::<16>();
                let (groups, _) = blocks.as_chunks_mut::<GROUP>();
                let pending = progress.groups::<ROUNDS, SEAL>(&round_keys, keys, groups);
                if tail.is_empty()
                    && let Some(sealed) = &pending
                {
                    progress.absorb_group::<true>(keys, sealed);
                }
                let mut start = POWERS - 1 - tail.len().div_ceil(16);
                for part in tail.chunks_mut(4 * OCTETS) {
                    let (next, round_keys) = (&mut progress, &round_keys);
                    match part.len().div_ceil(OCTETS) {
                        1 => next.part::<ROUNDS, SEAL, 1>(round_keys, keys, &pending, start, part),
                        2 => next.part::<ROUNDS, SEAL, 2>(round_keys, keys, &pending, start, part),
                        3 => next.part::<ROUNDS, SEAL, 3>(round_keys, keys, &pending, start, part),
                        _ => next.part::<ROUNDS, SEAL, 4>(round_keys, keys, &pending, start, part),
                    }
                    start += 4 * BLOCKS;
                }
                job.finish::<SEAL>(progress.tag(keys, job));
                1
            }

            /// The first `P` of the jobs in lock-step; none needs more than `N` registers.
            #[target_feature(enable = $features)]
            #[allow(dead_code, reason = "not every width has short packets enough for it")]
            pub(super) fn several<
                const ROUNDS: usize,
                const SEAL: bool,
                const N: usize,
                const P: usize,
            >(
                first: &Keys,
                jobs: &mut [Job<'_>],
            ) -> usize {
                let Some(jobs) = jobs.first_chunk_mut::<P>() else {
                    return 1;
                };
                let keys: [&Keys; P] = core::array::from_fn(|p| match jobs[p].key {
                    GcmKey::Kernel(_, keys) => keys,
                    _ => first,
                });
                let mut progress: [Progress; P] = core::array::from_fn(|p| Progress::of(&jobs[p]));
                let mut streams = [[repeat(&[0; 16]); N]; P];
                each!(P, p, {
                    streams[p] = progress[p].next_counters(repeat(&keys[p].cipher.keys()[0]));
                });
                for round in 1..ROUNDS {
                    each!(P, p, {
                        let key = repeat(&keys[p].cipher.keys()[round]);
                        for stream in &mut streams[p] {
                            *stream = in_order(enc(*stream, key));
                        }
                    });
                }
                each!(P, p, {
                    let key = repeat(&keys[p].cipher.keys()[ROUNDS]);
                    for stream in &mut streams[p] {
                        *stream = enc_last(*stream, key);
                    }
                    let stream = progress[p].without_mask(streams[p]);
                    let octets = &mut *jobs[p].octets;
                    let start = POWERS - 1 - octets.len().div_ceil(16);
                    progress[p].take::<SEAL, N>(stream, keys[p], start, octets);
                });
                let mut tags = [[0; 16]; P];
                each!(P, p, {
                    tags[p] = progress[p].tag(keys[p], &jobs[p]);
                });
                for (job, tag) in jobs.iter_mut().zip(tags) {
                    job.finish::<SEAL>(tag);
                }
                P
            }

            impl Progress {
                #[target_feature(enable = $features)]
                #[inline]
                fn of(job: &Job<'_>) -> Self {
                    let but_first = xor(ones(), first(_mm_set1_epi32(-1)));
                    Self {
                        counters: reverse(add(
                            broadcast(super::first_counter(&job.nonce)),
                            numbers(),
                        )),
                        many: job.octets.len() > MOST_BY_OCTET,
                        mask: first(_mm_setzero_si128()),
                        chain: first(super::number(job.aad.octets)),
                        to_crypt: but_first,
                        to_absorb: but_first,
                        sum: Sum::new(),
                    }
                }

                /// The tag, once all has been taken.
                #[target_feature(enable = $features)]
                #[inline]
                fn tag(&mut self, keys: &Keys, job: &Job<'_>) -> [u8; 16] {
                    let (aad, data) = (job.aad.len, job.octets.len().saturating_sub(FRONT));
                    let lengths = super::number((8 * aad as u128) << 64 | 8 * data as u128);
                    let last = first(super::load(&keys.powers[POWERS - 1]));
                    self.sum.add(xor(first(lengths), self.chain), last);
                    super::octets(fold(xor(reverse(self.sum.reduce()), self.mask)))
                }

                /// The next counters, under the first round key.
                #[target_feature(enable = $features)]
                #[inline]
                fn next_counters<const N: usize>(&mut self, key: Register) -> [Register; N] {
                    let mut stream = [self.counters; N];
                    if self.many {
                        let step = broadcast(_mm_set_epi32(0, 0, 0, BLOCKS as i32));
                        for stream in &mut stream {
                            *stream = xor(self.counters, key);
                            self.counters = reverse(add(reverse(self.counters), step));
                        }
                    } else {
                        // The last octet is the highest of its word, and nothing is carried.
                        let step = broadcast(_mm_set_epi32((BLOCKS as i32) << 24, 0, 0, 0));
                        for stream in &mut stream {
                            *stream = xor(self.counters, key);
                            self.counters = add(self.counters, step);
                        }
                    }
                    stream
                }

                /// The keystream without the tag's mask.
                #[target_feature(enable = $features)]
                #[inline]
                fn without_mask<const N: usize>(
                    &mut self,
                    mut stream: [Register; N],
                ) -> [Register; N] {
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
                ) -> [Register; REGISTERS] {
                    let mut made = [ones(); REGISTERS];
                    let places = group.as_chunks_mut::<BLOCKS>().0.chunks_mut(AT_ONCE);
                    for (places, made) in places.zip(made.chunks_mut(AT_ONCE)) {
                        let stream = keystream!(self, keys, AT_ONCE, ROUNDS);
                        for ((place, made), stream) in places.iter_mut().zip(made).zip(stream) {
                            *made = xor(load(place), stream);
                            store(place, *made);
                        }
                    }
                    made
                }

                /// Each block of a register is multiplied by the first one's power, and what comes of
                /// it added to the block at its place in the next group: so it is left to the last
                /// group's falling powers to bring them together.
                #[target_feature(enable = $features)]
                #[inline]
                fn absorb_group<const LAST: bool>(
                    &mut self,
                    keys: &Keys,
                    group: &[Register; REGISTERS],
                ) {
                    let (powers, _) = keys.powers[1..].as_chunks::<BLOCKS>();
                    for i in 0..REGISTERS {
                        let power = match LAST {
                            true => load(&powers[i]),
                            false => repeat(&powers[i][0]),
                        };
                        self.absorb(i, group[i], power);
                    }
                    self.chain = match LAST {
                        true => self.sum.reduce(),
                        false => self.sum.reduce_blocks(),
                    };
                    self.sum = Sum::new();
                }

                /// All groups. What is sealed of the last one may be left to be absorbed.
                #[target_feature(enable = $features)]
                #[inline]
                fn groups<const ROUNDS: usize, const SEAL: bool>(
                    &mut self,
                    round_keys: &[Register; 15],
                    keys: &Keys,
                    groups: &mut [Group],
                ) -> Option<[Register; REGISTERS]> {
                    if BLOCKS < 4 {
                        let last = groups.len().wrapping_sub(1);
                        for (i, group) in groups.iter_mut().enumerate() {
                            let mut sealed = registers(group);
                            let made = self.crypt_group::<ROUNDS>(round_keys, group);
                            if SEAL {
                                sealed = made;
                            }
                            match i == last {
                                true => self.absorb_group::<true>(keys, &sealed),
                                false => self.absorb_group::<false>(keys, &sealed),
                            }
                        }
                        return None;
                    }
                    if SEAL {
                        let (first, groups) = groups.split_first_mut()?;
                        let mut sealed = self.crypt_group::<ROUNDS>(round_keys, first);
                        for group in groups {
                            let stream = self
                                .both::<ROUNDS, SEAL, false, REGISTERS>(round_keys, keys, &sealed);
                            sealed = apply(stream, group);
                        }
                        return Some(sealed);
                    }
                    let (last, groups) = groups.split_last_mut()?;
                    for group in groups {
                        let sealed = registers(group);
                        let stream =
                            self.both::<ROUNDS, SEAL, false, REGISTERS>(round_keys, keys, &sealed);
                        apply(stream, group);
                    }
                    let sealed = registers(last);
                    let stream =
                        self.both::<ROUNDS, SEAL, true, REGISTERS>(round_keys, keys, &sealed);
                    apply(stream, last);
                    None
                }

                /// Absorbs a group, and makes the next registers of the keystream: neither waits for
                /// the other, so that the processor does both at once, if their steps take turns.
                #[target_feature(enable = $features)]
                #[inline]
                fn both<const ROUNDS: usize, const SEAL: bool, const LAST: bool, const N: usize>(
                    &mut self,
                    round_keys: &[Register; 15],
                    keys: &Keys,
                    sealed: &[Register; REGISTERS],
                ) -> [Register; N] {
                    let (powers, _) = keys.powers[1..].as_chunks::<BLOCKS>();
                    let power = |i: usize| match LAST {
                        true => load(&powers[i]),
                        false => repeat(&powers[i][0]),
                    };
                    let mut stream = self.next_counters::<N>(round_keys[0]);
                    rounds!(stream, round_keys, ROUNDS, 1, 2);
                    let a = xor(and(self.to_absorb, reverse(sealed[0])), self.chain);
                    let b = reverse(sealed[1]);
                    self.to_absorb = ones();
                    rounds!(stream, round_keys, ROUNDS, 2, 3);
                    let (p, q) = (power(0), power(1));
                    let low = in_order(xor(multiply::<0x00>(a, p), multiply::<0x00>(b, q)));
                    rounds!(stream, round_keys, ROUNDS, 3, 4);
                    let high = in_order(xor(multiply::<0x11>(a, p), multiply::<0x11>(b, q)));
                    rounds!(stream, round_keys, ROUNDS, 4, 5);
                    let middle = in_order(xor(multiply::<0x01>(a, p), multiply::<0x10>(a, p)));
                    rounds!(stream, round_keys, ROUNDS, 5, 6);
                    let more = xor(multiply::<0x01>(b, q), multiply::<0x10>(b, q));
                    let middle = in_order(xor(middle, more));
                    rounds!(stream, round_keys, ROUNDS, 6, 7);
                    let (c, d) = (reverse(sealed[2]), reverse(sealed[3]));
                    let (p, q) = (power(2), power(3));
                    rounds!(stream, round_keys, ROUNDS, 7, 8);
                    let more = xor(multiply::<0x00>(c, p), multiply::<0x00>(d, q));
                    let low = in_order(xor(low, more));
                    rounds!(stream, round_keys, ROUNDS, 8, 9);
                    let more = xor(multiply::<0x01>(c, p), multiply::<0x10>(c, p));
                    let middle = in_order(xor(middle, more));
                    rounds!(stream, round_keys, ROUNDS, 9, 10);
                    let more = xor(multiply::<0x01>(d, q), multiply::<0x10>(d, q));
                    let middle = in_order(xor(middle, more));
                    rounds!(stream, round_keys, ROUNDS, 10, 11);
                    let more = xor(multiply::<0x11>(c, p), multiply::<0x11>(d, q));
                    let high = in_order(xor(high, more));
                    rounds!(stream, round_keys, ROUNDS, 11, 12);
                    let sum = Sum { low, middle, high };
                    self.chain = match LAST {
                        true => sum.reduce(),
                        false => sum.reduce_blocks(),
                    };
                    rounds!(stream, round_keys, ROUNDS, 12, 14);
                    for stream in &mut stream {
                        *stream = enc_last(*stream, round_keys[ROUNDS]);
                    }
                    self.without_mask(stream)
                }

                /// What needs `N` registers, the last of which may have fewer octets than it holds,
                /// behind a group that may not have been absorbed yet.
                #[target_feature(enable = $features)]
                #[inline]
                fn part<const ROUNDS: usize, const SEAL: bool, const N: usize>(
                    &mut self,
                    round_keys: &[Register; 15],
                    keys: &Keys,
                    pending: &Option<[Register; REGISTERS]>,
                    start: usize,
                    octets: &mut [u8],
                ) {
                    let stream = match pending {
                        Some(sealed) => {
                            self.both::<ROUNDS, SEAL, true, N>(round_keys, keys, sealed)
                        }
                        None => keystream!(self, round_keys, N, ROUNDS),
                    };
                    self.take::<SEAL, N>(stream, keys, start, octets);
                }

                /// Encrypts or decrypts what needs `N` registers at most, and takes its ciphertext,
                /// the first block with the power at `start`.
                #[target_feature(enable = $features)]
                #[inline]
                fn take<const SEAL: bool, const N: usize>(
                    &mut self,
                    stream: [Register; N],
                    keys: &Keys,
                    start: usize,
                    mut octets: &mut [u8],
                ) {
                    for (i, stream) in stream.into_iter().enumerate() {
                        let (part, others) = octets.split_at_mut(octets.len().min(OCTETS));
                        octets = others;
                        let before = load_part(part);
                        let after = store_part(part, xor(before, stream));
                        // Beyond the last octet there are zeros, for which any power will do.
                        let power = (start + i * BLOCKS).min(POWERS - 1);
                        let (powers, _) = keys.powers[power..].as_chunks::<BLOCKS>();
                        self.absorb(i, if SEAL { after } else { before }, load(&powers[0]));
                    }
                }
            }

            /// Encrypts or decrypts a group; gives what it has become.
            #[target_feature(enable = $features)]
            #[inline]
            fn apply(stream: [Register; REGISTERS], group: &mut Group) -> [Register; REGISTERS] {
                let mut made = stream;
                for (place, made) in group.as_chunks_mut::<BLOCKS>().0.iter_mut().zip(&mut made) {
                    *made = xor(load(place), *made);
                    store(place, *made);
                }
                made
            }

            #[target_feature(enable = $features)]
            #[inline]
            fn registers(group: &Group) -> [Register; REGISTERS] {
                let (registers, _) = group.as_chunks::<BLOCKS>();
                core::array::from_fn(|i| load(&registers[i]))
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
