//! In the making.
mod styles;
pub use styles::routes as style_routes;
