// Looks at the status page in a real browser. Started by test_page.py; prints one JSON object a
// line for each check: {"name", "problem": text or null}.
//
//   node page_checks.mjs TOOLS CHROMIUM SAMPLES SHOTS DAEMON CONTROL
//
// TOOLS holds node_modules with playwright-core and axe-core; SAMPLES what page_sample wrote;
// DAEMON is the address of a running daemon, CONTROL that of its simulated account's control port.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';

const [tools, chromiumPath, samples, shots, daemon, control] = process.argv.slice(2);
const require = createRequire(path.join(tools, 'package.json'));
const { chromium } = require('playwright-core');
const axe = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const limit = 60000;
const phone = { width: 360, height: 760 };
const desktop = { width: 1440, height: 1000 };
const huge = { width: 3840, height: 2160 };

// Serves the sample pages as the daemon would: /NAME is the document, /NAME?part=main what the
// script asks for; `state.later` says whether five seconds have passed.
const state = { name: 'ordinary', later: false, down: false };
const policy = fs.readFileSync(path.join(samples, 'policy.txt'), 'utf8');
const server = http.createServer((request, response) => {
  if (state.down) {
    request.destroy();
    return;
  }
  const part = new URL(request.url, 'http://x').searchParams.get('part');
  const kind = !part ? '' : state.later ? '.later' : '.part';
  response.setHeader('Content-Security-Policy', policy);
  response.setHeader('Content-Type', 'text/html; charset=utf-8');
  response.end(fs.readFileSync(path.join(samples, `${state.name}${kind}.html`)));
}).listen(0, '127.0.0.1');
await new Promise((ready) => server.once('listening', ready));
const sampleAddress = `http://127.0.0.1:${server.address().port}/`;

const browser = await chromium.launch({
  executablePath: chromiumPath,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});

// A page that keeps book of everything it should not do.
async function open(address, { name = 'ordinary', size = desktop, theme = 'light', script = true,
  motion = 'no-preference' } = {}) {
  Object.assign(state, { name, later: false, down: false });
  const context = await browser.newContext({
    viewport: size, colorScheme: theme, javaScriptEnabled: script, reducedMotion: motion });
  const page = await context.newPage();
  page.setDefaultTimeout(limit);
  page.faults = [];
  page.on('console', (message) => page.faults.push(`console: ${message.text()}`));
  page.on('pageerror', (error) => page.faults.push(`error: ${error.message}`));
  page.on('dialog', (dialog) => {
    page.faults.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on('request', (request) => {
    const ours = request.url().startsWith(new URL('/', address).href);
    if (!ours && !request.url().startsWith('data:')) page.faults.push(`asks for ${request.url()}`);
  });
  await page.addInitScript(() => {
    addEventListener('securitypolicyviolation', (event) =>
      console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));
  });
  await page.goto(address);
  return page;
}

async function close(page) {
  const { faults } = page;
  await page.context().close();
  assert.deepEqual(faults, []);
}

// The whole page as a picture; the window grows to it, so that nothing is left undrawn.
async function picture(page, name) {
  const size = page.viewportSize();
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  const whole = Math.min(Math.max(height, size.height), 12000);
  await page.setViewportSize({ width: size.width, height: whole });
  await page.screenshot({ path: path.join(shots, `${name}.png`) });
  await page.setViewportSize(size);
}

const overflow = (page) => page.evaluate(
  () => document.documentElement.scrollWidth - document.documentElement.clientWidth);

// Makes the page ask again, as it does by itself every five seconds, and waits for the answer.
async function refresh(page) {
  const answer = page.waitForResponse((one) => one.url().includes('part=main'));
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  await (await answer).finished();
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done))));
}

// Waits for something to become true; Playwright's own way would need a laxer policy.
async function until(page, condition) {
  const end = Date.now() + limit;
  while (!await page.evaluate(condition)) {
    if (Date.now() > end) throw new Error(`never true: ${condition}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

// Counts what changes in the document, less what ticks by itself.
const watch = (page) => page.evaluate(() => {
  window.changes = [];
  new MutationObserver((records) => {
    for (const record of records) {
      const element = record.target.closest ? record.target : record.target.parentElement;
      if (!element?.closest('time')) {
        window.changes.push(`${record.type} ${record.attributeName ?? ''} ${element?.nodeName}`);
      }
    }
  }).observe(document.getElementById('live'),
    { subtree: true, childList: true, attributes: true, characterData: true });
});
const changes = (page) => page.evaluate(() => window.changes);

async function violations(page) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run(document, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
  return found.violations.map((one) =>
    `${one.id}: ${one.nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(' | ')}`);
}

const order = (method, where, body) =>
  fetch(control + where, { method, body: JSON.stringify(body) });

const checks = {
  async 'nothing is wrong for axe, in light and dark, on a desktop and on a phone'() {
    for (const name of ['busy', 'quiet', 'hostile', 'empty']) {
      for (const [theme, size] of [['light', desktop], ['dark', phone]]) {
        const page = await open(sampleAddress, { name, theme, size });
        assert.deepEqual(await violations(page), [], `${name} ${theme}`);
        await close(page);
      }
    }
    const page = await open(sampleAddress, { name: 'busy', theme: 'dark' });
    assert.deepEqual(await violations(page), [], 'busy dark');
    await close(page);
  },

  async 'it fits every width from 360 pixels to 4K'() {
    for (const name of ['busy', 'hostile', 'empty', 'ordinary']) {
      const page = await open(sampleAddress, { name, size: phone });
      for (const width of [360, 480, 700, 901, 1024, 1101, 1440, 1800, 2560, 3840]) {
        await page.setViewportSize({ width, height: 900 });
        assert.ok(await overflow(page) <= 0, `${name} overflows at ${width}`);
      }
      await close(page);
    }
  },

  async 'pictures are taken of every kind of page'() {
    for (const [name, file, options] of [
      ['busy', 'desktop', {}], ['quiet', 'desktop-quiet', {}],
      ['busy', 'desktop-dark', { theme: 'dark' }], ['busy', 'phone', { size: phone }],
      ['busy', 'phone-dark', { size: phone, theme: 'dark' }], ['thousand', 'thousand', {}],
      ['hostile', 'hostile', {}], ['busy', '4k', { size: huge }],
      ['busy', 'without-script', { script: false }], ['empty', 'empty', {}]]) {
      const page = await open(sampleAddress, { name, ...options });
      await picture(page, file);
      await close(page);
    }
  },

  async 'hostile names and labels are shown and do nothing'() {
    const page = await open(sampleAddress, { name: 'hostile' });
    await refresh(page);
    assert.equal(await page.locator('#live script, #live img, #live iframe').count(), 0);
    assert.ok((await page.locator('#live').innerText()).includes('<script>alert("x")</script>'));
    await close(page);
  },

  async 'an update in which nothing changed touches nothing'() {
    const page = await open(sampleAddress, { name: 'thousand' });
    assert.equal(await page.locator('tbody tr[id^=i]').count(), 1000);
    await watch(page);
    await refresh(page);
    assert.deepEqual(await changes(page), []);
    await close(page);
  },

  async 'an update touches what changed, however many instances there are'() {
    const page = await open(sampleAddress, { name: 'thousand' });
    await watch(page);
    await page.evaluate(() => { document.querySelector('#i1005').dataset.mine = 'yes'; });
    await page.evaluate(() => { window.kept = document.querySelector('#i1006'); });
    state.later = true;
    await refresh(page);
    const made = await changes(page);
    assert.ok(made.length > 0 && made.length < 60, `${made.length} changes`);
    assert.ok(await page.evaluate(() => window.kept.isConnected), 'the row is another one');
    assert.equal(await page.locator('#i1002').count(), 0);
    assert.equal(await page.locator('#i7000000').count(), 1);
    await close(page);
  },

  async 'an update leaves focus, scroll position, marked text and opened details alone'() {
    const page = await open(sampleAddress, { name: 'busy' });
    await page.locator('#alerts summary').first().click();
    await page.locator('#i1047 a').focus();
    await page.evaluate(() => {
      scrollTo(0, document.querySelector('#i1047').getBoundingClientRect().top + scrollY - 300);
      const range = document.createRange();
      range.selectNodeContents(document.querySelector('#i1047 td'));
      getSelection().removeAllRanges();
      getSelection().addRange(range);
    });
    const place = () => page.evaluate(() => ({
      focus: document.activeElement.closest('tr')?.id,
      top: Math.round(document.querySelector('#i1047').getBoundingClientRect().top),
      marked: String(getSelection()),
      open: document.querySelectorAll('#alerts details[open]').length,
    }));
    const before = await place();
    assert.equal(before.focus, 'i1047');
    assert.equal(before.open, 1);
    assert.notEqual(before.marked, '');
    state.later = true;
    await refresh(page);
    assert.equal(await page.locator('#as-of').innerText(), 'as of 2026-11-21 19:04:10 UTC');
    assert.deepEqual(await place(), before);
    await close(page);
  },

  async 'a daemon that does not answer is said so, and forgiven'() {
    const page = await open(sampleAddress);
    state.down = true;
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    await page.locator('#lost', { hasText: 'does not answer' }).waitFor();
    state.down = false;
    await refresh(page);
    await page.locator('#lost').waitFor({ state: 'hidden' });
    page.faults = page.faults.filter((one) => !one.includes('Failed to load resource'));
    await close(page);
  },

  async 'it can be used by keyboard'() {
    const page = await open(sampleAddress);
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.className), 'skip');
    await page.keyboard.press('Enter');
    assert.equal(new URL(page.url()).hash, '#instances');
    await page.keyboard.press('/');
    assert.equal(await page.evaluate(() => document.activeElement.name), 'q');
    const outline = await page.evaluate(
      () => getComputedStyle(document.activeElement).outlineStyle);
    assert.equal(outline, 'solid');
    await close(page);
  },

  async 'search, filters and order are in the address and survive a reload'() {
    const page = await open(daemon);
    const listed = () => page.locator('tbody tr[id^=i] th a').allInnerTexts();
    const settled = (check) => until(page, check);
    await page.locator('input[type=search]').fill('vision');
    await settled(() => location.search === '?q=vision' &&
      [...document.querySelectorAll('.instances tbody tr')].every(
        (row) => row.innerText.includes('vision')));
    assert.equal(await page.evaluate(() => document.activeElement.name), 'q');
    await page.getByLabel('Order').selectOption('name');
    await settled(() => location.search === '?q=vision&sort=name' &&
      document.querySelector('th[aria-sort] a')?.textContent === 'Instance');
    const before = await listed();
    assert.deepEqual(before, [...before].sort());
    assert.ok(before.length > 1);
    await page.reload();
    assert.deepEqual(await listed(), before);
    assert.equal(await page.locator('input[type=search]').inputValue(), 'vision');
    assert.equal(await page.getByLabel('Order').inputValue(), 'name');
    await page.goBack();
    await settled(() => !location.search.includes('sort') &&
      document.querySelector('select[name=sort]').value === 'next');
    await close(page);
  },

  async 'what happens appears by itself'() {
    const page = await open(daemon);
    const search = page.locator('input[type=search]');
    await search.focus();
    const made = await order('POST', '/instance',
      { label: 'speech/<img src=x onerror=alert(1)>', gpu_name: 'H200', dph_base: 99 });
    const { id } = await made.json();
    await page.locator(`#i${id}`).waitFor();
    assert.ok((await page.locator(`#i${id}`).innerText()).includes('<img src=x onerror=alert(1)>'));
    assert.equal(await page.evaluate(() => document.activeElement.name), 'q');
    await picture(page, 'daemon');
    await close(page);
  },

  async 'an instance is explained where it stands in the address'() {
    const page = await open(daemon);
    await page.locator('#i101 a').click();
    await page.locator('#explained', { hasText: 'samples' }).waitFor();
    assert.equal(new URL(page.url()).searchParams.get('instance'), '101');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'explained');
    assert.deepEqual(await violations(page), []);
    await picture(page, 'explained');
    await page.goBack();
    await page.locator('#explained').waitFor({ state: 'detached' });
    await close(page);
  },

  async 'without scripts everything is there, and links and the form put it in order'() {
    const page = await open(daemon, { script: false });
    await page.getByRole('link', { name: 'Costs' }).click();
    assert.equal(new URL(page.url()).searchParams.get('sort'), 'costs');
    const costs = (await page.locator('.instances td.n:nth-child(5)').allInnerTexts())
      .map((text) => Number(text.replace(/[^0-9.]/g, '')));
    assert.deepEqual(costs, [...costs].sort((a, b) => b - a));
    await page.locator('input[type=search]').fill('vision');
    await page.getByRole('button', { name: 'Show' }).click();
    assert.equal(new URL(page.url()).searchParams.get('q'), 'vision');
    assert.ok((await page.locator('.instances tbody tr').count()) > 0);
    await close(page);
  },
};

for (const [name, check] of Object.entries(checks)) {
  let problem = null;
  const begun = Date.now();
  try {
    await check();
  } catch (error) {
    problem = String(error.message ?? error).slice(0, 2000);
  }
  console.log(JSON.stringify({ name, problem, seconds: (Date.now() - begun) / 1000 }));
}
await browser.close();
server.closeAllConnections();
server.close();
