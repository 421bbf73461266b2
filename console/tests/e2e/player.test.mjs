// Playing a recording: the right picture, in step with the list and the timeline.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CONSOLE } from '../browser.mjs';
import {
  BUSY_DISPLAY,
  FREE_PLACE,
  GROUND,
  QUIET_DISPLAY,
  WANTED_TITLE,
  paintGround,
  pause,
} from '../pages/desktop.mjs';
import { PlayerPage, isColour } from '../pages/player.mjs';
import { activitiesOf, ask, openSignedIn, sessionOn } from '../pages/signed-in.mjs';

let browser;
let page;
let complaints;
let player;
let busy;

before(async () => {
  ({ browser, page, complaints } = await openSignedIn());
  player = new PlayerPage(page);
  busy = await sessionOn(page, BUSY_DISPLAY);
});
after(() => browser?.close());

test('a row opens the player at its moment', async () => {
  const { records } = await ask(page, '/search', { free_text: [WANTED_TITLE], limit: 100 });
  const all = await activitiesOf(page, busy.id);
  const wanted = records.findLast(
    ({ id, moment }) => moment && all.findIndex((a) => a.id === id) > 0,
  );
  const previous = all[all.findIndex(({ id }) => id === wanted.id) - 1];

  await page.goto(`${CONSOLE}/search?text=${encodeURIComponent(WANTED_TITLE)}`);
  const time = new Date(wanted.when_us / 1000).toISOString();
  const row = page.getByRole('row').filter({ has: page.locator(`time[datetime="${time}"]`) });
  await row.first().click();
  await page.getByRole('link', { name: 'Show video' }).click();
  await page.waitForURL(/\/sessions\/[^?]+\?.*t=\d+/);
  assert.equal(Number(new URL(page.url()).searchParams.get('t')), wanted.moment.time_us);
  await player.pictureUpTo(wanted.moment.time_us);
  assert.equal(await player.positionUs(), wanted.moment.time_us);
  const frameUs = await player.frameUs();
  // The change of windows before was drawn at most a moment before it was noted.
  assert.ok(frameUs > previous.when_us - 1e6, `${(wanted.when_us - frameUs) / 1e6} s too old`);
  await player.showsMoreColoursThan(1, 20);
});

test('the picture of a moment is the one that was on the screen', async () => {
  const colours = [
    [160, 80, 20],
    [20, 160, 80],
    [80, 20, 160],
  ];
  const moments = [];
  for (const colour of [...colours, GROUND]) {
    const { afterUs } = paintGround(QUIET_DISPLAY, colour);
    await pause(1_000);
    // In the middle of the time in which the ground had this colour.
    if (colour !== GROUND) moments.push({ colour, timeUs: afterUs + 500_000 });
  }
  const { id } = await sessionOn(page, QUIET_DISPLAY);
  await page.waitForFunction(
    async ([id, untilUs]) => {
      const session = await (await fetch(`/api/v1/sessions/${id}`)).json();
      return session.segments.some(({ display, until_us }) => display === 1 && until_us > untilUs);
    },
    [id, moments.at(-1).timeUs],
  );
  for (const { colour, timeUs } of [...moments, ...moments.toReversed()]) {
    await player.open(id, timeUs);
    const { x, y } = FREE_PLACE;
    await player.seeColour(2, x, y, colour);
  }
  // Also without loading the page again, one after the other.
  for (const { colour, timeUs } of moments) {
    await page.evaluate((timeUs) => window.eideticPlayer.seek(timeUs), timeUs);
    await player.seeColour(2, FREE_PLACE.x, FREE_PLACE.y, colour);
    await pause(100);
    assert.ok(isColour(await player.colourAt(2, FREE_PLACE.x, FREE_PLACE.y), colour));
  }
});

test('a click on an activity seeks to its time', async () => {
  const all = await activitiesOf(page, busy.id);
  await player.open(busy.id, busy.start_us + 4e6);
  for (const number of [4, 2, 3]) {
    await player.activity(number).click();
    const record = all[number - 1];
    await player.position('at', record.moment?.time_us ?? record.when_us);
    await assertListInStep(all);
  }
});

test('next and previous activity go along the list', async () => {
  const all = await activitiesOf(page, busy.id);
  await player.activity(2).click();
  const start = await player.selectedActivity();
  await player.press('n');
  await player.position('after', seekTime(all[start - 1]));
  const later = await player.selectedActivity();
  assert.ok(later > start);
  await player.press('p');
  await player.position('before', seekTime(all[later - 1]));
  assert.ok((await player.selectedActivity()) < later);
  await page.getByRole('button', { name: 'Next activity' }).click();
  await player.position('at', seekTime(all[later - 1]));
  await page.getByRole('button', { name: 'Previous activity' }).click();
  await player.position('before', seekTime(all[later - 1]));
});

test('the list moves with the video', async () => {
  const all = await activitiesOf(page, busy.id);
  await player.open(busy.id, busy.start_us + 4e6);
  const start = await player.selectedActivity();
  await page.getByLabel('Speed').selectOption('8');
  await page.getByRole('button', { name: 'Play', exact: true }).click();
  await player.position('after', all[start + 1].when_us);
  await page.getByRole('button', { name: 'Pause' }).click();
  assert.ok((await player.selectedActivity()) > start);
  await assertListInStep(all);
});

test('playing goes on at the chosen speed', async () => {
  await player.open(busy.id, busy.start_us + 1e6);
  const play = async (speed) => {
    await player.press('0');
    await page.getByLabel('Speed').selectOption(String(speed));
    await page.getByRole('button', { name: 'Play', exact: true }).click();
    const [beganMs, fromUs] = [Date.now(), await player.positionUs()];
    await pause(1_500);
    const factor = ((await player.positionUs()) - fromUs) / 1000 / (Date.now() - beganMs);
    await page.getByRole('button', { name: 'Pause' }).click();
    return factor;
  };
  for (const speed of [0.5, 1, 8]) {
    const factor = await play(speed);
    // It waits for pictures rather than leaving them out, so that it can be slower.
    assert.ok(factor < speed * 1.3 && factor > speed * 0.4, `${factor} instead of ${speed}`);
  }
});

test('speeds go from a half to thirty-two', async () => {
  const options = await page.getByLabel('Speed').getByRole('option').allInnerTexts();
  assert.deepEqual([options.at(0), options.at(-1)], ['0.5×', '32×']);
  await page.getByLabel('Speed').selectOption('32');
  assert.equal(await page.evaluate(() => window.eideticPlayer.state.speed), 32);
  await page.getByLabel('Speed').selectOption('1');
});

test('the timeline seeks by a click', async () => {
  await player.open(busy.id, busy.start_us + 1e6);
  const timeline = page.locator('canvas').last();
  const { width } = await timeline.boundingBox();
  const { startUs, endUs } = await page.evaluate(() => {
    const { startUs, endUs } = window.eideticPlayer.state;
    return { startUs, endUs };
  });
  await timeline.click({ position: { x: width / 2, y: 20 } });
  const share = ((await player.positionUs()) - startUs) / (endUs - startUs);
  assert.ok(Math.abs(share - 0.5) < 0.05, `${share} of the session`);
});

test('the slider says in words where the video is, and seeks', async () => {
  const slider = page.getByRole('slider', { name: 'Position' });
  const text = await slider.getAttribute('aria-valuetext');
  assert.match(text, /^\d\d:\d\d:\d\d, \d+:\d\d of \d+:\d\d, .+: .+$/);
  const before = await player.positionUs();
  await slider.focus();
  await page.keyboard.press('ArrowRight');
  await player.position('after', before);
  assert.notEqual(await slider.getAttribute('aria-valuetext'), text);
});

test('the list of activities can be filtered', async () => {
  await page.getByLabel('Filter activities').fill(WANTED_TITLE.toLocaleUpperCase());
  await player.activities.getByText(WANTED_TITLE).first().waitFor();
  for (const text of await player.activities.getByRole('option').allInnerTexts()) {
    assert.match(text, new RegExp(WANTED_TITLE));
  }
  await page.getByLabel('Filter activities').fill('');
});

test('the page had nothing to complain of', () => assert.deepEqual(complaints, []));

function seekTime({ moment, when_us }) {
  return moment?.time_us ?? when_us;
}

/** The selected activity is the last one at or before the position. */
async function assertListInStep(all) {
  const positionUs = await player.positionUs();
  const number = all.filter(({ when_us }) => when_us <= positionUs).length;
  await player.activity(number).and(page.locator('[aria-selected="true"]')).waitFor();
  assert.equal(await player.selectedActivity(), number);
}
