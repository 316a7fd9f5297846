//! Works: their record, its list, and what is done with them, one operation a file.

mod chart;
pub(crate) mod cigs;
pub(crate) mod correct;
pub(crate) mod create;
mod facts;
mod forms;
pub(crate) mod funding;
pub(crate) mod import;
pub(crate) mod list;
mod list_page;
pub(crate) mod new;
mod open;
mod page;
pub(crate) use page::bbox;
pub(crate) mod phases;
pub(crate) mod progress;
pub(crate) mod record;
pub(crate) mod show;
pub(crate) mod state;
pub(crate) mod to_draw;
