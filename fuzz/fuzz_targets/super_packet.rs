//! What is read from a TUN: a header and a packet or super-packet.

#![no_main]

use crossgate_offload::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    fuzzing::super_packet(data).expect("the laws of crossgate_offload::fuzzing");
});
