//! The drawings of the categories' tiles: 24 by 24, in the colour of the text.

use maud::{Markup, html};

/// Name and path, sorted by name.
const ICONS: [(&str, &str); 10] = [
    ("access", "M12 3.5a1.7 1.7 0 1 1 0 3.4 1.7 1.7 0 0 1 0-3.4M11 8v6h5l3 6M11 10h5M9.5 11.5a5 5 0 1 0 6 6.5"),
    ("bin", "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10 11v5M14 11v5"),
    ("dots", "M6 12h.01M12 12h.01M18 12h.01M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18"),
    ("drop", "M12 3c4 5 6 8 6 11a6 6 0 0 1-12 0c0-3 2-6 6-11M9 15a3 3 0 0 0 3 3"),
    ("house", "M4 21V9l8-6 8 6v12M9 21v-6h6v6M14 9l-2 2 2 2"),
    ("lamp", "M8 21h5M10.5 21V6a3 3 0 0 1 3-3h1.5a3 3 0 0 1 3 3M15 6h6l-1 3h-4zM16 12v1M20 12v1"),
    ("paw", "M12 12c3 0 5 3 5 5.5S15 20.5 12 20.5 7 20 7 17.5 9 12 12 12M6 9v2M10 5v3M14 5v3M18 9v2"),
    ("road", "M7 3 4 21M17 3l3 18M12 4v3M12 11v3M12 18v3"),
    ("sign", "M12 3l9 15H3zM12 9v4M12 15.5h.01M12 18v4"),
    ("tree", "M12 21v-7M12 3c4 0 6 3 6 5 2 1 2 6-2 6H8c-4 0-4-5-2-6 0-2 2-5 6-5"),
];

/// The path of a drawing; of an unknown one that of "something else".
pub(crate) fn path(name: &str) -> &'static str {
    let found = ICONS.iter().find(|(icon, _)| *icon == name).or(ICONS.get(2));
    found.map_or("", |(_, path)| path)
}

pub(crate) fn icon(name: &str) -> Markup {
    html! {
        svg.icon viewBox="0 0 24 24" width="28" height="28" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round"
            stroke-linejoin="round" aria-hidden="true" { path d=(path(name)) {} }
    }
}
