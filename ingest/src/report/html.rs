//! The report as a page: what a dozen lines of text say, with tables, places on the map, and the plan.

use kernel::Language;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::words::{self, decimal, number};
use super::{CrsSource, IdSource, Report};
use crate::rules::{Example, Picture, Severity};

impl Report {
    /// What stands on the page below its title. `map` is the portal's address, to which a place is added.
    pub fn html(&self, language: Language, map: Option<&str>) -> Markup {
        let say = |it: &'static str, en: &'static str| if language == Language::It { it } else { en };
        html! {
            p.lead { (words::headline(self, language)) }
            (summary(self, language))
            h2 { (say("Che cosa si è trovato", "What was found")) }
            @if self.findings.is_empty() && self.kept_out.is_empty() {
                p { (say("Nulla di cui le regole chiedano.", "Nothing that the rules ask for.")) }
            }
            @if !self.findings.is_empty() { (findings(self, language, map)) }
            @if !self.kept_out.is_empty() { (kept_out(self, language, map)) }
            @if !self.unplaced.is_empty() { (unplaced(self, language)) }
            @if let Some(difference) = &self.difference {
                h2 { (say("Rispetto a prima", "Against what was there")) }
                pre { (words::of_difference(difference, language)) }
            }
            h2 { (say("Dove", "Where")) }
            (places(self, language))
            h2 { (say("Campi", "Fields")) }
            (fields(self, language))
            @if !self.notes.is_empty() {
                h2 { (say("Note", "Notes")) }
                ul { @for note in &self.notes { li { (note.text().get(language)) } } }
            }
        }
    }

    /// A page that stands alone, with this style sheet and what belongs below the report.
    pub fn page(&self, language: Language, style: &str, below: &Markup) -> String {
        let title = format!("{} ({})", self.title.get(language), self.layer);
        let page = html! {
            (DOCTYPE)
            html lang=(language.tag()) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    title { (title) }
                    link rel="icon" href="data:,";
                    style { (PreEscaped(style)) }
                }
                body { main { h1 { (title) } (self.html(language, None)) (below) } }
            }
        };
        page.into_string()
    }
}

fn summary(r: &Report, language: Language) -> Markup {
    let it = language == Language::It;
    let say = |it_text: &'static str, en: &'static str| if it { it_text } else { en };
    let out: u64 = r.kept_out.iter().map(|k| k.rows).sum();
    html! {
        dl {
            dt { (say("File", "Files")) } dd { (r.files.join(", ")) }
            dt { (say("Righe lette", "Rows read")) } dd { (number(r.rows_read, it)) }
            dt { (say("Righe caricate", "Rows loaded")) } dd { (number(r.rows_loaded, it)) }
            @if out > 0 { dt { (say("Righe escluse", "Rows kept out")) } dd { (number(out, it)) } }
            @if r.mended.rows > 0 { dt { (say("Geometrie riparate", "Geometries mended")) } dd { (number(r.mended.rows, it)) } }
            dt { (say("Geometria", "Geometry")) } dd { (r.geometry) }
            dt { (say("Identificativo pubblico", "Public id")) }
            dd {
                @match &r.id {
                    IdSource::Column(name) => { (say("dalla colonna ", "from the column ")) (name) }
                    IdSource::Sequence => { (say("il numero d'ordine della riga", "the row's number in order")) }
                }
            }
            dt { (say("Tempo", "Time")) } dd { (decimal(r.duration_s, it)) " s" }
        }
    }
}

fn findings(r: &Report, language: Language, map: Option<&str>) -> Markup {
    let it = language == Language::It;
    let say = |it_text: &'static str, en: &'static str| if it { it_text } else { en };
    html! {
        div.scroll tabindex="0" role="region" aria-label=(say("Regole", "Rules")) {
            table {
                thead { tr {
                    th { (say("Fatto", "Done")) } th.number { (say("Righe", "Rows")) } th { (say("Quali", "Which")) }
                    th { (say("Per esempio", "For example")) } th { (say("Che cosa fare", "What to do")) }
                } }
                tbody {
                    @for finding in &r.findings {
                        tr {
                            td { span.state.(mark(finding.done)) { (finding.done.words().get(language)) } }
                            td.number { (number(finding.rows, it)) }
                            td { (finding.rule.words().get(language)) }
                            td.prose { (examples(&finding.examples, &finding.pictures, language, map)) }
                            td.prose { (finding.rule.cure().get(language)) }
                        }
                    }
                }
            }
        }
    }
}

/// Examples, one below the other, each with its picture if it has one.
fn examples(examples: &[Example], pictures: &[Picture], language: Language, map: Option<&str>) -> Markup {
    let row = if language == Language::It { "riga" } else { "row" };
    html! {
        @for example in examples {
            div {
                (place(example, row, map))
                @if let Some(picture) = pictures.iter().find(|picture| picture.row == example.row) { (drawn(picture, language)) }
            }
        }
    }
}

/// Room round a picture, for what stands on its border.
const MARGIN: f64 = 8.0;

/// What was there in outline, with a ring where it is wrong; what became of it filled.
fn drawn(picture: &Picture, language: Language) -> Markup {
    let Picture { width, height, before, after, fault, .. } = picture;
    let (wide, high) = (width + 2.0 * MARGIN, height + 2.0 * MARGIN);
    let seen = format!("{} {} {wide:.0} {high:.0}", -MARGIN, -height - MARGIN);
    let alt = match language {
        Language::It => "Prima della riparazione in contorno, con il punto sbagliato; dopo, a colore pieno",
        Language::En => "Before it was mended in outline, with what is wrong ringed; afterwards filled",
    };
    html! {
        svg.mended viewBox=(seen) width=(format!("{wide:.0}")) height=(format!("{high:.0}")) role="img" aria-label=(alt) {
            path.after d=(after) {}
            path.before d=(before) {}
            @if let Some([x, y]) = fault { circle.fault cx=(format!("{x:.1}")) cy=(format!("{:.1}", -y)) r="6" {} }
        }
    }
}

/// The class of a state's mark, which the style sheet knows.
fn mark(severity: Severity) -> &'static str {
    match severity {
        Severity::Off => "ended",
        Severity::Keep => "open",
        Severity::Mend => "good",
        Severity::KeepOut => "waiting",
        Severity::Stop => "bad",
    }
}

fn place(example: &Example, row: &str, map: Option<&str>) -> Markup {
    let what = example.what.as_deref().map(|what| format!(" – {what}")).unwrap_or_default();
    html! {
        @match (example.at, map) {
            (Some([lon, lat]), Some(map)) => { a href=(format!("{map}#map=19/{lat}/{lon}")) { (row) " " (example.row) } (what) }
            (Some([lon, lat]), None) => { (row) " " (example.row) (what) " (" (lat) ", " (lon) ")" }
            (None, _) => { (row) " " (example.row) (what) }
        }
    }
}

fn kept_out(r: &Report, language: Language, map: Option<&str>) -> Markup {
    let it = language == Language::It;
    let say = |it_text: &'static str, en: &'static str| if it { it_text } else { en };
    html! {
        h3 { (say("Righe escluse", "Rows kept out")) }
        div.scroll tabindex="0" role="region" aria-label=(say("Righe escluse", "Rows kept out")) {
            table {
                thead { tr {
                    th.number { (say("Righe", "Rows")) } th { (say("Quali", "Which")) } th { (say("Per esempio", "For example")) }
                    th { (say("Che cosa fare", "What to do")) }
                } }
                tbody {
                    @for kept in &r.kept_out {
                        tr {
                            td.number { (number(kept.rows, it)) }
                            td { (kept.reason.words().get(language)) }
                            td.prose {
                                @if kept.found.is_empty() { (say("riga ", "row ")) (kept.examples.join(", ")) }
                                (examples(&kept.found, &kept.pictures, language, map))
                            }
                            td.prose { (kept.reason.cure(crate::Told::Plan).get(language)) }
                        }
                    }
                }
            }
        }
    }
}

fn unplaced(r: &Report, language: Language) -> Markup {
    let say = |it: &'static str, en: &'static str| if language == Language::It { it } else { en };
    let title = say("Righe che il registro non sa dove mettere", "Rows that the register does not know where to put");
    html! {
        h3 { (title) }
        div.scroll tabindex="0" role="region" aria-label=(title) {
            table {
                thead { tr { th { (say("Riga", "Row")) } th { (say("Dice", "Says")) } th { (say("Perché no", "Why not")) } } }
                tbody {
                    @for row in &r.unplaced {
                        tr { th { (row.row) } td { (row.what) } td.prose { (row.reason.words().get(language)) } }
                    }
                }
            }
        }
    }
}

fn places(r: &Report, language: Language) -> Markup {
    let it = language == Language::It;
    let say = |it_text: &'static str, en: &'static str| if it { it_text } else { en };
    html! {
        dl {
            @for crs in &r.crs {
                dt { (say("Coordinate", "Coordinates")) @if r.crs.len() > 1 { " (" (crs.file) ")" } }
                dd { (crs.crs) " " (crs.title) ", " (words::decided(&crs.decided, language))
                    @if !matches!(crs.decided, CrsSource::Register(_)) {
                        "; " (crs.operation.get(language)) "; " (say("precisione", "accuracy")) " " (decimal(crs.accuracy_m, it)) " m"
                    }
                }
            }
            @if let Some(b) = r.extent.bbox {
                dt { (say("Estensione", "Extent")) }
                dd { (format!("{:.0}, {:.0} – {:.0}, {:.0} ({})", b.west(), b.south(), b.east(), b.north(), r.extent.crs)) }
            }
            @if let Some(inside) = r.extent.inside { dt { (say("Righe nel confine", "Rows inside the boundary")) } dd { (number(inside, it)) } }
            @if r.extent.outside > 0 {
                dt { (say("Fuori, date al comune più vicino", "Outside, given to the nearest comune")) }
                dd { (number(r.extent.outside, it)) ", " (say("fino a ", "up to ")) (number(r.extent.farthest_m.ceil() as u64, it)) " m" }
            }
            @for (comune, rows) in &r.comuni { dt { (say("Comune", "Comune")) " " (comune) } dd { (number(*rows, it)) } }
        }
    }
}

fn fields(r: &Report, language: Language) -> Markup {
    let it = language == Language::It;
    let say = |it_text: &'static str, en: &'static str| if it { it_text } else { en };
    html! {
        div.scroll tabindex="0" role="region" aria-label=(say("Campi", "Fields")) {
            table {
                thead { tr { th { (say("Campo", "Field")) } th { (say("Nel file", "In the file")) } th { (say("Tipo", "Type")) } } }
                tbody { @for field in &r.fields { tr { th { (field.name) } td { (field.source) } td { (words::kind(field.kind, it)) } } } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use kernel::Language;
    use maud::html;
    use serde_json::json;

    use super::Report;

    fn report() -> Report {
        let value = json!({
            "layer": "alberi", "title": {"it": "Alberi <b>", "en": "Trees <b>"}, "mode": "create", "files": ["a.csv (CSV)"], "rows_read": 1200,
            "rows_loaded": 1199, "kept_out": [{"reason": "by_rule", "rows": 1, "examples": ["7"]}], "mended": {"rows": 0, "examples": []},
            "geometry": "Point", "crs": [], "extent": {"bbox": null, "crs": 7792, "inside": 1199, "outside": 0, "farthest_m": 0.0},
            "fields": [{"name": "nome", "source": "<script>", "type": "text"}], "id": "sequence", "comuni": [["080901", 1199]],
            "findings": [
                {"rule": "invalid-geometry", "done": "mend", "rows": 1, "examples": [{"row": "9", "what": "Self-intersection[1 2]", "at": [15.6, 38.1]}],
                 "pictures": [{"row": "9", "width": 160.0, "height": 80.0, "before": "M 0 0 L 160 -80 Z", "after": "M 0 0 L 80 -40 Z\"><script>", "fault": [80.0, 40.0]}]},
                {"rule": "lost-accents", "done": "keep-out", "rows": 1, "examples": [{"row": "7", "what": "nome: cittÃ <img>", "at": [15.6, 38.1]}]}
            ],
            "notes": [{"it": "nota <i>", "en": "note <i>"}], "duration_s": 0.5, "rows_per_s": 2400.0
        });
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_page_has_what_the_report_has_and_what_files_say_is_text() {
        let page = report().html(Language::It, Some("/portal/")).into_string();
        for words in [
            "1.200",
            "hanno perso gli accenti",
            "cittÃ &lt;img&gt;",
            "href=\"/portal/#map=19/38.1/15.6\"",
            "&lt;script&gt;",
            "080901",
            "nota &lt;i&gt;",
            "<svg class=\"mended\" viewBox=\"-8 -88 176 96\"",
            "<path class=\"before\" d=\"M 0 0 L 160 -80 Z\"",
            "cx=\"80.0\" cy=\"-40.0\"",
        ] {
            assert!(page.contains(words), "`{words}` is not in {page}");
        }
        for bad in ["<script>", "<img>", "<i>", "<b>"] {
            assert!(!page.contains(bad), "{bad}");
        }
        let alone = report().page(Language::En, "body > p { color: red }", &html! { p { "below" } });
        assert!(
            alone.contains("Trees &lt;b&gt; (alberi)")
                && alone.contains("body > p")
                && alone.contains("(38.1, 15.6)")
                && alone.contains("below")
        );
    }

    #[test]
    fn a_report_reads_as_it_was_written() {
        let report = report();
        let again: Report = serde_json::from_value(serde_json::to_value(&report).unwrap()).unwrap();
        assert_eq!(again, report);
    }
}
