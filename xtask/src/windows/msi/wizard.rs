//! The wizard's pages.

use super::dialogs::{Dialog, Dialogs, Kind, Place};

/// All of them; the licence is RTF.
pub fn wizard(licence: &str) -> Dialogs {
    let mut dialogs = Dialogs::new();
    welcome(&mut dialogs);
    licence_page(&mut dialogs, licence);
    folder(&mut dialogs);
    browse(&mut dialogs);
    server(&mut dialogs);
    problem(&mut dialogs);
    ready(&mut dialogs);
    progress(&mut dialogs);
    maintenance(&mut dialogs);
    removal(&mut dialogs);
    endings(&mut dialogs);
    cancel(&mut dialogs);
    error(&mut dialogs);
    dialogs
}

fn welcome(dialogs: &mut Dialogs) {
    side_page(
        dialogs,
        "WelcomeDlg",
        "Install [ProductName]",
        &[
            "[ProductName] [ProductVersion] records what the users of this computer do (activity \
             records, and video of the screen) and sends it to your Eidetic server.",
            "You need the name of the server, and a token from its console's page Computers.",
        ],
        "&Next",
    )
    .on("Next", &[["NewDialog", "LicenceDlg", ""]]);
    dialogs.shown("WelcomeDlg", "NOT Installed", 1_290);
}

fn licence_page(dialogs: &mut Dialogs, licence: &str) {
    let mut page = page(
        dialogs,
        "LicenceDlg",
        "Licence",
        "Eidetic is free software: you may choose between two licences.",
        "LICENCE",
    );
    page.control(
        "Licence",
        "ScrollableText",
        [20, 56, 330, 144],
        "7",
        "",
        licence,
        "",
    )
    .check_box(
        "LICENCE",
        [20, 208, 330, 18],
        "I &accept the terms of one of these licences",
        "Back",
    )
    .on("Back", &[["NewDialog", "WelcomeDlg", ""]])
    .on("Next", &[["NewDialog", "FolderDlg", "LICENCE = \"1\""]])
    .enabled("Next", "LICENCE = \"1\"", "LICENCE <> \"1\"");
}

fn folder(dialogs: &mut Dialogs) {
    let mut page = page(
        dialogs,
        "FolderDlg",
        "Installation folder",
        "The program is put here. What it records until the server has it is kept elsewhere.",
        "INSTALLDIR",
    );
    page.text("Label", [20, 70, 330, 12], "&Folder:")
        .folder_field("INSTALLDIR", [20, 84, 330, 15], "Browse")
        .button("Browse", [20, 110, 66, 17], "&Browse...", "Back")
        .on("Browse", &[["SpawnDialog", "BrowseDlg", ""]])
        .on("Back", &[["NewDialog", "LicenceDlg", ""]])
        .on(
            "Next",
            &[
                ["SetTargetPath", "INSTALLDIR", ""],
                ["NewDialog", "ServerDlg", ""],
            ],
        );
}

fn browse(dialogs: &mut Dialogs) {
    let mut dialog = dialogs.dialog("BrowseDlg", SIZE, Kind::Modal, ["Folders", "OK", "Cancel"]);
    banner(
        &mut dialog,
        "Choose a folder",
        "Open one, or name a new one.",
    );
    dialog
        .control(
            "Drives",
            "DirectoryCombo",
            [20, 56, 264, 80],
            "4128771",
            "INSTALLDIR",
            "",
            "Up",
        )
        .button("Up", [290, 55, 60, 17], "&Up", "Folders")
        .control(
            "Folders",
            "DirectoryList",
            [20, 80, 330, 106],
            "7",
            "INSTALLDIR",
            "",
            "INSTALLDIR",
        )
        .folder_field("INSTALLDIR", [20, 196, 330, 15], "OK")
        .button("OK", NEXT, "OK", "Cancel")
        .button("Cancel", CANCEL, "Cancel", "Drives")
        .on("Up", &[["DirectoryListUp", "0", ""]])
        .on(
            "OK",
            &[
                ["SetTargetPath", "INSTALLDIR", ""],
                ["EndDialog", "Return", ""],
            ],
        )
        .on("Cancel", &[["Reset", "0", ""], ["EndDialog", "Return", ""]]);
}

fn server(dialogs: &mut Dialogs) {
    let mut page = page(
        dialogs,
        "ServerDlg",
        "Server",
        "Where this computer's recordings go.",
        "SERVER",
    );
    page.text(
        "ServerLabel",
        [20, 58, 330, 12],
        "&Host server (name or address):",
    )
    .field("SERVER", [20, 71, 330, 15], "PORT")
    .text(
        "PortLabel",
        [20, 97, 330, 12],
        "Server TCP &port (usually 9004):",
    )
    .field("PORT", [20, 110, 60, 15], "TOKEN")
    .text(
        "TokenLabel",
        [20, 136, 330, 12],
        "Enrolment &token (from the console's page Computers, or eidetic-server token):",
    )
    .secret_field("TOKEN", [20, 149, 330, 15], "Back")
    .text(
        "TokenNote",
        [20, 173, 330, 40],
        "A token enrols one computer, once. Leave it empty if this computer is enrolled \
             already, or if you want to enrol it later with: eidetic-agent enrol",
    )
    .on("Back", &[["NewDialog", "FolderDlg", ""]])
    .on(
        "Next",
        &[
            ["DoAction", "CheckAnswers", ""],
            ["SpawnDialog", "ProblemDlg", "PROBLEM"],
            ["NewDialog", "ReadyDlg", "NOT PROBLEM"],
        ],
    );
}

fn problem(dialogs: &mut Dialogs) {
    dialogs
        .dialog("ProblemDlg", SMALL, Kind::Modal, ["OK", "OK", "OK"])
        .text("Problem", [15, 12, 230, 52], "[PROBLEM]")
        .button("OK", [102, 72, 56, 17], "OK", "")
        .on("OK", &[["EndDialog", "Return", ""]]);
}

fn ready(dialogs: &mut Dialogs) {
    let mut page = page(
        dialogs,
        "ReadyDlg",
        "Ready to install",
        "Nothing on this computer has been changed yet.",
        "Next",
    );
    page.text("FolderLabel", [20, 70, 70, 12], "Folder:")
        .text("Folder", [95, 70, 255, 24], "[INSTALLDIR]")
        .text("ServerLabel", [20, 98, 70, 12], "Host server:")
        .text("Server", [95, 98, 255, 24], "[SERVER]")
        .text("PortLabel", [20, 126, 70, 12], "TCP port:")
        .text("Port", [95, 126, 255, 12], "[PORT]")
        .text(
            "Note",
            [20, 156, 330, 50],
            "The service Eidetic Agent is installed and started. Recording begins at once, in all \
             sessions of this computer, also while the server cannot be reached.",
        )
        .on("Back", &[["NewDialog", "ServerDlg", ""]])
        .on("Next", &[["EndDialog", "Return", ""]]);
}

fn progress(dialogs: &mut Dialogs) {
    let mut dialog = dialogs.dialog(
        "ProgressDlg",
        SIZE,
        Kind::Modeless,
        ["Cancel", "Cancel", "Cancel"],
    );
    banner(&mut dialog, "[ProductName]", "This takes a few seconds.");
    dialog
        .text("ActionText", [20, 84, 330, 12], "")
        .control(
            "Progress",
            "ProgressBar",
            [20, 100, 330, 12],
            "65537",
            "",
            "Progress",
            "",
        )
        .button("Cancel", CANCEL, "Cancel", "")
        .on("Cancel", &[["SpawnDialog", "CancelDlg", ""]])
        .follows("ActionText", "ActionText", "Text")
        .follows("Progress", "SetProgress", "Progress");
    dialogs.shown("ProgressDlg", "", 1_295);
}

fn maintenance(dialogs: &mut Dialogs) {
    let mut page = page(
        dialogs,
        "MaintenanceDlg",
        "[ProductName] is installed",
        "Repair it, or remove it.",
        "Repair",
    );
    page.button("Repair", [20, 66, 80, 18], "&Repair", "Remove")
        .text(
            "RepairNote",
            [110, 66, 240, 30],
            "Puts files, service, registry and firewall rules back as they were installed.",
        )
        .button("Remove", [20, 112, 80, 18], "R&emove...", "Back")
        .text(
            "RemoveNote",
            [110, 112, 240, 30],
            "Removes the agent from this computer. Nothing is recorded any more.",
        )
        .enabled("Back", "0", "1")
        .enabled("Next", "0", "1")
        .on(
            "Repair",
            &[
                ["[REINSTALLMODE]", "ecmus", ""],
                ["[REINSTALL]", "ALL", ""],
                ["EndDialog", "Return", ""],
            ],
        )
        .on("Remove", &[["NewDialog", "RemoveDlg", ""]]);
    // Before the costs are counted, which is from 800 on: what is to be done with each component
    // follows from the properties that are set here. Windows Installer counts again for the part with
    // the rights of the system; Wine does not.
    let condition = "Installed AND NOT RESUME AND NOT Preselected AND NOT REMOVE AND NOT REINSTALL";
    dialogs.shown("MaintenanceDlg", condition, 710);
}

fn removal(dialogs: &mut Dialogs) {
    let mut page = page(
        dialogs,
        "RemoveDlg",
        "Remove [ProductName]",
        "What was sent stays on the server.",
        "KEEPDATA",
    );
    page.check_box(
        "KEEPDATA",
        [20, 66, 330, 18],
        "&Keep what has not been sent yet, and this computer's identity",
        "Back",
    )
    .text(
        "Note",
        [36, 88, 310, 50],
        "If it is kept, an agent that is installed again later sends what is left, and needs no \
         token. If not, nothing of the agent stays on this computer.",
    )
    .on("Back", &[["NewDialog", "MaintenanceDlg", ""]])
    .on(
        "Next",
        &[
            // Else what was said at the installation would hold.
            ["[KEEPDATA]", "0", "NOT KEEPDATA"],
            ["[REMOVE]", "ALL", ""],
            ["EndDialog", "Return", ""],
        ],
    );
}

fn endings(dialogs: &mut Dialogs) {
    let endings = [
        (
            "ExitDlg",
            -1,
            "Done",
            [
                "[ProductName] Setup has done what you asked for.",
                "After an installation, the computer appears in the console's page Computers as \
                 soon as its agent has reached the server. How it is: eidetic-agent status",
            ],
        ),
        (
            "UserExit",
            -2,
            "Cancelled",
            [
                "[ProductName] Setup was cancelled.",
                "This computer is as it was before.",
            ],
        ),
        (
            "FatalError",
            -3,
            "Not done",
            [
                "[ProductName] Setup has failed, and this computer is as it was before.",
                "A log says why, if you start it so: msiexec /i PACKAGE.msi /l*v LOG.txt",
            ],
        ),
    ];
    for (name, number, heading, texts) in endings {
        side_page(dialogs, name, heading, &texts, "&Finish")
            .on("Next", &[["EndDialog", "Return", ""]])
            .enabled("Cancel", "0", "1");
        dialogs.shown(name, "", number);
    }
}

fn cancel(dialogs: &mut Dialogs) {
    dialogs
        .dialog("CancelDlg", SMALL, Kind::Modal, ["No", "No", "No"])
        .text(
            "Question",
            [15, 15, 230, 40],
            "Do you want to cancel [ProductName] Setup?",
        )
        .button("Yes", [70, 72, 56, 17], "&Yes", "No")
        .button("No", [134, 72, 56, 17], "&No", "Yes")
        .on("Yes", &[["EndDialog", "Exit", ""]])
        .on("No", &[["EndDialog", "Return", ""]]);
}

/// Windows Installer fills in the text, and shows those of the buttons that it wants.
fn error(dialogs: &mut Dialogs) {
    let mut dialog = dialogs.dialog("ErrorDlg", [270, 125], Kind::Error, ["ErrorText"; 3]);
    dialog.text("ErrorText", [15, 12, 240, 80], "");
    for (name, text, answer) in [
        ("A", "&Abort", "ErrorAbort"),
        ("C", "Cancel", "ErrorCancel"),
        ("I", "&Ignore", "ErrorIgnore"),
        ("N", "&No", "ErrorNo"),
        ("O", "OK", "ErrorOk"),
        ("R", "&Retry", "ErrorRetry"),
        ("Y", "&Yes", "ErrorYes"),
    ] {
        dialog
            .button(name, [107, 100, 56, 17], text, "")
            .on(name, &[["EndDialog", answer, ""]]);
    }
}

/// A page with a heading above and three buttons below. `first` has the focus.
fn page<'a>(
    dialogs: &'a mut Dialogs,
    name: &'static str,
    heading: &str,
    note: &str,
    first: &str,
) -> Dialog<'a> {
    let next = match name {
        "ReadyDlg" => "&Install",
        "RemoveDlg" => "&Remove",
        _ => "&Next",
    };
    let mut dialog = dialogs.dialog(name, SIZE, Kind::Modal, [first, "Next", "Cancel"]);
    banner(&mut dialog, heading, note);
    buttons(&mut dialog, next, first);
    dialog
}

/// A page with a picture at its side: the first one and the last ones.
fn side_page<'a>(
    dialogs: &'a mut Dialogs,
    name: &'static str,
    heading: &str,
    texts: &[&str],
    next: &str,
) -> Dialog<'a> {
    let mut dialog = dialogs.dialog(name, SIZE, Kind::Modal, ["Next", "Next", "Cancel"]);
    dialog.picture("Side", [0, 0, 123, 234], "Side").text(
        "Heading",
        [138, 18, 220, 30],
        &format!(r"{{\Title}}{heading}"),
    );
    for (index, text) in (0..).zip(texts) {
        let place = [138, 56 + index * 48, 220, 46];
        dialog.text(&format!("Text{index}"), place, text);
    }
    dialog.line("BottomLine", [0, 234, 370, 0]);
    buttons(&mut dialog, next, "Next");
    dialog.enabled("Back", "0", "1");
    dialog
}

fn banner(dialog: &mut Dialog<'_>, heading: &str, note: &str) {
    dialog
        .picture("Banner", [0, 0, 370, 44], "Banner")
        .text("Heading", [15, 7, 300, 14], &format!(r"{{\Bold}}{heading}"))
        .text("HeadingNote", [22, 22, 300, 18], note)
        .line("BannerLine", [0, 44, 370, 0])
        .line("BottomLine", [0, 234, 370, 0]);
}

fn buttons(dialog: &mut Dialog<'_>, next: &str, after: &str) {
    dialog
        .button("Back", BACK, "< &Back", "Next")
        .button("Next", NEXT, next, "Cancel")
        .button(
            "Cancel",
            CANCEL,
            "Cancel",
            if after == "Next" { "Back" } else { after },
        )
        .on("Cancel", &[["SpawnDialog", "CancelDlg", ""]]);
}

const SIZE: [u16; 2] = [370, 270];

const SMALL: [u16; 2] = [260, 100];

const BACK: Place = [180, 243, 56, 17];

const NEXT: Place = [236, 243, 56, 17];

const CANCEL: Place = [304, 243, 56, 17];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_page_that_is_turned_to_and_each_control_that_is_named_is_there() {
        let dialogs = wizard("licence");
        let [dialog, control, event, condition, mapping, _, check_box] = dialogs.tables();
        let is_dialog = |name: &String| dialog.rows().iter().any(|row| row[0] == *name);
        let is_control = |page: &String, name: &String| {
            let mut rows = control.rows().iter();
            name.is_empty() || rows.any(|row| row[0] == *page && row[1] == *name)
        };
        for row in event.rows() {
            let opens = ["NewDialog", "SpawnDialog"].contains(&&*row[2]);
            assert!(!opens || is_dialog(&row[3]), "{row:?}");
        }
        for row in event
            .rows()
            .iter()
            .chain(condition.rows())
            .chain(mapping.rows())
        {
            assert!(is_control(&row[0], &row[1]), "{row:?}");
        }
        for row in control.rows() {
            assert!(
                is_dialog(&row[0]) && is_control(&row[0], &row[10]),
                "{row:?}"
            );
            let is_box = check_box.rows().iter().any(|it| it[0] == row[8]);
            assert!(row[2] != "CheckBox" || is_box, "{row:?}");
        }
        for row in dialog.rows() {
            for name in &row[7..10] {
                assert!(is_control(&row[0], name), "{row:?}");
            }
        }
    }

    /// Windows Installer refuses a dialog whose controls do not.
    #[test]
    fn tabulator_goes_round_all_controls_of_a_page() {
        let dialogs = wizard("licence");
        let [dialog, control, ..] = dialogs.tables();
        for page in dialog.rows() {
            let next = |name: &str| {
                let mut rows = control.rows().iter();
                let row = rows.find(|row| row[0] == page[0] && row[1] == name);
                row.map(|row| row[10].clone()).unwrap_or_default()
            };
            let of_page = control.rows().iter().filter(|row| row[0] == page[0]);
            let all = of_page.filter(|row| !row[10].is_empty()).count();
            let mut at = page[7].clone();
            let mut seen = std::collections::HashSet::new();
            for _ in 0..all {
                at = next(&at);
                assert!(seen.insert(at.clone()), "{}: {at}", page[0]);
            }
            assert!(all == 0 || at == page[7], "{}: {at}", page[0]);
        }
    }

    #[test]
    fn nothing_lies_outside_its_dialog() {
        let dialogs = wizard("licence");
        let [dialog, control, ..] = dialogs.tables();
        let number = |text: &String| text.parse::<u32>().unwrap();
        for row in control.rows() {
            let around = dialog.rows().iter().find(|it| it[0] == row[0]).unwrap();
            let (right, bottom) = (
                number(&row[3]) + number(&row[5]),
                number(&row[4]) + number(&row[6]),
            );
            assert!(
                right <= number(&around[3]) && bottom <= number(&around[4]),
                "{row:?}"
            );
        }
    }
}
