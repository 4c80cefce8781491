//! The parsers that operators' scripts use read our prints, and find in them what is the case.

use crate::support::charon::Charon;
use crate::support::crossgate::Crossgate;
use crate::support::ping;
use crate::support::prepared;
use crate::support::process::run;
use crate::support::tunnel::{Starts, Suite};
use crate::support::vendors::Vendor;
use crate::support::world::{End, Nat, World};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// A command, and the fields that a row of its print must have.
type Expected = (
    &'static str,
    &'static [&'static [(&'static str, &'static str)]],
);

const IOS: &[Expected] = &[
    (
        "show crypto session detail",
        &[&[
            ("interface", "Tunnel0"),
            ("session_status", "UP-ACTIVE"),
            ("peer", "198.51.100.20"),
            ("phase1_id", "198.51.100.20"),
            ("local_ip", "203.0.113.10"),
            ("remote_ip", "198.51.100.20"),
            ("ikev1_status", "Active"),
            ("active_sa", "2"),
        ]],
    ),
    (
        "show crypto ipsec sa detail",
        &[&[
            ("interface", "Tunnel0"),
            ("local_addr", "203.0.113.10"),
            ("local_ident_addr", "10.10.10.0"),
            ("local_ident_mask", "255.255.255.0"),
            ("remote_ident_addr", "10.20.20.0"),
            ("current_peer", "198.51.100.20"),
            ("pkts_encaps", "6"),
            ("pkts_decaps", "6"),
        ]],
    ),
    (
        "show ip interface brief",
        &[
            &[
                ("interface", "GigabitEthernet1"),
                ("ip_address", "203.0.113.10"),
                ("status", "up"),
                ("proto", "up"),
            ],
            &[
                ("interface", "GigabitEthernet2"),
                ("ip_address", "10.10.10.1"),
                ("status", "up"),
            ],
            &[
                ("interface", "Tunnel0"),
                ("ip_address", "169.254.0.1"),
                ("status", "up"),
                ("proto", "up"),
            ],
        ],
    ),
    (
        "show ip route",
        &[
            &[
                ("protocol", "S"),
                ("network", "0.0.0.0"),
                ("nexthop_ip", "203.0.113.1"),
            ],
            &[
                ("protocol", "S"),
                ("network", "10.20.20.0"),
                ("prefix_length", "24"),
                ("nexthop_if", "Tunnel0"),
            ],
            &[
                ("protocol", "C"),
                ("network", "10.10.10.0"),
                ("nexthop_if", "GigabitEthernet2"),
            ],
        ],
    ),
    ("show version", &[&[("hostname", "branch")]]),
    (
        "show interfaces",
        &[
            &[
                ("interface", "GigabitEthernet1"),
                ("ip_address", "203.0.113.10"),
                ("prefix_length", "24"),
            ],
            &[
                ("interface", "Tunnel0"),
                ("ip_address", "169.254.0.1"),
                ("link_status", "up"),
            ],
        ],
    ),
];

const PAN_OS: &[Expected] = &[
    (
        "show interface all",
        &[
            &[("interface", "ethernet1/1"), ("zone", "untrust")],
            &[("interface", "tunnel.1"), ("zone", "vpn")],
        ],
    ),
    (
        "show routing route",
        &[
            &[
                ("network", "0.0.0.0"),
                ("prefix_length", "0"),
                ("nexthop_ip", "203.0.113.1"),
            ],
            &[
                ("network", "10.20.20.0"),
                ("prefix_length", "24"),
                ("nexthop_if", "tunnel.1"),
            ],
        ],
    ),
    (
        "show system info",
        &[&[("hostname", "branch"), ("operational_mode", "normal")]],
    ),
];

fn are_parsed(vendor: Vendor, platform: &str, expected: &[Expected]) {
    let world = World::new(Nat::None);
    let tunnel = world.tunnel(End::A, Suite::CBC, Starts::Local);
    let _theirs = Charon::start(&world, End::B, &tunnel.mirrored());
    let ours = Crossgate::start(&world, vendor, &tunnel);
    ours.initiate();
    let before = ping::answered(&world, End::A);
    assert_eq!((before, ping::answered(&world, End::B)), (3, 3));
    for (command, rows) in expected {
        let print = ours.exec(command);
        let parsed = parse(&world.dir("prints"), platform, command, &print);
        for row in *rows {
            assert!(
                parsed.iter().any(|found| has(found, row)),
                "{command}: no row has {row:?} in {parsed:#?}\nprint:\n{print}"
            );
        }
    }
}

/// The rows that ntc-templates finds in a print, which it must accept to the last line.
fn parse(dir: &Path, platform: &str, command: &str, print: &str) -> Vec<Value> {
    const SCRIPT: &str = "
import json, sys
from ntc_templates.parse import parse_output
platform, command, path = sys.argv[1:]
print(json.dumps(parse_output(platform=platform, command=command, data=open(path).read())))
";
    let path = dir.join("print");
    std::fs::write(&path, print).expect("the world's folder is writable");
    let mut python = Command::new(prepared("venv").join("bin/python"));
    let rows = run(python.args(["-c", SCRIPT, platform, command]).arg(&path));
    serde_json::from_str(&rows).expect("our script prints a list")
}

fn has(row: &Value, fields: &[(&str, &str)]) -> bool {
    fields
        .iter()
        .all(|(name, value)| row.get(name).and_then(Value::as_str) == Some(*value))
}

#[test]
fn of_ios_are_parsed() {
    are_parsed(Vendor::Ios, "cisco_ios", IOS);
}

#[test]
fn of_pan_os_are_parsed() {
    are_parsed(Vendor::PanOs, "paloalto_panos", PAN_OS);
}
