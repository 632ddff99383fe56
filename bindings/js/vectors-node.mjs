// vectors-node.mjs FILE...: every case through each door that this machine has. A case that fails in one of them fails.

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const [, self, ...files] = process.argv;

function read(file) {
  try {
    const cases = JSON.parse(readFileSync(file, 'utf8')).cases;
    if (!Array.isArray(cases)) throw new Error('no cases');
    return { cases };
  } catch (error) {
    console.error(`${file}: ${error.message}`);
    process.exit(2);
  }
}

if (process.env.OSCARTOKI_VECTORS_CHILD) {
  const { run, door } = await import('./vectors.mjs');
  const told = files.map((file) => run(file, read(file)));
  process.stdout.write(JSON.stringify({ door: door(), told }));
} else {
  for (const file of files) read(file);
  const prebuilt = fileURLToPath(new URL(`./node_modules/oscartoki/prebuilt/oscartoki-${process.platform}-${process.arch}.node`, import.meta.url));
  const doors = existsSync(prebuilt) ? ['wasm', 'addon'] : ['wasm'];
  const results = doors.map((door) => {
    const env = { ...process.env, OSCARTOKI_DOOR: door, OSCARTOKI_VECTORS_CHILD: '1' };
    const { status, stdout, stderr } = spawnSync(process.execPath, [self, ...files], { env, maxBuffer: 1 << 28, encoding: 'utf8' });
    if (status !== 0) {
      console.error(stderr);
      process.exit(status === 2 ? 2 : 1);
    }
    return { door, ...JSON.parse(stdout) };
  });
  let [passed, failed] = [0, 0];
  files.forEach((_, index) => {
    const [first] = results;
    const failing = new Set();
    const total = first.told[index].passed + first.told[index].failures.length;
    for (const { door, told } of results) {
      for (const line of told[index].failures) {
        failing.add(line.split(': got ')[0]);
        console.log(results.length > 1 ? `${line} (${door})` : line);
      }
    }
    failed += failing.size;
    passed += total - failing.size;
  });
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed > 0 ? 1 : 0);
}
