//! Which computers a monitoring plan is for.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use crate::ContainerItem;

/// How a computer is known on the network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ComputerFacts {
    /// Its names: the short one and, if it has one, that with its domain.
    pub names: Vec<String>,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
}

/// Something that says which computers belong to a plan.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Item {
    /// One computer.
    Computer(ComputerName),
    /// All computers with an address in a range.
    Addresses(AddressRange),
    /// All computers that a directory has in a container.
    Container(ContainerItem),
}

/// One computer, as an administrator names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ComputerName {
    /// With its domain: `rds01.corp.example`. In lower case, without a dot at its end.
    Full(String),
    /// Without, as NetBIOS does: `RDS01`. In lower case.
    Short(String),
    /// An address.
    Address(IpAddr),
}

/// Addresses from one to another, without some.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AddressRange {
    whole: Range,
    /// INVARIANT: each lies in `whole`.
    excluded: Vec<Range>,
}

/// Addresses from one to another, both of the same kind and both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Range {
    from: IpAddr,
    to: IpAddr,
}

/// Why something is no item.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ItemProblem {
    /// Not a name that a computer can have.
    #[error(
        "{0:?} is no name or address of a computer: letters, digits, hyphens, with dots between"
    )]
    Name(String),
    /// The range ends before it begins.
    #[error("the range ends before it begins: {from} is after {to}")]
    Backwards {
        /// Its beginning.
        from: IpAddr,
        /// Its end.
        to: IpAddr,
    },
    /// An IPv4 and an IPv6 address.
    #[error("a range goes from IPv4 to IPv4 or from IPv6 to IPv6")]
    Mixed,
    /// An exclusion that is not inside of the range.
    #[error("the excluded range {0} is not inside of the range")]
    Outside(Range),
    /// Not the distinguished name of a container.
    #[error("{0:?} is no distinguished name of a container, such as OU=Servers,DC=corp,DC=example")]
    Container(String),
    /// No kind of computer at all.
    #[error("name one kind of computers at least")]
    NoKind,
    /// More exclusions than are taken.
    #[error("there are {0} excluded ranges, at most {max} are taken", max = MAX_EXCLUDED)]
    TooManyExcluded(usize),
}

/// The most excluded ranges of an item.
pub const MAX_EXCLUDED: usize = 100;

impl Item {
    /// Whether a computer is meant.
    pub fn matches(&self, computer: &ComputerFacts) -> bool {
        match self {
            Self::Computer(name) => name.matches(computer),
            Self::Addresses(range) => range.matched_in(computer).is_some(),
            Self::Container(item) => item.members.place_of(computer).is_some(),
        }
    }
}

impl ComputerName {
    /// Whether a computer has this name or address.
    pub fn matches(&self, computer: &ComputerFacts) -> bool {
        match self {
            Self::Full(wanted) => computer
                .names
                .iter()
                .any(|name| name.trim_end_matches('.').to_lowercase() == *wanted),
            Self::Short(wanted) => computer.names.iter().any(|name| {
                let name = name.to_lowercase();
                let label = name.split('.').next().unwrap_or_default();
                label == wanted || (is_cut(label, wanted))
            }),
            Self::Address(wanted) => computer
                .addresses
                .iter()
                .any(|address| address.to_canonical() == *wanted),
        }
    }
}

/// NetBIOS names are the first fifteen characters of longer ones.
fn is_cut(label: &str, wanted: &str) -> bool {
    wanted.len() == NETBIOS_CHARACTERS && label.starts_with(wanted)
}

impl FromStr for ComputerName {
    type Err = ItemProblem;

    fn from_str(text: &str) -> Result<Self, ItemProblem> {
        let text = text.trim();
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self::Address(address.to_canonical()));
        }
        let name = text.strip_suffix('.').unwrap_or(text).to_lowercase();
        // What looks like an address and is none is a slip of the pen.
        let is_number = name.chars().all(|c| c.is_ascii_digit() || c == '.');
        if name.len() > MAX_NAME_BYTES || is_number || !name.split('.').all(is_label) {
            return Err(ItemProblem::Name(text.chars().take(80).collect()));
        }
        Ok(match name.contains('.') {
            true => Self::Full(name),
            false => Self::Short(name),
        })
    }
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        // Underscores are not in the standard, but in names of Windows computers.
        && label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_')
}

impl fmt::Display for ComputerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full(name) | Self::Short(name) => f.write_str(name),
            Self::Address(address) => address.fmt(f),
        }
    }
}

impl AddressRange {
    /// The range without these parts of it.
    ///
    /// # Errors
    ///
    /// If a part is not inside of it, or there are too many.
    pub fn new(whole: Range, excluded: Vec<Range>) -> Result<Self, ItemProblem> {
        if excluded.len() > MAX_EXCLUDED {
            return Err(ItemProblem::TooManyExcluded(excluded.len()));
        }
        if let Some(outside) = excluded.iter().find(|part| !whole.contains_all(**part)) {
            return Err(ItemProblem::Outside(*outside));
        }
        Ok(Self { whole, excluded })
    }

    /// The range with what is excluded.
    pub const fn whole(&self) -> Range {
        self.whole
    }

    /// What is excluded.
    pub fn excluded(&self) -> &[Range] {
        &self.excluded
    }

    /// The computer's address for which it is meant, if it is.
    pub fn matched_in(&self, computer: &ComputerFacts) -> Option<IpAddr> {
        let addresses = computer.addresses.iter().map(IpAddr::to_canonical);
        addresses.into_iter().find(|address| {
            self.whole.contains(*address)
                && !self.excluded.iter().any(|part| part.contains(*address))
        })
    }
}

impl Range {
    /// From one address to another.
    ///
    /// # Errors
    ///
    /// If they are of different kinds, or the second is before the first.
    pub fn new(from: IpAddr, to: IpAddr) -> Result<Self, ItemProblem> {
        let (from, to) = (from.to_canonical(), to.to_canonical());
        if from.is_ipv4() != to.is_ipv4() {
            return Err(ItemProblem::Mixed);
        }
        if from > to {
            return Err(ItemProblem::Backwards { from, to });
        }
        Ok(Self { from, to })
    }

    /// Only this address.
    pub fn only(address: IpAddr) -> Self {
        let address = address.to_canonical();
        Self {
            from: address,
            to: address,
        }
    }

    /// The first address.
    pub const fn from(self) -> IpAddr {
        self.from
    }

    /// The last address.
    pub const fn to(self) -> IpAddr {
        self.to
    }

    /// Whether an address is in it.
    pub fn contains(self, address: IpAddr) -> bool {
        self.from.is_ipv4() == address.is_ipv4() && (self.from..=self.to).contains(&address)
    }

    fn contains_all(self, other: Self) -> bool {
        self.contains(other.from) && self.contains(other.to)
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.from == self.to {
            return self.from.fmt(f);
        }
        write!(f, "{} – {}", self.from, self.to)
    }
}

/// The loopback and the addresses that a computer gives itself are on many computers, and say of
/// none which it is.
pub(crate) fn says_which_computer(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            !address.is_loopback() && !address.is_link_local() && address != Ipv4Addr::UNSPECIFIED
        }
        IpAddr::V6(address) => {
            !address.is_loopback()
                && !address.is_unicast_link_local()
                && address != Ipv6Addr::UNSPECIFIED
        }
    }
}

impl ComputerFacts {
    /// The facts without what says nothing: repeated names, addresses that are on many computers.
    pub fn new(
        names: impl IntoIterator<Item = String>,
        addresses: impl IntoIterator<Item = IpAddr>,
    ) -> Self {
        let mut facts = Self::default();
        for name in names {
            let name = name.trim().trim_end_matches('.').to_owned();
            let known = |other: &String| other.to_lowercase() == name.to_lowercase();
            if !name.is_empty() && facts.names.len() < MAX_FACTS && !facts.names.iter().any(known) {
                facts.names.push(name);
            }
        }
        for address in addresses {
            let address = address.to_canonical();
            if says_which_computer(address)
                && facts.addresses.len() < MAX_FACTS
                && !facts.addresses.contains(&address)
            {
                facts.addresses.push(address);
            }
        }
        facts
    }
}

const NETBIOS_CHARACTERS: usize = 15;
const MAX_NAME_BYTES: usize = 253;

/// More names or addresses no computer needs.
const MAX_FACTS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn range(from: &str, to: &str) -> Range {
        Range::new(ip(from), ip(to)).unwrap()
    }

    fn computer(names: &[&str], addresses: &[&str]) -> ComputerFacts {
        ComputerFacts::new(
            names.iter().map(|name| (*name).to_owned()),
            addresses.iter().map(|address| ip(address)),
        )
    }

    #[test]
    fn a_computer_is_found_by_each_of_its_names_and_addresses() {
        let rds = computer(
            &["RDS01", "rds01.Corp.example"],
            &["10.0.0.4", "2001:db8::4"],
        );
        for text in [
            "rds01",
            "RDS01",
            "RDS01.corp.EXAMPLE",
            "rds01.corp.example.",
            "10.0.0.4",
            "::ffff:10.0.0.4",
            "2001:DB8:0::4",
        ] {
            let name: ComputerName = text.parse().unwrap();
            assert!(name.matches(&rds), "{text}");
        }
        for text in ["rds0", "rds011", "rds01.corp", "10.0.0.40", "corp.example"] {
            let name: ComputerName = text.parse().unwrap();
            assert!(!name.matches(&rds), "{text}");
        }
    }

    #[test]
    fn a_netbios_name_is_the_first_fifteen_characters() {
        let long = computer(&["CONTRACTOR-LAPTOP-17"], &[]);
        let matches = |text: &str| text.parse::<ComputerName>().unwrap().matches(&long);
        assert!(matches("CONTRACTOR-LAPT"));
        assert!(!matches("CONTRACTOR-LAP"));
        assert!(matches("contractor-laptop-17"));
    }

    #[test]
    fn what_no_computer_is_called_is_refused() {
        for text in [
            "",
            " ",
            ".",
            "a..b",
            "10.0.0",
            "10.0.0.256",
            "a b",
            "-a",
            "x/y",
            "a*",
        ] {
            assert!(text.parse::<ComputerName>().is_err(), "{text:?}");
        }
        let long = format!("{}.example", "a".repeat(64));
        assert!(long.parse::<ComputerName>().is_err());
    }

    #[test]
    fn a_range_has_its_ends_and_not_what_is_excluded() {
        let whole = range("10.0.0.10", "10.0.1.20");
        let without = vec![range("10.0.0.20", "10.0.0.29"), Range::only(ip("10.0.1.1"))];
        let item = Item::Addresses(AddressRange::new(whole, without).unwrap());
        for (address, is_in) in [
            ("10.0.0.9", false),
            ("10.0.0.10", true),
            ("10.0.0.19", true),
            ("10.0.0.20", false),
            ("10.0.0.29", false),
            ("10.0.0.30", true),
            ("10.0.1.1", false),
            ("10.0.1.20", true),
            ("10.0.1.21", false),
            ("2001:db8::1", false),
        ] {
            assert_eq!(item.matches(&computer(&[], &[address])), is_in, "{address}");
        }
        let both = computer(&[], &["10.0.0.25", "10.0.0.30"]);
        assert!(item.matches(&both), "one of its addresses is enough");
    }

    #[test]
    fn ranges_of_ipv6_are_ranges_too() {
        let item = AddressRange::new(range("2001:db8::", "2001:db8::ffff"), vec![]).unwrap();
        let in_it = |address| item.matched_in(&computer(&[], &[address])).is_some();
        assert!(in_it("2001:db8::a") && !in_it("2001:db8::1:0") && !in_it("10.0.0.1"));
    }

    #[test]
    fn ranges_that_make_no_sense_are_refused() {
        let new = |from, to| Range::new(ip(from), ip(to));
        assert_eq!(new("10.0.0.1", "2001:db8::1"), Err(ItemProblem::Mixed));
        let backwards = new("10.0.0.2", "10.0.0.1").unwrap_err();
        assert_eq!(
            backwards.to_string(),
            "the range ends before it begins: 10.0.0.2 is after 10.0.0.1"
        );
        let whole = range("10.0.0.0", "10.0.0.9");
        let outside = range("10.0.0.5", "10.0.0.10");
        let refused = AddressRange::new(whole, vec![outside]);
        assert_eq!(refused, Err(ItemProblem::Outside(outside)));
        let many = vec![Range::only(ip("10.0.0.1")); MAX_EXCLUDED + 1];
        assert!(AddressRange::new(whole, many).is_err());
    }

    #[test]
    fn addresses_that_are_on_every_computer_say_nothing() {
        let facts = computer(
            &["a", "A", "a."],
            &[
                "127.0.0.1",
                "::1",
                "fe80::1",
                "169.254.1.1",
                "10.0.0.1",
                "10.0.0.1",
            ],
        );
        assert_eq!(facts, computer(&["a"], &["10.0.0.1"]));
    }
}
