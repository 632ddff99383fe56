// A page of an application: it shows its session, and what became of 32 requests that it sends at once to another origin.

import { useState } from 'react';
import { createRoot } from 'react-dom/client';
import { OscarProvider, useOscar } from 'oscartoki/react';

const api = new URLSearchParams(location.search).get('api');

function Transfers() {
  const { fetch, status, sid, error, renew } = useOscar();
  const [told, tell] = useState('');
  const send = async (path, count) => {
    tell('sending');
    const all = await Promise.allSettled(
      Array.from({ length: count }, (_, at) =>
        fetch(`${api}${path}?${at}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ at, text: 'x'.repeat(at * 2000) }) }).then(async (answer) => {
          const { outcome, inSession } = answer.oscartoki;
          const said = await answer.json();
          return `${answer.status} code ${outcome.code} ${outcome.contentAuthentic && inSession && said.at === at ? 'verified' : 'wrong'}`;
        }),
      ),
    );
    const counts = new Map();
    for (const { value, reason } of all) {
      const verdict = value ?? `${reason.name} (may have run: ${reason.mayHaveRun === false ? 'no' : 'yes'})`;
      counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
    }
    tell([...counts].map(([verdict, number]) => `${number} × ${verdict}`).join(', '));
  };
  return (
    <main>
      <p id="status">{status}</p>
      <p id="sid">{sid}</p>
      <p id="error">{error ? `${error.name}` : ''}</p>
      <button id="send" onClick={() => send('/echo', 32)}>send</button>
      <button id="one" onClick={() => send('/echo/one', 1)}>one</button>
      <button id="renew" onClick={() => renew()}>renew</button>
      <output id="told">{told}</output>
    </main>
  );
}

createRoot(document.getElementById('root')).render(
  <OscarProvider handOut={() => fetch('/session', { method: 'POST' }).then((answer) => answer.text())}>
    <Transfers />
  </OscarProvider>,
);
