// A page's or worker's part: a handed-out session, kept for reloads, used by one tab at a time.
import type { CallOptions, ClientSettings, SignedFetch } from './index.js';

export interface StoredSession {
  sid: string;
  text: string;
}

/** Where sessions outlive a reload. */
export interface SessionStore {
  all(): Promise<StoredSession[]>;
  put(entry: StoredSession): Promise<void>;
  delete(sid: string): Promise<void>;
}

export interface SessionState {
  readonly status: 'empty' | 'loading' | 'ready' | 'over' | 'revoked' | 'failed';
  readonly kid: string | null;
  readonly sid: string | null;
  readonly expS: number | null;
  readonly error: unknown;
}

export interface KeeperOptions {
  /** Asks the application's backend for a session: its `oz2.` text. */
  handOut: () => string | Promise<string>;
  store?: SessionStore;
  client?: ClientSettings;
  fetch?: typeof globalThis.fetch;
}

/** Keeps a handed-out session and signs with it. */
export class SessionKeeper {
  constructor(options: KeeperOptions);
  readonly state: SessionState;
  subscribe(listener: () => void): () => void;
  open(): Promise<SessionState>;
  readonly fetch: SignedFetch;
  renew(): Promise<SessionState>;
  close(): void;
}

export function memoryStore(): SessionStore;
export function indexedDbStore(name?: string): SessionStore;
/** A websocket whose first frame is the ticket. */
export function openSocket(url: string | URL, ticket: string | (() => string | Promise<string>), options?: { protocols?: string | string[]; WebSocket?: typeof globalThis.WebSocket }): Promise<WebSocket>;
/** In a service worker: requests that `match` says yes to are signed. */
export function signInWorker(keeper: SessionKeeper, match: (request: Request) => boolean, scope?: unknown): (event: any) => void;
export type { CallOptions };
