use kernel::Bbox;
use serde_json::Value;

use operations::Request;

/// The rectangle round GeoJSON features for the map, which wants longitude and latitude: only if they were asked for in these.
pub(super) fn features_bbox(request: &Request, features: &[Value]) -> Option<Bbox> {
    if request.params.get("crs").is_some() {
        return None;
    }
    let mut positions = Vec::new();
    features.iter().for_each(|feature| collect(&feature["geometry"]["coordinates"], &mut positions));
    Bbox::around(positions)
}

/// Positions at whatever depth they lie.
fn collect(coordinates: &Value, positions: &mut Vec<(f64, f64)>) {
    let Some(parts) = coordinates.as_array() else { return };
    match (parts.first().and_then(Value::as_f64), parts.get(1).and_then(Value::as_f64)) {
        (Some(x), Some(y)) => positions.push((x, y)),
        _ => parts.iter().for_each(|part| collect(part, positions)),
    }
}

#[cfg(test)]
mod tests {
    use super::collect;
    use serde_json::json;

    #[test]
    fn positions_of_any_geometry() {
        let mut positions = Vec::new();
        for coordinates in [json!([1, 2]), json!([[3, 4], [5, 6]]), json!([[[[7, 8, 100]]]]), json!([]), json!(null)] {
            collect(&coordinates, &mut positions);
        }
        assert_eq!(positions, [(1.0, 2.0), (3.0, 4.0), (5.0, 6.0), (7.0, 8.0)]);
    }
}
