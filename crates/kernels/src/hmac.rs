//! HMAC over many packets (RFC 2104), with the key's blocks already absorbed.

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::batch::Outcome;
use crate::cpu::{HashPath, Path};
use crate::error::KeyError;
use crate::message::Message;
use crate::sha256::{self, State};
use crate::{sha1, sha512};

#[cfg(target_arch = "x86_64")]
mod lanes;

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
    /// Five words each, with zeros behind.
    Sha1(Pair<u32>),
    Sha256(Pair<u32>),
    Sha512(Pair<u64>),
}

type Pair<Word> = [[Word; 8]; 2];

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
}

/// HMAC's output, with zeros behind.
pub(crate) type Output = [u8; LONGEST];

/// What becomes of a cover with its output.
#[derive(Clone, Copy)]
pub(crate) enum Finish {
    /// The ICV is written.
    Write,
    /// The ICV is verified, in constant time.
    Verify,
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
                let [a, b, c, d, e] = state;
                [a, b, c, d, e, 0, 0, 0]
            })),
            Hash::Sha256 => States::Sha256(pads.map(|pad| {
                let mut state = sha256::START;
                sha256::run_one(&mut state, &pad.as_chunks().0[..1]);
                state
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
        (self.hash, self.path)
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

impl Cover<'_> {
    fn finish(&mut self, how: Finish, output: &Output) {
        let output = output.get(..self.key.icv_len).unwrap_or_default();
        *self.outcome = match how {
            Finish::Write => {
                let (words, rest) = self.icv.as_chunks_mut::<4>();
                let (from, from_rest) = output.as_chunks::<4>();
                words
                    .iter_mut()
                    .zip(from)
                    .for_each(|(to, from)| *to = *from);
                rest.iter_mut()
                    .zip(from_rest)
                    .for_each(|(to, from)| *to = *from);
                Outcome::Done
            }
            Finish::Verify if equal(output, self.icv) => Outcome::Done,
            Finish::Verify => Outcome::NotAuthentic,
        };
    }

    /// Octets behind the key's block.
    fn len(&self) -> usize {
        self.octets.len() + self.high.map_or(0, |high| high.len())
    }

    /// Blocks of the inner hash behind the key's.
    fn blocks(&self) -> usize {
        let (block, length) = match self.key.hash {
            Hash::Sha1 | Hash::Sha256 => (64, 8),
            Hash::Sha384 | Hash::Sha512 => (128, 16),
        };
        (self.len() + 1 + length).div_ceil(block)
    }
}

/// Whether two ICVs of the same length are the same, in constant time.
fn equal(a: &[u8], b: &[u8]) -> bool {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<4>(), b.as_chunks::<4>());
    let words = a.iter().zip(b);
    let differ = words.fold(0, |differ, (a, b)| {
        differ | (u32::from_ne_bytes(*a) ^ u32::from_ne_bytes(*b))
    });
    (differ.ct_eq(&0) & a_rest.ct_eq(b_rest)).into()
}

/// Finishes all covers, which are at most [`MOST`], with their outputs.
pub(crate) fn compute(covers: &mut [Cover<'_>], finish: Finish) {
    if !covers.is_sorted_by_key(|cover| cover.key.kind()) {
        covers.sort_unstable_by_key(|cover| cover.key.kind());
    }
    for covers in covers.chunk_by_mut(|a, b| a.key.kind() == b.key.kind()) {
        compute_alike(covers, finish);
    }
}

/// Covers of one hash and one path.
fn compute_alike(covers: &mut [Cover<'_>], finish: Finish) {
    let Some((hash, path)) = covers.first().map(|cover| cover.key.kind()) else {
        return;
    };
    // The longest first, as the kernels want them.
    if !covers.is_sorted_by(|a, b| a.len() >= b.len()) {
        covers.sort_unstable_by_key(|cover| std::cmp::Reverse(cover.len()));
    }
    let rest = match path {
        #[cfg(target_arch = "x86_64")]
        HashPath::Avx512 => lanes::compute(hash, covers, finish),
        #[cfg(target_arch = "x86_64")]
        HashPath::ShaNiAvx512 if hash != Hash::Sha256 => lanes::compute(hash, covers, finish),
        _ => covers,
    };
    match hash {
        Hash::Sha256 => rest
            .chunks_mut(MOST)
            .for_each(|covers| sha256_all(covers, finish)),
        _ => rest.iter_mut().for_each(|cover| compute_one(cover, finish)),
    }
}

/// Finishes one cover alone.
pub(crate) fn compute_one(cover: &mut Cover<'_>, finish: Finish) {
    let mut output = [0; LONGEST];
    match &cover.key.states {
        States::Sha1(states) => sha1_one(cover, states, &mut output),
        States::Sha256(states) => sha256_one(cover, states, &mut output),
        States::Sha512(states) => sha512_one(cover, states, &mut output),
    }
    cover.finish(finish, &output);
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

/// What the inner hash takes behind the key's block, with its padding at `tail`.
fn message<'m, const BLOCK: usize>(
    octets: &'m [u8],
    high: Option<[u8; 4]>,
    tail: &'m mut [[u8; BLOCK]; 2],
) -> Message<'m, BLOCK> {
    let (body, rest) = octets.as_chunks::<BLOCK>();
    let tail = pad(rest, high, BLOCK + BLOCK * body.len(), tail);
    Message { body, tail }
}

fn put(output: &mut Output, digest: &[u8]) {
    output
        .iter_mut()
        .zip(digest)
        .for_each(|(to, from)| *to = *from);
}

fn sha1_one(cover: &Cover<'_>, states: &Pair<u32>, output: &mut Output) {
    let [mut inner, mut outer] = states.map(|[a, b, c, d, e, ..]| [a, b, c, d, e]);
    let mut tail = [[0; 64]; 2];
    let message = message(cover.octets, cover.high, &mut tail);
    sha1::run(&mut inner, message.body, message.tail);
    let digest: [[u8; 4]; 5] = inner.map(u32::to_be_bytes);
    let mut tail = [[0; 64]; 2];
    sha1::run(
        &mut outer,
        &[],
        pad(digest.as_flattened(), None, 64, &mut tail),
    );
    put(output, outer.map(u32::to_be_bytes).as_flattened());
}

/// One message has nobody to share a kernel with, and `sha2` has SHA-NI for one.
fn sha256_one(cover: &Cover<'_>, states: &Pair<u32>, output: &mut Output) {
    let [mut inner, mut outer] = *states;
    let mut tail = [[0; 64]; 2];
    let message = message(cover.octets, cover.high, &mut tail);
    sha256::run_one(&mut inner, message.body);
    sha256::run_one(&mut inner, message.tail);
    let digest = inner.map(u32::to_be_bytes);
    let mut tail = [[0; 64]; 2];
    sha256::run_one(&mut outer, pad(digest.as_flattened(), None, 64, &mut tail));
    put(output, outer.map(u32::to_be_bytes).as_flattened());
}

/// Both SHA-384 and SHA-512, which differ in their start and their length only.
fn sha512_one(cover: &Cover<'_>, states: &Pair<u64>, output: &mut Output) {
    let [mut inner, mut outer] = *states;
    let mut tail = [[0; 128]; 2];
    let message = message(cover.octets, cover.high, &mut tail);
    sha512::run(&mut inner, message.body, message.tail);
    let digest = inner.map(u64::to_be_bytes);
    let digest = digest.as_flattened().get(..cover.key.hash.output_len());
    let mut tail = [[0; 128]; 2];
    sha512::run(
        &mut outer,
        &[],
        pad(digest.unwrap_or_default(), None, 128, &mut tail),
    );
    put(output, outer.map(u64::to_be_bytes).as_flattened());
}

/// At most `MOST`, the longest first.
fn sha256_all(covers: &mut [Cover<'_>], finish: Finish) {
    let Some(path) = covers.first().map(|cover| cover.key.path) else {
        return;
    };
    let count = covers.len();
    let mut states = [State::default(); MOST + 1];
    let mut tails = [[[0; 64]; 2]; MOST];
    let mut messages = [(Message::NONE, 0); MOST];
    let mut all = tails.iter_mut();
    for (i, cover) in covers.iter().enumerate() {
        let (States::Sha256([inner, _]), Some(tail)) = (&cover.key.states, all.next()) else {
            continue;
        };
        states[i] = State::from_words(*inner);
        messages[i] = (message(cover.octets, cover.high, tail), i);
    }
    sha256::run(path, &messages[..count], &mut states);
    let mut messages = [(Message::NONE, 0); MOST];
    let mut all = tails.iter_mut();
    for (i, cover) in covers.iter().enumerate() {
        let (States::Sha256([_, outer]), Some(tail)) = (&cover.key.states, all.next()) else {
            continue;
        };
        let digest = states[i].words().map(u32::to_be_bytes);
        let tail = pad(digest.as_flattened(), None, 64, tail);
        states[i] = State::from_words(*outer);
        messages[i] = (Message { body: &[], tail }, i);
    }
    sha256::run(path, &messages[..count], &mut states);
    for (cover, state) in covers.iter_mut().zip(&states) {
        let mut output = [0; LONGEST];
        put(
            &mut output,
            state.words().map(u32::to_be_bytes).as_flattened(),
        );
        cover.finish(finish, &output);
    }
}
