// Deterministic twins: the caller gives what must otherwise be random or the clock's. For vectors, tests and tools; a nonce that is used twice breaks
// the protocol.

import { abi } from './abi.js';
import { Unpackable, content, detail, idOf, lp, lpText, packed, whole } from './door.js';
import { Malformed, Unsignable, errorOf } from './errors.js';
import { AudienceKey } from './keys.js';
import { Outcome, optionsOf, requestFields, signable, signedFrom } from './client.js';

const none = Object.freeze({});
const textOf = (key) => (key instanceof AudienceKey ? key.toText() : key);
const given = (body, digest) => (digest == null ? content(body) : null);

/** The toki of a request, in the session of `grant` when there is one. */
export function mintRequest(key, method, authority, target, { tsMs, nonce, want = false, grant = null, ext = null, body = null, digest = null }) {
  return abi.hazmat_mint_request(textOf(key), grant, requestFields(method, authority, target, ext, digest), given(body, digest), tsMs, idOf(nonce, 'a nonce'), want ? 1 : 0);
}

/** The grant that answers a request's toki. */
export function mintGrant(key, requestToki, { sid, expS, ttlS }) {
  return abi.hazmat_mint_grant(textOf(key), requestToki, idOf(sid, 'a sid'), expS, ttlS);
}

/** The toki of an answer. */
export function mintAnswer(key, requestToki, status, { code, tsMs, sessionGrant = null, grant = null, ext = null, body = null, digest = null }) {
  const answer = signable(() => packed([status, ext, digest, ...(grant === null ? [] : [grant])]));
  if (!(Number.isInteger(code) && code >= 0 && code < 256)) throw new Unsignable('a code is 0 to 7');
  return abi.hazmat_mint_answer(textOf(key), sessionGrant, requestToki, code, tsMs, answer, given(body, digest));
}

/** Judges an answer to a request that some other client of the key signed; throws what makes it not authentic. `outcome.tsMs` is the service's clock. */
export function accept(key, requestToki, status, { toki, grant = null, sessionGrant = null, ext = null, body = null, digest = null } = none) {
  let answer;
  try {
    answer = packed([status, ext, digest, ...(toki == null ? [] : [toki, ...(grant == null ? [] : [grant])])]);
  } catch (error) {
    throw error instanceof Unpackable ? new Malformed('a field has at most 65,535 bytes, and a status is 0 to 65,535') : error;
  }
  const [judged, bytes] = abi.hazmat_accept(textOf(key), sessionGrant, requestToki, answer, given(body, digest));
  const outcome = new Outcome(bytes, judged === 0 ? null : detail());
  if (!outcome.signed) throw errorOf(judged, detail());
  outcome.tsMs = abi.answer_toki_parse(toki).tsMs;
  return outcome;
}

/** The toki of a message. */
export function mintMessage(key, destination, type, { tsMs, nonce, ttlS, ext = null, body = null, digest = null }) {
  const write = (out, at, field) => (typeof field === 'string' ? lpText(out, at, field) : lp(out, at, field));
  return abi.hazmat_mint_message(textOf(key), signable(() => packed([destination, type, ext, digest], write)), given(body, digest), tsMs, idOf(nonce, 'a nonce'), ttlS);
}

/** A presigned target. */
export function mintUrl(key, method, authority, target, { expMs, ext = null }) {
  return abi.hazmat_mint_url(textOf(key), requestFields(method, authority, target, ext, null), expMs);
}

/** A websocket ticket. */
export function mintTicket(key, connection, { tsMs, nonce, origin = null }) {
  return abi.hazmat_mint_ticket(textOf(key), content(connection), origin, tsMs, idOf(nonce, 'a nonce'));
}

/** `Client.sign` with a nonce that the caller gives; its answer goes to `acceptSigned`, which is `Client.accept`. */
export function sign(client, method, authority, target, { nonce, nowMs, monoMs = 0, ext = null, body = null, digest = null, ...options }) {
  try {
    const fields = requestFields(method, authority, target, ext, digest);
    return signedFrom(...abi.hazmat_client_sign(client.handle, fields, given(body, digest), optionsOf(options), whole(nowMs), monoMs, idOf(nonce, 'a nonce')));
  } catch (error) {
    if (error.mayHaveRun === null) error.mayHaveRun = false;
    throw error;
  }
}

/** `Client.accept` for what `sign` made. */
export function acceptSigned(client, signed, status, { nowMs, monoMs = 0, ...answer }) {
  return client.accept(signed, status, { ...answer, receivedMs: nowMs, monoMs });
}

/** Key material: the 32 bytes of an audience key. */
export const expose = (key) => abi.audience_key_read(textOf(key))[1];
