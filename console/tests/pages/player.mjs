// The player's page, as somebody who watches it sees it.

import { CONSOLE } from '../browser.mjs';

export class PlayerPage {
  constructor(page) {
    this.page = page;
    this.player = page.getByLabel('Player', { exact: true });
    this.activities = page.getByRole('listbox', { name: 'Activities' });
  }

  /** Opens a session at a moment; without one, as a running session is watched. */
  async open(sessionId, timeUs) {
    const query = timeUs === undefined ? '' : `?t=${timeUs}`;
    await this.page.goto(`${CONSOLE}/sessions/${sessionId}${query}`);
    await this.activities.getByRole('option').first().waitFor();
    if (timeUs !== undefined) await this.pictureUpTo(timeUs);
  }

  async positionUs() {
    return Number(await this.player.getAttribute('data-position-us'));
  }

  async frameUs() {
    return Number(await this.player.getAttribute('data-frame-us'));
  }

  /** Waits until the position fulfils `relation` to a time: 'after', 'before' or 'at'. */
  async position(relation, timeUs) {
    await this.page.waitForFunction(
      ([relation, timeUs]) => {
        const player = document.querySelector('[aria-label="Player"]');
        const positionUs = Number(player?.dataset.positionUs);
        if (relation === 'at') return positionUs === timeUs;
        return relation === 'after' ? positionUs > timeUs : positionUs < timeUs;
      },
      [relation, timeUs],
    );
  }

  /** Waits until a picture is drawn that was on the screen at this time or before. */
  async pictureUpTo(timeUs) {
    await this.page.waitForFunction((timeUs) => {
      const frameUs = Number(document.querySelector('[aria-label="Player"]')?.dataset.frameUs);
      return frameUs > 0 && frameUs <= timeUs;
    }, timeUs);
  }

  /** Presses a key where it is a command, not text. */
  async press(key) {
    await this.page.evaluate(() => document.activeElement?.blur());
    await this.page.keyboard.press(key);
  }

  /** The number of the activity that the list has selected; the first one is 1. */
  async selectedActivity() {
    const selected = this.activities.getByRole('option', { selected: true });
    return Number(await selected.getAttribute('aria-posinset'));
  }

  activity(number) {
    return this.activities.locator(`[role="option"][aria-posinset="${number}"]`);
  }

  screen(display) {
    return this.page.getByRole('img', { name: `Screen of display ${display}` });
  }

  /** The colour of a display's picture at a place, whose coordinates go from 0 to 1. */
  colourAt(display, x, y) {
    return this.page.evaluate(colourOf, { display, x, y });
  }

  /** Waits until a place of a picture has a colour; gives the time when it was seen. */
  async seeColour(display, x, y, colour, limitMs = 20_000) {
    const place = { display, x, y };
    await this.screen(display).locator('canvas').waitFor();
    const source = `(${waitForColour})(${colourOf}, ${JSON.stringify({ place, colour, limitMs })})`;
    return this.page.evaluate(source);
  }

  /** Waits until a display's picture has many colours, as a desktop with applications has. */
  async showsMoreColoursThan(display, count) {
    await this.page.waitForFunction(
      ([display, count]) => {
        const screen = document.querySelector(`[aria-label="Screen of display ${display}"] canvas`);
        const copy = new OffscreenCanvas(960, 540);
        const context = copy.getContext('2d', { willReadFrequently: true });
        context.drawImage(screen, 0, 0, copy.width, copy.height);
        const { data } = context.getImageData(0, 0, copy.width, copy.height);
        return new Set(new Uint32Array(data.buffer)).size > count;
      },
      [display, count],
    );
  }
}

/** Whether two colours look the same: scaling changes them a little. */
export function isColour(seen, wanted) {
  return seen.every((value, index) => Math.abs(value - wanted[index]) < 24);
}

function colourOf({ display, x, y }) {
  const screen = document.querySelector(`[aria-label="Screen of display ${display}"] canvas`);
  const copy = new OffscreenCanvas(480, 270);
  const context = copy.getContext('2d', { willReadFrequently: true });
  context.drawImage(screen, 0, 0, copy.width, copy.height);
  const { data } = context.getImageData(
    Math.floor(x * copy.width),
    Math.floor(y * copy.height),
    1,
    1,
  );
  return [...data.subarray(0, 3)];
}

async function waitForColour(colourOf, { place, colour, limitMs }) {
  const untilMs = Date.now() + limitMs;
  for (;;) {
    const seen = colourOf(place);
    if (seen.every((value, index) => Math.abs(value - colour[index]) < 24)) return Date.now();
    if (Date.now() > untilMs) throw new Error(`still ${seen}, not ${colour}`);
    await new Promise((done) => setTimeout(done, 20));
  }
}
