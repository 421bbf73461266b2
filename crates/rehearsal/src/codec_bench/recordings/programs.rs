//! The applications on the desktop, and the documents in them.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::{
    hands::{Hands, Window},
    stage::Stage,
};

/// The applications, by their windows.
pub struct Programs {
    /// A terminal with a shell.
    pub terminal: Window,
    /// A text editor with a note.
    pub editor: Window,
    /// A browser with a long document.
    pub browser: Window,
    /// A spreadsheet, as large as the screen.
    pub sheet: Window,
    /// A file manager.
    pub files: Window,
}

impl Programs {
    /// Starts all of them and puts them in their places.
    pub fn start(stage: &mut Stage) -> Result<Self> {
        start_sheet(stage)?;
        let sheet = Hands::on(stage).find("LibreOffice Calc")?;
        start_browser(stage)?;
        let browser = Hands::on(stage).find("Chromium")?;
        stage
            .display_mut()
            .spawn("pcmanfm", ["--no-desktop", "/usr/share"])?;
        let files = Hands::on(stage).find("^share$")?;
        let editor = start_editor(stage, NOTE)?;
        let terminal = start_terminal(stage, &[])?;
        let hands = Hands::on(stage);
        hands.place(&browser, (700, 40), (1180, 960))?;
        hands.place(&files, (60, 420), (760, 560))?;
        hands.place(&editor, (1000, 380), (820, 600))?;
        Ok(Self {
            terminal,
            editor,
            browser,
            sheet,
            files,
        })
    }
}

/// Starts a terminal with further options.
pub fn start_terminal(stage: &mut Stage, options: &[&str]) -> Result<Window> {
    let size = (11 * stage.look().scale()).to_string();
    let options: Vec<&str> = [
        "-T",
        "Terminal",
        "-geometry",
        "110x34+20+40",
        "-fa",
        "DejaVu Sans Mono",
        "-fs",
        &size,
        "-sb",
        "-rightbar",
    ]
    .into_iter()
    .chain(options.iter().copied())
    // A plain prompt, the same on each computer.
    .chain([
        "-e",
        "sh",
        "-c",
        "cd; HISTFILE= PS1='$ ' exec bash --norc --noprofile",
    ])
    .collect();
    stage.display_mut().spawn("xterm", options)?;
    Hands::on(stage).find("^Terminal$")
}

/// Starts a text editor on a note with this text.
pub fn start_editor(stage: &mut Stage, text: &str) -> Result<Window> {
    let note = stage.write("Notes.txt", text)?;
    let note = note.to_string_lossy().into_owned();
    stage
        .display_mut()
        .spawn("mousepad", ["--disable-server", &note])?;
    Hands::on(stage).find("Notes.txt")
}

fn start_sheet(stage: &mut Stage) -> Result<()> {
    let profile = stage.home().join("office");
    let profile = format!("-env:UserInstallation=file://{}", profile.display());
    let options = ["--calc", "--norestore", "--nologo", &profile];
    stage.display_mut().spawn("soffice", options)?;
    Ok(())
}

fn start_browser(stage: &mut Stage) -> Result<()> {
    let profile = format!("--user-data-dir={}", stage.home().join("browser").display());
    let scale = format!("--force-device-scale-factor={}", stage.look().scale());
    let page = page("sect.installation-steps")?;
    let options = BROWSER.iter().copied();
    let options = options.chain([profile.as_str(), &scale, &page]);
    stage.display_mut().spawn("chromium", options)?;
    Ok(())
}

/// The address of a page of Debian's handbook.
pub fn page(name: &str) -> Result<String> {
    let path = format!("{HANDBOOK}/{name}.html");
    ensure!(
        Path::new(&path).exists(),
        "there is no {path}: install the Debian package debian-handbook where dpkg keeps \
         /usr/share/doc (see path-exclude in /etc/dpkg/dpkg.cfg.d)"
    );
    Ok(format!("file://{path}"))
}

/// Makes a folder of text files for the terminal: the sources of some of the handbook's pages.
pub fn write_texts(stage: &Stage) -> Result<()> {
    for name in ["sect.apt-get", "sect.virtualization"] {
        let path = format!("{HANDBOOK}/{name}.html");
        let text = std::fs::read_to_string(&path).with_context(|| format!("no {path}"))?;
        stage.write(&format!("{name}.html"), &text)?;
    }
    stage.write("build.sh", BUILD)?;
    Ok(())
}

/// Where Debian's handbook lies.
const HANDBOOK: &str = "/usr/share/doc/debian-handbook/html/en-US";

/// Prints what a build prints, of real files, at a build's uneven pace.
const BUILD: &str = r#"n=0
find /usr/include -name '*.h' | head -${1:-300} | while read -r file; do
  n=$((n + 1))
  printf '\033[32m[%3d%%]\033[0m Compiling %s\n' $((n * 100 / ${1:-300})) "$file"
  case $n in
    *7) printf '\033[33mwarning:\033[0m unused parameter in %s:%d\n' "$file" $((n * 13 % 700)) ;;
    *13) head -c 300 "$file" | head -4 ;;
  esac
  sleep 0.0$((n * 7 % 9))
done
"#;

/// What stands in the note.
pub const NOTE: &str = "Minutes of the meeting of 12 March\n\
    ==================================\n\n\
    Present: Anna, Bruno, Carla, Dmitri (until 11:00), Eve\n\n\
    1. The contract with the supplier in Leipzig ends in June. Bruno asks for three offers\n   \
    until the end of the month, one of them from the present supplier.\n\
    2. Travel expenses of the first quarter are to be handed in by Friday.\n\
    3. The new archive: 1,480 of 3,200 folders are scanned. Carla needs a second scanner.\n\n\
    Next meeting: 26 March, 10:00, small room\n\n";

const BROWSER: &[&str] = &[
    "--no-sandbox",
    "--test-type",
    "--disable-gpu",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--password-store=basic",
    "--disable-dev-shm-usage",
    "--enable-lcd-text",
];
