//! Today, as the reports count it.

use jiff::Timestamp;
use jiff::civil::Date;

/// The option, else today in Japan.
pub(crate) fn as_of(option: Option<Date>) -> Date {
    option.unwrap_or_else(|| device_matrix::calendar::jst_date(Timestamp::now()))
}
