//! Each keyword of a firewall's file mistyped: that is one finding, and mended, the file is what it
//! was.

use super::judge::{Checked, Given, checked};
use super::run::each;
use crossgate_check::meant::traced;
use crossgate_check::mend::{mend, new_troubles};
use crossgate_diag::Finding;
use std::collections::BTreeSet;

const BRANCH: &str = include_str!("../../examples/site-to-site/branch.cfg");
const XML: &str = include_str!("../../examples/site-to-site/hq.xml");
const SET: &str = include_str!("../../examples/site-to-site/hq.set");

/// A text with a word mistyped.
struct Slip {
    name: String,
    right: &'static str,
    text: String,
}

/// What is wrong with the judgements of all of them, and how many they are.
pub fn faults() -> (Vec<String>, usize) {
    let slips: Vec<Slip> = of_xml().into_iter().chain(of_set()).collect();
    let good = [XML, SET].map(|text| judged(text).expect("a good pair").findings);
    let known = good.concat();
    let faults = each(&slips, |slip| fault(slip, &known));
    (faults.into_iter().flatten().collect(), slips.len())
}

fn judged(text: &str) -> Result<Checked, String> {
    let texts = [BRANCH.to_owned(), text.to_owned()];
    let names = ["branch", "hq"];
    checked(&Given { names, texts })
}

fn fault(slip: &Slip, known: &[Finding]) -> Option<String> {
    let told = |why: &str| Some(format!("{}: {why}", slip.name));
    let judged = match judged(&slip.text) {
        Ok(judged) => traced(judged),
        Err(why) => return told(&why),
    };
    let troubles = new_troubles(known, &judged.findings);
    if troubles.len() > 1 {
        let titles: Vec<&str> = troubles.iter().map(|f| f.title.as_str()).collect();
        return told(&titles.join("; "));
    }
    let mended = mend(judged, |_, _, _| ());
    match mended.sources.get(mended.files[1]).text() == slip.right {
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
            slips.extend(mistyped(XML, name, &[start, at + 2]));
        } else if tag.ends_with('/') {
            slips.extend(mistyped(XML, name, &[at + 1]));
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
        .flat_map(|(at, word)| mistyped(SET, word, &[at]))
        .collect()
}

/// A name with two letters swapped, one too few, and one too many. Of two letters nobody could tell.
fn mistyped(text: &'static str, name: &str, places: &[usize]) -> Vec<Slip> {
    if name.len() < 3 || name == "config" {
        return Vec::new();
    }
    let at = places[0] * 7 % (name.len() - 1);
    let (head, tail) = name.split_at(at);
    let (one, two, rest) = (&tail[..1], &tail[1..2], &tail[2..]);
    let wrong = [
        format!("{head}{two}{one}{rest}"),
        format!("{head}{two}{rest}"),
        format!("{head}{one}{one}{two}{rest}"),
    ];
    let line = 1 + text[..places[0]].matches('\n').count();
    let slips = wrong.into_iter().filter(|wrong| wrong != name);
    let slips = slips.map(|wrong| {
        let mut mistyped = text.to_owned();
        for place in places.iter().rev() {
            mistyped.replace_range(*place..place + name.len(), &wrong);
        }
        Slip {
            name: format!("line {line}: `{name}` as `{wrong}`"),
            right: text,
            text: mistyped,
        }
    });
    slips.collect()
}
