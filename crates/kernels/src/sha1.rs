//! SHA-1, one message after the other on every path: the `sha1` crate uses SHA-NI by itself where
//! there is any.

/// FIPS 180-4 §5.3.1.
pub(crate) const START: [u32; 5] = [
    0x6745_2301,
    0xefcd_ab89,
    0x98ba_dcfe,
    0x1032_5476,
    0xc3d2_e1f0,
];

/// Takes the state through the blocks of `body` and then of `tail`.
pub(crate) fn run(state: &mut [u32; 5], body: &[[u8; 64]], tail: &[[u8; 64]]) {
    ::sha1::block_api::compress(state, body);
    ::sha1::block_api::compress(state, tail);
}
