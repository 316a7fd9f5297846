// Signing in with OpenID Connect, at a provider that others wrote (npm `oidc-provider`), started and stopped by this test.
import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Provider } from 'oidc-provider';
import { openBrowser, startTown } from './town.mjs';

const client = { client_id: 'opensit', client_secret: 'a secret of this test alone' };
const people = {
  ivo: { name: 'Ivo Cittadino', email: 'ivo@example.it', email_verified: true },
  rita: { name: 'Rita del Comune', email: 'rita@example.it', email_verified: true },
};
/** Keys are fetched again when a token names an unknown one, but not more often than this. */
const keysAreKept = 31_000;

let provider, town, folder;

before(async () => {
  provider = await startProvider();
  folder = mkdtempSync(join(tmpdir(), 'opensit-oidc-'));
  process.env.OPENSIT_CONFIG = join(folder, 'opensit.toml');
  writeFileSync(
    process.env.OPENSIT_CONFIG,
    `[[oidc]]
id = "prova"
title = { it = "Provider di prova", en = "Provider for tests" }
issuer = "${provider.issuer}"
client_id = "${client.client_id}"
client_secret = "${client.client_secret}"
open_to_citizens = true
trust_email = true
`,
  );
  town = await startTown();
  provider.rotate();
}, { timeout: 180_000 });

after(async () => {
  await provider?.stop();
  await town?.stop();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

/** A provider on a port of its own. `rotate` gives it a new key pair and forgets the old one. */
async function startProvider() {
  let handle = (_, response) => response.writeHead(503).end();
  const server = createServer((request, response) => handle(request, response));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  const issuer = `http://127.0.0.1:${port}`;
  const keys = [];
  return {
    issuer,
    keys,
    rotate() {
      const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
      const kid = randomUUID();
      keys.push(kid);
      const made = new Provider(issuer, {
        clients: [{ ...client, redirect_uris: [`${town.url}/auth/oidc/callback`], response_types: ['code'], grant_types: ['authorization_code'] }],
        jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' }] },
        cookies: { keys: ['a key of this test alone'] },
        pkce: { required: () => true },
        claims: { openid: ['sub'], profile: ['name'], email: ['email', 'email_verified'] },
        // with the first keys name and address are told at `userinfo` alone, as most providers do, with the second in the token too
        conformIdTokenClaims: keys.length === 1,
        findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...people[id] }) }),
      });
      handle = made.callback();
    },
    stop() {
      const ended = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      return ended;
    },
    async start() {
      await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
    },
  };
}

/** Who somebody is at the provider, told by its own pages; then the browser comes back. */
async function sayWho(page, login) {
  await page.waitForURL(`${provider.issuer}/**`);
  await page.locator('input[name=login]').fill(login);
  await page.locator('input[name=password]').fill('anything does');
  await page.getByRole('button', { name: 'Sign-in' }).click();
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.waitForURL(`${town.url}/**`);
}

async function signIn(page, login) {
  await page.goto(`${town.url}/auth/sign-in?lang=it&next=/auth/me`);
  await page.getByRole('link', { name: 'Entra con Provider di prova' }).click();
  await sayWho(page, login);
}

const me = (page) => page.evaluate(async () => (await fetch('/auth/me')).json());

async function inBrowser(act) {
  const { browser, page } = await openBrowser();
  try {
    return await act(page);
  } finally {
    await browser.close();
  }
}

/** A browser made by hand: it keeps cookies and follows nothing. */
function byHand() {
  const jar = new Map();
  return {
    jar,
    async ask(address, options = {}) {
      const { host } = new URL(address);
      const cookies = jar.get(host) ?? jar.set(host, new Map()).get(host);
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      const answer = await fetch(address, { redirect: 'manual', ...options, headers: { accept: 'text/html', ...options.headers, cookie } });
      for (const set of answer.headers.getSetCookie()) {
        const [, name, value] = /^([^=]+)=([^;]*)/.exec(set);
        if (value) cookies.set(name, value);
        else cookies.delete(name);
      }
      return answer;
    },
    /** To the provider's first page: where that is, and what was asked of it. */
    async begin() {
      const answer = await this.ask(`${town.url}/auth/oidc/start?source=prova`);
      assert.equal(answer.status, 303);
      return new URL(answer.headers.get('location'));
    },
    /** Through the provider's pages: the address that leads back, with the code in it. */
    async consent(asked, login) {
      let at = asked.href;
      for (let step = 0; step < 12 && !at.startsWith(town.url); step++) {
        const answer = await this.ask(at);
        if (answer.status === 200) {
          const page = await answer.text();
          const prompt = /name="prompt" value="(\w+)"/.exec(page)[1];
          const form = new URLSearchParams({ prompt, login, password: 'anything does' });
          const sent = await this.ask(/action="([^"]+)"/.exec(page)[1], { method: 'POST', body: form });
          at = new URL(sent.headers.get('location'), at).href;
        } else {
          at = new URL(answer.headers.get('location'), at).href;
        }
      }
      assert.ok(at.startsWith(`${town.url}/auth/oidc/callback?`), at);
      return new URL(at);
    },
    async role() {
      return (await (await this.ask(`${town.url}/auth/me`, { headers: { accept: 'application/json' } })).json()).role;
    },
  };
}

/** As the administrator of the demo, by hand. */
async function administer(path, body) {
  const hand = byHand();
  const headers = { 'sec-fetch-site': 'same-origin', 'content-type': 'application/json', accept: 'application/json' };
  assert.equal((await hand.ask(`${town.url}/auth/demo/administrator`, { method: 'POST', headers, body: '{}' })).ok, true);
  const answer = await hand.ask(`${town.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  assert.equal(answer.status, 201, await answer.clone().text());
  return answer.json();
}

let signedInAt;

test('whoever the provider knows is signed in, an officer by a verified address', async () => {
  await administer('/admin/accounts', { name: 'Rita', email: people.rita.email, role: 'officer', comuni: ['080901'] });
  await inBrowser(async (page) => {
    await signIn(page, 'ivo');
    signedInAt = Date.now();
    const { signed_in, role, name } = await me(page);
    assert.deepEqual({ signed_in, role, name }, { signed_in: true, role: 'citizen', name: people.ivo.name });
    const cookies = await page.context().cookies(town.url);
    const session = cookies.find((cookie) => cookie.name === '__Host-opensit');
    assert.ok(session.httpOnly && session.secure && session.sameSite === 'Lax', JSON.stringify({ ...session, value: '…' }));
    assert.ok(!cookies.some((cookie) => cookie.name === '__Host-opensit-flow'), 'the flow is over');
  });
  await inBrowser(async (page) => {
    await signIn(page, 'rita');
    const { role, comuni } = await me(page);
    assert.deepEqual({ role, comuni }, { role: 'officer', comuni: ['080901'] });
  });
});

test('a code is good once, and only with the verifier that it was asked with', async () => {
  const hand = byHand();
  const asked = await hand.begin();
  assert.equal(asked.searchParams.get('code_challenge_method'), 'S256');
  assert.ok(asked.searchParams.get('state') && asked.searchParams.get('nonce'));
  const back = await hand.consent(asked, 'ivo');
  assert.equal((await hand.ask(back.href)).status, 303);
  assert.equal(await hand.role(), 'citizen');
  assert.equal((await hand.ask(back.href)).status, 401, 'the same address again');

  // the code that was used, in a sign-in that was really begun
  const again = byHand();
  const state = (await again.begin()).searchParams.get('state');
  const replay = (code, with_) => `${town.url}/auth/oidc/callback?${new URLSearchParams({ code, state: with_, iss: provider.issuer })}`;
  assert.equal((await again.ask(replay(back.searchParams.get('code'), state))).status, 401);
  assert.equal(await again.role(), 'anonymous');

  // a code that is fresh, but was asked with the verifier of another sign-in: injected by who caught it
  const [victim, thief] = [byHand(), byHand()];
  const caught = (await victim.consent(await victim.begin(), 'ivo')).searchParams.get('code');
  const own = (await thief.begin()).searchParams.get('state');
  assert.equal((await thief.ask(replay(caught, own))).status, 401);
  assert.equal(await thief.role(), 'anonymous');

  // that it is the verifier which the provider refuses, and that with the right one it would not
  for (const [verifier, status] of [['w'.repeat(43), 400], ['r'.repeat(43), 200]]) {
    const direct = byHand();
    const address = await direct.begin();
    address.searchParams.set('code_challenge', createHash('sha256').update('r'.repeat(43)).digest('base64url'));
    const code = (await direct.consent(address, 'ivo')).searchParams.get('code');
    const form = { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: `${town.url}/auth/oidc/callback` };
    const basic = Buffer.from(`${client.client_id}:${encodeURIComponent(client.client_secret)}`).toString('base64');
    const answer = await fetch(`${provider.issuer}/token`, { method: 'POST', body: new URLSearchParams(form), headers: { authorization: `Basic ${basic}` } });
    assert.equal(answer.status, status, await answer.text());
  }

  // without the cookie of who began, or with another state, nobody is signed in
  const [honest, other] = [byHand(), byHand()];
  const address = await honest.consent(await honest.begin(), 'ivo');
  assert.equal((await other.ask(address.href)).status, 401);
  address.searchParams.set('state', 'another');
  assert.equal((await honest.ask(address.href)).status, 401);
  assert.deepEqual([await honest.role(), await other.role()], ['anonymous', 'anonymous']);
});

test('the provider changes its keys, and people still sign in', { timeout: 120_000 }, async () => {
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, signedInAt + keysAreKept - Date.now())));
  provider.rotate();
  const published = (await (await fetch(`${provider.issuer}/jwks`)).json()).keys.map((key) => key.kid);
  assert.deepEqual(published, [provider.keys.at(-1)]);
  assert.equal(new Set(provider.keys).size, 2);
  await inBrowser(async (page) => {
    await signIn(page, 'ivo');
    assert.equal((await me(page)).name, people.ivo.name);
  });
});

test('while the provider is away sessions and keys go on, and who wants to sign in is told', { timeout: 120_000 }, async () => {
  const { key } = await administer('/admin/keys', { name: 'desk', scope: 'read', layers: ['tree_inspections'], comuni: ['080901'] });
  const withKey = async () => (await fetch(`${town.url}/collections/tree_inspections/items?limit=1`, { headers: { 'x-api-key': key } })).status;
  await inBrowser(async (page) => {
    await signIn(page, 'rita');
    assert.equal((await me(page)).role, 'officer');
    assert.equal(await withKey(), 200);
    // somebody who is half-way when it goes away
    const half = byHand();
    const back = await half.consent(await half.begin(), 'ivo');
    await provider.stop();
    const stranded = await half.ask(back.href);
    assert.equal(stranded.status, 503);
    assert.match(await stranded.text(), /Provider di prova non risponde adesso/);

    const protectedRows = () => page.evaluate(async () => (await fetch('/collections/tree_inspections/items?limit=1')).status);
    assert.equal((await me(page)).role, 'officer');
    assert.deepEqual([await protectedRows(), await withKey()], [200, 200]);
    // also a program that was never answered by it
    await town.killAndRestart();
    assert.equal((await me(page)).role, 'officer');
    assert.deepEqual([await protectedRows(), await withKey()], [200, 200]);
    await inBrowser(async (stranger) => {
      await stranger.goto(`${town.url}/auth/sign-in?lang=it`);
      await stranger.getByRole('link', { name: 'Entra con Provider di prova' }).click();
      await stranger.getByRole('alert').filter({ hasText: 'Provider di prova non risponde adesso' }).waitFor();
      await stranger.getByRole('link', { name: "Torna all'accesso" }).click();
      await stranger.getByRole('heading', { name: 'Con password e codice' }).waitFor();
    });
  });
  await provider.start();
  await new Promise((resolve) => setTimeout(resolve, 5_500));
  await inBrowser(async (page) => {
    await signIn(page, 'ivo');
    assert.equal((await me(page)).role, 'citizen');
  });
});
