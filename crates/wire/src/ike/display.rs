//! One line per payload, for logs and packet debugging. What a peer wrote is escaped; keys, nonces, signatures and
//! encrypted bytes show their lengths only.

use std::fmt;

use super::{Configuration, Delete, Message, Payload, SaPayload};

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.header)?;
        self.payloads
            .iter()
            .try_for_each(|payload| write!(f, "\n  {payload}"))
    }
}

impl fmt::Display for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind())?;
        match self {
            Payload::Sa(sa) => write!(f, " {sa}"),
            Payload::Ke(ke) => write!(f, " {}, {} bytes", ke.group, ke.data.len()),
            Payload::IdI(id) | Payload::IdR(id) => write!(f, " {} {id}", id.kind),
            Payload::Cert(cert) => write!(f, " {}, {} bytes", cert.encoding, cert.data.len()),
            Payload::CertReq(request) => {
                write!(
                    f,
                    " {}, {} bytes",
                    request.encoding,
                    request.authorities.len()
                )
            }
            Payload::Auth(auth) => write!(f, " {}, {} bytes", auth.method, auth.data.len()),
            Payload::Nonce(nonce) => write!(f, " {} bytes", nonce.data.len()),
            Payload::Notify(notify) if notify.data.is_empty() => write!(f, " {notify}"),
            Payload::Notify(notify) => write!(f, " {notify}, {} bytes", notify.data.len()),
            Payload::Delete(delete) => write!(f, " {delete}"),
            Payload::VendorId(vendor) => write!(f, " {vendor}"),
            Payload::TsI(ts) | Payload::TsR(ts) => write!(f, " {ts}"),
            Payload::Encrypted(sk) => write!(f, ", first {}, {} bytes", sk.first, sk.body.len()),
            Payload::Fragment(skf) => {
                write!(
                    f,
                    " {}/{}, first {}, {} bytes",
                    skf.number,
                    skf.total,
                    skf.first,
                    skf.body.len()
                )
            }
            Payload::Config(config) => write!(f, " {config}"),
            Payload::Eap(eap) => write!(f, " {} bytes", eap.message.len()),
            Payload::Unknown(unknown) => {
                let critical = if unknown.critical { ", critical" } else { "" };
                write!(f, "{critical}, {} bytes", unknown.body.len())
            }
        }
    }
}

impl fmt::Display for SaPayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        separated(f, "; ", &self.proposals)
    }
}

impl fmt::Display for Delete {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.protocol)?;
        self.spis
            .iter()
            .try_for_each(|spi| write!(f, " {spi:#010x}"))
    }
}

impl fmt::Display for Configuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.kind)?;
        let kinds: Vec<_> = self
            .attributes
            .iter()
            .map(|attribute| attribute.kind)
            .collect();
        separated(f, ", ", &kinds)
    }
}

pub(crate) fn separated<T: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    separator: &str,
    items: &[T],
) -> fmt::Result {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            f.write_str(separator)?;
        }
        write!(f, "{item}")?;
    }
    Ok(())
}
