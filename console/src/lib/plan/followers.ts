/** How far the computers of a plan follow it, in words. */

import type { PlanSettings, PlanState } from '../api/types';

/** `In force on 2 of 3 connected computers. 1 is not connected.` */
export function stateInWords({ computers, connected, applied }: PlanState): string {
  if (computers === 0) return 'No computer belongs to it.';
  const away = computers - connected;
  if (connected === 0) return `${counted(computers, 'computer')}, none connected now.`;
  const force = `In force on ${applied} of ${counted(connected, 'connected computer')}.`;
  if (away === 0) return force;
  return `${force} ${away} ${away === 1 ? 'is' : 'are'} not connected.`;
}

/** What a plan records, in a few words: `Screen, high quality · listed users only` */
export function settingsInWords(settings: PlanSettings): string {
  if (!settings.monitor) return 'Monitoring is off';
  const words = [
    settings.record_screen ? `Screen, ${settings.quality} quality` : 'Activity records only',
  ];
  if (settings.record_screen && settings.grayscale) words.push('grayscale');
  if (settings.users.only_listed) words.push('listed users only');
  else if (settings.users.except.length > 0) words.push('not all users');
  if (settings.record_screen && settings.applications.only_listed)
    words.push(
      settings.applications.only_their_windows
        ? 'listed windows, rest black'
        : 'listed windows only',
    );
  if (settings.notify_users) words.push('users notified');
  if (settings.record_screen) words.push(keptInWords(settings.video_retention_days));
  return words.join(' · ');
}

function keptInWords(days: number): string {
  return days === 0 ? 'kept for ever' : `kept ${counted(days, 'day')}`;
}

export function counted(count: number, word: string): string {
  return `${count.toLocaleString('en-GB')} ${word}${count === 1 ? '' : 's'}`;
}
