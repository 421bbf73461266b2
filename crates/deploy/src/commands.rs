//! What is run on a computer.
//!
//! The account's own shell may be any, so that every script goes through `sh`, in single quotes and
//! on one line. INVARIANT: no script holds a single quote, a backslash or an exclamation mark.

/// A script for the account's shell, whichever it is.
pub(crate) fn shell(script: &str) -> String {
    debug_assert!(
        !script.contains(['\'', '\\', '!', '\n']),
        "shells disagree on these: {script}"
    );
    format!("sh -c '{script}'")
}

/// Says what the computer is, a line each.
pub(crate) const EXAMINE: &str = "echo system=$(uname -s); echo machine=$(uname -m); \
    echo user=$(id -u); echo name=$(uname -n); \
    command -v sudo >/dev/null && echo has=sudo; \
    command -v dpkg >/dev/null && echo has=dpkg; \
    command -v systemctl >/dev/null && test -d /run/systemd/system && echo has=systemd; \
    test -r /etc/os-release && (. /etc/os-release; echo distribution=$PRETTY_NAME); \
    for place in /tmp /usr /var; do \
    echo free=$place:$(df -Pk $place 2>/dev/null | tail -n 1); done; true";

/// Says which agent is installed, a line each: nothing if there is none.
pub(crate) const WHAT_IS_INSTALLED: &str = "test -x /usr/bin/eidetic-agent \
    && echo version=$(/usr/bin/eidetic-agent --version </dev/null); \
    command -v dpkg-query >/dev/null \
    && echo package=$(dpkg-query -W -f=\"$\"{db:Status-Status} eidetic-agent 2>/dev/null); true";

/// Makes a folder that no other account can enter, and says where.
pub(crate) const MAKE_STAGE: &str = "umask 077; mktemp -d /tmp/eidetic-deploy.XXXXXXXXXX";

/// Installs a Debian package, with what it needs.
pub(crate) fn install_debian(file: &str) -> String {
    // What asks questions and what restarts other services is told to leave it.
    let environment = "export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 LC_ALL=C";
    format!(
        "{environment}; exec </dev/null 2>&1; if command -v apt-get >/dev/null; \
         then apt-get -q -y -o DPkg::Lock::Timeout=120 --no-install-recommends --reinstall \
         --allow-downgrades -o Dpkg::Options::=--force-confold install {file}; \
         else dpkg --force-confold -i {file}; fi"
    )
}

/// Installs the program and its unit. Each takes the old one's place as a whole.
pub(crate) fn install_program(stage: &str) -> String {
    format!(
        "set -e; exec </dev/null 2>&1; \
         install -o root -g root -m 0755 {stage}/{PROGRAM} {PROGRAM_PATH}.new; \
         mv -f {PROGRAM_PATH}.new {PROGRAM_PATH}; \
         install -o root -g root -m 0644 {stage}/{UNIT} {UNIT_PATH}.new; \
         mv -f {UNIT_PATH}.new {UNIT_PATH}; systemctl daemon-reload"
    )
}

/// Takes what a server told it over the standard input.
pub(crate) const SET_UP: &str = "exec /usr/bin/eidetic-agent setup 2>&1";

/// Starts the service now and with the computer.
pub(crate) const START: &str = "exec </dev/null 2>&1; systemctl enable eidetic-agent.service \
    && systemctl restart eidetic-agent.service";

/// Says why a service does not work.
pub(crate) const DIAGNOSE: &str = "exec </dev/null 2>&1; /usr/bin/eidetic-agent status; \
    systemctl is-active eidetic-agent.service; true";

/// Removes the agent, however it came.
pub(crate) fn remove(deletes_data: bool) -> String {
    let (packages, data) = match deletes_data {
        true => (
            "--purge",
            "rm -rf /var/lib/eidetic/agent; rm -f /etc/eidetic/agent.toml; \
             rmdir /var/lib/eidetic /etc/eidetic 2>/dev/null || true",
        ),
        false => ("--remove", "true"),
    };
    format!(
        "set -e; export DEBIAN_FRONTEND=noninteractive LC_ALL=C; exec </dev/null 2>&1; \
         systemctl disable --now eidetic-agent.service || true; \
         if command -v dpkg-query >/dev/null && dpkg-query -W eidetic-agent >/dev/null 2>&1; \
         then dpkg {packages} eidetic-agent; fi; \
         rm -f {PROGRAM_PATH} {UNIT_PATH}; systemctl daemon-reload; {data}"
    )
}

/// The program's file name.
pub(crate) const PROGRAM: &str = "eidetic-agent";
/// The unit's file name.
pub(crate) const UNIT: &str = "eidetic-agent.service";
const PROGRAM_PATH: &str = "/usr/bin/eidetic-agent";
const UNIT_PATH: &str = "/etc/systemd/system/eidetic-agent.service";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_script_survives_every_shell() {
        let stage = "/tmp/eidetic-deploy.abc";
        let scripts = [
            EXAMINE.to_owned(),
            WHAT_IS_INSTALLED.to_owned(),
            MAKE_STAGE.to_owned(),
            install_debian("/tmp/eidetic-deploy.abc/agent.deb"),
            install_program(stage),
            SET_UP.to_owned(),
            START.to_owned(),
            DIAGNOSE.to_owned(),
            remove(true),
            remove(false),
        ];
        for script in scripts {
            assert!(!script.contains(['\'', '\\', '!', '\n']), "{script}");
        }
    }
}
