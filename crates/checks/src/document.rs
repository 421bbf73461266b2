//! The list as a page of the documentation.

use std::fmt::Write as _;

use crate::{
    catalogue::catalogue,
    check::{Check, Place, Systems},
    exclusions::Exclusions,
    installation::{Installation, System},
};

/// `docs/prerequisites.md`, which a test compares with this.
pub fn document() -> String {
    let mut text = INTRODUCTION.to_owned();
    for (place, title) in [
        (Place::Agent, "A monitored computer"),
        (Place::Server, "The server"),
    ] {
        let _ = writeln!(text, "\n## {title}\n");
        text.push_str(
            "| id | what has to be | needed for | mended automatically |\n|---|---|---|---|\n",
        );
        let checks = || catalogue().iter().filter(move |check| check.place == place);
        for check in checks() {
            let fill = filled(check);
            let _ = writeln!(
                text,
                "| [`{0}`](#{0}) | {1}{2} | {3} | {4} |",
                check.id,
                fill(check.title),
                match check.systems {
                    Systems::Windows => " (Windows)",
                    Systems::Linux if place == Place::Agent => " (Linux)",
                    Systems::Linux | Systems::All => "",
                },
                check.need.in_words(),
                check.mended.unwrap_or("–"),
            );
        }
        for check in checks() {
            let fill = filled(check);
            let _ = writeln!(text, "\n### {}\n\n{}.", check.id, fill(check.title));
            let _ = writeln!(text, "{}\n\nBy hand:\n\n```", fill(check.meaning));
            for line in check.by_hand {
                let _ = writeln!(text, "{}", fill(line));
            }
            text.push_str("```\n");
        }
    }
    let _ = writeln!(text, "{EXCLUSIONS}");
    for (what, installation) in [
        (
            "agent on Windows",
            Installation::usual_agent(System::Windows),
        ),
        ("agent on Linux", Installation::usual_agent(System::Linux)),
        ("server", Installation::usual_server()),
    ] {
        let Exclusions { folders, programs } = Exclusions::of(&installation);
        let (folder, program) = (folders.join(", "), programs.join(", "));
        let _ = writeln!(text, "| {what} | `{folder}` | `{program}` |");
    }
    let line = Exclusions::of(&Installation::usual_agent(System::Windows)).defender();
    let _ = writeln!(text, "\nFor Microsoft Defender:\n\n```\n{line}\n```");
    text
}

fn filled(check: &Check) -> impl Fn(&str) -> String {
    let installation = match (check.place, check.systems) {
        (Place::Server, _) => Installation::usual_server(),
        (Place::Agent, Systems::Windows) => Installation::usual_agent(System::Windows),
        (Place::Agent, _) => Installation::usual_agent(System::Linux),
    };
    move |line| installation.fill(line)
}

const INTRODUCTION: &str = "\
# Prerequisites

What agent and server need of their computers. This page is made from the list in the program
(`crates/checks/src/catalogue.rs`) with the usual paths and ports; the commands below print it with those
of the installation in front of you.

```
eidetic-agent check [--fix] [--push] [--json]     # on a monitored computer
eidetic-server check [--fix] [--json]             # on the server
eidetic check COMPUTER --server URL               # a computer, as the server sees it over the network
```

They exit with 0 if all is good, 1 if something is unmet, and 2 if something could not be found out.
`--fix` mends what can be changed safely and prints what was before and what is after. **An agent that
is enrolled needs no open port and none of the services of push installation**: what serves only that
is shown and does not count, and is not changed, unless `--push` asks for it.

The agent's service looks at the same list when it starts and every 20 seconds, and tells the server what
is unmet, which the console shows with the computer. A plan says whether agents mend by themselves
(*Mend prerequisites automatically*) or only report, which is the default: in the first case what
somebody changes is put back within a minute, and each change is in the health log with what was before
and after.

| light | dark |
|---|---|
| ![A computer that needs attention](computer-light.png) | ![The same in dark](computer-dark.png) |

What only a real Windows can prove: Wine has no firewall to ask and no Remote Registry to start. The
decisions are tested on every system against a scripted computer, the calls of Windows are compiled and
checked, and not run by this project's tests.
";

const EXCLUSIONS: &str = "
## Antivirus exclusions

An antivirus program that looks into what is written all the time slows recording, and one that locks a
file of the spool breaks it. `eidetic-agent check --exclusions` and `eidetic-server check --exclusions`
print these for the installation in front of you.

| | folder | program |
|---|---|---|";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_in_the_documentation_is_the_list() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/prerequisites.md");
        if std::env::var_os("EIDETIC_WRITE_DOCS").is_some() {
            std::fs::write(path, document()).unwrap();
        }
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            written == document(),
            "docs/prerequisites.md is not what the list says: run this test with EIDETIC_WRITE_DOCS=1"
        );
    }
}
