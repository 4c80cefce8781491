//! A kernel that has ESP: Debian's `user-mode-linux`, a kernel that is an ordinary program and sees
//! this machine's files, and changes none. Tests run in it again, with its ESP as the data plane.

use super::{prepared, processor};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

const PROGRAM: &str = "/usr/bin/linux.uml";
/// Set for the tests that run inside: whose tunnels the kernel carries.
const VARIABLE: &str = "CROSSGATE_TESTS_KERNEL_CARRIES";
const OURS: &str = "ours";
const BOTH: &str = "both";

/// What the kernel's ESP and the worlds of the tests are made of.
const MODULES: &str = "xfrm_user esp4 xfrm4_tunnel ip_vti esp6 xfrm6_tunnel ip6_vti cbc hmac authenc authencesn echainiv seqiv gcm \
     ghash-generic sha512_generic veth tun af_packet af_key nf_tables iptable_nat xt_MASQUERADE xt_tcpudp";

/// Whether our program is to leave ESP to the kernel here.
pub fn carries_the_tunnels() -> bool {
    std::env::var_os(VARIABLE).is_some()
}

/// Whether the peer is, too.
pub fn carries_their_tunnels() -> bool {
    std::env::var_os(VARIABLE).is_some_and(|value| value == BOTH)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carries {
    /// Our tunnels: the peer seals and opens by itself.
    Ours,
    /// The peer's too.
    Both,
}

/// Runs those tests of this very program inside, and shows what they print if one fails.
#[track_caller]
pub fn run_inside(carries: Carries, tests: &[&str], limit: Duration) {
    assert!(
        Path::new(PROGRAM).exists(),
        "no {PROGRAM} here; run tests/setup, which installs Debian's user-mode-linux"
    );
    let processor = processor();
    static STARTED: AtomicUsize = AtomicUsize::new(0);
    let number = STARTED.fetch_add(1, Ordering::Relaxed);
    let name = format!("cgtest-kernel-{}-{number}", std::process::id());
    let dir = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&dir).expect("the folder for temporary files is writable");
    let script = dir.join("init");
    std::fs::write(&script, init(carries, tests)).expect("the folder is writable");
    let executable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&script, executable).expect("the file is ours");
    run_script(&script, &dir, limit);
    drop(processor);
    let printed = std::fs::read(dir.join("printed")).unwrap_or_default();
    let printed = String::from_utf8_lossy(&printed).into_owned();
    let passed = printed.contains(&format!(
        "test result: ok. {} passed; 0 failed",
        tests.len()
    ));
    assert!(passed, "{carries:?} in {}:\n{printed}", dir.display());
    let _ = std::fs::remove_dir_all(dir);
}

fn run_script(script: &Path, dir: &Path, limit: Duration) {
    let printed = std::fs::File::create(dir.join("printed")).expect("the folder is writable");
    let mut machine = Command::new(PROGRAM)
        .args([
            "mem=768M",
            "rootfstype=hostfs",
            "rootflags=/",
            "ro",
            "quiet",
        ])
        .args(["con=null", "con0=fd:0,fd:1"])
        .arg(format!("init={}", script.display()))
        .arg(format!("uml_dir={}", dir.display()))
        // Or it doesn't run where the processor has AMX.
        .env("LD_PRELOAD", prepared("umlshim.so"))
        .stdin(Stdio::null())
        .stdout(printed.try_clone().expect("a file can be shared"))
        .stderr(printed)
        .spawn()
        .expect("user-mode Linux starts");
    let begun = Instant::now();
    while machine.try_wait().expect("it is our child").is_none() {
        if begun.elapsed() > limit {
            let _ = machine.kill();
            let _ = machine.wait();
            return;
        }
        sleep(Duration::from_millis(100));
    }
}

/// The first and only process: a machine of its own but for the files, then the tests one by one.
fn init(carries: Carries, tests: &[&str]) -> String {
    let program = std::env::current_exe().expect("this program has a path");
    let folder = std::env::current_dir().expect("this program is somewhere");
    let carries = match carries {
        Carries::Ours => OURS,
        Carries::Both => BOTH,
    };
    let tests = tests.join(" ");
    let (program, folder): (PathBuf, PathBuf) = (program, folder);
    format!(
        "#!/bin/sh
export PATH=/run/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TMPDIR=/run/tmp {VARIABLE}={carries}
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs run /run
mount -t tmpfs modules /lib/modules
ln -s /usr/lib/uml/modules/$(uname -r) /lib/modules/
mkdir -p /run/tmp /dev/net
[ -e /dev/net/tun ] || mknod /dev/net/tun c 10 200
for module in {MODULES}; do modprobe $module; done
ip link set lo up
cd '{folder}'
'{program}' --exact --include-ignored --color=never --test-threads=1 {tests}
halt -d -f
",
        folder = folder.display(),
        program = program.display(),
    )
}
