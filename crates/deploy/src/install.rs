//! Installing and upgrading.

use std::time::Duration;

use crate::{
    Cancel, Computer, DeployError, Observer, Package, Packages, Reach, Secret, Step, Target,
    commands::{self, DIAGNOSE, PROGRAM, SET_UP, START, UNIT},
    connection::{Connection, Output},
    package::UNIT_TEXT,
    privilege::Privilege,
    upload::Stage,
    windows,
};

/// What to install.
#[derive(Clone, Debug)]
pub struct Install {
    /// Where the packages are.
    pub packages: Packages,
    /// The name or address of the server, as the computer reaches it.
    pub server_host: String,
    /// The server's port for agents.
    pub server_port: u16,
    /// The token with which the agent enrols, once.
    pub token: Secret,
}

/// An agent that is installed, and was started.
pub struct Installed {
    /// The computer, as it was found.
    pub computer: Computer,
    /// What was installed.
    pub package: Package,
    there: There,
}

/// What reaches the computer still.
enum There {
    Linux {
        connection: Connection,
        privilege: Privilege,
    },
    Windows(Box<windows::Visit>),
}

/// What an agent that was started says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis(pub String);

/// Installs the agent, in place of an older one if there is one, and starts it. It is done when
/// the service runs; whether it reaches the server, the server knows.
///
/// # Errors
///
/// If it fails; what was copied is removed again.
pub async fn install(
    target: &Target,
    install: &Install,
    observer: &dyn Observer,
    cancel: &Cancel,
) -> Result<Installed, DeployError> {
    if target.reach == Reach::Smb {
        let (computer, package, visit) =
            windows::install(target, install, observer, cancel).await?;
        return Ok(Installed {
            computer,
            package,
            there: There::Windows(Box::new(visit)),
        });
    }
    let connection = or_cancelled(cancel, Connection::open(target, observer)).await?;
    observer.at(Step::LookingAround);
    let examined = Computer::examine(&connection, &target.account);
    let (computer, privilege) = or_cancelled(cancel, examined).await?;
    let package = install.packages.find(&computer)?;
    let contents = package.read()?;
    let size = contents.len() as u64;
    // The copy, then the program, which a package holds compressed.
    let unpacked = match package {
        Package::Debian(_) | Package::Msi(_) => 5 * size,
        Package::Program(_) => size,
    };
    let own_room = 32 << 20;
    computer.check_room(&[("/tmp", size), ("/usr", unpacked), ("/var", own_room)])?;
    let stage = or_cancelled(cancel, Stage::make(&connection)).await?;
    let files: &[(&str, &[u8])] = match package {
        Package::Debian(_) | Package::Msi(_) => &[(DEBIAN, &contents)],
        Package::Program(_) => &[(PROGRAM, &contents), (UNIT, UNIT_TEXT.as_bytes())],
    };
    let copied = or_cancelled(cancel, stage.fill(&connection, files, observer)).await;
    let installed = match copied {
        // From here on it goes to its end: a package that is half installed helps nobody.
        Ok(()) => unpack(&connection, &privilege, &package, &stage, observer).await,
        Err(error) => Err(error),
    };
    stage.remove(&connection).await;
    if let Err(error) = installed {
        connection.close().await;
        return Err(full_disk(error, &computer, size));
    }
    hand_over(&connection, &privilege, install, observer).await?;
    observer.at(Step::Starting);
    let started = privilege
        .run(&connection, "starting the service", START, "", LIMIT)
        .await?;
    succeeded("starting the service", started)?;
    Ok(Installed {
        computer,
        package,
        there: There::Linux {
            connection,
            privilege,
        },
    })
}

impl Installed {
    /// Asks the agent why the server does not see it.
    pub async fn diagnose(&mut self) -> Option<Diagnosis> {
        match &mut self.there {
            There::Linux {
                connection,
                privilege,
            } => {
                let said = privilege
                    .run(connection, "asking the agent", DIAGNOSE, "", LIMIT)
                    .await;
                said.ok().map(|said| Diagnosis(said.out))
            }
            There::Windows(visit) => visit.diagnose().await,
        }
    }

    /// Leaves the computer.
    pub async fn leave(self) {
        match self.there {
            There::Linux { connection, .. } => connection.close().await,
            There::Windows(visit) => visit.end().await,
        }
    }
}

impl std::fmt::Debug for Installed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Installed")
            .field("computer", &self.computer)
            .field("package", &self.package)
            .finish_non_exhaustive()
    }
}

/// Work that ends early when it is cancelled.
pub(crate) async fn or_cancelled<T>(
    cancel: &Cancel,
    work: impl Future<Output = Result<T, DeployError>>,
) -> Result<T, DeployError> {
    tokio::select! {
        biased;
        () = cancel.cancelled() => Err(DeployError::Cancelled),
        done = work => done,
    }
}

/// What a command said, if it did what it should.
pub(crate) fn succeeded(attempt: &'static str, output: Output) -> Result<String, DeployError> {
    if output.code == Some(0) {
        return Ok(output.out);
    }
    let said = match (output.out.is_empty(), output.complaint.is_empty()) {
        (true, true) => format!("it ended with code {:?}", output.code),
        (true, false) => output.complaint,
        (false, _) => output.out,
    };
    Err(DeployError::Command {
        attempt,
        said: last_lines(&said),
    })
}

async fn unpack(
    connection: &Connection,
    privilege: &Privilege,
    package: &Package,
    stage: &Stage,
    observer: &dyn Observer,
) -> Result<(), DeployError> {
    observer.at(Step::Installing);
    let script = match package {
        Package::Debian(_) | Package::Msi(_) => {
            commands::install_debian(&format!("{}/{DEBIAN}", stage.path()))
        }
        Package::Program(_) => commands::install_program(stage.path()),
    };
    let attempt = "installing the package";
    let output = privilege
        .run(connection, attempt, &script, "", INSTALL_LIMIT)
        .await?;
    succeeded(attempt, output).map(drop)
}

async fn hand_over(
    connection: &Connection,
    privilege: &Privilege,
    install: &Install,
    observer: &dyn Observer,
) -> Result<(), DeployError> {
    observer.at(Step::HandingOver);
    let told = Secret::new(format!(
        "{}\n{}\n{}\n",
        install.server_host,
        install.server_port,
        install.token.reveal()
    ));
    let attempt = "telling the agent its server";
    let output = privilege
        .run(connection, attempt, SET_UP, told.reveal(), LIMIT)
        .await?;
    succeeded(attempt, output).map(drop)
}

/// Names a full disk where that is what was behind it.
fn full_disk(error: DeployError, computer: &Computer, size: u64) -> DeployError {
    let (place, said) = match &error {
        DeployError::NotCopied(said) => ("/tmp", said),
        DeployError::Command { said, .. } => ("/usr", said),
        _ => return error,
    };
    // SFTP says of a full disk no more than "Failure".
    let full = said.contains("No space left") || said.starts_with("Failure");
    if !full {
        return error;
    }
    DeployError::DiskFull {
        place: place.to_owned(),
        free_mib: computer.free_mib(place),
        needed_mib: size.div_ceil(1 << 20),
    }
}

/// What commands say last is what went wrong.
fn last_lines(said: &str) -> String {
    let lines: Vec<_> = said
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let from = lines.len().saturating_sub(LINES_TOLD);
    lines[from..].join("; ")
}

const DEBIAN: &str = "eidetic-agent.deb";
const LINES_TOLD: usize = 6;
const LIMIT: Duration = Duration::from_secs(90);
/// Other installations that are under way are waited for.
const INSTALL_LIMIT: Duration = Duration::from_secs(10 * 60);
