//! The colours of the map, by what they are for. A dark map is the same drawing with other colours.

use serde_json::Value;

/// Which colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Theme {
    /// For paper, offices and daylight.
    Light,
    /// For the evening and control rooms.
    Dark,
    /// For those who need strong contrasts: text and lines at 7:1 at least against what is beneath.
    Contrast,
}

/// Whether the palette has a colour of this name.
pub(super) fn is_known(token: &str) -> bool {
    Theme::Light.known(token).is_some()
}

impl Theme {
    pub(super) const ALL: [Self; 3] = [Self::Light, Self::Dark, Self::Contrast];

    /// Its name in addresses.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
            Self::Contrast => "contrast",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.name() == text)
    }

    /// The colour of a token. One that nobody knows (a layer published by a newer program may name one) is drawn in a
    /// colour that can be seen.
    pub(super) fn colour(self, token: &str) -> &'static str {
        self.known(token).unwrap_or_else(|| {
            tracing::warn!(token, "a style names a colour that the palette does not have");
            self.known("data").unwrap_or("#808080")
        })
    }

    fn known(self, token: &str) -> Option<&'static str> {
        let at = TOKENS.binary_search_by_key(&token, |(name, ..)| name).ok()?;
        let (_, light, dark, contrast) = TOKENS[at];
        Some(match self {
            Self::Light => light,
            Self::Dark => dark,
            Self::Contrast => contrast,
        })
    }

    /// Replaces the tokens (`"$water"`) in a style's value, however deep, by colours.
    pub(super) fn paint(self, value: &mut Value) {
        match value {
            Value::String(text) => {
                if let Some(token) = text.strip_prefix('$') {
                    *value = self.colour(token).into();
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.paint(item)),
            Value::Object(members) => members.values_mut().for_each(|item| self.paint(item)),
            _ => {}
        }
    }
}

/// Token, and its colour in the light, the dark and the high-contrast palette. Sorted by name.
const TOKENS: &[(&str, &str, &str, &str)] = &[
    ("accent", "#0066cc", "#5ea8f2", "#0033a0"),
    ("alert_green", "#3f8f4f", "#5fb872", "#00591b"),
    ("alert_orange", "#e07b1a", "#f2a04d", "#8a3d00"),
    ("alert_red", "#c2272d", "#f0707a", "#8f0010"),
    ("alert_yellow", "#e0b400", "#f0d34d", "#6b5500"),
    ("annex", "#e5dfd5", "#2a2f34", "#e4e4e4"),
    ("bathing1", "#2b7fc0", "#4f9fdc", "#00408a"),
    ("bathing2", "#5aa9a0", "#6cc4ba", "#005a52"),
    ("bathing3", "#d9a441", "#e0b863", "#6b4a00"),
    ("bathing4", "#b5473c", "#e58a80", "#7a0a00"),
    ("boundary", "#a0528a", "#c07aae", "#7a0060"),
    ("building", "#ddd5c9", "#2f343a", "#d6d6d6"),
    ("building_line", "#b6aa9a", "#474e55", "#3a3a3a"),
    ("built_up", "#eeeae2", "#22262a", "#f4f4f4"),
    ("built_up_far", "#e4ded3", "#2c3136", "#e2e2e2"),
    ("burnt", "#b03a3a", "#d97a6c", "#7a0a1a"),
    ("burnt_line", "#7d1f1f", "#e59a8f", "#4d0010"),
    ("burnt_text", "#7d1f1f", "#eab0a6", "#4d0010"),
    ("category1", "#0350ae", "#4374d9", "#151e75"),
    ("category2", "#ffb300", "#f99b20", "#bc8500"),
    ("category3", "#06924b", "#35ef9f", "#199548"),
    ("category4", "#8c3300", "#e86443", "#720000"),
    ("category5", "#b365a7", "#feb3d3", "#8b1060"),
    ("category6", "#67baff", "#a8b9ff", "#2c57d7"),
    ("category7", "#948900", "#f2ea7a", "#205f37"),
    ("category_other", "#505050", "#7f858b", "#838383"),
    ("church", "#cdb9a8", "#504840", "#9c9c9c"),
    ("coast", "#8fb0c2", "#3f6074", "#00335c"),
    ("commercial", "#dccfc8", "#383438", "#d6d6d6"),
    ("data", "#0066cc", "#5ea8f2", "#0033a0"),
    ("data1", "#0066cc", "#5ea8f2", "#0033a0"),
    ("data2", "#c2571a", "#e8925c", "#8a2b00"),
    ("data3", "#2e8540", "#6cc47f", "#00591b"),
    ("data4", "#8a3d8f", "#c98bcd", "#5c0063"),
    ("data5", "#a8861a", "#dcc067", "#5c4700"),
    ("data6", "#c2334d", "#ef8597", "#8f0020"),
    ("farmland", "#f2f1e6", "#1f2523", "#fbfbf2"),
    ("flood1", "#a6cdec", "#24486b", "#b9dcf2"),
    ("flood2", "#5b9fd6", "#2f6ea8", "#5a96cc"),
    ("flood3", "#1f5fa3", "#5e9fe0", "#00408a"),
    ("flood_line", "#1f5fa3", "#6aa9e6", "#00306b"),
    ("flood_text", "#174a80", "#a3cdf5", "#002a5c"),
    ("halo_built", "#f3f0ea", "#272b30", "#ffffff"),
    ("halo_land", "#f6f4ef", "#1d2124", "#ffffff"),
    ("halo_main", "#fdf3da", "#3a3528", "#ffffff"),
    ("halo_street", "#ffffff", "#41484f", "#ffffff"),
    ("house_number", "#857b70", "#a8a39b", "#333333"),
    ("industrial", "#d5d2cf", "#33373b", "#c8c8c8"),
    ("land", "#f6f4ef", "#1d2124", "#ffffff"),
    ("main", "#fae3b0", "#7d6c40", "#ffd95a"),
    ("main_casing", "#d2b46f", "#15140f", "#3d2f00"),
    ("motorway", "#f6cf8e", "#8f7335", "#ffc21a"),
    ("motorway_casing", "#c79a4d", "#14120c", "#2b1f00"),
    ("noise1", "#7fbf6a", "#5f9a50", "#4d9a33"),
    ("noise2", "#b9d36b", "#8ea34a", "#8aa82e"),
    ("noise3", "#f0d860", "#b8a23c", "#c7a800"),
    ("noise4", "#ee9f4a", "#c27f35", "#c26a00"),
    ("noise5", "#d95f5f", "#b85656", "#a82222"),
    ("noise6", "#8d5aa8", "#9a73b8", "#5c2480"),
    ("noise_line", "#6d645a", "#a8a299", "#1a1a1a"),
    ("parcel_line", "#8c7f72", "#7f7970", "#1a1a1a"),
    ("parcel_number", "#5d5249", "#b9b1a5", "#000000"),
    ("park", "#dfead2", "#22322a", "#d5efc4"),
    ("pavement", "#ffffff", "#454c54", "#ffffff"),
    ("poi_culture", "#9a6b4a", "#c79a76", "#6b2f00"),
    ("poi_culture_text", "#74502f", "#d3ad8d", "#4d2200"),
    ("poi_hospitality", "#b0704f", "#d69a7c", "#8a2b00"),
    ("poi_hospitality_text", "#8a5437", "#dcab92", "#661f00"),
    ("poi_leisure", "#4f8f6b", "#7fbd99", "#00592b"),
    ("poi_leisure_text", "#3a6f52", "#94c9aa", "#00451f"),
    ("poi_ring", "#ffffff", "#1d2124", "#ffffff"),
    ("poi_service", "#4a6f9c", "#83a6cf", "#00398a"),
    ("poi_service_text", "#3c5a80", "#98b6d9", "#002b66"),
    ("public", "#d2c3b4", "#4a4640", "#b5b5b5"),
    ("public_line", "#9c8b78", "#6d675f", "#000000"),
    ("rail", "#9a9a9a", "#7d8288", "#1a1a1a"),
    ("rail_light", "#f4f2ee", "#23272b", "#ffffff"),
    ("river", "#d4e4ea", "#182833", "#b9dcf2"),
    ("sand", "#f3ead2", "#35322a", "#fdf0c8"),
    ("school", "#d8cbb4", "#49463c", "#b5b5b5"),
    ("scrub", "#e8ebd9", "#202823", "#eef3e0"),
    ("secondary", "#fffaee", "#5a6169", "#ffffff"),
    ("secondary_casing", "#cfc3ae", "#16191b", "#2e2e2e"),
    ("secondary_far", "#b5a78f", "#565c62", "#4a4a4a"),
    ("shallows", "#bad4e1", "#1c303d", "#8fc3e6"),
    ("sheet_line", "#6f6a96", "#7a75a6", "#3a2a80"),
    ("sheet_number", "#7d78a3", "#8f8ab8", "#3a2a80"),
    ("slide0", "#efe3cf", "#4a4234", "#efe3cf"),
    ("slide1", "#e0c79a", "#5c4a2c", "#dcbf88"),
    ("slide2", "#c79a5b", "#7d5f33", "#b8843f"),
    ("slide3", "#9c6a34", "#a87c46", "#8a5416"),
    ("slide4", "#6b3f1d", "#d0a06a", "#5c2d00"),
    ("slide_line", "#6b3f1d", "#d0a06a", "#3d1e00"),
    ("slide_text", "#5a3416", "#e0bc93", "#3d1e00"),
    ("step1", "#9ecae1", "#2f5a80", "#6b9fd1"),
    ("step2", "#6baed6", "#3f76a8", "#4a80bd"),
    ("step3", "#4292c6", "#5a93c9", "#2f62a3"),
    ("step4", "#2171b5", "#7fb2e0", "#174885"),
    ("step5", "#08519c", "#a9cff0", "#052f66"),
    ("step6", "#08306b", "#d8ebfb", "#001638"),
    ("street", "#ffffff", "#4b535b", "#ffffff"),
    ("street_casing", "#d5cec3", "#191c1f", "#5c5c5c"),
    ("street_far", "#d6cec1", "#383e44", "#7a7a7a"),
    ("text", "#2f2a26", "#eeebe5", "#000000"),
    ("text_district", "#6a5f55", "#b5aea4", "#1a1a1a"),
    ("text_minor", "#857b70", "#b3ada5", "#262626"),
    ("text_muted", "#6d645a", "#a8a299", "#262626"),
    ("text_peak", "#7a5c3e", "#b59a7c", "#3d2400"),
    ("text_street", "#544b43", "#dcd7cf", "#000000"),
    ("text_water", "#4f7f99", "#6f9db6", "#003a66"),
    ("track", "#cbbfa9", "#3f4346", "#6b5a38"),
    ("track_casing", "#e2d9c8", "#2b2f32", "#9b8a68"),
    ("tree", "#a9c790", "#3f6b4c", "#79b85a"),
    ("tree_line", "#7a9c62", "#5f8f6b", "#1f5c0a"),
    ("waste_glass", "#2e8540", "#6cc47f", "#00591b"),
    ("waste_organic", "#8a5a2b", "#c79a6b", "#5c2d00"),
    ("waste_other", "#5d5d5d", "#a8a8a8", "#262626"),
    ("waste_paper", "#1f5fa3", "#6aa9e6", "#00306b"),
    ("waste_plastic", "#c79a00", "#e6c34d", "#5c4700"),
    ("water", "#cfe1ea", "#14222c", "#b9dcf2"),
    ("wood", "#d3e0c4", "#1f2d26", "#cfe6bd"),
];

#[cfg(test)]
mod tests;
