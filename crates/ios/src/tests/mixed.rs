//! Files that hold more than one configuration.

use super::{check_findings, gateway, read};
use crate::tree::Kind;
use crossgate_diag::Sources;
use expect_test::expect;

fn example() -> &'static str {
    include_str!("../../../../examples/site-to-site/branch.cfg")
}

fn shown(text: &str) -> String {
    gateway(&read(text).reading.gateway)
}

/// `show tech`, with the configuration in the middle.
fn show_tech() -> String {
    let header = |command: &str| format!("------------------ {command} ------------------\n\n");
    let startup = example().replace("branch-rtr", "before-rtr");
    format!(
        "{}Cisco IOS XE Software, Version 17.09.04a\ninterface GigabitEthernet9\n\n{}{}\n{}Using 2134 out of 33554432 bytes\n{startup}\n{}Interface IP-Address\nTunnel0 10.9.9.9\nip route 1.2.3.4 255.255.255.255 Null0\n",
        header("show version"),
        header("show running-config"),
        example(),
        header("show startup-config"),
        header("show ip interface brief"),
    )
}

#[test]
fn of_a_show_tech_the_running_configuration_is_read() {
    assert_eq!(shown(&show_tech()), shown(example()));
    check_findings(
        &show_tech(),
        expect![[r#"
            note[not-obeyed] 11:1+38 12:1+36 not obeyed, because it doesn't concern tunnels: management of the device
            note[around-configuration] 6:1+57 not part of the configuration: what a terminal shows around it
            note[skipped-section] 1:1+50 76:1+57 147:1+61 not read: parts of the file beside its running configuration
        "#]],
    );
}

#[test]
fn nothing_of_a_skipped_part_is_shown() {
    let read = read(&show_tech());
    let file = read.reading.tree.file;
    let masked = read.sources.get(file).masked();
    assert_eq!(masked.matches("lab-only").count(), 0);
}

#[test]
fn of_a_transcript_other_commands_are_skipped() {
    let text = format!(
        "branch-rtr#show ip route\nip route 1.2.3.4 255.255.255.255 Null0\nbranch-rtr#sh run\n{}\nbranch-rtr#show version\nhostname other\nbranch-rtr#",
        example()
    );
    assert_eq!(shown(&text), shown(example()));
}

#[test]
fn parts_of_the_running_configuration_are_read_together() {
    let text = "\
r1#show run | include hostname
hostname r1
r1#show run interface Gi1
interface GigabitEthernet1
 ip address 10.0.0.1 255.255.255.0
";
    expect![[r#"
        r1 ios-xe 17 (assumed)
        GigabitEthernet1 Physical 10.0.0.1/24
    "#]]
    .assert_eq(&shown(text));
}

#[test]
fn a_startup_configuration_alone_is_read() {
    let text = format!("r1#show startup-config\n{}", example());
    assert_eq!(shown(&text), shown(example()));
}

#[test]
fn of_two_configurations_in_a_row_the_first_is_read() {
    let other = example()
        .replace("branch-rtr", "other-rtr")
        .replace("203.0.113.10", "203.0.113.11");
    let text = format!("{}\n{other}", example());
    assert_eq!(shown(&text), shown(example()));
    let read = read(&text);
    let skipped = read
        .reading
        .tree
        .lines
        .iter()
        .filter(|l| l.kind == Kind::Skipped);
    assert_eq!(skipped.count(), 1);
    // The same configuration pasted on without its end goes on with the first.
    let more = format!("{}\nhostname other-rtr\n", example());
    assert!(shown(&more).starts_with("other-rtr"));
}

/// Many of everything: interfaces, routes, entries, lines that nobody knows, comments.
fn big(octets: usize) -> String {
    let mut text = String::from("version 17.9\nhostname big\n");
    let mut number = 0u32;
    while text.len() < octets {
        let (a, b) = (number >> 8 & 0xff, number & 0xff);
        text += &format!(
            "interface Loopback{number}\n ip address 10.{}.{a}.{b} 255.255.255.255\n description number {number}\n!\n\
             ip route 172.{}.{a}.{b} 255.255.255.255 Loopback{number}\n\
             ip access-list extended LIST-{number}\n permit ip host 10.1.{a}.{b} any\n deny ip any any\n!\n\
             frobnicate number {number}\nusername user{number} password 0 lab-only-{number}\n\
             access-list 150 permit tcp host 10.2.{a}.{b} any eq {}\n",
            number >> 16 & 0xff,
            number >> 16 & 0xff,
            number % 65_536,
        );
        number += 1;
    }
    text
}

/// Nothing is sought from the beginning for each line: with that, this would take minutes.
#[test]
fn a_configuration_of_many_thousand_things_is_read() {
    let mut sources = Sources::new();
    let file = sources.add("big.cfg", big(1_000_000));
    let reading = crate::read(&mut sources, file).expect("a configuration");
    assert!(reading.gateway.interfaces.len() > 2_000);
    assert_eq!(
        reading.gateway.routes.len(),
        reading.gateway.interfaces.len()
    );
}

#[test]
fn twenty_megabytes_around_a_configuration_are_skipped() {
    let counters =
        "  5 minute input rate 1000 bits/sec, 2 packets/sec, 0 no buffer\n".repeat(300_000);
    let text = format!("{}{counters}", show_tech());
    assert!(text.len() > 19_000_000);
    assert_eq!(shown(&text), shown(example()));
}
