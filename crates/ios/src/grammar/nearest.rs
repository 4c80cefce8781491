//! Which command a line was meant to be that is none.

use super::{Rule, is_short_for, negates};
use crossgate_diag::slip;

/// The command whose keywords these words are but for slips: of several the one with the fewest,
/// then the one with the most keywords.
pub(super) fn nearest<T>(rules: &[Rule<T>], words: &[&str]) -> Option<&'static str> {
    let no = usize::from(words.first().is_some_and(|word| negates(word)));
    let words = words.get(no..).unwrap_or(&[]);
    let near = rules.iter().filter_map(|rule| {
        let mut keywords = 0;
        let mut wrong = 0;
        let mut exact = true;
        for keyword in rule.path.split(' ') {
            let word = words.get(keywords)?;
            wrong += letters_wrong(word, keyword)?;
            exact &= word.eq_ignore_ascii_case(keyword);
            keywords += 1;
        }
        // Only abbreviated, it would have been that command: `ip` is no `ipv6` here.
        if wrong == 0 && !exact {
            return None;
        }
        Some((wrong, std::cmp::Reverse(keywords), rule.path))
    });
    let (wrong, _, path) = near.min()?;
    (wrong > 0).then_some(path)
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
    }
}
