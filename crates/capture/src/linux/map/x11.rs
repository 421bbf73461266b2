//! The windows of an X display, as a map for what may be seen.

use std::collections::{HashMap, HashSet};

use x11rb::{
    errors::ReplyError,
    protocol::{
        Event,
        composite::{self, ConnectionExt as _},
        shape,
        xproto::{ChangeWindowAttributesAux, ConnectionExt as _, EventMask, MapState, Window},
    },
};

use super::{
    facts::{Atoms, AtomsCookie, Facts, numbers},
    stack::{Change, EVERYTHING, Stack, Top, area},
};
use crate::{
    CaptureError,
    blackout::{Arrangement, Judge, Judgement, PlacedWindow, WindowMap},
    linux::{
        connection::XConnection,
        desktop::{Server, unless_gone},
        process::ProcessInspector,
    },
};

/// Where the windows of an X display are.
pub struct X11Windows {
    x: XConnection,
    server: Server,
    atoms: Atoms,
    processes: ProcessInspector,
    judge: Judge,
    stack: Stack,
    /// What is known of the windows of the stack.
    known: HashMap<Window, Known>,
    /// The windows that a compositor draws on, with all others in it.
    overlay: Option<Window>,
    has_compositor: bool,
    /// Windows of the stack that are to be asked what they are.
    stale: HashSet<Window>,
    /// Whether the stack itself is to be asked for.
    is_stack_stale: bool,
    given: Option<Arrangement>,
}

struct Known {
    facts: Facts,
    judgement: Judgement,
}

impl X11Windows {
    /// Follows the windows of `display`, such as `:0`, whose user has the number `session_user_id`.
    ///
    /// # Errors
    ///
    /// [`CaptureError::Gone`] if there is no such display or it refuses; see [`CaptureError`] for
    /// the others.
    pub fn open(display: &str, session_user_id: u32, judge: Judge) -> Result<Self, CaptureError> {
        let x = XConnection::open(display)?;
        if !x.has(shape::X11_EXTENSION_NAME)? {
            return Err(x.lacks("the SHAPE extension"));
        }
        let server = Server::ask(&x)?;
        let atoms = Atoms::new(x.raw()).map_err(ReplyError::from);
        let atoms = x.explain(
            "ask for the names of properties",
            atoms.and_then(AtomsCookie::reply),
        )?;
        let watched = watch(&x);
        x.explain("watch the windows", watched)?;
        Ok(Self {
            server,
            atoms,
            processes: ProcessInspector::new(session_user_id),
            judge,
            stack: Stack::default(),
            known: HashMap::new(),
            overlay: None,
            has_compositor: false,
            stale: HashSet::new(),
            is_stack_stale: true,
            given: None,
            x,
        })
    }

    /// Takes in what was told, and keeps each arrangement that there was.
    fn take_events(&mut self, seen: &mut Vec<Arrangement>) -> Result<(), CaptureError> {
        while let Some(event) = self.x.poll_event()? {
            match &event {
                Event::PropertyNotify(event) if event.window == self.x.root() => {
                    let lists = [
                        self.atoms._NET_CLIENT_LIST,
                        self.atoms._NET_CLIENT_LIST_STACKING,
                    ];
                    if lists.contains(&event.atom) {
                        self.stale.extend(self.known.keys());
                    }
                }
                Event::PropertyNotify(event) => {
                    let client = event.window;
                    let tops = self
                        .known
                        .iter()
                        .filter(|(_, it)| it.facts.client == client);
                    self.stale.extend(tops.map(|(top, _)| *top));
                }
                Event::ShapeNotify(event) => {
                    self.known.remove(&event.affected_window);
                    self.stale.insert(event.affected_window);
                }
                Event::GravityNotify(_) => self.is_stack_stale = true,
                Event::ConfigureNotify(event) if event.window == self.x.root() => {
                    self.is_stack_stale = true;
                }
                event => match self.stack.take(event, self.x.root()) {
                    Change::None => continue,
                    Change::Arranged => {}
                    Change::Appeared(window) => {
                        self.known.remove(&window);
                        self.stale.insert(window);
                    }
                },
            }
            // Of another size, a window says anew where it lets through what is behind.
            if let Event::ConfigureNotify(event) = &event {
                self.stale.insert(event.window);
            }
            let arrangement = self.arrangement();
            if seen.last().or(self.given.as_ref()) != Some(&arrangement) {
                seen.push(arrangement);
            }
        }
        Ok(())
    }

    /// Asks for what is not known, or may not be so any more.
    fn ask(&mut self) -> Result<(), ReplyError> {
        if self.is_stack_stale {
            self.stack.replace(tops(&self.x)?);
            self.known.clear();
            self.stale = self.stack.uppermost_first().map(|top| top.window).collect();
            self.is_stack_stale = false;
        }
        if self.stale.is_empty() {
            return Ok(());
        }
        let owner = self.x.raw().get_selection_owner(self.atoms._NET_WM_CM_S0)?;
        let has_compositor = owner.reply()?.owner != x11rb::NONE;
        if has_compositor != self.has_compositor {
            self.has_compositor = has_compositor;
            self.overlay = if has_compositor {
                overlay(&self.x)?
            } else {
                None
            };
        }
        let clients = self.clients()?;
        for window in std::mem::take(&mut self.stale) {
            if self.stack.top(window).is_none_or(|top| !top.is_mapped) {
                self.known.remove(&window);
                continue;
            }
            let client = clients.get(&window).copied().unwrap_or(window);
            let both = (window, client);
            let facts = Facts::ask(
                &self.x,
                &self.server,
                &self.atoms,
                both,
                self.has_compositor,
            );
            let facts = facts.inspect_err(|_| {
                self.stale.insert(window);
            })?;
            let Some(facts) = facts else {
                self.known.remove(&window);
                continue;
            };
            let program = self.processes.inspect(facts.process, &facts.class);
            let description = program.application.map(|it| it.description);
            let judgement = (self.judge)(&facts.title, &description.unwrap_or_default());
            self.known.insert(window, Known { facts, judgement });
        }
        Ok(())
    }

    /// The programs' own windows, by the window on the root window that each is within.
    fn clients(&self) -> Result<HashMap<Window, Window>, ReplyError> {
        let list = numbers(&self.x, self.x.root(), self.atoms._NET_CLIENT_LIST)?;
        let mut found = HashMap::new();
        for client in list.unwrap_or_default().into_iter().take(MOST_CLIENTS) {
            let mut window = client;
            for _ in 0..DEEPEST {
                let tree = unless_gone(self.x.raw().query_tree(window)?.reply())?;
                match tree {
                    Some(tree) if tree.parent == tree.root => {
                        found.insert(window, client);
                        break;
                    }
                    Some(tree) => window = tree.parent,
                    None => break,
                }
            }
        }
        Ok(found)
    }

    fn arrangement(&self) -> Arrangement {
        if self.is_stack_stale {
            return vec![PlacedWindow {
                covers: EVERYTHING,
                shows: Vec::new(),
            }];
        }
        let tops = self.stack.uppermost_first().filter(|top| top.is_mapped);
        let tops: Vec<&Top> = tops
            .filter(|top| Some(top.window) != self.overlay)
            .collect();
        let listed: HashSet<u32> = tops
            .iter()
            .filter_map(|top| self.known.get(&top.window))
            .filter(|known| known.judgement == Judgement::Listed)
            .filter_map(|known| known.facts.process)
            .collect();
        let placed = tops.into_iter().filter_map(|top| {
            let Some(known) = self.known.get(&top.window) else {
                return Some(PlacedWindow {
                    covers: top.area,
                    shows: Vec::new(),
                });
            };
            if known.facts.is_input_only {
                return None;
            }
            let is_of_a_listed_program = known.facts.is_auxiliary
                && known
                    .facts
                    .process
                    .is_some_and(|process| listed.contains(&process));
            let may_be_seen = match known.judgement {
                Judgement::Listed => true,
                Judgement::Unlisted => is_of_a_listed_program,
                Judgement::Excepted => false,
            };
            let corner = (top.area.left, top.area.top);
            let fills = known.facts.fills.iter().map(|area| area.moved(corner));
            Some(PlacedWindow {
                covers: top.area,
                shows: if may_be_seen {
                    fills.collect()
                } else {
                    Vec::new()
                },
            })
        });
        placed.collect()
    }
}

impl WindowMap for X11Windows {
    fn catch_up(&mut self) -> Result<Vec<Arrangement>, CaptureError> {
        let mut seen = Vec::new();
        // What happened before the answer to this is told before it.
        let asked = self.x.raw().get_input_focus().map_err(ReplyError::from);
        let answered = asked.and_then(x11rb::cookie::Cookie::reply);
        self.x.explain("catch up with the windows", answered)?;
        self.take_events(&mut seen)?;
        for _ in 0..MOST_ROUNDS {
            if self.stale.is_empty() && !self.is_stack_stale {
                break;
            }
            let asked = self.ask();
            self.x.explain("ask for the windows", asked)?;
            self.take_events(&mut seen)?;
        }
        let arrangement = self.arrangement();
        if seen.last().or(self.given.as_ref()) != Some(&arrangement) {
            seen.push(arrangement.clone());
        }
        self.given = Some(arrangement);
        Ok(seen)
    }
}

/// Asks the server to tell of the windows on the root window.
fn watch(x: &XConnection) -> Result<(), ReplyError> {
    let events =
        EventMask::SUBSTRUCTURE_NOTIFY | EventMask::STRUCTURE_NOTIFY | EventMask::PROPERTY_CHANGE;
    let attributes = ChangeWindowAttributesAux::new().event_mask(events);
    x.raw()
        .change_window_attributes(x.root(), &attributes)?
        .check()
}

/// The windows on the root window as they are now, the lowest first.
fn tops(x: &XConnection) -> Result<Vec<Top>, ReplyError> {
    let raw = x.raw();
    let children = raw.query_tree(x.root())?.reply()?.children;
    let asked: Vec<_> = children
        .into_iter()
        .map(|window| {
            let (attributes, geometry) = (
                raw.get_window_attributes(window)?,
                raw.get_geometry(window)?,
            );
            Ok((window, attributes, geometry))
        })
        .collect::<Result<_, ReplyError>>()?;
    let mut tops = Vec::new();
    for (window, attributes, geometry) in asked {
        let attributes = unless_gone(attributes.reply())?;
        let geometry = unless_gone(geometry.reply())?;
        if let Some((attributes, at)) = attributes.zip(geometry) {
            let border = i32::from(at.border_width);
            tops.push(Top {
                window,
                area: area(at.x, at.y, at.width, at.height, border),
                border,
                is_mapped: attributes.map_state != MapState::UNMAPPED,
                is_override: attributes.override_redirect,
            });
        }
    }
    Ok(tops)
}

/// The window above all others on which a compositor draws them.
fn overlay(x: &XConnection) -> Result<Option<Window>, ReplyError> {
    let raw = x.raw();
    if !x.has(composite::X11_EXTENSION_NAME).unwrap_or(false) {
        return Ok(None);
    }
    raw.composite_query_version(0, 4)?.reply()?;
    let window = raw
        .composite_get_overlay_window(x.root())?
        .reply()?
        .overlay_win;
    // It is the compositor's: its own use keeps it.
    raw.composite_release_overlay_window(x.root())?.check()?;
    Ok(Some(window))
}

const MOST_CLIENTS: usize = 1_024;

/// How many windows may lie within each other.
const DEEPEST: usize = 16;

/// How often the windows are asked before they are looked at again: those that change all the time
/// are not seen.
const MOST_ROUNDS: usize = 4;
