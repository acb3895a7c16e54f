//! The effect tree: what is in force on a device, seen through a port that the server can not reach.
//!
//! Scenarios look into it with JSON pointers. The tree holds only what is *in force*, not what was installed: a
//! restriction that the release ignores is absent from `restrictions` although its profile stands in `profiles`.
//!
//! | pointer | value |
//! |---|---|
//! | `/os/version`, `/os/build` | what the device runs |
//! | `/management` | `enrolled`, `supervised` (booleans), `user_channel` (boolean) |
//! | `/profiles/<identifier>` | `{"channel": "device" or "user", "payloads": {"<PayloadType>": "applied" or "inert"}}` |
//! | `/restrictions/<key>` | value of a `com.apple.applicationaccess` key in force |
//! | `/passcode` | `set`, `compliant` (booleans), `policy` (keys of the passcode payload in force) |
//! | `/payloads/<PayloadType>` | array, one object per payload in force, with the keys in force only |
//! | `/settings/<name>` | `DeviceName`, `HostName`, `Bluetooth`, `VoiceRoaming`, `DataRoaming`, `PersonalHotspot`, `TimeZone`, `Wallpaper`, … |
//! | `/lock` | `locked` (boolean), `message`, `phone_number`, `pin_set` |
//! | `/lost_mode` | `enabled` (boolean), `message`, `phone_number`, `footnote`, `sound_played` |
//! | `/erase` | `erased`, `preserve_data_plan`, `return_to_service` (booleans) |
//! | `/power` | `reboots` (number), `shut_down` (boolean) |
//! | `/apps/<bundle id>` | `managed` (boolean), `removable` (boolean), `configuration`, `attributes` (objects), `source` (`store`, `manifest`, `declaration`) |
//! | `/update` | `deferral_days` (number, absent when nothing defers), `pending` (version), `enforced` (version), `automatic` (object) |
//! | `/declarations/<identifier>` | `{"type", "active": boolean, "valid": "valid" or "invalid" or "unknown"}`, and `payload` when it is in force |
//! | `/accounts/<identifier>` | accounts configured by payload or declaration |
//! | `/certificates/<identifier>` | `{"subject", "trusted": boolean, "identity": boolean}` |
//! | `/users` | `logged_in` (name, absent when nobody is), `known` (array of names) |
//! | `/activation_lock` | `enabled`, `bypass_code_known` (booleans) |
//! | `/content_caching`, `/firewall`, `/filevault`, `/remote_desktop` | macOS services: `enabled` and the keys in force |
//! | `/books` | managed books: array of `{"iTunesStoreID" or "PersistentID", "State", "Title", …}` |
//! | `/provisioning/<UUID>` | provisioning profiles: `{"bytes": number}` |
//! | `/services` | what few devices have, absent otherwise: `mirroring_to`, `cellular_plan_servers`, `update_scans`, `log_collection`, `restrictions_password_cleared`, `firmware_password_set`, `recovery_lock_set`, `redemption_codes`, `invitations` |

/// Names at the root of the tree; a scenario's pointer must begin with one of them.
pub const ROOTS: [&str; 25] = [
    "os",
    "management",
    "profiles",
    "restrictions",
    "passcode",
    "payloads",
    "settings",
    "lock",
    "lost_mode",
    "erase",
    "power",
    "apps",
    "update",
    "declarations",
    "accounts",
    "certificates",
    "users",
    "activation_lock",
    "content_caching",
    "firewall",
    "filevault",
    "remote_desktop",
    "books",
    "provisioning",
    "services",
];
