//! Why a request's toki is not authentic, as far as that can be guessed: for development only. It tries the usual alterations that
//! frameworks and proxies make, under every key at hand, and names the one that fits. Never put before an untrusted caller.

use crate::error::{OscarError, Result};
use crate::grant::Grant;
use crate::mac::sha256;
use crate::request::{Content, Request, RequestRef};
use crate::secret::{AudienceKey, KeySchedule};
use crate::toki::{Toki, check_request};
use std::borrow::Cow;
use std::sync::Arc;

/// A key that the toki could have been minted with, and what to call it: its audience and generation, say.
#[derive(Clone, Debug)]
pub struct Candidate<'a> {
    /// What the sentence calls it.
    pub label: &'a str,
    /// The key.
    pub key: &'a AudienceKey,
}

/// What a request would have been, were one thing different.
struct Altered<'a> {
    verb: &'a [u8],
    authority: Cow<'a, [u8]>,
    target: Cow<'a, [u8]>,
    ext: &'a [u8],
    digest: Option<[u8; 32]>,
}

/// Says in a sentence what is different between the request as it arrived and as it was signed. The first candidate is the service's own
/// key. `None`: the toki is good, or nothing usual explains it.
pub fn explain(candidates: &[Candidate<'_>], request: &RequestRef<'_>, toki: &[u8], grant: Option<&[u8]>) -> Option<String> {
    let shape = |error: OscarError| Some(error.to_string());
    let toki = match Toki::parse(toki) {
        Ok(toki) => toki,
        Err(error) => return shape(error),
    };
    let grant = match grant.map(Grant::parse).transpose() {
        Ok(grant) => grant,
        Err(error) => return shape(error),
    };
    if toki.claimed_session() != grant.is_some() || grant.is_some_and(|grant| grant.sid() != toki.claimed_id()) {
        return Some("the toki and the header oscartokikey are not of one session".into());
    }
    let mut buffer = [0; 255];
    let (authority, digest) = match check_request(request, &mut buffer) {
        Ok(checked) => checked,
        Err(fault) => return Some(format!("malformed: {fault}")),
    };
    let as_is = || Altered { verb: request.verb, authority: authority.into(), target: request.target.into(), ext: request.ext, digest };

    let fits = |candidate: &Candidate<'_>, altered: &Altered<'_>| {
        let schedule = KeySchedule::new(candidate.key);
        let key = grant.as_ref().map_or(schedule.req.clone(), |grant| schedule.session(grant).req);
        let request = RequestRef {
            verb: altered.verb,
            authority: &altered.authority,
            target: &altered.target,
            ext: altered.ext,
            content: Content::None,
        };
        toki.verifies(&key, &request, &altered.authority, altered.digest.as_ref())
    };

    let own = candidates.first()?;
    let good = fits(own, &as_is()) && toki.check_flags(digest.is_some(), !request.ext.is_empty()).is_ok();
    if good {
        return None;
    }
    for (rank, candidate) in candidates.iter().enumerate() {
        let whose = if rank == 0 { String::new() } else { format!("the toki was minted for {}, not for this service", candidate.label) };
        if rank > 0 && fits(candidate, &as_is()) {
            return Some(whose);
        }
        for (what, altered) in alterations(request, &as_is) {
            if fits(candidate, &altered) {
                return Some(if rank == 0 { what } else { format!("{whose}; and {what}") });
            }
        }
    }
    if !candidates.iter().any(|candidate| is_under(candidate.key, &toki, grant.as_ref())) {
        return Some("no key at hand has the toki's kid".into());
    }
    None
}

/// [`explain`] over owned values: `keys` with a label each, the service's own first. Error: `malformed` (a digest of another length than 32 bytes).
#[cfg_attr(feature = "uniffi", uniffi::export)]
pub fn explain_request(
    labels: &[String],
    keys: Vec<Arc<AudienceKey>>,
    request: &Request,
    toki: &str,
    grant: Option<String>,
) -> Result<Option<String>> {
    let candidates: Vec<_> = labels.iter().zip(&keys).map(|(label, key)| Candidate { label, key }).collect();
    Ok(explain(&candidates, &request.as_ref()?, toki.as_bytes(), grant.as_deref().map(str::as_bytes)))
}

fn is_under(key: &AudienceKey, toki: &Toki, grant: Option<&Grant>) -> bool {
    key.kid_bytes() == grant.map_or(toki.claimed_id(), Grant::kid)
}

/// The fixed list.
fn alterations<'a>(request: &RequestRef<'a>, as_is: &dyn Fn() -> Altered<'a>) -> Vec<(String, Altered<'a>)> {
    let mut list: Vec<(String, Altered<'a>)> = Vec::new();
    let mut add = |what: &str, altered: Altered<'a>| list.push((what.to_owned(), altered));

    let authority = as_is().authority.into_owned();
    let name_end = authority.iter().rposition(|byte| *byte == b':').filter(|at| !authority[*at..].contains(&b']'));
    if let Some(end) = name_end {
        add("the client signed the authority without its port", Altered { authority: authority[..end].to_vec().into(), ..as_is() });
    } else {
        for port in ["3000", "4443", "5000", "8000", "8080", "8443", "9000"] {
            let with_port = [&authority[..], b":", port.as_bytes()].concat();
            add(&format!("the client signed the authority with port {port}"), Altered { authority: with_port.into(), ..as_is() });
        }
    }

    for (what, target) in targets(request.target) {
        add(what, Altered { target: target.into(), ..as_is() });
    }

    for (verb, signed) in [(&b"HEAD"[..], &b"GET"[..]), (b"GET", b"HEAD")] {
        if request.verb == verb {
            let (verb, signed_name) = (String::from_utf8_lossy(verb), String::from_utf8_lossy(signed));
            add(&format!("the client signed {signed_name}, and {verb} arrived"), Altered { verb: signed, ..as_is() });
        }
    }

    add("the client signed no content", Altered { digest: None, ..as_is() });
    for (what, digest) in contents(request.content) {
        add(what, Altered { digest: Some(digest), ..as_is() });
    }
    if !request.ext.is_empty() {
        add("the client signed no headers: its ext list is empty", Altered { ext: b"", ..as_is() });
        if let Content::Bytes(_) | Content::Digest(_) = request.content {
            add("the client signed neither headers nor content", Altered { ext: b"", digest: None, ..as_is() });
        }
    }
    list
}

fn targets(target: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut list = Vec::new();
    let (path, query) = match target.iter().position(|byte| *byte == b'?') {
        Some(at) => (&target[..at], Some(&target[at + 1..])),
        None => (target, None),
    };
    let with = |path: &[u8], query: Option<&[u8]>| match query {
        Some(query) => [path, b"?", query].concat(),
        None => path.to_vec(),
    };
    if let Some(decoded) = percent_decode(target) {
        list.push(("the client signed the target decoded", decoded));
    }
    list.push(("the client signed the target with its percent-encoding in upper case", recase(target, u8::to_ascii_uppercase)));
    list.push(("the client signed the target with its percent-encoding in lower case", recase(target, u8::to_ascii_lowercase)));
    match query {
        None => list.push(("the client signed an empty ? that was dropped", with(path, Some(b"")))),
        Some(b"") => list.push(("the client signed the target without its empty ?", with(path, None))),
        Some(query) => {
            list.push(("the client signed the target without its query", with(path, None)));
            let mut sorted: Vec<&[u8]> = query.split(|byte| *byte == b'&').collect();
            sorted.sort_unstable();
            list.push(("the client signed the query sorted", with(path, Some(&sorted.join(&b'&')))));
            list.push(("the client signed spaces of the query as %20", with(path, Some(&replace(query, b"+", b"%20")))));
            list.push(("the client signed spaces of the query as +", with(path, Some(&replace(query, b"%20", b"+")))));
        }
    }
    match path.strip_suffix(b"/") {
        Some(bare) if !bare.is_empty() => list.push(("the client signed the path without its last slash", with(bare, query))),
        _ => list.push(("the client signed the path with one slash more at its end", with(&[path, b"/"].concat(), query))),
    }
    list.retain(|(_, altered)| altered != target);
    list
}

/// What the body could have been before something read and wrote it again.
fn contents(content: Content<'_>) -> Vec<(&'static str, [u8; 32])> {
    let Content::Bytes(bytes) = content else { return Vec::new() };
    let mut list = Vec::new();
    match bytes.strip_suffix(b"\n") {
        Some(bare) => list.push(("the client signed the content without its last line break", bare.to_vec())),
        None => list.push(("the client signed the content with a line break at its end", [bytes, b"\n"].concat())),
    }
    if let Ok(json) = serde_json::from_slice::<serde_json::Value>(bytes) {
        let (compact, sorted) = (compact(bytes), json.to_string().into_bytes());
        list.push(("the content is JSON that was written anew: the client signed it spaced", spaced(&compact)));
        list.push(("the content is JSON that was written anew: the client signed it compact", compact));
        list.push(("the content is JSON that was written anew: the client signed it sorted and spaced", spaced(&sorted)));
        list.push(("the content is JSON that was written anew: the client signed it sorted", sorted));
        if let Ok(pretty) = serde_json::to_vec_pretty(&json) {
            list.push(("the content is JSON that was written anew: the client signed it sorted and indented", pretty));
        }
    }
    list.into_iter().filter(|(_, altered)| altered != bytes).map(|(what, altered)| (what, sha256(&altered))).collect()
}

/// JSON without what stands between its tokens.
fn compact(json: &[u8]) -> Vec<u8> {
    let mut outside = OutsideTexts::default();
    json.iter().copied().filter(|byte| !outside.after(*byte) || !byte.is_ascii_whitespace()).collect()
}

/// As Python writes JSON: a blank after each comma and colon.
fn spaced(compact: &[u8]) -> Vec<u8> {
    let mut outside = OutsideTexts::default();
    let mut out = Vec::with_capacity(compact.len());
    for byte in compact {
        out.push(*byte);
        if outside.after(*byte) && matches!(byte, b',' | b':') {
            out.push(b' ');
        }
    }
    out
}

/// Walks over JSON and knows whether it is in one of its texts.
#[derive(Default)]
struct OutsideTexts {
    inside: bool,
    escaped: bool,
}

impl OutsideTexts {
    fn after(&mut self, byte: u8) -> bool {
        match byte {
            _ if self.escaped => self.escaped = false,
            b'\\' => self.escaped = self.inside,
            b'"' => self.inside = !self.inside,
            _ => {}
        }
        !self.inside
    }
}

fn percent_decode(target: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(target.len());
    let mut rest = target;
    while let [byte, after @ ..] = rest {
        rest = after;
        if *byte == b'%' {
            let (digits, after) = rest.split_at_checked(2)?;
            out.extend(crate::encoding::unhex(std::str::from_utf8(digits).ok()?)?);
            rest = after;
        } else {
            out.push(*byte);
        }
    }
    Some(out)
}

fn recase(target: &[u8], case: fn(&u8) -> u8) -> Vec<u8> {
    let mut out = target.to_vec();
    for at in 0..target.len().saturating_sub(2) {
        if target[at] == b'%' {
            out[at + 1] = case(&target[at + 1]);
            out[at + 2] = case(&target[at + 2]);
        }
    }
    out
}

fn replace(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::new(), text);
    while let Some((byte, after)) = rest.split_first() {
        if let Some(after) = rest.strip_prefix(from) {
            out.extend_from_slice(to);
            rest = after;
        } else {
            out.push(*byte);
            rest = after;
        }
    }
    out
}
