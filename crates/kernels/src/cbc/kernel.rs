//! CBC by AES-NI and VAES.

use super::{Block, DecryptKey, EncryptKey, Lane};
use crate::aes::RoundKeys;
use crate::cpu::CipherPath;

/// Which registers are used. It exists only where the processor has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Width {
    Xmm,
    Ymm,
    Zmm,
}

impl Width {
    /// For a path, whose owner has asked the processor.
    pub(crate) fn of(path: CipherPath) -> Option<Self> {
        match path {
            CipherPath::Portable => None,
            CipherPath::AesNi => Some(Self::Xmm),
            CipherPath::Vaes256 => Some(Self::Ymm),
            CipherPath::Vaes512 => Some(Self::Zmm),
        }
    }

    pub(super) fn number(self) -> usize {
        match self {
            Self::Xmm => 16,
            Self::Ymm => 32,
            Self::Zmm => 48,
        }
    }
}

/// More lanes than any kernel takes at once.
const MOST: usize = 32;

/// Lanes in lock-step, all with the same number of blocks to do.
struct Lockstep {
    chain: [Block; MOST],
    at: [*mut u8; MOST],
}

/// Round by round the keys of sixteen lanes.
#[repr(C, align(64))]
struct LaneKeys([[Block; 16]; 15]);

/// Encrypts lanes that all have keys of this width and of as many rounds.
pub(super) fn encrypt(width: Width, lanes: &mut [Lane<'_, EncryptKey>]) {
    if !lanes.is_sorted_by(|a, b| a.blocks.len() >= b.blocks.len()) {
        lanes.sort_unstable_by_key(|lane| std::cmp::Reverse(lane.blocks.len()));
    }
    let mut rest = lanes;
    while let Some(first) = rest.first().map(|lane| lane.key) {
        let one_key = rest.iter().all(|lane| std::ptr::eq(lane.key, first));
        let most = match width {
            Width::Xmm => 8,
            Width::Ymm => 16,
            Width::Zmm if one_key && rest.len() > 16 => 32,
            Width::Zmm => 16,
        };
        let (some, others) = rest.split_at_mut(rest.len().min(most));
        lockstep(width, one_key, most, some);
        rest = others;
    }
}

/// Encrypts at most `most` lanes, the longest first, in runs that end where a lane ends.
fn lockstep(width: Width, one_key: bool, most: usize, lanes: &mut [Lane<'_, EncryptKey>]) {
    let Some(EncryptKey::Kernel(_, first)) = lanes.first().map(|lane| lane.key) else {
        return;
    };
    let mut lane_keys = None;
    let mut run = Lockstep {
        chain: [[0; 16]; MOST],
        at: [std::ptr::null_mut(); MOST],
    };
    let mut active = 0;
    for (lane, packet) in lanes.iter_mut().enumerate() {
        run.chain[lane] = packet.iv;
        run.at[lane] = packet.blocks.as_mut_ptr().cast();
        active += usize::from(!packet.blocks.is_empty());
    }
    if !one_key {
        let keys = lane_keys.insert(LaneKeys([[[0; 16]; 16]; 15]));
        for lane in 0..16 {
            let key = match lanes.get(lane).map(|lane| lane.key) {
                Some(EncryptKey::Kernel(_, key)) => key,
                _ => first,
            };
            for (all, round) in keys.0.iter_mut().zip(key.keys()) {
                all[lane] = *round;
            }
        }
    }
    let mut done = 0;
    while active > 0 {
        // Lanes without work do the first lane's once more: they write the same octets.
        for lane in active..most {
            run.chain[lane] = run.chain[0];
            run.at[lane] = run.at[0];
            if let Some(keys) = lane_keys.as_mut().filter(|_| lane < 16) {
                for (all, round) in keys.0.iter_mut().zip(first.keys()) {
                    all[lane] = *round;
                }
            }
        }
        let until = lanes[active - 1].blocks.len();
        // SAFETY: the width exists only where the processor has it. Each lane points to at least
        // `until - done` blocks that nothing else uses, but for those that do the first's work.
        unsafe {
            run_blocks(
                width,
                most,
                first,
                lane_keys.as_ref(),
                &mut run,
                until - done,
            )
        };
        done = until;
        active = lanes
            .iter()
            .take_while(|lane| lane.blocks.len() > done)
            .count();
    }
    // Round keys of all lanes stood on the stack.
    if let Some(keys) = &mut lane_keys {
        zeroize::Zeroize::zeroize(keys.0.as_flattened_mut().as_flattened_mut());
    }
}

/// # Safety
/// The processor has the width. Each lane points to so many blocks, which nothing else uses but
/// lanes that have the same key and chain and so write the same.
unsafe fn run_blocks(
    width: Width,
    most: usize,
    key: &RoundKeys,
    keys: Option<&LaneKeys>,
    run: &mut Lockstep,
    blocks: usize,
) {
    let rounds = key.rounds();
    macro_rules! with_rounds {
        ($module:ident, $groups:literal, $same:literal, $keys:expr) => {
            match rounds {
                10 => $module::encrypt::<10, $groups, $same>($keys, run, blocks),
                12 => $module::encrypt::<12, $groups, $same>($keys, run, blocks),
                _ => $module::encrypt::<14, $groups, $same>($keys, run, blocks),
            }
        };
    }
    let one = key.keys().as_flattened().as_ptr();
    // SAFETY: what the kernels ask for is what this function asks for; 240 octets of one key, or
    // 15 times those of sixteen lanes, are readable at the pointer.
    unsafe {
        match (width, keys) {
            (Width::Xmm, None) => with_rounds!(xmm, 8, true, one),
            (Width::Xmm, Some(keys)) => with_rounds!(xmm, 8, false, keys.0.as_ptr().cast()),
            (Width::Ymm, None) => with_rounds!(ymm, 8, true, one),
            (Width::Ymm, Some(keys)) => with_rounds!(ymm, 8, false, keys.0.as_ptr().cast()),
            (Width::Zmm, None) if most > 16 => with_rounds!(zmm, 8, true, one),
            (Width::Zmm, None) => with_rounds!(zmm, 4, true, one),
            (Width::Zmm, Some(keys)) => with_rounds!(zmm, 4, false, keys.0.as_ptr().cast()),
        }
    }
}

/// Encrypts one packet: a register of several blocks would help nothing, as each waits for the one
/// before.
pub(super) fn encrypt_one(keys: &RoundKeys, iv: &Block, blocks: &mut [Block]) {
    // SAFETY: whoever has round keys has AES-NI, whatever the width.
    unsafe {
        match keys.rounds() {
            10 => one::encrypt::<10>(keys.keys(), iv, blocks),
            12 => one::encrypt::<12>(keys.keys(), iv, blocks),
            _ => one::encrypt::<14>(keys.keys(), iv, blocks),
        }
    }
}

/// Decrypts lanes that all have keys of this width and of as many rounds as the first one's.
pub(super) fn decrypt<'k>(width: Width, first: &'k RoundKeys, lanes: &mut [Lane<'k, DecryptKey>]) {
    macro_rules! with_rounds {
        ($module:ident) => {
            match first.rounds() {
                10 => $module::decrypt::<10>(first, lanes),
                12 => $module::decrypt::<12>(first, lanes),
                _ => $module::decrypt::<14>(first, lanes),
            }
        };
    }
    // SAFETY: the width exists only where the processor has it.
    unsafe {
        match width {
            Width::Xmm => with_rounds!(xmm),
            Width::Ymm => with_rounds!(ymm),
            Width::Zmm => with_rounds!(zmm),
        }
    }
}

mod one {
    use super::Block;
    use crate::vector::v128::*;

    #[target_feature(enable = "aes,pclmulqdq,ssse3,sse4.1")]
    pub(super) fn encrypt<const ROUNDS: usize>(
        keys: &[Block; 15],
        iv: &Block,
        blocks: &mut [Block],
    ) {
        let keys: [Register; 15] = core::array::from_fn(|round| repeat(&keys[round]));
        let mut state = repeat(iv);
        for block in blocks {
            state = xor(xor(repeat(block), keys[0]), state);
            for key in &keys[1..ROUNDS] {
                state = enc(state, *key);
            }
            state = enc_last(state, keys[ROUNDS]);
            store(core::array::from_mut(block), state);
        }
    }
}

/// Does the same for each of four packets. A loop would keep their registers in memory.
macro_rules! each {
    ($p:ident, $body:block) => {
        each!($p, $body, 0 1 2 3)
    };
    ($p:ident, $body:block, $($number:literal)*) => { $({
        let $p = $number;
        $body
    })* };
}

/// The lane's own round keys; those of the first, which it never needs, if it had none.
fn round_keys<'k>(lane: &Lane<'k, DecryptKey>, first: &'k RoundKeys) -> &'k [Block; 15] {
    match lane.key {
        DecryptKey::Kernel(_, keys) => keys.keys(),
        DecryptKey::Portable(_) => first.keys(),
    }
}

/// The kernels for one width of register.
macro_rules! kernels {
    ($name:ident, $vector:ident, $features:literal) => {
        mod $name {
            use super::{Block, DecryptKey, Lane, Lockstep, RoundKeys, round_keys};
            use crate::vector::$vector::*;

            /// One block after the other in `GROUPS` registers of lanes. With `SAME`, all lanes
            /// have the key at `keys`; else those of sixteen lanes stand there round by round.
            ///
            /// # Safety
            /// As many blocks as asked for are readable and writable at each lane's place. At
            /// `keys` stand 15 blocks, or 15 times 16.
            #[target_feature(enable = $features)]
            pub(super) unsafe fn encrypt<
                const ROUNDS: usize,
                const GROUPS: usize,
                const SAME: bool,
            >(
                keys: *const u8,
                run: &mut Lockstep,
                blocks: usize,
            ) {
                // SAFETY: `Block`s are octets, and so many of them are there.
                let key = |round: usize, group: usize| unsafe {
                    let blocks = keys.cast::<Block>();
                    if SAME {
                        repeat(&*blocks.add(round))
                    } else {
                        load(&*blocks.add(16 * round + group * BLOCKS).cast())
                    }
                };
                let mut same = [repeat(&[0; 16]); 15];
                if SAME {
                    for (round, to) in same.iter_mut().enumerate().take(ROUNDS + 1) {
                        *to = key(round, 0);
                    }
                }
                let key = |round: usize, group: usize| {
                    if SAME { same[round] } else { key(round, group) }
                };
                let (chains, _) = run.chain.as_chunks_mut::<BLOCKS>();
                let (places, _) = run.at.as_chunks_mut::<BLOCKS>();
                let mut state: [Register; GROUPS] = core::array::from_fn(|g| load(&chains[g]));
                for block in 0..blocks {
                    for g in 0..GROUPS {
                        let from = places[g].map(|at| at.wrapping_add(16 * block).cast_const());
                        // SAFETY: this block is one of those that each lane has.
                        let plain = unsafe { gather(from) };
                        state[g] = xor(state[g], xor(plain, key(0, g)));
                    }
                    for round in 1..ROUNDS {
                        for g in 0..GROUPS {
                            state[g] = enc(state[g], key(round, g));
                        }
                    }
                    for g in 0..GROUPS {
                        state[g] = enc_last(state[g], key(ROUNDS, g));
                        // SAFETY: as for reading. All lanes have been read by now.
                        unsafe { scatter(places[g].map(|at| at.add(16 * block)), state[g]) };
                    }
                }
                for g in 0..GROUPS {
                    store(&mut chains[g], state[g]);
                    // SAFETY: the place one behind the last block is in bounds of the packet.
                    places[g] = places[g].map(|at| unsafe { at.add(16 * blocks) });
                }
            }

            /// Registers at once: enough to hide the latency of each round.
            const AT_ONCE: usize = if BLOCKS == 1 { 8 } else { 4 };

            #[target_feature(enable = $features)]
            pub(super) fn decrypt<'k, const ROUNDS: usize>(
                first: &'k RoundKeys,
                lanes: &mut [Lane<'k, DecryptKey>],
            ) {
                let short = |lane: &Lane<'_, DecryptKey>| lane.blocks.len() <= 2 * BLOCKS;
                for lanes in lanes.chunks_mut(TOGETHER) {
                    match <&mut [_; TOGETHER]>::try_from(&mut *lanes) {
                        Ok(lanes) if lanes.iter().all(short) => {
                            let keys = core::array::from_fn(|p| round_keys(&lanes[p], first));
                            decrypt_short::<ROUNDS>(keys, lanes);
                        }
                        _ => {
                            for lane in lanes {
                                let keys = round_keys(lane, first);
                                decrypt_one::<ROUNDS>(keys, &lane.iv, lane.blocks);
                            }
                        }
                    }
                }
            }

            /// So many short packets go in lock-step.
            const TOGETHER: usize = 4;

            /// Packets that need two registers at most.
            #[target_feature(enable = $features)]
            #[inline]
            fn decrypt_short<const ROUNDS: usize>(
                keys: [&[Block; 15]; TOGETHER],
                lanes: &mut [Lane<'_, DecryptKey>; TOGETHER],
            ) {
                let mut cipher = [[repeat(&[0; 16]); 2]; TOGETHER];
                each!(p, {
                    let octets = lanes[p].blocks.as_flattened();
                    let (one, two) = octets.split_at(octets.len().min(16 * BLOCKS));
                    cipher[p] = [load_part(one), load_part(two)];
                });
                let mut state = cipher;
                each!(p, {
                    let key = repeat(&keys[p][0]);
                    state[p] = cipher[p].map(|cipher| xor(cipher, key));
                });
                for round in 1..ROUNDS {
                    each!(p, {
                        let key = repeat(&keys[p][round]);
                        state[p] = state[p].map(|state| in_order(dec(state, key)));
                    });
                }
                each!(p, {
                    let octets = lanes[p].blocks.as_flattened_mut();
                    let (one, two) = octets.split_at_mut(octets.len().min(16 * BLOCKS));
                    let key = repeat(&keys[p][ROUNDS]);
                    let plain = state[p].map(|state| dec_last(state, key));
                    let chain = shifted(repeat(&lanes[p].iv), cipher[p][0]);
                    store_part(one, xor(plain[0], chain));
                    let chain = shifted(cipher[p][0], cipher[p][1]);
                    store_part(two, xor(plain[1], chain));
                });
            }

            #[target_feature(enable = $features)]
            #[inline]
            fn decrypt_one<const ROUNDS: usize>(
                keys: &[Block; 15],
                iv: &Block,
                blocks: &mut [Block],
            ) {
                let keys: [Register; 15] = core::array::from_fn(|round| repeat(&keys[round]));
                let mut before = repeat(iv);
                let (chunks, rest) = blocks.as_chunks_mut::<{ BLOCKS * AT_ONCE }>();
                for chunk in chunks {
                    let (parts, _) = chunk.as_chunks_mut::<BLOCKS>();
                    let cipher: [Register; AT_ONCE] = core::array::from_fn(|i| load(&parts[i]));
                    let plain = plain::<ROUNDS, AT_ONCE>(&keys, &mut before, cipher);
                    for i in 0..AT_ONCE {
                        store(&mut parts[i], plain[i]);
                    }
                }
                for rest in rest.chunks_mut(BLOCKS * 4) {
                    let octets = rest.as_flattened_mut();
                    match octets.len().div_ceil(16 * BLOCKS) {
                        1 => decrypt_part::<ROUNDS, 1>(&keys, &mut before, octets),
                        2 => decrypt_part::<ROUNDS, 2>(&keys, &mut before, octets),
                        3 => decrypt_part::<ROUNDS, 3>(&keys, &mut before, octets),
                        _ => decrypt_part::<ROUNDS, 4>(&keys, &mut before, octets),
                    }
                }
            }

            /// What needs `N` registers, the last of which may have fewer blocks than it holds.
            #[target_feature(enable = $features)]
            #[inline]
            fn decrypt_part<const ROUNDS: usize, const N: usize>(
                keys: &[Register; 15],
                before: &mut Register,
                octets: &mut [u8],
            ) {
                let mut cipher = [*before; N];
                let mut rest = &*octets;
                for cipher in &mut cipher {
                    let (part, others) = rest.split_at(rest.len().min(16 * BLOCKS));
                    *cipher = load_part(part);
                    rest = others;
                }
                let plain = plain::<ROUNDS, N>(keys, before, cipher);
                let mut rest = octets;
                for plain in plain {
                    let (part, others) = rest.split_at_mut(rest.len().min(16 * BLOCKS));
                    store_part(part, plain);
                    rest = others;
                }
            }

            /// Decrypts registers of which `before` is the one before; then it is the last.
            #[target_feature(enable = $features)]
            #[inline]
            fn plain<const ROUNDS: usize, const N: usize>(
                keys: &[Register; 15],
                before: &mut Register,
                cipher: [Register; N],
            ) -> [Register; N] {
                let mut state = cipher;
                for state in &mut state {
                    *state = xor(*state, keys[0]);
                }
                for key in &keys[1..ROUNDS] {
                    for state in &mut state {
                        *state = dec(*state, *key);
                    }
                }
                for i in 0..N {
                    let chain = shifted(*before, cipher[i]);
                    *before = cipher[i];
                    state[i] = xor(dec_last(state[i], keys[ROUNDS]), chain);
                }
                state
            }
        }
    };
}

kernels!(xmm, v128, "aes,pclmulqdq,ssse3,sse4.1");
kernels!(ymm, v256, "aes,avx2,vaes,vpclmulqdq");
kernels!(zmm, v512, "aes,avx512f,avx512bw,avx512vl,vaes,vpclmulqdq");
