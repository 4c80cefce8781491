//! What the terminal at stdout or stderr wants of a report.

use crossgate_diag::Look;
use std::ffi::OsStr;
use std::io::IsTerminal;

pub fn stdout() -> Look {
    let out = std::io::stdout();
    look(out.is_terminal(), || terminal_size::terminal_size_of(&out))
}

pub fn stderr() -> Look {
    let out = std::io::stderr();
    look(out.is_terminal(), || terminal_size::terminal_size_of(&out))
}

type Size = (terminal_size::Width, terminal_size::Height);

/// `COLUMNS` decides where it is exported, for a file too; else the terminal's own width.
fn look(is_terminal: bool, size: impl Fn() -> Option<Size>) -> Look {
    let told = std::env::var("COLUMNS").ok();
    let told = told.and_then(|text| text.parse().ok());
    let measured = || is_terminal.then(&size).flatten();
    let variable = |name| std::env::var_os(name);
    Look {
        colour: is_terminal
            && wants_colour(variable("NO_COLOR").as_deref(), variable("TERM").as_deref()),
        width: told.or_else(|| measured().map(|(width, _)| usize::from(width.0))),
    }
}

/// As <https://no-color.org> says: whatever `NO_COLOR` holds, unless it is empty.
fn wants_colour(no_color: Option<&OsStr>, term: Option<&OsStr>) -> bool {
    no_color.is_none_or(OsStr::is_empty) && term.is_none_or(|term| term != "dumb")
}

#[cfg(test)]
mod tests {
    use super::wants_colour;

    #[test]
    fn colour_is_left_out_where_it_is_unwanted_or_unknown() {
        let on = Some("xterm".as_ref());
        assert!(wants_colour(None, on) && wants_colour(None, None));
        assert!(wants_colour(Some("".as_ref()), on));
        assert!(!wants_colour(Some("1".as_ref()), on));
        assert!(!wants_colour(Some("0".as_ref()), on));
        assert!(!wants_colour(None, Some("dumb".as_ref())));
    }
}
