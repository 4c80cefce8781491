//! A message as a hash takes it.

/// Whole blocks: those that stand in the packet, then those with the padding.
#[derive(Clone, Copy)]
pub(crate) struct Message<'m, const BLOCK: usize = 64> {
    pub(crate) body: &'m [[u8; BLOCK]],
    pub(crate) tail: &'m [[u8; BLOCK]],
}

impl<'m, const BLOCK: usize> Message<'m, BLOCK> {
    const IDLE: [u8; BLOCK] = [0; BLOCK];

    pub(crate) const NONE: Self = Self {
        body: &[],
        tail: &[],
    };

    pub(crate) fn blocks(&self) -> usize {
        self.body.len() + self.tail.len()
    }

    /// Beyond the end, the block of zeros.
    #[inline(always)]
    pub(crate) fn block(&self, at: usize) -> &'m [u8; BLOCK] {
        match self.body.get(at) {
            Some(block) => block,
            None => self.tail.get(at - self.body.len()).unwrap_or(&Self::IDLE),
        }
    }
}
