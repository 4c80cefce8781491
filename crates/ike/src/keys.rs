//! Keys of IKE SAs (RFC 7296 §2.14, §2.18).

use crate::channel::Channel;
use crate::error::Failure;
use crate::output::{IkeKeys, Output};
use crate::sa::Peering;
use crossgate_crypto::{IkeSuite, Secret, SkSet, kdf};
use crossgate_wire::ike::IkeSpi;

/// What both ends put in, besides g^ir. Nonces and SPIs by role in the exchange.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Inputs<'a> {
    pub shared: &'a Secret,
    pub nonce_i: &'a [u8],
    pub nonce_r: &'a [u8],
    pub spis: (IkeSpi, IkeSpi),
}

/// For the first IKE SA with a peer.
pub(crate) fn initial(suite: &IkeSuite, inputs: Inputs<'_>) -> Result<SkSet, Failure> {
    let Inputs {
        shared,
        nonce_i,
        nonce_r,
        ..
    } = inputs;
    let seed = kdf::skeyseed(suite.prf, nonce_i, nonce_r, shared)?;
    expand(suite, &seed, inputs)
}

/// For an IKE SA that replaces `old`.
pub(crate) fn rekeyed(
    old: &Channel,
    suite: &IkeSuite,
    inputs: Inputs<'_>,
) -> Result<SkSet, Failure> {
    let Inputs {
        shared,
        nonce_i,
        nonce_r,
        ..
    } = inputs;
    let seed = kdf::skeyseed_rekey(old.suite.prf, &old.keys.d, nonce_i, nonce_r, shared)?;
    expand(suite, &seed, inputs)
}

fn expand(suite: &IkeSuite, seed: &Secret, inputs: Inputs<'_>) -> Result<SkSet, Failure> {
    let (spi_i, spi_r) = (inputs.spis.0.as_bytes(), inputs.spis.1.as_bytes());
    Ok(SkSet::derive(
        suite,
        seed,
        inputs.nonce_i,
        inputs.nonce_r,
        spi_i,
        spi_r,
    )?)
}

/// For the key log.
pub(crate) fn log(peering: &Peering, channel: &Channel) -> Output {
    let keys = &channel.keys;
    Output::IkeKeys(Box::new(IkeKeys {
        connection: peering.connection(),
        initiator_spi: channel.spi_i.into(),
        responder_spi: channel.spi_r.into(),
        suite: channel.suite,
        sk_ei: keys.ei.clone(),
        sk_er: keys.er.clone(),
        sk_ai: keys.ai.clone(),
        sk_ar: keys.ar.clone(),
    }))
}
