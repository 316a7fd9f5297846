//! Where the writer puts values: beside the statement, or into it.

use sqlx::{Postgres, QueryBuilder};

use super::Value;
use crate::database::literal;

/// What a condition is written to.
pub(super) trait Sink {
    /// SQL of our own making.
    fn sql(&mut self, text: &str);
    /// A value.
    fn value(&mut self, value: &Value);
    /// An array of values of one type.
    fn array(&mut self, values: &[Value]);
}

/// Values become bind parameters.
pub(super) struct Bound<'a>(pub(super) &'a mut QueryBuilder<Postgres>);

/// Values become literals, each with its type, whatever the settings of the session are.
pub(super) struct Literal(pub(super) String);

impl Sink for Bound<'_> {
    fn sql(&mut self, text: &str) {
        self.0.push(text);
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Text(v) => self.0.push_bind(v.clone()),
            Value::Integer(v) => self.0.push_bind(*v),
            Value::Number(v) => self.0.push_bind(*v),
            Value::Boolean(v) => self.0.push_bind(*v),
            Value::Date(v) => self.0.push_bind(*v),
            Value::Instant(v) => self.0.push_bind(*v),
        };
    }

    fn array(&mut self, values: &[Value]) {
        macro_rules! bind {
            ($kind:path) => {
                self.0.push_bind(values.iter().filter_map(|v| if let $kind(v) = v { Some(v.clone()) } else { None }).collect::<Vec<_>>())
            };
        }
        match values.first() {
            None | Some(Value::Text(_)) => bind!(Value::Text),
            Some(Value::Integer(_)) => bind!(Value::Integer),
            Some(Value::Number(_)) => bind!(Value::Number),
            Some(Value::Boolean(_)) => bind!(Value::Boolean),
            Some(Value::Date(_)) => bind!(Value::Date),
            Some(Value::Instant(_)) => bind!(Value::Instant),
        };
    }
}

impl Sink for Literal {
    fn sql(&mut self, text: &str) {
        self.0.push_str(text);
    }

    fn value(&mut self, value: &Value) {
        let text = match value {
            Value::Text(v) => literal(v),
            Value::Integer(v) => format!("'{v}'"),
            Value::Number(v) => format!("'{v:?}'"),
            Value::Boolean(v) => return self.sql(if *v { "true" } else { "false" }),
            Value::Date(v) => format!("'{v}'"),
            Value::Instant(v) => format!("'{}'", v.to_rfc3339_opts(chrono::SecondsFormat::Micros, true)),
        };
        self.sql(&format!("{text}::{}", value.kind().sql()));
    }

    fn array(&mut self, values: &[Value]) {
        self.sql("array[");
        for (i, value) in values.iter().enumerate() {
            self.sql(if i > 0 { ", " } else { "" });
            self.value(value);
        }
        self.sql("]");
    }
}
