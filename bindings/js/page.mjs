// A page of headless Chromium on a server of this folder: for the tests and vectors that run in a browser.

import { createServer } from 'node:http';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const TYPES = { '.js': 'text/javascript', '.mjs': 'text/javascript', '.html': 'text/html', '.json': 'application/json', '.css': 'text/css' };
const CSP = "default-src 'self'; script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'; connect-src *";

/** Where Chromium is. */
export function browserPath() {
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'chrome'];
  const found = (process.env.PATH ?? '').split(delimiter).flatMap((folder) => names.map((name) => join(folder, name))).find((path) => existsSync(path));
  if (found === undefined) {
    console.error('there is no Chromium: apt-get install chromium');
    process.exit(1);
  }
  return found;
}

export const launch = () =>
  chromium.launch({
    executablePath: browserPath(),
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });

/** Serves files; `#platform` and the package's name are told to the page by an import map. */
export async function serve(folder = HERE, page = INDEX) {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://page');
    const headers = { 'content-security-policy': CSP, 'cache-control': 'no-store' };
    if (pathname === '/') return response.writeHead(200, { ...headers, 'content-type': 'text/html' }).end(page);
    const file = join(folder, decodeURIComponent(pathname));
    if (!file.startsWith(folder) || !existsSync(file)) return response.writeHead(404, headers).end();
    return response.writeHead(200, { ...headers, 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' }).end(readFileSync(file));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, origin: `http://127.0.0.1:${server.address().port}` };
}

const PLACE = '/node_modules/oscartoki/src';
const INDEX = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>oscartoki</title><script type="importmap">${JSON.stringify({
  imports: { oscartoki: `${PLACE}/index.js`, 'oscartoki/session': `${PLACE}/session.js`, 'oscartoki/toki': `${PLACE}/toki.js`, '#platform': `${PLACE}/platform.js` },
})}</script>`;

/** Runs something in a fresh page. */
export async function withPage({ folder = HERE, page: html = INDEX }, run) {
  const { server, origin } = await serve(folder, html);
  const browser = await launch();
  try {
    const page = await browser.newPage();
    page.on('pageerror', (error) => console.error(`page: ${error.message}`));
    await page.goto(origin);
    return await run(page, { browser, origin });
  } finally {
    await browser.close();
    server.close();
    server.closeAllConnections();
  }
}
