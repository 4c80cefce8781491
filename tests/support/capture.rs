//! What crossed the WAN, and tshark's reading of it.

use super::process::{Process, run, wait_until};
use super::world::World;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

/// A capture of the router's side towards one end.
pub struct Capture<'w> {
    process: Process<'w>,
    file: PathBuf,
}

impl<'w> Capture<'w> {
    /// Towards end B, behind any NAT before end A.
    pub fn start(world: &'w World) -> Self {
        Self::start_at(world, "to-b")
    }

    pub fn start_at(world: &'w World, interface: &str) -> Self {
        let dir = world.dir("capture");
        let file = dir.join(format!("{interface}.pcap"));
        let mut command = world.command("wan", "dumpcap");
        command.args(["-q", "-P", "-i", interface, "-w"]).arg(&file);
        let mut process = Process::start(world, command, &dir.join("dumpcap.log"));
        wait_until("dumpcap to begin", Duration::from_secs(5), || {
            process.assert_running();
            process.printed().contains("File: ").then_some(())
        });
        Self { process, file }
    }

    /// Ends it and gives the file.
    pub fn stop(mut self) -> PathBuf {
        // dumpcap drops what the kernel hasn't handed over when the signal comes.
        sleep(Duration::from_millis(500));
        self.process.signal("INT");
        self.process.wait(Duration::from_secs(5));
        self.file
    }
}

/// The fields of every packet that the filter lets through, read with the key tables
/// (`ikev2_decryption_table`, `esp_sa`) of the folder `tables`.
pub fn decrypted(file: &Path, tables: &Path, filter: &str, fields: &[&str]) -> Vec<Vec<String>> {
    let mut command = Command::new("tshark");
    command
        .env("WIRESHARK_CONFIG_DIR", tables)
        .args(["-o", "esp.enable_encryption_decode:TRUE"])
        .args(["-o", "esp.enable_authentication_check:TRUE"])
        .arg("-r")
        .arg(file)
        .args(["-Y", filter, "-T", "fields"]);
    for field in fields {
        command.args(["-e", field]);
    }
    let rows = run(&mut command);
    let columns = |row: &str| row.split('\t').map(str::to_owned).collect();
    rows.lines().map(columns).collect()
}
