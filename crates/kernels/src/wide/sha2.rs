//! SHA-2's rounds (FIPS 180-4 §6.2.2 and 6.4.2), one register for each variable of all lanes: the
//! two hashes differ in the size of their words, in constants and in the number of rounds.

/// FIPS 180-4 §4.2.3.
#[rustfmt::skip]
const K512: [u64; 80] = [
    0x428a_2f98_d728_ae22, 0x7137_4491_23ef_65cd, 0xb5c0_fbcf_ec4d_3b2f, 0xe9b5_dba5_8189_dbbc,
    0x3956_c25b_f348_b538, 0x59f1_11f1_b605_d019, 0x923f_82a4_af19_4f9b, 0xab1c_5ed5_da6d_8118,
    0xd807_aa98_a303_0242, 0x1283_5b01_4570_6fbe, 0x2431_85be_4ee4_b28c, 0x550c_7dc3_d5ff_b4e2,
    0x72be_5d74_f27b_896f, 0x80de_b1fe_3b16_96b1, 0x9bdc_06a7_25c7_1235, 0xc19b_f174_cf69_2694,
    0xe49b_69c1_9ef1_4ad2, 0xefbe_4786_384f_25e3, 0x0fc1_9dc6_8b8c_d5b5, 0x240c_a1cc_77ac_9c65,
    0x2de9_2c6f_592b_0275, 0x4a74_84aa_6ea6_e483, 0x5cb0_a9dc_bd41_fbd4, 0x76f9_88da_8311_53b5,
    0x983e_5152_ee66_dfab, 0xa831_c66d_2db4_3210, 0xb003_27c8_98fb_213f, 0xbf59_7fc7_beef_0ee4,
    0xc6e0_0bf3_3da8_8fc2, 0xd5a7_9147_930a_a725, 0x06ca_6351_e003_826f, 0x1429_2967_0a0e_6e70,
    0x27b7_0a85_46d2_2ffc, 0x2e1b_2138_5c26_c926, 0x4d2c_6dfc_5ac4_2aed, 0x5338_0d13_9d95_b3df,
    0x650a_7354_8baf_63de, 0x766a_0abb_3c77_b2a8, 0x81c2_c92e_47ed_aee6, 0x9272_2c85_1482_353b,
    0xa2bf_e8a1_4cf1_0364, 0xa81a_664b_bc42_3001, 0xc24b_8b70_d0f8_9791, 0xc76c_51a3_0654_be30,
    0xd192_e819_d6ef_5218, 0xd699_0624_5565_a910, 0xf40e_3585_5771_202a, 0x106a_a070_32bb_d1b8,
    0x19a4_c116_b8d2_d0c8, 0x1e37_6c08_5141_ab53, 0x2748_774c_df8e_eb99, 0x34b0_bcb5_e19b_48a8,
    0x391c_0cb3_c5c9_5a63, 0x4ed8_aa4a_e341_8acb, 0x5b9c_ca4f_7763_e373, 0x682e_6ff3_d6b2_b8a3,
    0x748f_82ee_5def_b2fc, 0x78a5_636f_4317_2f60, 0x84c8_7814_a1f0_ab72, 0x8cc7_0208_1a64_39ec,
    0x90be_fffa_2363_1e28, 0xa450_6ceb_de82_bde9, 0xbef9_a3f7_b2c6_7915, 0xc671_78f2_e372_532b,
    0xca27_3ece_ea26_619c, 0xd186_b8c7_21c0_c207, 0xeada_7dd6_cde0_eb1e, 0xf57d_4f7f_ee6e_d178,
    0x06f0_67aa_7217_6fba, 0x0a63_7dc5_a2c8_98a6, 0x113f_9804_bef9_0dae, 0x1b71_0b35_131c_471b,
    0x28db_77f5_2304_7d84, 0x32ca_ab7b_40c7_2493, 0x3c9e_be0a_15c9_bebc, 0x431d_67c4_9c10_0d4c,
    0x4cc5_d4be_cb3e_42b6, 0x597f_299c_fc65_7e2a, 0x5fcb_6fab_3ad6_faec, 0x6c44_198c_4a47_5817,
];

/// One hash: the numbers of bits by which its functions rotate and, last, shift.
macro_rules! sha2 {
    (
        $name:ident, $words:ident, $k:path, rounds: $rounds:literal $($i:literal)*,
        $big_a:tt, $big_e:tt, $small_1:tt, $small_14:tt
    ) => {
        pub(crate) mod $name {
            use super::super::words::$words::*;
            use super::super::{Pair, hmac};
            use crate::message::Message;
            use core::arch::x86_64::*;

            hmac!();

            #[target_feature(enable = "avx512f,avx512bw")]
            #[inline]
            fn compress(state: &mut [__m512i; 8], mut w: [__m512i; 16], active: u16) {
                let mut s = *state;
                $(
                    round::<{ 8 * $i }>(&mut s, &mut w);
                    round::<{ 8 * $i + 1 }>(&mut s, &mut w);
                    round::<{ 8 * $i + 2 }>(&mut s, &mut w);
                    round::<{ 8 * $i + 3 }>(&mut s, &mut w);
                    round::<{ 8 * $i + 4 }>(&mut s, &mut w);
                    round::<{ 8 * $i + 5 }>(&mut s, &mut w);
                    round::<{ 8 * $i + 6 }>(&mut s, &mut w);
                    round::<{ 8 * $i + 7 }>(&mut s, &mut w);
                )*
                for (to, from) in state.iter_mut().zip(s) {
                    *to = add_active(*to, from, active);
                }
            }

            /// Round `I`, with the variables at places that move on by one from round to round.
            #[target_feature(enable = "avx512f,avx512bw")]
            #[inline]
            fn round<const I: usize>(s: &mut [__m512i; 8], w: &mut [__m512i; 16]) {
                let at = |i: usize| (i + 80 - I) % 8;
                let (a, b, c) = (s[at(0)], s[at(1)], s[at(2)]);
                let (e, f, g) = (s[at(4)], s[at(5)], s[at(6)]);
                let given = add(s[at(7)], add(w[I % 16], splat($k[I])));
                let chosen = _mm512_ternarylogic_epi32::<0xca>(e, f, g);
                let first = add(add(given, chosen), sum!(rotate $big_e, e));
                s[at(3)] = add(s[at(3)], first);
                let majority = _mm512_ternarylogic_epi32::<0xe8>(a, b, c);
                s[at(7)] = add(add(first, majority), sum!(rotate $big_a, a));
                if I + 16 < $rounds {
                    let (w1, w14) = (w[(I + 1) % 16], w[(I + 14) % 16]);
                    let given = add(w[I % 16], w[(I + 9) % 16]);
                    let made = add(given, sum!(right $small_1, w1));
                    w[I % 16] = add(made, sum!(right $small_14, w14));
                }
            }
        }
    };
}

/// Rotated by two numbers, rotated or shifted by the third, and added without carries.
macro_rules! sum {
    ($last:ident ($a:literal $b:literal $c:literal), $of:expr) => {
        _mm512_ternarylogic_epi32::<0x96>(rotate::<$a>($of), rotate::<$b>($of), $last::<$c>($of))
    };
}

sha2!(
    sha256, w32, crate::sha256::K, rounds: 64 0 1 2 3 4 5 6 7,
    (2 13 22), (6 11 25), (7 18 3), (17 19 10)
);
sha2!(
    sha512, w64, super::K512, rounds: 80 0 1 2 3 4 5 6 7 8 9,
    (28 34 39), (14 18 41), (1 8 7), (19 61 6)
);
