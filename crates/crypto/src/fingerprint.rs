//! Hashes that IKE uses without any agreed algorithm: NAT detection and cookies.

use std::net::IpAddr;

use sha1::{Digest, Sha1};
use subtle::ConstantTimeEq;

use crate::algorithm::Hash;
use crate::error::CryptoError;
use crate::hmac::Mac;
use crate::secret::Secret;

/// The data of NAT_DETECTION_SOURCE_IP and NAT_DETECTION_DESTINATION_IP (RFC 7296 §2.23):
/// SHA-1 over both SPIs, the address and the port. In IKE_SA_INIT's request SPIr is zero.
pub fn nat_detection(spi_i: &[u8; 8], spi_r: &[u8; 8], address: IpAddr, port: u16) -> [u8; 20] {
    let mut hash = Sha1::new();
    hash.update(spi_i);
    hash.update(spi_r);
    with_octets(address, |octets| hash.update(octets));
    hash.update(port.to_be_bytes());
    hash.finalize().into()
}

/// The hash in a stateless cookie (RFC 7296 §2.6): Ni, the initiator's address and SPI, keyed by a
/// secret that only this gateway knows and changes from time to time.
pub fn cookie(
    secret: &Secret,
    nonce_i: &[u8],
    address: IpAddr,
    spi_i: &[u8; 8],
) -> Result<[u8; 32], CryptoError> {
    let mac = Mac::new(Hash::Sha256, secret.expose())?;
    let digest = with_octets(address, |octets| mac.compute(&[nonce_i, octets, spi_i]));
    digest
        .as_ref()
        .try_into()
        .map_err(|_| CryptoError::Library {
            operation: "cookie hash",
        })
}

/// Constant time for equal lengths.
pub fn equal(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}

fn with_octets<T>(address: IpAddr, mut use_them: impl FnMut(&[u8]) -> T) -> T {
    match address {
        IpAddr::V4(v4) => use_them(&v4.octets()),
        IpAddr::V6(v6) => use_them(&v6.octets()),
    }
}
