//! One door: [`check`] reads a text and compares what came of it.

mod door;
mod examples;

use door::{check, check_findings};
