import { sveltekit } from '@sveltejs/kit/vite';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [withoutInlineStyle(), sveltekit()],
  build: {
    target: ['chrome123', 'firefox128', 'safari17.5'],
    // The content security policy allows no data: addresses.
    assetsInlineLimit: 0,
    // What the bundle contains of others, for the server's package: see xtask/src/licences.rs.
    license: { fileName: 'third-party-licences.json' },
  },
  worker: { format: 'es' },
  server: {
    proxy: {
      '/api': { target: process.env.EIDETIC_SERVER ?? 'https://localhost:9443', secure: false },
    },
  },
  test: {
    include: ['src/**/*.test.ts'],
    environment: 'node',
  },
});

/**
 * Takes the inline style off the router's announcer: the content security policy does not allow it,
 * and `app.css` says the same.
 */
function withoutInlineStyle(): Plugin {
  return {
    name: 'without-inline-style',
    enforce: 'pre',
    transform(code, id) {
      if (!id.includes('generated') || !id.endsWith('root.svelte')) return undefined;
      return { code: code.replace(/ style="[^"]*"/g, ''), map: null };
    },
  };
}
