//! The numbers of time, and the decisions that depend on nothing else (spec sections 1, 6 and 7).
//! Core never asks for the time: `now` is an argument, milliseconds since the epoch.

/// F: how far ahead a time may be, in milliseconds.
pub const FUTURE_MS: i64 = 2_000;
/// W by default: the service's window, in milliseconds.
pub const WINDOW_MS: i64 = 30_000;
/// A process whose memory began empty reports ready so long after its start, in milliseconds: 2F + 2 s.
pub const READY_AFTER_MS: i64 = 2 * FUTURE_MS + 2_000;
/// The life of a grant, in seconds, unless configured.
pub const TTL_S: i64 = 600;
/// A session is handed out for at most so many seconds.
pub const HAND_OUT_MAX_S: i64 = 600;
/// The age, in milliseconds, under which a clock sample lets an unsafe request be signed.
pub const SAMPLE_MAX_AGE_MS: i64 = 3_600_000;
/// Wall and monotonic clock may part by so much before a sample's age is forgotten, in milliseconds.
pub const CLOCK_STEP_MS: i64 = 1_000;
/// The first number that does not fit be48.
pub const TS_END: i64 = 1 << 48;

/// Line 5: `None` when the time is good, else what is wrong with it.
pub const fn time_fault(ts_ms: i64, now_ms: i64, floor_ms: i64) -> Option<&'static str> {
    if ts_ms > now_ms.saturating_add(FUTURE_MS) {
        Some("the toki is dated ahead of this service's clock")
    } else if ts_ms <= floor_ms {
        Some("the toki is older than this service's window")
    } else {
        None
    }
}

/// The client's clock clamp: the new offset after a verified answer, which must not have arrived before its request was sent.
pub const fn clamp_offset(old: Option<i64>, service_ms: i64, sent_ms: i64, received_ms: i64) -> i64 {
    let lo = service_ms.saturating_sub(received_ms);
    let hi = service_ms.saturating_sub(sent_ms);
    match old {
        Some(offset) if offset <= hi => {
            if offset > lo {
                offset
            } else {
                lo
            }
        }
        _ => lo,
    }
}

/// Reads a time of RFC 3339, such as `2027-03-01T12:00:00.5+03:00`, as milliseconds since the epoch; what is finer is cut off.
/// Strict: a time that no calendar has (second 60 among them), or one before 1970, is `None`.
pub fn parse_rfc3339(text: &str) -> Option<i64> {
    let (moment, zone) = match text.as_bytes() {
        [moment @ .., b'Z' | b'z'] => (moment, 0),
        [moment @ .., sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (hours, minutes) = (digits(&[*h1, *h2])?, digits(&[*m1, *m2])?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            (moment, if *sign == b'+' { hours * 60 + minutes } else { -(hours * 60 + minutes) })
        }
        _ => return None,
    };
    let (whole, fraction) = moment.split_at_checked(19)?;
    let [y1, y2, y3, y4, b'-', o1, o2, b'-', d1, d2, b'T' | b't', h1, h2, b':', m1, m2, b':', s1, s2] = whole else { return None };
    let (year, month, day) = (digits(&[*y1, *y2, *y3, *y4])?, digits(&[*o1, *o2])?, digits(&[*d1, *d2])?);
    let (hour, minute, second) = (digits(&[*h1, *h2])?, digits(&[*m1, *m2])?, digits(&[*s1, *s2])?);
    let milliseconds = match fraction {
        [] => 0,
        [b'.', rest @ ..] if (1..=9).contains(&rest.len()) => {
            digits(rest)?;
            (0..3).fold(0, |ms, at| ms * 10 + rest.get(at).map_or(0, |digit| i64::from(digit - b'0')))
        }
        _ => return None,
    };
    let ms = (calendar_s([year, month, day, hour, minute, second])? - zone * 60) * 1_000 + milliseconds;
    (ms >= 0).then_some(ms)
}

/// Reads 14 digits, YYYYMMDDHHmmss in UTC, as milliseconds since the epoch. A time that no calendar has (second 60 among them) is `None`.
pub fn parse_datetime14(text: &str) -> Option<i64> {
    let [y1, y2, y3, y4, o1, o2, d1, d2, h1, h2, m1, m2, s1, s2] = text.as_bytes() else { return None };
    let pair = |tens: &u8, ones: &u8| digits(&[*tens, *ones]);
    let seconds = calendar_s([digits(&[*y1, *y2, *y3, *y4])?, pair(o1, o2)?, pair(d1, d2)?, pair(h1, h2)?, pair(m1, m2)?, pair(s1, s2)?])?;
    Some(seconds * 1_000)
}

/// Reads exactly 13 digits, milliseconds since the epoch.
pub(crate) fn digits13(text: &str) -> Option<i64> {
    if text.len() == 13 { digits(text.as_bytes()) } else { None }
}

/// A moment as `YYYY-MM-DD HH:mm:ss` in UTC; what is finer than a second is cut off.
pub fn format_datetime(ms: i64) -> String {
    let seconds = ms.div_euclid(1_000);
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = date_of(days);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02}", second / 3_600, second / 60 % 60, second % 60)
}

/// Seconds since the epoch of year, month, day, hour, minute, second.
const fn calendar_s([year, month, day, hour, minute, second]: [i64; 6]) -> Option<i64> {
    let Some(last) = days_of_month(year, month) else { return None };
    if hour > 23 || minute > 59 || second > 59 || day < 1 || day > last {
        return None;
    }
    Some(((days_since_epoch(year, month, day) * 24 + hour) * 60 + minute) * 60 + second)
}

fn digits(text: &[u8]) -> Option<i64> {
    text.iter().try_fold(0, |n, byte| byte.is_ascii_digit().then(|| n * 10 + i64::from(byte - b'0')))
}

const fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

const fn days_of_month(year: i64, month: i64) -> Option<i64> {
    Some(match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => return None,
    })
}

/// Days from 1970-01-01, counted in years that begin in March, so that the leap day is the last.
const fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month < 3 { (year - 1, month + 9) } else { (year, month - 3) };
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year - 719_468
}

/// Year, month and day of a day since 1970-01-01: the inverse of [`days_since_epoch`].
const fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let (day, month) = (day_of_year - (153 * from_march + 2) / 5 + 1, if from_march < 10 { from_march + 3 } else { from_march - 9 });
    (era * 400 + year_of_era + if month < 3 { 1 } else { 0 }, month, day)
}

#[cfg(test)]
mod tests {
    use super::{date_of, days_since_epoch, format_datetime, parse_datetime14, parse_rfc3339};

    #[test]
    fn dates_come_back() {
        for days in (-800_000..3_000_000).step_by(97) {
            let (year, month, day) = date_of(days);
            assert_eq!(days_since_epoch(year, month, day), days);
        }
        assert_eq!(format_datetime(1_795_328_800_999), "2026-11-22 06:26:40");
        assert_eq!(parse_datetime14("20261122062640"), Some(1_795_328_800_000));
        assert_eq!(parse_datetime14("19691231235959"), Some(-1_000));
        for text in ["", "2026112206264", "20261122062660", "20260229000000", "20261122 62640", "20261122062640 ", "2026112206264\u{0660}"]
        {
            assert_eq!(parse_datetime14(text), None, "{text}");
        }
    }

    #[test]
    fn times_of_rfc_3339() {
        for (text, ms) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1970-01-01T01:00:00+01:00", 0),
            ("2000-02-29T00:00:00Z", 951_782_400_000),
            ("2026-11-22T06:26:40.123Z", 1_795_328_800_123),
            ("2026-11-22t06:26:40.1239z", 1_795_328_800_123),
            ("2026-11-22T06:26:40.5-00:30", 1_795_330_600_500),
            ("9999-12-31T23:59:59Z", 253_402_300_799_000),
        ] {
            assert_eq!(parse_rfc3339(text), Some(ms), "{text}");
        }
        for text in [
            "",
            "2027-03-01",
            "2027-03-01T00:00:00",
            "2027-03-01 00:00:00Z",
            "2027-3-01T00:00:00Z",
            "2027-02-29T00:00:00Z",
            "2100-02-29T00:00:00Z",
            "2027-04-31T00:00:00Z",
            "2027-00-01T00:00:00Z",
            "2027-13-01T00:00:00Z",
            "2027-03-00T00:00:00Z",
            "2027-03-01T24:00:00Z",
            "2027-03-01T00:60:00Z",
            "2027-03-01T00:00:60Z",
            "2027-03-01T00:00:00.Z",
            "2027-03-01T00:00:00.1234567890Z",
            "2027-03-01T00:00:00+24:00",
            "2027-03-01T00:00:00+0100",
            "1969-12-31T23:59:59Z",
            "2027-03-01T00:00:00ZZ",
            "٢٠٢٧-03-01T00:00:00Z",
        ] {
            assert_eq!(parse_rfc3339(text), None, "{text}");
        }
    }
}
