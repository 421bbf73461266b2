/** Times as people read them: in the browser's zone, with UTC where it matters. */

const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });
const clock = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
});
const clockMinutes = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });

/** `14:03:21` */
export function timeOfDay(timeUs: number): string {
  return clock.format(timeUs / 1000);
}

/** `23 Nov 2026` */
export function dayOf(timeUs: number): string {
  return day.format(timeUs / 1000);
}

/** `23 Nov 2026, 14:03:21` */
export function dayAndTime(timeUs: number): string {
  return `${dayOf(timeUs)}, ${timeOfDay(timeUs)}`;
}

/** `2026-11-23 13:03:21.482 UTC` */
export function utc(timeUs: number): string {
  const iso = new Date(timeUs / 1000).toISOString();
  return `${iso.slice(0, 10)} ${iso.slice(11, 23)} UTC`;
}

/** A label of the timeline's axis. */
export function axisTime(timeUs: number, stepUs: number): string {
  return (stepUs < 60e6 ? clock : clockMinutes).format(timeUs / 1000);
}

/** `1:02:03`, or `2:03` under an hour. */
export function duration(lengthUs: number): string {
  const seconds = Math.max(0, Math.floor(lengthUs / 1e6));
  const two = (value: number) => String(value).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours > 0
    ? `${hours}:${two(minutes)}:${two(seconds % 60)}`
    : `${minutes}:${two(seconds % 60)}`;
}

/** `1 h 5 min`, `4 min`, `12 s` */
export function roughDuration(lengthUs: number): string {
  const seconds = Math.max(0, Math.round(lengthUs / 1e6));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const rest = minutes % 60;
  return rest === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${rest} min`;
}

/** `just now`, `3 minutes ago`, … */
export function ago(timeUs: number, nowUs: number): string {
  const seconds = Math.round((nowUs - timeUs) / 1e6);
  if (seconds < 10) return 'just now';
  if (seconds < 60) return `${seconds} seconds ago`;
  const [count, unit] =
    seconds < 3600
      ? [Math.floor(seconds / 60), 'minute']
      : seconds < 86_400
        ? [Math.floor(seconds / 3600), 'hour']
        : [Math.floor(seconds / 86_400), 'day'];
  return `${count} ${unit}${count === 1 ? '' : 's'} ago`;
}

/** `12.3 MB` */
export function byteSize(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}
