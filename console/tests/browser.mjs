// A headless browser at the console under test, whose address and password come from the
// environment.

import { chromium } from 'playwright-core';

export const CONSOLE = required('EIDETIC_CONSOLE');
const ONE_TIME_PASSWORD = required('EIDETIC_PASSWORD');
export const CHOSEN_PASSWORD = 'a-password-for-the-rehearsal';

/** Starts Debian's Chromium; nothing is downloaded, and it asks nobody on the network. */
export function launch() {
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** A page of its own, not signed in. The server's certificate is its own. */
export async function newPage(browser) {
  const context = await browser.newContext({
    ignoreHTTPSErrors: true,
    viewport: { width: 1440, height: 900 },
  });
  context.setDefaultTimeout(20_000);
  return context.newPage();
}

/** Signs in; replaces the one-time password if that has not been done. */
export async function signIn(page) {
  await page.goto(CONSOLE);
  await enter(page, CHOSEN_PASSWORD);
  const failed = page.getByRole('alert');
  const search = page.getByRole('searchbox', { name: 'Search text' });
  await failed.or(search).first().waitFor();
  if (await search.isVisible()) return;
  await enter(page, ONE_TIME_PASSWORD);
  await choosePassword(page, ONE_TIME_PASSWORD);
}

/** Fills in the form for signing in and sends it. */
export async function enter(page, password) {
  await page.getByLabel('User name').fill('administrator');
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** Replaces the one-time password by one that a person chose. */
export async function choosePassword(page, oneTimePassword) {
  await page.getByLabel('One-time password').fill(oneTimePassword);
  await page.getByLabel('New password', { exact: true }).fill(CHOSEN_PASSWORD);
  await page.getByLabel('New password again').fill(CHOSEN_PASSWORD);
  await page.getByRole('button', { name: 'Change password' }).click();
  await page.getByRole('searchbox', { name: 'Search text' }).waitFor();
}

export function required(name) {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}
