//! `server start`: the reference server as a process of its own.

use std::fs;
use std::sync::Arc;

use harness::apns::{ApnsClientOptions, ApnsRoute};
use harness::protocol::apple::identity::{IdentityError, IdentityIssuer};
use harness::scep::RsaKey;
use harness::scep::server::{ScepAuthority, ScepPolicy, rsa_issuer};
use harness::server::clock::Clock;
use harness::server::reference::{ServeOptions, serve};

use crate::cli::{ServerStartArgs, ServerVerb};
use crate::exit::{Exit, Outcome, Stop};

/// Serves until interrupted.
pub(crate) fn run(verb: &ServerVerb) -> Outcome {
    let ServerVerb::Start(arguments) = verb;
    let ca = certificate_authority(arguments)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Stop::new(Exit::Bug, format!("no runtime: {error}")))?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(arguments.listen)
            .await
            .map_err(|error| {
                Stop::usage(format!(
                    "{}: {error}; choose another address with --listen",
                    arguments.listen
                ))
            })?;
        let mut options = ServeOptions::new(arguments.api_key.clone().unwrap_or_default(), ca);
        options.webhook_url.clone_from(&arguments.webhook_url);
        options
            .webhook_hmac_key
            .clone_from(&arguments.webhook_hmac_key);
        options.dm_url.clone_from(&arguments.dm);
        options.push_url.clone_from(&arguments.push_url);
        options.apns = push_service(arguments)?;
        options.scep = certificates(arguments)?;
        if arguments.api_key.is_none() {
            eprintln!("no --api-key: devices are served, but nobody can queue commands");
        }
        // With port 0 the system chose one.
        let address = listener.local_addr().unwrap_or(arguments.listen);
        println!("reference server on http://{address}; stop it with Ctrl-C");
        serve(listener, options, asked_to_stop())
            .await
            .map_err(|error| Stop::new(Exit::Unavailable, error.to_string()))?;
        Ok(Exit::Yes)
    })
}

/// The push service over TLS, when one is named.
fn push_service(arguments: &ServerStartArgs) -> Result<Option<ApnsClientOptions>, Stop> {
    let (Some(url), Some(ca)) = (&arguments.apns, &arguments.apns_ca) else {
        return Ok(None);
    };
    let read = |path: &std::path::Path| {
        fs::read_to_string(path)
            .map_err(|error| Stop::usage(format!("{}: {error}", path.display())))
    };
    Ok(Some(ApnsClientOptions {
        route: if arguments.apns_proxy {
            ApnsRoute::Proxy(url.clone())
        } else {
            ApnsRoute::Direct(url.clone())
        },
        ca_pem: read(ca)?,
        certificate_pem: arguments
            .apns_certificate
            .as_deref()
            .map(read)
            .transpose()?,
        http1_only: false,
    }))
}

/// The SCEP authority under `/scep`, when it is asked for.
fn certificates(arguments: &ServerStartArgs) -> Result<Option<Arc<ScepAuthority>>, Stop> {
    let (true, Some(key)) = (arguments.scep, &arguments.ca_key) else {
        return Ok(None);
    };
    let bad = |error: IdentityError| Stop::usage(error.to_string());
    let read =
        |path: &std::path::Path| fs::read_to_string(path).map_err(|error| Stop::io(path, &error));
    let issuer = IdentityIssuer::from_pem(&read(&arguments.ca)?, &read(key)?).map_err(bad)?;
    let registration_key = RsaKey::generate(None).map_err(bad)?;
    let policy = ScepPolicy {
        challenge: arguments.scep_challenge.clone(),
        pending_polls: arguments.scep_pending,
        ..ScepPolicy::default()
    };
    ScepAuthority::new(
        Arc::new(issuer),
        Arc::new(registration_key),
        policy,
        Clock::system(),
    )
    .map(Some)
    .map_err(bad)
}

/// Resolves on Ctrl-C, and where there is such a thing on the signal to terminate.
async fn asked_to_stop() {
    // Without a signal handler the process ends at once, which is what was asked for.
    let interrupted = async {
        let _ = tokio::signal::ctrl_c().await;
    };
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! {
                () = interrupted => {}
                _ = terminated.recv() => {}
            }
            return;
        }
    }
    interrupted.await;
}

/// Reads the CA; makes a new one when it is not there and a place for its key is given.
fn certificate_authority(arguments: &ServerStartArgs) -> Result<String, Stop> {
    match fs::read_to_string(&arguments.ca) {
        Ok(pem) => return Ok(pem),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(Stop::io(&arguments.ca, &error)),
    }
    let Some(key_path) = &arguments.ca_key else {
        return Err(Stop::usage(format!(
            "{} is not there; name the PEM of the CA that device identities come from, or add --ca-key FILE to make one",
            arguments.ca.display()
        )));
    };
    // SCEP clients of others encrypt for the CA itself, which takes an RSA key; not all know registration authorities.
    let issuer = if arguments.scep {
        RsaKey::generate(None).and_then(|key| rsa_issuer(&key))
    } else {
        IdentityIssuer::generate()
    };
    let issuer = issuer.map_err(|error| Stop::new(Exit::Bug, error.to_string()))?;
    let pem = issuer.certificate_pem().to_owned();
    // The key first: it is never written over, and a certificate without its key would be of no use.
    write_key(key_path, &issuer.key_pem())?;
    fs::write(&arguments.ca, &pem).map_err(|error| Stop::io(&arguments.ca, &error))?;
    println!(
        "made a CA: {} and {}",
        arguments.ca.display(),
        key_path.display()
    );
    Ok(pem)
}

/// Writes a private key for its owner alone.
pub(super) fn write_key(path: &std::path::Path, pem: &str) -> Result<(), Stop> {
    use std::io::Write as _;
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options
        .open(path)
        .and_then(|mut file| file.write_all(pem.as_bytes()))
        .map_err(|error| Stop::io(path, &error))
}
