//! The rules of section 5: what method, authority, audience, target, headers and content of an HTTP message may be.
//! A check answers with the rule that is broken; its caller decides whether that is `malformed` or `unsignable`.

mod digest;
mod ext;
mod head;

pub use digest::{format_content_digest, parse_content_digest};
pub use ext::ExtList;
pub(crate) use ext::ext_has_value;
pub use head::{AnswerFields, AnswerHead, Headers, RequestHead, drops_from_probe};

/// The longest field that `lp` can hold, in bytes.
pub const LP_MAX: usize = 65_535;

/// The rule that a field breaks.
pub type Fault = &'static str;

/// `[A-Z][A-Z0-9_-]{0,31}`, and not CONNECT.
pub fn check_method(method: &[u8]) -> Result<(), Fault> {
    let [first, rest @ ..] = method else { return Err("a method has 1 to 32 characters") };
    if rest.len() > 31 {
        return Err("a method has 1 to 32 characters");
    }
    if !first.is_ascii_uppercase() || !rest.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-')) {
        return Err("a method is upper-case letters, digits, _ and -");
    }
    if method == b"CONNECT" {
        return Err("CONNECT can't be signed");
    }
    Ok(())
}

/// GET, HEAD and OPTIONS.
pub fn is_safe_method(method: &[u8]) -> bool {
    matches!(method, b"GET" | b"HEAD" | b"OPTIONS")
}

/// Folds A–Z, then removes one trailing `:80` or `:443`; the result is checked and borrowed from `raw` where nothing changes.
pub fn normalise_authority<'a>(raw: &'a [u8], buffer: &'a mut [u8; 255]) -> Result<&'a [u8], Fault> {
    let kept = raw.strip_suffix(b":443").or_else(|| raw.strip_suffix(b":80")).unwrap_or(raw);
    let (mut folds, mut clean) = (false, true);
    for byte in kept {
        folds |= byte.is_ascii_uppercase();
        clean &= AUTHORITY[usize::from(*byte)];
    }
    if !clean {
        return Err("an authority is bytes 0x21 to 0x7E without / \\ ? # @ ,");
    }
    let Some(room) = buffer.get_mut(..kept.len()).filter(|_| !kept.is_empty()) else {
        return Err("an authority has 1 to 255 bytes");
    };
    check_port(kept)?;
    if !folds {
        return Ok(kept);
    }
    room.copy_from_slice(kept);
    room.make_ascii_lowercase();
    Ok(room)
}

/// What follows the last colon outside brackets is a port; a second such colon is a bare IPv6 address.
fn check_port(authority: &[u8]) -> Result<(), Fault> {
    let after_brackets = authority.iter().rposition(|b| *b == b']').map_or(0, |at| at + 1);
    let tail = &authority[after_brackets..];
    if after_brackets > 0 && authority.first() != Some(&b'[') {
        return Err("brackets stand around an IPv6 address");
    }
    let Some(colon) = tail.iter().position(|b| *b == b':') else {
        return Ok(());
    };
    let port = &tail[colon + 1..];
    let digits = !port.is_empty() && port.len() <= 5 && port.iter().all(u8::is_ascii_digit) && port[0] != b'0';
    let number = port.iter().fold(0u32, |n, d| n.wrapping_mul(10).wrapping_add(u32::from(d.wrapping_sub(b'0'))));
    if digits && number <= 65_535 { Ok(()) } else { Err("a port is 1 to 65535 without leading zero; an IPv6 address stands in brackets") }
}

/// 1 to 255 bytes 0x21–0x7E.
pub fn check_audience(audience: &[u8]) -> Result<(), Fault> {
    if (1..=255).contains(&audience.len()) && audience.iter().all(u8::is_ascii_graphic) {
        Ok(())
    } else {
        Err("an audience is 1 to 255 bytes 0x21 to 0x7E")
    }
}

/// Begins with `/`, or is `*` with OPTIONS; bytes 0x21–0x7E without `#`.
pub fn check_target(method: &[u8], target: &[u8]) -> Result<(), Fault> {
    if target.len() > LP_MAX {
        return Err("a target has at most 65,535 bytes");
    }
    if target.first() != Some(&b'/') && !(target == b"*" && method == b"OPTIONS") {
        return Err("a target begins with /, or is * with OPTIONS");
    }
    if !target.iter().fold(true, |clean, byte| clean & TARGET[usize::from(*byte)]) {
        return Err("a target is bytes 0x21 to 0x7E without #");
    }
    Ok(())
}

/// At most 65,535 bytes.
pub fn check_ext(ext: &[u8]) -> Result<(), Fault> {
    if ext.len() > LP_MAX { Err("the covered headers have at most 65,535 bytes") } else { Ok(()) }
}

const AUTHORITY: [bool; 256] = printable_without(b"/\\?#@,");
const TARGET: [bool; 256] = printable_without(b"#");

const fn printable_without(excluded: &[u8]) -> [bool; 256] {
    let mut table = [false; 256];
    let mut byte = 0x21;
    while byte <= 0x7E {
        table[byte] = true;
        byte += 1;
    }
    let mut at = 0;
    while at < excluded.len() {
        table[excluded[at] as usize] = false;
        at += 1;
    }
    table
}
