//! Photographs and documents for any row of any layer, kept in PostGIS under the row's own rule.
//!
//! What a file is, is decided by its content. A picture is decoded within limits, turned upright and written anew, so that nothing but its
//! pixels is kept: no position, no name of a camera's owner, no second file hidden behind the first. A PDF is kept as it is, and is
//! served so that a browser runs nothing in it. Files lie in pieces of 256 KiB, written in one transaction and read one at a
//! time, so that a slow reader holds neither memory nor a connection.
//!
//! [`Records`] tells what somebody may do with a row, and is told what was done. [`Files`] is what a row's own page shows of them.

mod content;
mod files;
mod http;
mod name;
mod picture;
mod records;
mod store;
mod taken;

pub use content::{Kind, MAX_BYTES, Refused};
pub use files::Files;
pub use http::{Api, Pages, routes};
pub use records::{Access, Change, Pending, Records};
pub use taken::Picture;
