// vectors-browser.mjs FILE...: every case in a page of headless Chromium, which loads the installed package as it stands, unbundled.

import { readFileSync } from 'node:fs';
import { withPage } from './page.mjs';

const files = process.argv.slice(2);
const given = files.map((file) => {
  try {
    const { cases } = JSON.parse(readFileSync(file, 'utf8'));
    if (!Array.isArray(cases)) throw new Error('no cases');
    return { file, cases };
  } catch (error) {
    console.error(`${file}: ${error.message}`);
    process.exit(2);
  }
});

const told = await withPage({}, async (page) => {
  await page.addScriptTag({ type: 'module', content: "import { run } from '/vectors.mjs'; globalThis.run = run;" });
  await page.waitForFunction(() => globalThis.run !== undefined);
  const all = [];
  for (const one of given) all.push(await page.evaluate(({ file, cases }) => globalThis.run(file, { cases }), one));
  return all;
});

let [passed, failed] = [0, 0];
for (const result of told) {
  passed += result.passed;
  failed += result.failures.length;
  for (const line of result.failures) console.log(line);
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
