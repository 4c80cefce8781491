//! Damaged and hostile texts: nothing panics, and nothing grows beyond its text.

use crate::{told, tunnel_and};

const HQ_XML: &str = include_str!("../../../../examples/site-to-site/hq.xml");
const HQ_SET: &str = include_str!("../../../../examples/site-to-site/hq.set");

#[test]
fn every_truncation_is_read_or_refused() {
    for text in [HQ_XML, HQ_SET, &tunnel_and("")] {
        for end in (0..text.len()).step_by(7) {
            told(&text[..end]);
        }
    }
}

/// A small generator of numbers: the same every time.
fn numbers(mut state: u64) -> impl FnMut(usize) -> usize {
    move |below| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as usize % below
    }
}

#[test]
fn mutations_are_read_or_refused() {
    let mut number = numbers(1);
    let marks = [
        '"', '[', ']', '<', '>', '&', '#', '\n', ' ', '\'', '\\', 'é', '0',
    ];
    for round in 0..400 {
        let text = if round % 2 == 0 { HQ_XML } else { HQ_SET };
        let mut chars: Vec<char> = text.chars().collect();
        for _ in 0..1 + number(6) {
            let at = number(chars.len());
            match number(3) {
                0 => chars[at] = marks[number(marks.len())],
                1 => drop(chars.remove(at)),
                _ => chars.insert(at, marks[number(marks.len())]),
            }
        }
        told(&chars.into_iter().collect::<String>());
    }
}

#[test]
fn words_of_a_command_in_any_order_and_number() {
    let mut number = numbers(2);
    let words: Vec<&str> = HQ_SET.split_whitespace().collect();
    for _ in 0..400 {
        let mut text = String::from("set network");
        for _ in 0..number(12) {
            text.push(' ');
            text.push_str(words[number(words.len())]);
        }
        told(&text);
    }
}

#[test]
fn depth_is_bounded() {
    let deep = format!(
        "{}{}",
        "<network>".repeat(100_000),
        "</network>".repeat(100_000)
    );
    assert_eq!(
        told(&format!("<config>{deep}</config>")),
        "refused: its elements are nested more than 64 deep\n"
    );
    let answers = format!(
        "{}{}",
        "<response>".repeat(100_000),
        "</response>".repeat(100_000)
    );
    assert!(told(&answers).starts_with("refused: its element `<response>`"));
    let long = format!("set network unknown {}", "a ".repeat(100_000));
    assert!(told(&long).contains("too many words"), "{}", told(&long));
}

#[test]
fn ten_thousand_objects_are_read_in_a_moment() {
    let lines =
        (0..10_000).map(|n| format!("set address a{n} ip-netmask 10.0.{}.{}\n", n / 250, n % 250));
    let text: String = lines.collect();
    assert_eq!(told(&text).lines().count(), 10_000);
    let entries = (0..10_000).map(|n| {
        let address = format!("10.0.{}.{}", n / 250, n % 250);
        format!("<entry name='a{n}'><ip-netmask>{address}</ip-netmask></entry>")
    });
    let entries: String = entries.collect();
    let answer = format!("<response status='success'><result>{entries}</result></response>");
    assert_eq!(told(&answer).lines().count(), 10_000);
}
