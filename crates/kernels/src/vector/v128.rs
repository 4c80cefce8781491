//! One block in a register: AES-NI and PCLMULQDQ.

use core::arch::x86_64::*;

pub(crate) type Register = __m128i;

/// Blocks in a register.
pub(crate) const BLOCKS: usize = 1;

#[target_feature(enable = "aes,pclmulqdq,ssse3,sse4.1")]
#[inline]
pub(crate) fn load(blocks: &[[u8; 16]; BLOCKS]) -> Register {
    // SAFETY: the reference has as many octets as the register; the load needs no alignment.
    unsafe { _mm_loadu_si128(blocks.as_ptr().cast()) }
}

#[target_feature(enable = "aes,pclmulqdq,ssse3,sse4.1")]
#[inline]
pub(crate) fn store(blocks: &mut [[u8; 16]; BLOCKS], from: Register) {
    // SAFETY: the reference has as many octets as the register; the store needs no alignment.
    unsafe { _mm_storeu_si128(blocks.as_mut_ptr().cast(), from) }
}

/// Fewer octets than the register has; zeros behind them.
#[target_feature(enable = "aes,pclmulqdq,ssse3,sse4.1")]
#[inline]
pub(crate) fn load_part(octets: &[u8]) -> Register {
    let mut blocks = [[0; 16]; BLOCKS];
    for (to, from) in blocks.as_flattened_mut().iter_mut().zip(octets) {
        *to = *from;
    }
    load(&blocks)
}

/// As many octets as there is room for, and zeros for the others in what it gives back.
#[target_feature(enable = "aes,pclmulqdq,ssse3,sse4.1")]
#[inline]
pub(crate) fn store_part(octets: &mut [u8], from: Register) -> Register {
    let mut blocks = [[0; 16]; BLOCKS];
    store(&mut blocks, from);
    for (to, from) in octets.iter_mut().zip(blocks.as_flattened()) {
        *to = *from;
    }
    load_part(octets)
}

#[target_feature(enable = "aes,pclmulqdq,ssse3,sse4.1")]
#[inline]
pub(crate) fn broadcast(block: __m128i) -> Register {
    block
}

/// That block first, zeros behind it.
#[target_feature(enable = "aes,pclmulqdq,ssse3,sse4.1")]
#[inline]
pub(crate) fn first(block: __m128i) -> Register {
    block
}

/// The blocks added up.
#[target_feature(enable = "aes,pclmulqdq,ssse3,sse4.1")]
#[inline]
pub(crate) fn fold(a: Register) -> __m128i {
    a
}

/// 0, 1 and so on, each in the lowest word of its block.
#[target_feature(enable = "aes,pclmulqdq,ssse3,sse4.1")]
#[inline]
pub(crate) fn numbers() -> Register {
    _mm_setzero_si128()
}

#[target_feature(enable = "aes,pclmulqdq,ssse3,sse4.1")]
#[inline]
pub(crate) fn xor(a: Register, b: Register) -> Register {
    _mm_xor_si128(a, b)
}

#[target_feature(enable = "aes,pclmulqdq,ssse3,sse4.1")]
#[inline]
pub(crate) fn and(a: Register, b: Register) -> Register {
    _mm_and_si128(a, b)
}

/// `b` where `a` has no ones.
#[target_feature(enable = "aes,pclmulqdq,ssse3,sse4.1")]
#[inline]
pub(crate) fn and_not(a: Register, b: Register) -> Register {
    _mm_andnot_si128(a, b)
}

#[target_feature(enable = "aes,pclmulqdq,ssse3,sse4.1")]
#[inline]
pub(crate) fn enc(a: Register, key: Register) -> Register {
    _mm_aesenc_si128(a, key)
}

/// The same, at its place among others that are in order: a compiler that is left to itself puts
/// the steps of one packet behind those of another, which then wait for nothing but each other.
#[target_feature(enable = "aes,pclmulqdq,ssse3,sse4.1")]
#[inline]
pub(crate) fn in_order(a: Register) -> Register {
    #[cfg(not(miri))]
    let a = {
        let mut a = a;
        // SAFETY: there is no instruction in it.
        unsafe {
            core::arch::asm!("# {0}", inout(xmm_reg) a, options(nomem, nostack, preserves_flags));
        }
        a
    };
    a
}

#[target_feature(enable = "aes,pclmulqdq,ssse3,sse4.1")]
#[inline]
pub(crate) fn enc_last(a: Register, key: Register) -> Register {
    _mm_aesenclast_si128(a, key)
}

#[target_feature(enable = "aes,pclmulqdq,ssse3,sse4.1")]
#[inline]
pub(crate) fn dec(a: Register, key: Register) -> Register {
    _mm_aesdec_si128(a, key)
}

#[target_feature(enable = "aes,pclmulqdq,ssse3,sse4.1")]
#[inline]
pub(crate) fn dec_last(a: Register, key: Register) -> Register {
    _mm_aesdeclast_si128(a, key)
}

/// The product without carries of one half of each block of `a` and one of `b`.
#[target_feature(enable = "aes,pclmulqdq,ssse3,sse4.1")]
#[inline]
pub(crate) fn multiply<const HALVES: i32>(a: Register, b: Register) -> Register {
    _mm_clmulepi64_si128::<HALVES>(a, b)
}

/// Each block's halves the other way round.
#[target_feature(enable = "aes,pclmulqdq,ssse3,sse4.1")]
#[inline]
pub(crate) fn swap(a: Register) -> Register {
    _mm_shuffle_epi32::<0x4e>(a)
}

/// Each block's octets the other way round.
#[target_feature(enable = "aes,pclmulqdq,ssse3,sse4.1")]
#[inline]
pub(crate) fn reverse(a: Register) -> Register {
    let order = _mm_set_epi64x(0x0001_0203_0405_0607, 0x0809_0a0b_0c0d_0e0f);
    _mm_shuffle_epi8(a, broadcast(order))
}

/// Adds words of 32 bits.
#[target_feature(enable = "aes,pclmulqdq,ssse3,sse4.1")]
#[inline]
pub(crate) fn add(a: Register, b: Register) -> Register {
    _mm_add_epi32(a, b)
}

/// The same block everywhere.
#[target_feature(enable = "aes,pclmulqdq,ssse3,sse4.1")]
#[inline]
pub(crate) fn repeat(block: &[u8; 16]) -> Register {
    // SAFETY: the reference has sixteen octets; the load needs no alignment.
    broadcast(unsafe { _mm_loadu_si128(block.as_ptr().cast()) })
}

/// One block from each place.
///
/// # Safety
/// Sixteen octets are readable at each.
#[target_feature(enable = "aes,pclmulqdq,ssse3,sse4.1")]
#[inline]
pub(crate) unsafe fn gather(from: [*const u8; BLOCKS]) -> Register {
    // SAFETY: the caller vouches for the places; the loads need no alignment.
    unsafe { _mm_loadu_si128(from[0].cast()) }
}

/// One block to each place.
///
/// # Safety
/// Sixteen octets are writable at each.
#[target_feature(enable = "aes,pclmulqdq,ssse3,sse4.1")]
#[inline]
pub(crate) unsafe fn scatter(to: [*mut u8; BLOCKS], a: Register) {
    // SAFETY: the caller vouches for the places; the stores need no alignment.
    unsafe {
        _mm_storeu_si128(to[0].cast(), a);
    }
}

/// The last block of `before`, then all of `a` but its last.
#[target_feature(enable = "aes,pclmulqdq,ssse3,sse4.1")]
#[inline]
pub(crate) fn shifted(before: Register, _a: Register) -> Register {
    before
}
