//! Hardware derived from identifiers, names and chips. The overlay corrects single models.

use crate::model::Hardware;
use crate::platform::Platform;

/// The rules in words, for the head of the generated files.
pub(super) const RULES: &str = "\
cellular: iPhone; a name with `Cellular`; Apple Watch Ultra
dual_sim: iPhone from iPhone11,x on (embedded second SIM), except models named for China mainland
face_id: iPhone X and iPhone from iPhone11,x on except iPhone SE; iPad Pro with a chip after A10X
touch_id: other iPhone; iPad except iPad Air (1st) and iPad mini 2; Apple-silicon MacBook Air and Pro; Intel
  MacBook Air from 8,x; Intel MacBook Pro from 13,x except 13,1 and 14,1
apple_silicon / intel: Mac by identifier and chip
battery: iPhone, iPod, iPad, Apple Watch, MacBook
shared_ipad: iPad Pro, iPad (5th generation) and later, iPad Air 2 and later, iPad mini 4 and later";

/// What the rules say of one model, in the order of [`Hardware`].
pub(super) fn derive(
    platform: Platform,
    id: &str,
    name: &str,
    chip: Option<&str>,
) -> Vec<Hardware> {
    let chip = chip.unwrap_or_default();
    Hardware::WORDS
        .iter()
        .map(|(hardware, _)| *hardware)
        .filter(|hardware| match hardware {
            Hardware::Cellular => cellular(id, name),
            Hardware::DualSim => iphone(id) >= Some(11) && !name.contains("China mainland"),
            Hardware::FaceId => face_id(id, name, chip),
            Hardware::TouchId => touch_id(id, name, chip) && !face_id(id, name, chip),
            Hardware::AppleSilicon => platform == Platform::Macos && apple_silicon(id, chip),
            Hardware::Intel => platform == Platform::Macos && !apple_silicon(id, chip),
            Hardware::Battery => {
                ["iPhone", "iPod", "iPad", "Watch"]
                    .iter()
                    .any(|family| id.starts_with(family))
                    || name.starts_with("MacBook")
                    || id.starts_with("MacBook")
            }
            Hardware::SharedIpad => shared_ipad(id, name),
        })
        .collect()
}

fn cellular(id: &str, name: &str) -> bool {
    id.starts_with("iPhone") || name.contains("Cellular") || name.starts_with("Apple Watch Ultra")
}

fn face_id(id: &str, name: &str, chip: &str) -> bool {
    match iphone(id) {
        Some(10) => name.starts_with("iPhone X"),
        Some(number) => number >= 11 && !name.starts_with("iPhone SE"),
        None => name.starts_with("iPad Pro") && !matches!(chip, "A9X" | "A10X"),
    }
}

fn touch_id(id: &str, name: &str, chip: &str) -> bool {
    if iphone(id).is_some() {
        return true;
    }
    if id.starts_with("iPad") {
        return !name.starts_with("iPad Air Wi-Fi") && !name.starts_with("iPad mini 2");
    }
    if let Some(number) = number_after(id, "MacBookPro") {
        return number >= 13 && id != "MacBookPro13,1" && id != "MacBookPro14,1";
    }
    if let Some(number) = number_after(id, "MacBookAir") {
        return number >= 8;
    }
    apple_silicon(id, chip) && (name.starts_with("MacBook Air") || name.starts_with("MacBook Pro"))
}

fn apple_silicon(id: &str, chip: &str) -> bool {
    chip.starts_with('M')
        || number_after(id, "Mac").is_some()
        || id.starts_with("VirtualMac")
        || id.starts_with("ADP")
}

fn shared_ipad(id: &str, name: &str) -> bool {
    let too_old = ["iPad Air Wi-Fi", "iPad mini 2", "iPad mini 3"];
    id.starts_with("iPad") && !too_old.iter().any(|old| name.starts_with(old))
}

fn iphone(id: &str) -> Option<u32> {
    number_after(id, "iPhone")
}

/// The number that directly follows `family` in an identifier.
fn number_after(id: &str, family: &str) -> Option<u32> {
    id.strip_prefix(family)?.split(',').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hardware_follows_from_name_and_chip() {
        use Hardware::{
            AppleSilicon, Battery, Cellular, DualSim, FaceId, Intel, SharedIpad, TouchId,
        };
        type Row<'t> = (Platform, &'t str, &'t str, Option<&'t str>, &'t [Hardware]);
        let table: &[Row<'_>] = &[
            (
                Platform::Ios,
                "iPhone17,2",
                "iPhone 16 Pro Max",
                Some("A18 Pro"),
                &[Cellular, DualSim, FaceId, Battery],
            ),
            (
                Platform::Ios,
                "iPhone14,6",
                "iPhone SE (3rd generation)",
                None,
                &[Cellular, DualSim, TouchId, Battery],
            ),
            (
                Platform::Ios,
                "iPhone10,3",
                "iPhone X (CDMA)",
                None,
                &[Cellular, FaceId, Battery],
            ),
            (
                Platform::Ios,
                "iPod9,1",
                "iPod touch (7th generation)",
                None,
                &[Battery],
            ),
            (
                Platform::Ipados,
                "iPad4,2",
                "iPad Air Wi-Fi + Cellular",
                Some("A7"),
                &[Cellular, Battery],
            ),
            (
                Platform::Ipados,
                "iPad7,1",
                "iPad Pro (12.9-inch) (2nd generation) Wi-Fi",
                Some("A10X"),
                &[TouchId, Battery, SharedIpad],
            ),
            (
                Platform::Ipados,
                "iPad17,1",
                "iPad Pro 11-inch Wi-Fi (M5)",
                None,
                &[FaceId, Battery, SharedIpad],
            ),
            (
                Platform::Macos,
                "Mac16,10",
                "Mac mini (M4, 2024)",
                Some("M4"),
                &[AppleSilicon],
            ),
            (
                Platform::Macos,
                "MacBookPro14,1",
                "MacBook Pro (13-inch, 2017, Two Thunderbolt 3 ports)",
                None,
                &[Intel, Battery],
            ),
            (
                Platform::Macos,
                "iMac20,1",
                "iMac (Retina 5K, 27-inch, 2020)",
                None,
                &[Intel],
            ),
            (
                Platform::Watchos,
                "Watch7,5",
                "Apple Watch Ultra 2",
                Some("S9"),
                &[Cellular, Battery],
            ),
            (
                Platform::Tvos,
                "AppleTV14,1",
                "Apple TV 4K (3rd generation) Wi-Fi",
                Some("A15"),
                &[],
            ),
        ];
        for (platform, id, name, chip, expected) in table {
            let mut found = derive(*platform, id, name, *chip);
            found.sort();
            let mut expected = expected.to_vec();
            expected.sort();
            assert_eq!(found, expected, "{id}");
        }
    }
}
