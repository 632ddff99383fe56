// A page's or worker's part: a session that the application's own backend hands out, kept for reloads, used by one tab at a time. The secret never comes here.

import './library-toki.js';
import { Client } from './client.js';
import { OscarError } from './errors.js';
import { Session } from './keys.js';

/** So long before its end a session is not taken up any more. */
const SPARE_MS = 5_000;

/**
 * Keeps a handed-out session and signs with it.
 *
 * `handOut` asks the application's backend for a new one and gives its `oz2.` text: it is called once for each tab, and when a session is over.
 * `store`: where sessions outlive a reload, `indexedDbStore()` or `memoryStore()`. Tabs share a store, never a session: each is held by one tab, by a Web Lock.
 */
export class SessionKeeper {
  #handOut;
  #store;
  #options;
  #fetch;
  #held = null;
  #taking = null;
  #listeners = new Set();
  #state = Object.freeze({ status: 'empty', kid: null, sid: null, expS: null, error: null });

  constructor({ handOut, store = memoryStore(), client = {}, fetch = globalThis.fetch }) {
    if (typeof handOut !== 'function') throw new TypeError('handOut is a function that asks the backend for a session');
    this.#handOut = handOut;
    this.#store = store;
    this.#options = client;
    this.#fetch = (input, init) => fetch(input, init);
  }

  /** What is known: `status` is empty, loading, ready, over, revoked or failed; `kid`, `sid` and `expS` of the session; `error` of the last failure. */
  get state() {
    return this.#state;
  }

  /** Calls `listener` after each change; what it gives ends that. */
  subscribe(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Takes a session up: the one that this tab held before a reload, or a new one. */
  async open() {
    await this.#client();
    return this.#state;
  }

  /** `fetch` that signs. A session that is over is replaced, where that is certain to be safe: nothing had been sent. */
  fetch = async (input, init = {}) => {
    const request = new Request(input, init);
    const kept = request.clone();
    try {
      return await this.#send(request, init);
    } catch (error) {
      if (!(error instanceof OscarError) || error.name !== 'grant_expired' || error.mayHaveRun !== false) throw error;
      await this.renew();
      return await this.#send(kept, init);
    }
  };

  async #send(request, { oscartoki }) {
    const held = await this.#client();
    try {
      return await held.signed(request, { oscartoki });
    } catch (error) {
      if (error instanceof OscarError) await this.#judge(held, error);
      throw error;
    }
  }

  /** Throws the session away and asks for a new one. */
  async renew() {
    await this.#drop();
    return this.open();
  }

  /** Lets the session go, for another tab of this browser. */
  close() {
    this.#held?.release();
    this.#held = null;
    this.#tell({ status: 'empty', kid: null, sid: null, expS: null });
  }

  async #client() {
    if (this.#held !== null) return this.#held;
    this.#taking ??= this.#take().finally(() => (this.#taking = null));
    return this.#taking;
  }

  async #take() {
    this.#tell({ status: 'loading', error: null });
    try {
      const held = (await this.#resume()) ?? (await this.#begin());
      this.#held = held;
      const { kid, sid, expS } = held.session;
      this.#tell({ status: 'ready', kid, sid, expS });
      return held;
    } catch (error) {
      this.#tell({ status: 'failed', error });
      throw error;
    }
  }

  /** A stored session that lives and that no other tab holds. */
  async #resume() {
    for (const { sid, text } of await this.#store.all()) {
      let session = null;
      try {
        session = new Session(text);
      } catch {
        // Of another version: it goes.
      }
      if (session === null || session.expS * 1000 < Date.now() + SPARE_MS) {
        await this.#store.delete(sid);
        continue;
      }
      const release = await lock(sid);
      // The tab that held it may have dropped it while we waited.
      if (release !== null && (await this.#store.all()).some((entry) => entry.sid === sid)) return this.#holding(session, release);
      release?.();
    }
    return null;
  }

  async #begin() {
    const session = new Session(`${await this.#handOut()}`.trim());
    const release = (await lock(session.sid)) ?? (() => {});
    await this.#store.put({ sid: session.sid, text: session.toText() });
    return this.#holding(session, release);
  }

  #holding(session, release) {
    const client = new Client({ ...this.#options, session });
    return { session, release: () => (client.close(), release()), signed: client.fetch(this.#fetch) };
  }

  /** What an error says of the session. */
  async #judge(held, error) {
    if (error.name === 'grant_expired') this.#tell({ status: 'over', error });
    else if (error.name === 'revoked' && error.signed) {
      this.#tell({ status: 'revoked', error });
      await this.#store.delete(held.session.sid);
    } else this.#tell({ error });
  }

  async #drop() {
    const held = this.#held;
    this.#held = null;
    if (held === null) return;
    await this.#store.delete(held.session.sid);
    held.release();
  }

  #tell(change) {
    this.#state = Object.freeze({ ...this.#state, ...change });
    for (const listener of this.#listeners) listener();
  }
}

/** Holds a session's lock until it is released or the tab is gone; null when another tab has it. Without Web Locks, tabs can't share a store. */
function lock(sid) {
  if (globalThis.navigator?.locks === undefined) return Promise.resolve(null);
  return new Promise((resolve, reject) => {
    navigator.locks
      .request(`oscartoki:${sid}`, { ifAvailable: true }, (got) => (got === null ? resolve(null) : new Promise((release) => resolve(release))))
      .catch(reject);
  });
}

/** Sessions that end with the page. */
export function memoryStore() {
  const entries = new Map();
  return {
    all: async () => [...entries.values()],
    put: async (entry) => void entries.set(entry.sid, entry),
    delete: async (sid) => void entries.delete(sid),
  };
}

/** Sessions that outlive a reload, in IndexedDB. They are key material of this origin, for ten minutes at most. */
export function indexedDbStore(name = 'oscartoki') {
  let opened = null;
  const settled = (request) => new Promise((resolve, reject) => Object.assign(request, { onsuccess: () => resolve(request.result), onerror: () => reject(request.error) }));
  const sessions = async (mode) => {
    opened ??= settled(Object.assign(indexedDB.open(name, 1), { onupgradeneeded: ({ target }) => target.result.createObjectStore('sessions', { keyPath: 'sid' }) }));
    return (await opened).transaction('sessions', mode).objectStore('sessions');
  };
  return {
    all: async () => settled((await sessions('readonly')).getAll()),
    put: async (entry) => settled((await sessions('readwrite')).put(entry)),
    delete: async (sid) => settled((await sessions('readwrite')).delete(sid)),
  };
}

/**
 * A websocket that proves who opens it: the ticket, minted by the backend (`client.mintTicket`), goes as the first frame. Resolves once it is sent.
 * `ticket` is a text, or a function that fetches one.
 */
export async function openSocket(url, ticket, { protocols, WebSocket = globalThis.WebSocket } = {}) {
  const text = typeof ticket === 'function' ? await ticket() : ticket;
  const socket = new WebSocket(url, protocols);
  return new Promise((resolve, reject) => {
    socket.addEventListener('open', () => (socket.send(text), resolve(socket)), { once: true });
    socket.addEventListener('error', () => reject(new Error(`${url} can't be opened`)), { once: true });
  });
}

/** In a service worker: requests that `match` says yes to are signed by the keeper, for every page of its scope. Gives the listener that it added. */
export function signInWorker(keeper, match, scope = globalThis) {
  const listener = (event) => {
    if (!match(event.request)) return;
    event.respondWith(
      keeper.fetch(event.request).catch(
        (error) =>
          new Response(JSON.stringify({ error: error.name, message: error.message, mayHaveRun: error.mayHaveRun ?? true }), {
            status: error instanceof OscarError ? 502 : 504, headers: { 'content-type': 'application/json', 'oscartoki-error': error instanceof OscarError ? error.name : 'network' },
          }),
      ),
    );
  };
  scope.addEventListener('fetch', listener);
  return listener;
}
