//! Monitoring plans.

use eidetic_model::PlanId;
use rusqlite::{Connection, OptionalExtension, params};

use super::columns::id;
use crate::{
    control::{PlansReplaced, StoredPlan, StoredPlans},
    sqlite::{Failure, from_sql, to_sql},
};

pub(super) fn all(connection: &Connection) -> Result<StoredPlans, Failure> {
    let plans = connection
        .prepare_cached("SELECT id, value FROM plan ORDER BY place")?
        .query_and_then([], |row| {
            Ok::<_, Failure>(StoredPlan {
                id: id(row, 0, PlanId::from_slice)?,
                value: row.get(1)?,
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(StoredPlans {
        revision: revision(connection)?,
        plans,
    })
}

/// Inside of a transaction.
pub(super) fn replace(
    connection: &Connection,
    instead_of: u64,
    plans: &StoredPlans,
) -> Result<PlansReplaced, Failure> {
    if revision(connection)? != instead_of {
        return Ok(PlansReplaced::Conflict);
    }
    connection.execute("DELETE FROM plan", [])?;
    for (place, plan) in (0_i64..).zip(&plans.plans) {
        connection
            .prepare_cached("INSERT INTO plan (id, place, value) VALUES (?1, ?2, ?3)")?
            .execute(params![plan.id.to_bytes(), place, plan.value])?;
    }
    connection.execute(
        "INSERT INTO plan_book (one, revision) VALUES (1, ?1) \
         ON CONFLICT (one) DO UPDATE SET revision = excluded.revision",
        [to_sql(plans.revision)],
    )?;
    Ok(PlansReplaced::Yes)
}

fn revision(connection: &Connection) -> Result<u64, Failure> {
    let revision = connection
        .query_row("SELECT revision FROM plan_book", [], |row| row.get(0))
        .optional()?;
    Ok(revision.map_or(0, from_sql))
}
