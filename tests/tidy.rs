//! The invariants of ARCHITECTURE.md that sources and manifests can show.

use std::fs;
use std::path::{Path, PathBuf};

/// Crates from the bottom up; a crate may depend on those of lower rows only.
const LAYERS: &[&[&str]] = &[
    &["wire", "crypto", "kernels", "diag"],
    &["model"],
    &["ike", "esp", "firewall", "offload"],
    &["ios", "panos"],
    &["check", "rehearse"],
    &["gateway"],
    &["cli"],
];

/// Crates that touch the machine: they may read clocks and open things.
const TOUCH_THE_MACHINE: &[&str] = &["gateway", "cli"];

/// What must not be named below `gateway`, and which invariant says so.
const FORBIDDEN_BELOW_GATEWAY: &[(&str, &str)] = &[
    ("Instant::now", "1: time is an argument"),
    ("SystemTime", "1: time is an argument"),
    ("UdpSocket", "1: no sockets"),
    ("TcpStream", "1: no sockets"),
    ("UnixStream", "1: no sockets"),
    ("std::fs", "1: no files"),
    ("File::open", "1: no files"),
    ("std::thread", "1: no threads"),
    ("OsRng", "1: randomness is an argument"),
    ("SysRng", "1: randomness is an argument"),
    ("SystemRandom", "1: randomness is an argument"),
    ("HashMap", "9: no order that a seed does not decide"),
    ("HashSet", "9: no order that a seed does not decide"),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn crates() -> impl Iterator<Item = (usize, &'static str)> {
    let rows = LAYERS.iter().enumerate();
    rows.flat_map(|(layer, names)| names.iter().map(move |name| (layer, *name)))
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The source without its unit tests and comments: those may name what the code may not.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("a source file");
    let text = text
        .split("#[cfg(test)]\nmod tests {")
        .next()
        .unwrap_or_default();
    let lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn every_crate_of_the_workspace_has_its_layer() {
    let mut found: Vec<String> = fs::read_dir(root().join("crates"))
        .expect("crates/")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    let mut named: Vec<String> = crates().map(|(_, name)| name.to_owned()).collect();
    found.sort();
    named.sort();
    assert_eq!(found, named);
}

#[test]
fn dependencies_point_down() {
    for (layer, name) in crates() {
        let manifest = root().join("crates").join(name).join("Cargo.toml");
        let manifest = fs::read_to_string(manifest).expect("a manifest");
        for (other_layer, other) in crates().filter(|(_, other)| *other != name) {
            let depends = manifest
                .lines()
                .any(|line| line.starts_with(&format!("crossgate-{other}.workspace")));
            assert!(
                !depends || other_layer < layer,
                "{name} depends on {other}, which is not below it"
            );
        }
    }
}

#[test]
fn unsafe_code_is_forbidden_but_in_system_calls_and_kernels() {
    for (_, name) in crates() {
        let folder = root().join("crates").join(name).join("src");
        if name != "gateway" {
            let top = ["lib.rs", "main.rs"].map(|file| folder.join(file));
            let top = top.iter().find(|path| path.exists()).expect("a crate root");
            let text = fs::read_to_string(top).expect("a crate root");
            if name == "kernels" {
                assert!(
                    text.contains("clippy::undocumented_unsafe_blocks"),
                    "kernels does not deny unsafe code without its reason"
                );
                continue;
            }
            assert!(
                text.contains("#![forbid(unsafe_code)]"),
                "{name} does not forbid unsafe code"
            );
            continue;
        }
        for path in sources(&folder)
            .iter()
            .filter(|path| !path.starts_with(folder.join("sys")))
        {
            assert!(
                !code(path).contains("unsafe {"),
                "{} is no system call",
                path.display()
            );
        }
    }
}

#[test]
fn below_the_gateway_nothing_touches_the_machine() {
    let below = crates().filter(|(_, name)| !TOUCH_THE_MACHINE.contains(name));
    for (_, name) in below {
        for path in sources(&root().join("crates").join(name).join("src")) {
            let code = code(&path);
            for (word, invariant) in FORBIDDEN_BELOW_GATEWAY {
                assert!(
                    !code.contains(word),
                    "{}: {word} (invariant {invariant})",
                    path.display()
                );
            }
        }
    }
}
