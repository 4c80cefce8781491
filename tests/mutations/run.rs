//! Many pairs judged and rehearsed, two at a time.

use super::choice::Start;
use super::judge::{Given, Judged, judged};
use super::table::Mutation;
use crossgate_model::{End, Verdict};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const THREADS: usize = 2;
/// Between two lines about how far it is.
const TELL_EVERY: Duration = Duration::from_secs(10);
/// A rekey's predicted time may be wrong by so much of it: vendors draw their margins.
const RELATIVE_TOLERANCE: f64 = 0.12;

/// What was said of a mutation.
pub struct Outcome {
    pub mutation: Mutation,
    /// `Err`: a file is none that can be read.
    pub judged: Result<Judged, String>,
}

impl Outcome {
    pub fn agrees(&self) -> bool {
        match &self.judged {
            Ok(judged) => agree(judged.check, judged.rehearsal),
            Err(_) => true,
        }
    }

    /// Whether the rehearsal found the tunnel to serve.
    pub fn is_good(&self) -> Option<bool> {
        let judged = self.judged.as_ref().ok()?;
        Some(judged.rehearsal.is_good())
    }
}

/// Whether a prediction came true.
pub fn agree(predicted: Verdict, observed: Verdict) -> bool {
    match (predicted, observed) {
        (Verdict::FailsAtRekey { seconds: a }, Verdict::FailsAtRekey { seconds: b }) => {
            a.abs_diff(b) as f64 <= a.max(b) as f64 * RELATIVE_TOLERANCE
        }
        (a, b) => a == b,
    }
}

/// The files of a mutation in the order in which they are given.
pub fn given(start: &Start, mutation: &Mutation) -> Given {
    let mut names = super::base::ENDS;
    let mut texts = mutation.texts(&start.1);
    if mutation.swapped {
        names.reverse();
        texts.reverse();
    }
    Given { names, texts }
}

/// In the order of `work`.
pub fn run(work: Vec<(&Start, Mutation)>) -> Vec<Outcome> {
    let judged = each(&work, |(start, mutation)| judged(&given(start, mutation)));
    let mutations = work.into_iter().map(|(_, mutation)| mutation);
    let outcomes = mutations.zip(judged);
    outcomes
        .map(|(mutation, judged)| Outcome { mutation, judged })
        .collect()
}

/// What becomes of each, in their order, some of them at a time.
pub fn each<T: Sync, R: Send>(work: &[T], of: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let began = Instant::now();
    let one_thread = |tells: bool| {
        let mut done = Vec::new();
        let mut told = Instant::now();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = work.get(at) else {
                return done;
            };
            done.push((at, of(item)));
            if tells && told.elapsed() >= TELL_EVERY {
                told = Instant::now();
                let seconds = began.elapsed().as_secs();
                eprintln!("{at} of {} pairs after {seconds} s", work.len());
            }
        }
    };
    let mut all = std::thread::scope(|scope| {
        let one_thread = &one_thread;
        let threads: Vec<_> = (0..THREADS)
            .map(|number| scope.spawn(move || one_thread(number == 0)))
            .collect();
        let results = threads.into_iter().map(|thread| thread.join());
        results
            .flat_map(|done| done.expect("no pair makes it panic"))
            .collect::<Vec<_>>()
    });
    all.sort_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, result)| result).collect()
}

/// The kinds of verdicts, in the order of the matrix.
pub const KINDS: [&str; 7] = [
    "comes up",
    "fails at a rekey",
    "no traffic",
    "one way only",
    "only when one starts",
    "never comes up",
    "unreadable",
];

pub fn kind(verdict: Verdict) -> usize {
    match verdict {
        Verdict::ComesUp => 0,
        Verdict::FailsAtRekey { .. } => 1,
        Verdict::NoTraffic { from: None } => 2,
        Verdict::NoTraffic { from: Some(_) } => 3,
        Verdict::OnlyWhen { .. } => 4,
        Verdict::NeverComesUp => 5,
    }
}

/// A verdict in few words.
pub fn told(verdict: Verdict) -> String {
    let end = |end: End| super::base::ENDS[end as usize];
    match verdict {
        Verdict::FailsAtRekey { seconds } => format!("fails at the rekey after {seconds} s"),
        Verdict::NoTraffic { from: Some(from) } => {
            format!("nothing from the {} file's end", end(from))
        }
        Verdict::OnlyWhen { starts } => format!("only when the {} file's end starts", end(starts)),
        other => KINDS[kind(other)].to_owned(),
    }
}

/// Rows: what the rehearsal observes; columns: what `check` says.
pub fn matrix(outcomes: &[Outcome]) -> String {
    let mut counts = [[0_usize; KINDS.len()]; KINDS.len()];
    for outcome in outcomes {
        let (row, column) = match &outcome.judged {
            Ok(judged) => (kind(judged.rehearsal), kind(judged.check)),
            Err(_) => (KINDS.len() - 1, KINDS.len() - 1),
        };
        counts[row][column] += 1;
    }
    let mut text = format!("{:22}", "rehearsed \\ checked");
    for kind in KINDS {
        text += &format!("{kind:>22}");
    }
    for (kind, row) in KINDS.iter().zip(counts) {
        text += &format!("\n{kind:22}");
        for count in row {
            text += &format!("{count:>22}");
        }
    }
    text
}
