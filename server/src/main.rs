//! In the making.
#![allow(missing_docs)]
fn main() {}
