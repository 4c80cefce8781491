//! SHA-256 over sixteen messages: the message schedule by AVX-512 in sixteen lanes, the rounds by
//! SHA-NI, both in one loop.
//!
//! Measured on Zen 4: of a block's 64 cycles by SHA-NI alone, the rounds take 32 and the schedule's
//! own instructions the rest, all in one of four vector units. Sixteen lanes of AVX-512 make the
//! schedule in the units that are idle meanwhile: while one set of sixteen blocks goes through its
//! rounds, the next set's words are made.
//!
//! SHA's instructions exist in the legacy encoding only, and they become two and a half times as
//! slow as soon as any of zmm0 to zmm15 has an upper half in use (zmm16 to zmm31 don't count). A
//! compiler can't be told so; hence assembly.

use core::arch::asm;
use core::arch::x86_64::*;

use super::feed::{LANES, Wide};
use super::{K4, State};
use crate::wide::words::w32 as wide;

/// Two rounds of the four lanes whose words stand at `$at`: the states' halves take turns.
macro_rules! two_rounds {
    (even $at:literal) => {
        concat!(
            "vmovq xmm0, [{from} + ",
            $at,
            "]\nsha256rnds2 xmm2, xmm1\n",
            "vmovq xmm0, [{from} + ",
            $at,
            " + 8]\nsha256rnds2 xmm4, xmm3\n",
            "vmovq xmm0, [{from} + ",
            $at,
            " + 64]\nsha256rnds2 xmm6, xmm5\n",
            "vmovq xmm0, [{from} + ",
            $at,
            " + 72]\nsha256rnds2 xmm8, xmm7\n",
        )
    };
    (odd $at:literal) => {
        concat!(
            "vmovq xmm0, [{from} + ",
            $at,
            "]\nsha256rnds2 xmm1, xmm2\n",
            "vmovq xmm0, [{from} + ",
            $at,
            " + 8]\nsha256rnds2 xmm3, xmm4\n",
            "vmovq xmm0, [{from} + ",
            $at,
            " + 64]\nsha256rnds2 xmm5, xmm6\n",
            "vmovq xmm0, [{from} + ",
            $at,
            " + 72]\nsha256rnds2 xmm7, xmm8\n",
        )
    };
}

/// Loads the states of four lanes: A B E F to the odd registers, C D G H to the even ones.
macro_rules! load_states {
    () => {
        concat!(
            "vmovdqu xmm1, [{states}]\nvmovdqu xmm2, [{states} + 16]\n",
            "vmovdqu xmm3, [{states} + 32]\nvmovdqu xmm4, [{states} + 48]\n",
            "vmovdqu xmm5, [{states} + 64]\nvmovdqu xmm6, [{states} + 80]\n",
            "vmovdqu xmm7, [{states} + 96]\nvmovdqu xmm8, [{states} + 112]\n",
        )
    };
}

/// Adds what came out to one lane's state, if the lane is active.
macro_rules! add_state {
    ($ab:literal $cd:literal $mask:literal $at:literal) => {
        concat!(
            "vpand xmm",
            $ab,
            ", xmm",
            $ab,
            ", [{masks} + ",
            $mask,
            "]\n",
            "vpand xmm",
            $cd,
            ", xmm",
            $cd,
            ", [{masks} + ",
            $mask,
            "]\n",
            "vpaddd xmm",
            $ab,
            ", xmm",
            $ab,
            ", [{states} + ",
            $at,
            "]\n",
            "vpaddd xmm",
            $cd,
            ", xmm",
            $cd,
            ", [{states} + ",
            $at,
            " + 16]\n",
            "vmovdqu [{states} + ",
            $at,
            "], xmm",
            $ab,
            "\n",
            "vmovdqu [{states} + ",
            $at,
            " + 16], xmm",
            $cd,
            "\n",
        )
    };
}

/// Adds four lanes and goes on to the next four.
macro_rules! add_states {
    () => {
        concat!(
            add_state!(1 2 0 0),
            add_state!(3 4 16 32),
            add_state!(5 6 32 64),
            add_state!(7 8 48 96),
            "add {states}, 128\nadd {masks}, 64\nadd {from}, 16\n",
        )
    };
}

/// Word `$i` of the next sixteen from those 1, 9 and 14 behind it in the ring: an even one to
/// zmm20, an odd one to zmm21, where the words 14 behind stand; zmm16 and zmm17 have word `$i` or
/// the one behind it, and the other way round.
macro_rules! word {
    (given $to:literal $this:literal $next:literal ($i:literal $i1:literal $i9:literal)) => {
        concat!("vmovdqa64 zmm", $to, ", [{w} + 64 * ", $i, "]\n")
    };
    (made $to:literal $this:literal $next:literal ($i:literal $i1:literal $i9:literal)) => {
        concat!(
            "vmovdqa64 zmm",
            $next,
            ", [{w} + 64 * ",
            $i1,
            "]\n",
            "vpaddd zmm",
            $this,
            ", zmm",
            $this,
            ", [{w} + 64 * ",
            $i9,
            "]\n",
            "vprord zmm28, zmm",
            $to,
            ", 17\n",
            "vprord zmm30, zmm",
            $to,
            ", 19\n",
            "vpsrld zmm31, zmm",
            $to,
            ", 10\n",
            "vprord zmm25, zmm",
            $next,
            ", 7\n",
            "vpternlogd zmm28, zmm30, zmm31, 0x96\n",
            "vprord zmm26, zmm",
            $next,
            ", 18\n",
            "vpsrld zmm27, zmm",
            $next,
            ", 3\n",
            "vpaddd zmm",
            $this,
            ", zmm",
            $this,
            ", zmm28\n",
            "vpternlogd zmm25, zmm26, zmm27, 0x96\n",
            "vpaddd zmm",
            $to,
            ", zmm",
            $this,
            ", zmm25\n",
            "vmovdqa64 [{w} + 64 * ",
            $i,
            "], zmm",
            $to,
            "\n",
        )
    };
}

/// Two words with their constants as pairs, as the rounds take them.
macro_rules! pair {
    ($k:literal $at:literal) => {
        concat!(
            "vpaddd zmm22, zmm20, [{k} + ",
            $k,
            "]{{1to16}}\n",
            "vpaddd zmm23, zmm21, [{k} + ",
            $k,
            " + 4]{{1to16}}\n",
            "vpunpckldq zmm24, zmm22, zmm23\n",
            "vpunpckhdq zmm25, zmm22, zmm23\n",
            "vmovdqa64 [{to} + ",
            $at,
            "], zmm24\n",
            "vmovdqa64 [{to} + ",
            $at,
            " + 64], zmm25\n",
        )
    };
}

/// A part of the work: the words of two rounds for the next set, and eight rounds of this one.
macro_rules! part {
    (both $how:tt $i:tt $j:tt $k:literal $at:literal $a:literal $b:literal $c:literal $d:literal) => {
        concat!(
            two_rounds!(even $a), word!($how 20 16 17 $i),
            two_rounds!(odd $b), two_rounds!(even $c), word!($how 21 17 16 $j),
            two_rounds!(odd $d), pair!($k $at),
        )
    };
    (words $how:tt $i:tt $j:tt $k:literal $at:literal $a:literal $b:literal $c:literal $d:literal) => {
        concat!(word!($how 20 16 17 $i), word!($how 21 17 16 $j), pair!($k $at))
    };
    (rounds $how:tt $i:tt $j:tt $k:literal $at:literal $a:literal $b:literal $c:literal $d:literal) => {
        concat!(two_rounds!(even $a), two_rounds!(odd $b), two_rounds!(even $c), two_rounds!(odd $d))
    };
}

macro_rules! before {
    (words) => {
        ""
    };
    ($what:tt) => {
        load_states!()
    };
}

macro_rules! after {
    (words) => {
        "add {k}, 64\nadd {to}, 1024\n"
    };
    ($what:tt) => {
        concat!(add_states!(), "add {k}, 64\nadd {to}, 1024\n")
    };
}

/// Sixteen words of the next set; all rounds of four lanes of this one.
macro_rules! quarter {
    ($what:tt $how:tt) => {
        concat!(
            before!($what),
            part!($what $how (0 1 9) (1 2 10) 0 0 0 128 256 384),
            part!($what $how (2 3 11) (3 4 12) 8 128 512 640 768 896),
            part!($what $how (4 5 13) (5 6 14) 16 256 1024 1152 1280 1408),
            part!($what $how (6 7 15) (7 8 0) 24 384 1536 1664 1792 1920),
            part!($what $how (8 9 1) (9 10 2) 32 512 2048 2176 2304 2432),
            part!($what $how (10 11 3) (11 12 4) 40 640 2560 2688 2816 2944),
            part!($what $how (12 13 5) (13 14 6) 48 768 3072 3200 3328 3456),
            part!($what $how (14 15 7) (15 0 8) 56 896 3584 3712 3840 3968),
            after!($what),
        )
    };
}

macro_rules! set {
    ($what:tt, $w:expr, $from:expr, $to:expr, $states:expr, $masks:expr) => {
        asm!(
            // Not every kind of set uses all of {w} {from} {to} {states} {masks}.
            "# {w} {from} {to} {states} {masks}",
            "vzeroupper",
            quarter!($what given),
            "vmovdqa64 zmm16, [{w}]",
            "mov {left:e}, 3",
            "2:",
            quarter!($what made),
            "dec {left:e}",
            "jnz 2b",
            k = inout(reg) K4.0.as_ptr() => _,
            w = in(reg) $w,
            from = inout(reg) $from => _,
            to = inout(reg) $to => _,
            states = inout(reg) $states => _,
            masks = inout(reg) $masks => _,
            left = out(reg) _,
            out("zmm0") _, out("zmm1") _, out("zmm2") _, out("zmm3") _,
            out("zmm4") _, out("zmm5") _, out("zmm6") _, out("zmm7") _,
            out("zmm8") _, out("zmm9") _, out("zmm10") _, out("zmm11") _,
            out("zmm12") _, out("zmm13") _, out("zmm14") _, out("zmm15") _,
            out("zmm16") _, out("zmm17") _, out("zmm18") _, out("zmm19") _,
            out("zmm20") _, out("zmm21") _, out("zmm22") _, out("zmm23") _,
            out("zmm24") _, out("zmm25") _, out("zmm26") _, out("zmm27") _,
            out("zmm28") _, out("zmm29") _, out("zmm30") _, out("zmm31") _,
            options(nostack),
        )
    };
}

/// Words side by side: row by row, in each the lanes; aligned as the code wants them.
#[repr(C, align(64))]
struct Words<const N: usize>([[u32; LANES]; N]);

/// All ones for an active lane, else zeros.
#[repr(C, align(64))]
struct Masks([[u32; 4]; LANES]);

/// Runs groups of sixteen messages to their ends.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx2,sha,sse4.1,ssse3")]
#[inline(never)]
pub(super) fn sixteen(groups: &mut [Wide<'_>]) {
    let mut w = Words([[0; LANES]; 16]);
    // One row more than used, or loads from one would look like the stores to the other.
    let mut made = [Words([[0; LANES]; 68]), Words([[0; LANES]; 68])];
    let mut turn = 0;
    let mut unused = State::default();
    // The set whose rounds are due: its states, and which lanes are active.
    let mut states: *mut State = &raw mut unused;
    let mut masks = Masks([[0; 4]; LANES]);
    let mut due = false;
    for group in groups.iter_mut() {
        for step in 0..group.steps {
            load_blocks(&group.blocks(step), &mut w);
            let from = made[turn].0.as_ptr();
            turn ^= 1;
            let to = made[turn].0.as_mut_ptr();
            let (w, masks_at) = (w.0.as_mut_ptr(), masks.0.as_ptr());
            // SAFETY: the code reads and writes `w` (16 rows) and writes `to` (64 rows), all
            // aligned to 64, and reads 256 octets of `K4`. Where rounds are due, it reads `from`
            // (64 rows), and changes the 16 states and reads the 16 masks, which are those of a
            // group in `groups`, set below. None of these overlap. The features that it needs are
            // this function's; no stack is used.
            unsafe {
                if due {
                    set!(both, w, from, to, states, masks_at);
                } else {
                    set!(words, w, from, to, states, masks_at);
                }
            }
            states = group.state.as_mut_ptr();
            if step == 0 || step >= group.common {
                masks = Masks(group.masks(step));
            }
            due = true;
        }
    }
    if due {
        let (from, w, masks) = (made[turn].0.as_ptr(), w.0.as_mut_ptr(), masks.0.as_ptr());
        let to = made[turn ^ 1].0.as_mut_ptr();
        // SAFETY: as above; nothing is written but the states.
        unsafe { set!(rounds, w, from, to, states, masks) };
    }
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn load_blocks(blocks: &[&[u8; 64]; LANES], words: &mut Words<16>) {
    for (to, from) in words.0.iter_mut().zip(wide::load_blocks(blocks)) {
        // SAFETY: sixteen words are writable behind the reference; the store needs no alignment.
        unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), from) }
    }
}
