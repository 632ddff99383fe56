// The side that asks. `Client.sign` and `accept` are the primitives, `Call` is the loop over them; fetch, axios and everything else stand on it.

import { abi, takeText } from './abi.js';
import { GIVEN, Unpackable, after, ascii, be16, content, detail, door, handleOf, hex, hot, idOf, lp, mono, most, numberOf, packed, pairs, wall } from './door.js';
import { DoorError, OscarError, Unsignable, errorOf, nameOf } from './errors.js';
import { Held, Slab, contextAt } from './holder.js';
import { AudienceKey, Secret, Session } from './keys.js';
import { SignedMessage } from './carried.js';
import { signedFetch } from './fetch.js';
import { signedAxios } from './axios.js';
import { digestNow, inspect, latin1, readText } from '#platform';

const TOKI = 0;
const GRANT = 59;
const PROBE = 107;
const CONTEXT = 512;
const MALFORMED = 1;
const REPLAYED = 8;

const contexts = new Slab('sign_context_free');
/** What only this module sees: how a SignedRequest is made, and its context is taken. */
const seal = Symbol('oscartoki');

/** One signed request, or the probe that must go before it (`isProbe`): `toki` and `grant` are its headers. Its answer is accepted once. */
export class SignedRequest {
  #page;
  #index;
  #context;

  constructor(key, toki, grant, isProbe, context) {
    if (key !== seal) throw new TypeError('a SignedRequest is made by Client.sign');
    /** The header oscartoki. */
    this.toki = toki;
    /** The header oscartokikey; null outside of a session: not sent. */
    this.grant = grant;
    /** Whether this is a probe: HEAD, same target and covered headers, no content. */
    this.isProbe = isProbe;
    this.#context = context;
    this.#page = contexts.page();
    this.#index = contexts.keep(context);
  }

  /** Whether it is signed in a session. */
  get inSession() {
    return this.grant !== null;
  }

  /** What to send: oscartoki and, in a session, oscartokikey. */
  get headers() {
    return this.grant === null ? { oscartoki: this.toki } : { oscartoki: this.toki, oscartokikey: this.grant };
  }

  /** @internal The context; the call that gets it uses it up. */
  static take(signed) {
    signed.#page.handles[signed.#index] = 0;
    return signed.#context;
  }
}
const takeContext = SignedRequest.take;
delete SignedRequest.take;

/** What became of a request, as far as the client can know. */
export class Outcome {
  #bytes;
  #sentence;

  constructor(bytes, sentence) {
    this.#bytes = bytes;
    this.#sentence = sentence;
  }

  #int(at) {
    return this.#bytes[at] | (this.#bytes[at + 1] << 8) | (this.#bytes[at + 2] << 16) | (this.#bytes[at + 3] << 24);
  }

  /** Why the answer is refused; null: it is accepted. */
  get error() {
    const status = this.#int(0);
    return status === 0 ? null : errorOf(status, this.#sentence, { mayHaveRun: this.mayHaveRun, signed: this.signed, status: this.status });
  }

  /** The name of the error; null: accepted. */
  get name() {
    const status = this.#int(0);
    return status === 0 ? null : nameOf(status);
  }

  /** The code of an authentic answer, 0 to 7. */
  get code() {
    const code = this.#int(8);
    return code < 0 ? null : code;
  }

  /** The HTTP status; of an answer that is not authentic it is hearsay. */
  get status() {
    const status = this.#int(12);
    return status < 0 ? null : status;
  }

  /** False only where it is certain that the request had no effect. */
  get mayHaveRun() {
    return this.#bytes[32] === 1;
  }

  /** Whether the answer is authentic. */
  get signed() {
    return this.#bytes[33] === 1;
  }

  /** Whether to sign and send the request once more. */
  get resend() {
    return this.#bytes[34] === 1;
  }

  /** How far the service's clock is ahead. */
  get offsetMs() {
    return this.#bytes[36] === 1 ? Number(new DataView(this.#bytes.buffer, this.#bytes.byteOffset).getBigInt64(16, true)) : null;
  }

  /** The session id of an adopted grant. */
  get adoptedSid() {
    return this.#bytes[35] === 1 ? hex(this.#bytes, 24, 8) : null;
  }

  /** `bad_grant` when the answer's grant was dropped. */
  get grantError() {
    const status = this.#int(4);
    return status === 0 ? null : nameOf(status);
  }

  /** Whether the content, or that there is none, is authentic. */
  get contentAuthentic() {
    return this.#bytes[37] === 1;
  }

  /** Whether this is the outcome of a probe. */
  get isProbe() {
    return this.#bytes[38] === 1;
  }

  /** Throws what refuses the answer. */
  throwForRefusal() {
    const { error } = this;
    if (error !== null) throw error;
  }

  [inspect]() {
    return `Outcome(${this.name ?? 'accepted'}, code ${this.code}, status ${this.status}, mayHaveRun ${this.mayHaveRun})`;
  }
}

/** An outcome at the start of the room. */
function outcomeAt(bytes, status) {
  const at = door.room;
  return new Outcome(bytes.slice(at, at + 40), status === 0 ? null : detail());
}

/** The bits of a call's options. */
export const optionsOf = (given) =>
  (given.repeatable ? 1 : 0) | (given.trustClock ? 2 : 0) | (given.verifyFirst ? 4 : 0) | (given.resend ? 8 : 0) | (given.stream ? 16 : 0);

/** Content for a call: its digest where the platform's is quicker, else its bytes. */
export function digested(body, digest) {
  if (digest != null) return [null, digest];
  const bytes = content(body);
  const made = bytes === null ? null : digestNow(bytes);
  return made === null ? [bytes, null] : [null, made];
}

const none = Object.freeze({});

/**
 * One client: it probes, keeps one clock and the newest grant for each audience, signs, and accepts each answer once.
 *
 * `secret` is `os2.` text; or `audienceKey` (`oa2.`), or `session` (`oz2.`, a delegate). Without `audience`, each request's authority is its audience.
 * `answers: 'none'`: the service can't sign its answers, nothing then counts as authentic.
 */
export class Client extends Held {
  #number;
  #covers;
  #text;

  constructor(options, bound) {
    super();
    if (bound !== undefined) return this.#keep(bound, options);
    const { secret, audience, audienceKey, session, ...rest } = typeof options === 'string' || options instanceof Secret ? { secret: options } : options ?? {};
    if ([secret, audienceKey, session].filter((given) => given != null).length !== 1) throw new TypeError('a client has one of secret, audienceKey and session');
    const set = settingsOf(rest);
    const handle =
      secret != null
        ? abi.client_new(`${textOf(secret, Secret)}`, audience ?? '', set)
        : audienceKey != null
          ? abi.client_from_audience_key(textOf(audienceKey, AudienceKey), set)
          : abi.client_from_session(textOf(session, Session), set);
    this.#keep(handle, { maxAnswer: set.maxAnswer, covers: set.texts.ext.length > 0 });
  }

  #keep(handle, { maxAnswer, covers }) {
    this.hold(handle, 'client_free');
    this.#number = numberOf(handle);
    /** An answer whose content has more bytes is `policy`. */
    this.maxAnswer = maxAnswer;
    this.#covers = covers;
  }

  /** The same client for one audience: configuration, clock and grants are shared with every handle on it. */
  forAudience(audience) {
    return new Client({ maxAnswer: this.maxAnswer, covers: this.#covers }, abi.client_for_audience(this.handle, audience));
  }

  close() {
    super.close();
    this.#number = 0;
  }

  // ---- the primitives ----

  /** Signs a request, or the probe that must go before it. Every error means that nothing was sent. */
  sign(method, authority, target, options = none) {
    const [body, digest] = options.body === undefined && options.digest === undefined ? [null, null] : digested(options.body, options.digest);
    const ext = options.ext;
    const bytes = hot(64 + 3 * (method.length + authority.length + target.length) + (ext ? ext.length : 0) + (body === null ? 0 : body.length));
    const start = door.room + GIVEN;
    let at;
    try {
      at = lp(bytes, lp(bytes, lp(bytes, lp(bytes, lp(bytes, start, method), authority), target), ext), digest);
    } catch (error) {
      throw unsignable(error);
    }
    if (body !== null) bytes.set(body, at);
    const room = door.room;
    const status = door.calls.oscar_js_sign(
      this.#number, start, at - start, body === null ? 0 : at, body === null ? 0 : body.length, optionsOf(options), options.nowMs ?? Date.now(), options.monoMs ?? mono(),
      room, room + CONTEXT,
    );
    if (status !== 0) throw errorOf(status, detail(), { mayHaveRun: false });
    return signedAt(after(), room);
  }

  /** Judges the answer to a signed request, once; the next is `replayed` and changes nothing. `toki` null: the answer has none. */
  accept(signed, status, options = none) {
    const [body, digest] = digested(options.body, options.digest);
    const { ext, toki, grant } = options;
    const context = takeContext(signed);
    const bytes = hot(64 + most(ext) + most(toki) + most(grant) + (body === null ? 0 : body.length));
    const start = door.room + GIVEN;
    let at;
    try {
      at = lp(bytes, lp(bytes, be16(bytes, start, status), ext), digest);
      if (toki != null) at = lp(bytes, at, toki);
      if (toki != null && grant != null) at = lp(bytes, at, grant);
    } catch (error) {
      return this.#unpacked(error, context);
    }
    if (body !== null) bytes.set(body, at);
    const judged = door.calls.oscar_js_accept(
      this.#number, context, start, at - start, body === null ? 0 : at, body === null ? 0 : body.length, options.receivedMs ?? Date.now(), options.monoMs ?? mono(), door.room,
    );
    return outcomeAt(after(), judged);
  }

  /** `accept` from the head of an HTTP answer: finds toki and grant and makes ext by the configured list. */
  acceptHead(signed, status, headers, options = none) {
    const context = takeContext(signed);
    const [body, digest] = digested(options.body, options.digest);
    const given = pairs(headers);
    let room = 64 + (body === null ? 0 : body.length);
    for (const [name, field] of given) room += most(name) + most(field);
    const bytes = hot(room);
    const start = door.room + GIVEN;
    let at;
    try {
      at = be16(bytes, start, status);
      for (const [name, field] of given) at = lp(bytes, lp(bytes, at, name), field);
    } catch (error) {
      return this.#unpacked(error, context);
    }
    const clocks = [options.receivedMs ?? Date.now(), options.monoMs ?? mono()];
    bytes.set(digest ?? body ?? [], at);
    const judged =
      digest !== null
        ? door.calls.oscar_js_accept_head_digest(this.#number, context, start, at - start, at, ...clocks, door.room)
        : door.calls.oscar_js_accept_head(this.#number, context, start, at - start, body === null ? 0 : at, body === null ? 0 : body.length, ...clocks, door.room);
    return outcomeAt(after(), judged);
  }

  /** What can't be packed is malformed, and uses the context up as every answer does. */
  #unpacked(error, context) {
    if (!(error instanceof Unpackable)) throw error;
    const judged = door.calls.oscar_js_accept(this.#number, context, door.room + GIVEN, 0, 0, 0, 0, 0, door.room);
    const bytes = after();
    const outcome = bytes.slice(door.room, door.room + 40);
    outcome[0] = judged === REPLAYED ? REPLAYED : MALFORMED;
    return new Outcome(outcome, 'a header field has at most 65,535 bytes, and a status is 0 to 65,535');
  }

  /** No answer came (`status` null), or one whose content is over `maxAnswer`. */
  giveUp(signed, status = null) {
    const context = handleOf(takeContext(signed));
    const [judged, bytes] = status === null ? abi.client_accept_none(this.handle, context) : abi.client_accept_too_large(this.handle, context, status);
    return new Outcome(bytes, judged === 0 ? null : detail());
  }

  /** The loop over `sign` and `accept` for one request; covered headers are taken from `headers`. */
  call(method, authority, target, options = none) {
    return new Call(this, method, authority, target, options);
  }

  /** ext of a request's headers by the configured list. */
  requestExt(headers) {
    if (!this.#covers) return new Uint8Array();
    const [bytes, length] = abi.client_request_ext(this.handle, packedHeaders(headers));
    return bytes.subarray(0, length);
  }

  /** Whether a probe leaves the header of that name out. */
  dropsFromProbe(name) {
    return abi.client_drops_from_probe(this.handle, name) === 1;
  }

  // ---- the rest ----

  /** The key id; null in a client by authority whose kid is not known. */
  get kid() {
    try {
      return hex(abi.client_kid(this.handle));
    } catch (error) {
      if (error.name === 'missing') return null;
      throw error;
    }
  }

  /** How far the service's clock is ahead, as far as answers have told. */
  get offsetMs() {
    const [status, offset] = abi.client_offset(this.handle);
    return status === 0 ? offset : null;
  }

  /** A session for one browser or worker, to be used by nobody else. */
  handOut(ttlS = 600, { nowMs = wall() } = none) {
    return new Session(abi.client_hand_out(this.handle, ttlS, nowMs));
  }

  /** Clock and newest grant of every audience, for another process of the same client. It holds no key. */
  exportState() {
    return takeText(abi.client_export_state(this.handle));
  }

  /** Takes over what `exportState` wrote. */
  importState(text) {
    abi.client_import_state(this.handle, text);
  }

  /** Signs a message for a queue; its `toki` goes into the header oscartoki. */
  mintMessage(destination, type, body = null, { ttlS = 3600, ext = null, nowMs = wall() } = none) {
    const [bytes, digest] = digested(body, null);
    return new SignedMessage(...abi.client_mint_message(this.handle, signable(() => packed([destination, type, ext, digest], lpUtf8)), bytes, ttlS, nowMs));
  }

  /** Presigns a target; returns it with its parameter. Good until `expMs`, or for `lifeS` from now; seven days at most. */
  signUrl(authority, target, { expMs, lifeS = 3600, method = 'GET', ext = null } = none) {
    return abi.client_sign_url(this.handle, requestFields(method, authority, target, ext, null), expMs ?? wall() + lifeS * 1000);
  }

  /** The ticket that opens one websocket, for the first frame. */
  mintTicket(connection, { origin = null, nowMs = wall() } = none) {
    return abi.client_mint_ticket(this.handle, content(connection), origin, nowMs);
  }

  // ---- adapters ----

  /** `fetch` that probes, signs, accepts, rolls and resends: `const signed = client.fetch(fetch)`. Options as of `call`. */
  fetch(fetch, options) {
    return signedFetch(this, fetch, options);
  }

  /** A signed axios instance: `const http = client.axios(axios, { baseURL })`. Options as of `call`. */
  axios(axios, config, options) {
    return signedAxios(this, axios, config, options);
  }

  toString() {
    return `Client(kid ${this.kid})`;
  }

  [inspect]() {
    return this.toString();
  }

  toJSON() {
    return this.toString();
  }
}


/** A signed request at the start of the room. */
function signedAt(bytes, room) {
  // Both have one length.
  const grant = bytes[room + GRANT] === 0 ? null : latin1(bytes, room + GRANT, room + GRANT + 47);
  return new SignedRequest(seal, latin1(bytes, room + TOKI, room + TOKI + 58), grant, bytes[room + PROBE] === 1, contextAt(room + CONTEXT));
}

/** @internal For hazmat: a signed request from a struct and its context. */
export function signedFrom(struct, context) {
  return new SignedRequest(seal, ascii(struct, TOKI, 59), ascii(struct, GRANT, 48), struct[PROBE] === 1, numberOf(context));
}

function lpUtf8(bytes, at, field) {
  return typeof field === 'string' ? lp(bytes, at, new TextEncoder().encode(field)) : lp(bytes, at, field);
}

function textOf(key, Kind) {
  if (key instanceof Kind) return key.toText();
  if (typeof key !== 'string') throw new TypeError(`a ${Kind.name} or its text is needed`);
  return key;
}

function settingsOf({
  ext = [], answerExt = [], roll = 'auto', trustClock = false, answers = 'signed', maxAnswer = 1 << 20, generation = 0, kid = null, sendContentDigest = true, ...unknown
}) {
  for (const name in unknown) throw new TypeError(`a client has no option ${name}`);
  if (answers !== 'signed' && answers !== 'none') throw new TypeError("answers is 'signed' or 'none'");
  if (roll !== 'auto' && roll !== 'every') throw new TypeError("roll is 'auto' or 'every'");
  return {
    texts: { ext: [...ext], answerExt: [...answerExt] }, maxAnswer, generation, kid: kid === null ? null : idOf(kid, 'a kid'), rollEvery: roll === 'every', trustClock,
    unsignedAnswers: answers === 'none', sendContentDigest,
  };
}

/** What can't be packed can't be signed. */
export function unsignable(error) {
  return error instanceof Unpackable ? new Unsignable('a field has at most 65,535 bytes', { mayHaveRun: false }) : error;
}

export function signable(pack) {
  try {
    return pack();
  } catch (error) {
    throw unsignable(error);
  }
}

/** The packed fields of a request. */
export const requestFields = (method, authority, target, ext, digest) => signable(() => packed([method, authority, target, ext ?? null, digest ?? null]));

/** The packed headers. */
export function packedHeaders(headers, before = []) {
  const fields = [...before];
  for (const [name, field] of pairs(headers)) fields.push(name, field);
  return packed(fields);
}

const TOKI_HEADERS = ['oscartoki', 'oscartokikey'];

/** What the owner of a call does next: send (`kind` 'send'), or it ended ('done', 'failed') with `outcome`. */
export class Step {
  constructor(bytes, sentence) {
    const int = (at) => bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
    /** 'send', 'done' or 'failed'. */
    this.kind = ['send', 'done', 'failed'][int(0)];
    /** To send: the method; HEAD for a probe. */
    this.method = ascii(bytes, 4, 33) ?? '';
    /** To send: our headers. */
    this.headers = {};
    if (this.kind === 'send') {
      const digest = ascii(bytes, 37, 56);
      [ascii(bytes, 93, 59), ascii(bytes, 152, 48)].forEach((field, index) => field !== null && (this.headers[TOKI_HEADERS[index]] = field));
      if (digest !== null) this.headers['content-digest'] = digest;
    }
    /** To send: without content, and without the headers that `dropsFromProbe` names. */
    this.isProbe = bytes[200] === 1;
    /** Done or failed: what became of it. */
    this.outcome = this.kind === 'send' ? null : new Outcome(bytes.slice(208, 248), sentence);
    /** How many requests went out, the probe included. */
    this.requests = int(248);
    /** Whether a probe went out. */
    this.probed = bytes[252] === 1;
    /** Whether the request was resent. */
    this.resent = bytes[253] === 1;
    /** Whether the last request that went out was signed in a session. */
    this.inSession = bytes[254] === 1;
  }
}

/** One request on its way, without a socket: probe, request, resend. `while ((step = call.next()).kind === 'send') …send, then received()`. */
export class Call extends Held {
  constructor(client, method, authority, target, options = none) {
    super();
    this.client = client;
    const [body, digest] = digested(options.body, options.digest);
    const ext = options.ext ?? (options.headers == null ? null : client.requestExt(options.headers));
    try {
      this.hold(abi.call_new(client.handle, requestFields(method, authority, target, ext, digest), body, optionsOf(options) & ~8), 'call_free');
    } catch (error) {
      if (error instanceof OscarError) error.mayHaveRun = false;
      throw error;
    }
  }

  /** The next step. */
  next({ nowMs = wall(), monoMs = mono() } = none) {
    const bytes = abi.call_next(this.handle, nowMs, monoMs);
    return new Step(bytes, bytes[0] === 2 ? detail() : null);
  }

  /** The answer came, its content whole (or its `digest`); the clocks are those when its head did. */
  received(status, headers, { body = null, digest = null, receivedMs = wall(), monoMs = mono() } = none) {
    const [bytes, made] = digested(body, digest);
    let head;
    try {
      head = packedHeaders(headers, [status]);
    } catch (error) {
      if (!(error instanceof Unpackable)) throw error;
      // No answer of HTTP: one that is not authentic.
      head = packedHeaders([['oscartoki', '']], [0]);
    }
    if (made === null) abi.call_received(this.handle, head, bytes, receivedMs, monoMs);
    else abi.call_received_digest(this.handle, head, made, receivedMs, monoMs);
  }

  /** An answer came whose content is over the client's limit. */
  tooLarge(status) {
    abi.call_too_large(this.handle, status);
  }

  /** No answer came: a network failure. */
  failed() {
    abi.call_failed(this.handle);
  }
}

/** The key text in a file (on a server): its one line that is neither blank nor a comment. */
export function secretFrom(path) {
  const lines = readText(path).split('\n').map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
  if (lines.length !== 1) throw new DoorError(`${path}: one key text is needed, ${lines.length} were found`, { name: 'malformed' });
  return lines[0];
}
