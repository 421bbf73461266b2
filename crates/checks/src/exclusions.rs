//! What an antivirus program should leave alone, so that it neither slows nor breaks recording.

use crate::installation::Installation;

/// Folders and programs of one installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exclusions {
    /// The folders, with all that is in them.
    pub folders: Vec<String>,
    /// The programs.
    pub programs: Vec<String>,
}

impl Exclusions {
    /// Those of this installation of an agent or a server.
    pub fn of(installation: &Installation) -> Self {
        Self {
            folders: vec![installation.folder.clone()],
            programs: vec![installation.program.clone()],
        }
    }

    /// A line for PowerShell, as an administrator, that has Microsoft Defender leave them alone.
    pub fn defender(&self) -> String {
        format!(
            "Add-MpPreference -ExclusionPath {} -ExclusionProcess {}",
            list(&self.folders),
            list(&self.programs)
        )
    }
}

/// A list as PowerShell writes it: in single quotes nothing is special but the quote itself.
fn list(texts: &[String]) -> String {
    let quoted: Vec<_> = texts
        .iter()
        .map(|text| format!("'{}'", text.replace('\'', "''")))
        .collect();
    quoted.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::System;

    #[test]
    fn powershell_takes_the_line_whatever_the_folder_is_called() {
        let installation = Installation {
            folder: r"D:\Ann's data".to_owned(),
            ..Installation::usual_agent(System::Windows)
        };
        assert_eq!(
            Exclusions::of(&installation).defender(),
            r"Add-MpPreference -ExclusionPath 'D:\Ann''s data' -ExclusionProcess 'C:\Program Files\Eidetic\eidetic-agent.exe'"
        );
    }
}
