//! One client against one service: what must hold between any two.

use super::clients::{Ask, Report};
use super::fleet::Fleet;
use super::program::{Program, Way};
use super::proxy::{Proxy, Tamper};
use super::table::{Came, Table, must};
use super::wire;
use super::world::World;
use oscartoki::Rolling;
use oscartoki::encoding::hex;

/// 15 hours back: a phone that was set to another continent's noon.
const FAR_OFF_MS: i64 = -15 * 3_600_000;
const BODY: &str = "{\"amount\":10}";

/// Everything that RFC 3986 lets stand in a path and a query, and that somebody on the way likes to tidy up.
const ODD: &str = "/echo/a%2Fb//c;d=1/~e/%7ef/!$&()*+,=:@/?x=1&x=2&y=%2F&&z=%20+;:@/?!$()*,";
/// What RFC 3986 does not allow, and toki v2 does: libraries may encode it, servers may refuse it.
const ODDER: &str = "/echo/x|y^z?q={a}&r='";

/// One client, and the proxy between it and the first process of a service.
#[derive(Clone, Copy)]
pub struct Pair<'a> {
    pub world: &'a World,
    pub client: &'a Program,
    pub fleet: &'a Fleet,
    pub proxy: &'a Proxy,
}

impl Pair<'_> {
    /// Every row.
    pub async fn rows(self, table: &mut Table) {
        if let Way::Missing(reason) = &self.client.way {
            table.row(format!("{self}: starts"), "every row of the other clients", Err(reason.clone()));
            return;
        }
        self.sessions(table).await;
        self.clocks(table).await;
        self.replayed(table).await;
        self.targets(table).await;
        self.handed_out(table).await;
        self.tampered(table).await;
    }

    async fn row(self, table: &mut Table, what: &str, expected: &'static str, ask: Ask, judge: fn(&Report) -> Came) {
        let url = format!("http://{}/echo/{}?row=1&x=%2F", self.fleet.first.address, self.client.name.to_lowercase());
        let came = self.client.ask(self.world, &ask, &url).await;
        table.row(format!("{self}: {what}"), expected, came.and_then(|report| judge(&report)));
    }

    async fn sessions(self, table: &mut Table) {
        let ask = Ask { verify_first: true, ..Ask::default() };
        self.row(table, "verify_first", "a probe, then the request, in its session", ask, |report| {
            report.accepted()?;
            report.is("requests", 2)?;
            report.is("probed", true)?;
            report.is("in_session", true)
        })
        .await;
        let ask = Ask { repeat: 3, ..Ask::default() };
        self.row(table, "rolled session", "three calls, the last in a session", ask, |report| {
            report.accepted()?;
            report.is("ok", 3)?;
            report.is("in_session", true)
        })
        .await;
        let ask = Ask { repeat: 5, roll_every: true, ..Ask::default() };
        self.row(table, "roll = every", "five calls, each answer with the next grant", ask, |report| {
            report.accepted()?;
            report.is("ok", 5)?;
            report.is("in_session", true)
        })
        .await;
        let ask = Ask { parallel: 32, ..Ask::default() };
        self.row(table, "32 parallel requests", "32 authentic answers", ask, |report| report.is("ok", 32)).await;
    }

    async fn clocks(self, table: &mut Table) {
        let ask = Ask { offset_ms: FAR_OFF_MS, ..Ask::default() };
        self.row(table, "GET, clock 15 hours off", "one resend", ask, |report| {
            report.accepted()?;
            report.is("requests", 2)?;
            report.is("resent", true)
        })
        .await;
        let ask = Ask { offset_ms: FAR_OFF_MS, body: Some(BODY), ..Ask::default() };
        self.row(table, "POST, clock 15 hours off", "a probe, then once", ask, |report| {
            report.accepted()?;
            report.is("requests", 2)?;
            report.is("probed", true)?;
            report.is("resent", false)
        })
        .await;
    }

    /// A request with a body, then its very bytes again, to both processes.
    async fn replayed(self, table: &mut Table) {
        self.proxy.take_last();
        let ask = Ask { body: Some(BODY), ..Ask::default() };
        let came = self.client.ask(self.world, &ask, &format!("http://{}/echo/body", self.proxy.address)).await;
        let came = came.and_then(|report| {
            report.accepted()?;
            let (echo, digest) = (report.echo(), hex(&oscartoki::sha256(BODY.as_bytes())));
            must(echo["body_sha256"] == digest.as_str() && echo["method"] == "POST", || format!("the service says {echo}"))
        });
        table.row(format!("{self}: POST with a body"), "the service read exactly that body", came);
        let again = async {
            let seen = self.proxy.take_last().ok_or("nothing passed that could be sent again")?;
            must(seen.verb == "POST", || format!("what passed last is a {}", seen.verb))?;
            for process in [&self.fleet.first, &self.fleet.second] {
                let came = wire::exchange(&process.address, &seen.bytes, false).await?;
                must(came.status == 409 && came.code() == Some(2), || came.short())?;
            }
            Ok(())
        };
        table.row(format!("{self}: that POST captured and sent again"), "signed 409 replayed by both processes", again.await);
    }

    async fn targets(self, table: &mut Table) {
        for (what, expected, target) in [
            ("raw target: %2F, //, ;, signs, repeated names", "verified, and read as it was on the wire", ODD),
            ("raw target: an empty query", "verified, and read as it was on the wire", "/echo/empty?"),
            ("raw target: bytes outside of RFC 3986", "verified as sent, or not sent, or refused by the server itself", ODDER),
        ] {
            let came = self.target(table, target).await;
            table.row(format!("{self}: {what}"), expected, came);
        }
    }

    async fn target(self, table: &mut Table, target: &str) -> Came {
        self.proxy.take_last();
        let came = self.client.ask(self.world, &Ask::default(), &format!("http://{}{target}", self.proxy.address)).await;
        let Some(seen) = self.proxy.take_last() else {
            // A library that will not send it, or does not say how: our layer then refuses in place of guessing.
            if target == ODDER || came.as_ref().is_ok_and(|report| report.refused("raw_target_hidden").is_ok()) {
                table.note(format!("{} client: can't send {target}", self.client));
                return Ok(());
            }
            return Err(format!("nothing was sent: {}", came.map_or_else(|reason| reason, |report| report.to_string())));
        };
        if seen.target != target {
            table.note(format!("{} client: {target} is sent as {}", self.client, seen.target));
        }
        if target == ODDER && seen.target == target {
            // The server's own parser may stand before us; it then refuses everybody, signed or not.
            let plain = wire::Raw::plain("GET", target, b"").send(&self.fleet.first.address).await;
            if plain.as_ref().map_or(true, |came| came.header("oscartoki-error").is_none()) {
                table.note(format!("{} service: its server refuses {target} itself", self.fleet.service));
                return Ok(());
            }
        }
        let report = came?;
        report.accepted()?;
        let read = report.echo();
        // A server that hides an empty `?` hides it from the application too.
        let hidden = read["target"].as_str().map(|read| format!("{read}?"));
        must(read["target"] == seen.target.as_str() || hidden.as_deref() == Some(seen.target.as_str()), || {
            format!("on the wire {}, the service says {read}", seen.target)
        })
    }

    /// A session that the secret's holder mints for a second client, which never sees the secret.
    async fn handed_out(self, table: &mut Table) {
        let run = async {
            let session = self.world.client(Rolling::Auto)?.hand_out(60, oscar::clock::now_ms()).map_err(|error| error.to_string())?;
            let path = self.world.path(&format!("{}-{}.oz2", self.client, self.fleet.service));
            let _ = std::fs::remove_file(&path);
            oscar::private::write_new(&path, format!("{}\n", session.to_text()).as_bytes()).map_err(|error| error.to_string())?;
            let ask = Ask { session: Some(path), ..Ask::default() };
            let report = self.client.ask(self.world, &ask, &format!("http://{}/echo/handed-out", self.fleet.first.address)).await?;
            report.accepted()?;
            report.is("in_session", true)?;
            let (echo, sid) = (report.echo(), hex(&session.sid()));
            must(echo["session"] == sid.as_str(), || format!("the session is {sid}, the service says {echo}"))
        };
        table.row(format!("{self}: session handed out"), "a second client without the secret, in that session", run.await);
    }

    async fn tampered(self, table: &mut Table) {
        let trusting = Ask { body: Some(BODY), trust_clock: true, ..Ask::default() };
        for (tamper, what, expected, name) in [
            (Tamper::Status, "answer's status changed", "bad_mac, may have run", "bad_mac"),
            (Tamper::Body, "answer's body changed", "bad_mac, may have run", "bad_mac"),
            (Tamper::Strip, "answer's toki stripped", "missing, may have run", "missing"),
            (Tamper::Deny, "unsigned 401 on a POST", "missing, may have run, sent once", "missing"),
        ] {
            let before = self.proxy.passed();
            self.proxy.tamper(tamper);
            let came = self.client.ask(self.world, &trusting, &format!("http://{}/echo/tampered", self.proxy.address)).await;
            self.proxy.tamper(Tamper::Nothing);
            let sent = self.proxy.passed() - before;
            let came = came.and_then(|report| {
                report.refused(name)?;
                report.is("may_have_run", true)?;
                must(sent == 1, || format!("it was sent {sent} times"))
            });
            table.row(format!("{self}: {what}"), expected, came);
        }
    }
}

impl std::fmt::Display for Pair<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} client → {} service", self.client, self.fleet.service)
    }
}
