//! What a package does beside copying files: which of its own actions it calls, when, and with what.

use super::table::Table;

/// The actions and their order, as a table and as statements that add to what wixl wrote.
pub struct Actions {
    /// `CustomAction`.
    pub table: Table,
    /// SQL.
    pub statements: Vec<String>,
}

/// All of them.
pub fn actions() -> Actions {
    let mut actions = Actions {
        table: Table::new(
            "CustomAction",
            &[
                ("Action", "s72"),
                ("Type", "i2"),
                ("Source", "S72"),
                ("Target", "S255"),
            ],
            1,
        ),
        statements: Vec::new(),
    };
    actions.answers();
    actions.library();
    actions.properties();
    actions.order();
    actions
}

impl Actions {
    /// Where each answer comes from, the first that there is: as it is named here, as the model
    /// product names it, as it was before.
    fn answers(&mut self) {
        let sources = [
            ("SERVER", "UAVR_SERVERNAME"),
            ("SERVER", "KEPTSERVER"),
            ("PORT", "UAVR_SERVERPORT"),
            ("PORT", "KEPTPORT"),
            ("STATEFOLDER", "KEPTSTATEFOLDER"),
            ("KEEPDATA", "KEPTKEEPDATA"),
            ("INSTALLDIR", "KEPTINSTALLDIR"),
        ];
        for (index, (property, source)) in sources.into_iter().enumerate() {
            let name = format!("{property}From{source}");
            self.set(&name, property, &format!("[{source}]"), 0);
            let condition = format!("{source} AND NOT {property}");
            // Behind AppSearch, which is 50, and before LaunchConditions, which is 100.
            for table in [UI, EXECUTE] {
                self.at(table, &name, &condition, 51 + index);
            }
        }
        self.set("PortByDefault", "PORT", "9004", 0);
        for table in [UI, EXECUTE] {
            self.at(table, "PortByDefault", "NOT PORT", 60);
        }
    }

    /// The functions of our library. Those that change the computer are given their data by a
    /// property that is named like them, since they run in another process, with the rights of the
    /// system, which knows no other property.
    fn library(&mut self) {
        let program = "[INSTALLDIR]eidetic-agent.exe";
        self.call("CheckAnswers", "CheckAnswers", 0);
        self.call("RefuseBadAnswers", "RefuseBadAnswers", 0);
        self.at(EXECUTE, "RefuseBadAnswers", INSTALLING, 110);

        let data = format!("{program}|[SERVER]|[PORT]|[TOKEN]|[KEPTSERVER]|[KEPTPORT]");
        self.set("DataOfSetUp", "SetUpAgent", &data, HIDE_TARGET);
        // It writes down what it finds for the one that takes all back.
        self.call("LookForData", "LookForData", 0);
        self.call("TakeBack", "TakeBack", AS_SYSTEM | ROLLBACK);
        self.call("SetUpAgent", "SetUpAgent", AS_SYSTEM | HIDE_TARGET);
        // Between InstallServices, which is 5800, and StartServices, which is 5900.
        for (index, (name, condition)) in [
            ("DataOfSetUp", INSTALLING),
            ("LookForData", INSTALLING_FIRST),
            ("TakeBack", INSTALLING_FIRST),
            ("SetUpAgent", INSTALLING),
        ]
        .into_iter()
        .enumerate()
        {
            self.at(EXECUTE, name, condition, 5_810 + index);
        }

        self.set("DataOfUndo", "UndoSetUp", program, 0);
        self.call("UndoSetUp", "UndoSetUp", AS_SYSTEM);
        // Between StopServices, which is 1900, and DeleteServices, which is 2000.
        self.at(EXECUTE, "DataOfUndo", REMOVING_FOR_GOOD, 1_910);
        self.at(EXECUTE, "UndoSetUp", REMOVING_FOR_GOOD, 1_911);

        // Before RemoveFiles, which is 3500, and InstallFiles, which is 4000.
        self.set("DataOfWait", "WaitUntilEnded", program, 0);
        self.call("WaitUntilEnded", "WaitUntilEnded", AS_SYSTEM);
        self.at(EXECUTE, "DataOfWait", "Installed", 2_010);
        self.at(EXECUTE, "WaitUntilEnded", "Installed", 2_011);

        let usual = r"[CommonAppDataFolder]Eidetic\Agent";
        self.set("DataOfRemoval", "RemoveData", usual, 0);
        self.set("DataOfRemovalElsewhere", "RemoveData", "[STATEFOLDER]", 0);
        self.call("RemoveData", "RemoveData", AS_SYSTEM | COMMIT);
        // Before InstallFinalize, which is 6600.
        let elsewhere = format!("{REMOVING_DATA} AND STATEFOLDER");
        self.at(EXECUTE, "DataOfRemoval", REMOVING_DATA, 6_510);
        self.at(EXECUTE, "DataOfRemovalElsewhere", &elsewhere, 6_511);
        self.at(EXECUTE, "RemoveData", REMOVING_DATA, 6_512);
    }

    fn properties(&mut self) {
        let secure = [
            "SERVER",
            "PORT",
            "TOKEN",
            "UAVR_SERVERNAME",
            "UAVR_SERVERPORT",
            "STATEFOLDER",
            "KEEPDATA",
            "INSTALLDIR",
            "KEPTSERVER",
            "KEPTPORT",
            "KEPTSTATEFOLDER",
            "KEPTKEEPDATA",
            "KEPTINSTALLDIR",
            "WINDOWS10",
            "NEWERFOUND",
            "OLDERFOUND",
        ];
        let secure = secure.join(";");
        self.statements.extend([
            format!(
                "UPDATE `Property` SET `Value`='{secure}' WHERE `Property`='SecureCustomProperties'"
            ),
            // The others are what hands the token on.
            property("MsiHiddenProperties", "TOKEN;SetUpAgent;CustomActionData"),
            property("DefaultUIFont", "Normal"),
            property("ErrorDialog", "ErrorDlg"),
        ]);
    }

    /// What wixl cannot be told.
    fn order(&mut self) {
        self.statements.extend([
            condition("RememberedServer", "SERVER"),
            condition("RememberedStateFolder", "STATEFOLDER"),
            condition("RememberedKeepData", "KEEPDATA AND KEEPDATA<>\"0\""),
        ]);
    }

    fn set(&mut self, name: &str, property: &str, value: &str, options: u32) {
        let kind = (SET_PROPERTY | options).to_string();
        self.table.row([name, &kind, property, value]);
    }

    fn call(&mut self, name: &str, function: &str, options: u32) {
        let kind = (CALL_LIBRARY | options).to_string();
        self.table.row([name, &kind, "Actions", function]);
    }

    fn at(&mut self, table: &str, name: &str, condition: &str, number: usize) {
        self.statements.push(in_sequence(
            table,
            name,
            condition,
            i32::try_from(number).unwrap_or_default(),
        ));
    }
}

/// Statements that have an installation fail when all else is done, and the service runs: Wine does
/// not wait until it does, so a function waits for the end of the program that does not end.
pub fn failing_late() -> [String; 6] {
    let action = |name, kind: u32, source, target| {
        format!(
            "INSERT INTO `CustomAction` (`Action`,`Type`,`Source`,`Target`) VALUES \
             ('{name}',{kind},'{source}','{target}')"
        )
    };
    let program = "[INSTALLDIR]eidetic-agent.exe";
    [
        action("DataOfLateWait", SET_PROPERTY, "LateWait", program),
        action(
            "LateWait",
            CALL_LIBRARY | AS_SYSTEM,
            "Actions",
            "WaitUntilEnded",
        ),
        // It has no data.
        action(
            "FailLate",
            CALL_LIBRARY | AS_SYSTEM,
            "Actions",
            "SetUpAgent",
        ),
        in_sequence(EXECUTE, "DataOfLateWait", INSTALLING, 6_588),
        in_sequence(EXECUTE, "LateWait", INSTALLING, 6_589),
        in_sequence(EXECUTE, "FailLate", INSTALLING, 6_590),
    ]
}

/// A statement that puts an action into a sequence.
pub fn in_sequence(table: &str, name: &str, condition: &str, number: i32) -> String {
    format!(
        "INSERT INTO `{table}` (`Action`,`Condition`,`Sequence`) VALUES \
         ('{name}','{condition}',{number})"
    )
}

/// Where a component is installed only under a condition, which is looked at again in each repair.
fn condition(component: &str, condition: &str) -> String {
    format!(
        "UPDATE `Component` SET `Condition`='{condition}',`Attributes`={REMEMBERED} \
         WHERE `Component`='{component}'"
    )
}

fn property(name: &str, value: &str) -> String {
    format!("INSERT INTO `Property` (`Property`,`Value`) VALUES ('{name}','{value}')")
}

/// The order of what is done while a wizard is shown.
pub const UI: &str = "InstallUISequence";

const EXECUTE: &str = "InstallExecuteSequence";

const CALL_LIBRARY: u32 = 1;

const SET_PROPERTY: u32 = 51;

/// Later, in one go with everything else that changes the computer, and not as the user.
const AS_SYSTEM: u32 = 0x400 | 0x800;

/// If what comes behind it fails.
const ROLLBACK: u32 = 0x100;

/// Once nothing can fail any more.
const COMMIT: u32 = 0x200;

/// What it is given does not appear in the log.
const HIDE_TARGET: u32 = 0x2000;

/// Of a component: has a value of the registry as its key, can come and go, is for 64 bit.
const REMEMBERED: u32 = 4 | 64 | 256;

const INSTALLING: &str = "NOT REMOVE~=\"ALL\"";

/// Where nothing was before, so that a failure takes nothing away from an agent that works.
const INSTALLING_FIRST: &str = "NOT Installed AND NOT OLDERFOUND";

/// Not to be replaced by another version, which sets up what is there.
const REMOVING_FOR_GOOD: &str = "REMOVE~=\"ALL\" AND NOT UPGRADINGPRODUCTCODE";

const REMOVING_DATA: &str =
    "REMOVE~=\"ALL\" AND NOT UPGRADINGPRODUCTCODE AND (NOT KEEPDATA OR KEEPDATA=\"0\")";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hands_the_token_on_is_hidden_from_the_log() {
        let actions = actions();
        let statements = actions.statements.join("\n");
        assert!(statements.contains("'MsiHiddenProperties','TOKEN;SetUpAgent;CustomActionData'"));
        let mut handing_on = actions.table.rows().iter().filter(|row| {
            let is_data = row[3].contains("[TOKEN]");
            is_data || row[3] == "SetUpAgent"
        });
        assert!(handing_on.all(|row| row[1].parse::<u32>().unwrap() & HIDE_TARGET != 0));
    }

    #[test]
    fn each_action_that_is_called_is_there_and_the_other_way_round() {
        let actions = actions();
        for row in actions.table.rows() {
            let called = format!("'{}'", row[0]);
            let is_called = actions.statements.iter().any(|it| it.contains(&called));
            // The wizard calls this one.
            assert!(is_called || row[0] == "CheckAnswers", "{}", row[0]);
        }
        let names: Vec<_> = actions.table.rows().iter().map(|row| &row[0]).collect();
        for statement in &actions.statements {
            let inserted = statement.split_once("`Sequence`) VALUES ('");
            let Some(name) = inserted.and_then(|(_, rest)| rest.split_once('\'')) else {
                continue;
            };
            assert!(names.iter().any(|known| *known == name.0), "{}", name.0);
        }
    }
}
