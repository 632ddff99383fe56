// OscarToki v1: a client and a service that take the place of the original ones. The protocol proves that both sides hold a key, not what was asked or
// answered: move to v2. A `Service` of v2 also takes v1 where a key's line says so (`Keyring.addV1`), until its date or the client's first v2 request.

import { abi } from './abi.js';
import { content, wall } from './door.js';
import { Held } from './holder.js';
import { Keyring, dialectOf } from './keys.js';
import { Service } from './service.js';
import { inspect } from '#platform';

const none = Object.freeze({});

/** A v1 key: mints and verifies tokis and tokikeys. */
export class Key {
  #key;

  constructor(key) {
    this.#key = content(key);
    if (this.#key === null || this.#key.length === 0) abi.v1_mint(new Uint8Array(), 0);
  }

  /** The newest toki that every original accepts at this clock. */
  mint({ nowMs = wall() } = none) {
    return abi.v1_mint(this.#key, nowMs);
  }

  /** Verifies a toki; its time in milliseconds. */
  verify(toki, { dialect = 'any', nowMs = wall() } = none) {
    return abi.v1_verify(this.#key, toki, dialectOf(dialect), nowMs);
  }

  /** The tokikey that answers a toki. */
  mintTokikey(toki, { nowMs = wall() } = none) {
    return abi.v1_tokikey_mint(this.#key, toki, nowMs);
  }

  /** Verifies the tokikey of a toki. */
  verifyTokikey(toki, tokikey, { dialect = 'any', nowMs = wall() } = none) {
    abi.v1_tokikey_verify(this.#key, toki, tokikey, dialectOf(dialect), nowMs);
  }

  /** @internal */
  static bytes(key) {
    return key.#key;
  }

  [inspect]() {
    return 'v1.Key(..)';
  }

  toJSON() {
    return 'v1.Key(..)';
  }
}
const bytesOf = Key.bytes;
delete Key.bytes;

/** The two steps of one request: a GET that fetches the tokikey, then the request itself. */
export class Exchange extends Held {
  #toki;
  #tokikey = null;

  constructor(toki, handle) {
    super();
    this.hold(handle, 'v1_exchange_free');
    this.#toki = toki;
  }

  /** What the next step carries. */
  get headers() {
    return this.#tokikey === null ? { oscartoki: this.#toki } : { oscartoki: this.#toki, oscartokikey: this.#tokikey };
  }

  /** Accepts the answer to the first step, its JSON body and its header oscartoki, once: the tokikey. */
  acceptFirst(body, toki, { nowMs = wall() } = none) {
    return (this.#tokikey = abi.v1_exchange_accept_first(this.handle, content(body), toki, nowMs));
  }

  /** Accepts the answer to the second step by its header oscartoki, once. It proves that the service holds the key, not what it wrote. */
  acceptSecond(toki, { nowMs = wall() } = none) {
    abi.v1_exchange_accept_second(this.handle, toki, nowMs);
  }
}

/** The client of OscarToki v1, in the place of the original. */
export class Client extends Held {
  constructor(key, { dialect = 'any' } = none) {
    super();
    this.hold(abi.v1_client_new(bytesOf(key instanceof Key ? key : new Key(key)), dialectOf(dialect)), 'v1_client_free');
  }

  /** Begins the two steps of one request, without a socket. */
  begin({ nowMs = wall() } = none) {
    return new Exchange(...abi.v1_client_begin(this.handle, nowMs));
  }

  /** Does both steps with fetch: GET for the tokikey, then the request. `init` as of fetch; `init.fetch` is what it sends with. */
  async request(method, url, { fetch = globalThis.fetch, headers, ...init } = none) {
    const exchange = this.begin();
    const send = (given) => fetch(url, { cache: 'no-store', redirect: 'error', ...given, headers: withOurs(headers, exchange.headers) });
    const first = await send({ method: 'GET', signal: init.signal });
    exchange.acceptFirst(new Uint8Array(await first.arrayBuffer()), first.headers.get('oscartoki'));
    const answer = await send({ ...init, method });
    exchange.acceptSecond(answer.headers.get('oscartoki'));
    return answer;
  }

  [inspect]() {
    return 'v1.Client(..)';
  }
}

function withOurs(given, ours) {
  const headers = new Headers(given);
  for (const [name, field] of Object.entries(ours)) headers.set(name, field);
  return headers;
}

/**
 * A service for clients of v1, in the place of the original: `keys` by the kid that each client has or will have. It goes into the same middleware, and takes v2
 * as soon as an `oa2.` key is added to its ring.
 */
export function service({ keys, authorities, untilMs, dialect = 'any', ...options }) {
  const keyring = new Keyring(typeof authorities === 'string' ? authorities : authorities[0]);
  for (const [kid, key] of keys instanceof Map ? keys : Object.entries(keys)) keyring.addV1({ kid, key, untilMs, dialect });
  return new Service({ ...options, authorities, keyring });
}
