// React: a provider that keeps a handed-out session, and a hook. The page signs; the secret stays with the backend.

import { createContext, createElement, useContext, useEffect, useState, useSyncExternalStore } from 'react';
import { SessionKeeper, indexedDbStore } from './session.js';

const Context = createContext(null);

/**
 * `<OscarProvider handOut={() => fetch('/session', { method: 'POST' }).then((answer) => answer.text())}>`. `store` and `client` as of SessionKeeper, by default
 * IndexedDB; or a `keeper` of your own.
 */
export function OscarProvider({ children, handOut, store, client, keeper: given }) {
  const [keeper] = useState(() => given ?? new SessionKeeper({ handOut, store: store ?? indexedDbStore(), client }));
  useEffect(() => {
    // A failure is in the state.
    keeper.open().catch(() => {});
  }, [keeper]);
  return createElement(Context.Provider, { value: keeper }, children);
}

/** `const { fetch, status, error, kid, sid, expS, renew } = useOscar()`: `fetch` signs, `status` is empty, loading, ready, over, revoked or failed. */
export function useOscar() {
  const keeper = useContext(Context);
  if (keeper === null) throw new Error('useOscar needs an <OscarProvider> around it');
  const state = useSyncExternalStore(
    (listener) => keeper.subscribe(listener),
    () => keeper.state,
    () => keeper.state,
  );
  return { ...state, fetch: keeper.fetch, renew: () => keeper.renew(), keeper };
}
