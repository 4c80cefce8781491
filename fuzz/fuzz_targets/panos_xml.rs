//! A file that may be a PAN-OS configuration in XML.

#![no_main]

use crossgate_panos::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    fuzzing::document(data).expect("the laws of crossgate_panos::fuzzing");
});
