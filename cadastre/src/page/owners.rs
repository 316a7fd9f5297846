//! Who has a right to a parcel's properties: personal data, for who said what they are read for.

use chrono::NaiveDate;
use kernel::Vault;
use sqlx::{FromRow, PgConnection};

use super::census::{Census, Property};
use crate::census::{Share, plus};
use crate::holdings::FISCAL_CODE;

/// Somebody's right to a property. Nothing prints it but the answer to who asked.
#[derive(FromRow)]
pub(super) struct Title {
    section: String,
    nature: String,
    property: i64,
    /// The code of the right.
    pub(super) holds: String,
    /// The right in words, where it has no code.
    pub(super) holds_words: Option<String>,
    pub(super) numerator: Option<i64>,
    pub(super) denominator: Option<i64>,
    pub(super) regime: Option<String>,
    pub(super) since: Option<NaiveDate>,
    pub(super) since_act: Option<String>,
    /// `P` a person, `G` a firm or an office; none for a title without its subject.
    pub(super) kind: Option<String>,
    name: Option<String>,
    given_name: Option<String>,
    pub(super) born_on: Option<NaiveDate>,
    pub(super) born_in: Option<String>,
    pub(super) seat: Option<String>,
    code_sealed: Option<Vec<u8>>,
    /// Opened; none if there is none, or the installation has another key.
    #[sqlx(skip)]
    pub(super) code: Option<String>,
}

/// A property with who has a right to it.
pub(super) struct Owned {
    /// Its place in [`Census::all`].
    pub(super) at: usize,
    pub(super) titles: Vec<Title>,
}

/// What the shares of one right in a property make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) holds: String,
    /// `None` where a share is not told, or they grew beyond what can be summed.
    pub(super) share: Option<(u128, u128)>,
}

impl Title {
    /// Surname and first names, or the firm's name.
    pub(super) fn who(&self) -> String {
        [self.name.as_deref(), self.given_name.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    fn share(&self) -> Option<Share> {
        let [numerator, denominator] = [self.numerator?, self.denominator?].map(u64::try_from);
        Some(Share { numerator: numerator.ok()?, denominator: denominator.ok().filter(|below| *below > 0)? })
    }

    fn is_of(&self, property: &Property) -> bool {
        (&self.section, &self.nature, self.property) == (&property.section, &property.nature, property.property)
    }
}

impl Owned {
    /// The sum of each right, in the order of the titles.
    pub(super) fn sums(&self) -> Vec<Sum> {
        let mut sums: Vec<Sum> = Vec::new();
        for title in &self.titles {
            let at = sums.iter().position(|sum| sum.holds == title.holds);
            let before = at.map_or(Some((0, 1)), |at| sums[at].share);
            let share = before.zip(title.share()).and_then(|(before, share)| plus(before, share));
            match at {
                Some(at) => sums[at].share = share,
                None => sums.push(Sum { holds: title.holds.clone(), share }),
            }
        }
        sums
    }
}

/// The titles that hold on a day in these properties, in their order.
pub(super) async fn read(
    conn: &mut PgConnection,
    vault: &Vault,
    comune: &str,
    census: &Census,
    day: NaiveDate,
) -> Result<Vec<Owned>, sqlx::Error> {
    let (mut sections, mut natures, mut numbers) = (Vec::new(), Vec::new(), Vec::new());
    for property in census.all() {
        sections.push(property.section.clone());
        natures.push(property.nature.clone());
        numbers.push(property.property);
    }
    let titles: Result<Vec<Title>, _> = sqlx::query_as(
        "select t.section, t.nature, t.property, t.holds, t.holds_words, t.numerator, t.denominator, t.regime, t.since, t.since_act,
                s.kind, s.name, s.given_name, s.born_on, s.born_in, s.seat, s.code_sealed
           from unnest($2::text[], $3::text[], $4::bigint[]) with ordinality p(section, nature, property, place)
           join cadastre.titles t on t.comune = $1 and t.section = p.section and t.nature = p.nature and t.property = p.property
           left join cadastre.subjects s on s.comune = t.comune and s.section = t.section and s.subject = t.subject and s.kind = t.subject_kind
          where (t.since is null or t.since <= $5) and (t.until is null or t.until > $5)
          order by p.place, t.holds, s.name, s.given_name, t.subject, t.title, t.ordinal",
    )
    .bind(comune)
    .bind(sections)
    .bind(natures)
    .bind(numbers)
    .bind(day)
    .fetch_all(conn)
    .await;
    let mut titles = titles?.into_iter().map(|title| Title { code: opened(vault, title.code_sealed.as_deref()), ..title }).peekable();
    let mut all = Vec::new();
    for (at, property) in census.all().enumerate() {
        let mut held = Vec::new();
        while let Some(title) = titles.next_if(|title| title.is_of(property)) {
            held.push(title);
        }
        all.push(Owned { at, titles: held });
    }
    Ok(all)
}

fn opened(vault: &Vault, sealed: Option<&[u8]>) -> Option<String> {
    let opened = vault.open(FISCAL_CODE, sealed?)?;
    String::from_utf8(opened.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::{Owned, Sum, Title};

    fn title(holds: &str, share: Option<(i64, i64)>) -> Title {
        Title {
            section: "_".into(),
            nature: "F".into(),
            property: 1,
            holds: holds.into(),
            holds_words: None,
            numerator: share.map(|s| s.0),
            denominator: share.map(|s| s.1),
            regime: None,
            since: None,
            since_act: None,
            kind: None,
            name: None,
            given_name: None,
            born_on: None,
            born_in: None,
            seat: None,
            code_sealed: None,
            code: None,
        }
    }

    #[test]
    fn shares_are_summed_right_by_right() {
        let titles = vec![
            title("10", Some((1, 3))),
            title("10", Some((1, 3))),
            title("10", Some((1, 3))),
            title("80", Some((1, 2))),
            title("20", None),
        ];
        let sum = |holds: &str, share| Sum { holds: holds.into(), share };
        let expected = [sum("10", Some((1, 1))), sum("80", Some((1, 2))), sum("20", None)];
        assert_eq!(Owned { at: 0, titles }.sums(), expected);
        assert_eq!(Owned { at: 0, titles: vec![title("10", Some((3, 4))), title("10", Some((1, 2)))] }.sums(), [sum("10", Some((5, 4)))]);
        assert_eq!(Owned { at: 0, titles: vec![title("10", Some((-1, 2)))] }.sums(), [sum("10", None)]);
    }
}
