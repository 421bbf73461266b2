//! The tables of a part file.

/// `migrations[n]` leads from format `n` to format `n + 1`.
pub(super) const MIGRATIONS: &[&str] = &[FIRST];

/// Pages of 8 KiB: records are read in runs.
pub(super) const PAGE_BYTES: u32 = 8_192;

// - `dim` has every distinct value of every field but What; `folded` is NULL where it equals `v`;
//   `cuts` says where a value that is made of several is to be cut (see `dictionary`).
// - `title` has every distinct What; `h` is the first 64 bits of its SHA-256. `fts` finds the
//   titles that contain a term, and is fed text that was folded already: it folds nothing itself.
// - `seen` leads from any value to the sessions in which it was seen, and `rec_session` from there
//   to the records: one narrow table instead of an index for each field.
// - `rec.at` is the record's time where its position is not at its time; `rec.moment` is relative
//   to the record's time.
// - `ingested` has the sequences that were stored in this part, as ranges.
const FIRST: &str = "
CREATE TABLE dim (
    id INTEGER PRIMARY KEY,
    kind INTEGER NOT NULL,
    h INTEGER NOT NULL,
    v TEXT NOT NULL,
    folded TEXT,
    cuts TEXT NOT NULL
) STRICT;
CREATE INDEX dim_value ON dim(kind, h);
CREATE TABLE title (
    id INTEGER PRIMARY KEY,
    h INTEGER NOT NULL,
    v TEXT NOT NULL
) STRICT;
CREATE INDEX title_hash ON title(h);
CREATE VIRTUAL TABLE fts USING fts5(
    v, content='', contentless_delete=1, detail=full, tokenize='trigram case_sensitive 1'
);
CREATE TABLE rec (
    id INTEGER PRIMARY KEY,
    who INTEGER NOT NULL,
    action INTEGER NOT NULL,
    wher INTEGER NOT NULL,
    object_type INTEGER NOT NULL,
    details INTEGER NOT NULL,
    application INTEGER NOT NULL,
    workstation INTEGER NOT NULL,
    session INTEGER NOT NULL,
    title INTEGER NOT NULL,
    at INTEGER,
    coalesced INTEGER,
    display INTEGER,
    moment INTEGER
) STRICT;
CREATE INDEX rec_session ON rec(session);
CREATE INDEX rec_title ON rec(title);
CREATE TABLE seen (
    dim INTEGER NOT NULL,
    session INTEGER NOT NULL,
    PRIMARY KEY (dim, session)
) STRICT, WITHOUT ROWID;
CREATE TABLE ingested (
    agent BLOB NOT NULL,
    spool BLOB NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (agent, spool, first)
) STRICT, WITHOUT ROWID;
CREATE TABLE part (
    id INTEGER PRIMARY KEY CHECK (id = 0),
    records INTEGER NOT NULL
) STRICT;
INSERT INTO part (id, records) VALUES (0, 0);
";
