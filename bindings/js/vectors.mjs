// Runs cases in the format of core/vectors/README.md through the public API of the installed `oscartoki`: in Node and, as it stands, in a page.

import * as oscar from 'oscartoki';

const { AudienceKey, Client, Keyring, MemoryReplayLog, OscarError, PendingBody, Secret, Service, Session, errors, hazmat, v1 } = oscar;
const { Malformed, Unsignable } = errors;

const KEY = 'secret_hex audience_key audience generation ';
const REQUEST = 'method authority target ext_hex body_hex body_sha256_hex ';
const ANSWER = 'status grant ext_hex body_hex body_sha256_hex ';
const CARRIED = { message: 'destination type ext_hex body_hex body_sha256_hex toki', ticket: 'ticket origin', url: 'method authority target ext_hex' };
const OPS = new Map();

/** A member or an op that the page does not name: a failing case, never a skip. */
class Unknown extends Error {}

const unhex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** The `in` of a case or step; absent and null are both "not given". */
class Given {
  constructor(members) {
    this.members = members;
  }

  get(name) {
    return this.members[name] ?? null;
  }

  text(name) {
    return this.get(name) ?? '';
  }

  hex(name) {
    return unhex(this.text(name));
  }

  optHex(name) {
    return this.get(name) === null ? null : this.hex(name);
  }

  content() {
    const digest = this.optHex('body_sha256_hex');
    return { body: digest === null ? this.hex('body_hex') : null, digest };
  }

  request() {
    return [this.text('method'), this.text('authority'), this.text('target')];
  }

  /** What stands beside them, as options. */
  beside() {
    return { ext: this.hex('ext_hex'), ...this.content() };
  }

  audience() {
    return this.get('audience') ?? oscar.normaliseAuthority(this.text('authority'));
  }

  /** `Fault` is the class for what can't be a key's audience or generation. */
  key(Fault = Malformed) {
    if (this.get('audience_key') !== null) return new AudienceKey(this.get('audience_key'));
    try {
      return Secret.fromBytes(this.hex('secret_hex')).audienceKey(this.audience(), this.get('generation') ?? 0);
    } catch (error) {
      if (error instanceof Unsignable || error instanceof Malformed) throw new Fault(error.message);
      throw error;
    }
  }

  freshService() {
    const key = this.key();
    const audience = this.text('audience');
    let names = [];
    try {
      oscar.normaliseAuthority(audience);
      names = [audience];
    } catch (error) {
      if (!(error instanceof OscarError)) throw error;
    }
    return serviceOf([key], names, this.get('now_ms'), audience || 'audience');
  }
}

function serviceOf(keys, authorities, nowMs, audience, { capacity, ...options } = {}) {
  const keyring = new Keyring(audience);
  for (const key of keys) keyring.add(key);
  const memory = capacity === undefined ? new MemoryReplayLog(1 << 14) : MemoryReplayLog.exact(capacity);
  return new Service({ firstStart: true, ...options, authorities, keyring, memory, nowMs });
}

function op(name, members, run) {
  OPS.set(name, { run, members: new Set(members.trim().split(/\s+/)) });
}

function known(members, given) {
  for (const member of Object.keys(given)) if (!members.has(member)) throw new Unknown(`member ${member}`);
}

function evaluate(name, given) {
  const found = OPS.get(name);
  if (found === undefined) throw new Unknown(`op ${name}`);
  known(found.members, given);
  return found.run(new Given(given));
}

// ---- keys ----

op('key.derive', 'secret_hex secret audience generation', (given) => {
  const secret = given.get('secret') !== null ? new Secret(given.get('secret')) : Secret.fromBytes(given.hex('secret_hex'));
  const key = secret.audienceKey(given.text('audience'), given.get('generation') ?? 0);
  return { secret: secret.toText(), kid_hex: key.kid, audience_key: key.toText(), audience_key_hex: hex(hazmat.expose(key)) };
});

op('key.parse', 'text kind', (given) => {
  const Kind = { secret: Secret, audience_key: AudienceKey, session: Session }[given.get('kind')];
  if (Kind === undefined) throw new Unknown(`kind ${given.get('kind')}`);
  return { text: Kind.parse(given.text('text')).toText() };
});

// ---- requests and answers ----

op('toki.mint', KEY + REQUEST + 'ts_ms nonce_hex want grant', (given) => {
  const options = { ...given.beside(), tsMs: given.get('ts_ms'), nonce: given.hex('nonce_hex'), want: given.get('want') === true, grant: given.get('grant') };
  return { toki: hazmat.mintRequest(given.key(Unsignable), ...given.request(), options) };
});

/** A step on a fresh service, which is closed at once: the garbage collector knows nothing of its memory. */
function fresh(step, given) {
  const service = given.freshService();
  try {
    return step(service, given);
  } finally {
    service.close();
    service.memory.close();
    service.keyring.close();
  }
}

op('toki.verify', KEY + REQUEST + 'now_ms toki grant finish_body_hex', (given) => fresh(verifyStep, given));

function verifyStep(service, given) {
  let verdict = service.verify(...given.request(), { ...given.beside(), toki: given.get('toki'), grant: given.get('grant'), nowMs: given.get('now_ms') });
  if (verdict instanceof PendingBody) {
    const arrived = given.optHex('finish_body_hex');
    verdict = arrived === null ? verdict.finish(null, { digest: given.hex('body_sha256_hex') }) : verdict.finish(arrived);
  }
  verdict.throwForRefusal();
  return { kid_hex: verdict.kid, sid_hex: verdict.sid, ts_ms: verdict.tsMs, nonce_hex: verdict.nonce, want: verdict.want };
}

op('grant.mint', KEY + 'request_toki sid_hex exp_s ttl_s', (given) => ({
  grant: hazmat.mintGrant(given.key(Unsignable), given.text('request_toki'), { sid: given.hex('sid_hex'), expS: given.get('exp_s'), ttlS: given.get('ttl_s') }),
}));

op('answer.mint', KEY + ANSWER + 'session_grant request_toki code ts_ms', (given) => ({
  toki: hazmat.mintAnswer(given.key(Unsignable), given.text('request_toki'), given.get('status'), {
    ...given.beside(), code: given.get('code'), tsMs: given.get('ts_ms'), sessionGrant: given.get('session_grant'), grant: given.get('grant'),
  }),
}));

op('answer.verify', KEY + ANSWER + 'session_grant request_toki toki', (given) => {
  const outcome = hazmat.accept(given.key(), given.text('request_toki'), given.get('status'), {
    ...given.beside(), toki: given.get('toki'), grant: given.get('grant'), sessionGrant: given.get('session_grant'),
  });
  return { code: outcome.code, ts_ms: outcome.tsMs, sid_hex: outcome.adoptedSid };
});

// ---- messages, URLs, tickets ----

op('message.mint', KEY + 'destination type ext_hex body_hex body_sha256_hex ts_ms nonce_hex ttl_s', (given) => ({
  toki: hazmat.mintMessage(given.key(Unsignable), given.text('destination'), given.text('type'), {
    ...given.beside(), tsMs: given.get('ts_ms'), nonce: given.hex('nonce_hex'), ttlS: given.get('ttl_s'),
  }),
}));

function messageStep(service, given) {
  const { body, digest, ext } = given.beside();
  const made = service.verifyMessage(given.text('destination'), given.text('type'), body, given.get('toki'), { digest, ext, nowMs: given.get('now_ms') });
  return { kid_hex: made.kid, ts_ms: made.tsMs, ttl_s: made.ttlS, verdict: made.freshness };
}

op('url.mint', KEY + 'method authority target ext_hex exp_ms', (given) => ({
  target: hazmat.mintUrl(given.key(Unsignable), ...given.request(), { expMs: given.get('exp_ms'), ext: given.hex('ext_hex') }),
}));

function urlStep(service, given) {
  const made = service.verifyUrl(...given.request(), { ext: given.hex('ext_hex'), nowMs: given.get('now_ms') });
  return { kid_hex: made.kid, exp_ms: made.expMs };
}

op('ticket.mint', KEY + 'connection_hex origin ts_ms nonce_hex', (given) => ({
  ticket: hazmat.mintTicket(given.key(Unsignable), given.hex('connection_hex'), { tsMs: given.get('ts_ms'), nonce: given.hex('nonce_hex'), origin: given.get('origin') }),
}));

function ticketStep(service, given) {
  const made = service.verifyTicket(given.get('ticket'), { origin: given.get('origin'), nowMs: given.get('now_ms') });
  return { kid_hex: made.kid, connection_hex: hex(made.connection), ts_ms: made.tsMs };
}

const STEPS = { verify: verifyStep, message: messageStep, url: urlStep, ticket: ticketStep };
for (const [name, members] of Object.entries(CARRIED)) op(`${name}.verify`, `${KEY}${members} now_ms`, (given) => fresh(STEPS[name], given));

// ---- OscarToki v1 ----

const dialectOf = (given) => given.get('dialect') ?? 'any';
op('v1.mint', 'key now_ms', (given) => ({ toki: new v1.Key(given.text('key')).mint({ nowMs: given.get('now_ms') }) }));
op('v1.verify', 'key toki now_ms dialect', (given) => ({
  ts_ms: new v1.Key(given.text('key')).verify(given.text('toki'), { dialect: dialectOf(given), nowMs: given.get('now_ms') }),
}));
op('v1.tokikey.mint', 'key toki now_ms', (given) => ({ tokikey: new v1.Key(given.text('key')).mintTokikey(given.text('toki'), { nowMs: given.get('now_ms') }) }));
op('v1.tokikey.verify', 'key toki tokikey now_ms dialect', (given) => {
  new v1.Key(given.text('key')).verifyTokikey(given.text('toki'), given.text('tokikey'), { dialect: dialectOf(given), nowMs: given.get('now_ms') });
  return {};
});

// ---- the two operations with steps ----

/** A construction that worked, and what each of its steps gives. */
class Sequence {
  /** Gives back what the steps held. */
  close() {
    this.client?.close();
    this.service?.close();
    this.service?.memory.close();
    this.service?.keyring.close();
  }

  take(index, step, given) {
    const allowed = this.constructor.members[step];
    if (allowed === undefined) throw new Unknown(`step ${step}`);
    known(new Set(allowed.trim().split(/\s+/)), given);
    return this[step](new Given(given), index);
  }
}

class ServiceSteps extends Sequence {
  static members = {
    verify: `${REQUEST}now_ms toki grant finish_body_hex`,
    revoke_key: 'kid_hex now_ms',
    revoke_session: 'kid_hex sid_hex now_ms',
    revoke_issued_before: 'kid_hex before_s now_ms',
    ...Object.fromEntries(Object.entries(CARRIED).map(([step, members]) => [step, `${KEY}${members} now_ms`])),
  };

  constructor(given) {
    super();
    if (!['local', null].includes(given.get('memory'))) throw new Unknown(`memory ${given.get('memory')}`);
    const held = (given.get('keys') ?? []).map((key) => new Given(key));
    for (const key of held) known(new Set(KEY.trim().split(' ')), key.members);
    const keys = held.map((key) => key.key());
    const named = { windowMs: 'window_ms', maxTtlS: 'max_ttl_s', firstStart: 'first_start', capacity: 'capacity' };
    const options = Object.fromEntries(Object.entries(named).flatMap(([option, name]) => (given.get(name) === null ? [] : [[option, given.get(name)]])));
    const audience = held.map((key) => key.get('audience')).find(Boolean) ?? 'audience';
    this.service = serviceOf(keys, given.get('authorities') ?? [], given.get('start_ms') ?? 0, audience, options);
    for (const [step, run] of Object.entries(STEPS)) this[step] = (given) => run(this.service, given);
  }

  revoke_key(given) {
    this.service.revokeKey(given.hex('kid_hex'));
    return {};
  }

  revoke_session(given) {
    this.service.revokeSession(given.hex('kid_hex'), given.hex('sid_hex'));
    return {};
  }

  revoke_issued_before(given) {
    this.service.revokeIssuedBefore(given.hex('kid_hex'), given.get('before_s'));
    return {};
  }
}

class ClientSteps extends Sequence {
  static members = {
    sign: `${REQUEST}now_ms repeatable trust_clock resend_of nonce_hex`,
    accept: 'of now_ms status toki grant ext_hex body_hex body_sha256_hex',
  };

  constructor(given) {
    super();
    this.client = given.get('delegated') === null ? new Client({ audienceKey: given.key(Unsignable) }) : new Client({ session: given.get('delegated') });
    this.signed = new Map();
  }

  sign(given, index) {
    let signed;
    try {
      signed = hazmat.sign(this.client, ...given.request(), {
        ...given.beside(), nonce: given.hex('nonce_hex'), nowMs: given.get('now_ms'), repeatable: given.get('repeatable') === true,
        trustClock: given.get('trust_clock') === true, resend: given.get('resend_of') !== null,
      });
    } catch (error) {
      if (!(error instanceof OscarError)) throw error;
      return { error: error.name, may_have_run: error.mayHaveRun, signed: error.signed, resend: false };
    }
    this.signed.set(index, signed);
    return { probe: signed.isProbe, toki: signed.toki, grant: signed.grant };
  }

  accept(given) {
    const outcome = hazmat.acceptSigned(this.client, this.signed.get(given.get('of')), given.get('status'), {
      ...given.beside(), toki: given.get('toki'), grant: given.get('grant'), nowMs: given.get('now_ms'),
    });
    const said = {
      resend: outcome.resend, offset_ms: outcome.offsetMs, sid_hex: outcome.adoptedSid, code: outcome.code, grant_error: outcome.grantError,
      may_have_run: outcome.mayHaveRun, signed: outcome.signed,
    };
    return outcome.name === null ? said : { ...said, error: outcome.name };
  }
}

op('service', 'keys authorities window_ms max_ttl_s start_ms first_start memory capacity steps', (given) => new ServiceSteps(given));
op('client', `${KEY}delegated steps`, (given) => new ClientSteps(given));

// ---- judging ----

const NAMES = new Set(errors.NAMES);

function agrees(expect, got) {
  if ('ok' in expect) {
    const wanted = expect.ok ?? {};
    return Object.keys(expect).length === 1 && !('error' in got) && Object.keys(wanted).every((name) => (got[name] ?? null) === wanted[name]);
  }
  const names = 'error_any_of' in expect ? expect.error_any_of : [expect.error];
  const beside = Object.entries(expect).filter(([name]) => name !== 'error' && name !== 'error_any_of');
  return names.every((name) => NAMES.has(name)) && names.includes(got.error) && beside.every(([name, wanted]) => name in got && got[name] === wanted);
}

function attempt(run, ...given) {
  try {
    return run(...given);
  } catch (error) {
    if (error instanceof OscarError) return { error: error.name };
    throw error;
  }
}

/** Null, or [got, want]. */
function judge(one) {
  const given = one.in;
  const got = attempt(evaluate, one.op, given);
  if (!(got instanceof Sequence)) return agrees(one.expect, got) ? null : [got, one.expect];
  try {
    return steps(got, one);
  } finally {
    got.close();
  }
}

function steps(got, one) {
  const given = one.in;
  if (!agrees(one.expect, {})) return [{}, one.expect];
  for (const [index, step] of given.steps.entries()) {
    const told = attempt(() => got.take(index, step.do, step.in ?? {}));
    if (!agrees(step.expect, told)) return [`step ${index} ${JSON.stringify(told)}`, step.expect];
  }
  return null;
}

/** Judges the cases of one file: { passed, failures }, a line for each failure. */
export function run(file, { cases }) {
  let passed = 0;
  const failures = [];
  for (const one of cases) {
    let verdict;
    try {
      verdict = judge(one);
    } catch (error) {
      // Whatever a case does to the runner, it is a failing case.
      verdict = [`${error?.name}: ${error?.message}`, one.expect];
    }
    if (verdict === null) {
      passed += 1;
      continue;
    }
    const [got, want] = verdict.map((part) => (typeof part === 'string' ? part : JSON.stringify(part)));
    failures.push(`FAIL ${file}: ${one.name}: got ${got}, want ${want}`);
  }
  return { passed, failures };
}

export const door = () => oscar.doorKind();
