// How the pages look: themes, titles, and that nothing jumps or is cut off.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CONSOLE } from '../browser.mjs';
import { QUIET_DISPLAY, pause } from '../pages/desktop.mjs';
import { openSignedIn, sessionOn, shiftOf } from '../pages/signed-in.mjs';

let browser;
let page;
let complaints;
let routes;

before(async () => {
  ({ browser, page, complaints } = await openSignedIn());
  const { id } = await sessionOn(page, QUIET_DISPLAY);
  routes = [
    {
      path: '/search',
      title: /^Search · Eidetic$/,
      there: page.getByRole('rowgroup').getByRole('row').first(),
    },
    {
      path: '/sessions',
      title: /^Sessions · Eidetic$/,
      there: page.getByRole('listitem').locator('img.there').first(),
    },
    {
      path: `/sessions/${id}`,
      title: /^.+ on .+, \d+ \w+ \d{4} · Eidetic$/,
      there: page.getByRole('listbox', { name: 'Activities' }).getByRole('option').first(),
    },
    {
      path: '/computers',
      title: /^Computers · Eidetic$/,
      there: page.getByRole('table', { name: 'Computers' }).getByText('Recording').first(),
    },
    {
      path: '/plans',
      title: /^Plans · Eidetic$/,
      there: page.getByRole('link', { name: 'Default plan' }),
    },
    {
      path: '/plans/00000000-0000-0000-0000-000000000000',
      title: /^Default plan · Eidetic$/,
      there: page.getByRole('checkbox', { name: 'Record the screen' }),
    },
    {
      path: '/plans/new',
      title: /^New plan · Eidetic$/,
      there: page.getByRole('textbox', { name: 'Name of the plan' }),
    },
    {
      path: '/password',
      title: /^Change password · Eidetic$/,
      there: page.getByRole('button', { name: 'Change password' }),
    },
  ];
});
after(() => browser?.close());

test('the system decides on the theme at first', async () => {
  await page.emulateMedia({ colorScheme: 'dark' });
  assert.ok((await lightness()) < 80);
  await page.emulateMedia({ colorScheme: 'light' });
  assert.ok((await lightness()) > 200);
});

test('a theme that was chosen stays', async () => {
  await page.getByRole('button', { name: 'Theme' }).click();
  await page.getByRole('menuitemradio', { name: 'Dark' }).click();
  assert.ok((await lightness()) < 80);
  await page.reload();
  await routes[0].there.waitFor();
  assert.ok((await lightness()) < 80);
  await page.getByRole('button', { name: 'Theme' }).click();
  await page.getByRole('menuitemradio', { name: 'As the system' }).click();
  assert.ok((await lightness()) > 200);
});

test('every page sets its title', async () => {
  for (const { path, title, there } of routes) {
    await page.goto(`${CONSOLE}${path}`);
    await there.waitFor();
    assert.match(await page.title(), title);
  }
});

test('nothing jumps while a page loads', async () => {
  for (const { path, there } of routes) {
    await page.goto(`${CONSOLE}${path}`);
    await there.waitFor();
    await pause(1_500);
    const shift = await shiftOf(page);
    assert.ok(shift < 0.1, `${path} jumps by ${shift}`);
  }
});

test('a small window needs no scrolling sideways', async () => {
  await page.setViewportSize({ width: 900, height: 700 });
  for (const { path, there } of routes) {
    await page.goto(`${CONSOLE}${path}`);
    await there.waitFor();
    const wide = await page.evaluate(() =>
      [document.documentElement, ...document.querySelectorAll('*')]
        .filter((element) => {
          const { overflowX } = getComputedStyle(element);
          const scrolls = overflowX === 'auto' || overflowX === 'scroll';
          const isPage = element === document.documentElement;
          return (scrolls || isPage) && element.scrollWidth > element.clientWidth;
        })
        .map(({ tagName, className }) => `${tagName}.${className}`),
    );
    assert.deepEqual(wide, [], path);
  }
});

test('the page had nothing to complain of', () => assert.deepEqual(complaints, []));

/** How light the page's ground is, from 0 to 255. */
function lightness() {
  return page.evaluate(() => {
    const probe = new OffscreenCanvas(1, 1).getContext('2d');
    for (let element = document.querySelector('main'); element; element = element.parentElement) {
      probe.fillStyle = getComputedStyle(element).backgroundColor;
      probe.fillRect(0, 0, 1, 1);
      const [red, green, blue, opacity] = probe.getImageData(0, 0, 1, 1).data;
      if (opacity === 255) return (red + green + blue) / 3;
    }
    throw new Error('the page has no ground');
  });
}
