//! SHA-256 over many messages at once.

#[cfg(target_arch = "x86_64")]
mod feed;
#[cfg(target_arch = "x86_64")]
mod narrow;
#[cfg(target_arch = "x86_64")]
mod sixteen;

use crate::cpu::HashPath;
use crate::message::Message;
#[cfg(target_arch = "x86_64")]
use feed::{Feed, LANES, Wide};

/// A SHA-256 state in the order in which the SHA instructions want it: F E B A, H G D C.
#[derive(Clone, Copy, Default)]
#[repr(C, align(32))]
pub(crate) struct State([u32; 8]);

impl State {
    pub(crate) fn from_words([a, b, c, d, e, f, g, h]: [u32; 8]) -> Self {
        Self([f, e, b, a, h, g, d, c])
    }

    pub(crate) fn words(&self) -> [u32; 8] {
        let [f, e, b, a, h, g, d, c] = self.0;
        [a, b, c, d, e, f, g, h]
    }

    #[cfg(target_arch = "x86_64")]
    fn halves(&self) -> (&[u32; 4], &[u32; 4]) {
        let (halves, _) = self.0.as_chunks::<4>();
        (&halves[0], &halves[1])
    }

    #[cfg(target_arch = "x86_64")]
    fn halves_mut(&mut self) -> (&mut [u32; 4], &mut [u32; 4]) {
        let (halves, _) = self.0.as_chunks_mut::<4>();
        let (ab, cd) = halves.split_at_mut(1);
        (&mut ab[0], &mut cd[0])
    }
}

#[cfg(target_arch = "x86_64")]
const fn quads() -> [[u8; 16]; 16] {
    let mut quads = [[0; 16]; 16];
    let mut i = 0;
    while i < 64 {
        let octets = K[i].to_le_bytes();
        let mut j = 0;
        while j < 4 {
            quads[i / 4][4 * (i % 4) + j] = octets[j];
            j += 1;
        }
        i += 1;
    }
    quads
}

/// The round constants, four at a time.
#[cfg(target_arch = "x86_64")]
#[repr(C, align(64))]
struct Constants([[u8; 16]; 16]);

#[cfg(target_arch = "x86_64")]
static K4: Constants = Constants(quads());

/// FIPS 180-4 §4.2.2.
#[cfg(target_arch = "x86_64")]
#[rustfmt::skip]
pub(crate) const K: [u32; 64] = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
    0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
    0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
    0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
    0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
    0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
    0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
];

/// FIPS 180-4 §5.3.3.
#[rustfmt::skip]
pub(crate) const START: [u32; 8] = [
    0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
];

/// Runs each message through the state that its index names; the last state is scratch. Messages
/// come with the longest first.
pub(crate) fn run(path: HashPath, messages: &[(Message<'_>, usize)], states: &mut [State]) {
    match path {
        #[cfg(target_arch = "x86_64")]
        HashPath::ShaNi => {
            // SAFETY: a path exists only where the processor has what it names.
            unsafe { run_narrow(messages, states) }
        }
        #[cfg(target_arch = "x86_64")]
        HashPath::ShaNiAvx512 => {
            // SAFETY: as above.
            unsafe { run_sixteen(messages, states) }
        }
        _ => run_portable(messages, states),
    }
}

/// One message's blocks, or a part of them.
pub(crate) fn run_one(state: &mut [u32; 8], blocks: &[[u8; 64]]) {
    ::sha2::block_api::compress256(state, blocks);
}

fn run_portable(messages: &[(Message<'_>, usize)], states: &mut [State]) {
    for (message, slot) in messages {
        let mut words = states[*slot].words();
        ::sha2::block_api::compress256(&mut words, message.body);
        ::sha2::block_api::compress256(&mut words, message.tail);
        states[*slot] = State::from_words(words);
    }
}

/// At most so many groups of sixteen go through at once.
#[cfg(target_arch = "x86_64")]
const GROUPS: usize = 4;

/// From so many steps on, the sixteen lanes make up for their first step's words and last step's
/// rounds, which overlap with nothing: measured on Zen 4 with 16 to 64 packets of 64 to 1408 octets.
#[cfg(target_arch = "x86_64")]
const WORTH_SIXTEEN: usize = 5;

#[cfg(target_arch = "x86_64")]
type Queue<'q, 'm> = &'q [(Message<'m>, usize)];

/// # Safety
/// The processor has SHA-NI and AVX-512.
#[cfg(target_arch = "x86_64")]
unsafe fn run_sixteen(messages: Queue<'_, '_>, states: &mut [State]) {
    let mut rest = messages;
    while !rest.is_empty() {
        let groups = || rest.chunks(LANES);
        let full = groups()
            .take(GROUPS)
            .take_while(|group| fills_lanes(group))
            .count();
        let wide = groups().take(full).map(steps).sum::<usize>() >= WORTH_SIXTEEN;
        let others = groups().skip(full).take_while(|group| !fills_lanes(group));
        let taken = if wide { full } else { full + others.count() };
        let (some, others) = rest.split_at(rest.len().min(LANES * taken));
        // SAFETY: the caller vouches for the processor.
        unsafe {
            if wide {
                run_wide(some, states);
            } else {
                run_narrow(some, states);
            }
        }
        rest = others;
    }
}

/// Blocks of the longest, which is the first.
#[cfg(target_arch = "x86_64")]
fn steps(group: Queue<'_, '_>) -> usize {
    group.first().map_or(0, |(message, _)| message.blocks())
}

/// Whether at least four of five blocks that the lanes have room for are there: with fewer, four
/// lanes of SHA-NI are faster.
#[cfg(target_arch = "x86_64")]
fn fills_lanes(group: Queue<'_, '_>) -> bool {
    let blocks: usize = group.iter().map(|(message, _)| message.blocks()).sum();
    5 * blocks >= 4 * LANES * steps(group)
}

/// At most `GROUPS` groups.
///
/// # Safety
/// The processor has SHA-NI and AVX-512.
#[cfg(target_arch = "x86_64")]
unsafe fn run_wide(messages: Queue<'_, '_>, states: &mut [State]) {
    let mut groups: [Wide<'_>; GROUPS] =
        core::array::from_fn(|i| Wide::new(messages.get(i * LANES..).unwrap_or_default(), states));
    // SAFETY: the caller vouches for the processor.
    unsafe { sixteen::sixteen(&mut groups[..messages.len().div_ceil(LANES)]) };
    for (group, messages) in groups.iter().zip(messages.chunks(LANES)) {
        group.finish(messages, states);
    }
}

/// # Safety
/// The processor has SHA-NI.
#[cfg(target_arch = "x86_64")]
unsafe fn run_narrow(messages: Queue<'_, '_>, states: &mut [State]) {
    if messages.is_empty() {
        return;
    }
    let idle = states.len() - 1;
    let mut feeds: [Feed<'_>; 4] = core::array::from_fn(|i| Feed::new(messages, i, 4, idle));
    // SAFETY: the caller vouches for the processor.
    unsafe { narrow::narrow::<4>(&mut feeds, states) };
}
