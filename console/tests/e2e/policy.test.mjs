// The page on which an administrator says what agents record and what it may cost.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CONSOLE } from '../browser.mjs';
import { BUSY_DISPLAY, pause } from '../pages/desktop.mjs';
import { PolicyPage } from '../pages/policy.mjs';
import { ask, openSignedIn, sessionOn } from '../pages/signed-in.mjs';

let browser;
let page;
let complaints;
let policy;
let original;

before(async () => {
  ({ browser, page, complaints } = await openSignedIn());
  policy = new PolicyPage(page);
  original = (await policy.stored()).policy;
});
after(async () => {
  // Whatever failed here, what is recorded for the other tests goes on as it was.
  if (original !== undefined) await policy.change(original);
  await browser?.close();
});

test('the page is in the navigation and shows what holds', async () => {
  await page.goto(`${CONSOLE}/search`);
  await page
    .getByRole('navigation', { name: 'Main' })
    .getByRole('link', { name: 'Policy' })
    .click();
  await policy.quality('High (default)').waitFor();
  assert.ok(await policy.quality('High (default)').isChecked());
  assert.ok(await page.getByRole('checkbox', { name: 'Record the screen' }).isChecked());
  assert.ok(!(await page.getByRole('checkbox', { name: 'Grayscale' }).isChecked()));
  assert.equal(await policy.number('Frames a second').inputValue(), '4');
  assert.equal(await policy.number('CPU ceiling').inputValue(), '5');
  assert.equal(await policy.number('Keep at most').inputValue(), '2048');
  await policy.seeStatus('2 of 2 connected agents follow it.');
});

test('what is wrong is said beside the value, gets the focus and is not saved', async () => {
  const { revision } = await policy.stored();
  await policy.number('CPU ceiling').fill('300');
  assert.equal((await policy.said('CPU ceiling')).mistake, 'Enter 1 to 100.');
  assert.equal(await policy.number('CPU ceiling').getAttribute('aria-invalid'), 'true');
  await policy.number('Keep at most').fill('1');
  assert.equal((await policy.said('Keep at most')).mistake, 'Enter 16 MiB or more.');
  await policy.seeStatus('2 values cannot be saved as entered.');
  await policy.save.click();
  assert.ok(
    await policy.number('CPU ceiling').evaluate((input) => input === document.activeElement),
  );
  assert.equal((await policy.stored()).revision, revision);
});

test('undo brings back what is saved', async () => {
  await policy.undo.click();
  assert.equal(await policy.number('CPU ceiling').inputValue(), '5');
  assert.equal(await policy.number('Keep at most').inputValue(), '2048');
  assert.equal((await policy.said('CPU ceiling')).mistake, '');
  assert.equal(await policy.undo.getAttribute('aria-disabled'), 'true');
});

test('a change by keyboard alone is saved, and agents follow it with a new segment', async () => {
  const before = await policy.stored();
  const { id } = await sessionOn(page, BUSY_DISPLAY);
  const segmentsBefore = (await ask(page, `/sessions/${id}`)).segments;
  await policy.quality('High (default)').focus();
  await page.keyboard.press('ArrowDown');
  assert.ok(await policy.quality('Medium').isChecked());
  await page.keyboard.press('Tab');
  await page.keyboard.press('Space');
  await page.keyboard.press('Tab');
  await page.keyboard.type('8');
  await policy.seeStatus('3 changes not saved.');
  await page.keyboard.press('Enter');
  await policy.seeStatus('Saved; 2 of 2 connected agents follow it.');

  const stored = await policy.stored();
  assert.equal(stored.revision, before.revision + 1);
  assert.deepEqual(stored.policy, {
    ...before.policy,
    quality: 'medium',
    grayscale: true,
    max_frames_per_second: 8,
  });
  const { viewings } = await ask(page, '/viewings?limit=1');
  assert.equal(viewings[0].what, 'changed policy');
  assert.match(viewings[0].object, /^quality high to medium, grayscale false to true/);

  const old = segmentsBefore.at(-1);
  for (let tries = 0; ; tries += 1) {
    const { segments } = await ask(page, `/sessions/${id}`);
    const sealed = segments.find((segment) => segment.id === old.id)?.state === 'sealed';
    if (sealed && segments.length > segmentsBefore.length) break;
    assert.ok(tries < 40, 'the open segment ends and another begins');
    await pause(500);
  }
});

test('what somebody else changed is shown, and his words do not take away mine', async () => {
  await policy.change({ ...original, max_cpu_percent: 7 });
  await page.getByRole('checkbox', { name: 'Grayscale', checked: false }).waitFor();
  assert.equal(await policy.number('CPU ceiling').inputValue(), '7');

  await policy.number('Titles a second').fill('9');
  await policy.change({ max_cpu_percent: 8 });
  const told = page.getByRole('alert').filter({ hasText: 'Somebody else has changed the policy' });
  await told.waitFor();
  assert.equal(await policy.number('Titles a second').inputValue(), '9');
  await told.getByRole('button').click();
  assert.equal(await policy.number('Titles a second').inputValue(), '4');
  assert.equal(await policy.number('CPU ceiling').inputValue(), '8');
});

test('what is not saved is not lost by a link', async () => {
  await policy.number('Titles a second').fill('9');
  const asked = new Promise((done) => {
    page.once('dialog', (dialog) => void dialog.dismiss().then(() => done(dialog.message())));
  });
  await page.getByRole('link', { name: 'Sessions' }).click();
  assert.match(await asked, /without saving/);
  assert.equal(await policy.number('Titles a second').inputValue(), '9');
  await policy.undo.click();
});

test('without the screen its quality cannot be chosen', async () => {
  await page.getByRole('checkbox', { name: 'Record the screen' }).uncheck();
  assert.ok(await policy.quality('Low').isDisabled());
  assert.ok(await page.getByRole('checkbox', { name: 'Grayscale' }).isDisabled());
  await policy.undo.click();
  assert.ok(await policy.quality('Low').isEnabled());
});

test('on a narrow window everything is in reach', async () => {
  await page.setViewportSize({ width: 420, height: 800 });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= 420, `${wide} pixels wide`);
  for (const button of [policy.save, policy.undo]) {
    const { x, y, width, height } = await button.boundingBox();
    assert.ok(x >= 0 && x + width <= 420 && y + height <= 800);
  }
  await page.setViewportSize({ width: 1440, height: 900 });
});

test('a server that fails is said to, and nothing typed is lost', async () => {
  await page.route('**/api/v1/policy', (route) =>
    route.request().method() === 'PUT' ? route.abort() : route.continue(),
  );
  await policy.number('Titles a second').fill('9');
  await policy.save.click();
  await page.getByRole('alert').filter({ hasText: 'The policy was not saved' }).waitFor();
  assert.equal(await policy.number('Titles a second').inputValue(), '9');
  await page.unroute('**/api/v1/policy');
  await policy.undo.click();
  await page.getByRole('alert').waitFor({ state: 'detached' });
});

test('the page had nothing else to complain of', () => {
  assert.deepEqual(
    complaints.filter((complaint) => !complaint.includes('net::ERR_FAILED')),
    [],
  );
});
