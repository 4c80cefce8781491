//! The commands, a row each.

use super::words::{Arguments, Command};
use crate::print;
use crossgate_model::operate::{Operation, Outcome, Ping, Reply, Station, Which};
use std::net::IpAddr;
use std::time::Duration;

pub const COMMANDS: &[Command] = &[
    Command {
        words: "show vpn ike-sa ? gateway <gateway>",
        run: |a, s| Reply::Print(print::ike_sa::table(s.snapshot, a.get("gateway"))),
    },
    Command {
        words: "show vpn ike-sa detail ? gateway <gateway>",
        run: |a, s| Reply::Print(print::ike_sa::detail(s.snapshot, a.get("gateway"))),
    },
    Command {
        words: "show vpn ike-sa gateway <gateway> detail",
        run: |a, s| Reply::Print(print::ike_sa::detail(s.snapshot, a.get("gateway"))),
    },
    Command {
        words: "show vpn ipsec-sa ? tunnel <tunnel>",
        run: |a, s| Reply::Print(print::ipsec_sa::table(s.snapshot, a.get("tunnel"))),
    },
    Command {
        words: "show vpn flow",
        run: |_, s| Reply::Print(print::flow::table(s.snapshot)),
    },
    Command {
        words: "show vpn flow name <name>",
        run: |a, s| named(a, "name", s, print::flow::by_name),
    },
    Command {
        words: "show vpn flow tunnel-id <id>",
        run: |a, s| match a.number("id") {
            Some(id) => Reply::Print(print::flow::by_id(s.snapshot, id)),
            None => Reply::Refused("Invalid syntax.\n".into()),
        },
    },
    Command {
        words: "show vpn tunnel ? name <name>",
        run: |a, s| Reply::Print(print::tunnel::table(s, a.get("name"))),
    },
    Command {
        words: "show vpn gateway ? name <name>",
        run: |a, s| Reply::Print(print::gateway::table(s, a.get("name"))),
    },
    Command {
        words: "test vpn ike-sa ? gateway <gateway>",
        run: |a, s| {
            let connection = a.get("gateway").map(str::to_owned);
            let began = print::clock(s.snapshot.system.unix_time);
            operate(
                Operation::InitiateIke { connection },
                print::operation::initiated,
                began,
            )
        },
    },
    Command {
        words: "test vpn ipsec-sa ? tunnel <tunnel>",
        run: |a, s| {
            let tunnel = a.get("tunnel").map(str::to_owned);
            let began = print::clock(s.snapshot.system.unix_time);
            operate(
                Operation::InitiateChild { tunnel },
                print::operation::initiated,
                began,
            )
        },
    },
    Command {
        words: "clear vpn ike-sa ? gateway <gateway>",
        run: |a, _| {
            let which = a
                .get("gateway")
                .map(|name| Which::Connection(name.to_owned()));
            let which = which.unwrap_or(Which::All);
            operate(
                Operation::ClearIke { which },
                print::operation::cleared,
                String::new(),
            )
        },
    },
    Command {
        words: "clear vpn ipsec-sa ? tunnel <tunnel>",
        run: |a, _| {
            let tunnel = a.get("tunnel").map(str::to_owned);
            operate(
                Operation::ClearChild { tunnel },
                print::operation::cleared,
                String::new(),
            )
        },
    },
    Command {
        words: "show routing route ? destination <destination> virtual-router <virtual-router>",
        run: routes,
    },
    Command {
        words: "show interface all",
        run: |_, s| Reply::Print(print::interface::all(s.snapshot)),
    },
    Command {
        words: "show interface logical",
        run: |_, s| Reply::Print(print::interface::logical(s.snapshot)),
    },
    Command {
        words: "show system info",
        run: |_, s| Reply::Print(print::system::info(&s.snapshot.system)),
    },
    Command {
        words: "show clock",
        run: |_, s| Reply::Print(print::system::clock(&s.snapshot.system)),
    },
    Command {
        words: "show config running",
        run: |_, s| Reply::Print(s.masked_config.to_owned()),
    },
    Command {
        words: "ping ? source <source> host <host> count <count> size <size> interval <interval>",
        run: ping,
    },
    Command {
        words: "set cli scripting-mode <mode>",
        run: accepted,
    },
    Command {
        words: "set cli terminal width <width>",
        run: accepted,
    },
    Command {
        words: "set cli pager <mode>",
        run: accepted,
    },
];

/// Settings of a terminal that is not there.
fn accepted(_: &Arguments, _: &Station<'_>) -> Reply {
    Reply::Print(String::new())
}

fn named(
    arguments: &Arguments,
    name: &str,
    station: &Station<'_>,
    print: fn(&Station<'_>, &str) -> String,
) -> Reply {
    Reply::Print(print(station, arguments.get(name).unwrap_or_default()))
}

/// An operation whose print begins with a text known now.
fn operate(
    operation: Operation,
    print: fn(&Operation, &Outcome, &str) -> String,
    heading: String,
) -> Reply {
    Reply::Operate {
        operation,
        print: Box::new(move |operation, outcome| print(operation, outcome, &heading)),
    }
}

fn routes(arguments: &Arguments, station: &Station<'_>) -> Reply {
    let destination = match arguments.get("destination").map(print::routing::prefix) {
        Some(None) => return Reply::Refused("Invalid syntax.\n".into()),
        Some(found) => found,
        None => None,
    };
    let router = arguments.get("virtual-router");
    Reply::Print(print::routing::route(station.snapshot, destination, router))
}

fn ping(arguments: &Arguments, _: &Station<'_>) -> Reply {
    /// Octets of IPv4 and ICMP headers: PAN-OS counts the payload.
    const HEADERS: u16 = 28;
    let address = |name: &str| arguments.get(name).map(str::parse::<IpAddr>);
    let (Some(Ok(destination)), None | Some(Ok(_))) = (address("host"), address("source")) else {
        return Reply::Refused("Invalid syntax.\n".into());
    };
    let seconds = arguments.number("interval").unwrap_or(1);
    let ping = Ping {
        destination,
        source: address("source").and_then(Result::ok),
        count: arguments.number("count").unwrap_or(5).clamp(1, 10_000),
        size: arguments
            .number::<u16>("size")
            .unwrap_or(56)
            .saturating_add(HEADERS),
        timeout: Duration::from_secs(1),
        interval: Duration::from_secs(seconds),
    };
    operate(
        Operation::Ping(ping),
        print::operation::pinged,
        String::new(),
    )
}
