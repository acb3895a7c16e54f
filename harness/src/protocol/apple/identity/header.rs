//! The certificate in an HTTP header, as a proxy that ends TLS passes it on.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use der::pem::LineEnding;
use der::{Decode as _, DecodePem as _, EncodePem as _};
use x509_cert::Certificate;

use super::{ClientIdentity, IdentityError};

/// Longest header value that is read, in bytes.
const LONGEST: usize = 64 * 1024;

/// The form of RFC 9440: `:base64(DER):`.
#[must_use]
pub fn certificate_header(identity: &ClientIdentity) -> String {
    format!(":{}:", STANDARD.encode(identity.certificate_der()))
}

/// The form of nginx and others: PEM with URL escapes.
pub fn certificate_header_pem(identity: &ClientIdentity) -> Result<String, IdentityError> {
    let pem = Certificate::from_der(identity.certificate_der())
        .and_then(|certificate| certificate.to_pem(LineEnding::LF))
        .map_err(|error| IdentityError::new("the certificate cannot be written as PEM", error))?;
    let mut escaped = String::with_capacity(pem.len() * 2);
    for byte in pem.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            escaped.push(char::from(byte));
        } else {
            escaped.push('%');
            for nibble in [byte >> 4, byte & 15] {
                escaped.push(char::from(b"0123456789ABCDEF"[usize::from(nibble)]));
            }
        }
    }
    Ok(escaped)
}

/// Reads a certificate (DER) from a header value in either form.
pub fn certificate_from_header(value: &str) -> Result<Vec<u8>, IdentityError> {
    if value.len() > LONGEST {
        return Err(IdentityError(format!(
            "the certificate header is longer than {LONGEST} bytes"
        )));
    }
    let value = value.trim();
    if let Some(encoded) = value
        .strip_prefix(':')
        .and_then(|rest| rest.strip_suffix(':'))
    {
        return STANDARD
            .decode(encoded)
            .map_err(|error| IdentityError::new("the certificate header is not base64", error));
    }
    let pem = unescape(value)?;
    Certificate::from_pem(&pem)
        .and_then(|certificate| der::Encode::to_der(&certificate))
        .map_err(|error| IdentityError::new("the certificate header is not PEM", error))
}

fn unescape(value: &str) -> Result<Vec<u8>, IdentityError> {
    let mut out = Vec::with_capacity(value.len());
    let mut bytes = value.bytes();
    let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let (Some(high), Some(low)) = (digit(bytes.next()), digit(bytes.next())) else {
            return Err(IdentityError(
                "the certificate header has a broken URL escape".to_owned(),
            ));
        };
        out.push(u8::try_from(high * 16 + low).unwrap_or_default());
    }
    Ok(out)
}
