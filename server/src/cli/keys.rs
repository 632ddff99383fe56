//! `keygen` and `audience-key`.

use super::args::{AudienceKeyArgs, KeygenArgs};
use super::inputs;
use super::output::{Failure, Said};
use oscar::private::write_new;
use oscartoki::Secret;
use oscartoki::encoding::hex;
use serde_json::json;

/// A new secret: on stdout, or in a file that nobody else may read.
pub fn keygen(args: &KeygenArgs) -> Result<Said, Failure> {
    let secret = Secret::generate().map_err(Failure::key)?;
    let (text, kid) = (secret.to_text(), hex(&secret.kid_bytes(0).map_err(Failure::key)?));
    let Some(file) = &args.out else {
        return Ok(Said::text(text.clone(), json!({ "secret": text, "kid": kid })));
    };
    write_new(file, format!("{text}\n").as_bytes()).map_err(|error| Failure::config(format!("{}: {error}", file.display())))?;
    Ok(Said::text(format!("kid {kid}"), json!({ "out": file, "kid": kid })))
}

/// What one service gets.
pub fn audience_key(args: &AudienceKeyArgs) -> Result<Said, Failure> {
    let secret = inputs::secret(args.secret.as_deref())?;
    let key = secret.audience_key(&args.audience, args.generation).map_err(Failure::key)?;
    Ok(Said::text(key.to_text(), json!({ "audience_key": key.to_text(), "kid": hex(&key.kid_bytes()) })))
}
