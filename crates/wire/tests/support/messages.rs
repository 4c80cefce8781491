//! Messages with something of everything, for tests that take them apart.

use std::net::IpAddr;

use crossgate_wire::esp::{self, KEEPALIVE, append_trailer};
use crossgate_wire::ike::*;
use crossgate_wire::ip::{Echo, EchoKind, Udp, build_packet, protocol};

/// Every payload type with content, as a message that could be decrypted.
pub fn every_payload() -> Vec<Payload> {
    let unknown = UnknownPayload {
        kind: PayloadType(200),
        critical: true,
        body: vec![1, 2, 3],
    };
    vec![
        Payload::Sa(SaPayload::new(vec![ike_proposal(), esp_proposal()])),
        Payload::Ke(KeyExchange {
            group: DhId::ECP_256,
            data: vec![0x55; 64],
        }),
        Payload::IdI(Identification::fqdn("branch.example")),
        Payload::IdR(Identification::address("2001:db8::1".parse().unwrap())),
        Payload::Cert(Certificate {
            encoding: CertEncoding::X509_SIGNATURE,
            data: vec![0x30, 0],
        }),
        Payload::CertReq(CertificateRequest {
            encoding: CertEncoding::X509_SIGNATURE,
            authorities: vec![0x11; 40],
        }),
        Payload::Auth(Authentication {
            method: AuthMethod::SHARED_KEY_MIC,
            data: vec![0x22; 32],
        }),
        Payload::Nonce(Nonce {
            data: vec![0x33; 32],
        }),
        Payload::Notify(Notify::signature_hashes(&[
            HashAlgorithm::SHA2_256,
            HashAlgorithm::IDENTITY,
        ])),
        Payload::Notify(Notify::about_child(
            NotifyType::REKEY_SA,
            ProtocolId::ESP,
            0xc0ff_ee00,
        )),
        Payload::Delete(Delete::esp(vec![0x0102_0304, 0x0506_0708])),
        Payload::VendorId(VendorId {
            data: b"strongSwan".to_vec(),
        }),
        Payload::TsI(TsPayload::new([
            selector("10.0.0.0", "10.0.0.255"),
            selector("::", "::ffff"),
        ])),
        Payload::TsR(TsPayload {
            entries: vec![TsEntry::Unknown(UnknownSelector {
                kind: TsType::SECLABEL,
                ip_protocol: 0,
                body: b"label".to_vec(),
            })],
        }),
        Payload::Config(Configuration {
            kind: ConfigType::REQUEST,
            attributes: vec![ConfigAttribute {
                kind: ConfigAttributeType::INTERNAL_IP4_SUBNET,
                value: vec![10, 0, 0, 0, 255, 0, 0, 0],
            }],
        }),
        Payload::Eap(Eap {
            message: vec![1, 7, 0, 5, 1],
        }),
        Payload::Unknown(unknown),
    ]
}

pub fn ike_proposal() -> Proposal {
    let mut odd = Transform::encr(EncrId(1024), Some(128));
    odd.other.push(Attribute {
        kind: 9,
        value: AttributeValue::Long(vec![7; 5]),
    });
    odd.other.push(Attribute {
        kind: 10,
        value: AttributeValue::Short(8),
    });
    Proposal {
        spi: vec![8; 8],
        transforms: vec![
            Transform::encr(EncrId::AES_CBC, Some(256)),
            odd,
            Transform::prf(PrfId::HMAC_SHA2_256),
            Transform::integ(IntegId::HMAC_SHA2_256_128),
            Transform::dh(DhId::MODP_2048),
            Transform::additional_ke(TransformType::ADDKE1, DhId::ML_KEM_768),
            Transform::new(TransformType(99), 99),
        ],
        ..Proposal::new(1, ProtocolId::IKE)
    }
}

pub fn esp_proposal() -> Proposal {
    Proposal {
        spi: vec![0xca, 0xfe, 0xba, 0xbe],
        transforms: vec![
            Transform::encr(EncrId::AES_GCM_16, Some(128)),
            Transform::esn(EsnId::NO_ESN),
        ],
        ..Proposal::new(2, ProtocolId::ESP)
    }
}

pub fn selector(start: &str, end: &str) -> TrafficSelector {
    let address = |text: &str| text.parse::<IpAddr>().unwrap();
    TrafficSelector::addresses(address(start), address(end))
}

pub fn header(exchange: ExchangeType) -> Header {
    Header::new(
        IkeSpi::from(0x0102_0304_0506_0708),
        IkeSpi::from(9),
        exchange,
        Flags::new(true, false),
        7,
    )
}

/// Every payload in the clear, and an SK at the end.
pub fn full_message() -> Message {
    let mut payloads = every_payload();
    payloads.push(Payload::Encrypted(Encrypted {
        first: PayloadType::IDI,
        body: vec![0xee; 48],
    }));
    let mut message = Message {
        header: header(ExchangeType::IKE_AUTH),
        payloads,
    };
    let bytes = message.emit().unwrap();
    message.header = Header::parse(&bytes).unwrap();
    message
}

pub fn fragment_message() -> Message {
    let fragment = Fragment {
        first: PayloadType::IDI,
        number: 1,
        total: 3,
        body: vec![0xdd; 64],
    };
    let payloads = vec![Payload::Fragment(fragment)];
    let mut message = Message {
        header: header(ExchangeType::IKE_AUTH),
        payloads,
    };
    let bytes = message.emit().unwrap();
    message.header = Header::parse(&bytes).unwrap();
    message
}

/// Inner packets, and what travels on port 4500.
pub fn packets() -> Vec<Vec<u8>> {
    let v4 = [
        "10.0.0.1".parse::<IpAddr>().unwrap(),
        "10.0.1.1".parse().unwrap(),
    ];
    let v6 = [
        "2001:db8::1".parse::<IpAddr>().unwrap(),
        "2001:db8:1::1".parse().unwrap(),
    ];
    let echo = Echo {
        kind: EchoKind::Request,
        identifier: 1,
        sequence: 2,
        data: b"ping",
    };
    let udp = Udp {
        source_port: 5000,
        destination_port: 53,
        payload: b"query",
    };
    let mut esp_content = echo.build(v4[0], v4[1]).unwrap();
    let length = esp_content.len();
    append_trailer(&mut esp_content, length, 16, protocol::IPV4);
    let header = esp::Header {
        spi: 0x1000_0001,
        sequence: 1,
    };
    vec![
        echo.build(v4[0], v4[1]).unwrap(),
        echo.build(v6[0], v6[1]).unwrap(),
        udp.build(v4[0], v4[1]).unwrap(),
        udp.build(v6[0], v6[1]).unwrap(),
        build_packet(v4[0], v4[1], protocol::TCP, &syn(1460)).unwrap(),
        build_packet(
            v6[0],
            v6[1],
            protocol::HOP_BY_HOP,
            &fragment_behind_options(),
        )
        .unwrap(),
        [header.to_bytes().as_slice(), &esp_content].concat(),
        esp_content,
        KEEPALIVE.to_vec(),
        with_non_esp_marker(&fragment_message().emit().unwrap()),
    ]
}

/// A TCP header with no checksum, and options before the MSS.
pub fn syn(mss: u16) -> Vec<u8> {
    let mut tcp = vec![
        0x13, 0x88, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 0x70, 0x02, 0xff, 0xff, 0, 0, 0, 0,
    ];
    tcp.extend_from_slice(&[1, 1, 2, 4]);
    tcp.extend_from_slice(&mss.to_be_bytes());
    tcp.extend_from_slice(&[1, 0]);
    tcp
}

/// IPv6 extension headers: hop-by-hop options, then the first fragment of UDP.
pub fn fragment_behind_options() -> Vec<u8> {
    let options = [protocol::FRAGMENT, 0, 1, 4, 0, 0, 0, 0];
    let fragment = [protocol::UDP, 0, 0, 1, 0, 0, 0, 77];
    let udp = [0x13, 0x88, 0, 53, 0, 16, 0, 0];
    [options, fragment, udp].concat()
}
