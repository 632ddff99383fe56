// What a page does with a websocket: the ticket is its first frame. Built by webpack.

import { openSocket } from 'oscartoki/session';
import { Client, OscarError, Secret, doorKind } from 'oscartoki';

globalThis.openSocket = openSocket;
globalThis.signs = () => {
  const client = new Client({ secret: Secret.fromBytes(Uint8Array.from({ length: 32 }, (_, at) => at)), audience: 'api.example.com' });
  try {
    client.sign('get', 'api.example.com', '/');
    return 'signed';
  } catch (error) {
    return `${doorKind()} ${client.kid} ${error instanceof OscarError} ${error.name}`;
  }
};
