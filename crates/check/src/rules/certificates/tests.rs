//! A pair that authenticates by certificates, made of the models of two texts, and what is wrong
//! with it: the edges at which a rule speaks or keeps silent. `tests/data/README.md` tells what the
//! certificates are.

use super::parsed::{Issued, Parsed};
use crate::{Options, Profile, Side, judge_one, judge_pair};
use crossgate_crypto::pem;
use crossgate_diag::{FileId, Finding, Look, Sources, Span, Spanned, to_text};
use crossgate_model::{Auth, Certificate, Gateway, Identity};
use expect_test::{Expect, expect};

/// 2026-01-01T00:00:00Z.
const NOW: i64 = 1_767_225_600;

const AUTHORITY: &str = include_str!("../../../tests/data/authority.pem");
const STRANGER: &str = include_str!("../../../tests/data/stranger.pem");
const NAMESAKE: &str = include_str!("../../../tests/data/namesake.pem");
const INTERMEDIATE: &str = include_str!("../../../tests/data/intermediate.pem");
const GOOD: &str = include_str!("../../../tests/data/good.pem");
const BELOW: &str = include_str!("../../../tests/data/below.pem");
const FORGED: &str = include_str!("../../../tests/data/forged.pem");
const IMPOSTOR: &str = include_str!("../../../tests/data/impostor.pem");
const EXPIRED: &str = include_str!("../../../tests/data/expired.pem");
const FUTURE: &str = include_str!("../../../tests/data/future.pem");
const SERVER: &str = include_str!("../../../tests/data/server.pem");
const IKE: &str = include_str!("../../../tests/data/ike.pem");
const WEAK: &str = include_str!("../../../tests/data/weak.pem");

/// The two ends of `examples/site-to-site`, with certificates in place of keys: the branch checks,
/// HQ shows.
struct Scene {
    sources: Sources,
    branch: crossgate_ios::Reading,
    hq: crossgate_panos::Reading,
    file: FileId,
    options: Options,
}

impl Scene {
    fn new() -> Self {
        let mut sources = Sources::new();
        let a = sources.add(
            "branch.cfg",
            include_str!("../../../../../examples/site-to-site/branch.cfg"),
        );
        let b = sources.add(
            "hq.set",
            include_str!("../../../../../examples/site-to-site/hq.set"),
        );
        let branch = crossgate_ios::read(&mut sources, a).expect("a configuration");
        let hq = crossgate_panos::read(&mut sources, b).expect("a configuration");
        let mut scene = Self {
            sources,
            branch,
            hq,
            file: b,
            options: Options::default(),
        };
        scene.hold(AUTHORITY, GOOD);
        scene
    }

    /// HQ shows `shown`; the branch trusts `trusted`, and nothing else is in either file.
    fn hold(&mut self, trusted: &str, shown: &str) {
        self.hold_octets(&der(trusted), &der(shown));
    }

    fn hold_octets(&mut self, trusted: &[u8], shown: &[u8]) {
        let method = |auth: &mut Spanned<Auth>| auth.value = Auth::DigitalSignature;
        let certificate = |name: &str, der: &[u8], is_authority| Certificate {
            name: Spanned::at(name.to_owned(), Span::new(self.file, 0..3)),
            der: der.to_vec(),
            is_authority,
        };
        let (authority, own) = (
            certificate("ROOT", trusted, true),
            certificate("hq-cert", shown, false),
        );
        let branch = &mut self.branch.gateway;
        branch.certificates = vec![authority];
        for connection in &mut branch.connections {
            method(&mut connection.remote_auth);
            connection.certificates.trusted = vec![Spanned::default_of("ROOT".into())];
        }
        let hq = &mut self.hq.gateway;
        hq.certificates = vec![own];
        for connection in &mut hq.connections {
            method(&mut connection.local_auth);
            connection.certificates.own = Some(Spanned::default_of("hq-cert".into()));
        }
    }

    fn hq(&mut self) -> &mut Gateway {
        &mut self.hq.gateway
    }

    /// What is said of certificates.
    fn findings(&self) -> Vec<Finding> {
        let branch = Side {
            name: "branch",
            gateway: &self.branch.gateway,
            language: &self.branch,
        };
        let hq = Side {
            name: "hq",
            gateway: &self.hq.gateway,
            language: &self.hq,
        };
        let report = judge_pair(&self.sources, [branch, hq], self.options);
        let all = report.findings.into_iter();
        all.filter(|finding| finding.code.starts_with("certificate-"))
            .collect()
    }

    fn codes(&self) -> Vec<&'static str> {
        self.findings().iter().map(|finding| finding.code).collect()
    }

    fn check(&self, expected: Expect) {
        expected.assert_eq(&to_text(&self.sources, &self.findings(), Look::PLAIN));
    }
}

fn der(text: &str) -> Vec<u8> {
    pem::decode(text).expect("a certificate")
}

fn shown(certificate: &str) -> Vec<&'static str> {
    let mut scene = Scene::new();
    scene.hold(AUTHORITY, certificate);
    scene.options.now = Some(NOW);
    scene.codes()
}

#[test]
fn a_good_pair_of_certificates_has_no_finding() {
    assert_eq!(shown(GOOD), [""; 0]);
    assert_eq!(shown(IKE), [""; 0]);
}

/// An IOS-XE file that holds `der` as the router's own certificate.
fn router_with(der: &[u8]) -> String {
    let text = include_str!("../../../../../examples/site-to-site/branch.cfg");
    let group = |octets: &[u8]| -> String { octets.iter().map(|o| format!("{o:02X}")).collect() };
    let digits = der.chunks(4).map(group).collect::<Vec<_>>().join(" ");
    let chain = format!(
        "crypto pki trustpoint CORP\n!\ncrypto pki certificate chain CORP\n certificate 5A01\n  {digits}\n  \tquit\n!\n"
    );
    let text = text.replace(
        "crypto ikev2 proposal",
        &format!("{chain}crypto ikev2 proposal"),
    );
    text.replace(
        " authentication local pre-share",
        " authentication local rsa-sig\n pki trustpoint CORP sign",
    )
}

#[test]
fn a_certificate_is_judged_as_it_stands_in_a_file() {
    let codes = |der: &[u8]| {
        let mut sources = Sources::new();
        let file = sources.add("branch.cfg", router_with(der));
        let read = crossgate_ios::read(&mut sources, file).expect("a configuration");
        let side = Side {
            name: "branch",
            gateway: &read.gateway,
            language: &read,
        };
        let options = Options {
            now: Some(NOW),
            ..Options::default()
        };
        let findings = judge_one(&sources, side, options).findings;
        let codes = findings.iter().map(|finding| finding.code);
        codes.collect::<Vec<_>>()
    };
    assert_eq!(codes(&der(GOOD)), [""; 0]);
    assert_eq!(codes(&der(EXPIRED)), ["certificate-expired"]);
    assert_eq!(codes(&der(GOOD)[..60]), ["certificate-unreadable"]);
}

#[test]
fn an_end_that_signs_without_a_certificate() {
    let mut scene = Scene::new();
    let uses = &mut scene.hq().connections[0].certificates;
    uses.own = None;
    uses.undefined = vec![Spanned::default_of("local-certificate".into())];
    scene.check(expect![[r#"
        error[certificate-missing]: `gw-branch` authenticates itself by digital signature, but has no certificate to show
          --> hq.set:15:69
           |
        15 | set network ike gateway gw-branch authentication pre-shared-key key *****************************************
           |                                                                     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ needs a certificate of its own
           |
           = when: in IKE_AUTH; shows whoever starts; certainty: RFC
        help: enrol or import a certificate for this gateway, and name it in the connection

    "#]]);
}

#[test]
fn an_end_that_trusts_nobody() {
    let mut scene = Scene::new();
    let uses = &mut scene.branch.gateway.connections[0].certificates;
    uses.trusted.clear();
    uses.undefined = vec![Spanned::default_of("ROOT".into())];
    scene.check(expect![[r#"
        error[certificate-profile-missing]: `LAB-HQ` expects its peer to authenticate by digital signature, but trusts no issuer of certificates
          --> branch.cfg:20:18
           |
        20 |   pre-shared-key *****************************************
           |                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ needs an authority to check against
           |
           = when: in IKE_AUTH; shows whoever starts; certainty: RFC
        help: import the certificate of the peer's issuer, and name it in the connection

    "#]]);
}

#[test]
fn a_trustpoint_for_both_ways_that_is_not_defined_is_one_cause() {
    let mut scene = Scene::new();
    let connection = &mut scene.branch.gateway.connections[0];
    connection.local_auth.value = Auth::RsaSignature;
    let name: Spanned<String> = Spanned::default_of("CORP".into());
    connection.certificates.own = Some(name.clone());
    connection.certificates.trusted = vec![name.clone()];
    connection.certificates.undefined = vec![name];
    assert_eq!(scene.codes(), ["certificate-missing"]);
}

#[test]
fn who_names_no_certificate_shows_the_only_one_and_trusts_all() {
    let mut scene = Scene::new();
    scene.hold(STRANGER, EXPIRED);
    scene.options.now = Some(NOW);
    scene.hq().connections[0].certificates.own = None;
    scene.branch.gateway.connections[0]
        .certificates
        .trusted
        .clear();
    assert_eq!(scene.codes(), ["certificate-expired"]);
}

#[test]
fn a_certificate_is_valid_from_its_first_second_to_its_last() {
    let at = |certificate: &str, now| {
        let mut scene = Scene::new();
        scene.hold(AUTHORITY, certificate);
        scene.options.now = now;
        scene.codes()
    };
    // EXPIRED ends at 2025-12-31T23:59:59Z, FUTURE begins at 2026-01-01T00:00:01Z.
    assert_eq!(at(EXPIRED, Some(NOW - 1)), [""; 0]);
    assert_eq!(at(EXPIRED, Some(NOW)), ["certificate-expired"]);
    assert_eq!(at(EXPIRED, None), [""; 0]);
    assert_eq!(at(FUTURE, Some(NOW)), ["certificate-not-yet-valid"]);
    assert_eq!(at(FUTURE, Some(NOW + 1)), [""; 0]);
}

#[test]
fn an_expired_certificate_is_an_error_and_an_expired_authority_a_warning() {
    let mut scene = Scene::new();
    // Both are over by 2127.
    scene.options.now = Some(4_954_521_600);
    scene.check(expect![[r#"
        error[certificate-expired]: the certificate `hq-cert` has expired
         --> hq.set:1:1
          |
        1 | set deviceconfig system hostname hq-fw
          | ^^^ ended 731 days before the moment asked about
          |
          = when: in IKE_AUTH, and again at each new start; shows whoever starts; certainty: RFC
          = note: subject CN=hq.example.net, issuer CN=Lab CA
        help: have it issued anew, and see that the clocks of both ends are right

        warning[certificate-expired]: the certificate `ROOT` has expired
         --> hq.set:1:1
          |
        1 | set deviceconfig system hostname hq-fw
          | ^^^ ended 731 days before the moment asked about
          |
          = shows whoever starts; certainty: RFC
          = note: an authority's own dates need not be checked (RFC 5280 §6.2), but often are
          = note: subject CN=Lab CA, issuer CN=Lab CA
        help: have it issued anew, and see that the clocks of both ends are right

    "#]]);
}

#[test]
fn a_web_servers_certificate_is_not_for_ike() {
    let mut scene = Scene::new();
    scene.hold(AUTHORITY, SERVER);
    scene.check(expect![[r#"
        warning[certificate-purpose]: the certificate `hq-cert` is not for IKE
         --> hq.set:1:1
          |
        1 | set deviceconfig system hostname hq-fw
          | ^^^ its key usage has no signing, and its extended key usage no IKE
          |
          = when: in IKE_AUTH, if the peer looks at it; shows whoever starts; certainty: RFC
          = note: RFC 4945 §5.1.3.2 and §5.1.3.12 have the peer refuse it; whether a vendor's does is not documented
        help: have one issued with the key usage digitalSignature, and without an extended key usage or with ipsecIKE

    "#]]);
}

#[test]
fn an_identity_is_one_that_the_certificate_names() {
    let says = |identity: Identity| {
        let mut scene = Scene::new();
        let span = Span::new(scene.file, 4..9);
        scene.hq().connections[0].local_identity = Spanned::at(identity, span);
        scene.codes()
    };
    let fqdn = |name: &str| Identity::Fqdn(name.into());
    let address = |text: &str| Identity::Address(text.parse().expect("an address"));
    assert_eq!(says(fqdn("HQ.example.net")), [""; 0]);
    assert_eq!(says(Identity::Email("vpn@hq.example.net".into())), [""; 0]);
    assert_eq!(says(address("198.51.100.20")), [""; 0]);
    assert_eq!(says(address("198.51.100.21")), ["certificate-identity"]);
    assert_eq!(says(fqdn("vpn@hq.example.net")), ["certificate-identity"]);
    assert_eq!(
        says(Identity::DistinguishedName(vec![0x30, 0])),
        ["certificate-identity"]
    );
}

#[test]
fn an_identity_that_the_certificate_does_not_name() {
    let mut scene = Scene::new();
    let span = Span::new(scene.file, 4..9);
    scene.hq().connections[0].local_identity = Spanned::at(Identity::Fqdn("hq".into()), span);
    scene.check(expect![[r#"
        error[certificate-identity]: the certificate `hq-cert` does not name fqdn hq
         --> hq.set:1:5
          |
        1 | set deviceconfig system hostname hq-fw
          | --- ^^^^^ `gw-branch` says that it is this
          | |
          | names CN=hq.example.net, and hq.example.net, vpn@hq.example.net, 198.51.100.20
          |
          = when: in IKE_AUTH; shows whoever starts; certainty: RFC
          = note: RFC 4945 §3.1: a peer compares the identity with the certificate unless it is told not to
        help: show an identity that the certificate names, or have one issued that names it

    "#]]);
}

#[test]
fn a_certificate_of_a_strangers() {
    let mut scene = Scene::new();
    scene.hold(STRANGER, GOOD);
    scene.check(expect![[r#"
        error[certificate-issuer]: branch trusts no issuer of the certificate that hq shows
         --> hq.set:1:1
          |
        1 | set deviceconfig system hostname hq-fw
          | ^^^
          | |
          | hq shows this, issued by CN=Lab CA
          | branch trusts CN=Another CA
          |
          = when: in IKE_AUTH; shows whoever starts; certainty: RFC
          = branch logs: IKEv2-ERROR:: Failed to authenticate the IKE SA
                         IKEv2-ERROR:: Auth exchange failed
          = note: issuers are compared by name, key identifier and signature (RFC 5280 §6.1.3)
          = note: hq sees: authentication failed, refused by the peer, which doesn't say why: it expects another identity than address 198.51.100.20, or has another digital signature for it (no published log shows its words)
        help: let branch trust the issuer of hq's certificate, or have hq's issued by one that branch trusts

    "#]]);
}

#[test]
fn an_authority_of_the_same_name_with_another_key_is_another() {
    let mut scene = Scene::new();
    scene.hold(NAMESAKE, GOOD);
    assert_eq!(scene.codes(), ["certificate-issuer"]);
}

#[test]
fn only_the_signature_tells_an_impostor() {
    let mut scene = Scene::new();
    scene.hold(AUTHORITY, FORGED);
    scene.check(expect![[r#"
        error[certificate-issuer]: hq shows a certificate in the name of CN=Lab CA, which another key signed
         --> hq.set:1:1
          |
        1 | set deviceconfig system hostname hq-fw
          | ^^^
          | |
          | CN=hq.example.net says that CN=Lab CA issued it
          | the key of this CN=Lab CA didn't sign it
          |
          = when: in IKE_AUTH; shows whoever starts; certainty: RFC
          = branch logs: IKEv2-ERROR:: Failed to authenticate the IKE SA
                         IKEv2-ERROR:: Auth exchange failed
          = note: the issuer's key was renewed under the same name, or somebody forged the certificate
          = note: issuers are compared by name, key identifier and signature (RFC 5280 §6.1.3)
          = note: hq sees: authentication failed, refused by the peer, which doesn't say why: it expects another identity than address 198.51.100.20, or has another digital signature for it (no published log shows its words)
        help: find out whose signature it is, then have hq's certificate issued anew, or let branch trust the new certificate of CN=Lab CA

    "#]]);
    // Whom the impostor is sent along with doesn't make it better.
    let impostor = Certificate {
        name: Spanned::default_of("impostor".into()),
        der: der(IMPOSTOR),
        is_authority: true,
    };
    scene.hq().certificates.push(impostor);
    assert_eq!(scene.codes(), ["certificate-issuer"]);
    scene.hold(IMPOSTOR, FORGED);
    assert_eq!(scene.codes(), [""; 0]);
    scene.hold(IMPOSTOR, GOOD);
    assert_eq!(scene.codes(), ["certificate-issuer"]);
}

/// The certificates of `algorithms.pem` for this kind of signature have a key on a curve.
#[test]
fn a_key_signs_by_the_method_of_its_kind_only() {
    let text = include_str!("../../../tests/data/algorithms.pem");
    let (_, pair) = text.split_once("# P-256, SHA-384").expect("the pair");
    let curve = pem::blocks(pair)[0].octets().expect("octets");
    let told = |shown: &[u8], proves: Auth, expects: Auth| {
        let mut scene = Scene::new();
        scene.hold_octets(&der(AUTHORITY), shown);
        scene.hq().connections[0].local_auth.value = proves;
        scene.branch.gateway.connections[0].remote_auth.value = expects;
        scene.codes().contains(&"certificate-key-kind")
    };
    let (any, rsa, ecdsa) = (
        Auth::DigitalSignature,
        Auth::RsaSignature,
        Auth::EcdsaSignature,
    );
    let good = der(GOOD);
    for (proves, expects, of_rsa, of_curve) in [
        (&any, &any, false, false),
        (&any, &rsa, false, true),
        (&any, &ecdsa, true, false),
        (&rsa, &any, false, true),
        (&ecdsa, &any, true, false),
    ] {
        let told = |shown| told(shown, proves.clone(), expects.clone());
        assert_eq!(
            (told(&good), told(&curve)),
            (of_rsa, of_curve),
            "{proves:?} {expects:?}"
        );
    }
}

/// Each kind of signature as OpenSSL makes it, and each with one bit of the certificate changed.
#[test]
fn signatures_of_every_kind_are_verified() {
    let text = include_str!("../../../tests/data/algorithms.pem");
    let names = text.lines().filter_map(|line| line.strip_prefix("# "));
    let blocks = pem::blocks(text);
    let octets: Vec<_> = blocks.iter().map(|b| b.octets().expect("octets")).collect();
    let parsed = |der: &[u8]| Parsed::from_der(der).expect("a certificate");
    let mut count = 0;
    for (name, pair) in names.zip(octets.chunks(2)) {
        let issuer = parsed(&pair[1]);
        let (right, wrong) = match name.starts_with("untold") {
            true => (Issued::Untold, Issued::Untold),
            false => (Issued::ByIt, Issued::InItsName),
        };
        assert_eq!(parsed(&pair[0]).issued_by(&issuer), right, "{name}");
        let mut altered = pair[0].clone();
        let at = altered
            .windows(5)
            .position(|w| w == b"vpn@h")
            .expect("a name");
        altered[at] ^= 1;
        assert_eq!(parsed(&altered).issued_by(&issuer), wrong, "{name}");
        count += 1;
    }
    assert_eq!(count, 16);
}

#[test]
fn a_signature_that_nobody_here_verifies_is_a_note() {
    let text = include_str!("../../../tests/data/algorithms.pem");
    let (_, pair) = text.split_once("# untold: 1024").expect("the pair");
    let blocks = pem::blocks(pair);
    let [shown, issuer] = [0, 1].map(|at| blocks[at].octets().expect("octets"));
    let mut scene = Scene::new();
    scene.hold_octets(&issuer, &shown);
    let of_issuer = |finding: &Finding| finding.code == "certificate-issuer";
    let found: Vec<_> = scene.findings().into_iter().filter(of_issuer).collect();
    expect![[r#"
        note[certificate-issuer]: whether CN=RSA1024 signed the certificate of CN=leaf can't be told here
         --> hq.set:1:1
          |
        1 | set deviceconfig system hostname hq-fw
          | ^^^
          | |
          | signed in a way that this program doesn't verify
          | has the issuer's name and key identifier
          |
          = note: verified are RSA from 1024 bits (PKCS #1 v1.5, and PSS with a salt of the hash's size), ECDSA and Ed25519

    "#]].assert_eq(&to_text(&scene.sources, &found, Look::PLAIN));
}

#[test]
fn the_peers_own_certificate_is_no_authority() {
    let mut scene = Scene::new();
    scene.hold(GOOD, GOOD);
    let told = to_text(&scene.sources, &scene.findings(), Look::PLAIN);
    assert!(
        told.contains("branch trusts CN=hq.example.net, which is no authority"),
        "{told}"
    );
    assert_eq!(scene.codes(), ["certificate-issuer"]);
}

#[test]
fn an_authority_in_between_has_to_be_sent_along() {
    let mut scene = Scene::new();
    scene.hold(AUTHORITY, BELOW);
    assert_eq!(scene.codes(), ["certificate-issuer"]);
    let between = Certificate {
        name: Spanned::default_of("between".into()),
        der: der(INTERMEDIATE),
        is_authority: true,
    };
    scene.hq().certificates.push(between);
    assert_eq!(scene.codes(), [""; 0]);
}

#[test]
fn where_a_file_does_not_hold_whom_it_trusts_nothing_is_said() {
    let mut scene = Scene::new();
    scene.hold(STRANGER, GOOD);
    let uses = &mut scene.branch.gateway.connections[0].certificates;
    uses.trusted.push(Spanned::default_of("ELSEWHERE".into()));
    assert_eq!(scene.codes(), [""; 0]);
}

#[test]
fn a_short_key_signed_over_sha_1() {
    let mut scene = Scene::new();
    scene.hold(AUTHORITY, WEAK);
    scene.check(expect![[r#"
        warning[certificate-weak]: the certificate `hq-cert` is weak
         --> hq.set:1:1
          |
        1 | set deviceconfig system hostname hq-fw
          | ^^^ an RSA key of 1024 bits, less than 2048 (RFC 8247 §3.1); signed over SHA-1 (RFC 8247 §3.2)
          |
          = certainty: RFC
          = note: subject CN=hq.example.net, issuer CN=Lab CA
        help: have one issued for a longer key, signed over SHA-256 or better

    "#]]);
}

#[test]
fn cnsa_asks_more_of_keys() {
    let mut scene = Scene::new();
    scene.options.profile = Profile::Cnsa2;
    assert_eq!(scene.codes(), ["certificate-weak", "certificate-weak"]);
    scene.options.profile = Profile::Nist;
    assert_eq!(scene.codes(), [""; 0]);
}

#[test]
fn a_certificate_that_is_cut_off() {
    let mut scene = Scene::new();
    let good = der(GOOD);
    scene.hold_octets(&der(AUTHORITY), &good[..good.len() - 1]);
    scene.check(expect![[r#"
        warning[certificate-unreadable]: the certificate `hq-cert` can't be read
         --> hq.set:1:1
          |
        1 | set deviceconfig system hostname hq-fw
          | ^^^ expected an X.509 certificate, found 838 octets of something else
        help: export it again, and see that no line of it is cut off

    "#]]);
}

#[test]
fn whatever_octets_are_called_a_certificate_nothing_panics() {
    let weak = der(WEAK);
    for at in 0..weak.len() {
        let mut der = weak.clone();
        for octet in [0, 0x80, 0xff] {
            der[at] = octet;
            let _ = Parsed::from_der(&der);
        }
        let _ = Parsed::from_der(&weak[..at]);
    }
}
