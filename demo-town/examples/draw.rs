//! Draws the town as SVG, to judge its looks without a server:
//! `cargo run -p demo-town --release --example draw -- town > town.svg`, or a window of it with `east north width` in metres
//! from the lower left corner, and a width in pixels.

use demo_town::{DEFAULT_SEED, LandCoverKind, ParcelKind, PlaceKind, Point, Polygon, Size, StreetKind, Town, WaterKind};
use std::fmt::Write;

struct View {
    west: f64,
    south: f64,
    width: f64,
    height: f64,
    pixels: f64,
}

impl View {
    fn path(&self, ring: &[Point]) -> Option<String> {
        let inside = |p: &Point| {
            p[0] > self.west - 50.0
                && p[0] < self.west + self.width + 50.0
                && p[1] > self.south - 50.0
                && p[1] < self.south + self.height + 50.0
        };
        let large = ring.len() > 400;
        if !large && !ring.iter().any(inside) {
            let low = ring.iter().fold([f64::MAX; 2], |m, p| [m[0].min(p[0]), m[1].min(p[1])]);
            let high = ring.iter().fold([f64::MIN; 2], |m, p| [m[0].max(p[0]), m[1].max(p[1])]);
            if high[0] < self.west || low[0] > self.west + self.width || high[1] < self.south || low[1] > self.south + self.height {
                return None;
            }
        }
        let mut out = String::new();
        for (i, p) in ring.iter().enumerate() {
            let [x, y] = self.pixel(*p);
            let _ = write!(out, "{}{x:.1} {y:.1}", if i == 0 { 'M' } else { 'L' });
        }
        Some(out)
    }

    fn pixel(&self, p: Point) -> Point {
        let k = self.pixels / self.width;
        [(p[0] - self.west) * k, (self.south + self.height - p[1]) * k]
    }

    fn polygon(&self, polygon: &Polygon, style: &str) {
        let parts: Vec<String> = polygon.iter().filter_map(|r| self.path(r)).collect();
        if !parts.is_empty() {
            println!("<path d='{}Z' fill-rule='evenodd' {style}/>", parts.join("Z"));
        }
    }

    fn line(&self, line: &[Point], style: &str) {
        if let Some(d) = self.path(line) {
            println!("<path d='{d}' fill='none' stroke-linecap='round' stroke-linejoin='round' {style}/>");
        }
    }
}

fn main() {
    let mut args = std::env::args().skip(1);
    let size: Size = args.next().and_then(|a| a.parse().ok()).unwrap_or(Size::Town);
    let numbers: Vec<f64> = args.filter_map(|a| a.parse().ok()).collect();
    let town = Town::generate(size, DEFAULT_SEED);
    let land = town.boundaries.iter().flat_map(|b| &b.geometry).flatten().flatten();
    let (low, high) =
        land.fold(([f64::MAX; 2], [f64::MIN; 2]), |(l, h), p| ([l[0].min(p[0]), l[1].min(p[1])], [h[0].max(p[0]), h[1].max(p[1])]));
    let pixels = numbers.get(3).copied().unwrap_or(1400.0);
    let view = match numbers.as_slice() {
        [east, north, width, ..] => View { west: low[0] + east, south: low[1] + north, width: *width, height: width * 0.75, pixels },
        _ => {
            View { west: low[0] - 300.0, south: low[1] - 100.0, width: high[0] - low[0] + 400.0, height: high[1] - low[1] + 200.0, pixels }
        }
    };
    let k = view.pixels / view.width;
    println!(
        "<svg xmlns='http://www.w3.org/2000/svg' width='{}' height='{}' style='background:#f6f4ef'>",
        view.pixels,
        view.pixels * view.height / view.width
    );
    for cover in &town.land_cover {
        let fill = match cover.kind {
            LandCoverKind::BuiltUp => "#eeeae2",
            LandCoverKind::Park => "#dcebcb",
            LandCoverKind::Wood => "#d0dfba",
            LandCoverKind::Sand => "#f3ead2",
            LandCoverKind::Farmland => "#f4f2e4",
            LandCoverKind::Scrub => "#e8ead5",
        };
        view.polygon(&cover.geometry, &format!("fill='{fill}' stroke='{fill}' stroke-width='0.5'"));
    }
    for water in &town.water {
        let fill = if water.kind == WaterKind::Sea { "#cfe1ea" } else { "#dbe7ea" };
        view.polygon(&water.geometry, &format!("fill='{fill}'"));
    }
    for coast in &town.coastlines {
        view.line(&coast.geometry, "stroke='#8fb0c2' stroke-width='1'");
    }
    if k > 0.12 {
        for parcel in town.parcels.iter().filter(|p| p.kind == ParcelKind::Land) {
            view.polygon(&parcel.geometry, &format!("fill='none' stroke='#8c7f72' stroke-width='{:.2}'", (k * 0.35).min(0.7)));
        }
    }
    for casing in [true, false] {
        for rank in
            [StreetKind::Track, StreetKind::Pedestrian, StreetKind::Local, StreetKind::Secondary, StreetKind::Main, StreetKind::Motorway]
        {
            for street in town.streets.iter().filter(|s| s.kind == rank) {
                let (fill, edge) = match rank {
                    StreetKind::Motorway => ("#f2c08a", "#c98f4f"),
                    StreetKind::Main => ("#fbe9c0", "#d9bd7c"),
                    _ => ("#ffffff", "#d5cec3"),
                };
                let floor = match rank {
                    StreetKind::Motorway | StreetKind::Main => 2.2,
                    StreetKind::Secondary => 1.4,
                    StreetKind::Local => 0.8,
                    _ => 0.3,
                };
                let width = ((street.width_m - 1.0) * k).max(floor);
                let (colour, width) = if casing { (edge, width + 0.9) } else { (fill, width) };
                view.line(&street.geometry, &format!("stroke='{colour}' stroke-width='{width:.2}'"));
            }
        }
    }
    for rail in &town.railways {
        view.line(&rail.geometry, "stroke='#8a8a8a' stroke-width='1.6'");
    }
    for building in &town.buildings {
        view.polygon(&building.geometry, "fill='#ddd5c9' stroke='#b6aa9a' stroke-width='0.4'");
    }
    if k > 0.25 {
        for tree in &town.trees {
            let [x, y] = view.pixel(tree.geometry);
            println!("<circle cx='{x:.1}' cy='{y:.1}' r='{:.1}' fill='#9cbf7a' opacity='0.6'/>", tree.crown_m / 2.0 * k);
        }
    }
    for sheet in town.sheets.iter().filter(|_| k < 0.6) {
        view.polygon(&sheet.geometry, "fill='none' stroke='#6a5acd' stroke-width='0.5' opacity='0.5'");
    }
    for boundary in &town.boundaries {
        boundary.geometry.iter().for_each(|p| view.polygon(p, "fill='none' stroke='#a0528a' stroke-width='1.4' stroke-dasharray='6 3'"));
    }
    if k > 1.2 {
        for number in &town.house_numbers {
            let [x, y] = view.pixel(number.geometry);
            println!("<text x='{x:.1}' y='{y:.1}' font-size='8' fill='#857b70' text-anchor='middle'>{}</text>", number.number);
        }
    }
    for point in town.points_of_interest.iter().filter(|_| k > 0.15) {
        let [x, y] = view.pixel(point.geometry);
        println!("<circle cx='{x:.1}' cy='{y:.1}' r='3' fill='#a0528a'/>");
        if k > 0.5 {
            println!("<text x='{x:.1}' y='{:.1}' font-size='10' fill='#7a3068' text-anchor='middle'>{}</text>", y - 5.0, point.name);
        }
    }
    for place in &town.place_names {
        let [x, y] = view.pixel(place.geometry);
        let (size, colour) = match place.kind {
            PlaceKind::Town => (22, "#2f2a26"),
            PlaceKind::District => (14, "#4f4a46"),
            PlaceKind::Sea | PlaceKind::River => (13, "#4a7a95"),
            PlaceKind::Locality | PlaceKind::Peak => (10, "#6f6a56"),
        };
        println!("<text x='{x:.1}' y='{y:.1}' font-size='{size}' fill='{colour}' text-anchor='middle'>{}</text>", place.name);
    }
    println!("</svg>");
}
