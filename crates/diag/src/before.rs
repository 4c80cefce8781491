//! What is said of an edited text, told of the text as it was.

use crate::finding::Finding;
use crate::fix::{Edit, Fix};
use crate::source::Span;

/// Where the parts of edited texts were before.
#[derive(Debug, Default)]
pub struct Before {
    edits: Vec<Made>,
}

/// An edit, and where its text stands now.
#[derive(Debug)]
struct Made {
    edit: Edit,
    now: Span,
}

/// A place of the edited text in the text as it was.
struct Place {
    at: u32,
    /// The edit whose text it is in the midst of.
    within: Option<(usize, u32)>,
}

impl Before {
    /// After these edits, which don't overlap and are made at once, whatever files they are of.
    pub fn new<'e>(edits: impl IntoIterator<Item = &'e Edit>) -> Self {
        let mut edits: Vec<Edit> = edits.into_iter().cloned().collect();
        edits.sort_by_key(|edit| edit.span);
        let mut moved = 0_i64;
        let mut file = None;
        let made = edits.into_iter().map(|edit| {
            let span = edit.span;
            if file.replace(span.file) != Some(span.file) {
                moved = 0;
            }
            let length = edit.expose().len() as i64;
            let start = i64::from(span.start) + moved;
            moved += length - i64::from(span.end - span.start);
            let place = |at: i64| usize::try_from(at).unwrap_or(0);
            let now = Span::new(span.file, place(start)..place(start + length));
            Made { edit, now }
        });
        Self {
            edits: made.collect(),
        }
    }

    /// The finding with the places where it was, and fixes of the text as it was.
    pub fn finding(&self, finding: &Finding) -> Finding {
        let mut finding = finding.clone();
        for label in &mut finding.labels {
            label.span = self.span(label.span);
        }
        let replace = finding.help.as_mut().and_then(|help| help.replace.as_mut());
        if let Some((span, _)) = replace {
            *span = self.span(*span);
        }
        let choices = finding.choices.iter_mut();
        let choices = choices.filter_map(|choice| choice.fix.as_mut());
        for fix in finding.fixes.iter_mut().chain(choices) {
            self.fix(fix);
        }
        finding
    }

    fn fix(&self, fix: &mut Fix) {
        let edits = fix.amendments.iter_mut().flat_map(|part| &mut part.edits);
        for edit in edits {
            *edit = self.edit(edit);
        }
    }

    pub fn span(&self, span: Span) -> Span {
        let start = self.place(span, span.start, false).at;
        let end = self.place(span, span.end, true).at;
        Span { start, end, ..span }
    }

    /// An edit in the midst of an edited place makes both.
    fn edit(&self, edit: &Edit) -> Edit {
        let by = |place: &Place| {
            let (index, offset) = place.within?;
            let by = self.edits.get(index)?.edit.expose();
            by.split_at_checked(offset as usize)
        };
        let span = edit.span;
        let start = self.place(span, span.start, false);
        let end = self.place(span, span.end, true);
        let head = by(&start).map_or("", |(head, _)| head);
        let tail = by(&end).map_or("", |(_, tail)| tail);
        let span = Span {
            start: start.at,
            end: end.at,
            ..span
        };
        edit.around(span, head, tail)
    }

    /// In the midst of an edit it is the edit's end or its start.
    fn place(&self, span: Span, at: u32, is_end: bool) -> Place {
        let mut before = at;
        for (index, Made { edit, now }) in self.edits.iter().enumerate() {
            if now.file != span.file {
                continue;
            }
            if at <= now.start {
                break;
            }
            if at < now.end {
                return Place {
                    at: if is_end {
                        edit.span.end
                    } else {
                        edit.span.start
                    },
                    within: Some((index, at - now.start)),
                };
            }
            before = edit.span.end + (at - now.end);
        }
        let within = None;
        Place { at: before, within }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fix::{Amendment, apply};
    use crate::source::Sources;

    const TEXT: &str = "crypto ikv2 profile P\n match adress local\n";

    /// `ikv2` mended to `ikev2`, and `adress` to `address`.
    fn mended() -> (Span, Vec<Edit>, String) {
        let file = Sources::new().add("", TEXT);
        let of = |wrong: &str, right: &str| {
            let at = TEXT.find(wrong).expect("it is there");
            Edit::new(Span::new(file, at..at + wrong.len()), right)
        };
        let edits = vec![of("ikv2", "ikev2"), of("adress", "address")];
        let text = apply(TEXT, &edits);
        (Span::new(file, 0..0), edits, text)
    }

    fn part(span: Span) -> &'static str {
        TEXT.get(span.start as usize..span.end as usize)
            .expect("a part of the text")
    }

    #[test]
    fn places_are_where_the_same_words_were() {
        let (origin, edits, text) = mended();
        let before = Before::new(&edits);
        let was = |now: &str| {
            let at = text.find(now).expect("it is there");
            let span = Span::new(origin.file, at..at + now.len());
            part(before.span(span))
        };
        for same in ["crypto", "profile P", "match", "local", "local\n"] {
            assert_eq!(was(same), same);
        }
        assert_eq!(was("ikev2"), "ikv2");
        assert_eq!(was("crypto ikev2 profile"), "crypto ikv2 profile");
        assert_eq!(was("address local"), "adress local");
        assert_eq!(was("kev"), "ikv2", "a part of what was mended");
    }

    #[test]
    fn a_fix_of_the_mended_text_is_one_of_the_text_as_it_was() {
        let (origin, edits, text) = mended();
        let before = Before::new(&edits);
        let fixed = |now: &str, by: &str| {
            let at = text.find(now).expect("it is there");
            let edit = Edit::new(Span::new(origin.file, at..at + now.len()), by);
            let amendment = Amendment {
                file: origin.file,
                edits: vec![edit],
                commands: Vec::new(),
            };
            let mut finding = Finding::error("", "");
            finding.fixes.push(Fix {
                text: String::new(),
                amendments: vec![amendment],
            });
            let finding = before.finding(&finding);
            apply(TEXT, &finding.fixes[0].amendments[0].edits)
        };
        assert_eq!(
            fixed(" local", " remote"),
            TEXT.replace("adress local", "adress remote")
        );
        // What begins or ends in the midst of a mended word mends it as well.
        assert_eq!(
            fixed("2 profile P", "2 policy Q"),
            TEXT.replace("ikv2 profile P", "ikev2 policy Q")
        );
        assert_eq!(
            fixed("match addr", "have addr"),
            TEXT.replace("match adress", "have address")
        );
    }
}
