// Servers of Node: Express (and Connect), Fastify, and node:http itself. What was verified is in `request.oscartoki`.
//
// The middleware stands before body parsers, which then read the verified body; CORS and compression stand before it.

import { OscarError, RawTargetHidden } from './errors.js';
import { Handshake, PendingBody, VerifiedRequest } from './service.js';
import { streamOf } from '#platform';

const NO_STORE = 'no-store, no-transform';
const OURS = ['oscartoki', 'oscartokikey', 'cache-control'];

/**
 * `app.use(oscar.express(service))`. It verifies before the app runs, and signs what it answers.
 * `corsInside`: preflights, which carry no toki, are let through to a CORS layer that stands behind.
 */
export function express(service, { corsInside = false } = {}) {
  const layer = new Layer(service);
  const middleware = (request, response, next) => {
    if (corsInside && isPreflight(request)) return next();
    layer.run(request, response, next).catch((error) => (response.headersSent ? response.destroy(error) : next(error)));
  };
  return Object.defineProperty(middleware, 'uncovered', { get: () => layer.uncovered });
}

/** `http.createServer(oscar.node(service, (request, response) => …))`. */
export function node(service, listener, options) {
  const middleware = express(service, options);
  return (request, response) => {
    middleware(request, response, (error) => {
      if (!error) return listener(request, response);
      response.statusCode = 500;
      response.end();
      console.error(error);
    });
  };
}

/** `await app.register(oscar.fastify(service))`, before routes and other plugins that read bodies. What was verified is in `request.oscartoki`. */
export function fastify(service, { corsInside = false } = {}) {
  const layer = new Layer(service);
  const plugin = async (app) => {
    app.decorateRequest('oscartoki', null);
    app.addHook('preParsing', async (request, reply, payload) => {
      if (corsInside && isPreflight(request.raw)) return payload;
      const reading = new Reading(payload, service.maxBody);
      const { verdict, body } = await layer.judge(headOf(request.raw), reading);
      request.oscartoki = verdict;
      if (!(verdict instanceof VerifiedRequest)) {
        reading.drop();
        const { status, headers, body: told } = layer.refuse(verdict, request.raw.method);
        return reply.hijack(), write(reply.raw, status, headers, told);
      }
      return body === null ? payload : streamOf(body);
    });
    app.addHook('onSend', async (request, reply, payload) => {
      if (!(request.oscartoki instanceof VerifiedRequest)) return payload;
      const held = reply.getHeaders();
      const whole = payload == null ? new Uint8Array() : typeof payload === 'string' || payload instanceof Uint8Array ? Buffer.from(payload) : null;
      const covered = whole !== null && whole.length <= service.maxAnswer && coverable(held) ? whole : null;
      for (const name of OURS) reply.removeHeader(name);
      reply.header('cache-control', NO_STORE);
      const signed = layer.sign(request.oscartoki, request.raw.method, reply.statusCode, { ...held, 'cache-control': NO_STORE }, covered);
      for (const [name, field] of signed) reply.header(name, field);
      return payload;
    });
  };
  // As fastify-plugin does: the hooks hold for the whole app.
  return Object.assign(plugin, { [Symbol.for('skip-override')]: true, [Symbol.for('fastify.display-name')]: 'oscartoki' });
}

/** One service behind a framework: judges requests and makes the headers of answers. */
class Layer {
  constructor(service) {
    this.service = service;
    /** How many answers went out with their content not covered. */
    this.uncovered = 0;
  }

  /** The verdict, and the body as far as it was read (null: it was not looked at). */
  async judge({ method, target, headers, authority }, reading) {
    const { service } = this;
    let body = null;
    if (service.wantsBody(method, target, headers, { authority })) body = await reading.whole();
    let verdict = service.verifyHead(method, target, headers, { body, authority });
    if (verdict instanceof PendingBody) {
      body = await reading.whole();
      verdict = body.length > service.maxBody ? verdict.tooLarge() : verdict.finish(body);
    }
    return { verdict, body };
  }

  async run(request, response, next) {
    let reading;
    try {
      reading = new Reading(request, this.service.maxBody);
    } catch (error) {
      return hidden(response, error);
    }
    let judged;
    try {
      judged = await this.judge(headOf(request), reading);
    } catch (error) {
      // The client went away before its request had arrived whole.
      if (error === GONE) return;
      throw error;
    }
    const { verdict, body } = judged;
    if (!(verdict instanceof VerifiedRequest)) {
      reading.drop();
      const { status, headers, body: told } = this.refuse(verdict, request.method);
      return write(response, status, headers, told);
    }
    request.oscartoki = verdict;
    if (body !== null) request.rawBody = body;
    reading.restore();
    new Answer(this, verdict, request.method, response).hook();
    next();
  }

  /** The headers that are added to an answer. `body` null: content that is not covered. */
  sign(verdict, method, status, headers, body) {
    const bodiless = method === 'HEAD' || status === 204 || status === 304;
    if (!bodiless && body === null) this.count(status);
    const { toki, grant } = this.service.answerHead(verdict, status, headers, { body: bodiless ? null : body });
    return grant === null ? [['oscartoki', toki]] : [['oscartoki', toki], ['oscartokikey', grant]];
  }

  /** Status, headers and body of what does not run. */
  refuse(verdict, method) {
    if (verdict instanceof Handshake) {
      const { toki, body } = verdict.reply();
      return { status: 200, headers: { 'content-type': 'application/json', oscartoki: toki }, body: method === 'HEAD' ? '' : body };
    }
    const { status } = verdict;
    const headers = verdict.wwwAuthenticate ? { 'www-authenticate': 'oscartoki' } : {};
    if (verdict.signed) {
      headers['cache-control'] = NO_STORE;
      const signed = this.sign(verdict, method, status, headers, new Uint8Array());
      return { status, headers: { ...headers, ...Object.fromEntries(signed) }, body: '' };
    }
    headers['oscartoki-error'] = verdict.name;
    if (verdict.version !== 1 || method === 'HEAD') return { status, headers, body: '' };
    // The clients of OscarToki v1 read their refusals here.
    return { status, headers: { ...headers, 'content-type': 'application/json' }, body: `{"status":"error","message":"${verdict.name}"}` };
  }

  count(status) {
    if (this.uncovered++ > 0) return;
    console.warn(
      `oscartoki: an answer (status ${status}) goes out with its content not covered: it is a stream, longer than maxAnswer, or has a Content-Encoding; clients take it only when ` +
        'they ask for streams. Further ones are counted in silence (uncovered)',
    );
  }
}

/** The head of a request as it stood on the wire. */
function headOf(request) {
  const headers = request.rawHeaders;
  const authority = request.httpVersionMajor === 2 ? (request.headers[':authority'] ?? null) : null;
  const target = request.originalUrl ?? request.url;
  const kept = authority === null && request.httpVersionMajor < 2 ? headers : withoutPseudo(headers);
  return { method: request.method, target, headers: kept, authority };
}

function withoutPseudo(headers) {
  const kept = [];
  for (let at = 0; at + 1 < headers.length; at += 2) if (headers[at][0] !== ':') kept.push(headers[at], headers[at + 1]);
  return kept;
}

const GONE = new OscarError('the client went away', { name: 'gone' });

/** A request's body: read once, and then put back for who reads it after us. */
class Reading {
  #stream;
  #most;
  #chunks = null;

  constructor(stream, most) {
    this.#stream = stream;
    this.#most = most;
    if (stream.readableEnded && stream.rawHeaders && hasBody(stream)) {
      throw new RawTargetHidden('something read the body before: put oscar.express(service) before express.json() and every other body parser');
    }
  }

  /** All of it, at most `most` bytes and one more. */
  whole() {
    if (this.#chunks !== null) return Promise.resolve(this.#joined());
    const stream = this.#stream;
    this.#chunks = [];
    let size = 0;
    if (stream.rawHeaders && !hasBody(stream)) return Promise.resolve(this.#joined());
    return new Promise((resolve, reject) => {
      const settle = (how) => {
        stream.off('readable', take).off('end', done).off('error', gone).off('aborted', gone).off('close', gone);
        how();
      };
      const done = () => settle(() => resolve(this.#joined()));
      const gone = () => settle(() => reject(GONE));
      const take = () => {
        // So many bytes as there are, so that the stream does not end yet and what was read can be put back.
        while (stream.readableLength > 0 && size <= this.#most) {
          const chunk = stream.read(stream.readableLength);
          if (chunk === null) break;
          this.#chunks.push(chunk);
          size += chunk.length;
        }
        if (size > this.#most || isWhole(stream)) done();
      };
      stream.on('readable', take).on('end', done).on('error', gone).on('aborted', gone).on('close', gone);
      take();
    });
  }

  #joined() {
    const all = this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks);
    this.#chunks = [all];
    return all.length > this.#most ? all.subarray(0, this.#most + 1) : all;
  }

  /** Puts back what was read. */
  restore() {
    const [all] = this.#chunks ?? [];
    if (all?.length > 0) this.#stream.unshift(all);
  }

  /** Takes a refused body off the wire: a server that closes over unread content resets the connection, and its answer is lost. */
  drop() {
    this.#stream.resume?.();
  }
}

/** Whether all of a body has arrived, read or not. HTTP/2's requests tell it nowhere else. */
const isWhole = (stream) => stream.readableEnded || (stream.httpVersionMajor < 2 ? stream.complete : stream._readableState?.ended === true);

const hasBody = (request) => request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0 || request.httpVersionMajor === 2;

/** Holds an answer back until it is whole, or too long, or can't be covered. */
class Answer {
  #layer;
  #verdict;
  #method;
  #response;
  #chunks = [];
  #size = 0;
  #started = false;
  #out;

  constructor(layer, verdict, method, response) {
    this.#layer = layer;
    this.#verdict = verdict;
    this.#method = method;
    this.#response = response;
    const { writeHead, write: out, end, flushHeaders } = response;
    this.#out = { writeHead, write: out, end, flushHeaders };
  }

  hook() {
    const response = this.#response;
    response.writeHead = (status, reason, headers) => {
      if (this.#started) return this.#out.writeHead.call(response, status, reason, headers);
      if (typeof reason !== 'string') headers = reason;
      else response.statusMessage = reason;
      response.statusCode = status;
      if (Array.isArray(headers)) for (let at = 0; at + 1 < headers.length; at += 2) response.setHeader(headers[at], headers[at + 1]);
      else for (const [name, field] of Object.entries(headers ?? {})) if (field !== undefined) response.setHeader(name, field);
      return response;
    };
    response.write = (chunk, encoding, done) => {
      if (!this.#started && chunk != null) this.#keep(chunk, encoding);
      else if (this.#started) return this.#out.write.call(response, chunk, encoding, done);
      const called = typeof encoding === 'function' ? encoding : done;
      if (this.#size > this.#layer.service.maxAnswer || !coverable(response.getHeaders())) this.#start(null);
      if (called) queueMicrotask(called);
      return true;
    };
    response.end = (chunk, encoding, done) => {
      if (typeof chunk === 'function') [chunk, done] = [undefined, chunk];
      if (typeof encoding === 'function') [encoding, done] = [undefined, encoding];
      if (this.#started) return this.#out.end.call(response, chunk, encoding, done);
      if (chunk != null) this.#keep(chunk, encoding);
      const body = this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks);
      this.#chunks = [];
      this.#sign(body.length > this.#layer.service.maxAnswer || !coverable(response.getHeaders()) ? null : body);
      return this.#out.end.call(response, body.length > 0 ? body : undefined, undefined, done);
    };
    response.flushHeaders = () => {
      if (!this.#started) this.#start(null);
    };
  }

  #keep(chunk, encoding) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk, typeof encoding === 'string' ? encoding : 'utf8') : chunk;
    this.#chunks.push(bytes);
    this.#size += bytes.length;
  }

  /** Signs, and sends the head with what was held back. */
  #start(body) {
    this.#sign(body);
    this.#out.flushHeaders.call(this.#response);
    for (const chunk of this.#chunks) this.#out.write.call(this.#response, chunk);
    this.#chunks = [];
  }

  #sign(body) {
    const response = this.#response;
    this.#started = true;
    for (const name of OURS) response.removeHeader(name);
    response.setHeader('cache-control', NO_STORE);
    for (const [name, field] of this.#layer.sign(this.#verdict, this.#method, response.statusCode, response.getHeaders(), body)) response.setHeader(name, field);
  }
}

/** Whether content with this head is buffered and digested. */
function coverable(headers) {
  const coding = `${headers['content-encoding'] ?? ''}`.trim().toLowerCase();
  const type = `${headers['content-type'] ?? ''}`.split(';')[0].trim().toLowerCase();
  return (coding === '' || coding === 'identity') && type !== 'text/event-stream';
}

function write(response, status, headers, body) {
  response.statusCode = status;
  for (const [name, field] of Object.entries(headers)) response.setHeader(name, field);
  response.end(body === '' ? undefined : body);
}

/** The answer where something before us hides what we must see: a mistake of the set-up, said in log and answer. */
function hidden(response, error) {
  console.error(`oscartoki: ${error.message}`);
  write(response, 500, { 'content-type': 'text/plain', 'oscartoki-error': 'raw_target_hidden' }, error.message);
}

const isPreflight = ({ method, headers }) =>
  method === 'OPTIONS' && headers.origin !== undefined && headers['access-control-request-method'] !== undefined && headers.oscartoki === undefined;
