/** The page to go to after a sign-in: only one of our own. */
export function safeNext(next: string | null): string {
  const isOwn = next !== null && /^\/(?![/\\])/.test(next) && !next.startsWith('/sign-in');
  return isOwn && next !== '/' ? next : '/search';
}
