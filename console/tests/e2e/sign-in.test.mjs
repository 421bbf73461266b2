// The way in, at a server that nobody has used.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CHOSEN_PASSWORD, choosePassword, enter, launch, newPage, required } from '../browser.mjs';

const CONSOLE = required('EIDETIC_UNUSED_CONSOLE');
const ONE_TIME_PASSWORD = required('EIDETIC_UNUSED_PASSWORD');

let browser;
let page;
const errors = [];

before(async () => {
  browser = await launch();
  page = await newPage(browser);
  page.on('pageerror', (error) => errors.push(error.message));
});

after(() => browser?.close());

test('nothing is shown before the sign-in', async () => {
  await page.goto(`${CONSOLE}/computers`);
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
  assert.equal(await page.title(), 'Sign in · Eidetic');
  assert.equal(await page.getByRole('navigation').count(), 0);
});

test('a wrong password is refused', async () => {
  await enter(page, 'not the password');
  await page.getByRole('alert').waitFor();
  assert.equal(await page.getByRole('navigation').count(), 0);
});

test('the one-time password must be replaced before anything is shown', async () => {
  await page.goto(CONSOLE);
  await enter(page, ONE_TIME_PASSWORD);
  await page.getByLabel('One-time password').waitFor();
  assert.equal(await page.title(), 'Change password · Eidetic');
  await page.goto(`${CONSOLE}/sessions`);
  await page.getByLabel('One-time password').waitFor();
  assert.equal(await page.getByRole('navigation').count(), 0);
  await page.goto(CONSOLE);
  await page.getByLabel('One-time password').waitFor();
  await choosePassword(page, ONE_TIME_PASSWORD);
  assert.equal(await page.title(), 'Search · Eidetic');
});

test('where nothing has been recorded, each page says what to do', async () => {
  await page.goto(`${CONSOLE}/search`);
  await page.getByText('Nothing has been recorded yet').waitFor();
  await page.goto(`${CONSOLE}/sessions`);
  await page.getByText('No session has been recorded yet').waitFor();
  await page.getByRole('link', { name: 'Add a computer' }).click();
  await page.getByText('No computer is recorded yet').waitFor();
});

test('signing out shows nothing more, and signing in leads back to where one was', async () => {
  await page.getByRole('button', { name: 'Account' }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
  await page.goto(`${CONSOLE}/computers`);
  await enter(page, CHOSEN_PASSWORD);
  await page.getByText('No computer is recorded yet').waitFor();
  assert.equal(new URL(page.url()).pathname, '/computers');
});

test('no page threw an error', () => assert.deepEqual(errors, []));
