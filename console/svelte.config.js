import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import adapterStatic from '@sveltejs/adapter-static';
import { vitePreprocess } from '@sveltejs/vite-plugin-svelte';

const BUILD = 'build';
const FALLBACK = 'index.html';

/** @type {import('@sveltejs/kit').Config} */
export default {
  preprocess: vitePreprocess(),
  kit: {
    adapter: strictCspAdapter(),
    // The one page is served for every path, so nothing in it may be relative.
    paths: { relative: false },
  },
};

/**
 * adapter-static, then the start script moved out of the page into a file of its own: the server's
 * content security policy allows no inline script.
 *
 * @returns {import('@sveltejs/kit').Adapter}
 */
function strictCspAdapter() {
  const inner = adapterStatic({ pages: BUILD, fallback: FALLBACK });
  return {
    ...inner,
    async adapt(builder) {
      await inner.adapt(builder);
      const page = `${BUILD}/${FALLBACK}`;
      const html = readFileSync(page, 'utf8').replace(
        /<script>([\s\S]*?)<\/script>/g,
        (_match, script) => {
          const hash = createHash('sha256').update(script).digest('hex').slice(0, 12);
          const path = `_app/immutable/start-${hash}.js`;
          writeFileSync(`${BUILD}/${path}`, script);
          return `<script src="/${path}"></script>`;
        },
      );
      writeFileSync(page, html);
    },
  };
}
