//! Device identities: a key and a certificate, and the `Mdm-Signature` made with them.

/// A device identity.
#[derive(Debug)]
pub struct ClientIdentity {
    /// DER of the certificate.
    pub certificate: Vec<u8>,
}
