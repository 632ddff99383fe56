// The README's quickstart, as it stands there.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

test('the quickstart of the README', async () => {
  const readme = readFileSync(new URL('./README.md', import.meta.url), 'utf8');
  const [, program] = /```js quickstart\n([^]*?)```/.exec(readme);
  // A port that is free here.
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  const file = new URL('./quickstart.mjs', import.meta.url);
  writeFileSync(file, program.replaceAll('8123', `${port}`));
  const { status, stdout, stderr } = spawnSync(process.execPath, [fileURLToPath(file)], { encoding: 'utf8', timeout: 30_000 });
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^[0-9a-f]{16} sent 10\n404\n409\n$/);
});
