//! The computer that the package is installed on: a Wine prefix.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};

use crate::wine_server;

/// A Wine prefix, as the environment names it. What runs in it ends with this value.
pub struct Computer {
    prefix: PathBuf,
}

impl Computer {
    /// One on which nothing of the agent is left.
    pub fn fresh() -> Result<Self> {
        let prefix = env::var_os("WINEPREFIX").context("WINEPREFIX names no Wine prefix")?;
        let computer = Self {
            prefix: PathBuf::from(prefix),
        };
        wine_server::end()?;
        wine_server::stay()?;
        // An earlier rehearsal that failed may have left anything: all that Windows Installer knows
        // of is forgotten, and the service, which could not be removed otherwise while it runs.
        for key in [INSTALLER, INSTALLER_CLASSES, UNINSTALL, SERVICE_KEY, KEY] {
            let _there_is_none = computer.run("reg", &["delete", key, "/f"]).status();
        }
        wine_server::end()?;
        remove_folder(&computer.data())?;
        remove_folder(&computer.program())?;
        wine_server::stay()?;
        // Windows' own environment of a user is what a recorder gets: the display has to be in it.
        let display = env::var("DISPLAY").context("DISPLAY names no display")?;
        computer.succeeds(
            "reg",
            &["add", ENVIRONMENT, "/v", "DISPLAY", "/d", &display, "/f"],
        )?;
        Ok(computer)
    }

    /// Has it be another version of Windows: `win7`, `win10`.
    pub fn become_version(&self, version: &str) -> Result<()> {
        self.succeeds("winecfg", &["-v", version])
    }

    /// Runs Windows Installer without a wizard. Gives its exit code, of which Wine tells the lowest
    /// eight bits.
    pub fn installer(&self, arguments: &[&str]) -> Result<i32> {
        let status = self
            .logged_installer(arguments)?
            .args(["/qn", "/norestart"])
            .status()
            .context("failed to start Windows Installer")?;
        status
            .code()
            .context("Windows Installer was ended by a signal")
    }

    /// Windows Installer, which writes a new log.
    pub fn logged_installer(&self, arguments: &[&str]) -> Result<Command> {
        let log = self.log_path();
        if log.exists() {
            fs::remove_file(log)?;
        }
        let mut command = self.run("msiexec", arguments);
        command.args(["/l*v", r"C:\installer.txt"]);
        Ok(command)
    }

    /// What Windows Installer wrote about the last installation.
    pub fn log(&self) -> Result<String> {
        let bytes = fs::read(self.log_path()).context("there is no log")?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn log_path(&self) -> PathBuf {
        self.prefix.join("drive_c/installer.txt")
    }

    /// The agent's version, if it is among the installed programs.
    pub fn installed_version(&self) -> Result<Option<String>> {
        let list = self.answer("uninstaller", &["--list"])?;
        let Some(code) = list
            .lines()
            .find_map(|line| line.trim().strip_suffix("|||Eidetic Agent"))
        else {
            return Ok(None);
        };
        let key = format!(r"{UNINSTALL}\{code}");
        self.value(&key, "DisplayVersion")
    }

    /// A value of the registry, as text.
    pub fn value(&self, key: &str, name: &str) -> Result<Option<String>> {
        let answer = self.answer("reg", &["query", key, "/v", name])?;
        let line = answer
            .lines()
            .find_map(|line| line.trim().strip_prefix(name));
        // The name, the type, and the value.
        let value = line.and_then(|line| line.trim().split_once(char::is_whitespace));
        Ok(value.map(|(_, value)| value.trim().to_owned()))
    }

    /// Whether there is such a key in the registry.
    pub fn has_key(&self, key: &str) -> Result<bool> {
        Ok(self.run("reg", &["query", key]).status()?.success())
    }

    /// Writes a text into the registry.
    pub fn put_value(&self, key: &str, name: &str, value: &str) -> Result<()> {
        self.succeeds("reg", &["add", key, "/v", name, "/d", value, "/f"])
    }

    /// Removes a value of the registry.
    pub fn forget_value(&self, key: &str, name: &str) -> Result<()> {
        self.succeeds("reg", &["delete", key, "/v", name, "/f"])
    }

    /// Whether the service runs; `None` if there is none.
    pub fn service_runs(&self) -> Result<Option<bool>> {
        let answer = self.answer("sc", &["query", "EideticAgent"])?;
        Ok(answer.contains("STATE").then(|| answer.contains("RUNNING")))
    }

    /// What the registry knows of services.
    pub fn services(&self) -> Result<String> {
        self.answer("reg", &["query", r"HKLM\SYSTEM\CurrentControlSet\Services"])
    }

    /// Windows' own folder, as it is called here.
    pub fn windows(&self) -> PathBuf {
        self.prefix.join("drive_c/windows")
    }

    /// The program's folder, as it is called here.
    pub fn program(&self) -> PathBuf {
        self.prefix.join("drive_c/Program Files/Eidetic")
    }

    /// The folder with the agent's data, as it is called here.
    pub fn data(&self) -> PathBuf {
        self.prefix.join("drive_c/ProgramData/Eidetic")
    }

    /// Whether this text is in what is on the disk of the registry.
    pub fn registry_holds(&self, text: &str) -> Result<bool> {
        for file in ["system.reg", "user.reg", "userdef.reg"] {
            let path = self.prefix.join(file);
            let bytes =
                fs::read(&path).with_context(|| format!("failed to read {}", path.display()))?;
            if String::from_utf8_lossy(&bytes).contains(text) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Starts it anew, with the services that start with it.
    pub fn restart(&self) -> Result<()> {
        wine_server::end()?;
        wine_server::stay()?;
        // Any program starts it.
        self.succeeds("sc", &["query", "EideticAgent"])
    }

    /// A program of Windows, to be run without being seen.
    pub fn run(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(wine_server::WINE);
        command
            .arg(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    fn succeeds(&self, program: &str, arguments: &[&str]) -> Result<()> {
        let status = self.run(program, arguments).status()?;
        ensure!(status.success(), "{program} ended with {status}");
        Ok(())
    }

    fn answer(&self, program: &str, arguments: &[&str]) -> Result<String> {
        let output = self
            .run(program, arguments)
            .stdout(Stdio::piped())
            .output()
            .with_context(|| format!("failed to run {program}"))?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

impl Drop for Computer {
    fn drop(&mut self) {
        let _has_ended = wine_server::end();
    }
}

/// How a file of this system is called in Windows.
pub fn windows_path(path: &Path) -> Result<String> {
    let path = path
        .canonicalize()
        .with_context(|| format!("failed to find {}", path.display()))?;
    Ok(format!("Z:{}", path.display()).replace('/', r"\"))
}

fn remove_folder(path: &Path) -> Result<()> {
    if path.exists() {
        fs::remove_dir_all(path)?;
    }
    Ok(())
}

/// Where the environment is that all users have in common.
const ENVIRONMENT: &str = r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Environment";

/// What Windows Installer has installed, and for whom.
const INSTALLER: &str = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Installer\UserData";

const INSTALLER_CLASSES: &str = r"HKLM\SOFTWARE\Classes\Installer";

/// The agent's service.
pub const SERVICE_KEY: &str = r"HKLM\SYSTEM\CurrentControlSet\Services\EideticAgent";

/// What the package remembers.
pub const KEY: &str = r"HKLM\SOFTWARE\Eidetic\Agent";

const UNINSTALL: &str = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall";
