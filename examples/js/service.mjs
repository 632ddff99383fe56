// A service in JavaScript: an Express app, answering as `oscar serve` does.
//
//     service --listen 127.0.0.1:0 --audience NAME [--authority NAME]… --key FILE… [--revocations FILE] [--memory FILE] [--workers N]
//
// `/echo` and everything under it take any method and need a toki. `--memory` is shared by all processes on this machine that accept the same keys; without it, a file
// of this user is. `--workers` forks by node:cluster. Prints `listening on http://HOST:PORT` once it is ready. SIGTERM ends it with 0.

import cluster from 'node:cluster';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import Express from 'express';
import * as oscar from 'oscartoki';

function given() {
  const text = { type: 'string' };
  const several = { type: 'string', multiple: true };
  const options = {
    listen: text, audience: text, authority: several, key: several, revocations: text, memory: text, ext: text, 'answer-ext': text, 'first-start': { type: 'boolean' }, workers: text,
  };
  try {
    const { values } = parseArgs({ options });
    if (values.audience === undefined || values.key === undefined) throw new Error('--audience and --key are needed');
    return values;
  } catch (error) {
    console.error(`${error.message}\nusage: service --listen HOST:PORT --audience NAME [--authority NAME]… --key FILE… [--revocations FILE] [--memory FILE] [--workers N]`);
    process.exit(2);
  }
}

const asked = given();
const names = (list = '') => list.split(',').map((name) => name.trim()).filter(Boolean);
const [, host, port] = /^\[?(.*?)\]?:(\d+)$/.exec(asked.listen ?? '127.0.0.1:8080');
const written = (address) => (address.address.includes(':') ? `[${address.address}]:${address.port}` : `${address.address}:${address.port}`);

/** The application, which knows nothing of tokis but who asks. */
function application() {
  const app = Express().disable('x-powered-by').disable('etag');
  app.use((request, response, next) => layer(request, response, next));
  app.use(Express.raw({ type: () => true, limit: '1mb' }));
  app.use((request, response) => {
    if (!/^\/echo(\/|$)/.test(request.path)) return response.status(404).json({ error: 'not found' });
    const { kid, sid } = request.oscartoki;
    const body = request.rawBody;
    return response.json({
      client: kid, session: sid, method: request.method, target: request.originalUrl, body_sha256: body?.length ? createHash('sha256').update(body).digest('hex') : null,
    });
  });
  return app;
}

let layer = (_request, response) => response.status(503).end();

/** One process: listens, and takes requests once the service is ready. */
async function serve() {
  const server = application().listen(Number(port), host);
  await Promise.race([once(server, 'listening'), once(server, 'error').then(([error]) => Promise.reject(error))]);
  const listens = written(server.address());
  let service;
  try {
    service = new oscar.Service({
      authorities: [asked.audience, listens, ...(asked.authority ?? [])], audience: asked.audience, keysFile: asked.key, revocationsFile: asked.revocations,
      memory: asked.memory, ext: names(asked.ext), answerExt: names(asked['answer-ext']), firstStart: asked['first-start'],
    });
  } catch (error) {
    console.error(`error: ${error}`);
    process.exit(3);
  }
  layer = oscar.express(service);
  await service.ready();
  process.on('SIGTERM', () => {
    server.close(() => process.exit(0));
    server.closeIdleConnections();
    setTimeout(() => process.exit(0), 5000).unref();
  });
  return listens;
}

/** Several: they listen on one port, and share one memory. */
async function lead(workers) {
  let ending = false;
  process.on('SIGTERM', () => {
    ending = true;
    for (const worker of Object.values(cluster.workers)) worker.process.kill('SIGTERM');
  });
  cluster.on('exit', (_worker, code) => {
    if (!ending && code !== 0) process.exit(code ?? 1);
    if (Object.keys(cluster.workers).length === 0) process.exit(0);
  });
  const ready = Array.from({ length: workers }, () => once(cluster.fork(), 'message'));
  const [[{ listens }]] = await Promise.all(ready);
  console.log(`listening on http://${listens}`);
}

if (cluster.isWorker) {
  process.send({ listens: await serve() });
} else if (Number(asked.workers ?? 1) > 1) {
  await lead(Number(asked.workers));
} else {
  console.log(`listening on http://${await serve()}`);
}
