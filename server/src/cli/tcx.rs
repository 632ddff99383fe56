//! `tcx`: the apps and master keys of a store. What is told once is printed as JSON, with `--json` or without.

use super::args::{TcxAppCommand, TcxCommand, TcxStoreArgs};
use super::output::{Failure, Said};
use oscar::clock::now_ms;
use oscar::tcx::{SqliteTcxStore, TcxStoreError};
use oscartoki::OscarError;
use oscartoki::tcx::TcxMode;
use oscartoki::time::format_datetime;
use serde_json::{Value, json};

/// Runs one command.
pub fn tcx(command: &TcxCommand) -> Result<Said, Failure> {
    let came = match command {
        TcxCommand::App(TcxAppCommand::Add(args)) => {
            let store = open(&args.store, true)?;
            let mode = TcxMode::from_name(&args.mode).unwrap_or_default();
            let app = store.add_app(&args.name, mode, now_ms()).map_err(failed)?;
            json!({ "app_id": app.app_id, "app_public": app.app_public, "app_secret": app.app_secret, "mode": mode.name() })
        }
        TcxCommand::App(TcxAppCommand::List(args)) => {
            let apps = open(args, false)?.apps().map_err(failed)?;
            let object = |app: &oscar::tcx::AppListed| json!({ "app_id": app.app_id, "name": app.name, "mode": app.mode, "suspended": app.suspended });
            json!({ "apps": apps.iter().map(object).collect::<Vec<Value>>() })
        }
        TcxCommand::App(TcxAppCommand::Suspend(args)) => {
            open(&args.store, false)?.suspend(&args.app_id, !args.resume).map_err(failed)?;
            json!({ "app_id": args.app_id, "suspended": !args.resume })
        }
        TcxCommand::MasterKey(args) => {
            let now_ms = now_ms();
            let until_ms = args.days.map(|days| now_ms.saturating_add(days * 86_400_000));
            let key = open(&args.store, false)?.add_master_key(&args.app_id, until_ms, now_ms).map_err(failed)?;
            json!({ "master_key": key, "expires_at": until_ms.map(format_datetime) })
        }
    };
    Ok(Said::text(came.to_string(), came))
}

/// Only `app add` makes a file.
fn open(args: &TcxStoreArgs, make: bool) -> Result<SqliteTcxStore, Failure> {
    let path = &args.store;
    if !make && !path.exists() {
        return Err(Failure::config(format!("{}: there is no such store; oscar tcx app add makes one", path.display())));
    }
    SqliteTcxStore::open(path).map_err(|error| Failure::config(format!("{}: {error}", path.display())))
}

fn failed(error: TcxStoreError) -> Failure {
    match error {
        TcxStoreError::UnknownApp => Failure::refused(OscarError::UnknownKey("no app has this id")),
        other => Failure::config(other.to_string()),
    }
}
