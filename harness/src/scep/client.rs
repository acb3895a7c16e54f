//! The device's side.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use jiff::Timestamp;
use md5::Digest as _;
use reqwest::Url;
use x509_cert::Certificate;

use super::http_transport::LONGEST_ANSWER;
use super::{ScepError, ScepHttp, ScepMethod, ScepReply, ScepRequest, ScepTransport};
use crate::protocol::apple::identity::{ClientIdentity, IdentityError};
use crate::protocol::scep::caps::Caps;
use crate::protocol::scep::message::{self, Incoming, MessageType, Outgoing, PkiStatus, Signer};
use crate::protocol::scep::{certificate, envelope, request as csr};
use crate::server::clock::Clock;

/// Most polls, whatever the profile says.
const MOST_POLLS: u32 = 100;
/// Characters of an answer that go into an error.
const EXCERPT: usize = 120;
/// Seconds of the certificate that only signs the request.
const SELF_SIGNED_FOR: i64 = 7 * 24 * 3600;

const GET_CA_CAPS: &str = "GetCACaps";
const GET_CA_CERT: &str = "GetCACert";
const PKI_OPERATION: &str = "PKIOperation";

/// Gets a certificate for the request's key. The clock tells whether the certificate is valid now.
pub async fn obtain(
    transport: &dyn ScepTransport,
    request: &ScepRequest,
    clock: &Clock,
) -> Result<Arc<ClientIdentity>, ScepError> {
    let url = Url::parse(&request.url)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"))
        .ok_or_else(|| ScepError::Request(format!("`{}` is no web address", request.url)))?;
    let dialog = Dialog {
        transport,
        request,
        url,
    };
    let caps = dialog.caps().await?;
    let authority = dialog.authority().await?;
    dialog.check_fingerprint(&authority)?;
    dialog.enroll(caps, &authority, clock).await
}

/// One run of the protocol.
struct Dialog<'a> {
    transport: &'a dyn ScepTransport,
    request: &'a ScepRequest,
    url: Url,
}

/// Everything that stays the same between request and polls.
struct Exchange<'a> {
    caps: Caps,
    authority: &'a [Certificate],
    recipient: &'a Certificate,
    signer: Signer<'a>,
    transaction: String,
}

impl Dialog<'_> {
    /// A server that does not know the question has none of the abilities (RFC 8894 §3.5.2).
    async fn caps(&self) -> Result<Caps, ScepError> {
        let reply = self
            .send(
                GET_CA_CAPS,
                self.get(GET_CA_CAPS, self.request.name.as_deref()),
            )
            .await?;
        Ok(if (200..300).contains(&reply.status) {
            Caps::parse(&reply.body)
        } else {
            Caps::default()
        })
    }

    async fn authority(&self) -> Result<Vec<Certificate>, ScepError> {
        let reply = self
            .send(
                GET_CA_CERT,
                self.get(GET_CA_CERT, self.request.name.as_deref()),
            )
            .await?;
        let body = self.success(GET_CA_CERT, &reply)?;
        let chain = certificate::read(body)
            .map(|certificate| vec![certificate])
            .or_else(|_| certificate::unbundle(body))
            .map_err(|_| self.garbage(GET_CA_CERT, &reply))?;
        if chain.is_empty() {
            return Err(ScepError::Authority(
                "GetCACert gave an empty bundle of certificates".to_owned(),
            ));
        }
        Ok(chain)
    }

    fn check_fingerprint(&self, authority: &[Certificate]) -> Result<(), ScepError> {
        let Some(expected) = &self.request.ca_fingerprint else {
            return Ok(());
        };
        let algorithm = match expected.len() {
            16 => "MD5",
            20 => "SHA-1",
            32 => "SHA-256",
            64 => "SHA-512",
            length => {
                return Err(ScepError::Request(format!(
                    "a CAFingerprint of {length} bytes is none of MD5, SHA-1, SHA-256, SHA-512"
                )));
            }
        };
        let digest = |certificate: &Certificate| {
            let der = certificate::der_of(certificate).unwrap_or_default();
            let by = |algorithm| ring::digest::digest(algorithm, &der).as_ref().to_vec();
            match expected.len() {
                16 => md5::Md5::digest(&der).to_vec(),
                20 => by(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY),
                32 => by(&ring::digest::SHA256),
                _ => by(&ring::digest::SHA512),
            }
        };
        let found: Vec<Vec<u8>> = authority.iter().map(digest).collect();
        if found.contains(expected) {
            return Ok(());
        }
        Err(ScepError::Fingerprint {
            algorithm,
            expected: hex(expected),
            found: found
                .iter()
                .map(|one| hex(one))
                .collect::<Vec<_>>()
                .join(", "),
        })
    }

    async fn enroll(
        &self,
        caps: Caps,
        authority: &[Certificate],
        clock: &Clock,
    ) -> Result<Arc<ClientIdentity>, ScepError> {
        let request = csr::encode(self.request).map_err(|error| ScepError::Request(error.0))?;
        let subject =
            csr::subject(&self.request.subject).map_err(|error| ScepError::Request(error.0))?;
        let public = certificate::public_key(self.request.key.pair());
        let digest = ring::digest::digest(&ring::digest::SHA256, &public);
        let now = clock.now().as_second();
        let own = match &self.request.renews {
            Some(identity) if certificate::public_key(identity.key()) != public => {
                return Err(ScepError::Request(
                    "a certificate is renewed with the key it was made for".to_owned(),
                ));
            }
            Some(identity) => identity.certificate_der().to_vec(),
            None => self_signed(self.request, &subject, &public, digest.as_ref(), now)
                .map_err(|error| ScepError::Request(error.0))?,
        };
        let recipient = recipient(authority)?;
        let exchange = Exchange {
            caps,
            authority,
            recipient,
            signer: Signer {
                key: &self.request.key,
                certificate: &own,
                sha256: caps.sha256,
            },
            transaction: hex(digest.as_ref()).to_uppercase(),
        };
        let kind = if self.request.renews.is_some() && caps.renewal {
            MessageType::RenewalReq
        } else {
            MessageType::PkcsReq
        };
        let mut answer = self.exchange(&exchange, kind, &request).await?;
        let issuer = authority
            .iter()
            .find(|certificate| {
                recipient.tbs_certificate().issuer() == certificate.tbs_certificate().subject()
            })
            .unwrap_or(recipient);
        let issuer = certificate::der_of(issuer.tbs_certificate().subject())
            .map_err(|error| ScepError::Answer(error.0))?;
        let poll = csr::issuer_and_subject(&issuer, &subject);
        let most = self.request.retries.min(MOST_POLLS);
        let mut polls = 0;
        loop {
            match &answer.status {
                Some(PkiStatus::Success) => break,
                Some(PkiStatus::Failure(code, text)) => return Err(refused(code, text.as_deref())),
                Some(PkiStatus::Pending) if polls < most => {
                    polls += 1;
                    tokio::time::sleep(self.request.retry_delay).await;
                    answer = self
                        .exchange(&exchange, MessageType::CertPoll, &poll)
                        .await?;
                }
                Some(PkiStatus::Pending) => return Err(ScepError::Pending { polls }),
                None => return Err(ScepError::Answer("it has no pkiStatus".to_owned())),
            }
        }
        self.certificate(&exchange, &answer, &public, clock)
    }

    /// Sends one message and reads the answer to it.
    async fn exchange(
        &self,
        exchange: &Exchange<'_>,
        kind: MessageType,
        content: &[u8],
    ) -> Result<Incoming, ScepError> {
        let request = |error: IdentityError| ScepError::Request(error.0);
        let nonce = envelope::random(16).map_err(request)?;
        let sealed = envelope::seal(content, exchange.recipient, exchange.caps.cipher())
            .map_err(|error| ScepError::Authority(error.0))?;
        let message = message::encode(
            &Outgoing {
                kind,
                transaction: &exchange.transaction,
                sender_nonce: &nonce,
                recipient_nonce: None,
                status: None,
                content: Some(&sealed),
            },
            &exchange.signer,
        )
        .map_err(request)?;
        let http = if exchange.caps.post {
            ScepHttp {
                method: ScepMethod::Post,
                url: self.operation(PKI_OPERATION, None),
                body: Some(Bytes::from(message)),
            }
        } else {
            self.get(PKI_OPERATION, Some(&STANDARD.encode(message)))
        };
        let reply = self.send(PKI_OPERATION, http).await?;
        let body = self.success(PKI_OPERATION, &reply)?;
        // Signed data is a SEQUENCE; anything else is a page or a text.
        if body.first() != Some(&0x30) {
            return Err(self.garbage(PKI_OPERATION, &reply));
        }
        let answer = message::decode(body, exchange.authority)
            .map_err(|error| ScepError::Answer(error.0))?;
        let wrong = |what: &str| Err(ScepError::Answer(what.to_owned()));
        if answer.kind != MessageType::CertRep {
            return wrong("it is no CertRep message");
        }
        if answer.transaction != exchange.transaction {
            return wrong("it belongs to another transaction");
        }
        if answer.recipient_nonce.as_deref() != Some(nonce.as_slice()) {
            return wrong(
                "it repeats an older answer (the recipientNonce is not the one just sent)",
            );
        }
        let trusted = exchange.authority.contains(&answer.signer)
            || exchange
                .authority
                .iter()
                .any(|issuer| certificate::issued_by(&answer.signer, issuer).is_ok());
        if !trusted {
            return Err(ScepError::Answer(format!(
                "it is signed by `{}`, which GetCACert does not name",
                answer.signer.tbs_certificate().subject()
            )));
        }
        Ok(answer)
    }

    /// Takes the certificate out of the answer and judges it.
    fn certificate(
        &self,
        exchange: &Exchange<'_>,
        answer: &Incoming,
        public: &[u8],
        clock: &Clock,
    ) -> Result<Arc<ClientIdentity>, ScepError> {
        let said = |error: IdentityError| ScepError::Answer(error.0);
        let sealed = answer.content.as_deref().ok_or(ScepError::NoCertificate)?;
        let (content, _) = envelope::open(sealed, &self.request.key).map_err(said)?;
        let all = certificate::unbundle(&content).map_err(said)?;
        let key_of = |certificate: &Certificate| {
            certificate::der_of(certificate.tbs_certificate().subject_public_key_info())
        };
        let Some(first) = all.first() else {
            return Err(ScepError::NoCertificate);
        };
        let subject_of =
            |certificate: &Certificate| certificate.tbs_certificate().subject().to_string();
        let leaf = all
            .iter()
            .find(|one| key_of(one).is_ok_and(|key| key == public))
            .ok_or_else(|| ScepError::OtherKey {
                subject: subject_of(first),
            })?;
        let now = clock.now();
        let (from, until) = certificate::validity(leaf);
        if now.as_second() < from || now.as_second() > until {
            return Err(ScepError::NotValidNow {
                subject: subject_of(leaf),
                from: instant(from),
                until: instant(until),
                now: now.to_string(),
            });
        }
        // The issuer may come with the certificate when it chains to what GetCACert gave.
        let mut cause = "no name fits".to_owned();
        let mut links = exchange.authority.iter().chain(all.iter().filter(|one| {
            exchange
                .authority
                .iter()
                .any(|issuer| certificate::issued_by(one, issuer).is_ok())
        }));
        let issuer = leaf.tbs_certificate().issuer();
        let chained = links.any(|link| {
            link.tbs_certificate().subject() == issuer
                && certificate::issued_by(leaf, link)
                    .inspect_err(|error| cause.clone_from(&error.0))
                    .is_ok()
        });
        if !chained {
            return Err(ScepError::Chain {
                issuer: issuer.to_string(),
                known: exchange
                    .authority
                    .iter()
                    .map(subject_of)
                    .collect::<Vec<_>>()
                    .join("; "),
                cause,
            });
        }
        let der = certificate::der_of(leaf).map_err(said)?;
        ClientIdentity::new(self.request.key.pair().clone(), der)
            .map(Arc::new)
            .map_err(said)
    }

    async fn send(&self, operation: &'static str, http: ScepHttp) -> Result<ScepReply, ScepError> {
        let within = self.request.answer_within;
        match tokio::time::timeout(within, self.transport.send(http)).await {
            Err(_) => Err(ScepError::Silent {
                operation,
                url: self.place(),
                after: within,
            }),
            Ok(Err(cause)) => Err(ScepError::Unreachable {
                operation,
                url: self.place(),
                cause,
            }),
            Ok(Ok(reply)) if reply.body.len() > LONGEST_ANSWER => Err(ScepError::Garbage {
                operation,
                url: self.place(),
                what: format!("{} bytes", reply.body.len()),
            }),
            Ok(Ok(reply)) => Ok(reply),
        }
    }

    fn success<'r>(
        &self,
        operation: &'static str,
        reply: &'r ScepReply,
    ) -> Result<&'r [u8], ScepError> {
        if !(200..300).contains(&reply.status) {
            return Err(ScepError::Status {
                operation,
                url: self.place(),
                status: reply.status,
                body: excerpt(&reply.body),
            });
        }
        if reply.body.is_empty() {
            return Err(self.garbage(operation, reply));
        }
        Ok(&reply.body)
    }

    fn garbage(&self, operation: &'static str, reply: &ScepReply) -> ScepError {
        let body = reply.body.trim_ascii_start();
        let what = if body.is_empty() {
            "nothing".to_owned()
        } else if body.starts_with(b"<") {
            format!("a web page (`{}`)", excerpt(body))
        } else {
            format!(
                "{} (`{}`)",
                reply.content_type.as_deref().unwrap_or("bytes of no type"),
                excerpt(body)
            )
        };
        ScepError::Garbage {
            operation,
            url: self.place(),
            what,
        }
    }

    fn get(&self, operation: &str, message: Option<&str>) -> ScepHttp {
        ScepHttp {
            method: ScepMethod::Get,
            url: self.operation(operation, message),
            body: None,
        }
    }

    fn operation(&self, operation: &str, message: Option<&str>) -> String {
        let mut url = self.url.clone();
        {
            let mut query = url.query_pairs_mut();
            query.append_pair("operation", operation);
            if let Some(message) = message {
                query.append_pair("message", message);
            }
        }
        url.into()
    }

    /// The URL for people: queries may hold secrets.
    fn place(&self) -> String {
        let mut url = self.url.clone();
        url.set_query(None);
        let _ = url.set_password(None);
        url.into()
    }
}

/// The certificate to encrypt for: an RSA key whose usage allows it, registration authorities before CAs.
fn recipient(authority: &[Certificate]) -> Result<&Certificate, ScepError> {
    use x509_cert::ext::pkix::{BasicConstraints, KeyUsage};
    let is_rsa = |one: &&Certificate| {
        let key = one.tbs_certificate().subject_public_key_info();
        key.algorithm.oid == crate::protocol::apple::identity::oids::RSA
    };
    let usable = |one: &&Certificate| {
        let usage = one.tbs_certificate().get_extension::<KeyUsage>();
        usage
            .ok()
            .flatten()
            .is_none_or(|(_, usage)| usage.key_encipherment())
    };
    let is_ca = |one: &Certificate| {
        let constraints = one.tbs_certificate().get_extension::<BasicConstraints>();
        constraints
            .ok()
            .flatten()
            .is_some_and(|(_, constraints)| constraints.ca)
    };
    let mut candidates: Vec<&Certificate> = authority.iter().filter(is_rsa).collect();
    candidates.sort_by_key(|one| (!usable(one), is_ca(one)));
    candidates.first().copied().ok_or_else(|| {
        ScepError::Authority(
            "none of its certificates has an RSA key, so that no request can be encrypted for it; a CA with another \
             key needs a registration authority with an RSA key"
                .to_owned(),
        )
    })
}

fn self_signed(
    request: &ScepRequest,
    subject: &[u8],
    public: &[u8],
    digest: &[u8],
    now: i64,
) -> Result<Vec<u8>, IdentityError> {
    let parts = certificate::Parts {
        serial: &digest[..16],
        issuer: subject,
        subject,
        key: public,
        not_before: now - 3600,
        not_after: now + SELF_SIGNED_FOR,
        extensions: vec![certificate::key_usage(
            super::DIGITAL_SIGNATURE | super::KEY_ENCIPHERMENT,
        )],
    };
    certificate::issue(&parts, request.key.pair())
}

/// `failInfo` (RFC 8894 §3.2.1.4) and what to do about it.
fn refused(code: &str, text: Option<&str>) -> ScepError {
    let (code, advice) = match code {
        "0" => (
            "badAlg",
            "It does not support the device's algorithms (RSA 2048, AES or triple DES, SHA-256 or SHA-1)",
        ),
        "1" => (
            "badMessageCheck",
            "It could not verify or decrypt the message; check that GetCACert gives the certificate of the key that it \
             decrypts with",
        ),
        "2" => (
            "badRequest",
            "Usually the Challenge in the profile's SCEP payload is wrong, used up or expired; otherwise the subject or \
             key usage is not allowed. Its log tells which",
        ),
        "3" => (
            "badTime",
            "The clocks of the device and the authority differ too much",
        ),
        "4" => (
            "badCertId",
            "It does not know the request that is polled for; it may have been restarted or the request withdrawn",
        ),
        other => (other, "Look into the authority's log at this time"),
    };
    ScepError::Refused {
        code: if code.is_empty() { "no failInfo" } else { code }.to_owned(),
        text: text
            .map(|text| format!(": {}", excerpt(text.as_bytes())))
            .unwrap_or_default(),
        advice: advice.to_owned(),
    }
}

fn instant(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(|_| seconds.to_string(), |at| at.to_string())
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// The beginning of a body in one line.
fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(EXCERPT * 4)]);
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(EXCERPT)
        .collect::<String>()
        .trim()
        .to_owned()
}
