//! What is done instead of what isn't obeyed: sentences that several tables need.

pub(super) const ANY_IDENTITY: &str = "any identity that the IKEv2 profile takes";
pub(super) const DESCRIPTIONS: &str = "descriptions";
pub(super) const ECN: &str = "ECN bits go by RFC 6040";
pub(super) const NO_CERTIFICATES: &str = "ends authenticate with pre-shared keys only";
pub(super) const NO_DUMMIES: &str = "no dummy packets are sent";
pub(crate) const NO_IKEV1: &str = "IKEv1 is not spoken here, only IKEv2";
pub(super) const NO_ML_KEM: &str = "ML-KEM is not negotiated (RFC 9370)";
pub(super) const NO_NAT: &str = "addresses are not translated";
pub(super) const NO_PPK: &str = "post-quantum keys (RFC 8784) are not mixed in";
pub(super) const NO_REDIRECT: &str = "IKE SAs are not redirected";
pub(super) const NO_REMOTE_ACCESS: &str = "remote access and FlexVPN servers are not served";
pub(super) const ONE_SA: &str = "one SA serves one entry";
pub(super) const ONE_TABLE: &str = "there is one routing table, the global one";
pub(super) const PATH_MTU: &str = "a path's MTU is always discovered; a router's word is believed for ten minutes, from 576 octets up";
pub(super) const STATIC_ROUTES: &str = "routes come from the file only";
