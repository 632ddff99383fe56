//! One connection, and which run of which server is at its other end.

use crate::StoreError;
use redis::{Client, Connection, ConnectionAddr, ErrorKind, IntoConnectionInfo as _, RedisError, ServerErrorKind};
use std::time::Duration;

/// Where to connect to.
pub struct Target {
    client: Client,
    /// Without user and password.
    pub address: String,
}

/// A connection to a server that does not evict.
pub struct Link {
    pub connection: Connection,
    /// Another one after every start of the server.
    pub run_id: String,
}

impl Target {
    pub fn parse(url: &str) -> Result<Self, StoreError> {
        let refused =
            |_: RedisError| StoreError::Options("a Redis is named by redis://[USER:PASSWORD@]HOST[:PORT][/DB] or redis+unix:///PATH");
        let info = url.into_connection_info().map_err(refused)?;
        let address = match info.addr() {
            ConnectionAddr::Tcp(host, port) => format!("{host}:{port}"),
            ConnectionAddr::Unix(path) => path.display().to_string(),
            _ => return Err(StoreError::Options("a Redis over TLS is not supported here: put it behind a tunnel")),
        };
        Ok(Self { client: Client::open(info).map_err(refused)?, address })
    }

    pub fn connect(&self, deadline: Duration) -> Result<Link, StoreError> {
        let failed = |why: String| StoreError::Redis { address: self.address.clone(), why };
        let told = |error: RedisError| failed(format!("Redis does not answer: {}", error.kind_name()));
        let mut connection = self.client.get_connection_with_timeout(deadline).map_err(told)?;
        wait_for(&connection, deadline);
        let info: String = redis::cmd("INFO").query(&mut connection).map_err(told)?;
        let line = |name: &str| info.lines().find_map(|line| line.trim_end().strip_prefix(name)?.strip_prefix(':'));
        match line("maxmemory_policy") {
            // Without a limit nothing is evicted, whatever the policy.
            Some(policy) if policy != "noeviction" && line("maxmemory") != Some("0") => {
                return Err(failed(format!("its maxmemory-policy is {policy}, which forgets live entries: set noeviction")));
            }
            Some(policy) if policy.starts_with("allkeys") => {
                return Err(failed(format!("its maxmemory-policy is {policy}, which would forget live entries: set noeviction")));
            }
            Some(_) => {}
            None => return Err(failed("it does not tell its maxmemory-policy, which must be noeviction".to_owned())),
        }
        let run_id = line("run_id").ok_or_else(|| failed("it does not tell its run_id".to_owned()))?.to_owned();
        Ok(Link { connection, run_id })
    }
}

impl Link {
    pub fn wait_for(&self, deadline: Duration) {
        wait_for(&self.connection, deadline);
    }
}

fn wait_for(connection: &Connection, deadline: Duration) {
    // Zero alone is refused.
    let _ = connection.set_read_timeout(Some(deadline));
    let _ = connection.set_write_timeout(Some(deadline));
}

/// The server answered that it has no room, or takes no writes: the connection is good, the answer is no. While it loads, it is out of reach.
pub fn is_refusal(error: &RedisError) -> bool {
    matches!(error.kind(), ErrorKind::Server(kind) if !matches!(kind, ServerErrorKind::BusyLoading | ServerErrorKind::MasterDown | ServerErrorKind::ReadOnly))
}

/// What went wrong, without what was sent.
trait KindName {
    fn kind_name(&self) -> String;
}

impl KindName for RedisError {
    fn kind_name(&self) -> String {
        if self.is_timeout() { "no answer in time".to_owned() } else { self.category().to_owned() }
    }
}
