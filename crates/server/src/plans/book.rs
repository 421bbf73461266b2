//! All plans, and which computer belongs to which.

use std::{collections::HashMap, sync::Arc};

use eidetic_model::{ComputerFacts, DirectoryContainer, Item, Members, PlanId, Policy};
use eidetic_search::fold;

use super::{
    document::{Checked, ItemDocument, PlanDocument},
    settings::PlanSettings,
};

/// All plans at one moment. A change makes another book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanBook {
    revision: u64,
    /// INVARIANT: in their order; the last one is the default plan, and no other is.
    plans: Vec<Plan>,
    /// INVARIANT: the items of all plans have these members.
    members: ContainerMembers,
}

/// What directories said last of the containers that are items.
pub type ContainerMembers = Arc<HashMap<DirectoryContainer, Arc<Members>>>;

/// One plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub(super) id: PlanId,
    /// The revision of the book with which the plan was changed last.
    pub(super) revision: u64,
    /// That with which its settings were. INVARIANT: no other settings ever have this number, so
    /// that an agent can say by it what it follows.
    pub(super) settings_revision: u64,
    pub(super) document: PlanDocument,
    pub(super) items: Vec<Item>,
    pub(super) policy: Policy,
}

/// Why plans are not changed so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// There is no such plan.
    #[error("there is no such plan")]
    Unknown,
    /// Somebody else changed it meanwhile.
    #[error("it was changed meanwhile, look at it again: its revision is {current} now")]
    Stale {
        /// Its revision now.
        current: u64,
    },
    /// Fields with values that they cannot have: which, and what is wrong.
    #[error("a field has a value that it cannot have")]
    Fields(Vec<(String, String)>),
    /// The default plan is always there.
    #[error("the default plan cannot be removed: the computers that no other plan names are in it")]
    DefaultStays,
    /// More plans than are taken.
    #[error("there are {MAX_PLANS} plans, which is the most")]
    TooMany,
}

impl Default for PlanBook {
    fn default() -> Self {
        Self::with_default(0, PlanSettings::default(), Policy::default())
    }
}

impl PlanBook {
    /// The book in which there is only the default plan.
    pub(super) fn with_default(revision: u64, settings: PlanSettings, policy: Policy) -> Self {
        let plan = Plan {
            id: PlanId::DEFAULT,
            revision,
            settings_revision: revision,
            document: PlanDocument {
                name: DEFAULT_NAME.to_owned(),
                settings,
                ..PlanDocument::default()
            },
            items: Vec::new(),
            policy,
        };
        Self {
            revision,
            plans: vec![plan],
            members: ContainerMembers::default(),
        }
    }

    /// The book with these plans; `None` if the last is not the default plan, or another is.
    pub(super) fn from_plans(revision: u64, plans: Vec<Plan>) -> Option<Self> {
        let (last, others) = plans.split_last()?;
        let is_whole = last.is_default() && !others.iter().any(Plan::is_default);
        is_whole.then(|| Self {
            revision,
            plans,
            members: ContainerMembers::default(),
        })
    }

    /// The same plans, with what directories say now.
    #[must_use]
    pub fn with_members(&self, members: ContainerMembers) -> Self {
        let mut book = self.clone();
        book.members = members;
        for plan in &mut book.plans {
            plan.fill(&book.members);
        }
        book
    }

    /// What directories said last.
    pub const fn members(&self) -> &ContainerMembers {
        &self.members
    }

    /// The containers that are items, each once.
    pub fn containers(&self) -> Vec<&DirectoryContainer> {
        let items = self.plans.iter().flat_map(|plan| &plan.items);
        let containers = items.filter_map(|item| match item {
            Item::Container(item) => Some(&item.container),
            Item::Computer(_) | Item::Addresses(_) => None,
        });
        let mut each: Vec<&DirectoryContainer> = Vec::new();
        for container in containers {
            if !each.contains(&container) {
                each.push(container);
            }
        }
        each
    }

    /// Counts up with each change.
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    /// The plans in their order; the default plan is the last.
    pub fn plans(&self) -> &[Plan] {
        &self.plans
    }

    /// One plan.
    pub fn plan(&self, id: PlanId) -> Option<&Plan> {
        self.plans.iter().find(|plan| plan.id == id)
    }

    /// The plan that is always there.
    pub fn default_plan(&self) -> &Plan {
        self.plans.last().expect("there is always the default plan")
    }

    /// The plan to which a computer belongs: the first of which an item means it.
    pub fn plan_of(&self, computer: &ComputerFacts) -> &Plan {
        let mut naming = self.naming(computer);
        naming.next().unwrap_or_else(|| self.default_plan())
    }

    /// The plans of which an item means a computer. More than one is a conflict, which the first
    /// wins.
    pub fn naming(&self, computer: &ComputerFacts) -> impl Iterator<Item = &Plan> {
        let means = |plan: &&Plan| plan.items.iter().any(|item| item.matches(computer));
        self.plans.iter().filter(means)
    }

    /// The book with one more plan, behind the others.
    ///
    /// # Errors
    ///
    /// If the plan cannot be.
    pub fn with(&self, id: PlanId, document: PlanDocument) -> Result<Self, PlanError> {
        if self.plans.len() >= MAX_PLANS {
            return Err(PlanError::TooMany);
        }
        let checked = self.checked(id, document)?;
        let mut book = self.next();
        let mut plan = Plan::new(id, book.revision, checked);
        plan.fill(&book.members);
        book.plans.insert(book.plans.len() - 1, plan);
        Ok(book)
    }

    /// The book in which a plan says something else.
    ///
    /// # Errors
    ///
    /// If there is no such plan, it is not of this revision, or it cannot be so.
    pub fn with_changed(
        &self,
        id: PlanId,
        revision: u64,
        document: PlanDocument,
    ) -> Result<Self, PlanError> {
        let place = self.place(id, revision)?;
        let checked = self.checked(id, document)?;
        let mut book = self.next();
        book.set(place, checked);
        Ok(book)
    }

    /// The book without a plan.
    ///
    /// # Errors
    ///
    /// If there is no such plan, it is not of this revision, or it is the default plan.
    pub fn without(&self, id: PlanId, revision: u64) -> Result<Self, PlanError> {
        let place = self.place(id, revision)?;
        if id == PlanId::DEFAULT {
            return Err(PlanError::DefaultStays);
        }
        let mut book = self.next();
        book.plans.remove(place);
        Ok(book)
    }

    /// The book in which the plans have this order. The default plan stays the last.
    ///
    /// # Errors
    ///
    /// If these are not all plans, each once, or the book is not of this revision.
    pub fn ordered(&self, revision: u64, order: &[PlanId]) -> Result<Self, PlanError> {
        if revision != self.revision {
            return Err(PlanError::Stale {
                current: self.revision,
            });
        }
        let order: Vec<_> = order.iter().filter(|id| **id != PlanId::DEFAULT).collect();
        let mut book = self.next();
        let mut rest = std::mem::take(&mut book.plans);
        for id in order {
            let place = rest.iter().position(|plan| plan.id == *id);
            let place = place.ok_or_else(not_an_order)?;
            book.plans.push(rest.remove(place));
        }
        if rest.len() != 1 {
            return Err(not_an_order());
        }
        book.plans.append(&mut rest);
        Ok(book)
    }

    pub(super) fn next(&self) -> Self {
        Self {
            revision: self.revision + 1,
            plans: self.plans.clone(),
            members: self.members.clone(),
        }
    }

    /// Writes a plan anew. Only other settings are news to its agents.
    pub(super) fn set(&mut self, place: usize, checked: Checked) {
        let before = &self.plans[place];
        let mut plan = Plan::new(before.id, self.revision, checked);
        if plan.document.settings == before.document.settings {
            plan.settings_revision = before.settings_revision;
        }
        plan.fill(&self.members);
        self.plans[place] = plan;
    }

    fn place(&self, id: PlanId, revision: u64) -> Result<usize, PlanError> {
        let place = self.plans.iter().position(|plan| plan.id == id);
        let place = place.ok_or(PlanError::Unknown)?;
        let current = self.plans[place].revision;
        if current != revision {
            return Err(PlanError::Stale { current });
        }
        Ok(place)
    }

    /// Checks a document beside the other plans.
    pub(super) fn checked(&self, id: PlanId, document: PlanDocument) -> Result<Checked, PlanError> {
        let checked = document.checked()?;
        let name = fold(&checked.document.name);
        let mut others = self.plans.iter().filter(|plan| plan.id != id);
        let mut wrong = Vec::new();
        if id == PlanId::DEFAULT {
            if checked.document.name != DEFAULT_NAME {
                wrong.push((
                    "name",
                    format!("the default plan is called {DEFAULT_NAME:?}"),
                ));
            }
            if !checked.items.is_empty() {
                let message = "the default plan has no items: what no other plan names is in it";
                wrong.push(("items", message.to_owned()));
            }
        }
        if others.any(|plan| fold(&plan.document.name) == name) {
            wrong.push(("name", "another plan is called so".to_owned()));
        }
        if wrong.is_empty() {
            return Ok(checked);
        }
        let wrong = wrong.into_iter();
        let fields = wrong.map(|(field, message)| (field.to_owned(), message));
        Err(PlanError::Fields(fields.collect()))
    }
}

impl Plan {
    pub(super) fn new(id: PlanId, revision: u64, checked: Checked) -> Self {
        Self {
            id,
            revision,
            settings_revision: revision,
            document: checked.document,
            items: checked.items,
            policy: checked.policy,
        }
    }

    /// The name of the account for a computer, called so: that of the first item that means it, else
    /// the plan's.
    pub fn account_for<'a>(&'a self, facts: &'a ComputerFacts, called: &str) -> Option<&'a str> {
        let deployment = &self.document.deployment;
        let mut meaning = self.items_meaning(facts).filter(|(_, means)| *means);
        match meaning.next() {
            Some((item, _)) => deployment.account_of(item, called),
            None => deployment.account.as_deref(),
        }
    }

    fn fill(&mut self, members: &ContainerMembers) {
        for item in &mut self.items {
            if let Item::Container(item) = item {
                item.members = members.get(&item.container).cloned().unwrap_or_default();
            }
        }
    }

    /// Its id.
    pub const fn id(&self) -> PlanId {
        self.id
    }

    /// Counts up, with gaps, with each change of this plan.
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    /// The number of its settings; agents say it of those that they follow.
    pub const fn settings_revision(&self) -> u64 {
        self.settings_revision
    }

    /// What it says.
    pub const fn document(&self) -> &PlanDocument {
        &self.document
    }

    /// Its items, in the order in which the document has them.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// What its agents follow.
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Whether it is the plan that is always there.
    pub fn is_default(&self) -> bool {
        self.id == PlanId::DEFAULT
    }

    /// Its items, each with whether it means a computer.
    pub fn items_meaning<'a>(
        &'a self,
        computer: &'a ComputerFacts,
    ) -> impl Iterator<Item = (&'a ItemDocument, bool)> {
        let items = self.document.items.iter().zip(&self.items);
        items.map(|(document, item)| (document, item.matches(computer)))
    }
}

fn not_an_order() -> PlanError {
    let message = "must name each plan once; the default plan may be left out";
    PlanError::Fields(vec![("plans".to_owned(), message.to_owned())])
}

/// The name of the default plan.
pub(super) const DEFAULT_NAME: &str = "Default plan";

/// Far more than anybody keeps apart.
const MAX_PLANS: usize = 200;

#[cfg(test)]
pub(super) mod tests {
    use uuid::Uuid;

    use super::*;

    pub(in crate::plans) fn id(number: u128) -> PlanId {
        PlanId::from_uuid(Uuid::from_u128(number))
    }

    pub(in crate::plans) fn computer(name: &str, address: &str) -> ComputerFacts {
        ComputerFacts::new([name.to_owned()], [address.parse().unwrap()])
    }

    pub(in crate::plans) fn named(name: &str, computers: &[&str]) -> PlanDocument {
        let item = |computer: &&str| {
            ItemDocument::Computer(crate::plans::ComputerItem {
                computer: (*computer).to_owned(),
                account: None,
            })
        };
        PlanDocument {
            name: name.into(),
            items: computers.iter().map(item).collect(),
            ..PlanDocument::default()
        }
    }

    fn names(book: &PlanBook) -> Vec<&str> {
        let names = book.plans.iter().map(|plan| &*plan.document.name);
        names.collect()
    }

    #[test]
    fn a_computer_belongs_to_the_first_plan_that_names_it_else_to_the_default() {
        let book = PlanBook::default();
        let book = book.with(id(1), named("Jump hosts", &["rds01"])).unwrap();
        let book = book
            .with(id(2), named("Office", &["10.0.0.4", "pc7"]))
            .unwrap();
        let plan = |name, address| {
            let plan = book.plan_of(&computer(name, address));
            plan.document.name.clone()
        };
        assert_eq!(plan("RDS01", "10.0.0.4"), "Jump hosts");
        assert_eq!(plan("RDS02", "10.0.0.4"), "Office");
        assert_eq!(plan("RDS02", "10.0.0.5"), "Default plan");
        assert_eq!(book.naming(&computer("RDS01", "10.0.0.4")).count(), 2);

        let turned = book.ordered(book.revision, &[id(2), id(1)]).unwrap();
        let first = turned.plan_of(&computer("RDS01", "10.0.0.4"));
        assert_eq!(first.id, id(2));
    }

    #[test]
    fn a_computer_of_a_directory_belongs_to_the_plan_of_its_container_also_after_a_change() {
        let item = r#"{"kind": "directory_container", "directory": "Corp"}"#;
        let mut document = named("Directory", &[]);
        document.items.push(serde_json::from_str(item).unwrap());
        let book = PlanBook::default().with(id(1), document.clone()).unwrap();
        let rds = computer("RDS01", "10.0.0.4");
        assert!(book.plan_of(&rds).is_default());
        let container = book.containers()[0].clone();
        let member = eidetic_model::Member {
            name: "RDS01".into(),
            dns_name: Some("rds01.corp.example".into()),
        };
        let members = Arc::new(Members::new([member]));
        let members = Arc::new(HashMap::from([(container, members)]));
        let book = book.with_members(members);
        assert_eq!(book.plan_of(&rds).id, id(1));
        document.name = "Another name".into();
        let book = book.with_changed(id(1), 1, document).unwrap();
        assert_eq!(book.plan_of(&rds).id, id(1));
        let book = book.with(id(2), named("Jump hosts", &["rds01"])).unwrap();
        assert_eq!(book.naming(&rds).count(), 2, "a conflict as any other");
        let gone = book.with_members(ContainerMembers::default());
        assert_eq!(gone.plan_of(&rds).id, id(2));
        assert_eq!(gone.revision, book.revision);
    }

    #[test]
    fn only_other_settings_are_news_to_agents_and_no_two_have_one_number() {
        let book = PlanBook::default();
        let book = book.with(id(1), named("A", &[])).unwrap();
        let book = book.with(id(2), named("B", &[])).unwrap();
        let number = |book: &PlanBook, id| book.plan(id).unwrap().settings_revision;
        assert_eq!((number(&book, id(1)), number(&book, id(2))), (1, 2));
        let renamed = book.with_changed(id(1), 1, named("C", &["pc"])).unwrap();
        assert_eq!(number(&renamed, id(1)), 1);
        assert_eq!(renamed.plan(id(1)).unwrap().revision, 3);
        let mut document = named("C", &["pc"]);
        document.settings.grayscale = true;
        let changed = renamed.with_changed(id(1), 3, document).unwrap();
        assert_eq!(number(&changed, id(1)), 4);
        assert_eq!(number(&changed, id(2)), 2);
    }

    #[test]
    fn who_changes_what_he_has_not_seen_is_refused() {
        let book = PlanBook::default().with(id(1), named("A", &[])).unwrap();
        let stale = book.with_changed(id(1), 0, named("B", &[]));
        assert_eq!(stale, Err(PlanError::Stale { current: 1 }));
        assert_eq!(book.without(id(1), 0), Err(PlanError::Stale { current: 1 }));
        assert_eq!(book.without(id(9), 0), Err(PlanError::Unknown));
        let stale = book.ordered(0, &[id(1)]);
        assert_eq!(stale, Err(PlanError::Stale { current: 1 }));
        assert_eq!(names(&book.without(id(1), 1).unwrap()), ["Default plan"]);
    }

    #[test]
    fn the_default_plan_stays_as_the_last_with_its_name_and_without_items() {
        let book = PlanBook::default();
        let refused = book.without(PlanId::DEFAULT, 0);
        assert_eq!(refused, Err(PlanError::DefaultStays));
        for document in [named("Other", &[]), named("Default plan", &["pc"])] {
            let refused = book.with_changed(PlanId::DEFAULT, 0, document);
            assert!(matches!(refused, Err(PlanError::Fields(_))));
        }
        let mut document = named("Default plan", &[]);
        document.settings.max_cpu_percent = 9;
        let book = book.with_changed(PlanId::DEFAULT, 0, document).unwrap();
        assert_eq!(book.default_plan().policy.max_cpu_percent(), 9);
        let book = book.with(id(1), named("A", &[])).unwrap();
        let book = book.with(id(2), named("B", &[])).unwrap();
        assert_eq!(names(&book), ["A", "B", "Default plan"]);
        let order = [PlanId::DEFAULT, id(2), id(1)];
        let book = book.ordered(book.revision, &order).unwrap();
        assert_eq!(names(&book), ["B", "A", "Default plan"]);
    }

    #[test]
    fn names_are_unlike_whatever_the_case() {
        let book = PlanBook::default().with(id(1), named("Büro", &[])).unwrap();
        for name in ["BÜRO", " büro ", "default PLAN"] {
            let refused = book.with(id(2), named(name, &[])).unwrap_err();
            let fields = vec![("name".into(), "another plan is called so".into())];
            assert_eq!(refused, PlanError::Fields(fields), "{name}");
        }
        let same = book.with_changed(id(1), 1, named("BÜRO", &[]));
        assert!(same.is_ok(), "it may be written in another way");
    }

    #[test]
    fn an_order_names_each_plan_once() {
        let book = PlanBook::default().with(id(1), named("A", &[])).unwrap();
        let book = book.with(id(2), named("B", &[])).unwrap();
        for order in [&[id(1)][..], &[id(1), id(1)], &[id(1), id(2), id(3)]] {
            let refused = book.ordered(2, order);
            assert!(matches!(refused, Err(PlanError::Fields(_))), "{order:?}");
        }
    }
}
