use std::sync::Arc;

use catalogue::Entry;
use kernel::{Principal, Problem};

use crate::App;

/// How many layers one tile may have.
const MAX_LAYERS: usize = 32;

/// The layers that a path names, in its order: at least one, none twice, each one there for who asks.
pub(crate) async fn resolve(app: &App, who: &Principal, ids: &str) -> Result<Vec<Arc<Entry>>, Problem> {
    let (mut found, mut unknown) = (Vec::new(), Vec::new());
    for name in split(ids)? {
        match app.catalogue.layer_now(&app.context.database, who, name).await {
            Some(entry) => found.push(entry),
            None => unknown.push(name.chars().take(60).collect::<String>()),
        }
    }
    if unknown.is_empty() {
        return Ok(found);
    }
    let names = unknown.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
    Err(Problem::not_found(format!("there is no layer {names}; /collections lists those there are")).with("unknown", unknown))
}

fn split(ids: &str) -> Result<Vec<&str>, Problem> {
    let invalid = |detail: String| Problem::invalid_parameter("ids", detail, format!("1 to {MAX_LAYERS} layers, each once, as `a,b`"));
    let mut names = Vec::new();
    for name in ids.split(',') {
        if name.is_empty() {
            return Err(invalid("a layer without a name".to_owned()));
        }
        if names.contains(&name) {
            return Err(invalid(format!("`{}` is named twice", name.chars().take(60).collect::<String>())));
        }
        if names.len() == MAX_LAYERS {
            return Err(invalid(format!("more than {MAX_LAYERS} layers")));
        }
        names.push(name);
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn each_once_and_not_too_many() {
        assert_eq!(split("parcels,streets"), Ok(vec!["parcels", "streets"]));
        let many = |n: usize| (0..n).map(|i| format!("l{i}")).collect::<Vec<_>>().join(",");
        assert_eq!(split(&many(32)).unwrap().len(), 32);
        for bad in ["", "a,", ",a", "a,,b", "a,b,a", &many(33), &many(100_000)] {
            assert_eq!(split(bad).unwrap_err().status(), 400, "{}", &bad[..bad.len().min(20)]);
        }
    }
}
