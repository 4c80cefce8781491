//! The payloads of one message, found by type.

use crossgate_wire::ike::{
    Authentication, Delete, Identification, KeyExchange, Notify, NotifyType, Payload, PayloadType,
    ProtocolId, SaPayload, TsPayload, VendorId,
};

#[derive(Clone, Debug, Default)]
pub(crate) struct Payloads(pub Vec<Payload>);

macro_rules! first {
    ($($name:ident: $variant:ident -> $type:ty;)*) => {$(
        /// The first of its type.
        pub fn $name(&self) -> Option<&$type> {
            self.0.iter().find_map(|payload| match payload {
                Payload::$variant(found) => Some(found),
                _ => None,
            })
        }
    )*};
}

impl Payloads {
    first! {
        sa: Sa -> SaPayload;
        ke: Ke -> KeyExchange;
        id_i: IdI -> Identification;
        id_r: IdR -> Identification;
        auth: Auth -> Authentication;
        ts_i: TsI -> TsPayload;
        ts_r: TsR -> TsPayload;
    }

    pub fn nonce(&self) -> Option<&[u8]> {
        self.0.iter().find_map(|payload| match payload {
            Payload::Nonce(nonce) => Some(nonce.data.as_slice()),
            _ => None,
        })
    }

    pub fn vendor_ids(&self) -> impl Iterator<Item = &VendorId> {
        self.0.iter().filter_map(|payload| match payload {
            Payload::VendorId(vendor) => Some(vendor),
            _ => None,
        })
    }

    pub fn all_notifies(&self) -> impl Iterator<Item = &Notify> {
        self.0.iter().filter_map(|payload| match payload {
            Payload::Notify(notify) => Some(notify),
            _ => None,
        })
    }

    pub fn notifies(&self, kind: NotifyType) -> impl Iterator<Item = &Notify> {
        self.all_notifies()
            .filter(move |notify| notify.kind == kind)
    }

    pub fn notify(&self, kind: NotifyType) -> Option<&Notify> {
        self.notifies(kind).next()
    }

    /// The first notify that reports an error.
    pub fn error(&self) -> Option<&Notify> {
        self.all_notifies().find(|notify| notify.is_error())
    }

    fn deletes(&self) -> impl Iterator<Item = &Delete> {
        self.0.iter().filter_map(|payload| match payload {
            Payload::Delete(delete) => Some(delete),
            _ => None,
        })
    }

    pub fn deletes_ike(&self) -> bool {
        self.deletes().any(|d| d.protocol == ProtocolId::IKE)
    }

    /// SPIs of the ESP SAs that the sender closes: its inbound ones.
    pub fn deleted_esp(&self) -> impl Iterator<Item = u32> {
        self.deletes()
            .filter(|d| d.protocol == ProtocolId::ESP)
            .flat_map(|d| d.spis.iter().copied())
    }

    /// A payload that we don't know and that may not be ignored (RFC 7296 §2.5).
    pub fn unknown_critical(&self) -> Option<PayloadType> {
        self.0.iter().find_map(|payload| match payload {
            Payload::Unknown(unknown) if unknown.critical => Some(unknown.kind),
            _ => None,
        })
    }
}

impl From<Vec<Payload>> for Payloads {
    fn from(payloads: Vec<Payload>) -> Self {
        Self(payloads)
    }
}

/// A notify as a payload.
pub(crate) fn notify(kind: NotifyType) -> Payload {
    Payload::Notify(Notify::new(kind))
}
