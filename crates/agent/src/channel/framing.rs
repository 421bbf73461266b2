//! Lengths before messages, for threads and for tasks.

use std::io::{self, Read, Write};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::MAX_FRAME_BYTES;

/// The pipe cannot be read on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FramingError {
    /// The pipe failed, or ended within a message.
    #[error("pipe failed: {0}")]
    Io(#[from] io::Error),
    /// The other side is broken.
    #[error("message of {0} bytes")]
    TooLong(u64),
}

/// The next message; `None` if the other side is gone.
pub(crate) fn read_blocking(from: &mut impl Read) -> Result<Option<Bytes>, FramingError> {
    let mut length = [0; 4];
    match from.read_exact(&mut length) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error.into()),
    }
    let mut message = vec![0; checked(u32::from_be_bytes(length))?];
    from.read_exact(&mut message)?;
    Ok(Some(message.into()))
}

/// Writes a message, in one piece.
pub(crate) fn write_blocking(to: &mut impl Write, message: &[u8]) -> Result<(), FramingError> {
    to.write_all(&framed(message)?)?;
    to.flush()?;
    Ok(())
}

/// The next message; `None` if the other side is gone.
///
/// # Cancel safety
///
/// Dropping the future loses the message that was being read: only to be raced against the end.
pub(crate) async fn read_async(
    from: &mut (impl AsyncRead + Unpin),
) -> Result<Option<Bytes>, FramingError> {
    let length = match from.read_u32().await {
        Ok(length) => length,
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let mut message = vec![0; checked(length)?];
    from.read_exact(&mut message).await?;
    Ok(Some(message.into()))
}

/// Writes a message.
pub(crate) async fn write_async(
    to: &mut (impl AsyncWrite + Unpin),
    message: &[u8],
) -> Result<(), FramingError> {
    to.write_all(&framed(message)?).await?;
    to.flush().await?;
    Ok(())
}

fn framed(message: &[u8]) -> Result<Vec<u8>, FramingError> {
    let length = u32::try_from(message.len())
        .ok()
        .filter(|length| checked(*length).is_ok())
        .ok_or(FramingError::TooLong(message.len() as u64))?;
    let mut framed = Vec::with_capacity(4 + message.len());
    framed.extend_from_slice(&length.to_be_bytes());
    framed.extend_from_slice(message);
    Ok(framed)
}

fn checked(length: u32) -> Result<usize, FramingError> {
    usize::try_from(length)
        .ok()
        .filter(|length| *length <= MAX_FRAME_BYTES)
        .ok_or(FramingError::TooLong(length.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_back_and_absurd_lengths_refused() {
        let mut pipe = Vec::new();
        write_blocking(&mut pipe, b"one").unwrap();
        write_blocking(&mut pipe, b"").unwrap();
        let mut reader = &pipe[..];
        assert_eq!(read_blocking(&mut reader).unwrap().unwrap(), &b"one"[..]);
        assert_eq!(read_blocking(&mut reader).unwrap().unwrap(), &b""[..]);
        assert!(read_blocking(&mut reader).unwrap().is_none());
        let mut absurd = &[0xFF; 8][..];
        assert!(matches!(
            read_blocking(&mut absurd),
            Err(FramingError::TooLong(0xFFFF_FFFF))
        ));
    }
}
