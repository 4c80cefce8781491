//! Inbound SPIs that say who opens what comes with them: `[random 16 | worker 4 | random 12]`.
//!
//! The rest stays random, as an SPI that can be guessed makes forging cheaper.

/// Workers are numbered from 1 on; 0 is none of them.
pub const WORKERS_MAX: u8 = 15;

const SHIFT: u32 = 12;
const BITS: u32 = 0xf;

/// Whose packets those are.
pub fn worker_of(spi: u32) -> u8 {
    // Four bits are left.
    (spi >> SHIFT & BITS) as u8
}

/// The SPI with that worker in place of what it says of one.
pub fn for_worker(spi: u32, worker: u8) -> u32 {
    spi & !(BITS << SHIFT) | (u32::from(worker) & BITS) << SHIFT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_spi_says_its_worker_and_keeps_its_other_bits() {
        for spi in [0, 0x1234_5678, u32::MAX] {
            for worker in 0..=WORKERS_MAX {
                let marked = for_worker(spi, worker);
                assert_eq!(worker_of(marked), worker);
                assert_eq!(marked & 0xffff_0fff, spi & 0xffff_0fff);
            }
        }
    }
}
