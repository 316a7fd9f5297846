use kernel::Problem;
use serde_json::{Map, Value, json};

/// What is wrong with a feature: all of it, so that it is mended in one go.
#[derive(Debug, Default)]
pub struct Faults(Vec<Value>);

/// As many are told.
const TOLD: usize = 50;

impl Faults {
    /// Something about a property.
    pub fn field(&mut self, name: &str, detail: impl Into<String>) {
        let name: String = name.chars().take(80).collect();
        self.push(json!({ "field": name, "detail": detail.into() }));
    }

    /// Something about the geometry, at this longitude and latitude.
    pub fn geometry(&mut self, detail: impl Into<String>, at: Option<[f64; 2]>) {
        let mut fault = Map::new();
        fault.insert("geometry".to_owned(), true.into());
        fault.insert("detail".to_owned(), detail.into().into());
        self.push_at(fault, at);
    }

    /// Something about a property that is a place, at this longitude and latitude of it.
    pub fn place(&mut self, name: &str, detail: impl Into<String>, at: Option<[f64; 2]>) {
        let mut fault = Map::new();
        fault.insert("field".to_owned(), name.into());
        fault.insert("detail".to_owned(), detail.into().into());
        self.push_at(fault, at);
    }

    fn push_at(&mut self, mut fault: Map<String, Value>, at: Option<[f64; 2]>) {
        if let Some(at) = at.filter(|at| at.iter().all(|n| n.is_finite())) {
            fault.insert("at".to_owned(), json!(at.map(|n| (n * 1e8).round() / 1e8)));
        }
        self.push(Value::Object(fault));
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn push(&mut self, fault: Value) {
        if self.0.len() < TOLD {
            self.0.push(fault);
        }
    }

    /// 422 with all of them, if there are any.
    pub fn check(self) -> Result<(), Problem> {
        let Some(first) = self.0.first() else { return Ok(()) };
        let what = first["field"].as_str().map_or_else(|| "the geometry".to_owned(), |name| format!("`{name}`"));
        let more = if self.0.len() > 1 { format!(" (and {} more)", self.0.len() - 1) } else { String::new() };
        let detail = format!("{what}: {}{more}; nothing was changed", first["detail"].as_str().unwrap_or_default());
        Err(Problem::invalid_feature(detail, self.0))
    }

    /// The one fault that the database found.
    pub fn one(name: Option<&str>, detail: impl Into<String>) -> Problem {
        let mut faults = Self::default();
        match name {
            Some(name) => faults.field(name, detail),
            None => faults.geometry(detail, None),
        }
        match faults.check() {
            Err(problem) => problem,
            Ok(()) => Problem::invalid_feature("the feature is not valid", Vec::<Value>::new()),
        }
    }
}
