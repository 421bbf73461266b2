// The console in a real browser, at a real server, with a session that an agent is recording on a
// desktop with real applications. Run by `cargo xtask test`.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CONSOLE, launch, newPage, signInFirst } from '../browser.mjs';

const WANTED = process.env.EIDETIC_WANTED_TITLE;

let browser;
let page;
const errors = [];

before(async () => {
  browser = await launch();
  page = await newPage(browser);
  page.on('pageerror', (error) => errors.push(error.message));
});

after(() => browser?.close());

test('nothing is shown before the sign-in, and the one-time password must be replaced', async () => {
  await page.goto(`${CONSOLE}/sessions`);
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
  await signInFirst(page);
  assert.equal(await page.title(), 'Search · Eidetic');
});

test('a word of a title finds its records, newest first', async () => {
  await searchFor(WANTED);
  const rows = resultRows();
  await rows.first().waitFor();
  for (const text of await rows.allInnerTexts()) assert.match(text, new RegExp(WANTED));
});

test('a search is a link that finds the same again', async () => {
  const link = page.url();
  assert.match(link, /\/search\?/);
  const other = await page.context().newPage();
  await other.goto(link);
  await other.getByRole('grid', { name: 'Results' }).getByText(WANTED).first().waitFor();
  await other.close();
});

test('a search without hits says so', async () => {
  await searchFor('no such words anywhere');
  await page
    .getByText(/no records/i)
    .first()
    .waitFor();
});

test('a value of a record can be excluded', async () => {
  await searchFor(WANTED);
  await resultRows().first().click();
  await page.getByRole('button', { name: /^Exclude Who/ }).click();
  await page.getByRole('list', { name: 'Filters' }).getByText(/Who/).waitFor();
  await page
    .getByText(/no records/i)
    .first()
    .waitFor();
  await page.getByRole('button', { name: /^Remove filter Who/ }).click();
  await resultRows().first().waitFor();
});

test('a row opens the player at its moment', async () => {
  await searchFor(WANTED);
  const row = resultRows().last();
  await row.click();
  await page.getByRole('link', { name: 'Show video' }).click();
  await page.waitForURL(/\/sessions\/[^?]+\?.*t=\d+/);
  const wanted = Number(new URL(page.url()).searchParams.get('t'));
  await pictureAt(wanted);
  assert.ok((await colours()) > 20, 'the canvas shows a desktop');
});

test('a click on an activity seeks to it, and the list moves with the video', async () => {
  const activity = page.getByRole('listbox', { name: 'Activities' }).getByRole('option').first();
  await activity.click();
  const position = await positionUs();
  await page.keyboard.press('n');
  await page.waitForFunction(
    (before) => Number(document.querySelector('[aria-label="Player"]').dataset.positionUs) > before,
    position,
  );
  const list = page.getByRole('listbox', { name: 'Activities' });
  await list.getByRole('option', { selected: true }).waitFor();
});

test('everything has a key, and ? shows them', async () => {
  await page.keyboard.press('?');
  const help = page.getByRole('dialog');
  await help.getByText('Play or pause').waitFor();
  await page.keyboard.press('Escape');
  await help.waitFor({ state: 'hidden' });

  await page.keyboard.press('0');
  const start = await positionUs();
  await page.keyboard.press('ArrowRight');
  assert.equal(Math.round((await positionUs()) - start), 5_000_000);
  await page.keyboard.press('ArrowLeft');
  assert.equal(Math.round((await positionUs()) - start), 0);
});

test('playing moves on, at the chosen speed', async () => {
  await page.keyboard.press('0');
  await page.getByLabel('Speed').selectOption('8');
  const start = await positionUs();
  await page.getByRole('button', { name: 'Play', exact: true }).click();
  await page.waitForFunction(
    (wanted) => Number(document.querySelector('[aria-label="Player"]').dataset.positionUs) > wanted,
    start + 6_000_000,
  );
  await page.getByRole('button', { name: 'Pause' }).click();
});

test('a running session is watched with at most two seconds of delay', async () => {
  await page.goto(`${CONSOLE}/sessions`);
  const session = page.getByRole('list', { name: 'Sessions' }).getByRole('link').first();
  await page.getByText('Running').first().waitFor();
  await session.click();
  await page.getByRole('button', { name: 'Live' }).waitFor();
  // Something changes about each second; the freshest pictures seen in a while tell the delay.
  const least = await page.evaluate(async () => {
    const player = document.querySelector('[aria-label="Player"]');
    let least = Infinity;
    for (let turn = 0; turn < 150; turn += 1) {
      await new Promise((done) => setTimeout(done, 100));
      const frameUs = Number(player.dataset.frameUs);
      if (frameUs > 0) least = Math.min(least, Date.now() * 1000 - frameUs);
    }
    return least / 1e6;
  });
  assert.ok(least < 2, `the picture is ${least} s old`);
});

test('a running session can be followed into the past and back', async () => {
  await page.keyboard.press('Home');
  await page.waitForFunction(
    () =>
      Date.now() * 1000 -
        Number(document.querySelector('[aria-label="Player"]').dataset.positionUs) >
      20e6,
  );
  await page.keyboard.press('l');
  await page.waitForFunction(
    () =>
      Date.now() * 1000 -
        Number(document.querySelector('[aria-label="Player"]').dataset.positionUs) <
      3e6,
  );
});

test('sessions are listed with a thumbnail and their applications', async () => {
  await page.goto(`${CONSOLE}/sessions`);
  const list = page.getByRole('list', { name: 'Sessions' });
  await list.getByText('XTerm').first().waitFor();
  await page.waitForFunction(() => {
    const picture = document.querySelector('ul[aria-label="Sessions"] img');
    return picture !== null && picture.complete && picture.naturalWidth > 100;
  });
});

test('computers are listed as online, and a new one gets a token', async () => {
  await page.goto(`${CONSOLE}/computers`);
  await page
    .getByRole('table', { name: 'Computers' })
    .getByText(/online/i)
    .first()
    .waitFor();
  await page.getByRole('button', { name: 'Add a computer' }).first().click();
  await page.getByRole('button', { name: 'Make a token' }).click();
  await page
    .getByText(/eidetic1\.[A-Za-z0-9_-]{80,}/)
    .first()
    .waitFor();
  await page.keyboard.press('Escape');
});

test('a session that does not exist is said not to', async () => {
  await page.goto(`${CONSOLE}/sessions/00000000-0000-7000-8000-000000000000`);
  await page.getByText('There is no such session').waitFor();
});

test('no page threw an error', () => {
  assert.deepEqual(errors, []);
});

async function searchFor(text) {
  await page.goto(`${CONSOLE}/search`);
  await page.getByRole('searchbox', { name: 'Search text' }).fill(text);
  await page.keyboard.press('Enter');
}

function resultRows() {
  return page.getByRole('grid', { name: 'Results' }).getByRole('row').filter({ hasText: WANTED });
}

async function positionUs() {
  return Number(await page.getByLabel('Player', { exact: true }).getAttribute('data-position-us'));
}

/** Waits until a picture is drawn that was on the screen at this time. */
async function pictureAt(timeUs) {
  await page.waitForFunction((wanted) => {
    const frameUs = Number(document.querySelector('[aria-label="Player"]')?.dataset.frameUs);
    return frameUs > 0 && frameUs <= wanted + 1e6;
  }, timeUs);
}

/** How many different colours the page's picture of the screen has. */
async function colours() {
  const png = await page.getByRole('img', { name: 'Screen of display 1' }).screenshot();
  return page.evaluate(async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    const context = canvas.getContext('2d');
    context.drawImage(bitmap, 0, 0);
    const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
    return new Set(new Uint32Array(data.buffer)).size;
  }, png.toString('base64'));
}
