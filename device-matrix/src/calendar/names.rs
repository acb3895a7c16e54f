//! English names of the Japanese holidays.

/// Names in the order of the year, then the rare ones.
const NAMES: [(&str, &str); 25] = [
    ("元日", "New Year's Day"),
    ("成人の日", "Coming of Age Day"),
    ("建国記念の日", "National Foundation Day"),
    ("天皇誕生日", "Emperor's Birthday"),
    ("春分の日", "Vernal Equinox Day"),
    ("昭和の日", "Showa Day"),
    ("憲法記念日", "Constitution Memorial Day"),
    ("みどりの日", "Greenery Day"),
    ("こどもの日", "Children's Day"),
    ("海の日", "Marine Day"),
    ("山の日", "Mountain Day"),
    ("敬老の日", "Respect for the Aged Day"),
    ("秋分の日", "Autumnal Equinox Day"),
    ("スポーツの日", "Sports Day"),
    ("体育の日", "Health and Sports Day"),
    ("体育の日（スポーツの日）", "Sports Day"),
    ("文化の日", "Culture Day"),
    ("勤労感謝の日", "Labor Thanksgiving Day"),
    ("国民の休日", "citizens' holiday"),
    ("休日", "substitute or citizens' holiday"),
    ("休日（祝日扱い）", "holiday by special law"),
    ("即位の日", "Enthronement Day"),
    ("即位礼正殿の儀", "Enthronement Ceremony"),
    ("結婚の儀", "Imperial wedding"),
    ("大喪の礼", "Imperial funeral"),
];

/// The English name of a holiday; `NAME 振替休日` is its substitute.
pub(super) fn english(name: &str) -> String {
    if let Some(base) = name.strip_suffix(" 振替休日") {
        return format!("substitute for {}", english(base));
    }
    NAMES
        .iter()
        .find(|(ja, _)| *ja == name)
        .map_or_else(|| "national holiday".to_owned(), |(_, en)| (*en).to_owned())
}
