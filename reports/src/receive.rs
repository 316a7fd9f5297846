//! What a citizen sends: JSON, a form, or a form with photos in it.

use attachments::Kind;
use axum::body::Body;
use http::{HeaderMap, header};
use kernel::Problem;
use multer::{Constraints, Multipart, SizeLimit};
use operations::{Ask, Sent};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// The longest photo as it comes, in bytes.
pub(crate) const PHOTO_BYTES: usize = 10 * 1024 * 1024;
/// How many photos come with one request.
const PHOTOS: usize = 3;
/// What a form adds round the photos in it.
const FORM_BYTES: u64 = 64 * 1024;

/// What came.
pub(crate) struct Received {
    pub(crate) sent: Sent,
    pub(crate) photos: Vec<Photo>,
}

/// A photo as it came: nothing is known of it but how it begins.
pub(crate) struct Photo {
    pub(crate) name: String,
    pub(crate) content: Vec<u8>,
}

impl Photo {
    fn checked(name: String, content: Vec<u8>) -> Result<Self, Problem> {
        match Kind::of(&content) {
            Some(Kind::Jpeg | Kind::Png | Kind::WebP) => {
                Ok(Self { name: name.chars().filter(|c| !c.is_control()).take(120).collect(), content })
            }
            _ => Err(Problem::bad_request(
                "a photo is a JPEG, PNG or WebP picture; what counts is its content, not its name. Nothing was recorded",
            )),
        }
    }

    pub(crate) fn hash(&self) -> Vec<u8> {
        Sha256::digest(&self.content).to_vec()
    }
}

/// Reads the body; photos are looked at no further than to see that they are pictures.
pub(crate) async fn receive(ask: &mut Ask, headers: &HeaderMap, body: Body) -> Result<Received, Problem> {
    if ask.media_type != "multipart/form-data" {
        return Ok(Received { sent: ask.read(body).await?, photos: Vec::new() });
    }
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let boundary = multer::parse_boundary(kind).map_err(|_| Problem::bad_request("the form has no boundary"))?;
    let whole = (PHOTOS * PHOTO_BYTES) as u64 + FORM_BYTES;
    let limits = Constraints::new().size_limit(SizeLimit::new().whole_stream(whole).per_field(PHOTO_BYTES as u64));
    let mut form = Multipart::with_constraints(body.into_data_stream(), boundary, limits);
    let (mut fields, mut photos) = (Map::new(), Vec::new());
    while let Some(field) = form.next_field().await.map_err(broken)? {
        let name = field.name().unwrap_or_default().to_owned();
        match field.file_name().map(str::to_owned) {
            Some(file) => {
                let content = field.bytes().await.map_err(broken)?;
                // a field of a form in which nothing was chosen
                if content.is_empty() {
                    continue;
                }
                if photos.len() == PHOTOS {
                    return Err(Problem::too_large(format!("at most {PHOTOS} photos are taken at a time; nothing was recorded")));
                }
                photos.push(Photo::checked(file, content.to_vec())?);
            }
            None => {
                let text = field.text().await.map_err(broken)?;
                if !text.trim().is_empty() {
                    fields.insert(name, Value::from(text.replace("\r\n", "\n")));
                }
            }
        }
    }
    if let Some(Value::String(key)) = fields.shift_remove("_key") {
        if key.len() > 64 || !key.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(Problem::bad_request("the form's `_key` is none"));
        }
        ask.key = Some(key);
    }
    Ok(Received { sent: Sent::of(fields), photos })
}

fn broken(error: multer::Error) -> Problem {
    match error {
        multer::Error::FieldSizeExceeded { .. } | multer::Error::StreamSizeExceeded { .. } => {
            Problem::too_large(format!("a photo is larger than {} MiB; nothing was recorded", PHOTO_BYTES / 1024 / 1024))
        }
        multer::Error::StreamReadFailed(_) => Problem::bad_request("the form did not arrive whole; nothing was recorded"),
        _ => Problem::bad_request("the form can't be read: it is not whole, or not multipart/form-data"),
    }
}
