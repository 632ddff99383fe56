// Processes: the example service in a cluster of four, restarted, with files that change under it. They share one mapped memory, by the addon.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import * as oscar from 'oscartoki';

const NAME = 'api.example.com';
const here = (file) => fileURLToPath(new URL(file, import.meta.url));

function prepared(t) {
  const folder = mkdtempSync(join(tmpdir(), 'oscartoki-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const secret = oscar.Secret.generate();
  const place = (file, text) => (writeFileSync(join(folder, file), text, { mode: 0o600 }), join(folder, file));
  return {
    folder, secret, key: place('key', `${secret.audienceKey(NAME).toText()}\n`), secretFile: place('secret', `# of a test\n${secret.toText()}\n`), memory: join(folder, 'memory'),
    revocations: join(folder, 'revocations'),
  };
}

async function started(t, { key, memory, revocations }, ...more) {
  const child = spawn(process.execPath, [
    here('service.mjs'), '--listen', '127.0.0.1:0', '--audience', NAME, '--key', key, '--memory', memory, '--revocations', revocations, '--first-start', ...more,
  ], { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, OSCARTOKI_DOOR: '' } });
  t.after(() => child.kill('SIGKILL'));
  const [line] = await once(child.stdout, 'data');
  const url = /^listening on (http:\S+)$/m.exec(`${line}`)[1];
  const stop = async () => {
    child.kill('SIGTERM');
    return (await once(child, 'exit'))[0];
  };
  return { child, url, stop };
}

/** One request on a connection of its own, with this Host. */
function send(url, headers, agent) {
  return new Promise((resolve, reject) => {
    const asked = request(url, { headers: { host: NAME, ...headers }, agent }, (answer) => answer.resume().once('end', () => resolve(answer.statusCode)));
    asked.once('error', reject).end();
  });
}

test('one captured toki, 64 senders, four workers: one winner', async (t) => {
  const given = prepared(t);
  const { url, stop } = await started(t, given, '--workers', '4');
  const client = new oscar.Client({ secret: given.secret, audience: NAME });
  for (let round = 0; round < 5; round++) {
    const { headers } = client.sign('GET', NAME, '/echo');
    const statuses = await Promise.all(Array.from({ length: 64 }, () => send(`${url}/echo`, headers, new Agent())));
    assert.deepEqual([statuses.filter((status) => status === 200).length, statuses.filter((status) => status === 409).length], [1, 63]);
  }
  assert.equal(await stop(), 0);
});

test('what was spent stays spent over a kill and a restart', async (t) => {
  const given = prepared(t);
  const client = new oscar.Client({ secret: given.secret, audience: NAME });
  const { headers } = client.sign('GET', NAME, '/echo');
  const first = await started(t, given);
  assert.equal(await send(`${first.url}/echo`, headers), 200);
  first.child.kill('SIGKILL');
  await once(first.child, 'exit');
  const second = await started(t, given);
  assert.equal(await send(`${second.url}/echo`, headers), 409);
  assert.equal(await send(`${second.url}/echo`, client.sign('GET', NAME, '/echo').headers), 200);
  assert.equal(await second.stop(), 0);
});

test('key files and revocations are followed by every worker', async (t) => {
  const given = prepared(t);
  const { url, stop } = await started(t, given, '--workers', '2');
  const [one, other] = [new oscar.Client({ secret: given.secret, audience: NAME }), new oscar.Client({ secret: oscar.Secret.generate(), audience: NAME })];
  const late = oscar.Secret.generate();
  const added = new oscar.Client({ secret: late, audience: NAME });
  const all = async (client) => new Set(await Promise.all(Array.from({ length: 8 }, () => send(`${url}/echo`, client.sign('GET', NAME, '/echo').headers, new Agent()))));
  assert.deepEqual([[...(await all(one))], [...(await all(other))], [...(await all(added))]], [[200], [401], [401]]);
  appendFileSync(given.key, `${late.audienceKey(NAME).toText()}\n`);
  appendFileSync(given.revocations, `revoked ${one.kid}\n`);
  const until = Date.now() + 2000;
  while (Date.now() < until) {
    await all(added);
    await pause(100);
  }
  assert.deepEqual([[...(await all(one))], [...(await all(added))]], [[403], [200]]);
  assert.equal(await stop(), 0);
});

test('a service appends what it revokes', async (t) => {
  const given = prepared(t);
  const options = { authorities: [NAME], audience: NAME, keysFile: given.key, revocationsFile: given.revocations, memory: given.memory, firstStart: true };
  const [one, two] = [new oscar.Service(options), new oscar.Service(options)];
  const client = new oscar.Client({ secret: given.secret, audience: NAME });
  const verdict = (service) => service.verify('GET', NAME, '/', client.sign('GET', NAME, '/'));
  assert.deepEqual([verdict(one).accepted, verdict(two).accepted], [true, true]);
  one.revokeKey(client.kid);
  assert.equal(verdict(one).name, 'revoked');
  const until = Date.now() + 2000;
  while (Date.now() < until && verdict(two).accepted) await pause(50);
  assert.equal(verdict(two).name, 'revoked');
  assert.throws(() => new oscar.Service({ ...options, keysFile: join(given.folder, 'none') }), { name: 'store' });
  assert.throws(() => new oscar.Service({ ...options, keysFile: given.secretFile }), { name: 'wrong_kind' });
});

test('without memory, processes of this user share a file', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'oscartoki-'));
  t.after(() => rmSync(folder, { recursive: true }));
  process.env.XDG_RUNTIME_DIR = folder;
  const secret = oscar.Secret.generate();
  const made = () => new oscar.Service({ keys: [secret.audienceKey(NAME)], authorities: [NAME], firstStart: true });
  const [one, two] = [made(), made()];
  assert.ok(one.memory instanceof oscar.MappedReplayLog);
  assert.ok(one.memory.path.startsWith(folder));
  const signed = new oscar.Client({ secret, audience: NAME }).sign('GET', NAME, '/');
  assert.deepEqual([one.verify('GET', NAME, '/', signed).accepted, two.verify('GET', NAME, '/', signed).name], [true, 'replayed']);
});

test('the example client', async (t) => {
  const given = prepared(t);
  const { url, stop } = await started(t, given);
  const run = async (...options) => {
    const child = spawn(process.execPath, [here('client.mjs'), ...options], { stdio: ['ignore', 'pipe', 'pipe'] });
    const [out, err, [code]] = await Promise.all([child.stdout.toArray(), child.stderr.toArray(), once(child, 'exit')]);
    return { code, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() };
  };
  const common = ['--secret', given.secretFile, '--audience', NAME];
  const good = await run(...common, '-d', 'hello', `${url}/echo?a`);
  assert.equal(good.code, 0, good.err);
  assert.match(good.out, /^\{"client":"[0-9a-f]{16}","session":"[0-9a-f]{16}","method":"POST","target":"\/echo\?a","body_sha256":"2cf24d[0-9a-f]+"\}\nverified: status 200, code 0, requests 2, probed, in session\n$/);
  assert.match((await run(...common, '--parallel', '4', '--count', '2', `${url}/echo`)).out, /^(.*\nverified: .*\n){8}$/);
  assert.equal((await run(...common, '--clock-off-ms', '-90000', `${url}/echo`)).out.includes('resent'), true);
  const refused = await run('--secret', given.secretFile, '--audience', 'other.example.com', `${url}/echo`);
  assert.deepEqual([refused.code, /^error: missing: .* \(may have run: yes\)$/m.test(refused.err)], [1, true]);
  assert.equal((await run(...common, 'http://127.0.0.1:9/')).code, 4);
  assert.equal((await run('--secret', join(given.folder, 'none'), '--audience', NAME, url)).code, 3);
  assert.equal((await run('--sekret', 'x', url)).code, 2);
  assert.equal(await stop(), 0);
});
