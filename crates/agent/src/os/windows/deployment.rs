//! Putting the agent on this computer from afar: what a server runs here as a service, once.
//!
//! The server copies this program and the package of Windows Installer into a folder of its own and
//! starts the program as a service. It is told what to do by the arguments of that start, which are
//! written down nowhere, since the enrolment token is among them:
//!
//! | arguments behind the service's name | |
//! |---|---|
//! | `install`, host, port, product code, token | installs the package, or repairs what it installed before; has the agent enrol |
//! | `remove`, `keep` or `delete` | removes the agent, and its data or not |
//! | `status` | asks the agent how it is |
//!
//! What it does and what comes of it is a line each, `key=value`, in the file [`REPORT`] beside the
//! program. The last line is `done=ok` or `done=failed`.

use std::{
    ffi::OsString,
    fs,
    io::Write as _,
    os::windows::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::Duration,
};

use anyhow::{Context as _, bail};
use windows_registry::LOCAL_MACHINE;
use windows_service::{
    define_windows_service,
    service::{
        ServiceAccess, ServiceControl, ServiceControlAccept, ServiceExitCode, ServiceState,
        ServiceStatus, ServiceType,
    },
    service_control_handler::{self, ServiceControlHandlerResult},
    service_dispatcher,
    service_manager::{ServiceManager, ServiceManagerAccess},
};

use super::{computer_name, operating_system, service};

/// Runs as that service.
pub(super) fn run() -> anyhow::Result<()> {
    // A service that is alone in its process has whatever name it was installed with.
    service_dispatcher::start("EideticDeployment", deployment_entry)
        .context("it is started by a server, not by hand")
}

define_windows_service!(deployment_entry, deployment_main);

fn deployment_main(arguments: Vec<OsString>) {
    let mut arguments = arguments
        .into_iter()
        .map(|argument| argument.to_string_lossy().into_owned());
    let name = arguments.next().unwrap_or_default();
    // What is half done helps nobody: it is asked to stop in vain.
    let handle = |control| match control {
        ServiceControl::Interrogate => ServiceControlHandlerResult::NoError,
        _ => ServiceControlHandlerResult::NotImplemented,
    };
    let Ok(status) = service_control_handler::register(&name, handle) else {
        return;
    };
    let tell = |current_state| {
        // Whoever started it reads the report; nobody else asks.
        let _nobody_is_told = status.set_service_status(ServiceStatus {
            service_type: ServiceType::OWN_PROCESS,
            current_state,
            controls_accepted: ServiceControlAccept::empty(),
            exit_code: ServiceExitCode::NO_ERROR,
            checkpoint: 0,
            wait_hint: Duration::ZERO,
            process_id: None,
        });
    };
    tell(ServiceState::Running);
    if let Some(mut report) = Report::beside_this() {
        // Whoever starts a service may name it once more.
        let order: Vec<_> = arguments.skip_while(|argument| *argument == name).collect();
        let outcome = deploy(&order, &mut report);
        if let Err(error) = &outcome {
            report.tell("said", &format!("{error:#}"));
        }
        report.tell("done", if outcome.is_ok() { "ok" } else { "failed" });
    }
    tell(ServiceState::Stopped);
}

fn deploy(arguments: &[String], report: &mut Report) -> anyhow::Result<()> {
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    report.tell("name", &computer_name());
    report.tell("system", &operating_system());
    let found = Product::installed();
    if let Some(found) = &found {
        report.tell("installed", &found.version);
    }
    match arguments[..] {
        ["install", host, port, product, token] => {
            let told = format!("{host}\n{port}\n{token}\n");
            install(found.as_ref(), product, [host, port], report)?;
            report.tell("step", "handing-over");
            hand_over(&told, report)
        }
        ["remove", data] => match found {
            Some(found) => remove(&found, data == "delete", report),
            None => Ok(()),
        },
        ["status"] => {
            let said = agent(&installed_program()?, &["status"], "")?;
            report.tell("said", &said_by(&said));
            Ok(())
        }
        _ => bail!("this agent does not know what the server asks for: use one package for both"),
    }
}

fn install(
    found: Option<&Product>,
    product: &str,
    [host, port]: [&str; 2],
    report: &mut Report,
) -> anyhow::Result<()> {
    report.tell("step", "installing");
    let mut arguments = vec![
        "/i".to_owned(),
        report.folder.join(PACKAGE).display().to_string(),
        format!("SERVER={host}"),
        format!("PORT={port}"),
    ];
    // Of the very same package, Windows Installer installs nothing again unless it is told to.
    if found.is_some_and(|found| found.code.eq_ignore_ascii_case(product)) {
        arguments.extend(["REINSTALL=ALL".to_owned(), "REINSTALLMODE=ecmus".to_owned()]);
    }
    installer(&arguments, report)
}

/// Has the agent enrol: it looks for what it was told when it starts.
fn hand_over(told: &str, report: &mut Report) -> anyhow::Result<()> {
    let program = installed_program()?;
    let manager = ServiceManager::local_computer(None::<&str>, ServiceManagerAccess::CONNECT)?;
    let access = ServiceAccess::QUERY_STATUS | ServiceAccess::STOP | ServiceAccess::START;
    let agent_service = manager
        .open_service(service::NAME, access)
        .context("the package has installed no service")?;
    if agent_service.query_status()?.current_state != ServiceState::Stopped {
        agent_service.stop().context("the agent does not stop")?;
        service::wait_until_stopped(&agent_service)?;
    }
    let taken = match agent(&program, &["setup"], told)? {
        said if said.status.success() => Ok(()),
        said => Err(anyhow::anyhow!("{}", said_by(&said))),
    };
    if taken.is_ok() {
        report.tell("step", "starting");
    }
    // Also where it was told nothing: what it did before it goes on doing.
    let started = agent_service
        .start::<&str>(&[])
        .context("the agent does not start");
    taken.and(started)
}

fn remove(found: &Product, deletes_data: bool, report: &mut Report) -> anyhow::Result<()> {
    report.tell("step", "removing");
    let keep = if deletes_data { "0" } else { "1" };
    let arguments = [
        "/x".to_owned(),
        found.code.clone(),
        format!("KEEPDATA={keep}"),
    ];
    installer(&arguments, report)
}

/// Runs Windows Installer, which shows nothing and asks for nothing.
fn installer(arguments: &[String], report: &mut Report) -> anyhow::Result<()> {
    let log = report.folder.join(LOG);
    let root = std::env::var_os("SystemRoot").context("Windows has no folder")?;
    let status = Command::new(Path::new(&root).join(r"System32\msiexec.exe"))
        .args(arguments)
        .args(["/qn", "/norestart", "/l*v"])
        .arg(&log)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .creation_flags(CREATE_NO_WINDOW)
        .status()
        .context("failed to start Windows Installer")?;
    let code = status.code().unwrap_or_default();
    report.tell("exit", &code.to_string());
    // Done, and done but for a file that was in use.
    if [0, 3010, 1641].contains(&code) {
        return Ok(());
    }
    let said = fs::read(&log).map(|bytes| complaints(&text_of(&bytes)));
    bail!("{}", said.unwrap_or_default())
}

/// What Windows Installer's log says that went wrong.
fn complaints(log: &str) -> String {
    let mut told: Vec<&str> = log
        .lines()
        .filter_map(|line| line.split_once("Product: Eidetic Agent -- "))
        .map(|(_, said)| said.trim())
        .collect();
    told.dedup();
    let from = told.len().saturating_sub(LINES_TOLD);
    told[from..].join(" ")
}

/// Windows writes its log as UTF-16, Wine in one byte a character.
fn text_of(bytes: &[u8]) -> String {
    match bytes {
        [0xFF, 0xFE, text @ ..] => {
            let units = text
                .chunks_exact(2)
                .map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
            char::decode_utf16(units)
                .map(|character| character.unwrap_or(char::REPLACEMENT_CHARACTER))
                .collect()
        }
        bytes => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// Runs the agent that is installed; what it is told comes over its standard input.
fn agent(program: &Path, arguments: &[&str], told: &str) -> anyhow::Result<Output> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .creation_flags(CREATE_NO_WINDOW)
        .spawn()
        .with_context(|| format!("failed to start {}", program.display()))?;
    if let Some(mut stdin) = child.stdin.take() {
        // One that ends without reading says why.
        let _was_read = stdin.write_all(told.as_bytes());
    }
    child
        .wait_with_output()
        .context("failed to wait for the agent")
}

fn said_by(output: &Output) -> String {
    let said = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&said)
        .trim()
        .trim_start_matches("eidetic-agent: ")
        .to_owned()
}

fn installed_program() -> anyhow::Result<PathBuf> {
    let folder = LOCAL_MACHINE
        .open(r"SOFTWARE\Eidetic\Agent")
        .and_then(|key| key.get_string("InstallFolder"))
        .context("the agent is not installed")?;
    Ok(Path::new(&folder).join("eidetic-agent.exe"))
}

/// What Windows Installer knows of an agent.
struct Product {
    code: String,
    version: String,
}

impl Product {
    /// The one that is on this computer.
    fn installed() -> Option<Self> {
        let list = LOCAL_MACHINE.open(UNINSTALL).ok()?;
        list.keys().ok()?.find_map(|code| {
            let key = list.open(&code).ok()?;
            let is_agent = key.get_string("DisplayName").ok()? == "Eidetic Agent"
                && code.starts_with('{')
                && key.get_string("Publisher").ok()? == "Eidetic";
            let version = key.get_string("DisplayVersion").unwrap_or_default();
            is_agent.then_some(Self { code, version })
        })
    }
}

/// What is told to the server.
struct Report {
    folder: PathBuf,
    text: String,
}

impl Report {
    /// Beside this program.
    fn beside_this() -> Option<Self> {
        let program = std::env::current_exe().ok()?;
        Some(Self {
            folder: program.parent()?.to_owned(),
            text: String::new(),
        })
    }

    /// Adds a line. Whoever reads it at the same time reads it whole, or as it was before.
    #[expect(
        clippy::disallowed_methods,
        reason = "no event tells that a file is not read any more"
    )]
    fn tell(&mut self, key: &str, value: &str) {
        let value = value.replace(['\r', '\n'], "; ");
        self.text.push_str(&format!("{key}={value}\n"));
        let new = self.folder.join("report.new");
        for _ in 0..READ_LIMIT.as_millis() / TRY_EVERY.as_millis() {
            let written = fs::write(&new, &self.text);
            if written.is_ok() && fs::rename(&new, self.folder.join(REPORT)).is_ok() {
                return;
            }
            std::thread::sleep(TRY_EVERY);
        }
    }
}

/// What the server reads.
const REPORT: &str = "report.txt";

const PACKAGE: &str = "eidetic-agent.msi";

const LOG: &str = "install.log";

const LINES_TOLD: usize = 3;

/// As long as somebody reads it.
const READ_LIMIT: Duration = Duration::from_secs(5);

const TRY_EVERY: Duration = Duration::from_millis(50);

const CREATE_NO_WINDOW: u32 = 0x0800_0000;

const UNINSTALL: &str = r"SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_went_wrong_is_told_of_a_log() {
        let log = "MSI (s) (A4:10) [10:00:00:000]: Product: Eidetic Agent -- A newer version is \
            installed.\r\nProperty(S): SERVER = secret\r\nProduct: Eidetic Agent -- Installation \
            failed.\r\n";
        let told = "A newer version is installed. Installation failed.";
        assert_eq!(complaints(log), told);
        let wide: Vec<u8> = log.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let wide = [&[0xFF, 0xFE], &wide[..]].concat();
        assert_eq!(complaints(&text_of(&wide)), told);
        assert_eq!(complaints("nothing"), "");
    }

    #[test]
    fn lines_of_a_report_stay_lines() {
        let folder = tempfile::tempdir().unwrap();
        let mut report = Report {
            folder: folder.path().to_owned(),
            text: String::new(),
        };
        report.tell("said", "one\r\ntwo");
        report.tell("done", "ok");
        let read = fs::read_to_string(folder.path().join(REPORT)).unwrap();
        assert_eq!(read, "said=one; ; two\ndone=ok\n");
    }
}
