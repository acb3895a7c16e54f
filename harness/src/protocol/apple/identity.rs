//! Device identities: a key and a certificate, and the `Mdm-Signature` made with them.

/// A device identity.
#[derive(Debug)]
pub struct ClientIdentity {
    certificate: Vec<u8>,
}

/// A signature could not be made or did not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct IdentityError(pub String);

impl ClientIdentity {
    /// DER of the certificate.
    #[must_use]
    pub fn certificate_der(&self) -> &[u8] {
        &self.certificate
    }

    /// The value of the `Mdm-Signature` header: base64 of a detached CMS signature over `body`.
    pub fn mdm_signature(&self, _body: &[u8]) -> Result<String, IdentityError> {
        Err(IdentityError("this identity has no key".to_owned()))
    }
}
