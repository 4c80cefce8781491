//! A file that may be a configuration of IOS-XE.

#![no_main]

use crossgate_ios::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    fuzzing::configuration(data).expect("the laws of crossgate_ios::fuzzing");
});
