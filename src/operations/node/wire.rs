//! Frames of the node's local socket: a JSON body and an optional blob of samples.
//!
//! ```text
//! u32 LE body length │ u32 LE blob length │ body (JSON, UTF-8) │ blob (f32 LE samples)
//! ```

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// The longest JSON body, bytes.
const MAX_BODY: usize = 16 << 20;
/// The longest blob, bytes: the longest recording that is read (a second over its bound, and
/// what the filter adds), 16 kHz `f32`.
const MAX_BLOB: usize = (crate::entry::audio_file::LONGEST_SECONDS as usize + 2) * 16_000 * 4;

/// A message: what it says, and samples that go with it (empty for most).
#[derive(Debug, Clone, PartialEq)]
pub struct Message<T> {
    /// What it says.
    pub body: T,
    /// Samples, mono, −1..1.
    pub samples: Vec<f32>,
}

impl<T> From<T> for Message<T> {
    fn from(body: T) -> Self {
        Message { body, samples: Vec::new() }
    }
}

/// Writes one frame.
///
/// # Errors
/// The stream's; `InvalidInput` where a part is over its bound.
pub async fn write<T: Serialize>(
    to: &mut (impl AsyncWrite + Unpin),
    message: &Message<T>,
) -> std::io::Result<()> {
    let body = serde_json::to_vec(&message.body)?;
    let blob_len = message.samples.len() * size_of::<f32>();
    if body.len() > MAX_BODY || blob_len > MAX_BLOB {
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, "frame too long"));
    }
    let mut frame = Vec::with_capacity(8 + body.len() + blob_len);
    frame.extend_from_slice(&(body.len() as u32).to_le_bytes());
    frame.extend_from_slice(&(blob_len as u32).to_le_bytes());
    frame.extend_from_slice(&body);
    for s in &message.samples {
        frame.extend_from_slice(&s.to_le_bytes());
    }
    to.write_all(&frame).await?;
    to.flush().await
}

/// Reads one frame; `None` at a clean end of the stream.
///
/// # Errors
/// The stream's; `InvalidData` for lengths over the bounds or a body that is no `T`.
pub async fn read<T: DeserializeOwned>(
    from: &mut (impl AsyncRead + Unpin),
) -> std::io::Result<Option<Message<T>>> {
    let mut head = [0u8; 8];
    match from.read_exact(&mut head).await {
        Ok(_) => {}
        Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(e) => return Err(e),
    }
    let [a, b, c, d, e, f, g, h] = head;
    let body_len = u32::from_le_bytes([a, b, c, d]) as usize;
    let blob_len = u32::from_le_bytes([e, f, g, h]) as usize;
    if body_len > MAX_BODY || blob_len > MAX_BLOB || !blob_len.is_multiple_of(4) {
        return Err(invalid("frame lengths out of bounds"));
    }
    let mut body = vec![0u8; body_len];
    from.read_exact(&mut body).await?;
    let mut blob = vec![0u8; blob_len];
    from.read_exact(&mut blob).await?;
    let body = serde_json::from_slice(&body).map_err(|e| invalid(&e.to_string()))?;
    let samples = blob.chunks_exact(4).map(|c| f32::from_le_bytes([c[0], c[1], c[2], c[3]])).collect();
    Ok(Some(Message { body, samples }))
}

fn invalid(what: &str) -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn run<F: Future>(f: F) -> F::Output {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(f)
    }

    #[test]
    fn a_frame_comes_back_as_it_was_sent() {
        run(async {
            let sent = Message { body: "grüß dich".to_owned(), samples: vec![0.5, -1.0] };
            let mut bytes = Vec::new();
            write(&mut bytes, &sent).await.unwrap();
            let mut reader = bytes.as_slice();
            assert_eq!(read::<String>(&mut reader).await.unwrap(), Some(sent));
            assert_eq!(read::<String>(&mut reader).await.unwrap(), None);
        });
    }

    proptest! {
        #[test]
        fn rubbish_is_an_error_and_never_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            run(async {
                let mut reader = bytes.as_slice();
                let _ = read::<serde_json::Value>(&mut reader).await;
            });
        }
    }
}
