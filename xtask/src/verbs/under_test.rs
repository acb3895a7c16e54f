//! The server under test, from the command line and `verify.toml`.

use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use harness::apns::{ApnsCa, ApnsOptions};
use harness::enroll::{Ask, EnrollmentKit, ProfileInvitation, ProfileSource, Secret};
use harness::protocol::apple::identity::IdentityIssuer;
use harness::push::PushHub;
use harness::runner::VirtualDevices;
use harness::scep::RsaKeyPool;
use harness::server::ServerUnderTest;
use harness::server::clock::Clock;
use harness::server::console::{ConsoleOptions, ConsoleServer};
use harness::server::lacks::lacks;
use harness::server::nanomdm::{NanoMdmOptions, NanoMdmServer};
use harness::server::reference::{ReferenceConfig, ReferenceServer};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::server::write_key;
use crate::cli::ServerArgs;
use crate::data::Data;
use crate::exit::{Exit, Stop};
use scenarios::event::ServerOrigin;
use scenarios::plan::Plan;
use scenarios::suite::Suite;

/// How long a virtual device waits for an answer of the server.
const PATIENCE: Duration = Duration::from_secs(20);

/// RSA keys that the devices of a run share.
const KEYS: usize = 4;

/// Devices as documented and observed, without planted faults.
pub(crate) fn devices() -> VirtualDevices {
    VirtualDevices::new(Arc::default(), PATIENCE)
}

/// A server that was started or connected.
pub(crate) struct Connected {
    pub(crate) server: Arc<dyn ServerUnderTest>,
    /// For ids of commands: a server of its own process may remember those of earlier runs.
    pub(crate) nonce: Option<u64>,
}

/// Settings of the embedded reference server, with a new issuer of identities. It lives on the day of the run, so that
/// the same day gives the same bytes.
pub(crate) fn reference_config(as_of: Date) -> Result<ReferenceConfig, Stop> {
    let day = TimeZone::UTC
        .to_timestamp(as_of.at(0, 0, 0, 0))
        .map_err(|error| Stop::usage(format!("--as-of {as_of}: {error}")))?;
    let issuer =
        IdentityIssuer::generate().map_err(|error| Stop::new(Exit::Bug, error.to_string()))?;
    Ok(ReferenceConfig::new(
        Arc::new(issuer),
        PushHub::default(),
        Clock::fixed(day),
    ))
}

/// Starts or connects the server that was asked for. Runs on the runtime that will use it.
pub(crate) async fn connect(
    arguments: &ServerArgs,
    data: &Data,
    root: &Path,
    as_of: Date,
) -> Result<Connected, Stop> {
    let vendor = &data.vendor;
    let described = vendor.server(&arguments.name);
    let by_file = described.is_none() && file_of(&arguments.name, data).is_some();
    let adapter = described.map_or(arguments.name.as_str(), |server| server.adapter.as_str());
    match adapter {
        _ if by_file && !matches!(adapter, "reference" | "nanomdm") => {
            console_connected(arguments, data, root)
        }
        "console" => console_connected(arguments, data, root),
        "reference" => Ok(Connected {
            server: reference(arguments.socket, as_of).await?,
            nonce: None,
        }),
        "nanomdm" => {
            let mut options = nanomdm(arguments, described)?;
            let nonce = nonce();
            options.nonce = nonce;
            if let Some(seconds) = arguments.timeout {
                options.timeout = Duration::from_secs(seconds);
            }
            let server = NanoMdmServer::start(options)
                .await
                .map_err(|error| Stop::new(Exit::Unavailable, error.to_string()))?;
            Ok(Connected {
                server,
                nonce: Some(nonce),
            })
        }
        _ => {
            let mut known: Vec<&str> = vendor
                .servers
                .iter()
                .map(|server| server.id.as_str())
                .collect();
            known.extend(["reference", "nanomdm"]);
            known.extend(
                data.consoles
                    .keys()
                    .filter_map(|path| path.file_stem()?.to_str()),
            );
            known.sort_unstable();
            known.dedup();
            Err(Stop::usage(format!(
                "no server `{}`; known ones: {}. Describe another one in verify.toml or in a file in servers/",
                arguments.name,
                known.join(", ")
            )))
        }
    }
}

fn console_connected(arguments: &ServerArgs, data: &Data, root: &Path) -> Result<Connected, Stop> {
    let identity = match (&arguments.identity_ca, &arguments.identity_key) {
        (Some(ca), Some(key)) => Some((pem(ca)?, pem(key)?)),
        (None, None) => None,
        _ => {
            return Err(Stop::usage(
                "give both --identity-ca and --identity-key, or neither",
            ));
        }
    };
    let server = console(
        &arguments.name,
        data,
        root,
        ConsoleOverrides {
            url: arguments.url.clone(),
            mdm_url: arguments.mdm_url.clone(),
            identity,
            enroll: console_invitation(arguments, data)?,
        },
    )?;
    Ok(Connected {
        server,
        nonce: Some(nonce()),
    })
}

/// The profile that devices enroll by: of the command line, of verify.toml, else of the description.
fn console_invitation(
    arguments: &ServerArgs,
    data: &Data,
) -> Result<Option<ProfileInvitation>, Stop> {
    let described = data.vendor.server(&arguments.name);
    let trusted = trusted(arguments, described)?;
    let console = file_of(&arguments.name, data).and_then(|path| data.consoles.get(path));
    let own = console.and_then(|console| console.enroll.profile.clone());
    invitation(arguments, described, own, &trusted)
}

/// The path of the description that a name stands for.
fn file_of<'d>(name: &str, data: &'d Data) -> Option<&'d PathBuf> {
    let file = data
        .vendor
        .server(name)
        .and_then(|server| server.file.as_ref());
    data.consoles.keys().find(|path| match file {
        Some(file) => path.as_path() == Path::new(file),
        None => path.file_stem().is_some_and(|stem| stem == name),
    })
}

/// What the command line says in place of a description.
#[derive(Debug, Default)]
pub(crate) struct ConsoleOverrides {
    pub(crate) url: Option<String>,
    pub(crate) mdm_url: Option<String>,
    pub(crate) identity: Option<(String, String)>,
    pub(crate) enroll: Option<ProfileInvitation>,
}

/// A described server, by its name in verify.toml or its file in servers/.
pub(crate) fn console(
    name: &str,
    data: &Data,
    root: &Path,
    given: ConsoleOverrides,
) -> Result<Arc<ConsoleServer>, Stop> {
    let described = data.vendor.server(name);
    let Some(console) = file_of(name, data).and_then(|path| data.consoles.get(path)) else {
        let known: Vec<_> = data
            .consoles
            .keys()
            .filter_map(|path| path.file_stem()?.to_str())
            .collect();
        return Err(Stop::usage(format!(
            "no description of a server `{name}`; known ones: {}. Name it in verify.toml as `file = \"servers/NAME.toml\"`",
            known.join(", ")
        )));
    };
    ConsoleServer::start(
        console.clone(),
        &ConsoleOptions {
            root: root.to_owned(),
            // Only verify.toml can say that a server is the product.
            origin: described.map_or(ServerOrigin::ThirdParty, |server| server.origin),
            env: |name| std::env::var(name).ok(),
            base_url: given
                .url
                .or_else(|| described.and_then(|server| server.url.clone())),
            identity: given.identity,
            server_url: given.mdm_url,
            enroll: given.enroll,
        },
    )
    .map_err(|error| Stop::usage(error.to_string()))
}

/// The plan without what the server can not do.
pub(crate) fn within(plan: &Arc<Plan>, suite: &Suite, server: &dyn ServerUnderTest) -> Arc<Plan> {
    let left = plan.within(suite, server.raw_commands(), |step, cell| {
        lacks(server, step, cell)
    });
    // A server without buttons takes everything: the plan stays the same one.
    if left.cases.len() == plan.cases.len() {
        return Arc::clone(plan);
    }
    Arc::new(left)
}

/// A number that no other run on this machine has.
fn nonce() -> u64 {
    let mut hash = DefaultHasher::new();
    (Timestamp::now().as_nanosecond(), std::process::id()).hash(&mut hash);
    hash.finish()
}

async fn reference(socket: bool, as_of: Date) -> Result<Arc<ReferenceServer>, Stop> {
    let bug = |error: String| Stop::new(Exit::Unavailable, error);
    let config = reference_config(as_of)?;
    if socket {
        ReferenceServer::embedded_on(config, SocketAddr::from(([127, 0, 0, 1], 0)))
            .await
            .map_err(|error| bug(error.to_string()))
    } else {
        ReferenceServer::embedded(config).map_err(|error| bug(error.to_string()))
    }
}

fn nanomdm(
    arguments: &ServerArgs,
    described: Option<&reports::vendor::Server>,
) -> Result<NanoMdmOptions, Stop> {
    let missing = |option: &str| {
        Stop::usage(format!(
            "the adapter nanomdm needs {option}; give it on the command line or in verify.toml"
        ))
    };
    let from =
        |pick: fn(&reports::vendor::Server) -> Option<&String>| described.and_then(pick).cloned();
    let url = arguments
        .url
        .clone()
        .or_else(|| from(|server| server.url.as_ref()))
        .ok_or_else(|| missing("--url"))?;
    let api_key = arguments
        .api_key
        .clone()
        .or_else(|| {
            from(|server| server.api_key_env.as_ref()).and_then(|name| std::env::var(name).ok())
        })
        .ok_or_else(|| missing("--api-key"))?;
    let webhook = match (
        arguments.webhook_listen,
        from(|server| server.webhook_listen.as_ref()),
    ) {
        (Some(address), _) => address,
        (None, Some(text)) => address(&text)?,
        (None, None) => return Err(missing("--webhook-listen")),
    };
    let trusted = trusted(arguments, described)?;
    let enroll = invitation(arguments, described, None, &trusted)?;
    if enroll.is_some() {
        let mut options = NanoMdmOptions::new(url, api_key, "", "", webhook);
        options.enroll = enroll;
        options.trusted = trusted;
        return listeners(options, arguments, described);
    }
    let ca = arguments
        .identity_ca
        .clone()
        .or_else(|| from(|server| server.identity_ca.as_ref()).map(PathBuf::from))
        .ok_or_else(|| missing("--identity-ca"))?;
    let key = arguments
        .identity_key
        .clone()
        .or_else(|| from(|server| server.identity_key.as_ref()).map(PathBuf::from))
        .ok_or_else(|| missing("--identity-key"))?;
    let mut options = NanoMdmOptions::new(url, api_key, pem(&ca)?, pem(&key)?, webhook);
    options.trusted = trusted;
    listeners(options, arguments, described)
}

/// Where the harness listens, and whose server it is.
fn listeners(
    mut options: NanoMdmOptions,
    arguments: &ServerArgs,
    described: Option<&reports::vendor::Server>,
) -> Result<NanoMdmOptions, Stop> {
    let from =
        |pick: fn(&reports::vendor::Server) -> Option<&String>| described.and_then(pick).cloned();
    options.dm_listen = match (
        arguments.dm_listen,
        from(|server| server.dm_listen.as_ref()),
    ) {
        (Some(address), _) => Some(address),
        (None, Some(text)) => Some(address(&text)?),
        (None, None) => None,
    };
    options.push_listen = arguments.push_listen;
    options.apns = push_service(arguments)?;
    if let Some(server) = described {
        options.origin = server.origin;
    }
    Ok(options)
}

/// CAs behind the server's TLS certificate.
fn trusted(
    arguments: &ServerArgs,
    described: Option<&reports::vendor::Server>,
) -> Result<Vec<String>, Stop> {
    arguments
        .tls_ca
        .clone()
        .or_else(|| described?.tls_ca.clone().map(PathBuf::from))
        .map(|path| pem(&path))
        .into_iter()
        .collect()
}

/// The enrollment profile that devices enroll by, when one is named.
fn invitation(
    arguments: &ServerArgs,
    described: Option<&reports::vendor::Server>,
    own: Option<String>,
    trusted: &[String],
) -> Result<Option<ProfileInvitation>, Stop> {
    let source = arguments
        .enroll
        .clone()
        .or_else(|| described?.enroll.clone())
        .or(own);
    let Some(source) = source else {
        return Ok(None);
    };
    let token = arguments.enroll_token.clone().or_else(|| {
        let name = described?.enroll_token_env.as_ref()?;
        std::env::var(name).ok()
    });
    let mut invitation = profile_invitation(&source, trusted, KEYS)?;
    invitation.token = token.map(Secret::new);
    invitation.accept_untrusted = !arguments.enroll_signed;
    if arguments.enroll_download {
        invitation.ask = Ask::Download;
    }
    Ok(Some(invitation))
}

/// An invitation to the profile at a URL or in a file.
pub(crate) fn profile_invitation(
    source: &str,
    trusted: &[String],
    keys: usize,
) -> Result<ProfileInvitation, Stop> {
    let kit = EnrollmentKit::new(trusted, RsaKeyPool::new(keys, None), Clock::system())
        .map_err(|error| Stop::usage(error.to_string()))?;
    Ok(ProfileInvitation {
        source: if source.starts_with("http://") || source.starts_with("https://") {
            ProfileSource::Url(source.to_owned())
        } else {
            ProfileSource::File(PathBuf::from(source))
        },
        ask: Ask::ByEnrollmentType,
        token: None,
        user: "user@example.invalid".to_owned(),
        accept_untrusted: true,
        key: 0,
        kit: Arc::new(kit),
        push: PushHub::default(),
    })
}

/// The stand-in for Apple's push service. Its CA is kept in files, so that a server that was told of it once trusts it
/// in later runs too.
fn push_service(arguments: &ServerArgs) -> Result<Option<ApnsOptions>, Stop> {
    let Some(listen) = arguments.apns_listen else {
        return Ok(None);
    };
    let mut options = ApnsOptions::new(listen);
    let Some(path) = &arguments.apns_ca_out else {
        return Ok(Some(options));
    };
    let mut key_path = path.clone().into_os_string();
    key_path.push(".key");
    let key_path = PathBuf::from(key_path);
    let ca = if path.exists() && key_path.exists() {
        ApnsCa {
            certificate_pem: pem(path)?,
            key_pem: pem(&key_path)?,
        }
    } else {
        let ca = ApnsCa::generate().map_err(|error| Stop::new(Exit::Bug, error.to_string()))?;
        // The key first: it is never written over, and a certificate without its key would be of no use.
        write_key(&key_path, &ca.key_pem)?;
        fs::write(path, &ca.certificate_pem).map_err(|error| Stop::io(path, &error))?;
        ca
    };
    options.ca = Some(ca);
    Ok(Some(options))
}

fn address(text: &str) -> Result<SocketAddr, Stop> {
    text.parse().map_err(|error| {
        Stop::new(
            Exit::BadData,
            format!("verify.toml: `{text}` is no address: {error}"),
        )
    })
}

pub(crate) fn pem(path: &Path) -> Result<String, Stop> {
    fs::read_to_string(path).map_err(|error| Stop::usage(format!("{}: {error}", path.display())))
}
