//! Where secrets, bodies and addresses come from. Key material is never an argument's text.

use super::output::Failure;
use oscartoki::Secret;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// The root secret: `--secret FILE` (`-` is stdin), else `OSCAR_SECRET`.
pub fn secret(file: Option<&Path>) -> Result<Secret, Failure> {
    let text = key_text(file, "OSCAR_SECRET", "--secret FILE")?;
    Secret::parse(only_line(&text)?).map_err(Failure::key)
}

/// Text of a key file, of stdin, or of the environment.
pub fn key_text(file: Option<&Path>, variable: &str, flag: &str) -> Result<String, Failure> {
    match file {
        Some(file) => String::from_utf8(read(file)?).map_err(|_| Failure::config(format!("{} is not text", file.display()))),
        None => {
            std::env::var(variable).map_err(|_| Failure::usage(format!("name a key by {flag} (- is stdin), or put it into {variable}")))
        }
    }
}

/// Bytes of a file; `-` is stdin.
pub fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    if is_stdin(file) {
        std::io::stdin().lock().read_to_end(&mut bytes).map_err(|error| Failure::config(format!("stdin can't be read: {error}")))?;
        return Ok(bytes);
    }
    std::fs::read(file).map_err(|error| Failure::config(format!("{} can't be read: {error}", file.display())))
}

/// Whether a path stands for stdin.
pub fn is_stdin(file: &Path) -> bool {
    file == Path::new("-")
}

/// The body of `--body FILE`.
pub fn body(file: Option<&PathBuf>) -> Result<Vec<u8>, Failure> {
    file.map_or(Ok(Vec::new()), |file| read(file))
}

/// The key lines of a file: without blank ones and `#` comments.
pub fn key_lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// The one key line of a text.
pub fn only_line(text: &str) -> Result<&str, Failure> {
    let mut lines = key_lines(text);
    match (lines.next(), lines.next()) {
        (Some(line), None) => Ok(line),
        (None, _) => Err(Failure::config("the key file holds no key")),
        (Some(_), Some(_)) => Err(Failure::config("the key file holds more than one key")),
    }
}

/// A URL cut where the protocol cuts it: authority and target, both as written.
#[derive(Debug, PartialEq, Eq)]
pub struct Address<'u> {
    /// `http` or `https`, and `://`.
    pub scheme: &'u str,
    /// The Host value.
    pub authority: &'u str,
    /// Path and query.
    pub target: String,
}

/// Cuts `http(s)://authority/target`; without a path the target is `/`. A fragment is never sent, so it is refused.
pub fn address(url: &str) -> Result<Address<'_>, Failure> {
    let scheme = ["http://", "https://"].into_iter().find(|scheme| url.starts_with(scheme));
    let scheme = scheme.ok_or_else(|| Failure::usage("a URL begins with http:// or https://"))?;
    let rest = &url[scheme.len()..];
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    if authority.is_empty() || authority.contains('@') {
        return Err(Failure::usage("a URL names a host, and no user"));
    }
    if path.contains('#') {
        return Err(Failure::usage("a URL with a fragment can't be signed: a fragment is never sent"));
    }
    let target = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    Ok(Address { scheme, authority, target })
}

/// Hexadecimal digits, two for each of `N` bytes.
pub fn hex<const N: usize>(text: &str, what: &str) -> Result<[u8; N], Failure> {
    let fault = || Failure::usage(format!("{what} is {} hexadecimal digits", 2 * N));
    if text.len() != 2 * N || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(fault());
    }
    let mut bytes = [0; N];
    for (byte, at) in bytes.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(&text[at..at + 2], 16).map_err(|_| fault())?;
    }
    Ok(bytes)
}

/// `Name: value` of a `-H`.
pub fn header(text: &str) -> Result<(String, String), Failure> {
    let (name, value) = text.split_once(':').ok_or_else(|| Failure::usage("a header is written 'Name: value'"))?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

/// A list of header names, `a,b`.
pub fn names(list: Option<&str>) -> Vec<String> {
    list.unwrap_or_default().split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{address, hex, key_lines};

    #[test]
    fn a_url_is_cut_and_not_changed() {
        let cut = address("https://API.example.com:443/a%2Fb?x=1&x=2").unwrap();
        assert_eq!((cut.scheme, cut.authority, cut.target.as_str()), ("https://", "API.example.com:443", "/a%2Fb?x=1&x=2"));
        assert_eq!(address("http://h").unwrap().target, "/");
        assert_eq!(address("http://h?").unwrap().target, "/?");
        assert_eq!(address("http://[::1]:8080/").unwrap().authority, "[::1]:8080");
        for refused in ["h/a", "ftp://h/", "http:///a", "http://u@h/", "http://h/#a", "http://h#a"] {
            assert!(address(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn hex_is_strict() {
        assert_eq!(hex::<2>("00fF", "it").unwrap(), [0, 255]);
        for refused in ["00f", "00ff0", "+0ff", "0 ff", "é0f"] {
            assert!(hex::<2>(refused, "it").is_err(), "{refused}");
        }
    }

    #[test]
    fn comments_and_blank_lines_are_no_keys() {
        assert_eq!(key_lines("# a\n\n  oa2.x kid=1 \n\t# b\noa2.y").collect::<Vec<_>>(), ["oa2.x kid=1", "oa2.y"]);
    }
}
