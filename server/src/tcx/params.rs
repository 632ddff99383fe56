//! The parameters of a call: all of the query and of a form or JSON body, as texts.

use bytes::Bytes;
use oscartoki::tcx::TcxParam;
use serde_json::Value;

/// What a pass may cover.
#[derive(Debug, Default)]
pub struct Params {
    pub texts: Vec<TcxParam>,
    /// Something is no text: a number, a list, an object of JSON, bytes that are no UTF-8, a body that can't be read as it says.
    pub has_other_than_text: bool,
}

/// What a body says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Form,
    Json,
    /// Covered by no pass.
    Other,
}

impl Kind {
    pub fn of(headers: &http::HeaderMap) -> Self {
        let content_type = headers.get(http::header::CONTENT_TYPE).and_then(|text| text.to_str().ok()).unwrap_or_default();
        match content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
            "application/x-www-form-urlencoded" => Self::Form,
            "application/json" => Self::Json,
            _ => Self::Other,
        }
    }
}

impl Params {
    /// The parameters of a query and a body.
    pub fn read(query: Option<&str>, kind: Kind, body: &Bytes) -> Self {
        let mut params = Self::default();
        params.take_form(query.unwrap_or_default().as_bytes());
        match kind {
            Kind::Form => params.take_form(body),
            Kind::Json => params.take_json(body),
            Kind::Other => {}
        }
        params
    }

    /// The text of a parameter that stands once and is one.
    pub fn text(&self, name: &str) -> Option<&str> {
        let mut found = self.texts.iter().filter(|param| param.name == name);
        match (found.next(), found.next()) {
            (Some(param), None) => Some(&param.text),
            _ => None,
        }
    }

    fn take_form(&mut self, form: &[u8]) {
        // The parser puts U+FFFD where bytes are no UTF-8: such a text is not what was sent.
        self.has_other_than_text |= form.split(|byte| *byte == b'&' || *byte == b'=').any(|part| !is_text(part));
        self.texts.extend(form_urlencoded::parse(form).map(|(name, text)| TcxParam::new(name, text)));
    }

    fn take_json(&mut self, body: &[u8]) {
        if body.is_empty() {
            return;
        }
        let Ok(members) = serde_json::from_slice::<Members>(body) else {
            self.has_other_than_text = true;
            return;
        };
        for (name, value) in members.0 {
            match value {
                Value::String(text) => self.texts.push(TcxParam::new(name, text)),
                _ => self.has_other_than_text = true,
            }
        }
    }
}

fn is_text(encoded: &[u8]) -> bool {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    while let [byte, tail @ ..] = rest {
        let hex = |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        (bytes, rest) = match (byte, tail) {
            (b'%', [high, low, tail @ ..]) if hex(*high).is_some() && hex(*low).is_some() => {
                bytes.push(hex(*high).unwrap_or_default() << 4 | hex(*low).unwrap_or_default());
                (bytes, tail)
            }
            _ => {
                bytes.push(*byte);
                (bytes, tail)
            }
        };
    }
    std::str::from_utf8(&bytes).is_ok()
}

/// The members of an object in their order, with those that stand twice.
struct Members(Vec<(String, Value)>);

impl<'de> serde::Deserialize<'de> for Members {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Members;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{Kind, Params};
    use bytes::Bytes;

    fn read(query: &str, kind: Kind, body: &'static str) -> (Vec<(String, String)>, bool) {
        let params = Params::read(Some(query), kind, &Bytes::from_static(body.as_bytes()));
        (params.texts.into_iter().map(|param| (param.name, param.text)).collect(), params.has_other_than_text)
    }

    #[test]
    fn texts_of_query_and_body() {
        let pair = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        assert_eq!(
            read("a=1&b=%C3%A9+x", Kind::Form, "c=&a=2"),
            (vec![pair("a", "1"), pair("b", "é x"), pair("c", ""), pair("a", "2")], false)
        );
        assert_eq!(read("", Kind::Json, r#"{"a":"1","a":"2"}"#), (vec![pair("a", "1"), pair("a", "2")], false));
        assert_eq!(read("a=1", Kind::Other, "x=1"), (vec![pair("a", "1")], false));
        for body in [r#"{"a":1}"#, r#"{"a":{"b":"c"}}"#, r#"{"a":["b"]}"#, r#"{"a":null}"#, "[]", "{", "x"] {
            assert!(read("", Kind::Json, body).1, "{body}");
        }
        assert!(read("a=%FF", Kind::Other, "").1 && read("%C3=1", Kind::Other, "").1);
        assert!(!read("a=%zz%C3%A9", Kind::Other, "").1);
    }
}
