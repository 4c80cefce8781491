//! What `test vpn`, `clear vpn` and `ping` answer.

use crossgate_model::operate::{Operation, Outcome, Ping, Which};
use std::time::Duration;

/// `test vpn ike-sa` and `ipsec-sa`: the time that it began, and how many.
pub fn initiated(operation: &Operation, outcome: &Outcome, began: &str) -> String {
    let (what, name) = match operation {
        Operation::InitiateIke { connection } => ("IKE SA", connection.as_deref()),
        Operation::InitiateChild { tunnel } => ("IPSec SA", tunnel.as_deref()),
        _ => return String::new(),
    };
    match outcome {
        Outcome::Done { ike_sas, children } => {
            let count = if what == "IKE SA" { ike_sas } else { children };
            let of = match (operation, name) {
                (Operation::InitiateChild { .. }, Some(name)) => format!(" for tunnel {name}"),
                _ => String::new(),
            };
            format!("\nStart time: {began}\nInitiate {count} {what}{of}.\n")
        }
        other => refused(other, what, name.unwrap_or("")),
    }
}

pub fn cleared(operation: &Operation, outcome: &Outcome, _: &str) -> String {
    let (what, name, count) = match (operation, outcome) {
        (Operation::ClearIke { which }, Outcome::Done { ike_sas, .. }) => {
            ("IKE SA", name_of(which), *ike_sas)
        }
        (Operation::ClearIke { which }, _) => ("IKE SA", name_of(which), 0),
        (Operation::ClearChild { tunnel }, Outcome::Done { children, .. }) => {
            ("IPSec SA", tunnel.as_deref(), *children)
        }
        (Operation::ClearChild { tunnel }, _) => ("IPSec SA", tunnel.as_deref(), 0),
        _ => return String::new(),
    };
    match (outcome, name) {
        (Outcome::Done { .. }, Some(name)) if count == 0 && what == "IPSec SA" => {
            format!("IPSec SA for tunnel {name} not found.\n")
        }
        (Outcome::NothingThere { .. }, None) if what == "IPSec SA" => {
            "There is no IPSec SA found.\n".to_owned()
        }
        (Outcome::Done { .. }, _) => format!("\nClear {what}: 0 IKEv1 SA, {count} IKEv2 SA.\n"),
        (other, name) => refused(other, what, name.unwrap_or("")),
    }
}

fn name_of(which: &Which) -> Option<&str> {
    match which {
        Which::Connection(name) => Some(name),
        _ => None,
    }
}

fn refused(outcome: &Outcome, what: &str, name: &str) -> String {
    let name = name.escape_debug();
    match outcome {
        Outcome::NothingThere { id } if what == "IKE SA" => {
            format!("IKE SA for gateway ID {id} not found.\n")
        }
        Outcome::NothingThere { .. } => format!("IPSec SA for tunnel {name} not found.\n"),
        Outcome::NoSuchName if what == "IKE SA" => format!("IKE gateway {name} not found.\n"),
        Outcome::NoSuchName => format!("IPSec tunnel {name} not found.\n"),
        Outcome::Failed(why) => format!("Server error: {why}\n"),
        _ => String::new(),
    }
}

/// PAN-OS's ping is Linux's.
pub fn pinged(operation: &Operation, outcome: &Outcome, _: &str) -> String {
    let (Operation::Ping(ping), Outcome::Pinged(answers)) = (operation, outcome) else {
        return match outcome {
            Outcome::Failed(why) => format!("ping: {why}\n"),
            _ => String::new(),
        };
    };
    let payload = ping.size.saturating_sub(28);
    let to = ping.destination;
    let from = ping
        .source
        .map_or(String::new(), |source| format!(" from {source} :"));
    let mut out = format!(
        "PING {to} ({to}){from} {payload}({}) bytes of data.\n",
        ping.size
    );
    for (sequence, took) in answers.iter().enumerate() {
        if let Some(took) = took {
            out += &format!(
                "{} bytes from {to}: icmp_seq={} time={:.3} ms\n",
                payload + 8,
                sequence + 1,
                milliseconds(*took)
            );
        }
    }
    out + &statistics(ping, answers)
}

fn statistics(ping: &Ping, answers: &[Option<Duration>]) -> String {
    let times: Vec<f64> = answers
        .iter()
        .flatten()
        .map(|took| milliseconds(*took))
        .collect();
    let (sent, received) = (answers.len(), times.len());
    let loss = (sent - received) * 100 / sent.max(1);
    let mut out = format!(
        "\n--- {} ping statistics ---\n{sent} packets transmitted, {received} received, {loss}% packet loss\n",
        ping.destination
    );
    if received > 0 {
        let mean = times.iter().sum::<f64>() / received as f64;
        let deviation = times.iter().map(|t| (t - mean).abs()).sum::<f64>() / received as f64;
        let (min, max) = times
            .iter()
            .fold((f64::MAX, 0.0_f64), |(a, b), t| (a.min(*t), b.max(*t)));
        out += &format!("rtt min/avg/max/mdev = {min:.3}/{mean:.3}/{max:.3}/{deviation:.3} ms\n");
    }
    out
}

fn milliseconds(took: Duration) -> f64 {
    took.as_secs_f64() * 1000.0
}
