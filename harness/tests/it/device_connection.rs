//! How long a device's connection lasts.

use harness::device::apple::settings::{BehaviorSettings, ConnectionUse};
use harness::device::{DeviceError, DeviceUnderTest as _};
use scenarios::scenario::{ChannelWord, DeviceAction};
use serde_json::json;

use crate::device_support::Setup;

fn setup(connection: ConnectionUse) -> Setup {
    let mut setup = Setup::iphone("18.0");
    setup.settings = BehaviorSettings {
        connection,
        ..BehaviorSettings::default()
    };
    setup
}

#[tokio::test]
async fn a_connection_lasts_as_long_as_the_setting_says() {
    // The first connection is the enrollment's.
    for (connection, after_three, after_restart) in [
        (ConnectionUse::Kept, 2, 3),
        (ConnectionUse::PerSession, 4, 5),
    ] {
        let (server, mut device) = setup(connection).enrolled().await;
        let connections = || server.with(|script| script.connections);
        for number in 0..3 {
            server.queue(
                &format!("c{number}"),
                json!({ "RequestType": "ProfileList" }),
            );
            device.session(ChannelWord::Device).await.unwrap();
        }
        assert_eq!(server.answers().len(), 3);
        assert_eq!(connections(), after_three, "{connection:?}");
        device.act(&DeviceAction::Reboot).await.unwrap();
        device.session(ChannelWord::Device).await.unwrap();
        assert_eq!(connections(), after_restart, "{connection:?}");
    }
}

#[tokio::test]
async fn a_kept_connection_that_the_server_has_closed_is_replaced_and_a_new_one_is_not() {
    for (connection, survives) in [
        (ConnectionUse::Kept, true),
        (ConnectionUse::PerSession, false),
    ] {
        let (server, mut device) = setup(connection).enrolled().await;
        device.session(ChannelWord::Device).await.unwrap();
        server.queue("c", json!({ "RequestType": "ProfileList" }));
        server.with(|script| script.drop_next_idle = true);
        let session = device.session(ChannelWord::Device).await;
        assert_eq!(session.is_ok(), survives, "{connection:?}: {session:?}");
        if let Err(error) = session {
            assert!(matches!(error, DeviceError::Unreachable(_)), "{error}");
        }
        assert_eq!(server.answers().len(), usize::from(survives));
    }
}
