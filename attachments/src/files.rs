//! The files of a row on its own page.

use chrono::SecondsFormat;
use kernel::layer::FieldType;
use kernel::{Language, Layer, Principal};
use maud::{Markup, html};
use operations::{Request, hidden, links, say, value};
use serde_json::json;
use sqlx::PgConnection;

use crate::records::Access;
use crate::store::{self, File};

/// The files of a row for one reader: the oldest first, none where they are not for them.
#[derive(Debug)]
pub struct Files {
    path: String,
    access: Option<Access>,
    files: Vec<File>,
    private: bool,
}

impl Files {
    /// Of the row of this public id.
    pub async fn of(conn: &mut PgConnection, layer: &Layer, who: &Principal, id: &str) -> Result<Self, sqlx::Error> {
        let access = Access::of(conn, layer, who, id).await?;
        let files = if access.is_some() { store::list(conn, &layer.id, id).await? } else { Vec::new() };
        let path = format!("/attachments/{}/{}", layer.id, links::encode(id));
        Ok(Self { path, access, files, private: layer.private_files })
    }

    /// The path of their list, if they are for this reader.
    pub fn path(&self) -> Option<&str> {
        self.access.is_some().then_some(&self.path)
    }

    /// Name and path of each picture.
    pub fn pictures(&self) -> impl Iterator<Item = (&str, String)> {
        self.files.iter().filter(|file| file.width.is_some()).map(|file| (&*file.name, path(file)))
    }

    /// The section of a page: what there is, and for who may edit the row a form for one more. Nothing where there is neither.
    pub fn section(&self, request: &Request) -> Markup {
        let l = request.language;
        let Some(access) = self.access.as_ref().filter(|access| access.edit || !self.files.is_empty()) else { return html! {} };
        html! {
            section id="files" aria-labelledby="files-title" {
                h2 id="files-title" { (say(l, "Documenti e fotografie", "Documents and photographs")) }
                @if self.private { p { (say(l, "Li vede solo il personale del comune.", "Only the staff of the comune see them.")) } }
                @if self.files.is_empty() { p { (say(l, "Nessuno.", "None.")) } } @else { (self.table(request)) }
                @if access.edit { (self.form(request)) }
            }
        }
    }

    fn table(&self, request: &Request) -> Markup {
        let (l, is_staff) = (request.language, request.who.is_staff());
        let title = say(l, "Documenti e fotografie", "Documents and photographs");
        html! {
            div.scroll tabindex="0" role="region" aria-label=(title) {
                table {
                    thead { tr {
                        th scope="col" { (say(l, "Nome", "Name")) } th scope="col" { (say(l, "Tipo", "Kind")) }
                        th.number scope="col" { (say(l, "Dimensione", "Size")) } th scope="col" { (say(l, "Aggiunto", "Added")) }
                        @if is_staff { th scope="col" { (say(l, "Da", "By")) } }
                    } }
                    tbody { @for file in &self.files { tr {
                        th scope="row" { a href=(request.relative(&path(file))) { (file.name) } }
                        td { (kind(file, l)) }
                        td.number { (size(file.bytes, l)) }
                        td { (value::readable(FieldType::DateTime, None, &json!(file.created_at.to_rfc3339_opts(SecondsFormat::Secs, true)), l)) }
                        @if is_staff { td { (file.created_by_name.as_deref().unwrap_or("–")) } }
                    } } }
                }
            }
        }
    }

    fn form(&self, request: &Request) -> Markup {
        let l = request.language;
        html! {
            form.card method="post" action=(request.relative(&self.path)) enctype="multipart/form-data" {
                (hidden(None))
                p.field {
                    label for="file" { (say(l, "Aggiungi un file", "Add a file")) }
                    input id="file" name="file" type="file" required accept="image/jpeg,image/png,image/webp,application/pdf" aria-describedby="file-hint";
                    small id="file-hint" { (say(l, "PDF, JPEG, PNG o WebP, al più 20 MiB. Delle fotografie si tengono solo i pixel.", "PDF, JPEG, PNG or WebP, 20 MiB at most. Of photographs only the pixels are kept.")) }
                }
                p.actions { button type="submit" { (say(l, "Aggiungi", "Add")) } }
            }
        }
    }
}

fn path(file: &File) -> String {
    format!("/attachments/{}", file.id)
}

/// What it is, with the sides of a picture in pixels.
fn kind(file: &File, l: Language) -> String {
    let name = match &*file.media_type {
        "application/pdf" => "PDF",
        "image/png" => "PNG",
        _ => "JPEG",
    };
    match file.width.zip(file.height) {
        Some((width, height)) => format!("{} {name}, {width} × {height}", say(l, "immagine", "picture")),
        None => name.to_owned(),
    }
}

/// Bytes as people read them: `820 B`, `12 kB`, `1,2 MB`.
fn size(bytes: i64, l: Language) -> String {
    match bytes {
        ..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", (bytes + 500) / 1_000),
        _ => format!("{:.1} MB", bytes as f64 / 1e6).replace('.', say(l, ",", ".")),
    }
}

#[cfg(test)]
mod tests {
    use super::size;
    use kernel::Language::{En, It};

    #[test]
    fn sizes_are_for_people() {
        assert_eq!([size(999, It), size(1_499, It), size(1_250_000, It), size(20_971_520, En)], ["999 B", "1 kB", "1,2 MB", "21.0 MB"]);
    }
}
