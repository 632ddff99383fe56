// Client and service without a socket.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import * as oscar from 'oscartoki';
import { NAME, exchange, world } from './world.mjs';

const { errors } = oscar;
const thrown = (name, known = {}) => (error) => {
  assert.ok(error instanceof oscar.OscarError, inspect(error));
  assert.equal(error.name, name, error.message);
  for (const [member, wanted] of Object.entries(known)) assert.equal(error[member], wanted, member);
  return true;
};

test('an exchange rolls the client onto a session', () => {
  const parties = world();
  const first = exchange(parties, 'GET', '/v1/balance');
  assert.equal(first.outcome.error, null);
  assert.equal(first.signed.inSession, false);
  assert.match(first.outcome.adoptedSid, /^[0-9a-f]{16}$/);
  const second = exchange(parties, 'GET', '/v1/balance');
  assert.equal(second.signed.inSession, true);
  assert.equal(second.verdict.sid, first.outcome.adoptedSid);
  assert.equal(second.verdict.kid, parties.key.kid);
  assert.equal(second.verdict.authority, NAME);
  assert.equal(second.verdict.version, 2);
});

test('an unsafe request without a clock is preceded by a probe', () => {
  const parties = world();
  const probe = exchange(parties, 'POST', '/v1/transfer', { body: 'x' });
  assert.equal(probe.signed.isProbe, true);
  assert.equal(probe.verdict.name, 'stale');
  assert.equal(probe.outcome.error, null);
  assert.equal(probe.outcome.isProbe, true);
  const request = exchange(parties, 'POST', '/v1/transfer', { body: 'x' });
  assert.equal(request.signed.isProbe, false);
  assert.equal(request.verdict.accepted, true);
});

test('what was accepted once is replayed', () => {
  const { client, service } = world();
  const signed = client.sign('GET', NAME, '/');
  assert.equal(service.verify('GET', NAME, '/', signed).accepted, true);
  const again = service.verify('GET', NAME, '/', signed);
  assert.equal(again.name, 'replayed');
  assert.deepEqual([again.signed, again.code, again.status], [true, 2, 409]);
  assert.throws(() => again.throwForRefusal(), thrown('replayed', { status: 409, signed: true }));
  assert.equal(service.counters().refused_replayed, 1);
});

for (const [what, change, name] of [
  ['a changed status', (answer) => ({ ...answer, status: 201 }), 'bad_mac'],
  ['a changed body', (answer) => ({ ...answer, body: 'Done' }), 'bad_mac'],
  ['no toki', (answer) => ({ ...answer, toki: null }), 'missing'],
  ['no grant', (answer) => ({ ...answer, grant: null }), 'malformed'],
  ['a toki that is none', (answer) => ({ ...answer, toki: 'ot2.?' }), 'malformed'],
]) {
  test(`an answer with ${what} is ${name}, and may have run`, () => {
    const { outcome } = exchange(world(), 'GET', '/', { change });
    assert.equal(outcome.name, name);
    assert.throws(() => outcome.throwForRefusal(), thrown(name, { mayHaveRun: true, signed: false }));
  });
}

for (const [what, method, authority, target] of [
  ['another method', 'PUT', NAME, '/a'],
  ['another target', 'GET', NAME, '/b'],
  ['an empty query', 'GET', NAME, '/a?'],
]) {
  test(`a request with ${what} is bad_mac`, () => {
    const { client, service } = world();
    const signed = client.sign('GET', NAME, '/a');
    const verdict = service.verify(method, authority, target, signed);
    assert.ok(verdict instanceof oscar.Refusal);
    assert.deepEqual([verdict.name, verdict.status, verdict.signed, verdict.wwwAuthenticate], ['bad_mac', 401, false, true]);
    assert.ok(verdict.error instanceof errors.BadMac);
  });
}

test('an answer is accepted once', () => {
  const { client, service } = world();
  const signed = client.sign('GET', NAME, '/');
  const answer = { body: 'a', ...service.answer(service.verify('GET', NAME, '/', signed), 200, { body: 'a' }) };
  assert.equal(client.accept(signed, 200, answer).error, null);
  assert.equal(client.accept(signed, 200, answer).name, 'replayed');
});

test('an answer is minted once', () => {
  const { client, service } = world();
  const verdict = service.verify('GET', NAME, '/', client.sign('GET', NAME, '/'));
  service.answer(verdict, 200);
  assert.throws(() => service.answer(verdict, 200), thrown('replayed'));
});

test('no answer, or too much of one', () => {
  const { client } = world();
  assert.throws(() => client.giveUp(client.sign('GET', NAME, '/')).throwForRefusal(), thrown('missing', { mayHaveRun: true }));
  assert.throws(() => client.giveUp(client.sign('GET', NAME, '/'), 200).throwForRefusal(), thrown('policy', { mayHaveRun: true, status: 200 }));
});

test('Content-Digest makes the verdict pending', () => {
  const { client, service } = world({ client: { trustClock: true } });
  const digest = new Uint8Array([...Buffer.from('RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=', 'base64')]);
  const verify = () => service.verify('POST', NAME, '/', { ...client.sign('POST', NAME, '/', { digest }), digest });
  const good = verify();
  assert.ok(good instanceof oscar.PendingBody);
  assert.equal(good.finish('{}').accepted, true);
  assert.throws(() => good.finish('{}'), thrown('replayed'));
  assert.deepEqual([verify().finish('{ }').name, verify().finish(null).name, verify().tooLarge().status], ['body_mismatch', 'body_mismatch', 413]);
});

test('covered headers', () => {
  const { client, service } = world({ client: { ext: ['X-Tenant'], answerExt: ['etag'] }, service: { ext: ['x-tenant'], answerExt: ['etag'] } });
  const headers = [['Host', NAME], ['X-Tenant', 'blue']];
  const signed = client.sign('GET', NAME, '/', { ext: client.requestExt(headers) });
  const judged = (sent) => service.verifyHead('GET', '/', [...sent, ...Object.entries(signed.headers)]);
  assert.equal(judged([['Host', NAME], ['X-Tenant', 'red']]).name, 'bad_mac');
  assert.equal(judged([['Host', NAME]]).name, 'bad_mac');
  const verdict = judged(headers);
  assert.equal(verdict.accepted, true);
  const { toki, grant } = service.answerHead(verdict, 200, { ETag: '"1"' }, { body: 'a' });
  const answered = (etag) => [['etag', etag], ['oscartoki', toki], ['oscartokikey', grant]];
  assert.equal(client.acceptHead(signed, 200, answered('"1"'), { body: 'a' }).error, null);
});

test('a header that stands twice is malformed', () => {
  const { client, service } = world();
  const { toki } = client.sign('GET', NAME, '/');
  assert.equal(service.verifyHead('GET', '/', ['Host', NAME, 'oscartoki', toki, 'OscarToki', toki]).name, 'malformed');
  assert.equal(service.verifyHead('GET', '/', ['Host', NAME, 'Host', NAME, 'oscartoki', toki]).name, 'malformed');
  assert.equal(service.verifyHead('GET', '/', { host: NAME }).name, 'missing');
});

test('a delegate signs in its session alone', () => {
  const parties = world();
  const session = parties.client.handOut(60);
  assert.match(session.toText(), /^oz2\./);
  const delegate = new oscar.Client({ session: session.toText() });
  const { verdict, outcome } = exchange({ ...parties, client: delegate }, 'GET', '/');
  assert.equal(verdict.sid, session.sid);
  assert.deepEqual([verdict.want, outcome.error], [false, null]);
  assert.throws(() => delegate.handOut(60), thrown('unsignable'));
  assert.throws(() => delegate.mintTicket('a'), thrown('unsignable'));
  parties.service.revokeSession(session.kid, session.sid);
  const refused = exchange({ ...parties, client: delegate }, 'GET', '/');
  assert.deepEqual([refused.outcome.name, refused.outcome.signed], ['revoked', true]);
  assert.throws(() => delegate.sign('GET', NAME, '/', { nowMs: session.expS * 1000 + 1 }), thrown('grant_expired', { mayHaveRun: false }));
});

test('the loop of a call', () => {
  const { client, service } = world();
  const call = client.call('POST', NAME, '/v1/transfer', { body: '{"amount":10}', headers: {} });
  const seen = [];
  let step;
  while ((step = call.next()).kind === 'send') {
    seen.push(step.method);
    const head = [['Host', NAME], ...Object.entries(step.headers)];
    let verdict = service.verifyHead(step.method, '/v1/transfer', head);
    if (verdict instanceof oscar.PendingBody) verdict = verdict.finish('{"amount":10}');
    const status = verdict.accepted ? 200 : verdict.status;
    const { toki, grant } = service.answerHead(verdict, status, [], {});
    call.received(status, [['oscartoki', toki], ...(grant ? [['oscartokikey', grant]] : [])]);
  }
  assert.deepEqual(seen, ['HEAD', 'POST']);
  assert.equal(step.kind, 'done');
  assert.deepEqual([step.requests, step.probed, step.resent, step.inSession], [2, true, false, true]);
  const lost = client.call('GET', NAME, '/');
  lost.next();
  lost.failed();
  assert.throws(() => lost.next().outcome.throwForRefusal(), thrown('missing', { mayHaveRun: true }));
});

test('what cannot be signed says so, and that nothing ran', () => {
  const { client } = world();
  for (const [method, authority, target] of [['get', NAME, '/'], ['GET', NAME, 'x'], ['GET', NAME, '/ä'], ['GET', NAME, '/€'], ['GET', '', '/'], ['CONNECT', NAME, '/'], ['GET', NAME, `/${'a'.repeat(70_000)}`]]) {
    assert.throws(() => client.sign(method, authority, target), thrown('unsignable', { mayHaveRun: false }), target.slice(0, 9));
    assert.throws(() => client.call(method, authority, target).next().outcome.throwForRefusal(), thrown('unsignable', { mayHaveRun: false }), target.slice(0, 9));
  }
  assert.throws(() => client.sign('POST', NAME, '/', { repeatable: true }), thrown('unsignable'));
  assert.throws(() => client.sign('GET', NAME, '/', { nowMs: -1 }), thrown('unsignable'));
});

test('large heads and bodies grow the room', () => {
  const { client, service } = world({ client: { trustClock: true }, service: { maxBody: 8 << 20 } });
  const body = new Uint8Array(3 << 20).fill(7);
  const target = `/${'a'.repeat(60_000)}`;
  const signed = client.sign('POST', NAME, target, { body });
  assert.equal(service.verify('POST', NAME, target, { ...signed, body }).accepted, true);
  body[9] = 8;
  assert.equal(service.verify('POST', NAME, target, { ...client.sign('POST', NAME, target, { body: 'other' }), body }).name, 'bad_mac');
});

test('state goes to another process', () => {
  const parties = world();
  exchange(parties, 'GET', '/');
  const text = parties.client.exportState();
  assert.ok(!text.includes('os2.'));
  const other = new oscar.Client({ secret: parties.secret, audience: NAME });
  other.importState(text);
  assert.equal(other.sign('POST', NAME, '/').isProbe, false);
  assert.throws(() => other.importState('anything'), thrown('malformed'));
});

test('keys', () => {
  const secret = oscar.Secret.fromBytes(Uint8Array.from({ length: 32 }, (_, at) => at));
  assert.equal(secret.kid(), '1f0e6552cdeefa20');
  const key = secret.audienceKey(NAME);
  assert.equal(oscar.AudienceKey.parse(key.toText()).kid, key.kid);
  assert.equal(key.withKid('0011223344556677').kid, '0011223344556677');
  assert.throws(() => new oscar.Secret(key.toText()), thrown('wrong_kind'));
  assert.throws(() => oscar.Secret.fromBytes(new Uint8Array(32)), thrown('weak_secret'));
  assert.throws(() => oscar.Secret.fromBytes(new Uint8Array(31)), thrown('weak_secret'));
  assert.throws(() => secret.audienceKey('two words'), thrown('unsignable'));
  assert.throws(() => secret.kid(-1), thrown('unsignable'));
  assert.throws(() => key.withKid('00'), TypeError);
  assert.throws(() => new oscar.Client({ secret, session: 'x' }), TypeError);
  assert.throws(() => new oscar.Client({ secret, audience: NAME, tipo: 1 }), TypeError);
  for (const printed of [inspect(secret), inspect(key), `${secret}`, JSON.stringify({ secret, key }), inspect(world().client), inspect({ secret })]) {
    assert.ok(!/o[saz]2\.|AAECAw/.test(printed), printed);
  }
});

test('a ring', () => {
  const ring = new oscar.Keyring(NAME);
  const [one, two] = [oscar.Secret.generate().audienceKey(NAME), oscar.Secret.generate().audienceKey(NAME)];
  ring.load(`# keys\n${one.toText()}\n\n${two.toText()}\n`);
  assert.deepEqual(ring.kids, [one.kid, two.kid].sort());
  ring.add(one);
  assert.throws(() => ring.add(two.withKid(one.kid)), thrown('kid_taken'));
  assert.throws(() => ring.load(oscar.Secret.generate().toText()), thrown('wrong_kind'));
  assert.match(ring.faultInKeys('oa2.x'), /malformed/);
  assert.equal(ring.faultInKeys(one.toText()), null);
  assert.equal(ring.revokeKey(one.kid), `revoked ${one.kid}`);
  assert.equal(ring.revokeIssuedBefore(two.kid, 5), `revoked ${two.kid} before 5`);
  assert.match(ring.revocationsText, new RegExp(`revoked ${one.kid}`));
  assert.deepEqual([ring.holds(two.kid), ring.holds('0000000000000000'), ring.hasV1], [true, false, false]);
});

test('messages, URLs and tickets', () => {
  const { client, service } = world();
  const memory = service.memory.forMessages({ firstStart: true });
  const message = client.mintMessage('billing', 'größer', '{}');
  const verified = service.verifyMessage('billing', 'größer', '{}', message.toki, { memory });
  assert.equal(verified.freshness, 'fresh');
  assert.equal(service.verifyMessage('billing', 'größer', '{}', message.toki, { memory }).freshness, 'duplicate');
  assert.equal(service.verifyMessage('billing', 'größer', '{}', message.toki).freshness, 'unchecked');
  assert.throws(() => service.verifyMessage('billing', 'other', '{}', message.toki), thrown('bad_mac'));
  assert.throws(() => service.verifyMessage('billing', 'größer', '{}', null), thrown('missing'));
  const reply = verified.reply('fine');
  assert.ok(message.acceptReply(reply, 'fine') > 0);
  assert.throws(() => message.acceptReply(reply, 'fine'), thrown('replayed'));

  const target = client.signUrl(NAME, '/files/a.pdf?v=2');
  assert.equal(service.verifyUrl('HEAD', NAME, target).target, '/files/a.pdf?v=2');
  assert.equal(service.verifyUrlHead('GET', target, { host: NAME }).kid, client.kid);
  assert.throws(() => service.verifyUrl('GET', NAME, target.replace('v=2', 'v=3')), thrown('bad_mac'));
  assert.throws(() => service.verifyUrl('GET', NAME, target, { hasToki: true }), thrown('malformed'));
  assert.throws(() => service.verifyUrl('GET', NAME, client.signUrl(NAME, '/a', { expMs: Date.now() - 1 })), thrown('expired'));
  assert.throws(() => client.signUrl(NAME, '/a?oscartoki=x'), thrown('unsignable'));

  const ticket = client.mintTicket('user-42', { origin: 'https://app.example.com' });
  assert.throws(() => service.verifyTicket(ticket, { origin: 'https://evil.example.com' }), thrown('bad_mac'));
  const opened = service.verifyTicket(ticket, { origin: 'https://app.example.com' });
  assert.deepEqual([Buffer.from(opened.connection).toString(), opened.originBound], ['user-42', true]);
  assert.throws(() => service.verifyTicket(ticket, { origin: 'https://app.example.com' }), thrown('replayed'));
  assert.throws(() => service.verifyTicket(null), thrown('missing'));
  assert.throws(() => service.verifyTicket(client.mintTicket('a'), { requireOrigin: true }), thrown('policy'));
});

test('OscarToki v1, both ways', () => {
  const kid = '0011223344556677';
  const service = oscar.v1.service({ keys: { [kid]: 'the old key' }, authorities: [NAME], untilMs: Date.now() + 60_000, memory: new oscar.MemoryReplayLog(1000), firstStart: true });
  const client = new oscar.v1.Client('the old key');
  const step = client.begin();
  const head = () => [['Host', NAME], ...Object.entries(step.headers)];
  const handshake = service.verifyHead('GET', '/x', head());
  assert.ok(handshake instanceof oscar.Handshake);
  const { toki, body } = handshake.reply();
  step.acceptFirst(body, toki);
  const verdict = service.verifyHead('POST', '/x', head(), { body: 'a' });
  assert.deepEqual([verdict.accepted, verdict.version, verdict.kid], [true, 1, kid]);
  step.acceptSecond(service.answer(verdict, 200, { body: 'b' }).toki);
  const other = new oscar.v1.Client('another key').begin();
  assert.equal(service.verifyHead('GET', '/x', [['Host', NAME], ...Object.entries(other.headers)]).name, 'unknown_key');
  assert.throws(() => new oscar.v1.Key(''), thrown('weak_secret'));
  const key = new oscar.v1.Key('the old key');
  assert.throws(() => key.verify(key.mint({ nowMs: 1_795_300_000_000 })), thrown('stale'));
});

test('explain names what was altered', () => {
  const { client, key } = world();
  const { toki } = client.sign('GET', NAME, '/a/b');
  assert.match(oscar.explain({ here: key }, 'GET', NAME, '/a%2Fb', { toki }), /decoded/);
  assert.equal(oscar.explain({ here: key }, 'GET', NAME, '/a/b', { toki }), null);
  assert.throws(() => oscar.explain({ here: key }, 'GET', NAME, '/a/b', {}), thrown('missing'));
});

test('an unknown option, and a memory that refuses', () => {
  const { key, client } = world();
  assert.throws(() => new oscar.Service({ keys: [key], authorities: [NAME], memmory: 1 }), TypeError);
  assert.throws(() => new oscar.Service({ keys: [key], authorities: ['two words'], memory: new oscar.NoReplayLog() }), thrown('malformed'));
  const busy = new oscar.Service({ keys: [key], authorities: [NAME], memory: new oscar.NoReplayLog(), firstStart: true });
  assert.equal(busy.verify('GET', NAME, '/', client.sign('GET', NAME, '/')).name, 'busy');
});

test('a service that begins empty waits', async () => {
  const { client, service } = world({ service: { firstStart: false } });
  assert.ok(service.readyAtMs > Date.now());
  assert.equal(service.verify('GET', NAME, '/', client.sign('GET', NAME, '/')).name, 'stale');
  const past = world({ service: { firstStart: false, nowMs: Date.now() - 60_000 } }).service;
  await past.ready();
});
