// Watching sessions as they run.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CONSOLE } from '../browser.mjs';
import {
  BUSY_DISPLAY,
  FREE_PLACE,
  GROUND,
  QUIET_DISPLAY,
  paintGround,
  pause,
} from '../pages/desktop.mjs';
import { PlayerPage } from '../pages/player.mjs';
import { openSignedIn, sessionOn } from '../pages/signed-in.mjs';

let browser;
let page;
let complaints;
let player;

before(async () => {
  ({ browser, page, complaints } = await openSignedIn());
  player = new PlayerPage(page);
});
after(() => browser?.close());

for (const [name, display, shownDisplay] of [
  ['a busy session', BUSY_DISPLAY, 1],
  ['a session where nothing happened before', QUIET_DISPLAY, 2],
]) {
  test(`${name} is watched with at most two seconds of delay`, async (context) => {
    const { id } = await sessionOn(page, display);
    await player.open(id);
    await page.getByRole('button', { name: 'Live', pressed: true }).waitFor();
    const { x, y } = FREE_PLACE;
    await player.seeColour(shownDisplay, x, y, GROUND);

    const delays = [];
    for (const [turn, colour] of COLOURS.entries()) {
      // Not in step with anything that happens once a second.
      await pause(400 + ((turn * 370) % 1000));
      const { beforeUs } = paintGround(display, colour);
      const seenMs = await player.seeColour(shownDisplay, x, y, colour);
      delays.push(seenMs - beforeUs / 1000);
    }
    paintGround(display, GROUND);
    await player.seeColour(shownDisplay, x, y, GROUND);
    context.diagnostic(`milliseconds until a change was seen: ${delays.join(', ')}`);
    assert.equal(await player.player.getAttribute('data-state'), 'live');
    // Once in a while the computer that runs these tests is busy with something else.
    const [, secondWorst] = delays.toSorted((a, b) => b - a);
    assert.ok(secondWorst < 2_000, `changes were seen after ${delays.join(', ')} ms`);
  });
}

test('what happens in a running session appears in its list', async () => {
  const { id } = await sessionOn(page, BUSY_DISPLAY);
  await player.open(id);
  const size = async () =>
    Number(await player.activity(await player.selectedActivity()).getAttribute('aria-setsize'));
  const known = await size();
  await page.waitForFunction(
    (known) =>
      Number(document.querySelector('[role="option"]').getAttribute('aria-setsize')) > known,
    known,
  );
  const newest = await size();
  assert.equal(await player.selectedActivity(), newest);
});

test('a running session can be followed into the past and back', async () => {
  const nowUs = () => Date.now() * 1000;
  await player.press('Home');
  await player.position('before', nowUs() - 20e6);
  assert.equal(await player.player.getAttribute('data-state'), 'paused');
  await page.getByRole('button', { name: 'Live', pressed: false }).waitFor();
  await player.press('l');
  await page.getByRole('button', { name: 'Live', pressed: true }).waitFor();
  await player.position('after', nowUs() - 3e6);
});

test('a running session is found in the list', async () => {
  await page.goto(`${CONSOLE}/sessions`);
  const list = page.getByRole('list', { name: 'Sessions' });
  await list.getByText('Running').first().waitFor();
  await list.getByRole('link').first().click();
  await page.getByRole('button', { name: 'Live', pressed: true }).waitFor();
});

test('the page had nothing to complain of', () => assert.deepEqual(complaints, []));

const COLOURS = [
  [208, 32, 32],
  [32, 208, 32],
  [32, 32, 208],
  [208, 208, 32],
  [208, 32, 208],
  [32, 208, 208],
  [208, 208, 208],
  [32, 32, 32],
];
