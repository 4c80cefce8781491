//! Ends and codes as the table has them.

use super::case::ENDS;
use crossgate_model::End;

pub fn name(end: End) -> &'static str {
    ENDS[end as usize]
}

/// `branch ts-unacceptable, hq ts-unacceptable`; both ends' equal codes are told once.
pub fn codes(codes: &[(Option<End>, String)]) -> String {
    let mut told: Vec<String> = Vec::new();
    for (end, code) in codes {
        let both = |end: End| codes.contains(&(Some(end), code.clone()));
        let text = match end {
            Some(_) if End::BOTH.into_iter().all(both) => format!("both ends: {code}"),
            Some(end) => format!("{}: {code}", name(*end)),
            None => code.clone(),
        };
        if !told.contains(&text) {
            told.push(text);
        }
    }
    told.join(", ")
}
