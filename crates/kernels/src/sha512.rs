//! SHA-512 and SHA-384, one message after the other on every path: the `sha2` crate has kernels for
//! AVX2 and for other processors.

/// FIPS 180-4 §5.3.4.
#[rustfmt::skip]
pub(crate) const START_384: [u64; 8] = [
    0xcbbb_9d5d_c105_9ed8, 0x629a_292a_367c_d507, 0x9159_015a_3070_dd17, 0x152f_ecd8_f70e_5939,
    0x6733_2667_ffc0_0b31, 0x8eb4_4a87_6858_1511, 0xdb0c_2e0d_64f9_8fa7, 0x47b5_481d_befa_4fa4,
];

/// FIPS 180-4 §5.3.5.
#[rustfmt::skip]
pub(crate) const START_512: [u64; 8] = [
    0x6a09_e667_f3bc_c908, 0xbb67_ae85_84ca_a73b, 0x3c6e_f372_fe94_f82b, 0xa54f_f53a_5f1d_36f1,
    0x510e_527f_ade6_82d1, 0x9b05_688c_2b3e_6c1f, 0x1f83_d9ab_fb41_bd6b, 0x5be0_cd19_137e_2179,
];

/// Takes the state through the blocks of `body` and then of `tail`.
pub(crate) fn run(state: &mut [u64; 8], body: &[[u8; 128]], tail: &[[u8; 128]]) {
    ::sha2::block_api::compress512(state, body);
    ::sha2::block_api::compress512(state, tail);
}
