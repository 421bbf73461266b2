//! What is different, for a person.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::{
    file::{Plan, key},
    server::CheckedComputer,
};

/// What becomes of one plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is made.
    Made,
    /// It says something else.
    Changed,
    /// It is as it is wanted.
    Same,
}

/// The change from one plan to another, and what to say of it.
pub fn of(before: Option<&Plan>, after: &Plan, computers: &[CheckedComputer]) -> (Change, String) {
    let mut text = String::new();
    let Some(before) = before else {
        line(&mut text, &format!("+ plan {:?}", after.name));
        described("", &after.description, &mut text);
        for item in &after.items {
            line(&mut text, &format!("    + {}", item_in_words(item)));
        }
        values("", &Map::new(), &after.settings, &mut text);
        values("deployment", &Map::new(), &after.deployment, &mut text);
        moves(after, computers, &mut text);
        return (Change::Made, text);
    };
    let mut body = String::new();
    if before.name != after.name {
        line(
            &mut body,
            &format!("    name: {:?} → {:?}", before.name, after.name),
        );
    }
    described(&before.description, &after.description, &mut body);
    for item in before
        .items
        .iter()
        .filter(|item| !after.items.contains(item))
    {
        line(&mut body, &format!("    - {}", item_in_words(item)));
    }
    for item in after
        .items
        .iter()
        .filter(|item| !before.items.contains(item))
    {
        line(&mut body, &format!("    + {}", item_in_words(item)));
    }
    if body.is_empty() && before.items != after.items {
        line(&mut body, "    the order of its items");
    }
    values("", &before.settings, &after.settings, &mut body);
    values(
        "deployment",
        &before.deployment,
        &after.deployment,
        &mut body,
    );
    if body.is_empty() {
        return (Change::Same, text);
    }
    line(&mut text, &format!("~ plan {:?}", before.name));
    text.push_str(&body);
    moves(after, computers, &mut text);
    (Change::Changed, text)
}

fn described(before: &str, after: &str, text: &mut String) {
    if before != after {
        line(text, &format!("    description: {before:?} → {after:?}"));
    }
}

/// One line for each value that is different.
fn values(path: &str, before: &Map<String, Value>, after: &Map<String, Value>, text: &mut String) {
    let mut keys: Vec<_> = before.keys().chain(after.keys()).collect();
    keys.sort();
    keys.dedup();
    for name in keys {
        let path = match path {
            "" => name.clone(),
            path => format!("{path}.{name}"),
        };
        match (before.get(name), after.get(name)) {
            (before, after) if before == after => {}
            (before, Some(Value::Object(after))) => {
                let nothing = Map::new();
                let before = before.and_then(Value::as_object).unwrap_or(&nothing);
                values(&path, before, after, text);
            }
            (None, Some(after)) => line(text, &format!("    {path}: {after}")),
            (Some(before), None) => line(text, &format!("    {path}: {before} → its default")),
            (Some(before), Some(after)) => line(text, &format!("    {path}: {before} → {after}")),
            (None, None) => {}
        }
    }
}

fn moves(plan: &Plan, computers: &[CheckedComputer], text: &mut String) {
    for computer in computers {
        let (name, now, then) = (&computer.name, &computer.plan_now, &computer.plan_then);
        if key(then) != plan.key() {
            line(
                text,
                &format!("    computer {name} stays in {now:?}, which comes first"),
            );
        } else if key(now) != plan.key() {
            line(
                text,
                &format!("    computer {name} moves here from {now:?}"),
            );
        }
    }
}

/// As the console says it.
pub fn item_in_words(item: &Map<String, Value>) -> String {
    let words = meaning_in_words(item);
    match item.get("account").and_then(Value::as_str) {
        Some(account) => format!("{words} with account {account}"),
        None => words,
    }
}

fn meaning_in_words(item: &Map<String, Value>) -> String {
    let text = |name: &str| item.get(name).and_then(Value::as_str).unwrap_or("?");
    match text("kind") {
        "ip_range" => {}
        "directory_container" => return container_in_words(item),
        _ => return format!("computer {}", text("computer")),
    }
    let mut words = format!("addresses {} – {}", text("from"), text("to"));
    let excluded = item.get("exclude").and_then(Value::as_array);
    let mut between = " without ";
    for part in excluded.into_iter().flatten() {
        let of = |name: &str| part.get(name).and_then(Value::as_str).unwrap_or("?");
        let part = match of("from") == of("to") {
            true => of("from").to_owned(),
            false => format!("{} – {}", of("from"), of("to")),
        };
        words.push_str(between);
        words.push_str(&part);
        between = ", ";
    }
    words
}

fn container_in_words(item: &Map<String, Value>) -> String {
    let text = |name: &str, instead: &'static str| {
        let text = item.get(name).and_then(Value::as_str);
        text.unwrap_or(instead).to_owned()
    };
    let list = |name: &str, between: &str| {
        let list = item.get(name).and_then(Value::as_array);
        let list = list.into_iter().flatten().filter_map(Value::as_str);
        list.collect::<Vec<_>>().join(between)
    };
    let container = text("container", "everything");
    let mut words = format!("{container} of directory {}", text("directory", "?"));
    let types = list("types", " and ").replace('_', " ");
    if !types.is_empty() {
        words = format!("{types} in {words}");
    }
    let without = list("exclude", "; ");
    if !without.is_empty() {
        words = format!("{words} without {without}");
    }
    words
}

fn line(text: &mut String, words: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{words}");
}

/// The order in which plans are to be: those of the file have the file's order and take the places
/// of those of them that are there, where new ones come last; others stay where they are.
pub fn order<'a>(there: &[&'a str], wanted: &[&'a str]) -> Vec<&'a str> {
    let is_wanted = |name: &str| wanted.iter().any(|wanted| key(wanted) == key(name));
    let is_there = |name: &str| there.iter().any(|there| key(there) == key(name));
    let new = wanted.iter().filter(|name| !is_there(name));
    let mut next = wanted.iter();
    there
        .iter()
        .chain(new)
        .map(|name| match is_wanted(name) {
            true => next.next().unwrap_or(name),
            false => name,
        })
        .copied()
        .collect()
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use serde_json::json;

    use super::*;

    fn plan(value: Value) -> Plan {
        serde_json::from_value(value).unwrap()
    }

    fn office() -> Plan {
        plan(json!({
            "name": "Office",
            "settings": {
                "quality": "high",
                "max_cpu_percent": 5,
                "users": {"only_listed": false, "listed": [], "except": []},
            },
            "items": [
                {"kind": "computer", "computer": "rds01"},
                {"kind": "ip_range", "from": "10.0.0.0", "to": "10.0.0.9",
                 "exclude": [{"from": "10.0.0.1", "to": "10.0.0.1"}]},
            ],
        }))
    }

    fn moving(name: &str, now: &str, then: &str) -> CheckedComputer {
        CheckedComputer {
            name: name.into(),
            plan_now: now.into(),
            plan_then: then.into(),
        }
    }

    fn check(before: Option<&Plan>, after: &Plan, change: Change, expected: &Expect) {
        let computers = [
            moving("RDS01", "Default plan", "Office"),
            moving("PC7", "Jump hosts", "Jump hosts"),
            moving("PC8", "Office", "Office"),
        ];
        let (found, text) = of(before, after, &computers);
        assert_eq!(found, change);
        expected.assert_eq(&text);
    }

    #[test]
    fn only_what_is_different_is_said() {
        let mut after = office();
        after.settings["quality"] = json!("low");
        after.settings["users"]["except"] = json!([{"user": "backup"}]);
        after.items.remove(1);
        after.items.push(
            plan(json!({"name": "", "items": [{"kind": "computer", "computer": "pc7"}]}))
                .items
                .remove(0),
        );
        let expected = expect![[r#"
            ~ plan "Office"
                - addresses 10.0.0.0 – 10.0.0.9 without 10.0.0.1
                + computer pc7
                quality: "high" → "low"
                users.except: [] → [{"user":"backup"}]
                computer RDS01 moves here from "Default plan"
                computer PC7 stays in "Jump hosts", which comes first
        "#]];
        check(Some(&office()), &after, Change::Changed, &expected);
        check(Some(&office()), &office(), Change::Same, &expect![""]);
    }

    #[test]
    fn a_new_plan_is_said_as_a_whole() {
        let expected = expect![[r#"
            + plan "Office"
                + computer rds01
                + addresses 10.0.0.0 – 10.0.0.9 without 10.0.0.1
                max_cpu_percent: 5
                quality: "high"
                users.except: []
                users.listed: []
                users.only_listed: false
                computer RDS01 moves here from "Default plan"
                computer PC7 stays in "Jump hosts", which comes first
        "#]];
        check(None, &office(), Change::Made, &expected);
    }

    #[test]
    fn plans_of_the_file_are_ordered_among_each_other_and_others_keep_their_places() {
        assert_eq!(order(&["A", "B", "C"], &["C", "a"]), ["C", "B", "a"]);
        assert_eq!(order(&["A", "B"], &["New", "B", "A"]), ["New", "B", "A"]);
        assert_eq!(order(&["A"], &["New", "A"]), ["New", "A"]);
        assert_eq!(order(&["X", "A"], &["A", "New"]), ["X", "A", "New"]);
        assert_eq!(order(&["A", "B"], &[]), ["A", "B"]);
    }

    #[test]
    fn a_container_and_how_agents_come_are_told_of() {
        let mut after = office();
        let item = json!({"kind": "directory_container", "directory": "Corp",
            "container": "OU=A,DC=b", "types": ["domain_controllers", "servers"],
            "exclude": ["OU=X,OU=A,DC=b"], "account": "own"});
        after.items.push(item.as_object().unwrap().clone());
        let deployment = json!({"automatic": true, "account": "office"});
        after.deployment = deployment.as_object().unwrap().clone();
        let (change, text) = of(Some(&office()), &after, &[]);
        assert_eq!(change, Change::Changed);
        expect![[r#"
            ~ plan "Office"
                + domain controllers and servers in OU=A,DC=b of directory Corp without OU=X,OU=A,DC=b with account own
                deployment.account: "office"
                deployment.automatic: true
        "#]]
        .assert_eq(&text);
    }
}
