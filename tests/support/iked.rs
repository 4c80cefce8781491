//! OpenIKED in a gateway's namespace. Its ESP is the kernel's; where that has none,
//! `tests/peers/pfkeyshim.c` answers in its place, logs the keys, and lets a Child SA expire when asked.

use super::kernel;
use super::keys::{self, SaKeys};
use super::prepared;
use super::process::{Process, read_text, run, wait_for_log, wait_until};
use super::tunnel::{Esp, Ike, Starts, Suite, Tunnel};
use super::world::{End, World};
use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// What Debian's build can do for ESP on Linux, under either protection of IKE.
pub const CBC: Suite = Suite {
    esp: Esp::CbcSha512,
    ..Suite::CBC
};
pub const GCM: Suite = Suite {
    esp: Esp::CbcSha512,
    ..Suite::GCM
};

const PATIENCE: Duration = Duration::from_secs(10);

pub struct Iked<'w> {
    dir: PathBuf,
    process: Process<'w>,
}

impl<'w> Iked<'w> {
    /// It initiates at once where its end of the tunnel starts. Its IKE SA is rekeyed after about
    /// nine tenths of `ike_lifetime`: it has no command for that.
    pub fn start(world: &'w World, end: End, tunnel: &Tunnel, ike_lifetime: Duration) -> Self {
        let dir = world.dir(&format!("iked-{}", end.gateway_node()));
        let settings = dir.join("iked.conf");
        std::fs::write(&settings, policy(tunnel, ike_lifetime))
            .and_then(|()| std::fs::set_permissions(&settings, PermissionsExt::from_mode(0o600)))
            .expect("the world's folder is writable");
        let process = Process::start(world, daemon(world, end, &dir), &dir.join("log"));
        let mut iked = Self { dir, process };
        wait_until("iked to load its policy", PATIENCE, || {
            iked.process.assert_running();
            iked.log()
                .contains("config_getstatic: mobike")
                .then_some(())
        });
        iked
    }

    /// Asks for a rekey of the newest Child SA, as a kernel does at its soft lifetime; where one has
    /// it, nobody can ask for it.
    pub fn rekey_child(&self) {
        let expire = self.dir.join("expire");
        std::fs::write(&expire, "").expect("the world's folder is writable");
        wait_until("the shim to expire the SA", PATIENCE, || {
            (!expire.exists()).then_some(())
        });
    }

    /// Deletes the IKE SA with its Child.
    pub fn terminate(&self, tunnel: &Tunnel) {
        let identity = format!("IPV4/{}", tunnel.remote.identity);
        let mut command = Command::new(prepared("openiked/usr/sbin/ikectl"));
        command.arg("-s").arg(self.dir.join("socket"));
        run(command.args(["reset", "id", &identity]));
    }

    pub fn log(&self) -> String {
        self.process.printed()
    }

    #[track_caller]
    pub fn wait_for_log(&self, text: &str) {
        wait_for_log(|| self.log(), text, 0);
    }

    /// The keys of every SA that was ever installed, where no kernel had them.
    pub fn keys(&self) -> BTreeSet<SaKeys> {
        keys::from_pfkeyshim(&read_text(&self.dir.join("sa.log")))
    }
}

/// iked wants its key and its empty folders of certificates in /etc/iked. `ip netns exec` gives it
/// mounts of its own, so they are put there for its eyes only.
fn daemon(world: &World, end: End, dir: &Path) -> Command {
    let dir = dir.display();
    let paths = [prepared("iked-etc"), prepared("openiked/usr/sbin/iked")];
    let [etc, iked] = paths.each_ref().map(|path| path.display());
    let shim = match kernel::carries_their_tunnels() {
        true => String::new(),
        false => format!("LD_PRELOAD={}", prepared("pfkeyshim.so").display()),
    };
    let script = format!(
        "mount --bind {etc} /etc/iked &&
        {shim} PFKEYSHIM_LOG={dir}/sa.log PFKEYSHIM_EXPIRE={dir}/expire \
        exec {iked} -d -vv -f {dir}/iked.conf -s {dir}/socket"
    );
    let mut command = world.command(end.gateway_node(), "sh");
    command.args(["-c", &script]);
    command
}

fn policy(tunnel: &Tunnel, ike_lifetime: Duration) -> String {
    let (ike, group) = match tunnel.suite.ike {
        Ike::Cbc14 => (
            "enc aes-256 prf hmac-sha2-256 auth hmac-sha2-256",
            "modp2048",
        ),
        Ike::Gcm19 => ("enc aes-256-gcm prf hmac-sha2-256", "ecp256"),
    };
    let esp = match tunnel.suite.esp {
        Esp::CbcSha512 => "enc aes-256 auth hmac-sha2-512",
        // Debian's build refuses these for ESP on Linux.
        Esp::CbcSha256 | Esp::Gcm => panic!("OpenIKED has neither HMAC-SHA-256 nor GCM for ESP"),
    };
    let mode = match tunnel.starts {
        Starts::Local => "active",
        Starts::Remote => "passive",
    };
    let (local, remote) = (&tunnel.local, &tunnel.remote);
    format!(
        "ikev2 \"site\" {mode} esp \\
	from {} to {} \\
	local {} peer {} \\
	ikesa {ike} group {group} \\
	childsa {esp} group {group} noesn \\
	srcid {} dstid {} \\
	ikelifetime {} lifetime 3600 \\
	psk \"{}\"
",
        local.network,
        remote.network,
        local.address,
        remote.reached_at,
        local.identity,
        remote.identity,
        ike_lifetime.as_secs(),
        tunnel.key,
    )
}
