//! HMAC, CBC and GCM against the RFCs' and NIST's cases.

use crossgate_crypto::{CbcKey, CryptoError, Encr, GcmKey, HmacKey, Integ, Prf, Secret};

use crate::vector::Vector;

#[test]
fn hmac_as_prf() {
    for case in Vector::file("hmac.json").at("prf").cases() {
        let prf = case.algorithm("prf", &Prf::ALL).unwrap();
        let output = prf.prf(&case.octets("key"), &[&case.octets("data")]);
        assert_eq!(
            output.unwrap(),
            case.secret("output"),
            "{}",
            case.text("source")
        );
    }
}

#[test]
fn hmac_as_truncated_icv() {
    for case in Vector::file("hmac.json").at("integ").cases() {
        let integ = case.algorithm("integ", &Integ::ALL).unwrap();
        let key = HmacKey::new(integ, &case.secret("key")).unwrap();
        let data = case.octets("data");
        let icv = key.sign(&[&data]);
        assert_eq!(icv.as_ref(), case.octets("icv"), "{}", case.text("source"));
        assert_eq!(icv.as_ref().len(), integ.icv_len());
        assert_eq!(key.verify(&[&data], icv.as_ref()), Ok(()));
    }
}

#[test]
fn icv_doesnt_depend_on_how_the_data_is_cut() {
    let key = HmacKey::new(Integ::HmacSha256_128, &Secret::new(vec![1; 32])).unwrap();
    let whole = key.sign(&[&[7; 150]]);
    let parts = key.sign(&[&[7; 63], &[], &[7; 65], &[7; 22]]);
    assert_eq!(whole.as_ref(), parts.as_ref());
}

#[test]
fn icv_that_differs_or_is_cut_is_refused() {
    let key = HmacKey::new(Integ::HmacSha1_96, &Secret::new(vec![1; 20])).unwrap();
    let good = key.sign(&[b"data"]).as_ref().to_vec();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1;
        assert_eq!(
            key.verify(&[b"data"], &bad),
            Err(CryptoError::IntegrityFailed)
        );
    }
    assert_eq!(
        key.verify(&[b"data"], &good[..11]),
        Err(CryptoError::IntegrityFailed)
    );
    assert_eq!(
        key.verify(&[b"data"], &[]),
        Err(CryptoError::IntegrityFailed)
    );
    assert_eq!(
        key.verify(&[b"date"], &good),
        Err(CryptoError::IntegrityFailed)
    );
}

#[test]
fn cbc_both_ways() {
    for case in Vector::file("cipher.json").at("cbc").cases() {
        let encr = case.algorithm("encr", &Encr::ALL).unwrap();
        let key = CbcKey::new(encr, &case.secret("key")).unwrap();
        let mut data = case.octets("plaintext");
        key.encrypt_in_place(&case.array("iv"), &mut data).unwrap();
        assert_eq!(data, case.octets("ciphertext"), "{}", case.text("source"));
        key.decrypt_in_place(&case.array("iv"), &mut data).unwrap();
        assert_eq!(data, case.octets("plaintext"), "{}", case.text("source"));
    }
}

#[test]
fn cbc_takes_whole_blocks_only() {
    let key = CbcKey::new(Encr::AesCbc128, &Secret::new(vec![0; 16])).unwrap();
    for found in [1, 15, 17, 31] {
        let wrong = Err(CryptoError::NotWholeBlocks { block: 16, found });
        assert_eq!(key.encrypt_in_place(&[0; 16], &mut vec![0; found]), wrong);
        assert_eq!(key.decrypt_in_place(&[0; 16], &mut vec![0; found]), wrong);
    }
    assert_eq!(key.encrypt_in_place(&[0; 16], &mut []), Ok(()));
}

#[test]
fn gcm_both_ways() {
    for case in Vector::file("cipher.json").at("gcm").cases() {
        let (key, nonce) = gcm_key(&case);
        let aad = case.octets("aad");
        let mut data = case.octets("plaintext");
        let tag = key.seal_in_place(&nonce, &aad, &mut data).unwrap();
        assert_eq!(data, case.octets("ciphertext"), "{}", case.text("source"));
        assert_eq!(tag, case.array("tag"), "{}", case.text("source"));
        key.open_in_place(&nonce, &aad, &mut data, &tag).unwrap();
        assert_eq!(data, case.octets("plaintext"), "{}", case.text("source"));
    }
}

#[test]
fn gcm_refuses_altered_data_aad_nonce_and_tag() {
    let refused = Err(CryptoError::IntegrityFailed);
    for case in Vector::file("cipher.json").at("gcm").cases() {
        let (key, nonce) = gcm_key(&case);
        let (aad, sealed, tag) = (
            case.octets("aad"),
            case.octets("ciphertext"),
            case.octets("tag"),
        );
        let flip = |octets: &[u8]| {
            let mut octets = octets.to_vec();
            octets[0] ^= 0x80;
            octets
        };
        let other_nonce = flip(&nonce).try_into().unwrap();
        assert_eq!(
            key.open_in_place(&nonce, &aad, &mut flip(&sealed), &tag),
            refused
        );
        assert_eq!(
            key.open_in_place(&nonce, &flip(&aad), &mut sealed.clone(), &tag),
            refused
        );
        assert_eq!(
            key.open_in_place(&other_nonce, &aad, &mut sealed.clone(), &tag),
            refused
        );
        assert_eq!(
            key.open_in_place(&nonce, &aad, &mut sealed.clone(), &flip(&tag)),
            refused
        );
        assert_eq!(
            key.open_in_place(&nonce, &aad, &mut sealed.clone(), &tag[..12]),
            refused
        );
    }
}

#[test]
fn keys_of_the_wrong_length_and_algorithms_only_named_are_refused() {
    let short = Secret::new(vec![0; 15]);
    assert!(CbcKey::new(Encr::AesCbc128, &short).is_err());
    assert!(GcmKey::new(Encr::AesGcm128, &Secret::new(vec![0; 16])).is_err());
    assert!(GcmKey::new(Encr::AesGcm128, &Secret::new(vec![0; 3])).is_err());
    assert!(HmacKey::new(Integ::HmacSha256_128, &short).is_err());
    let unsupported = |algorithm| Some(CryptoError::Unsupported { algorithm });
    let des = CbcKey::new(Encr::TripleDes, &Secret::new(vec![0; 24]));
    assert_eq!(des.err(), unsupported("3DES-CBC"));
    let md5 = HmacKey::new(Integ::HmacMd5_96, &Secret::new(vec![0; 16]));
    assert_eq!(md5.err(), unsupported("HMAC-MD5-96"));
    assert_eq!(
        Prf::HmacMd5.prf(b"", &[]).err(),
        unsupported("PRF-HMAC-MD5")
    );
}

fn gcm_key(case: &Vector) -> (GcmKey, [u8; 12]) {
    let encr = case.algorithm("encr", &Encr::ALL).unwrap();
    let keymat = [case.octets("key"), case.octets("salt")].concat();
    let key = GcmKey::new(encr, &Secret::new(keymat)).unwrap();
    let nonce = key.nonce(&case.array("iv"));
    assert_eq!(nonce[..], [case.octets("salt"), case.octets("iv")].concat());
    (key, nonce)
}
