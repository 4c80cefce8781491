//! Bytes against those that `ip xfrm` of iproute2 6.1 sends for the same SA and policy, read with
//! `strace -e trace=sendmsg -e write=all`.

use super::event::{self, Event};
use super::message::{A_TMPL, ACQUIRE, EXPIRE, MAPPING, Message};
use super::policy::{self, Family, Piece, Policies, Policy, Ports, Rule};
use super::state::{self, Counts, Direction, StateId, StateInfo, Tie};
use crossgate_crypto::{Encr, Integ, Secret};
use crossgate_model::view::{Encapsulation, Role};
use crossgate_model::{ChildSa, DirectionKeys, OutboundUse, Path, Selector};
use std::fmt::Write;
use std::net::IpAddr;
use std::time::Duration;

const LOCAL: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 10));
const REMOTE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, 20));
const MARK: u32 = 0x6300_0001;
const TIE: Tie = Tie {
    reqid: 7,
    mark: MARK,
    offload: None,
    clears_df: false,
};

fn sa() -> ChildSa {
    let keys = |octet: u8| DirectionKeys {
        encr: Secret::new(vec![octet; 32]),
        integ: Secret::new(vec![octet + 0x11; 32]),
    };
    ChildSa {
        id: 1,
        connection: "c".into(),
        child: "c:1".into(),
        role: Role::Initiator,
        spi_in: 0x5566_7788,
        spi_out: 0x1122_3344,
        encr: Encr::AesCbc256,
        integ: Some(Integ::HmacSha256_128),
        esn: true,
        keys_in: keys(0x10),
        keys_out: keys(0xaa),
        local_selectors: vec![Selector::ANY_V4],
        remote_selectors: vec![Selector::ANY_V4],
        path: Path {
            local: LOCAL,
            remote: REMOTE,
            encapsulation: Encapsulation::Udp {
                local_port: 4500,
                remote_port: 4501,
            },
        },
        outbound: OutboundUse::Immediately,
        replay_window: 64,
        soft_kilobytes: Some(1),
        hard_kilobytes: Some(2),
        hard_lifetime: Duration::from_secs(3600),
    }
}

/// Sixteen octets a line, lines of zeros as `*`.
fn hex(message: &mut Message) -> String {
    let octets = message.finish(5, 1_795_625_047).to_vec();
    let mut text = String::new();
    for line in octets.chunks(16) {
        if line.iter().all(|octet| *octet == 0) {
            text.push('*');
        } else {
            for octet in line {
                write!(text, "{octet:02x}").expect("a string takes everything");
            }
        }
        text.push('\n');
    }
    text
}

/// `ip xfrm state add src 203.0.113.10 dst 198.51.100.20 proto esp spi 0x11223344 reqid 7 mode tunnel
/// replay-window 64 flag esn auth-trunc 'hmac(sha256)' 0xbb… 128 enc 'cbc(aes)' 0xaa… encap espinudp
/// 4500 4501 0.0.0.0 mark 0x63000001 mask 0xffffffff limit byte-soft 1024 limit byte-hard 2048 limit
/// time-hard 3600 output-mark 0x6367`, where ours also takes inner packets of both families (flag
/// `af-unspec`, 0x20).
#[test]
fn a_state_is_what_ip_xfrm_sends() {
    let expected = "\
10020000100005005710076b00000000
*
*
*
0000000000000000c633641400000000
00000000000000001122334432000000
cb00710a000000000000000000000000
00040000000000000008000000000000
ffffffffffffffffffffffffffffffff
0000000000000000100e000000000000
*
*
*
*
0700000002000100a000000000000000
6c001400686d61632873686132353629
*
*
*
000000000001000080000000bbbbbbbb
bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
bbbbbbbbbbbbbbbbbbbbbbbb68000200
63626328616573290000000000000000
*
*
*
00010000aaaaaaaaaaaaaaaaaaaaaaaa
aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
aaaaaaaa1c0004000200119411950000
*
1c001700020000000000000000000000
0000000000000000400000000c001500
01000063ffffffff08001d0067630000
";
    let mut message = state::add(&sa(), Direction::Out, TIE).expect("a known cipher");
    assert_eq!(hex(&mut message), expected);
}

#[test]
fn a_device_is_asked_to_encrypt_what_is_not_in_udp() {
    let asks = Tie {
        offload: Some(7),
        ..TIE
    };
    let mut plain = sa();
    let offloaded = |sa: &ChildSa, tie| {
        let message = state::add(sa, Direction::In, tie);
        state::is_offloaded(&message.expect("a known cipher").finish(5, 0)[16..])
    };
    assert!(!offloaded(&plain, asks), "in UDP");
    plain.path.encapsulation = Encapsulation::Esp;
    assert!(offloaded(&plain, asks));
    assert!(!offloaded(&plain, TIE));
}

/// Flag `nopmtudisc` of `ip xfrm state`.
#[test]
fn the_outer_df_bit_is_cleared_of_what_is_sent() {
    let clears = Tie {
        clears_df: true,
        ..TIE
    };
    let octets = |direction, tie| {
        let message = state::add(&sa(), direction, tie);
        message.expect("a known cipher").finish(5, 0).to_vec()
    };
    let (plain, clear) = (octets(Direction::Out, TIE), octets(Direction::Out, clears));
    let differs: Vec<_> = (0..plain.len())
        .filter(|at| plain[*at] != clear[*at])
        .collect();
    // `flags` of `struct xfrm_usersa_info`, behind the message's header.
    assert_eq!(differs, [16 + 216]);
    assert_eq!(clear[16 + 216], plain[16 + 216] | 4);
    assert_eq!(octets(Direction::In, clears), octets(Direction::In, TIE));
}

/// `ip xfrm policy add src 10.10.10.0/24 dst 10.20.20.0/24 proto tcp dport 443 dir out priority 9 mark
/// 0x63000001 mask 0xffffffff tmpl src 203.0.113.10 dst 198.51.100.20 proto esp reqid 7 mode tunnel`,
/// where ours replaces what is there (XFRM_MSG_UPDPOLICY).
#[test]
fn a_policy_is_what_ip_xfrm_sends() {
    let expected = "\
08010000190005005710076b00000000
0a141400000000000000000000000000
0a0a0a00000000000000000000000000
01bbffff000000000200181806000000
0000000000000000ffffffffffffffff
ffffffffffffffffffffffffffffffff
ffffffffffffffff0000000000000000
*
*
*
00000000000000000900000000000000
010000000000000044000500c6336414
*
3200000002000000cb00710a00000000
00000000000000000700000001000000
ffffffffffffffffffffffff0c001500
01000063ffffffff
";
    let net = |text: &str| Selector::net(text.parse().expect("a network"));
    let local = net("10.10.10.0/24").only(6, 0..=u16::MAX);
    let remote = net("10.20.20.0/24").only(6, 443..=443);
    let pieces = policy::pieces(policy::Direction::Out, &[local], &[remote]).expect("few");
    let rule = Rule::Seal {
        local: LOCAL,
        remote: REMOTE,
    };
    let wanted: Policies = pieces
        .into_iter()
        .map(|piece| (piece, Policy { rule, priority: 9 }))
        .collect();
    let mut changes = policy::changes(&Policies::new(), &wanted, tie());
    assert_eq!(changes.len(), 1);
    let sent = hex(&mut changes[0].message);
    assert_eq!(sent, expected);
    assert!(policy::changes(&wanted, &wanted, tie()).is_empty());
}

fn tie() -> policy::Tie {
    policy::Tie {
        reqid: 7,
        mark: MARK,
    }
}

#[test]
fn what_is_new_is_told_before_what_is_gone() {
    let piece = |port: u16| {
        let any = Selector::ANY_V4.only(17, port..=port);
        let pieces = policy::pieces(policy::Direction::In, &[any], &[Selector::ANY_V4]);
        pieces.expect("few")[0]
    };
    let one = |port| {
        let opened = Policy {
            rule: Rule::Opened { outer: Family::V4 },
            priority: 1,
        };
        Policies::from([(piece(port), opened)])
    };
    let changes = policy::changes(&one(1), &one(2), tie());
    let told: Vec<(Piece, bool)> = changes
        .iter()
        .map(|c| (c.piece, c.policy.is_some()))
        .collect();
    assert_eq!(told, [(piece(2), true), (piece(1), false)]);
}

#[test]
fn a_range_of_ports_is_the_fewest_masks() {
    let masks = |start, end| {
        let remote = Selector::ANY_V4.only(6, start..=end);
        let pieces = policy::pieces(policy::Direction::Out, &[Selector::ANY_V4], &[remote]);
        let pieces = pieces.expect("few").into_iter();
        pieces
            .map(|p| (p.destination_ports.port, p.destination_ports.mask))
            .collect::<Vec<_>>()
    };
    assert_eq!(masks(0, u16::MAX), [(0, 0)]);
    assert_eq!(masks(443, 443), [(443, 0xffff)]);
    assert_eq!(masks(1, 4), [(1, 0xffff), (2, 0xfffe), (4, 0xffff)]);
    assert_eq!(masks(0x8000, u16::MAX), [(0x8000, 0x8000)]);
    for (start, end) in [(1, 65_535), (1024, 65_535), (5, 60_000), (0, 0)] {
        let all = masks(start, end);
        let hit = |port: u16| all.iter().filter(|(p, m)| port & m == *p).count();
        let wrong = |port: &u16| hit(*port) != usize::from((start..=end).contains(port));
        assert_eq!((0..=u16::MAX).find(wrong), None, "{start}-{end}: {all:?}");
    }
}

#[test]
fn selectors_that_the_kernel_has_no_words_for_are_refused_with_a_reason() {
    let any = Selector::ANY_V4;
    let pieces = |remote| policy::pieces(policy::Direction::Out, &[any], &[remote]);
    assert!(
        pieces(any.only(1, 8..=8))
            .expect_err("ICMP")
            .contains("ICMP")
    );
    let opaque = Selector {
        start_port: u16::MAX,
        end_port: 0,
        ..any
    };
    assert!(pieces(opaque).expect_err("OPAQUE").contains("OPAQUE"));
    let ragged = Selector {
        start: [10, 0, 0, 1].into(),
        end: [10, 255, 255, 254].into(),
        ..any
    };
    let ports = ragged.only(6, 1..=65_534);
    assert!(pieces(ports).expect_err("too many").contains("256"));
    assert_eq!(pieces(Selector::ANY_V6), Ok(Vec::new()));
    assert_eq!(
        pieces(any).expect("one")[0].source_ports,
        Ports { port: 0, mask: 0 }
    );
}

#[test]
fn a_state_that_the_kernel_tells_of_is_read_and_can_be_moved_without_its_keys_being_known() {
    let mut message = state::add(&sa(), Direction::In, TIE).expect("a known cipher");
    let mut body = message.finish(0, 0)[16..].to_vec();
    body[160..168].copy_from_slice(&840u64.to_ne_bytes());
    body[168..176].copy_from_slice(&10u64.to_ne_bytes());
    body[196..200].copy_from_slice(&3u32.to_ne_bytes());
    let id = StateId {
        destination: LOCAL,
        spi: 0x5566_7788,
        mark: MARK,
    };
    let counts = Counts {
        octets: 840,
        packets: 10,
        replayed: 3,
        bad_icv: 0,
    };
    assert_eq!(state::parse(&body), Some(StateInfo { id, counts }));
    for length in 0..240 {
        // Whatever is missing: no panic, and nothing made up.
        let info = state::parse(&body[..length]);
        assert!(length >= 224 || info.is_none(), "{length}");
    }

    let mut elsewhere = sa();
    elsewhere.path.encapsulation = Encapsulation::Udp {
        local_port: 4500,
        remote_port: 9999,
    };
    let mut moved = state::moved(&body, &elsewhere.path, Direction::In).expect("whole");
    let mut expected = state::add(&elsewhere, Direction::In, TIE).expect("a known cipher");
    let moved = moved.finish(0, 0)[16..].to_vec();
    let mut attributes: Vec<_> = super::message::Reader(&moved).attributes(224).collect();
    let expected = expected.finish(0, 0)[16..].to_vec();
    let mut wanted: Vec<_> = super::message::Reader(&expected).attributes(224).collect();
    attributes.sort();
    wanted.sort();
    assert_eq!(attributes, wanted);
    assert_eq!(moved[..160], expected[..160]);
}

#[test]
fn what_the_kernel_tells_is_understood() {
    let mut acquire = Message::new(ACQUIRE);
    acquire.zeros(280).attribute(A_TMPL, |m| {
        m.zeros(44).u32(7).zeros(16);
    });
    state::mark(&mut acquire, MARK);
    let body = acquire.finish(0, 0)[16..].to_vec();
    let expected = Event::Acquire {
        reqid: 7,
        mark: MARK,
    };
    assert_eq!(event::parse(ACQUIRE, &body), Some(expected));
    assert_eq!(event::parse(ACQUIRE, &body[..300]), None);

    let mut state = state::add(&sa(), Direction::Out, TIE).expect("a known cipher");
    let info = state.finish(0, 0)[16..240].to_vec();
    let mut expire = Message::new(EXPIRE);
    expire.raw(&info).u8(1).zeros(7);
    state::mark(&mut expire, MARK);
    let body = expire.finish(0, 0)[16..].to_vec();
    let id = StateId {
        destination: REMOTE,
        spi: 0x1122_3344,
        mark: MARK,
    };
    let expected = Event::Expired { id, hard: true };
    assert_eq!(event::parse(EXPIRE, &body), Some(expected));

    let mut mapping = Message::new(MAPPING);
    mapping.address(LOCAL).be32(0x5566_7788).u16(2).u8(50).u8(0);
    mapping
        .u32(7)
        .address(REMOTE)
        .address([192, 0, 2, 9].into());
    // And nothing behind it: no mark.
    mapping.be16(4500).be16(20_001);
    let body = mapping.finish(0, 0)[16..].to_vec();
    let moved = Event::Moved {
        local: LOCAL,
        spi_in: 0x5566_7788,
        remote: "192.0.2.9:20001".parse().expect("an address"),
    };
    assert_eq!(event::parse(MAPPING, &body), Some(moved));
    for length in 0..body.len() {
        assert_eq!(event::parse(MAPPING, &body[..length]), None, "{length}");
    }
}
