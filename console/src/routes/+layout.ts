// The console is a static app: the server sends the same page for every path.
export const ssr = false;
export const prerender = false;
