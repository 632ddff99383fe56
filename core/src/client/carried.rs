//! What a client mints beside requests: messages, presigned URLs, tickets (spec section 8). A delegate mints none: `unsignable`.

use super::Client;
use crate::error::Result;
use crate::message::{Message, MessageRef, MessageToki, SignedMessage};
use crate::nonce;
use crate::request::{Content, RequestRef};
use crate::ticket::Ticket;
use crate::url::PresignedUrl;

#[cfg_attr(feature = "uniffi", uniffi::export)]
impl Client {
    /// Mints the toki of a message that lives for `ttl_s` seconds, by this audience's clock; the result also accepts the one reply.
    /// Error: `unsignable`.
    pub fn mint_message(&self, envelope: Message, ttl_s: i64, now_ms: i64) -> Result<SignedMessage> {
        self.mint_message_ref(&envelope.as_ref(), ttl_s, now_ms)
    }

    /// Presigns a request target: anyone who has the result may send it until `exp_ms`, seven days ahead at most. HEAD is good where
    /// GET was signed. Error: `unsignable`.
    pub fn sign_url(&self, verb: &str, authority: &str, target: &str, ext: &[u8], exp_ms: i64) -> Result<String> {
        let (verb, authority, target) = (verb.as_bytes(), authority.as_bytes(), target.as_bytes());
        self.sign_url_ref(&RequestRef { verb, authority, target, ext, content: Content::None }, exp_ms)
    }

    /// Mints the ticket that opens one websocket for a connection id of 1 to 255 bytes, bound to the page's Origin where one is given.
    /// Error: `unsignable`.
    pub fn mint_ticket(&self, connection: &[u8], origin: Option<String>, now_ms: i64) -> Result<String> {
        let audience = self.audience_for(None)?;
        let (root, ts_ms) = (audience.keys()?, audience.corrected(now_ms)?);
        let origin = origin.as_deref().map(str::as_bytes);
        Ticket::mint(&root.schedule, root.kid, connection, origin, ts_ms, nonce::draw()?).map(|ticket| ticket.to_text())
    }
}

impl Client {
    /// [`Client::mint_message`] of borrowed fields.
    pub fn mint_message_ref(&self, message: &MessageRef<'_>, ttl_s: i64, now_ms: i64) -> Result<SignedMessage> {
        let audience = self.audience_for(None)?;
        let (root, ts_ms) = (audience.keys()?, audience.corrected(now_ms)?);
        let toki = MessageToki::mint(&root.schedule, root.kid, message, ts_ms, nonce::draw()?, ttl_s)?;
        Ok(SignedMessage::new(toki, &root.schedule))
    }

    /// [`Client::sign_url`] of borrowed fields; content is not covered.
    pub fn sign_url_ref(&self, request: &RequestRef<'_>, exp_ms: i64) -> Result<String> {
        let audience = self.audience_for(Some(request.authority))?;
        let root = audience.keys()?;
        PresignedUrl::mint(&root.schedule, root.kid, request, exp_ms)
    }
}
