//! Each invariant can fail: a good run's trace, tampered with.

use crate::door::*;
use crossgate_model::{End, Time};
use crossgate_rehearse::invariant::{self, SAS_OF_A_CHILD, SETTLED, Waits, Watch};
use crossgate_rehearse::trace::Content;
use crossgate_rehearse::{Detail, Entry, Happening, NodeId};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::OnceLock;
use std::time::Duration;

/// An hour and a bit, with one rekey.
fn good() -> Vec<Entry> {
    static GOOD: OnceLock<Vec<Entry>> = OnceLock::new();
    let run = || {
        let mut hour = scenario(1, 1, &[]);
        hour.lasts += Duration::from_secs(300);
        hour.traffic = crossgate_rehearse::scenario::Traffic::Bursts;
        run(hour, Detail::EVERYTHING).into_trace().entries
    };
    GOOD.get_or_init(run).clone()
}

/// Names of what the tampered trace violates.
fn violated(tamper: impl FnOnce(&mut Vec<Entry>)) -> Vec<&'static str> {
    let mut entries = good();
    tamper(&mut entries);
    let violations = Watch::judge(&entries, Some(Time::START));
    violations.iter().map(|violation| violation.name).collect()
}

fn append(entries: &mut Vec<Entry>, what: Happening) {
    let at = entries.last().unwrap().at;
    entries.push(Entry { at, what });
}

fn first(entries: &[Entry], which: impl Fn(&Happening) -> bool) -> usize {
    entries.iter().position(|entry| which(&entry.what)).unwrap()
}

fn is_esp(what: &Happening) -> bool {
    matches!(what, Happening::Sent { packet, .. } if matches!(packet.content, Content::Esp { .. }))
}

const BRANCH: NodeId = NodeId(0);

#[test]
fn a_good_run_violates_nothing() {
    assert_eq!(violated(|_| {}), [""; 0]);
}

#[test]
fn a_packet_in_the_clear_is_seen() {
    let address = |last| IpAddr::V4(Ipv4Addr::new(10, 10, 10, last));
    let plaintext = Happening::Plaintext {
        from: BRANCH,
        source: address(2),
        destination: address(3),
    };
    assert_eq!(
        violated(|entries| append(entries, plaintext)),
        ["no-plaintext"]
    );
}

#[test]
fn a_sequence_number_that_comes_again_is_seen() {
    let names = violated(|entries| {
        let at = first(entries, is_esp);
        let again = entries[at].clone();
        entries.insert(at + 1, again);
    });
    // It is the same packet, with its IV.
    assert_eq!(names, ["sequence-never-reused", "iv-never-reused"]);
}

#[test]
fn an_iv_that_comes_again_is_seen() {
    let names = violated(|entries| {
        let mut packets = entries
            .iter_mut()
            .filter_map(|entry| match &mut entry.what {
                Happening::Sent { from, packet } if *from == BRANCH => match &mut packet.content {
                    Content::Esp { iv, .. } => Some(iv),
                    _ => None,
                },
                _ => None,
            });
        let one = *packets.next().unwrap();
        *packets.next().unwrap() = one;
    });
    assert_eq!(names, ["iv-never-reused"]);
}

#[test]
fn a_packet_that_is_opened_twice_is_seen() {
    let names = violated(|entries| {
        let at = first(entries, |what| matches!(what, Happening::Opened { .. }));
        let again = entries[at].clone();
        entries.insert(at + 30, again);
    });
    assert_eq!(names, ["never-opened-twice"]);
}

#[test]
fn an_sa_that_only_one_end_has_is_seen() {
    let names = violated(|entries| {
        // The last removal at either end never happened.
        let at = entries
            .iter()
            .rposition(|e| matches!(e.what, Happening::Removed { .. }));
        entries.remove(at.unwrap());
    });
    assert!(names.contains(&"ends-agree"), "{names:?}");
}

#[test]
fn sas_that_nobody_removes_are_seen_at_both_ends() {
    let names = violated(|entries| {
        entries.retain(|entry| !matches!(entry.what, Happening::Removed { .. }));
    });
    assert_eq!(names, ["child-settled", "no-sa-leaked"]);
}

/// Which of these happen so much later.
fn delay(entries: &mut [Entry], seconds: u64, which: impl Fn(&Happening) -> bool) {
    for entry in entries.iter_mut().filter(|entry| which(&entry.what)) {
        entry.at = entry.at + Duration::from_secs(seconds);
    }
    entries.sort_by_key(|entry| entry.at);
}

fn is_removal(what: &Happening) -> bool {
    matches!(what, Happening::Removed { .. })
}

#[test]
fn a_replaced_sa_that_stays_too_long_is_seen() {
    let settled = SETTLED.as_secs();
    let names = violated(|entries| delay(entries, settled - 1, is_removal));
    assert_eq!(names, [""; 0]);
    // Something must happen for anybody to look: hosts send twenty packets a minute.
    let names = violated(|entries| delay(entries, settled + 60, is_removal));
    assert_eq!(names, ["child-settled"]);
}

const WAITS: Waits = Waits {
    repeats: Duration::from_secs(7),
    liveness: Duration::from_secs(63),
    keepalive: Duration::from_secs(20),
};

#[test]
fn a_disturbance_may_keep_a_replaced_sa() {
    let mut entries = good();
    let rekeyed = entries[first(&entries, is_removal)].at.since_start();
    delay(&mut entries, 90, is_removal);
    for (from, expected) in [(0, vec![]), (91, vec!["child-settled"])] {
        let at = rekeyed + Duration::from_secs(from);
        let text = format!("loss 1% at {}s for 10s", at.as_secs());
        let mut watch = Watch::default();
        watch.expect_disturbances(&scenario(1, 1, &[&text]), WAITS);
        entries.iter().for_each(|entry| watch.see(entry));
        let names: Vec<_> = watch.violations().iter().map(|v| v.name).collect();
        assert_eq!(names, expected, "{text}");
    }
}

#[test]
fn an_sa_that_stays_alone_too_long_is_seen() {
    let names = violated(|entries| {
        let is_branchs =
            |what: &Happening| matches!(what, Happening::Removed { node, .. } if *node == BRANCH);
        delay(entries, SETTLED.as_secs() + 60, is_branchs);
    });
    assert_eq!(names, ["child-settled", "ends-agree"]);
}

#[test]
fn sending_where_the_peer_does_not_listen_is_seen_unless_it_does_nowhere() {
    let late = |entries: &mut Vec<Entry>, removals_too: bool| {
        let begin = entries.first().unwrap().at + Duration::from_secs(60);
        // Of the rekey: HQ has its half two bursts later.
        for entry in entries.iter_mut().filter(|entry| entry.at > begin) {
            let is_late = match &entry.what {
                Happening::Installed { node, .. } => *node != BRANCH,
                what => removals_too && is_removal(what),
            };
            if is_late {
                entry.at = entry.at + Duration::from_secs(130);
            }
        }
        entries.sort_by_key(|entry| entry.at);
    };
    let name = "peer-can-receive";
    assert!(violated(|entries| late(entries, true)).contains(&name));
    assert!(!violated(|entries| late(entries, false)).contains(&name));
}

/// HQ removes the replaced SA, and the branch goes on sending twenty packets a minute on it. If a
/// disturbance kept the word of it, the branch knows after 70 s.
#[test]
fn a_sender_may_ask_first_whether_its_peer_still_has_what_a_disturbance_hid() {
    let mut entries = good();
    let removal = |of_branch: bool| move |what: &Happening| matches!(what, Happening::Removed { node, .. } if (*node == BRANCH) == of_branch);
    let gone = &entries[first(&entries, removal(false))];
    let Happening::Removed { spi_in: old, .. } = gone.what else {
        unreachable!()
    };
    let gone = gone.at;
    delay(&mut entries, 200, removal(true));
    let until = gone + Duration::from_secs(190);
    for entry in entries.iter_mut().filter(|e| e.at > gone && e.at < until) {
        if let Happening::Sent { from, packet } = &mut entry.what
            && let Content::Esp { spi, .. } = &mut packet.content
            && *from == BRANCH
        {
            *spi = old;
        }
    }
    let caught = |text: String| {
        let mut watch = Watch::default();
        watch.expect_disturbances(&scenario(1, 1, &[&text]), WAITS);
        entries.iter().for_each(|entry| watch.see(entry));
        let mut all = watch.violations().iter();
        let found = all.find(|violation| violation.name == "peer-can-receive");
        found.unwrap().at.since(gone).as_secs()
    };
    let at = gone.since_start().as_secs();
    let (hidden, before) = (
        caught(format!("loss 1% at {at}s for 1s")),
        caught("loss 1% at 9s for 1s".to_owned()),
    );
    assert!((1..60).contains(&before), "{before} s");
    assert!((70..130).contains(&hidden), "{hidden} s");
}

#[test]
fn more_sas_of_a_child_than_there_may_be_are_seen() {
    let names = violated(|entries| {
        let at = first(entries, |what| matches!(what, Happening::Installed { .. }));
        for more in 1..=u32::try_from(SAS_OF_A_CHILD).unwrap() {
            let mut entry = entries[at].clone();
            if let Happening::Installed { sa, .. } = &mut entry.what {
                sa.spi_in = sa.spi_in.wrapping_add(more);
            }
            entries.insert(at, entry);
        }
    });
    assert!(names.contains(&"no-sa-leaked"), "{names:?}");
}

#[test]
fn a_queue_without_end_is_seen() {
    let names = violated(|entries| append(entries, Happening::Overflow { limit: 9 }));
    assert_eq!(names, ["queues-bounded"]);
}

#[test]
fn a_childs_queue_without_end_is_seen() {
    let (node, packets) = (BRANCH, crossgate_esp::WAITING_PACKETS + 1);
    let names = violated(|entries| append(entries, Happening::Waits { node, packets }));
    assert_eq!(names, ["queues-bounded"]);
}

#[test]
fn a_timer_that_is_never_done_is_seen() {
    let (node, timer) = (BRANCH, "Task".to_owned());
    let names = violated(|entries| append(entries, Happening::Stuck { node, timer }));
    assert_eq!(names, ["timers-done"]);
}

#[test]
fn keys_that_stay_are_seen() {
    let left = Happening::KeysLeft {
        node: BRANCH,
        spi_in: 0x1234_5678,
    };
    assert_eq!(violated(|entries| append(entries, left)), ["keys-erased"]);
}

#[test]
fn a_packet_that_is_lost_when_all_is_well_again_is_seen() {
    let lost = Happening::PingLost {
        flow: 0,
        number: 3,
        sent: Time::START + Duration::from_secs(1),
        arrived: false,
    };
    assert_eq!(violated(|entries| append(entries, lost)), ["serves-again"]);
}

#[test]
fn there_is_a_test_for_every_invariant() {
    let names: Vec<_> = invariant::names().collect();
    assert_eq!(
        names,
        [
            "sequence-never-reused",
            "iv-never-reused",
            "peer-can-receive",
            "never-opened-twice",
            "no-plaintext",
            "no-sa-leaked",
            "queues-bounded",
            "timers-done",
            "keys-erased",
            "serves-again",
            "child-settled",
            "ends-agree",
        ]
    );
}

/// What a world tells is judged while it runs, with what came before.
#[test]
fn a_violation_shows_what_came_before_it() {
    let blocked = scenario(1, 1, &["block udp 500 at 0s"]);
    let mut world =
        crossgate_rehearse::World::new(network(&pair("site-to-site")), blocked, Detail::MESSAGES);
    world.expect_service(Time::START);
    world.run();
    world.finish();
    let [violation] = world.violations() else {
        panic!("{:?}", world.violations());
    };
    assert_eq!(violation.name, "serves-again");
    assert!(
        violation
            .tail
            .iter()
            .any(|line| line.contains("UDP 500 is blocked"))
    );
    assert_eq!(world.connections(End::First.into()).len(), 1);
}
