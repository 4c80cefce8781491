//! What time does to an established IKE SA: retransmission, lifetimes, liveness, keepalives; and
//! the start of what waits for the window.

use super::IkeSa;
use super::established::{Active, Established};
use super::tasks::Task;
use crate::child::{Child, Stage};
use crate::context::Context;
use crate::exchange::{Then, create_child, informational, rekey_child, rekey_ike};
use crate::output::{Deadline, Output, TimerName};
use crate::window::Tick;
use crossgate_model::event::{DeleteReason, Side};
use crossgate_model::{EventKind, Time};

impl Established {
    pub fn timeout(mut self: Box<Self>, cx: &mut Context) -> Option<IkeSa> {
        let then = self.retransmit(cx);
        if matches!(then, Then::Stay) {
            self.age(cx);
            self.age_children(cx);
            self.ask_whether_alive(cx);
            self.keep_nat_open(cx);
        }
        self.go_on(cx, then)
    }

    pub fn deadline(&self) -> Option<Deadline> {
        let request = self.channel.requests.outstanding.as_ref();
        let waiting = self.tasks.next_due().filter(|_| request.is_none());
        let waiting = waiting.map(|due| self.hold.map_or(due, |hold| due.max(hold.until)));
        let timers = [
            (request.map(|request| request.due), TimerName::Retransmit),
            (waiting, TimerName::Task),
            (
                self.soft_at.filter(|_| self.may_rekey()),
                TimerName::IkeRekey,
            ),
            (
                Some(self.hard_at).filter(|_| self.closing.is_none()),
                TimerName::IkeExpiry,
            ),
            (
                self.superseded.filter(|_| self.closing.is_none()),
                TimerName::Cleanup,
            ),
            (self.liveness_due(), TimerName::Liveness),
            (self.keepalive_at, TimerName::NatKeepalive),
        ];
        // A loop, and no chain of iterators: this is asked for with every word of traffic.
        let mut next = None;
        for (at, timer) in timers {
            next = sooner(next, at.map(|at| Deadline { at, timer }));
        }
        for child in self.children.values() {
            next = sooner(next, child_deadline(child));
        }
        next
    }

    fn retransmit(&mut self, cx: &mut Context) -> Then {
        let Some(request) = &mut self.channel.requests.outstanding else {
            return Then::Stay;
        };
        let exchange = request.exchange;
        match request.tick(cx.now) {
            Tick::NotDue => Then::Stay,
            Tick::Again(attempt) => {
                cx.transmit_all(self.peering.ends, &request.datagrams);
                cx.event(
                    &self.peering,
                    None,
                    EventKind::Retransmitted { exchange, attempt },
                );
                Then::Stay
            }
            Tick::GiveUp { sent, seconds } => {
                let dead = EventKind::PeerDead {
                    exchange,
                    sent,
                    seconds,
                };
                cx.event(&self.peering, None, dead);
                Then::Gone {
                    by: Side::Us,
                    reason: DeleteReason::PeerDead,
                }
            }
        }
    }

    fn may_rekey(&self) -> bool {
        self.superseded.is_none() && self.closing.is_none()
    }

    /// The IKE SA's own lifetimes (RFC 7296 §2.8).
    fn age(&mut self, cx: &mut Context) {
        if cx.now >= self.hard_at {
            self.begin_delete(cx, DeleteReason::Expired);
        }
        if self.superseded.is_some_and(|at| cx.now >= at) {
            self.begin_delete(cx, DeleteReason::Rekeyed);
        }
        if self.may_rekey() && self.soft_at.is_some_and(|at| cx.now >= at) {
            self.soft_at = None;
            self.tasks.add(cx.now, Task::RekeyIke(None));
        }
    }

    fn age_children(&mut self, cx: &mut Context) {
        let now = cx.now;
        let due = |at: Option<Time>| at.is_some_and(|at| now >= at);
        let mut ended = Vec::new();
        let mut retired = Vec::new();
        let leads = self.leads();
        for (spi_in, child) in &mut self.children {
            match child.stage {
                Stage::Retired { until } if now >= until => retired.push(*spi_in),
                Stage::Retired { .. } | Stage::Deleting(_) => {}
                Stage::Replaced { delete_at } if now >= delete_at => {
                    ended.push((*spi_in, DeleteReason::Rekeyed));
                }
                _ if now >= child.hard_at => ended.push((*spi_in, DeleteReason::Expired)),
                Stage::Live if due(idle_at(child)) => ended.push((*spi_in, DeleteReason::Idle)),
                Stage::Live if due(child.redundant_at) => {
                    child.redundant_at = None;
                    let is_left = child.resource > 0 && !leads.contains(&child.name);
                    if is_left || cx.book.has_live_besides(*spi_in) {
                        ended.push((*spi_in, DeleteReason::Redundant));
                    }
                }
                Stage::Live if due(child.soft_at) => {
                    child.soft_at = None;
                    self.tasks.add(now, Task::RekeyChild(*spi_in));
                }
                Stage::Live | Stage::Replaced { .. } => {}
            }
        }
        for (spi_in, reason) in ended {
            if reason == DeleteReason::Redundant {
                self.end_group(cx, spi_in);
            }
            self.delete_children(cx, vec![spi_in], reason);
        }
        for spi_in in retired {
            self.children.remove(&spi_in);
            cx.remove_child(spi_in);
        }
    }

    /// When the peer is to be asked for a sign of life (RFC 7296 §2.4). A request under way serves
    /// as well.
    pub fn liveness_due(&self) -> Option<Time> {
        let liveness = &self.peering.config.liveness.as_ref()?.value;
        let busy = self.channel.requests.outstanding.is_some() || self.tasks.has(&Task::Probe);
        if busy || !self.may_rekey() {
            return None;
        }
        let due = self.heard + liveness.interval;
        if !liveness.on_demand {
            return Some(due);
        }
        let sent = self.sent.filter(|sent| *sent > self.heard)?;
        Some(due.max(sent))
    }

    fn ask_whether_alive(&mut self, cx: &mut Context) {
        if self.liveness_due().is_some_and(|at| cx.now >= at) {
            self.tasks.add(cx.now, Task::Probe);
        }
    }

    /// RFC 3948 §4.
    fn keep_nat_open(&mut self, cx: &mut Context) {
        if self.keepalive_at.is_none_or(|at| cx.now < at) {
            return;
        }
        let interval = self.peering.config.nat.keepalive.value;
        self.keepalive_at = (!interval.is_zero()).then(|| cx.now + interval);
        let ends = self.peering.ends;
        cx.outputs.push_back(Output::Keepalive {
            local: ends.local,
            remote: ends.remote,
        });
    }

    /// Starts what waits, one request at a time.
    pub fn pump(&mut self, cx: &mut Context) -> Then {
        while self.may_start(cx) {
            let Some(task) = self.tasks.take_due(cx.now) else {
                break;
            };
            match task {
                Task::DeleteIke => {
                    let reason = self.closing.unwrap_or(DeleteReason::Failed);
                    return Then::Delete {
                        reason,
                        tell: Vec::new(),
                    };
                }
                Task::DeleteChildren(spis) => informational::delete_children(self, cx, spis),
                Task::RekeyIke(group) => rekey_ike::start(self, cx, group),
                Task::RekeyChild(spi_in) => rekey_child::start(self, cx, spi_in),
                Task::CreateChild(name, resource) => {
                    create_child::start(self, cx, &name, resource);
                }
                Task::Probe => informational::probe(self, cx),
            }
        }
        Then::Stay
    }

    fn may_start(&self, cx: &Context) -> bool {
        let held = self.hold.is_some_and(|hold| cx.now < hold.until);
        self.channel.requests.outstanding.is_none() && !held
    }

    /// Nothing new may be made on it (RFC 7296 §2.25.2).
    pub fn is_being_replaced(&self) -> bool {
        !self.may_rekey() || matches!(self.active, Some(Active::RekeyIke(_)))
    }
}

/// Where idleness ends a Child.
fn idle_at(child: &Child) -> Option<Time> {
    child.idle.map(|idle| child.used + idle)
}

fn sooner(a: Option<Deadline>, b: Option<Deadline>) -> Option<Deadline> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

fn child_deadline(child: &Child) -> Option<Deadline> {
    let at = |at, timer| Some(Deadline { at, timer });
    let hard = at(child.hard_at, TimerName::ChildExpiry);
    match child.stage {
        Stage::Retired { until } => at(until, TimerName::Cleanup),
        Stage::Deleting(_) => None,
        Stage::Replaced { delete_at } => sooner(at(delete_at, TimerName::Cleanup), hard),
        Stage::Live => {
            let soft = child
                .soft_at
                .and_then(|soft| at(soft, TimerName::ChildRekey));
            let idle = idle_at(child).and_then(|idle| at(idle, TimerName::ChildIdle));
            let redundant = child
                .redundant_at
                .and_then(|when| at(when, TimerName::Cleanup));
            sooner(sooner(soft, idle), sooner(redundant, hard))
        }
    }
}
