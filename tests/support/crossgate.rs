//! Our daemon in a gateway's namespace.

use super::kernel;
use super::keys::{self, SaKeys};
use super::ping;
use super::process::{Process, read_text, run, wait_until};
use super::tunnel::Tunnel;
use super::vendors::Vendor;
use super::world::{End, World};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const PROGRAM: &str = env!("CARGO_BIN_EXE_crossgate");
const PATIENCE: Duration = Duration::from_secs(10);
/// ESP goes in UDP, whoever the peer is.
pub const IN_UDP: &[&str] = &["--encapsulate", "all"];
/// ESP is IP protocol 50, though the peer be one of ours.
pub const BARE: &[&str] = &["--no-encapsulate", "all"];

pub struct Crossgate<'w> {
    world: &'w World,
    vendor: Vendor,
    dir: PathBuf,
    process: Process<'w>,
}

/// A line of the log.
#[derive(Clone, Debug)]
pub struct Logged {
    pub event: String,
    pub text: String,
}

impl<'w> Crossgate<'w> {
    /// At end A, ready to negotiate.
    pub fn start(world: &'w World, vendor: Vendor, tunnel: &Tunnel) -> Self {
        Self::start_at(world, End::A, vendor, tunnel, &[])
    }

    /// At either end, with more arguments.
    pub fn start_at(
        world: &'w World,
        end: End,
        vendor: Vendor,
        tunnel: &Tunnel,
        arguments: &[&str],
    ) -> Self {
        Self::start_with(world, end, vendor, &vendor.configuration(tunnel), arguments)
    }

    /// With a text of that vendor's.
    pub fn start_with(
        world: &'w World,
        end: End,
        vendor: Vendor,
        configuration: &str,
        arguments: &[&str],
    ) -> Self {
        let dir = world.dir(&format!("crossgate-{}", end.gateway_node()));
        let file = dir.join(vendor.file_name());
        write(&file, configuration);
        let mut command = daemon(world, end, vendor, &dir);
        if kernel::carries_the_tunnels() && !arguments.contains(&"--data-plane") {
            command.args(["--data-plane", "kernel"]);
        }
        command.args(arguments);
        let process = Process::start(world, command, &dir.join("log"));
        let mut crossgate = Self {
            world,
            vendor,
            dir,
            process,
        };
        wait_until("our daemon to be ready", PATIENCE, || {
            crossgate.process.assert_running();
            crossgate.logged("ready").pop()
        });
        crossgate
    }

    /// Brings up the tunnel in the way of the vendor's operator, and waits for the Child SA.
    #[track_caller]
    pub fn initiate(&self) {
        match self.vendor {
            // A tunnel interface needs nobody the first time; after a delete traffic does it.
            Vendor::Ios if self.logged("ike-sa-deleted").is_empty() => {}
            Vendor::Ios | Vendor::IosCryptoMap => drop(ping::answered(self.world, End::A)),
            Vendor::PanOs => drop(self.exec("test vpn ipsec-sa tunnel SITE")),
        }
        let what = format!("a Child SA ({})", self.dir.display());
        wait_until(&what, PATIENCE, || self.is_up().then_some(()));
    }

    pub fn rekey_child(&self) {
        self.operate("request rekey child", "child-sa-rekeyed");
    }

    pub fn rekey_ike(&self) {
        self.operate("request rekey ike", "ike-sa-rekeyed");
    }

    /// Deletes the IKE SA with its Child by the vendor's own command.
    pub fn delete(&self) {
        self.operate(self.vendor.delete_command(), "ike-sa-deleted");
    }

    /// The print of a command, which must be accepted.
    #[track_caller]
    pub fn exec(&self, command: &str) -> String {
        run(Command::new(PROGRAM)
            .arg("exec")
            .arg(self.socket())
            .arg(command))
    }

    /// A counter by its name; 0 where it never counted.
    pub fn counter(&self, name: &str) -> u64 {
        let printed: Value = serde_json::from_str(&self.exec("request json")).expect("JSON");
        printed["counters"][name].as_u64().unwrap_or_default()
    }

    /// Replaces the configuration and has it read.
    pub fn reload(&self, configuration: &str) {
        write(&self.dir.join(self.vendor.file_name()), configuration);
        self.process.signal("HUP");
    }

    /// Orders it to end, and gives its exit code.
    pub fn stop(&mut self) -> Option<i32> {
        self.process.signal("TERM");
        self.process.wait(PATIENCE)
    }

    /// Ends it in the middle of everything.
    pub fn kill(&mut self) {
        self.process.signal("KILL");
        self.process.wait(PATIENCE);
    }

    /// All log lines of one event.
    pub fn logged(&self, event: &str) -> Vec<Logged> {
        let mut all = self.log();
        all.retain(|line| line.event == event);
        all
    }

    #[track_caller]
    pub fn wait_for(&self, event: &str) -> Logged {
        self.wait_for_within(event, PATIENCE)
    }

    #[track_caller]
    pub fn wait_for_within(&self, event: &str, limit: Duration) -> Logged {
        self.wait_for_more(event, 0, limit)
    }

    /// Waits for one more line of an event than there were.
    #[track_caller]
    pub fn wait_for_another(&self, event: &str, known: usize) -> Logged {
        self.wait_for_more(event, known, PATIENCE)
    }

    /// Waits for a line of an event that says something.
    #[track_caller]
    pub fn wait_for_text(&self, event: &str, text: &str) -> Logged {
        let what = format!("event `{event}` with `{text}` ({})", self.dir.display());
        wait_until(&what, PATIENCE, || {
            let mut logged = self.logged(event);
            logged.retain(|line| line.text.contains(text));
            logged.pop()
        })
    }

    /// The keys of every Child SA that was ever installed.
    pub fn keys(&self) -> BTreeSet<SaKeys> {
        keys::from_esp_sa(&read_text(&self.key_tables().join("esp_sa")))
    }

    /// The folder of Wireshark's tables.
    pub fn key_tables(&self) -> PathBuf {
        self.dir.join("keys")
    }

    /// Whether there is a Child SA, as the log tells it.
    fn is_up(&self) -> bool {
        let change = |line: &Logged| match line.event.as_str() {
            "child-sa-installed" => Some(true),
            "child-sa-deleted" if !line.text.ends_with("replaced by a rekey") => Some(false),
            _ => None,
        };
        self.log().iter().rev().find_map(change).unwrap_or(false)
    }

    #[track_caller]
    fn wait_for_more(&self, event: &str, known: usize, limit: Duration) -> Logged {
        let what = format!("event `{event}` in our log ({})", self.dir.display());
        wait_until(&what, limit, || {
            let logged = self.logged(event);
            (logged.len() > known).then(|| logged.last().expect("not empty").clone())
        })
    }

    #[track_caller]
    fn operate(&self, command: &str, event: &str) {
        let known = self.logged(event).len();
        self.exec(command);
        self.wait_for_another(event, known);
    }

    fn log(&self) -> Vec<Logged> {
        let text = self.process.printed();
        text.lines().filter_map(parse_line).collect()
    }

    /// Of all its threads.
    #[allow(dead_code, reason = "a benchmark asks for it")]
    pub fn processor_time(&self) -> Duration {
        self.process.processor_time()
    }

    /// Octets that it has in memory.
    #[allow(dead_code, reason = "a benchmark asks for it")]
    pub fn resident(&self) -> f64 {
        self.process.resident()
    }

    /// The control socket.
    pub fn socket(&self) -> PathBuf {
        self.dir.join("socket")
    }
}

/// A daemon that is expected to refuse its work.
pub struct Attempt<'w>(Process<'w>);

impl<'w> Attempt<'w> {
    /// At end A, after a shell line that runs in the daemon's place and with its mounts.
    pub fn start(world: &'w World, vendor: Vendor, configuration: &str, before: &str) -> Self {
        let dir = world.dir("attempt");
        write(&dir.join(vendor.file_name()), configuration);
        let daemon = daemon(world, End::A, vendor, &dir);
        let words: Vec<_> = daemon.get_args().skip(3).collect();
        let mut command = world.command(End::A.gateway_node(), "sh");
        command.args(["-c", &format!("{before}; exec \"$@\""), "sh"]);
        command.args(words);
        Self(Process::start(world, command, &dir.join("log")))
    }

    /// The exit code, and what it said that is no line of the log.
    pub fn end(&mut self) -> (Option<i32>, Vec<String>) {
        let code = self.0.wait(PATIENCE);
        let printed = self.0.printed();
        let said = printed.lines().filter(|line| parse_line(line).is_none());
        (code, said.map(str::to_owned).collect())
    }
}

fn daemon(world: &World, end: End, vendor: Vendor, dir: &Path) -> Command {
    let mut command = world.command(end.gateway_node(), PROGRAM);
    command.arg("run").arg(dir.join(vendor.file_name()));
    for (interface, device) in vendor.interfaces().iter().zip(["wan", "lan"]) {
        command.args(["--bind", &format!("{interface}={device}")]);
    }
    command.arg("--socket").arg(dir.join("socket"));
    command.arg("--keylog").arg(dir.join("keys"));
    command.args(["--log-format", "json"]);
    if let Some(workers) = workers() {
        command.args(["--workers", &workers]);
    }
    command
}

/// Of every daemon, where the environment says so: `CROSSGATE_WORKERS=2` runs these tests with workers,
/// but for those of `kernel::`, `per_core::`, `protocol_50::` and `workers::`, which choose themselves.
fn workers() -> Option<String> {
    std::env::var("CROSSGATE_WORKERS").ok()
}

/// What isn't JSON is no event: a panic's text, for one, which the test's end will show.
fn parse_line(line: &str) -> Option<Logged> {
    let value: Value = serde_json::from_str(line).ok()?;
    let field = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    Some(Logged {
        event: field("event")?,
        text: field("text")?,
    })
}

fn write(path: &Path, text: &str) {
    std::fs::write(path, text).expect("the world's folder is writable");
}
