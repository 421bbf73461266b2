//! Users, their sign-ins, what they watched; and settings.

use std::time::Duration;

use eidetic_model::Timestamp;
use eidetic_search::fold;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};

use super::{columns::time, health::Conditions};
use crate::{
    control::{LogMark, Looked, SignIn, SignInId, User, ViewingEvent, ViewingFilter, ViewingId},
    sqlite::{Failure, from_sql},
};

pub(super) fn put(connection: &Connection, user: &User) -> Result<(), Failure> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO user (folded_name, name, password_hash, must_change_password) \
             VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![
            fold(&user.name),
            user.name,
            user.password_hash,
            user.must_change_password,
        ])?;
    Ok(())
}

pub(super) fn one(connection: &Connection, name: &str) -> Result<Option<User>, Failure> {
    Ok(connection
        .prepare_cached(
            "SELECT name, password_hash, must_change_password FROM user WHERE folded_name = ?1",
        )?
        .query_row([fold(name)], |row| {
            Ok(User {
                name: row.get(0)?,
                password_hash: row.get(1)?,
                must_change_password: row.get(2)?,
            })
        })
        .optional()?)
}

pub(super) fn count(connection: &Connection) -> Result<u64, Failure> {
    let count = connection.query_row("SELECT count(*) FROM user", [], |row| row.get(0))?;
    Ok(from_sql(count))
}

pub(super) fn put_sign_in(connection: &Connection, sign_in: &SignIn) -> Result<(), Failure> {
    connection
        .prepare_cached("DELETE FROM sign_in WHERE expires <= ?1")?
        .execute([sign_in.created.as_unix_micros()])?;
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO sign_in (id, user, folded_user, created, expires) \
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            sign_in.id.0,
            sign_in.user,
            fold(&sign_in.user),
            sign_in.created.as_unix_micros(),
            sign_in.expires.as_unix_micros(),
        ])?;
    Ok(())
}

pub(super) fn sign_in(
    connection: &Connection,
    id: SignInId,
    now: Timestamp,
) -> Result<Option<SignIn>, Failure> {
    connection
        .prepare_cached(
            "SELECT user, created, expires FROM sign_in \
             WHERE id = ?1 AND expires > ?2 AND created <= ?3",
        )?
        .query_and_then(
            params![
                id.0,
                now.as_unix_micros(),
                now.saturating_add(CLOCK_CORRECTION).as_unix_micros()
            ],
            |row| {
                Ok(SignIn {
                    id,
                    user: row.get(0)?,
                    created: time(row, 1)?,
                    expires: time(row, 2)?,
                })
            },
        )?
        .next()
        .transpose()
}

pub(super) fn end_sign_in(connection: &Connection, id: SignInId) -> Result<(), Failure> {
    connection
        .prepare_cached("DELETE FROM sign_in WHERE id = ?1")?
        .execute([id.0])?;
    Ok(())
}

pub(super) fn end_other_sign_ins(
    connection: &Connection,
    user: &str,
    but: SignInId,
) -> Result<(), Failure> {
    connection
        .prepare_cached("DELETE FROM sign_in WHERE folded_user = ?1 AND id <> ?2")?
        .execute(params![fold(user), but.0])?;
    Ok(())
}

pub(super) fn note_viewing(
    connection: &Connection,
    event: &ViewingEvent,
) -> Result<ViewingId, Failure> {
    let looked = event.looked.as_ref();
    connection
        .prepare_cached(
            "INSERT INTO viewing (time, user, address, what, object, before, after, looked_from, \
             looked_until, looked_last) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute(params![
            event.when.as_unix_micros(),
            event.user,
            event.address,
            event.what,
            event.object,
            event.before,
            event.after,
            looked.map(|looked| looked.from.as_unix_micros()),
            looked.map(|looked| looked.until.as_unix_micros()),
            looked.map(|looked| looked.last.as_unix_micros()),
        ])?;
    Ok(ViewingId(connection.last_insert_rowid()))
}

pub(super) fn note_looked(
    connection: &Connection,
    id: ViewingId,
    looked: Looked,
) -> Result<(), Failure> {
    connection
        .prepare_cached(
            "UPDATE viewing SET looked_from = ?2, looked_until = ?3, looked_last = ?4 \
             WHERE id = ?1",
        )?
        .execute(params![
            id.0,
            looked.from.as_unix_micros(),
            looked.until.as_unix_micros(),
            looked.last.as_unix_micros(),
        ])?;
    Ok(())
}

pub(super) fn viewings(
    connection: &Connection,
    filter: &ViewingFilter,
    before: Option<LogMark>,
    limit: usize,
) -> Result<Vec<(LogMark, ViewingEvent)>, Failure> {
    let mut conditions = Conditions::default();
    conditions.any_of("what", filter.what.iter().cloned());
    if let Some(from) = filter.from {
        conditions.add("time >= ?", [from.as_unix_micros().into()]);
    }
    if let Some(until) = filter.until {
        conditions.add("time < ?", [until.as_unix_micros().into()]);
    }
    if let Some(mark) = before {
        let values = [mark.when.as_unix_micros().into(), mark.number.into()];
        conditions.add("(time, id) < (?, ?)", values);
    }
    let (clause, values) = conditions.into_parts();
    // The texts are looked at here: what they mean by case is not SQLite's.
    let (user, object) = (fold(&filter.user), fold(&filter.object));
    let fits = |event: &ViewingEvent| {
        fold(&event.user).contains(&*user) && fold(&event.object).contains(&*object)
    };
    connection
        .prepare_cached(&format!(
            "SELECT id, time, user, address, what, object, before, after, looked_from, \
             looked_until, looked_last FROM viewing {clause} ORDER BY time DESC, id DESC"
        ))?
        .query_and_then(params_from_iter(values), read_viewing)?
        .filter(|found| found.as_ref().map_or(true, |(_, event)| fits(event)))
        .take(limit)
        .collect()
}

fn read_viewing(row: &Row<'_>) -> Result<(LogMark, ViewingEvent), Failure> {
    let mark = LogMark {
        when: time(row, 1)?,
        number: row.get(0)?,
    };
    let looked = match row.get::<_, Option<i64>>(8)? {
        None => None,
        Some(_) => Some(Looked {
            from: time(row, 8)?,
            until: time(row, 9)?,
            last: time(row, 10)?,
        }),
    };
    let event = ViewingEvent {
        when: mark.when,
        user: row.get(2)?,
        address: row.get(3)?,
        what: row.get(4)?,
        object: row.get(5)?,
        before: row.get(6)?,
        after: row.get(7)?,
        looked,
    };
    Ok((mark, event))
}

pub(super) fn setting(
    connection: &Connection,
    name: &str,
) -> Result<Option<(u64, String)>, Failure> {
    Ok(connection
        .prepare_cached("SELECT revision, value FROM setting WHERE name = ?1")?
        .query_row([name], |row| Ok((from_sql(row.get(0)?), row.get(1)?)))
        .optional()?)
}

pub(super) fn put_setting(
    connection: &Connection,
    name: &str,
    value: &str,
) -> Result<u64, Failure> {
    let revision = connection
        .prepare_cached(
            "INSERT INTO setting (name, revision, value) VALUES (?1, 1, ?2) \
             ON CONFLICT (name) DO UPDATE SET revision = revision + 1, value = excluded.value \
             RETURNING revision",
        )?
        .query_row([name, value], |row| row.get(0))?;
    Ok(from_sql(revision))
}

/// What a clock is set back by in ordinary life.
const CLOCK_CORRECTION: Duration = Duration::from_secs(5 * 60);
