/** What a new plan begins with: the server's defaults. */

import type { PlanSettings } from '../api/types';

export const DEFAULT_PLAN_ID = '00000000-0000-0000-0000-000000000000';

export const DEFAULT_SETTINGS: PlanSettings = {
  monitor: true,
  notify_users: false,
  notify_text:
    'Activity on this computer is monitored and may be recorded, including what is on the screen.',
  notify_closes_after_secs: 60,
  users: { only_listed: false, listed: [], except: [] },
  record_screen: true,
  applications: { only_listed: false, listed: [], except: [], only_their_windows: false },
  stop_after_minutes: 0,
  stop_when_idle_minutes: 0,
  stop_below_free_bytes: 0,
  quality: 'high',
  grayscale: false,
  max_frames_per_second: 4,
  max_cpu_percent: 5,
  idle_after_secs: 300,
  max_titles_per_second: 4,
  spool_max_bytes: 2 ** 31,
  spool_min_free_bytes: 2 ** 30,
  video_retention_days: 7,
  record_retention_days: 180,
  prerequisites: 'report',
};
