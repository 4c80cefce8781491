//! A datagram of UDP port 4500, decrypted ESP content, and an inner packet.

#![no_main]

use crossgate_wire::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| fuzzing::esp_packet(data).expect("the laws of crossgate_wire::fuzzing"));
