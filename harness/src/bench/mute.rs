//! A peer that takes everything and keeps nothing, so that what is measured is the device's side alone.

use std::io;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::task::JoinSet;

use crate::transport::{Carrier, duplex_listener};

const EMPTY: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
/// Longest head of a request that is understood; devices send a few hundred bytes and a signature.
const LONGEST_HEAD: usize = 16 * 1024;

/// The peer; dropping it hangs up.
#[derive(Debug)]
pub struct Mute {
    carrier: Carrier,
    _accepting: JoinSet<()>,
}

impl Mute {
    /// Starts it on the current runtime.
    #[must_use]
    pub fn start() -> Self {
        let (dialer, mut listener) = duplex_listener();
        let mut accepting = JoinSet::new();
        accepting.spawn(async move {
            let mut served: JoinSet<io::Result<()>> = JoinSet::new();
            while let Some(stream) = listener.accept().await {
                served.spawn(answer(stream));
                while served.try_join_next().is_some() {}
            }
        });
        Self {
            carrier: Carrier::Duplex(dialer),
            _accepting: accepting,
        }
    }

    /// How to reach it.
    #[must_use]
    pub fn carrier(&self) -> Carrier {
        self.carrier.clone()
    }
}

/// Answers every request with an empty success. Its buffers live only while a request is on its way.
async fn answer(mut stream: DuplexStream) -> io::Result<()> {
    loop {
        let mut first = [0];
        if stream.read(&mut first).await? == 0 {
            return Ok(());
        }
        take(&mut stream, first[0]).await?;
        stream.write_all(EMPTY).await?;
    }
}

/// Reads one request to its end.
async fn take(stream: &mut DuplexStream, first: u8) -> io::Result<()> {
    const END: &[u8] = b"\r\n\r\n";
    let mut bytes = vec![first];
    let head = loop {
        if let Some(at) = bytes.windows(END.len()).position(|part| part == END) {
            break at + END.len();
        }
        if bytes.len() > LONGEST_HEAD || stream.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::InvalidData.into());
        }
    };
    let text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
    let length: usize = text
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .and_then(|value| value.trim().parse().ok())
        .unwrap_or(0);
    let mut left = length.saturating_sub(bytes.len() - head);
    while left > 0 {
        bytes.clear();
        let read = stream.read_buf(&mut bytes).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        left = left.saturating_sub(read);
    }
    Ok(())
}
