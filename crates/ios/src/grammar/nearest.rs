//! Which command a line was meant to be that is none.

use super::{Rule, is_short_for, negates};
use crossgate_diag::{slip, surely};

/// Words that leave a section; no command of any table.
pub(super) const LEAVE: [&str; 2] = ["end", "exit"];

/// The command whose keywords these words are but for slips: of several the one with the fewest,
/// then the one with the most keywords.
pub(super) fn nearest<T>(rules: &[Rule<T>], words: &[&str]) -> Option<&'static str> {
    nearest_of(rules.iter().map(|rule| rule.path), words)
}

/// The same among the commands that begin with all keywords of that one, and go on.
pub(super) fn nearest_below<T>(
    rules: &[Rule<T>],
    (path, words): (&str, &[&str]),
) -> Option<&'static str> {
    let paths = rules.iter().map(|rule| rule.path);
    let is_below = |other: &&str| {
        other
            .strip_prefix(path)
            .is_some_and(|rest| rest.starts_with(' '))
    };
    nearest_of(paths.filter(is_below), words)
}

fn nearest_of(paths: impl Iterator<Item = &'static str>, words: &[&str]) -> Option<&'static str> {
    let no = usize::from(words.first().is_some_and(|word| negates(word)));
    let words = words.get(no..).unwrap_or(&[]);
    let near = paths.filter_map(|path| {
        let mut keywords = 0;
        let mut wrong = 0;
        let mut exact = true;
        for keyword in path.split(' ') {
            let word = words.get(keywords)?;
            wrong += letters_wrong(word, keyword)?;
            exact &= word.eq_ignore_ascii_case(keyword);
            keywords += 1;
        }
        // Only abbreviated, it would have been that command: `ip` is no `ipv6` here.
        if wrong == 0 && !exact {
            return None;
        }
        Some((wrong, std::cmp::Reverse(keywords), path))
    });
    let (wrong, _, path) = near.min()?;
    (wrong > 0).then_some(path)
}

/// `end` or `exit`, mistyped.
pub(super) fn leaving(words: &[&str]) -> Option<&'static str> {
    match words {
        [word] => {
            let word = word.to_ascii_lowercase();
            let meant = surely(&word, LEAVE)?;
            (word != meant).then_some(meant)
        }
        _ => None,
    }
}

fn letters_wrong(word: &str, keyword: &str) -> Option<usize> {
    match is_short_for(word, keyword, 1) {
        true => Some(0),
        false => slip(&word.to_ascii_lowercase(), keyword),
    }
}

#[cfg(test)]
mod tests {
    use crate::grammar::Mode;

    #[test]
    fn a_line_with_a_slip_is_the_command_that_it_was_to_be() {
        let meant = |mode: Mode, line: &str| {
            let words: Vec<&str> = line.split(' ').collect();
            mode.nearest(&words)
        };
        let global = |line| meant(Mode::Global, line);
        assert_eq!(
            global("crypto ikv2 profile P"),
            Some("crypto ikev2 profile")
        );
        assert_eq!(
            global("no Crypto ikv2 prof P"),
            Some("crypto ikev2 profile")
        );
        assert_eq!(
            global("ip access-list extenedd A"),
            Some("ip access-list extended")
        );
        assert_eq!(global("interfce Tunnel0"), Some("interface"));
        assert_eq!(global("crypto ikev2 profile P"), None, "no slip");
        assert_eq!(global("crypto ikv2"), None, "which of many is not told");
        assert_eq!(global("frobnicate"), None);
        let interface = |line| meant(Mode::Interface, line);
        assert_eq!(
            interface("tunnel destinaton 192.0.2.1"),
            Some("tunnel destination")
        );
        assert_eq!(interface("frobnicate"), None);
        let below = |line: &str| {
            let words: Vec<&str> = line.split(' ').collect();
            Mode::Interface.nearest_below("ip tcp", &words)
        };
        assert_eq!(below("ip tcp adjjust-mss 1350"), Some("ip tcp adjust-mss"));
        assert_eq!(below("ip tcp header-compression"), None);
        assert_eq!(super::leaving(&["ned"]), Some("end"));
        assert_eq!(super::leaving(&["end"]), None);
        assert_eq!(super::leaving(&["ned", "x"]), None);
    }
}
