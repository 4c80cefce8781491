//! The protected channel of an IKE SA: sealing and opening messages, their IDs, fragmentation.

use crate::context::Ends;
use crate::error::Failure;
use crate::fragment::{Part, Reassembly};
use crate::limits::{MAX_FRAGMENTS, MIN_FRAGMENT_CONTENT};
use crate::window::{AnswerWindow, Outstanding, Place, RequestWindow};
use crossgate_crypto::{CryptoError, CryptoRng, IkeSuite, SkKeys, SkSet};
use crossgate_model::Time;
use crossgate_model::behaviour::Retransmission;
use crossgate_model::event::Exchange;
use crossgate_model::view::Role;
use crossgate_wire::ike::{
    Datagram, ExchangeType, Flags, HEADER_LEN, Header, IkeSpi, Payload, PayloadType, Protection,
    build_plain_chain, parse_payloads, sk_prefix, skf_prefix,
};

#[derive(Debug)]
pub(crate) struct Channel {
    /// Ours, when this IKE SA was made.
    pub role: Role,
    pub spi_i: IkeSpi,
    pub spi_r: IkeSpi,
    pub suite: IkeSuite,
    pub keys: SkSet,
    sealing: SkKeys,
    opening: SkKeys,
    pub requests: RequestWindow,
    pub answers: AnswerWindow,
    /// Octets of the largest IP packet, where both ends can do fragments (RFC 7383 §2.3).
    pub fragment_to: Option<u16>,
    incoming_request: Reassembly,
    incoming_answer: Reassembly,
}

/// What an authentic datagram turned out to be.
#[derive(Debug)]
pub(crate) enum Received {
    /// The next request, whole.
    Request(Inbound),
    /// The answer to the outstanding request, whole.
    Answer(Inbound),
    /// The last request once more: it gets the last answer once more.
    Repeated,
    /// One fragment of a message.
    Incomplete,
}

/// A message whose integrity was verified. Its payloads may still make no sense.
#[derive(Debug)]
pub(crate) struct Inbound {
    pub exchange: ExchangeType,
    pub id: u32,
    pub payloads: Result<Vec<Payload>, crossgate_wire::Error>,
}

impl Channel {
    pub fn new(
        role: Role,
        spis: (IkeSpi, IkeSpi),
        suite: IkeSuite,
        keys: SkSet,
    ) -> Result<Self, CryptoError> {
        let (of_initiator, of_responder) =
            (keys.initiator_keys(&suite)?, keys.responder_keys(&suite)?);
        let (sealing, opening) = match role {
            Role::Initiator => (of_initiator, of_responder),
            Role::Responder => (of_responder, of_initiator),
        };
        Ok(Self {
            role,
            spi_i: spis.0,
            spi_r: spis.1,
            suite,
            keys,
            sealing,
            opening,
            requests: RequestWindow::default(),
            answers: AnswerWindow::default(),
            fragment_to: None,
            incoming_request: Reassembly::default(),
            incoming_answer: Reassembly::default(),
        })
    }

    /// Checks, opens and reassembles; an error names the counter. Nothing here changes the windows.
    pub fn receive(&mut self, datagram: &Datagram<'_>) -> Result<Received, &'static str> {
        // 1. It is of this SA, and from the other end of it.
        let header = datagram.header;
        if (header.initiator_spi, header.responder_spi) != (self.spi_i, self.spi_r) {
            return Err("wrong-spi");
        }
        if header.flags.initiator() == (self.role == Role::Initiator) {
            return Err("reflected");
        }
        // 2. Its message ID is inside the window, before any cryptography.
        let place = self.place(&header)?;
        // 3. It is authentic.
        let protected = datagram.protected.ok_or("unprotected")?;
        let content = self
            .opening
            .open(protected.aad, protected.body)
            .map_err(|_| "integrity-failed")?;
        // 4. It is whole.
        let (first, content) = match protected.protection {
            Protection::Whole if place == Place::Repeated => return Ok(Received::Repeated),
            Protection::Whole => (protected.first, content),
            // The first fragment stands for all (RFC 7383 §2.6.1).
            Protection::Fragment { number, .. } if place == Place::Repeated => {
                return if number == 1 {
                    Ok(Received::Repeated)
                } else {
                    Ok(Received::Incomplete)
                };
            }
            Protection::Fragment { number, total } => {
                let part = Part {
                    id: header.message_id,
                    number,
                    total,
                    first: protected.first,
                    content,
                };
                match self.reassembly(&header).add(part)? {
                    Some(whole) => whole,
                    None => return Ok(Received::Incomplete),
                }
            }
        };
        let inbound = Inbound {
            exchange: header.exchange,
            id: header.message_id,
            payloads: parse_payloads(first, &content),
        };
        Ok(if header.flags.response() {
            Received::Answer(inbound)
        } else {
            Received::Request(inbound)
        })
    }

    fn place(&self, header: &Header) -> Result<Place, &'static str> {
        if header.flags.response() {
            let exchange = exchange_of(header.exchange).ok_or("unexpected-answer")?;
            let awaited = self.requests.awaits(header.message_id, exchange);
            return if awaited {
                Ok(Place::Next)
            } else {
                Err("unexpected-answer")
            };
        }
        match self.answers.place(header.message_id) {
            Place::Old => Err("old-message-id"),
            Place::Future => Err("message-id-beyond-window"),
            place => Ok(place),
        }
    }

    fn reassembly(&mut self, header: &Header) -> &mut Reassembly {
        if header.flags.response() {
            &mut self.incoming_answer
        } else {
            &mut self.incoming_request
        }
    }

    /// Seals the next request and remembers it until it is answered.
    pub fn request(
        &mut self,
        rng: &mut dyn CryptoRng,
        exchange: Exchange,
        payloads: &[Payload],
        ends: Ends,
        policy: &Retransmission,
        now: Time,
    ) -> Result<Vec<Vec<u8>>, Failure> {
        let id = self.requests.next;
        let datagrams = self.seal(rng, wire_exchange(exchange), id, false, payloads, ends)?;
        let id = self.requests.take_id();
        let outstanding = Outstanding::new(id, exchange, datagrams.clone(), policy, now);
        self.requests.outstanding = Some(outstanding);
        Ok(datagrams)
    }

    /// Seals the answer to the request `id` and remembers it for its repetition.
    pub fn answer(
        &mut self,
        rng: &mut dyn CryptoRng,
        exchange: ExchangeType,
        id: u32,
        payloads: &[Payload],
        ends: Ends,
    ) -> Result<Vec<Vec<u8>>, Failure> {
        let datagrams = self.seal(rng, exchange, id, true, payloads, ends)?;
        self.answers.answer(id, datagrams.clone());
        Ok(datagrams)
    }

    fn seal(
        &mut self,
        rng: &mut dyn CryptoRng,
        exchange: ExchangeType,
        id: u32,
        response: bool,
        payloads: &[Payload],
        ends: Ends,
    ) -> Result<Vec<Vec<u8>>, Failure> {
        let flags = Flags::new(self.role == Role::Initiator, response);
        let header = Header::new(self.spi_i, self.spi_r, exchange, flags, id);
        let (first, content) = build_plain_chain(payloads)?;
        let body_len = self.sealing.sealed_len(content.len());
        let whole_len = HEADER_LEN + SK_HEADER_LEN + body_len;
        if let Some(packet) = self.fragment_to {
            let room = message_room(packet, ends);
            let piece = self.fragment_content(room);
            // One fragment alone would be a whole message with more overhead: never sent.
            if whole_len > room && content.len() > piece {
                return self.seal_fragments(rng, &header, first, &content, piece);
            }
        }
        let prefix = sk_prefix(&header, first, body_len)?;
        let body = self.sealing.seal(rng, &prefix, &content)?;
        Ok(vec![[prefix, body].concat()])
    }

    /// Octets of content in each fragment of at most `room` octets.
    fn fragment_content(&self, room: usize) -> usize {
        let body_room = room.saturating_sub(HEADER_LEN + SKF_HEADER_LEN);
        let content = self.sealing.plaintext_room(body_room).unwrap_or(0);
        content.max(MIN_FRAGMENT_CONTENT)
    }

    fn seal_fragments(
        &mut self,
        rng: &mut dyn CryptoRng,
        header: &Header,
        first: PayloadType,
        content: &[u8],
        piece: usize,
    ) -> Result<Vec<Vec<u8>>, Failure> {
        let pieces: Vec<&[u8]> = content.chunks(piece).collect();
        let total = u16::try_from(pieces.len()).unwrap_or(u16::MAX);
        if total > MAX_FRAGMENTS {
            return Err(Failure::Wire(crossgate_wire::Error::TooLong {
                part: crossgate_wire::Part::Payload(PayloadType::SKF),
                field: "fragments",
                limit: MAX_FRAGMENTS.into(),
                found: pieces.len(),
            }));
        }
        let numbered = (1..=total).zip(pieces);
        numbered
            .map(|(number, piece)| {
                let body_len = self.sealing.sealed_len(piece.len());
                let prefix = skf_prefix(header, first, number, total, body_len)?;
                let body = self.sealing.seal(rng, &prefix, piece)?;
                Ok([prefix, body].concat())
            })
            .collect()
    }
}

const SK_HEADER_LEN: usize = 4;
const SKF_HEADER_LEN: usize = 8;
const UDP_AND_MARKER: usize = 8 + 4;

/// Octets of an IKE message in an IP packet of this size.
fn message_room(packet: u16, ends: Ends) -> usize {
    let ip = if ends.local.is_ipv4() { 20 } else { 40 };
    usize::from(packet).saturating_sub(ip + UDP_AND_MARKER)
}

pub(crate) fn wire_exchange(exchange: Exchange) -> ExchangeType {
    match exchange {
        Exchange::IkeSaInit => ExchangeType::IKE_SA_INIT,
        Exchange::IkeAuth => ExchangeType::IKE_AUTH,
        Exchange::CreateChildSa => ExchangeType::CREATE_CHILD_SA,
        Exchange::Informational => ExchangeType::INFORMATIONAL,
    }
}

/// `None` for exchanges that we don't speak.
pub(crate) fn exchange_of(exchange: ExchangeType) -> Option<Exchange> {
    match exchange {
        ExchangeType::IKE_SA_INIT => Some(Exchange::IkeSaInit),
        ExchangeType::IKE_AUTH => Some(Exchange::IkeAuth),
        ExchangeType::CREATE_CHILD_SA => Some(Exchange::CreateChildSa),
        ExchangeType::INFORMATIONAL => Some(Exchange::Informational),
        _ => None,
    }
}
