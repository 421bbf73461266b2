//! Lets programs outside of Wine speak with a named pipe inside: for rehearsals alone.
//!
//! `pipe-relay PIPE` listens on a free port of the loopback address, prints it, and hands what comes
//! over each connection on to a connection of its own with the pipe. It knows as much of what is
//! spoken (remote procedure calls, C706 section 12.6.1) as to tell one message from the next: each
//! says at its ninth byte how long it is.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Write},
    net::{TcpListener, TcpStream},
    thread,
};

fn main() -> io::Result<()> {
    let pipe = std::env::args().nth(1).ok_or_else(|| {
        io::Error::new(io::ErrorKind::InvalidInput, "the name of a pipe is missing")
    })?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    writeln!(io::stdout(), "{}", listener.local_addr()?.port())?;
    io::stdout().flush()?;
    for connection in listener.incoming() {
        let (connection, pipe) = (connection?, pipe.clone());
        // Who asks sees that it failed by the end of his connection.
        thread::spawn(move || relay(connection, &pipe));
    }
    Ok(())
}

/// A question, then its answer, until nothing is asked any more.
fn relay(mut connection: TcpStream, pipe: &str) -> io::Result<()> {
    let mut pipe: File = OpenOptions::new().read(true).write(true).open(pipe)?;
    loop {
        pipe.write_all(&message(&mut connection)?)?;
        loop {
            let answer = message(&mut pipe)?;
            connection.write_all(&answer)?;
            if answer[FLAGS] & LAST != 0 {
                break;
            }
        }
    }
}

fn message(from: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut message = vec![0; HEADER];
    from.read_exact(&mut message)?;
    let length = u16::from_le_bytes([message[LENGTH], message[LENGTH + 1]]);
    let rest = usize::from(length).saturating_sub(HEADER);
    message.resize(HEADER + rest, 0);
    from.read_exact(&mut message[HEADER..])?;
    Ok(message)
}

const HEADER: usize = 16;
const FLAGS: usize = 3;
const LENGTH: usize = 8;
const LAST: u8 = 2;
