//! Stateless cookies of a responder under load (RFC 7296 §2.6).
//!
//! A cookie is one octet that names the secret, and a keyed hash of Ni, the initiator's address and
//! its SPI. Nothing is stored until it comes back.

use crate::limits::COOKIE_ROTATION;
use crossgate_crypto::{Secret, fingerprint};
use crossgate_model::Time;
use std::net::IpAddr;

const SECRET_LEN: usize = 32;

/// The secret in use, and its predecessor for cookies that are still on their way back.
#[derive(Debug, Default)]
pub(crate) struct CookieJar {
    current: Option<Generation>,
    previous: Option<Generation>,
    made: u8,
}

#[derive(Debug)]
struct Generation {
    number: u8,
    born: Time,
    secret: Secret,
}

/// What a cookie is bound to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asker<'a> {
    pub nonce: &'a [u8],
    pub address: IpAddr,
    pub spi: &'a [u8; 8],
}

impl CookieJar {
    /// `draw` gives a fresh secret of the length asked for.
    pub fn bake(
        &mut self,
        now: Time,
        asker: Asker<'_>,
        draw: impl FnOnce(usize) -> Secret,
    ) -> Option<Vec<u8>> {
        self.rotate(now, draw);
        hash(self.current.as_ref()?, asker)
    }

    pub fn accepts(&self, now: Time, asker: Asker<'_>, cookie: &[u8]) -> bool {
        let fresh = |g: &&Generation| now.since(g.born) < COOKIE_ROTATION * 2;
        let generations = self.current.iter().chain(&self.previous);
        generations
            .filter(fresh)
            .filter_map(|generation| hash(generation, asker))
            .any(|expected| fingerprint::equal(&expected, cookie))
    }

    fn rotate(&mut self, now: Time, draw: impl FnOnce(usize) -> Secret) {
        let due = match &self.current {
            Some(current) => now.since(current.born) >= COOKIE_ROTATION,
            None => true,
        };
        if due {
            self.made = self.made.wrapping_add(1);
            let fresh = Generation {
                number: self.made,
                born: now,
                secret: draw(SECRET_LEN),
            };
            self.previous = self.current.replace(fresh);
        }
    }
}

fn hash(generation: &Generation, asker: Asker<'_>) -> Option<Vec<u8>> {
    let Asker {
        nonce,
        address,
        spi,
    } = asker;
    let hash = fingerprint::cookie(&generation.secret, nonce, address, spi).ok()?;
    Some([&[generation.number], hash.as_slice()].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn asker<'a>(nonce: &'a [u8], address: &str) -> Asker<'a> {
        let address = address.parse().unwrap();
        Asker {
            nonce,
            address,
            spi: &[1; 8],
        }
    }

    fn at(seconds: u64) -> Time {
        Time::START + Duration::from_secs(seconds)
    }

    #[test]
    fn a_cookie_is_good_from_where_it_was_sent_to_and_for_a_while() {
        let mut jar = CookieJar::default();
        let honest = asker(&[7; 16], "192.0.2.1");
        let cookie = jar
            .bake(at(0), honest, |len| Secret::new(vec![1; len]))
            .unwrap();
        assert!(cookie.len() <= 64, "RFC 7296 §2.6 allows 64 octets");
        assert!(jar.accepts(at(1), honest, &cookie));
        assert!(!jar.accepts(at(1), asker(&[7; 16], "192.0.2.2"), &cookie));
        assert!(!jar.accepts(at(1), asker(&[8; 16], "192.0.2.1"), &cookie));
        jar.bake(at(61), honest, |len| Secret::new(vec![2; len]));
        assert!(jar.accepts(at(61), honest, &cookie), "the previous secret");
        jar.bake(at(122), honest, |len| Secret::new(vec![3; len]));
        assert!(
            !jar.accepts(at(122), honest, &cookie),
            "two rotations later"
        );
    }
}
