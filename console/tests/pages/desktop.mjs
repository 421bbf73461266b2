// The recorded desktops, as somebody who sits at them changes them.

import { execFileSync } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { required } from '../browser.mjs';

/** A desktop that a scripted person uses all the time. */
export const BUSY_DISPLAY = required('EIDETIC_BUSY_DISPLAY');
/** A desktop with two monitors where nothing happens but what a test does. */
export const QUIET_DISPLAY = required('EIDETIC_QUIET_DISPLAY');
/** The titles that windows on the quiet desktop had, one after the other. */
export const TITLES = JSON.parse(required('EIDETIC_TITLES'));
/** Words that are in a title on the busy desktop. */
export const WANTED_TITLE = required('EIDETIC_WANTED_TITLE');

/** Where nothing but the ground of a desktop is seen, as a share of its width and height. */
export const FREE_PLACE = { x: 0.99, y: 0.99 };
/** The ground of both desktops. */
export const GROUND = [0x32, 0x50, 0x6b];

/** Paints the ground of a desktop; gives the time before and after, in microseconds. */
export function paintGround(display, [red, green, blue]) {
  const beforeUs = Date.now() * 1000;
  execFileSync('xsetroot', [
    '-display',
    display,
    '-solid',
    `rgb:${[red, green, blue].map(hex).join('/')}`,
  ]);
  return { beforeUs, afterUs: Date.now() * 1000 };
}

function hex(value) {
  return value.toString(16).padStart(2, '0');
}

export { pause };
