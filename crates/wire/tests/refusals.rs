//! Each way in which an IKE message can be wrong, and the error that says so.

mod support;

use crossgate_wire::Error;
use crossgate_wire::ike::*;
use expect_test::{Expect, expect};
use support::hex;
use support::messages::*;

/// A chain in hexadecimal whose first payload has this type.
fn check(first: PayloadType, chain: &str, error: Expect) {
    let found = parse_payloads(first, &hex(chain)).map_err(|error| error.to_string());
    error.assert_eq(&format!("{found:?}"));
}

fn check_message(bytes: &[u8], error: Expect) {
    let found = Message::parse(bytes).map_err(|error| error.to_string());
    error.assert_eq(&format!("{found:?}"));
}

#[test]
fn generic_header_cut_short() {
    check(
        PayloadType::NONCE,
        "000000",
        expect![[r#"Err("Nonce payload header at offset 2: expected 2 bytes, found 1")"#]],
    );
}

#[test]
fn payload_shorter_than_its_own_header() {
    check(
        PayloadType::NONCE,
        "00000003",
        expect![[r#"Err("Nonce payload header at offset 0: expected at least 4, found 3")"#]],
    );
    check(
        PayloadType::VENDOR_ID,
        "00000000",
        expect![[r#"Err("Vendor ID payload header at offset 0: expected at least 4, found 0")"#]],
    );
}

#[test]
fn payload_longer_than_the_message() {
    check(
        PayloadType::VENDOR_ID,
        "0000ffff 00",
        expect![[r#"Err("Vendor ID payload at offset 4: expected 65531 bytes, found 1")"#]],
    );
}

#[test]
fn bytes_behind_the_last_payload() {
    check(
        PayloadType::VENDOR_ID,
        "00000004 00",
        expect![[r#"Err("payload chain ends at offset 4, but 1 more bytes follow")"#]],
    );
    check(
        PayloadType::NONE,
        "00",
        expect![[r#"Err("payload chain ends at offset 0, but 1 more bytes follow")"#]],
    );
}

#[test]
fn another_payload_announced_and_missing() {
    check(
        PayloadType::VENDOR_ID,
        "2b000004",
        expect![[r#"Err("Vendor ID payload header at offset 4: expected 1 bytes, found 0")"#]],
    );
}

#[test]
fn as_many_payloads_as_fit_and_one_more() {
    let chain = |count: usize| "2b000004".repeat(count - 1) + "00000004";
    let parse = |count| parse_payloads(PayloadType::VENDOR_ID, &hex(&chain(count)));
    assert_eq!(parse(MAX_PAYLOADS).unwrap().len(), MAX_PAYLOADS);
    assert!(matches!(
        parse(MAX_PAYLOADS + 1),
        Err(Error::TooMany {
            limit: MAX_PAYLOADS,
            ..
        })
    ));
}

#[test]
fn encrypted_payload_inside_an_encrypted_one() {
    check(
        PayloadType::SK,
        "00000004",
        expect![[r#"Err("SK payload at offset 0 is inside an encrypted payload already")"#]],
    );
    check(
        PayloadType::VENDOR_ID,
        "35000004 00000008 00010001",
        expect![[r#"Err("SKF payload at offset 4 is inside an encrypted payload already")"#]],
    );
}

#[test]
fn fragment_numbers() {
    let message = |number, total| {
        let fragment = Fragment {
            first: PayloadType::NONE,
            number,
            total,
            body: Vec::new(),
        };
        let header = header(ExchangeType::IKE_AUTH);
        build_message(&header, &[Payload::Fragment(fragment)]).unwrap()
    };
    assert!(Message::parse(&message(1, 1)).is_ok());
    assert!(Message::parse(&message(u16::MAX, u16::MAX)).is_ok());
    check_message(
        &message(0, 1),
        expect![[
            r#"Err("SKF payload at offset 32: expected fragment number from 1 to the total, found 0")"#
        ]],
    );
    check_message(
        &message(3, 2),
        expect![[
            r#"Err("SKF payload at offset 32: expected fragment number from 1 to the total, found 3")"#
        ]],
    );
    check_message(
        &message(1, 0),
        expect![[
            r#"Err("SKF payload at offset 32: expected fragment number from 1 to the total, found 1")"#
        ]],
    );
}

#[test]
fn payload_behind_the_encrypted_one() {
    let header = header(ExchangeType::IKE_AUTH);
    let encrypted = Payload::Encrypted(Encrypted {
        first: PayloadType::NONE,
        body: vec![1],
    });
    let vendor = Payload::VendorId(VendorId { data: Vec::new() });
    check_message(
        &build_message(&header, &[encrypted, vendor]).unwrap(),
        expect![[r#"Err("payload chain ends at offset 33, but 4 more bytes follow")"#]],
    );
}

#[test]
fn header_cut_short() {
    check_message(
        &[0; HEADER_LEN - 1],
        expect![[r#"Err("IKE header at offset 24: expected 4 bytes, found 3")"#]],
    );
}

#[test]
fn header_length_that_is_not_the_datagrams() {
    let mut bytes = full_message().emit().unwrap();
    bytes.push(0);
    check_message(
        &bytes,
        expect![[r#"Err("IKE header at offset 24: expected message length 627, found 626")"#]],
    );
    bytes.truncate(bytes.len() - 2);
    check_message(
        &bytes,
        expect![[r#"Err("IKE header at offset 24: expected message length 625, found 626")"#]],
    );
    bytes[24..28].copy_from_slice(&[0xff; 4]);
    check_message(
        &bytes,
        expect![[
            r#"Err("IKE header at offset 24: expected message length 625, found 4294967295")"#
        ]],
    );
}

/// Both keep what an answer needs (RFC 7296 §2.5), whatever follows the header.
#[test]
fn other_versions() {
    let mut bytes = full_message().emit().unwrap();
    bytes[17] = 0x10;
    let header = Header::parse(&bytes).unwrap();
    assert_eq!(Message::parse(&bytes), Err(Error::Ikev1(header)));
    bytes[17] = 0x30;
    let header = Header::parse(&bytes).unwrap();
    assert_eq!(
        Message::parse(&bytes[..HEADER_LEN]),
        Err(Error::MajorVersion(header))
    );
    check_message(
        &bytes,
        expect![[r#"Err("expected IKE major version 2, found 3")"#]],
    );
    assert_eq!(header.initiator_spi, full_message().header.initiator_spi);
}

#[test]
fn a_minor_version_is_ignored() {
    let mut bytes = full_message().emit().unwrap();
    bytes[17] = 0x2f;
    let message = Message::parse(&bytes).unwrap();
    assert_eq!(message.header.version.to_string(), "2.15");
    assert_eq!(message.header.response().version, Version::V2);
}

#[test]
fn proposal_counts() {
    // One ESP proposal without SPI and transforms; each case changes one field of it.
    assert!(parse_payloads(PayloadType::SA, &hex("0000000c 00000008 01030000")).is_ok());
    check(
        PayloadType::SA,
        "00000004",
        expect![[r#"Err("proposal at offset 4: expected 1 bytes, found 0")"#]],
    );
    check(
        PayloadType::SA,
        "0000000c 00000008 010300ff",
        expect![[r#"Err("proposal at offset 11: expected 255 transforms, found 0")"#]],
    );
    check(
        PayloadType::SA,
        "0000000c 00000008 0103ff00",
        expect![[r#"Err("proposal at offset 12: expected 255 bytes, found 0")"#]],
    );
    check(
        PayloadType::SA,
        "0000000c 0000ffff 01030000",
        expect![[r#"Err("proposal at offset 8: expected 65531 bytes, found 4")"#]],
    );
    check(
        PayloadType::SA,
        "0000000c 00000003 01030000",
        expect![[r#"Err("proposal at offset 4: expected at least 4, found 3")"#]],
    );
    check(
        PayloadType::SA,
        "0000000c 03000008 01030000",
        expect![[
            r#"Err("proposal at offset 4: expected last-substructure marker 0 or 2, found 3")"#
        ]],
    );
    check(
        PayloadType::SA,
        "0000000c 02000008 01030000",
        expect![[r#"Err("proposal at offset 12: expected 1 bytes, found 0")"#]],
    );
    check(
        PayloadType::SA,
        "0000000d 00000008 01030000 00",
        expect![[r#"Err("SA payload ends at offset 12, but 1 more bytes follow")"#]],
    );
}

#[test]
fn transform_lengths() {
    // One proposal with one transform, then the same with a wrong marker, length or attribute.
    assert!(
        parse_payloads(
            PayloadType::SA,
            &hex("00000014 00000010 01030001 00000008 05000000")
        )
        .is_ok()
    );
    check(
        PayloadType::SA,
        "00000014 00000010 01030001 02000008 05000000",
        expect![[
            r#"Err("transform at offset 12: expected last-substructure marker 0 or 3, found 2")"#
        ]],
    );
    check(
        PayloadType::SA,
        "00000014 00000010 01030001 03000008 05000000",
        expect![[r#"Err("transform at offset 20: expected 1 bytes, found 0")"#]],
    );
    check(
        PayloadType::SA,
        "00000014 00000010 01030001 00000004 05000000",
        expect![[r#"Err("transform at offset 16: expected 1 bytes, found 0")"#]],
    );
    check(
        PayloadType::SA,
        "00000014 00000010 01030001 00000009 05000000",
        expect![[r#"Err("transform at offset 16: expected 5 bytes, found 4")"#]],
    );
    check(
        PayloadType::SA,
        "00000016 00000012 01030001 0000000a 01000014 800e",
        expect![[r#"Err("transform attribute at offset 22: expected 2 bytes, found 0")"#]],
    );
    check(
        PayloadType::SA,
        "00000018 00000014 01030001 0000000c 01000014 0009ffff",
        expect![[r#"Err("transform attribute at offset 24: expected 65535 bytes, found 0")"#]],
    );
}

#[test]
fn short_fixed_parts() {
    check(
        PayloadType::KE,
        "00000006 0013",
        expect![[r#"Err("KE payload at offset 6: expected 2 bytes, found 0")"#]],
    );
    check(
        PayloadType::IDI,
        "00000006 0200",
        expect![[r#"Err("IDi payload at offset 5: expected 3 bytes, found 1")"#]],
    );
    check(
        PayloadType::AUTH,
        "00000005 02",
        expect![[r#"Err("AUTH payload at offset 5: expected 3 bytes, found 0")"#]],
    );
    check(
        PayloadType::CERT,
        "00000004",
        expect![[r#"Err("CERT payload at offset 4: expected 1 bytes, found 0")"#]],
    );
    check(
        PayloadType::CERTREQ,
        "00000004",
        expect![[r#"Err("CERTREQ payload at offset 4: expected 1 bytes, found 0")"#]],
    );
    check(
        PayloadType::NOTIFY,
        "00000007 000040",
        expect![[r#"Err("Notify payload at offset 6: expected 2 bytes, found 1")"#]],
    );
    check(
        PayloadType::NOTIFY,
        "00000008 03ff4009",
        expect![[r#"Err("Notify payload at offset 8: expected 255 bytes, found 0")"#]],
    );
    check(
        PayloadType::CP,
        "00000006 0100",
        expect![[r#"Err("CP payload at offset 5: expected 3 bytes, found 1")"#]],
    );
    check(
        PayloadType::CP,
        "0000000c 01000000 0001ffff",
        expect![[r#"Err("configuration attribute at offset 12: expected 65535 bytes, found 0")"#]],
    );
}

#[test]
fn nonce_at_its_bounds() {
    let nonce = |length: usize| {
        let nonce = Payload::Nonce(Nonce {
            data: vec![0; length],
        });
        let (first, chain) = build_plain_chain(&[nonce]).unwrap();
        parse_payloads(first, &chain).map_err(|error| error.to_string())
    };
    assert!(nonce(MIN_NONCE).is_ok() && nonce(MAX_NONCE).is_ok());
    expect!["Nonce payload at offset 4: expected at least 16, found 15"]
        .assert_eq(&nonce(MIN_NONCE - 1).unwrap_err());
    expect!["Nonce payload at offset 4: expected at most 256, found 257"]
        .assert_eq(&nonce(MAX_NONCE + 1).unwrap_err());
}

#[test]
fn delete_counts() {
    assert!(parse_payloads(PayloadType::DELETE, &hex("0000000c 03040001 00000001")).is_ok());
    check(
        PayloadType::DELETE,
        "00000008 0304ffff",
        expect![[r#"Err("Delete payload at offset 6: expected 65535 SPIs, found 0")"#]],
    );
    check(
        PayloadType::DELETE,
        "0000000c 03040000 00000001",
        expect![[r#"Err("Delete payload at offset 6: expected 0 SPIs, found 1")"#]],
    );
    check(
        PayloadType::DELETE,
        "0000000a 03040001 0000",
        expect![[r#"Err("Delete payload at offset 6: expected 1 SPIs, found 0")"#]],
    );
    check(
        PayloadType::DELETE,
        "00000009 03010001 01",
        expect![[r#"Err("Delete payload at offset 5: expected SPI size 4, found 1")"#]],
    );
    check(
        PayloadType::DELETE,
        "00000008 0100ffff",
        expect![[r#"Err("Delete payload at offset 6: expected 65535 SPIs, found 0")"#]],
    );
    check(
        PayloadType::DELETE,
        "00000010 01080001 0000000000000001",
        expect![[r#"Err("Delete payload at offset 5: expected SPI size 0, found 8")"#]],
    );
}

#[test]
fn selector_counts() {
    let one = "07000010 0000ffff 0a000000 0a0000ff";
    assert!(parse_payloads(PayloadType::TSI, &hex(&format!("00000018 01000000 {one}"))).is_ok());
    check(
        PayloadType::TSI,
        &format!("00000018 ff000000 {one}"),
        expect![[r#"Err("TSi payload at offset 4: expected 255 selectors, found 1")"#]],
    );
    check(
        PayloadType::TSR,
        &format!("00000018 00000000 {one}"),
        expect![[r#"Err("TSr payload at offset 4: expected 0 selectors, found 1")"#]],
    );
    check(
        PayloadType::TSI,
        "0000000c 01000000 07000003",
        expect![[r#"Err("traffic selector at offset 10: expected at least 4, found 3")"#]],
    );
    check(
        PayloadType::TSI,
        "0000000c 01000000 07000008",
        expect![[r#"Err("traffic selector at offset 12: expected 4 bytes, found 0")"#]],
    );
    check(
        PayloadType::TSI,
        "00000018 01000000 07000011 0000ffff 0a000000 0a0000ff",
        expect![[r#"Err("traffic selector at offset 12: expected 13 bytes, found 12")"#]],
    );
    check(
        PayloadType::TSI,
        "00000019 01000000 07000011 0000ffff 0a000000 0a0000ff 00",
        expect![[r#"Err("traffic selector ends at offset 24, but 1 more bytes follow")"#]],
    );
    check(
        PayloadType::TSI,
        "00000018 01000000 08000010 0000ffff 0a000000 0a0000ff",
        expect![[r#"Err("traffic selector at offset 16: expected 16 bytes, found 8")"#]],
    );
}

/// Lists whose length no count field bounds have bounds of ours; both sides of each.
#[test]
fn lists_at_their_bounds_and_one_more() {
    let parse = |payload: Payload| {
        let (first, chain) = build_plain_chain(&[payload]).unwrap();
        parse_payloads(first, &chain)
    };
    let proposals = |count| SaPayload::new(vec![Proposal::new(1, ProtocolId::ESP); count]);
    assert!(parse(Payload::Sa(proposals(MAX_PROPOSALS))).is_ok());
    assert!(too_many(
        parse(Payload::Sa(proposals(MAX_PROPOSALS + 1))),
        MAX_PROPOSALS
    ));

    let attributes = |count| {
        let mut transform = Transform::encr(EncrId::AES_CBC, Some(128));
        transform.other = vec![
            Attribute {
                kind: 1,
                value: AttributeValue::Short(0)
            };
            count
        ];
        let proposal = Proposal {
            transforms: vec![transform],
            ..Proposal::new(1, ProtocolId::ESP)
        };
        SaPayload::new(vec![proposal])
    };
    assert!(parse(Payload::Sa(attributes(MAX_ATTRIBUTES))).is_ok());
    assert!(too_many(
        parse(Payload::Sa(attributes(MAX_ATTRIBUTES + 1))),
        MAX_ATTRIBUTES
    ));

    let config = |count| {
        let attribute = ConfigAttribute {
            kind: ConfigAttributeType(1),
            value: Vec::new(),
        };
        Configuration {
            kind: ConfigType::REQUEST,
            attributes: vec![attribute; count],
        }
    };
    assert!(parse(Payload::Config(config(MAX_CONFIG_ATTRIBUTES))).is_ok());
    assert!(too_many(
        parse(Payload::Config(config(MAX_CONFIG_ATTRIBUTES + 1))),
        MAX_CONFIG_ATTRIBUTES
    ));
}

fn too_many(parsed: Result<Vec<Payload>, Error>, bound: usize) -> bool {
    matches!(parsed, Err(Error::TooMany { limit, .. }) if limit == bound)
}

/// A payload full of elements behind a count of one is given up after the second.
#[test]
fn more_elements_than_announced_are_not_all_read() {
    let selectors = "0b000004".repeat(16_000);
    let ts = format!("0000fa08 01000000 {selectors}");
    check(
        PayloadType::TSI,
        &ts,
        expect![[r#"Err("TSi payload at offset 4: expected 1 selectors, found 2")"#]],
    );
    let transforms = "03000008 05000000".repeat(4_000) + "00000008 05000000";
    let sa = format!("00007d14 00007d10 01030001 {transforms}");
    check(
        PayloadType::SA,
        &sa,
        expect![[r#"Err("proposal at offset 11: expected 1 transforms, found 2")"#]],
    );
}
