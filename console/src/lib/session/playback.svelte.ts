import { Player, type PlayerState, type Recording } from '../player/player';
import type { FromWorker } from '../player/messages';
import PlayerWorker from '../player/worker?worker';
import type { SessionDetail } from '../api/types';
import { isRunning, knownUntilUs } from './session-model';

/**
 * A player with its worker and its heartbeat, and its state for the page.
 *
 * For measurements and end-to-end tests the player is `window.eideticPlayer`: `state.positionUs`,
 * `state.pictures` (a map from display to `{ kind: 'shown', frameUs }`), `state.lastSeekMs`,
 * `state.following`, and the methods of {@link Player}. Each seek also leaves a measure
 * `eidetic-seek` in `performance.getEntriesByType('measure')`. The element with the role `region`
 * and the name "Player" says the same in `data-position-us`, `data-frame-us`, `data-seek-ms` and
 * `data-state`.
 */
export class Playback {
  readonly player: Player;
  state: PlayerState = $state.raw()!;
  readonly #worker: Worker;
  #frame: number;

  constructor(detail: SessionDetail, positionUs: number | undefined) {
    this.#worker = new PlayerWorker();
    this.player = new Player(
      {
        post: (message, transfer = []) => this.#worker.postMessage(message, transfer),
        nowMs: () => performance.now(),
        changed: (state) => (this.state = state),
      },
      recordingOf(detail),
      positionUs,
    );
    this.state = this.player.state;
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.player.receive(data);
    this.#worker.onerror = (event) =>
      this.player.receive({ kind: 'broken', message: event.message || 'the decoder stopped' });
    const beat = () => {
      this.player.tick();
      this.#frame = requestAnimationFrame(beat);
    };
    this.#frame = requestAnimationFrame(beat);
    // The page's frames stop while it is hidden.
    document.addEventListener('visibilitychange', this.#wake);
    window.eideticPlayer = this.player;
  }

  readonly #wake = () => this.player.wake();

  /** Takes what the session has gained. */
  update(detail: SessionDetail): void {
    this.player.update(recordingOf(detail));
  }

  dispose(): void {
    cancelAnimationFrame(this.#frame);
    document.removeEventListener('visibilitychange', this.#wake);
    this.#worker.terminate();
    if (window.eideticPlayer === this.player) delete window.eideticPlayer;
  }
}

function recordingOf(detail: SessionDetail): Recording {
  return {
    startUs: detail.start_us,
    endUs: knownUntilUs(detail),
    running: isRunning(detail),
    segments: detail.segments,
    idle: detail.idle,
  };
}

declare global {
  interface Window {
    eideticPlayer?: Player;
  }
}
