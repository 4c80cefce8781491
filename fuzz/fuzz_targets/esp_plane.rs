//! A packet for the data plane, from the network and from the tunnel interface.

#![no_main]

use crossgate_esp::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    fuzzing::open_arbitrary(data).expect("the laws of crossgate_esp::fuzzing");
    fuzzing::seal_arbitrary(data).expect("the laws of crossgate_esp::fuzzing");
});
