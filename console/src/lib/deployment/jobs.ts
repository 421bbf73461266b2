/** What is done on other computers, in words. */

import type { DeploymentJob } from '../api/types';

/** Whether nothing more happens. */
export function isOver({ state }: DeploymentJob): boolean {
  return state === 'done' || state === 'failed' || state === 'cancelled';
}

/** The computer, with its port if that is not the usual one. */
export function nameOf({ computer, port, system }: DeploymentJob): string {
  const usual = system === 'windows' ? 445 : 22;
  return port == null || port === usual ? computer : `${computer}:${port}`;
}

/** How far a job is, on one line. */
export function stateInWords(job: DeploymentJob): string {
  const last = job.steps.at(-1);
  switch (job.state) {
    case 'running': {
      if (last === undefined) return 'beginning';
      return last.percent == null ? last.text : `${last.text}, ${last.percent} %`;
    }
    case 'retrying':
      return `failed ${job.attempts} ${job.attempts === 1 ? 'time' : 'times'}, is tried again`;
    case 'done':
      return job.action === 'install' ? 'installed' : 'removed';
    default:
      return job.state;
  }
}

/** The computers in a text, one a line or with commas or spaces between them, each once. */
export function computersIn(text: string): string[] {
  const names = text.split(/[\s,;]+/).filter((name) => name !== '');
  const seen = new Set<string>();
  return names.filter((name) => {
    const key = name.toLowerCase();
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
