//! Road ordinances: what is closed, from when until when; one operation a file.

pub(crate) mod extend;
pub(crate) mod feed;
pub(crate) mod list;
pub(crate) mod new;
mod page;
mod record;
pub(crate) mod register;
pub(crate) mod revoke;
pub(crate) mod show;
