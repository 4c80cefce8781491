//! A message as SHA-256 takes it.

/// Whole blocks: those that stand in the packet, then those with the padding.
#[derive(Clone, Copy)]
pub(crate) struct Message<'m> {
    pub(crate) body: &'m [[u8; 64]],
    pub(crate) tail: &'m [[u8; 64]],
}

impl<'m> Message<'m> {
    const IDLE: [u8; 64] = [0; 64];

    pub(crate) fn blocks(&self) -> usize {
        self.body.len() + self.tail.len()
    }

    /// Beyond the end, the block of zeros.
    #[inline(always)]
    pub(crate) fn block(&self, at: usize) -> &'m [u8; 64] {
        match self.body.get(at) {
            Some(block) => block,
            None => self.tail.get(at - self.body.len()).unwrap_or(&Self::IDLE),
        }
    }
}
