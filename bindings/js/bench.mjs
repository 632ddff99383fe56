// bench.mjs [--json]: each door in a process of its own; in it ours and every peer in turns, the median of several rounds.
//
// By hand is what a careful user writes: the same head, base64url, length-prefixed fields, a KeyObject that is reused (or the raw key), timingSafeEqual, a look at the clock. Ours does
// all of the protocol: `Client.sign` in a session, `Service.verify` with its replay memory.

import { execFileSync } from 'node:child_process';
import { createHmac, createSecretKey, randomBytes, timingSafeEqual } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import Hawk from 'hawk';
import jwt from 'jsonwebtoken';
import { createSigner, createVerifier } from 'fast-jwt';
import { SignJWT, jwtVerify } from 'jose';
import * as oscar from 'oscartoki';

const [NAME, METHOD, TARGET] = ['api.example.com', 'GET', '/v1/accounts?limit=10&after=2026-11-25&x'];
const ROUNDS = 11;
const CALLS = 3000;
const KEY = Buffer.from(Array.from({ length: 32 }, (_, at) => at + 1));
const KEY_OBJECT = createSecretKey(KEY);
const HEAD = Buffer.concat([Buffer.from([0x21, 0]), Buffer.from('kidkidki')]);

function message(head, method, authority, target) {
  const fields = [method, authority, target, ''];
  const out = Buffer.allocUnsafe(24 + fields.reduce((sum, field) => sum + 2 + field.length, 0));
  head.copy(out, 0, 0, 24);
  let at = 24;
  for (const field of fields) {
    at = out.writeUInt16BE(field.length, at);
    at += out.latin1Write(field, at);
  }
  return out;
}

let pool = Buffer.alloc(0);
function nonce() {
  if (pool.length === 0) pool = randomBytes(1024);
  const drawn = pool.subarray(0, 8);
  pool = pool.subarray(8);
  return drawn;
}

const signByHand = (key) => () => {
  const toki = Buffer.allocUnsafe(40);
  HEAD.copy(toki);
  toki.writeUIntBE(Date.now(), 10, 6);
  nonce().copy(toki, 16);
  createHmac('sha256', key).update(message(toki, METHOD, NAME, TARGET)).digest().copy(toki, 24, 0, 16);
  return `ot2.${toki.toString('base64url')}`;
};

const verifyByHand = (key) => (text) => {
  if (text.length !== 58 || !text.startsWith('ot2.')) throw new Error('malformed');
  const toki = Buffer.from(text.slice(4), 'base64url');
  if (toki.length !== 40 || toki[0] !== 0x21 || toki[1] & ~15) throw new Error('malformed');
  const tag = createHmac('sha256', key).update(message(toki, METHOD, NAME, TARGET)).digest().subarray(0, 16);
  if (!timingSafeEqual(tag, toki.subarray(24))) throw new Error('bad_mac');
  const age = Date.now() - toki.readUIntBE(10, 6);
  if (age > 30_000 || age < -2000) throw new Error('stale');
  return tag;
};

function ours() {
  const secret = oscar.Secret.generate();
  const client = new oscar.Client({ secret, audience: NAME, trustClock: true });
  const service = new oscar.Service({ keys: [secret.audienceKey(NAME)], authorities: [NAME], memory: new oscar.MemoryReplayLog(1 << 20), firstStart: true });
  const signed = client.sign(METHOD, NAME, TARGET);
  client.accept(signed, 200, service.answer(service.verify(METHOD, NAME, TARGET, signed), 200)).throwForRefusal();
  const verify = (one) => {
    if (!service.verify(METHOD, NAME, TARGET, one).accepted) throw new Error('an honest request was refused');
  };
  return { sign: () => client.sign(METHOD, NAME, TARGET), verify };
}

/** Nanoseconds of CPU a call of each, the median of rounds in turns: whoever else runs here counts little. `given` makes what a round's calls get. */
async function measure(runs) {
  const told = new Map(Object.keys(runs).map((name) => [name, []]));
  for (let round = -4; round < ROUNDS; round++) {
    for (const [name, { run, given = () => undefined, calls = CALLS, later = false }] of Object.entries(runs)) {
      const all = Array.from({ length: calls }, given);
      // What the rounds before left behind is freed here, by nobody's clock.
      await turn();
      const began = process.cpuUsage();
      if (later) for (const one of all) await run(one);
      else for (const one of all) run(one);
      const { user, system } = process.cpuUsage(began);
      const each = ((user + system) * 1000) / calls;
      if (round >= 0) told.get(name).push(each);
    }
  }
  return Object.fromEntries([...told].map(([name, times]) => [name, times.sort((a, b) => a - b)[ROUNDS >> 1]]));
}

async function child() {
  const { sign, verify } = ours();
  const credentials = { id: 'kidkidki', key: KEY.toString('hex'), algorithm: 'sha256' };
  const url = `http://${NAME}${TARGET}`;
  const claims = { sub: 'kidkidki', aud: NAME, jti: '0123456789abcdef' };
  const fast = { sign: createSigner({ key: KEY, algorithm: 'HS256', expiresIn: 60_000 }), verify: createVerifier({ key: KEY, algorithms: ['HS256'], allowedAud: NAME }) };
  const token = jwt.sign(claims, KEY_OBJECT, { expiresIn: 60 });
  const calls = 600;
  const hand = signByHand(KEY_OBJECT);
  const hawk = () => {
    const { header } = Hawk.client.header(url, METHOD, { credentials });
    return { method: METHOD, url: TARGET, host: NAME, port: 80, authorization: header };
  };
  return measure({
    sign: { run: sign },
    verify: { run: verify, given: sign },
    sign_key_object: { run: hand },
    verify_key_object: { run: verifyByHand(KEY_OBJECT), given: hand },
    sign_create_hmac: { run: signByHand(KEY) },
    verify_create_hmac: { run: verifyByHand(KEY), given: hand },
    jose_sign: { run: () => new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).setExpirationTime('1m').sign(KEY), later: true, calls },
    jose_verify: { run: () => jwtVerify(token, KEY, { audience: NAME }), later: true, calls },
    jsonwebtoken_sign: { run: () => jwt.sign(claims, KEY_OBJECT, { expiresIn: 60 }), calls },
    jsonwebtoken_verify: { run: () => jwt.verify(token, KEY_OBJECT, { audience: NAME, algorithms: ['HS256'] }), calls },
    fast_jwt_sign: { run: () => fast.sign(claims), calls },
    fast_jwt_verify: { run: () => fast.verify(token), calls },
    hawk_sign: { run: () => Hawk.client.header(url, METHOD, { credentials }), calls },
    hawk_verify: { run: (request) => Hawk.server.authenticate(request, async () => credentials, { nonceFunc: async () => {} }), given: hawk, later: true, calls },
  });
}

function rows(door, told) {
  const name = { wasm: 'WASM', addon: 'addon' }[door];
  const row = (what, ours_ns, peer, peer_ns, bar = null) => {
    const ratio = ours_ns / peer_ns;
    return { what: `${what}, ${name}`, ours_ns: Math.round(ours_ns), peer, peer_ns: Math.round(peer_ns), ratio: Number(ratio.toFixed(3)), bar, met: bar === null ? null : ratio <= bar };
  };
  const bars = { wasm: { verify: 0.45, sign: 0.75 }, addon: { verify: 0.25, sign: 0.25 } }[door];
  const peers = ['create_hmac', 'jose', 'jsonwebtoken', 'fast_jwt', 'hawk'];
  const called = { create_hmac: 'createHmac with the raw key, by hand', jose: 'jose HS256', jsonwebtoken: 'jsonwebtoken HS256', fast_jwt: 'fast-jwt HS256', hawk: 'hawk' };
  const against = (what, act) => [
    row(what, told[act], 'createHmac with a reused KeyObject, by hand', told[`${act}_key_object`], bars[act]),
    ...peers.map((peer) => row(what, told[act], called[peer], told[peer === 'create_hmac' ? `${act}_create_hmac` : `${peer}_${act}`])),
  ];
  return [...against('Service.verify', 'verify'), ...against('Client.sign', 'sign')];
}

if (process.argv.includes('--measure')) {
  console.log(JSON.stringify(await child()));
} else {
  const self = fileURLToPath(import.meta.url);
  const doors = [];
  for (const door of ['wasm', 'addon']) {
    try {
      const env = { ...process.env, OSCARTOKI_DOOR: door };
      doors.push([door, JSON.parse(execFileSync(process.execPath, [self, '--measure'], { env, encoding: 'utf8', stdio: ['ignore', 'pipe', door === 'addon' ? 'ignore' : 'inherit'] }))]);
    } catch (error) {
      if (door === 'wasm') throw error;
      console.error('there is no addon here');
    }
  }
  for (const [door, told] of doors) {
    for (const one of rows(door, told)) {
      if (process.argv.includes('--json')) console.log(JSON.stringify(one));
      else {
        const met = one.met === null ? '' : one.met ? 'met' : 'MISSED';
        console.log(`${one.what.padEnd(24)} ${`${one.ours_ns}`.padStart(7)} ns   ${one.peer.padEnd(46)} ${`${one.peer_ns}`.padStart(7)} ns   ratio ${one.ratio.toFixed(2)}   bar ${one.bar ?? '-'}   ${met}`);
      }
    }
  }
}
