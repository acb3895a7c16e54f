//! The device's side.

use std::sync::Arc;

use super::{ScepError, ScepRequest, ScepTransport};
use crate::protocol::apple::identity::ClientIdentity;
use crate::server::clock::Clock;

/// Gets a certificate for the request's key. The clock tells whether the certificate is valid now.
pub async fn obtain(
    transport: &dyn ScepTransport,
    request: &ScepRequest,
    clock: &Clock,
) -> Result<Arc<ClientIdentity>, ScepError> {
    let _ = (transport, request, clock);
    Err(ScepError::NoCertificate)
}
