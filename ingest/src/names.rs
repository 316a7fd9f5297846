//! Columns from whatever a file calls its fields.

use std::collections::HashSet;

use kernel::Column;

/// Longest name made; below the limit of [`Column`] to leave room for a number.
const LONGEST: usize = 40;

/// Columns that PostgreSQL gives every table, which no other may be called; XMIN and XMAX are common in map data.
const OF_POSTGRESQL: [&str; 6] = ["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"];

/// A column for each field: lower case, ASCII, without accents, each another; the names of the columns that every layer
/// or every table has are given a `source_` before them.
pub(crate) fn columns<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<Column> {
    let mut taken: HashSet<String> = HashSet::new();
    names
        .into_iter()
        .enumerate()
        .map(|(index, name)| {
            let plain = plain(name, index);
            let unique = (1..).map(|n| if n == 1 { plain.clone() } else { format!("{plain}_{n}") }).find(|c| !taken.contains(c));
            let unique = unique.unwrap_or_else(|| format!("field_{index}"));
            taken.insert(unique.clone());
            Column::new(unique).unwrap_or_else(|_| unreachable!("made of the alphabet of names"))
        })
        .collect()
}

/// Whether every layer, or every table, has a column of this name.
pub(crate) fn is_taken(name: &str) -> bool {
    Column::SYSTEM.contains(&name) || OF_POSTGRESQL.contains(&name)
}

fn plain(name: &str, index: usize) -> String {
    let mut out = String::new();
    let mut previous_lower = false;
    for c in name.chars() {
        // `CodiceVia` reads better as `codice_via`
        if c.is_uppercase() && previous_lower {
            out.push('_');
        }
        previous_lower = c.is_lowercase();
        match fold(c) {
            Some(folded) => out.push_str(folded),
            None if c.is_ascii_alphanumeric() => out.push(c.to_ascii_lowercase()),
            None => out.push('_'),
        }
        if out.len() > 4 * LONGEST {
            break;
        }
    }
    let words: Vec<&str> = out.split('_').filter(|w| !w.is_empty()).collect();
    let mut out = words.join("_");
    out.truncate(LONGEST);
    let out = out.trim_end_matches('_');
    if out.is_empty() {
        return format!("field_{}", index + 1);
    }
    if is_taken(out) {
        return format!("source_{out}");
    }
    if out.starts_with(|c: char| c.is_ascii_digit()) { format!("n_{out}") } else { out.to_owned() }
}

/// Latin letters with marks, without them; `None` for anything else.
pub(crate) fn fold(c: char) -> Option<&'static str> {
    Some(match c {
        'à'..='å' | 'À'..='Å' | 'ā' | 'Ā' | 'ă' | 'Ă' | 'ą' | 'Ą' | 'ª' => "a",
        'æ' | 'Æ' => "ae",
        'ç' | 'Ç' | 'ć' | 'Ć' | 'č' | 'Č' => "c",
        'è'..='ë' | 'È'..='Ë' | 'ē' | 'Ē' | 'ę' | 'Ę' | 'ě' | 'Ě' => "e",
        'ì'..='ï' | 'Ì'..='Ï' | 'ī' | 'Ī' => "i",
        'ñ' | 'Ñ' | 'ń' | 'Ń' => "n",
        'ò'..='ö' | 'Ò'..='Ö' | 'ø' | 'Ø' | 'ō' | 'Ō' | 'º' | '°' => "o",
        'œ' | 'Œ' => "oe",
        'ß' => "ss",
        'š' | 'Š' | 'ś' | 'Ś' => "s",
        'ù'..='ü' | 'Ù'..='Ü' | 'ū' | 'Ū' => "u",
        'ý' | 'ÿ' | 'Ý' => "y",
        'ž' | 'Ž' | 'ź' | 'Ź' | 'ż' | 'Ż' => "z",
        '²' => "2",
        '³' => "3",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::columns;

    fn names(names: &[&str]) -> Vec<String> {
        columns(names.iter().copied()).into_iter().map(String::from).collect()
    }

    #[test]
    fn names_of_files_become_columns() {
        assert_eq!(names(&["CodiceVia", "DUG", "Città di nascita", "N° civico"]), ["codice_via", "dug", "citta_di_nascita", "no_civico"]);
        assert_eq!(names(&["a \"b\"; drop table x", "2023", "", "日本"]), ["a_b_drop_table_x", "n_2023", "field_3", "field_4"]);
    }

    #[test]
    fn names_of_every_layer_s_columns_are_kept_free() {
        assert_eq!(
            names(&["id", "FID", "Comune", "geom", "version"]),
            ["source_id", "source_fid", "source_comune", "source_geom", "source_version"]
        );
    }

    #[test]
    fn names_of_every_table_s_columns_are_kept_free() {
        assert_eq!(
            names(&["XMIN", "YMIN", "xmax", "cmin", "CMAX", "ctid", "TableOID", "source_xmin"]),
            ["source_xmin", "ymin", "source_xmax", "source_cmin", "source_cmax", "source_ctid", "table_oid", "source_xmin_2"]
        );
        assert_eq!(names(&["tableoid"]), ["source_tableoid"]);
    }

    #[test]
    fn the_same_name_twice_is_two_columns() {
        assert_eq!(names(&["nome", "NOME", "Nome ", "nome_2"]), ["nome", "nome_2", "nome_3", "nome_2_2"]);
        let long = "x".repeat(300);
        assert_eq!(names(&[&long, &long])[1].len(), 42);
    }
}
