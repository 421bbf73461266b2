// Two computers, of which one has two monitors, and their sessions.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CONSOLE } from '../browser.mjs';
import { BUSY_DISPLAY, QUIET_DISPLAY, TITLES } from '../pages/desktop.mjs';
import { PlayerPage, isColour } from '../pages/player.mjs';
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

test('sessions of all computers are listed with a thumbnail and their applications', async () => {
  await page.goto(`${CONSOLE}/sessions`);
  for (const display of [BUSY_DISPLAY, QUIET_DISPLAY]) {
    const row = page
      .getByRole('list', { name: 'Sessions' })
      .getByRole('listitem')
      .filter({ hasText: `· ${display}` });
    await row.getByText('XTerm').waitFor();
    await row.getByText('Running').waitFor();
    await row.locator('img.there').waitFor();
    assert.ok(await row.locator('img').evaluate(({ naturalWidth }) => naturalWidth > 100));
  }
});

test('a session leads to its player', async () => {
  const { id } = await sessionOn(page, QUIET_DISPLAY);
  await page
    .getByRole('link')
    .filter({ hasText: `· ${QUIET_DISPLAY}` })
    .click();
  await page.waitForURL(new RegExp(`/sessions/${id}$`));
  await player.activities.waitFor();
});

test('both monitors are seen side by side, each with its own picture', async () => {
  const { id } = await sessionOn(page, QUIET_DISPLAY);
  await player.open(id);
  await player.seeColour(1, 0.5, 0.5, LEFT);
  await player.seeColour(2, 0.5, 0.5, RIGHT);
  const left = await player.screen(1).boundingBox();
  const right = await player.screen(2).boundingBox();
  assert.ok(Math.abs(left.x + left.width - right.x) < 8, 'they touch');
  assert.ok(Math.abs(left.y - right.y) < 2);
  assert.ok(Math.abs(left.width / left.height - 960 / 1080) < 0.02);
});

test('one monitor can be chosen, and a link can name it', async () => {
  const both = await player.screen(2).boundingBox();
  await page.getByRole('combobox', { name: 'Display' }).selectOption({ label: 'Display 2' });
  await player.screen(1).waitFor({ state: 'detached' });
  await player.seeColour(2, 0.5, 0.5, RIGHT);
  assert.ok((await player.screen(2).boundingBox()).width >= both.width);

  await page.goto(`${CONSOLE}/sessions/${(await sessionOn(page, QUIET_DISPLAY)).id}?display=0`);
  await player.seeColour(1, 0.5, 0.5, LEFT);
  assert.equal(await player.screen(2).count(), 0);
  await page.getByRole('combobox', { name: 'Display' }).selectOption({ label: 'All displays' });
  await player.seeColour(2, 0.5, 0.5, RIGHT);
  assert.ok(isColour(await player.colourAt(1, 0.5, 0.5), LEFT));
});

test('titles in any script are in the list as they were', async () => {
  const { id, start_us } = await sessionOn(page, QUIET_DISPLAY);
  await player.open(id, start_us + 5e6);
  for (const title of TITLES) {
    await player.activities
      .getByText(title === '' ? '(no title)' : title, { exact: true })
      .first()
      .waitFor();
  }
});

test('computers are listed as recording', async () => {
  await page.goto(`${CONSOLE}/computers`);
  const rows = page.getByRole('table', { name: 'Computers' }).getByRole('row');
  await rows.getByText('Recording').nth(1).waitFor();
  assert.equal(await rows.count(), 3, 'a head and two computers');
  await page.getByText('2 of 2 connected').waitFor();
  await rows
    .getByText(/\d\.\d %/)
    .nth(1)
    .waitFor();
});

test('the list of computers is filtered and sorted by keyboard, and the address keeps it', async () => {
  const rows = page.getByRole('table', { name: 'Computers' }).getByRole('row');
  await page.getByRole('combobox', { name: 'Status' }).selectOption('Removed');
  await page.getByText('No computer fits these filters.').waitFor();
  await page.getByRole('combobox', { name: 'Status' }).selectOption('Recording');
  await rows.nth(2).waitFor();
  await page.getByRole('button', { name: 'Memory' }).focus();
  await page.keyboard.press('Enter');
  await page.locator('th[aria-sort="ascending"]').filter({ hasText: 'Memory' }).waitFor();
  await page.waitForURL(/status=recording.*sort=memory/);
});

test('a computer shows how its agent is', async () => {
  await page
    .getByRole('table', { name: 'Computers' })
    .getByRole('rowheader')
    .first()
    .getByRole('link')
    .click();
  await page.getByRole('heading', { name: 'What its agent says' }).waitFor();
  await page.getByText(/% of a core/).waitFor();
  await page.getByText("as the server's").waitFor();
});

test('the dashboard counts computers and records, also for a keyboard', async () => {
  await page.goto(`${CONSOLE}/dashboard`);
  const byStatus = page.getByRole('list', { name: 'Computers by status' });
  await byStatus.getByRole('listitem').filter({ hasText: 'Recording' }).getByText('2').waitFor();
  const chart = page.getByRole('slider', { name: 'Activity records by date' });
  await chart.focus();
  await page.keyboard.press('End');
  assert.match(await chart.getAttribute('aria-valuetext'), /: [1-9][\d.]*K? records$/);
});

test('what happened to the system is in the health log', async () => {
  await page.goto(`${CONSOLE}/health`);
  await page.getByRole('table', { name: 'Health log' }).getByText('Server started').waitFor();
  await page.getByRole('combobox', { name: 'Severity' }).selectOption('Errors');
  await page.waitForURL(/severity=error/);
});

test('who watched which part of a recording is in the self-audit', async () => {
  await page.goto(`${CONSOLE}/audit?what=watched+session`);
  const rows = page.getByRole('table', { name: 'Self-audit' }).getByRole('row');
  await rows.filter({ hasText: 'of the recording' }).first().waitFor();
});

test('a new computer gets a token', async () => {
  await page.goto(`${CONSOLE}/computers`);
  await page.getByRole('button', { name: 'Add a computer' }).click();
  await page.getByRole('button', { name: 'Make a token' }).click();
  await page
    .getByText(/eidetic1\.[A-Za-z0-9_-]{80,}/)
    .first()
    .waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
});

test('a chosen computer gets the exact line, with a token that is its own', async () => {
  await page.goto(`${CONSOLE}/computers`);
  await page.getByRole('button', { name: 'Add a computer' }).click();
  await page.getByLabel("Computer's name").fill('web-7.corp.example');
  await page.getByLabel('What is there').selectOption({ label: 'Windows, with the MSI' });
  await page.getByRole('button', { name: 'Make a token' }).click();
  await page.getByText(/^msiexec \/i eidetic-agent-[\d.]+-x64\.msi .* TOKEN=eidetic1\./).waitFor();
  await page.getByText('For the computer web-7.corp.example alone').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
});

test('the agent of a computer is called from its page', async () => {
  await page.goto(`${CONSOLE}/computers`);
  await page.getByRole('table').getByRole('link').first().click();
  const calls = page.getByRole('region', { name: 'Call its agent' });
  await calls.getByRole('button', { name: 'Ask how it is' }).click();
  await calls.getByText('Called over its own connection.').waitFor();
  await calls.getByRole('button', { name: 'Send what waits' }).click();
  await calls.getByText('It sends what waits').waitFor();
});

test('the page had nothing to complain of', () => assert.deepEqual(complaints, []));

test('a session that does not exist is said not to', async () => {
  await page.goto(`${CONSOLE}/sessions/00000000-0000-7000-8000-000000000000`);
  await page.getByText('There is no such session').waitFor();
});

const LEFT = [0xa0, 0x20, 0x20];
const RIGHT = [0x20, 0xa0, 0x20];
