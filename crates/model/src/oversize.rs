//! What becomes of packets that are too long once they are sealed.

use crossgate_diag::Spanned;

/// How a Child treats them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Oversize {
    pub outer_df: Spanned<OuterDf>,
    pub fragmentation: Spanned<Fragmentation>,
}

/// The "don't fragment" bit of the outer IPv4 header (RFC 4301 §8.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OuterDf {
    /// The inner packet's.
    Copy,
    Set,
    /// And an inner one doesn't keep an IPv4 packet from being fragmented.
    Clear,
}

/// Where IPv4 packets that may be fragmented are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fragmentation {
    /// The receiving host puts them together.
    BeforeEncryption,
    /// The receiving gateway does.
    AfterEncryption,
}

impl Default for Oversize {
    fn default() -> Self {
        Self {
            outer_df: Spanned::default_of(OuterDf::Copy),
            fragmentation: Spanned::default_of(Fragmentation::BeforeEncryption),
        }
    }
}
