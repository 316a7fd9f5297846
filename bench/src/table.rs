use crate::measure::{Sample, yardstick};

/// What was measured, a row a figure, and how long the yardstick took in between.
#[derive(Default)]
pub(crate) struct Table {
    rows: Vec<Row>,
    notes: Vec<String>,
    noise: Sample,
}

struct Row {
    figure: String,
    unit: &'static str,
    ours: Sample,
    peer: Option<Sample>,
    bar: Bar,
}

/// What a figure is judged by: the ratio where there is a peer, else the value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Bar {
    /// Ours to the peer's, or ours, at most so much; and better at most so much.
    Most(f64, Option<f64>),
    /// Ours to the peer's, or ours, at least so much; and better so much.
    Least(f64, Option<f64>),
    /// The peer's is at least so many times ours; and better so many.
    TimesLess(f64, f64),
    /// Nothing is asked: it stands beside the others.
    Told,
}

impl Table {
    pub(crate) fn figure(&mut self, figure: impl Into<String>, unit: &'static str, ours: Sample, peer: Option<Sample>, budget: f64) {
        self.judged(figure, unit, ours, peer, Bar::Most(budget, None));
    }

    /// Something of which there is to be at least as much as the budget.
    pub(crate) fn at_least(&mut self, figure: impl Into<String>, unit: &'static str, ours: Sample, budget: f64) {
        self.judged(figure, unit, ours, None, Bar::Least(budget, None));
    }

    /// Something with a floor and a goal.
    pub(crate) fn judged(&mut self, figure: impl Into<String>, unit: &'static str, ours: Sample, peer: Option<Sample>, bar: Bar) {
        let row = Row { figure: figure.into(), unit, ours, peer, bar };
        eprintln!("  {}", row.cells().join("  "));
        self.rows.push(row);
    }

    pub(crate) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// Takes the machine's noise; called before each measurement.
    pub(crate) fn breathe(&mut self) {
        self.noise.add(yardstick());
    }

    /// Prints all as a table in Markdown.
    pub(crate) fn print(&self, runs: u32) {
        println!("\nMedians of {runs} runs in turn unless said otherwise (lowest to highest):\n");
        let head = ["figure", "unit", "ours", "peer", "ratio", "floor", "goal", ""].map(str::to_owned);
        let rows: Vec<[String; 8]> = std::iter::once(head).chain(self.rows.iter().map(Row::cells)).collect();
        let width = |column: usize| rows.iter().map(|r| r[column].chars().count()).max().unwrap_or(0);
        for (number, row) in rows.iter().enumerate() {
            let cells = (0..row.len()).map(|c| format!(" {}{} ", row[c], " ".repeat(width(c) - row[c].chars().count())));
            println!("|{}|", cells.collect::<Vec<_>>().join("|"));
            if number == 0 {
                println!("|{}|", (0..row.len()).map(|c| "-".repeat(width(c) + 2)).collect::<Vec<_>>().join("|"));
            }
        }
        println!();
        for note in &self.notes {
            println!("{note}");
        }
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let load = load.split_whitespace().take(3).collect::<Vec<_>>().join(" ");
        let processors = std::thread::available_parallelism().map_or(0, usize::from);
        if self.noise.len() == 0 {
            return;
        }
        println!(
            "The machine: {processors} processors, load {load} at the end. Its noise: the same work of one processor took {} ms, \
             {:.0} % more at worst than at best ({} times).",
            range(&self.noise),
            (self.noise.max() / self.noise.min() - 1.0) * 100.0,
            self.noise.len()
        );
    }
}

impl Row {
    fn cells(&self) -> [String; 8] {
        let none = || "–".to_owned();
        let ratio = self.peer.as_ref().map(|peer| match self.bar {
            Bar::TimesLess(..) => peer.median() / self.ours.median(),
            _ => self.ours.median() / peer.median(),
        });
        let times = if ratio.is_some() { " ×" } else { "" };
        let [floor, goal] = match self.bar {
            Bar::Most(floor, goal) => [Some(floor), goal].map(|limit| limit.map(|l| format!("≤ {}{times}", number(l)))),
            Bar::Least(floor, goal) => [Some(floor), goal].map(|limit| limit.map(|l| format!("≥ {}{times}", number(l)))),
            Bar::TimesLess(floor, goal) => [floor, goal].map(|limit| Some(format!("{}{times}", number(limit)))),
            Bar::Told => [None, None],
        };
        [
            self.figure.clone(),
            self.unit.to_owned(),
            range(&self.ours),
            self.peer.as_ref().map_or_else(none, range),
            ratio.map_or_else(none, |r| format!("{} ×", number(r))),
            floor.unwrap_or_else(none),
            goal.unwrap_or_else(none),
            self.bar.verdict(ratio.unwrap_or_else(|| self.ours.median())).to_owned(),
        ]
    }
}

impl Bar {
    fn verdict(self, measured: f64) -> &'static str {
        let (floor, goal) = match self {
            Self::Most(floor, goal) => (measured <= floor, goal.map(|goal| measured <= goal)),
            Self::Least(floor, goal) => (measured >= floor, goal.map(|goal| measured >= goal)),
            Self::TimesLess(floor, goal) => (measured >= floor, Some(measured >= goal)),
            Self::Told => return "",
        };
        match (floor, goal) {
            (false, _) => "MISSED",
            (true, Some(true)) => "goal",
            (true, Some(false)) => "floor",
            (true, None) => "within",
        }
    }
}

fn range(sample: &Sample) -> String {
    match sample.len() {
        1 => number(sample.median()),
        _ => format!("{} ({}–{})", number(sample.median()), number(sample.min()), number(sample.max())),
    }
}

fn number(value: f64) -> String {
    if value >= 20.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

#[cfg(test)]
mod tests {
    use super::{Bar, Row};
    use crate::measure::Sample;

    fn of(value: f64) -> Sample {
        let mut sample = Sample::default();
        sample.add(value);
        sample
    }

    #[test]
    fn what_is_met() {
        let verdict = |ours: f64, peer: Option<f64>, bar| {
            let cells = Row { figure: String::new(), unit: "", ours: of(ours), peer: peer.map(of), bar }.cells();
            format!("{} {}", cells[4], cells[7])
        };
        assert_eq!(verdict(1.0, Some(50.0), Bar::TimesLess(45.0, 60.0)), "50 × floor");
        assert_eq!(verdict(1.0, Some(40.0), Bar::TimesLess(45.0, 60.0)), "40 × MISSED");
        assert_eq!(verdict(1.0, Some(2.0), Bar::Most(0.6, Some(0.5))), "0.50 × goal");
        assert_eq!(verdict(300.0, None, Bar::Least(200.0, None)), "– within");
        assert_eq!(verdict(1.2, Some(1.0), Bar::Most(1.3, Some(1.1))), "1.20 × floor");
        assert_eq!(verdict(f64::NAN, None, Bar::Most(1.0, None)), "– MISSED");
    }
}
