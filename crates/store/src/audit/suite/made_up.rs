//! Records and filters from a seed.

use std::collections::BTreeMap;

use eidetic_model::{
    Action, ActivityRecord, AgentId, Application, Captured, DisplayIndex, ObjectType,
    RecordSequence, RecordedMoment, SessionId, SpoolId, Timestamp,
};
use eidetic_search::{Condition, Field, Filter, Operator, Searchable};

use crate::audit::Batch;

/// Makes up records and filters; the same ones for the same seed.
pub(super) struct MadeUp(u64);

impl MadeUp {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `end`. (SplitMix64.)
    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % end as u64).unwrap()
    }

    pub fn one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == 0
    }

    pub fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }

    /// A batch of records with the sequences from `first`, with holes as other entries leave them.
    pub fn batch(&mut self, agent: u8, first: u64, count: usize) -> Batch {
        let mut sequence = first;
        let mut records = BTreeMap::new();
        for _ in 0..count {
            records.insert(RecordSequence(sequence), self.record());
            sequence += 1 + u64::from(self.one_in(4));
        }
        Batch {
            agent: AgentId::from_slice(&[agent; 16]).unwrap(),
            spool: SpoolId::from_slice(&[agent; 16]).unwrap(),
            records,
        }
    }

    pub fn record(&mut self) -> ActivityRecord {
        ActivityRecord {
            session: self.session(),
            when: self.time(),
            who: self.pick(WHO).into(),
            action: self.pick(&Action::ALL),
            object_type: self.pick(&ObjectType::ALL),
            what: self.title(),
            where_: self.pick(&["RDS01", "rds02", "Büro-ÄÖÜ", ""]).into(),
            workstation: self.pick(&[None, None, Some("10.0.0.7".into()), Some(String::new())]),
            details: self.pick(&[
                vec![],
                vec![],
                vec!["".into()],
                vec!["Application Run As: root".into()],
                vec!["a\nb".into(), "".into(), "ПРАВА".into()],
            ]),
            application: self.application(),
            coalesced: self.pick(&[0, 0, 0, 1, u32::MAX]),
            moment: self.one_in(2).then(|| RecordedMoment {
                display: DisplayIndex(self.pick(&[0, 1, u16::MAX])),
                time: self.time(),
            }),
        }
    }

    pub fn session(&mut self) -> SessionId {
        let number = u8::try_from(self.below(9)).unwrap();
        SessionId::from_slice(&[0xA0 + number; 16]).unwrap()
    }

    /// Mostly within a few days over the end of a month, often the very same microsecond, and
    /// sometimes very far away.
    pub fn time(&mut self) -> Timestamp {
        let base = 1_798_700_000_000_000_i64; // 2026-12-31
        let offset = i64::try_from(self.below(400_000)).unwrap();
        Timestamp::from_unix_micros(match self.below(40) {
            0 => self.pick(&[i64::MIN, i64::MAX, -1, 0, 7_289_650_000_000_000]),
            1..10 => base,
            10..15 => base - 40 * 86_400_000_000 + offset,
            _ => base + offset * 1_000_000,
        })
    }

    fn application(&mut self) -> Option<Application> {
        let description = self.pick(&["Firefox", "Блокнот", "Calc\nulator", ""]);
        let path = self.pick(&["/usr/bin/firefox", "C:\\Windows\\notepad.exe", ""]);
        (!self.one_in(4)).then(|| Application {
            path: path.into(),
            description: description.into(),
        })
    }

    fn title(&mut self) -> Captured {
        let words = self.below(5);
        let words: Vec<_> = (0..words).map(|_| self.pick(WORDS)).collect();
        Captured::new(words.join(self.pick(&[" ", " ", "-", ""])))
    }

    pub fn filter(&mut self, records: &[ActivityRecord]) -> Filter {
        let conditions = self.pick(&[0, 1, 1, 1, 2, 3]);
        let terms = self.pick(&[0, 0, 0, 1, 2]);
        Filter {
            conditions: (0..conditions).map(|_| self.condition(records)).collect(),
            free_text: (0..terms)
                .map(|_| self.term(records, Field::What))
                .collect(),
            from: self.one_in(4).then(|| self.time()),
            until: self.one_in(4).then(|| self.time()),
        }
    }

    fn condition(&mut self, records: &[ActivityRecord]) -> Condition {
        let field = if self.one_in(2) {
            Field::What
        } else {
            self.pick(&Field::ALL)
        };
        Condition {
            field,
            operator: self.pick(&Operator::ALL),
            value: self.term(records, field),
        }
    }

    /// A piece of some record's text, in some case; or something that is nowhere.
    fn term(&mut self, records: &[ActivityRecord], field: Field) -> String {
        let field = if self.one_in(8) {
            self.pick(&Field::ALL)
        } else {
            field
        };
        let text = match self.below(10) {
            0 => self.pick(ODD).to_owned(),
            _ => self.pick(records).text(field).into_owned(),
        };
        let characters: Vec<char> = text.chars().collect();
        let start = self.below(characters.len() + 1);
        let piece = match self.below(6) {
            0 => characters.as_slice(),
            1 => &characters[start..],
            2 => &characters[..start],
            _ => {
                let length = self.pick(&[1, 2, 3, 4, 7]);
                &characters[start..characters.len().min(start + length)]
            }
        };
        let piece: String = piece.iter().collect();
        match self.below(3) {
            0 => piece.to_uppercase(),
            1 => piece.to_lowercase(),
            _ => piece,
        }
    }
}

const WHO: &[&str] = &[
    "CORP\\anna.k",
    "CORP\\bob",
    "corp\\Ёлкин",
    "PC7\\O'Neil",
    "ΟΔΟΣ",
];

const WORDS: &[&str] = &[
    "Payroll",
    "payroll.xlsx",
    "report",
    "REPORT",
    "100%",
    "a_b",
    "\"quoted\"",
    "O'Brien",
    "\\\\srv\\share",
    "ОТЧЁТ",
    "отчёт",
    "Straße",
    "STRASSE",
    "İstanbul",
    "ΟΔΟΣ",
    "οδος",
    "東京",
    "🦀",
    "e\u{301}",
    "NEAR(",
    "AND",
    "*",
    "^",
    "xy",
    "x",
    "\0",
    "a\0b",
    "\u{FFFE}",
    "\u{FFFD}",
    "ǅ",
    "ﬁ",
    "K",
    "tab\there",
    "line\nfeed",
];

const ODD: &[&str] = &[
    "", "zzqqzz", "%", "_", "\"", "'", "\\", "\"\"", "OR", "-", "rollrep", "\0\0\0",
];
