//! Published vectors, through every path that this processor has.

use crate::batch::Outcome;
use crate::cbc::{self, DecryptKey, EncryptKey, Lane};
use crate::cpu::{CipherPath, HashPath, Path};
use crate::gcm::{self, Associated, FRONT, GcmKey, Job};
use crate::hmac::{self, Cover, Finish, Hash, MacKey};

/// Those that this processor has; of those, Miri knows no assembly, be it ours or a library's.
fn paths() -> impl Iterator<Item = Path> {
    let known =
        |path: &Path| path.cipher() != CipherPath::Portable && path.hash() != HashPath::ShaNiAvx512;
    Path::available().filter(move |path| !cfg!(miri) || known(path))
}

fn hex(text: &str) -> Vec<u8> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    assert!(rest.is_empty(), "an odd number of digits: {text}");
    let octet = |pair: &[u8; 2]| {
        let pair = std::str::from_utf8(pair).expect("digits");
        u8::from_str_radix(pair, 16).expect("digits")
    };
    pairs.iter().map(octet).collect()
}

/// NIST SP 800-38A, F.2: the plaintext of all its examples.
const PLAINTEXT: &str = "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51\
                         30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710";

/// NIST SP 800-38A, F.2.1, F.2.3 and F.2.5: key and ciphertext.
const CBC: [(&str, &str); 3] = [
    (
        "2b7e151628aed2a6abf7158809cf4f3c",
        "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2\
         73bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7",
    ),
    (
        "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b",
        "4f021db243bc633d7178183a9fa071e8b4d9ada9ad7dedf4e5e738763f69145a\
         571b242012fb7ae07fa9baac3df102e008b0e27988598881d920a9e64f5615cd",
    ),
    (
        "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
        "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d\
         39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b",
    ),
];

#[test]
fn cbc_as_nist_has_it() {
    let iv: [u8; 16] = std::array::from_fn(|i| i as u8);
    for path in paths() {
        for (key, ciphertext) in CBC {
            let (key, ciphertext) = (hex(key), hex(ciphertext));
            let seal = EncryptKey::new(path, &key).expect("a key");
            let mut packets = vec![hex(PLAINTEXT); 20];
            let lanes = packets.iter_mut().map(|packet| Lane {
                key: &seal,
                iv,
                blocks: packet.as_chunks_mut().0,
            });
            cbc::encrypt(&mut lanes.collect::<Vec<_>>());
            let open = DecryptKey::new(path, &key).expect("a key");
            assert!(packets.iter().all(|found| *found == ciphertext), "{path}");
            let lanes = packets.iter_mut().map(|packet| Lane {
                key: &open,
                iv,
                blocks: packet.as_chunks_mut().0,
            });
            cbc::decrypt(&mut lanes.collect::<Vec<_>>());
            let plaintext = hex(PLAINTEXT);
            assert!(packets.iter().all(|found| *found == plaintext), "{path}");
        }
    }
}

/// Key, nonce, additional data, plaintext, ciphertext and tag.
type GcmCase = [&'static str; 6];

/// McGrew and Viega, "The Galois/Counter Mode of Operation", test cases 2, 3, 8, 14 and 15. Those
/// with additional data have more of it than ESP ever has; data of ESP's size is compared with a
/// library in `tests/against_libraries.rs`.
const GCM: [GcmCase; 5] = [
    [
        "00000000000000000000000000000000",
        "000000000000000000000000",
        "",
        "00000000000000000000000000000000",
        "0388dace60b6a392f328c2b971b2fe78",
        "ab6e47d42cec13bdf53a67b21257bddf",
    ],
    [
        "feffe9928665731c6d6a8f9467308308",
        "cafebabefacedbaddecaf888",
        "",
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72\
         1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
        "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e\
         21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091473f5985",
        "4d5c2af327cd64a62cf35abd2ba6fab4",
    ],
    [
        "000000000000000000000000000000000000000000000000",
        "000000000000000000000000",
        "",
        "00000000000000000000000000000000",
        "98e7247c07f0fe411c267e4384b0f600",
        "2ff58d80033927ab8ef4d4587514f0fb",
    ],
    [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "000000000000000000000000",
        "",
        "00000000000000000000000000000000",
        "cea7403d4d606b6e074ec5d3baf39d18",
        "d0d1c8a799996bf0265b98b5d48ab919",
    ],
    [
        "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
        "cafebabefacedbaddecaf888",
        "",
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72\
         1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa\
         8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad",
        "b094dac5d93471bdec1a502270e3cc6c",
    ],
];

#[test]
fn gcm_as_its_authors_have_it() {
    for path in paths() {
        for case in GCM {
            let [key, nonce, aad, plaintext, ciphertext, tag] = case.map(hex);
            let nonce = nonce.try_into().expect("12 octets");
            let key = GcmKey::new(path, &key).expect("a key");
            let octets = aad.iter().chain(&[0; 16]).take(16);
            let aad = Associated {
                octets: octets.fold(0, |all, octet| all << 8 | u128::from(*octet)),
                len: aad.len(),
            };
            let front = [0x77; FRONT].to_vec();
            let mut packets = vec![[front.clone(), plaintext.clone()].concat(); 7];
            let mut tags = [[0; 16]; 7];
            let sealed = [front.clone(), ciphertext].concat();
            for (work, expected) in [
                (gcm::seal as fn(&mut [Job<'_>]), sealed),
                (gcm::open, [front, plaintext].concat()),
            ] {
                let mut outcomes = [Outcome::Waiting; 7];
                let places = packets.iter_mut().zip(&mut tags).zip(&mut outcomes);
                let jobs = places.map(|((octets, tag), outcome)| Job {
                    key: &key,
                    nonce,
                    aad,
                    octets,
                    tag,
                    outcome,
                });
                work(&mut jobs.collect::<Vec<_>>());
                assert_eq!(outcomes, [Outcome::Done; 7], "{path}");
                assert!(packets.iter().all(|found| *found == expected), "{path}");
                assert!(tags.iter().all(|found| *found == tag[..]), "{path}");
            }
        }
    }
}

const LARGER: &[u8] = b"Test Using Larger Than Block-Size Key - Hash Key First";

/// RFC 2202 §3, cases 1 and 2, and RFC 4231 §4.2, 4.3 and 4.7: key, message, output.
fn hmac_cases() -> [(Hash, Vec<u8>, &'static [u8], &'static str); 9] {
    let (one, jefe) = (vec![0x0b; 20], b"Jefe".to_vec());
    let question = b"what do ya want for nothing?";
    [
        (
            Hash::Sha1,
            one.clone(),
            b"Hi There",
            "b617318655057264e28bc0b6fb378c8ef146be00",
        ),
        (
            Hash::Sha1,
            jefe.clone(),
            question,
            "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
        ),
        (
            Hash::Sha256,
            one.clone(),
            b"Hi There",
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
        ),
        (
            Hash::Sha256,
            jefe.clone(),
            question,
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
        (
            Hash::Sha256,
            vec![0xaa; 131],
            LARGER,
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        ),
        (
            Hash::Sha384,
            one.clone(),
            b"Hi There",
            "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec6\
             82aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6",
        ),
        (
            Hash::Sha384,
            jefe.clone(),
            question,
            "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47\
             e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649",
        ),
        (
            Hash::Sha512,
            one,
            b"Hi There",
            "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde\
             daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854",
        ),
        (
            Hash::Sha512,
            jefe,
            question,
            "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554\
             9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
        ),
    ]
}

#[test]
fn hmac_as_the_rfcs_have_it() {
    // Some sets of lanes, of which the last is not full.
    const COUNT: usize = if cfg!(miri) { 17 } else { 37 };
    for path in paths() {
        // Miri is slow, and the cipher's path makes no difference.
        if cfg!(miri) && path.cipher() != CipherPath::AesNi {
            continue;
        }
        for (hash, key, message, output) in hmac_cases() {
            let output = hex(output);
            let key = MacKey::new(path, hash, &key, output.len()).expect("a key");
            let mut icvs = vec![vec![0; output.len()]; COUNT];
            let mut outcomes = [Outcome::Waiting; COUNT];
            let mut covers: Vec<_> = icvs
                .iter_mut()
                .zip(&mut outcomes)
                .map(|(icv, outcome)| Cover {
                    key: &key,
                    octets: message,
                    high: None,
                    icv,
                    outcome,
                })
                .collect();
            hmac::compute(&mut covers, Finish::Write);
            hmac::compute(&mut covers, Finish::Verify);
            assert!(icvs.iter().all(|icv| *icv == output), "{path}, {hash:?}");
            let done = outcomes.iter().all(|outcome| *outcome == Outcome::Done);
            assert!(done, "{path}, {hash:?}");
        }
    }
}
