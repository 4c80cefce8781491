//! Libreswan's daemon in a gateway's namespace. Its ESP is the kernel's; where that has none,
//! `tests/peers/xfrmshim.c` answers in its place and logs the keys.

use super::kernel;
use super::keys::{self, SaKeys};
use super::prepared;
use super::process::{Process, read_text, run, wait_for_log, wait_until};
use super::tunnel::{Esp, Ike, Suite, Tunnel};
use super::world::{End, World};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const CONNECTION: &str = "site";
const DELETED_BY_PEER: &str = "and NOT sending notification";
const PATIENCE: Duration = Duration::from_secs(10);

pub struct Pluto<'w> {
    world: &'w World,
    end: End,
    dir: PathBuf,
    process: Process<'w>,
}

impl<'w> Pluto<'w> {
    pub fn start(world: &'w World, end: End, tunnel: &Tunnel) -> Self {
        let dir = world.dir(&format!("pluto-{}", end.gateway_node()));
        write(&dir.join("ipsec.conf"), &connection(tunnel));
        write(&dir.join("ipsec.secrets"), &secrets(tunnel));
        for name in ["nss", "run"] {
            std::fs::create_dir_all(dir.join(name)).expect("the world's folder is writable");
        }
        let nss = format!("sql:{}", dir.join("nss").display());
        run(Command::new("certutil").args(["-N", "-d", &nss, "--empty-password"]));
        let process = Process::start(world, daemon(world, end, &dir), &dir.join("log"));
        let mut pluto = Self {
            world,
            end,
            dir,
            process,
        };
        pluto.wait_until_loaded();
        pluto
    }

    /// Brings up the tunnel and waits for it.
    pub fn initiate(&self) {
        self.whack("--initiate");
    }

    pub fn rekey_child(&self) {
        self.whack("--rekey-ipsec");
    }

    pub fn rekey_ike(&self) {
        self.whack("--rekey-ike");
    }

    /// Deletes the IKE SA with its Child.
    pub fn terminate(&self) {
        self.whack("--terminate");
    }

    /// How often it has forgotten an IKE SA without a word: by the peer's delete, or by its own
    /// rekey that the peer has completed.
    pub fn ike_sas_deleted_by_peer(&self) -> usize {
        self.process.printed().matches(DELETED_BY_PEER).count()
    }

    #[track_caller]
    pub fn wait_for_delete(&self, known: usize) {
        wait_for_log(|| self.process.printed(), DELETED_BY_PEER, known);
    }

    /// The keys of every SA that was ever installed, where no kernel had them.
    pub fn keys(&self) -> BTreeSet<SaKeys> {
        keys::from_xfrmshim(&read_text(&self.dir.join("sa.log")))
    }

    /// pluto loads the connection by itself once it is up.
    fn wait_until_loaded(&mut self) {
        wait_until("pluto to listen", PATIENCE, || {
            self.process.assert_running();
            let log = self.process.printed();
            (log.contains("added IKEv2 connection") && log.contains("loading secrets"))
                .then_some(())
        });
    }

    fn whack(&self, what: &str) {
        let program = prepared("libreswan/usr/libexec/ipsec/whack");
        let mut command = self.world.command(self.end.gateway_node(), program);
        command.arg("--rundir").arg(self.dir.join("run"));
        run(command.args([what, "--name", CONNECTION]));
    }
}

/// pluto looks for its helpers below /usr/libexec/ipsec. `ip netns exec` gives it mounts of its
/// own, so that folder is put there for its eyes only.
fn daemon(world: &World, end: End, dir: &Path) -> Command {
    let dir = dir.display();
    let libexec = prepared("libreswan/usr/libexec");
    let libexec = libexec.display();
    let shim = match kernel::carries_their_tunnels() {
        true => String::new(),
        false => format!("LD_PRELOAD={}", prepared("xfrmshim.so").display()),
    };
    let script = format!(
        "mount --bind {libexec} /usr/libexec &&
        {shim} XFRMSHIM_LOG={dir}/sa.log exec {libexec}/ipsec/pluto --nofork --stderrlog \
        --config {dir}/ipsec.conf --secretsfile {dir}/ipsec.secrets --rundir {dir}/run --nssdir {dir}/nss"
    );
    let mut command = world.command(end.gateway_node(), "sh");
    command.args(["-c", &script]);
    command
}

fn connection(tunnel: &Tunnel) -> String {
    let (ike, esp) = proposals(tunnel.suite);
    let pfs = if tunnel.suite.pfs { "yes" } else { "no" };
    let (local, remote) = (&tunnel.local, &tunnel.remote);
    format!(
        "config setup
	uniqueids=yes
	listen-tcp=no
conn {CONNECTION}
	ikev2=insist
	authby=secret
	left={}
	leftid={}
	leftsubnet={}
	leftupdown=/bin/true
	right={}
	rightid={}
	rightsubnet={}
	ike={ike}
	esp={esp}
	pfs={pfs}
	esn=no
	ikelifetime=8h
	salifetime=1h
	auto=add
",
        local.address,
        local.identity,
        local.network,
        remote.reached_at,
        remote.identity,
        remote.network,
    )
}

fn proposals(suite: Suite) -> (&'static str, String) {
    let (ike, group) = match suite.ike {
        Ike::Cbc14 => ("aes256-sha2_256-modp2048", "modp2048"),
        Ike::Gcm19 => ("aes_gcm256-sha2_256-dh19", "dh19"),
    };
    let esp = match suite.esp {
        Esp::CbcSha256 => "aes256-sha2_256",
        Esp::CbcSha512 => "aes256-sha2_512",
        Esp::Gcm => "aes_gcm256-null",
    };
    (ike, format!("{esp}-{group}"))
}

fn secrets(tunnel: &Tunnel) -> String {
    let (local, remote) = (&tunnel.local.identity, &tunnel.remote.identity);
    format!("{local} {remote} : PSK \"{}\"\n", tunnel.key)
}

fn write(path: &Path, text: &str) {
    std::fs::write(path, text).expect("the world's folder is writable");
}
