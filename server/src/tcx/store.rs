//! What an authority remembers, in SQLite: apps, spent passes, tokens by their SHA-256. Every call is one transaction, written through
//! before it answers; several processes may use one file.

use oscartoki::tcx::{TcxApp, TcxHeld, TcxIssue, TcxMode, TcxSpent, TcxStore, TcxStoreFault, tcx_token, tcx_token_digest};
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};
use std::fmt;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The schema, one step a version; `user_version` says how many were taken.
const MIGRATIONS: &[&str] = &["
    CREATE TABLE app (
        app_id TEXT PRIMARY KEY, name TEXT NOT NULL, app_public TEXT NOT NULL, app_secret BLOB NOT NULL,
        mode TEXT NOT NULL CHECK (mode IN ('none', 'time', 'param')), suspended INTEGER NOT NULL DEFAULT 0, created_ms INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE spent_pass (
        app_id TEXT NOT NULL REFERENCES app, pass BLOB NOT NULL, until_ms INTEGER, PRIMARY KEY (app_id, pass)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX spent_pass_until ON spent_pass (until_ms) WHERE until_ms IS NOT NULL;
    CREATE TABLE token (
        access BLOB PRIMARY KEY, app_id TEXT NOT NULL REFERENCES app, access_until_ms INTEGER NOT NULL,
        refresh BLOB NOT NULL UNIQUE, refresh_until_ms INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX token_until ON token (refresh_until_ms);
    CREATE TABLE master_key (
        digest BLOB PRIMARY KEY, app_id TEXT NOT NULL REFERENCES app, until_ms INTEGER, created_ms INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
"];

/// How long a writer waits for another process, in milliseconds.
const PATIENCE: Duration = Duration::from_secs(5);
const ID_LEN: usize = 16;
const PUBLIC_LEN: usize = 32;

/// The store in one file.
pub struct SqliteTcxStore {
    connection: Mutex<Connection>,
}

/// Why a store can't be opened or administered.
#[derive(Debug)]
pub enum TcxStoreError {
    /// No app has this id.
    UnknownApp,
    /// The file is of a later version of this program.
    Newer,
    /// The system gives no random bytes.
    Random,
    /// SQLite's reason.
    Sqlite(rusqlite::Error),
    /// The file system's.
    File(std::io::Error),
}

impl fmt::Display for TcxStoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownApp => f.write_str("no app has this id"),
            Self::Newer => f.write_str("the file was made by a later version of oscar"),
            Self::Random => f.write_str("the system gives no random bytes"),
            Self::Sqlite(error) => write!(f, "{error}"),
            Self::File(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for TcxStoreError {}

impl From<rusqlite::Error> for TcxStoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

/// A new app. Its secret is told this once.
#[derive(Clone, PartialEq, Eq)]
pub struct AppAdded {
    /// 16 characters.
    pub app_id: String,
    /// 32 characters.
    pub app_public: String,
    /// 40 characters, kept as SHA-256.
    pub app_secret: String,
}

impl fmt::Debug for AppAdded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AppAdded({})", self.app_id)
    }
}

/// An app, without its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppListed {
    /// Its id.
    pub app_id: String,
    /// What its owner calls it.
    pub name: String,
    /// `none`, `time` or `param`.
    pub mode: String,
    /// Nothing of it is taken.
    pub suspended: bool,
}

impl SqliteTcxStore {
    /// Opens the file, made with mode 0600 where it is absent, and takes the migrations that are due.
    pub fn open(path: &Path) -> Result<Self, TcxStoreError> {
        match crate::private::write_new(path, b"") {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(TcxStoreError::File(error)),
            _ => {}
        }
        let mut connection = Connection::open(path)?;
        connection.busy_timeout(PATIENCE)?;
        // Readers and one writer at a time; FULL: what was answered survives a crash of the machine, too.
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        migrate(&mut connection)?;
        Ok(Self { connection: Mutex::new(connection) })
    }

    /// Adds an app.
    pub fn add_app(&self, name: &str, mode: TcxMode, now_ms: i64) -> Result<AppAdded, TcxStoreError> {
        let draw = |len| tcx_token().map(|token| token[..len].to_owned()).map_err(|_| TcxStoreError::Random);
        let added = AppAdded { app_id: draw(ID_LEN)?, app_public: draw(PUBLIC_LEN)?, app_secret: draw(oscartoki::tcx::TCX_TOKEN_LEN)? };
        self.lock().execute(
            "INSERT INTO app (app_id, name, app_public, app_secret, mode, created_ms) VALUES (?, ?, ?, ?, ?, ?)",
            params![added.app_id, name, added.app_public, tcx_token_digest(&added.app_secret), mode.name(), now_ms],
        )?;
        Ok(added)
    }

    /// Every app, oldest first.
    pub fn apps(&self) -> Result<Vec<AppListed>, TcxStoreError> {
        let connection = self.lock();
        let mut query = connection.prepare("SELECT app_id, name, mode, suspended FROM app ORDER BY created_ms, app_id")?;
        let rows = query
            .query_map([], |row| Ok(AppListed { app_id: row.get(0)?, name: row.get(1)?, mode: row.get(2)?, suspended: row.get(3)? }))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Suspends an app, or takes it back.
    pub fn suspend(&self, app_id: &str, suspended: bool) -> Result<(), TcxStoreError> {
        match self.lock().execute("UPDATE app SET suspended = ? WHERE app_id = ?", params![suspended, app_id])? {
            0 => Err(TcxStoreError::UnknownApp),
            _ => Ok(()),
        }
    }

    /// A master key of an app, told this once; `until_ms`: `None` is until it is revoked.
    pub fn add_master_key(&self, app_id: &str, until_ms: Option<i64>, now_ms: i64) -> Result<String, TcxStoreError> {
        let key = tcx_token().map_err(|_| TcxStoreError::Random)?;
        let made = self.lock().execute(
            "INSERT INTO master_key (digest, app_id, until_ms, created_ms) SELECT ?, app_id, ?, ? FROM app WHERE app_id = ?",
            params![tcx_token_digest(&key), until_ms, now_ms, app_id],
        )?;
        if made == 0 { Err(TcxStoreError::UnknownApp) } else { Ok(key) }
    }

    /// A failed statement leaves its transaction behind, and the connection good.
    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One transaction, with the write lock from its beginning.
    fn write<T>(&self, what: &'static str, body: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, TcxStoreFault> {
        let mut connection = self.lock();
        let run = || {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let came = body(&transaction)?;
            transaction.commit()?;
            Ok(came)
        };
        run().map_err(|error| fault(what, &error))
    }

    fn read<T>(&self, what: &'static str, body: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, TcxStoreFault> {
        body(&self.lock()).map_err(|error| fault(what, &error))
    }
}

fn migrate(connection: &mut Connection) -> Result<(), TcxStoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let taken: u32 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let due = MIGRATIONS.get(taken as usize..).ok_or(TcxStoreError::Newer)?;
    for (step, number) in due.iter().zip(taken + 1..) {
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", number)?;
    }
    Ok(transaction.commit()?)
}

fn fault(what: &'static str, error: &rusqlite::Error) -> TcxStoreFault {
    tracing::error!(what, error = %error, "the TCX store failed");
    TcxStoreFault
}

fn spend(connection: &Connection, app_id: &str, pass: &[u8; 32], until_ms: Option<i64>, now_ms: i64) -> rusqlite::Result<TcxSpent> {
    connection.prepare_cached("DELETE FROM spent_pass WHERE until_ms < ?")?.execute([now_ms])?;
    let spent = connection
        .prepare_cached("INSERT INTO spent_pass (app_id, pass, until_ms) VALUES (?, ?, ?) ON CONFLICT DO NOTHING")?
        .execute(params![app_id, pass, until_ms])?;
    Ok(if spent == 1 { TcxSpent::Fresh } else { TcxSpent::Seen })
}

impl TcxStore for SqliteTcxStore {
    fn app(&self, app_id: &str) -> Result<Option<TcxApp>, TcxStoreFault> {
        self.read("app", |connection| {
            let mut query = connection.prepare_cached("SELECT app_public, mode, suspended FROM app WHERE app_id = ?")?;
            let of = |row: &rusqlite::Row<'_>| {
                let mode: String = row.get(1)?;
                let mode = TcxMode::from_name(&mode).ok_or(rusqlite::Error::InvalidQuery)?;
                Ok(TcxApp { app_id: app_id.to_owned(), app_public: row.get(0)?, mode, suspended: row.get(2)? })
            };
            query.query_row([app_id], of).optional()
        })
    }

    fn spend(&self, app_id: &str, pass: &[u8; 32], until_ms: Option<i64>, now_ms: i64) -> Result<TcxSpent, TcxStoreFault> {
        self.write("spend", |connection| spend(connection, app_id, pass, until_ms, now_ms))
    }

    fn issue(&self, issue: &TcxIssue, now_ms: i64) -> Result<TcxSpent, TcxStoreFault> {
        self.write("issue", |connection| {
            connection.prepare_cached("DELETE FROM token WHERE refresh_until_ms < ? AND access_until_ms < ?")?.execute([now_ms, now_ms])?;
            let spent = spend(connection, &issue.app_id, &issue.pass, issue.pass_until_ms, now_ms)?;
            if spent == TcxSpent::Fresh {
                connection
                    .prepare_cached(
                        "INSERT INTO token (access, app_id, access_until_ms, refresh, refresh_until_ms) VALUES (?, ?, ?, ?, ?)",
                    )?
                    .execute(params![issue.access, issue.app_id, issue.access_until_ms, issue.refresh, issue.refresh_until_ms])?;
            }
            Ok(spent)
        })
    }

    fn access(&self, token: &[u8; 32]) -> Result<Option<TcxHeld>, TcxStoreFault> {
        self.read("access", |connection| {
            let mut query = connection.prepare_cached("SELECT app_id, access_until_ms FROM token WHERE access = ?")?;
            query.query_row([token], |row| Ok(TcxHeld { app_id: row.get(0)?, until_ms: Some(row.get(1)?) })).optional()
        })
    }

    fn master(&self, token: &[u8; 32]) -> Result<Option<TcxHeld>, TcxStoreFault> {
        self.read("master", |connection| {
            let mut query = connection.prepare_cached("SELECT app_id, until_ms FROM master_key WHERE digest = ?")?;
            query.query_row([token], |row| Ok(TcxHeld { app_id: row.get(0)?, until_ms: row.get(1)? })).optional()
        })
    }

    fn renew(
        &self,
        app_id: &str,
        old: &[u8; 32],
        new: &[u8; 32],
        refresh_until_ms: i64,
        access_until_ms: i64,
        now_ms: i64,
    ) -> Result<bool, TcxStoreFault> {
        self.write("renew", |connection| {
            let renewed = connection
                .prepare_cached(
                    "UPDATE token SET refresh = ?, refresh_until_ms = ?, access_until_ms = ? WHERE refresh = ? AND app_id = ? AND refresh_until_ms > ?",
                )?
                .execute(params![new, refresh_until_ms, access_until_ms, old, app_id, now_ms])?;
            Ok(renewed == 1)
        })
    }
}
