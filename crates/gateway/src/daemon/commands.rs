//! What operators ask: our own few commands, and their vendor's.

use super::Daemon;
use crate::control::{Answer, Request};
use crate::plane::PlaneKind;
use crate::server::ClientId;
use crate::snapshot::Scene;
use crate::snapshot_json;
use crossgate_model::operate::{DebugTopic, Operation, Outcome, Print, Reply, Station};
use crossgate_model::view::{ConnectionView, Snapshot, SystemView, WorkerView};

/// Who waits for an operation's end, and how it is printed.
pub(super) struct Ticket {
    client: ClientId,
    print: Print,
}

impl Daemon {
    pub(super) fn run_requests(&mut self) {
        while let Some((client, request)) = self.server.next_request() {
            if let Request::Command(line) = request {
                self.command(client, &line);
            }
            self.drain();
        }
    }

    fn command(&mut self, client: ClientId, line: &str) {
        let snapshot = self.snapshot();
        let words: Vec<&str> = line.split_whitespace().collect();
        let reply = own_command(&words, &snapshot).unwrap_or_else(|| {
            let station = Station {
                gateway: &self.setting.gateway,
                snapshot: &snapshot,
                masked_config: &self.setting.loaded.masked_config,
            };
            self.setting.loaded.dialect.execute(line, &station)
        });
        match reply {
            Reply::Print(text) => self.server.answer(client, &Answer::ok(text)),
            Reply::Refused(text) => self.server.answer(client, &Answer::refused(text)),
            Reply::Operate { operation, print } => {
                self.operate(Ticket { client, print }, operation);
            }
        }
    }

    fn operate(&mut self, ticket: Ticket, operation: Operation) {
        let now = self.now();
        let outcome = match &operation {
            Operation::Ping(ping) => match self.pinger.start(now, ping.clone(), ticket) {
                Ok(()) => return self.finish_pings(),
                Err((ticket, outcome)) => return self.conclude(ticket, &operation, &outcome),
            },
            Operation::Debug { topic, on } => self.set_debug(*topic, *on),
            Operation::DebugOff => {
                self.debug.clear();
                self.log.set_verbose(false);
                nothing_concerned()
            }
            other => self.ike.operate(now, other),
        };
        self.conclude(ticket, &operation, &outcome);
    }

    fn set_debug(&mut self, topic: DebugTopic, on: bool) -> Outcome {
        if on {
            self.debug.insert(topic);
        } else {
            self.debug.remove(&topic);
        }
        self.log.set_verbose(!self.debug.is_empty());
        nothing_concerned()
    }

    fn conclude(&mut self, ticket: Ticket, operation: &Operation, outcome: &Outcome) {
        let text = (ticket.print)(operation, outcome);
        let ok = !matches!(outcome, Outcome::NoSuchName | Outcome::Failed(_));
        self.server.answer(ticket.client, &Answer { text, ok });
    }

    pub(super) fn finish_pings(&mut self) {
        while let Some((ticket, operation, outcome)) = self.pinger.poll_finished() {
            self.conclude(ticket, &operation, &outcome);
        }
    }

    /// Everything that is to be known of this moment. What the kernel doesn't tell is left out.
    fn snapshot(&mut self) -> Snapshot {
        let devices = self.machine.devices().unwrap_or_default();
        let routes = self.machine.routes().unwrap_or_default();
        let now = self.now();
        self.plane.look();
        let connections = self.ike.connections(now);
        let mut counters = self.ike.counters().clone();
        for (name, count) in self.plane.drops().iter().chain(&self.counters) {
            *counters.entry(name).or_default() += count;
        }
        Scene {
            gateway: &self.setting.gateway,
            bindings: &self.setting.bindings,
            plan: &self.setting.plan,
            devices: &devices,
            routes: &routes,
            connections: connections.into_iter().map(|c| self.counted(c)).collect(),
            counters,
            ciphers: (self.plane.kind() == PlaneKind::User).then(crossgate_esp::ciphers),
            workers: self.plane.worker_views(),
            debug: &self.debug,
            uptime: now.since_start(),
            unix: self.clock.unix(),
        }
        .snapshot()
    }

    /// With what the data plane has counted.
    fn counted(&self, mut connection: ConnectionView) -> ConnectionView {
        for child in &mut connection.children {
            child.totals = self.plane.totals(&child.name).unwrap_or_default();
            for sa in &mut child.sas {
                sa.counters = self.plane.counters(sa.spi_in).unwrap_or_default();
                sa.path_mtu = self.plane.path_mtu(sa.spi_in).unwrap_or(sa.path_mtu);
                sa.inner_mtu = self.plane.inner_mtu(sa.spi_in).unwrap_or(sa.inner_mtu);
            }
        }
        connection
    }
}

fn nothing_concerned() -> Outcome {
    Outcome::Done {
        ike_sas: 0,
        children: 0,
    }
}

const REKEY_USAGE: &str = "expected `request rekey ike [NAME]` or `request rekey child [NAME]`\n";

/// Commands that are no vendor's; `None` for the others.
fn own_command(words: &[&str], snapshot: &Snapshot) -> Option<Reply> {
    let operation = match *words {
        ["request", "json"] => {
            return Some(Reply::Print(snapshot_json::render(snapshot).to_string()));
        }
        ["request", "workers"] => return Some(Reply::Print(workers(&snapshot.system.workers))),
        ["show", "data-plane"] => return Some(Reply::Print(data_plane(&snapshot.system))),
        ["request", "initiate"] => Operation::InitiateChild { tunnel: None },
        ["request", "initiate", name] => Operation::InitiateChild {
            tunnel: Some(name.into()),
        },
        ["request", "rekey", "ike"] => Operation::RekeyIke { connection: None },
        ["request", "rekey", "ike", name] => Operation::RekeyIke {
            connection: Some(name.into()),
        },
        ["request", "rekey", "child"] => Operation::RekeyChild { tunnel: None },
        ["request", "rekey", "child", name] => Operation::RekeyChild {
            tunnel: Some(name.into()),
        },
        ["request", "rekey", ..] => return Some(Reply::Refused(REKEY_USAGE.into())),
        _ => return None,
    };
    Some(Reply::Operate {
        operation,
        print: Box::new(plain_outcome),
    })
}

/// Who seals and opens, and by what.
fn data_plane(system: &SystemView) -> String {
    let threads = match system.workers.len() {
        0 => "the daemon's own thread".to_owned(),
        count => format!("{count} workers"),
    };
    match &system.ciphers {
        Some(ciphers) => format!("data plane: user\nciphers: {ciphers}\nthreads: {threads}\n"),
        None => "data plane: kernel\n".to_owned(),
    }
}

/// One line a worker; what it has counted by name is in `request json`.
fn workers(workers: &[WorkerView]) -> String {
    if workers.is_empty() {
        return "no workers: one thread does everything (run --workers COUNT)\n".into();
    }
    let head = format!(
        "{:>6}{:>8}{:>14}{:>14}  devices\n",
        "worker", "SAs", "packets in", "packets out"
    );
    let lines = workers.iter().map(|worker| {
        format!(
            "{:>6}{:>8}{:>14}{:>14}  {}\n",
            worker.number,
            worker.sas,
            worker.totals.packets_in,
            worker.totals.packets_out,
            worker.devices.join(", ")
        )
    });
    std::iter::once(head).chain(lines).collect()
}

fn plain_outcome(_: &Operation, outcome: &Outcome) -> String {
    match outcome {
        Outcome::Done { ike_sas, children } => {
            format!("{ike_sas} IKE SAs and {children} Child SAs concerned\n")
        }
        Outcome::NoSuchName => "no such name is configured\n".into(),
        Outcome::NothingThere { .. } => "there is no SA to act upon\n".into(),
        Outcome::Pinged(results) => {
            let answered = results.iter().flatten().count();
            format!("{answered} of {} answered\n", results.len())
        }
        Outcome::Failed(reason) => format!("{reason}\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_are_shown_with_what_is_theirs() {
        let worker = WorkerView {
            number: 2,
            devices: vec!["tunnel0".into(), "tunnel1".into()],
            sas: 3,
            ..WorkerView::default()
        };
        let lines = workers(&[worker]);
        let fields: Vec<&str> = lines
            .lines()
            .nth(1)
            .expect("a line")
            .split_whitespace()
            .collect();
        assert_eq!(fields, ["2", "3", "0", "0", "tunnel0,", "tunnel1"]);
        assert!(workers(&[]).starts_with("no workers"));
    }

    #[test]
    fn a_rekey_of_nothing_in_particular_is_told_what_is_expected() {
        for line in [
            "request rekey",
            "request rekey all",
            "request rekey ike a b",
        ] {
            let words: Vec<&str> = line.split(' ').collect();
            let reply = own_command(&words, &Snapshot::default());
            assert!(
                matches!(&reply, Some(Reply::Refused(text)) if text == REKEY_USAGE),
                "{line}"
            );
        }
        assert!(own_command(&["show", "version"], &Snapshot::default()).is_none());
    }
}
