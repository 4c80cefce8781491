//! Which blocks of which messages go through the kernels next.

use super::State;
use crate::message::Message;

pub(super) const LANES: usize = 16;

pub(super) const IDLE: [u8; 64] = [0; 64];

/// Messages one after the other, for one lane.
pub(super) struct Feed<'m> {
    /// Messages, each with the index of its state, the first of which is under way.
    messages: &'m [(Message<'m>, usize)],
    at: usize,
    stride: usize,
    current: &'m [[u8; 64]],
    tail: &'m [[u8; 64]],
    slot: usize,
    idle_slot: usize,
}

impl<'m> Feed<'m> {
    /// Takes each `stride`-th message from `first` on. When there is none left, it gives blocks of
    /// zeros for `idle_slot`.
    pub(super) fn new(
        messages: &'m [(Message<'m>, usize)],
        first: usize,
        stride: usize,
        idle_slot: usize,
    ) -> Self {
        Self {
            messages,
            at: first,
            stride,
            current: &[],
            tail: &[],
            slot: idle_slot,
            idle_slot,
        }
    }

    pub(super) fn left(&self) -> usize {
        let waiting = self.messages.get(self.at..).unwrap_or_default();
        let waiting = waiting.iter().step_by(self.stride);
        self.current.len() + self.tail.len() + waiting.map(|(m, _)| m.blocks()).sum::<usize>()
    }

    /// The next block and the index of the state that it belongs to.
    #[inline(always)]
    pub(super) fn next(&mut self) -> (&'m [u8; 64], usize) {
        loop {
            if let Some((block, rest)) = self.current.split_first() {
                self.current = rest;
                return (block, self.slot);
            }
            if !self.tail.is_empty() {
                self.current = std::mem::take(&mut self.tail);
                continue;
            }
            let Some((message, slot)) = self.messages.get(self.at) else {
                return (&IDLE, self.idle_slot);
            };
            self.at += self.stride;
            self.current = message.body;
            self.tail = message.tail;
            self.slot = *slot;
        }
    }
}

/// Sixteen messages side by side.
pub(super) struct Wide<'m> {
    pub(super) state: [State; LANES],
    messages: [Message<'m>; LANES],
    pub(super) steps: usize,
    /// So many blocks stand in each message's packet.
    pub(super) common: usize,
}

impl<'m> Wide<'m> {
    pub(super) fn new(messages: &[(Message<'m>, usize)], states: &[State]) -> Self {
        let mut wide = Self {
            state: [State::default(); LANES],
            messages: [Message::NONE; LANES],
            steps: 0,
            common: if messages.len() < LANES {
                0
            } else {
                usize::MAX
            },
        };
        for (lane, (message, slot)) in messages.iter().take(LANES).enumerate() {
            wide.state[lane] = states[*slot];
            wide.messages[lane] = *message;
            wide.steps = wide.steps.max(message.blocks());
            wide.common = wide.common.min(message.body.len());
        }
        wide
    }

    pub(super) fn finish(&self, messages: &[(Message<'m>, usize)], states: &mut [State]) {
        for ((_, slot), state) in messages.iter().zip(&self.state) {
            states[*slot] = *state;
        }
    }

    /// All ones for each lane that has a block at this step.
    #[inline(always)]
    pub(super) fn masks(&self, step: usize) -> [[u32; 4]; LANES] {
        core::array::from_fn(|lane| {
            [u32::from(step < self.messages[lane].blocks()).wrapping_neg(); 4]
        })
    }

    #[inline(always)]
    pub(super) fn blocks(&self, step: usize) -> [&'m [u8; 64]; LANES] {
        if step < self.common {
            return core::array::from_fn(|lane| &self.messages[lane].body[step]);
        }
        core::array::from_fn(|lane| self.messages[lane].block(step))
    }
}
