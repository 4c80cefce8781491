//! Any payload, and which struct reads which type.

use super::{
    Authentication, Certificate, CertificateRequest, Configuration, Delete, Eap, Encrypted,
    Fragment, Identification, KeyExchange, Nonce, Notify, PayloadType, RawPayload, SaPayload,
    TsPayload, UnknownPayload, VendorId,
};
use crate::Error;
use crate::write::patch_length;

/// One payload of a message (RFC 7296 §3.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    Sa(SaPayload),
    Ke(KeyExchange),
    IdI(Identification),
    IdR(Identification),
    Cert(Certificate),
    CertReq(CertificateRequest),
    Auth(Authentication),
    Nonce(Nonce),
    Notify(Notify),
    Delete(Delete),
    VendorId(VendorId),
    TsI(TsPayload),
    TsR(TsPayload),
    Encrypted(Encrypted),
    Fragment(Fragment),
    Config(Configuration),
    Eap(Eap),
    Unknown(UnknownPayload),
}

impl Payload {
    /// Reads the body; the critical bit is kept only where we don't know the type, as it says nothing elsewhere
    /// (RFC 7296 §2.5).
    pub fn parse(raw: &RawPayload<'_>) -> Result<Self, Error> {
        let mut reader = raw.reader();
        let payload = match raw.kind {
            PayloadType::SA => Payload::Sa(SaPayload::read(&mut reader)?),
            PayloadType::KE => Payload::Ke(KeyExchange::read(&mut reader)?),
            PayloadType::IDI => Payload::IdI(Identification::read(&mut reader)?),
            PayloadType::IDR => Payload::IdR(Identification::read(&mut reader)?),
            PayloadType::CERT => Payload::Cert(Certificate::read(&mut reader)?),
            PayloadType::CERTREQ => Payload::CertReq(CertificateRequest::read(&mut reader)?),
            PayloadType::AUTH => Payload::Auth(Authentication::read(&mut reader)?),
            PayloadType::NONCE => Payload::Nonce(Nonce::read(&mut reader)?),
            PayloadType::NOTIFY => Payload::Notify(Notify::read(&mut reader)?),
            PayloadType::DELETE => Payload::Delete(Delete::read(&mut reader)?),
            PayloadType::VENDOR_ID => Payload::VendorId(VendorId {
                data: reader.rest().to_vec(),
            }),
            PayloadType::TSI => Payload::TsI(TsPayload::read(&mut reader)?),
            PayloadType::TSR => Payload::TsR(TsPayload::read(&mut reader)?),
            PayloadType::SK => Payload::Encrypted(Encrypted::read(raw.next, &mut reader)),
            PayloadType::SKF => Payload::Fragment(Fragment::read(raw.next, &mut reader)?),
            PayloadType::CP => Payload::Config(Configuration::read(&mut reader)?),
            PayloadType::EAP => Payload::Eap(Eap {
                message: reader.rest().to_vec(),
            }),
            kind => {
                let body = reader.rest().to_vec();
                Payload::Unknown(UnknownPayload {
                    kind,
                    critical: raw.critical,
                    body,
                })
            }
        };
        reader.finish()?;
        Ok(payload)
    }

    pub fn kind(&self) -> PayloadType {
        match self {
            Payload::Sa(_) => PayloadType::SA,
            Payload::Ke(_) => PayloadType::KE,
            Payload::IdI(_) => PayloadType::IDI,
            Payload::IdR(_) => PayloadType::IDR,
            Payload::Cert(_) => PayloadType::CERT,
            Payload::CertReq(_) => PayloadType::CERTREQ,
            Payload::Auth(_) => PayloadType::AUTH,
            Payload::Nonce(_) => PayloadType::NONCE,
            Payload::Notify(_) => PayloadType::NOTIFY,
            Payload::Delete(_) => PayloadType::DELETE,
            Payload::VendorId(_) => PayloadType::VENDOR_ID,
            Payload::TsI(_) => PayloadType::TSI,
            Payload::TsR(_) => PayloadType::TSR,
            Payload::Encrypted(_) => PayloadType::SK,
            Payload::Fragment(_) => PayloadType::SKF,
            Payload::Config(_) => PayloadType::CP,
            Payload::Eap(_) => PayloadType::EAP,
            Payload::Unknown(unknown) => unknown.kind,
        }
    }

    /// Appends the bytes behind the generic header.
    pub fn emit_body(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        match self {
            Payload::Sa(sa) => sa.emit_body(out)?,
            Payload::Ke(ke) => ke.emit_body(out),
            Payload::IdI(id) | Payload::IdR(id) => id.emit_body(out),
            Payload::Cert(cert) => cert.emit_body(out),
            Payload::CertReq(request) => request.emit_body(out),
            Payload::Auth(auth) => auth.emit_body(out),
            Payload::Nonce(nonce) => out.extend_from_slice(&nonce.data),
            Payload::Notify(notify) => notify.emit_body(out)?,
            Payload::Delete(delete) => delete.emit_body(out)?,
            Payload::VendorId(vendor) => out.extend_from_slice(&vendor.data),
            Payload::TsI(ts) | Payload::TsR(ts) => ts.emit_body(self.kind(), out)?,
            Payload::Encrypted(encrypted) => out.extend_from_slice(&encrypted.body),
            Payload::Fragment(fragment) => fragment.emit_body(out),
            Payload::Config(config) => config.emit_body(out)?,
            Payload::Eap(eap) => out.extend_from_slice(&eap.message),
            Payload::Unknown(unknown) => out.extend_from_slice(&unknown.body),
        }
        Ok(())
    }

    /// Appends the payload with its generic header; `following` is the type of the payload behind it.
    pub(crate) fn emit(&self, following: PayloadType, out: &mut Vec<u8>) -> Result<(), Error> {
        let start = out.len();
        let next = match self {
            Payload::Encrypted(encrypted) => encrypted.first,
            Payload::Fragment(fragment) => fragment.first,
            _ => following,
        };
        let critical = matches!(self, Payload::Unknown(unknown) if unknown.critical);
        out.extend_from_slice(&[
            next.0,
            if critical { super::chain::CRITICAL } else { 0 },
            0,
            0,
        ]);
        self.emit_body(out)?;
        patch_length(out, crate::Part::Payload(self.kind()), start, 2)
    }
}
