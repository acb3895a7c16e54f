//! One line of the agenda: what kind of clock, when, and what it is about.

use device_matrix::known::Text;
use jiff::Timestamp;
use jiff::civil::Date;

/// What kind of clock runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Clock {
    /// A verification report is due.
    ReportDue,
    /// A notice has to be published.
    PublishNotice,
    /// A detailed maintenance notice has to be published.
    MaintenanceNotice,
    /// A version leaves; generations and trend are checked again.
    Recheck,
    /// A version leaves.
    Effective,
    /// The servers change.
    Window,
    /// The end of a maintenance has to be told.
    EndNotice,
    /// The last day on which a known issue explains a finding; somebody looks at it again.
    KnownIssue,
}

impl Clock {
    /// Every value with its word and its name.
    pub const WORDS: [(Self, &'static str, &'static str, &'static str); 8] = [
        (
            Self::ReportDue,
            "report_due",
            "検証報告の期限",
            "report due",
        ),
        (
            Self::PublishNotice,
            "publish_notice",
            "お知らせの公開",
            "publish the notice",
        ),
        (
            Self::MaintenanceNotice,
            "maintenance_notice",
            "メンテナンス詳細通知の期限",
            "maintenance notice due",
        ),
        (
            Self::Recheck,
            "recheck",
            "世代と利用傾向の再確認",
            "check generations and trend again",
        ),
        (
            Self::Effective,
            "effective",
            "動作管理対象の終了日",
            "day of effect",
        ),
        (
            Self::Window,
            "window",
            "メンテナンス時間",
            "maintenance window",
        ),
        (
            Self::EndNotice,
            "end_notice",
            "終了通知",
            "notice of the end",
        ),
        (
            Self::KnownIssue,
            "known_issue",
            "既知の問題の期限",
            "known issue expires",
        ),
    ];

    /// The word in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::WORDS
            .iter()
            .find(|(value, ..)| *value == self)
            .map_or("", |(_, word, ..)| word)
    }

    /// For people.
    #[must_use]
    pub fn name(self) -> Text {
        Self::WORDS
            .iter()
            .find(|(value, ..)| *value == self)
            .map_or_else(
                || Text {
                    ja: String::new(),
                    en: String::new(),
                },
                |(_, _, ja, en)| Text {
                    ja: (*ja).to_owned(),
                    en: (*en).to_owned(),
                },
            )
    }
}

/// How near it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum When {
    /// The day has passed.
    Overdue,
    /// Today.
    Today,
    /// Within the business days that count as soon.
    Soon,
    /// Later.
    Later,
}

impl When {
    /// Every value with its word in JSON.
    pub const WORDS: [(Self, &'static str); 4] = [
        (Self::Overdue, "overdue"),
        (Self::Today, "today"),
        (Self::Soon, "soon"),
        (Self::Later, "later"),
    ];

    /// The word in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::WORDS
            .iter()
            .find(|(value, _)| *value == self)
            .map_or("", |(_, word)| word)
    }
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What.
    pub clock: Clock,
    /// Japanese date.
    pub date: Date,
    /// First and last instant, when it has hours.
    pub hours: Option<(Timestamp, Timestamp)>,
    /// Stable name of what it is about: a release id, or a decision; with the site for windows.
    pub subject: String,
    /// For people.
    pub title: Text,
    /// What is behind it.
    pub detail: Text,
    /// How near it is.
    pub when: When,
}
