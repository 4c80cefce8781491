//! One function over many things, on all cores, with a bar on the terminal.

use std::io::{self, IsTerminal, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// How often the bar moves.
const TICK: Duration = Duration::from_millis(100);
/// Its width in characters.
const BAR: usize = 30;
/// What a thread takes at once, at most; of few things less, so that all threads have some.
const PORTION: usize = 16;

/// The results in the order of the things.
pub fn each<T: Sync, R: Send>(what: &str, things: &[T], f: impl Fn(&T) -> R + Sync) -> Vec<R> {
    each_with(what, things, |(): &mut (), thing| f(thing))
}

/// The same, where each thread keeps something from one thing to the next, neighbours mostly.
pub fn each_with<S: Default, T: Sync, R: Send>(
    what: &str,
    things: &[T],
    f: impl Fn(&mut S, &T) -> R + Sync,
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let done = AtomicUsize::new(0);
    let results = Mutex::new(Vec::with_capacity(things.len()));
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let size = (things.len() / (threads * 4)).clamp(1, PORTION);
    thread::scope(|scope| {
        let worker = || {
            let mut kept = S::default();
            loop {
                let from = next.fetch_add(size, Ordering::Relaxed);
                let Some(portion) = things.get(from..things.len().min(from + size)) else {
                    return;
                };
                if portion.is_empty() {
                    return;
                }
                let found: Vec<R> = portion.iter().map(|thing| f(&mut kept, thing)).collect();
                done.fetch_add(portion.len(), Ordering::Relaxed);
                if let Ok(mut results) = results.lock() {
                    results.push((from, found));
                }
            }
        };
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        if io::stderr().is_terminal() {
            while workers.iter().any(|worker| !worker.is_finished()) {
                show(what, done.load(Ordering::Relaxed), things.len());
                thread::sleep(TICK);
            }
            // The line is left empty for what comes.
            eprint!("\r\x1b[K");
        }
    });
    let mut portions = results.into_inner().unwrap_or_default();
    portions.sort_unstable_by_key(|(from, _)| *from);
    portions.into_iter().flat_map(|(_, found)| found).collect()
}

fn show(what: &str, done: usize, all: usize) {
    let filled = BAR * done / all.max(1);
    let (full, empty) = ("#".repeat(filled), "-".repeat(BAR - filled));
    eprint!("\r{what} [{full}{empty}] {done}/{all}");
    io::stderr().flush().ok();
}

#[cfg(test)]
mod tests {
    use super::each;

    #[test]
    fn results_are_in_the_order_of_the_things() {
        let things: Vec<usize> = (0..1000).collect();
        let doubled: Vec<usize> = things.iter().map(|n| n * 2).collect();
        assert_eq!(each("counting", &things, |n| n * 2), doubled);
        assert!(each("counting", &[] as &[usize], |n| *n).is_empty());
    }
}
