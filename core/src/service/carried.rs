//! What a service verifies beside requests: messages, presigned URLs, tickets (spec section 8).

use super::{Service, check_now};
use crate::error::{OscarError, Result};
use crate::http::RequestHead;
use crate::message::{Freshness, MESSAGE_MAX_TTL_S, Message, MessageMemory, MessageRef, MessageToki, VerifiedMessage};
use crate::request::{Content, RequestRef};
use crate::ticket::{Ticket, VerifiedTicket};
use crate::url::{PresignedUrl, VerifiedUrl};
use std::sync::Arc;

#[cfg_attr(feature = "uniffi", uniffi::export)]
impl Service {
    /// Verifies a message. `max_ttl_s` is the consumer's limit, one day when absent; without a memory nobody knows whether it is fresh.
    /// Errors in this order: `missing`, `malformed`, `unknown_key`, `bad_mac`, `revoked`, `policy`, `not_yet` or `expired`.
    pub fn verify_message(
        &self,
        envelope: &Message,
        toki: Option<String>,
        memory: Option<Arc<MessageMemory>>,
        max_ttl_s: Option<i64>,
        now_ms: i64,
    ) -> Result<Arc<VerifiedMessage>> {
        let toki = toki.as_deref().map(str::as_bytes);
        self.verify_message_ref(&envelope.as_ref(), toki, memory.as_deref(), max_ttl_s, now_ms).map(Arc::new)
    }

    /// Verifies a presigned URL by the raw target it was sent with. `has_toki` says that the request has a header `oscartoki` too, which is
    /// malformed. Errors in this order: `missing`, `malformed`, `unknown_authority`, `unknown_key`, `bad_mac`, `revoked`, `policy`, `expired`.
    pub fn verify_url(&self, verb: &str, authority: &str, target: &str, ext: &[u8], has_toki: bool, now_ms: i64) -> Result<VerifiedUrl> {
        let (verb, authority, target) = (verb.as_bytes(), authority.as_bytes(), target.as_bytes());
        self.verify_url_ref(&RequestRef { verb, authority, target, ext, content: Content::None }, has_toki, now_ms)
    }

    /// Verifies a ticket and spends it: it opens one websocket. `origin` is the Origin of the handshake; `require_origin` demands that
    /// one is bound. Errors in this order: `missing`, `malformed`, `unknown_key`, `bad_mac`, `revoked`, `stale`, `replayed` or `busy`, `policy`.
    pub fn verify_ticket(
        &self,
        ticket: Option<String>,
        origin: Option<String>,
        require_origin: bool,
        now_ms: i64,
    ) -> Result<VerifiedTicket> {
        let (ticket, origin) = (ticket.as_deref().map(str::as_bytes), origin.as_deref().map(str::as_bytes));
        self.verify_ticket_ref(ticket, origin, require_origin, now_ms)
    }
}

impl Service {
    /// [`Service::verify_message`] of borrowed fields.
    pub fn verify_message_ref(
        &self,
        message: &MessageRef<'_>,
        toki: Option<&[u8]>,
        memory: Option<&MessageMemory>,
        max_ttl_s: Option<i64>,
        now_ms: i64,
    ) -> Result<VerifiedMessage> {
        self.count(self.judge_message(message, toki, memory, max_ttl_s.unwrap_or(MESSAGE_MAX_TTL_S), now_ms))
    }

    /// [`Service::verify_url`] of borrowed fields; content is not covered.
    pub fn verify_url_ref(&self, request: &RequestRef<'_>, has_toki: bool, now_ms: i64) -> Result<VerifiedUrl> {
        self.count(self.judge_url(request, has_toki, now_ms))
    }

    /// [`Service::verify_url`] of a raw head: Host, the covered headers and a toki beside the URL are looked for.
    pub fn verify_url_head_ref(&self, head: &RequestHead<'_>, now_ms: i64) -> Result<VerifiedUrl> {
        self.count(self.judge_url_head(head, now_ms))
    }

    /// [`Service::verify_ticket`] of borrowed fields.
    pub fn verify_ticket_ref(
        &self,
        ticket: Option<&[u8]>,
        origin: Option<&[u8]>,
        require_origin: bool,
        now_ms: i64,
    ) -> Result<VerifiedTicket> {
        self.count(self.judge_ticket(ticket, origin, require_origin, now_ms))
    }

    fn judge_message(
        &self,
        message: &MessageRef<'_>,
        toki: Option<&[u8]>,
        memory: Option<&MessageMemory>,
        max_ttl_s: i64,
        now_ms: i64,
    ) -> Result<VerifiedMessage> {
        let toki = MessageToki::parse(toki.ok_or(OscarError::Missing("the message has no toki"))?)?;
        let digest = toki.check(message)?;
        let key = self.key(&toki.claimed_kid())?;
        toki.authenticate(&key.schedule, message, &digest)?;
        key.standing.judge(None)?;
        toki.check_time(max_ttl_s, now_ms)?;
        let freshness = memory.map_or(Freshness::Unchecked, |memory| memory.judge(&toki, now_ms));
        Ok(VerifiedMessage { toki, freshness, reply_key: key.schedule.res.clone() })
    }

    fn judge_url(&self, request: &RequestRef<'_>, has_toki: bool, now_ms: i64) -> Result<VerifiedUrl> {
        let url = PresignedUrl::parse(request.target)?;
        if has_toki {
            return Err(OscarError::Malformed("a presigned URL and a header together"));
        }
        let name = match self.judge_authority(request.authority) {
            Err(error @ OscarError::Malformed(_)) => return Err(error),
            known_or_not => known_or_not,
        };
        let authority = name.as_ref().map_or(request.authority, |name| name.as_bytes());
        let mut buffer = [0; 255];
        let covered = url.check(&RequestRef { authority, ..*request }, &mut buffer)?;
        let name = name?;
        let key = self.key(&url.claimed_kid())?;
        url.authenticate(&key.schedule, &covered)?;
        key.standing.judge(None)?;
        url.check_time(now_ms)?;
        Ok(VerifiedUrl {
            kid: url.claimed_kid().to_vec(),
            exp_ms: url.claimed_exp_ms(),
            target: String::from_utf8_lossy(url.claimed_target()).into_owned(),
            authority: name.to_string(),
        })
    }

    fn judge_url_head(&self, head: &RequestHead<'_>, now_ms: i64) -> Result<VerifiedUrl> {
        PresignedUrl::parse(head.target)?;
        let fields = head.url_fields()?;
        let ext = self.ext().encode(&head.headers).map_err(OscarError::Malformed)?;
        let mut buffer = [0; 255];
        // A fixed name stands for whatever the head says.
        let authority = if self.desk.names.is_fixed() { &[][..] } else { head.authority(fields.host, &mut buffer)? };
        let request = RequestRef { verb: head.verb, authority, target: head.target, ext: &ext, content: Content::None };
        self.judge_url(&request, fields.toki.is_some(), now_ms)
    }

    /// Lines 1 to 5 and 7 like a request, then policy. Single use always, also when the memory is out of reach.
    fn judge_ticket(&self, ticket: Option<&[u8]>, origin: Option<&[u8]>, require_origin: bool, now_ms: i64) -> Result<VerifiedTicket> {
        let ticket = Ticket::parse(ticket.ok_or(OscarError::Missing("there is no ticket"))?)?;
        ticket.check(origin)?;
        check_now(now_ms)?;
        let (kid, ts_ms) = (ticket.claimed_kid(), ticket.claimed_ts_ms());
        let key = self.key(&kid)?;
        ticket.authenticate(&key.schedule, origin)?;
        key.standing.judge(None)?;
        self.judge_time(ts_ms, now_ms)?;
        if !self.remember(kid, None, ticket.tag(), ts_ms, now_ms)? {
            return Err(OscarError::Busy("the replay memory is out of reach"));
        }
        if require_origin && !ticket.claims_origin() {
            return Err(OscarError::Policy("the ticket is bound to no Origin"));
        }
        let connection = ticket.claimed_connection().to_vec();
        Ok(VerifiedTicket { kid: kid.to_vec(), connection, ts_ms, origin_bound: ticket.claims_origin() })
    }

    fn count<T>(&self, judged: Result<T>) -> Result<T> {
        match &judged {
            Ok(_) => self.tally().accept(),
            Err(error) => self.tally().refuse(*error),
        }
        judged
    }
}
