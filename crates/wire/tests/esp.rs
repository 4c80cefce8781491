//! ESP headers and trailers, and who is who on port 4500.

use crossgate_wire::esp::*;
use expect_test::{Expect, expect};

fn check_4500(datagram: &[u8], kind: Expect) {
    kind.assert_eq(&format!("{:?}", classify_4500(datagram)));
}

#[test]
fn port_4500() {
    check_4500(&[0xff], expect!["Keepalive"]);
    check_4500(&[], expect!["Runt"]);
    check_4500(&[0xfe], expect!["Runt"]);
    check_4500(&[0, 0, 0], expect!["Runt"]);
    check_4500(&[0, 0, 0, 0], expect!["Ike([])"]);
    check_4500(&[0, 0, 0, 0, 1], expect!["Ike([1])"]);
    check_4500(&[0, 0, 0, 1], expect!["Esp([0, 0, 0, 1])"]);
    // Only a lone 0xff is a keepalive; an SPI may begin with it.
    check_4500(
        &[0xff, 0xff, 0xff, 0xff],
        expect!["Esp([255, 255, 255, 255])"],
    );
}

#[test]
fn header() {
    let header = Header {
        spi: 0xc000_0001,
        sequence: 7,
    };
    let bytes = [&header.to_bytes(), b"body".as_slice()].concat();
    assert_eq!(
        EspPacket::parse(&bytes),
        Ok(EspPacket {
            header,
            body: b"body"
        })
    );
    let error = |bytes: &[u8]| EspPacket::parse(bytes).unwrap_err().to_string();
    expect!["ESP header at offset 4: expected 4 bytes, found 3"].assert_eq(&error(&bytes[..7]));
    expect!["ESP header at offset 0: expected SPI not 0, found 0"].assert_eq(&error(&[0; 8]));
}

#[test]
fn trailer_of_each_length_and_block() {
    for block in [4, 8, 16] {
        for length in 0..64 {
            let mut buffer = vec![0xa5; 9];
            buffer.resize(9 + length, 0x5a);
            append_trailer(&mut buffer, length, block, 4);
            let plaintext = &buffer[9..];
            assert_eq!(plaintext.len() % block, 0);
            assert!(plaintext.len() < length + 2 + block);
            let expected = Trailer {
                payload: &vec![0x5a; length],
                next_header: 4,
            };
            assert_eq!(Trailer::parse(plaintext), Ok(expected));
        }
    }
}

#[test]
fn a_cipher_without_blocks_still_aligns_to_four() {
    assert_eq!(
        (padding_len(1, 1), padding_len(2, 0), padding_len(5, 3)),
        (1, 0, 1)
    );
}

#[test]
fn trailer_refusals() {
    let error = |bytes: &[u8]| Trailer::parse(bytes).unwrap_err().to_string();
    expect!["ESP trailer at offset 0: expected 2 bytes, found 1"].assert_eq(&error(&[4]));
    expect!["ESP trailer at offset 2: expected at least 3, found 2"]
        .assert_eq(&error(&[1, 2, 3, 4]));
    expect!["ESP trailer at offset 2: expected padding 1, 2, 3 and so on, found 7"]
        .assert_eq(&error(&[9, 1, 7, 2, 4]));
    assert!(Trailer::parse(&[1, 2, 2, 4]).is_ok());
}
