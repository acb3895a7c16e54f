//! What identifies a device: derived from its seed, in the format of its model's time.

use device_matrix::known::Known;
use device_matrix::model::{DeviceModel, Hardware};
use device_matrix::platform::Platform;
use jiff::civil::date;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};

/// Derives identifiers from a seed. The same seed and purpose give the same value, in whatever order they are asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Derive(pub u64);

impl Derive {
    fn bytes<const N: usize>(self, purpose: &str, count: u32) -> [u8; N] {
        // FNV-1a over the purpose separates the streams of one seed.
        let tag = purpose
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            });
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&self.0.to_le_bytes());
        seed[8..16].copy_from_slice(&tag.to_le_bytes());
        seed[16..20].copy_from_slice(&count.to_le_bytes());
        let mut bytes = [0; N];
        ChaCha8Rng::from_seed(seed).fill_bytes(&mut bytes);
        bytes
    }

    /// An uppercase UUID.
    pub(super) fn uuid(self, purpose: &str, count: u32) -> String {
        uuid::Builder::from_random_bytes(self.bytes(purpose, count))
            .into_uuid()
            .hyphenated()
            .to_string()
            .to_uppercase()
    }

    /// The UDID: 40 hexadecimal digits on older hardware, chip and ECID on newer, a UUID on Macs.
    pub(super) fn udid(self, model: &DeviceModel) -> String {
        match udid_format(model) {
            UdidFormat::Uuid => self.uuid("udid", 0),
            UdidFormat::Sha1 => hex(&self.bytes::<20>("udid", 0)).to_lowercase(),
            UdidFormat::ChipAndEcid => self.chip_and_ecid(),
        }
    }

    /// The identifier that provisioning uses; on Macs it differs from the UDID.
    pub(super) fn provisioning_udid(self, model: &DeviceModel) -> String {
        if udid_format(model) == UdidFormat::Uuid && model.has(Hardware::AppleSilicon) {
            self.chip_and_ecid()
        } else {
            self.udid(model)
        }
    }

    fn chip_and_ecid(self) -> String {
        let ecid: [u8; 8] = self.bytes("ecid", 0);
        format!("0000{:02X}{:02X}-{}", 0x81, ecid[7] & 0x3F, hex(&ecid))
    }

    /// The serial number: ten random characters since 2021, twelve before.
    pub(super) fn serial(self, model: &DeviceModel) -> String {
        const LETTERS: &[u8; 32] = b"0123456789CDFGHJKLMNPQRTVWXYZ4K7";
        let length = match &model.released {
            Known::Known(day) if *day < date(2021, 4, 1) => 12,
            _ => 10,
        };
        let bytes: [u8; 12] = self.bytes("serial", 0);
        let digits = bytes[..length]
            .iter()
            .map(|byte| char::from(LETTERS[usize::from(byte & 31)]));
        digits.collect()
    }

    /// `count` decimal digits.
    pub(super) fn digits(self, purpose: &str, count: usize) -> String {
        let bytes: [u8; 24] = self.bytes(purpose, 0);
        bytes
            .iter()
            .take(count)
            .map(|byte| char::from(b'0' + byte % 10))
            .collect()
    }

    /// An IMEI with a right check digit.
    pub(super) fn imei(self, slot: u32) -> String {
        let body = format!("35{}", self.digits(&format!("imei{slot}"), 12));
        let sum: u32 = body
            .bytes()
            .rev()
            .enumerate()
            .map(|(position, digit)| {
                let digit = u32::from(digit - b'0');
                if position % 2 == 0 {
                    (digit * 2) / 10 + (digit * 2) % 10
                } else {
                    digit
                }
            })
            .sum();
        format!("{body}{}", (10 - sum % 10) % 10)
    }

    /// A MAC address.
    pub(super) fn mac(self, purpose: &str) -> String {
        let mut bytes: [u8; 6] = self.bytes(purpose, 0);
        bytes[0] = (bytes[0] & 0xFC) | 0x02;
        bytes.map(|byte| format!("{byte:02x}")).join(":")
    }

    /// A push token; a new generation is a new token.
    pub(super) fn push_token(self, channel: &str, generation: u32) -> [u8; 32] {
        self.bytes(&format!("token/{channel}"), generation)
    }

    /// A push magic.
    pub(super) fn push_magic(self, channel: &str, generation: u32) -> String {
        self.uuid(&format!("magic/{channel}"), generation)
    }

    /// The escrow by which the passcode can be cleared.
    pub(super) fn unlock_token(self, generation: u32) -> Vec<u8> {
        let mut token = b"DATA".to_vec();
        token.extend(self.bytes::<96>("unlock", generation));
        token
    }

    /// Any other secret of 32 bytes.
    pub(super) fn secret(self, purpose: &str) -> [u8; 32] {
        self.bytes(purpose, 0)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum UdidFormat {
    Sha1,
    ChipAndEcid,
    Uuid,
}

/// Chip and ECID since A12 and S4; Macs give a UUID over MDM.
fn udid_format(model: &DeviceModel) -> UdidFormat {
    if model.platform == Platform::Macos {
        return UdidFormat::Uuid;
    }
    let family = model.family();
    let major = model
        .id
        .0
        .get(family.len()..)
        .and_then(|rest| rest.split(',').next())
        .and_then(|digits| digits.parse::<u32>().ok());
    let first_new = match family {
        "iPhone" | "AppleTV" => 11,
        "iPad" => 8,
        "Watch" => 4,
        "iPod" => u32::MAX,
        _ => 0,
    };
    if major.is_some_and(|major| major < first_new) {
        UdidFormat::Sha1
    } else {
        UdidFormat::ChipAndEcid
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02X}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::apple::testing;

    #[test]
    fn identifiers_follow_from_the_seed_and_fit_the_model() {
        let old = testing::model("iPad2,5", Platform::Ipados, &[]);
        let new = testing::model("iPhone17,2", Platform::Ios, &[]);
        let mac = testing::model("Mac14,2", Platform::Macos, &[Hardware::AppleSilicon]);
        assert_eq!(Derive(1).udid(&old).len(), 40);
        assert_eq!(Derive(1).udid(&new).len(), 25);
        assert_eq!(Derive(1).udid(&mac).len(), 36);
        assert_eq!(Derive(1).provisioning_udid(&mac).len(), 25);
        assert_eq!(Derive(7).serial(&new), Derive(7).serial(&new));
        assert_ne!(Derive(7).serial(&new), Derive(8).serial(&new));
        assert_ne!(
            Derive(7).push_token("device", 0),
            Derive(7).push_token("device", 1)
        );
        assert_eq!(Derive(3).imei(0).len(), 15);
    }
}
