//! What becomes of a tunnel: the words that `check`, `rehearse` and `lab` share.

use serde::Serialize;
use std::fmt;
use std::time::Duration;

/// One of the two ends, in the order in which their files were given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum End {
    First,
    Second,
}

impl End {
    pub const BOTH: [End; 2] = [End::First, End::Second];

    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }
}

/// What happens to the tunnel of a pair, from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case", tag = "verdict")]
pub enum Verdict {
    /// Whoever starts; and it survives its rekeys.
    ComesUp,
    /// Traffic passes until an SA should be rekeyed; counted from the moment it came up. The
    /// seconds are when the end that rekeys first tries it, give or take its jitter.
    FailsAtRekey {
        seconds: u64,
    },
    /// The SAs come up, but packets from that end's hosts (`None`: from neither's) don't arrive.
    NoTraffic {
        from: Option<End>,
    },
    /// Never when the other end starts.
    OnlyWhen {
        starts: End,
    },
    NeverComesUp,
}

impl Verdict {
    /// When a rekey fails.
    pub fn fails_at(after: Duration) -> Self {
        Self::FailsAtRekey {
            seconds: after.as_secs(),
        }
    }

    /// Whether the tunnel serves as it is meant to.
    pub fn is_good(self) -> bool {
        self == Self::ComesUp
    }

    /// One sentence, with the ends' names.
    pub fn sentence(self, names: [&str; 2]) -> Sentence<'_> {
        Sentence {
            verdict: self,
            names,
        }
    }
}

/// A verdict in words.
pub struct Sentence<'a> {
    verdict: Verdict,
    names: [&'a str; 2],
}

impl Sentence<'_> {
    fn name(&self, end: End) -> &str {
        self.names[end as usize]
    }
}

impl fmt::Display for Sentence<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.verdict {
            Verdict::ComesUp => f.write_str("comes up"),
            Verdict::FailsAtRekey { seconds } => {
                write!(f, "comes up but fails at the first rekey after {seconds} s")
            }
            Verdict::NoTraffic { from: None } => f.write_str("comes up but no traffic passes"),
            Verdict::NoTraffic { from: Some(end) } => write!(
                f,
                "comes up but no traffic passes from {} to {}",
                self.name(end),
                self.name(end.other())
            ),
            Verdict::OnlyWhen { starts } => {
                write!(f, "comes up only when {} starts", self.name(starts))
            }
            Verdict::NeverComesUp => f.write_str("never comes up"),
        }
    }
}
