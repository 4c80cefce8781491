//! SHA-1's rounds (FIPS 180-4 §6.1.2), one register for each variable of all lanes.

use super::words::w32::*;
use super::{Pair, hmac};
use crate::message::Message;
use core::arch::x86_64::*;

hmac!();

/// FIPS 180-4 §4.2.1.
const K: [u32; 4] = [0x5a82_7999, 0x6ed9_eba1, 0x8f1b_bcdc, 0xca62_c1d6];

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn compress(state: &mut [__m512i; 8], mut w: [__m512i; 16], active: u16) {
    let [a, b, c, d, e, ..] = *state;
    let mut s = [a, b, c, d, e];
    macro_rules! rounds {
        ($($i:literal)*) => { $(
            round::<{ 5 * $i }>(&mut s, &mut w);
            round::<{ 5 * $i + 1 }>(&mut s, &mut w);
            round::<{ 5 * $i + 2 }>(&mut s, &mut w);
            round::<{ 5 * $i + 3 }>(&mut s, &mut w);
            round::<{ 5 * $i + 4 }>(&mut s, &mut w);
        )* };
    }
    rounds!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
    for (to, from) in state.iter_mut().zip(s) {
        *to = add_active(*to, from, active);
    }
}

/// Round `I`, with the variables at places that move on by one from round to round.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn round<const I: usize>(s: &mut [__m512i; 5], w: &mut [__m512i; 16]) {
    let at = |i: usize| (i + 80 - I) % 5;
    let (b, c, d) = (s[at(1)], s[at(2)], s[at(3)]);
    let f = match I / 20 {
        0 => _mm512_ternarylogic_epi32::<0xca>(b, c, d),
        2 => _mm512_ternarylogic_epi32::<0xe8>(b, c, d),
        _ => _mm512_ternarylogic_epi32::<0x96>(b, c, d),
    };
    let given = add(add(s[at(4)], w[I % 16]), splat(K[I / 20]));
    s[at(4)] = add(add(given, f), rotate::<27>(s[at(0)]));
    s[at(1)] = rotate::<2>(b);
    if I < 64 {
        let (w2, w8, w13) = (w[(I + 2) % 16], w[(I + 8) % 16], w[(I + 13) % 16]);
        let sum = _mm512_ternarylogic_epi32::<0x96>(w[I % 16], w2, w8);
        w[I % 16] = rotate::<31>(_mm512_xor_si512(sum, w13));
    }
}
