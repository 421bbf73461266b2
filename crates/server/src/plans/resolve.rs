//! A computer that several plans name, and what to do about it.

use eidetic_model::{ComputerFacts, Item, PlanId, Range};

use super::{
    book::{Plan, PlanBook, PlanError},
    document::{ItemDocument, PlanDocument, RangeDocument},
};

impl PlanBook {
    /// The book in which of all plans only `keep` names a computer. Elsewhere the items that name
    /// it go, and its addresses are excluded from ranges. With the default plan, no plan names it.
    /// `others` are all other computers that are known: none of them loses its plan by this.
    ///
    /// # Errors
    ///
    /// If there is no such plan, `keep` does not name the computer, another would come into another
    /// plan by it, or a range has too many exclusions already.
    pub fn resolved(
        &self,
        computer: &ComputerFacts,
        others: &[ComputerFacts],
        keep: PlanId,
    ) -> Result<Self, PlanError> {
        let names_it = self.naming(computer).any(|plan| plan.id() == keep);
        if !names_it && keep != PlanId::DEFAULT {
            return Err(match self.plan(keep) {
                None => PlanError::Unknown,
                Some(_) => {
                    let message = "this plan does not name the computer";
                    PlanError::Fields(vec![("plan_id".to_owned(), message.to_owned())])
                }
            });
        }
        let mut book = self.next();
        for place in 0..book.plans().len() {
            let plan = &book.plans()[place];
            if plan.id() == keep || !plan.items.iter().any(|item| item.matches(computer)) {
                continue;
            }
            let by_container = plan.items_meaning(computer).find(|(item, means)| {
                *means && matches!(item, ItemDocument::DirectoryContainer(_))
            });
            if let Some((item, _)) = by_container {
                let message = format!(
                    "{:?} names it by {}: exclude a container there, move the computer in the \
                     directory, or change the order of the plans",
                    plan.document.name,
                    item.in_words()
                );
                return Err(PlanError::Fields(vec![("plan_id".to_owned(), message)]));
            }
            let document = PlanDocument {
                items: items_without(plan, computer),
                ..plan.document.clone()
            };
            let checked = book.checked(plan.id(), document)?;
            book.set(place, checked);
        }
        for other in others {
            let (before, after) = (self.plan_of(other), book.plan_of(other));
            if before.id() != after.id() {
                let name = other.names.first().map_or("another computer", |name| name);
                let message = format!(
                    "{name} would go from {:?} to {:?} with it: edit the plans instead",
                    before.document.name, after.document.name
                );
                return Err(PlanError::Fields(vec![("plan_id".to_owned(), message)]));
            }
        }
        Ok(book)
    }
}

fn items_without(plan: &Plan, computer: &ComputerFacts) -> Vec<ItemDocument> {
    let mut left = Vec::new();
    for (document, item) in plan.document.items.iter().zip(&plan.items) {
        match (document, item) {
            (document, item) if !item.matches(computer) => left.push(document.clone()),
            (ItemDocument::IpRange(range), Item::Addresses(_)) => {
                let mut range = range.clone();
                let is_in = |address, from, to| {
                    Range::new(from, to).is_ok_and(|range| range.contains(address))
                };
                let inside = computer.addresses.iter().filter(|address| {
                    let mut excluded = range.exclude.iter();
                    is_in(**address, range.from, range.to)
                        && !excluded.any(|part| is_in(**address, part.from, part.to))
                });
                let excluded: Vec<_> = inside
                    .map(|address| RangeDocument {
                        from: *address,
                        to: *address,
                    })
                    .collect();
                range.exclude.extend(excluded);
                left.push(ItemDocument::IpRange(range));
            }
            _ => {}
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use super::super::{
        AddressesItem,
        book::tests::{computer, id, named},
    };
    use super::*;

    fn office() -> PlanDocument {
        let range = AddressesItem {
            from: "10.0.0.0".parse().unwrap(),
            to: "10.0.0.255".parse().unwrap(),
            exclude: Vec::new(),
            account: None,
        };
        let mut document = named("Office", &["rds01", "pc7"]);
        document.items.push(ItemDocument::IpRange(range));
        document
    }

    #[test]
    fn afterwards_only_the_chosen_plan_names_the_computer() {
        let book = PlanBook::default();
        let book = book.with(id(1), office()).unwrap();
        let book = book
            .with(id(2), named("Jump hosts", &["10.0.0.4"]))
            .unwrap();
        let rds = computer("RDS01", "10.0.0.4");
        let pc7 = computer("PC7", "10.0.0.7");

        let kept = book
            .resolved(&rds, std::slice::from_ref(&pc7), id(2))
            .unwrap();
        assert_eq!(kept.plan_of(&rds).id(), id(2));
        assert_eq!(kept.naming(&rds).count(), 1);
        assert_eq!(kept.plan_of(&pc7).id(), id(1), "others stay where they are");
        let items = &kept.plan(id(1)).unwrap().document().items;
        let words: Vec<_> = items.iter().map(ItemDocument::in_words).collect();
        let expected = [
            "computer pc7",
            "addresses 10.0.0.0 – 10.0.0.255 without 10.0.0.4",
        ];
        assert_eq!(words, expected);
        let settings = kept.plan(id(1)).unwrap().settings_revision();
        assert_eq!(settings, 1, "no agent has to be told of it");

        let first = book.resolved(&rds, &[], id(1)).unwrap();
        assert!(first.plan(id(2)).unwrap().document().items.is_empty());
        let none = book.resolved(&rds, &[], PlanId::DEFAULT).unwrap();
        assert!(none.plan_of(&rds).is_default());
    }

    #[test]
    fn no_other_computer_comes_into_another_plan_by_it() {
        let book = PlanBook::default().with(id(1), office()).unwrap();
        let here = computer("rds01.a.example", "10.1.0.4");
        let there = computer("rds01.b.example", "10.1.0.5");
        let refused = book.resolved(&here, &[there], PlanId::DEFAULT);
        let Err(PlanError::Fields(fields)) = refused else {
            panic!("{refused:?}");
        };
        assert!(fields[0].1.contains("rds01.b.example"), "{fields:?}");
    }

    #[test]
    fn a_plan_that_does_not_name_it_cannot_be_kept() {
        let book = PlanBook::default().with(id(1), office()).unwrap();
        let elsewhere = computer("x", "10.9.9.9");
        let refused = book.resolved(&elsewhere, &[], id(1));
        assert!(matches!(refused, Err(PlanError::Fields(_))));
        assert_eq!(
            book.resolved(&elsewhere, &[], id(9)),
            Err(PlanError::Unknown)
        );
    }
}
