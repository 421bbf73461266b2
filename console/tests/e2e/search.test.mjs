// Finding what was recorded.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CONSOLE } from '../browser.mjs';
import { QUIET_DISPLAY, TITLES, WANTED_TITLE } from '../pages/desktop.mjs';
import { openSignedIn, sessionOn } from '../pages/signed-in.mjs';

let browser;
let page;
let complaints;

before(async () => ({ browser, page, complaints } = await openSignedIn()));
after(() => browser?.close());

test('a word of a title finds its records and no others, newest first', async () => {
  await searchFor(WANTED_TITLE);
  const rows = await resultRows();
  assert.ok(rows.length >= 2, `${rows.length} rows`);
  for (const { text } of rows) assert.match(text, new RegExp(WANTED_TITLE));
  const times = rows.map(({ time }) => time);
  assert.deepEqual(times, times.toSorted().toReversed());
});

for (const title of TITLES.filter((title) => title !== '')) {
  test(`a title is found in any script and case: ${title}`, async () => {
    await searchFor(title.toLocaleUpperCase());
    const rows = await resultRows();
    for (const { text } of rows) assert.ok(text.includes(title), text);
  });
}

test('a part of a word is found', async () => {
  const [cyrillic] = TITLES;
  await searchFor(cyrillic.slice(2, 5).toLocaleUpperCase());
  await grid().getByText(cyrillic).first().waitFor();
});

test('a window without a title is a row as well', async () => {
  const { id } = await sessionOn(page, QUIET_DISPLAY);
  await page.goto(`${CONSOLE}/search?session.equals=${id}`);
  await grid().getByText('(no title)').first().waitFor();
});

test('a search is a link that finds the same again', async () => {
  await searchFor(WANTED_TITLE);
  const rows = await resultRows();
  const other = await page.context().newPage();
  await other.goto(page.url());
  await other.getByRole('grid', { name: 'Results' }).getByText(WANTED_TITLE).first().waitFor();
  const again = await resultRows(other);
  const oldest = rows.at(-1);
  assert.deepEqual(again.at(-1), oldest);
  await other.close();
});

test('a search without hits says so', async () => {
  await searchFor('no such words anywhere');
  await page.getByText('No records match').waitFor();
});

test('a value of a record can be excluded, and included', async () => {
  await searchFor(WANTED_TITLE);
  await grid().getByRole('row').filter({ hasText: WANTED_TITLE }).first().click();
  await page.getByRole('button', { name: /^Exclude Who/ }).click();
  await filters().getByText('Who not equal to').waitFor();
  await page.getByText('No records match').waitFor();
  await page.getByRole('button', { name: /^Remove filter Who/ }).click();

  await grid().getByRole('row').filter({ hasText: WANTED_TITLE }).first().click();
  const include = page.getByRole('button', { name: /^Include Application/ });
  const [, application] = /^Include Application (.+)$/.exec(
    await include.getAttribute('aria-label'),
  );
  await include.click();
  await filters().getByText('Application contains').waitFor();
  await page.getByRole('searchbox', { name: 'Search text' }).fill('');
  await page.keyboard.press('Enter');
  await page.waitForURL((url) => !url.searchParams.has('text'));
  for (const { text } of await resultRows()) assert.ok(text.includes(application), text);
});

test('a filter can have any operator', async () => {
  await page.goto(`${CONSOLE}/search`);
  await grid().getByText(WANTED_TITLE).first().waitFor();
  await page.getByRole('button', { name: 'Add filter' }).click();
  const editor = page.getByRole('form', { name: 'New filter' });
  await editor.getByLabel('Field').selectOption({ label: 'What' });
  await editor.getByLabel('Operator').selectOption({ label: 'does not contain' });
  await editor.getByLabel('Value').fill(WANTED_TITLE.toLocaleLowerCase());
  await editor.getByRole('button', { name: 'Apply' }).click();
  await filters().getByText('What does not contain').waitFor();
  await settled();
  const rows = await resultRows();
  for (const { text } of rows) assert.ok(!text.includes(WANTED_TITLE), text);
});

test('a time in which nothing happened has no records', async () => {
  await page.goto(`${CONSOLE}/search?when=yesterday`);
  await page.getByText('No records match').waitFor();
});

test('the keyboard goes through the rows and opens one', async () => {
  await searchFor(WANTED_TITLE);
  await resultRows();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  const selected = grid().getByRole('row', { selected: true });
  assert.equal(await selected.getAttribute('aria-rowindex'), '3');
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/sessions\/[^?]+\?.*t=\d+/);
});

test('the page had nothing to complain of', () => assert.deepEqual(complaints, []));

async function searchFor(text) {
  await page.goto(`${CONSOLE}/search`);
  await page.getByRole('searchbox', { name: 'Search text' }).fill(text);
  await page.keyboard.press('Enter');
  await page.waitForURL((url) => url.searchParams.get('text') === text);
  await settled();
}

/** Waits until all rows of a search are there. */
async function settled(where = page) {
  await where
    .getByRole('status')
    .filter({ hasText: /^[\d,]+ records?$/ })
    .first()
    .waitFor();
  await where.waitForFunction(() => document.querySelector('[role="grid"]')?.ariaBusy !== 'true');
}

/** The rows in view, from the top: what they say and when it happened. */
async function resultRows(where = page) {
  await settled(where);
  const rows = where.locator('[role="grid"] [role="rowgroup"] [role="row"]');
  await rows.first().waitFor();
  const found = await rows.evaluateAll((elements) =>
    elements.map((element) => ({
      number: Number(element.getAttribute('aria-rowindex')),
      text: element.innerText,
      time: element.querySelector('time').dateTime,
    })),
  );
  return found.toSorted((a, b) => a.number - b.number).map(({ text, time }) => ({ text, time }));
}

function grid() {
  return page.getByRole('grid', { name: 'Results' });
}

function filters() {
  return page.getByRole('list', { name: 'Filters' });
}
