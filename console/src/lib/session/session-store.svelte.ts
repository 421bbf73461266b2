import * as api from '../api/client';
import { isAbort } from '../api/problem';
import type { ActivityRecord, SessionDetail } from '../api/types';
import { account } from '../state/account.svelte';
import { followSession, type LiveState } from './live';
import {
  isRunning,
  knownUntilUs,
  withActivities,
  withChange,
  type LiveChange,
  type SessionModel,
} from './session-model';
import { gapsOf, stretchesOf } from './stretches';

/** One session as the page sees it: loaded, then followed while it runs. */
export class SessionStore {
  readonly id: string;
  detail = $state.raw<SessionDetail>();
  activities = $state.raw<ActivityRecord[]>([]);
  /** All activities that there were when the page was opened are here. */
  activitiesComplete = $state(false);
  error = $state.raw<unknown>();
  activitiesError = $state.raw<unknown>();
  live = $state<LiveState>('connecting');

  readonly running = $derived(this.detail !== undefined && isRunning(this.detail));
  readonly untilUs = $derived(this.detail === undefined ? 0 : knownUntilUs(this.detail));
  readonly stretches = $derived(stretchesOf(this.activities, this.untilUs));
  readonly gaps = $derived(this.detail === undefined ? [] : gapsOf(this.detail, this.untilUs));

  readonly #abort = new AbortController();
  #unfollow: (() => void) | undefined;
  #again: ReturnType<typeof setTimeout> | undefined;

  constructor(id: string) {
    this.id = id;
  }

  /** Loads the session; the video can be played before the activities are all there. */
  async load(): Promise<void> {
    this.error = undefined;
    try {
      this.detail = await api.session(this.id, this.#abort.signal);
    } catch (error) {
      this.#fail(error, () => (this.error = error));
      return;
    }
    await this.loadActivities();
  }

  /** Loads activities from where loading stopped, then follows a session that runs. */
  async loadActivities(): Promise<void> {
    this.activitiesError = undefined;
    let after = this.activities.at(-1)?.id;
    try {
      for (;;) {
        const { signal } = this.#abort;
        const page = await api.sessionActivities(this.id, after, ACTIVITIES_PAGE, signal);
        this.activities = withActivities(this.activities, page.records);
        after = page.next;
        if (after === undefined || this.activities.length >= MAX_ACTIVITIES) break;
      }
      this.activitiesComplete = true;
    } catch (error) {
      this.#fail(error, () => (this.activitiesError = error));
    }
    this.follow();
  }

  /** Follows the session from what is known on, if it runs. */
  follow(): void {
    this.#unfollow?.();
    clearTimeout(this.#again);
    if (!this.running || this.#abort.signal.aborted) return;
    let opened = false;
    this.#unfollow = followSession(
      this.id,
      this.activities.at(-1)?.id,
      (change) => this.#take(change),
      (state) => {
        this.live = state;
        if (state === 'open' && opened) void this.#catchUp();
        opened ||= state === 'open';
        if (state === 'lost') this.#followAgain();
      },
    );
  }

  /** Takes what changed while the connection was broken: the stream tells of what grows only. */
  async #catchUp(): Promise<void> {
    try {
      this.detail = await api.session(this.id, this.#abort.signal);
    } catch (error) {
      if (!isAbort(error)) account.noticeSignedOut(error);
    }
  }

  #followAgain(): void {
    void account.check();
    this.#again = setTimeout(() => {
      void this.#catchUp().then(() => this.follow());
    }, FOLLOW_AGAIN_MS);
  }

  dispose(): void {
    this.#abort.abort();
    clearTimeout(this.#again);
    this.#unfollow?.();
  }

  #take(change: LiveChange): void {
    if (this.detail === undefined) return;
    const model: SessionModel = { detail: this.detail, activities: this.activities };
    const changed = withChange(model, change);
    this.detail = changed.detail;
    this.activities = changed.activities;
  }

  #fail(error: unknown, note: () => void): void {
    if (isAbort(error) || this.#abort.signal.aborted || account.noticeSignedOut(error)) return;
    note();
  }
}

const FOLLOW_AGAIN_MS = 3000;
const ACTIVITIES_PAGE = 1000;
/** A page cannot hold more of a session than this with comfort. */
const MAX_ACTIVITIES = 200_000;
