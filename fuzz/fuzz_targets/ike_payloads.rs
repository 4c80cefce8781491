//! A decrypted payload chain; the first byte is the type of its first payload.

#![no_main]

use crossgate_wire::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(
    |data: &[u8]| fuzzing::ike_payloads(data).expect("the laws of crossgate_wire::fuzzing")
);
