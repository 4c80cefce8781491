//! Child programs that never outlive a test, and waiting for what they do.

use super::world::World;
use std::fs::File;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A program in the background of a world, killed at the latest when its owner is dropped.
pub struct Process<'w> {
    child: Child,
    name: String,
    log: PathBuf,
    world: PhantomData<&'w World>,
}

impl<'w> Process<'w> {
    /// Starts the command with both outputs in the file `log`.
    pub fn start(_world: &'w World, mut command: Command, log: &Path) -> Self {
        let name = shown(&command);
        let file = File::create(log).expect("the log's folder exists");
        let stderr = file.try_clone().expect("a file can be shared");
        let child = command
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(stderr)
            .spawn()
            .unwrap_or_else(|error| panic!("can't start {name}: {error}"));
        Self {
            child,
            name,
            log: log.to_owned(),
            world: PhantomData,
        }
    }

    /// All that it has printed so far.
    pub fn printed(&self) -> String {
        read_text(&self.log)
    }

    /// How long its threads, those that still are, have worked: Linux counts nanoseconds.
    #[allow(dead_code, reason = "a benchmark asks for it")]
    pub fn processor_time(&self) -> Duration {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.child.id()));
        let threads = threads.into_iter().flatten().flatten();
        let spent = threads.filter_map(|thread| {
            let schedule = read_text(&thread.path().join("schedstat"));
            let first: u64 = schedule.split_whitespace().next()?.parse().ok()?;
            Some(Duration::from_nanos(first))
        });
        spent.sum()
    }

    /// Octets that it has in memory.
    #[allow(dead_code, reason = "a benchmark asks for it")]
    pub fn resident(&self) -> f64 {
        let status = read_text(Path::new(&format!("/proc/{}/status", self.child.id())));
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|line| line.split_whitespace().next());
        let kilobytes: f64 = number.and_then(|n| n.parse().ok()).expect("it runs");
        kilobytes * 1024.0
    }

    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        run(Command::new("sh").args(["-c", &format!("kill -{name} {pid}")]));
    }

    /// The exit code of a program that is expected to end by itself.
    pub fn wait(&mut self, limit: Duration) -> Option<i32> {
        let what = format!("{} to end", self.name);
        wait_until(&what, limit, || {
            self.child.try_wait().expect("it is our child")
        })
        .code()
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("it is our child")
    }

    /// Panics with its last words if it has ended.
    pub fn assert_running(&mut self) {
        if let Some(status) = self.ended() {
            panic!("{} ended with {status}:\n{}", self.name, self.printed());
        }
    }
}

impl Drop for Process<'_> {
    fn drop(&mut self) {
        // Errors say that it has ended already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs to the end; any exit code will do.
pub fn output(command: &mut Command) -> Output {
    command
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("can't run {}: {error}", shown(command)))
}

/// Runs to the end and must succeed; gives what it printed.
#[track_caller]
pub fn run(command: &mut Command) -> String {
    let output = output(command);
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{} failed with {}:\n{stdout}{}",
        shown(command),
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    stdout
}

/// Asks until there is an answer; `what` completes the sentence "waited for …".
#[track_caller]
pub fn wait_until<T>(what: &str, limit: Duration, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(start.elapsed() < limit, "waited {limit:?} for {what}");
        sleep(Duration::from_millis(20));
    }
}

/// Waits until a log has a text more than `known` times.
#[track_caller]
pub fn wait_for_log(log: impl Fn() -> String, text: &str, known: usize) {
    let what = format!("`{text}`, which is {known} times in the log");
    wait_until(&what, Duration::from_secs(10), || {
        (log().matches(text).count() > known).then_some(())
    });
}

/// The text of a file that another program may not have made yet.
pub fn read_text(path: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned()
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    words.join(" ")
}
