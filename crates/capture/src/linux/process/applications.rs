//! Names of applications, from their desktop entries.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use ini::{Ini, ParseOption};

/// The names that people know of the applications of this computer.
///
/// They come from the desktop entries in folders that belong to the system. A user's own folder is
/// left out: the recorded user is not to choose the names in the record.
pub struct ApplicationCatalog {
    folders: Vec<PathBuf>,
    read_at: Option<Vec<Option<SystemTime>>>,
    entries: Vec<Entry>,
    known: HashMap<Asked, String>,
}

impl ApplicationCatalog {
    /// The catalog of this computer.
    pub fn of_this_computer() -> Self {
        Self::of_folders(SYSTEM_FOLDERS.iter().map(PathBuf::from).collect())
    }

    /// The catalog of these folders, earlier ones first.
    pub fn of_folders(folders: Vec<PathBuf>) -> Self {
        Self {
            folders,
            read_at: None,
            entries: Vec::new(),
            known: HashMap::new(),
        }
    }

    /// The name of an application by the path of its executable, else by the class of its window
    /// (what an interpreter runs is known by that alone), else the executable's file name, else
    /// the process's name, else the class itself.
    pub fn describe(&mut self, path: &str, process_name: &str, class: &[String]) -> String {
        self.read_if_changed();
        let key = (path.to_owned(), process_name.to_owned(), class.to_owned());
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let name = self
            .entry_for(path, class)
            .map(|entry| entry.name.clone())
            .or_else(|| file_name(path))
            .or_else(|| Some(process_name.to_owned()).filter(|name| !name.is_empty()))
            .or_else(|| class.last().cloned())
            .unwrap_or_default();
        if self.known.len() >= MOST_KNOWN {
            self.known.clear();
        }
        self.known.insert(key, name.clone());
        name
    }

    /// The entry whose program this is; of several, the one that the window's class names too,
    /// else the one that starts it with the fewest arguments: others open its settings and such.
    fn entry_for(&self, path: &str, class: &[String]) -> Option<&Entry> {
        let program = file_name(path);
        let runs_it = |entry: &&Entry| {
            let is_its = |program: &String| entry.programs.contains(program);
            entry.is_shown && program.as_ref().is_some_and(is_its)
        };
        let has_class = |entry: &&Entry| class.iter().any(|class| entry.is_of_class(class));
        let entries = || self.entries.iter();
        entries()
            .filter(runs_it)
            .find(has_class)
            .or_else(|| {
                entries()
                    .filter(runs_it)
                    .min_by_key(|entry| entry.arguments)
            })
            .or_else(|| entries().find(has_class))
    }

    /// Reads the folders, unless none of them has changed since.
    fn read_if_changed(&mut self) {
        let changed_at: Vec<_> = self
            .folders
            .iter()
            .map(|folder| fs::metadata(folder).and_then(|data| data.modified()).ok())
            .collect();
        if self.read_at.as_ref() == Some(&changed_at) {
            return;
        }
        self.entries = self
            .folders
            .iter()
            .flat_map(|folder| entries_of(folder))
            .take(MOST_ENTRIES)
            .collect();
        self.known.clear();
        self.read_at = Some(changed_at);
    }
}

/// Path, name of the process and class that a name was asked for by.
type Asked = (String, String, Vec<String>);

/// A desktop entry, as far as it matters here.
struct Entry {
    name: String,
    /// File names of the programs that it starts.
    programs: Vec<String>,
    /// How many arguments it gives to the program, placeholders for files aside.
    arguments: usize,
    /// What its windows are known by, in lower case.
    classes: Vec<String>,
    is_shown: bool,
}

impl Entry {
    /// Reads a desktop entry. `None` if it is none, or of no application.
    fn read(path: &Path) -> Option<Self> {
        if fs::metadata(path).ok()?.len() > LARGEST_ENTRY {
            return None;
        }
        let options = ParseOption {
            enabled_quote: false,
            enabled_escape: false,
            ..ParseOption::default()
        };
        let file = Ini::load_from_file_opt(path, options).ok()?;
        let group = file.section(Some("Desktop Entry"))?;
        let is = |key: &str| group.get(key) == Some("true");
        if group.get("Type") != Some("Application") || is("Hidden") {
            return None;
        }
        let command = group.get("Exec").and_then(program_of_command);
        let tried = group.get("TryExec").and_then(file_name);
        let id = path.file_stem().and_then(|stem| stem.to_str());
        let classes = group.get("StartupWMClass").into_iter().chain(id);
        Some(Self {
            name: group.get("Name")?.to_owned(),
            programs: command.into_iter().chain(tried).collect(),
            arguments: group.get("Exec").map_or(0, arguments_of_command),
            classes: classes.map(str::to_lowercase).collect(),
            is_shown: !is("NoDisplay") && !is("Terminal"),
        })
    }

    fn is_of_class(&self, class: &str) -> bool {
        self.classes.contains(&class.to_lowercase())
    }
}

/// The entries of a folder in the order of their names, so that every run finds the same.
fn entries_of(folder: &Path) -> Vec<Entry> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|file| Some(file.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|ending| ending == "desktop"))
        .take(MOST_ENTRIES)
        .collect();
    paths.sort();
    paths.iter().filter_map(|path| Entry::read(path)).collect()
}

/// The file name of the program that an `Exec` line starts, past `env` and its variables.
fn program_of_command(command: &str) -> Option<String> {
    command
        .split_whitespace()
        .map(|word| word.trim_matches('"'))
        .find(|word| *word != "env" && !word.ends_with("/env") && !word.contains('='))
        .and_then(file_name)
}

/// How many arguments an `Exec` line has, field codes such as `%U` aside.
fn arguments_of_command(command: &str) -> usize {
    let words = command
        .split_whitespace()
        .filter(|word| !word.starts_with('%'));
    words.count().saturating_sub(1)
}

fn file_name(path: &str) -> Option<String> {
    Some(Path::new(path).file_name()?.to_string_lossy().into_owned())
}

const SYSTEM_FOLDERS: [&str; 4] = [
    "/usr/local/share/applications",
    "/usr/share/applications",
    "/var/lib/flatpak/exports/share/applications",
    "/var/lib/snapd/desktop/applications",
];

const MOST_ENTRIES: usize = 4_096;

const MOST_KNOWN: usize = 512;

/// Desktop entries with all their translations are tens of kilobytes.
const LARGEST_ENTRY: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn catalog(files: &[(&str, &str)]) -> (tempfile::TempDir, ApplicationCatalog) {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let text = format!("[Desktop Entry]\nType=Application\n{text}\n");
            fs::write(folder.path().join(format!("{name}.desktop")), text).unwrap();
        }
        let catalog = ApplicationCatalog::of_folders(vec![folder.path().to_owned()]);
        (folder, catalog)
    }

    fn class(parts: &[&str]) -> Vec<String> {
        parts.iter().map(|&part| part.to_owned()).collect()
    }

    #[test]
    fn executable_counts_before_what_the_window_claims_to_be() {
        let (_folder, mut catalog) = catalog(&[
            (
                "firefox",
                "Name=Firefox\nName[de]=Feuerfuchs\nExec=firefox %u",
            ),
            (
                "editor",
                "Name=Text Editor\nExec=env LANG=C \"/usr/bin/editor\" %F",
            ),
        ]);
        let disguise = class(&["Navigator", "firefox"]);
        assert_eq!(
            catalog.describe("/usr/bin/editor", "editor", &disguise),
            "Text Editor"
        );
        assert_eq!(
            catalog.describe("/usr/lib/firefox/firefox", "firefox", &disguise),
            "Firefox"
        );
    }

    #[test]
    fn class_tells_apart_what_one_executable_runs() {
        let (_folder, mut catalog) = catalog(&[
            (
                "calc",
                "Name=Calc\nExec=office --calc\nStartupWMClass=office-calc",
            ),
            (
                "writer",
                "Name=Writer\nExec=office --writer\nStartupWMClass=office-writer",
            ),
            (
                "player",
                "Name=Player\nExec=player\nStartupWMClass=org.player",
            ),
            (
                "python",
                "Name=Python\nExec=/usr/bin/python3\nTerminal=true",
            ),
        ]);
        let writer = class(&["office", "Office-Writer"]);
        assert_eq!(
            catalog.describe("/usr/bin/office", "office", &writer),
            "Writer"
        );
        let player = class(&["Player.py", "org.player"]);
        assert_eq!(
            catalog.describe("/usr/bin/python3", "python3", &player),
            "Player"
        );
        assert_eq!(
            catalog.describe("/usr/bin/python3", "python3", &class(&["tk"])),
            "python3"
        );
    }

    #[test]
    fn entry_that_opens_the_program_itself_counts_before_one_that_opens_its_settings() {
        let (_folder, mut catalog) = catalog(&[
            ("a-settings", "Name=Settings\nExec=mousepad --preferences"),
            ("mousepad", "Name=Mousepad\nExec=mousepad %U"),
        ]);
        assert_eq!(
            catalog.describe("/usr/bin/mousepad", "mousepad", &[]),
            "Mousepad"
        );
    }

    #[test]
    fn program_without_an_entry_goes_by_what_is_known() {
        let (_folder, mut catalog) = catalog(&[("broken", "[[[[")]);
        assert_eq!(catalog.describe("/opt/tool", "tool", &[]), "tool");
        assert_eq!(catalog.describe("", "comm", &[]), "comm");
        assert_eq!(catalog.describe("", "", &class(&["a", "B"])), "B");
        assert_eq!(catalog.describe("", "", &[]), "");
    }

    #[test]
    fn entry_that_is_installed_later_is_found() {
        let (folder, mut catalog) = catalog(&[]);
        assert_eq!(catalog.describe("/usr/bin/new", "new", &[]), "new");
        let text = "[Desktop Entry]\nType=Application\nName=Brand New\nExec=new";
        eidetic_testkit::eventually("the folder's time moves on", || {
            fs::write(folder.path().join("new.desktop"), text).unwrap();
            let touched = folder.path().join("touched");
            let _absent = fs::remove_file(&touched);
            fs::write(&touched, "").unwrap();
            (catalog.describe("/usr/bin/new", "new", &[]) == "Brand New").then_some(())
        });
    }
}
