//! The names that the package calls, each with an installation's handle. 0 is success; anything
//! else ends the installation, which then takes back what it did.

#![expect(
    unsafe_code,
    reason = "exported names; no code here reads or writes through an address"
)]

use std::path::Path;

use eidetic_winapi::{Result, installer::Installation};

use crate::{
    answers::Answers,
    run::{SetUp, remove_data, undo_set_up, wait_until_ended},
    take_back::TakeBack,
};

/// Before anything is changed: refuses what makes no sense.
// SAFETY: the name is the package's own, which nothing else in this library defines. The same holds
// for each name below.
#[unsafe(no_mangle)]
pub extern "system" fn RefuseBadAnswers(installation: u32) -> u32 {
    let installation = Installation::of(installation);
    match problem(installation) {
        Ok(None) => SUCCESS,
        Ok(Some(problem)) => refuse(installation, &problem),
        Err(error) => refuse(installation, &error.to_string()),
    }
}

/// In the wizard: writes what makes no sense into the property `PROBLEM`, which a dialog shows.
#[unsafe(no_mangle)]
pub extern "system" fn CheckAnswers(installation: u32) -> u32 {
    let installation = Installation::of(installation);
    let told = match problem(installation) {
        Ok(None) if answers(installation).is_ok_and(|answers| answers.server.is_empty()) => {
            "Name the server that this computer's agent sends its recordings to.".to_owned()
        }
        Ok(problem) => problem.unwrap_or_default(),
        Err(error) => error.to_string(),
    };
    match installation.set_property("PROBLEM", &told) {
        Ok(()) => SUCCESS,
        Err(_) => INSTALL_FAILURE,
    }
}

/// With the rights of the system, once the files are there: see [`SetUp`].
#[unsafe(no_mangle)]
pub extern "system" fn SetUpAgent(installation: u32) -> u32 {
    let installation = Installation::of(installation);
    let done = data(installation).and_then(|text| match SetUp::parse(&text) {
        Some(set_up) => set_up.run(),
        None => Err("the package is damaged".to_owned()),
    });
    ended(installation, done)
}

/// Before anything is changed: writes into the property `TakeBack` what has to go if the installation
/// fails, for the function of that name. Data that is there already stays.
#[unsafe(no_mangle)]
pub extern "system" fn LookForData(installation: u32) -> u32 {
    let installation = Installation::of(installation);
    let noted = take_back(installation)
        .and_then(|take_back| installation.set_property("TakeBack", &take_back.to_string()));
    tell(
        installation,
        noted.map(|()| String::new()).map_err(|it| it.to_string()),
    )
}

/// With the rights of the system, if the first installation has failed, while the files are still
/// there.
#[unsafe(no_mangle)]
pub extern "system" fn TakeBack(installation: u32) -> u32 {
    let installation = Installation::of(installation);
    let done = data(installation).and_then(|text| match TakeBack::parse(&text) {
        Some(take_back) => take_back.run(),
        None => Err("the package is damaged".to_owned()),
    });
    tell(installation, done)
}

/// With the rights of the system, while the files are still there. Nothing is lost if it fails.
#[unsafe(no_mangle)]
pub extern "system" fn UndoSetUp(installation: u32) -> u32 {
    let installation = Installation::of(installation);
    let done = data(installation).and_then(|program| undo_set_up(Path::new(&program)));
    tell(installation, done)
}

/// With the rights of the system, once the service was told to stop.
#[unsafe(no_mangle)]
pub extern "system" fn WaitUntilEnded(installation: u32) -> u32 {
    let installation = Installation::of(installation);
    let done = data(installation).and_then(|program| wait_until_ended(Path::new(&program)));
    tell(installation, done)
}

/// With the rights of the system, once all else is removed.
#[unsafe(no_mangle)]
pub extern "system" fn RemoveData(installation: u32) -> u32 {
    let installation = Installation::of(installation);
    let done = data(installation).and_then(|folder| remove_data(Path::new(&folder)));
    tell(installation, done)
}

fn problem(installation: Installation) -> Result<Option<String>> {
    answers(installation).map(|answers| answers.problem())
}

fn answers(installation: Installation) -> Result<Answers> {
    Ok(Answers {
        server: installation.property("SERVER")?,
        port: installation.property("PORT")?,
        token: installation.property("TOKEN")?,
    })
}

fn take_back(installation: Installation) -> Result<TakeBack> {
    let usual = installation.property("CommonAppDataFolder")? + r"Eidetic\Agent";
    let elsewhere = installation.property("STATEFOLDER")?;
    let program = installation.property("INSTALLDIR")? + "eidetic-agent.exe";
    Ok(TakeBack::look(&program, &[&usual, &elsewhere]))
}

/// What the package wrote for the part with the rights of the system.
fn data(installation: Installation) -> std::result::Result<String, String> {
    let data = installation.property("CustomActionData");
    data.map_err(|error| error.to_string())
}

fn ended(installation: Installation, done: std::result::Result<String, String>) -> u32 {
    match done {
        Ok(told) => tell(installation, Ok(told)),
        Err(error) => refuse(installation, &error),
    }
}

/// Writes how it went into the log.
fn tell(installation: Installation, done: std::result::Result<String, String>) -> u32 {
    for line in done.unwrap_or_else(|error| error).lines() {
        installation.log(&format!("Eidetic: {line}"));
    }
    SUCCESS
}

fn refuse(installation: Installation, why: &str) -> u32 {
    installation.show_error(why);
    INSTALL_FAILURE
}

const SUCCESS: u32 = 0;

/// `ERROR_INSTALL_FAILURE`.
const INSTALL_FAILURE: u32 = 1603;
