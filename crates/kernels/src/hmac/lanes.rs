//! Covers in lock-step, where enough of them fill the lanes.

use super::{Cover, Finish, Hash, LONGEST, States};
use crate::message::Message;
use crate::wide;

/// Finishes covers of one hash, which come with the longest first, as long as a set of lanes is
/// worth it, and gives back the others.
pub(super) fn compute<'c, 'p>(
    hash: Hash,
    covers: &'c mut [Cover<'p>],
    finish: Finish,
) -> &'c mut [Cover<'p>] {
    let (lanes, alone) = match hash {
        Hash::Sha1 => (16, 4),
        Hash::Sha256 => (16, 6),
        Hash::Sha384 | Hash::Sha512 => (8, 2),
    };
    let mut rest = covers;
    loop {
        let set = rest.len().min(lanes);
        let blocks: usize = rest.iter().take(set).map(Cover::blocks).sum();
        let steps = rest.first().map_or(0, Cover::blocks);
        // In lock-step, all take as long as the longest; one by one, so many take that long.
        if set == 0 || blocks < alone * steps {
            return rest;
        }
        let (some, others) = rest.split_at_mut(set);
        match hash {
            Hash::Sha1 => sha1(some, finish),
            Hash::Sha256 => sha256(some, finish),
            Hash::Sha384 | Hash::Sha512 => sha512(some, finish),
        }
        rest = others;
    }
}

macro_rules! set {
    ($name:ident, $states:ident, $lanes:literal, $block:literal, $words:expr) => {
        fn $name(covers: &mut [Cover<'_>], finish: Finish) {
            let mut tails = [[[0; $block]; 2]; $lanes];
            let mut keys = [&[[0; 8]; 2]; $lanes];
            let mut messages = [Message::NONE; $lanes];
            let lanes = keys.iter_mut().zip(&mut messages).zip(&mut tails);
            for (cover, ((key, to), tail)) in covers.iter().zip(lanes) {
                if let States::$states(states) = &cover.key.states {
                    *key = states;
                    // SAFETY: as below.
                    unsafe { wide::set_message(to, cover.octets, cover.high, tail) };
                }
            }
            let len = covers.first().map_or(0, |cover| $words(cover.key.hash));
            let mut outputs = [[0; LONGEST]; $lanes];
            // SAFETY: the paths that come here exist only where the processor has AVX-512.
            unsafe { wide::$name::hmac(&keys, &messages, len, &mut outputs) };
            for (cover, output) in covers.iter_mut().zip(&outputs) {
                cover.finish(finish, output);
            }
        }
    };
}

set!(sha1, Sha1, 16, 64, |_| 5);
set!(sha256, Sha256, 16, 64, |_| 8);
set!(sha512, Sha512, 8, 128, |hash: Hash| hash.output_len() / 8);
