//! What a search asks for.

use std::fmt::Write as _;

use eidetic_model::Timestamp;
use eidetic_search::{Condition, Field, Filter, Mark, Operator};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::limits::{MAX_RECORDS, read_limit, read_mark};
use crate::api::problem::{ApiError, ApiResult};

/// Which records are wanted. Conditions on one field with a positive operator are alternatives;
/// everything else must hold together. Case does not count.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SearchRequest {
    /// Conditions on fields; at most 50.
    #[schema(max_items = 50)]
    pub conditions: Vec<SearchCondition>,
    /// Terms of which each must be contained in some field; at most 20.
    #[schema(max_items = 20)]
    pub free_text: Vec<String>,
    /// Not before this time.
    pub from_us: Option<i64>,
    /// Before this time.
    pub until_us: Option<i64>,
    /// At most this many records, 1 to 1000.
    #[schema(minimum = 1, maximum = 1000)]
    pub limit: usize,
    /// The `next` of the page before.
    pub after: Option<String>,
}

/// A condition on one field.
#[derive(Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchCondition {
    /// The field.
    pub field: SearchField,
    /// How it is compared.
    #[serde(default)]
    pub operator: SearchOperator,
    /// With what; at most 1000 characters.
    #[schema(max_length = 1000)]
    pub value: String,
}

/// A field of an activity record.
#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SearchField {
    /// The session's user.
    Who,
    /// What kind of thing happened.
    Action,
    /// The window's title, or what happened to the session.
    What,
    /// The computer.
    Where,
    /// What kind of thing it happened to.
    ObjectType,
    /// Further facts.
    Details,
    /// The application's description and path.
    Application,
    /// From where the user was connected.
    Workstation,
    /// The session's id.
    Session,
}

/// How a field is compared with a value.
#[derive(Clone, Copy, Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SearchOperator {
    /// The value is anywhere inside the field.
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

impl Default for SearchRequest {
    fn default() -> Self {
        Self {
            conditions: Vec::new(),
            free_text: Vec::new(),
            from_us: None,
            until_us: None,
            limit: 100,
            after: None,
        }
    }
}

impl SearchRequest {
    /// The filter, the most records wanted, and the mark after which they begin.
    ///
    /// # Errors
    ///
    /// Names the field that is out of its bounds.
    pub fn read(&self) -> ApiResult<(Filter, usize, Option<Mark>)> {
        if self.conditions.len() > MAX_CONDITIONS {
            let message = format!("at most {MAX_CONDITIONS}");
            return Err(ApiError::field("conditions", message));
        }
        if self.free_text.len() > MAX_TERMS {
            return Err(ApiError::field("free_text", format!("at most {MAX_TERMS}")));
        }
        let values = self.conditions.iter().map(|condition| &condition.value);
        for (index, value) in values.enumerate() {
            check_length(value, || format!("conditions[{index}].value"))?;
        }
        for (index, term) in self.free_text.iter().enumerate() {
            check_length(term, || format!("free_text[{index}]"))?;
        }
        let limit = read_limit(self.limit, MAX_RECORDS)?;
        let after = self.after.as_deref().map(read_mark).transpose()?;
        Ok((self.filter(), limit, after))
    }

    /// The search in words, for the record of who searched what.
    pub fn in_words(&self) -> String {
        let mut words = Vec::new();
        for condition in &self.conditions {
            let Condition {
                field,
                operator,
                value,
            } = condition.into();
            words.push(format!(
                "{} {} \"{value}\"",
                field_name(field),
                operator_name(operator)
            ));
        }
        words.extend(self.free_text.iter().map(|term| format!("\"{term}\"")));
        let time = |micros| Timestamp::from_unix_micros(micros);
        words.extend(self.from_us.map(|from| format!("from {}", time(from))));
        words.extend(self.until_us.map(|until| format!("until {}", time(until))));
        if words.is_empty() {
            return "everything".to_owned();
        }
        let mut text = words.join(", ");
        if let Some((end, _)) = text.char_indices().nth(MAX_WORDS_CHARACTERS) {
            let left_out = text.len() - end;
            text.truncate(end);
            let _never_fails = write!(text, "… (and {left_out} bytes more)");
        }
        text
    }

    fn filter(&self) -> Filter {
        Filter {
            conditions: self.conditions.iter().map(Condition::from).collect(),
            free_text: self.free_text.clone(),
            from: self.from_us.map(Timestamp::from_unix_micros),
            until: self.until_us.map(Timestamp::from_unix_micros),
        }
    }
}

impl From<&SearchCondition> for Condition {
    fn from(condition: &SearchCondition) -> Self {
        Self {
            field: match condition.field {
                SearchField::Who => Field::Who,
                SearchField::Action => Field::Action,
                SearchField::What => Field::What,
                SearchField::Where => Field::Where,
                SearchField::ObjectType => Field::ObjectType,
                SearchField::Details => Field::Details,
                SearchField::Application => Field::Application,
                SearchField::Workstation => Field::Workstation,
                SearchField::Session => Field::Session,
            },
            operator: match condition.operator {
                SearchOperator::Contains => Operator::Contains,
                SearchOperator::DoesNotContain => Operator::DoesNotContain,
                SearchOperator::Equals => Operator::Equals,
                SearchOperator::NotEqualTo => Operator::NotEqualTo,
                SearchOperator::StartsWith => Operator::StartsWith,
                SearchOperator::EndsWith => Operator::EndsWith,
            },
            value: condition.value.clone(),
        }
    }
}

fn check_length(text: &str, name: impl Fn() -> String) -> ApiResult<()> {
    if text.chars().nth(MAX_VALUE_CHARACTERS).is_some() {
        let message = format!("at most {MAX_VALUE_CHARACTERS} characters");
        return Err(ApiError::field(name(), message));
    }
    Ok(())
}

fn field_name(field: Field) -> &'static str {
    match field {
        Field::Who => "who",
        Field::Action => "action",
        Field::What => "what",
        Field::Where => "where",
        Field::ObjectType => "object type",
        Field::Details => "details",
        Field::Application => "application",
        Field::Workstation => "workstation",
        Field::Session => "session",
    }
}

fn operator_name(operator: Operator) -> &'static str {
    match operator {
        Operator::Contains => "contains",
        Operator::DoesNotContain => "does not contain",
        Operator::Equals => "equals",
        Operator::NotEqualTo => "not equal to",
        Operator::StartsWith => "starts with",
        Operator::EndsWith => "ends with",
    }
}

const MAX_CONDITIONS: usize = 50;
const MAX_TERMS: usize = 20;
const MAX_VALUE_CHARACTERS: usize = 1000;
const MAX_WORDS_CHARACTERS: usize = 2000;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> SearchRequest {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_search_is_told_in_words() {
        assert_eq!(read("{}").in_words(), "everything");
        let request = read(
            r#"{"conditions": [{"field": "who", "value": "anna"},
                {"field": "object_type", "operator": "not_equal_to", "value": "Window"}],
                "free_text": ["payroll"], "from_us": 0}"#,
        );
        assert_eq!(
            request.in_words(),
            "who contains \"anna\", object type not equal to \"Window\", \"payroll\", \
             from 1970-01-01T00:00:00.000000Z"
        );
        let long = SearchRequest {
            free_text: vec!["é".repeat(1000); 20],
            ..SearchRequest::default()
        };
        assert!(long.in_words().chars().count() < 2100);
    }

    #[test]
    fn what_is_out_of_bounds_is_refused() {
        assert!(read("{}").read().is_ok());
        for wrong in [
            r#"{"limit": 0}"#.to_owned(),
            r#"{"limit": 1001}"#.to_owned(),
            r#"{"after": "x"}"#.to_owned(),
            format!(r#"{{"free_text": ["{}"]}}"#, "x".repeat(1001)),
            format!(r#"{{"free_text": [{}]}}"#, vec!["\"x\""; 21].join(",")),
        ] {
            assert!(read(&wrong).read().is_err(), "{wrong}");
        }
        assert!(serde_json::from_str::<SearchRequest>(r#"{"limt": 1}"#).is_err());
    }
}
