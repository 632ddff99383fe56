// fetch, axios, Express, Fastify and node:http over real sockets on loopback.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import axios from 'axios';
import Express from 'express';
import Fastify from 'fastify';
import * as oscar from 'oscartoki';

const quiet = test.mock?.method ?? (() => {});
quiet.call(test.mock, console, 'warn', () => {});
quiet.call(test.mock, console, 'error', () => {});

async function listening(server) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server.address().port;
}

/** A service whose app is `build(app, service)`, in each of the frameworks. */
async function running(framework, { service: options = {}, client: settings = {}, build } = {}) {
  const secret = oscar.Secret.generate();
  const server = http.createServer((request, response) => listener(request, response));
  const port = await listening(server);
  const name = `127.0.0.1:${port}`;
  const service = new oscar.Service({ keys: [secret.audienceKey(name)], authorities: [name], memory: new oscar.MemoryReplayLog(10_000), firstStart: true, ...options });
  let listener = await FRAMEWORKS[framework](service, build);
  const client = new oscar.Client({ secret, audience: name, ...settings });
  const close = async () => {
    server.close();
    server.closeAllConnections();
  };
  return { secret, client, service, url: `http://${name}`, name, close, signed: client.fetch(fetch) };
}

const told = ({ kid, sid }, method, target, body) => ({ kid, sid, method, target, body });

const FRAMEWORKS = {
  express: (service, build) => {
    const app = Express();
    app.use(oscar.express(service));
    app.use(Express.json(), Express.text({ type: () => true }));
    if (build) build(app);
    app.all('/echo{/*rest}', (request, response) => response.json(told(request.oscartoki, request.method, request.originalUrl, request.body ?? null)));
    app.get('/empty', (_request, response) => response.status(204).end());
    app.get('/big', (_request, response) => response.type('text').send('x'.repeat(2 << 20)));
    app.get('/stream', (_request, response) => {
      response.type('text/event-stream').write('data: 1\n\n');
      response.end('data: 2\n\n');
    });
    app.get('/fail', () => {
      throw new Error('on purpose');
    });
    app.get('/moved', (_request, response) => response.redirect(303, '/echo'));
    app.use((_error, _request, response, _next) => response.status(500).send('sorry'));
    return app;
  },
  fastify: async (service, build) => {
    const app = Fastify();
    await app.register(oscar.fastify(service));
    app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
    if (build) build(app);
    for (const url of ['/echo', '/echo/*']) {
      app.all(url, (request) => told(request.oscartoki, request.method, request.raw.url, request.body ?? null));
    }
    app.get('/empty', (_request, reply) => reply.code(204).send());
    app.get('/big', () => 'x'.repeat(2 << 20));
    app.get('/fail', () => {
      throw new Error('on purpose');
    });
    await app.ready();
    return (request, response) => app.routing(request, response);
  },
  node: (service) =>
    oscar.node(service, async (request, response) => {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      const text = Buffer.concat(chunks).toString();
      const body = /json/.test(request.headers['content-type']) ? JSON.parse(text) : text || null;
      if (request.url === '/empty') return response.writeHead(204).end();
      if (request.url === '/big') return response.end('x'.repeat(2 << 20));
      response.writeHead(200, { 'content-type': 'application/json' });
      return response.end(JSON.stringify(told(request.oscartoki, request.method, request.url, body)));
    }),
};

for (const framework of Object.keys(FRAMEWORKS)) {
  test(`${framework}: probe, session, body, raw target`, async (t) => {
    const { signed, url, client, close } = await running(framework);
    t.after(close);
    const first = await signed(`${url}/echo/a%2Fb?x=1&x=2`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ amount: 10 }) });
    assert.equal(first.status, 200);
    assert.deepEqual([first.oscartoki.requests, first.oscartoki.probed, first.oscartoki.inSession, first.oscartoki.outcome.code], [2, true, true, 0]);
    const said = await first.json();
    assert.deepEqual([said.kid, said.method, said.target, said.body], [client.kid, 'POST', '/echo/a%2Fb?x=1&x=2', { amount: 10 }]);
    assert.match(said.sid, /^[0-9a-f]{16}$/);
    const second = await signed(`${url}/echo`);
    assert.deepEqual([second.oscartoki.requests, (await second.json()).sid], [1, said.sid]);
    assert.equal(second.url, `${url}/echo`);
    assert.equal(second.headers.get('cache-control'), 'no-store, no-transform');
  });

  test(`${framework}: HEAD, 204, large and larger bodies`, async (t) => {
    const { signed, url, close } = await running(framework);
    t.after(close);
    assert.equal((await signed(`${url}/echo`, { method: 'HEAD' })).status, 200);
    assert.equal((await signed(`${url}/empty`)).status, 204);
    const half = await signed(`${url}/echo`, { method: 'PUT', headers: { 'content-type': 'text/plain' }, body: 'y'.repeat(80_000) });
    assert.equal((await half.json()).body.length, 80_000);
    await assert.rejects(signed(`${url}/echo`, { method: 'PUT', body: 'y'.repeat((1 << 20) + 1) }), { name: 'policy', signed: true, status: 413 });
    await assert.rejects(signed(`${url}/big`), { name: 'policy', mayHaveRun: true, status: 200 });
  });

  test(`${framework}: 32 parallel in one client`, async (t) => {
    const { signed, url, close, service } = await running(framework);
    t.after(close);
    const answers = await Promise.all(Array.from({ length: 32 }, (_, at) => signed(`${url}/echo?${at}`, { method: 'POST', headers: { 'content-type': 'text/plain' }, body: `${at}` })));
    const said = await Promise.all(answers.map((answer) => answer.json()));
    assert.deepEqual(said.map(({ body }) => body), Array.from({ length: 32 }, (_, at) => `${at}`));
    assert.equal(service.counters().accepted, 32);
  });

  test(`${framework}: refusals`, async (t) => {
    const { client, url, name, close, secret, service } = await running(framework);
    t.after(close);
    const send = (headers, init) => fetch(`${url}/echo`, { ...init, headers });
    const unsigned = await send({});
    assert.deepEqual([unsigned.status, unsigned.headers.get('oscartoki-error'), unsigned.headers.get('www-authenticate'), unsigned.headers.get('oscartoki')], [401, 'missing', 'oscartoki', null]);
    const { headers } = client.sign('GET', name, '/echo');
    assert.equal((await send(headers)).status, 200);
    const replayed = await send(headers);
    assert.equal(replayed.status, 409);
    assert.match(replayed.headers.get('oscartoki'), /^ot2\./);
    assert.equal((await send({ ...headers, 'x-http-method-override': 'PUT' })).status, 400);
    assert.equal((await send({ oscartoki: 'ot2.x' })).headers.get('oscartoki-error'), 'malformed');
    const other = new oscar.Client({ secret: oscar.Secret.generate(), audience: name });
    await assert.rejects(other.fetch(fetch)(`${url}/echo`), { name: 'missing', mayHaveRun: true, signed: false, status: 401 });
    const elsewhere = new oscar.Client({ secret, audience: 'elsewhere.example.com' });
    await assert.rejects(elsewhere.fetch(fetch)(`${url}/echo`), { name: 'missing' });
    service.revokeKey(client.kid);
    await assert.rejects(client.fetch(fetch)(`${url}/echo`), { name: 'revoked', signed: true, status: 403 });
  });

  test(`${framework}: content that is not what was signed`, async (t) => {
    const { client, url, name, close } = await running(framework, { client: { trustClock: true } });
    t.after(close);
    const digest = Buffer.from('RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=', 'base64');
    const with_digest = { ...client.sign('POST', name, '/echo', { digest }).headers, 'content-digest': `sha-256=:${digest.toString('base64')}:`, 'content-type': 'text/plain' };
    const mismatch = await fetch(`${url}/echo`, { method: 'POST', headers: with_digest, body: '{ }' });
    assert.equal(mismatch.status, 400);
    assert.match(mismatch.headers.get('oscartoki'), /^ot2\./);
    const without = { ...client.sign('POST', name, '/echo', { body: 'a' }).headers, 'content-type': 'text/plain' };
    assert.equal((await fetch(`${url}/echo`, { method: 'POST', headers: without, body: 'b' })).headers.get('oscartoki-error'), 'bad_mac');
    const good = { ...client.sign('POST', name, '/echo', { body: 'a' }).headers, 'content-type': 'text/plain' };
    assert.equal((await (await fetch(`${url}/echo`, { method: 'POST', headers: good, body: 'a' })).json()).body, 'a');
  });
}

test('express: an error of the app is a signed 500, a redirect is not followed', async (t) => {
  const { signed, url, close } = await running('express');
  t.after(close);
  assert.equal((await signed(`${url}/fail`)).status, 500);
  await assert.rejects(signed(`${url}/moved`), (error) => !(error instanceof oscar.OscarError) && error.mayHaveRun === true);
  const moved = await signed(`${url}/moved`, { redirect: 'manual' });
  assert.deepEqual([moved.status, moved.headers.get('location')], [303, '/echo']);
});

test('express: a stream is taken only by who asks', async (t) => {
  const { signed, url, close } = await running('express');
  t.after(close);
  await assert.rejects(signed(`${url}/stream`), { name: 'policy', signed: true });
  const stream = await signed(`${url}/stream`, { oscartoki: { stream: true } });
  assert.equal(stream.oscartoki.outcome.contentAuthentic, false);
  assert.equal(await stream.text(), 'data: 1\n\ndata: 2\n\n');
  const plain = await signed(`${url}/echo`, { oscartoki: { stream: true } });
  assert.equal(plain.oscartoki.outcome.contentAuthentic, true);
});

test('express: behind a body parser it says what to do', async (t) => {
  const secret = oscar.Secret.generate();
  const app = Express();
  const server = http.createServer(app);
  const port = await listening(server);
  t.after(() => (server.close(), server.closeAllConnections()));
  const name = `127.0.0.1:${port}`;
  const service = new oscar.Service({ keys: [secret.audienceKey(name)], authorities: [name], memory: new oscar.MemoryReplayLog(100), firstStart: true });
  app.use(Express.json(), oscar.express(service), (_request, response) => response.send('reached'));
  const signed = new oscar.Client({ secret, audience: name }).fetch(fetch);
  const answer = await fetch(`http://${name}/`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' });
  assert.deepEqual([answer.status, answer.headers.get('oscartoki-error')], [500, 'raw_target_hidden']);
  assert.match(await answer.text(), /before express\.json\(\)/);
  assert.equal((await signed(`http://${name}/`)).status, 200);
});

test('express: mounted under a path it sees the raw target', async (t) => {
  const secret = oscar.Secret.generate();
  const app = Express();
  const server = http.createServer(app);
  const name = `127.0.0.1:${await listening(server)}`;
  t.after(() => (server.close(), server.closeAllConnections()));
  const service = new oscar.Service({ keys: [secret.audienceKey(name)], authorities: [name], memory: new oscar.MemoryReplayLog(100), firstStart: true });
  app.use('/api', oscar.express(service), (request, response) => response.send(request.url));
  assert.equal(await (await new oscar.Client({ secret, audience: name }).fetch(fetch)(`http://${name}/api/a?b`)).text(), '/a?b');
});

test('express: preflights reach a CORS layer behind it only when told', async (t) => {
  const secret = oscar.Secret.generate();
  for (const [corsInside, status] of [[false, 401], [true, 204]]) {
    const app = Express();
    const server = http.createServer(app);
    const name = `127.0.0.1:${await listening(server)}`;
    t.after(() => (server.close(), server.closeAllConnections()));
    const service = new oscar.Service({ keys: [secret.audienceKey(name)], authorities: [name], memory: new oscar.MemoryReplayLog(100), firstStart: true });
    app.use(oscar.express(service, { corsInside }), (_request, response) => response.status(204).end());
    const headers = { origin: 'https://app.example.com', 'access-control-request-method': 'POST' };
    assert.equal((await fetch(`http://${name}/`, { method: 'OPTIONS', headers })).status, status);
  }
});

/** A proxy that changes what passes. */
async function between(url, change) {
  const proxy = http.createServer((request, response) => {
    const onward = http.request(new URL(request.url, url), { method: request.method, headers: request.headers }, async (answer) => {
      const chunks = [];
      for await (const chunk of answer) chunks.push(chunk);
      const { status, headers, body } = change({ status: answer.statusCode, headers: { ...answer.headers }, body: Buffer.concat(chunks), method: request.method });
      delete headers['content-length'];
      response.writeHead(status, headers).end(body);
    });
    request.pipe(onward);
  });
  return [`http://127.0.0.1:${await listening(proxy)}`, () => (proxy.close(), proxy.closeAllConnections())];
}

for (const [what, change, name] of [
  ['another status', (answer) => ({ ...answer, status: 201 }), 'bad_mac'],
  ['another body', (answer) => ({ ...answer, body: Buffer.from('{}') }), 'bad_mac'],
  ['its toki twice', (answer) => ({ ...answer, headers: { ...answer.headers, oscartoki: [answer.headers.oscartoki, answer.headers.oscartoki] } }), 'malformed'],
  ['no toki', (answer) => (delete answer.headers.oscartoki, answer), 'missing'],
  ['a stripped grant', (answer) => (delete answer.headers.oscartokikey, answer), 'malformed'],
]) {
  test(`fetch: an answer with ${what} is ${name}`, async (t) => {
    // The name is the proxy's, whose port is known once it listens.
    const app = Express();
    const server = http.createServer(app);
    const [url, close] = await between(`http://127.0.0.1:${await listening(server)}`, change);
    t.after(() => (close(), server.close(), server.closeAllConnections()));
    const { host } = new URL(url);
    const secret = oscar.Secret.generate();
    const service = new oscar.Service({ keys: [secret.audienceKey(host)], authorities: [host], memory: new oscar.MemoryReplayLog(100), firstStart: true });
    app.use(oscar.express(service), (request, response) => response.json({ kid: request.oscartoki.kid }));
    const client = new oscar.Client({ secret, audience: host });
    await assert.rejects(client.fetch(fetch)(`${url}/`), { name, mayHaveRun: true, signed: false });
  });
}

test('fetch: a network failure is the platform’s own, and may have run', async () => {
  const client = new oscar.Client({ secret: oscar.Secret.generate(), trustClock: true });
  await assert.rejects(client.fetch(fetch)('http://127.0.0.1:9/', { method: 'POST', body: 'x' }), (error) => error instanceof TypeError && error.mayHaveRun === true);
  const probing = new oscar.Client({ secret: oscar.Secret.generate() });
  await assert.rejects(probing.fetch(fetch)('http://127.0.0.1:9/', { method: 'POST', body: 'x' }), (error) => error.mayHaveRun === false);
});

test('fetch: a clock that is off is mended, a safe request resent', async (t) => {
  const { secret, url, name, close } = await running('express');
  t.after(close);
  const real = Date.now;
  const off = new oscar.Client({ secret, audience: name });
  const skewed = off.fetch((address, init) => {
    Date.now = real;
    return fetch(address, init).finally(() => (Date.now = () => real() - 90_000));
  });
  Date.now = () => real() - 90_000;
  try {
    const answer = await skewed(`${url}/echo`);
    assert.deepEqual([answer.oscartoki.requests, answer.oscartoki.resent], [2, true]);
    assert.ok(off.offsetMs > 80_000);
  } finally {
    Date.now = real;
  }
});

test('fetch: what it covers, gzip, form bodies, Request', async (t) => {
  const { signed, url, close } = await running('express', {
    client: { ext: ['x-tenant'] },
    service: { ext: ['x-tenant'] },
    build: (app) => app.get('/gzip', (_request, response) => response.set('content-encoding', 'gzip').type('text').end(gzipSync('plain'))),
  });
  t.after(close);
  assert.equal((await signed(`${url}/echo`, { headers: { 'x-tenant': 'blue' } })).status, 200);
  assert.equal((await (await signed(`${url}/echo`, { method: 'POST', body: new URLSearchParams({ a: '1' }) })).json()).body, 'a=1');
  assert.equal((await (await signed(new Request(`${url}/echo`, { method: 'PUT', headers: { 'content-type': 'text/plain' }, body: 'r' }))).json()).body, 'r');
  // Content that was encoded inside of the layer is not covered.
  await assert.rejects(signed(`${url}/gzip`), { name: 'policy', signed: true });
});

test('axios', async (t) => {
  const { client, url, close, service } = await running('express');
  t.after(close);
  const signed = client.axios(axios, { baseURL: url });
  const { data } = await signed.post('/echo?x=1', { amount: 10 });
  assert.deepEqual([data.method, data.target, data.body], ['POST', '/echo?x=1', { amount: 10 }]);
  service.revokeKey(client.kid);
  await assert.rejects(signed.get('/echo'), { name: 'revoked', signed: true, mayHaveRun: true });
});

test('OscarToki v1 over HTTP', async (t) => {
  const server = http.createServer((request, response) => listener(request, response));
  const name = `127.0.0.1:${await listening(server)}`;
  t.after(() => (server.close(), server.closeAllConnections()));
  const service = oscar.v1.service({
    keys: { '0011223344556677': 'the old key' }, authorities: [name], untilMs: Date.now() + 60_000, memory: new oscar.MemoryReplayLog(1000), firstStart: true,
  });
  const listener = FRAMEWORKS.express(service);
  const answer = await new oscar.v1.Client('the old key').request('POST', `http://${name}/echo`, { body: 'a', headers: { 'content-type': 'text/plain' } });
  assert.equal((await answer.json()).kid, '0011223344556677');
  await assert.rejects(new oscar.v1.Client('another key').request('GET', `http://${name}/echo`), oscar.OscarError);
});

test('node: HTTP/2, by its compatibility API', async (t) => {
  const secret = oscar.Secret.generate();
  const server = http2.createServer((request, response) => listener(request, response));
  const name = `127.0.0.1:${await listening(server)}`;
  const service = new oscar.Service({ keys: [secret.audienceKey(name)], authorities: [name], memory: new oscar.MemoryReplayLog(1000), firstStart: true });
  const listener = FRAMEWORKS.node(service);
  const client = new oscar.Client({ secret, audience: name, trustClock: true });
  const session = http2.connect(`http://${name}`);
  t.after(() => (session.destroy(), server.close()));
  const send = async (method, body, headers) => {
    const stream = session.request({ ':method': method, ':path': '/echo?a=%2F', ...headers });
    stream.end(body);
    const [answer] = await once(stream, 'response');
    const chunks = await stream.toArray();
    return [answer, Buffer.concat(chunks)];
  };
  for (const [method, body] of [['GET', undefined], ['POST', 'a'.repeat(50_000)]]) {
    const signed = client.sign(method, name, '/echo?a=%2F', { body });
    const [answer, content] = await send(method, body, signed.headers);
    assert.equal(answer[':status'], 200);
    assert.equal(JSON.parse(content).body, body ?? null);
    const { ':status': status, ...headers } = answer;
    assert.equal(client.acceptHead(signed, status, headers, { body: content }).error, null);
    assert.equal((await send(method, body, signed.headers))[0][':status'], 409);
  }
  assert.equal((await send('GET', undefined, { ...client.sign('GET', 'other.example.com', '/echo?a=%2F').headers }))[0]['oscartoki-error'], 'bad_mac');
});
