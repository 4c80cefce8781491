//! Each keyword of a firewall's file, and each of a router's, mistyped: that is one finding, and
//! mended, the file is what it was.

use super::judge::{Checked, Given, checked};
use super::run::each;
use crossgate_check::meant::traced;
use crossgate_check::mend::{mend, new_troubles};
use crossgate_diag::Finding;
use std::collections::BTreeSet;

const BRANCH: &str = include_str!("../../examples/site-to-site/branch.cfg");
const XML: &str = include_str!("../../examples/site-to-site/hq.xml");
const SET: &str = include_str!("../../examples/site-to-site/hq.set");

/// The routers' files, each with its firewall's.
const ROUTERS: [[&str; 2]; 6] = [
    [BRANCH, SET],
    [
        include_str!("../../examples/any-any/branch.cfg"),
        include_str!("../../examples/any-any/hq.set"),
    ],
    [
        include_str!("../../examples/crypto-map/branch.cfg"),
        include_str!("../../examples/crypto-map/hq.set"),
    ],
    [
        include_str!("../../examples/gcm/branch.cfg"),
        include_str!("../../examples/gcm/hq.set"),
    ],
    [
        include_str!("../../examples/several-proxy-ids/branch.cfg"),
        include_str!("../../examples/several-proxy-ids/hq.set"),
    ],
    [
        include_str!("../../examples/two-tunnels/branch.cfg"),
        include_str!("../../examples/two-tunnels/hq.set"),
    ],
];

/// A text with a word mistyped.
struct Slip {
    name: String,
    /// The router's file and the firewall's, and which of them is mistyped.
    pair: [&'static str; 2],
    end: usize,
    text: String,
    /// Only the word's last letter is missing: a router takes that for an abbreviation.
    is_short: bool,
}

/// What is wrong with the judgements of all of them, and how many they are.
pub fn faults_of_a_firewall() -> (Vec<String>, usize) {
    faults(&of_xml().into_iter().chain(of_set()).collect::<Vec<_>>())
}

pub fn faults_of_a_router() -> (Vec<String>, usize) {
    faults(&of_ios())
}

fn faults(slips: &[Slip]) -> (Vec<String>, usize) {
    let good: Vec<_> = ROUTERS.into_iter().chain([[BRANCH, XML]]).collect();
    let good = each(&good, |texts| {
        (*texts, judged(*texts).expect("a good pair").findings)
    });
    let known = |slip: &Slip| {
        let known = good.iter().find(|(texts, _)| *texts == slip.pair);
        known.map_or(&[][..], |(_, findings)| findings)
    };
    let faults = each(slips, |slip| fault(slip, known(slip)));
    (faults.into_iter().flatten().collect(), slips.len())
}

fn judged(texts: [&str; 2]) -> Result<Checked, String> {
    let (names, texts) = (["branch", "hq"], texts.map(str::to_owned));
    checked(&Given { names, texts })
}

fn fault(slip: &Slip, known: &[Finding]) -> Option<String> {
    let told = |why: &str| Some(format!("{}: {why}", slip.name));
    let mut texts = slip.pair;
    texts[slip.end] = &slip.text;
    let judged = match judged(texts) {
        Ok(judged) => traced(judged),
        Err(why) => return told(&why),
    };
    let troubles = new_troubles(known, &judged.findings);
    if troubles.len() > 1 {
        let titles: Vec<&str> = troubles.iter().map(|f| f.title.as_str()).collect();
        return told(&titles.join("; "));
    }
    let mended = mend(judged, |_, _, _| ());
    match mended.sources.get(mended.files[slip.end]).text() == slip.pair[slip.end] {
        true => None,
        false => told("not mended"),
    }
}

/// Each element's name, in both of its tags.
fn of_xml() -> Vec<Slip> {
    let mut slips = Vec::new();
    // Of each open element, where its name is.
    let mut open = Vec::new();
    for (at, _) in XML.match_indices('<') {
        let tag = &XML[at + 1..];
        let tag = &tag[..tag.find('>').expect("a tag's end")];
        let name = tag.trim_start_matches('/');
        let name = &name[..name.find([' ', '/']).unwrap_or(name.len())];
        if tag.starts_with('?') {
        } else if tag.starts_with('/') {
            let start = open.pop().expect("a first tag");
            slips.extend(mistyped([BRANCH, XML], 1, name, &[start, at + 2]));
        } else if tag.ends_with('/') {
            slips.extend(mistyped([BRANCH, XML], 1, name, &[at + 1]));
        } else {
            open.push(at + 1);
        }
    }
    slips
}

/// The same names among the words of the commands.
fn of_set() -> Vec<Slip> {
    let tags = XML
        .split('<')
        .filter_map(|part| part.split(['>', ' ', '/']).next());
    // `any` is a value as well.
    let names: BTreeSet<&str> = tags.filter(|name| *name != "any").collect();
    let mut next = 0;
    let words = SET.split_inclusive(char::is_whitespace).map(|word| {
        let at = next;
        next += word.len();
        (at, word.trim_end())
    });
    let named = words.filter(|(_, word)| names.contains(word));
    named
        .flat_map(|(at, word)| mistyped([BRANCH, SET], 1, word, &[at]))
        .collect()
}

/// Each keyword of the routers' commands: their words in lower case, but for what is free.
fn of_ios() -> Vec<Slip> {
    let mut slips = Vec::new();
    for pair in ROUTERS {
        let mut next = 0;
        for line in pair[0].split_inclusive('\n') {
            let mut at = next;
            next += line.len();
            let free = ["!", "description", "hostname", "service"];
            if free.iter().any(|word| line.trim_start().starts_with(word)) {
                continue;
            }
            for word in line.split_inclusive(char::is_whitespace) {
                let is_keyword = |c: char| c.is_ascii_lowercase() || c == '-';
                if word.trim_end().chars().all(is_keyword) {
                    let slip = mistyped(pair, 0, word.trim_end(), &[at]).into_iter();
                    slips.extend(slip.filter(|slip| !slip.is_short));
                }
                at += word.len();
            }
        }
    }
    slips
}

/// A name with two letters swapped, one too few, and one too many. Of two letters nobody could tell.
fn mistyped(pair: [&'static str; 2], end: usize, name: &str, places: &[usize]) -> Vec<Slip> {
    if name.len() < 3 || name == "config" {
        return Vec::new();
    }
    let text = pair[end];
    let at = places[0] * 7 % (name.len() - 1);
    let (head, tail) = name.split_at(at);
    let (one, two, rest) = (&tail[..1], &tail[1..2], &tail[2..]);
    let wrong = [
        format!("{head}{two}{one}{rest}"),
        format!("{head}{two}{rest}"),
        format!("{head}{one}{one}{two}{rest}"),
    ];
    let line = text[..places[0]].lines().count().max(1);
    let whole = text.lines().nth(line - 1).unwrap_or_default().trim();
    let slips = wrong.into_iter().filter(|wrong| wrong != name);
    let slips = slips.map(|wrong| {
        let mut mistyped = text.to_owned();
        for place in places.iter().rev() {
            mistyped.replace_range(*place..place + name.len(), &wrong);
        }
        Slip {
            is_short: name.starts_with(&wrong),
            pair,
            end,
            name: format!("line {line} `{whole}`: `{name}` as `{wrong}`"),
            text: mistyped,
        }
    });
    slips.collect()
}
