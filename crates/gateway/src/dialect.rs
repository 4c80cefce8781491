//! The vendors' languages, as the daemon and the lab use them. A third vendor is a crate and a row
//! here; nothing else names one.

use crate::clock::timestamp;
use crossgate_diag::{FileId, Finding, Sources};
use crossgate_ios::log::{self, Numbers};
use crossgate_model::event::Exchange;
use crossgate_model::operate::{DebugTopic, Reply, Station};
use crossgate_model::{Event, Gateway, Language};
use crossgate_wire::ike::{Datagram, ExchangeType, Payload};
use std::net::SocketAddr;
use std::time::Duration;

/// A language for configurations and commands.
#[derive(Clone, Copy)]
pub struct Dialect {
    /// As in [`Gateway::dialect`].
    pub name: &'static str,
    /// How sure it is that a text is its own, of a hundred; where nobody else is (the other
    /// argument is how sure the surest is), any number but zero will do.
    looks_like: fn(&str, usize) -> usize,
    read: Reader,
    execute: fn(&str, &Station<'_>) -> Reply,
    debug: Debug,
    debug_packet: DebugPacket,
    /// What its log says of an event, in its own words and without a date.
    log_lines: fn(&Event) -> Vec<String>,
    /// The same of a tunnel interface that came up or went down.
    interface_line: fn(&str, bool) -> Option<String>,
    /// How it dates a line, since 1970, UTC.
    date: fn(Duration) -> String,
    /// An interface's name in full.
    interface_name: fn(&str) -> String,
    status_commands: &'static [&'static str],
    /// What begins a line that the device shall not obey.
    comment: &'static str,
}

/// What was read of a file.
#[derive(Debug)]
pub struct Read {
    pub gateway: Gateway,
    pub findings: Vec<Finding>,
    /// How its vendor says what is to change in it.
    pub language: Box<dyn Language>,
}

/// What the operator says of a file that it does not say itself.
#[derive(Clone, Debug, Default)]
pub struct Hints {
    /// Release of the vendor's system, for a file that states none: `17.9`.
    pub release: Option<String>,
    /// Which device a Panorama's export is read as: by a template stack, a template or a serial
    /// number.
    pub template: Option<String>,
}

/// What a file says, or in a sentence why it can't be a configuration.
type Reader = fn(&mut Sources, FileId, &Hints) -> Result<Read, String>;

/// What a debug topic prints of an event, in the vendor's own words; the number is that of the
/// IKE SA, as in [`crossgate_model::view::IkeSaView`].
type Debug = fn(&Event, DebugTopic, Option<u32>) -> Vec<String>;

/// The same of an IKE message; nothing where the vendor's print is not known.
type DebugPacket = fn(&Seen<'_>, Option<u32>) -> Vec<String>;

/// An IKE message on the wire.
pub struct Seen<'a> {
    pub sent: bool,
    pub local: SocketAddr,
    pub remote: SocketAddr,
    pub octets: &'a [u8],
}

/// More than half of a hundred.
const MOST: usize = 50;

/// In the order in which they are preferred where a text looks equally like both.
const DIALECTS: &[Dialect] = &[
    Dialect {
        name: "pan-os",
        looks_like: |text, _| crossgate_panos::looks_like(text).into(),
        read: read_pan_os,
        execute: crossgate_panos::command::execute,
        debug: |_, _, _| Vec::new(),
        debug_packet: |_, _| Vec::new(),
        log_lines: crossgate_panos::log::lines,
        // Unless its tunnel is monitored, the interface stays up.
        interface_line: |_, _| None,
        date: slashed_date,
        interface_name: str::to_owned,
        status_commands: &["show vpn ike-sa", "show vpn ipsec-sa", "show vpn flow"],
        comment: "#",
    },
    Dialect {
        name: "ios-xe",
        looks_like: |text, surest| match surest {
            0 => crossgate_ios::has_any(text).into(),
            _ => share_of_lines(text, crossgate_ios::looks_like(text)),
        },
        read: read_ios_xe,
        execute: crossgate_ios::command::execute,
        debug: |event, topic, sa| {
            let numbers = sa.map(|sa| Numbers { session: sa, sa });
            log::debug_lines(event, topic, numbers)
        },
        debug_packet: ios_packet,
        log_lines: |event| log::syslog(event, None).into_iter().collect(),
        interface_line: |name, up| Some(log::line_protocol(name, up)),
        date: ios_date,
        interface_name: crossgate_ios::interface_name,
        status_commands: &["show crypto ikev2 sa", "show crypto session"],
        comment: "!",
    },
];

/// Nothing that is obeyed depends on the release.
fn read_pan_os(sources: &mut Sources, file: FileId, hints: &Hints) -> Result<Read, String> {
    match crossgate_panos::read_template(sources, file, hints.template.as_deref()) {
        Ok(reading) => Ok(Read {
            gateway: reading.gateway.clone(),
            findings: reading.findings.clone(),
            language: Box::new(reading),
        }),
        Err(refusal) if refusal.choices().is_empty() => Err(refusal.to_string()),
        Err(refusal) => Err(format!("{refusal}; choose with --template NAME")),
    }
}

fn read_ios_xe(sources: &mut Sources, file: FileId, hints: &Hints) -> Result<Read, String> {
    match crossgate_ios::read_as(sources, file, hints.release.as_deref()) {
        Ok(reading) => Ok(Read {
            gateway: reading.gateway.clone(),
            findings: reading.findings.clone(),
            language: Box::new(reading),
        }),
        Err(refusal) => Err(refusal.to_string()),
    }
}

/// `2026/06/11 09:05:07 `, as PAN-OS lists its logs.
fn slashed_date(unix: Duration) -> String {
    let stamp = timestamp(unix);
    let (date, time) = stamp.split_at(10);
    format!("{} {} ", date.replace('-', "/"), &time[1..9])
}

/// `Jun 11 09:05:07.250: `, as `service timestamps log datetime msec` has it.
fn ios_date(unix: Duration) -> String {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let stamp = timestamp(unix);
    let number = |range| {
        stamp
            .get(range)
            .and_then(|text: &str| text.parse::<usize>().ok())
    };
    let month = number(5..7).and_then(|month| MONTHS.get(month - 1));
    let (month, day) = (month.unwrap_or(&"Jan"), number(8..10).unwrap_or(1));
    format!("{month} {day:>2} {}: ", &stamp[11..23])
}

/// What is readable without keys: the header, the payloads in the clear, and that the rest is ENCR.
fn ios_packet(seen: &Seen<'_>, ike_sa: Option<u32>) -> Vec<String> {
    let Ok(datagram) = Datagram::parse(seen.octets) else {
        return Vec::new();
    };
    let exchange = match datagram.header.exchange {
        ExchangeType::IKE_SA_INIT => Exchange::IkeSaInit,
        ExchangeType::IKE_AUTH => Exchange::IkeAuth,
        ExchangeType::CREATE_CHILD_SA => Exchange::CreateChildSa,
        ExchangeType::INFORMATIONAL => Exchange::Informational,
        _ => return Vec::new(),
    };
    let clear = datagram.payloads.iter().map(|payload| match payload {
        Payload::Nonce(_) => "N".to_owned(),
        Payload::VendorId(_) => "VID".to_owned(),
        Payload::Notify(notify) => format!("NOTIFY({})", notify.kind),
        other => other.kind().to_string(),
    });
    let closed = datagram.protected.iter().map(|_| "ENCR".to_owned());
    let payloads: Vec<String> = clear.chain(closed).collect();
    let packet = log::Packet {
        sent: seen.sent,
        local: seen.local,
        remote: seen.remote,
        initiator_spi: datagram.header.initiator_spi.into(),
        responder_spi: datagram.header.responder_spi.into(),
        message_id: datagram.header.message_id,
        exchange,
        response: datagram.header.flags.response(),
        payloads: &payloads,
    };
    log::packet_lines(&packet, ike_sa.map(|sa| Numbers { session: sa, sa }))
}

impl Dialect {
    /// The language that a text looks most like, if it looks like any.
    pub fn of(text: &str) -> Option<Self> {
        let mut likely = None;
        let mut best = 0;
        for dialect in DIALECTS {
            let score = (dialect.looks_like)(text, best);
            if score > best {
                (best, likely) = (score, Some(*dialect));
            }
            // What has most of the lines, no other has.
            if score > MOST {
                break;
            }
        }
        likely
    }

    pub fn read(&self, sources: &mut Sources, file: FileId, hints: &Hints) -> Result<Read, String> {
        (self.read)(sources, file, hints)
    }

    /// What debugging packets prints of an IKE message.
    pub fn debug_packet(&self, seen: &Seen<'_>, ike_sa: Option<u32>) -> Vec<String> {
        (self.debug_packet)(seen, ike_sa)
    }

    /// What a debug topic prints of an event.
    pub fn debug(&self, event: &Event, topic: DebugTopic, ike_sa: Option<u32>) -> Vec<String> {
        (self.debug)(event, topic, ike_sa)
    }

    /// What the vendor's log says of an event, without a date.
    pub fn log_lines(&self, event: &Event) -> Vec<String> {
        (self.log_lines)(event)
    }

    /// What it says of a tunnel interface that came up or went down.
    pub fn interface_line(&self, name: &str, up: bool) -> Option<String> {
        (self.interface_line)(name, up)
    }

    /// A line of the log, with its date.
    pub fn dated(&self, unix: Duration, line: &str) -> String {
        format!("{}{line}", (self.date)(unix))
    }

    /// Understands one line of an operator.
    pub fn execute(&self, line: &str, station: &Station<'_>) -> Reply {
        (self.execute)(line, station)
    }

    /// The full name of an interface that an operator may have written short.
    pub fn interface_name(&self, written: &str) -> String {
        (self.interface_name)(written)
    }

    /// Commands that show how the tunnels stand.
    pub fn status_commands(&self) -> &'static [&'static str] {
        self.status_commands
    }

    /// A line for the reader among lines for the device.
    pub fn comment(&self, text: &str) -> String {
        format!("{} {text}", self.comment)
    }
}

impl std::fmt::Debug for Dialect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// A language, and a way to write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    IosXe,
    PanOsSet,
    PanOsXml,
}

/// A configuration as written.
pub struct Written {
    /// Keys included.
    pub text: String,
    /// What the language can't say, each as a sentence without full stop.
    pub cannot: Vec<String>,
    /// Lines, from 1 and in their order, and why they are there. None of XML, whose lines say no
    /// more than those of `set`.
    pub reasons: Vec<(usize, String)>,
}

impl Form {
    /// Writes down a gateway, whichever language it was read in.
    pub fn write(self, gateway: &Gateway) -> Written {
        if self == Self::IosXe {
            let composed = crossgate_ios::compose(gateway);
            return Written {
                text: composed.text,
                cannot: composed.cannot,
                reasons: composed.reasons,
            };
        }
        let composed = crossgate_panos::compose(gateway);
        let secrets = crossgate_panos::Secrets::Written;
        let (text, reasons) = match self {
            Self::PanOsXml => (composed.xml(secrets), Vec::new()),
            _ => (composed.set(secrets), composed.explained()),
        };
        Written {
            text,
            cannot: composed.cannot,
            reasons,
        }
    }
}

/// Of a hundred; not zero if any line is understood.
fn share_of_lines(text: &str, understood: usize) -> usize {
    let lines = text.lines().filter(|line| !line.trim().is_empty()).count();
    (understood * 100 / lines.max(1)).max(usize::from(understood > 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{BRANCH, HQ};

    #[test]
    fn a_text_is_read_in_the_language_that_it_is_written_in() {
        let of = |text| Dialect::of(text).map(|dialect| dialect.name);
        assert_eq!(of(HQ), Some("pan-os"));
        assert_eq!(of(BRANCH), Some("ios-xe"));
        assert_eq!(of("<config/>"), Some("pan-os"));
        assert_eq!(of("root:x:0:0:root:/root:/bin/bash\n"), None);
        assert_eq!(of(""), None);
    }

    #[test]
    fn each_vendor_dates_its_lines_in_its_own_way() {
        let moment = Duration::from_millis(1_781_168_707_250);
        let dated = |text| Dialect::of(text).map(|dialect| dialect.dated(moment, "x"));
        assert_eq!(dated(HQ).as_deref(), Some("2026/06/11 09:05:07 x"));
        assert_eq!(dated(BRANCH).as_deref(), Some("Jun 11 09:05:07.250: x"));
    }

    #[test]
    fn ios_shows_a_packets_header_and_what_is_readable_of_it() {
        use crossgate_wire::ike::{Flags, Header, IkeSpi, Nonce, build_message};
        let spis = (IkeSpi::from(1), IkeSpi::ZERO);
        let flags = Flags::new(true, false);
        let header = Header::new(spis.0, spis.1, ExchangeType::IKE_SA_INIT, flags, 0);
        let nonce = Payload::Nonce(Nonce { data: vec![7; 32] });
        let octets = build_message(&header, &[nonce]).expect("a message");
        let seen = Seen {
            sent: true,
            local: "203.0.113.10:500".parse().expect("an end"),
            remote: "198.51.100.20:500".parse().expect("an end"),
            octets: &octets,
        };
        let ios = Dialect::of(BRANCH).expect("a dialect");
        let lines = ios.debug_packet(&seen, None).join("\n");
        for part in [
            "Sending Packet [To 198.51.100.20:500/From 203.0.113.10:500/VRF i0:f0]",
            "IKEv2 IKE_SA_INIT Exchange REQUEST",
            "Payload contents: \n N ",
        ] {
            assert!(lines.contains(part), "{lines}");
        }
        let cut = Seen {
            octets: &octets[..20],
            ..seen
        };
        assert!(ios.debug_packet(&cut, None).is_empty());
    }
}
