import type { ReactElement, ReactNode } from 'react';
import type { ClientSettings, SignedFetch } from './index.js';
import type { SessionKeeper, SessionState, SessionStore } from './session.js';

export type ProviderProps = { children?: ReactNode; store?: SessionStore; client?: ClientSettings } & (
  | { handOut: () => string | Promise<string>; keeper?: undefined }
  | { keeper: SessionKeeper; handOut?: undefined }
);

/** Keeps a handed-out session for the components below. */
export function OscarProvider(props: ProviderProps): ReactElement;
/** The session's state, and `fetch` that signs with it. */
export function useOscar(): SessionState & { fetch: SignedFetch; renew: () => Promise<SessionState>; keeper: SessionKeeper };
