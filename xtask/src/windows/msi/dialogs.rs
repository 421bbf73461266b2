//! The tables that dialogs are made of.

use super::{
    actions::{UI, in_sequence},
    table::Table,
};

/// Everything that a package has of dialogs.
pub struct Dialogs {
    dialog: Table,
    control: Table,
    event: Table,
    condition: Table,
    mapping: Table,
    style: Table,
    check_box: Table,
    /// SQL that says when the dialogs appear that no other one opens.
    pub statements: Vec<String>,
}

/// Where on a dialog something is: left, top, width, height.
pub type Place = [u16; 4];

impl Dialogs {
    /// None yet, but the ways to write text.
    pub fn new() -> Self {
        let mut dialogs = Self {
            dialog: Table::new("Dialog", DIALOG, 1),
            control: Table::new("Control", CONTROL, 2),
            event: Table::new("ControlEvent", EVENT, 5),
            condition: Table::new("ControlCondition", CONDITION, 4),
            mapping: Table::new("EventMapping", MAPPING, 3),
            style: Table::new("TextStyle", STYLE, 1),
            check_box: Table::new("CheckBox", &[("Property", "s72"), ("Value", "S64")], 1),
            statements: Vec::new(),
        };
        for (name, size, bits) in [
            ("Normal", "8", "0"),
            ("Bold", "8", "1"),
            ("Title", "12", "1"),
        ] {
            dialogs.style.row([name, "Tahoma", size, "", bits]);
        }
        dialogs
    }

    /// The tables.
    pub fn tables(&self) -> [&Table; 7] {
        [
            &self.dialog,
            &self.control,
            &self.event,
            &self.condition,
            &self.mapping,
            &self.style,
            &self.check_box,
        ]
    }

    /// A dialog whose first control, and the one of Enter, and the one of Escape are these.
    pub fn dialog(
        &mut self,
        name: &'static str,
        size: [u16; 2],
        kind: Kind,
        [first, default, cancel]: [&str; 3],
    ) -> Dialog<'_> {
        let [width, height] = size.map(|number| number.to_string());
        let attributes = match kind {
            Kind::Modal => "39",
            // What runs meanwhile goes on.
            Kind::Modeless => "37",
            Kind::Error => "65539",
        };
        self.dialog.row([
            name,
            "50",
            "50",
            &width,
            &height,
            attributes,
            "[ProductName] Setup",
            first,
            default,
            cancel,
        ]);
        Dialog { name, all: self }
    }

    /// When a dialog appears.
    pub fn shown(&mut self, name: &str, condition: &str, number: i32) {
        self.statements
            .push(in_sequence(UI, name, condition, number));
    }
}

/// How a dialog behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Waits for an answer.
    Modal,
    /// Shows how it goes.
    Modeless,
    /// Shows errors of Windows Installer.
    Error,
}

/// A dialog that is being made.
pub struct Dialog<'a> {
    name: &'static str,
    all: &'a mut Dialogs,
}

impl Dialog<'_> {
    /// Text.
    pub fn text(&mut self, name: &str, place: Place, text: &str) -> &mut Self {
        self.control(name, "Text", place, "196611", "", text, "")
    }

    /// A picture of the package.
    pub fn picture(&mut self, name: &str, place: Place, picture: &str) -> &mut Self {
        self.control(name, "Bitmap", place, "1", "", picture, "")
    }

    /// A line across.
    pub fn line(&mut self, name: &str, place: Place) -> &mut Self {
        self.control(name, "Line", place, "1", "", "", "")
    }

    /// A button; `next` is where the tabulator goes.
    pub fn button(&mut self, name: &str, place: Place, text: &str, next: &str) -> &mut Self {
        self.control(name, "PushButton", place, "3", "", text, next)
    }

    /// A field for a line of text that becomes a property.
    pub fn field(&mut self, property: &str, place: Place, next: &str) -> &mut Self {
        self.control(property, "Edit", place, "3", property, "", next)
    }

    /// The same for what nobody is to read on the screen.
    pub fn secret_field(&mut self, property: &str, place: Place, next: &str) -> &mut Self {
        self.control(property, "Edit", place, "2097155", property, "", next)
    }

    /// A field for a property that is a folder.
    pub fn folder_field(&mut self, property: &str, place: Place, next: &str) -> &mut Self {
        self.control(property, "PathEdit", place, "3", property, "", next)
    }

    /// A box to tick, which sets a property to 1.
    pub fn check_box(&mut self, property: &str, place: Place, text: &str, next: &str) -> &mut Self {
        self.all.check_box.row([property, "1"]);
        self.control(property, "CheckBox", place, "3", property, text, next)
    }

    /// Any control.
    #[expect(
        clippy::too_many_arguments,
        reason = "a row of the table; the other methods have names for them"
    )]
    pub fn control(
        &mut self,
        name: &str,
        kind: &str,
        place: Place,
        attributes: &str,
        property: &str,
        text: &str,
        next: &str,
    ) -> &mut Self {
        let [x, y, width, height] = place.map(|number| number.to_string());
        self.all.control.row([
            self.name, name, kind, &x, &y, &width, &height, attributes, property, text, next, "",
        ]);
        self
    }

    /// What a control does, in the order in which it is told.
    pub fn on(&mut self, control: &str, events: &[[&str; 3]]) -> &mut Self {
        for (index, [event, argument, condition]) in events.iter().enumerate() {
            let condition = if condition.is_empty() { "1" } else { condition };
            let number = (index + 1).to_string();
            self.all
                .event
                .row([self.name, control, event, argument, condition, &number]);
        }
        self
    }

    /// When a control can be used.
    pub fn enabled(&mut self, control: &str, condition: &str, opposite: &str) -> &mut Self {
        for (action, condition) in [("Enable", condition), ("Disable", opposite)] {
            self.all
                .condition
                .row([self.name, control, action, condition]);
        }
        self
    }

    /// Has a control show what Windows Installer tells.
    pub fn follows(&mut self, control: &str, event: &str, attribute: &str) -> &mut Self {
        self.all.mapping.row([self.name, control, event, attribute]);
        self
    }
}

const DIALOG: &[(&str, &str)] = &[
    ("Dialog", "s72"),
    ("HCentering", "i2"),
    ("VCentering", "i2"),
    ("Width", "i2"),
    ("Height", "i2"),
    ("Attributes", "I4"),
    ("Title", "L128"),
    ("Control_First", "s50"),
    ("Control_Default", "S50"),
    ("Control_Cancel", "S50"),
];

const CONTROL: &[(&str, &str)] = &[
    ("Dialog_", "s72"),
    ("Control", "s50"),
    ("Type", "s20"),
    ("X", "i2"),
    ("Y", "i2"),
    ("Width", "i2"),
    ("Height", "i2"),
    ("Attributes", "I4"),
    ("Property", "S50"),
    ("Text", "L0"),
    ("Control_Next", "S50"),
    ("Help", "L50"),
];

const EVENT: &[(&str, &str)] = &[
    ("Dialog_", "s72"),
    ("Control_", "s50"),
    ("Event", "s50"),
    ("Argument", "s255"),
    ("Condition", "S255"),
    ("Ordering", "I2"),
];

const CONDITION: &[(&str, &str)] = &[
    ("Dialog_", "s72"),
    ("Control_", "s50"),
    ("Action", "s50"),
    ("Condition", "s255"),
];

const MAPPING: &[(&str, &str)] = &[
    ("Dialog_", "s72"),
    ("Control_", "s50"),
    ("Event", "s50"),
    ("Attribute", "s50"),
];

const STYLE: &[(&str, &str)] = &[
    ("TextStyle", "s72"),
    ("FaceName", "s32"),
    ("Size", "i2"),
    ("Color", "I4"),
    ("StyleBits", "I2"),
];
