//! `crypto ipsec df-bit` and `crypto ipsec fragmentation`, global or an interface's own.

use super::Config;
use crate::grammar::Args;
use crossgate_diag::Spanned;
use crossgate_model::{Fragmentation, OuterDf};

/// Where stated.
#[derive(Clone, Copy, Debug, Default)]
pub struct OversizeSettings {
    pub df_bit: Option<Spanned<OuterDf>>,
    pub fragmentation: Option<Spanned<Fragmentation>>,
}

pub(crate) trait HasOversize {
    fn oversize_mut(&mut self) -> &mut OversizeSettings;
}

impl HasOversize for Config {
    fn oversize_mut(&mut self) -> &mut OversizeSettings {
        &mut self.oversize
    }
}

const DF_BITS: &[(&str, OuterDf)] = &[
    ("clear", OuterDf::Clear),
    ("copy", OuterDf::Copy),
    ("set", OuterDf::Set),
];

const FRAGMENTATIONS: &[(&str, Fragmentation)] = &[
    ("after-encryption", Fragmentation::AfterEncryption),
    ("before-encryption", Fragmentation::BeforeEncryption),
];

pub(super) fn df_bit<T: HasOversize>(target: &mut T, args: &mut Args<'_, '_>) -> Option<()> {
    let stated = args.unless_no(|args| args.choice("what to do with DF", DF_BITS))?;
    target.oversize_mut().df_bit = stated;
    Some(())
}

pub(super) fn fragmentation<T: HasOversize>(target: &mut T, args: &mut Args<'_, '_>) -> Option<()> {
    let stated = args.unless_no(|args| args.choice("where packets are cut", FRAGMENTATIONS))?;
    target.oversize_mut().fragmentation = stated;
    Some(())
}
