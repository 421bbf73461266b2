//! Mending what is unmet, and telling what was before and what is after.

use std::path::Path;

use eidetic_model::Timestamp;

use crate::{
    catalogue::check,
    check::CheckId,
    examine::{self, AgentFacts, Finding, ServerFacts, Verdict},
    installation::Installation,
    machine::{Machine, MendFailed},
};

/// Something that was changed on a computer, or was to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adjustment {
    /// The prerequisite for which.
    pub check: CheckId,
    /// What was found before.
    pub before: String,
    /// What is found now.
    pub after: String,
    /// What became of it.
    pub outcome: Adjusted,
}

/// What became of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Adjusted {
    /// The prerequisite is met now.
    Mended,
    /// The change was made, and it takes its time.
    UnderWay,
    /// It could not be changed; why.
    Failed(String),
}

/// Mends an unmet prerequisite of an agent, if that can be done safely. `None` if it has to be
/// mended by hand, or is met.
pub fn mend_agent(
    finding: &Finding,
    machine: &dyn Machine,
    facts: &AgentFacts,
    installation: &Installation,
    now: Timestamp,
) -> Option<Adjustment> {
    adjust(finding, machine, installation, || {
        examine::agent_again(finding.check, machine, facts, installation, now)
    })
}

/// Mends an unmet prerequisite of a server.
pub fn mend_server(
    finding: &Finding,
    machine: &dyn Machine,
    facts: &ServerFacts,
    installation: &Installation,
    now: Timestamp,
) -> Option<Adjustment> {
    adjust(finding, machine, installation, || {
        examine::server_again(finding.check, machine, facts, installation, now)
    })
}

fn adjust(
    finding: &Finding,
    machine: &dyn Machine,
    installation: &Installation,
    look_again: impl FnOnce() -> Finding,
) -> Option<Adjustment> {
    if finding.verdict != Verdict::Unmet || check(finding.check).mended.is_none() {
        return None;
    }
    let changed = change(finding.check, machine, installation)?;
    let now = look_again();
    let outcome = match changed {
        Err(MendFailed(reason)) => Adjusted::Failed(reason),
        Ok(()) if now.verdict == Verdict::Met => Adjusted::Mended,
        // These are known again only once they were asked again.
        Ok(()) if matches!(finding.check, CheckId::ClockInStep | CheckId::Logind) => {
            Adjusted::UnderWay
        }
        Ok(()) => Adjusted::Failed("it was changed, and is still unmet".to_owned()),
    };
    Some(Adjustment {
        check: finding.check,
        before: finding.found.clone(),
        after: now.found,
        outcome,
    })
}

/// Makes the change; `None` if there is none for this check.
fn change(
    check: CheckId,
    machine: &dyn Machine,
    installation: &Installation,
) -> Option<Result<(), MendFailed>> {
    let folder = Path::new(&installation.folder);
    Some(match check {
        CheckId::AgentService | CheckId::ServerService => {
            machine.start_service(&installation.service)
        }
        CheckId::AgentFolder | CheckId::DataFolder => {
            // Closing it helps only if that is what is wrong with it.
            if !matches!(machine.open_to_others(folder), Ok(Some(_))) {
                return None;
            }
            machine.close_folder(folder)
        }
        CheckId::ClockInStep | CheckId::ServerClock => machine.keep_clock(),
        CheckId::Logind => machine.start_service(LOGIND),
        CheckId::ControlPort => machine.let_in(&examine::control_port(installation)),
        CheckId::WmiService => machine.start_service(examine::WMI),
        CheckId::RemoteRegistryService => machine.start_service(examine::REMOTE_REGISTRY),
        CheckId::FileSharingFirewall => machine.let_in(&crate::Opening::FILE_SHARING),
        CheckId::WmiFirewall => machine.let_in(&crate::Opening::WMI),
        CheckId::Ssh => machine.start_service(SSH),
        CheckId::ServerFirewall => machine.let_in(&examine::agents_port(installation)),
        CheckId::SpoolSpace
        | CheckId::ServerReachable
        | CheckId::AgentCertificate
        | CheckId::XAccess
        | CheckId::AdministrativeShares
        | CheckId::Sudo
        | CheckId::ServerPort
        | CheckId::DataSpace
        | CheckId::ServerCertificate
        | CheckId::ConsoleCertificate
        | CheckId::ControlListener => return None,
    })
}

const LOGIND: &str = "systemd-logind";
const SSH: &str = "ssh";
