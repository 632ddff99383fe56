// A client in JavaScript with fetch: probes, signs, sends, accepts, rolls and resends by the rules of the protocol.
//
//     client --secret FILE --audience NAME [-X METHOD] [-d BODY] [-H 'Name: value']… URL
//
// Prints each body, then `verified: status S, code C, requests R[, probed][, resent][, in session]`; a refusal or an answer that is not authentic goes to
// stderr as `error: NAME: sentence (may have run: yes|no)`. Exit 0: all verified; 1: not; 2: usage; 3: key; 4: network.

import { parseArgs } from 'node:util';
import { Client, OscarError, secretFrom } from 'oscartoki';

const USAGE =
  "usage: client --secret FILE --audience NAME [-X METHOD] [-d BODY] [-H 'Name: value'] [--ext LIST] [--repeatable] [--verify-first] [--trust-clock] [--roll-every] " +
  '[--count N] [--parallel N] [--clock-off-ms N] URL';

function usage(fault) {
  console.error(`${fault}\n${USAGE}`);
  process.exit(2);
}

function given() {
  const text = { type: 'string' };
  const flag = { type: 'boolean' };
  const options = {
    secret: text, audience: text, method: { ...text, short: 'X' }, body: { ...text, short: 'd' }, header: { ...text, short: 'H', multiple: true }, ext: text, repeatable: flag,
    'verify-first': flag, 'trust-clock': flag, 'roll-every': flag, count: text, parallel: text, 'clock-off-ms': text,
  };
  // An option's value may begin with a dash, as a clock's does.
  const joined = process.argv.slice(2).reduce((all, one) => {
    const last = all.at(-1);
    if (/^-\d/.test(one) && last?.startsWith('--') && !last.includes('=')) all[all.length - 1] = `${last}=${one}`;
    else all.push(one);
    return all;
  }, []);
  try {
    const { values, positionals } = parseArgs({ args: joined, options, allowPositionals: true });
    if (values.secret === undefined || positionals.length !== 1) usage('a secret and one URL are needed');
    return { ...values, url: positionals[0] };
  } catch (error) {
    return usage(error.message);
  }
}

function clientOf({ secret, audience, ext = '', 'roll-every': rollEvery }) {
  const text = secretFrom(secret);
  const options = { ext: ext.split(',').map((name) => name.trim()).filter(Boolean), roll: rollEvery ? 'every' : 'auto' };
  if (text.startsWith('oa2.')) return new Client({ ...options, audienceKey: text });
  if (text.startsWith('oz2.')) return new Client({ ...options, session: text });
  return new Client({ ...options, secret: text, audience });
}

const asked = given();
if (asked['clock-off-ms'] !== undefined) {
  // Only a demonstration moves a clock.
  const now = Date.now;
  Date.now = () => now() + Number(asked['clock-off-ms']);
}

let signed;
try {
  signed = clientOf(asked).fetch(fetch, { verifyFirst: asked['verify-first'], trustClock: asked['trust-clock'], repeatable: asked.repeatable });
} catch (error) {
  console.error(`error: ${error}`);
  process.exit(3);
}

async function send() {
  const headers = (asked.header ?? []).map((line) => [line.split(': ', 1)[0], line.slice(line.indexOf(': ') + 2)]);
  const method = asked.method ?? (asked.body === undefined ? 'GET' : 'POST');
  try {
    // As bytes, so that the platform adds no Content-Type.
    const answer = await signed(asked.url, { method, headers, body: asked.body === undefined ? undefined : new TextEncoder().encode(asked.body) });
    const text = await answer.text();
    const { outcome, requests, probed, resent, inSession } = answer.oscartoki;
    const told = [`status ${answer.status}`, `code ${outcome.code}`, `requests ${requests}`, ...(probed ? ['probed'] : []), ...(resent ? ['resent'] : []), ...(inSession ? ['in session'] : [])];
    console.log(`${text}\nverified: ${told.join(', ')}`);
    return 0;
  } catch (error) {
    if (error instanceof OscarError) {
      console.error(`error: ${error} (may have run: ${error.mayHaveRun === false ? 'no' : 'yes'})`);
      return 1;
    }
    console.error(`error: network: ${error.cause?.message ?? error.message}`);
    return 4;
  }
}

async function work() {
  let code = 0;
  for (let left = Number(asked.count ?? 1); left > 0; left--) code ||= await send();
  return code;
}

const codes = await Promise.all(Array.from({ length: Number(asked.parallel ?? 1) }, work));
process.exitCode = Math.max(...codes);
