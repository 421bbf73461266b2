//! What a program is called.

use eidetic_model::Application;

/// A program by its path and the File description in it; by its file's name if it has none.
/// `None` if nothing is known.
pub(crate) fn application(path: &str, description: Option<String>) -> Option<Application> {
    let file = path.rsplit(['\\', '/']).next().unwrap_or_default();
    let description = description.unwrap_or_else(|| file.to_owned());
    (!description.is_empty()).then(|| Application {
        path: path.to_owned(),
        description,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn program_without_a_description_goes_by_its_file() {
        let path = "C:\\Windows\\notepad.exe";
        let described = |text: Option<&str>| {
            application(path, text.map(str::to_owned)).map(|it| it.description)
        };
        assert_eq!(described(Some("Editor")).as_deref(), Some("Editor"));
        assert_eq!(described(None).as_deref(), Some("notepad.exe"));
        assert_eq!(application("", None), None);
    }
}
