//! A datagram of UDP port 500.

#![no_main]

use crossgate_wire::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| fuzzing::ike_message(data).expect("the laws of crossgate_wire::fuzzing"));
