// What travels outside of a request's headers: messages of a queue, presigned URLs, websocket tickets.

import { abi } from './abi.js';
import { content, wall } from './door.js';
import { Held } from './holder.js';
import { inspect } from '#platform';

const none = Object.freeze({});

/** A message that was signed: `toki` is its header, `acceptReply` judges its one RPC reply. */
export class SignedMessage extends Held {
  constructor(toki, context) {
    super();
    this.hold(context, 'message_free');
    /** The header oscartoki. */
    this.toki = toki;
  }

  /** Accepts the reply, once; the consumer's time in milliseconds. */
  acceptReply(toki, body = null, { ext = null } = none) {
    return abi.message_accept_reply(this.spend(), replyFields(ext, toki), content(body));
  }
}

function replyFields(ext, toki) {
  const fields = [ext ?? new Uint8Array()];
  if (toki != null) fields.push(content(toki));
  const out = new Uint8Array(fields.reduce((sum, field) => sum + 2 + field.length, 0));
  let at = 0;
  for (const field of fields) {
    // A longer one parses as no reply, which is malformed.
    out[at] = (field.length >> 8) & 0xff;
    out[at + 1] = field.length & 0xff;
    out.set(field, at + 2);
    at += 2 + field.length;
  }
  return out;
}

/** A message that was verified. `freshness` is fresh, duplicate or unchecked. */
export class VerifiedMessage extends Held {
  constructor({ context, kid, tsMs, ttlS, nonce, freshness }) {
    super();
    this.hold(context, 'message_free');
    Object.assign(this, { kid, tsMs, ttlS, nonce, freshness });
  }

  /** The toki of the RPC reply. */
  reply(body = null, { ext = null, nowMs = wall() } = none) {
    return abi.message_reply(this.handle, ext ?? new Uint8Array(), content(body), nowMs);
  }

  [inspect]() {
    return `VerifiedMessage(kid ${this.kid}, ${this.freshness})`;
  }
}

/** What the consumers of one queue remember together; made by `ReplayLog.forMessages`. */
export class MessageMemory extends Held {
  constructor(handle) {
    super();
    this.hold(handle, 'message_memory_free');
  }
}

/** A presigned URL that was verified; `target` is what was signed, without the parameter. */
export class VerifiedUrl {
  constructor(kid, expMs, target) {
    Object.assign(this, { kid, expMs, target });
  }
}

/** A ticket that was verified, and is spent. */
export class VerifiedTicket {
  constructor({ kid, connection, tsMs, originBound }) {
    Object.assign(this, { kid, connection, tsMs, originBound });
  }
}
