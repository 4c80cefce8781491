//! Damaged files: whatever is cut off or changed, reading ends, keeps every byte and shows no key.

use super::read;
use crossgate_diag::{Look, Sources, to_text};

const FILES: [&str; 4] = [
    include_str!("../../../../examples/site-to-site/branch.cfg"),
    include_str!("../../tests/data/azure_isr_policy_based.ios"),
    include_str!("../../tests/data/batfish_ios_crypto_map.ios"),
    include_str!("../../tests/data/batfish_cisco_crypto.ios"),
];

/// Reads what may be no configuration at all.
fn survives(text: &str) {
    let mut sources = Sources::new();
    let file = sources.add("damaged.cfg", text);
    let (tree, _) = crate::tree::parse(text, file);
    assert_eq!(tree.print(text), text);
    if let Ok(reading) = crate::read(&mut sources, file) {
        to_text(&sources, &reading.findings, Look::PLAIN);
    }
}

#[test]
fn a_file_cut_off_anywhere_is_read() {
    for text in FILES {
        let step = 1 + text.len() / 100;
        for end in (0..text.len())
            .step_by(step)
            .filter(|end| text.is_char_boundary(*end))
        {
            survives(&text[..end]);
        }
    }
}

/// A small generator, so that a failure replays.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides.max(1) as u64) as usize
    }
}

#[test]
fn lines_and_words_in_disorder_are_read() {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let odd = [
        "no",
        "default",
        "exit",
        "end",
        "^C",
        "\u{a0}",
        "ä",
        "!",
        "255.255.0.255",
        "peer",
        "\r",
        "#",
        ">",
        "banner motd x",
    ];
    for text in FILES {
        for _ in 0..15 {
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            for _ in 0..8 {
                let at = dice.roll(lines.len());
                let to = dice.roll(lines.len());
                match dice.roll(5) {
                    0 => lines.swap(at, to),
                    1 => lines[at] = lines[to].clone(),
                    2 => {
                        let word = odd[dice.roll(odd.len())];
                        lines[at] = format!("{word} {}", lines[at]);
                    }
                    3 => {
                        let mut words: Vec<_> = lines[at].split(' ').map(str::to_owned).collect();
                        let gone = dice.roll(words.len());
                        words.remove(gone);
                        lines[at] = words.join(" ");
                    }
                    _ => lines[at] = lines[at].trim().to_owned(),
                }
            }
            survives(&lines.join("\n"));
        }
    }
}

#[test]
fn stairs_of_blanks_do_not_nest_without_end() {
    let stairs: String = (0..2000)
        .map(|depth| format!("{}x\n", " ".repeat(depth)))
        .collect();
    survives(&format!("hostname r1\n{stairs}"));
}

#[test]
fn a_tree_knows_its_text_to_the_byte() {
    for text in FILES {
        read(text);
        survives(&text.replace('\n', "\r\n"));
        survives(text.trim_end());
    }
}
