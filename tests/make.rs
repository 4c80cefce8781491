//! `crossgate generate`, `mirror` and `convert` as a person uses them.
