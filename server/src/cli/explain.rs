//! `explain NAME`: cause and fix of an error, from the page that the documentation shows.

use super::args::ExplainArgs;
use super::output::{Failure, Said};
use serde_json::json;

const PAGE: &str = include_str!("../../../docs/errors.md");

/// The paragraph of one name.
pub fn explain(args: &ExplainArgs) -> Result<Said, Failure> {
    let text = section(PAGE, &args.name)
        .ok_or_else(|| Failure::usage(format!("no error is named {}; the names are {}", args.name, names(PAGE).join(", "))))?;
    let part = |word: &str| {
        let start = text.find(word)? + word.len();
        let rest = &text[start..];
        let end = rest.find("\nFix:").filter(|_| word == "Cause:").unwrap_or(rest.len());
        Some(rest[..end].split_whitespace().collect::<Vec<_>>().join(" "))
    };
    let object = json!({ "name": args.name, "cause": part("Cause:"), "fix": part("Fix:"), "text": text });
    Ok(Said::text(format!("{}\n\n{text}", args.name), object))
}

fn section<'p>(page: &'p str, name: &str) -> Option<&'p str> {
    page.split("\n## ").skip(1).find_map(|section| section.strip_prefix(name)?.strip_prefix('\n')).map(str::trim)
}

fn names(page: &str) -> Vec<&str> {
    page.split("\n## ").skip(1).filter_map(|section| section.lines().next()).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{PAGE, section};

    #[test]
    fn every_name_has_its_cause_and_fix() {
        for name in oscartoki::OscarError::NAMES {
            let text = section(PAGE, name).unwrap_or_else(|| panic!("docs/errors.md lacks {name}"));
            assert!(text.starts_with("Cause:") && text.contains("\nFix:"), "{name}");
        }
        assert_eq!(section(PAGE, "nonsense"), None);
        assert_eq!(section(PAGE, "mal"), None);
    }
}
