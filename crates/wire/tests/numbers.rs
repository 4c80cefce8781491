//! Registered numbers: known ones have IANA's name, unknown ones survive and print.

use crossgate_wire::ike::*;
use expect_test::expect;

macro_rules! list {
    ($out:ident, $($registry:ident),*) => {
        $(
            writeln!($out, "{}", stringify!($registry)).unwrap();
            for number in $registry::KNOWN {
                writeln!($out, "  {} {number}", number.0).unwrap();
                // A name of its own for each number, else a log would lie.
                assert_eq!($registry::KNOWN.iter().filter(|other| other.name() == number.name()).count(), 1);
            }
        )*
    };
}

#[test]
fn known_numbers_print_their_registered_names() {
    use std::fmt::Write as _;
    let mut out = String::new();
    list!(
        out,
        ExchangeType,
        PayloadType,
        ProtocolId,
        TransformType,
        EncrId,
        PrfId,
        IntegId,
        DhId,
        EsnId
    );
    list!(
        out,
        NotifyType,
        IdType,
        AuthMethod,
        CertEncoding,
        TsType,
        ConfigType,
        ConfigAttributeType,
        HashAlgorithm
    );
    expect_test::expect_file!["data/numbers.txt"].assert_eq(&out);
}

#[test]
fn unknown_numbers_print_what_they_are() {
    let printed = [
        ExchangeType(99).to_string(),
        PayloadType(99).to_string(),
        EncrId(999).to_string(),
        NotifyType(40960).to_string(),
        Transform::new(TransformType(77), 5).to_string(),
        Transform::prf(PrfId(77)).to_string(),
    ];
    expect![[r#"
        exchange type 99
        payload type 99
        encryption algorithm 999
        notify type 40960
        transform type 77=5
        PRF=77"#]]
    .assert_eq(&printed.join("\n"));
}

#[test]
fn notify_types_are_errors_below_16384() {
    assert!(NotifyType::CHILD_SA_NOT_FOUND.is_error() && NotifyType(16383).is_error());
    assert!(!NotifyType::INITIAL_CONTACT.is_error() && !NotifyType(40960).is_error());
}

#[test]
fn text_of_a_peer_cannot_forge_a_log_line() {
    let id = |kind, data: &[u8]| Identification::new(kind, data).to_string();
    let printed = [
        id(IdType::FQDN, b"gw\n%LINK-3-UPDOWN \x1b[31m\"\\\xff"),
        id(IdType::RFC822_ADDR, "ä@b".as_bytes()),
        id(IdType::KEY_ID, b"group-1"),
        id(IdType::KEY_ID, b"a b"),
        id(IdType::IPV4_ADDR, &[192, 0, 2, 1]),
        id(IdType::IPV4_ADDR, &[192, 0, 2]),
        id(IdType::NULL, &[]),
        id(IdType(99), b"x"),
        VendorId {
            data: b"Cisco\r\n".to_vec(),
        }
        .to_string(),
    ];
    expect![[r#"
        gw\n%LINK-3-UPDOWN \x1b[31m\"\\\xff
        \xc3\xa4@b
        group-1
        0x612062
        192.0.2.1
        0xc00002
        ID_NULL
        0x78
        436973636f0d0a"#]]
    .assert_eq(&printed.join("\n"));
}
