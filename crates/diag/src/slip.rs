//! What a mistyped word was meant to be.

use std::collections::BTreeSet;

/// How many letters of `word` are wrong, missing, too many or swapped, if it may be a slip for
/// `meant`: two at most, and fewer than a third. Of three letters, two that are swapped, one too few
/// and one too many: `vnp`, but not `lan` for `wan`.
pub fn slip(word: &str, meant: &str) -> Option<usize> {
    const MOST: usize = 2;
    // Octets, in UTF-8.
    const LONGEST_LETTER: usize = 4;
    if word.len().abs_diff(meant.len()) > MOST * LONGEST_LETTER {
        return None;
    }
    let wrong = strsim::osa_distance(word, meant);
    let is_short = meant.len() == 3 && wrong == 1;
    let is_typed = || word.len() != meant.len() || letters(word) == letters(meant);
    let few = wrong <= MOST && wrong * 3 < meant.len();
    (few || is_short && is_typed()).then_some(wrong)
}

fn letters(text: &str) -> Vec<char> {
    let mut letters: Vec<char> = text.chars().collect();
    letters.sort_unstable();
    letters
}

/// Of those names, the one that `word` is the smallest slip for.
pub fn nearest<'n>(word: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let slips = names.into_iter();
    let slips = slips.filter_map(|name| Some((slip(word, name)?, name)));
    slips.min().map(|(_, name)| name)
}

/// The nearest of those names, if no other is as near and it has the same digits: then nothing else
/// can be meant. `sha-256` is `sha256`; `group13` may be any group, and `KEYS-2` something new.
pub fn surely<'n>(word: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let slips = names.into_iter();
    let slips = slips.filter_map(|name| Some((slip(word, name)?, name)));
    let slips: BTreeSet<(usize, &str)> = slips.collect();
    let mut slips = slips.into_iter();
    let (wrong, name) = slips.next()?;
    let alone = slips.next().is_none_or(|(next, _)| next > wrong);
    (alone && digits(word) == digits(name)).then_some(name)
}

/// Whether a name that is at its place elsewhere may be meant here too: only where a letter is
/// missing, too many or swapped. With another letter it is as likely a name of its own: `TO-NORTH`
/// beside `TO-SOUTH`, `KEYS-A` beside `KEYS-B`.
pub fn is_surely_again(word: &str, name: &str) -> bool {
    let is_typed = word.len() != name.len() || letters(word) == letters(name);
    slip(word, name) == Some(1) && is_typed
}

/// Swapped ones are the same.
fn digits(text: &str) -> Vec<char> {
    let mut digits: Vec<char> = text.chars().filter(char::is_ascii_digit).collect();
    digits.sort_unstable();
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_letters_of_a_long_word_are_a_slip_and_one_of_a_short_is_not() {
        assert_eq!(slip("destinaton", "destination"), Some(1));
        assert_eq!(slip("porfile", "profile"), Some(1), "swapped");
        assert_eq!(slip("identiy", "identities"), None);
        assert_eq!(slip("esp", "ah"), None);
        assert_eq!(slip("set", "sec"), None);
        assert_eq!(slip("ste", "set"), Some(1), "swapped");
        assert_eq!(slip("sset", "set"), Some(1), "too many");
        assert_eq!(slip("on", "no"), None);
        assert_eq!(slip(&"x".repeat(1 << 20), "profile"), None);
    }

    #[test]
    fn the_nearest_name_is_meant() {
        let names = ["peer-id", "peer-address", "local-address"];
        assert_eq!(nearest("peer-adress", names), Some("peer-address"));
        assert_eq!(nearest("address", names), None);
    }

    #[test]
    fn a_name_is_sure_where_no_other_could_be_meant() {
        let groups = ["group1", "group2", "group14", "group15", "group20"];
        assert_eq!(surely("grop14", groups), Some("group14"));
        assert_eq!(surely("group13", groups), None, "as near to several");
        assert_eq!(surely("group30", groups), None, "another number");
        let hashes = ["sha1", "sha256", "sha384"];
        assert_eq!(surely("sha-256", hashes), Some("sha256"));
        assert_eq!(surely("sha265", hashes), Some("sha256"), "swapped");
        assert_eq!(surely("sha257", hashes), None);
        assert_eq!(surely("KEYS-A", ["KEYS-B"]), Some("KEYS-B"));
        assert!(!is_surely_again("KEYS-A", "KEYS-B"));
        assert!(!is_surely_again("TO-NORTH", "TO-SOUTH"));
        assert!(is_surely_again("TO-NRTH", "TO-NORTH") && is_surely_again("vnp", "vpn"));
        assert_eq!(surely("shared", ["shares", "shares"]), Some("shares"));
    }
}
