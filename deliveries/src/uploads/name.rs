//! The names of files that are sent.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use kernel::{Problem, Text};

use super::UPLOAD_METADATA;
use crate::words::said;

/// Bytes of a name.
const LONGEST: usize = 200;

/// The name in `Upload-Metadata`: pairs of a key and a value in base64, separated by commas (tus 1.0.0, Creation).
pub(super) fn filename(headers: &HeaderMap) -> Result<String, Problem> {
    let refused = |what: &str| {
        let allowed = "`filename` and the file's name in base64, as in `filename YWxiZXJpLmdwa2c=`";
        Problem::invalid_parameter(UPLOAD_METADATA.as_str(), format!("`Upload-Metadata` {what}"), allowed)
    };
    let text = headers.get(UPLOAD_METADATA).ok_or_else(|| refused("is missing"))?;
    let text = text.to_str().map_err(|_| refused("is no ASCII"))?;
    let pair = text.split(',').map(str::trim).find_map(|pair| pair.strip_prefix("filename "));
    let bytes = STANDARD.decode(pair.ok_or_else(|| refused("has no `filename`"))?.trim()).map_err(|_| refused("has no base64"))?;
    let name = String::from_utf8(bytes).map_err(|_| refused("has a name that is not UTF-8"))?;
    check(&name).map_err(|[it, en]| {
        said(
            |detail| Problem::invalid_parameter("filename", detail, "a name without a path, as `alberi.gpkg`"),
            &Text::new(format!("il nome del file {it}"), format!("the file's name {en}")),
        )
    })?;
    Ok(name)
}

/// A name that is one: no path, nothing hidden, nothing that reads as something else.
pub(crate) fn check(name: &str) -> Result<(), [&'static str; 2]> {
    if name.trim().is_empty() || name.starts_with('.') {
        return Err(["è vuoto o comincia con un punto", "is empty or begins with a dot"]);
    }
    if name.len() > LONGEST {
        return Err(["è più lungo di 200 byte", "is longer than 200 bytes"]);
    }
    if name.contains(['/', '\\']) {
        return Err(["contiene un percorso", "has a path in it"]);
    }
    // marks that turn the direction of writing make `fdp.exe` of `exe.pdf`
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if name.chars().any(|c| c.is_control() || turns(c)) { Err(["ha caratteri di controllo", "has control characters"]) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use http::{HeaderMap, HeaderValue};

    use super::filename;

    fn read(metadata: &str) -> Result<String, String> {
        let headers = HeaderMap::from_iter([(super::UPLOAD_METADATA, HeaderValue::from_str(metadata).unwrap())]);
        filename(&headers).map_err(|problem| problem.detail().to_owned())
    }

    fn named(name: &str) -> Result<String, String> {
        read(&format!("filetype dGV4dC9wbGFpbg==,filename {}", base64::engine::general_purpose::STANDARD.encode(name)))
    }

    #[test]
    fn a_name_is_read_and_a_path_refused() {
        assert_eq!(named("numeri civici è.gpkg").as_deref(), Ok("numeri civici è.gpkg"));
        for bad in
            ["../../etc/passwd", "a/b.csv", "..", ".hidden", "c:\\x.csv", "a\0b", "a\nb", "gpj.\u{202e}vsc", "", "  ", &"x".repeat(201)]
        {
            assert!(named(bad).is_err(), "{bad:?}");
        }
        for bad in ["", "filename", "filename ***", "filename /w==", "name YQ=="] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
    }
}
