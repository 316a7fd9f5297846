//! `GET /openapi.json`: the operations of this program's own, as the crates describe them. The OGC API describes itself
//! at `/api`, from the catalogue.

use axum::extract::State;
use axum::{Extension, Json};
use kernel::PublicUrl;
use utoipa::OpenApi;
use utoipa::openapi::{InfoBuilder, ServerBuilder};

use super::App;

/// The operations of running it.
#[derive(OpenApi)]
#[openapi(paths(super::health::alive, super::health::ready, super::metrics::handler, super::version::handler))]
struct Running;

/// Names each operation by its method and path: the handlers' own names are those of many.
fn name(document: &mut utoipa::openapi::OpenApi) {
    for (path, item) in &mut document.paths.paths {
        let operations = [
            ("get", &mut item.get),
            ("put", &mut item.put),
            ("post", &mut item.post),
            ("delete", &mut item.delete),
            ("patch", &mut item.patch),
        ];
        for (method, operation) in operations {
            if let Some(operation) = operation {
                let path: Vec<&str> = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty()).collect();
                operation.operation_id = Some(format!("{method}_{}", path.join("_")));
            }
        }
    }
}

pub(super) async fn handler(State(app): State<App>, stated: Option<Extension<PublicUrl>>) -> Json<utoipa::openapi::OpenApi> {
    let mut document = Running::openapi();
    document.merge(catalogue::Api::openapi());
    document.merge(crs::Api::openapi());
    document.merge(tiles::Api::openapi());
    document.merge(ogc::StylesApi::openapi());
    document.merge(crate::imports::Api::openapi());
    document.merge(identity::Api::openapi());
    document.merge(identity::keys::Api::openapi());
    document.merge(identity::audit::Api::openapi());
    document.merge(attachments::Api::openapi());
    document.merge(jobs::Api::openapi());
    document.merge(super::layers::Api::openapi());
    document.merge(crate::exports::Api::openapi());
    document.merge(super::publication::Api::openapi());
    document.merge(super::load_reports::Api::openapi());
    document.merge(deliveries::Api::openapi());
    document.merge(super::sources::Api::openapi());
    document.merge(cadastre::Api::openapi());
    document.merge(cadastre::PeopleApi::openapi());
    document.merge(permits::Api::openapi());
    document.merge(public_works::Api::openapi());
    document.merge(environment::Api::openapi());
    document.merge(reports::Api::openapi());
    document.merge(reports::Open311Api::openapi());
    name(&mut document);
    document.info = InfoBuilder::new()
        .title("Open SIT: operations beside the OGC API")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("Tiles, styles, search, identify, coordinates, signing in, the themes' own operations and running it. Features are described at /api."))
        .build();
    let server = stated.map_or(app.context.public_url, |Extension(url)| url);
    document.servers = Some(vec![ServerBuilder::new().url(server.to_string()).build()]);
    Json(document)
}
