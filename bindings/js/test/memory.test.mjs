// Handles: closed by hand, by `using`, by the garbage collector; threads; the version of the library; which door is open.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import * as oscar from 'oscartoki';
import { NAME, world } from './world.mjs';

const PACKAGE = fileURLToPath(new URL('./node_modules/oscartoki', import.meta.url));
const ADDON = join(PACKAGE, 'prebuilt', `oscartoki-${process.platform}-${process.arch}.node`);

test('a closed object refuses, and may be closed again', () => {
  const { client, service } = world();
  const signed = client.sign('GET', NAME, '/');
  client.close();
  client.close();
  assert.throws(() => client.sign('GET', NAME, '/'), { name: 'bad_handle' });
  assert.throws(() => client.handOut(), { name: 'bad_handle' });
  service.close();
  assert.throws(() => service.verify('GET', NAME, '/', signed), { name: 'bad_handle' });
  assert.throws(() => service.floorMs, { name: 'bad_handle' });
  const call = world().client.call('GET', NAME, '/');
  call.close();
  assert.throws(() => call.next(), { name: 'bad_handle' });
});

test('objects are disposable', { skip: Symbol.dispose ? false : 'this Node has no Symbol.dispose' }, () => {
  const { client } = world();
  client[Symbol.dispose]();
  assert.throws(() => client.kid, { name: 'bad_handle' });
});

test('the garbage collector frees contexts that were never used', async () => {
  const { client, service } = world({ service: { memory: new oscar.MemoryReplayLog(400_000) } });
  const rounds = 40_000;
  const grown = async () => {
    for (let at = 0; at < rounds; at++) {
      // Neither is answered nor accepted.
      service.verify('GET', NAME, '/', client.sign('GET', NAME, '/'));
      if (at % 2000 === 0) await turn();
    }
    for (let at = 0; at < 5; at++) {
      globalThis.gc();
      await turn();
    }
    return process.memoryUsage().rss;
  };
  await grown();
  const [first, last] = [await grown(), await grown()];
  // Kept contexts would be 40,000 × some 300 bytes twice over.
  assert.ok(last - first < 20 << 20, `${(last - first) >> 20} MiB more`);
});

test('32 threads, each with an instance of its own', async () => {
  const source = `
    import { parentPort, workerData } from 'node:worker_threads';
    import * as oscar from ${JSON.stringify(import.meta.resolve('oscartoki'))};
    const client = new oscar.Client({ secret: workerData, audience: '${NAME}' });
    const service = new oscar.Service({ keys: [client === null ? '' : new oscar.Secret(workerData).audienceKey('${NAME}')], authorities: ['${NAME}'], memory: new oscar.MemoryReplayLog(10000), firstStart: true });
    const tokis = [];
    for (let at = 0; at < 200; at++) {
      const signed = client.sign('GET', '${NAME}', '/' + at);
      const verdict = service.verify('GET', '${NAME}', '/' + at, signed);
      if (!verdict.accepted) throw verdict.error;
      const outcome = client.accept(signed, 200, service.answer(verdict, 200));
      outcome.throwForRefusal();
      tokis.push(signed.toki);
    }
    parentPort.postMessage(tokis);`;
  const secret = oscar.Secret.generate().toText();
  const url = new URL(`data:text/javascript,${encodeURIComponent(source)}`);
  const all = await Promise.all(
    Array.from({ length: 32 }, () => new Promise((resolve, reject) => new Worker(url, { workerData: secret }).once('message', resolve).once('error', reject))),
  );
  assert.equal(new Set(all.flat()).size, 32 * 200);
});

function elsewhere(change) {
  const folder = mkdtempSync(join(tmpdir(), 'oscartoki-'));
  try {
    const copy = join(folder, 'node_modules', 'oscartoki');
    cpSync(PACKAGE, copy, { recursive: true });
    const program = change(copy);
    writeFileSync(join(folder, 'program.mjs'), program.source);
    return spawnSync(process.execPath, [join(folder, 'program.mjs')], { env: { ...process.env, ...program.env }, encoding: 'utf8' });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('a library of another version says so', () => {
  const { status, stderr } = elsewhere((copy) => {
    writeFileSync(join(copy, 'src', 'version.js'), readFileSync(join(copy, 'src', 'version.js'), 'utf8').replace(/'[\d.]+'/, "'9.9.9'"));
    return { source: "import { Secret } from 'oscartoki'; Secret.generate();" };
  });
  assert.equal(status, 1);
  assert.match(stderr, /oscartoki 9\.9\.9 needs its own library.*found liboscartoki 0\.1\.0.*npm install/);
});

test('without the addon a service needs a memory by name', () => {
  const source = `
    import * as oscar from 'oscartoki';
    const key = oscar.Secret.generate().audienceKey('${NAME}');
    for (const options of [{}, { memory: '/tmp/never' }, { memory: new oscar.MemoryReplayLog(100), keysFile: '/tmp/never' }]) {
      try {
        new oscar.Service({ keys: [key], authorities: ['${NAME}'], ...options });
        console.log('made');
      } catch (error) {
        console.log(error.name, error.message);
      }
    }
    console.log(oscar.doorKind(), new oscar.Service({ keys: [key], authorities: ['${NAME}'], memory: new oscar.MemoryReplayLog(100), firstStart: true }).floorMs > 0);`;
  const { stdout, stderr } = elsewhere((copy) => (rmSync(join(copy, 'prebuilt'), { recursive: true, force: true }), { source, env: { OSCARTOKI_DOOR: '' } }));
  const lines = stdout.trim().split('\n');
  assert.equal(lines.length, 4, stderr);
  for (const line of lines.slice(0, 3)) assert.match(line, /^store .*needs the native addon.*there is no addon.*new MemoryReplayLog\(\)/);
  assert.equal(lines[3], 'wasm true');
});

test('OSCARTOKI_DOOR chooses', { skip: existsSync(ADDON) ? false : 'no addon here' }, () => {
  const source = "import { doorKind } from 'oscartoki'; console.log(doorKind());";
  for (const [door, kind] of [['wasm', 'wasm'], ['addon', 'addon'], ['', 'addon']]) {
    assert.equal(elsewhere(() => ({ source, env: { OSCARTOKI_DOOR: door } })).stdout.trim(), kind);
  }
});

test('threads share a mapped memory', { skip: oscar.doorKind() === 'addon' ? false : 'needs the addon' }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'oscartoki-'));
  const path = join(folder, 'memory');
  const { secret, client } = world();
  const service = new oscar.Service({ keys: [secret.audienceKey(NAME)], authorities: [NAME], memory: path, firstStart: true });
  const { toki, grant } = client.sign('GET', NAME, '/');
  const source = `
    import { parentPort, workerData } from 'node:worker_threads';
    import * as oscar from ${JSON.stringify(import.meta.resolve('oscartoki'))};
    const { key, path, toki, grant } = workerData;
    const service = new oscar.Service({ keys: [key], authorities: ['${NAME}'], memory: path, firstStart: true });
    parentPort.postMessage(service.verify('GET', '${NAME}', '/', { toki, grant }).accepted);`;
  const url = new URL(`data:text/javascript,${encodeURIComponent(source)}`);
  const workerData = { key: secret.audienceKey(NAME).toText(), path, toki, grant };
  const accepted = await Promise.all(
    Array.from({ length: 16 }, () => new Promise((resolve, reject) => new Worker(url, { workerData }).once('message', resolve).once('error', reject))),
  );
  assert.equal(accepted.filter(Boolean).length, 1);
  service.close();
  service.memory.close();
  rmSync(folder, { recursive: true });
});
