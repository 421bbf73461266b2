// The player by keyboard.

import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { CONSOLE } from '../browser.mjs';
import { BUSY_DISPLAY } from '../pages/desktop.mjs';
import { PlayerPage } from '../pages/player.mjs';
import { openSignedIn, sessionOn } from '../pages/signed-in.mjs';

let browser;
let page;
let complaints;
let player;
let startUs;

before(async () => {
  ({ browser, page, complaints } = await openSignedIn());
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  player = new PlayerPage(page);
  const { id, start_us } = await sessionOn(page, BUSY_DISPLAY);
  startUs = start_us;
  await player.open(id, startUs + 5e6);
});
after(() => browser?.close());

beforeEach(async () => {
  await player.press('0');
  await player.position('at', startUs);
});

test('? shows all keys', async () => {
  await player.press('?');
  const help = page.getByRole('dialog');
  await help.getByText('Play or pause').waitFor();
  await page.keyboard.press('Escape');
  await help.waitFor({ state: 'hidden' });
});

test('arrows move by five seconds, and by a minute', async () => {
  await player.press('ArrowRight');
  await player.position('at', startUs + 5e6);
  await player.press('ArrowRight');
  await player.press('ArrowLeft');
  await player.position('at', startUs + 5e6);
  await player.press('Shift+ArrowLeft');
  await player.position('at', startUs);
});

test('digits, Home and End move along the session', async () => {
  const { endUs } = await state();
  await player.press('5');
  const middleUs = await player.positionUs();
  assert.ok(Math.abs(middleUs - (startUs + endUs) / 2) < 5e6);
  await player.press('End');
  await player.position('after', middleUs + (endUs - middleUs) * 0.9);
  await player.press('Home');
  await player.position('at', startUs);
});

test('space and k play and pause', async () => {
  for (const key of [' ', 'k']) {
    await player.press(key);
    await page.getByRole('button', { name: 'Pause' }).waitFor();
    await player.press(key);
    await page.getByRole('button', { name: 'Play', exact: true }).waitFor();
  }
});

test('full stop and comma show the next and the previous picture', async () => {
  await player.press('ArrowRight');
  await player.pictureUpTo(startUs + 5e6);
  const frames = [await player.frameUs()];
  for (let turn = 0; turn < 3; turn += 1) {
    await player.press('.');
    await player.position('after', Math.max(startUs + 5e6, frames.at(-1)));
    frames.push(await player.frameUs());
  }
  assert.deepEqual(
    frames,
    frames.toSorted((a, b) => a - b),
  );
  assert.equal(new Set(frames).size, 4);
  // Each picture stands at its own time.
  assert.equal(await player.positionUs(), frames[3]);
  await player.press(',');
  await player.position('at', frames[2]);
  await player.press(',');
  await player.position('at', frames[1]);
  assert.equal(await player.frameUs(), frames[1]);
});

test('n and p go to the next and the previous activity', async () => {
  await player.press('n');
  await player.position('after', startUs);
  const first = await player.positionUs();
  await player.press('n');
  await player.position('after', first);
  await player.press('p');
  await player.position('at', first);
});

test('< and > change the speed', async () => {
  const speed = page.getByLabel('Speed');
  await player.press('>');
  assert.equal(await speed.inputValue(), '2');
  for (let turn = 0; turn < 9; turn += 1) await player.press('>');
  assert.equal(await speed.inputValue(), '32');
  for (let turn = 0; turn < 9; turn += 1) await player.press('<');
  assert.equal(await speed.inputValue(), '0.5');
  await player.press('>');
  assert.equal(await speed.inputValue(), '1');
});

test('idle time is skipped unless i is pressed', async () => {
  const skip = page.getByRole('checkbox', { name: 'Skip idle' });
  assert.ok(await skip.isChecked());
  await player.press('i');
  await page.getByText('Idle time is played').waitFor();
  assert.ok(!(await skip.isChecked()));
  await player.press('i');
  assert.ok(await skip.isChecked());
});

test('z shows the picture in its own size, and as large as fits', async () => {
  const width = async () => Math.round((await player.screen(1).boundingBox()).width);
  const fitting = await width();
  await player.press('z');
  await page.getByRole('button', { name: 'Actual size', pressed: true }).waitFor();
  assert.equal(await width(), 1920);
  await player.press('z');
  await page.getByRole('button', { name: 'Actual size', pressed: false }).waitFor();
  assert.equal(await width(), fitting);
});

test('f fills the screen, and leaves it', async () => {
  await player.press('f');
  await page.waitForFunction(() => document.fullscreenElement?.ariaLabel === 'Player');
  await player.press('f');
  await page.waitForFunction(() => document.fullscreenElement === null);
});

test('c copies a link to the moment, which opens it', async () => {
  await player.press('ArrowRight');
  await player.position('at', startUs + 5e6);
  await player.press('c');
  await page.getByText('Link to this moment copied').waitFor();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  assert.ok(link.startsWith(CONSOLE.replace(/\/$/, '')), link);
  assert.equal(new URL(link).searchParams.get('t'), String(startUs + 5e6));
  const other = await page.context().newPage();
  await other.goto(link);
  await new PlayerPage(other).position('at', startUs + 5e6);
  await other.close();
});

test('/ goes to the filter of the activities', async () => {
  await player.press('/');
  await page.waitForFunction(() => document.activeElement?.ariaLabel === 'Filter activities');
  await page.keyboard.type('n');
  assert.equal(await player.positionUs(), startUs, 'what is typed is no command');
  await page.keyboard.press('Backspace');
  await page.keyboard.press('Escape');
});

test('the page had nothing to complain of', () => assert.deepEqual(complaints, []));

function state() {
  return page.evaluate(() => {
    const { startUs, endUs, positionUs } = window.eideticPlayer.state;
    return { startUs, endUs, positionUs };
  });
}
