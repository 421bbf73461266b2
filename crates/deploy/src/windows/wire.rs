//! What goes over the connection, made to say that encryption is wanted.
//!
//! The library offers ciphers, and does not say among its capabilities that it can encrypt
//! (MS-SMB2, section 2.2.3): Samba then takes it for a client that cannot. It says that signatures
//! are possible, not that they are required. Both are put right in its first message, on the way;
//! and since what was said before the session proves that nobody changed it, that proof is made
//! over what was really sent.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use smb2::{
    Result,
    client::Connection,
    crypto::kdf::PreauthHasher,
    transport::{ReceiveProgress, TcpTransport, TransportReceive, TransportSend},
};

/// A connection's two ends.
pub(super) struct Wire {
    tcp: TcpTransport,
    begun: Mutex<Begun>,
}

/// The first message each way.
#[derive(Default)]
struct Begun {
    sent: Option<Vec<u8>>,
    received: Option<Vec<u8>>,
}

impl Wire {
    /// Over this connection.
    pub(super) fn over(tcp: TcpTransport) -> Arc<Self> {
        Arc::new(Self {
            tcp,
            begun: Mutex::default(),
        })
    }

    /// Speaks SMB over it.
    pub(super) async fn negotiate(self: Arc<Self>, host: &str) -> Result<Connection> {
        let (sender, receiver) = (End(Arc::clone(&self)), End(Arc::clone(&self)));
        let mut connection = Connection::from_transport(Box::new(sender), Box::new(receiver), host);
        connection.negotiate().await?;
        connection.with_preauth_hasher_mut(|hasher| *hasher = self.proof());
        Ok(connection)
    }

    /// Of what was said so far (section 3.2.5.2).
    fn proof(&self) -> PreauthHasher {
        let mut proof = PreauthHasher::new();
        let begun = self.begun.lock();
        let begun = begun.expect("nothing panics while it holds this lock");
        for message in [&begun.sent, &begun.received].into_iter().flatten() {
            proof.update(message);
        }
        proof
    }

    /// The message to send in place of this one, if it is the first.
    fn first(&self, message: &[u8]) -> Option<Vec<u8>> {
        let begun = self.begun.lock();
        let mut begun = begun.expect("nothing panics while it holds this lock");
        if begun.sent.is_some() {
            return None;
        }
        let mut message = message.to_vec();
        for (place, bit) in [
            (SECURITY_MODE, SIGNING_REQUIRED),
            (CAPABILITIES, CAN_ENCRYPT),
        ] {
            if let Some(byte) = message.get_mut(place) {
                *byte |= bit;
            }
        }
        begun.sent = Some(message.clone());
        Some(message)
    }
}

struct End(Arc<Wire>);

#[async_trait]
impl TransportSend for End {
    async fn send(&self, data: &[u8]) -> Result<()> {
        match self.0.first(data) {
            Some(first) => self.0.tcp.send(&first).await,
            None => self.0.tcp.send(data).await,
        }
    }
}

#[async_trait]
impl TransportReceive for End {
    async fn receive(&self) -> Result<Vec<u8>> {
        let message = self.0.tcp.receive().await?;
        let begun = self.0.begun.lock();
        let mut begun = begun.expect("nothing panics while it holds this lock");
        begun.received.get_or_insert_with(|| message.clone());
        drop(begun);
        Ok(message)
    }

    fn receive_progress(&self) -> Option<Arc<ReceiveProgress>> {
        self.0.tcp.receive_progress()
    }
}

/// Behind the header of 64 bytes (section 2.2.3).
const SECURITY_MODE: usize = 64 + 4;
const SIGNING_REQUIRED: u8 = 2;
const CAPABILITIES: usize = 64 + 8;
const CAN_ENCRYPT: u8 = 0x40;
