//! The octets that AUTH covers, and the AUTH value for a preshared key (RFC 7296 §2.15).

use subtle::ConstantTimeEq;

use crate::algorithm::Prf;
use crate::error::CryptoError;
use crate::secret::Secret;

const KEY_PAD: &[u8] = b"Key Pad for IKEv2";

/// What one side signs.
#[derive(Clone, Copy, Debug)]
pub struct AuthInputs<'a> {
    /// That side's first message, from its IKE header on, as it stood on the wire after any
    /// COOKIE or INVALID_KE_PAYLOAD round.
    pub message: &'a [u8],
    /// The other side's nonce, the payload's data only.
    pub peer_nonce: &'a [u8],
    /// That side's SK_pi or SK_pr.
    pub sk_p: &'a Secret,
    /// The body of that side's ID payload: type, three reserved octets, data.
    pub id_body: &'a [u8],
}

/// RealMessage | the peer's nonce | prf(SK_p, ID body).
pub fn signed_octets(prf: Prf, inputs: &AuthInputs<'_>) -> Result<Vec<u8>, CryptoError> {
    let maced_id = prf.prf(inputs.sk_p.expose(), &[inputs.id_body])?;
    Ok([inputs.message, inputs.peer_nonce, maced_id.expose()].concat())
}

/// prf(prf(psk, "Key Pad for IKEv2"), signed octets).
pub fn psk_auth(prf: Prf, psk: &Secret, inputs: &AuthInputs<'_>) -> Result<Vec<u8>, CryptoError> {
    let key = prf.prf(psk.expose(), &[KEY_PAD])?;
    let octets = signed_octets(prf, inputs)?;
    let auth = prf.prf(key.expose(), &[&octets])?;
    Ok(auth.expose().to_vec())
}

/// Compares the AUTH value that arrived with the expected one, in constant time.
pub fn verify_psk_auth(
    prf: Prf,
    psk: &Secret,
    inputs: &AuthInputs<'_>,
    received: &[u8],
) -> Result<(), CryptoError> {
    if psk_auth(prf, psk, inputs)?.ct_eq(received).into() {
        Ok(())
    } else {
        Err(CryptoError::IntegrityFailed)
    }
}
