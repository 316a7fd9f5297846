//! What is said of a layer that was made of a file, and how it looks: changed through the server, holding at once wherever the layer is.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail the test")]

use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use e2e::{Answer, Town, run};
use serde_json::{Value, json};

/// A place in the demo town in EPSG:7792, metres.
const RDN: [f64; 2] = [552_400.0, 4_205_600.0];

struct Scene {
    town: Town,
    officer: String,
    colleague: String,
    administrator: String,
}

/// One town for all tests here that run at a time.
fn scene() -> Arc<Scene> {
    static SHARED: Mutex<Weak<Scene>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(scene) = shared.upgrade() {
        return scene;
    }
    let town = Town::own();
    let [officer, colleague, administrator] = ["officer", "planner", "administrator"].map(|person| town.sign_in(person));
    let scene = Arc::new(Scene { town, officer, colleague, administrator });
    *shared = Arc::downgrade(&scene);
    scene
}

impl Scene {
    fn get(&self, cookie: &str, path: &str) -> Answer {
        self.town.get_with(path, &[("cookie", cookie)])
    }

    fn put(&self, cookie: &str, layer: &str, body: &Value) -> Answer {
        let headers = [("cookie", cookie), ("sec-fetch-site", "same-origin"), ("content-type", "application/json")];
        self.town.send("PUT", &format!("/admin/layers/{layer}/publication"), &headers, body.to_string())
    }

    /// Loads features as a draft of the officer's.
    fn draft(&self, layer: &str, features: Vec<Value>) {
        let folder = self.town.scratch();
        let file = write(folder.path(), features);
        let loaded = self.town.command(&["ingest", &file, "--layer", layer, "--title", "Prova", "--draft"]);
        assert!(loaded.ok, "{}", loaded.err);
        self.soon(layer, || self.get(&self.administrator, &format!("/collections/{layer}")).status == 200);
        self.town.psql(&format!(
            "update opensit.layers set declaration = declaration || jsonb_build_object('author', a.id), generation = generation + 1
               from identity.accounts a where a.demo = 'officer' and layers.id = '{layer}'"
        ));
        // writes the policies anew
        let headers = [("cookie", self.administrator.as_str()), ("sec-fetch-site", "same-origin")];
        let access = self.town.send("PUT", &format!("/admin/layers/{layer}"), &headers, r#"{"audience": "public", "editors": []}"#);
        assert_eq!(access.status, 200, "{}", access.text());
        self.soon(layer, || self.get(&self.officer, &format!("/collections/{layer}")).status == 200);
    }

    #[track_caller]
    fn soon(&self, what: &str, mut holds: impl FnMut() -> bool) {
        let end = Instant::now() + Duration::from_secs(60);
        while !holds() {
            assert!(Instant::now() < end, "{what}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

fn write(folder: &Path, features: Vec<Value>) -> String {
    let file = folder.join("prova.geojson");
    let crs = json!({"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::7792"}});
    std::fs::write(&file, json!({"type": "FeatureCollection", "crs": crs, "features": features}).to_string()).unwrap();
    file.to_str().unwrap().to_owned()
}

/// Squares ten metres apart, with a value of each sort.
fn squares(count: usize) -> Vec<Value> {
    (0..count)
        .map(|n| {
            let (x, y) = (RDN[0] + 10.0 * (n % 20) as f64, RDN[1] + 10.0 * (n / 20) as f64);
            let ring = json!([[x, y], [x + 6.0, y], [x + 6.0, y + 6.0], [x, y + 6.0], [x, y]]);
            let kind = ["residenziale", "produttiva", "agricola", "servizi"][if n % 10 < 6 { 0 } else { n % 3 + 1 }];
            let height = if n % 4 == 0 { Value::Null } else { json!(3.0 + (n % 37) as f64 * 0.75) };
            feature(
                json!({"type": "Polygon", "coordinates": [ring]}),
                json!({"codice": format!("Z{n:04}"), "tipo": kind, "altezza": height, "pubblica": n % 3 == 0, "note": format!("Zona numero {n}, da rivedere"), "nome": format!("Zona {n}")}),
            )
        })
        .collect()
}

fn feature(geometry: Value, properties: Value) -> Value {
    json!({"type": "Feature", "geometry": geometry, "properties": properties})
}

#[test]
fn a_draft_is_described_and_published_and_holds_at_once_everywhere() {
    let scene = scene();
    scene.draft("piano", squares(60));
    let seen = scene.get(&scene.officer, "/admin/layers/piano/publication");
    assert_eq!(seen.status, 200, "{}", seen.text());
    let seen = seen.json();
    let author = scene.town.psql("select name from identity.accounts where demo = 'officer'");
    assert_eq!(
        (&seen["draft"], &seen["author"], &seen["rows"], &seen["audience"]),
        (&json!(true), &json!(author), &json!(60), &json!("public"))
    );
    assert!(seen["fields"].as_array().unwrap().iter().any(|field| field["name"] == "tipo" && field["kind"] == "text"), "{seen}");
    // others are told what they would be of no layer
    for cookie in [&scene.colleague, ""] {
        for path in ["/admin/layers/piano/publication", "/admin/layers/piano/styles"] {
            let (answer, nothing) = (scene.get(cookie, path), scene.get(cookie, &path.replace("piano", "niente")));
            assert_eq!((answer.status, answer.text().replace("piano", "niente")), (404, nothing.text()), "{path}");
        }
        assert_eq!(scene.put(cookie, "piano", &json!({"draft": false})).status, 404);
    }
    let change = json!({
        "title": {"it": "Piano regolatore", "en": "Zoning"}, "description": {"it": "Le zone.", "en": "The zones."}, "draft": false, "audience": "public",
        "licence": "CC-BY-4.0", "attribution": "Comune di Castelmarina", "source_date": "2026-03-01", "zoom": [10, 20]
    });
    let done = scene.put(&scene.officer, "piano", &change);
    assert_eq!(done.status, 200, "{}", done.text());
    let done = done.json();
    for (name, value) in change.as_object().unwrap() {
        assert_eq!(&done[name], value, "{name}");
    }
    // at once: no waiting
    let collection = scene.town.get("/collections/piano?lang=en").json();
    assert_eq!((&collection["title"], &collection["description"]), (&json!("Zoning"), &json!("The zones.")), "{collection}");
    let tiles = scene.town.get("/xyz/piano").json();
    assert_eq!((&tiles["minzoom"], &tiles["maxzoom"]), (&json!(10), &json!(20)), "{tiles}");
    assert!(tiles["attribution"].as_str().unwrap().contains("Castelmarina"), "{tiles}");
    let catalogue = scene.town.get("/portal/catalogue.json").json();
    let listed = catalogue["layers"].as_array().unwrap().iter().find(|layer| layer["id"] == "piano").unwrap();
    assert_eq!(
        (&listed["title"]["it"], &listed["licence"], &listed["draft"]),
        (&json!("Piano regolatore"), &json!("CC-BY-4.0"), &json!(false))
    );
    assert!(scene.town.get("/search?q=Zona%2012").text().contains("Zona 12"));
    let log = scene.town.psql("select details ->> 'published' || ' ' || (details -> 'changed')::text from identity.audit where layer = 'piano' and details ->> 'what' = 'publication of a layer'");
    assert!(log.starts_with("true") && log.contains("\"licence\"") && log.contains("\"draft\""), "{log}");
    // the same again changes nothing, and null takes a text away
    let generation = || scene.town.psql("select generation from opensit.layers where id = 'piano'");
    let before = generation();
    assert_eq!(scene.put(&scene.officer, "piano", &change).status, 200);
    assert_eq!(generation(), before);
    let taken = scene.put(&scene.administrator, "piano", &json!({"licence": null})).json();
    assert_eq!((&taken["licence"], &taken["attribution"]), (&Value::Null, &json!("Comune di Castelmarina")));
    // narrowed for officers, it is gone for others with its answer
    assert_eq!(scene.put(&scene.officer, "piano", &json!({"audience": "officers"})).status, 200);
    assert_eq!((scene.town.get("/collections/piano").status, scene.get(&scene.colleague, "/collections/piano").status), (404, 200));
    assert_eq!(scene.put(&scene.colleague, "piano", &json!({"audience": "public"})).status, 404, "to see it is not to publish it");
}

#[test]
fn what_can_t_be_said_of_a_layer_is_refused_with_the_place() {
    let scene = scene();
    scene.draft("prove", squares(12));
    let before = scene.get(&scene.officer, "/admin/layers/prove/publication").text();
    let style = |part: Value| {
        let mut whole = json!({"name": "a", "type": "fill", "order": 250, "paint": {"fill-color": "$data1"}});
        whole.as_object_mut().unwrap().extend(part.as_object().unwrap().clone());
        json!({"style": [whole]})
    };
    let deep = (0..200).fold(json!(1), |inner, _| json!(["abs", inner]));
    for (body, word) in [
        (json!({"zoom": [14, 9]}), "zoom"),
        (json!({"zoom": [0, 23]}), "zoom"),
        (json!({"zoom": [-1, 9]}), "zoom"),
        (json!({"zoom": [1]}), "zoom"),
        (json!({"title": {"it": "", "en": "x"}}), "title"),
        (json!({"title": {"it": "x"}}), "en"),
        (json!({"title": {"it": "a\u{202e}b", "en": "x"}}), "direction"),
        (json!({"title": {"it": "x".repeat(201), "en": "x"}}), "200"),
        (json!({"audience": "everybody"}), "audience"),
        (json!({"source_date": "2026-02-30"}), "source_date"),
        (json!({"module": "cadastre"}), "module"),
        (json!({"author": null}), "author"),
        (json!([]), "body"),
        (style(json!({"source": "https://elsewhere.example/t.json"})), "/style/0/source"),
        (style(json!({"paint": {"fill-pattern": "https://elsewhere.example/p.png"}})), "/style/0/paint/fill-pattern"),
        (style(json!({"paint": {"fill-color": "url(https://elsewhere.example)"}})), "/style/0/paint/fill-color"),
        (style(json!({"paint": {"fill-color": ["image", "https://elsewhere.example"]}})), "/style/0/paint/fill-color"),
        (style(json!({"paint": {"fill-color": ["match", ["get", "altro"], "A", "$data1", "$data2"]}})), "/style/0/paint/fill-color/1/1"),
        (style(json!({"paint": {"fill-opacity": deep}})), "recursion"),
        (style(json!({"minzoom": 12, "maxzoom": 10})), "/style/0/maxzoom"),
        (style(json!({"type": "circle", "order": 720})), "/style/0/type"),
        (json!({"style": "https://elsewhere.example/style.json"}), "/style"),
        (json!({"style": vec![json!({"name": "a", "type": "fill", "order": 1}); 61]}), "/style"),
    ] {
        let answer = scene.put(&scene.officer, "prove", &body);
        assert_eq!(answer.status, 400, "{body}: {}", answer.text());
        let problem = answer.json();
        let told = format!("{} {}", problem["detail"], problem["pointer"]);
        assert!(told.contains(word) || word == "recursion", "{body}: {told}");
    }
    let huge =
        json!({"style": [{"name": "a", "type": "fill", "order": 1, "filter": ["in", "x", ["literal", vec!["y".repeat(100); 900]]]}]});
    assert!(matches!(scene.put(&scene.officer, "prove", &huge).status, 400 | 413));
    assert_eq!(scene.get(&scene.officer, "/admin/layers/prove/publication").text(), before, "nothing of it was kept");
    // what was published does not become a draft, and a theme's layer is its theme's
    assert_eq!(scene.put(&scene.officer, "prove", &json!({"draft": false})).status, 200);
    let back = scene.put(&scene.officer, "prove", &json!({"draft": true}));
    assert!(back.status == 400 && back.text().contains("audience"), "{}", back.text());
    let declared = scene.put(&scene.administrator, "parcels", &json!({"title": {"it": "x", "en": "x"}}));
    assert_eq!(declared.status, 409, "{}", declared.text());
    assert_eq!(scene.put(&scene.officer, "parcels", &json!({})).status, 404);
    // a form of another site changes nothing
    let foreign =
        scene.town.send("PUT", "/admin/layers/prove/publication", &[("cookie", &scene.officer), ("sec-fetch-site", "cross-site")], "{}");
    assert_eq!(foreign.status, 403, "{}", foreign.text());
}

/// Whether MapLibre's own check of styles finds nothing.
#[track_caller]
fn is_a_style(address: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let script = root.join("e2e/tests/clients/validate_style.mjs");
    let library = root.join("web-map/node_modules/@maplibre/maplibre-gl-style-spec/dist/index.mjs");
    let output = run(Command::new("node").arg(script).arg(library).arg(address));
    assert!(output.ok, "{address}: {} {}", output.out, output.err);
}

#[test]
fn looks_are_proposed_by_what_the_values_are() {
    let scene = scene();
    let line = |n: usize| {
        let (x, y) = (RDN[0] + 5.0 * n as f64, RDN[1] - 300.0);
        let wide = [50, 80, 100, 150, 200, 300, 400, 600, 800, 1000][n % 10] + n % 3;
        let made = ["ghisa", "pead"][n % 2];
        feature(json!({"type": "LineString", "coordinates": [[x, y], [x + 4.0, y + 9.0]]}), json!({"diametro": wide, "materiale": made}))
    };
    let point = |n: usize| {
        // a value that would be a colour
        let species = ["Quercus ilex", "Pinus pinea", "$5", "Tilia"][n % if n < 40 { 2 } else { 4 }];
        feature(
            json!({"type": "Point", "coordinates": [RDN[0] + 3.0 * n as f64, RDN[1] - 500.0]}),
            json!({"specie": species, "anno": 1950 + n % 70}),
        )
    };
    scene.draft("forme_aree", squares(200));
    scene.draft("forme_linee", (0..120).map(line).collect());
    scene.draft("forme_punti", (0..150).map(point).collect());
    for (layer, best, kinds) in [
        ("forme_aree", "tipo", ["categories", "plain"]),
        ("forme_linee", "materiale", ["categories", "classes"]),
        ("forme_punti", "anno", ["classes", "plain"]),
    ] {
        let answer = scene.get(&scene.officer, &format!("/admin/layers/{layer}/styles"));
        assert_eq!(answer.status, 200, "{}", answer.text());
        let proposals = answer.json()["proposals"].as_array().unwrap().clone();
        assert_eq!(proposals[0]["field"], best, "{layer}: {proposals:#?}");
        assert_eq!(proposals.last().unwrap()["kind"], "plain");
        for kind in kinds {
            assert!(proposals.iter().any(|proposal| proposal["kind"] == kind), "{layer}: {kind}");
        }
        assert!(proposals.iter().all(|proposal| !["codice", "note", "nome"].iter().any(|name| proposal["field"] == *name)), "{layer}");
        for proposal in proposals {
            assert!(proposal["name"]["it"].is_string() && proposal["name"]["en"].is_string());
            let legend = proposal["legend"].as_array().unwrap();
            let colours = legend.iter().all(|line| line["color"].as_str().unwrap().starts_with('#') && line["rows"].as_i64().unwrap() > 0);
            assert!(colours && !legend.is_empty(), "{proposal:#}");
            // every row is in the legend once
            let rows: i64 = legend.iter().map(|line| line["rows"].as_i64().unwrap()).sum();
            let all = scene.town.psql(&format!("select count(*) from published.{layer}"));
            assert_eq!(rows.to_string(), all, "{proposal:#}");
            let kept = scene.put(&scene.officer, layer, &json!({"style": proposal["style"]}));
            assert_eq!(kept.status, 200, "{}: {}", proposal["name"], kept.text());
            for theme in ["light", "dark"] {
                let drawn = scene.get(&scene.officer, &format!("/styles/{layer}.json?theme={theme}"));
                assert!(drawn.status == 200 && !drawn.text().contains('$'), "{}", drawn.text());
                let folder = scene.town.scratch();
                let file = folder.path().join("style.json");
                std::fs::write(&file, drawn.text()).unwrap();
                is_a_style(file.to_str().unwrap());
            }
        }
    }
    let of_field = scene.get(&scene.officer, "/admin/layers/forme_aree/styles?field=altezza").json();
    let names: Vec<&str> =
        of_field["proposals"].as_array().unwrap().iter().map(|proposal| proposal["name"]["en"].as_str().unwrap()).collect();
    assert_eq!(names, ["altezza: natural classes", "altezza: classes of equal counts", "One colour"]);
    let kinds = of_field["proposals"][0]["legend"].as_array().unwrap();
    assert_eq!(kinds.last().unwrap()["label"]["en"], "No value", "{kinds:?}");
    let exact = kinds[0]["label"]["en"].as_str().unwrap().strip_prefix("less than ").unwrap().to_owned();
    let below = scene.town.psql(&format!("select count(*) from published.forme_aree where altezza < {exact}"));
    assert_eq!(kinds[0]["rows"].to_string(), below);
    for refused in ["field=niente", "field=tipo%27", "theme=x", "other=1"] {
        let answer = scene.get(&scene.officer, &format!("/admin/layers/forme_aree/styles?{refused}"));
        assert_eq!(answer.status, 400, "{refused}: {}", answer.text());
    }
}
