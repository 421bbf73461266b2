//! Activity records as they are searched.

use std::borrow::Cow;

use eidetic_model::{ActivityRecord, Application, Captured, Timestamp};

use crate::{Field, Searchable};

impl Searchable for ActivityRecord {
    fn when(&self) -> Timestamp {
        self.when
    }

    fn text(&self, field: Field) -> Cow<'_, str> {
        match field {
            Field::Who => Cow::Borrowed(&self.who),
            Field::Action => Cow::Borrowed(self.action.as_str()),
            Field::What => Cow::Borrowed(self.what.reveal()),
            Field::Where => Cow::Borrowed(&self.where_),
            Field::ObjectType => Cow::Borrowed(self.object_type.as_str()),
            Field::Details => details_text(&self.details),
            Field::Application => self
                .application
                .as_ref()
                .map_or(Cow::Borrowed(""), |application| {
                    Cow::Owned(application_text(application))
                }),
            Field::Workstation => Cow::Borrowed(self.workstation.as_deref().unwrap_or_default()),
            Field::Session => Cow::Owned(self.session.to_string()),
        }
    }
}

/// The text of [`Field::Details`].
pub fn details_text(lines: &[Captured]) -> Cow<'_, str> {
    match lines {
        [] => Cow::Borrowed(""),
        [line] => Cow::Borrowed(line.reveal()),
        lines => Cow::Owned(
            lines
                .iter()
                .map(Captured::reveal)
                .collect::<Vec<_>>()
                .join("\n"),
        ),
    }
}

/// The text of [`Field::Application`].
pub fn application_text(application: &Application) -> String {
    format!("{}\n{}", application.description, application.path)
}

#[cfg(test)]
mod tests {
    use eidetic_model::{Action, ObjectType, SessionId};

    use super::*;

    #[test]
    fn each_field_has_the_text_that_its_documentation_says() {
        let record = ActivityRecord {
            session: SessionId::from_slice(&[0xAB; 16]).unwrap(),
            when: Timestamp::from_unix_micros(5),
            who: "CORP\\anna".into(),
            action: Action::Activated,
            object_type: ObjectType::ElevatedWindow,
            what: "Payroll".into(),
            where_: "RDS01".into(),
            workstation: None,
            details: vec!["one".into(), "two".into()],
            application: Some(Application {
                path: "/usr/bin/calc".into(),
                description: "Calc".into(),
            }),
            coalesced: 0,
            moment: None,
        };
        let texts: Vec<_> = Field::ALL
            .into_iter()
            .map(|field| record.text(field).into_owned())
            .collect();
        assert_eq!(
            texts,
            [
                "CORP\\anna",
                "Activated",
                "Payroll",
                "RDS01",
                "Elevated Window",
                "one\ntwo",
                "Calc\n/usr/bin/calc",
                "",
                "abababab-abab-abab-abab-abababababab",
            ]
        );
    }
}
