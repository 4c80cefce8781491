//! One door: [`check`] reads a text and compares what came of it.

mod capitals;
mod changes;
mod compose;
mod damage;
mod door;
mod errors;
mod examples;
mod heads;
mod ikev2;
mod interfaces;
mod ipsec;
mod judged;
mod lists;
mod mixed;
mod refused;
mod samples;
mod secrets;
mod text;

use door::{all_findings, check, check_findings, check_warnings, gateway, read};

/// A VTI that works, without its IKEv2 proposals.
const PROFILE: &str = "\
crypto ikev2 keyring K
 peer HQ
  address 198.51.100.20
  pre-shared-key lab-only-key
crypto ikev2 profile P
 match identity remote address 198.51.100.20
 authentication remote pre-share
 authentication local pre-share
 keyring local K
";

const TUNNEL: &str = "\
crypto ipsec transform-set T esp-gcm 256
crypto ipsec profile I
 set transform-set T
 set ikev2-profile P
interface GigabitEthernet1
 ip address 203.0.113.10 255.255.255.0
interface Tunnel0
 tunnel source GigabitEthernet1
 tunnel destination 198.51.100.20
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile I
";

/// A whole file, of a release that has no defaults to tell of, with that text before it.
fn with_tunnel(text: &str) -> String {
    format!("version 17.9\n{text}\n{PROFILE}{TUNNEL}")
}
