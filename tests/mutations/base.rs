//! The good pairs that everything starts from.

use std::path::{Path, PathBuf};

/// A folder of `examples/`, with `branch.cfg` and `hq.set`, that comes up whoever starts.
pub struct Base {
    pub name: &'static str,
    /// What the tables' `{…}` stand for at each end.
    words: [&'static [(&'static str, &'static str)]; 2],
}

/// The ends' names, and the order of everything that is there twice.
pub const ENDS: [&str; 2] = ["branch", "hq"];
const FILES: [&str; 2] = ["branch.cfg", "hq.set"];

pub const BASES: [Base; 6] = [
    Base {
        name: "site-to-site",
        words: [
            &[
                ("wan", "GigabitEthernet0/0/0"),
                ("lan", "GigabitEthernet0/0/1"),
                ("tunnel", "Tunnel0"),
                ("own", "203.0.113.10"),
            ],
            &[("tunnel", "tunnel.1"), ("own", "198.51.100.20")],
        ],
    },
    Base {
        name: "any-any",
        words: [
            &[
                ("wan", "GigabitEthernet0/0/0"),
                ("lan", "GigabitEthernet0/0/1"),
                ("tunnel", "Tunnel0"),
                ("own", "203.0.113.70"),
            ],
            &[("tunnel", "tunnel.70"), ("own", "198.51.100.80")],
        ],
    },
    Base {
        name: "crypto-map",
        words: [
            &[
                ("wan", "GigabitEthernet1"),
                ("lan", "GigabitEthernet2"),
                ("tunnel", "Tunnel0"),
                ("own", "203.0.113.30"),
            ],
            &[("tunnel", "tunnel.30"), ("own", "198.51.100.40")],
        ],
    },
    Base {
        name: "gcm",
        words: [
            &[
                ("wan", "GigabitEthernet1"),
                ("lan", "GigabitEthernet2"),
                ("tunnel", "Tunnel0"),
                ("own", "203.0.113.90"),
            ],
            &[("tunnel", "tunnel.9"), ("own", "198.51.100.100")],
        ],
    },
    Base {
        name: "several-proxy-ids",
        words: [
            &[
                ("wan", "GigabitEthernet1"),
                ("lan", "GigabitEthernet2"),
                ("tunnel", "Tunnel7"),
                ("own", "203.0.113.50"),
            ],
            &[("tunnel", "tunnel.7"), ("own", "198.51.100.60")],
        ],
    },
    Base {
        name: "two-tunnels",
        words: [
            &[
                ("wan", "GigabitEthernet1"),
                ("lan", "GigabitEthernet2"),
                ("tunnel", "Tunnel1"),
                ("own", "203.0.113.120"),
            ],
            &[("tunnel", "tunnel.12"), ("own", "198.51.100.120")],
        ],
    },
];

/// Of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

impl Base {
    /// What its files say.
    pub fn texts(&self) -> [String; 2] {
        FILES.map(|file| {
            let path = root().join("examples").join(self.name).join(file);
            std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
        })
    }

    /// The template with the end's words in it.
    pub fn worded(&self, end: usize, template: &str) -> String {
        let words = self.words[end].iter();
        words.fold(template.to_owned(), |text, (word, value)| {
            text.replace(&format!("{{{word}}}"), value)
        })
    }
}
