//! strongSwan's daemon in a gateway's namespace, with ESP in its own process.
//!
//! Its kernel-libipsec plugin forces UDP encapsulation by pretending that there is a NAT. In a kernel
//! that has ESP it leaves ESP to that one.

use super::kernel;
use super::prepared;
use super::process::{Process, output, read_text, run, wait_for_log, wait_until};
use super::tunnel::{Esp, Identity, Ike, Suite, Tunnel};
use super::world::{End, World};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// Names of the connection and of its Child in strongSwan's configuration.
const CONNECTION: &str = "site";
const CHILD: &str = "lan";

const PATIENCE: Duration = Duration::from_secs(10);

pub struct Charon<'w> {
    dir: PathBuf,
    process: Process<'w>,
}

impl<'w> Charon<'w> {
    pub fn start(world: &'w World, end: End, tunnel: &Tunnel) -> Self {
        Self::start_with(world, end, &connection(tunnel))
    }

    /// With a text for swanctl.
    pub fn start_with(world: &'w World, end: End, text: &str) -> Self {
        Self::start_logging(world, end, text, 4)
    }

    /// With as little to log as it has by itself.
    #[allow(dead_code, reason = "a benchmark asks for it")]
    pub fn start_quietly(world: &'w World, end: End, tunnel: &Tunnel) -> Self {
        Self::start_logging(world, end, &connection(tunnel), 1)
    }

    /// `level` is how much of IKE and Childs it logs.
    fn start_logging(world: &'w World, end: End, text: &str, level: u8) -> Self {
        let dir = world.dir(&format!("charon-{}", end.gateway_node()));
        let settings = dir.join("strongswan.conf");
        std::fs::write(&settings, daemon_settings(&dir, level))
            .expect("the world's folder is writable");
        for name in SWANCTL_FOLDERS {
            std::fs::create_dir_all(dir.join(name)).expect("the world's folder is writable");
        }
        let mut command = world.command(end.gateway_node(), prepared("strongswan/charon-systemd"));
        command.env("STRONGSWAN_CONF", &settings);
        let process = Process::start(world, command, &dir.join("output"));
        let mut charon = Self { dir, process };
        wait_until("charon's control socket", PATIENCE, || {
            charon.process.assert_running();
            charon.dir.join("vici").exists().then_some(())
        });
        charon.load_text(text);
        charon
    }

    /// Replaces the configuration.
    pub fn load(&self, tunnel: &Tunnel) {
        self.load_text(&connection(tunnel));
    }

    fn load_text(&self, text: &str) {
        std::fs::write(self.dir.join("swanctl.conf"), text)
            .expect("the world's folder is writable");
        run(self.swanctl().arg("--load-all"));
    }

    /// Whether the first Child came up.
    pub fn initiate(&self) -> bool {
        let timeout = PATIENCE.as_secs().to_string();
        let arguments = ["--initiate", "--child", CHILD, "--timeout", &timeout];
        output(self.swanctl().args(arguments)).status.success()
    }

    pub fn rekey_child(&self) {
        run(self.swanctl().args(["--rekey", "--child", CHILD]));
    }

    pub fn rekey_ike(&self) {
        run(self.swanctl().args(["--rekey", "--ike", CONNECTION]));
    }

    /// Deletes the IKE SA and waits for the answer.
    pub fn terminate(&self) {
        run(self.swanctl().args(["--terminate", "--ike", CONNECTION]));
    }

    /// The SPI pair of every installed Child SA, inbound first.
    pub fn installed(&self) -> Vec<(u32, u32)> {
        let sas = run(self.swanctl().arg("--list-sas"));
        let blocks = sas.split("reqid ").skip(1);
        blocks
            .filter(|block| block.contains("INSTALLED"))
            .map(|block| (spi(block, "in  "), spi(block, "out ")))
            .collect()
    }

    /// Of all its threads.
    #[allow(dead_code, reason = "a benchmark asks for it")]
    pub fn processor_time(&self) -> Duration {
        self.process.processor_time()
    }

    /// The daemon's log so far.
    pub fn log(&self) -> String {
        read_text(&self.dir.join("log"))
    }

    #[track_caller]
    pub fn wait_for_log(&self, text: &str) {
        wait_for_log(|| self.log(), text, 0);
    }

    #[track_caller]
    pub fn wait_for_another(&self, text: &str, known: usize) {
        wait_for_log(|| self.log(), text, known);
    }

    /// How often a text is in the log, to notice that it comes once more.
    pub fn count_in_log(&self, text: &str) -> usize {
        self.log().matches(text).count()
    }

    fn swanctl(&self) -> Command {
        let mut command = Command::new(prepared("strongswan/swanctl"));
        command
            .env("STRONGSWAN_CONF", self.dir.join("strongswan.conf"))
            .env("SWANCTL_DIR", &self.dir);
        command
    }
}

/// swanctl complains about each of its folders that is missing.
const SWANCTL_FOLDERS: [&str; 13] = [
    "x509", "x509ca", "x509ocsp", "x509aa", "x509ac", "x509crl", "pubkey", "private", "rsa",
    "ecdsa", "bliss", "pkcs8", "pkcs12",
];

fn daemon_settings(dir: &std::path::Path, level: u8) -> String {
    let dir = dir.display();
    let kernel = match kernel::carries_their_tunnels() {
        true => "kernel-netlink",
        false => "kernel-libipsec kernel-netlink",
    };
    format!(
        "charon-systemd {{
  load = random nonce openssl hmac kdf gcm aes sha1 sha2 {kernel} socket-default vici
  filelog {{
    log {{
      path = {dir}/log
      flush_line = yes
      time_format = %s
      default = 1
      ike = {level}
      chd = {level}
    }}
  }}
  journal {{
    default = -1
  }}
  # An answer that is late on a busy machine isn't sent for again at once.
  retransmit_timeout = 2.0
  plugins {{
    vici {{
      socket = unix://{dir}/vici
    }}
    kernel-libipsec {{
      allow_peer_ts = no
    }}
  }}
}}
swanctl {{
  socket = unix://{dir}/vici
}}
"
    )
}

/// What swanctl is given.
pub fn connection(tunnel: &Tunnel) -> String {
    let (ike, esp) = proposals(tunnel.suite);
    let (local, remote) = (&tunnel.local, &tunnel.remote);
    format!(
        "connections {{
  {CONNECTION} {{
    version = 2
    local_addrs = {}
    remote_addrs = {}
    proposals = {ike}
    # Rekeys come when a test asks for them.
    rekey_time = 0
    mobike = no
    local {{
      auth = psk
      id = {}
    }}
    remote {{
      auth = psk
      id = {}
    }}
    children {{
      {CHILD} {{
        local_ts = {}
        remote_ts = {}
        esp_proposals = {esp}
        rekey_time = 0
      }}
    }}
  }}
}}
secrets {{
  ike-{CONNECTION} {{
    secret = \"{}\"
  }}
}}
",
        local.address,
        remote.reached_at,
        identity(&local.identity),
        identity(&remote.identity),
        local.network,
        remote.network,
        tunnel.key,
    )
}

fn proposals(suite: Suite) -> (&'static str, String) {
    let (ike, group) = match suite.ike {
        Ike::Cbc14 => ("aes256-sha256-modp2048", "-modp2048"),
        Ike::Gcm19 => ("aes256gcm16-prfsha256-ecp256", "-ecp256"),
    };
    let esp = match suite.esp {
        Esp::CbcSha256 => "aes256-sha256",
        Esp::CbcSha512 => "aes256-sha512",
        Esp::Gcm => "aes256gcm16",
    };
    let pfs = if suite.pfs { group } else { "" };
    let esn = if suite.esn { "-esn" } else { "" };
    (ike, format!("{esp}{pfs}{esn}"))
}

fn identity(identity: &Identity) -> String {
    match identity {
        Identity::Address(address) => address.to_string(),
        Identity::Fqdn(name) => format!("@{name}"),
    }
}

fn spi(block: &str, direction: &str) -> u32 {
    block
        .lines()
        .find_map(|line| line.trim().strip_prefix(direction)?.get(..8))
        .and_then(|digits| u32::from_str_radix(digits, 16).ok())
        .unwrap_or_else(|| panic!("no SPI after `{direction}` in {block}"))
}
