//! Whom and what a policy concerns: users, and the windows of applications.
//!
//! The patterns have `*` and `?`; what these mean is said in `eidetic-search`, where they are
//! matched.

/// All, or only those on a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Selected<T> {
    /// All.
    #[default]
    All,
    /// Those that one of these rules fits.
    Listed(Vec<T>),
}

/// Whose sessions are recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserSelection {
    /// Whose.
    pub who: Selected<UserRule>,
    /// Who is not recorded all the same.
    pub except: Vec<UserRule>,
}

/// A pattern of users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserRule {
    /// By name: `DOMAIN\user`; without a backslash, the user of that name in every domain.
    User(String),
    /// The members of a group, by its name.
    Group(String),
}

/// In front of which windows the screen is recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApplicationSelection {
    /// Which.
    pub which: Selected<ApplicationRule>,
    /// Which are not recorded all the same.
    pub except: Vec<ApplicationRule>,
    /// What of the screen is recorded while a listed one is in front. Without a list it is all.
    pub shown: ShownPart,
}

/// What of the screen is recorded while a listed window is in front.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ShownPart {
    /// All of it.
    #[default]
    WholeScreen,
    /// Only what is seen of the listed windows: the rest is black.
    ListedWindows,
}

/// A pattern of windows: both fields have to fit. An empty field fits everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApplicationRule {
    /// The window's title.
    pub title: String,
    /// The program's description, by which people know it.
    pub description: String,
}

/// A rule that a policy cannot have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleProblem {
    /// More rules than are taken.
    #[error("there are {0} rules, at most {max} are taken", max = MAX_RULES)]
    TooMany(usize),
    /// A list without a rule would record nobody and nothing.
    #[error("lists nothing: add a rule, or choose all")]
    NothingListed,
    /// A pattern without a character.
    #[error("rule {number} is empty")]
    Empty {
        /// Which, from 1.
        number: usize,
    },
    /// A pattern that is too long.
    #[error("rule {number} is longer than {max} characters", max = MAX_PATTERN_CHARACTERS)]
    TooLong {
        /// Which, from 1.
        number: usize,
    },
    /// A character that no name or title has.
    #[error("rule {number} has a control character")]
    ControlCharacter {
        /// Which, from 1.
        number: usize,
    },
}

/// The most rules of one list.
pub const MAX_RULES: usize = 200;

/// The longest pattern.
pub const MAX_PATTERN_CHARACTERS: usize = 256;

impl<T> Selected<T> {
    /// The rules of the list; none for all.
    pub fn rules(&self) -> &[T] {
        match self {
            Self::All => &[],
            Self::Listed(rules) => rules,
        }
    }
}

impl UserSelection {
    /// Whether nobody is left out.
    pub fn is_everybody(&self) -> bool {
        self.who == Selected::All && self.except.is_empty()
    }

    /// What is wrong, by the name of the list in which it is.
    pub(crate) fn check(&self) -> Result<(), (&'static str, RuleProblem)> {
        check_listed(&self.who).map_err(|problem| ("users.listed", problem))?;
        check_rules(&self.except).map_err(|problem| ("users.except", problem))
    }
}

impl ApplicationSelection {
    /// Whether only the listed windows are to be seen in the recording.
    pub fn shows_only_windows(&self) -> bool {
        self.which != Selected::All && self.shown == ShownPart::ListedWindows
    }

    /// Whether no window is left out.
    pub fn is_everything(&self) -> bool {
        self.which == Selected::All && self.except.is_empty()
    }

    /// What is wrong, by the name of the list in which it is.
    pub(crate) fn check(&self) -> Result<(), (&'static str, RuleProblem)> {
        check_listed(&self.which).map_err(|problem| ("applications.listed", problem))?;
        check_rules(&self.except).map_err(|problem| ("applications.except", problem))
    }
}

trait Rule {
    fn patterns(&self) -> [&str; 2];
}

impl Rule for UserRule {
    fn patterns(&self) -> [&str; 2] {
        let (Self::User(name) | Self::Group(name)) = self;
        [name, ""]
    }
}

impl Rule for ApplicationRule {
    fn patterns(&self) -> [&str; 2] {
        [&self.title, &self.description]
    }
}

fn check_listed<T: Rule>(selected: &Selected<T>) -> Result<(), RuleProblem> {
    match selected {
        Selected::Listed(rules) if rules.is_empty() => Err(RuleProblem::NothingListed),
        selected => check_rules(selected.rules()),
    }
}

fn check_rules<T: Rule>(rules: &[T]) -> Result<(), RuleProblem> {
    if rules.len() > MAX_RULES {
        return Err(RuleProblem::TooMany(rules.len()));
    }
    for (number, rule) in (1..).zip(rules) {
        let patterns = rule.patterns();
        if patterns.iter().all(|pattern| pattern.trim().is_empty()) {
            return Err(RuleProblem::Empty { number });
        }
        for pattern in patterns {
            if pattern.chars().count() > MAX_PATTERN_CHARACTERS {
                return Err(RuleProblem::TooLong { number });
            }
            if pattern.chars().any(char::is_control) {
                return Err(RuleProblem::ControlCharacter { number });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(names: &[&str]) -> UserSelection {
        let rules = names.iter().map(|name| UserRule::User((*name).to_owned()));
        UserSelection {
            who: Selected::Listed(rules.collect()),
            except: Vec::new(),
        }
    }

    #[test]
    fn rules_that_say_nothing_or_too_much_are_refused_by_number() {
        let long = "x".repeat(MAX_PATTERN_CHARACTERS + 1);
        let many = vec!["a"; MAX_RULES + 1];
        for (names, words) in [
            (&[][..], "lists nothing"),
            (&["anna", " "], "rule 2 is empty"),
            (&[&*long], "rule 1 is longer than 256"),
            (&["a\nb"], "rule 1 has a control character"),
            (&many, "there are 201 rules"),
        ] {
            let (list, problem) = listed(names).check().unwrap_err();
            assert_eq!(list, "users.listed");
            assert!(problem.to_string().starts_with(words), "{problem}");
        }
        assert_eq!(listed(&["CORP\\*", "ann?"]).check(), Ok(()));
    }

    #[test]
    fn an_application_rule_needs_one_of_its_fields() {
        let with = |title: &str, description: &str| ApplicationSelection {
            which: Selected::All,
            except: vec![ApplicationRule {
                title: title.into(),
                description: description.into(),
            }],
            shown: ShownPart::WholeScreen,
        };
        assert_eq!(with("*bank*", "").check(), Ok(()));
        assert_eq!(with("", "KeePass*").check(), Ok(()));
        let (list, problem) = with("", "").check().unwrap_err();
        assert_eq!(list, "applications.except");
        assert_eq!(problem, RuleProblem::Empty { number: 1 });
    }
}
