//! What a window on the root window says of itself.

use x11rb::{
    errors::ReplyError,
    protocol::{
        shape::{self, ConnectionExt as _},
        xproto::{
            Atom, AtomEnum, ChangeWindowAttributesAux, ConnectionExt as _, EventMask, Window,
            WindowClass,
        },
    },
};

use crate::{
    blackout::Area,
    linux::{
        connection::XConnection,
        desktop::{Server, WindowFacts, unless_gone},
    },
};

x11rb::atom_manager! {
    /// The names of properties.
    pub(super) Atoms: AtomsCookie {
        _GTK_FRAME_EXTENTS,
        _NET_CLIENT_LIST,
        _NET_CLIENT_LIST_STACKING,
        _NET_WM_CM_S0,
        _NET_WM_NAME,
        _NET_WM_OPAQUE_REGION,
        _NET_WM_WINDOW_OPACITY,
        _NET_WM_WINDOW_TYPE,
        _NET_WM_WINDOW_TYPE_NORMAL,
    }
}

/// What is known of a window on the root window.
#[derive(Debug)]
pub(super) struct Facts {
    /// The program's own window: it, or one within.
    pub(super) client: Window,
    pub(super) title: String,
    pub(super) class: Vec<String>,
    pub(super) process: Option<u32>,
    /// A menu, a dialog, or anything else that belongs to another window.
    pub(super) is_auxiliary: bool,
    /// What it fills with pixels of its own, from its upper left corner, border included.
    pub(super) fills: Vec<Area>,
    /// Whether it has no pixels at all.
    pub(super) is_input_only: bool,
}

impl Facts {
    /// Asks for all of it, and to be told when it changes. `None` if the window is no more.
    pub(super) fn ask(
        x: &XConnection,
        server: &Server,
        atoms: &Atoms,
        (top, client): (Window, Window),
        has_compositor: bool,
    ) -> Result<Option<Self>, ReplyError> {
        let raw = x.raw();
        let events = ChangeWindowAttributesAux::new().event_mask(EventMask::PROPERTY_CHANGE);
        raw.change_window_attributes(client, &events)?
            .ignore_error();
        raw.shape_select_input(top, true)?.ignore_error();
        let attributes = raw.get_window_attributes(top)?;
        let geometry = raw.get_geometry(top)?;
        let own = raw.get_geometry(client)?;
        let place = raw.translate_coordinates(client, top, 0, 0)?;
        let shape = raw.shape_get_rectangles(top, shape::SK::BOUNDING)?;
        let owner = raw.get_property(
            false,
            client,
            AtomEnum::WM_TRANSIENT_FOR,
            AtomEnum::WINDOW,
            0,
            1,
        )?;
        let (Some(attributes), Some(geometry), Some(own), Some(place), Some(shape), Some(owner)) = (
            unless_gone(attributes.reply())?,
            unless_gone(geometry.reply())?,
            unless_gone(own.reply())?,
            unless_gone(place.reply())?,
            unless_gone(shape.reply())?,
            unless_gone(owner.reply())?,
        ) else {
            return Ok(None);
        };
        let Some(said) = WindowFacts::ask(x, server, client)? else {
            return Ok(None);
        };
        let kinds = numbers(x, client, atoms._NET_WM_WINDOW_TYPE)?.unwrap_or_default();
        let is_normal = kinds.is_empty() || kinds.contains(&atoms._NET_WM_WINDOW_TYPE_NORMAL);
        let border = i32::from(geometry.border_width);
        let mut fills: Vec<Area> = shape
            .rectangles
            .iter()
            .map(|it| Area::new(it.x.into(), it.y.into(), it.width.into(), it.height.into()))
            .map(|area| area.moved((border, border)))
            .collect();
        let at = (
            i32::from(place.dst_x) + border,
            i32::from(place.dst_y) + border,
        );
        if let Some([left, right, above, below]) = edges(x, client, atoms)? {
            // The shadow that a program draws around its window lets through what is behind.
            let inner = Area {
                left: at.0.saturating_add(left),
                top: at.1.saturating_add(above),
                right: at.0.saturating_add(own.width.into()).saturating_sub(right),
                bottom: at.1.saturating_add(own.height.into()).saturating_sub(below),
            };
            fills = cut(&fills, &[inner]);
        }
        if has_compositor {
            let is_translucent = [top, client].into_iter().try_fold(false, |is, window| {
                let opacity = numbers(x, window, atoms._NET_WM_WINDOW_OPACITY)?;
                Ok::<_, ReplyError>(is || opacity.is_some_and(|it| it.first() != Some(&u32::MAX)))
            })?;
            if is_translucent {
                fills.clear();
            } else if own.depth == DEPTH_WITH_ALPHA || geometry.depth == DEPTH_WITH_ALPHA {
                let opaque = opaque_region(x, client, atoms)?;
                let opaque: Vec<_> = opaque.iter().map(|area| area.moved(at)).collect();
                fills = cut(&fills, &opaque);
            }
        }
        Ok(Some(Self {
            client,
            title: said.title,
            class: said.class,
            process: said.process,
            is_auxiliary: attributes.override_redirect || owner.value_len > 0 || !is_normal,
            fills,
            is_input_only: attributes.class == WindowClass::INPUT_ONLY,
        }))
    }
}

/// The numbers of a property; `None` if there is none.
pub(super) fn numbers(
    x: &XConnection,
    window: Window,
    name: Atom,
) -> Result<Option<Vec<u32>>, ReplyError> {
    let reply = x
        .raw()
        .get_property(false, window, name, AtomEnum::ANY, 0, MOST_NUMBERS)?;
    let reply = unless_gone(reply.reply())?;
    Ok(reply.and_then(|reply| Some(reply.value32()?.collect())))
}

/// The shadow around a window: left, right, top and bottom.
fn edges(x: &XConnection, client: Window, atoms: &Atoms) -> Result<Option<[i32; 4]>, ReplyError> {
    let edges = numbers(x, client, atoms._GTK_FRAME_EXTENTS)?;
    let edges = edges.and_then(|edges| <[u32; 4]>::try_from(edges).ok());
    Ok(edges.map(|edges| edges.map(|edge| i32::try_from(edge).unwrap_or(i32::MAX / 4))))
}

/// Where a window says that nothing behind it is seen.
fn opaque_region(x: &XConnection, client: Window, atoms: &Atoms) -> Result<Vec<Area>, ReplyError> {
    let numbers = numbers(x, client, atoms._NET_WM_OPAQUE_REGION)?.unwrap_or_default();
    let areas = numbers
        .chunks_exact(4)
        .map(|it| Area::new(it[0].cast_signed(), it[1].cast_signed(), it[2], it[3]));
    Ok(areas.collect())
}

/// What rectangles of both lists have in common.
fn cut(ones: &[Area], others: &[Area]) -> Vec<Area> {
    let pairs = ones
        .iter()
        .flat_map(|one| others.iter().map(|other| one.common(*other)));
    pairs.filter(|area| !area.is_empty()).collect()
}

const DEPTH_WITH_ALPHA: u8 = 32;

const MOST_NUMBERS: u32 = 4_096;
