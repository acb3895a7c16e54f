//! The dearest thing that can not be saved: loopback HTTP with nothing behind it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

const REQUEST: &[u8] = b"GET /ping HTTP/1.1\r\nhost: localhost\r\n\r\n";
const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// Requests per second of a hand-written client and server on loopback.
pub async fn per_second(connections: usize, sample: Duration) -> io::Result<f64> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut served = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            served.spawn(serve(stream));
        }
    });
    let count = Arc::new(AtomicU64::new(0));
    let start = Instant::now();
    let mut clients = JoinSet::new();
    for _ in 0..connections {
        let count = Arc::clone(&count);
        clients.spawn(async move {
            let mut stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            let mut buffer = [0; 256];
            while start.elapsed() < sample {
                stream.write_all(REQUEST).await?;
                read_exactly(&mut stream, &mut buffer, RESPONSE.len()).await?;
                count.fetch_add(1, Ordering::Relaxed);
            }
            io::Result::Ok(())
        });
    }
    while let Some(joined) = clients.join_next().await {
        joined.map_err(io::Error::other)??;
    }
    Ok(count.load(Ordering::Relaxed) as f64 / start.elapsed().as_secs_f64())
}

async fn serve(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = [0; 256];
    loop {
        read_exactly(&mut stream, &mut buffer, REQUEST.len()).await?;
        stream.write_all(RESPONSE).await?;
    }
}

async fn read_exactly(stream: &mut TcpStream, buffer: &mut [u8], len: usize) -> io::Result<()> {
    let mut got = 0;
    while got < len {
        let read = stream.read(buffer).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        got += read;
    }
    Ok(())
}
