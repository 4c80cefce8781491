//! The control socket: where it is, what is said on it, and how to ask.
//!
//! A request is one JSON object a line: `{"command": "show crypto ikev2 sa"}`, or
//! `{"follow": true}` to get the log's lines as they come. An answer is
//! `{"text": "…", "ok": true}`.

use serde_json::{Value, json};
use std::fmt;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

/// Octets of one request.
pub const REQUEST_MAX: usize = 64 * 1024;

/// What a client wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    Command(String),
    Follow,
}

impl Request {
    pub fn parse(line: &[u8]) -> Result<Self, String> {
        let value: Value =
            serde_json::from_slice(line).map_err(|error| format!("no JSON: {error}"))?;
        match (value["command"].as_str(), value["follow"].as_bool()) {
            (Some(command), _) => Ok(Self::Command(command.to_owned())),
            (None, Some(true)) => Ok(Self::Follow),
            _ => Err(r#"expected {"command": "…"} or {"follow": true}"#.into()),
        }
    }

    fn to_line(&self) -> String {
        match self {
            Self::Command(command) => json!({ "command": command }),
            Self::Follow => json!({ "follow": true }),
        }
        .to_string()
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub text: String,
    /// False where the command was refused.
    pub ok: bool,
}

impl Answer {
    pub fn ok(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            ok: true,
        }
    }

    pub fn refused(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            ok: false,
        }
    }

    pub fn to_line(&self) -> String {
        json!({ "text": self.text, "ok": self.ok }).to_string() + "\n"
    }

    fn parse(line: &str) -> io::Result<Self> {
        let value: Value = serde_json::from_str(line)?;
        match (value["text"].as_str(), value["ok"].as_bool()) {
            (Some(text), Some(ok)) => Ok(Self {
                text: text.to_owned(),
                ok,
            }),
            _ => Err(io::Error::other("an answer without text")),
        }
    }
}

/// Asks a daemon to run one command, and waits for the answer.
pub fn request(socket: &Path, command: &str) -> io::Result<Answer> {
    let mut answers = ask(socket, &Request::Command(command.to_owned()))?;
    answers
        .next()
        .unwrap_or_else(|| Err(io::ErrorKind::UnexpectedEof.into()))
}

/// The log's lines as they come, until the daemon ends.
pub fn follow(socket: &Path) -> io::Result<impl Iterator<Item = io::Result<Answer>>> {
    ask(socket, &Request::Follow)
}

fn ask(
    socket: &Path,
    request: &Request,
) -> io::Result<impl Iterator<Item = io::Result<Answer>> + use<>> {
    let mut stream = UnixStream::connect(socket)?;
    writeln!(stream, "{}", request.to_line())?;
    let lines = BufReader::new(stream).lines();
    Ok(lines.map(|line| line.and_then(|line| Answer::parse(&line))))
}

/// Where the sockets of this user's daemons are: /run/crossgate for root, else under
/// `$XDG_RUNTIME_DIR`, else in /tmp. The folder is made if it is not there.
pub fn runtime_folder() -> io::Result<PathBuf> {
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for folder in candidates() {
        match make_private(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Removes the folder if it is one that [`runtime_folder`] made and nothing is in it any more.
pub fn leave(folder: &Path) {
    if candidates().iter().any(|made| made == folder) {
        // One that isn't empty stays.
        let _ = std::fs::remove_dir(folder);
    }
}

fn candidates() -> Vec<PathBuf> {
    let user = rustix::process::getuid();
    let mut folders = Vec::new();
    if user.is_root() {
        folders.push(PathBuf::from("/run/crossgate"));
    }
    if let Some(folder) = std::env::var_os("XDG_RUNTIME_DIR").filter(|f| !f.is_empty()) {
        folders.push(PathBuf::from(folder).join("crossgate"));
    }
    folders.push(PathBuf::from(format!("/tmp/crossgate-{}", user.as_raw())));
    folders
}

/// In /tmp anybody can have made it before: it must be ours alone.
fn make_private(folder: &Path) -> io::Result<()> {
    match std::fs::DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let found = std::fs::symlink_metadata(folder)?;
    let ours = found.uid() == rustix::process::getuid().as_raw();
    if found.is_dir() && ours && found.mode() & 0o022 == 0 {
        return writable(folder);
    }
    let text = format!("{} is not this user's own folder", folder.display());
    Err(io::Error::other(text))
}

fn writable(folder: &Path) -> io::Result<()> {
    rustix::fs::access(folder, rustix::fs::Access::WRITE_OK).map_err(Into::into)
}

/// Whether a daemon's socket of that name is in the runtime folder itself, under a visible name.
pub fn is_name(name: &str) -> bool {
    let unfit = |c: char| c == '/' || c.is_control();
    !name.is_empty() && !name.starts_with('.') && !name.contains(unfit)
}

/// The socket of a daemon of that name, which [`is_name`].
pub fn socket_path(name: &str) -> io::Result<PathBuf> {
    Ok(runtime_folder()?.join(format!("{name}.sock")))
}

/// Why no daemon could be asked.
#[derive(Debug)]
pub struct NoDaemon {
    name: String,
    looked_at: Vec<PathBuf>,
}

impl fmt::Display for NoDaemon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places: Vec<_> = self
            .looked_at
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        write!(
            f,
            "no daemon answers as {}: looked at {}",
            self.name,
            places.join(", ")
        )
    }
}

impl std::error::Error for NoDaemon {}

/// Finds the socket that somebody answers on: a path, a daemon's name, or `LAB/END`.
pub fn find(name: &str) -> Result<PathBuf, NoDaemon> {
    let mut looked_at = vec![];
    if name.contains('/') || name.ends_with(".sock") {
        looked_at.push(PathBuf::from(name));
    }
    if !name.starts_with('/') && !name.split('/').any(|part| part == "..") {
        let named = candidates().into_iter();
        looked_at.extend(named.map(|folder| folder.join(format!("{name}.sock"))));
    }
    let answers = |path: &&PathBuf| UnixStream::connect(path).is_ok();
    match looked_at.iter().find(answers) {
        Some(path) => Ok(path.clone()),
        None => Err(NoDaemon {
            name: name.to_owned(),
            looked_at,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_survive_the_line_and_anything_else_is_refused() {
        for request in [Request::Command("show \"x\"\n".into()), Request::Follow] {
            assert_eq!(Request::parse(request.to_line().as_bytes()), Ok(request));
        }
        for line in [
            "",
            "show",
            "{}",
            r#"{"follow": false}"#,
            r#"{"command": 1}"#,
        ] {
            assert!(Request::parse(line.as_bytes()).is_err(), "{line}");
        }
    }

    #[test]
    fn an_answer_is_one_line_whatever_is_in_it() {
        let answer = Answer::refused("two\nlines");
        let line = answer.to_line();
        assert_eq!(line.matches('\n').count(), 1);
        assert_eq!(Answer::parse(&line).expect("an answer"), answer);
    }

    #[test]
    fn a_name_does_not_climb_out_of_the_runtime_folder() {
        let missing = find("../../etc/x").expect_err("no daemon");
        assert_eq!(missing.looked_at, [PathBuf::from("../../etc/x")]);
    }
}
