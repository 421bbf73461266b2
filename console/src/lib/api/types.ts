/**
 * What the server's API sends and takes, as `docs/openapi.json` describes it.
 *
 * All times are microseconds since the Unix epoch.
 */

export interface Account {
  user_name: string;
  must_change_password: boolean;
}

export const SEARCH_FIELDS = [
  'who',
  'action',
  'what',
  'where',
  'object_type',
  'details',
  'application',
  'workstation',
  'session',
] as const;
export type SearchField = (typeof SEARCH_FIELDS)[number];

export const OPERATORS = [
  'contains',
  'does_not_contain',
  'equals',
  'not_equal_to',
  'starts_with',
  'ends_with',
] as const;
export type Operator = (typeof OPERATORS)[number];

export interface Condition {
  field: SearchField;
  operator: Operator;
  value: string;
}

export interface SearchRequest {
  conditions: Condition[];
  free_text: string[];
  from_us?: number;
  until_us?: number;
  limit?: number;
  after?: string;
}

/** A moment of the video that a record points at. */
export interface Moment {
  display: number;
  time_us: number;
}

export interface ActivityRecord {
  id: string;
  session_id: string;
  when_us: number;
  who: string;
  action: string;
  object_type: string;
  what: string;
  where: string;
  workstation?: string | null;
  details: string[];
  application?: { path: string; description: string } | null;
  coalesced: number;
  moment?: Moment | null;
}

export interface SearchPage {
  records: ActivityRecord[];
  /** Absent on the last page. A page may be empty and still have it: there is more to look through. */
  next?: string | null;
}

export interface SessionSummary {
  id: string;
  who: string;
  where: string;
  workstation?: string | null;
  remote: boolean;
  display_name: string;
  start_us: number;
  /** Absent while the session runs. */
  end_us?: number | null;
  last_known_us: number;
  active_us: number;
  idle_us: number;
  applications: string[];
  activities: number;
  segment_bytes: number;
  has_video: boolean;
}

export interface DisplayPlace {
  index: number;
  left: number;
  top: number;
  width: number;
  height: number;
}

export interface KeyFrame {
  time_us: number;
  offset: number;
}

export interface Segment {
  id: string;
  display: number;
  start_us: number;
  until_us: number;
  width: number;
  height: number;
  left: number;
  top: number;
  /** Readable now, in whole packets. */
  bytes: number;
  state: 'growing' | 'sealed' | 'lost';
  lost_reason?: string | null;
  sha256?: string | null;
  key_frames: KeyFrame[];
}

export interface TimeRange {
  from_us: number;
  until_us: number;
}

export interface SessionEvent {
  when_us: number;
  what: string;
  action: string;
}

export interface SessionDetail extends SessionSummary {
  displays: DisplayPlace[];
  segments: Segment[];
  idle: TimeRange[];
  events: SessionEvent[];
}

export interface SessionPage {
  sessions: SessionSummary[];
  next?: string | null;
}

export interface Computer {
  agent_id: string;
  name: string;
  status: 'online' | 'offline' | 'removed';
  last_seen_us?: number | null;
  enrolled_us: number;
  agent_version: string;
  operating_system: string;
  address?: string | null;
  sessions_recorded?: number | null;
  spool_bytes?: number | null;
  entries_waiting?: number | null;
  policy_revision?: number | null;
}

export interface EnrolmentToken {
  token: string;
  expires_us: number;
}

/** An RFC 9457 problem. */
export interface Problem {
  type?: string;
  title?: string;
  status?: number;
  detail?: string;
  errors?: { field: string; message: string }[];
}
