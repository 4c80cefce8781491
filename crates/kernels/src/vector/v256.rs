//! Two blocks in a register: VAES and VPCLMULQDQ with AVX2.

use core::arch::x86_64::*;

pub(crate) type Register = __m256i;

/// Blocks in a register.
pub(crate) const BLOCKS: usize = 2;

#[target_feature(enable = "aes,avx2,vaes,vpclmulqdq")]
#[inline]
pub(crate) fn load(blocks: &[[u8; 16]; BLOCKS]) -> Register {
    // SAFETY: the reference has as many octets as the register; the load needs no alignment.
    unsafe { _mm256_loadu_si256(blocks.as_ptr().cast()) }
}

#[target_feature(enable = "aes,avx2,vaes,vpclmulqdq")]
#[inline]
pub(crate) fn store(blocks: &mut [[u8; 16]; BLOCKS], from: Register) {
    // SAFETY: the reference has as many octets as the register; the store needs no alignment.
    unsafe { _mm256_storeu_si256(blocks.as_mut_ptr().cast(), from) }
}

/// Fewer octets than the register has; zeros behind them.
#[target_feature(enable = "aes,avx2,vaes,vpclmulqdq")]
#[inline]
pub(crate) fn load_part(octets: &[u8]) -> Register {
    let mut blocks = [[0; 16]; BLOCKS];
    for (to, from) in blocks.as_flattened_mut().iter_mut().zip(octets) {
        *to = *from;
    }
    load(&blocks)
}

/// As many octets as there is room for, and zeros for the others in what it gives back.
#[target_feature(enable = "aes,avx2,vaes,vpclmulqdq")]
#[inline]
pub(crate) fn store_part(octets: &mut [u8], from: Register) -> Register {
    let mut blocks = [[0; 16]; BLOCKS];
    store(&mut blocks, from);
    for (to, from) in octets.iter_mut().zip(blocks.as_flattened()) {
        *to = *from;
    }
    load_part(octets)
}

#[target_feature(enable = "aes,avx2,vaes,vpclmulqdq")]
#[inline]
pub(crate) fn broadcast(block: __m128i) -> Register {
    _mm256_broadcastsi128_si256(block)
}

/// That block first, zeros behind it.
#[target_feature(enable = "aes,avx2,vaes,vpclmulqdq")]
#[inline]
pub(crate) fn first(block: __m128i) -> Register {
    _mm256_zextsi128_si256(block)
}

/// The blocks added up.
#[target_feature(enable = "aes,avx2,vaes,vpclmulqdq")]
#[inline]
pub(crate) fn fold(a: Register) -> __m128i {
    _mm_xor_si128(_mm256_castsi256_si128(a), _mm256_extracti128_si256::<1>(a))
}

/// 0, 1 and so on, each in the lowest word of its block.
#[target_feature(enable = "aes,avx2,vaes,vpclmulqdq")]
#[inline]
pub(crate) fn numbers() -> Register {
    _mm256_set_epi64x(0, 1, 0, 0)
}

#[target_feature(enable = "aes,avx2,vaes,vpclmulqdq")]
#[inline]
pub(crate) fn xor(a: Register, b: Register) -> Register {
    _mm256_xor_si256(a, b)
}

#[target_feature(enable = "aes,avx2,vaes,vpclmulqdq")]
#[inline]
pub(crate) fn and(a: Register, b: Register) -> Register {
    _mm256_and_si256(a, b)
}

/// `b` where `a` has no ones.
#[target_feature(enable = "aes,avx2,vaes,vpclmulqdq")]
#[inline]
pub(crate) fn and_not(a: Register, b: Register) -> Register {
    _mm256_andnot_si256(a, b)
}

#[target_feature(enable = "aes,avx2,vaes,vpclmulqdq")]
#[inline]
pub(crate) fn enc(a: Register, key: Register) -> Register {
    _mm256_aesenc_epi128(a, key)
}

/// The same, at its place among others that are in order: a compiler that is left to itself puts
/// the steps of one packet behind those of another, which then wait for nothing but each other.
#[target_feature(enable = "aes,avx2,vaes,vpclmulqdq")]
#[inline]
pub(crate) fn in_order(a: Register) -> Register {
    #[cfg(not(miri))]
    let a = {
        let mut a = a;
        // SAFETY: there is no instruction in it.
        unsafe {
            core::arch::asm!("# {0}", inout(ymm_reg) a, options(nomem, nostack, preserves_flags));
        }
        a
    };
    a
}

#[target_feature(enable = "aes,avx2,vaes,vpclmulqdq")]
#[inline]
pub(crate) fn enc_last(a: Register, key: Register) -> Register {
    _mm256_aesenclast_epi128(a, key)
}

#[target_feature(enable = "aes,avx2,vaes,vpclmulqdq")]
#[inline]
pub(crate) fn dec(a: Register, key: Register) -> Register {
    _mm256_aesdec_epi128(a, key)
}

#[target_feature(enable = "aes,avx2,vaes,vpclmulqdq")]
#[inline]
pub(crate) fn dec_last(a: Register, key: Register) -> Register {
    _mm256_aesdeclast_epi128(a, key)
}

/// The product without carries of one half of each block of `a` and one of `b`.
#[target_feature(enable = "aes,avx2,vaes,vpclmulqdq")]
#[inline]
pub(crate) fn multiply<const HALVES: i32>(a: Register, b: Register) -> Register {
    _mm256_clmulepi64_epi128::<HALVES>(a, b)
}

/// Each block's halves the other way round.
#[target_feature(enable = "aes,avx2,vaes,vpclmulqdq")]
#[inline]
pub(crate) fn swap(a: Register) -> Register {
    _mm256_shuffle_epi32::<0x4e>(a)
}

/// Each block's octets the other way round.
#[target_feature(enable = "aes,avx2,vaes,vpclmulqdq")]
#[inline]
pub(crate) fn reverse(a: Register) -> Register {
    let order = _mm_set_epi64x(0x0001_0203_0405_0607, 0x0809_0a0b_0c0d_0e0f);
    _mm256_shuffle_epi8(a, broadcast(order))
}

/// Adds words of 32 bits.
#[target_feature(enable = "aes,avx2,vaes,vpclmulqdq")]
#[inline]
pub(crate) fn add(a: Register, b: Register) -> Register {
    _mm256_add_epi32(a, b)
}

/// The same block everywhere.
#[target_feature(enable = "aes,avx2,vaes,vpclmulqdq")]
#[inline]
pub(crate) fn repeat(block: &[u8; 16]) -> Register {
    // SAFETY: the reference has sixteen octets; the load needs no alignment.
    broadcast(unsafe { _mm_loadu_si128(block.as_ptr().cast()) })
}

/// One block from each place.
///
/// # Safety
/// Sixteen octets are readable at each.
#[target_feature(enable = "aes,avx2,vaes,vpclmulqdq")]
#[inline]
pub(crate) unsafe fn gather(from: [*const u8; BLOCKS]) -> Register {
    // SAFETY: the caller vouches for the places; the loads need no alignment.
    unsafe {
        let low = _mm_loadu_si128(from[0].cast());
        let high = _mm_loadu_si128(from[1].cast());
        _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(low), high)
    }
}

/// One block to each place.
///
/// # Safety
/// Sixteen octets are writable at each.
#[target_feature(enable = "aes,avx2,vaes,vpclmulqdq")]
#[inline]
pub(crate) unsafe fn scatter(to: [*mut u8; BLOCKS], a: Register) {
    // SAFETY: the caller vouches for the places; the stores need no alignment.
    unsafe {
        _mm_storeu_si128(to[0].cast(), _mm256_castsi256_si128(a));
        _mm_storeu_si128(to[1].cast(), _mm256_extracti128_si256::<1>(a));
    }
}

/// The last block of `before`, then all of `a` but its last.
#[target_feature(enable = "aes,avx2,vaes,vpclmulqdq")]
#[inline]
pub(crate) fn shifted(before: Register, a: Register) -> Register {
    _mm256_permute2x128_si256::<0x21>(before, a)
}
