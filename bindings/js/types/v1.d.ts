// OscarToki v1, in the place of the original clients and services.
import type { Content, Dialect, Id, Moment, Service, ServiceOptions } from './index.js';

export class Key {
  constructor(key: Content);
  mint(options?: Moment): string;
  verify(toki: string, options?: Moment & { dialect?: Dialect }): number;
  mintTokikey(toki: string, options?: Moment): string;
  verifyTokikey(toki: string, tokikey: string, options?: Moment & { dialect?: Dialect }): void;
}

export class Exchange {
  private constructor();
  readonly headers: { oscartoki: string; oscartokikey?: string };
  acceptFirst(body: Content, toki: string | null, options?: Moment): string;
  acceptSecond(toki: string | null, options?: Moment): void;
  close(): void;
  [Symbol.dispose](): void;
}

export class Client {
  constructor(key: Key | Content, options?: { dialect?: Dialect });
  begin(options?: Moment): Exchange;
  /** Does both steps with fetch: GET for the tokikey, then the request. */
  request(method: string, url: string | URL, init?: RequestInit & { fetch?: typeof fetch }): Promise<Response>;
  close(): void;
  [Symbol.dispose](): void;
}

export function service(options: Omit<ServiceOptions, 'keys' | 'keyring'> & { keys: Map<Id, Content> | Record<string, Content>; untilMs: number; dialect?: Dialect }): Service;
