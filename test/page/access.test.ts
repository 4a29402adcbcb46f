import { describe, expect, test } from 'vitest';
import { expectVisible, hasBrowser, openPage } from '../support/browser.ts';
import { sdkFor, startServe, writeRaw } from '../support/serve.ts';

const token = 'a-token-of-more-than-32-characters-0123456789';
const env = { ASSISTANTS_MODEL_API: 'scripted', ASSISTANTS_TOKEN: token };
const anyAddress = ['--host', '0.0.0.0', '--allowed-hosts', '127.0.0.1'];
const refusals = /status of 401/u;

const loopback = ({ port }: { port: number }) => `http://127.0.0.1:${port}`;

describe.skipIf(!hasBrowser)('access to the page', { timeout: 90_000 }, () => {
  test.each([
    ['on loopback', []],
    ['on an address that others can reach', anyAddress],
  ])('asks for the token once, %s', async (_, argv) => {
    const served = await startServe({ env, argv });
    const page = await openPage(loopback(served), { expectedErrors: refusals });
    const field = page.getByLabel(/Token of this server/u);
    await field.fill('a wrong token');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText('The server does not accept this token.').waitFor();
    await field.fill(token);
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText('Start here').waitFor();
    expect(page.url()).not.toContain(token);
    expect(await page.evaluate('document.cookie + JSON.stringify(localStorage)')).toBe('{}');
    await page.reload();
    await page.getByText('Start here').waitFor();
  });

  test('needs no token where the server has none', async () => {
    const served = await startServe();
    const page = await openPage(served.url);
    await expectVisible(page.getByText('Start here'));
  });

  test('hides on a read-only server what writes', async () => {
    const served = await startServe({ argv: ['--read-only'] });
    const page = await openPage(served.url);
    await page.getByText('read-only').waitFor();
    expect(await page.getByRole('button', { name: 'Make a sample assistant' }).count()).toBe(0);
    expect(await page.getByLabel('Message', { exact: true }).count()).toBe(0);
    await page.goto(`${served.url}/#/assistants/new`);
    await page.getByText('This assistant does not exist').waitFor();
    expect(await page.getByRole('button', { name: /Create|Save|Delete/u }).count()).toBe(0);
  });
});

describe('the files of the page', () => {
  test('are public on loopback, the data are not', async () => {
    const served = await startServe({ env });
    for (const path of ['/', '/page/app.js', '/page/app.css', '/page/config.json']) {
      expect((await fetch(served.url + path)).status).toBe(200);
    }
    expect((await fetch(`${served.url}/v1/threads`)).status).toBe(401);
  });

  test('need the token on an address that others can reach, except the login', async () => {
    const served = await startServe({ env, argv: anyAddress });
    const url = loopback(served);
    const statusOf = async (path: string, headers = {}) =>
      (await fetch(url + path, { headers })).status;
    for (const path of ['/', '/page/login.js', '/page/login.css', '/page/icon.svg']) {
      expect(await statusOf(path)).toBe(200);
    }
    for (const path of ['/page/app.js', '/page/app.css', '/page/config.json', '/page/unknown']) {
      expect(await statusOf(path)).toBe(401);
    }
    const headers = { authorization: `Bearer ${token}` };
    expect(await statusOf('/page/app.js', headers)).toBe(200);
  });

  test('carry a policy without exceptions', async () => {
    const served = await startServe();
    for (const path of ['/', '/page/app.js']) {
      const { headers } = await fetch(served.url + path);
      const policy = headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toMatch(/unsafe|https?:|\*/u);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
    }
    expect(await (await fetch(served.url)).text()).not.toMatch(/<script>|<style|style=| on\w+=/u);
  });

  test('are compressed for those who accept it', async () => {
    const served = await startServe();
    const response = await writeRaw(served, [
      'GET /page/app.js HTTP/1.1',
      'Host: localhost',
      'Accept-Encoding: gzip, br',
    ]);
    expect(response.headers.get('content-encoding')).toBe('br');
    expect(Number(response.headers.get('content-length'))).toBeLessThan(250_000);
    const plain = await writeRaw(served, ['GET /page/app.js HTTP/1.1', 'Host: localhost']);
    expect(plain.headers.get('content-encoding')).toBeNull();
  });

  test.each([
    '/page/../cli.js',
    '/page/..%2fcli.js',
    '/page/index.html',
    '/page/',
    '/page/toString',
  ])('are no others than those of the page: %s', async (path) => {
    const served = await startServe();
    const response = await writeRaw(served, [`GET ${path} HTTP/1.1`, 'Host: localhost']);
    expect(response.status).toBe(404);
  });

  test('can only be read', async () => {
    const served = await startServe();
    expect((await fetch(served.url, { method: 'POST' })).status).toBe(405);
    const head = await fetch(`${served.url}/page/app.js`, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
  });

  test('can be reached by a link of another site, the data cannot', async () => {
    const served = await startServe();
    await sdkFor(served).beta.threads.create();
    const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
    expect((await fetch(served.url, { headers })).status).toBe(200);
    expect((await fetch(`${served.url}/v1/threads`, { headers })).status).toBe(403);
    const foreign = await writeRaw(served, ['GET / HTTP/1.1', 'Host: evil.example']);
    expect(foreign.status).toBe(403);
  });
});
