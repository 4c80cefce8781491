//! What a mistyped word was meant to be.

/// How many letters of `word` are wrong, missing, too many or swapped, if it may be a slip for
/// `meant`: two at most, and fewer than a third.
pub fn slip(word: &str, meant: &str) -> Option<usize> {
    const MOST: usize = 2;
    // Octets, in UTF-8.
    const LONGEST_LETTER: usize = 4;
    if word.len().abs_diff(meant.len()) > MOST * LONGEST_LETTER {
        return None;
    }
    let wrong = strsim::osa_distance(word, meant);
    (wrong <= MOST && wrong * 3 < meant.len()).then_some(wrong)
}

/// Of those names, the one that `word` is the smallest slip for.
pub fn nearest<'n>(word: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let slips = names.into_iter();
    let slips = slips.filter_map(|name| Some((slip(word, name)?, name)));
    slips.min().map(|(_, name)| name)
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
        assert_eq!(slip(&"x".repeat(1 << 20), "profile"), None);
    }

    #[test]
    fn the_nearest_name_is_meant() {
        let names = ["peer-id", "peer-address", "local-address"];
        assert_eq!(nearest("peer-adress", names), Some("peer-address"));
        assert_eq!(nearest("address", names), None);
    }
}
