//! `ping`.

use super::{Page, address};
use crossgate_model::operate::{Operation, Outcome};
use std::time::Duration;

pub const UNKNOWN_HOST: &str = "% Unrecognized host or address, or protocol not running.\n\n";

pub const INVALID_SOURCE: &str = "% Invalid source. Must use same-VRF IP address or full interface name without spaces (e.g. Serial0/1)\n";

pub const NOT_OURS: &str = "% Invalid source address- IP address not on any of our up interfaces\n";

/// Characters of results on a line.
const WIDTH: usize = 70;

pub fn print(operation: &Operation, outcome: &Outcome) -> String {
    let Operation::Ping(ping) = operation else {
        return String::new();
    };
    let results = match outcome {
        Outcome::Pinged(results) => results.as_slice(),
        Outcome::Failed(reason) => return format!("% {reason}\n"),
        _ => &[],
    };
    let mut page = Page::default();
    page.line("Type escape sequence to abort.");
    page.line(format_args!(
        "Sending {}, {}-byte ICMP Echos to {}, timeout is {} seconds:",
        ping.count,
        ping.size,
        address(ping.destination),
        ping.timeout.as_secs(),
    ));
    if let Some(source) = ping.source {
        page.line(format_args!(
            "Packet sent with a source address of {} ",
            address(source)
        ));
    }
    for row in results.chunks(WIDTH) {
        let marks: String = row
            .iter()
            .map(|r| if r.is_some() { '!' } else { '.' })
            .collect();
        page.line(marks);
    }
    page.line(summary(results));
    page.0
}

fn summary(results: &[Option<Duration>]) -> String {
    let trips: Vec<u128> = results
        .iter()
        .flatten()
        .map(|trip| milliseconds(*trip))
        .collect();
    let (sent, received) = (results.len(), trips.len());
    let percent = received * 100 / sent.max(1);
    let rate = format!("Success rate is {percent} percent ({received}/{sent})");
    match (trips.iter().min(), trips.iter().max()) {
        (Some(least), Some(most)) => {
            let mean = trips.iter().sum::<u128>() / trips.len().max(1) as u128;
            format!("{rate}, round-trip min/avg/max = {least}/{mean}/{most} ms")
        }
        _ => rate,
    }
}

/// IOS's clock has no less than one.
fn milliseconds(trip: Duration) -> u128 {
    trip.as_millis().max(1)
}
