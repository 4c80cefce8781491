//! How a report for a person is set.

/// Colour, and where prose is broken. Excerpts and commands are never broken: they are copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    pub colour: bool,
    /// Characters of a line; nothing where lines are not to be broken.
    pub width: Option<usize>,
}

impl Look {
    /// For files and programs.
    pub const PLAIN: Self = Self {
        colour: false,
        width: None,
    };

    /// `text` in lines that leave `indent` characters of the width free, broken between words. A
    /// word that is longer than a line keeps one for itself.
    pub fn broken(&self, text: &str, indent: usize) -> String {
        // Below, the lines would be columns of single words.
        const NARROWEST: usize = 20;
        let Some(room) = self.width.map(|w| w.saturating_sub(indent).max(NARROWEST)) else {
            return text.to_owned();
        };
        let lines = text.lines().map(|line| broken_line(line, room));
        lines.collect::<Vec<_>>().join("\n")
    }
}

fn broken_line(line: &str, room: usize) -> String {
    let mut out = String::with_capacity(line.len() + 8);
    let mut used = 0;
    for word in line.split(' ') {
        let long = word.chars().count();
        if used > 0 && used + 1 + long > room {
            out.push('\n');
            used = 0;
        } else if !out.is_empty() {
            out.push(' ');
            used += 1;
        }
        out.push_str(word);
        used += long;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::Look;

    fn at(width: usize) -> Look {
        Look {
            colour: false,
            width: Some(width),
        }
    }

    #[test]
    fn prose_is_broken_between_words_and_fills_its_lines() {
        let text = "when hq starts, branch refuses the selectors";
        let broken = at(30).broken(text, 6);
        assert_eq!(broken, "when hq starts, branch\nrefuses the selectors");
        assert_eq!(at(50).broken(text, 6), text, "exactly as long as the line");
        assert_eq!(at(49).broken(text, 6).lines().count(), 2);
        assert_eq!(Look::PLAIN.broken(text, 6), text);
    }

    #[test]
    fn no_word_is_lost_or_broken() {
        let text = "2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff <-> 192.0.2.0/24\nof  the other é end";
        for width in 0..90 {
            let broken = at(width).broken(text, 6);
            assert_eq!(
                broken.replace('\n', " "),
                text.replace('\n', " "),
                "{width}"
            );
        }
    }
}
