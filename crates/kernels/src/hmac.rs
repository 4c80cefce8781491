//! HMAC over many packets (RFC 2104), with the key's blocks already absorbed.

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::batch::Outcome;
use crate::cpu::{HashPath, Path};
use crate::error::KeyError;
use crate::message::Message;
use crate::sha256::{self, State};
use crate::{sha1, sha512};

/// The hash beneath HMAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hash {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    /// Octets of its output.
    pub const fn output_len(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    const fn block_len(self) -> usize {
        match self {
            Self::Sha1 | Self::Sha256 => 64,
            Self::Sha384 | Self::Sha512 => 128,
        }
    }
}

/// A key whose two blocks have gone through the hash; wiped on drop.
pub(crate) struct MacKey {
    path: HashPath,
    hash: Hash,
    icv_len: usize,
    states: States,
}

/// The hash's state after the inner and after the outer key block.
#[derive(Zeroize, ZeroizeOnDrop)]
enum States {
    Sha1([[u32; 5]; 2]),
    Sha256([State; 2]),
    Sha512([[u64; 8]; 2]),
}

/// At most so many packets go through together.
pub(crate) const MOST: usize = 64;

/// The longest ICV.
pub(crate) const LONGEST: usize = 64;

/// A packet to be covered, and what comes out.
pub(crate) struct Cover<'p> {
    pub(crate) key: &'p MacKey,
    pub(crate) octets: &'p [u8],
    /// Octets behind them that don't travel: the sequence number's high half.
    pub(crate) high: Option<[u8; 4]>,
    /// Where its ICV stands.
    pub(crate) icv: &'p mut [u8],
    pub(crate) outcome: &'p mut Outcome,
    output: [u8; LONGEST],
}

impl MacKey {
    pub(crate) fn new(
        path: Path,
        hash: Hash,
        key: &[u8],
        icv_len: usize,
    ) -> Result<Self, KeyError> {
        let longest = hash.output_len();
        if icv_len == 0 || icv_len > longest {
            return Err(KeyError::Icv {
                longest,
                found: icv_len,
            });
        }
        let mut block = [0; 128];
        shorten(hash, key, &mut block);
        let mut pads = [[0x36; 128], [0x5c; 128]];
        for pad in &mut pads {
            pad.iter_mut()
                .zip(&block)
                .for_each(|(pad, key)| *pad ^= key);
        }
        block.zeroize();
        let states = match hash {
            Hash::Sha1 => States::Sha1(pads.map(|pad| {
                let mut state = sha1::START;
                sha1::run(&mut state, &pad.as_chunks().0[..1], &[]);
                state
            })),
            Hash::Sha256 => States::Sha256(pads.map(|pad| {
                let mut state = sha256::START;
                ::sha2::block_api::compress256(&mut state, &pad.as_chunks().0[..1]);
                State::from_words(state)
            })),
            Hash::Sha384 | Hash::Sha512 => States::Sha512(pads.map(|pad| {
                let mut state = if hash == Hash::Sha384 {
                    sha512::START_384
                } else {
                    sha512::START_512
                };
                sha512::run(&mut state, &[pad], &[]);
                state
            })),
        };
        pads.as_flattened_mut().zeroize();
        Ok(Self {
            path: path.hash(),
            hash,
            icv_len,
            states,
        })
    }

    /// What can go through a kernel together.
    fn kind(&self) -> (Hash, HashPath) {
        match self.hash {
            Hash::Sha384 => (Hash::Sha512, self.path),
            other => (other, self.path),
        }
    }

    pub(crate) fn icv_len(&self) -> usize {
        self.icv_len
    }
}

/// A key longer than the hash's block is hashed first (RFC 2104 §2).
fn shorten(hash: Hash, key: &[u8], block: &mut [u8; 128]) {
    use ::sha2::Digest;
    let mut put = |octets: &[u8]| {
        block
            .iter_mut()
            .zip(octets)
            .for_each(|(to, from)| *to = *from)
    };
    if key.len() <= hash.block_len() {
        return put(key);
    }
    match hash {
        Hash::Sha1 => put(&::sha1::Sha1::digest(key)),
        Hash::Sha256 => put(&::sha2::Sha256::digest(key)),
        Hash::Sha384 => put(&::sha2::Sha384::digest(key)),
        Hash::Sha512 => put(&::sha2::Sha512::digest(key)),
    }
}

impl<'p> Cover<'p> {
    pub(crate) fn new(
        key: &'p MacKey,
        octets: &'p [u8],
        high: Option<[u8; 4]>,
        icv: &'p mut [u8],
        outcome: &'p mut Outcome,
    ) -> Self {
        Self {
            key,
            octets,
            high,
            icv,
            outcome,
            output: [0; LONGEST],
        }
    }

    pub(crate) fn write_icv(&mut self) {
        self.icv
            .iter_mut()
            .zip(&self.output)
            .for_each(|(to, from)| *to = *from);
    }

    /// In constant time.
    pub(crate) fn verifies(&self) -> bool {
        let expected = self.output.get(..self.key.icv_len).unwrap_or_default();
        expected.ct_eq(self.icv).into()
    }
}

/// Computes the output of all covers, which are at most [`MOST`].
pub(crate) fn compute(covers: &mut [Cover<'_>]) {
    if !covers.is_sorted_by_key(|cover| cover.key.kind()) {
        covers.sort_unstable_by_key(|cover| cover.key.kind());
    }
    for covers in covers.chunk_by_mut(|a, b| a.key.kind() == b.key.kind()) {
        match covers.first().map(|cover| cover.key.hash) {
            None => {}
            Some(Hash::Sha1) => sha1_all(covers),
            Some(Hash::Sha256) => covers.chunks_mut(MOST).for_each(sha256_all),
            Some(Hash::Sha384 | Hash::Sha512) => sha512_all(covers),
        }
    }
}

/// Computes the output of one cover alone.
pub(crate) fn compute_one(cover: &mut Cover<'_>) {
    match cover.key.hash {
        Hash::Sha1 => sha1_all(std::slice::from_mut(cover)),
        Hash::Sha256 => sha256_one(cover),
        Hash::Sha384 | Hash::Sha512 => sha512_all(std::slice::from_mut(cover)),
    }
}

/// The last octets of a message, with the padding of the SHA family: a one bit, zeros, and the
/// number of bits in the whole, `before` octets of key block included.
fn pad<'t, const BLOCK: usize>(
    rest: &[u8],
    high: Option<[u8; 4]>,
    before: usize,
    to: &'t mut [[u8; BLOCK]; 2],
) -> &'t [[u8; BLOCK]] {
    let length_len = BLOCK / 8;
    let octets = to.as_flattened_mut();
    octets.fill(0);
    let high = high.as_ref().map_or(&[][..], |high| high);
    let len = rest.len() + high.len();
    octets[..rest.len()].copy_from_slice(rest);
    octets[rest.len()..len].copy_from_slice(high);
    octets[len] = 0x80;
    let blocks = if len + 1 + length_len <= BLOCK { 1 } else { 2 };
    let bits = 8 * (before + len) as u64;
    octets[blocks * BLOCK - 8..blocks * BLOCK].copy_from_slice(&bits.to_be_bytes());
    &to[..blocks]
}

/// Where the octets of whole blocks end and the rest begins.
fn split<const BLOCK: usize>(octets: &[u8]) -> (&[[u8; BLOCK]], &[u8]) {
    octets.as_chunks()
}

fn sha1_all(covers: &mut [Cover<'_>]) {
    for cover in covers {
        let States::Sha1([inner, outer]) = &cover.key.states else {
            continue;
        };
        let (mut state, mut tail) = (*inner, [[0; 64]; 2]);
        let (body, rest) = split::<64>(cover.octets);
        let tail = pad(rest, cover.high, 64 + 64 * body.len(), &mut tail);
        sha1::run(&mut state, body, tail);
        let digest: [[u8; 4]; 5] = state.map(u32::to_be_bytes);
        let (mut state, mut tail) = (*outer, [[0; 64]; 2]);
        let tail = pad(digest.as_flattened(), None, 64, &mut tail);
        sha1::run(&mut state, &[], tail);
        put(
            &mut cover.output,
            state.map(u32::to_be_bytes).as_flattened(),
        );
    }
}

fn put(output: &mut [u8; LONGEST], digest: &[u8]) {
    output
        .iter_mut()
        .zip(digest)
        .for_each(|(to, from)| *to = *from);
}

/// At most `MOST`.
fn sha256_all(covers: &mut [Cover<'_>]) {
    let Some(path) = covers.first().map(|cover| cover.key.path) else {
        return;
    };
    let count = covers.len();
    let mut states = [State::default(); MOST + 1];
    let mut tails = [[[0; 64]; 2]; MOST];
    let none = Message {
        body: &[],
        tail: &[],
    };
    let mut messages = [(none, 0); MOST];
    let mut all = tails.iter_mut();
    for (i, cover) in covers.iter().enumerate() {
        let (States::Sha256([inner, _]), Some(tail)) = (&cover.key.states, all.next()) else {
            continue;
        };
        let (body, rest) = split::<64>(cover.octets);
        let tail = pad(rest, cover.high, 64 + 64 * body.len(), tail);
        states[i] = *inner;
        messages[i] = (Message { body, tail }, i);
    }
    sort(&mut messages[..count]);
    sha256::run(path, &messages[..count], &mut states);
    let mut messages = [(none, 0); MOST];
    let mut all = tails.iter_mut();
    for (i, cover) in covers.iter().enumerate() {
        let (States::Sha256([_, outer]), Some(tail)) = (&cover.key.states, all.next()) else {
            continue;
        };
        let digest = states[i].words().map(u32::to_be_bytes);
        let tail = pad(digest.as_flattened(), None, 64, tail);
        states[i] = *outer;
        messages[i] = (Message { body: &[], tail }, i);
    }
    sha256::run(path, &messages[..count], &mut states);
    for (cover, state) in covers.iter_mut().zip(&states) {
        put(
            &mut cover.output,
            state.words().map(u32::to_be_bytes).as_flattened(),
        );
    }
}

/// One message has nobody to share a kernel with, and `sha2` has SHA-NI for one.
fn sha256_one(cover: &mut Cover<'_>) {
    let States::Sha256([inner, outer]) = &cover.key.states else {
        return;
    };
    let mut tail = [[0; 64]; 2];
    let (body, rest) = split::<64>(cover.octets);
    let mut state = inner.words();
    sha256::run_one(&mut state, body);
    sha256::run_one(
        &mut state,
        pad(rest, cover.high, 64 + 64 * body.len(), &mut tail),
    );
    let digest = state.map(u32::to_be_bytes);
    let mut state = outer.words();
    sha256::run_one(&mut state, pad(digest.as_flattened(), None, 64, &mut tail));
    put(
        &mut cover.output,
        state.map(u32::to_be_bytes).as_flattened(),
    );
}

/// The longest first, as the kernels want them. Equal ones stay as they are.
fn sort(messages: &mut [(Message<'_>, usize)]) {
    if !messages.is_sorted_by(|a, b| a.0.blocks() >= b.0.blocks()) {
        messages.sort_unstable_by_key(|(message, _)| std::cmp::Reverse(message.blocks()));
    }
}

/// Both SHA-384 and SHA-512, which differ in their start and their length only.
fn sha512_all(covers: &mut [Cover<'_>]) {
    for cover in covers {
        let States::Sha512([inner, outer]) = &cover.key.states else {
            continue;
        };
        let (mut state, mut tail) = (*inner, [[0; 128]; 2]);
        let (body, rest) = split::<128>(cover.octets);
        let tail = pad(rest, cover.high, 128 + 128 * body.len(), &mut tail);
        sha512::run(&mut state, body, tail);
        let digest = state.map(u64::to_be_bytes);
        let digest = digest.as_flattened().get(..cover.key.hash.output_len());
        let (mut state, mut tail) = (*outer, [[0; 128]; 2]);
        let tail = pad(digest.unwrap_or_default(), None, 128, &mut tail);
        sha512::run(&mut state, &[], tail);
        put(
            &mut cover.output,
            state.map(u64::to_be_bytes).as_flattened(),
        );
    }
}
