//! The operations of TCX and Socktopus.

use super::given::{Fault, Given, Result};
use oscartoki::OscarError;
use oscartoki::socktopus::{SocktopusSecrets, SocktopusToken};
use oscartoki::tcx::{self, TcxCode, TcxDialect, TcxMode, TcxParam, TcxPass, TcxRoute, TcxTable, TcxType, TcxVerdict};
use serde_json::{Map, Value, json};

fn named<T>(given: &Given<'_>, name: &str, absent: &str, of: impl Fn(&str) -> Option<T>) -> Result<T> {
    let text = given.maybe_text(name)?.unwrap_or(absent);
    of(text).ok_or_else(|| Fault::Case(format!("{name} {text}")))
}

/// An object of texts.
fn texts(given: &Given<'_>, name: &str) -> Result<Vec<(String, String)>> {
    let fault = || Fault::Case(format!("{name} is no object of texts"));
    let none = Map::new();
    let members = given.get(name).map_or(Some(&none), Value::as_object).ok_or_else(fault)?;
    members.iter().map(|(name, text)| Ok((name.clone(), text.as_str().ok_or_else(fault)?.to_owned()))).collect()
}

fn pass(given: &Given<'_>) -> Result<TcxPass> {
    Ok(TcxPass {
        mode: named(given, "mode", "none", TcxMode::from_name)?,
        params: texts(given, "params")?.into_iter().map(|(name, text)| TcxParam { name, text }).collect(),
        datetime: given.maybe_text("datetime")?.map(str::to_owned),
        app_public: given.text("app_public")?.to_owned(),
    })
}

pub fn tcx_pass_mint(given: &Given<'_>) -> Result<Value> {
    let dialect = named(given, "dialect", "documented", TcxDialect::from_name)?;
    Ok(json!({ "app_pass": pass(given)?.mint(given.text("client_token")?, dialect)? }))
}

pub fn tcx_pass_verify(given: &Given<'_>) -> Result<Value> {
    let verified = pass(given)?.verify(given.text("app_pass")?, given.number("now_ms")?, given.flag("strict", true)?)?;
    Ok(json!({ "client_token": verified.client_token, "dialect": verified.dialect.name() }))
}

pub fn tcx_headers(given: &Given<'_>) -> Result<Value> {
    let kind = TcxType::from_name(given.text("type")?).ok_or(OscarError::Unsignable("this is no type of TCX"))?;
    let token = given.maybe_text("token")?.map(str::to_owned);
    let headers = tcx::tcx_headers(kind, given.text("app_id")?, given.text("app_pass")?, token)?;
    let headers: Map<String, Value> = headers.into_iter().map(|header| (header.name, header.text.into())).collect();
    Ok(json!({ "headers": headers }))
}

pub fn tcx_verdict(given: &Given<'_>) -> Result<Value> {
    let code = named(given, "code", "", TcxCode::from_name)?;
    let (table, route) = (named(given, "table", "documented", TcxTable::from_name)?, named(given, "route", "call", TcxRoute::from_name)?);
    let verdict = TcxVerdict::new(code, table, route)?;
    Ok(
        json!({ "status_number": verdict.status_number, "status_message": verdict.status_message, "status": verdict.status, "status_code": verdict.status_code }),
    )
}

pub fn socktopus_mint(given: &Given<'_>) -> Result<Value> {
    let (app, connection) = (given.text("app")?.to_owned(), given.text("connection")?.to_owned());
    let token = SocktopusToken { app, connection, ts_ms: given.number("ts_ms")? };
    Ok(json!({ "token": token.mint(given.text("secret")?.as_bytes())? }))
}

pub fn socktopus_verify(given: &Given<'_>) -> Result<Value> {
    let mut secrets = SocktopusSecrets::default();
    for (app, secret) in texts(given, "secrets")? {
        // An app without a secret is none.
        if !secret.is_empty() {
            secrets.add(&app, secret.as_bytes())?;
        }
    }
    let token = SocktopusToken::verify(&secrets, given.text("token")?, given.number("now_ms")?)?;
    Ok(json!({ "app": token.app, "connection": token.connection, "ts_ms": token.ts_ms }))
}
