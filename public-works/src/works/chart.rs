//! Charts as inline SVG: phases planned against phases as they went, and money. Each has a table beside it that says the same in words.

use chrono::{Datelike, NaiveDate};
use kernel::Language;
use maud::{Markup, html};
use operations::say;

use super::record::{Phase, Record};
use crate::codes;
use crate::shown::{day, money};

/// The width of a chart, in its own units; the page scales it.
const WIDTH: f64 = 720.0;
/// Where bars begin: what stands to the left of them is their name.
const LEFT: f64 = 150.0;
/// The height of a row.
const ROW: f64 = 44.0;

/// The phases on a line of time: above as planned, below as they went; a phase that goes on ends today. None without days.
pub(crate) fn phases(phases: &[Phase], today: NaiveDate, l: Language) -> Option<Markup> {
    let days = |p: &Phase| [p.planned_from, p.planned_to, p.actual_from, p.actual_to];
    let all: Vec<NaiveDate> = phases.iter().flat_map(days).flatten().chain(phases.iter().any(goes_on).then_some(today)).collect();
    let (first, last) = (*all.iter().min()?, *all.iter().max()?);
    let span = (last - first).num_days().max(1) as f64;
    let x = |day: NaiveDate| LEFT + (day - first).num_days() as f64 / span * (WIDTH - LEFT - 10.0);
    let height = ROW * phases.len() as f64 + 24.0;
    Some(html! {
        svg.chart viewBox=(format!("0 0 {WIDTH} {height}")) role="img" aria-label=(say(l, "Fasi previste ed effettive", "Phases as planned and as they went")) {
            @for (at, year) in years(first, last, x) {
                line.line x1=(at) x2=(at) y1="0" y2=(height - 18.0) {}
                text x=(at + 3.0) y=(height - 6.0) { (year) }
            }
            @for (k, phase) in phases.iter().enumerate() {
                @let y = ROW * k as f64;
                text x="0" y=(y + 24.0) { (codes::phase(&phase.phase, l)) }
                (bar("planned", y + 6.0, phase.planned_from, phase.planned_to, &x, &format!("{}: {}", say(l, "previsto", "planned"), span_of(phase.planned_from, phase.planned_to, l))))
                @let until = if goes_on(phase) { Some(today) } else { phase.actual_to };
                (bar("actual", y + 22.0, phase.actual_from, until, &x, &format!("{}: {}", say(l, "effettivo", "as it went"), span_of(phase.actual_from, phase.actual_to, l))))
            }
            @if (first..=last).contains(&today) {
                line.today x1=(x(today)) x2=(x(today)) y1="0" y2=(height - 18.0) { title { (say(l, "oggi", "today")) } }
            }
        }
    })
}

fn goes_on(phase: &Phase) -> bool {
    phase.actual_from.is_some() && phase.actual_to.is_none()
}

/// From and to, in words.
pub(crate) fn span_of(from: Option<NaiveDate>, to: Option<NaiveDate>, l: Language) -> String {
    match (from, to) {
        (None, None) => "–".to_owned(),
        _ => format!("{} – {}", day(from, l), if to.is_some() { day(to, l) } else { "…".to_owned() }),
    }
}

/// A bar over its days; of a phase with one day alone, a mark.
fn bar(class: &str, y: f64, from: Option<NaiveDate>, to: Option<NaiveDate>, x: &impl Fn(NaiveDate) -> f64, title: &str) -> Markup {
    let Some((from, to)) = from.or(to).zip(to.or(from)) else { return html! {} };
    let width = (x(to) - x(from)).max(3.0);
    html! { rect class=(class) x=(x(from)) y=(y) width=(width) height="13" rx="2" { title { (title) } } }
}

/// The first of January of each year within, at most eight of them.
fn years(first: NaiveDate, last: NaiveDate, x: impl Fn(NaiveDate) -> f64) -> Vec<(f64, i32)> {
    let step = ((last.year() - first.year()) / 8 + 1).unsigned_abs() as usize;
    let all = (first.year() + 1..=last.year()).step_by(step);
    all.filter_map(|year| Some((x(NaiveDate::from_ymd_opt(year, 1, 1)?), year))).filter(|(at, _)| *at < WIDTH - 40.0).collect()
}

/// What the work costs, what is funded, what is spent. None without any.
pub(crate) fn funds(record: &Record, l: Language) -> Option<Markup> {
    let rows = [
        (say(l, "Importo", "Amount"), record.work.amount_eur.unwrap_or_default(), "planned"),
        (say(l, "Finanziato", "Funded"), record.funded(), "planned"),
        (say(l, "Speso (SAL)", "Spent (SAL)"), record.spent(), "actual"),
    ];
    let most = rows.iter().map(|(_, euros, _)| *euros).fold(0.0, f64::max);
    if most <= 0.0 {
        return None;
    }
    let width = |euros: f64| (euros / most * (WIDTH - LEFT - 150.0)).max(1.0);
    Some(html! {
        svg.chart viewBox=(format!("0 0 {WIDTH} {}", 30.0 * rows.len() as f64)) role="img" aria-label=(say(l, "Importo, finanziamenti e spesa", "Amount, funding and spending")) {
            @for (k, (name, euros, class)) in rows.iter().enumerate() {
                @let y = 30.0 * k as f64;
                text x="0" y=(y + 18.0) { (name) }
                rect class=(class) x=(LEFT) y=(y + 5.0) width=(width(*euros)) height="18" rx="2" {}
                text x=(LEFT + width(*euros) + 8.0) y=(y + 18.0) { (money(Some(*euros), l)) }
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::{Phase, phases};
    use chrono::NaiveDate;
    use kernel::Language::It;

    fn day(text: &str) -> Option<NaiveDate> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn bars_lie_where_their_days_do() {
        let all = [Phase {
            phase: "execution".to_owned(),
            planned_from: day("2026-01-01"),
            planned_to: day("2026-12-31"),
            actual_from: day("2026-07-02"),
            actual_to: None,
        }];
        let svg = phases(&all, "2026-12-31".parse().unwrap(), It).unwrap().into_string();
        assert!(svg.contains("class=\"planned\" x=\"150\" y=\"6\" width=\"560\""), "{svg}");
        // 182 of 364 days later, and on to today
        assert!(svg.contains("class=\"actual\" x=\"430\" y=\"22\" width=\"280\""), "{svg}");
        assert!(phases(&[], "2026-12-31".parse().unwrap(), It).is_none());
    }
}
