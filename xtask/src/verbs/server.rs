//! `server start`: the reference server as a process of its own. `server check` is beside it.

use std::fs;

use harness::protocol::apple::identity::IdentityIssuer;
use harness::server::reference::{ServeOptions, serve};

use super::server_check;
use crate::cli::{ServerStartArgs, ServerVerb};
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
        let mut options = ServeOptions::new(arguments.api_key.clone().unwrap_or_default(), ca);
        options.webhook_url.clone_from(&arguments.webhook_url);
        options
            .webhook_hmac_key
            .clone_from(&arguments.webhook_hmac_key);
        options.dm_url.clone_from(&arguments.dm);
        options.push_url.clone_from(&arguments.push_url);
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
    let issuer =
        IdentityIssuer::generate().map_err(|error| Stop::new(Exit::Bug, error.to_string()))?;
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
fn write_key(path: &std::path::Path, pem: &str) -> Result<(), Stop> {
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
