//! The bare exchange: a device's answer and the next command, as property lists over hyper, with nothing else.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use plist::{Dictionary, Value};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::machine;
use crate::protocol::apple::codec;
use crate::transport::{Carrier, Connection, duplex_listener};

/// Largest body either side reads.
const MAX_BODY: usize = 64 * 1024;

/// How an exchange fared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exchange {
    /// Exchanges (one request, one answer) per second.
    pub per_second: f64,
    /// CPU time of both ends per exchange, in microseconds, where the system tells.
    pub cpu_micros: Option<f64>,
}

/// Over a loopback socket.
pub async fn over_socket(connections: usize, sample: Duration) -> io::Result<Exchange> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let mut servers = JoinSet::new();
    servers.spawn(async move {
        let mut served = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            let _ = stream.set_nodelay(true);
            served.spawn(serve(stream));
        }
    });
    measure(&Carrier::Socket(address), connections, sample).await
}

/// Over the in-process pipe.
pub async fn over_duplex(connections: usize, sample: Duration) -> io::Result<Exchange> {
    let (dialer, mut listener) = duplex_listener();
    let mut servers = JoinSet::new();
    servers.spawn(async move {
        let mut served = JoinSet::new();
        while let Some(stream) = listener.accept().await {
            served.spawn(serve(stream));
        }
    });
    measure(&Carrier::Duplex(dialer), connections, sample).await
}

async fn measure(carrier: &Carrier, connections: usize, sample: Duration) -> io::Result<Exchange> {
    let answer = Arc::new(device_information());
    let count = Arc::new(AtomicU64::new(0));
    let cpu = machine::cpu_time();
    let start = Instant::now();
    let mut clients = JoinSet::new();
    for _ in 0..connections {
        let (carrier, answer, count) = (carrier.clone(), Arc::clone(&answer), Arc::clone(&count));
        clients.spawn(async move {
            match carrier.dial().await? {
                Connection::Duplex(stream) => client(stream, &answer, &count, start, sample).await,
                Connection::Tcp(stream) => client(stream, &answer, &count, start, sample).await,
                Connection::Tls(stream) => client(stream, &answer, &count, start, sample).await,
            }
        });
    }
    while let Some(joined) = clients.join_next().await {
        joined.map_err(io::Error::other)??;
    }
    let exchanges = count.load(Ordering::Relaxed).max(1) as f64;
    let cpu = match (cpu, machine::cpu_time()) {
        (Some(before), Some(after)) => {
            Some(after.saturating_sub(before).as_secs_f64() * 1e6 / exchanges)
        }
        _ => None,
    };
    Ok(Exchange {
        per_second: exchanges / start.elapsed().as_secs_f64(),
        cpu_micros: cpu,
    })
}

async fn client<S>(
    stream: S,
    answer: &Dictionary,
    count: &AtomicU64,
    start: Instant,
    sample: Duration,
) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(io::Error::other)?;
    let driver = tokio::spawn(connection);
    while start.elapsed() < sample {
        let body = codec::encode_xml(answer).map_err(io::Error::other)?;
        let request = Request::put("/mdm")
            .header("host", "localhost")
            .body(Full::new(Bytes::from(body)))
            .map_err(io::Error::other)?;
        let response = sender
            .send_request(request)
            .await
            .map_err(io::Error::other)?;
        let body = Limited::new(response.into_body(), MAX_BODY)
            .collect()
            .await
            .map_err(io::Error::other)?
            .to_bytes();
        codec::decode(&body).map_err(io::Error::other)?;
        count.fetch_add(1, Ordering::Relaxed);
    }
    driver.abort();
    Ok(())
}

async fn serve<S>(stream: S)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    // The client hangs up at the end of the sample; there is nobody to tell.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), hyper::service::service_fn(handle))
        .await;
}

async fn handle(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let answer = answer(request).await;
    let (status, body) = answer.map_or((StatusCode::BAD_REQUEST, Vec::new()), |body| {
        (StatusCode::OK, body)
    });
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    Ok(response)
}

async fn answer(request: Request<Incoming>) -> Option<Vec<u8>> {
    let body = Limited::new(request.into_body(), MAX_BODY)
        .collect()
        .await
        .ok()?
        .to_bytes();
    let message = codec::decode(&body).ok()?;
    let uuid = message.get("CommandUUID")?.as_string()?.to_owned();
    let mut command = Dictionary::new();
    command.insert("RequestType".to_owned(), "DeviceInformation".into());
    let queries = (0..40).map(|n| Value::from(format!("Query{n}")));
    command.insert("Queries".to_owned(), Value::Array(queries.collect()));
    let mut next = Dictionary::new();
    next.insert("CommandUUID".to_owned(), uuid.into());
    next.insert("Command".to_owned(), Value::Dictionary(command));
    codec::encode_xml(&next).ok()
}

/// An answer of forty keys, about four kilobytes, as a device gives it to `DeviceInformation`.
#[must_use]
pub fn device_information() -> Dictionary {
    let mut responses = Dictionary::new();
    for n in 0..40 {
        let value = match n % 4 {
            0 => Value::Boolean(true),
            1 => Value::Integer(64_000_000_000_i64.into()),
            2 => Value::Real(0.75),
            _ => Value::from(format!("value of a usual length for key {n}")),
        };
        responses.insert(format!("QueryResponseNumber{n}"), value);
    }
    let mut answer = Dictionary::new();
    answer.insert("UDID".to_owned(), "00008140-001234567890801C".into());
    answer.insert("Status".to_owned(), "Acknowledged".into());
    answer.insert(
        "CommandUUID".to_owned(),
        "0001_DeviceInformation_0123456789ABCDEF".into(),
    );
    answer.insert("QueryResponses".to_owned(), Value::Dictionary(responses));
    answer
}
