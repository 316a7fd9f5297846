#![doc = include_str!("../README.md")]

mod answer;
mod ask;
mod change;
pub mod csv;
mod faults;
pub mod links;
mod page;
mod people;
mod place;
mod refill;
pub mod reply;
mod request;
mod sent;
pub mod value;

pub use answer::{Answer, CHANGE_POSITION, flushed};
pub use ask::{Ask, State, checked_reason, header};
pub use change::{Begun, Change, Row, absent, layer, refused};
pub use faults::Faults;
pub use page::{Page, STYLE_SHEET, STYLES, field, hidden, map, map_where, say, style_sheet};
pub use people::for_people;
pub use place::{Place, place};
pub use request::{COMMON, Format, Printable, Request, matches};
pub use sent::{Reader, Sent};
