//! The keys of a run, for whoever wants to read its packets.

use crossgate_ike::IkeKeys;
use crossgate_model::ChildSa;

/// Of every SA that was ever made, each as each of its ends knew it.
#[derive(Default)]
pub struct Keys {
    pub ike: Vec<IkeKeys>,
    pub children: Vec<ChildSa>,
}
