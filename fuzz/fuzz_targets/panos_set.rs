//! A file that may be a PAN-OS configuration as `set` commands.

#![no_main]

use crossgate_panos::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    fuzzing::commands(data).expect("the laws of crossgate_panos::fuzzing");
});
