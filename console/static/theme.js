// Sets the chosen theme before the first paint; the rest is in src/lib/state/theme.svelte.ts.
(function () {
  try {
    var theme = localStorage.getItem('eidetic-theme');
    if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
  } catch (error) {
    // Storage is switched off: the system's theme stays.
  }
})();
