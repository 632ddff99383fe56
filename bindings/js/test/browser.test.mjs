// A real page: React built by Vite without plugins, Chromium, a service on another origin, sessions handed out by the page's own backend.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import Express from 'express';
import * as vite from 'vite';
import webpack from 'webpack';
import * as oscar from 'oscartoki';
import { launch } from './page.mjs';

const here = (file) => fileURLToPath(new URL(file, import.meta.url));
const BUILT = here('./page-built/');
const TYPES = { '.js': 'text/javascript', '.html': 'text/html' };
const CSP = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self' http://127.0.0.1:* ws://127.0.0.1:*; img-src data:";

const secret = oscar.Secret.generate();
let browser, service, client, api, origin, apiServer, pageServer;
const seen = [];
const sent = [];

async function listening(server) {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${server.address().port}`;
}

/** The service, with the CORS layer that the protocol asks for before it. */
async function startApi() {
  const app = Express();
  apiServer = createServer(app);
  const name = await listening(apiServer);
  service = new oscar.Service({ keys: [secret.audienceKey(name)], authorities: [name], memory: new oscar.MemoryReplayLog(10_000), firstStart: true });
  client = new oscar.Client({ secret, audience: name });
  app.use((request, response, next) => {
    response.set({
      'access-control-allow-origin': origin, 'access-control-expose-headers': 'oscartoki, oscartokikey, oscartoki-error',
      'access-control-allow-headers': 'oscartoki, oscartokikey, content-digest, content-type', 'access-control-allow-methods': '*', 'access-control-max-age': '600',
    });
    return request.method === 'OPTIONS' ? response.status(204).end() : next();
  });
  app.use(oscar.express(service), Express.json());
  app.use((request, response) => {
    seen.push({ sid: request.oscartoki.sid, toki: request.headers.oscartoki });
    response.json({ at: request.body?.at ?? null, sid: request.oscartoki.sid });
  });
  return `http://${name}`;
}

/** The application's backend: its pages, and sessions for who is logged in to it. */
async function startPages() {
  pageServer = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://page');
    const reply = (status, type, body) => {
      sent.push(body);
      response.writeHead(status, { 'content-type': type, 'content-security-policy': CSP, 'cache-control': 'no-store' }).end(body);
    };
    if (request.method === 'POST' && pathname === '/session') return reply(200, 'text/plain', client.handOut(300).toText());
    if (request.method === 'POST' && pathname === '/ticket') return reply(200, 'text/plain', client.mintTicket('user-42', { origin }));
    if (pathname === '/blank') return reply(200, 'text/html', '<!doctype html><link rel="icon" href="data:,"><script src="/socket.js"></script>');
    const file = join(BUILT, pathname === '/' ? 'index.html' : pathname);
    if (!existsSync(file)) return reply(404, 'text/plain', '');
    return reply(200, TYPES[extname(file)] ?? 'application/octet-stream', readFileSync(file));
  });
  pageServer.on('upgrade', (request, socket) => {
    // As much of RFC 6455 as one masked text frame needs: the ticket, verified; the answer is what it says.
    const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`);
    socket.on('error', () => {}).once('data', (frame) => {
      const length = frame[1] & 127;
      const start = length === 126 ? 4 : 2;
      const size = length === 126 ? frame.readUInt16BE(2) : length;
      const text = Buffer.from(frame.subarray(start + 4, start + 4 + size).map((byte, at) => byte ^ frame[start + (at & 3)])).toString();
      let told;
      try {
        told = Buffer.from(service.verifyTicket(text, { origin: request.headers.origin, requireOrigin: true }).connection).toString();
      } catch (error) {
        told = error.name;
      }
      socket.write(Buffer.concat([Buffer.from([0x81, told.length]), Buffer.from(told)]));
    });
  });
  return `http://${await listening(pageServer)}`;
}

before(async () => {
  await vite.build({
    root: here('./page/'), logLevel: 'error', configFile: false, esbuild: { jsx: 'automatic' },
    build: { outDir: BUILT, emptyOutDir: true, target: 'es2022', rollupOptions: { input: [here('./page/index.html'), here('./page/worker.js')], output: { entryFileNames: '[name].js' } } },
  });
  await new Promise((resolve, reject) => {
    webpack({ mode: 'production', devtool: false, entry: here('./page/socket.js'), output: { path: BUILT, filename: 'socket.js' }, performance: false }, (error, stats) =>
      error || stats.hasErrors() ? reject(error ?? new Error(stats.toString())) : resolve(),
    );
  });
  origin = await startPages();
  api = await startApi();
  browser = await launch();
}, { timeout: 120_000 });

after(async () => {
  await browser?.close();
  for (const server of [apiServer, pageServer]) {
    server?.close();
    server?.closeAllConnections();
  }
});

async function tab(context) {
  const page = await context.newPage();
  page.on('pageerror', (error) => console.error(`page: ${error.message}`));
  await page.goto(`${origin}/?api=${encodeURIComponent(api)}`);
  await ready(page);
  return page;
}

const ready = (page) => page.waitForFunction(() => document.querySelector('#status')?.textContent === 'ready');
const sidOf = (page) => page.textContent('#sid');

async function press(page, button) {
  await page.click(button);
  await page.waitForFunction(() => !['', 'sending'].includes(document.querySelector('#told').textContent));
  const told = await page.textContent('#told');
  await page.evaluate(() => (document.querySelector('#told').textContent = ''));
  return told;
}

test('a page: 32 at once, a reload, a second tab, a revoked session, no secret', { timeout: 120_000 }, async () => {
  const context = await browser.newContext();
  const first = await tab(context);
  const sid = await sidOf(first);
  assert.match(sid, /^[0-9a-f]{16}$/);
  assert.equal(await press(first, '#send'), '32 × 200 code 0 verified');
  assert.deepEqual([...new Set(seen.map((one) => one.sid))], [sid]);
  assert.equal(new Set(seen.map((one) => one.toki)).size, 32);

  await first.reload();
  await ready(first);
  assert.equal(await sidOf(first), sid, 'the session outlives a reload');
  assert.equal(await press(first, '#send'), '32 × 200 code 0 verified');

  const second = await tab(context);
  const other = await sidOf(second);
  assert.notEqual(other, sid, 'two tabs never share a session');
  assert.equal(await press(second, '#send'), '32 × 200 code 0 verified');

  service.revokeSession(client.kid, sid);
  assert.equal(await press(first, '#one'), '1 × revoked (may have run: yes)');
  assert.equal(await first.textContent('#status'), 'revoked');
  assert.equal(await press(second, '#send'), '32 × 200 code 0 verified', 'the other tab is not touched');
  await first.click('#renew');
  await ready(first);
  assert.ok(![sid, other].includes(await sidOf(first)));
  assert.equal(await press(first, '#send'), '32 × 200 code 0 verified');

  const stored = await first.evaluate(async () => {
    const settled = (request) => new Promise((resolve) => (request.onsuccess = () => resolve(request.result)));
    const all = [];
    for (const { name } of await indexedDB.databases()) {
      const database = await settled(indexedDB.open(name));
      for (const store of database.objectStoreNames) all.push(await settled(database.transaction(store).objectStore(store).getAll()));
    }
    return JSON.stringify([all, { ...localStorage }, { ...sessionStorage }, document.cookie, document.documentElement.outerHTML]);
  });
  assert.ok(stored.includes('oz2.'), 'it looked where sessions are');
  const key = secret.audienceKey(new URL(api).host).toText();
  for (const text of [stored, ...sent.map(String)]) {
    for (const hidden of [secret.toText(), key, secret.toText().slice(4), key.slice(16)]) assert.ok(!text.includes(hidden));
    assert.ok(!/os2\.[\w-]{43}|oa2\.[\w-]{54}/.test(text));
  }
  assert.ok(!stored.includes(sid), 'a revoked session is not kept');
  await context.close();
});

test('a page: an answer that was tampered with', { timeout: 60_000 }, async () => {
  const context = await browser.newContext();
  const page = await tab(context);
  await page.route('**/echo/one*', async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, body: (await answer.text()).replace('"at":0', '"at":1') });
  });
  assert.equal(await press(page, '#one'), '1 × bad_mac (may have run: yes)');
  await page.unroute('**/echo/one*');
  assert.equal(await press(page, '#one'), '1 × 200 code 0 verified');
  await context.close();
});

test('a service worker signs for its pages', { timeout: 60_000 }, async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${origin}/blank`);
  const told = await page.evaluate(async (api) => {
    await navigator.serviceWorker.register(`/worker.js?api=${encodeURIComponent(api)}`, { type: 'module' });
    await new Promise((resolve) => (navigator.serviceWorker.controller ? resolve() : navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true })));
    const answer = await fetch(`${api}/echo`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"at":7}' });
    return [answer.status, (await answer.json()).at];
  }, api);
  assert.deepEqual(told, [200, 7]);
  assert.match(seen.at(-1).sid, /^[0-9a-f]{16}$/);
  service.revokeKey(client.kid);
  const refused = await page.evaluate(async (api) => {
    const answer = await fetch(`${api}/echo`);
    return [answer.status, answer.headers.get('oscartoki-error'), (await answer.json()).error];
  }, api);
  assert.deepEqual(refused, [502, 'revoked', 'revoked']);
  await context.close();
  service.keyring.loadRevocations('');
});

test('webpack: a bundle that signs, and a websocket opened by a ticket', { timeout: 60_000 }, async () => {
  const fresh = oscar.Secret.generate();
  const host = new URL(api).host;
  service.keyring.add(fresh.audienceKey(host));
  client = new oscar.Client({ secret: fresh, audience: host });
  const page = await browser.newPage();
  await page.goto(`${origin}/blank`);
  assert.equal(await page.evaluate(() => globalThis.signs()), 'wasm 1f0e6552cdeefa20 true unsignable');
  const answers = await page.evaluate(async () => {
    const ticket = await fetch('/ticket', { method: 'POST' }).then((answer) => answer.text());
    const told = [];
    for (let at = 0; at < 2; at++) {
      const socket = await globalThis.openSocket(location.href.replace('http', 'ws'), ticket);
      told.push(await new Promise((resolve) => socket.addEventListener('message', ({ data }) => resolve(data), { once: true })));
      socket.close();
    }
    return told;
  });
  assert.deepEqual(answers, ['user-42', 'replayed']);
  await page.close();
});

test('what is bundled holds no file of Node', () => {
  for (const file of readdirSync(BUILT, { recursive: true }).filter((name) => `${name}`.endsWith('.js'))) {
    assert.ok(!/node:(fs|crypto|module)/.test(readFileSync(join(BUILT, `${file}`), 'utf8')), `${file}`);
  }
});
