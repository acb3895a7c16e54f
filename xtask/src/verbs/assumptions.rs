//! What virtual devices do without a source to settle it, in the words of the report.

use device_matrix::known::Text;
use harness::device::apple::settings::{BehaviorSettings, SettingMark};

/// Japanese words for each setting, by its name; the settings themselves have the English ones.
const JA: [(&str, &str); 29] = [
    (
        "supervised_only_code",
        "監視対象専用コマンドを非監視対象デバイスが拒むときのエラーコード",
    ),
    (
        "access_right_code",
        "許可されたアクセス権の外のコマンドに対するエラーコード",
    ),
    (
        "forbidden_code",
        "チャネルまたは登録方法が許さないコマンドに対するエラーコード",
    ),
    (
        "removed_command_code",
        "そのバージョンで削除されたコマンドに対するエラーコード",
    ),
    (
        "settings_item_code",
        "デバイスが受け付けないSettings項目に対するエラーコード",
    ),
    (
        "unknown_restriction_keys_ignored",
        "未知の制限キーは無視され、プロファイルは拒否されない",
    ),
    (
        "restriction_outlives_supervision_rule",
        "監視対象専用となったバージョンへ更新しても、適用中の制限は残る",
    ),
    (
        "unknown_payload_accepted",
        "未知のペイロードは受け付けられ、効果を持たない（iOS系）",
    ),
    (
        "removed_payload",
        "そのバージョンで削除された種類のペイロードの扱い",
    ),
    (
        "supervised_payload_refused",
        "監視対象専用のペイロードは非監視対象デバイスで拒否される",
    ),
    (
        "missing_payload_key_refused",
        "必須キーのないペイロードは拒否される（iOS系）",
    ),
    (
        "absent_profile_domain",
        "存在しないプロファイルを削除するときのエラードメイン（iOS系）",
    ),
    ("missing_key", "必須キーのないコマンドへの応答"),
    (
        "unknown_declaration_keys_invalid",
        "未知のキーを含む宣言は無効となる",
    ),
    (
        "unstated_introduction_counts_as_available",
        "そのOSについて出典のない項目を利用できるとみなす",
    ),
    (
        "unstated_mode_counts_as_available",
        "監視対象・登録方法の条件が出典にない項目を利用できるとみなす",
    ),
    (
        "not_now_needs_passcode",
        "ロック中のNotNowは、パスコードが設定されているときだけ返る",
    ),
    (
        "locked_after_reboot",
        "再起動後、人が解除するまでロックされている",
    ),
    (
        "allowed_in_lost_mode",
        "紛失モード中に応答するコマンド（ほかは12078で拒否）",
    ),
    (
        "status_report_when_unchanged",
        "変化のない同期の要求にも状態を報告する",
    ),
    (
        "reports_undocumented_push_token",
        "iOS 16ベータで見られた非公開の状態項目を報告する",
    ),
    ("mac_repeats_request_type", "Macは応答にRequestTypeを含める"),
    (
        "no_update_is_an_error",
        "iOS 11.3以降、更新がないときのAvailableOSUpdatesはエラーとなる",
    ),
    (
        "await_device_configured",
        "自動登録のデバイスはDeviceConfiguredまで設定アシスタントで待つ",
    ),
    (
        "check_out_when_removed",
        "登録プロファイルはCheckOutWhenRemovedを設定する",
    ),
    (
        "return_to_service_check_in",
        "監視対象デバイスは消去の前に再稼働の可否をサーバーへ尋ねる",
    ),
    (
        "max_commands_per_session",
        "デバイスがセッションを終えるまでのコマンド数",
    ),
    (
        "connection",
        "セッション後もデバイスはサーバーへの接続を開いておき、次のセッションで使う",
    ),
    ("max_sync_rounds", "宣言の同期をあきらめるまでの回数"),
];

/// The settings in force that no observation backs, each with its value.
pub(crate) fn texts(settings: &BehaviorSettings) -> Vec<Text> {
    settings
        .describe()
        .into_iter()
        .filter(|row| row.mark != SettingMark::Observed)
        .map(|row| {
            let ja = JA
                .iter()
                .find(|(name, _)| *name == row.name)
                .map_or(row.about, |(_, ja)| ja);
            Text {
                ja: format!("{ja} — {} = {}", row.name, row.value),
                en: format!("{} — {} = {}", row.about, row.name, row.value),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_has_its_words_in_both_languages() {
        let names: Vec<&str> = BehaviorSettings::default()
            .describe()
            .iter()
            .map(|row| row.name)
            .collect();
        assert_eq!(names, JA.map(|(name, _)| name));
    }
}
