// A page that is signed in, and what went wrong on it.

import { launch, newPage, signIn } from '../browser.mjs';

/** Starts a browser, signs in, and from then on collects what the page complains of. */
export async function openSignedIn() {
  const browser = await launch();
  const page = await newPage(browser);
  await page.context().addInitScript(observeShifts);
  await signIn(page);
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  return { browser, page, complaints };
}

/** Asks the API as the page would. */
export function ask(page, path, body) {
  return page.evaluate(
    async ([path, body]) => {
      const headers = { 'x-eidetic-request': '1', 'content-type': 'application/json' };
      const post = { method: 'POST', headers, body: JSON.stringify(body) };
      const response = await fetch(`/api/v1${path}`, body === undefined ? {} : post);
      if (!response.ok) throw new Error(`${path} answered ${response.status}`);
      return response.json();
    },
    [path, body],
  );
}

/** The running session on this X display. */
export async function sessionOn(page, display) {
  const { sessions } = await ask(page, '/sessions?limit=10');
  const session = sessions.find(({ display_name }) => display_name === display);
  if (session === undefined) throw new Error(`no session on ${display}`);
  return session;
}

/** The first activities of a session, oldest first. */
export async function activitiesOf(page, sessionId) {
  const { records } = await ask(page, `/sessions/${sessionId}/activities?limit=100`);
  return records;
}

/** How far things on the page have jumped since it was loaded, as browsers measure it. */
export function shiftOf(page) {
  return page.evaluate(() => window.layoutShift);
}

function observeShifts() {
  window.layoutShift = 0;
  new PerformanceObserver((list) => {
    for (const { value, hadRecentInput } of list.getEntries()) {
      if (!hadRecentInput) window.layoutShift += value;
    }
  }).observe({ type: 'layout-shift', buffered: true });
}
