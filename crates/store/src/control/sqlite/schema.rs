//! The tables of `control.db`.

/// `migrations[n]` leads from format `n` to format `n + 1`.
pub(super) const MIGRATIONS: &[&str] = &[FIRST, PLANS, HEALTH, CHECKS, RECORDS_RETENTION];

// Ids are the sixteen bytes of their UUID; times are microseconds since 1970; `state` and `reason`
// are the numbers of `codes`. `last_sequence` is what was taken in of each spool.
const FIRST: &str = "
CREATE TABLE enrolment_token (
    secret_sha256 BLOB PRIMARY KEY,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    used INTEGER
) STRICT, WITHOUT ROWID;
CREATE TABLE agent (
    id BLOB PRIMARY KEY,
    computer_name TEXT NOT NULL,
    agent_version TEXT NOT NULL,
    operating_system TEXT NOT NULL,
    enrolled INTEGER NOT NULL,
    last_seen INTEGER,
    state INTEGER NOT NULL,
    certificate_serial BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE last_sequence (
    agent BLOB NOT NULL,
    spool BLOB NOT NULL,
    sequence INTEGER NOT NULL,
    PRIMARY KEY (agent, spool)
) STRICT, WITHOUT ROWID;
CREATE TABLE session (
    id INTEGER PRIMARY KEY,
    uuid BLOB NOT NULL UNIQUE,
    agent BLOB NOT NULL,
    who TEXT NOT NULL,
    wher TEXT NOT NULL,
    is_remote INTEGER NOT NULL,
    workstation TEXT NOT NULL,
    display_name TEXT NOT NULL,
    start INTEGER NOT NULL,
    ended INTEGER,
    last_known INTEGER NOT NULL,
    idle INTEGER NOT NULL DEFAULT 0,
    activities INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX session_start ON session(start, uuid);
CREATE TABLE session_application (
    session INTEGER NOT NULL REFERENCES session(id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    description TEXT NOT NULL,
    PRIMARY KEY (session, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE idle_stretch (
    session INTEGER NOT NULL REFERENCES session(id) ON DELETE CASCADE,
    start INTEGER NOT NULL,
    until INTEGER NOT NULL
) STRICT;
CREATE INDEX idle_stretch_session ON idle_stretch(session, start);
CREATE TABLE segment (
    id INTEGER PRIMARY KEY,
    uuid BLOB NOT NULL UNIQUE,
    session INTEGER NOT NULL REFERENCES session(id) ON DELETE CASCADE,
    display INTEGER NOT NULL,
    start INTEGER NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    left_edge INTEGER NOT NULL,
    top_edge INTEGER NOT NULL,
    state INTEGER NOT NULL,
    sha256 BLOB,
    reason INTEGER,
    until INTEGER NOT NULL,
    bytes INTEGER NOT NULL
) STRICT;
CREATE INDEX segment_session ON segment(session, display, start, bytes);
CREATE TABLE key_frame (
    segment INTEGER NOT NULL REFERENCES segment(id) ON DELETE CASCADE,
    place INTEGER NOT NULL,
    time INTEGER NOT NULL,
    PRIMARY KEY (segment, place)
) STRICT, WITHOUT ROWID;
CREATE TABLE user (
    folded_name TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    must_change_password INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE sign_in (
    id BLOB PRIMARY KEY,
    user TEXT NOT NULL,
    folded_user TEXT NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE viewing (
    id INTEGER PRIMARY KEY,
    time INTEGER NOT NULL,
    user TEXT NOT NULL,
    address TEXT NOT NULL,
    what TEXT NOT NULL,
    object TEXT NOT NULL
) STRICT;
CREATE INDEX viewing_time ON viewing(time);
CREATE TABLE setting (
    name TEXT PRIMARY KEY,
    revision INTEGER NOT NULL,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
";

// `names` and `addresses` have a line for each. `place` is a plan's place in their order; `value` is
// the plan as its owner wrote it. `segment_kept` has the segments that do not grow and were not
// removed. The one row of `plan_book` counts the changes of all plans.
const PLANS: &str = "
ALTER TABLE agent ADD COLUMN names TEXT NOT NULL DEFAULT '';
ALTER TABLE agent ADD COLUMN addresses TEXT NOT NULL DEFAULT '';
CREATE INDEX segment_kept ON segment(until) WHERE state > 0 AND ifnull(reason, 0) <> 8;
CREATE TABLE plan (
    id BLOB PRIMARY KEY,
    place INTEGER NOT NULL UNIQUE,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE plan_book (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    revision INTEGER NOT NULL
) STRICT;
-- Of sessions of before there were plans it is not known.
ALTER TABLE session ADD COLUMN plan BLOB;
";

// What each agent said last; what happened to the system; how many records came in of each day, and
// how much was stored on it. `looked_*` is how much of a recording a user looked at.
const HEALTH: &str = "
CREATE TABLE agent_status (
    agent BLOB PRIMARY KEY,
    at INTEGER NOT NULL,
    address TEXT NOT NULL,
    spool_bytes INTEGER NOT NULL,
    entries_waiting INTEGER NOT NULL,
    segments_waiting INTEGER NOT NULL,
    sessions_recorded INTEGER NOT NULL,
    sessions_slowed INTEGER NOT NULL,
    policy_revision INTEGER NOT NULL,
    known_until INTEGER,
    clock_ahead INTEGER,
    cpu_permille INTEGER,
    busiest_permille INTEGER,
    memory_bytes INTEGER,
    spool_full INTEGER NOT NULL,
    disk_free_bytes INTEGER
) STRICT, WITHOUT ROWID;
CREATE TABLE health_event (
    id INTEGER PRIMARY KEY,
    time INTEGER NOT NULL,
    severity INTEGER NOT NULL,
    kind TEXT NOT NULL,
    agent BLOB,
    computer TEXT NOT NULL,
    folded_computer TEXT NOT NULL,
    plan TEXT NOT NULL,
    folded_plan TEXT NOT NULL,
    text TEXT NOT NULL,
    before TEXT NOT NULL,
    after TEXT NOT NULL
) STRICT;
CREATE INDEX health_event_time ON health_event(time, severity);
CREATE TABLE records_of_day (
    day INTEGER PRIMARY KEY,
    records INTEGER NOT NULL
) STRICT;
CREATE TABLE storage_of_day (
    day INTEGER PRIMARY KEY,
    audit_bytes INTEGER NOT NULL,
    segment_bytes INTEGER NOT NULL,
    free_bytes INTEGER NOT NULL
) STRICT;
ALTER TABLE viewing ADD COLUMN before TEXT NOT NULL DEFAULT '';
ALTER TABLE viewing ADD COLUMN after TEXT NOT NULL DEFAULT '';
ALTER TABLE viewing ADD COLUMN looked_from INTEGER;
ALTER TABLE viewing ADD COLUMN looked_until INTEGER;
ALTER TABLE viewing ADD COLUMN looked_last INTEGER;
";

// `by_hand` has a line for each; `since` is when it was told of first without a break.
const CHECKS: &str = "
CREATE TABLE check_report (
    agent BLOB PRIMARY KEY,
    time INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE unmet_check (
    agent BLOB NOT NULL,
    name TEXT NOT NULL,
    found TEXT NOT NULL,
    by_hand TEXT NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (agent, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE adjustment (
    id BLOB PRIMARY KEY,
    agent BLOB NOT NULL,
    time INTEGER NOT NULL,
    name TEXT NOT NULL,
    before TEXT NOT NULL,
    after TEXT NOT NULL,
    problem TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX adjustment_agent ON adjustment(agent, time);
";

// Records from before `records_removed_until` are not there any more, as far as those who look are
// told; `records_looked_until` says the same to those who remove.
const RECORDS_RETENTION: &str = "
ALTER TABLE session ADD COLUMN records_removed_until INTEGER;
ALTER TABLE session ADD COLUMN records_looked_until INTEGER;
";
