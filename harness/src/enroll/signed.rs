//! CMS with its content inside: signed profiles and signed `MachineInfo`.

use std::fmt;

use crate::protocol::apple::identity::{self, Attached};

/// What vouches for a profile, as a person would see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signature {
    /// Signed by someone whom a trusted CA vouches for ("Verified").
    Trusted(String),
    /// Signed, but nobody vouches for the signer ("Not Verified"): subject and reason.
    Untrusted(String, String),
    /// Not signed ("Unsigned").
    None,
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trusted(who) => write!(f, "signed by {who}"),
            Self::Untrusted(who, why) => {
                write!(f, "signed by {who}, whom nobody vouches for ({why})")
            }
            Self::None => f.write_str("unsigned"),
        }
    }
}

/// Opens signed bytes. The error says what is broken; an unknown signer is no error.
pub fn open<'a>(
    bytes: &[u8],
    anchors: impl Iterator<Item = &'a [u8]>,
    now: jiff::Timestamp,
) -> Result<(Vec<u8>, Signature), String> {
    let Attached {
        content,
        signer,
        chain,
    } = identity::open_signed(bytes).map_err(|error| error.to_string())?;
    let subject = identity::subject_of(&signer);
    let vouched = super::tls::valid_at(&signer, now).and_then(|()| {
        identity::vouched(&signer, &chain, anchors).map_err(|error| error.to_string())
    });
    let signature = match vouched {
        Ok(()) => Signature::Trusted(subject),
        Err(why) => Signature::Untrusted(subject, why),
    };
    Ok((content, signature))
}
