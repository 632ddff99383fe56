//! What a new case expects: what the Rust room says today.

use crate::runner::given::{Fault, Result};
use crate::runner::ops;
use crate::runner::steps::{Sequence, object};
use serde_json::{Value, json};

/// What an operation without steps gives: the `expect` of a case made of it.
pub fn expectation(op: &str, members: &Value) -> std::result::Result<Value, String> {
    told_as_expect(object(members).and_then(|members| ops::run(op, members)))
}

/// Fills in what each step of an operation with steps gives.
pub fn fill_steps(op: &str, members: &mut Value) -> std::result::Result<(), String> {
    let told = |fault: Fault| told_as_expect(Err(fault)).map_or_else(|reason| reason, |refusal| refusal.to_string());
    let built = Sequence::build(op, object(members).map_err(told)?).ok_or_else(|| format!("{op} has no steps"))?;
    let mut sequence = built.map_err(told)?;
    for (index, step) in members["steps"].as_array_mut().into_iter().flatten().enumerate() {
        let action = step["do"].as_str().unwrap_or_default();
        step["expect"] = told_as_expect(object(&step["in"]).and_then(|members| sequence.take(index, action, members)))?;
    }
    Ok(())
}

fn told_as_expect(told: Result<Value>) -> std::result::Result<Value, String> {
    match told {
        Ok(value) if value.get("error").is_some() => {
            let beside = ["error", "may_have_run", "signed", "resend"];
            Ok(beside.into_iter().map(|name| (name.to_owned(), value[name].clone())).collect())
        }
        Ok(mut value) => {
            // Of an accepted answer these two are nobody's question.
            for name in ["may_have_run", "signed"] {
                value.as_object_mut().and_then(|members| members.remove(name));
            }
            Ok(json!({ "ok": value }))
        }
        Err(Fault::Refused(error)) => Ok(json!({ "error": error.name() })),
        Err(Fault::Case(reason)) => Err(reason),
    }
}
