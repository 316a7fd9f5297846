//! The properties of style layers that are taken, with what each may be: those of the MapLibre style specification (version 8) that need no
//! pictures. Sorted by name.

use kernel::layer::StyleType;

use super::kind::Kind;

/// What a property may be.
pub(super) struct Property {
    pub(super) name: &'static str,
    pub(super) sort: Sort,
    /// Whether it may differ from feature to feature, not only with the zoom.
    pub(super) by_feature: bool,
    /// Whether it may change steadily.
    pub(super) steady: bool,
}

/// The sort of its values.
#[derive(Clone, Copy)]
pub(super) enum Sort {
    /// Between these, both included.
    Number(f64, f64),
    Colour,
    Yes,
    /// One of these words.
    Word(&'static [&'static str]),
    /// Some of these words.
    Words(&'static [&'static str]),
    /// So many numbers: from, to.
    Numbers(usize, usize, f64),
    /// A text that is written.
    Label,
    /// Names of fonts.
    Fonts,
}

impl Sort {
    pub(super) fn kind(self) -> Kind {
        match self {
            Self::Number(..) => Kind::Number,
            Self::Colour => Kind::Colour,
            Self::Yes => Kind::Boolean,
            Self::Word(_) => Kind::Text,
            Self::Label => Kind::Anything,
            Self::Words(_) | Self::Numbers(..) | Self::Fonts => Kind::List,
        }
    }
}

/// The fonts that the server has glyphs of.
pub(super) const FONTS: &[&str] = &["Titillium Web", "Titillium Web Italic", "Titillium Web SemiBold"];

const ANY: Sort = Sort::Number(f64::MIN, f64::MAX);
const ABOVE: Sort = Sort::Number(0.0, f64::MAX);
const SHARE: Sort = Sort::Number(0.0, 1.0);
const ANCHORS: &[&str] = &["center", "left", "right", "top", "bottom", "top-left", "top-right", "bottom-left", "bottom-right"];
const PLANE: Sort = Sort::Word(&["map", "viewport"]);

const fn zoom(name: &'static str, sort: Sort, steady: bool) -> Property {
    Property { name, sort, by_feature: false, steady }
}

const fn feature(name: &'static str, sort: Sort, steady: bool) -> Property {
    Property { name, sort, by_feature: true, steady }
}

const FILL: &[Property] = &[
    zoom("fill-antialias", Sort::Yes, false),
    feature("fill-color", Sort::Colour, true),
    feature("fill-opacity", SHARE, true),
    feature("fill-outline-color", Sort::Colour, true),
    zoom("fill-translate", Sort::Numbers(2, 2, f64::MIN), true),
    zoom("fill-translate-anchor", PLANE, false),
];

const LINE: &[Property] = &[
    feature("line-blur", ABOVE, true),
    feature("line-color", Sort::Colour, true),
    zoom("line-dasharray", Sort::Numbers(1, 16, 0.0), false),
    feature("line-gap-width", ABOVE, true),
    feature("line-offset", ANY, true),
    feature("line-opacity", SHARE, true),
    zoom("line-translate", Sort::Numbers(2, 2, f64::MIN), true),
    zoom("line-translate-anchor", PLANE, false),
    feature("line-width", ABOVE, true),
];

const CIRCLE: &[Property] = &[
    feature("circle-blur", ANY, true),
    feature("circle-color", Sort::Colour, true),
    feature("circle-opacity", SHARE, true),
    zoom("circle-pitch-alignment", PLANE, false),
    zoom("circle-pitch-scale", PLANE, false),
    feature("circle-radius", ABOVE, true),
    feature("circle-stroke-color", Sort::Colour, true),
    feature("circle-stroke-opacity", SHARE, true),
    feature("circle-stroke-width", ABOVE, true),
    zoom("circle-translate", Sort::Numbers(2, 2, f64::MIN), true),
    zoom("circle-translate-anchor", PLANE, false),
];

const SYMBOL: &[Property] = &[
    feature("text-color", Sort::Colour, true),
    feature("text-halo-blur", ABOVE, true),
    feature("text-halo-color", Sort::Colour, true),
    feature("text-halo-width", ABOVE, true),
    feature("text-opacity", SHARE, true),
    zoom("text-translate", Sort::Numbers(2, 2, f64::MIN), true),
    zoom("text-translate-anchor", PLANE, false),
];

const FILL_LAYOUT: &[Property] = &[feature("fill-sort-key", ANY, false)];

const LINE_LAYOUT: &[Property] = &[
    zoom("line-cap", Sort::Word(&["butt", "round", "square"]), false),
    feature("line-join", Sort::Word(&["bevel", "round", "miter"]), false),
    zoom("line-miter-limit", ANY, true),
    zoom("line-round-limit", ANY, true),
    feature("line-sort-key", ANY, false),
];

const CIRCLE_LAYOUT: &[Property] = &[feature("circle-sort-key", ANY, false)];

const SYMBOL_LAYOUT: &[Property] = &[
    zoom("symbol-avoid-edges", Sort::Yes, false),
    zoom("symbol-placement", Sort::Word(&["point", "line", "line-center"]), false),
    feature("symbol-sort-key", ANY, false),
    zoom("symbol-spacing", Sort::Number(1.0, f64::MAX), true),
    zoom("symbol-z-order", Sort::Word(&["auto", "viewport-y", "source"]), false),
    zoom("text-allow-overlap", Sort::Yes, false),
    feature("text-anchor", Sort::Word(ANCHORS), false),
    feature("text-field", Sort::Label, false),
    feature("text-font", Sort::Fonts, false),
    zoom("text-ignore-placement", Sort::Yes, false),
    feature("text-justify", Sort::Word(&["auto", "left", "center", "right"]), false),
    zoom("text-keep-upright", Sort::Yes, false),
    feature("text-letter-spacing", ANY, true),
    zoom("text-line-height", ANY, true),
    zoom("text-max-angle", ANY, true),
    feature("text-max-width", ABOVE, true),
    feature("text-offset", Sort::Numbers(2, 2, f64::MIN), true),
    zoom("text-optional", Sort::Yes, false),
    zoom("text-overlap", Sort::Word(&["never", "always", "cooperative"]), false),
    zoom("text-padding", ABOVE, true),
    zoom("text-pitch-alignment", Sort::Word(&["map", "viewport", "auto"]), false),
    feature("text-radial-offset", ANY, true),
    feature("text-rotate", ANY, true),
    zoom("text-rotation-alignment", Sort::Word(&["map", "viewport", "viewport-glyph", "auto"]), false),
    feature("text-size", ABOVE, true),
    feature("text-transform", Sort::Word(&["none", "uppercase", "lowercase"]), false),
    zoom("text-variable-anchor", Sort::Words(ANCHORS), false),
];

/// Those of a kind of layer: `paint` or `layout`.
pub(super) fn of(kind: StyleType, member: &str) -> &'static [Property] {
    match (kind, member) {
        (StyleType::Fill, "paint") => FILL,
        (StyleType::Line, "paint") => LINE,
        (StyleType::Circle, "paint") => CIRCLE,
        (StyleType::Symbol, "paint") => SYMBOL,
        (StyleType::Fill, _) => FILL_LAYOUT,
        (StyleType::Line, _) => LINE_LAYOUT,
        (StyleType::Circle, _) => CIRCLE_LAYOUT,
        (StyleType::Symbol, _) => SYMBOL_LAYOUT,
    }
}
