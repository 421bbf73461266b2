//! What a search asks for.

use eidetic_model::Timestamp;

use crate::fold;

/// Which records are wanted. The default wants all.
///
/// Conditions on one field with a positive operator are alternatives; everything else must hold
/// together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Filter {
    /// Conditions on fields.
    pub conditions: Vec<Condition>,
    /// Terms of which each must be contained in some field.
    pub free_text: Vec<String>,
    /// Not before this time.
    pub from: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
}

/// A condition on one field.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Condition {
    /// The field.
    pub field: Field,
    /// How it is compared.
    pub operator: Operator,
    /// With what. Case does not count.
    pub value: String,
}

/// A field of an activity record that can be searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Field {
    /// The session's user.
    Who,
    /// The action's wording.
    Action,
    /// The window's title or the session event's wording.
    What,
    /// The computer.
    Where,
    /// The object type's wording.
    ObjectType,
    /// The lines of Details, with line feeds between.
    Details,
    /// The application: description, a line feed, path.
    Application,
    /// The workstation from which the user was connected; empty if local.
    Workstation,
    /// The session's id, in its usual hexadecimal form.
    Session,
}

impl Field {
    /// All fields.
    pub const ALL: [Self; 9] = [
        Self::Who,
        Self::Action,
        Self::What,
        Self::Where,
        Self::ObjectType,
        Self::Details,
        Self::Application,
        Self::Workstation,
        Self::Session,
    ];

    /// The fields that free text looks into.
    pub const FREE_TEXT: [Self; 8] = [
        Self::Who,
        Self::Action,
        Self::What,
        Self::Where,
        Self::ObjectType,
        Self::Details,
        Self::Application,
        Self::Workstation,
    ];
}

/// How a field is compared with a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operator {
    /// The value is anywhere inside the field. The default.
    #[default]
    Contains,
    /// The value is nowhere inside the field.
    DoesNotContain,
    /// The field is the value.
    Equals,
    /// The field is not the value.
    NotEqualTo,
    /// The field begins with the value.
    StartsWith,
    /// The field ends with the value.
    EndsWith,
}

impl Operator {
    /// All operators.
    pub const ALL: [Self; 6] = [
        Self::Contains,
        Self::DoesNotContain,
        Self::Equals,
        Self::NotEqualTo,
        Self::StartsWith,
        Self::EndsWith,
    ];

    /// Whether it asks for something to be absent.
    pub const fn is_negative(self) -> bool {
        matches!(self, Self::DoesNotContain | Self::NotEqualTo)
    }

    /// Whether a field holds, both texts folded already.
    pub fn holds(self, folded_field: &str, folded_value: &str) -> bool {
        match self {
            Self::Contains => folded_field.contains(folded_value),
            Self::DoesNotContain => !folded_field.contains(folded_value),
            Self::Equals => folded_field == folded_value,
            Self::NotEqualTo => folded_field != folded_value,
            Self::StartsWith => folded_field.starts_with(folded_value),
            Self::EndsWith => folded_field.ends_with(folded_value),
        }
    }
}

/// Something that a filter can be held against.
pub trait Searchable {
    /// When it happened.
    fn when(&self) -> Timestamp;

    /// The text of a field, not folded; empty if it has none.
    fn text(&self, field: Field) -> std::borrow::Cow<'_, str>;
}

impl Filter {
    /// Whether a record is wanted. This is what every engine must agree with.
    pub fn matches(&self, record: &impl Searchable) -> bool {
        self.from.is_none_or(|from| record.when() >= from)
            && self.until.is_none_or(|until| record.when() < until)
            && Field::ALL
                .into_iter()
                .all(|field| self.field_matches(field, record))
            && self.free_text.iter().all(|term| {
                let term = fold(term);
                Field::FREE_TEXT
                    .into_iter()
                    .any(|field| fold(&record.text(field)).contains(&term))
            })
    }

    fn field_matches(&self, field: Field, record: &impl Searchable) -> bool {
        let mut conditions = self
            .conditions
            .iter()
            .filter(|condition| condition.field == field)
            .peekable();
        if conditions.peek().is_none() {
            return true;
        }
        let text = fold(&record.text(field));
        let holds =
            |condition: &Condition| condition.operator.holds(&text, &fold(&condition.value));
        let (negative, positive): (Vec<_>, Vec<_>) =
            conditions.partition(|condition| condition.operator.is_negative());
        negative.into_iter().all(holds) && (positive.is_empty() || positive.into_iter().any(holds))
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    struct Row(&'static str, &'static str);

    impl Searchable for Row {
        fn when(&self) -> Timestamp {
            Timestamp::from_unix_micros(100)
        }

        fn text(&self, field: Field) -> Cow<'_, str> {
            Cow::Borrowed(match field {
                Field::Who => self.0,
                Field::What => self.1,
                _ => "",
            })
        }
    }

    fn condition(field: Field, operator: Operator, value: &str) -> Condition {
        Condition {
            field,
            operator,
            value: value.to_owned(),
        }
    }

    fn filter(conditions: Vec<Condition>) -> Filter {
        Filter {
            conditions,
            ..Filter::default()
        }
    }

    #[test]
    fn positive_conditions_on_one_field_are_alternatives() {
        let either = filter(vec![
            condition(Field::Who, Operator::Contains, "ANNA"),
            condition(Field::Who, Operator::Equals, "corp\\bob"),
        ]);
        assert!(either.matches(&Row("CORP\\anna.k", "")));
        assert!(either.matches(&Row("CORP\\Bob", "")));
        assert!(!either.matches(&Row("CORP\\bobby", "")));
    }

    #[test]
    fn negative_conditions_must_all_hold() {
        let neither = filter(vec![
            condition(Field::Who, Operator::DoesNotContain, "anna"),
            condition(Field::Who, Operator::NotEqualTo, "CORP\\bob"),
        ]);
        assert!(!neither.matches(&Row("CORP\\anna.k", "")));
        assert!(!neither.matches(&Row("corp\\bob", "")));
        assert!(neither.matches(&Row("CORP\\eve", "")));
    }

    #[test]
    fn different_fields_and_free_text_must_hold_together() {
        let both = Filter {
            conditions: vec![condition(Field::Who, Operator::StartsWith, "corp")],
            free_text: vec!["roll".into()],
            from: Some(Timestamp::from_unix_micros(100)),
            until: Some(Timestamp::from_unix_micros(101)),
        };
        assert!(both.matches(&Row("CORP\\anna", "Payroll")));
        assert!(!both.matches(&Row("CORP\\anna", "Pay")));
        assert!(!both.matches(&Row("HOME\\anna", "Payroll")));
    }
}
