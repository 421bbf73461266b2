//! Agents and their enrolment.

use std::net::IpAddr;

use eidetic_model::{AgentId, ComputerFacts, Timestamp};
use eidetic_search::fold;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{
    codes::{agent_state, agent_state_code},
    columns::{id, time},
    users::put_setting,
};
use crate::{
    control::{Agent, AgentDescription, AgentState, Enrolling, EnrolmentToken, Redeemed, TakenUp},
    sqlite::Failure,
};

pub(super) fn add_token(connection: &Connection, token: &EnrolmentToken) -> Result<(), Failure> {
    // One that is there keeps whether it was used.
    connection
        .prepare_cached(
            "INSERT OR IGNORE INTO enrolment_token (secret_sha256, created, expires) \
             VALUES (?1, ?2, ?3)",
        )?
        .execute(params![
            token.secret_sha256,
            token.created.as_unix_micros(),
            token.expires.as_unix_micros(),
        ])?;
    Ok(())
}

pub(super) fn redeem_token(
    connection: &Connection,
    secret_sha256: [u8; 32],
    now: Timestamp,
) -> Result<Redeemed, Failure> {
    let token: Option<(i64, Option<i64>)> = connection
        .prepare_cached("SELECT expires, used FROM enrolment_token WHERE secret_sha256 = ?1")?
        .query_row([secret_sha256], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(match token {
        None => Redeemed::Unknown,
        Some((_, Some(_))) => Redeemed::AlreadyUsed,
        Some((expires, None)) if expires <= now.as_unix_micros() => Redeemed::Expired,
        Some((_, None)) => {
            connection
                .prepare_cached("UPDATE enrolment_token SET used = ?2 WHERE secret_sha256 = ?1")?
                .execute(params![secret_sha256, now.as_unix_micros()])?;
            Redeemed::Yes
        }
    })
}

/// Inside of a transaction.
pub(super) fn enrol(
    connection: &Connection,
    enrolling: &Enrolling,
    now: Timestamp,
) -> Result<Redeemed, Failure> {
    let redeemed = redeem_token(connection, enrolling.secret_sha256, now)?;
    if redeemed == Redeemed::Yes {
        put(connection, &enrolling.agent)?;
        let (name, value) = &enrolling.setting;
        put_setting(connection, name, value)?;
    }
    Ok(redeemed)
}

pub(super) fn put(connection: &Connection, agent: &Agent) -> Result<(), Failure> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO agent (id, computer_name, agent_version, operating_system, \
             enrolled, last_seen, state, certificate_serial, names, addresses) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute(params![
            agent.id.to_bytes(),
            agent.computer_name,
            agent.agent_version,
            agent.operating_system,
            agent.enrolled.as_unix_micros(),
            agent.last_seen.map(Timestamp::as_unix_micros),
            agent_state_code(agent.state),
            agent.certificate_serial,
            lines(&agent.facts.names),
            lines(&agent.facts.addresses),
        ])?;
    Ok(())
}

pub(super) fn describe(
    connection: &Connection,
    id: AgentId,
    description: &AgentDescription,
) -> Result<(), Failure> {
    connection
        .prepare_cached(
            "UPDATE agent SET computer_name = ?2, agent_version = ?3, operating_system = ?4, \
             names = ?5, addresses = ?6 WHERE id = ?1",
        )?
        .execute(params![
            id.to_bytes(),
            description.computer_name,
            description.agent_version,
            description.operating_system,
            lines(&description.facts.names),
            lines(&description.facts.addresses),
        ])?;
    Ok(())
}

pub(super) fn take_up_certificate(
    connection: &Connection,
    id: AgentId,
    serial: &[u8],
) -> Result<TakenUp, Failure> {
    let changed = connection
        .prepare_cached("UPDATE agent SET certificate_serial = ?2 WHERE id = ?1 AND state = ?3")?
        .execute(params![
            id.to_bytes(),
            serial,
            agent_state_code(AgentState::Active)
        ])?;
    Ok(match changed {
        0 => TakenUp::NotActive,
        _ => TakenUp::Yes,
    })
}

pub(super) fn one(connection: &Connection, id: AgentId) -> Result<Option<Agent>, Failure> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM agent WHERE id = ?1"))?
        .query_and_then([id.to_bytes()], read)?
        .next()
        .transpose()
}

pub(super) fn all(connection: &Connection) -> Result<Vec<Agent>, Failure> {
    let mut agents: Vec<Agent> = connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM agent"))?
        .query_and_then([], read)?
        .collect::<Result<_, _>>()?;
    agents.sort_by_cached_key(|agent| (fold(&agent.computer_name), agent.id));
    Ok(agents)
}

pub(super) fn note_contact(
    connection: &Connection,
    id: AgentId,
    at: Timestamp,
) -> Result<(), Failure> {
    connection
        .prepare_cached("UPDATE agent SET last_seen = ?2 WHERE id = ?1")?
        .execute(params![id.to_bytes(), at.as_unix_micros()])?;
    Ok(())
}

fn read(row: &Row<'_>) -> Result<Agent, Failure> {
    Ok(Agent {
        id: id(row, 0, AgentId::from_slice)?,
        computer_name: row.get(1)?,
        agent_version: row.get(2)?,
        operating_system: row.get(3)?,
        enrolled: time(row, 4)?,
        last_seen: row
            .get::<_, Option<i64>>(5)?
            .map(Timestamp::from_unix_micros),
        state: agent_state(row.get(6)?)?,
        certificate_serial: row.get(7)?,
        facts: ComputerFacts {
            names: row
                .get::<_, String>(8)?
                .lines()
                .map(str::to_owned)
                .collect(),
            addresses: read_addresses(&row.get::<_, String>(9)?)?,
        },
    })
}

fn lines(items: &[impl ToString]) -> String {
    let items: Vec<_> = items.iter().map(ToString::to_string).collect();
    items.join("\n")
}

fn read_addresses(text: &str) -> Result<Vec<IpAddr>, Failure> {
    let addresses = text.lines().map(str::parse).collect::<Result<_, _>>();
    addresses.map_err(|_| Failure::damaged("address of an agent", "it is no address"))
}

const COLUMNS: &str = "id, computer_name, agent_version, operating_system, enrolled, last_seen, \
     state, certificate_serial, names, addresses";
