//! Super-packets cut into packets, and made of packets.

mod support;

use crossgate_offload::{
    Abilities, Coalescer, Header, READ_MAX, Reads, SEGMENTS_MAX, Segmentation, SplitError, split,
};
use crossgate_wire::ip::Segments;
use support::{Draw, Family, Tcp, checksums_are_right, cut_plainly, udp, written};

const ALL: Abilities = Abilities {
    tcp: true,
    udp: true,
};

/// What a kernel would read of what is written: each group as one buffer with its header.
fn coalesced(packets: &[Vec<u8>], abilities: Abilities) -> Vec<(Header, Vec<u8>)> {
    let mut coalescer = Coalescer::new(abilities);
    packets.iter().for_each(|packet| coalescer.push(packet));
    let groups = coalescer.groups();
    let groups = groups.map(|(group, members)| {
        let mut octets = group.head().to_vec();
        members.for_each(|at| octets.extend_from_slice(group.part(&packets[at])));
        (group.header, octets)
    });
    groups.collect()
}

fn cut(groups: &[(Header, Vec<u8>)]) -> Vec<Vec<u8>> {
    let all = groups
        .iter()
        .map(|(header, octets)| split(header, octets).expect("a super-packet of our own"));
    all.flat_map(|split| written(&split)).collect()
}

#[test]
fn a_train_of_tcp_is_one_write_and_comes_apart_as_it_was() {
    for family in [Family::V4, Family::V6] {
        let tcp = Tcp::new(family);
        let mut packets = tcp.train(0, &[1348, 1348, 1348, 500]);
        *packets.last_mut().expect("four") = Tcp {
            flags: 0x18,
            ..tcp.clone()
        }
        .at(3 * 1348, 3, 500);
        let written = coalesced(&packets, ALL);
        assert_eq!(written.len(), 1, "{family:?}");
        let (header, octets) = &written[0];
        assert_eq!(header.segment_len, 1348);
        assert_eq!(octets.len(), tcp.headers() + 3 * 1348 + 500);
        assert_eq!(cut(&written), packets, "{family:?}");
    }
}

#[test]
fn a_train_of_udp_is_one_write_and_comes_apart_as_it_was() {
    for family in [Family::V4, Family::V6] {
        let lengths = [1200, 1200, 7];
        let packets = (0..)
            .zip(lengths)
            .map(|(id, length)| udp(family, id, length));
        let packets: Vec<_> = packets.collect();
        let written = coalesced(&packets, ALL);
        assert_eq!(written.len(), 1);
        assert_eq!(written[0].0.segmentation, Some(Segmentation::Udp));
        assert_eq!(cut(&written), packets);
        let alone = Abilities { udp: false, ..ALL };
        assert_eq!(coalesced(&packets, alone).len(), 3);
    }
}

#[test]
fn what_is_not_the_next_of_its_flow_begins_anew() {
    let tcp = Tcp::new(Family::V4);
    let first = tcp.at(0, 0, 100);
    let alone = |second: Vec<u8>, what: &str| {
        let packets = [first.clone(), second];
        let written = coalesced(&packets, ALL);
        assert_eq!(written.len(), 2, "{what}");
        assert_eq!(cut(&written), packets, "{what}");
    };
    alone(tcp.at(99, 1, 100), "an octet sent again");
    alone(tcp.at(200, 1, 100), "a gap");
    alone(tcp.at(100, 1, 101), "a longer one");
    alone(tcp.at(100, 1, 0), "an acknowledgement alone");
    for flags in [0x11, 0x12, 0x14, 0x30, 0x90, 0x00] {
        alone(
            Tcp {
                flags,
                ..tcp.clone()
            }
            .at(100, 1, 100),
            "flags",
        );
    }
    alone(
        Tcp {
            ack: 8,
            ..tcp.clone()
        }
        .at(100, 1, 100),
        "another acknowledgement",
    );
    alone(
        Tcp {
            window: 9,
            ..tcp.clone()
        }
        .at(100, 1, 100),
        "another window",
    );
    alone(
        Tcp {
            ttl: 9,
            ..tcp.clone()
        }
        .at(100, 1, 100),
        "another TTL",
    );
    alone(
        Tcp {
            tos: 3,
            ..tcp.clone()
        }
        .at(100, 1, 100),
        "a mark of congestion",
    );
    alone(
        Tcp {
            stamp: 9,
            ..tcp.clone()
        }
        .at(100, 1, 100),
        "another timestamp",
    );
    let mut damaged = tcp.at(100, 1, 100);
    *damaged.last_mut().expect("octets") ^= 1;
    alone(damaged, "a wrong checksum");
    let mut damaged = tcp.at(100, 1, 100);
    damaged[11] ^= 1;
    alone(damaged, "a wrong header checksum");
    let fragile = Tcp {
        df: false,
        ..tcp.clone()
    };
    let packets = [fragile.at(0, 7, 100), fragile.at(100, 9, 100)];
    assert_eq!(
        coalesced(&packets, ALL).len(),
        2,
        "identifications that matter"
    );
}

#[test]
fn nothing_follows_a_shorter_or_a_pushed_one() {
    let tcp = Tcp::new(Family::V6);
    let short = [tcp.at(0, 0, 100), tcp.at(100, 1, 50), tcp.at(150, 2, 50)];
    assert_eq!(coalesced(&short, ALL).len(), 2);
    let pushed = Tcp {
        flags: 0x18,
        ..tcp.clone()
    };
    let pushed = [
        tcp.at(0, 0, 100),
        pushed.at(100, 1, 100),
        tcp.at(200, 2, 100),
    ];
    let written = coalesced(&pushed, ALL);
    assert_eq!(written.len(), 2);
    assert_eq!(cut(&written), pushed);
}

#[test]
fn flows_that_take_turns_each_have_their_train() {
    let (one, other) = (
        Tcp::new(Family::V4),
        Tcp {
            port: 9,
            ..Tcp::new(Family::V4)
        },
    );
    let turns: Vec<_> = (0..20_u16)
        .flat_map(|n| [&one, &other].map(|flow| flow.at(u32::from(n) * 1000, n, 1000)))
        .collect();
    let written = coalesced(&turns, ALL);
    assert_eq!(written.len(), 2);
    // Apart from whose turn it is.
    let mut back = cut(&written);
    let mut turns = turns;
    back.sort();
    turns.sort();
    assert_eq!(back, turns);
}

#[test]
fn nothing_overtakes_a_fragment() {
    let tcp = Tcp::new(Family::V4);
    let mut fragment = tcp.at(0, 0, 100);
    support::make_fragment(&mut fragment);
    let packets = [tcp.at(0, 0, 100), fragment, tcp.at(100, 1, 100)];
    let written = coalesced(&packets, ALL);
    assert_eq!(cut(&written), packets);
}

/// Whatever comes: each packet leaves once, whole, and behind those of its flow that were before it.
#[test]
fn any_batch_comes_apart_as_it_was_flow_by_flow() {
    for seed in 0..2_000 {
        let mut draw = Draw::new(seed);
        let packets = draw.batch();
        let written = coalesced(&packets, ALL);
        let back = cut(&written);
        for flow in support::flows(&packets) {
            let of = |packets: &[Vec<u8>]| -> Vec<Vec<u8>> {
                let of_flow = packets.iter().filter(|p| support::flow(p) == flow);
                of_flow.map(|packet| support::without_id(packet)).collect()
            };
            assert!(of(&back) == of(&packets), "seed {seed}");
        }
        assert_eq!(back.len(), packets.len(), "seed {seed}");
    }
}

#[test]
fn segments_have_right_checksums_and_their_own_flags() {
    for family in [Family::V4, Family::V6] {
        // FIN, PSH, ACK, CWR over more than one segment.
        let tcp = Tcp {
            flags: 0x99,
            ..Tcp::new(family)
        };
        let whole = tcp.at(0, 0xffff, 2500);
        let header = Header {
            segmentation: Some(match family {
                Family::V4 => Segmentation::Tcp4 { ecn: true },
                Family::V6 => Segmentation::Tcp6 { ecn: true },
            }),
            segment_len: 1000,
            ..Header::default()
        };
        let segments = written(&split(&header, &whole).expect("a super-packet"));
        let flags: Vec<u8> = segments.iter().map(|s| s[tcp.ip() + 13]).collect();
        assert_eq!(flags, [0x90, 0x10, 0x19]);
        assert!(segments.iter().all(|segment| checksums_are_right(segment)));
        let lengths: Vec<_> = segments.iter().map(|s| s.len() - tcp.headers()).collect();
        assert_eq!(lengths, [1000, 1000, 500]);
    }
}

#[test]
fn a_checksum_that_was_left_to_us_is_made() {
    for packet in [Tcp::new(Family::V4).at(0, 0, 33), udp(Family::V6, 0, 20)] {
        let (partial, checksum) = support::with_pseudo_sum(&packet);
        let header = Header {
            checksum: Some(checksum),
            ..Header::default()
        };
        assert_eq!(
            written(&split(&header, &partial).expect("a packet")),
            [packet]
        );
    }
}

#[test]
fn a_header_that_lies_is_refused() {
    let tcp = Tcp::new(Family::V4);
    let whole = tcp.at(0, 0, 3000);
    let tcp4 = |segment_len| Header {
        segmentation: Some(Segmentation::Tcp4 { ecn: false }),
        segment_len,
        ..Header::default()
    };
    let of = |segmentation| Header {
        segmentation: Some(segmentation),
        ..tcp4(1000)
    };
    let refused = |header: Header, octets: &[u8]| split(&header, octets).expect_err("a lie");
    assert_eq!(
        refused(tcp4(0), &whole),
        SplitError::SegmentLength { found: 0 }
    );
    assert_eq!(
        refused(tcp4(1), &whole),
        SplitError::SegmentLength { found: 1 }
    );
    let tcp6 = of(Segmentation::Tcp6 { ecn: false });
    assert_eq!(refused(tcp6, &whole), SplitError::NotOfThatKind);
    assert_eq!(
        refused(of(Segmentation::Udp), &whole),
        SplitError::NotOfThatKind
    );
    assert_eq!(refused(tcp4(1000), &whole[..100]), SplitError::NotIp);
    assert_eq!(refused(tcp4(1000), &[]), SplitError::NotIp);
    for (start, offset) in [(20, 3031), (60_000, 16), (65_535, 65_535)] {
        let checksum = crossgate_offload::Checksum { start, offset };
        let header = Header {
            checksum: Some(checksum),
            ..Header::default()
        };
        let outside = SplitError::ChecksumOutside { found: checksum };
        assert_eq!(refused(header, &whole), outside);
    }
}

#[test]
fn any_octets_are_cut_or_refused() {
    let (mut draw, mut cut) = (Draw::new(7), 0);
    for _ in 0..20_000 {
        let mut octets = draw.batch().pop().unwrap_or_default();
        draw.damage(&mut octets);
        let all = [draw.header(), octets].concat();
        let Ok((header, packet)) = Header::parse(&all) else {
            continue;
        };
        let split = split(&header, packet);
        let out = split.map_or(Vec::new(), |split| written(&split));
        assert!(out.len() <= SEGMENTS_MAX);
        cut += u32::from(out.len() > 1);
        let mut coalescer = Coalescer::new(ALL);
        coalescer.push(packet);
        out.iter().for_each(|packet| coalescer.push(packet));
        let count = coalescer.groups().flat_map(|(_, members)| members).count();
        assert_eq!(count, out.len() + 1);
    }
    assert!(cut > 1000, "{cut} are super-packets");
}

/// Headers of every kind, with options and extensions, and payloads of odd lengths.
#[test]
fn each_packet_is_octet_by_octet_that_of_the_plain_way() {
    let lengths = [0, 1, 2, 3, 47, 99, 100, 101, 1000, 1301, 4 * 1348, 9001];
    let segments = [1, 2, 3, 7, 48, 99, 100, 1000, 1301, 1348, 65_535];
    let mut cuts = 0;
    for (whole, kind) in lengths.into_iter().flat_map(support::wholes) {
        for segment_len in segments {
            let header = Header {
                segmentation: Some(kind),
                segment_len,
                ..Header::default()
            };
            let Ok(split) = split(&header, &whole) else {
                assert!(whole.len() / usize::from(segment_len) >= SEGMENTS_MAX);
                continue;
            };
            let plain = cut_plainly(&whole, usize::from(segment_len));
            let of = (segment_len, whole.len(), kind);
            assert!(written(&split) == plain, "{of:?}");
            assert!(split.length(plain.len()).is_none(), "{of:?}");
            assert!(plain.iter().all(|packet| checksums_are_right(packet)));
            cuts += plain.len();
        }
    }
    assert!(cuts > 50_000, "{cuts}");
}

/// That would say that there is none.
#[test]
fn a_sum_of_zero_is_none_of_udp() {
    let mut whole = udp(Family::V4, 0, 4);
    // What is left of the sum is its own opposite.
    let left = whole[26..28].to_vec();
    let at = whole.len() - 2;
    let sum = u32::from(u16::from_be_bytes([whole[at], whole[at + 1]]));
    let sum = sum + u32::from(u16::from_be_bytes([left[0], left[1]]));
    let octets = ((sum >> 16) as u16).wrapping_add(sum as u16).to_be_bytes();
    whole[at..].copy_from_slice(&octets);
    let header = Header {
        segmentation: Some(Segmentation::Udp),
        segment_len: 1000,
        ..Header::default()
    };
    let packets = written(&split(&header, &whole).expect("a super-packet"));
    assert_eq!(packets[0][26..28], [0xff; 2]);
    let (partial, checksum) = support::with_pseudo_sum(&packets[0]);
    let header = Header {
        checksum: Some(checksum),
        ..Header::default()
    };
    assert_eq!(
        written(&split(&header, &partial).expect("a packet")),
        packets
    );
}

#[test]
fn the_length_of_headers_is_a_hint_and_what_is_behind_the_packet_is_not_its() {
    let tcp = Tcp::new(Family::V4);
    let whole = tcp.at(0, 0, 3000);
    let expected = cut_plainly(&whole, 1000);
    let padded = [whole.as_slice(), &[0xaa; 9]].concat();
    for header_len in [0, 1, 39, 52, 3052, u16::MAX] {
        for octets in [&whole, &padded] {
            let header = Header {
                segmentation: Some(Segmentation::Tcp4 { ecn: false }),
                segment_len: 1000,
                header_len,
                ..Header::default()
            };
            let split = split(&header, octets).expect("a super-packet");
            assert_eq!(written(&split), expected, "{header_len}");
        }
    }
}

#[test]
fn reads_are_kept_one_behind_the_other_unless_they_lie() {
    let tcp = Tcp::new(Family::V4);
    let read = |segment_len: u16| {
        let header = Header {
            segmentation: Some(Segmentation::Tcp4 { ecn: false }),
            segment_len,
            ..Header::default()
        };
        [&header.to_bytes()[..], &tcp.at(0, 0, 3000)].concat()
    };
    let mut reads = Reads::default();
    let mut keep = |read: &[u8]| {
        let room = reads.room();
        assert_eq!(room.len(), READ_MAX);
        room[..read.len()].copy_from_slice(read);
        reads.keep(read.len())
    };
    assert!(keep(&read(1000)));
    assert!(!keep(&read(0)), "segments of nothing");
    assert!(!keep(&read(1000)[..2000]), "truncated");
    assert!(!keep(&read(1000)[..Header::LEN - 1]), "no header");
    assert!(keep(&read(1500)));
    assert_eq!((reads.len(), reads.packets()), (2, 5));
    assert_eq!(reads.octets(), 2 * read(1000).len());
    let packets = |reads: &Reads| -> Vec<_> {
        let all = reads.iter();
        all.flat_map(|split| written(&split)).collect()
    };
    let whole = tcp.at(0, 0, 3000);
    let expected = [cut_plainly(&whole, 1000), cut_plainly(&whole, 1500)].concat();
    assert_eq!(packets(&reads), expected);
    let taken = reads.take();
    assert_eq!((packets(&taken), taken.packets()), (expected, 5));
    assert_eq!((reads.len(), reads.packets(), reads.octets()), (0, 0, 0));
}
