//! `server start`: the reference server as a process of its own. `server check` is beside it.

use std::fs;
use std::sync::Arc;

use harness::apns::{ApnsClientOptions, ApnsRoute};
use harness::enroll::Secret;
use harness::protocol::apple::identity::{IdentityError, IdentityIssuer};
use harness::scep::RsaKey;
use harness::scep::server::{ScepAuthority, ScepPolicy, rsa_issuer};
use harness::server::clock::Clock;
use harness::server::reference::{
    EnrollmentOptions, IdentityBy, IdentityProof, ServeOptions, serve,
};
use harness::server::tls::TlsSettings;

use super::server_check;
use super::under_test::pem;
use crate::cli::{IdentityWord, ServerStartArgs, ServerVerb};
use crate::exit::{Exit, Outcome, Stop};
use crate::lang::Lang;
use crate::workspace::Workspace;

/// Serves until interrupted, or checks a described server.
pub(crate) fn run(verb: &ServerVerb, workspace: &Workspace, lang: Lang) -> Outcome {
    let arguments = match verb {
        ServerVerb::Start(arguments) => arguments,
        ServerVerb::Check(arguments) => return server_check::run(arguments, workspace, lang),
    };
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
        let mut options = ServeOptions::new(arguments.api_key.clone().unwrap_or_default(), &ca);
        options.tls = tls(arguments, &ca)?;
        let challenge = challenge(arguments);
        options.enrollment = enrollment(arguments, &ca, challenge.as_ref())?;
        options.host.clone_from(&arguments.host);
        if arguments.tls_client_auth {
            options.proof = IdentityProof::CertificateHeader("client-cert".to_owned());
        }
        let scheme = if arguments.tls { "https" } else { "http" };
        options.webhook_url.clone_from(&arguments.webhook_url);
        options
            .webhook_hmac_key
            .clone_from(&arguments.webhook_hmac_key);
        options.dm_url.clone_from(&arguments.dm);
        options.push_url.clone_from(&arguments.push_url);
        options.apns = push_service(arguments)?;
        options.scep = certificates(arguments, &ca, challenge.as_ref())?;
        if arguments.api_key.is_none() {
            eprintln!("no --api-key: devices are served, but nobody can queue commands");
        }
        // With port 0 the system chose one.
        let address = listener.local_addr().unwrap_or(arguments.listen);
        println!("reference server on {scheme}://{address}; stop it with Ctrl-C");
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
    Ok(Some(ApnsClientOptions {
        route: if arguments.apns_proxy {
            ApnsRoute::Proxy(url.clone())
        } else {
            ApnsRoute::Direct(url.clone())
        },
        ca_pem: pem(ca)?,
        certificate_pem: arguments.apns_certificate.as_deref().map(pem).transpose()?,
        http1_only: false,
    }))
}

/// What SCEP requests must know: what is given, or something new for the profiles that tell it to devices.
fn challenge(arguments: &ServerStartArgs) -> Option<Secret> {
    let given = arguments.scep_challenge.clone().map(Secret::new);
    let told = arguments.identity == Some(IdentityWord::Scep);
    given.or_else(|| told.then(Secret::random))
}

/// Whether devices get certificates under `/scep`.
fn gives_certificates(arguments: &ServerStartArgs) -> bool {
    arguments.scep || arguments.identity == Some(IdentityWord::Scep)
}

/// The SCEP authority under `/scep`, when there is one.
fn certificates(
    arguments: &ServerStartArgs,
    ca: &str,
    challenge: Option<&Secret>,
) -> Result<Option<Arc<ScepAuthority>>, Stop> {
    let (true, Some(key)) = (gives_certificates(arguments), &arguments.ca_key) else {
        return Ok(None);
    };
    let bad = |error: IdentityError| Stop::usage(error.to_string());
    let issuer = IdentityIssuer::from_pem(ca, &pem(key)?).map_err(bad)?;
    let registration_key = RsaKey::generate(None).map_err(bad)?;
    let policy = ScepPolicy {
        challenge: challenge.map(|challenge| challenge.expose().to_owned()),
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

/// TLS as asked for; a new private CA is written where devices and operators can find it.
fn tls(arguments: &ServerStartArgs, identity_ca: &str) -> Result<Option<TlsSettings>, Stop> {
    if !arguments.tls {
        return Ok(None);
    }
    let files = arguments.tls_cert.as_ref().zip(arguments.tls_key.as_ref());
    let mut settings = if let Some((certificate, key)) = files {
        TlsSettings {
            certificate: pem(certificate)?,
            key: pem(key)?,
            ca: None,
            clients: None,
        }
    } else {
        let names = arguments.host.as_deref().map(|host| {
            host.rsplit_once(':')
                .map_or(host, |(name, _)| name)
                .to_owned()
        });
        let names: Vec<String> = names.into_iter().collect();
        let settings = TlsSettings::private(&names, jiff::Timestamp::now())
            .map_err(|error| Stop::new(Exit::Bug, error.to_string()))?;
        if let (Some(path), Some(ca)) = (&arguments.tls_ca_out, &settings.ca) {
            fs::write(path, ca).map_err(|error| Stop::io(path, &error))?;
        }
        settings
    };
    if arguments.tls_client_auth {
        settings.clients = Some(identity_ca.to_owned());
    }
    Ok(Some(settings))
}

/// Enrollment by profile as asked for.
fn enrollment(
    arguments: &ServerStartArgs,
    ca: &str,
    challenge: Option<&Secret>,
) -> Result<Option<EnrollmentOptions>, Stop> {
    let (Some(word), Some(key)) = (arguments.identity, &arguments.ca_key) else {
        return Ok(None);
    };
    let issuer = IdentityIssuer::from_pem(ca, &pem(key)?)
        .map_err(|error| Stop::usage(format!("{}: {error}", key.display())))?;
    let by = match word {
        IdentityWord::Pkcs12 => IdentityBy::Pkcs12,
        IdentityWord::Scep => IdentityBy::Scep(challenge.cloned().unwrap_or_else(Secret::random)),
    };
    let mut options = EnrollmentOptions::new(Arc::new(issuer), by);
    options.signed = arguments.sign_profiles;
    options.token = arguments.enroll_token.clone().map(Secret::new);
    Ok(Some(options))
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
    let issuer = if gives_certificates(arguments) {
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
