//! What two ends would agree on (RFC 7296 §2.7, §2.9, §3.3.6), computed from their configurations.

use crossgate_crypto::DhGroup;
use crossgate_diag::Spanned;
use crossgate_model::Child;

/// What a rekey of a Child does when `starter` asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pfs {
    /// Both have none, or the same group, or the answerer takes what comes.
    Agreed(Option<DhGroup>),
    Refused,
}

/// The group as a word.
pub fn pfs_words(pfs: &Option<Spanned<DhGroup>>) -> String {
    match pfs {
        Some(group) => format!("PFS with {}", group.value.name()),
        None => "no PFS".into(),
    }
}

/// Whether `answerer` takes the KE payload (or its absence) of `starter`'s request.
pub fn pfs(starter: &Child, answerer: &Child, takes_any_group: bool) -> Pfs {
    let group = |child: &Child| child.pfs.as_ref().map(|group| group.value);
    match (group(starter), group(answerer)) {
        (asked, wanted) if asked == wanted => Pfs::Agreed(asked),
        (Some(asked), None) if takes_any_group => Pfs::Agreed(Some(asked)),
        _ => Pfs::Refused,
    }
}
