//! The daemon's end of the control socket: a bounded number of clients, none of which can make the
//! loop wait.

use crate::control::{self, Answer, REQUEST_MAX, Request};
use crate::failure::Failure;
use rustix::fs::{FlockOperation, flock};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

const CLIENTS_MAX: usize = 16;
/// Octets that wait for a client who doesn't read.
const OUTPUT_MAX: usize = 4 << 20;

/// Names a client; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClientId(u64);

pub struct Server {
    listener: UnixListener,
    socket: PathBuf,
    /// Goes last.
    _lock: Lock,
    clients: BTreeMap<ClientId, Client>,
    next: u64,
}

struct Client {
    stream: UnixStream,
    input: Vec<u8>,
    output: Vec<u8>,
    follows: bool,
    /// A command of it is being carried out; the next one waits.
    busy: bool,
    /// It will say no more.
    ended: bool,
}

/// A locked file beside the socket: one daemon a name. It goes with the daemon.
struct Lock {
    path: PathBuf,
    _file: File,
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
        self.path.parent().map(control::leave);
    }
}

impl Server {
    /// Opens the socket for this user alone. A socket without a daemon behind it is replaced.
    pub fn open(socket: &Path, name: &str) -> Result<Self, Failure> {
        let lock = lock(socket, name)?;
        let open = || format!("open the control socket {}", socket.display());
        let listener = listen(socket).map_err(|error| Failure::machine(open(), error))?;
        Ok(Self {
            listener,
            socket: socket.to_owned(),
            _lock: lock,
            clients: BTreeMap::new(),
            next: 0,
        })
    }

    pub fn listener(&self) -> BorrowedFd<'_> {
        self.listener.as_fd()
    }

    /// Clients, and whether each has output waiting.
    pub fn clients(&self) -> impl Iterator<Item = (ClientId, BorrowedFd<'_>, bool)> {
        let clients = self.clients.iter();
        clients.map(|(id, c)| (*id, c.stream.as_fd(), !c.output.is_empty()))
    }

    pub fn accept(&mut self) {
        while let Ok((stream, _)) = self.listener.accept() {
            if self.clients.len() >= CLIENTS_MAX || stream.set_nonblocking(true).is_err() {
                // Closing it is the answer.
                continue;
            }
            self.clients
                .insert(ClientId(self.next), Client::new(stream));
            self.next += 1;
        }
    }

    /// Reads what a client has said and writes what waits for it.
    pub fn serve(&mut self, id: ClientId) {
        if let Some(client) = self.clients.get_mut(&id) {
            client.read();
            client.write();
        }
        self.forget_ended();
    }

    /// The next request of any client that isn't waiting for an answer.
    pub fn next_request(&mut self) -> Option<(ClientId, Request)> {
        for (id, client) in &mut self.clients {
            while !client.busy {
                let Some(line) = client.next_line() else {
                    break;
                };
                match Request::parse(&line) {
                    Ok(Request::Follow) => client.follows = true,
                    Ok(request) => {
                        client.busy = true;
                        return Some((*id, request));
                    }
                    Err(reason) => client.say(&Answer::refused(reason)),
                }
            }
        }
        None
    }

    /// Answers a request of [`Self::next_request`]. The client may be gone.
    pub fn answer(&mut self, id: ClientId, answer: &Answer) {
        if let Some(client) = self.clients.get_mut(&id) {
            client.busy = false;
            client.say(answer);
        }
        self.forget_ended();
    }

    /// Gives a line of the log to whoever follows it.
    pub fn tell_followers(&mut self, line: &str) {
        let answer = Answer::ok(line);
        for client in self.clients.values_mut().filter(|client| client.follows) {
            client.say(&answer);
        }
        self.forget_ended();
    }

    fn forget_ended(&mut self) {
        let done = |c: &Client| c.ended && !c.busy && c.output.is_empty();
        let overrun = |c: &Client| c.output.len() > OUTPUT_MAX;
        self.clients.retain(|_, c| !done(c) && !overrun(c));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.socket);
    }
}

impl Client {
    fn new(stream: UnixStream) -> Self {
        Self {
            stream,
            input: Vec::new(),
            output: Vec::new(),
            follows: false,
            busy: false,
            ended: false,
        }
    }

    fn read(&mut self) {
        let mut buffer = [0; 4096];
        while self.input.len() <= REQUEST_MAX {
            match self.stream.read(&mut buffer) {
                Ok(0) => return self.end(),
                Ok(length) => self.input.extend_from_slice(&buffer[..length]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => return self.end(),
            }
        }
        if !self.input.contains(&b'\n') {
            self.end();
        }
    }

    /// It has closed its end: a follower wants no more, others may still want their answer.
    fn end(&mut self) {
        self.ended = true;
        self.follows = false;
    }

    fn next_line(&mut self) -> Option<Vec<u8>> {
        let end = self.input.iter().position(|octet| *octet == b'\n')?;
        let rest = self.input.split_off(end + 1);
        let mut line = std::mem::replace(&mut self.input, rest);
        line.pop();
        Some(line)
    }

    fn say(&mut self, answer: &Answer) {
        self.output.extend_from_slice(answer.to_line().as_bytes());
        self.write();
    }

    fn write(&mut self) {
        while !self.output.is_empty() {
            match self.stream.write(&self.output) {
                Ok(length) => drop(self.output.drain(..length)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => {
                    self.output.clear();
                    return self.end();
                }
            }
        }
    }
}

fn lock(socket: &Path, name: &str) -> Result<Lock, Failure> {
    let path = socket.with_extension("lock");
    let what = || format!("make the lock {}", path.display());
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(&path)
        .map_err(|error| Failure::machine(what(), error))?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Lock { path, _file: file }),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(Failure::NameInUse {
            name: name.to_owned(),
        }),
        Err(error) => Err(Failure::machine(what(), error)),
    }
}

fn listen(socket: &Path) -> io::Result<UnixListener> {
    // We hold the lock: whoever made it is gone.
    match std::fs::remove_file(socket) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(socket)?;
    std::fs::set_permissions(socket, Permissions::from_mode(0o600))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader};

    /// A socket in a folder of its own, which goes with it.
    struct Place(PathBuf);

    impl Place {
        fn new(name: &str) -> Self {
            let folder = format!("crossgate-server-{name}-{}", std::process::id());
            let folder = std::env::temp_dir().join(folder);
            std::fs::create_dir_all(&folder).expect("a folder");
            Self(folder)
        }

        fn socket(&self) -> PathBuf {
            self.0.join("x.sock")
        }

        fn open(&self) -> Server {
            Server::open(&self.socket(), "x").expect("a server")
        }

        fn connect(&self) -> BufReader<UnixStream> {
            BufReader::new(UnixStream::connect(self.socket()).expect("a connection"))
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn serve(server: &mut Server) {
        server.accept();
        let ids: Vec<_> = server.clients().map(|(id, ..)| id).collect();
        ids.into_iter().for_each(|id| server.serve(id));
    }

    fn say(client: &mut BufReader<UnixStream>, text: &str) {
        client.get_mut().write_all(text.as_bytes()).expect("said");
    }

    fn hear(client: &mut BufReader<UnixStream>) -> String {
        let mut line = String::new();
        client.read_line(&mut line).expect("an answer");
        line
    }

    #[test]
    fn requests_of_one_client_are_answered_one_by_one() {
        let place = Place::new("order");
        let mut server = place.open();
        let mut client = place.connect();
        say(
            &mut client,
            "{\"command\":\"a\"}\n{\"command\":\"b\"}\nnonsense\n",
        );
        serve(&mut server);
        let (id, first) = server.next_request().expect("a request");
        assert_eq!(first, Request::Command("a".into()));
        assert_eq!(server.next_request(), None, "the second waits");
        server.answer(id, &Answer::ok("A"));
        let (id, second) = server.next_request().expect("the second");
        assert_eq!(second, Request::Command("b".into()));
        server.answer(id, &Answer::ok("B"));
        assert_eq!(server.next_request(), None);
        assert!(hear(&mut client).contains("\"A\""));
        assert!(hear(&mut client).contains("\"B\""));
        assert!(hear(&mut client).contains("no JSON"));
    }

    #[test]
    fn a_follower_gets_lines_and_others_do_not() {
        let place = Place::new("follow");
        let mut server = place.open();
        let (mut follower, _other) = (place.connect(), place.connect());
        say(&mut follower, "{\"follow\":true}\n");
        serve(&mut server);
        assert_eq!(server.next_request(), None);
        server.tell_followers("something happened");
        assert!(hear(&mut follower).contains("something happened"));
        assert!(server.clients().all(|(.., waits)| !waits));
    }

    #[test]
    fn a_second_daemon_of_the_name_is_refused_and_a_dead_ones_socket_is_replaced() {
        let place = Place::new("lock");
        let first = place.open();
        let second = Server::open(&place.socket(), "x");
        assert!(matches!(second, Err(Failure::NameInUse { .. })));
        assert!(place.socket().exists(), "the first one's socket stays");
        drop(first);
        assert_eq!(std::fs::read_dir(&place.0).expect("a folder").count(), 0);
        drop(UnixListener::bind(place.socket()).expect("a socket left behind"));
        drop(place.open());
        assert!(!place.socket().exists());
    }

    #[test]
    fn clients_are_bounded_and_an_endless_line_ends_its_client() {
        let place = Place::new("bounds");
        let mut server = place.open();
        let mut clients: Vec<_> = (0..CLIENTS_MAX + 3).map(|_| place.connect()).collect();
        serve(&mut server);
        assert_eq!(server.clients().count(), CLIENTS_MAX);
        let client = clients[0].get_mut();
        client.set_nonblocking(true).expect("set");
        for _ in 0..64 {
            let _ = client.write(&[b'x'; 4096]);
            serve(&mut server);
        }
        assert_eq!(server.clients().count(), CLIENTS_MAX - 1);
    }
}
