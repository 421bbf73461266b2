//! Lets Samba's clients speak with Wine's service manager.
//!
//! Samba has no service manager that makes services. It hands each opened pipe over to whoever
//! listens on a socket of that name (`source3/librpc/idl/rpc_host.idl`, `libcli/named_pipe_auth` of
//! Samba): after a greeting, messages go over it, each behind its length. They are handed on, as
//! they are, to the relay that runs in Wine.

use std::{
    fs,
    io::{self, BufRead as _, BufReader, Read, Write},
    net::TcpStream,
    os::unix::{
        fs::PermissionsExt as _,
        net::{UnixListener, UnixStream},
    },
    path::Path,
    process::{Child, Command, Stdio},
    thread,
};

use anyhow::{Context, Result};

use crate::wine_server;

/// The bridge. What runs in Wine ends with this value.
pub struct Bridge {
    relay: Child,
}

impl Bridge {
    /// Listens where this Samba looks for its pipes.
    pub fn start(relay: &Path, sockets: &Path) -> Result<Self> {
        let mut relay = Command::new(wine_server::WINE)
            .arg(relay)
            .arg(r"\\.\pipe\svcctl")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("failed to start the relay")?;
        let said = relay.stdout.take().context("the relay has no output")?;
        let bridge = Self { relay };
        let mut line = String::new();
        BufReader::new(said).read_line(&mut line)?;
        let port: u16 = line.trim().parse().context("the relay did not start")?;
        let folder = sockets.join("np");
        fs::create_dir_all(&folder)?;
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700))?;
        let listener = UnixListener::bind(folder.join("svcctl"))?;
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // Who asks sees that it failed by the end of its connection.
                thread::spawn(move || hand_on(client, port));
            }
        });
        Ok(bridge)
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        let _gone_already = self.relay.kill();
        let _status = self.relay.wait();
    }
}

fn hand_on(mut client: UnixStream, port: u16) -> io::Result<()> {
    greet(&mut client)?;
    let mut relay = TcpStream::connect(("127.0.0.1", port))?;
    let (mut answers, mut asked) = (relay.try_clone()?, client.try_clone()?);
    thread::spawn(move || -> io::Result<()> {
        loop {
            let answer = rpc_message(&mut answers)?;
            let length = u16::try_from(answer.len()).unwrap_or(u16::MAX);
            client.write_all(&[&length.to_le_bytes(), &*answer].concat())?;
        }
    });
    loop {
        let length = u16::from_le_bytes(read(&mut asked)?);
        let mut question = vec![0; usize::from(length)];
        asked.read_exact(&mut question)?;
        relay.write_all(&question)?;
    }
}

/// Says that whoever opens the pipe may, and that it is one of messages.
fn greet(client: &mut UnixStream) -> io::Result<()> {
    let length = u32::from_be_bytes(read(client)?);
    let mut who = Vec::new();
    client.take(u64::from(length)).read_to_end(&mut who)?;
    let level = who.get(4..8).unwrap_or(&[0; 4]).to_vec();
    let mut welcome = b"NPAM".to_vec();
    welcome.extend_from_slice(&level);
    welcome.extend_from_slice(&level);
    welcome.extend_from_slice(&OF_MESSAGES.to_le_bytes());
    welcome.extend_from_slice(&DEVICE_STATE.to_le_bytes());
    welcome.extend_from_slice(&[0; 4]);
    welcome.extend_from_slice(&4_096_u64.to_le_bytes());
    welcome.extend_from_slice(&[0; 4]);
    let length = u32::try_from(welcome.len()).unwrap_or(u32::MAX);
    client.write_all(&[&length.to_be_bytes(), &*welcome].concat())
}

/// One message as it is spoken over connections, which says at its ninth byte how long it is.
fn rpc_message(from: &mut impl Read) -> io::Result<Vec<u8>> {
    let header: [u8; 16] = read(from)?;
    let length = usize::from(u16::from_le_bytes([header[8], header[9]]));
    let mut message = header.to_vec();
    message.resize(length.max(header.len()), 0);
    from.read_exact(&mut message[header.len()..])?;
    Ok(message)
}

fn read<const N: usize>(from: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}

const OF_MESSAGES: u16 = 2;

/// As Windows' own pipes are: of messages, with any number of instances.
const DEVICE_STATE: u16 = 0x00FF | 0x0400 | 0x0100;
