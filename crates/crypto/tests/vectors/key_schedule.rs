//! SKEYSEED to Child keys and AUTH, against NIST's cases and a recorded handshake.

use std::net::IpAddr;

use crossgate_crypto::auth::{AuthInputs, psk_auth, verify_psk_auth};
use crossgate_crypto::fingerprint::{cookie, nat_detection};
use crossgate_crypto::kdf::{skeyseed, skeyseed_rekey};
use crossgate_crypto::{
    ChildKeys, ChildSuite, CryptoError, DhGroup, Encr, IkeSuite, Integ, KeyInputs, Prf, Secret,
    SkSet,
};

use crate::vector::{Vector, hex};

/// What the recorded handshake agreed on.
const AOSP: IkeSuite = IkeSuite {
    encr: Encr::AesCbc128,
    integ: Some(Integ::HmacSha1_96),
    prf: Prf::HmacSha1,
    dh: DhGroup::Modp2,
};

#[test]
fn prf_plus_of_nist() {
    for case in Vector::file("nist_cavp_ikev2_kdf.json")
        .at("prf_plus")
        .cases()
    {
        let expected = case.secret("out");
        let found =
            nist_prf(&case).prf_plus(&case.octets("key"), &[&case.octets("salt")], expected.len());
        assert_eq!(found.unwrap(), expected, "{}", case.text("name"));
    }
}

#[test]
fn skeyseed_of_nist() {
    for case in Vector::file("nist_cavp_ikev2_kdf.json").at("prf").cases() {
        let nonces = case.octets("salt");
        let (nonce_i, nonce_r) = nonces.split_at(nonces.len() / 2);
        let found = skeyseed(nist_prf(&case), nonce_i, nonce_r, &case.secret("key"));
        assert_eq!(found.unwrap(), case.secret("out"), "{}", case.text("name"));
    }
}

#[test]
fn prf_plus_ends_after_255_blocks() {
    let limit = 255 * 20;
    let longest = Prf::HmacSha1.prf_plus(b"key", &[b"seed"], limit).unwrap();
    assert_eq!(longest.len(), limit);
    assert_eq!(
        Prf::HmacSha1.prf_plus(b"key", &[b"seed"], limit + 1),
        Err(CryptoError::PrfPlusTooLong {
            limit,
            asked: limit + 1
        })
    );
}

#[test]
fn the_whole_schedule_of_acvp() {
    let file = Vector::file("acvp_ikev2.json");
    let (input, output) = (file.at("input"), file.at("output"));
    let (nonce_i, nonce_r) = (input.octets("nInit"), input.octets("nResp"));
    let (spi_i, spi_r) = (input.array("spiInit"), input.array("spiResp"));
    let suite = IkeSuite {
        encr: Encr::AesCbc128,
        ..AOSP
    };

    let seed = skeyseed(suite.prf, &nonce_i, &nonce_r, &input.secret("gir")).unwrap();
    assert_eq!(seed, output.secret("sKeySeed"));

    let sk = SkSet::derive(&suite, &seed, &nonce_i, &nonce_r, &spi_i, &spi_r).unwrap();
    let all = [&sk.d, &sk.ai, &sk.ar, &sk.ei, &sk.er, &sk.pi, &sk.pr];
    let dkm = output.octets("derivedKeyingMaterial");
    assert_eq!(joined(&all), dkm[..132]);

    let new_shared = input.secret("girNew");
    let child = |shared, field: &str| {
        let inputs = KeyInputs {
            shared,
            nonce_i: &nonce_i,
            nonce_r: &nonce_r,
        };
        let keys = ChildKeys::derive(&CHILD, suite.prf, &sk.d, &inputs).unwrap();
        assert_eq!(child_octets(&keys), output.octets(field)[..104]);
    };
    child(None, "derivedKeyingMaterialChild");
    child(Some(&new_shared), "derivedKeyingMaterialDh");

    let rekeyed = skeyseed_rekey(suite.prf, &sk.d, &nonce_i, &nonce_r, &new_shared).unwrap();
    assert_eq!(rekeyed, output.secret("sKeySeedReKey"));
}

/// Takes 104 octets of key material: more than five blocks of SHA-1, not a multiple of them.
const CHILD: ChildSuite = ChildSuite {
    encr: Encr::AesCbc256,
    integ: Some(Integ::HmacSha1_96),
};

#[test]
fn ike_and_child_keys_of_the_recorded_handshake() {
    let record = handshake().at("sa_record");
    let (nonce_i, nonce_r) = nonces(&record);
    let (seed, sk) = recorded_keys(&record);
    assert_eq!(seed, record.secret("IKE_SKEYSEED_HEX_STRING"));
    let expected = SkSet {
        d: record.secret("IKE_SK_D_HEX_STRING"),
        ai: record.secret("IKE_SK_AUTH_INIT_HEX_STRING"),
        ar: record.secret("IKE_SK_AUTH_RESP_HEX_STRING"),
        ei: record.secret("IKE_SK_ENCR_INIT_HEX_STRING"),
        er: record.secret("IKE_SK_ENCR_RESP_HEX_STRING"),
        pi: record.secret("IKE_SK_PRF_INIT_HEX_STRING"),
        pr: record.secret("IKE_SK_PRF_RESP_HEX_STRING"),
    };
    assert_eq!(sk, expected);

    let inputs = KeyInputs {
        shared: None,
        nonce_i: &nonce_i,
        nonce_r: &nonce_r,
    };
    let suite = ChildSuite {
        encr: AOSP.encr,
        integ: AOSP.integ,
    };
    let child = ChildKeys::derive(&suite, AOSP.prf, &sk.d, &inputs).unwrap();
    let first = |field: &str| record.secret(&format!("FIRST_CHILD_{field}_HEX_STRING"));
    assert_eq!(child.initiator_to_responder.encryption, first("ENCR_INIT"));
    assert_eq!(child.initiator_to_responder.integrity, first("AUTH_INIT"));
    assert_eq!(child.responder_to_initiator.encryption, first("ENCR_RESP"));
    assert_eq!(child.responder_to_initiator.integrity, first("AUTH_RESP"));
}

#[test]
fn auth_of_the_recorded_handshake() {
    let record = handshake().at("ike_auth_psk");
    let message = record.octets("PSK_IKE_INIT_REQUEST_HEX_STRING");
    let peer_nonce = record.octets("PSK_NONCE_RESP_HEX_STRING");
    let sk_p = record.secret("PSK_SKP_HEX_STRING");
    let id_body = record.octets("PSK_ID_INITIATOR_PAYLOAD_HEX_STRING");
    let psk = record.secret("PSK_HEX_STRING");
    let expected = record.octets("PSK_AUTH_PAYLOAD_SIGNATURE_HEX_STRING");
    let inputs = AuthInputs {
        message: &message,
        peer_nonce: &peer_nonce,
        sk_p: &sk_p,
        id_body: &id_body,
    };
    assert_eq!(psk_auth(Prf::HmacSha1, &psk, &inputs).unwrap(), expected);

    let verify = |psk: &Secret, inputs, received: &[u8]| {
        verify_psk_auth(Prf::HmacSha1, psk, &inputs, received)
    };
    let refused = Err(CryptoError::IntegrityFailed);
    assert_eq!(verify(&psk, inputs, &expected), Ok(()));
    assert_eq!(verify(&psk, inputs, &expected[..19]), refused);
    assert_eq!(
        verify(&Secret::copy_of(b"wrong"), inputs, &expected),
        refused
    );
    let other_id = AuthInputs {
        id_body: &id_body[..7],
        ..inputs
    };
    assert_eq!(verify(&psk, other_id, &expected), refused);
}

#[test]
fn gcm_keys_carry_their_salt_and_no_integrity_key() {
    let suite = IkeSuite {
        encr: Encr::AesGcm256,
        integ: None,
        prf: Prf::HmacSha384,
        dh: DhGroup::Ecp20,
    };
    let seed = Secret::copy_of(b"seed");
    let sk = SkSet::derive(&suite, &seed, &[1; 32], &[2; 32], &[3; 8], &[4; 8]).unwrap();
    let lengths = [&sk.d, &sk.ai, &sk.ar, &sk.ei, &sk.er, &sk.pi, &sk.pr].map(|key| key.len());
    assert_eq!(lengths, [48, 0, 0, 36, 36, 48, 48]);
}

#[test]
fn suites_whose_parts_dont_go_together_are_refused() {
    let derive = |encr, integ| {
        let suite = IkeSuite {
            encr,
            integ,
            ..AOSP
        };
        let seed = Secret::copy_of(b"seed");
        SkSet::derive(&suite, &seed, &[1; 16], &[2; 16], &[3; 8], &[4; 8]).err()
    };
    let refused = |encr, integ| Some(CryptoError::Suite { encr, integ });
    let sha = Some(Integ::HmacSha256_128);
    assert_eq!(
        derive(Encr::AesCbc128, None),
        refused(Encr::AesCbc128, None)
    );
    assert_eq!(derive(Encr::AesGcm128, sha), refused(Encr::AesGcm128, sha));
}

#[test]
fn nat_detection_of_the_recorded_request() {
    // The NAT_DETECTION_SOURCE_IP payload of that IKE_SA_INIT: 10.80.80.13, its ID, and port 500.
    let message = handshake()
        .at("ike_auth_psk")
        .octets("PSK_IKE_INIT_REQUEST_HEX_STRING");
    let spi_i: [u8; 8] = message[..8].try_into().unwrap();
    let hash = nat_detection(&spi_i, &[0; 8], "10.80.80.13".parse().unwrap(), 500);
    assert_eq!(hash[..], hex("e54f73b7d83f6beb881eab2051d8663f421d10b0"));
}

#[test]
fn cookies_depend_on_nonce_address_spi_and_secret() {
    let v4: IpAddr = "192.0.2.1".parse().unwrap();
    let of = |secret: &[u8], nonce: &[u8], address, spi: u8| {
        cookie(&Secret::copy_of(secret), nonce, address, &[spi; 8]).unwrap()
    };
    let base = of(b"secret", b"nonce", v4, 1);
    assert_eq!(base, of(b"secret", b"nonce", v4, 1));
    assert_ne!(base, of(b"other!", b"nonce", v4, 1));
    assert_ne!(base, of(b"secret", b"nonse", v4, 1));
    assert_ne!(
        base,
        of(b"secret", b"nonce", "192.0.2.2".parse().unwrap(), 1)
    );
    assert_ne!(
        base,
        of(b"secret", b"nonce", "2001:db8::1".parse().unwrap(), 1)
    );
    assert_ne!(base, of(b"secret", b"nonce", v4, 2));
}

fn handshake() -> Vector {
    Vector::file("aosp_psk_handshake.json").at("values")
}

fn nonces(record: &Vector) -> (Vec<u8>, Vec<u8>) {
    (
        record.octets("IKE_NONCE_INIT_HEX_STRING"),
        record.octets("IKE_NONCE_RESP_HEX_STRING"),
    )
}

fn recorded_keys(record: &Vector) -> (Secret, SkSet) {
    let (nonce_i, nonce_r) = nonces(record);
    let shared = record.secret("IKE_SHARED_DH_KEY_HEX_STRING");
    let seed = skeyseed(AOSP.prf, &nonce_i, &nonce_r, &shared).unwrap();
    let (spi_i, spi_r) = (record.array("IKE_INIT_SPI"), record.array("IKE_RESP_SPI"));
    let sk = SkSet::derive(&AOSP, &seed, &nonce_i, &nonce_r, &spi_i, &spi_r).unwrap();
    (seed, sk)
}

fn nist_prf(case: &Vector) -> Prf {
    match case.text("prf") {
        "PRF_HMAC_SHA1" => Prf::HmacSha1,
        "PRF_HMAC_SHA2_256" => Prf::HmacSha256,
        "PRF_HMAC_SHA2_384" => Prf::HmacSha384,
        "PRF_HMAC_SHA2_512" => Prf::HmacSha512,
        other => panic!("no PRF is called {other}"),
    }
}

fn child_octets(keys: &ChildKeys) -> Vec<u8> {
    let (there, back) = (&keys.initiator_to_responder, &keys.responder_to_initiator);
    joined(&[
        &there.encryption,
        &there.integrity,
        &back.encryption,
        &back.integrity,
    ])
}

fn joined(keys: &[&Secret]) -> Vec<u8> {
    keys.iter().flat_map(|key| key.expose()).copied().collect()
}
