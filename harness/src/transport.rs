//! Carriers: how a device's HTTP bytes reach a server.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::DuplexStream;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_rustls::client::TlsStream;

use crate::enroll::tls::TlsDialer;

/// Bytes of the in-process pipe in each direction; larger than any usual message, so that a writer rarely waits.
const DUPLEX_BUFFER: usize = 64 * 1024;

/// How a device reaches a server.
#[derive(Clone, Debug)]
pub enum Carrier {
    /// In-process pipe to the embedded server: every HTTP byte, no kernel.
    Duplex(DuplexDialer),
    /// A TCP socket.
    Socket(SocketAddr),
    /// TLS over a TCP socket.
    Tls(Arc<TlsDialer>),
}

/// A connected stream.
#[derive(Debug)]
pub enum Connection {
    /// In-process pipe.
    Duplex(DuplexStream),
    /// TCP socket.
    Tcp(TcpStream),
    /// TLS over a TCP socket.
    Tls(Box<TlsStream<TcpStream>>),
}

impl Carrier {
    /// Opens a connection.
    pub async fn dial(&self) -> io::Result<Connection> {
        match self {
            Self::Duplex(dialer) => dialer.dial().map(Connection::Duplex),
            Self::Socket(address) => {
                let stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                Ok(Connection::Tcp(stream))
            }
            Self::Tls(dialer) => dialer.dial().await.map(Connection::Tls),
        }
    }
}

/// The dialing end of an in-process listener.
#[derive(Clone, Debug)]
pub struct DuplexDialer {
    accept: mpsc::UnboundedSender<DuplexStream>,
}

/// The accepting end of an in-process listener.
#[derive(Debug)]
pub struct DuplexListener {
    incoming: mpsc::UnboundedReceiver<DuplexStream>,
}

/// Makes an in-process listener.
#[must_use]
pub fn duplex_listener() -> (DuplexDialer, DuplexListener) {
    let (accept, incoming) = mpsc::unbounded_channel();
    (DuplexDialer { accept }, DuplexListener { incoming })
}

impl DuplexDialer {
    fn dial(&self) -> io::Result<DuplexStream> {
        let (near, far) = tokio::io::duplex(DUPLEX_BUFFER);
        self.accept.send(far).map_err(|_| {
            io::Error::new(
                io::ErrorKind::ConnectionRefused,
                "the embedded server has stopped",
            )
        })?;
        Ok(near)
    }
}

impl DuplexListener {
    /// The next connection; `None` when every dialer is gone.
    pub async fn accept(&mut self) -> Option<DuplexStream> {
        self.incoming.recv().await
    }
}
