// What the tests share: one secret, one service, one client.

import * as oscar from 'oscartoki';

export const NAME = 'api.example.com';

/** A client and a service that know each other. */
export function world({ client = {}, service = {} } = {}) {
  const secret = oscar.Secret.generate();
  const key = secret.audienceKey(NAME);
  return {
    secret,
    key,
    client: new oscar.Client({ secret, audience: NAME, ...client }),
    service: new oscar.Service({ keys: [key], authorities: [NAME], memory: new oscar.MemoryReplayLog(10_000), firstStart: true, ...service }),
  };
}

/** One exchange, as a network would carry it; `change` gets its answer between. */
export function exchange({ client, service }, method, target, { body, change = (answer) => answer, ...options } = {}) {
  const signed = client.sign(method, NAME, target, { body, ...options });
  const verdict = service.verify(signed.isProbe ? 'HEAD' : method, NAME, target, { ...signed, body: signed.isProbe ? null : body });
  const status = verdict.accepted ? 200 : verdict.status;
  const content = verdict.accepted ? 'done' : null;
  const answer = change({ status, body: signed.isProbe ? null : content, ...service.answer(verdict, status, { body: signed.isProbe ? null : content }) });
  const { status: said, ...rest } = answer;
  return { signed, verdict, outcome: client.accept(signed, said, rest) };
}
