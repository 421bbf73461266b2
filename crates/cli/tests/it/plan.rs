//! `eidetic plan` before it asks a server.

use crate::run::Folder;

#[test]
fn a_file_that_is_wrong_is_refused_before_anybody_is_asked() {
    let folder = Folder::new();
    std::fs::write(folder.path().join("plan.toml"), "[[plan]]\nname = 1\n").unwrap();
    for command in ["diff", "apply --yes"] {
        let arguments = format!("plan {command} plan.toml --server https://localhost:1");
        let (output, text) = folder.fail(&arguments, b"");
        assert!(
            text.contains("plan.toml: this is no file with plans"),
            "{text}"
        );
        assert!(text.contains("expected a string"), "{text}");
        assert!(output.is_empty());
    }
    let (_, text) = folder.fail("plan apply missing.toml --server https://localhost:1", b"");
    assert!(text.contains("failed to read missing.toml"), "{text}");
}

#[test]
fn its_help_teaches_the_exit_codes() {
    let help = Folder::new().succeed("plan diff --help", b"");
    let help = String::from_utf8(help).unwrap();
    assert!(help.contains("with 3 if there is"), "{help}");
}
