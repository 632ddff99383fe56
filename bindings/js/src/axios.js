// axios: a signed instance. It sends by axios's own fetch adapter, with our fetch in it (axios >= 1.12).

import { OscarError } from './errors.js';
import { signedFetch } from './fetch.js';

/** An axios instance whose requests are signed; `config` as of `axios.create`. What is refused throws an OscarError, not an AxiosError. */
export function signedAxios(client, axios, config = {}, options = {}) {
  const fetch = signedFetch(client, globalThis.fetch, options);
  const instance = axios.create({ ...config, adapter: 'fetch', maxRedirects: 0, env: { ...config.env, fetch, Request, Response } });
  instance.interceptors.response.use(undefined, (error) => {
    throw error?.cause instanceof OscarError ? error.cause : error;
  });
  return instance;
}
