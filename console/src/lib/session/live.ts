import { liveUrl } from '../api/client';
import type { ActivityRecord, Segment, SessionSummary, TimeRange } from '../api/types';
import type { LiveChange } from './session-model';

/** How the connection that a running session is followed through is doing. */
export type LiveState = 'connecting' | 'open' | 'lost';

/** Follows a running session until it ends or the returned function is called. */
export function followSession(
  sessionId: string,
  after: string | undefined,
  onChange: (change: LiveChange) => void,
  onState: (state: LiveState) => void,
): () => void {
  const source = new EventSource(liveUrl(sessionId, after));
  const listen = <T>(name: string, toChange: (data: T) => LiveChange) =>
    source.addEventListener(name, (event: MessageEvent<string>) =>
      onChange(toChange(JSON.parse(event.data) as T)),
    );

  listen<SessionSummary>('session', (summary) => {
    // The server closes the stream now; an event source would connect again.
    if (typeof summary.end_us === 'number') source.close();
    return { kind: 'session', summary };
  });
  listen<Segment>('segment', (segment) => ({ kind: 'segment', segment }));
  listen<{ records: ActivityRecord[] }>('activities', ({ records }) => ({
    kind: 'activities',
    records,
  }));
  listen<TimeRange>('idle', (range) => ({ kind: 'idle', range }));
  source.onopen = () => onState('open');
  // The browser connects again by itself, except after an answer that was no event stream.
  source.onerror = () => onState(source.readyState === EventSource.CLOSED ? 'lost' : 'connecting');
  onState('connecting');
  return () => source.close();
}
