//! Words of many messages side by side: each register has the same word of every lane.
//!
//! The two modules have the same functions, so that one text serves both sizes of word.

/// Sixteen lanes of 32 bits.
pub(crate) mod w32 {
    use super::super::Pair;
    use core::arch::x86_64::*;

    pub(crate) type Word = u32;
    pub(crate) const LANES: usize = 16;
    pub(crate) const BLOCK: usize = 64;

    #[target_feature(enable = "avx512f,avx512bw")]
    #[inline]
    pub(crate) fn splat(word: Word) -> __m512i {
        _mm512_set1_epi32(word.cast_signed())
    }

    #[target_feature(enable = "avx512f,avx512bw")]
    #[inline]
    pub(crate) fn add(a: __m512i, b: __m512i) -> __m512i {
        _mm512_add_epi32(a, b)
    }

    /// Adds in the lanes whose bit is set; the others stay `a`.
    #[target_feature(enable = "avx512f,avx512bw")]
    #[inline]
    pub(crate) fn add_active(a: __m512i, b: __m512i, active: u16) -> __m512i {
        _mm512_mask_add_epi32(a, active, a, b)
    }

    #[target_feature(enable = "avx512f,avx512bw")]
    #[inline]
    pub(crate) fn right<const BITS: u32>(a: __m512i) -> __m512i {
        _mm512_srli_epi32::<BITS>(a)
    }

    /// Rotates to the right.
    #[target_feature(enable = "avx512f,avx512bw")]
    #[inline]
    pub(crate) fn rotate<const BITS: i32>(a: __m512i) -> __m512i {
        _mm512_ror_epi32::<BITS>(a)
    }

    /// The words of each lane's block.
    #[target_feature(enable = "avx512f,avx512bw")]
    #[inline]
    pub(crate) fn load_blocks(blocks: &[&[u8; BLOCK]; LANES]) -> [__m512i; 16] {
        let swap = _mm512_set4_epi32(0x0c0d_0e0f, 0x0809_0a0b, 0x0405_0607, 0x0001_0203);
        transpose(core::array::from_fn(|lane| {
            // SAFETY: 64 octets are readable behind the reference; the load needs no alignment.
            let block = unsafe { _mm512_loadu_si512(blocks[lane].as_ptr().cast()) };
            _mm512_shuffle_epi8(block, swap)
        }))
    }

    /// The words of each lane's inner state, then those of its outer one.
    #[target_feature(enable = "avx512f,avx512bw")]
    #[inline]
    pub(crate) fn load_keys(keys: &[&Pair<Word>; LANES]) -> [__m512i; 16] {
        transpose(core::array::from_fn(|lane| {
            // SAFETY: sixteen words are readable behind the reference; the load needs no alignment.
            unsafe { _mm512_loadu_si512(keys[lane].as_ptr().cast()) }
        }))
    }

    /// Each lane's eight words as octets, and zeros behind them.
    #[target_feature(enable = "avx512f,avx512bw")]
    #[inline]
    pub(crate) fn store(words: [__m512i; 8], to: &mut [[u8; 64]; LANES]) {
        let swap = _mm512_set4_epi32(0x0c0d_0e0f, 0x0809_0a0b, 0x0405_0607, 0x0001_0203);
        let zero = _mm512_setzero_si512();
        let rows = transpose(core::array::from_fn(|i| *words.get(i).unwrap_or(&zero)));
        for (to, row) in to.iter_mut().zip(rows) {
            let octets = _mm512_shuffle_epi8(row, swap);
            // SAFETY: 64 octets are writable behind the reference; the store needs no alignment.
            unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), octets) };
        }
    }

    /// From one register a message to one register a word, and back.
    #[target_feature(enable = "avx512f")]
    #[inline]
    pub(crate) fn transpose(w: [__m512i; 16]) -> [__m512i; 16] {
        let mut t = [_mm512_setzero_si512(); 16];
        for i in 0..8 {
            t[2 * i] = _mm512_unpacklo_epi32(w[2 * i], w[2 * i + 1]);
            t[2 * i + 1] = _mm512_unpackhi_epi32(w[2 * i], w[2 * i + 1]);
        }
        // Quarter q of u[4 g + j] holds word 4 q + j of the messages 4 g to 4 g + 3.
        let mut u = [_mm512_setzero_si512(); 16];
        for i in 0..4 {
            u[4 * i] = _mm512_unpacklo_epi64(t[4 * i], t[4 * i + 2]);
            u[4 * i + 1] = _mm512_unpackhi_epi64(t[4 * i], t[4 * i + 2]);
            u[4 * i + 2] = _mm512_unpacklo_epi64(t[4 * i + 1], t[4 * i + 3]);
            u[4 * i + 3] = _mm512_unpackhi_epi64(t[4 * i + 1], t[4 * i + 3]);
        }
        let mut w = [_mm512_setzero_si512(); 16];
        for j in 0..4 {
            let a = _mm512_shuffle_i32x4::<0x88>(u[j], u[4 + j]);
            let b = _mm512_shuffle_i32x4::<0x88>(u[8 + j], u[12 + j]);
            let c = _mm512_shuffle_i32x4::<0xdd>(u[j], u[4 + j]);
            let d = _mm512_shuffle_i32x4::<0xdd>(u[8 + j], u[12 + j]);
            w[j] = _mm512_shuffle_i32x4::<0x88>(a, b);
            w[8 + j] = _mm512_shuffle_i32x4::<0xdd>(a, b);
            w[4 + j] = _mm512_shuffle_i32x4::<0x88>(c, d);
            w[12 + j] = _mm512_shuffle_i32x4::<0xdd>(c, d);
        }
        w
    }
}

/// Eight lanes of 64 bits.
pub(crate) mod w64 {
    use super::super::Pair;
    use core::arch::x86_64::*;

    pub(crate) type Word = u64;
    pub(crate) const LANES: usize = 8;
    pub(crate) const BLOCK: usize = 128;

    #[target_feature(enable = "avx512f,avx512bw")]
    #[inline]
    pub(crate) fn splat(word: Word) -> __m512i {
        _mm512_set1_epi64(word.cast_signed())
    }

    #[target_feature(enable = "avx512f,avx512bw")]
    #[inline]
    pub(crate) fn add(a: __m512i, b: __m512i) -> __m512i {
        _mm512_add_epi64(a, b)
    }

    /// Adds in the lanes whose bit is set; the others stay `a`.
    #[target_feature(enable = "avx512f,avx512bw")]
    #[inline]
    pub(crate) fn add_active(a: __m512i, b: __m512i, active: u16) -> __m512i {
        _mm512_mask_add_epi64(a, active as u8, a, b)
    }

    #[target_feature(enable = "avx512f,avx512bw")]
    #[inline]
    pub(crate) fn right<const BITS: u32>(a: __m512i) -> __m512i {
        _mm512_srli_epi64::<BITS>(a)
    }

    /// Rotates to the right.
    #[target_feature(enable = "avx512f,avx512bw")]
    #[inline]
    pub(crate) fn rotate<const BITS: i32>(a: __m512i) -> __m512i {
        _mm512_ror_epi64::<BITS>(a)
    }

    #[target_feature(enable = "avx512f,avx512bw")]
    #[inline]
    fn swap(a: __m512i) -> __m512i {
        let order = _mm512_set4_epi32(0x0809_0a0b, 0x0c0d_0e0f, 0x0001_0203, 0x0405_0607);
        _mm512_shuffle_epi8(a, order)
    }

    /// The words of each lane's block.
    #[target_feature(enable = "avx512f,avx512bw")]
    #[inline]
    pub(crate) fn load_blocks(blocks: &[&[u8; BLOCK]; LANES]) -> [__m512i; 16] {
        let half = |at: usize| {
            transpose(core::array::from_fn(|lane| {
                let half = &blocks[lane].as_chunks::<64>().0[at];
                // SAFETY: 64 octets are readable behind the reference; the load needs no alignment.
                swap(unsafe { _mm512_loadu_si512(half.as_ptr().cast()) })
            }))
        };
        joined(half(0), half(1))
    }

    /// The words of each lane's inner state, then those of its outer one.
    #[target_feature(enable = "avx512f,avx512bw")]
    #[inline]
    pub(crate) fn load_keys(keys: &[&Pair<Word>; LANES]) -> [__m512i; 16] {
        let half = |at: usize| {
            transpose(core::array::from_fn(|lane| {
                // SAFETY: eight words are readable behind the reference; the load needs no alignment.
                unsafe { _mm512_loadu_si512(keys[lane][at].as_ptr().cast()) }
            }))
        };
        joined(half(0), half(1))
    }

    fn joined(a: [__m512i; 8], b: [__m512i; 8]) -> [__m512i; 16] {
        core::array::from_fn(|i| if i < 8 { a[i] } else { b[i - 8] })
    }

    /// Each lane's eight words as octets.
    #[target_feature(enable = "avx512f,avx512bw")]
    #[inline]
    pub(crate) fn store(words: [__m512i; 8], to: &mut [[u8; 64]; LANES]) {
        for (to, row) in to.iter_mut().zip(transpose(words)) {
            // SAFETY: 64 octets are writable behind the reference; the store needs no alignment.
            unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), swap(row)) };
        }
    }

    /// From one register a message to one register a word, and back.
    #[target_feature(enable = "avx512f")]
    #[inline]
    fn transpose(w: [__m512i; 8]) -> [__m512i; 8] {
        let mut t = [_mm512_setzero_si512(); 8];
        for i in 0..4 {
            t[2 * i] = _mm512_unpacklo_epi64(w[2 * i], w[2 * i + 1]);
            t[2 * i + 1] = _mm512_unpackhi_epi64(w[2 * i], w[2 * i + 1]);
        }
        // Quarter q of t[2 i + j] holds word 2 q + j of the messages 2 i and 2 i + 1.
        let mut w = [_mm512_setzero_si512(); 8];
        for j in 0..2 {
            let a = _mm512_shuffle_i64x2::<0x88>(t[j], t[2 + j]);
            let b = _mm512_shuffle_i64x2::<0x88>(t[4 + j], t[6 + j]);
            let c = _mm512_shuffle_i64x2::<0xdd>(t[j], t[2 + j]);
            let d = _mm512_shuffle_i64x2::<0xdd>(t[4 + j], t[6 + j]);
            w[j] = _mm512_shuffle_i64x2::<0x88>(a, b);
            w[4 + j] = _mm512_shuffle_i64x2::<0xdd>(a, b);
            w[2 + j] = _mm512_shuffle_i64x2::<0x88>(c, d);
            w[6 + j] = _mm512_shuffle_i64x2::<0xdd>(c, d);
        }
        w
    }
}
