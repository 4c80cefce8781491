//! SHA-256 by SHA-NI, several messages interleaved: one alone waits for each instruction's result.

use core::arch::x86_64::*;

use super::feed::Feed;
use super::{K4, State};

/// Runs all feeds to the end of the longest.
#[target_feature(enable = "sha,sse4.1,ssse3")]
#[inline(never)]
pub(super) fn narrow<const N: usize>(feeds: &mut [Feed<'_>; N], states: &mut [State]) {
    let steps = feeds.iter().map(Feed::left).max().unwrap_or(0);
    for _ in 0..steps {
        let mut ab = [_mm_setzero_si128(); N];
        let mut cd = [_mm_setzero_si128(); N];
        let mut m = [[_mm_setzero_si128(); 4]; N];
        let mut slot = [0; N];
        for l in 0..N {
            let (block, to) = feeds[l].next();
            slot[l] = to;
            (ab[l], cd[l]) = load_state(&states[to]);
            m[l] = load_block(block);
        }
        macro_rules! quads {
            ($($i:literal)*) => { $(
                for l in 0..N {
                    quad::<$i>(&mut ab[l], &mut cd[l], &mut m[l]);
                }
            )* };
        }
        quads!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
        for l in 0..N {
            add_state(&mut states[slot[l]], ab[l], cd[l]);
        }
    }
}

/// Four rounds of one message by SHA-NI; words are those of quad `I`.
#[target_feature(enable = "sha,sse4.1,ssse3")]
#[inline]
fn quad<const I: usize>(ab: &mut __m128i, cd: &mut __m128i, m: &mut [__m128i; 4]) {
    if I >= 4 {
        let (m0, m1, m2, m3) = (m[I & 3], m[(I + 1) & 3], m[(I + 2) & 3], m[(I + 3) & 3]);
        let partial = _mm_add_epi32(_mm_sha256msg1_epu32(m0, m1), _mm_alignr_epi8::<4>(m3, m2));
        m[I & 3] = _mm_sha256msg2_epu32(partial, m3);
    }
    let words = _mm_add_epi32(m[I & 3], load(&K4.0[I]));
    *cd = _mm_sha256rnds2_epu32(*cd, *ab, words);
    *ab = _mm_sha256rnds2_epu32(*ab, *cd, _mm_shuffle_epi32::<0x0e>(words));
}

#[target_feature(enable = "sse2")]
#[inline]
fn load(octets: &[u8; 16]) -> __m128i {
    // SAFETY: sixteen octets are readable behind the reference, and the load needs no alignment.
    unsafe { _mm_loadu_si128(octets.as_ptr().cast()) }
}

#[target_feature(enable = "sse2")]
#[inline]
fn load_state(state: &State) -> (__m128i, __m128i) {
    let (ab, cd) = state.halves();
    // SAFETY: four words are readable behind each reference; the load needs no alignment.
    unsafe {
        (
            _mm_loadu_si128(ab.as_ptr().cast()),
            _mm_loadu_si128(cd.as_ptr().cast()),
        )
    }
}

#[target_feature(enable = "sse2")]
#[inline]
fn add_state(state: &mut State, ab: __m128i, cd: __m128i) {
    let (old_ab, old_cd) = load_state(state);
    let (to_ab, to_cd) = state.halves_mut();
    // SAFETY: four words are writable behind each reference; the store needs no alignment.
    unsafe {
        _mm_storeu_si128(to_ab.as_mut_ptr().cast(), _mm_add_epi32(old_ab, ab));
        _mm_storeu_si128(to_cd.as_mut_ptr().cast(), _mm_add_epi32(old_cd, cd));
    }
}

#[target_feature(enable = "sse2")]
#[inline]
fn swap() -> __m128i {
    _mm_set_epi64x(0x0c0d_0e0f_0809_0a0b, 0x0405_0607_0001_0203)
}

/// The block's words in the machine's order.
#[target_feature(enable = "ssse3")]
#[inline]
fn load_block(block: &[u8; 64]) -> [__m128i; 4] {
    let (quarters, _) = block.as_chunks::<16>();
    core::array::from_fn(|i| _mm_shuffle_epi8(load(&quarters[i]), swap()))
}
