//! IKEv2 messages (RFC 7296 and the RFCs that add payloads and numbers to it).
//!
//! A datagram is read in two steps, because most of it is encrypted: [`Datagram::parse`] reads the header and what is
//! in the clear, and says where the encrypted part lies; after the caller has opened that, [`parse_payloads`] reads
//! the chain that was inside. Writing mirrors it: [`build_message`] for messages in the clear, and
//! [`build_plain_chain`] with [`sk_prefix`] or [`skf_prefix`] for the others.

mod authentication;
mod certificate;
mod chain;
mod configuration;
mod datagram;
mod delete;
mod display;
mod emit;
mod encrypted;
mod header;
mod identification;
mod key_exchange;
mod message;
mod notify;
mod notify_number;
mod number;
mod opaque;
mod payload;
mod sa;
mod traffic_selector;
mod transform;
mod transform_number;

pub use authentication::Authentication;
pub use certificate::{Certificate, CertificateRequest};
pub use chain::{Chain, MAX_PAYLOADS, RawPayload, parse_payloads};
pub use configuration::{ConfigAttribute, Configuration, MAX_CONFIG_ATTRIBUTES};
pub use datagram::{Datagram, Protected, Protection};
pub use delete::Delete;
pub use emit::{build_message, build_plain_chain, sk_prefix, skf_prefix};
pub use encrypted::{Encrypted, Fragment};
pub use header::{Flags, HEADER_LEN, Header, IkeSpi, NON_ESP_MARKER, Version, with_non_esp_marker};
pub use identification::Identification;
pub use key_exchange::{KeyExchange, MAX_NONCE, MIN_NONCE, Nonce};
pub use message::Message;
pub use notify::Notify;
pub use notify_number::NotifyType;
pub use number::{
    AuthMethod, CertEncoding, ConfigAttributeType, ConfigType, ExchangeType, HashAlgorithm, IdType,
    PayloadType, ProtocolId, TsType,
};
pub use opaque::{Eap, UnknownPayload, VendorId};
pub use payload::Payload;
pub use sa::{MAX_PROPOSALS, Proposal, SaPayload};
pub use traffic_selector::{TrafficSelector, TsEntry, TsPayload, UnknownSelector};
pub use transform::{Attribute, AttributeValue, MAX_ATTRIBUTES, Transform};
pub use transform_number::{DhId, EncrId, EsnId, IntegId, PrfId, TransformType};
