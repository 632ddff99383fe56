// The public names of the installed package: classes and their members by reflection (those of instances from a live one), options from the declarations.

import { readFileSync } from 'node:fs';
import * as oscar from 'oscartoki';

const { errors, hazmat, v1, ...main } = oscar;
const NATURAL = new Set(['constructor', 'length', 'name', 'prototype', 'toString', 'toJSON']);

function live() {
  const audience = 'api.example.com';
  const secret = oscar.Secret.generate();
  const client = new oscar.Client({ secret, audience });
  const memory = new oscar.MemoryReplayLog(1000);
  const service = new oscar.Service({ keys: [secret.audienceKey(audience)], authorities: [audience], memory, firstStart: true });
  const signed = client.sign('GET', audience, '/');
  const call = client.call('GET', audience, '/');
  const message = client.mintMessage('queue', 'kind', 'body');
  return [
    client, service, signed, call, call.next(), message, service.verifyMessage('queue', 'kind', 'body', message.toki),
    service.verifyUrl('GET', audience, client.signUrl(audience, '/')), service.verifyTicket(client.mintTicket('one')), new oscar.OscarError('sentence'),
  ];
}

function members(noun, made) {
  const found = new Set();
  for (let level = made; typeof level === 'function' && level !== Function.prototype; level = Object.getPrototypeOf(level)) {
    if (level === Error) break;
    for (const name of Object.getOwnPropertyNames(level)) found.add(name);
    for (const name of Object.getOwnPropertyNames(level.prototype ?? {})) found.add(name);
  }
  for (const name of NATURAL) if (!Object.getOwnPropertyDescriptor(made.prototype, name)?.get) found.delete(name);
  for (const one of instances) if (one.constructor === made) for (const name of Object.keys(one)) found.add(name);
  console.log(noun);
  for (const name of found) console.log(`${noun}.${name}`);
}

/** The members of an interface of the declarations, those that it extends included. */
function options(noun, ...interfaces) {
  const types = readFileSync(new URL('./node_modules/oscartoki/types/index.d.ts', import.meta.url), 'utf8');
  for (const one of interfaces) {
    const [, bases = '', body] = new RegExp(`interface ${one}(?: extends ([^{]+))? \\{\\n([^]*?)\\n\\}`).exec(types);
    for (const [, name] of body.matchAll(/^ {2}(\w+)\??:/gm)) console.log(`${noun}.${name}`);
    for (const base of bases.split(',').map((name) => name.trim()).filter(Boolean)) options(noun, base);
  }
}

const instances = live();
for (const [prefix, module] of [['', main], ['v1.', v1], ['hazmat.', hazmat]]) {
  for (const [name, made] of Object.entries(module)) {
    if (name === 'default') continue;
    if (typeof made === 'function' && /^class/.test(Function.prototype.toString.call(made))) members(prefix + name, made);
    else console.log(prefix + name);
  }
}
options('ClientOptions', 'ClientOptions');
options('CallOptions', 'CallOptions', 'SignOptions');
options('ServiceOptions', 'ServiceOptions');
for (const name of errors.NAMES) {
  const Kind = Object.values(errors).find((kind) => kind.oscarName === name);
  console.log(`error.${Kind.name}`);
}
