use kernel::{Action, Problem};
use operations::Answer;

use super::change::{Done, Work};
use crate::items::{item, query};
use crate::links::{encode, media};

/// The answer to one change: the feature as `GET` gives it, or nothing for one that was deleted.
pub(crate) fn of(work: &Work<'_>, done: &Done) -> Result<Answer, Problem> {
    let Some(row) = &done.row else {
        return Ok(Answer { status: 204, ..Answer::default() });
    };
    let (entry, request) = (&done.entry, work.request);
    let transformer = query::transformer(&request.params, &entry.layer, &work.app.settings)?;
    let mut headers = vec![
        ("content-type".to_owned(), media::GEOJSON.to_owned()),
        ("content-crs".to_owned(), format!("<{}>", transformer.to().srid().uri())),
        ("etag".to_owned(), work.etag(entry, row)),
    ];
    let href = work.app.context.public_url.link(&format!("/collections/{}/items/{}", entry.layer.id, encode(&row.id)));
    let created = done.action == Action::Create;
    if created {
        headers.push(("location".to_owned(), href));
    }
    let feature = item::write(&row.cells, &entry.layer, request, transformer)?;
    let links = item::item_links(work.app, &entry.layer, &row.id, request);
    let status = if created { 201 } else { 200 };
    Ok(Answer { status, headers, body: Some(item::with_links(feature, &links)), ..Answer::default() })
}
