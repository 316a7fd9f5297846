//! The codings in which a tile goes out (RFC 9110, 8.4): zstd where the client takes it (RFC 8878), else gzip.
//!
//! Compressing well takes longer than writing a tile: a tile goes out at the quickest level. One that is asked for again and again is worth
//! more.

use std::cell::RefCell;

use http::{HeaderMap, HeaderValue, header};
use libdeflater::{CompressionLvl, Compressor, Decompressor};

/// How a tile is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Coding {
    Identity,
    Gzip,
    Zstd,
}

/// How much work it is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Effort {
    Little,
    Much,
}

/// Why bytes can't be coded, or read again.
#[derive(Debug, thiserror::Error)]
#[error("{coding:?}: {cause}")]
pub(crate) struct CodingError {
    coding: Coding,
    cause: String,
}

/// Smaller tiles are not worth compressing.
const SMALL_BYTES: usize = 256;

const GZIP_LEVELS: [i32; 2] = [1, 7];
const ZSTD_LEVELS: [i32; 2] = [1, 9];

/// What libdeflate needs again and again, for each effort; made when first needed.
type Deflaters = [Option<Compressor>; 2];
/// The same of zstd.
type Zstds = [Option<zstd::bulk::Compressor<'static>>; 2];

thread_local! {
    static DEFLATERS: RefCell<Deflaters> = RefCell::default();
    static ZSTDS: RefCell<Zstds> = RefCell::default();
}

impl Coding {
    /// The one that a request takes (RFC 9110, 12.5.3): of those with the greatest weight zstd before gzip; named, or under `*`.
    pub(crate) fn asked(request: &HeaderMap) -> Self {
        let (gzip, zstd) = weights(request);
        match zstd.total_cmp(&gzip) {
            _ if zstd <= 0.0 && gzip <= 0.0 => Self::Identity,
            std::cmp::Ordering::Less => Self::Gzip,
            _ => Self::Zstd,
        }
    }

    /// Whether a request takes gzip at all.
    pub(crate) fn takes_gzip(request: &HeaderMap) -> bool {
        weights(request).0 > 0.0
    }

    /// What a tile of so many bytes is worth.
    pub(crate) fn of(self, bytes: usize) -> Self {
        if bytes < SMALL_BYTES { Self::Identity } else { self }
    }

    /// As `Content-Encoding` says it.
    pub(crate) fn header(self) -> Option<HeaderValue> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some(HeaderValue::from_static("gzip")),
            Self::Zstd => Some(HeaderValue::from_static("zstd")),
        }
    }

    /// What a validator has after what is the same for all codings: no two bodies have the same.
    pub(crate) fn suffix(self, effort: Effort) -> &'static str {
        match (self, effort) {
            (Self::Identity, _) => "",
            (Self::Gzip, Effort::Little) => "-gzip",
            (Self::Gzip, Effort::Much) => "-gzip7",
            (Self::Zstd, Effort::Little) => "-zstd",
            (Self::Zstd, Effort::Much) => "-zstd9",
        }
    }

    /// The bytes, coded.
    pub(crate) fn code(self, bytes: &[u8], effort: Effort) -> Result<Vec<u8>, CodingError> {
        let at = effort as usize;
        let failed = |cause: String| CodingError { coding: self, cause };
        match self {
            Self::Identity => Ok(bytes.to_vec()),
            Self::Gzip => DEFLATERS.with_borrow_mut(|compressors| {
                let compressor = match &mut compressors[at] {
                    Some(compressor) => compressor,
                    none => none.insert(Compressor::new(CompressionLvl::new(GZIP_LEVELS[at]).map_err(|e| failed(format!("{e:?}")))?)),
                };
                let mut out = vec![0; compressor.gzip_compress_bound(bytes.len())];
                let written = compressor.gzip_compress(bytes, &mut out).map_err(|e| failed(e.to_string()))?;
                out.truncate(written);
                Ok(out)
            }),
            Self::Zstd => ZSTDS.with_borrow_mut(|compressors| {
                let compressor = match &mut compressors[at] {
                    Some(compressor) => compressor,
                    none => none.insert(zstd::bulk::Compressor::new(ZSTD_LEVELS[at]).map_err(|e| failed(e.to_string()))?),
                };
                compressor.compress(bytes).map_err(|e| failed(e.to_string()))
            }),
        }
    }

    /// The bytes, of which there are so many, as they were before they were coded.
    pub(crate) fn read(self, coded: &[u8], length: usize) -> Result<Vec<u8>, CodingError> {
        let failed = |cause: String| CodingError { coding: self, cause };
        match self {
            Self::Identity => Ok(coded.to_vec()),
            Self::Gzip => {
                let mut out = vec![0; length];
                let read = Decompressor::new().gzip_decompress(coded, &mut out).map_err(|e| failed(e.to_string()))?;
                out.truncate(read);
                Ok(out)
            }
            Self::Zstd => zstd::bulk::decompress(coded, length).map_err(|e| failed(e.to_string())),
        }
    }
}

/// The weights of gzip and of zstd for a request; nought for what it does not take.
fn weights(request: &HeaderMap) -> (f32, f32) {
    let (mut gzip, mut zstd, mut any) = (None, None, None);
    for value in request.get_all(header::ACCEPT_ENCODING).iter().filter_map(|v| v.to_str().ok()) {
        for coding in value.split(',') {
            let mut parts = coding.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default();
            let weight = parts.find_map(|p| p.strip_prefix("q=").or_else(|| p.strip_prefix("Q=")));
            let weight: f32 = weight.map_or(1.0, |q| q.trim().parse().unwrap_or(0.0));
            let which = match name {
                _ if name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip") => &mut gzip,
                _ if name.eq_ignore_ascii_case("zstd") => &mut zstd,
                "*" => &mut any,
                _ => continue,
            };
            *which = which.or(Some(weight));
        }
    }
    (gzip.or(any).unwrap_or(0.0), zstd.or(any).unwrap_or(0.0))
}

#[cfg(test)]
mod tests {
    use super::{Coding, Effort};
    use flate2::read::GzDecoder;
    use http::{HeaderMap, HeaderValue, header};
    use std::io::Read;

    #[test]
    fn who_takes_what() {
        let asked = |value| Coding::asked(&HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(value))]));
        for gzip in ["gzip", "br, gzip;q=0.5", "GZIP", "zstd;q=0.1, gzip;q=0.2", "x-gzip", "zstd;q=0, *"] {
            assert_eq!(asked(gzip), Coding::Gzip, "{gzip}");
        }
        for zstd in ["zstd", "gzip, deflate, br, zstd", "*", "identity;q=0, *;q=0.1", "gzip;q=0.5, ZSTD;q=0.5", "gzip;q=0, *"] {
            assert_eq!(asked(zstd), Coding::Zstd, "{zstd}");
        }
        for none in ["", "br", "gzip;q=0", "*;q=0", "gzip;q=x"] {
            assert_eq!(asked(none), Coding::Identity, "{none}");
        }
        assert_eq!(Coding::asked(&HeaderMap::new()), Coding::Identity);
    }

    #[test]
    fn what_is_coded_is_read_by_others() {
        let bytes: Vec<u8> = (0..100_000u32).flat_map(|i| (i / 7 % 1_000).to_le_bytes()).collect();
        for effort in [Effort::Little, Effort::Much] {
            let gzip = Coding::Gzip.code(&bytes, effort).unwrap();
            let mut out = Vec::new();
            GzDecoder::new(&gzip[..]).read_to_end(&mut out).unwrap();
            assert!(out == bytes && gzip.len() < bytes.len() / 2);
            for coding in [Coding::Identity, Coding::Gzip, Coding::Zstd] {
                let coded = coding.code(&bytes, effort).unwrap();
                assert!(coding.read(&coded, bytes.len()).unwrap() == bytes, "{coding:?}");
            }
        }
        assert!(Coding::Gzip.read(b"nonsense", 10).is_err() && Coding::Zstd.read(b"nonsense", 10).is_err());
    }
}
