//! Days of the log, `YYYY-MM-DD` in UTC, as turn ids have them.

use super::keep::DAY_MS;
use crate::operations::outcome::{Error, Kind, Result};

/// When a day begins, milliseconds since 1970; `None` where it is none. (Days-from-civil,
/// Howard Hinnant's algorithm.)
pub fn start_ms(day: &str) -> Option<i64> {
    let parts: Vec<&str> = day.split('-').collect();
    let [year, month, date] = parts.as_slice() else { return None };
    let number = |text: &str, digits: usize| {
        (text.len() == digits && text.bytes().all(|b| b.is_ascii_digit()))
            .then(|| text.parse::<i64>().ok())
            .flatten()
    };
    let (year, month, date) = (number(year, 4)?, number(month, 2)?, number(date, 2)?);
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let length = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=length).contains(&date) {
        return None;
    }
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let yoe = y - era * 400;
    let doy = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + date - 1;
    let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    Some((era * 146_097 + doe - 719_468) * DAY_MS)
}

/// From the start of one day to the end of another, milliseconds since 1970; without a
/// day, all that there is on that side.
///
/// # Errors
/// Wrong usage: no day, or the second lies before the first.
pub fn range(from: Option<&str>, to: Option<&str>) -> Result<(i64, i64)> {
    let parse = |day: &str| {
        start_ms(day).ok_or_else(|| {
            Error::new(Kind::Usage, format!("`{day}` is no day")).hint("write it as 2026-11-24 (UTC)")
        })
    };
    let begin = from.map(parse).transpose()?.unwrap_or(i64::MIN);
    let end = to.map(parse).transpose()?.map_or(i64::MAX, |ms| ms + DAY_MS);
    if begin >= end {
        return Err(Error::new(Kind::Usage, "the last day lies before the first"));
    }
    Ok((begin, end))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::operations::node::shared::utc_stamp;

    #[test]
    fn a_day_begins_at_its_midnight() {
        for (day, stamp) in
            [("1970-01-01", "19700101"), ("2026-11-24", "20261124"), ("2000-02-29", "20000229")]
        {
            let begin = utc_stamp(start_ms(day).unwrap());
            assert_eq!(begin, format!("{stamp}-000000.000"));
        }
        for none in ["2026-02-29", "2026-13-01", "2026-00-10", "26-11-24", "2026-1-1", "today", ""] {
            assert_eq!(start_ms(none), None, "{none}");
        }
    }

    #[test]
    fn both_days_are_within_their_range() {
        let (from, to) = range(Some("2026-11-24"), Some("2026-11-24")).unwrap();
        assert_eq!(to - from, DAY_MS);
        assert_eq!(range(None, None).unwrap(), (i64::MIN, i64::MAX));
        assert_eq!(range(Some("2026-11-24"), Some("2026-11-23")).unwrap_err().kind, Kind::Usage);
        assert_eq!(range(Some("soon"), None).unwrap_err().kind, Kind::Usage);
    }
}
