//! Why no certificate came, in sentences a person can act on.

use std::time::Duration;

/// Why a device has no certificate. Each message ends with what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScepError {
    /// No connection, or none that lasted.
    #[error(
        "SCEP: no answer to {operation} from {url}: {cause}. Check that the URL in the profile's SCEP payload is \
         right and that the authority is running"
    )]
    Unreachable {
        /// `GetCACaps`, `GetCACert`, or `PKIOperation`.
        operation: &'static str,
        /// The URL without its query.
        url: String,
        /// What the carrier said.
        cause: String,
    },
    /// No answer in time.
    #[error(
        "SCEP: {operation} got no answer from {url} within {} s. Check the authority's load and its log", after.as_secs()
    )]
    Silent {
        /// The operation.
        operation: &'static str,
        /// The URL without its query.
        url: String,
        /// How long the device waited.
        after: Duration,
    },
    /// An HTTP error.
    #[error(
        "SCEP: {operation} at {url} was answered with HTTP {status}: {body}. Check the path of the SCEP URL and the \
         authority's log"
    )]
    Status {
        /// The operation.
        operation: &'static str,
        /// The URL without its query.
        url: String,
        /// HTTP status.
        status: u16,
        /// Beginning of the body.
        body: String,
    },
    /// Something else than SCEP answered.
    #[error(
        "SCEP: {operation} at {url} was answered with {what}, which is no SCEP message. Check that the URL is the \
         SCEP endpoint and that no login page or proxy stands before it"
    )]
    Garbage {
        /// The operation.
        operation: &'static str,
        /// The URL without its query.
        url: String,
        /// What came, with the beginning of it.
        what: String,
    },
    /// The authority's certificate is not the one the profile names.
    #[error(
        "SCEP: the authority's certificate has the {algorithm} fingerprint {found}, but the profile's CAFingerprint \
         is {expected}. Put the fingerprint of the present CA into the profile, or find out who answers at this URL"
    )]
    Fingerprint {
        /// `MD5`, `SHA-1`, `SHA-256`, `SHA-512`.
        algorithm: &'static str,
        /// In hexadecimal.
        expected: String,
        /// In hexadecimal.
        found: String,
    },
    /// The request itself can not be made.
    #[error("SCEP: the request cannot be made: {0}. Correct the SCEP payload of the profile")]
    Request(String),
    /// The authority offers nothing that the device may use.
    #[error("SCEP: the authority cannot be used: {0}. Change the authority's settings")]
    Authority(String),
    /// The authority refused.
    #[error("SCEP: the authority refused the request ({code}{text}). {advice}")]
    Refused {
        /// `badAlg`, `badMessageCheck`, `badRequest`, `badTime`, `badCertId`, or the number.
        code: String,
        /// `failInfoText`, with a leading separator.
        text: String,
        /// What to do.
        advice: String,
    },
    /// The authority said "pending" to the end.
    #[error(
        "SCEP: the request is still pending after {polls} polls. Approve it at the authority, or raise Retries and \
         RetryDelay in the profile's SCEP payload"
    )]
    Pending {
        /// How often the device asked again.
        polls: u32,
    },
    /// The answer does not hold: not signed by the authority, for another request, not for this device to read.
    #[error(
        "SCEP: the authority's answer does not hold: {0}. Look into the authority's log at this time"
    )]
    Answer(String),
    /// The answer held no certificate.
    #[error(
        "SCEP: the authority said success but sent no certificate. Look into the authority's log at this time"
    )]
    NoCertificate,
    /// The certificate is for another key.
    #[error(
        "SCEP: the certificate that came ({subject}) is for another key than the device's. The authority mixed up \
         requests, or a cache or proxy in between answers with an old certificate"
    )]
    OtherKey {
        /// Its subject.
        subject: String,
    },
    /// The certificate is not valid now.
    #[error(
        "SCEP: the certificate that came ({subject}) is valid from {from} to {until}, and it is {now}. Correct the \
         validity in the authority's settings or its clock"
    )]
    NotValidNow {
        /// Its subject.
        subject: String,
        /// Begin of validity.
        from: String,
        /// End of validity.
        until: String,
        /// The device's time.
        now: String,
    },
    /// The certificate does not come from the authority that was asked.
    #[error(
        "SCEP: the certificate that came was issued by {issuer}, which is none of the certificates that GetCACert \
         gave ({known}): {cause}. Let GetCACert return the whole chain of the issuing CA"
    )]
    Chain {
        /// Its issuer.
        issuer: String,
        /// Subjects of the authority's certificates.
        known: String,
        /// What failed.
        cause: String,
    },
}

impl ScepError {
    /// The stable word for records and figures.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "scep_unreachable",
            Self::Silent { .. } => "scep_silent",
            Self::Status { .. } => "scep_http_error",
            Self::Garbage { .. } => "scep_garbage",
            Self::Fingerprint { .. } => "scep_ca_fingerprint",
            Self::Request(_) => "scep_request",
            Self::Authority(_) => "scep_authority",
            Self::Refused { .. } => "scep_refused",
            Self::Pending { .. } => "scep_pending",
            Self::Answer(_) => "scep_answer",
            Self::NoCertificate => "scep_no_certificate",
            Self::OtherKey { .. } => "scep_other_key",
            Self::NotValidNow { .. } => "scep_certificate_not_valid",
            Self::Chain { .. } => "scep_chain_unknown",
        }
    }
}
