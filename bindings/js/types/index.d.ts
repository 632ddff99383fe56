// Types of `oscartoki`. What each name does stands in README.md and at the name.

import * as errors from './errors.js';
import * as hazmat from './hazmat.js';
import * as v1 from './v1.js';
export { errors, hazmat, v1 };
export { OscarError } from './errors.js';

/** Content: text as UTF-8, or bytes. */
export type Content = string | ArrayBuffer | ArrayBufferView;
/** A kid, a sid or a nonce: 16 digits of hex, or 8 bytes. */
export type Id = string | Uint8Array;
/** Headers: a Headers or Map, pairs, Node's rawHeaders, or an object. */
export type HeadersLike = Iterable<readonly [string, string]> | readonly string[] | Record<string, string | number | readonly string[] | undefined>;

/** A moment, where the clock's is not meant. */
export interface Moment {
  /** Milliseconds since 1970. */
  nowMs?: number;
}

declare class Held {
  /** Gives the library's memory back; the garbage collector does it otherwise. What it is asked afterwards is refused. */
  close(): void;
  [Symbol.dispose](): void;
}

/** What a client and the key registry hold: 32 random bytes, `os2.` as text. */
export class Secret {
  constructor(text: string);
  static parse(text: string): Secret;
  static generate(): Secret;
  static fromBytes(bytes: ArrayBuffer | ArrayBufferView): Secret;
  /** The secret itself, for a file of mode 0600. */
  toText(): string;
  kid(generation?: number): string;
  /** What one service gets. */
  audienceKey(audience: string, generation?: number): AudienceKey;
}

/** What a service holds for one client, audience and generation; `oa2.` as text. */
export class AudienceKey {
  constructor(text: string);
  static parse(text: string): AudienceKey;
  toText(): string;
  withKid(kid: Id): AudienceKey;
  readonly kid: string;
}

/** A session for one browser or worker: one audience, its own sid, ten minutes at most; `oz2.` as text. */
export class Session {
  constructor(text: string);
  static parse(text: string): Session;
  toText(): string;
  readonly kid: string;
  readonly sid: string;
  readonly expS: number;
}

export type Dialect = 'any' | 'standard' | 'java';

/** The keys of a service for one audience, who is revoked, and whose OscarToki v1 is still on. */
export class Keyring extends Held {
  constructor(audience: string);
  readonly audience: string;
  add(key: AudienceKey | string): void;
  addV1(key: { kid: Id; key: Content; untilMs: number; dialect?: Dialect }): void;
  load(text: string): void;
  loadRevocations(text: string): void;
  faultInKeys(text: string): string | null;
  revokeKey(kid: Id): string;
  revokeSession(kid: Id, sid: Id): string;
  revokeIssuedBefore(kid: Id, beforeS: number): string;
  readonly revocationsText: string;
  readonly kids: string[];
  holds(kid: Id): boolean;
  readonly hasV1: boolean;
}

/** The key text in a file (on a server): its one line that is neither blank nor a comment. */
export function secretFrom(path: string): string;
/** A to Z folded, one trailing :80 or :443 removed. */
export function normaliseAuthority(name: string): string;

export interface ClientSettings {
  /** The covered headers of requests, in the service's order. */
  ext?: Iterable<string>;
  /** The covered headers of answers, in the service's order. */
  answerExt?: Iterable<string>;
  /** When to ask for the next grant. */
  roll?: 'auto' | 'every';
  /** The machine's clock is known to be right: unsafe requests need no probe. */
  trustClock?: boolean;
  /** 'none': the service can't sign its answers; nothing then counts as authentic. */
  answers?: 'signed' | 'none';
  /** An answer whose content has more bytes is `policy`. */
  maxAnswer?: number;
  generation?: number;
  /** The kid that the application registered for this generation. */
  kid?: Id | null;
  sendContentDigest?: boolean;
}

/** One of `secret`, `audienceKey` and `session`. Without `audience`, each request's authority is its audience. */
export interface ClientOptions extends ClientSettings {
  secret?: Secret | string;
  audience?: string;
  audienceKey?: AudienceKey | string;
  session?: Session | string;
}

export interface CallOptions {
  /** A probe goes first, whatever the clock says. */
  verifyFirst?: boolean;
  /** No probe. */
  trustClock?: boolean;
  /** May be resent although its method is unsafe: it has an idempotency-key in ext. */
  repeatable?: boolean;
  /** Takes an answer whose content is not covered. */
  stream?: boolean;
}

export interface RequestOptions extends Moment {
  body?: Content | null;
  /** SHA-256 of the content, in place of `body`. */
  digest?: Uint8Array | null;
  ext?: Uint8Array | null;
}

export interface SignOptions extends RequestOptions, CallOptions {
  /** This is the resend of a request. */
  resend?: boolean;
  monoMs?: number;
}

export interface AnswerOptions {
  toki: string | null;
  grant?: string | null;
  body?: Content | null;
  digest?: Uint8Array | null;
  ext?: Uint8Array | null;
  receivedMs?: number;
  monoMs?: number;
}

export interface HeadOptions {
  body?: Content | null;
  digest?: Uint8Array | null;
  receivedMs?: number;
  monoMs?: number;
}

/** One client: it probes, keeps one clock and the newest grant for each audience, signs, and accepts each answer once. */
export class Client extends Held {
  constructor(options: ClientOptions | Secret | string);
  forAudience(audience: string): Client;
  sign(method: string, authority: string, target: string, options?: SignOptions): SignedRequest;
  accept(signed: SignedRequest, status: number, answer: AnswerOptions): Outcome;
  acceptHead(signed: SignedRequest, status: number, headers: HeadersLike, options?: HeadOptions): Outcome;
  giveUp(signed: SignedRequest, status?: number | null): Outcome;
  call(method: string, authority: string, target: string, options?: CallOptions & RequestOptions & { headers?: HeadersLike }): Call;
  requestExt(headers: HeadersLike): Uint8Array;
  dropsFromProbe(name: string): boolean;
  readonly kid: string | null;
  readonly offsetMs: number | null;
  readonly maxAnswer: number;
  handOut(ttlS?: number, options?: Moment): Session;
  exportState(): string;
  importState(text: string): void;
  mintMessage(destination: string, type: string, body?: Content | null, options?: Moment & { ttlS?: number; ext?: Uint8Array | null }): SignedMessage;
  signUrl(authority: string, target: string, options?: { expMs?: number; lifeS?: number; method?: string; ext?: Uint8Array | null }): string;
  mintTicket(connection: Content, options?: Moment & { origin?: string | null }): string;
  /** `fetch` that probes, signs, accepts, rolls and resends: `const signed = client.fetch(fetch)`. */
  fetch(fetch?: typeof globalThis.fetch, options?: CallOptions): SignedFetch;
  /** A signed axios instance. */
  axios<A extends { create(config?: any): any }>(axios: A, config?: Parameters<A['create']>[0], options?: CallOptions): ReturnType<A['create']>;
}

/** What a signed answer tells beside itself. */
export interface Told {
  outcome: Outcome;
  requests: number;
  probed: boolean;
  resent: boolean;
  inSession: boolean;
}

export type SignedResponse = Response & { readonly oscartoki: Told };
export type SignedInit = RequestInit & { oscartoki?: CallOptions };
export type SignedFetch = (input: RequestInfo | URL, init?: SignedInit) => Promise<SignedResponse>;

/** One signed request, or the probe that must go before it. Its answer is accepted once. */
export class SignedRequest {
  private constructor();
  readonly toki: string;
  readonly grant: string | null;
  readonly isProbe: boolean;
  readonly inSession: boolean;
  readonly headers: { oscartoki: string; oscartokikey?: string };
}

/** What became of a request, as far as the client can know. */
export class Outcome {
  private constructor();
  readonly error: errors.OscarError | null;
  readonly name: string | null;
  readonly code: number | null;
  readonly status: number | null;
  readonly mayHaveRun: boolean;
  readonly signed: boolean;
  readonly resend: boolean;
  readonly offsetMs: number | null;
  readonly adoptedSid: string | null;
  readonly grantError: string | null;
  readonly contentAuthentic: boolean;
  readonly isProbe: boolean;
  throwForRefusal(): void;
}

/** What the owner of a call does next. */
export class Step {
  private constructor();
  readonly kind: 'send' | 'done' | 'failed';
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly isProbe: boolean;
  readonly outcome: Outcome | null;
  readonly requests: number;
  readonly probed: boolean;
  readonly resent: boolean;
  readonly inSession: boolean;
}

/** One request on its way, without a socket: probe, request, resend. */
export class Call extends Held {
  constructor(client: Client, method: string, authority: string, target: string, options?: CallOptions & RequestOptions & { headers?: HeadersLike });
  readonly client: Client;
  next(options?: Moment & { monoMs?: number }): Step;
  received(status: number, headers: HeadersLike, options?: HeadOptions): void;
  tooLarge(status: number): void;
  failed(): void;
}

export interface ServiceOptions extends Moment {
  /** `oa2.` texts or lines of a key file. */
  keys?: Iterable<AudienceKey | string> | AudienceKey | string;
  /** The names that a request may be sent to. */
  authorities?: readonly string[] | string;
  /** Whose keys these are; by default the first name. */
  audience?: string;
  keyring?: Keyring;
  /** Reread within two seconds of a change, in every process. */
  keysFile?: string | URL | readonly (string | URL)[];
  revocationsFile?: string | URL;
  /** By default a mapped file of this user; a path is one of your choice. */
  memory?: ReplayLog | string | URL;
  /** No earlier process accepted these keys. */
  firstStart?: boolean;
  fixedAuthority?: string | null;
  windowMs?: number;
  maxTtlS?: number;
  grantTtlS?: number;
  ext?: Iterable<string>;
  answerExt?: Iterable<string>;
  maxBody?: number;
  maxAnswer?: number;
  emptyQueryHidden?: boolean;
}

export interface VerifyOptions extends RequestOptions {
  toki?: string | null;
  grant?: string | null;
}

/** The headers of an answer. */
export interface AnswerHeaders {
  toki: string;
  grant: string | null;
}

/** One service: its names, its keys, its replay memory. */
export class Service extends Held {
  constructor(options?: ServiceOptions);
  readonly keyring: Keyring;
  readonly memory: ReplayLog;
  readonly maxBody: number;
  readonly maxAnswer: number;
  verify(method: string, authority: string, target: string, options?: VerifyOptions): Judged;
  verifyHead(method: string, target: string, headers: HeadersLike, options?: Moment & { body?: Content | null; authority?: string | null }): Judged;
  wantsBody(method: string, target: string, headers: HeadersLike, options?: { authority?: string | null }): boolean;
  answer(verdict: Verdict, status: number, options?: RequestOptions): AnswerHeaders;
  answerHead(verdict: Verdict, status: number, headers: HeadersLike, options?: Moment & { body?: Content | null }): AnswerHeaders;
  verifyMessage(destination: string, type: string, body: Content | null, toki: string | null, options?: Moment & {
    ext?: Uint8Array | null; digest?: Uint8Array | null; memory?: MessageMemory | null; maxTtlS?: number;
  }): VerifiedMessage;
  verifyUrl(method: string, authority: string, target: string, options?: Moment & { ext?: Uint8Array | null; hasToki?: boolean }): VerifiedUrl;
  verifyUrlHead(method: string, target: string, headers: HeadersLike, options?: Moment & { authority?: string | null }): VerifiedUrl;
  verifyTicket(ticket: string | null, options?: Moment & { origin?: string | null; requireOrigin?: boolean }): VerifiedTicket;
  revokeKey(kid: Id): void;
  revokeSession(kid: Id, sid: Id): void;
  revokeIssuedBefore(kid: Id, beforeS: number): void;
  readonly readyAtMs: number;
  ready(): Promise<void>;
  readonly floorMs: number;
  counters(): { accepted: number; unremembered: number; v1_accepted: number; [refused: `refused_${string}`]: number };
}

/** What a service says to a request. */
export type Judged = VerifiedRequest | PendingBody | Refusal | Handshake;

export abstract class Verdict {
  readonly accepted: boolean;
  readonly error: errors.OscarError | null;
  throwForRefusal(): void;
}

/** Authentic, fresh and allowed: it may run. */
export class VerifiedRequest extends Verdict {
  private constructor();
  readonly accepted: true;
  readonly error: null;
  readonly kid: string;
  readonly sid: string | null;
  readonly authority: string;
  readonly tsMs: number;
  readonly nonce: string;
  readonly want: boolean;
  readonly version: 1 | 2;
}

/** As good, but for its content, which Content-Digest named: read it, then `finish`. */
export class PendingBody extends Verdict {
  private constructor();
  readonly accepted: false;
  readonly kid: string;
  readonly sid: string | null;
  finish(body?: Content | null, options?: { digest?: Uint8Array | null }): VerifiedRequest | Refusal;
  tooLarge(): Refusal;
}

/** It must not run. */
export class Refusal extends Verdict {
  private constructor();
  readonly accepted: false;
  readonly error: errors.OscarError;
  readonly name: string;
  readonly code: number | null;
  readonly status: number;
  readonly signed: boolean;
  readonly wwwAuthenticate: boolean;
  readonly version: 1 | 2;
}

/** The first step of OscarToki v1: nothing runs, `reply` is its answer. */
export class Handshake extends Verdict {
  private constructor();
  readonly accepted: false;
  reply(): { toki: string; body: string };
}

/** Some replay memory; services that are given the same one remember together. */
export abstract class ReplayLog extends Held {
  forMessages(options?: Moment & { firstStart?: boolean }): MessageMemory;
}

/** The memory of this one process, or of this one worker where it runs in WebAssembly. */
export class MemoryReplayLog extends ReplayLog {
  constructor(capacity?: number, options?: { exact?: boolean });
  static exact(capacity: number): MemoryReplayLog;
}

/** A file that the processes of one machine share. Needs the native addon. */
export class MappedReplayLog extends ReplayLog {
  constructor(path: string | URL, capacity?: number);
  readonly path: string;
  static defaultPath(keyring: Keyring): string;
}

/** Remembers nothing and therefore refuses everything. */
export class NoReplayLog extends ReplayLog {
  constructor();
}

/** What the consumers of one queue remember together. */
export class MessageMemory extends Held {
  private constructor();
}

export class SignedMessage extends Held {
  private constructor();
  readonly toki: string;
  /** Accepts the reply, once; the consumer's time in milliseconds. */
  acceptReply(toki: string | null, body?: Content | null, options?: { ext?: Uint8Array | null }): number;
}

export class VerifiedMessage extends Held {
  private constructor();
  readonly kid: string;
  readonly tsMs: number;
  readonly ttlS: number;
  readonly nonce: string;
  readonly freshness: 'fresh' | 'duplicate' | 'unchecked';
  reply(body?: Content | null, options?: Moment & { ext?: Uint8Array | null }): string;
}

export class VerifiedUrl {
  private constructor();
  readonly kid: string;
  readonly expMs: number;
  readonly target: string;
}

export class VerifiedTicket {
  private constructor();
  readonly kid: string;
  readonly connection: Uint8Array;
  readonly tsMs: number;
  readonly originBound: boolean;
}

/** For development: what altered a request whose MAC does not fit, or null. */
export function explain(
  keys: Record<string, AudienceKey | string>, method: string, authority: string, target: string,
  options: { toki: string; grant?: string | null; body?: Content | null; ext?: Uint8Array | null },
): string | null;

export interface LayerOptions {
  /** Preflights, which carry no toki, are let through to a CORS layer that stands behind. */
  corsInside?: boolean;
}

/** What Express, Connect and node:http pass. */
export type Middleware = ((request: any, response: any, next: (error?: unknown) => void) => void) & { readonly uncovered: number };

/** `app.use(oscar.express(service))`, before every body parser. What was verified is in `request.oscartoki`, its content in `request.rawBody`. */
export function express(service: Service, options?: LayerOptions): Middleware;
/** `await app.register(oscar.fastify(service))`. What was verified is in `request.oscartoki`. */
export function fastify(service: Service, options?: LayerOptions): (app: any) => Promise<void>;
/** `http.createServer(oscar.node(service, listener))`. */
export function node(service: Service, listener: (request: any, response: any) => void, options?: LayerOptions): (request: any, response: any) => void;

/** The version of this package and of the library in it. */
export const version: string;
/** Which door the library is behind: 'addon' on a server that has one, else 'wasm'. */
export function doorKind(): 'addon' | 'wasm';

/** All of it. */
declare const oscar: Omit<typeof import('./index.js'), 'default'>;
export default oscar;
