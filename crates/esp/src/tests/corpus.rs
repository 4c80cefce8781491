//! The fuzz targets' laws over inputs that are made here: anything may come, nothing may break.

use super::support::*;
use crate::fuzzing::{open_arbitrary, seal_arbitrary};

fn check(data: &[u8]) {
    open_arbitrary(data).unwrap_or_else(|broken| panic!("{broken:?} {data:02x?}"));
    seal_arbitrary(data).unwrap_or_else(|broken| panic!("{broken:?} {data:02x?}"));
}

fn seeds() -> Vec<Vec<u8>> {
    vec![
        ping(End::A, 1),
        raw(End::A, 20),
        udp(End::A, 100),
        with_tos(udp(End::A, 60), 0xff),
        udp_between("fd00:1::1", "fd00:2::1", 80),
    ]
}

#[test]
fn whole_packets_under_every_suite_and_meaning() {
    for seed in seeds() {
        for suite in 0..16 {
            for meaning in 0..3 {
                check(&[&[suite, meaning], seed.as_slice()].concat());
            }
        }
    }
}

#[test]
fn damaged_packets_under_every_meaning() {
    for seed in seeds() {
        for meaning in 0..3 {
            let input = [&[0, meaning], seed.as_slice()].concat();
            for at in 2..input.len().min(64) {
                check(&input[..at]);
                for octet in [0x00, 0x01, 0x7f, 0x80, 0xff] {
                    let mut damaged = input.clone();
                    damaged[at] = octet;
                    check(&damaged);
                }
            }
        }
    }
}

#[test]
fn random_octets() {
    let mut random = 1_u64;
    for length in 0..400 {
        let data: Vec<u8> = (0..length)
            .map(|_| {
                random = random.wrapping_mul(6364136223846793005).wrapping_add(99);
                (random >> 56) as u8
            })
            .collect();
        check(&data);
    }
}
