//! Two files to be judged, with a line `=====` between them.

#![no_main]

use crossgate_check::fuzzing;
use crossgate_diag::{FileId, Sources};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    fuzzing::pair(data, &read).expect("the laws of crossgate_check::fuzzing");
});

/// In the language that it looks like.
fn read(sources: &mut Sources, file: FileId) -> Option<fuzzing::Read> {
    let text = sources.get(file).text();
    if crossgate_ios::looks_like(text) > 0 {
        let reading = crossgate_ios::read(sources, file).ok()?;
        return Some((reading.gateway.clone(), Box::new(reading)));
    }
    let reading = crossgate_panos::read(sources, file).ok()?;
    Some((reading.gateway.clone(), Box::new(reading)))
}
