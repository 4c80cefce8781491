//! What is written reads back as the same value, whatever was in the buffer before.

mod support;

use crossgate_wire::ike::*;
use crossgate_wire::{Error, Part};
use expect_test::{Expect, expect};
use support::hex;
use support::messages::*;

/// Writes one payload, reads it back, and compares its bytes, printed as hexadecimal in groups of four.
fn check(payload: Payload, bytes: Expect) {
    let (first, chain) = build_plain_chain(std::slice::from_ref(&payload)).unwrap();
    assert_eq!(
        parse_payloads(first, &chain).unwrap(),
        std::slice::from_ref(&payload)
    );
    // The body goes behind whatever is there and touches none of it.
    let mut dirty = vec![0xa5; 32];
    payload.emit_body(&mut dirty).unwrap();
    assert_eq!(dirty[..32], [0xa5; 32]);
    assert_eq!(dirty[32..], chain[4..]);
    bytes.assert_eq(&groups(&chain));
}

fn groups(bytes: &[u8]) -> String {
    let group = |four: &[u8]| {
        four.iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    bytes.chunks(4).map(group).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_proposal_with_key_length() {
    let payload = Payload::Sa(SaPayload::new(vec![esp_proposal()]));
    check(
        payload,
        expect!["00000024 00000020 02030402 cafebabe 0300000c 01000014 800e0080 00000008 05000000"],
    );
}

#[test]
fn a_proposal_with_unknown_transforms_and_attributes() {
    check(
        Payload::Sa(SaPayload::new(vec![ike_proposal()])),
        expect![
            "00000061 0000005d 01010807 08080808 08080808 0300000c 0100000c 800e0100 03000019 01000400 800e0080 00090005 07070707 07800a00 08030000 08020000 05030000 08030000 0c030000 08040000 0e030000 08060000 24000000 08630000 63"
        ],
    );
}

#[test]
fn two_proposals() {
    let proposals = vec![Proposal::new(1, ProtocolId::IKE), esp_proposal()];
    check(
        Payload::Sa(SaPayload::new(proposals)),
        expect![
            "0000002c 02000008 01010000 00000020 02030402 cafebabe 0300000c 01000014 800e0080 00000008 05000000"
        ],
    );
}

#[test]
fn a_key_exchange() {
    check(
        Payload::Ke(KeyExchange {
            group: DhId::CURVE25519,
            data: vec![0x41; 8],
        }),
        expect!["00000010 001f0000 41414141 41414141"],
    );
}

#[test]
fn an_identification() {
    check(
        Payload::IdI(Identification::email("a@b")),
        expect!["0000000b 03000000 614062"],
    );
}

#[test]
fn an_identification_with_dirty_reserved_bytes() {
    let id = Identification {
        reserved: [1, 2, 3],
        ..Identification::fqdn("x")
    };
    check(Payload::IdR(id), expect!["00000009 02010203 78"]);
}

#[test]
fn an_authentication() {
    let auth = Authentication {
        method: AuthMethod::DIGITAL_SIGNATURE,
        data: vec![9; 4],
    };
    check(Payload::Auth(auth), expect!["0000000c 0e000000 09090909"]);
}

#[test]
fn a_notify_with_spi() {
    let notify = Notify::about_child(NotifyType::REKEY_SA, ProtocolId::ESP, 0x0102_0304);
    check(
        Payload::Notify(notify),
        expect!["0000000c 03044009 01020304"],
    );
}

#[test]
fn a_notify_that_wants_another_group() {
    check(
        Payload::Notify(Notify::invalid_ke(DhId::MODP_3072)),
        expect!["0000000a 00000011 000f"],
    );
}

/// RFC 9611 §5.
#[test]
fn what_is_said_of_sas_for_several_resources() {
    check(
        Payload::Notify(Notify::new(NotifyType::SA_RESOURCE_INFO)),
        expect!["00000008 0000403c"],
    );
    check(
        Payload::Notify(Notify::with_data(
            NotifyType::SA_RESOURCE_INFO,
            [0, 0, 0, 2],
        )),
        expect!["0000000c 0000403c 00000002"],
    );
    check(
        Payload::Notify(Notify::new(NotifyType::TS_MAX_QUEUE)),
        expect!["00000008 00000030"],
    );
}

#[test]
fn a_delete_of_two_children() {
    check(
        Payload::Delete(Delete::esp(vec![0x100, 0x200])),
        expect!["00000010 03040002 00000100 00000200"],
    );
}

#[test]
fn a_delete_of_the_ike_sa() {
    check(Payload::Delete(Delete::ike()), expect!["00000008 01000000"]);
}

#[test]
fn selectors_of_both_families() {
    let v4 = TrafficSelector {
        ip_protocol: 6,
        start_port: 80,
        end_port: 81,
        ..selector("10.0.0.0", "10.0.0.255")
    };
    let ts = TsPayload::new([v4, selector("2001:db8::", "2001:db8::ffff")]);
    check(
        Payload::TsI(ts),
        expect![
            "00000040 02000000 07060010 00500051 0a000000 0a0000ff 08000028 0000ffff 20010db8 00000000 00000000 00000000 20010db8 00000000 00000000 0000ffff"
        ],
    );
}

#[test]
fn a_selector_of_an_unknown_type() {
    let unknown = UnknownSelector {
        kind: TsType(11),
        ip_protocol: 3,
        body: vec![1, 2],
    };
    check(
        Payload::TsR(TsPayload {
            entries: vec![TsEntry::Unknown(unknown)],
        }),
        expect!["0000000e 01000000 0b030006 0102"],
    );
}

#[test]
fn a_configuration_request() {
    let attribute = |kind, value: &[u8]| ConfigAttribute {
        kind,
        value: value.to_vec(),
    };
    let attributes = vec![
        attribute(ConfigAttributeType::INTERNAL_IP4_ADDRESS, &[]),
        attribute(ConfigAttributeType(0x7abc), &[1]),
    ];
    let config = Configuration {
        kind: ConfigType::REQUEST,
        attributes,
    };
    check(
        Payload::Config(config),
        expect!["00000011 01000000 00010000 7abc0001 01"],
    );
}

#[test]
fn an_unknown_critical_payload() {
    let unknown = UnknownPayload {
        kind: PayloadType(200),
        critical: true,
        body: vec![5],
    };
    check(Payload::Unknown(unknown), expect!["00800005 05"]);
}

#[test]
fn every_payload_in_one_chain() {
    let payloads = every_payload();
    let (first, chain) = build_plain_chain(&payloads).unwrap();
    assert_eq!(first, PayloadType::SA);
    assert_eq!(parse_payloads(first, &chain).unwrap(), payloads);
}

#[test]
fn no_payload_at_all() {
    assert_eq!(
        build_plain_chain(&[]).unwrap(),
        (PayloadType::NONE, Vec::new())
    );
    assert_eq!(parse_payloads(PayloadType::NONE, &[]).unwrap(), []);
}

#[test]
fn whole_messages() {
    for message in [full_message(), fragment_message()] {
        let bytes = message.emit().unwrap();
        assert_eq!(Message::parse(&bytes).unwrap(), message);
    }
}

/// What an engine does: chain, prefix, then the closed body.
#[test]
fn an_sk_message_in_place_equals_the_one_built_at_once() {
    let header = header(ExchangeType::IKE_AUTH);
    let body = vec![0xee; 48];
    let mut in_place = sk_prefix(&header, PayloadType::IDI, body.len()).unwrap();
    let aad = in_place.clone();
    in_place.extend_from_slice(&body);
    let encrypted = Payload::Encrypted(Encrypted {
        first: PayloadType::IDI,
        body: body.clone(),
    });
    assert_eq!(in_place, build_message(&header, &[encrypted]).unwrap());

    let datagram = Datagram::parse(&in_place).unwrap();
    let protected = datagram.protected.unwrap();
    assert_eq!(
        (protected.aad, protected.body),
        (aad.as_slice(), body.as_slice())
    );
    assert_eq!(
        (protected.first, protected.offset),
        (PayloadType::IDI, HEADER_LEN + 4)
    );
    assert_eq!(protected.protection, Protection::Whole);
}

#[test]
fn only_the_first_fragment_says_what_is_inside() {
    let header = header(ExchangeType::IKE_AUTH);
    let firsts = [1, 2].map(|number| {
        let mut bytes = skf_prefix(&header, PayloadType::IDI, number, 2, 3).unwrap();
        let aad = bytes.clone();
        bytes.extend_from_slice(&[1, 2, 3]);
        let protected = Datagram::parse(&bytes).unwrap().protected.unwrap();
        assert_eq!(
            protected.protection,
            Protection::Fragment { number, total: 2 }
        );
        assert_eq!(
            (protected.aad, protected.body),
            (aad.as_slice(), [1, 2, 3].as_slice())
        );
        protected.first
    });
    assert_eq!(firsts, [PayloadType::IDI, PayloadType::NONE]);
}

#[test]
fn what_does_not_fit_is_refused() {
    let (limit, part) = (65535, Part::Payload(PayloadType::VENDOR_ID));
    let vendor = |length| {
        [Payload::VendorId(VendorId {
            data: vec![0; length],
        })]
    };
    assert!(build_plain_chain(&vendor(65531)).is_ok());
    let found = 65536;
    let too_long = Error::TooLong {
        part,
        field: "length",
        limit,
        found,
    };
    assert_eq!(build_plain_chain(&vendor(65532)), Err(too_long));
    let header = header(ExchangeType::INFORMATIONAL);
    assert!(build_message(&header, &vendor(65535 - 28 - 4)).is_ok());
    assert!(build_message(&header, &vendor(65535 - 28 - 3)).is_err());
    assert!(sk_prefix(&header, PayloadType::NONE, 65535 - 32).is_ok());
    assert!(sk_prefix(&header, PayloadType::NONE, 65535 - 31).is_err());
    assert!(sk_prefix(&header, PayloadType::NONE, usize::MAX).is_err());
}

#[test]
fn an_sa_without_proposals_is_not_written() {
    let empty = [Payload::Sa(SaPayload::default())];
    assert!(matches!(
        build_plain_chain(&empty),
        Err(Error::Count { found: 0, .. })
    ));
}

#[test]
fn android_and_its_peer_agree_on_these_bytes() {
    let request = Message::parse(&hex(aosp("PSK_IKE_INIT_REQUEST_HEX_STRING"))).unwrap();
    expect![[r#"
        IKE_SA_INIT request 0 from initiator 5f54bf6d8b48e6e1..0000000000000000
          SA 1 IKE: ENCR=ENCR_AES_CBC-128 INTEG=AUTH_HMAC_SHA1_96 KE=1024-bit MODP Group PRF=PRF_HMAC_SHA1
          KE 1024-bit MODP Group, 128 bytes
          Nonce 32 bytes
          Notify NAT_DETECTION_SOURCE_IP, 20 bytes
          Notify NAT_DETECTION_DESTINATION_IP, 20 bytes
          Vendor ID 699369228741c6d4ca094c93e242c9de19e7b7c60000000500000500"#]].assert_eq(&request.to_string());
    assert_eq!(
        request.emit().unwrap(),
        hex(aosp("PSK_IKE_INIT_REQUEST_HEX_STRING"))
    );

    let payload = hex(aosp("PSK_AUTH_PAYLOAD_HEX_STRING"));
    let raw = Chain::new(PayloadType::AUTH, &payload)
        .next()
        .unwrap()
        .unwrap();
    assert_eq!(
        (raw.next, raw.body),
        (
            PayloadType::SA,
            hex(aosp("PSK_AUTH_PAYLOAD_BODY_HEX_STRING")).as_slice()
        )
    );
    let data = hex(aosp("PSK_AUTH_PAYLOAD_SIGNATURE_HEX_STRING"));
    let auth = Authentication {
        method: AuthMethod::SHARED_KEY_MIC,
        data,
    };
    assert_eq!(Payload::parse(&raw), Ok(Payload::Auth(auth)));

    let id = Identification::address("10.80.80.13".parse().unwrap());
    assert_eq!(id.body(), hex(aosp("PSK_ID_INITIATOR_PAYLOAD_HEX_STRING")));
}

/// The value of a key in `aosp_psk_handshake.json`, whose values are all plain strings.
fn aosp(key: &str) -> &'static str {
    let json = include_str!("data/aosp_psk_handshake.json");
    let (_, rest) = json.split_once(&format!("\"{key}\": \"")).unwrap();
    rest.split_once('"').unwrap().0
}
