// The side that is asked: `Service.verify` says whether a request may run, `answer` mints the headers of what it is answered.

import { abi, takeText } from './abi.js';
import { GIVEN, Unpackable, after, ascii, be16, content, detail, door, handleOf, hex, hot, isText, lp, lpText, most, numberOf, packed, pairs, wall } from './door.js';
import { Malformed, OscarError, Replayed, errorOf, nameOf } from './errors.js';
import { Held, Slab } from './holder.js';
import { AudienceKey, Keyring, normaliseAuthority } from './keys.js';
import { MappedReplayLog, ReplayLog, needsNative } from './memory.js';
import { VerifiedMessage, VerifiedTicket, VerifiedUrl } from './carried.js';
import { digested, requestFields, unsignable } from './client.js';
import { inspect } from '#platform';

const none = Object.freeze({});
const contexts = new Slab('verdict_free');

const PENDING = 64;
const HANDSHAKE = 72;

/** What a service says to a request: `VerifiedRequest`, `PendingBody`, `Refusal` or, of OscarToki v1, `Handshake`. */
export class Verdict {
  #bytes;
  #context;
  #page;
  #index = -1;

  constructor(bytes, context) {
    this.#bytes = bytes;
    this.#context = context;
    if (context !== 0) {
      this.#page = contexts.page();
      this.#index = contexts.keep(this.#context);
    }
  }

  /** Whether it may run. */
  get accepted() {
    return false;
  }

  /** Why it is refused; null: it is not. */
  get error() {
    return null;
  }

  /** Throws what refuses it. */
  throwForRefusal() {
    const { error } = this;
    if (error !== null) throw error;
  }

  /** @internal */
  static bytes(verdict) {
    return verdict.#bytes;
  }

  /** @internal The context; the call that gets it uses it up. */
  static take(verdict) {
    if (verdict.#index >= 0) verdict.#page.handles[verdict.#index] = 0;
    return verdict.#context;
  }
}
const { bytes: bytesOf, take: takeContext } = Verdict;
delete Verdict.bytes;
delete Verdict.take;

const wordAt = (bytes, at) => bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
const kidOf = (verdict) => hex(bytesOf(verdict), 32, 8);
const sidOf = (verdict) => (bytesOf(verdict)[13] === 1 ? hex(bytesOf(verdict), 40, 8) : null);

/** Authentic, fresh and allowed: it may run. */
export class VerifiedRequest extends Verdict {
  #authority;

  constructor(bytes, context, authority) {
    super(bytes, context);
    this.#authority = authority;
  }

  get accepted() {
    return true;
  }

  /** The key id of the client, 16 digits of hex. */
  get kid() {
    return kidOf(this);
  }

  /** The session id; null outside of a session. */
  get sid() {
    return sidOf(this);
  }

  /** The name that it was sent to, normalised. */
  get authority() {
    return this.#authority;
  }

  /** When it was signed, by the client's corrected clock. */
  get tsMs() {
    const bytes = bytesOf(this);
    return Number(new DataView(bytes.buffer, bytes.byteOffset).getBigInt64(24, true));
  }

  /** The nonce, 16 digits of hex. */
  get nonce() {
    return hex(bytesOf(this), 48, 8);
  }

  /** Whether it asks for a grant. */
  get want() {
    return bytesOf(this)[14] === 1;
  }

  /** 2, or 1 for OscarToki v1. */
  get version() {
    return bytesOf(this)[15];
  }

  toString() {
    return `VerifiedRequest(kid ${this.kid}${this.sid === null ? '' : `, sid ${this.sid}`}, ${this.authority})`;
  }

  [inspect]() {
    return this.toString();
  }
}

/** As good, but for its content, which Content-Digest named: read it, then `finish`. */
export class PendingBody extends Verdict {
  /** The key id of the client. */
  get kid() {
    return kidOf(this);
  }

  /** The session id; null outside of a session. */
  get sid() {
    return sidOf(this);
  }

  /** Compares what arrived, or its SHA-256 (`{ digest }`), with what was signed. */
  finish(body = null, { digest = null } = none) {
    const [bytes, made] = digested(body, digest);
    return settled(...abi.service_finish(handleOf(takeContext(this)), bytes, made));
  }

  /** The body is over the limit. */
  tooLarge() {
    return settled(...abi.service_too_large(handleOf(takeContext(this))));
  }

  [inspect]() {
    return `PendingBody(kid ${this.kid})`;
  }
}

/** The first step of OscarToki v1: nothing runs, `reply` is its answer. */
export class Handshake extends Verdict {
  /** The header oscartoki and the JSON body, once. */
  reply() {
    const [toki, body] = abi.service_handshake(handleOf(takeContext(this)));
    return { toki, body };
  }
}

/** It must not run. Signed (`code`) where its MAC was good, else it names itself in the header oscartoki-error. */
export class Refusal extends Verdict {
  #sentence;

  constructor(bytes, context, sentence) {
    super(bytes, context);
    this.#sentence = sentence;
  }

  /** The stable name of the reason. */
  get name() {
    return nameOf(wordAt(bytesOf(this), 0));
  }

  get error() {
    return errorOf(wordAt(bytesOf(this), 0), this.#sentence, { status: this.status, signed: this.signed });
  }

  /** The code of the signed answer; null when it is unsigned. */
  get code() {
    const code = wordAt(bytesOf(this), 4);
    return code < 0 ? null : code;
  }

  /** The HTTP status that it is answered with. */
  get status() {
    return wordAt(bytesOf(this), 8);
  }

  /** Whether it is answered with a toki. */
  get signed() {
    return this.code !== null;
  }

  /** Whether the answer carries WWW-Authenticate: oscartoki. */
  get wwwAuthenticate() {
    return bytesOf(this)[12] === 1;
  }

  /** 2, or 1 for OscarToki v1, whose clients read the name in a JSON body. */
  get version() {
    return bytesOf(this)[15];
  }

  [inspect]() {
    return `Refusal(${this.name}, status ${this.status}, ${this.signed ? 'signed' : 'unsigned'})`;
  }
}

/** The verdict of a struct: what stands before its authority, which was sent as `authority` where that is known. */
function judged(status, bytes, context, authority) {
  switch (status) {
    case 0:
      return new VerifiedRequest(bytes, context, authority);
    case PENDING:
      return new PendingBody(bytes, context);
    case HANDSHAKE:
      return new Handshake(bytes, context);
    default:
      if (status > PENDING) throw errorOf(status, detail());
      return new Refusal(bytes, context, detail());
  }
}
const REPLAYED = 8;
const AUTHORITY = 56;

/** The verdict at the start of the room. */
function verdictAt(status, sent) {
  const bytes = after();
  const at = door.room;
  const authority = status !== 0 ? null : sent !== null && isText(bytes, at + AUTHORITY, sent) ? sent : ascii(bytes, at + AUTHORITY, 256);
  return judged(status, bytes.slice(at, at + AUTHORITY), door.view.getFloat64(at + 16, true), authority);
}

/** The verdict of a pending one, whose second use is an error. */
function settled(status, bytes) {
  if (status === REPLAYED) throw errorOf(REPLAYED, detail());
  return judged(status, bytes, new DataView(bytes.buffer).getFloat64(16, true), ascii(bytes, AUTHORITY, 256));
}

/** A request whose fields can't be packed is malformed. */
function malformed(error) {
  if (!(error instanceof Unpackable)) throw error;
  const bytes = new Uint8Array(312);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, 1, true);
  view.setInt32(4, -1, true);
  view.setInt32(8, 400, true);
  bytes[15] = 2;
  return new Refusal(bytes, 0, 'a field has at most 65,535 bytes');
}

/**
 * One service: its names (`authorities`), its keys, its replay memory. The processes of one machine share a mapped memory.
 *
 * `keys` are `oa2.` texts or lines of a key file; `keysFile` and `revocationsFile` are reread within two seconds of a change, in every process.
 * Without `memory`, a mapped file of this user is used (`MappedReplayLog.defaultPath`), which needs the native addon; a string is the path of one.
 * `firstStart`: no earlier process accepted these keys; for tests and snippets. Without `audience`, the first name is it.
 */
export class Service extends Held {
  #number;
  #files = 0n;
  #keepsRing = false;
  #filesOwner;

  constructor({
    keys = [], authorities = [], audience, keyring, keysFile, revocationsFile, memory, firstStart = false, fixedAuthority = null, windowMs = 30_000, maxTtlS = 600,
    grantTtlS = 600, ext = [], answerExt = [], maxBody = 1 << 20, maxAnswer = 1 << 20, emptyQueryHidden = false, nowMs = wall(), ...unknown
  } = none) {
    super();
    for (const name in unknown) throw new TypeError(`a service has no option ${name}`);
    const names = typeof authorities === 'string' ? [authorities] : [...authorities];
    this.#keepsRing = keyring === undefined;
    /** The keys. */
    this.keyring = keyring ?? new Keyring(audience ?? normaliseAuthority([...names, fixedAuthority ?? ''][0]));
    /** The longest body of a request, in bytes. */
    this.maxBody = maxBody;
    /** The longest answer that is buffered and digested, in bytes. */
    this.maxAnswer = maxAnswer;
    const given = typeof keys === 'string' || keys instanceof AudienceKey ? [keys] : [...keys];
    for (const key of given) this.keyring.add(key);
    if (keysFile != null || revocationsFile != null) this.#follow(given, keysFile, revocationsFile);
    /** The replay memory. */
    this.memory = memoryOf(memory, this.keyring);
    const settings = {
      texts: { authorities: names, ext: [...ext], answerExt: [...answerExt], fixedAuthority }, windowMs, maxTtlS, grantTtlS, maxBody, maxAnswer, firstStart, emptyQueryHidden,
    };
    const handle = abi.service_new(settings, this.keyring.handle, this.memory.handle, nowMs);
    this.hold(handle, 'service_free');
    this.#number = numberOf(handle);
  }

  /** Follows key files and revocations. */
  #follow(given, keysFile, revocationsFile) {
    needsNative('keysFile and revocationsFile');
    const paths = keysFile == null ? [] : Array.isArray(keysFile) ? keysFile : [keysFile];
    const fixed = keysFile == null ? '' : given.map((key) => (key instanceof AudienceKey ? key.toText() : key)).join('\n');
    const packedPaths = packed(paths.map(pathOf), lpText);
    this.#filesOwner = new Files(abi.ring_files_open(this.keyring.handle, packedPaths, fixed, revocationsFile == null ? '' : pathOf(revocationsFile)));
    this.#files = this.#filesOwner.handle;
  }

  /** Takes over what has changed in the files: at once cheap, at the start of each verification. */
  #refresh() {
    if (this.#files === 0n) return;
    try {
      abi.ring_files_refresh(this.#files);
    } catch (error) {
      // What was good stays in force.
      console.error(`oscartoki: not taken over: ${error.message}`);
    }
  }

  close() {
    super.close();
    this.#number = 0;
    this.#filesOwner?.close();
    if (this.#keepsRing) this.keyring.close();
  }

  // ---- the primitives ----

  /** Judges one request by its fields. A `digest` stands for Content-Digest and makes the verdict pending. */
  verify(method, authority, target, options = none) {
    if (this.#files !== 0n) this.#refresh();
    const { toki, grant, ext, digest } = options;
    const body = digest == null && options.body != null ? content(options.body) : null;
    const bytes = hot(
      96 + 3 * (method.length + authority.length + target.length + (toki?.length ?? 0) + (grant?.length ?? 0)) + (ext?.length ?? 0) + (body === null ? 0 : body.length),
    );
    const start = door.room + GIVEN;
    let at;
    try {
      at = lp(bytes, lp(bytes, lp(bytes, lp(bytes, lp(bytes, start, method), authority), target), ext), digest);
      if (toki != null) at = lp(bytes, at, toki);
      if (toki != null && grant != null) at = lp(bytes, at, grant);
    } catch (error) {
      return malformed(error);
    }
    if (body !== null) bytes.set(body, at);
    return verdictAt(door.calls.oscar_js_verify(this.#number, start, at - start, body === null ? 0 : at, body === null ? 0 : body.length, options.nowMs ?? Date.now(), door.room), authority);
  }

  /** Judges one request by its raw head: what layers call. `authority` is HTTP/2's, where there is one; Host is among the headers. */
  verifyHead(method, target, headers, { body: given = null, authority = null, nowMs = wall() } = none) {
    this.#refresh();
    const whole = content(given);
    // More than the limit is not digested: it is refused by its length.
    const [body, digest] = whole !== null && whole.length > this.maxBody ? [whole, null] : digested(whole, null);
    const start = this.#head(method, target, headers, authority, 64 + (body === null ? 32 : body.length));
    if (start instanceof Refusal) return start;
    const at = door.room + GIVEN;
    if (digest !== null) {
      door.bytes.set(digest, start);
      return verdictAt(door.calls.oscar_js_verify_head_digest(this.#number, at, start - at, start, nowMs, door.room), null);
    }
    if (body !== null) door.bytes.set(body, start);
    return verdictAt(door.calls.oscar_js_verify_head(this.#number, at, start - at, body === null ? 0 : start, body === null ? 0 : body.length, nowMs, door.room), null);
  }

  /** Packs a head into the room; the place after it, or the refusal. */
  #head(method, target, headers, authority, more) {
    const flat = Array.isArray(headers) && typeof headers[0] === 'string' ? headers : pairs(headers).flat();
    let room = more + most(method) + most(authority) + most(target);
    for (const field of flat) room += most(field);
    const bytes = hot(room);
    try {
      let at = lp(bytes, lp(bytes, lp(bytes, door.room + GIVEN, method), authority), target);
      for (const field of flat) at = lp(bytes, at, field);
      return at;
    } catch (error) {
      return malformed(error);
    }
  }

  /** Whether the body is to be read, at most `maxBody` bytes and one more, before `verifyHead`. */
  wantsBody(method, target, headers, { authority = null } = none) {
    try {
      const fields = [method, authority, target, ...pairs(headers).flat()];
      return abi.service_wants_body(this.handle, packed(fields)) === 1;
    } catch (error) {
      if (error instanceof Unpackable) return false;
      throw error;
    }
  }

  /** Mints the headers oscartoki and oscartokikey (null: not sent) of the answer, once; the second time is `replayed`. */
  answer(verdict, status, options = none) {
    const [body, digest] = digested(options.body, options.digest);
    const { ext } = options;
    const context = takeContext(verdict);
    const bytes = hot(64 + most(ext) + (body === null ? 0 : body.length));
    const start = door.room + GIVEN;
    let at;
    try {
      at = lp(bytes, lp(bytes, be16(bytes, start, status), ext), digest);
    } catch (error) {
      throw unsignable(error);
    }
    if (body !== null) bytes.set(body, at);
    return answeredAt(
      door.calls.oscar_js_answer(this.#number, context, start, at - start, body === null ? 0 : at, body === null ? 0 : body.length, options.nowMs ?? Date.now(), door.room),
    );
  }

  /** `answer` from the answer's head, whose configured headers are covered. No body: a stream, which is then not covered. */
  answerHead(verdict, status, headers, { body: given = null, nowMs = wall() } = none) {
    const [body, digest] = digested(given, null);
    const context = takeContext(verdict);
    const flat = pairs(headers).flat();
    let room = 64 + (body === null ? 32 : body.length);
    for (const field of flat) room += most(field);
    const bytes = hot(room);
    const start = door.room + GIVEN;
    let at;
    try {
      at = be16(bytes, start, status);
      for (const field of flat) at = lp(bytes, at, field);
    } catch (error) {
      throw unsignable(error);
    }
    bytes.set(digest ?? body ?? [], at);
    return answeredAt(
      digest === null
        ? door.calls.oscar_js_answer_head(this.#number, context, start, at - start, body === null ? 0 : at, body === null ? 0 : body.length, nowMs, door.room)
        : door.calls.oscar_js_answer_head_digest(this.#number, context, start, at - start, at, nowMs, door.room),
    );
  }

  // ---- what travels elsewhere ----

  /** Verifies a message of a queue; `digest` stands for the body. */
  verifyMessage(destination, type, body, toki, { ext = null, digest = null, memory = null, maxTtlS = 86_400, nowMs = wall() } = none) {
    this.#refresh();
    const [bytes, made] = digested(body, digest);
    let fields;
    try {
      fields = packed([destination, type, ext, made, ...(toki == null ? [] : [toki])], (out, at, field) => (typeof field === 'string' ? lpText(out, at, field) : lp(out, at, field)));
    } catch (error) {
      throw error instanceof Unpackable ? new Malformed('a field has at most 65,535 bytes') : error;
    }
    return new VerifiedMessage(abi.service_verify_message(this.handle, fields, bytes, memory === null ? 0n : memory.handle, maxTtlS, nowMs));
  }

  /** Verifies a presigned target, given with its parameter. `hasToki`: the request has a header oscartoki too, which is malformed. */
  verifyUrl(method, authority, target, { ext = null, hasToki = false, nowMs = wall() } = none) {
    this.#refresh();
    let fields;
    try {
      fields = packed([method, authority, target, ext, null, ...(hasToki ? [''] : [])]);
    } catch (error) {
      throw error instanceof Unpackable ? new Malformed('a field has at most 65,535 bytes') : error;
    }
    const { kid, expMs, targetLength } = abi.service_verify_url(this.handle, fields, nowMs);
    return new VerifiedUrl(kid, expMs, target.slice(0, targetLength));
  }

  /** Verifies a presigned request by its raw head. */
  verifyUrlHead(method, target, headers, { authority = null, nowMs = wall() } = none) {
    this.#refresh();
    let fields;
    try {
      fields = packed([method, authority, target, ...pairs(headers).flat()]);
    } catch (error) {
      throw error instanceof Unpackable ? new Malformed('a field has at most 65,535 bytes') : error;
    }
    const { kid, expMs, targetLength } = abi.service_verify_url_head(this.handle, fields, nowMs);
    return new VerifiedUrl(kid, expMs, target.slice(0, targetLength));
  }

  /** Verifies a websocket ticket and spends it. */
  verifyTicket(ticket, { origin = null, requireOrigin = false, nowMs = wall() } = none) {
    this.#refresh();
    return new VerifiedTicket(abi.service_verify_ticket(this.handle, ticket ?? null, origin, requireOrigin ? 1 : 0, nowMs));
  }

  // ---- revoking ----

  /** Revokes a kid: in this process at once and, through the revocations file, in every other within two seconds. */
  revokeKey(kid) {
    this.#append(this.keyring.revokeKey(kid));
  }

  /** Revokes one session of a kid. */
  revokeSession(kid, sid) {
    this.#append(this.keyring.revokeSession(kid, sid));
  }

  /** Revokes the sessions of a kid that were issued before a second of the epoch. */
  revokeIssuedBefore(kid, beforeS) {
    this.#append(this.keyring.revokeIssuedBefore(kid, beforeS));
  }

  #append(line) {
    if (this.#files !== 0n) abi.ring_files_append(this.#files, line);
  }

  // ---- its state ----

  /** When it is ready; before that, everything is refused as stale. */
  get readyAtMs() {
    return abi.service_ready_at(this.handle);
  }

  /** Waits until it is ready. */
  async ready() {
    for (let left; (left = this.readyAtMs - wall()) > 0; ) await new Promise((resolve) => setTimeout(resolve, Math.min(left, 60_000)));
  }

  /** At and below this time nothing is accepted. */
  get floorMs() {
    return abi.service_floor(this.handle);
  }

  /** What happened so far: accepted, unremembered, v1_accepted, and refusals by name. */
  counters() {
    const [accepted, unremembered, v1_accepted, ...refused] = abi.service_counters(this.handle);
    const told = { accepted, unremembered, v1_accepted };
    refused.forEach((count, number) => count > 0 && (told[`refused_${nameOf(number)}`] = count));
    return told;
  }

  toString() {
    return `Service(${this.keyring.audience}, ${this.keyring.kids.length} keys)`;
  }

  [inspect]() {
    return this.toString();
  }
}

/** The files that a ring follows. */
class Files extends Held {
  constructor(handle) {
    super();
    this.hold(handle, 'ring_files_free');
  }
}

const pathOf = (path) => (path instanceof URL ? decodeURIComponent(path.pathname) : `${path}`);

function memoryOf(given, keyring) {
  if (given instanceof ReplayLog) return given;
  if (given === undefined) needsNative('a Service without memory');
  return new MappedReplayLog(given === undefined ? MappedReplayLog.defaultPath(keyring) : pathOf(given));
}

/** The headers of an answer, at the start of the room. */
function answeredAt(status) {
  const bytes = after();
  if (status !== 0) throw errorOf(status, detail());
  return { toki: ascii(bytes, door.room, 97), grant: ascii(bytes, door.room + 97, 48) };
}

/** For development: what altered a request whose MAC does not fit, or null. `keys` by a label each, the service's own first. */
export function explain(keys, method, authority, target, { toki, grant = null, body = null, ext = null } = none) {
  const held = packed(Object.entries(keys).flatMap(([label, key]) => [label, key instanceof AudienceKey ? key.toText() : key]), lpText);
  const fields = packed([method, authority, target, ext, null, ...(toki == null ? [] : [toki, ...(grant == null ? [] : [grant])])]);
  return takeText(abi.explain(held, fields, content(body)));
}
