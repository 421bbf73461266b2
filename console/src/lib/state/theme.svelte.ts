import type { ThemeName } from '../timeline/colours';

export const THEMES = ['system', 'light', 'dark'] as const;
export type ThemeChoice = (typeof THEMES)[number];

/** The chosen theme, kept in the browser; `static/theme.js` sets it before the first paint. */
class ThemeState {
  choice = $state<ThemeChoice>('system');
  #systemIsDark = $state(false);

  /** What is really shown. */
  readonly shown: ThemeName = $derived(
    this.choice === 'system' ? (this.#systemIsDark ? 'dark' : 'light') : this.choice,
  );

  /** Reads the browser's settings; the returned function stops following them. */
  start(): () => void {
    const kept = document.documentElement.dataset.theme;
    this.choice = kept === 'light' || kept === 'dark' ? kept : 'system';
    const query = matchMedia('(prefers-color-scheme: dark)');
    const follow = () => (this.#systemIsDark = query.matches);
    follow();
    query.addEventListener('change', follow);
    return () => query.removeEventListener('change', follow);
  }

  choose(choice: ThemeChoice): void {
    this.choice = choice;
    if (choice === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = choice;
    try {
      localStorage.setItem('eidetic-theme', choice);
    } catch {
      // Storage is switched off: the choice lasts as long as the page.
    }
  }
}

export const theme = new ThemeState();
