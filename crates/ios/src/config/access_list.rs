//! Access lists, standard and extended, named and numbered.

use super::{Config, Named, entry, remove};
use crate::grammar::{Args, Mode, Rule, aside, lacking, run, set};
use crate::tree::Line;
use crossgate_diag::{Span, Spanned};
use crossgate_model::{Action, Selector, SelectorPair};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::ops::RangeInclusive;

#[derive(Clone, Debug)]
pub struct AccessList {
    pub name: Spanned<String>,
    /// Selects by source only.
    pub standard: bool,
    /// By their sequence numbers.
    pub entries: BTreeMap<u32, Entry>,
    /// The numbers of entries by what they say.
    numbers: BTreeMap<(bool, SelectorPair), u32>,
}

#[derive(Clone, Debug)]
pub struct Entry {
    pub sequence: u32,
    pub action: Spanned<Action>,
    /// Source as `local`, destination as `remote`; or why it can't be said so.
    pub selectors: Result<SelectorPair, String>,
    /// From the protocol to the end.
    pub span: Span,
}

impl Named for AccessList {
    const WHAT: &'static str = "access list";

    fn new(name: Spanned<String>) -> Self {
        Self {
            name,
            standard: false,
            entries: BTreeMap::new(),
            numbers: BTreeMap::new(),
        }
    }

    fn name(&self) -> &Spanned<String> {
        &self.name
    }
}

impl AccessList {
    /// What the entry says, if a selector can say it.
    fn said(entry: &Entry) -> Option<(bool, SelectorPair)> {
        let pair = entry.selectors.as_ref().ok()?;
        Some((entry.action.value == Action::Allow, *pair))
    }

    fn put(&mut self, entry: Entry) {
        self.take(entry.sequence);
        if let Some(said) = Self::said(&entry) {
            self.numbers.insert(said, entry.sequence);
        }
        self.entries.insert(entry.sequence, entry);
    }

    fn take(&mut self, sequence: u32) {
        let taken = self.entries.remove(&sequence);
        if let Some(said) = taken.as_ref().and_then(Self::said) {
            self.numbers.remove(&said);
        }
    }
}

pub(crate) static TABLE: &[Rule<AccessList>] = &[
    set("permit", permit),
    set("deny", deny),
    set("#", sequenced),
    aside("remark", "remarks"),
    lacking("evaluate", "entries are static"),
    lacking("dynamic", "entries are static"),
];

pub(super) fn open_standard(
    config: &mut Config,
    args: &mut Args<'_, '_>,
    lines: &[Line],
) -> Option<()> {
    open(config, args, lines, true)
}

pub(super) fn open_extended(
    config: &mut Config,
    args: &mut Args<'_, '_>,
    lines: &[Line],
) -> Option<()> {
    open(config, args, lines, false)
}

fn open(
    config: &mut Config,
    args: &mut Args<'_, '_>,
    lines: &[Line],
    standard: bool,
) -> Option<()> {
    let name = args.name("the access list's name or number")?;
    if args.no {
        remove(&mut config.access_lists, &name, args.cx);
        return Some(());
    }
    let list = entry(&mut config.access_lists, name, args.cx)?;
    list.standard = standard;
    run(Mode::AccessList, TABLE, lines, list, args.cx);
    Some(())
}

/// `access-list NUMBER …`: the number says whether it is standard.
pub(super) fn numbered(config: &mut Config, args: &mut Args<'_, '_>) -> Option<()> {
    let number = args.number("an access list's number", 1..=2699)?;
    let standard = matches!(number.value, 1..=99 | 1300..=1999);
    if !standard && !matches!(number.value, 100..=199 | 2000..=2699) {
        args.rest();
        args.wrong(
            number.span,
            "a number of IP access lists (1-199, 1300-2699)",
        );
        return None;
    }
    let name = number.map(|n| n.to_string());
    if args.no {
        remove(&mut config.access_lists, &name, args.cx);
        args.rest();
        return Some(());
    }
    let list = entry(&mut config.access_lists, name, args.cx)?;
    list.standard = standard;
    if args.flag("remark").is_some() {
        args.rest();
        return Some(());
    }
    let action = args.choice("`permit` or `deny`", ACTIONS)?;
    add(list, args, None, action)
}

const ACTIONS: &[(&str, Action)] = &[("permit", Action::Allow), ("deny", Action::Deny)];

fn permit(list: &mut AccessList, args: &mut Args<'_, '_>) -> Option<()> {
    let action = Spanned::at(Action::Allow, args.line);
    add(list, args, None, action)
}

fn deny(list: &mut AccessList, args: &mut Args<'_, '_>) -> Option<()> {
    let action = Spanned::at(Action::Deny, args.line);
    add(list, args, None, action)
}

/// `10 permit …`, and `no 10`.
fn sequenced(list: &mut AccessList, args: &mut Args<'_, '_>) -> Option<()> {
    let number = slice_number(args)?;
    if args.no {
        list.take(number);
        return Some(());
    }
    if args.flag("remark").is_some() {
        args.rest();
        return Some(());
    }
    let action = args.choice("`permit` or `deny`", ACTIONS)?;
    add(list, args, Some(number), action)
}

/// The number that named the command.
fn slice_number(args: &mut Args<'_, '_>) -> Option<u32> {
    let line = crate::tree::slice(args.cx.text, args.line);
    let number = line
        .split_whitespace()
        .find_map(|word| word.parse::<u32>().ok());
    if number.is_none() {
        args.wrong(Some(args.line), "a sequence number from 1 to 4294967295");
    }
    number
}

fn add(
    list: &mut AccessList,
    args: &mut Args<'_, '_>,
    sequence: Option<u32>,
    action: Spanned<Action>,
) -> Option<()> {
    let last = list.entries.keys().next_back().copied();
    let next = last.unwrap_or(0).saturating_add(10);
    let rest = args.remaining_span();
    let selectors = match list.standard {
        true => source_only(args)?,
        false => extended(args)?,
    };
    let entry = Entry {
        sequence: sequence.unwrap_or(next),
        action,
        selectors,
        span: rest.unwrap_or(args.line),
    };
    let same = AccessList::said(&entry).and_then(|said| list.numbers.get(&said).copied());
    match (args.no, same, sequence) {
        (true, Some(same), _) => list.take(same),
        (true, None, _) => {}
        // What is said again without a number changes nothing; with one, it moves.
        (false, Some(_), None) => {}
        (false, _, _) => {
            same.into_iter().for_each(|same| list.take(same));
            list.put(entry);
        }
    }
    Some(())
}

type Selected = Result<SelectorPair, String>;

/// A standard entry: a source, or an address alone for a host.
fn source_only(args: &mut Args<'_, '_>) -> Option<Selected> {
    let has_wildcard = |word: &str| word.parse::<Ipv4Addr>().is_ok();
    let alone = args.peek(0).is_some_and(has_wildcard) && !args.peek(1).is_some_and(has_wildcard);
    let source = match alone {
        true => {
            let host = args.ipv4("an address")?.value;
            Ok(range(host, host))
        }
        false => address(args)?,
    };
    args.flag("log");
    Some(source.map(|local| SelectorPair {
        local,
        remote: Selector::ANY_V4,
    }))
}

/// `PROTOCOL SOURCE [PORTS] DESTINATION [PORTS] [more]`.
fn extended(args: &mut Args<'_, '_>) -> Option<Selected> {
    let protocol = protocol(args)?;
    let source = address(args)?;
    let source_ports = ports(args, protocol)?;
    let destination = address(args)?;
    let destination_ports = ports(args, protocol)?;
    let more = more_conditions(args);
    Some(pair(
        protocol,
        (source, source_ports),
        (destination, destination_ports),
        more,
    ))
}

type Half = (
    Result<Selector, String>,
    Result<RangeInclusive<u16>, String>,
);

fn pair(protocol: u8, source: Half, destination: Half, more: Option<String>) -> Selected {
    if let Some(more) = more {
        return Err(more);
    }
    Ok(SelectorPair {
        local: source.0?.only(protocol, source.1?),
        remote: destination.0?.only(protocol, destination.1?),
    })
}

pub(crate) const PROTOCOLS: &[(&str, u8)] = &[
    ("ip", 0),
    ("icmp", 1),
    ("igmp", 2),
    ("ipinip", 4),
    ("tcp", 6),
    ("udp", 17),
    ("gre", 47),
    ("esp", 50),
    ("ahp", 51),
    ("eigrp", 88),
    ("ospf", 89),
    ("nos", 94),
    ("pim", 103),
    ("pcp", 108),
    ("sctp", 132),
];

fn protocol(args: &mut Args<'_, '_>) -> Option<u8> {
    if args.number_ahead() {
        return Some(args.number("a protocol", 0..=255)?.value as u8);
    }
    Some(args.choice("a protocol", PROTOCOLS)?.value)
}

/// `any`, `host A`, `A WILDCARD`, or a group.
fn address(args: &mut Args<'_, '_>) -> Option<Result<Selector, String>> {
    if args.flag("any").is_some() || args.flag("any4").is_some() {
        return Some(Ok(Selector::ANY_V4));
    }
    if args.flag("host").is_some() {
        let host = args.ipv4("a host's address")?.value;
        return Some(Ok(range(host, host)));
    }
    if args.flag("object-group").is_some() {
        args.name("an object group's name")?;
        return Some(Err("it names an object group".into()));
    }
    let address = u32::from(args.ipv4("an address, `any` or `host`")?.value);
    let wildcard = args.ipv4("a wildcard mask")?;
    let bits = u32::from(wildcard.value);
    // A range of addresses: all zeros before all ones.
    if bits & bits.wrapping_add(1) != 0 {
        return Some(Err(format!(
            "its wildcard mask {} selects no single range of addresses",
            wildcard.value
        )));
    }
    Some(Ok(range(
        Ipv4Addr::from(address & !bits),
        Ipv4Addr::from(address | bits),
    )))
}

fn range(start: Ipv4Addr, end: Ipv4Addr) -> Selector {
    Selector {
        start: IpAddr::V4(start),
        end: IpAddr::V4(end),
        ..Selector::ANY_V4
    }
}

#[derive(Clone, Copy)]
enum Comparison {
    Eq,
    Range,
    Lt,
    Gt,
    Neq,
}

const COMPARISONS: [(&str, Comparison); 5] = [
    ("eq", Comparison::Eq),
    ("range", Comparison::Range),
    ("lt", Comparison::Lt),
    ("gt", Comparison::Gt),
    ("neq", Comparison::Neq),
];

fn comparison(word: &str) -> Option<Comparison> {
    let known = COMPARISONS.iter();
    let mut fitting = known.filter(|(keyword, _)| word.eq_ignore_ascii_case(keyword));
    fitting.next().map(|(_, comparison)| *comparison)
}

/// The ports of one side; any if none are stated.
fn ports(args: &mut Args<'_, '_>, protocol: u8) -> Option<Result<RangeInclusive<u16>, String>> {
    let any = Some(Ok(0..=u16::MAX));
    let word = args.peek(0).unwrap_or("");
    let Some(comparison) = comparison(word) else {
        return any;
    };
    // Only these protocols have ports.
    if !matches!(protocol, 6 | 17 | 132) {
        return any;
    }
    args.take();
    let first = port(args)?;
    match comparison {
        Comparison::Eq => Some(one_port(args, first)),
        Comparison::Range => {
            let last = port(args)?;
            Some(Ok(first.min(last)..=first.max(last)))
        }
        Comparison::Lt => Some(Ok(0..=first.saturating_sub(1))),
        Comparison::Gt => Some(Ok(first.saturating_add(1)..=u16::MAX)),
        Comparison::Neq => Some(Err("`neq` selects two ranges of ports".into())),
    }
}

/// IOS takes up to ten ports after `eq`.
fn one_port(args: &mut Args<'_, '_>, first: u16) -> Result<RangeInclusive<u16>, String> {
    let mut several = false;
    while args.peek(0).is_some_and(|word| port_number(word).is_some()) {
        args.take();
        several = true;
    }
    match several {
        true => Err("it lists several ports".into()),
        false => Ok(first..=first),
    }
}

fn port(args: &mut Args<'_, '_>) -> Option<u16> {
    let word = args.word("a port")?;
    let number = port_number(word.value);
    if number.is_none() {
        args.wrong(word.span, "a port from 0 to 65535 or its name");
    }
    number
}

fn port_number(word: &str) -> Option<u16> {
    let named = PORTS
        .iter()
        .find(|(name, _)| word.eq_ignore_ascii_case(name));
    named.map(|(_, port)| *port).or_else(|| word.parse().ok())
}

const PORTS: [(&str, u16); 44] = [
    ("biff", 512),
    ("bgp", 179),
    ("bootpc", 68),
    ("bootps", 67),
    ("chargen", 19),
    ("cmd", 514),
    ("daytime", 13),
    ("discard", 9),
    ("dnsix", 195),
    ("domain", 53),
    ("echo", 7),
    ("exec", 512),
    ("finger", 79),
    ("ftp", 21),
    ("ftp-data", 20),
    ("gopher", 70),
    ("hostname", 101),
    ("ident", 113),
    ("irc", 194),
    ("isakmp", 500),
    ("klogin", 543),
    ("kshell", 544),
    ("login", 513),
    ("lpd", 515),
    ("nameserver", 42),
    ("netbios-dgm", 138),
    ("netbios-ns", 137),
    ("netbios-ss", 139),
    ("nntp", 119),
    ("non500-isakmp", 4500),
    ("ntp", 123),
    ("pop2", 109),
    ("pop3", 110),
    ("rip", 520),
    ("smtp", 25),
    ("snmp", 161),
    ("snmptrap", 162),
    ("sunrpc", 111),
    ("syslog", 514),
    ("tacacs", 49),
    ("talk", 517),
    ("telnet", 23),
    ("tftp", 69),
    ("www", 80),
];

/// Words after the addresses, but for logging, select by what a traffic selector can't say.
fn more_conditions(args: &mut Args<'_, '_>) -> Option<String> {
    while args.flag("log").is_some() || args.flag("log-input").is_some() {}
    let rest = args.rest()?;
    let shown = args.cx.shown(rest.span?);
    Some(format!("{shown} selects by more than addresses and ports"))
}
