// A service worker that signs what its pages send to the service.

import { SessionKeeper, indexedDbStore, signInWorker } from 'oscartoki/session';

const api = new URL(location.href).searchParams.get('api');
const keeper = new SessionKeeper({ handOut: () => fetch('/session', { method: 'POST' }).then((answer) => answer.text()), store: indexedDbStore('worker') });
signInWorker(keeper, (request) => request.url.startsWith(api));
addEventListener('install', () => skipWaiting());
addEventListener('activate', (event) => event.waitUntil(clients.claim()));
