//! What a service answers: always with HTTP status 200.

use crate::error::{OscarError, Result};

/// The codes of TCX.
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TcxCode {
    /// Type or app id absent.
    Tcxreq,
    /// The type is unknown or switched off.
    Tcxrjc,
    /// The app is unknown or suspended; on the routes, every refusal.
    Tcxafx,
    /// The pass is absent or wrong.
    Tcxpfx,
    /// The master key is absent or wrong.
    Tcxmkf,
    /// The access token is absent or wrong.
    Tcxtfx,
    /// On the routes: done.
    Tcxsss,
    /// On the routes: a member is absent or empty.
    Tcxcrq,
    /// On the routes: the store fails.
    Tcxerx,
}

/// The two tables of numbers.
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TcxTable {
    /// As documented with the client.
    #[default]
    Documented,
    /// As server 4 sends them.
    Server4,
}

impl TcxTable {
    /// The table of a name: `documented` or `server4`.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "documented" => Self::Documented,
            "server4" => Self::Server4,
            _ => return None,
        })
    }
}

/// Where a verdict is given.
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TcxRoute {
    /// Any call.
    #[default]
    Call,
    /// `/tcx/authorize`.
    Authorize,
    /// `/tcx/reauthorize`.
    Reauthorize,
}

impl TcxRoute {
    /// The route of a name: `call`, `authorize` or `reauthorize`.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "call" => Self::Call,
            "authorize" => Self::Authorize,
            "reauthorize" => Self::Reauthorize,
            _ => return None,
        })
    }
}

/// A verdict, as it travels.
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TcxVerdict {
    /// 1 for TCXSSS, else 0.
    pub status: i64,
    /// Of the table: `505003` and the like.
    pub status_number: String,
    /// `TCXPFX` and the like.
    pub status_code: String,
    /// The sentence that goes with it.
    pub status_message: String,
}

/// Route, code, number as documented, number of server 4, sentence. The routes' numbers are the same in both.
const ROWS: [(TcxRoute, TcxCode, &str, &str, &str); 14] = [
    (TcxRoute::Call, TcxCode::Tcxreq, "705000", "70FF000", "TCX Authentication Required"),
    (TcxRoute::Call, TcxCode::Tcxrjc, "205001", "20FF001", "TCX Authentication Rejected"),
    (TcxRoute::Call, TcxCode::Tcxafx, "405002", "40FF002", "TCX Authentication Failed"),
    (TcxRoute::Call, TcxCode::Tcxpfx, "505003", "50FF003", "TCX Pass did not match"),
    (TcxRoute::Call, TcxCode::Tcxmkf, "505004", "50FF004", "TCX Master Key did not valid"),
    (TcxRoute::Call, TcxCode::Tcxtfx, "505005", "50FF005", "TCX Token did not valid"),
    (TcxRoute::Authorize, TcxCode::Tcxsss, "F05003", "F05003", "Authentication Success"),
    (TcxRoute::Authorize, TcxCode::Tcxafx, "505001", "505001", "Authentication Failed"),
    (TcxRoute::Authorize, TcxCode::Tcxcrq, "405000", "405000", "Credentials Required"),
    (TcxRoute::Authorize, TcxCode::Tcxerx, "105002", "105002", "Server Fault"),
    (TcxRoute::Reauthorize, TcxCode::Tcxsss, "F05103", "F05103", "Token refreshed"),
    (TcxRoute::Reauthorize, TcxCode::Tcxafx, "505101", "505101", "Authentication Failed"),
    (TcxRoute::Reauthorize, TcxCode::Tcxcrq, "405100", "405100", "Credentials Required"),
    (TcxRoute::Reauthorize, TcxCode::Tcxerx, "105102", "105102", "Server Fault"),
];

const CODES: [(TcxCode, &str); 9] = [
    (TcxCode::Tcxreq, "TCXREQ"),
    (TcxCode::Tcxrjc, "TCXRJC"),
    (TcxCode::Tcxafx, "TCXAFX"),
    (TcxCode::Tcxpfx, "TCXPFX"),
    (TcxCode::Tcxmkf, "TCXMKF"),
    (TcxCode::Tcxtfx, "TCXTFX"),
    (TcxCode::Tcxsss, "TCXSSS"),
    (TcxCode::Tcxcrq, "TCXCRQ"),
    (TcxCode::Tcxerx, "TCXERX"),
];

impl TcxCode {
    /// The code of a name, `TCXPFX` and the like.
    pub fn from_name(name: &str) -> Option<Self> {
        CODES.iter().find(|(_, known)| *known == name).map(|(code, _)| *code)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        CODES.iter().find(|(code, _)| *code == self).map_or("", |(_, name)| name)
    }
}

impl TcxVerdict {
    /// The verdict of a code on a route. Error: `malformed` for a code that the route does not give.
    pub fn new(code: TcxCode, table: TcxTable, route: TcxRoute) -> Result<Self> {
        let row = ROWS.iter().find(|row| row.0 == route && row.1 == code);
        let (_, _, documented, server4, sentence) = row.ok_or(OscarError::Malformed("this code is none of this route"))?;
        Ok(Self {
            status: i64::from(code == TcxCode::Tcxsss),
            status_number: if table == TcxTable::Documented { *documented } else { *server4 }.to_owned(),
            status_code: code.name().to_owned(),
            status_message: (*sentence).to_owned(),
        })
    }

    /// Reads a number of either table back: the code, and the route that gives it.
    pub fn read_number(status_number: &str) -> Option<(TcxCode, TcxRoute)> {
        ROWS.iter().find(|row| row.2 == status_number || row.3 == status_number).map(|row| (row.1, row.0))
    }
}
