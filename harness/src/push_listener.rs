//! The push service's stand-in in plain HTTP, for servers that can be told a URL: servers post, devices of the
//! harness wake.

use std::net::SocketAddr;

use crate::apns::ApnsSettings;
use crate::apns::answer::{self, Service};
use crate::push::PushHub;
use crate::server::StartError;
use crate::server::clock::Clock;
use crate::server::http::{self, Listening};

/// A listener for `POST /3/device/<hexadecimal token>` with the body `{"mdm": "<PushMagic>"}`. Dropping it stops it.
#[derive(Debug)]
pub struct PushListener {
    listening: Listening,
}

impl PushListener {
    /// Starts listening; port 0 takes a free one.
    pub async fn start(address: SocketAddr, hub: PushHub) -> Result<Self, StartError> {
        let service = Service::new(hub, Clock::system(), ApnsSettings::default());
        let router = answer::routes(service, None);
        Ok(Self {
            listening: http::listen("pushes", address, router).await?,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.listening.address
    }

    /// The URL to tell a server as its push service.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.listening.address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::time::Duration;

    #[tokio::test]
    async fn posts_wake_registered_devices_only() {
        let hub = PushHub::default();
        let mut wake = hub.register(&[0xab, 0xcd], "magic");
        let listener = PushListener::start(([127, 0, 0, 1], 0).into(), hub)
            .await
            .expect("listens");
        let client = http::client(Duration::from_secs(5), &[]).expect("a client");
        let table = [
            ("abce", json!({ "mdm": "magic" }), 410, false),
            ("xyz", json!({ "mdm": "magic" }), 400, false),
            ("abc", json!({ "mdm": "magic" }), 400, false),
            ("abcd", json!({ "other": 1 }), 400, false),
            ("abcd", json!({ "mdm": "another" }), 200, false),
            ("abcd", json!({ "mdm": "magic" }), 200, true),
            ("ABCD", json!({ "mdm": "magic" }), 200, true),
        ];
        for (token, body, status, woken) in table {
            let answer = client
                .post(format!("{}/3/device/{token}", listener.url()))
                .json(&body)
                .send()
                .await
                .expect("an answer");
            assert_eq!(answer.status().as_u16(), status, "{token} {body}");
            assert!(answer.headers().contains_key("apns-id"));
            assert_eq!(wake.take(), woken, "{token} {body}");
        }
    }
}
