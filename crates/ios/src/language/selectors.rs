//! Changes of access lists: what is encrypted, and what a packet filter lets through.

use super::block::Block;
use super::network;
use super::offer::{Carrier, carrier, entry_block};
use super::patch::Patch;
use crate::behaviour::Release;
use crate::config::access_list::{AccessList, Entry};
use crate::config::find;
use crate::config::interface::Interface;
use crate::tree::{Line, slice};
use crate::words::{self, Said, cannot};
use crossgate_diag::Spanned;
use crossgate_model::config::Action;
use crossgate_model::{Child, Selector, SelectorPair};
use ipnet::IpNet;
use std::net::IpAddr;

const LIST: &str = "ip access-list extended";

/// What becomes of a list.
enum Step<'r> {
    Replace(&'r Entry, String),
    Append(String),
    Remove(&'r Entry),
}

pub(super) fn replace(patch: &mut Patch<'_>, name: &str, to: &SelectorPair) -> Said<()> {
    let (_, child) = patch.child(name)?;
    if child.selectors.value == *to {
        return Ok(());
    }
    let Some(list) = list_of(patch, child)? else {
        return first_list(patch, child, to);
    };
    if *to == SelectorPair::ANY_V4
        && list.entries.len() == 1
        && let Carrier::Tunnel(interface) = carrier(patch, child)?
    {
        return without_list(patch, interface);
    }
    let text = words::entry(to)?;
    let entry = entry_of(list, child)?;
    step(patch, child, list, Step::Replace(entry, text))
}

pub(super) fn add(patch: &mut Patch<'_>, beside: &str, pair: &SelectorPair) -> Said<()> {
    let (_, child) = patch.child(beside)?;
    let text = words::entry(pair)?;
    match list_of(patch, child)? {
        Some(list) => step(patch, child, list, Step::Append(text)),
        None => cannot(format!(
            "{} has one Child SA from any to any, beside which there is no other",
            child.tunnel.value
        )),
    }
}

pub(super) fn remove(patch: &mut Patch<'_>, name: &str) -> Said<()> {
    let (_, child) = patch.child(name)?;
    let Some(list) = list_of(patch, child)? else {
        return cannot(format!(
            "{} has no access list to take an entry from",
            child.tunnel.value
        ));
    };
    let permits = |entry: &&Entry| entry.action.value == Action::Allow;
    if list.entries.values().filter(permits).count() < 2 {
        return cannot(format!(
            "it is the only entry of access list `{}`, which would select nothing without it",
            list.name.value
        ));
    }
    let entry = entry_of(list, child)?;
    step(patch, child, list, Step::Remove(entry))
}

/// What names a Child's list.
fn list_name<'r>(carrier: &Carrier<'r>) -> Option<&'r Spanned<String>> {
    match carrier {
        Carrier::Tunnel(interface) => interface.tunnel.policy.as_ref(),
        Carrier::Entry(entry) => entry.access_list.as_ref(),
    }
}

fn list_of<'r>(patch: &Patch<'r>, child: &Child) -> Said<Option<&'r AccessList>> {
    let carrier = carrier(patch, child)?;
    let Some(name) = list_name(&carrier) else {
        return Ok(None);
    };
    match find(&patch.lines.reading.config.access_lists, name) {
        Some(list) => Ok(Some(list)),
        None => cannot(format!("there is no access list `{}`", name.value)),
    }
}

fn entry_of<'r>(list: &'r AccessList, child: &Child) -> Said<&'r Entry> {
    let is_it = |entry: &&Entry| Some(entry.span) == child.selectors.span;
    match list.entries.values().find(is_it) {
        Some(entry) => Ok(entry),
        None => cannot(format!(
            "access list `{}` has no entry for it",
            list.name.value
        )),
    }
}

fn step<'r>(
    patch: &mut Patch<'r>,
    child: &Child,
    list: &'r AccessList,
    step: Step<'r>,
) -> Said<()> {
    let carrier = carrier(patch, child)?;
    if let Carrier::Entry(entry) = carrier {
        // Refuses a map that several interfaces have.
        entry_block(patch, entry)?;
    }
    if users(patch, list) > 1 {
        return step_copy(patch, &carrier, list, &step);
    }
    let header = Block {
        headers: vec![format!("{LIST} {}", list.name.value)],
        places: Vec::new(),
    };
    match step {
        Step::Replace(entry, text) => {
            patch.type_in(&header, &format!("no {}", entry.sequence));
            patch.type_in(&header, &format!("{} permit {text}", entry.sequence));
            patch.replace(entry.span, text);
        }
        Step::Remove(entry) => {
            patch.type_in(&header, &format!("no {}", entry.sequence));
            patch.delete(line_of(patch, entry)?);
        }
        Step::Append(text) => {
            let last = last_entry(list)?;
            let sequence = last.sequence.saturating_add(10);
            patch.type_in(&header, &format!("{sequence} permit {text}"));
            let line = line_of(patch, last)?;
            let command = in_style(patch, line, list, sequence, &format!("permit {text}"));
            patch.add_after(line, vec![command]);
        }
    }
    Ok(())
}

fn last_entry(list: &AccessList) -> Said<&Entry> {
    match list.entries.values().next_back() {
        Some(entry) => Ok(entry),
        None => cannot(format!("access list `{}` is empty", list.name.value)),
    }
}

fn line_of<'r>(patch: &Patch<'r>, entry: &Entry) -> Said<&'r Line> {
    match patch.lines.at(entry.span) {
        Some(line) => Ok(line),
        None => cannot("the access list's line is not in the file"),
    }
}

/// A new entry as its neighbour is written: with a sequence number, without, or on a line of
/// global mode.
fn in_style(
    patch: &Patch<'_>,
    neighbour: &Line,
    list: &AccessList,
    sequence: u32,
    said: &str,
) -> String {
    match patch.lines.command(neighbour) {
        Some(("access-list", _)) => format!("access-list {} {said}", list.name.value),
        Some(("#", _)) => format!("{sequence} {said}"),
        _ => said.to_owned(),
    }
}

/// How many tunnels, filters and translations go by the list.
fn users(patch: &Patch<'_>, list: &AccessList) -> usize {
    let reading = patch.lines.reading;
    let config = &reading.config;
    let interfaces = config.interfaces.iter();
    let tunnels = interfaces.filter_map(|i| i.tunnel.policy.as_ref());
    let entries = config
        .crypto_maps
        .iter()
        .filter_map(|e| e.access_list.as_ref());
    let filters = config
        .interfaces
        .iter()
        .flat_map(|i| i.filter_in.iter().chain(&i.filter_out));
    let rules = reading.gateway.policy.nat_rules.iter();
    let translations = rules.filter_map(|rule| rule.access_list.as_ref());
    let names = tunnels.chain(entries).chain(filters).chain(translations);
    names.filter(|name| **name == list.name).count()
}

/// What a list denies, NAT leaves alone.
pub(super) fn keep_addresses(
    patch: &mut Patch<'_>,
    source: IpNet,
    destination: IpNet,
    above: Option<&str>,
) -> Said<()> {
    let rules = &patch.lines.reading.gateway.policy.nat_rules;
    let by_name = |name| rules.iter().find(|rule| rule.name.value == name);
    let rule = match above {
        Some(name) => by_name(name),
        None => rules.iter().find(|rule| rule.access_list.is_some()),
    };
    let Some(rule) = rule else {
        return cannot("the file has no such rule of address translation");
    };
    let Some(list) = &rule.access_list else {
        return cannot(format!(
            "`{}` goes by no access list, which an exemption could stand in",
            rule.name.value
        ));
    };
    let pair = SelectorPair {
        local: Selector::net(source),
        remote: Selector::net(destination),
    };
    let lists = &patch.lines.reading.config.access_lists;
    let uses = find(lists, &list.value).map_or(0, |list| users(patch, list));
    let of_rule = rules
        .iter()
        .filter(|r| r.access_list.as_ref() == Some(list));
    if uses > of_rule.count() {
        return cannot(format!(
            "access list `{}` is for more than address translation",
            list.value
        ));
    }
    let entry = words::entry(&pair)?;
    at_top(patch, &list.value, &[format!("deny {entry}")])
}

/// A list that others use stays as it is: this tunnel gets a copy that differs.
fn step_copy<'r>(
    patch: &mut Patch<'r>,
    carrier: &Carrier<'r>,
    list: &AccessList,
    step: &Step<'r>,
) -> Said<()> {
    let text = |entry: &Entry| -> Option<String> {
        let said = match step {
            Step::Replace(old, text) if old.span == entry.span => text.as_str(),
            Step::Remove(old) if old.span == entry.span => return None,
            _ => slice(patch.lines.text, entry.span),
        };
        let action = match entry.action.value {
            Action::Allow => "permit",
            Action::Deny => "deny",
        };
        Some(format!("{action} {said}"))
    };
    let mut entries: Vec<String> = list.entries.values().filter_map(text).collect();
    if let Step::Append(text) = step {
        entries.push(format!("permit {text}"));
    }
    let copy = patch.lines.fresh(&list.name.value);
    new_list(patch, &copy, &entries)?;
    let (block, command) = match carrier {
        Carrier::Tunnel(interface) => (
            network::interface(patch, &interface.name)?,
            format!("tunnel protection ipsec policy ipv4 {copy}"),
        ),
        Carrier::Entry(entry) => (entry_block(patch, entry)?, format!("match address {copy}")),
    };
    patch.type_in(&block, &command);
    if let Some(span) = list_name(carrier).and_then(|name| name.span) {
        patch.replace(span, copy);
    }
    Ok(())
}

fn new_list(patch: &mut Patch<'_>, name: &str, entries: &[String]) -> Said<()> {
    let numbered: Vec<String> = (1..)
        .map(|n| n * 10)
        .zip(entries)
        .map(|(sequence, entry)| format!("{sequence} {entry}"))
        .collect();
    let place = patch.beside(LIST, None)?;
    patch.add_block(place, &format!("{LIST} {name}"), &numbered);
    Ok(())
}

/// A tunnel from any to any gets an access list.
fn first_list(patch: &mut Patch<'_>, child: &Child, to: &SelectorPair) -> Said<()> {
    let Carrier::Tunnel(interface) = carrier(patch, child)? else {
        return cannot(format!("`{}` has no `match address`", child.tunnel.value));
    };
    let stated = patch.lines.reading.gateway.release.as_ref();
    let release = stated.and_then(|release| Release::parse(release));
    if !release.unwrap_or(Release::ASSUMED).has_multi_sa_vti() {
        return cannot(
            "a tunnel interface takes an access list from IOS-XE 16.12 on, and the file is older",
        );
    }
    let text = words::entry(to)?;
    let base = format!("{}-TRAFFIC", interface.name.value.to_uppercase());
    let list = patch.lines.fresh(&base);
    new_list(patch, &list, &[format!("permit {text}")])?;
    let block = network::interface(patch, &interface.name)?;
    patch.set(&block, "tunnel protection ipsec policy ipv4", list);
    Ok(())
}

/// Without an access list, a tunnel interface is from any to any.
fn without_list(patch: &mut Patch<'_>, interface: &Interface) -> Said<()> {
    let block = network::interface(patch, &interface.name)?;
    let path = "tunnel protection ipsec policy ipv4";
    if patch.lines.of(&block, path).is_empty() {
        return cannot("the access list stands on the line of `tunnel protection ipsec profile`");
    }
    patch.unset(&block, path);
    Ok(())
}

/// IKE, NAT traversal and ESP at the top of a list, with whatever source port a NAT makes.
pub(super) fn permit_ipsec(
    patch: &mut Patch<'_>,
    name: &str,
    source: IpAddr,
    destination: IpAddr,
) -> Said<()> {
    if !source.is_ipv4() || !destination.is_ipv4() {
        return cannot("an `ip access-list` is about IPv4");
    }
    let hosts = format!("host {source} host {destination}");
    let entries = [
        format!("permit udp {hosts} eq isakmp"),
        format!("permit udp {hosts} eq non500-isakmp"),
        format!("permit esp {hosts}"),
    ];
    at_top(patch, name, &entries)
}

/// New entries above all others.
pub(super) fn at_top(patch: &mut Patch<'_>, name: &str, entries: &[String]) -> Said<()> {
    let lists = &patch.lines.reading.config.access_lists;
    let Some(list) = find(lists, name) else {
        return cannot(format!("there is no access list `{name}`"));
    };
    if list.standard {
        return cannot(format!(
            "access list `{name}` is a standard one, which goes by source alone"
        ));
    }
    let Some(first) = list.entries.values().next() else {
        return cannot(format!("access list `{name}` is empty"));
    };
    let step = first.sequence / (entries.len() as u32 + 1);
    if step == 0 {
        return cannot(format!(
            "access list `{name}` begins with number {}, so that no number is left above it",
            first.sequence
        ));
    }
    let header = Block {
        headers: vec![format!("{LIST} {name}")],
        places: Vec::new(),
    };
    let line = line_of(patch, first)?;
    let mut lines = Vec::new();
    for (number, said) in (1..).zip(entries) {
        let sequence = number * step;
        patch.type_in(&header, &format!("{sequence} {said}"));
        lines.push(in_style(patch, line, list, sequence, said));
    }
    patch.add_before(line, lines);
    Ok(())
}
