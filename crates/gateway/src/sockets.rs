//! The sockets of one local address: UDP 500 and 4500, and IP protocol 50.
//!
//! Each is bound to the address, so that what is sent has the right source and two gateways on one
//! machine don't take each other's packets.

use crate::failclosed::OWN_PACKETS_MARK;
use crate::failure::{self, Failure};
use crate::lanes::{self, Lanes};
use crate::path_mtu;
use crate::plane::PlaneKind;
use crate::raw;
use crate::steer;
use crate::sys::udp::leave_esp_to_the_kernel;
use crate::trains::{self, Train};
use nix::errno::Errno;
use nix::sys::socket::{setsockopt, sockopt};
use rustix::net::{RecvFlags, recvfrom};
use socket2::{Domain, Protocol, Socket, Type};
use std::cell::Cell;
use std::io::{self, IoSlice};
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;

pub const IKE_PORT: u16 = 500;
pub const NAT_PORT: u16 = 4500;
const ESP: i32 = 50;
/// The kernel halves it for its own account; enough for some thousand packets.
const RECEIVE_BUFFER: usize = 4 << 20;

/// Enough for some trains to be on their way at once.
const SEND_BUFFER: usize = 4 << 20;

/// Which of an endpoint's sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port {
    Ike,
    Nat,
    /// Raw ESP.
    Esp,
}

impl Port {
    pub const ALL: [Port; 3] = [Port::Ike, Port::Nat, Port::Esp];
}

/// All sockets that one thread has on one local address.
pub struct Endpoint {
    pub address: IpAddr,
    /// Absent where only ESP is moved.
    ike: Option<Socket>,
    nat: Socket,
    /// Absent where the kernel takes ESP, or others do.
    esp: Option<Socket>,
    /// Which ESP leaves by, in UDP and by itself; absent where it doesn't leave here.
    lanes: Option<[Lanes; 2]>,
    /// What each has said last of datagrams that found its queue full.
    overflowed: [Cell<u32>; 3],
}

impl Endpoint {
    /// For a thread that does everything, or all but what the kernel does.
    pub fn open(address: IpAddr, plane: PlaneKind) -> Result<Self, Failure> {
        let ike = udp(address, IKE_PORT, Sharing::Alone)?;
        match plane {
            PlaneKind::User => {
                let nat = udp(address, NAT_PORT, Sharing::Shared)?;
                let steered = steer::all_to_first(&nat);
                steered.map_err(failure::of("have one socket receive ESP in UDP"))?;
                trains::ask_for_trains(&nat);
                let esp = raw_esp(address)?;
                at(&esp, address)?;
                let esp = discovering(esp, address)?;
                Self::new(address, Some(ike), nat, Some(esp))
            }
            // Which takes no trains.
            PlaneKind::Kernel => {
                let nat = udp(address, NAT_PORT, Sharing::Alone)?;
                let left = leave_esp_to_the_kernel(&nat);
                left.map_err(failure::of("have the kernel take ESP out of UDP"))?;
                Self::new(address, Some(ike), nat, None)
            }
        }
    }

    /// For a thread that speaks IKE, and for so many workers, each of which gets the ESP packets
    /// whose SPIs say so.
    pub fn open_shared(address: IpAddr, workers: u8) -> Result<(Self, Vec<Self>), Failure> {
        // Nobody shares this one, so that no two daemons have one address.
        let ike = udp(address, IKE_PORT, Sharing::Alone)?;
        let nat = udp(address, NAT_PORT, Sharing::Shared)?;
        let what = || format!("have workers share UDP port {NAT_PORT} of {address}");
        let steered = steer::datagrams(&nat, workers);
        steered.map_err(|error| Failure::machine(what(), error))?;
        trains::ask_for_trains(&nat);
        // In the order of their numbers: the kernel counts the sockets as they are bound.
        let shares = (1..=workers).map(|worker| Self::open_share(address, worker, workers));
        let shares = shares.collect::<Result<_, _>>()?;
        Ok((Self::new(address, Some(ike), nat, None)?, shares))
    }

    fn open_share(address: IpAddr, worker: u8, workers: u8) -> Result<Self, Failure> {
        let nat = udp(address, NAT_PORT, Sharing::Shared)?;
        trains::ask_for_trains(&nat);
        keep_apart(&nat, address, worker).map_err(failure::of("set the hops of ESP in UDP"))?;
        let esp = raw_esp(address)?;
        let what = || format!("have workers share ESP on {address}");
        let steered = steer::esp(&esp, address, worker, workers);
        steered.map_err(|error| Failure::machine(what(), error))?;
        at(&esp, address)?;
        let esp = discovering(esp, address)?;
        Self::new(address, None, nat, Some(esp))
    }

    fn new(
        address: IpAddr,
        ike: Option<Socket>,
        nat: Socket,
        esp: Option<Socket>,
    ) -> Result<Self, Failure> {
        Ok(Self {
            address,
            ike,
            nat: discovering(nat, address)?,
            lanes: esp.is_some().then(Default::default),
            esp,
            overflowed: Default::default(),
        })
    }

    pub fn socket(&self, port: Port) -> Option<&Socket> {
        match port {
            Port::Ike => self.ike.as_ref(),
            Port::Nat => Some(&self.nat),
            Port::Esp => self.esp.as_ref(),
        }
    }

    /// The next datagram, or train of them; `None` when there is none.
    pub fn receive(
        &self,
        port: Port,
        buffer: &mut [u8],
        control: &mut [u8],
    ) -> io::Result<Option<Train>> {
        let Some(socket) = self.socket(port) else {
            return Ok(None);
        };
        match trains::receive(socket, buffer, control) {
            // An ICMP error about something sent earlier is told here: not about a datagram.
            Err(error) if is_passing(&error) => Ok(None),
            other => other.map(Some),
        }
    }

    /// What has come as ESP itself: with IP's header where that is IPv4.
    pub fn receive_raw(
        &self,
        room: &mut raw::Room,
        arrived: &mut Vec<(Range<usize>, Train)>,
    ) -> io::Result<()> {
        let Some(socket) = &self.esp else {
            return Ok(());
        };
        match room.receive(socket, arrived).map_err(io::Error::from) {
            Err(error) if is_passing(&error) => Ok(()),
            other => other,
        }
    }

    /// How many datagrams found the queue full since this was asked last, by what came with one.
    pub fn overflowed(&self, port: Port, train: &Train) -> usize {
        // Nothing is said as long as there were none.
        let Some(known) = self
            .overflowed
            .get(port as usize)
            .filter(|_| train.overflowed > 0)
        else {
            return 0;
        };
        let before = known.replace(train.overflowed);
        train.overflowed.wrapping_sub(before) as usize
    }

    pub fn send(&self, port: Port, to: SocketAddr, payload: &[u8]) -> io::Result<()> {
        let socket = self.socket(port).ok_or(io::ErrorKind::Unsupported)?;
        let parts = [IoSlice::new(payload)];
        self.send_by(socket, port, to, &parts, None, Marks::default())
    }

    /// ESP: datagrams of `segment` octets, the last of which may be shorter, one behind the other.
    pub fn send_parts(
        &self,
        port: Port,
        to: SocketAddr,
        parts: &[IoSlice<'_>],
        segment: Option<u16>,
        marks: Marks,
    ) -> io::Result<()> {
        if let (Port::Nat, Some([lanes, _])) = (port, &self.lanes) {
            let send = |socket: &Socket| self.send_by(socket, port, to, parts, segment, marks);
            if let Some(sent) = lanes.with(to, || self.open_udp_lane(), send) {
                return sent;
            }
        }
        let socket = self.socket(port).ok_or(io::ErrorKind::Unsupported)?;
        self.send_by(socket, port, to, parts, segment, marks)
    }

    fn open_udp_lane(&self) -> io::Result<Socket> {
        let lane = udp(self.address, NAT_PORT, Sharing::Shared).map_err(refused)?;
        lanes::only_sends(&lane, self.address)?;
        lanes::same_hops(&lane, &self.nat, self.address)?;
        discovering(lane, self.address).map_err(refused)
    }

    fn open_raw_lane(&self) -> io::Result<Socket> {
        let lane = raw_esp(self.address).map_err(refused)?;
        at(&lane, self.address).map_err(refused)?;
        lanes::only_sends(&lane, self.address)?;
        discovering(lane, self.address).map_err(refused)
    }

    fn send_by(
        &self,
        socket: &Socket,
        port: Port,
        to: SocketAddr,
        parts: &[IoSlice<'_>],
        segment: Option<u16>,
        marks: Marks,
    ) -> io::Result<()> {
        // The IKE socket sends everything without DF.
        self.with_df(socket, marks.df || port == Port::Ike, || {
            tried_again(|| trains::send(socket, to, parts, segment, marks.tos))
        })?
    }

    /// Sends packets as ESP itself, all to one peer, and all with DF or all without; gives how many
    /// could not be sent.
    pub fn send_raw(&self, packets: &[raw::Packet<'_>], df: bool) -> usize {
        let send = |socket: &Socket| self.send_raw_by(socket, packets, df);
        if let (Some([_, lanes]), Some(first)) = (&self.lanes, packets.first())
            && let Some(failed) = lanes.with(first.to, || self.open_raw_lane(), send)
        {
            return failed;
        }
        self.esp.as_ref().map_or(packets.len(), send)
    }

    fn send_raw_by(&self, socket: &Socket, packets: &[raw::Packet<'_>], df: bool) -> usize {
        let send = || {
            let (mut rest, mut failed) = (packets, 0);
            while !rest.is_empty() {
                let sent = tried_again(|| raw::send(socket, rest));
                failed += usize::from(sent.is_err());
                // The first one failed, and the next may not.
                let done = sent.unwrap_or_default().max(1);
                rest = rest.get(done..).unwrap_or_default();
            }
            failed
        };
        self.with_df(socket, df, send).unwrap_or(packets.len())
    }

    /// Does something with a socket while it gives packets DF, or doesn't.
    fn with_df<T>(&self, socket: &Socket, df: bool, act: impl FnOnce() -> T) -> io::Result<T> {
        if df {
            return Ok(act());
        }
        path_mtu::allow_fragments(socket, self.address)?;
        let done = act();
        path_mtu::forbid_fragments(socket, self.address)?;
        Ok(done)
    }
}

/// Of outer headers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// Type of service, or traffic class.
    pub tos: u8,
    pub df: bool,
}

/// One datagram of any socket of the Internet's families.
pub fn receive(socket: &Socket, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
    let (_, length, from) = recvfrom(socket, buffer, RecvFlags::empty())?;
    let from = from.and_then(|from| SocketAddr::try_from(from).ok());
    let from = from.ok_or_else(|| io::Error::other("a datagram without a sender"))?;
    Ok((length, from))
}

/// Sends once more where an error belongs to an earlier datagram, and this one has not been tried.
fn tried_again<T>(send: impl Fn() -> Result<T, Errno>) -> io::Result<T> {
    match send().map_err(io::Error::from) {
        Err(error) if is_old_news(&error) => Ok(send()?),
        other => other,
    }
}

fn is_passing(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock || is_old_news(error)
}

/// What an ICMP error about an earlier datagram is turned into.
fn is_old_news(error: &io::Error) -> bool {
    use Errno::{
        ECONNREFUSED, EHOSTDOWN, EHOSTUNREACH, EMSGSIZE, ENETUNREACH, ENONET, ENOPROTOOPT,
        EOPNOTSUPP, EPROTO,
    };
    let number = error.raw_os_error().map(Errno::from_raw);
    matches!(
        number,
        Some(
            ECONNREFUSED
                | EHOSTDOWN
                | EHOSTUNREACH
                | EMSGSIZE
                | ENETUNREACH
                | ENONET
                | ENOPROTOOPT
                | EOPNOTSUPP
                | EPROTO
        )
    )
}

/// Whether other sockets of ours may have the same port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sharing {
    Alone,
    Shared,
}

fn udp(address: IpAddr, port: u16, sharing: Sharing) -> Result<Socket, Failure> {
    let what = || format!("open UDP port {port} of {address}");
    let socket = Socket::new(domain(address), Type::DGRAM, Some(Protocol::UDP))
        .map_err(|error| Failure::machine(what(), error))?;
    prepare(&socket, address)
        .and_then(|()| socket.set_reuse_port(sharing == Sharing::Shared))
        .map_err(|error| Failure::machine(what(), error))?;
    let at = SocketAddr::new(address, port);
    match socket.bind(&at.into()) {
        Ok(()) => Ok(socket),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            Err(Failure::PortInUse { address, port })
        }
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            Err(Failure::NotPermitted {
                what: "open UDP port 500",
                needs: "CAP_NET_BIND_SERVICE",
            })
        }
        Err(error) => Err(Failure::machine(what(), error)),
    }
}

fn raw_esp(address: IpAddr) -> Result<Socket, Failure> {
    let what = || format!("open a socket for ESP on {address}");
    let socket = Socket::new(domain(address), Type::RAW, Some(Protocol::from(ESP)));
    let socket = socket.map_err(|error| match error.kind() {
        io::ErrorKind::PermissionDenied => Failure::NotPermitted {
            what: "open a socket for ESP",
            needs: "CAP_NET_RAW",
        },
        _ => Failure::machine(what(), error),
    })?;
    prepare(&socket, address).map_err(|error| Failure::machine(what(), error))?;
    Ok(socket)
}

fn refused(failure: Failure) -> io::Error {
    io::Error::other(failure.to_string())
}

/// From now on it gets only what is for that address.
fn at(esp: &Socket, address: IpAddr) -> Result<(), Failure> {
    let bound = esp.bind(&SocketAddr::new(address, 0).into());
    bound.map_err(|error| Failure::machine(format!("have ESP on {address}"), error))
}

/// One that carries ESP: with DF, unless a packet is not to have it.
fn discovering(socket: Socket, address: IpAddr) -> Result<Socket, Failure> {
    let asked = path_mtu::ask_for_errors(&socket, address)
        .and_then(|()| path_mtu::forbid_fragments(&socket, address));
    let what = || format!("learn the MTU of paths from {address}");
    asked.map_err(|error| Failure::machine(what(), error))?;
    Ok(socket)
}

/// Datagrams of different workers live for different numbers of hops: the peer's kernel, which makes
/// one train of datagrams that look alike, leaves those apart whose SAs its own workers may have.
fn keep_apart(nat: &Socket, address: IpAddr, worker: u8) -> io::Result<()> {
    let fewer = u32::from(worker.saturating_sub(1));
    match address {
        IpAddr::V4(_) => nat.set_ttl_v4(nat.ttl_v4()?.saturating_sub(fewer).max(1)),
        IpAddr::V6(_) => {
            let hops = nat.unicast_hops_v6()?;
            nat.set_unicast_hops_v6(hops.saturating_sub(fewer).max(1))
        }
    }
}

fn domain(address: IpAddr) -> Domain {
    match address {
        IpAddr::V4(_) => Domain::IPV4,
        IpAddr::V6(_) => Domain::IPV6,
    }
}

fn prepare(socket: &Socket, address: IpAddr) -> io::Result<()> {
    socket.set_nonblocking(true)?;
    // Bounded by the system's own limit; less is slower, not wrong.
    // More than the machine's bound for everybody, where we may.
    if setsockopt(socket, sockopt::RcvBufForce, &RECEIVE_BUFFER).is_err() {
        let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER);
    }
    if setsockopt(socket, sockopt::SndBufForce, &SEND_BUFFER).is_err() {
        let _ = socket.set_send_buffer_size(SEND_BUFFER);
    }
    trains::ask_for_overflows(socket);
    trains::ask_for_tos(socket, address);
    // Without the privilege there are no policy rules either, which the mark is for.
    let _ = socket.set_mark(OWN_PACKETS_MARK);
    // A path that is too narrow for an IKE message gets fragments, not a black hole.
    path_mtu::allow_fragments(socket, address)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, Ipv6Addr, UdpSocket};

    /// With a datagram socket in place of the raw one: the same happens to what goes by it, and it asks
    /// for no privilege.
    fn endpoint() -> Endpoint {
        let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let socket = || Socket::new(Domain::IPV4, Type::DGRAM, None).expect("a socket");
        let esp = discovering(socket(), address).expect("errors are told");
        let mut endpoint = Endpoint::new(address, None, socket(), Some(esp)).expect("made");
        endpoint.lanes = None;
        endpoint
    }

    fn packet(to: SocketAddr, octets: &[u8]) -> raw::Packet<'_> {
        raw::Packet { to, tos: 0, octets }
    }

    /// First octets of what has come.
    fn arrived(socket: &UdpSocket) -> Vec<u8> {
        socket.set_nonblocking(true).expect("set");
        let mut packet = [0; 2000];
        let received = || socket.recv(&mut packet).is_ok().then(|| packet[0]);
        std::iter::from_fn(received).collect()
    }

    #[test]
    fn packets_that_cannot_be_sent_are_counted_and_hold_up_no_other() {
        let receiver = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        let to = receiver.local_addr().expect("its address");
        let long = vec![9; 70_000];
        let all: Vec<Vec<u8>> = (0..100).map(|number| vec![number; 100]).collect();
        for df in [false, true] {
            let mut packets: Vec<_> = all.iter().map(|octets| packet(to, octets)).collect();
            for place in [0, 7, 8, 64, 103] {
                packets.insert(place, packet(to, &long));
            }
            assert_eq!(endpoint().send_raw(&packets, df), 5);
            assert_eq!(arrived(&receiver), (0..100).collect::<Vec<u8>>());
        }
    }

    #[test]
    fn errors_about_earlier_packets_lose_none() {
        let receiver = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        let to = receiver.local_addr().expect("its address");
        // A port that is given to nobody who asks for any.
        let nobody = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 1);
        let endpoint = endpoint();
        // The last one's error comes before the first of the next time.
        let packets = [(to, 1), (nobody, 2), (to, 3), (to, 4), (nobody, 5)];
        let octets = packets.map(|(_, octet)| [octet]);
        let packets = packets.iter().zip(&octets);
        let packets: Vec<_> = packets
            .map(|((to, _), octets)| packet(*to, octets))
            .collect();
        for _ in 0..3 {
            assert_eq!(endpoint.send_raw(&packets, true), 0);
            assert_eq!(arrived(&receiver), [1, 3, 4]);
        }
    }

    #[test]
    fn datagrams_of_each_worker_live_for_another_number_of_hops() {
        let socket = |domain| Socket::new(domain, Type::DGRAM, None).expect("a socket");
        let v4 = |worker| {
            let socket = socket(Domain::IPV4);
            keep_apart(&socket, Ipv4Addr::LOCALHOST.into(), worker).expect("set");
            socket.ttl_v4().expect("its hops")
        };
        let v6 = |worker| {
            let socket = socket(Domain::IPV6);
            keep_apart(&socket, Ipv6Addr::LOCALHOST.into(), worker).expect("set");
            socket.unicast_hops_v6().expect("its hops")
        };
        for worker in 1..15 {
            assert_eq!(v4(worker) - v4(worker + 1), 1);
            assert_eq!(v6(worker) - v6(worker + 1), 1);
        }
    }
}
