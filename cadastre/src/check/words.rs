//! The report in words.

use std::collections::HashMap;
use std::fmt::Write;
use std::mem::{Discriminant, discriminant};

use kernel::Language;

use super::{AreaFigures, CensusFigures, Content, FileReport, GmlFigures, MapFigures, Report, SystemFit};
use crate::remark::{Issue, Remark};
use crate::sheet_map::{Area, MapFormat};

/// Remarks of a file that the text has; JSON has more.
const SHOWN: usize = 20;
/// Systems that the text has beside those that fit.
const UNFIT: usize = 4;

/// Those that are shown, in their order: of each kind the first before the second of any, so that what is said once is not behind what is said a
/// thousand times.
fn foremost(remarks: &[Remark]) -> Vec<&Remark> {
    let mut seen: HashMap<Discriminant<Issue>, usize> = HashMap::new();
    let mut ranked: Vec<(usize, usize)> = Vec::with_capacity(remarks.len());
    for (index, remark) in remarks.iter().enumerate() {
        let before = seen.entry(discriminant(&remark.issue)).or_default();
        ranked.push((*before, index));
        *before += 1;
    }
    ranked.sort_unstable();
    let mut shown: Vec<usize> = ranked.into_iter().take(SHOWN).map(|(_, index)| index).collect();
    shown.sort_unstable();
    shown.into_iter().filter_map(|index| remarks.get(index)).collect()
}

pub(super) fn write(report: &Report, language: Language) -> String {
    let mut out = Out { text: String::new(), language };
    for file in &report.files {
        out.file(file);
    }
    if report.other_files > 0 {
        let (names, more) = (report.others.join(", "), if report.other_files > report.others.len() as u64 { ", …" } else { "" });
        let count = report.other_files;
        out.line(
            &format!("Non del catasto, non letti: {count} ({names}{more})"),
            &format!("Not of the cadastre, not read: {count} ({names}{more})"),
        );
    }
    if report.files.is_empty() {
        out.line("Nessun file catastale.", "No cadastral file.");
    } else {
        let (files, remarks) = (report.files.len(), report.remarks);
        let en = if files == 1 { "file" } else { "files" };
        match remarks {
            0 => out.line(&format!("{files} file, niente da osservare."), &format!("{files} {en}, nothing to remark.")),
            1 => out.line(&format!("{files} file, 1 osservazione."), &format!("{files} {en}, 1 remark.")),
            _ => out.line(&format!("{files} file, {remarks} osservazioni."), &format!("{files} {en}, {remarks} remarks.")),
        }
    }
    out.text.truncate(out.text.trim_end().len());
    out.text
}

struct Out {
    text: String,
    language: Language,
}

impl Out {
    fn line(&mut self, it: &str, en: &str) {
        // writing into a String does not fail
        let _ = writeln!(self.text, "{}", if self.language == Language::It { it } else { en });
    }

    fn both(&mut self, text: &str) {
        self.line(text, text);
    }

    fn file(&mut self, report: &FileReport) {
        let kind = match &report.content {
            Content::Map(map) if map.format == MapFormat::Drawing => ["mappa (DXF)", "map (DXF)"],
            Content::Map(_) => ["mappa (CXF)", "map (CXF)"],
            Content::Areas(_) => ["superfici (SUP)", "areas (SUP)"],
            Content::Gml(_) => ["cartografia dell'Agenzia delle Entrate (GML)", "maps of the Agenzia delle Entrate (GML)"],
            Content::Census(_) => ["censuario", "census"],
            Content::Archive => ["archivio", "archive"],
            Content::Unreadable => ["illeggibile", "unreadable"],
        };
        let file = &report.file;
        self.line(&format!("{file}: {}", kind[0]), &format!("{file}: {}", kind[1]));
        match &report.content {
            Content::Map(map) => self.map(map),
            Content::Areas(areas) => self.areas(areas),
            Content::Gml(gml) => self.gml(gml),
            Content::Census(census) => self.census(census),
            Content::Archive | Content::Unreadable => {}
        }
        for remark in foremost(&report.remarks) {
            let text = format!("  ! {}", remark.text(self.language));
            self.both(&text);
        }
        let more = report.remark_count.saturating_sub(report.remarks.len().min(SHOWN) as u64);
        if more > 0 {
            self.line(&format!("  ! altre osservazioni: {more}"), &format!("  ! more remarks: {more}"));
        }
    }

    fn map(&mut self, map: &MapFigures) {
        let MapFigures { name, heading, scale, counts: c, topology: t, .. } = map;
        if *scale > 0.0 {
            self.line(&format!("  {heading} {name}, scala 1:{scale}"), &format!("  {heading} {name}, scale 1:{scale}"));
        } else {
            self.line(&format!("  {heading} {name}, scala ignota"), &format!("  {heading} {name}, scale unknown"));
        }
        self.line(
            &format!(
                "  Particelle {} (con isole {}), fabbricati {}, strade {}, acque {}, confini {}, fogli {}; codici ripetuti {}",
                c.parcels, c.parcels_with_holes, c.buildings, c.streets, c.waters, c.borders, c.sheets, c.repeated_codes
            ),
            &format!(
                "  Parcels {} (with holes {}), buildings {}, roads {}, waters {}, borders {}, sheets {}; repeated codes {}",
                c.parcels, c.parcels_with_holes, c.buildings, c.streets, c.waters, c.borders, c.sheets, c.repeated_codes
            ),
        );
        self.line(
            &format!(
                "  Testi {}, simboli {}, fiduciali {}, linee {}, raster {}, libretti {}",
                c.texts, c.symbols, c.fiducials, c.lines, c.rasters, c.surveys
            ),
            &format!(
                "  Texts {}, symbols {}, fiducials {}, lines {}, scans {}, surveyed lines {}",
                c.texts, c.symbols, c.fiducials, c.lines, c.rasters, c.surveys
            ),
        );
        let total = t.parcels_m2 + t.streets_m2 + t.water_m2;
        self.line(
            &format!(
                "  Superfici, m²: particelle {} + strade {} + acque {} = {total}; confine {}; differenza {}; fabbricati {}",
                t.parcels_m2, t.streets_m2, t.water_m2, t.border_m2, t.balance_m2, t.buildings_m2
            ),
            &format!(
                "  Areas, m²: parcels {} + roads {} + water {} = {total}; border {}; difference {}; buildings {}",
                t.parcels_m2, t.streets_m2, t.water_m2, t.border_m2, t.balance_m2, t.buildings_m2
            ),
        );
        let measured = |area: Option<Area>| area.map_or_else(|| "?".to_owned(), |area| area.to_string());
        let (overlap, gap, beyond) = (measured(t.overlap_m2), measured(t.gap_m2), measured(t.beyond_m2));
        self.line(
            &format!("  Tassellazione, m²: sovrapposti {overlap}, vuoti {gap}, oltre il confine {beyond}"),
            &format!("  Tessellation, m²: overlapping {overlap}, gaps {gap}, beyond the border {beyond}"),
        );
        self.line(
            &format!(
                "  Fabbricati nella loro particella: {}; che ne escono: {}; senza particella: {}",
                t.buildings_inside, t.buildings_outside, t.buildings_without_parcel
            ),
            &format!(
                "  Buildings in their parcel: {}; reaching out of it: {}; without a parcel: {}",
                t.buildings_inside, t.buildings_outside, t.buildings_without_parcel
            ),
        );
        self.line(
            &format!(
                "  Punti dentro la particella: {} calcolati qui; del file {} punti interni e {} posizioni, di {}",
                map.label_points, t.inner_points_inside, t.positions_inside, c.parcels
            ),
            &format!(
                "  Points inside their parcel: {} computed here; of the file {} inner points and {} positions, of {}",
                map.label_points, t.inner_points_inside, t.positions_inside, c.parcels
            ),
        );
        match &map.systems {
            None => self.line(
                "  Sistema di riferimento: il file non lo dichiara; con --boundary e il confine del suo comune si dice quale può essere",
                "  Coordinate system: the file states none; with --boundary and the boundary of its comune it is said which it may be",
            ),
            Some(systems) => self.systems(systems),
        }
    }

    fn systems(&mut self, systems: &[SystemFit]) {
        if !systems.iter().any(|system| system.fits) {
            self.line(
                "  Sistema di riferimento: in nessuno di quelli noti cade nel suo comune (forse in origine Cassini-Soldner)",
                "  Coordinate system: in none of those known does it lie in its comune (perhaps its original Cassini-Soldner)",
            );
        }
        let (fit, unfit): (Vec<_>, Vec<_>) = systems.iter().partition(|system| system.fits);
        for system in fit.into_iter().chain(unfit.into_iter().take(UNFIT)) {
            let also: Vec<String> = system.also.iter().map(ToString::to_string).collect();
            let (also_it, also_en) = if also.is_empty() {
                (String::new(), String::new())
            } else {
                (format!(", o {}", also.join(", ")), format!(", or {}", also.join(", ")))
            };
            let (swapped_it, swapped_en) = if system.swapped { (", assi scambiati", ", axes swapped") } else { ("", "") };
            let (crs, title, share) = (system.crs, &system.title, (system.share_inside * 100.0).round());
            let away = if system.distance_m < 1000.0 {
                format!("{:.0} m", system.distance_m)
            } else {
                format!("{:.0} km", system.distance_m / 1000.0)
            };
            let (verdict_it, verdict_en) = if system.fits { ("offerto", "offered") } else { ("rifiutato", "refused") };
            let (far_it, far_en) = if system.distance_m > 0.0 {
                (format!(", il mezzo a {away}"), format!(", its middle {away} away"))
            } else {
                (String::new(), String::new())
            };
            self.line(
                &format!("  Sistema di riferimento: {crs} ({title}{also_it}){swapped_it}: {share} % nel comune{far_it}: {verdict_it}"),
                &format!("  Coordinate system: {crs} ({title}{also_en}){swapped_en}: {share} % inside the comune{far_en}: {verdict_en}"),
            );
        }
    }

    fn areas(&mut self, areas: &AreaFigures) {
        let AreaFigures { map, parcels, total_m2, border_m2, balance_m2, compared, .. } = areas;
        let day = areas.day.map_or_else(|| "?".to_owned(), |day| day.to_string());
        self.line(
            &format!("  {map}, al {day}: particelle {parcels}, TOTALE {total_m2}, CONFINE {border_m2}, SBILANCIO {balance_m2} m²"),
            &format!("  {map}, of {day}: parcels {parcels}, TOTALE {total_m2}, CONFINE {border_m2}, SBILANCIO {balance_m2} m²"),
        );
        if *compared {
            self.line("  Confrontate con la mappa", "  Compared with the map");
        }
    }

    fn gml(&mut self, gml: &GmlFigures) {
        let GmlFigures { parcels, sheets, polygons, holes, positions, .. } = gml;
        self.line(
            &format!("  Particelle {parcels}, fogli {sheets}; poligoni {polygons}, isole {holes}, posizioni {positions}"),
            &format!("  Parcels {parcels}, sheets {sheets}; polygons {polygons}, holes {holes}, positions {positions}"),
        );
        let comuni: Vec<String> = gml.comuni.iter().map(|(comune, count)| format!("{comune} {count}")).collect();
        let first = gml.first.as_ref().map(ToString::to_string).unwrap_or_default();
        self.line(
            &format!("  Comuni: {}; primo riferimento {first}", comuni.join(", ")),
            &format!("  Comuni: {}; first reference {first}", comuni.join(", ")),
        );
        if let (Some(crs), Some([west, south, east, north])) = (gml.crs, gml.extent) {
            let digits = if east.abs() <= 180.0 { 4 } else { 0 };
            self.line(
                &format!("  {crs}: da {west:.digits$} a {east:.digits$} est, da {south:.digits$} a {north:.digits$} nord"),
                &format!("  {crs}: from {west:.digits$} to {east:.digits$} east, from {south:.digits$} to {north:.digits$} north"),
            );
        }
    }

    fn census(&mut self, census: &CensusFigures) {
        let types: Vec<String> = census.types.iter().map(|(kind, count)| format!("{kind}: {count}")).collect();
        let (of, records, types, comune) = (census.of, census.records, types.join(", "), census.comune.as_deref().unwrap_or("?"));
        let different = census.different;
        self.line(
            &format!("  {of} di {comune}: record {records} ({types}); diversi {different}"),
            &format!("  {of} of {comune}: records {records} ({types}); different {different}"),
        );
        if let Some([whole, less, more]) = census.shares {
            self.line(
                &format!("  Quote dei diritti: {whole} fanno 1, {less} meno, {more} di più"),
                &format!("  Shares of rights: {whole} make 1, {less} less, {more} more"),
            );
        }
    }
}
