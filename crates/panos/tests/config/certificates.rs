//! Certificates and their use, post-quantum settings, cookies and link speeds.

use crate::{dump, reading_of, tunnel_and};
use crossgate_model::{Gateway, PostQuantum};
use crossgate_panos::{Secrets, compose, to_xml};

const CERTIFICATES: &str = "set shared certificate own public-key \"-----BEGIN CERTIFICATE-----
TQ==
-----END CERTIFICATE-----\"
set shared certificate own private-key hush-hush
set shared certificate root public-key \"-----BEGIN CERTIFICATE-----
TWE=
-----END CERTIFICATE-----\"
set vsys vsys1 certificate-profile trust CA root
delete network ike gateway G authentication
set network ike gateway G authentication certificate local-certificate name own
set network ike gateway G authentication certificate certificate-profile trust
";

/// The same of both forms.
fn gateway(more: &str) -> Gateway {
    let (_, set) = reading_of(&tunnel_and(more));
    let (_, xml) = reading_of(&to_xml(&set.tree, Secrets::Written));
    assert_eq!(dump::gateway(&set.gateway), dump::gateway(&xml.gateway));
    assert_eq!(set.findings.len(), xml.findings.len());
    set.gateway
}

fn undefined(gateway: &Gateway) -> Vec<&str> {
    let names = gateway.connections[0].certificates.undefined.iter();
    names.map(|name| name.value.as_str()).collect()
}

#[test]
fn a_certificate_is_read_and_its_use() {
    let gateway = gateway(CERTIFICATES);
    let held = gateway.certificates.iter();
    let held: Vec<_> = held
        .map(|c| (c.name.value.as_str(), c.der.as_slice(), c.is_authority))
        .collect();
    assert_eq!(
        held,
        [("own", b"M".as_slice(), false), ("root", b"Ma", true)]
    );
    let uses = &gateway.connections[0].certificates;
    assert_eq!(uses.own.as_ref().map(|own| own.value.as_str()), Some("own"));
    assert_eq!(uses.trusted[0].value, "root");
    assert!(uses.undefined.is_empty());
}

#[test]
fn what_a_gateway_lacks_is_named() {
    let without = |line: &str| {
        let lines = CERTIFICATES.lines().filter(|known| !known.contains(line));
        gateway(&lines.map(|line| format!("{line}\n")).collect::<String>())
    };
    assert_eq!(
        undefined(&without("local-certificate")),
        ["local-certificate"]
    );
    assert_eq!(
        undefined(&without("certificate-profile trust CA")),
        ["trust"]
    );
    assert_eq!(
        undefined(&without("certificate certificate-profile")),
        ["certificate-profile"]
    );
    let other = CERTIFICATES.replace("CA root", "CA unknown");
    assert_eq!(undefined(&gateway(&other)), ["unknown"]);
    let other = CERTIFICATES.replace("name own", "name nobody");
    assert_eq!(undefined(&gateway(&other)), ["nobody"]);
}

#[test]
fn a_certificate_that_is_none_is_told() {
    let (sources, reading) = reading_of("set shared certificate C public-key nonsense\n");
    let told = dump::findings(&sources, &reading.findings);
    assert!(told.contains("the certificate `C` can't be read"), "{told}");
    assert!(reading.gateway.certificates.is_empty());
}

#[test]
fn certificates_are_written_down_but_for_private_keys() {
    let gateway = gateway(CERTIFICATES);
    let composed = compose(&gateway);
    assert_eq!(
        composed.cannot,
        ["the private key of `own`, which no file tells"]
    );
    let (_, again) = reading_of(&composed.xml(Secrets::Written));
    let der = |gateway: &Gateway| -> Vec<Vec<u8>> {
        gateway.certificates.iter().map(|c| c.der.clone()).collect()
    };
    assert_eq!(der(&again.gateway), der(&gateway));
    let (old, new) = (&gateway.connections[0], &again.gateway.connections[0]);
    assert_eq!(new.certificates.own, old.certificates.own);
    assert_eq!(new.certificates.trusted, old.certificates.trusted);
    assert!(new.certificates.undefined.is_empty());
}

#[test]
fn post_quantum_settings_are_seen() {
    let kind = |more: &str| {
        let gateway = gateway(more);
        gateway.connections[0].post_quantum.map(|kind| kind.value)
    };
    let ikev2 = "set network ike gateway G protocol ikev2";
    assert_eq!(
        kind(&format!("{ikev2} pq-ppk enabled yes\n")),
        Some(PostQuantum::Ppk)
    );
    assert_eq!(
        kind(&format!("{ikev2} pq-kem enable yes\n")),
        Some(PostQuantum::MlKem)
    );
    assert_eq!(kind(&format!("{ikev2} pq-kem enable no\n")), None);
    let secret = format!("{ikev2} pq-ppk keys one key Hush-hush enabled yes\n");
    let (sources, reading) = reading_of(&tunnel_and(&secret));
    assert!(!sources.get(reading.file).masked().contains("Hush-hush"));
}

#[test]
fn a_cookie_is_asked_for_always_if_every_gateway_requires_it() {
    let required = "set network ike gateway G protocol ikev2 require-cookie yes\n";
    assert_eq!(gateway(required).limits.cookie_threshold.value, 0);
    let another = format!("{required}set network ike gateway H protocol version ikev2\n");
    assert_eq!(gateway(&another).limits.cookie_threshold.value, 500);
}

#[test]
fn a_links_speed_is_its_bandwidth() {
    let speed = "set network interface ethernet ethernet1/1 link-speed";
    let bandwidth = |word: &str| {
        let gateway = gateway(&format!("{speed} {word}\n"));
        gateway.interfaces[0].bandwidth.map(|bits| bits.value)
    };
    assert_eq!(bandwidth("1000"), Some(1_000_000_000));
    assert_eq!(bandwidth("auto"), None);
}
