//! How lists, times and directions read in findings, and where they stand.

use crate::rule::Party;
use crossgate_crypto::{DhGroup, Encr, Integ, Prf};
use crossgate_diag::{Span, Spanned};
use std::time::Duration;

/// Anything that has a name in every list of algorithms.
pub trait Named: Copy + PartialEq {
    fn named(self) -> &'static str;
}

macro_rules! named {
    ($($kind:ty),*) => {$(
        impl Named for $kind {
            fn named(self) -> &'static str {
                self.name()
            }
        }
    )*};
}

named!(Encr, Integ, Prf, DhGroup);

/// `AES-CBC-256, AES-CBC-128`; `none` for an empty list.
pub fn list<T: Named>(values: &[Spanned<T>]) -> String {
    let names: Vec<_> = values.iter().map(|value| value.value.named()).collect();
    match names.is_empty() {
        true => "none".into(),
        false => names.join(", "),
    }
}

/// From the first to the last place that a list has.
pub fn span<T>(values: &[Spanned<T>]) -> Option<Span> {
    values
        .iter()
        .filter_map(|value| value.span)
        .reduce(Span::to)
}

/// `3600 s`.
pub fn seconds(time: Duration) -> String {
    format!("{} s", time.as_secs())
}

/// `only when hq starts`.
pub fn only_when(starter: &Party<'_>) -> String {
    format!("only when {} starts", starter.name())
}

/// The end of a note about what a finding of reading explains.
pub const TOLD_AT_READING: &str = "is told where the file is read";
pub const WHOEVER: &str = "whoever starts";
pub const IN_INIT: &str = "in IKE_SA_INIT, the first exchange";
pub const IN_AUTH: &str = "in IKE_AUTH, the second exchange";
