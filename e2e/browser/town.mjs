// Drives the built program and a real browser: given a town, when somebody does this, then the page shows that.
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

const program = new URL('../../target/debug/opensit', import.meta.url).pathname;
const flags = ['--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

/** The small demo town, served until `stop`: a copy of the one that `scripts/test` has built, or built here if a test is run by itself. */
export async function startTown() {
  if (!existsSync(program)) throw new Error(`${program} is missing: run \`cargo build --workspace\` first`);
  const folder = mkdtempSync(join(tmpdir(), 'opensit-browser-'));
  // as root the database runs as another user, who must be able to enter
  chmodSync(folder, 0o711);
  const data = join(folder, 'data');
  const built = process.env.OPENSIT_TEST_TOWN;
  if (built) execFileSync('cp', ['-a', '--reflink=auto', built, data]);
  let server = await serve(data, '127.0.0.1:0');
  const port = new URL(server.url).port;
  return {
    url: server.url,
    psql(sql) {
      const url = execFileSync(program, ['database', 'url', '--data-dir', data], { encoding: 'utf8' }).trim();
      return execFileSync('psql', [url, '-XAtqv', 'ON_ERROR_STOP=1', '-c', sql], { encoding: 'utf8' }).trim();
    },
    async killAndRestart() {
      server.child.kill('SIGKILL');
      await server.ended;
      server = await serve(data, `127.0.0.1:${port}`);
    },
    async stop() {
      server.child.kill('SIGINT');
      await server.ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function serve(data, listen) {
  const child = spawn(program, ['demo', '--size', 'small', '--no-open', '--data-dir', data, '--listen', listen]);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  let log = '';
  child.stderr.on('data', (text) => (log += text));
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const url = /https?:\S+?(?=\/portal\/)/.exec(line);
      if (url) resolve({ child, ended, url: url[0] });
    });
    ended.then(() => reject(new Error(`the program ended: ${log}`)));
  });
}

/** A browser with one page of this size, which notes what it fetched and what went wrong. */
export async function openBrowser(size = { width: 1280, height: 800 }, options = {}) {
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: flags });
  const context = await browser.newContext({ viewport: size, locale: 'it-IT', ...options });
  const page = await context.newPage();
  const seen = { requests: [], errors: [] };
  page.on('request', (request) => seen.requests.push(request.url()));
  page.on('response', (response) => response.status() >= 400 && seen.errors.push(`${response.status()} ${response.url()}`));
  page.on('pageerror', (error) => seen.errors.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && seen.errors.push(message.text()));
  return { browser, page, seen };
}

/** Waits until the map has drawn all it knows of. */
export async function mapIsDrawn(page) {
  await page.waitForFunction(() => window.__opensit?.map?.loaded() && window.__opensit.map.areTilesLoaded(), undefined, { timeout: 60_000 });
}
