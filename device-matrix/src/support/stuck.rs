//! Models that can not go further than a generation.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::generation::{GenerationKey, Generations};
use crate::catalog::Catalog;
use crate::known::Known;
use crate::model::DeviceModel;
use crate::platform::Platform;
use crate::version::VersionNumber;

/// A model whose last generation this is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StuckModel {
    /// Identifier.
    pub id: String,
    /// Marketing name.
    pub name: String,
    /// The name without what tells variants of one product apart (radio, case size, storage), when none of its variants
    /// goes further; else the whole name.
    pub family: String,
    /// Last release within the generation, when a source cuts the model off earlier.
    pub until: Option<VersionNumber>,
}

/// The models that run `key` and none of the newer generations that are out on `as_of`, in the order of the data.
///
/// Unknown for a platform without model data. On the newest generation nothing is stuck.
#[must_use]
pub fn stuck_models(
    catalog: &Catalog,
    generations: &Generations,
    platform: Platform,
    key: &GenerationKey,
    as_of: Date,
) -> Known<Vec<StuckModel>> {
    let models = catalog.models(platform);
    if models.is_empty() {
        return Known::Unknown;
    }
    let newer: Vec<VersionNumber> = generations
        .of(platform)
        .iter()
        .skip_while(|row| row.key != *key)
        .skip(1)
        .filter(|row| generations.is_out(platform, &row.key, as_of))
        .filter_map(|row| row.key.0.parse().ok())
        .collect();
    let Ok(own) = key.0.parse::<VersionNumber>() else {
        return Known::Unknown;
    };
    if newer.is_empty() {
        return Known::Known(Vec::new());
    }
    let further = |model: &DeviceModel| model.majors.iter().any(|row| newer.contains(&row.major));
    let going: BTreeSet<String> = models
        .iter()
        .filter(|model| further(model))
        .map(|model| family(&model.name))
        .collect();
    Known::Known(
        models
            .iter()
            .filter(|model| !further(model))
            .filter_map(|model| {
                let row = model.majors.iter().find(|row| row.major == own)?;
                let family = family(&model.name);
                Some(StuckModel {
                    id: model.id.to_string(),
                    name: model.name.clone(),
                    family: if going.contains(&family) {
                        model.name.clone()
                    } else {
                        family
                    },
                    until: row.until,
                })
            })
            .collect(),
    )
}

/// The families of models, each once, in the order of the models.
#[must_use]
pub fn families(models: &[StuckModel]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for model in models {
        if !found.contains(&model.family) {
            found.push(model.family.clone());
        }
    }
    found
}

/// Words in the brackets of a name that tell variants of one product apart.
const VARIANTS: [&str; 7] = [
    "GSM",
    "CDMA",
    "GPS",
    "GPS + Cellular",
    "China mainland",
    "Global",
    "Cellular",
];

/// `Apple Watch Series 4 (GPS + Cellular, 40mm)` is an Apple Watch Series 4; `iPad Air 2 Wi-Fi + Cellular` an iPad Air 2.
fn family(name: &str) -> String {
    let bare = name
        .replace(" Wi-Fi + Cellular", "")
        .replace(" Wi-Fi + Ethernet", "")
        .replace(" Wi-Fi", "");
    let mut family = String::new();
    for piece in bare.split_inclusive(')') {
        let Some((before, brackets)) = piece
            .strip_suffix(')')
            .and_then(|piece| piece.rsplit_once(" ("))
        else {
            family.push_str(piece);
            continue;
        };
        let kept: Vec<&str> = brackets.split(", ").filter(|word| !variant(word)).collect();
        family.push_str(before);
        if !kept.is_empty() {
            family.push_str(" (");
            family.push_str(&kept.join(", "));
            family.push(')');
        }
    }
    family
}

/// Radio, the case of a watch (`40mm`), or storage (`1TB`, `1 or 2 TB`).
fn variant(word: &str) -> bool {
    let sized = |unit: &str| {
        word.strip_suffix(unit).is_some_and(|number| {
            number
                .chars()
                .all(|c| c.is_ascii_digit() || c == ' ' || "or".contains(c))
        })
    };
    VARIANTS.contains(&word) || sized("mm") || sized("TB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_of_a_product_are_one_family() {
        for (name, expected) in [
            (
                "Apple Watch Series 4 (GPS + Cellular, 40mm)",
                "Apple Watch Series 4",
            ),
            (
                "Apple Watch SE (2nd generation, GPS, 44mm)",
                "Apple Watch SE (2nd generation)",
            ),
            ("iPhone 8 Plus (GSM)", "iPhone 8 Plus"),
            ("iPhone XS Max (China mainland)", "iPhone XS Max"),
            ("iPad Air 2 Wi-Fi + Cellular", "iPad Air 2"),
            (
                "iPad Pro 11-inch (1st generation) Wi-Fi + Cellular (1 or 2 TB)",
                "iPad Pro 11-inch (1st generation)",
            ),
            (
                "iPad Pro 11-inch Wi-Fi + Cellular (M5)",
                "iPad Pro 11-inch (M5)",
            ),
            (
                "iPad Pro (12.9-inch) (2nd generation) Wi-Fi",
                "iPad Pro (12.9-inch) (2nd generation)",
            ),
            (
                "iMac (Retina 5K, 27-inch, 2020, RX 5700/XT)",
                "iMac (Retina 5K, 27-inch, 2020, RX 5700/XT)",
            ),
            ("MacPro5,1", "MacPro5,1"),
            ("(GSM", "(GSM"),
            (") (", ") ("),
        ] {
            assert_eq!(family(name), expected, "{name}");
        }
    }
}
