// fetch: each call is core's loop of probe, request and resend. The platform's cache and redirects are off, as the protocol asks.

import { abi } from './abi.js';
import { mono, wall } from './door.js';
import { digestSoon } from '#platform';

/** From here on the platform digests content, off the main thread where it can. */
const LARGE = 16 * 1024;
const OURS = ['oscartoki', 'oscartokikey', 'content-digest'];
const BODILESS = new Set([101, 103, 204, 205, 304]);

/** `fetch` that signs. What is refused throws an OscarError; `response.oscartoki` tells what was verified. */
export function signedFetch(client, fetch = globalThis.fetch, defaults = {}) {
  if (typeof fetch !== 'function') throw new TypeError('client.fetch takes the fetch that it sends with');
  return async (input, init = {}) => {
    const options = { ...defaults, ...init.oscartoki };
    const request = new Request(input, init);
    const url = new URL(request.url);
    // As it goes over the wire; an empty `?`, which platforms treat differently, is left out.
    const target = url.pathname + url.search;
    const headers = new Headers(request.headers);
    for (const name of OURS) headers.delete(name);
    // Not every platform has Request.body; zero bytes are no content.
    const content = new Uint8Array(await request.arrayBuffer());
    const body = content.length === 0 ? null : content;
    const digest = body !== null && body.length >= LARGE ? await digestSoon(body) : null;
    const call = client.call(request.method, url.host, target, { ...options, ...(digest === null ? { body } : { digest }), headers });
    try {
      return await exchange(call, { client, fetch, options, request, init, address: url.origin + target, headers, body });
    } finally {
      call.close();
    }
  };
}

async function exchange(call, sending) {
  let response = null;
  for (;;) {
    const step = call.next();
    if (step.kind !== 'send') {
      step.outcome.throwForRefusal();
      return told(response, step, sending.address);
    }
    const answer = await send(call, step, sending);
    response = await settle(call, step, answer, sending);
  }
}

/** Sends what the step says. A network failure is the platform's own error; `mayHaveRun` is added to it. */
async function send(call, step, { client, fetch, request, init, address, headers, body }) {
  const outgoing = new Headers(headers);
  if (step.isProbe) for (const name of [...outgoing.keys()]) if (client.dropsFromProbe(name)) outgoing.delete(name);
  for (const [name, field] of Object.entries(step.headers)) outgoing.set(name, field);
  const { oscartoki: _, body: __, ...rest } = init;
  try {
    return await fetch(address, {
      credentials: request.credentials,
      mode: request.mode === 'navigate' ? 'same-origin' : request.mode,
      referrerPolicy: request.referrerPolicy,
      ...rest,
      signal: request.signal,
      method: step.method,
      headers: outgoing,
      body: step.isProbe ? undefined : (body ?? undefined),
      duplex: undefined,
      cache: 'no-store',
      redirect: init.redirect === 'manual' ? 'manual' : 'error',
    });
  } catch (error) {
    call.failed();
    throw marked(error, call.next().outcome);
  }
}

/** Reads the answer's content, at most `maxAnswer` bytes, and tells the call. */
async function settle(call, step, answer, { client, options }) {
  const [receivedMs, monoMs] = [wall(), mono()];
  const received = (content) => call.received(answer.status, answer.headers, { ...content, receivedMs, monoMs });
  if (options.stream && !step.isProbe && isStream(answer)) {
    received({});
    return answer;
  }
  let content;
  try {
    content = await read(answer, client.maxAnswer);
  } catch (error) {
    call.failed();
    throw marked(error, call.next().outcome);
  }
  if (content === null) {
    call.tooLarge(answer.status);
    return null;
  }
  const digest = content.length >= LARGE ? await digestSoon(content) : null;
  received(digest === null ? { body: content } : { digest });
  const empty = BODILESS.has(answer.status) || step.method === 'HEAD';
  return new Response(empty ? null : content, { status: answer.status, statusText: answer.statusText, headers: answer.headers });
}

/** Whether the answer's toki leaves its content uncovered. */
function isStream(answer) {
  try {
    return answer.body !== null && !abi.answer_toki_parse(answer.headers.get('oscartoki') ?? '').body;
  } catch {
    return false;
  }
}

/** All content; null when it is longer than the limit. */
async function read(answer, most) {
  if (answer.body === null) return new Uint8Array(await answer.arrayBuffer());
  const reader = answer.body.getReader();
  const chunks = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > most) {
      await reader.cancel().catch(() => {});
      return null;
    }
    chunks.push(value);
  }
  if (chunks.length === 1) return chunks[0];
  const whole = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

function told(response, step, address) {
  const { outcome, requests, probed, resent, inSession } = step;
  return Object.defineProperties(response, {
    oscartoki: { value: { outcome, requests, probed, resent, inSession } },
    ...(response.url ? {} : { url: { value: address } }),
  });
}

function marked(error, outcome) {
  if (error !== null && typeof error === 'object' && Object.isExtensible(error)) error.mayHaveRun = outcome?.mayHaveRun ?? true;
  return error;
}
