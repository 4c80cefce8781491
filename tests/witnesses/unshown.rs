//! Failures that a witness can't show yet, and why.

use super::unenforced::UNENFORCED;

/// What is said of an engine where a rule is about certificates.
pub const NO_CERTIFICATES: &str = "needs certificates in the engine (coming)";

/// Events that a rule predicts and no engine reports: rule, event, why.
const UNREPORTED: [(&str, &str, &str); 1] = [(
    "ike-version-differs",
    "message-rejected",
    "no engine here speaks IKEv1, so none has a message of it to reject",
)];

/// Why no engine reports an event that the rule predicts.
pub fn unreported(code: &str, event: &str) -> Option<&'static str> {
    let mut known = UNREPORTED.iter();
    let found = known.find(|(rule, known, _)| (*rule, *known) == (code, event));
    found.map(|(.., why)| *why)
}

/// Why a lab doesn't show the example of that rule.
pub fn why(code: &str) -> Option<&'static str> {
    let unenforced = UNENFORCED.contains(&code);
    unenforced.then_some("needs packet rules (coming)")
}
