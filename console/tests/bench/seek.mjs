// Opens a session and seeks to moments all over it; prints milliseconds as JSON.

import { CONSOLE, launch, newPage, signIn } from '../browser.mjs';

const SEEKS = 100;

const browser = await launch();
try {
  const page = await newPage(browser);
  await signIn(page);
  await page.goto(`${CONSOLE}/sessions/${process.env.EIDETIC_SESSION}`);
  const open = await page.waitForFunction(() => {
    const frameUs = Number(document.querySelector('[aria-label="Player"]')?.dataset.frameUs);
    return frameUs > 0 ? performance.now() : undefined;
  });
  const seeks = await page.evaluate(async (count) => {
    const player = window.eideticPlayer;
    const { startUs, endUs } = player.state;
    const measured = [];
    for (let index = 0; index < count; index += 1) {
      // Far from the moment before and never the same, without randomness.
      const share = (index * 0.618034) % 1;
      const before = performance.getEntriesByName('eidetic-seek').length;
      player.seek(startUs + share * (endUs - startUs));
      while (performance.getEntriesByName('eidetic-seek').length === before) {
        await new Promise((done) => setTimeout(done, 5));
      }
      measured.push(performance.getEntriesByName('eidetic-seek').at(-1).duration);
    }
    return measured;
  }, SEEKS);
  console.log(JSON.stringify({ open: await open.jsonValue(), seeks }));
} finally {
  await browser.close();
}
