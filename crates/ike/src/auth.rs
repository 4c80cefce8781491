//! Who the peer is and whether it proved it (RFC 7296 §2.15), and our own proof.
//!
//! [`PeerAuthenticated`] is what an established IKE SA is made of; only this file makes one.

use crate::channel::Channel;
use crate::error::Failure;
use crate::identity;
use crossgate_crypto::Secret;
use crossgate_crypto::auth::{AuthInputs, psk_auth, verify_psk_auth};
use crossgate_model::event::Side;
use crossgate_model::view::Role;
use crossgate_model::{Auth, Connection, EventKind, Identity, PresharedKey};
use crossgate_wire::ike::{AuthMethod, Authentication, Identification};

/// The peer showed an identity that the connection admits, and proved it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PeerAuthenticated {
    identity: Identity,
}

impl PeerAuthenticated {
    pub fn identity(&self) -> &Identity {
        &self.identity
    }
}

/// What AUTH covers of IKE_SA_INIT: both messages as they stood on the wire, and both nonces.
#[derive(Clone, Debug)]
pub(crate) struct InitRecord {
    pub request: Vec<u8>,
    pub response: Vec<u8>,
    pub nonce_i: Vec<u8>,
    pub nonce_r: Vec<u8>,
}

/// Why the peer isn't who it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AuthRefusal {
    Identity {
        received: String,
        expected: String,
    },
    Method {
        received: String,
        expected: String,
    },
    /// AUTH did not verify.
    Value {
        identity: String,
    },
    /// We lack the key to verify with.
    NoKey(&'static str),
}

impl AuthRefusal {
    pub fn event(self) -> EventKind {
        match self {
            Self::Identity { received, expected } => {
                EventKind::IdentityUnmatched { received, expected }
            }
            Self::Method { received, expected } => {
                EventKind::AuthMethodMismatch { received, expected }
            }
            Self::Value { identity } => EventKind::AuthenticationFailed {
                refused_by: Side::Us,
                method: PSK.to_owned(),
                identity,
            },
            Self::NoKey(reason) => EventKind::CannotStart {
                reason: reason.to_owned(),
            },
        }
    }
}

const PSK: &str = "pre-shared key";

/// Checks identity, method and AUTH value of the peer, in this order.
pub(crate) fn verify_peer(
    channel: &Channel,
    record: &InitRecord,
    connection: &Connection,
    id: &Identification,
    auth: Option<&Authentication>,
) -> Result<PeerAuthenticated, AuthRefusal> {
    // 1. The identity is one that the configuration names for this peer.
    let described = identity::describe(id);
    let identity = identity::from_wire(id).filter(|id| identity::admits(connection, id));
    let identity = identity.ok_or_else(|| AuthRefusal::Identity {
        received: described.clone(),
        expected: identity::expected(connection),
    })?;
    // 2. The method is the configured one; without AUTH the peer asks for EAP (RFC 7296 §2.16).
    let wanted = &connection.remote_auth.value;
    let mismatch = |received: String| AuthRefusal::Method {
        received,
        expected: wanted.name().to_owned(),
    };
    let auth = auth.ok_or_else(|| mismatch("EAP".to_owned()))?;
    let Auth::Psk(key) = wanted else {
        return Err(mismatch(method_name(auth.method)));
    };
    if auth.method != AuthMethod::SHARED_KEY_MIC {
        return Err(mismatch(method_name(auth.method)));
    }
    // 3. The value is the one that only a holder of the key can make.
    let key = known(key).map_err(AuthRefusal::NoKey)?;
    let id_body = id.body();
    let inputs = inputs(channel, record, other(channel.role), &id_body);
    match verify_psk_auth(channel.suite.prf, key, &inputs, &auth.data) {
        Ok(()) => Ok(PeerAuthenticated { identity }),
        Err(_) => Err(AuthRefusal::Value {
            identity: described,
        }),
    }
}

/// Our own AUTH payload for the identity whose payload we send.
pub(crate) fn prove(
    channel: &Channel,
    record: &InitRecord,
    key: &Secret,
    id: &Identification,
) -> Result<Authentication, Failure> {
    let id_body = id.body();
    let inputs = inputs(channel, record, channel.role, &id_body);
    Ok(Authentication {
        method: AuthMethod::SHARED_KEY_MIC,
        data: psk_auth(channel.suite.prf, key, &inputs)?,
    })
}

/// The key that we prove ourselves with, or why we can't.
pub(crate) fn our_key(connection: &Connection) -> Result<&Secret, &'static str> {
    match &connection.local_auth.value {
        Auth::Psk(key) => known(key),
        _ => Err("only pre-shared keys are supported for our own authentication"),
    }
}

/// Whether the connection can be negotiated with at all, before a packet is sent.
pub(crate) fn check_keys(connection: &Connection) -> Result<(), &'static str> {
    our_key(connection)?;
    match &connection.remote_auth.value {
        Auth::Psk(key) => known(key).map(|_| ()),
        _ => Err("only pre-shared keys are supported for the peer's authentication"),
    }
}

fn known(key: &PresharedKey) -> Result<&Secret, &'static str> {
    match key {
        PresharedKey::Known(key) => Ok(key),
        PresharedKey::Encrypted => {
            Err("the pre-shared key is encrypted with a key that only the device has")
        }
        PresharedKey::Missing => Err("no pre-shared key is configured for this peer"),
    }
}

fn method_name(method: AuthMethod) -> String {
    match method {
        AuthMethod::SHARED_KEY_MIC => PSK.to_owned(),
        AuthMethod::RSA_SIGNATURE => Auth::RsaSignature.name().to_owned(),
        AuthMethod::DIGITAL_SIGNATURE => Auth::DigitalSignature.name().to_owned(),
        other => other.to_string(),
    }
}

fn other(role: Role) -> Role {
    match role {
        Role::Initiator => Role::Responder,
        Role::Responder => Role::Initiator,
    }
}

/// What that side signs: its own message, the other side's nonce, its identity.
fn inputs<'a>(
    channel: &'a Channel,
    record: &'a InitRecord,
    signer: Role,
    id_body: &'a [u8],
) -> AuthInputs<'a> {
    match signer {
        Role::Initiator => AuthInputs {
            message: &record.request,
            peer_nonce: &record.nonce_r,
            sk_p: &channel.keys.pi,
            id_body,
        },
        Role::Responder => AuthInputs {
            message: &record.response,
            peer_nonce: &record.nonce_i,
            sk_p: &channel.keys.pr,
            id_body,
        },
    }
}
