//! What is different between two documents, field by field, for those who ask later.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

/// The fields that differ, a line for each: before, and after.
pub fn difference<T: Serialize>(before: Option<&T>, after: Option<&T>) -> (String, String) {
    let (mut before, mut after) = (fields(before), fields(after));
    let same: Vec<_> = before
        .iter()
        .filter(|(name, value)| after.get(*name) == Some(value))
        .map(|(name, _)| name.clone())
        .collect();
    for name in same {
        before.remove(&name);
        after.remove(&name);
    }
    (in_lines(&before), in_lines(&after))
}

fn fields<T: Serialize>(document: Option<&T>) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::new();
    if let Some(Ok(value)) = document.map(serde_json::to_value) {
        collect("", &value, &mut fields);
    }
    fields
}

fn collect(name: &str, value: &Value, fields: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(members) => {
            for (member, value) in members {
                let name = match name {
                    "" => member.clone(),
                    name => format!("{name}.{member}"),
                };
                collect(&name, value, fields);
            }
        }
        Value::String(text) => _ = fields.insert(name.to_owned(), text.clone()),
        value => _ = fields.insert(name.to_owned(), value.to_string()),
    }
}

fn in_lines(fields: &BTreeMap<String, String>) -> String {
    let lines: Vec<_> = fields
        .iter()
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_differs_is_told_with_both_values() {
        let before = json!({"name": "Lab", "settings": {"quality": "high", "monitor": true}});
        let after = json!({"name": "Lab", "settings": {"quality": "low", "monitor": true},
            "items": [1, 2]});
        assert_eq!(
            difference(Some(&before), Some(&after)),
            (
                "settings.quality: high".to_owned(),
                "items: [1,2]\nsettings.quality: low".to_owned()
            )
        );
        let (nothing, all) = difference(None, Some(&before));
        assert_eq!((&*nothing, all.lines().count()), ("", 3));
    }
}
