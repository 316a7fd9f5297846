use std::sync::LazyLock;

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::header;
use kernel::Problem;
use sha2::{Digest, Sha256};

/// One of the pages' files; its name carries its hash, so that browsers may keep it for ever.
struct File {
    name: String,
    kind: &'static str,
    content: &'static str,
}

impl File {
    fn new(stem: &str, ending: &str, kind: &'static str, content: &'static str) -> Self {
        let hash: String = Sha256::digest(content).iter().take(8).map(|b| format!("{b:02x}")).collect();
        Self { name: format!("{stem}-{hash}.{ending}"), kind, content }
    }

    fn path(&self) -> String {
        format!("/auth/static/{}", self.name)
    }
}

static STYLE: LazyLock<File> = LazyLock::new(|| File::new("auth", "css", "text/css; charset=utf-8", include_str!("../../static/auth.css")));
static SCRIPT: LazyLock<File> =
    LazyLock::new(|| File::new("auth", "js", "text/javascript; charset=utf-8", include_str!("../../static/auth.js")));

pub(super) fn style() -> String {
    STYLE.path()
}

pub(super) fn script() -> String {
    SCRIPT.path()
}

#[utoipa::path(
    get,
    path = "/auth/static/{name}",
    tag = "sign-in",
    params(("name" = String, Path, description = "A file of the pages")),
    responses((status = 200, description = "It"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(super) async fn serve(Path(name): Path<String>) -> Response {
    match [&*STYLE, &*SCRIPT].into_iter().find(|file| file.name == name) {
        Some(file) => {
            let headers = [(header::CONTENT_TYPE, file.kind), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
            (headers, file.content).into_response()
        }
        None => Problem::not_found("the sign-in pages have no such file").into_response(),
    }
}
