// What users write, for the compiler; never run.

import http from 'node:http';
import axios from 'axios';
import express from 'express';
import oscarDefault, * as oscar from 'oscartoki';
import { OscarProvider, useOscar } from 'oscartoki/react';
import { SessionKeeper, indexedDbStore, memoryStore, openSocket, signInWorker } from 'oscartoki/session';

const secret: oscar.Secret = oscar.Secret.generate();
const client = new oscar.Client({ secret, audience: 'api.example.com', ext: ['content-type'], roll: 'every' });
const service = new oscar.Service({ keys: [secret.audienceKey('api.example.com')], authorities: ['api.example.com'], keysFile: '/etc/oscar/keys', memory: '/run/memory' });

export async function call(): Promise<number> {
  const signed = client.fetch(fetch, { verifyFirst: true });
  try {
    const answer = await signed('https://api.example.com/', { method: 'POST', body: '{}', oscartoki: { repeatable: true } });
    const code: number | null = answer.oscartoki.outcome.code;
    return code ?? answer.status;
  } catch (error) {
    if (error instanceof oscar.errors.BadMac) return error.mayHaveRun === false ? 0 : 1;
    if (error instanceof oscar.OscarError && error.name === 'stale') return error.status ?? 0;
    throw error;
  }
}

export function judge(request: http.IncomingMessage, body: Uint8Array): string {
  const verdict = service.verifyHead(request.method ?? '', request.url ?? '', request.rawHeaders, { body });
  if (verdict instanceof oscar.PendingBody) return verdict.finish(body).accepted ? 'whole' : 'changed';
  if (verdict instanceof oscar.Refusal) return verdict.name;
  if (verdict instanceof oscar.Handshake) return verdict.reply().body;
  const { toki, grant } = service.answer(verdict, 200, { body: 'x' });
  return `${verdict.kid} ${verdict.sid ?? ''} ${toki} ${grant ?? ''}`;
}

const app = express();
app.use(oscar.express(service));
export const plain = http.createServer(oscar.node(service, (request: http.IncomingMessage & { oscartoki: oscar.VerifiedRequest }, response: http.ServerResponse) => void response.end(request.oscartoki.kid)));
export const instance = client.axios(axios, { baseURL: 'https://api.example.com' });
export const got: Promise<{ data: unknown }> = instance.get('/');

const keeper = new SessionKeeper({ handOut: async () => 'oz2.', store: indexedDbStore(), client: { answerExt: ['etag'] } });
export const opened: Promise<WebSocket> = openSocket('wss://api.example.com/', async () => (await keeper.fetch('/ticket')).text());
export const listener = signInWorker(keeper, (request) => request.url.endsWith('/x'));

function Balance() {
  const { fetch, status, error, renew, sid } = useOscar();
  return <button onClick={() => void renew().then(() => fetch('/'))}>{status} {String(error)} {sid}</button>;
}
export const tree = <OscarProvider handOut={() => 'oz2.'} store={memoryStore()}><Balance /></OscarProvider>;
export const other = <OscarProvider keeper={keeper}><Balance /></OscarProvider>;

// @ts-expect-error: a provider needs a way to a session
export const nothing = <OscarProvider><Balance /></OscarProvider>;
// @ts-expect-error: an option that there is not
new oscar.Client({ secret, tipo: 1 });
// @ts-expect-error: a verdict is no boolean
export const yes: boolean = service.verify('GET', 'api.example.com', '/');
// @ts-expect-error: what was signed is made by sign alone
new oscar.SignedRequest();

export const minted: string = oscar.hazmat.mintGrant('oa2.', 'ot2.', { sid: '00', expS: 1, ttlS: 1 });
export const old: number = new oscar.v1.Key('x').verify('toki', { dialect: 'java' });
export const same: typeof oscar.version = oscarDefault.version;
{
  using held = client.call('GET', 'api.example.com', '/');
  held.next().outcome?.throwForRefusal();
}
