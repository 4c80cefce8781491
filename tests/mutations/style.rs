//! The same configuration, written otherwise: names, abbreviations, order, noise, line ends, XML.

use super::base::Base;
use super::edit::{indentation, section};
use super::table::{Mutation, Style};
use crossgate_diag::Sources;

const IOS: [(&str, Style); 10] = [
    ("all names are others", ios_renamed),
    ("keywords are abbreviated", ios_abbreviated),
    ("sections stand in the opposite order", ios_reversed),
    ("lines end as in DOS", dos),
    ("blanks at the ends of lines", trailing),
    ("comments between the sections", ios_commented),
    ("as a terminal shows it", ios_from_terminal),
    ("pasted twice", twice),
    ("keywords in capitals", ios_capitals),
    ("without comments", ios_bare),
];

const PANOS: [(&str, Style); 10] = [
    ("all names are others", panos_renamed),
    ("as XML", xml),
    ("lines stand in the opposite order", panos_reversed),
    ("lines end as in DOS", dos),
    ("blanks at the ends of lines", trailing),
    ("comments between the lines", panos_commented),
    ("as a terminal shows it", panos_from_terminal),
    ("pasted twice", twice),
    ("a line for each member of a list", panos_members),
    ("values in quotes", panos_quoted),
];

/// One end in another dress, and a few of both at once.
pub fn styles(base: &Base) -> Vec<Mutation> {
    let mut made = Vec::new();
    for at in 0..IOS.len() {
        let (ios, panos) = (IOS[at], PANOS[at]);
        let other = PANOS[(at + 3) % PANOS.len()];
        made.push(styled(base, Some(ios), None));
        made.push(styled(base, None, Some(panos)));
        made.push(styled(base, Some(ios), Some(other)));
    }
    made
}

fn styled(
    base: &Base,
    ios: Option<(&'static str, Style)>,
    panos: Option<(&'static str, Style)>,
) -> Mutation {
    let told = [("branch", ios), ("hq", panos)];
    let told = told
        .iter()
        .filter_map(|(end, style)| Some(format!("{end}: {}", (*style)?.0)));
    let told: Vec<String> = told.collect();
    Mutation {
        base: base.name,
        kind: "style",
        name: format!("{} {}", base.name, told.join(", ")),
        edits: Vec::new(),
        styles: [ios.map(|(_, style)| style), panos.map(|(_, style)| style)],
        swapped: false,
    }
}

fn lines(text: &str, change: impl Fn(&str) -> String) -> String {
    text.lines().map(|line| change(line) + "\n").collect()
}

fn dos(text: &str) -> String {
    text.replace('\n', "\r\n")
}

fn trailing(text: &str) -> String {
    lines(text, |line| format!("{line}  "))
}

/// A router's `end` is not in the way.
fn twice(text: &str) -> String {
    let once = text.strip_suffix("end\n").unwrap_or(text);
    format!("{once}{text}")
}

/// Words after these are names of the file's own.
const IOS_NAMES: [&str; 8] = [
    "crypto ikev2 proposal ",
    "crypto ikev2 policy ",
    "crypto ikev2 keyring ",
    "crypto ikev2 profile ",
    "crypto ipsec transform-set ",
    "crypto ipsec profile ",
    "crypto map ",
    "ip access-list extended ",
];

const PANOS_NAMES: [&str; 8] = [
    "set network ike crypto-profiles ike-crypto-profiles ",
    "set network ike crypto-profiles ipsec-crypto-profiles ",
    "set network ike gateway ",
    "set network tunnel ipsec ",
    "set vsys vsys1 address ",
    "set vsys vsys1 zone ",
    "set vsys vsys1 rulebase security rules ",
    "set vsys vsys1 rulebase nat rules ",
];

fn renamed(text: &str, prefixes: &[&str]) -> String {
    let named = |line: &str| {
        let mut rest = prefixes
            .iter()
            .filter_map(|prefix| line.strip_prefix(prefix));
        rest.next()?.split(' ').next().map(str::to_owned)
    };
    let names: Vec<String> = text.lines().filter_map(named).collect();
    lines(text, |line| {
        let word = |word: &str| match names.iter().any(|name| name == word) {
            true => format!("{word}-2"),
            false => word.to_owned(),
        };
        line.split(' ').map(word).collect::<Vec<_>>().join(" ")
    })
}

fn ios_renamed(text: &str) -> String {
    renamed(text, &IOS_NAMES)
}

fn panos_renamed(text: &str) -> String {
    renamed(text, &PANOS_NAMES)
}

/// Keywords with what IOS takes for them, where a line begins so.
const SHORT: [(&str, &str); 22] = [
    ("crypto ikev2 proposal", "cry ikev2 prop"),
    ("crypto ikev2 policy", "crypto ikev2 pol"),
    ("crypto ikev2 keyring", "crypto ikev2 keyr"),
    ("crypto ikev2 profile", "crypto ikev2 prof"),
    ("crypto ipsec transform-set", "crypto ipsec trans"),
    ("crypto ipsec profile", "cry ips prof"),
    ("encryption", "enc"),
    ("integrity", "int"),
    ("group", "gr"),
    ("address", "addr"),
    ("pre-shared-key", "pre"),
    ("match identity remote", "match ident rem"),
    ("authentication remote pre-share", "auth rem pre"),
    ("authentication local pre-share", "auth loc pre"),
    ("interface", "int"),
    ("ip address", "ip addr"),
    ("no shutdown", "no shut"),
    ("set transform-set", "set tran"),
    ("tunnel source", "tun so"),
    ("tunnel destination", "tun dest"),
    ("tunnel mode ipsec", "tunn mod ipsec"),
    ("ip access-list extended", "ip access-list ext"),
];

fn ios_abbreviated(text: &str) -> String {
    lines(text, |line| {
        let (blanks, words) = line.split_at(indentation(line));
        let found = SHORT.iter().find_map(|(long, short)| {
            let rest = words.strip_prefix(long)?;
            rest.starts_with([' '])
                .then(|| format!("{blanks}{short}{rest}"))
        });
        let whole = SHORT.iter().find(|(long, _)| *long == words);
        found.unwrap_or_else(|| match whole {
            Some((_, short)) => format!("{blanks}{short}"),
            None => line.to_owned(),
        })
    })
}

/// Keywords of lines whose other words are numbers, or read without regard to case.
fn ios_capitals(text: &str) -> String {
    const KEYWORDS: [&str; 8] = [
        "encryption",
        "integrity",
        "group",
        "match",
        "authentication",
        "dpd",
        "no",
        "mode",
    ];
    lines(text, |line| {
        let (blanks, words) = line.split_at(indentation(line));
        match words.split(' ').next() {
            Some(first) if KEYWORDS.contains(&first) && !words.contains("fqdn") => {
                format!("{blanks}{}", words.to_ascii_uppercase())
            }
            _ => line.to_owned(),
        }
    })
}

/// Sections in the opposite order, their lines in theirs.
fn ios_reversed(text: &str) -> String {
    let all: Vec<&str> = text.lines().filter(|line| *line != "end").collect();
    let tops = (0..all.len()).filter(|&at| indentation(all[at]) == 0 && !all[at].starts_with('!'));
    let sections: Vec<String> = tops.map(|at| all[section(&all, at)].join("\n")).collect();
    let backwards: Vec<String> = sections.into_iter().rev().collect();
    format!("{}\nend\n", backwards.join("\n!\n"))
}

fn ios_commented(text: &str) -> String {
    let line = |line: &str| match line {
        "!" => "! set encryption des, no key, shutdown\n!".to_owned(),
        other => other.to_owned(),
    };
    lines(text, line)
}

fn ios_bare(text: &str) -> String {
    let said = text
        .lines()
        .filter(|line| !line.trim_start().starts_with('!'));
    said.map(|line| format!("{line}\n")).collect()
}

fn ios_from_terminal(text: &str) -> String {
    let mut shown = "rtr#show running-config\nBuilding configuration...\n\nCurrent configuration : 2044 bytes\n!\n"
        .to_owned();
    for (number, line) in text.lines().enumerate() {
        if number % 24 == 23 {
            shown += " --More-- \u{8}\u{8}\u{8}\u{8}\u{8}\u{8}\u{8}\u{8}\u{8}        \u{8}\u{8}\u{8}\u{8}\u{8}\u{8}\u{8}\u{8}\u{8}";
        }
        shown += line;
        shown += "\n";
    }
    shown + "\nrtr#\n"
}

fn xml(text: &str) -> String {
    let mut sources = Sources::new();
    let file = sources.add("hq.set", text);
    let read = crossgate_panos::read(&mut sources, file).expect("it can be read");
    crossgate_panos::to_xml(&read.tree, crossgate_panos::Secrets::Written)
}

/// But for rules, whose order means something.
fn panos_reversed(text: &str) -> String {
    let (rules, others): (Vec<&str>, Vec<&str>) =
        text.lines().partition(|line| line.contains(" rulebase "));
    let ordered = others.into_iter().rev().chain(rules);
    ordered.map(|line| format!("{line}\n")).collect()
}

fn panos_commented(text: &str) -> String {
    lines(text, |line| {
        format!("# set network ike gateway none disabled yes\n\n{line}")
    })
}

fn panos_from_terminal(text: &str) -> String {
    let commands = lines(text, |line| format!("admin@fw# {line}\n\n[edit]"));
    format!("admin@fw> configure\nEntering configuration mode\n[edit]\n{commands}admin@fw# \n")
}

/// `[ a b ]` in two commands.
fn panos_members(text: &str) -> String {
    lines(text, |line| {
        let list = line.split_once(" [ ").and_then(|(head, rest)| {
            let members = rest.strip_suffix(" ]")?.split(' ');
            let each = members.map(|member| format!("{head} {member}"));
            Some(each.collect::<Vec<_>>().join("\n"))
        });
        list.unwrap_or_else(|| line.to_owned())
    })
}

fn panos_quoted(text: &str) -> String {
    lines(text, |line| match line.rsplit_once(' ') {
        Some((head, value)) if !line.ends_with([']', '"']) => format!("{head} \"{value}\""),
        _ => line.to_owned(),
    })
}
