// Deterministic twins, for vectors, tests and tools; a nonce that is used twice breaks the protocol.
import type { AudienceKey, CallOptions, Client, Content, Id, Outcome, SignedRequest } from './index.js';

type Key = AudienceKey | string;
interface Beside {
  ext?: Uint8Array | null;
  body?: Content | null;
  digest?: Uint8Array | null;
}

export function mintRequest(key: Key, method: string, authority: string, target: string, options: Beside & { tsMs: number; nonce: Id; want?: boolean; grant?: string | null }): string;
export function mintGrant(key: Key, requestToki: string, options: { sid: Id; expS: number; ttlS: number }): string;
export function mintAnswer(key: Key, requestToki: string, status: number, options: Beside & { code: number; tsMs: number; sessionGrant?: string | null; grant?: string | null }): string;
export function accept(key: Key, requestToki: string, status: number, options: Beside & { toki: string | null; grant?: string | null; sessionGrant?: string | null }): Outcome & { tsMs: number };
export function mintMessage(key: Key, destination: string, type: string, options: Beside & { tsMs: number; nonce: Id; ttlS: number }): string;
export function mintUrl(key: Key, method: string, authority: string, target: string, options: { expMs: number; ext?: Uint8Array | null }): string;
export function mintTicket(key: Key, connection: Content, options: { tsMs: number; nonce: Id; origin?: string | null }): string;
export function sign(client: Client, method: string, authority: string, target: string, options: Beside & CallOptions & { resend?: boolean; nonce: Id; nowMs: number; monoMs?: number }): SignedRequest;
export function acceptSigned(client: Client, signed: SignedRequest, status: number, options: Beside & { toki: string | null; grant?: string | null; nowMs: number; monoMs?: number }): Outcome;
export function expose(key: Key): Uint8Array;
