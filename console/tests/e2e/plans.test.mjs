// The pages on which an administrator says which computers are recorded, and how.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CONSOLE } from '../browser.mjs';
import { BUSY_DISPLAY, pause } from '../pages/desktop.mjs';
import { PlanPage, plans, removeOthers } from '../pages/plan.mjs';
import { ask, openSignedIn, sessionOn } from '../pages/signed-in.mjs';

let browser;
let page;
let complaints;
let plan;
let original;

before(async () => {
  ({ browser, page, complaints } = await openSignedIn());
  plan = new PlanPage(page);
  original = (await plan.stored()).settings;
});
after(async () => {
  // Whatever failed here, what is recorded for the other tests goes on as it was.
  if (original !== undefined) {
    await removeOthers(page);
    await plan.change(original);
  }
  await browser?.close();
});

test('the page is in the navigation and shows what holds', async () => {
  await page.goto(`${CONSOLE}/search`);
  const navigation = page.getByRole('navigation', { name: 'Main' });
  await navigation.getByRole('link', { name: 'Plans' }).click();
  await page.getByRole('link', { name: 'Default plan' }).click();
  await plan.quality('High (default)').waitFor();
  assert.ok(await plan.quality('High (default)').isChecked());
  assert.ok(await page.getByRole('checkbox', { name: 'Record the screen' }).isChecked());
  assert.ok(!(await page.getByRole('checkbox', { name: 'Grayscale' }).isChecked()));
  assert.equal(await plan.number('Frames a second').inputValue(), '4');
  assert.equal(await plan.number('CPU ceiling').inputValue(), '5');
  assert.equal(await plan.number('Keep at most').inputValue(), '2048');
  await plan.seeStatus('In force on 2 of 2 connected computers.');
});

test('what is wrong is said beside the value, gets the focus and is not saved', async () => {
  const { revision } = await plan.stored();
  await plan.number('CPU ceiling').fill('300');
  assert.equal((await plan.said('CPU ceiling')).mistake, 'Enter 1 to 100.');
  assert.equal(await plan.number('CPU ceiling').getAttribute('aria-invalid'), 'true');
  await plan.number('Keep at most').fill('1');
  assert.equal((await plan.said('Keep at most')).mistake, 'Enter 16 MiB or more.');
  await plan.seeStatus('2 values cannot be saved as entered.');
  await plan.save.click();
  assert.ok(await plan.number('CPU ceiling').evaluate((input) => input === document.activeElement));
  assert.equal((await plan.stored()).revision, revision);
});

test('undo brings back what is saved', async () => {
  await plan.undo.click();
  assert.equal(await plan.number('CPU ceiling').inputValue(), '5');
  assert.equal(await plan.number('Keep at most').inputValue(), '2048');
  assert.equal((await plan.said('CPU ceiling')).mistake, '');
  assert.equal(await plan.undo.getAttribute('aria-disabled'), 'true');
});

test('a change by keyboard alone is saved, and agents follow it with a new segment', async () => {
  const before = await plan.stored();
  const { id } = await sessionOn(page, BUSY_DISPLAY);
  const segmentsBefore = (await ask(page, `/sessions/${id}`)).segments;
  await plan.quality('High (default)').focus();
  await page.keyboard.press('ArrowDown');
  assert.ok(await plan.quality('Medium').isChecked());
  await page.keyboard.press('Tab');
  await page.keyboard.press('Space');
  await plan.number('Frames a second').focus();
  await page.keyboard.press('Control+A');
  await page.keyboard.type('8');
  await plan.seeStatus('3 changes not saved.');
  await page.keyboard.press('Enter');
  await plan.seeStatus('Saved. In force on 2 of 2 connected computers.');

  const stored = await plan.stored();
  assert.ok(stored.revision > before.revision);
  assert.deepEqual(stored.settings, {
    ...before.settings,
    quality: 'medium',
    grayscale: true,
    max_frames_per_second: 8,
  });
  const { viewings } = await ask(page, '/viewings?limit=1');
  assert.equal(viewings[0].what, 'changed plan');
  assert.match(
    viewings[0].object,
    /^Default plan: quality high to medium, grayscale false to true/,
  );

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
  await plan.change({ ...original, max_cpu_percent: 7 });
  await page.getByRole('checkbox', { name: 'Grayscale', checked: false }).waitFor();
  assert.equal(await plan.number('CPU ceiling').inputValue(), '7');

  await plan.number('Titles a second').fill('9');
  await plan.change({ max_cpu_percent: 8 });
  const told = page.getByRole('alert').filter({ hasText: 'Somebody else has changed this plan' });
  await told.waitFor();
  assert.equal(await plan.number('Titles a second').inputValue(), '9');
  await told.getByRole('button').click();
  assert.equal(await plan.number('Titles a second').inputValue(), '4');
  assert.equal(await plan.number('CPU ceiling').inputValue(), '8');
});

test('what is not saved is not lost by a link', async () => {
  await plan.number('Titles a second').fill('9');
  const asked = new Promise((done) => {
    page.once('dialog', (dialog) => void dialog.dismiss().then(() => done(dialog.message())));
  });
  await page.getByRole('link', { name: 'Sessions' }).click();
  assert.match(await asked, /without saving/);
  assert.equal(await plan.number('Titles a second').inputValue(), '9');
  await plan.undo.click();
});

test('without the screen its quality cannot be chosen', async () => {
  await page.getByRole('checkbox', { name: 'Record the screen' }).uncheck();
  assert.ok(await plan.quality('Low').isDisabled());
  assert.ok(await page.getByRole('checkbox', { name: 'Grayscale' }).isDisabled());
  await plan.undo.click();
  assert.ok(await plan.quality('Low').isEnabled());
});

test('on a narrow window everything is in reach', async () => {
  await page.setViewportSize({ width: 420, height: 800 });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= 420, `${wide} pixels wide`);
  for (const button of [plan.save, plan.undo]) {
    const { x, y, width, height } = await button.boundingBox();
    assert.ok(x >= 0 && x + width <= 420 && y + height <= 800);
  }
  await page.setViewportSize({ width: 1440, height: 900 });
});

test('a server that fails is said to, and nothing typed is lost', async () => {
  await page.route('**/api/v1/plans/*', (route) =>
    route.request().method() === 'PUT' ? route.abort() : route.continue(),
  );
  await plan.number('Titles a second').fill('9');
  await plan.save.click();
  await page.getByRole('alert').filter({ hasText: 'The plan was not saved' }).waitFor();
  assert.equal(await plan.number('Titles a second').inputValue(), '9');
  await page.unroute('**/api/v1/plans/*');
  await plan.undo.click();
  await page.getByRole('alert').waitFor({ state: 'detached' });
});

test('what was the policy is in the default plan', async () => {
  await page.goto(`${CONSOLE}/policy`);
  await page.waitForURL(/\/plans\/0{8}-/);
  await plan.quality('High (default)').waitFor();
});

test('a plan is made step by step, and its computers follow it', async () => {
  const { computers } = await ask(page, '/computers');
  await page.goto(`${CONSOLE}/plans`);
  await page.getByText('There is only the default plan').waitFor();
  await page.getByRole('link', { name: 'New plan' }).click();
  await page.getByRole('button', { name: 'Next' }).click();
  assert.ok(await isFocused(page.getByRole('textbox', { name: 'Name of the plan' })));
  await page.keyboard.type('Rehearsal');
  await page.keyboard.press('Enter');

  await page.getByRole('radio', { name: 'Listed users and groups only' }).check();
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByText('Add one, or choose all.').waitFor();
  await page.keyboard.press('Enter');
  await page.getByRole('textbox', { name: 'Name of 1' }).fill('*');
  await page.getByRole('button', { name: 'Next' }).click();

  await page.getByRole('button', { name: 'Add a computer' }).click();
  await page.keyboard.type('not a name');
  await page.keyboard.press('Enter');
  await page.getByText('The server refused it').waitFor();
  await page.getByRole('textbox', { name: 'Computer of item 1' }).fill(computers[0].name);
  await page.getByRole('button', { name: 'Next' }).click();

  const automatic = page.getByRole('checkbox', { name: 'Install agents automatically' });
  await automatic.check();
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByText('agents cannot be installed without an account').waitFor();
  await automatic.uncheck();
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByText('Installed by hand').waitFor();

  const rows = page.getByRole('table', { name: 'Computers that the plan names' });
  await rows.getByRole('cell', { name: 'Rehearsal' }).first().waitFor();
  await page.getByRole('button', { name: 'Make the plan' }).click();
  await page.waitForURL(`${CONSOLE}/plans`);
  const row = page.getByRole('row').filter({ hasText: 'Rehearsal' });
  await row.getByText('In force on 2 of 2 connected computers.').waitFor();
  await row.getByText('listed users only').waitFor();
  await page.goto(`${CONSOLE}/computers`);
  await page.getByRole('row').filter({ hasText: 'applied' }).first().waitFor();
  await page.getByRole('link', { name: 'Rehearsal' }).first().waitFor();
});

test('a plan that another computer of the same name is in is a conflict, resolved by a click', async () => {
  const [mine] = (await plans(page)).plans;
  const second = {
    name: 'Second',
    items: [{ kind: 'computer', computer: mine.items[0].computer }],
  };
  await ask(page, '/plans', second);
  await page.goto(`${CONSOLE}/plans`);
  const told = page.getByRole('region', { name: 'Computers in more than one plan' });
  await told.getByText('so it follows "Rehearsal"').first().waitFor();

  // Another order: the other one counts, and its agents are told.
  await page.getByRole('button', { name: 'Move Second up' }).click();
  await page.getByRole('status').filter({ hasText: 'Second is number 1 now.' }).waitFor();
  await told.getByText('so it follows "Second"').first().waitFor();
  assert.ok(await isFocused(page.getByRole('button', { name: 'Move Second up' })));

  await told.getByRole('button', { name: 'Only in Second' }).first().click();
  await told.waitFor({ state: 'detached' });
  const row = page.getByRole('row').filter({ hasText: 'Second' });
  await row.getByText('In force on 2 of 2 connected computers.').waitFor();
});

test('a plan is removed after a question, and its computers follow the default plan', async () => {
  for (const name of ['Rehearsal', 'Second']) {
    await page.getByRole('button', { name: `Remove ${name}` }).click();
    const question = page.getByRole('dialog', { name: `Remove ${name}?` });
    await question.getByRole('button', { name: 'Remove the plan' }).click();
    await page
      .getByRole('status')
      .filter({ hasText: `${name} was removed.` })
      .waitFor();
  }
  const row = page.getByRole('row').filter({ hasText: 'Default plan' });
  await row.getByText('In force on 2 of 2 connected computers.').waitFor();
  assert.equal((await plans(page)).plans.length, 1);
});

function isFocused(locator) {
  return locator.evaluate((element) => element === document.activeElement);
}

test('the page had nothing else to complain of', () => {
  assert.deepEqual(
    complaints.filter((complaint) => !/net::ERR_FAILED|status of 422/.test(complaint)),
    [],
  );
});
