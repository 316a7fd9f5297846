//! Parts of a reference with words before them, in any order.

use super::words::{Label, label, undotted};
use super::{MAX_NUMBER, Named, single, without_zeros};

/// What stands between a run of letters or digits and the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gap {
    None,
    Some,
    Slash,
}

#[derive(Clone, Copy, Debug)]
struct Run<'a> {
    text: &'a str,
    digits: bool,
    gap: Gap,
}

impl Run<'_> {
    /// What it says of the run after it; a number says nothing.
    fn label(&self) -> Option<Label> {
        if self.digits { None } else { label(self.text) }
    }
}

/// Reads a text in lower case, all of it; the parcel or the sheet that it names within a comune.
pub(super) fn read(text: &str) -> Option<Named> {
    let text = undotted(text);
    let runs = runs(&text)?;
    let (mut named, mut foglio, mut at) = (Named::default(), None, 0);
    while let Some(run) = runs.get(at) {
        let next = runs.get(at + 1);
        at += match run.label() {
            Some(Label::Section) if named.section.is_none() => {
                named.section = Some(single(next?.text)?);
                2
            }
            Some(Label::Sheet) if foglio.is_none() => {
                foglio = Some(number_of(next?)?);
                2 + marks(&runs[at + 2..], &mut named)
            }
            Some(Label::Attachment) if named.attachment.is_none() => {
                named.attachment = Some(single(next?.text)?);
                2
            }
            Some(Label::Development) if named.development.is_none() => {
                named.development = Some(single(next?.text)?);
                2
            }
            Some(Label::Parcel) if named.number.is_none() => 1 + particella(&runs[at + 1..], &mut named)?,
            Some(Label::Unit) if named.number.is_some() && next?.digits => {
                named.ended = true;
                2
            }
            // the word may be left out where it is clear
            None if run.digits
                && foglio.is_none()
                && (named.section.is_some() || next.is_some_and(|n| n.digits && n.gap == Gap::Slash)) =>
            {
                foglio = Some(number_of(run)?);
                1 + marks(&runs[at + 1..], &mut named)
            }
            None if run.digits && foglio.is_some() && named.number.is_none() => particella(&runs[at..], &mut named)?,
            _ => return None,
        };
    }
    named.foglio = foglio?;
    // `f 12` alone may be the beginning of anything
    (named.number.is_some() || runs.first()?.text != "f").then_some(named)
}

/// Runs of letters and of digits. `None` where there is a character that no reference has.
fn runs(text: &str) -> Option<Vec<Run<'_>>> {
    let mut runs: Vec<Run<'_>> = Vec::new();
    let (mut rest, mut gap) = (text, Gap::None);
    while let Some(first) = rest.chars().next() {
        let is_letter = |c: char| c.is_ascii_alphabetic();
        let is_digit = |c: char| c.is_ascii_digit();
        let end = match first {
            c if is_digit(c) => rest.find(|c| !is_digit(c)),
            c if is_letter(c) => rest.find(|c| !is_letter(c)),
            ' ' | '.' | ',' | ':' | ';' | '-' | '°' | 'º' | '/' => {
                gap = if first == '/' || gap == Gap::Slash { Gap::Slash } else { Gap::Some };
                rest = &rest[first.len_utf8()..];
                continue;
            }
            _ => return None,
        };
        let (run, after) = rest.split_at(end.unwrap_or(rest.len()));
        runs.push(Run { text: run, digits: is_digit(first), gap });
        (rest, gap) = (after, Gap::None);
    }
    // `12/345/`
    (gap != Gap::Slash).then_some(runs)
}

/// The number of a foglio, 1 to 9999.
fn number_of(run: &Run<'_>) -> Option<u16> {
    if run.digits { run.text.parse().ok().filter(|n| (1..=9999).contains(n)) } else { None }
}

/// The letters of allegato and sviluppo right behind the number of a foglio; how many runs they are. In `fg 12p345` the letter is a word.
fn marks(runs: &[Run<'_>], named: &mut Named) -> usize {
    let Some(run) = runs.first().filter(|run| !run.digits && run.gap == Gap::None && run.text.len() <= 2) else { return 0 };
    let is_word = run.label().is_some() && runs.get(1).is_some_and(|next| next.digits && next.gap != Gap::Slash);
    if is_word || named.attachment.is_some() {
        return 0;
    }
    let mut letters = run.text.chars();
    (named.attachment, named.development) = (letters.next(), letters.next());
    1
}

/// The number of a particella, of runs that stand together: `345`, `10a`, `strada001`, or one letter; how many runs it is.
fn particella(runs: &[Run<'_>], named: &mut Named) -> Option<usize> {
    let first = runs.first()?;
    let mut number = first.text.to_owned();
    let mut taken = 1;
    for pair in runs.windows(2) {
        let (run, after) = (&pair[1], runs.get(taken + 1));
        let ends = run.label() == Some(Label::Unit) && after.is_some_and(|after| after.digits);
        if run.gap != Gap::None || ends {
            break;
        }
        number.push_str(run.text);
        taken += 1;
    }
    let is_number = number.bytes().any(|b| b.is_ascii_digit()) || number.len() == 1;
    let number = without_zeros(&number).filter(|number| is_number && number.len() <= MAX_NUMBER)?;
    named.number = Some(number.parse().ok()?);
    Some(taken)
}
