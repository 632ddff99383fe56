// Key material: the root secret (`os2.`), a service's audience key (`oa2.`), a handed-out session (`oz2.`), and a service's ring of keys.
// Nothing here prints a key; `toText()` is for key files.

import { abi, takeText } from './abi.js';
import { content, hex, idOf, whole } from './door.js';
import { OscarError, Unsignable } from './errors.js';
import { Held } from './holder.js';
import { inspect } from '#platform';

/** A key that is not to be printed. */
class Redacted {
  [inspect]() {
    return this.toString();
  }

  toJSON() {
    return this.toString();
  }
}

const textual = (text, what) => {
  if (typeof text !== 'string') throw new TypeError(`${what} is made from its text`);
  return text;
};

/** A generation is 32 bits. */
function generationOf(number) {
  if (!(Number.isInteger(number) && number >= 0 && number < 2 ** 32)) throw new Unsignable('a generation is 0 to 2^32 - 1');
  return number;
}

/** What a client and the key registry hold: 32 random bytes, `os2.` as text. */
export class Secret extends Redacted {
  #text;

  constructor(text) {
    super();
    this.#text = abi.secret_parse(textual(text, 'a Secret'));
  }

  /** A secret from its text. */
  static parse(text) {
    return new Secret(text);
  }

  /** A new random secret. */
  static generate() {
    return new Secret(abi.secret_generate());
  }

  /** A secret from exactly 32 random bytes, else `weak_secret`. */
  static fromBytes(bytes) {
    return new Secret(abi.secret_from_bytes(content(bytes)));
  }

  /** The secret itself, for a file of mode 0600. */
  toText() {
    return this.#text;
  }

  /** The key id of a generation: public, 16 digits of hex. */
  kid(generation = 0) {
    return hex(abi.secret_kid(this.#text, generationOf(generation)));
  }

  /** What one service gets. */
  audienceKey(audience, generation = 0) {
    return new AudienceKey(abi.secret_audience_key(this.#text, audience, generationOf(generation)));
  }

  toString() {
    return `Secret(kid ${this.kid()})`;
  }
}

/** What a service holds for one client, audience and generation; `oa2.` as text. */
export class AudienceKey extends Redacted {
  #text;

  constructor(text) {
    super();
    this.#text = abi.audience_key_parse(textual(text, 'an AudienceKey'), null);
  }

  /** A key from its text. */
  static parse(text) {
    return new AudienceKey(text);
  }

  /** The key itself, for the service's key file. */
  toText() {
    return this.#text;
  }

  /** The same key under another, registered kid. */
  withKid(kid) {
    return new AudienceKey(abi.audience_key_parse(this.#text, idOf(kid, 'a kid')));
  }

  /** The key id: public, 16 digits of hex. */
  get kid() {
    return hex(abi.audience_key_read(this.#text)[0]);
  }

  toString() {
    return `AudienceKey(kid ${this.kid})`;
  }
}

/** A session for one browser or worker: one audience, its own sid, ten minutes at most; `oz2.` as text. */
export class Session extends Redacted {
  #text;
  #claims;

  constructor(text) {
    super();
    [this.#text, this.#claims] = abi.session_parse(textual(text, 'a Session'));
  }

  /** A session from its text. */
  static parse(text) {
    return new Session(text);
  }

  /** The session itself, for the one browser or worker that it is handed to. */
  toText() {
    return this.#text;
  }

  /** The key id of the client that handed it out. */
  get kid() {
    return this.#claims.kid;
  }

  /** The session id: what revokes it. */
  get sid() {
    return this.#claims.sid;
  }

  /** Its end, seconds since 1970. */
  get expS() {
    return this.#claims.expS;
  }

  toString() {
    return `Session(kid ${this.kid}, sid ${this.sid}, until ${this.expS})`;
  }
}

/** The keys of a service for one audience, who is revoked, and whose OscarToki v1 is still on. */
export class Keyring extends Held {
  #audience;

  constructor(audience) {
    super();
    this.hold(abi.keyring_new(audience), 'keyring_free');
    this.#audience = audience;
  }

  /** Whose keys these are. */
  get audience() {
    return this.#audience;
  }

  /** Adds a key, or what one line of a key file says: `oa2.…`, `oa2.… kid=HEX`, `v1 until=… dialect=any key=HEX kid=HEX`. */
  add(key) {
    abi.keyring_add(this.handle, key instanceof AudienceKey ? key.toText() : textual(key, 'a key').trim());
  }

  /** Switches OscarToki v1 on for a client until a time. */
  addV1({ kid, key, untilMs, dialect = 'any' }) {
    abi.keyring_add_v1(this.handle, idOf(kid, 'a kid'), content(key), untilMs, dialectOf(dialect));
  }

  /** Replaces all keys by those of a key file's text, at once or not at all. */
  load(text) {
    abi.keyring_load(this.handle, text);
  }

  /** Replaces the revocations by those of a file's text, at once or not at all; marks never fall. */
  loadRevocations(text) {
    abi.keyring_load_revocations(this.handle, text);
  }

  /** What a key file's text would be refused for, with its line; null when it is good. */
  faultInKeys(text) {
    const ring = new Keyring(this.#audience);
    try {
      ring.load(text);
      return null;
    } catch (error) {
      if (error instanceof OscarError) return `${error}`;
      throw error;
    } finally {
      ring.close();
    }
  }

  /** Revokes a kid at once; the line that a file of revocations gets. */
  revokeKey(kid) {
    return abi.keyring_revoke_key(this.handle, idOf(kid, 'a kid'));
  }

  /** Revokes one session at once; the line that a file of revocations gets. */
  revokeSession(kid, sid) {
    return abi.keyring_revoke_session(this.handle, idOf(kid, 'a kid'), idOf(sid, 'a sid'));
  }

  /** Revokes the sessions of a kid that were issued before a second; the line that a file of revocations gets. */
  revokeIssuedBefore(kid, beforeS) {
    return abi.keyring_revoke_issued_before(this.handle, idOf(kid, 'a kid'), whole(beforeS, 1));
  }

  /** All revocations in force, as the text of a file. */
  get revocationsText() {
    return takeText(abi.keyring_revocations(this.handle));
  }

  /** The kids held, sorted. */
  get kids() {
    return takeText(abi.keyring_kids(this.handle)).split('\n').filter(Boolean);
  }

  /** Whether a key stands under this kid. */
  holds(kid) {
    return abi.keyring_holds(this.handle, idOf(kid, 'a kid')) === 1;
  }

  /** Whether OscarToki v1 is on for some client. */
  get hasV1() {
    return abi.keyring_has_v1(this.handle) === 1;
  }

  toString() {
    return `Keyring(${this.#audience}, ${this.kids.length} keys)`;
  }
}

const DIALECTS = ['any', 'standard', 'java'];

/** The number of a dialect of OscarToki v1. */
export function dialectOf(name) {
  const number = DIALECTS.indexOf(name);
  if (number < 0) throw new TypeError('a dialect is any, standard or java');
  return number;
}

/** A to Z folded, one trailing :80 or :443 removed. */
export const normaliseAuthority = (name) => abi.authority_normalise(name);
