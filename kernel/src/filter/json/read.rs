use serde_json::{Map, Value as Json};

use super::super::{Comparison, Filter, FilterError, Pattern, Relation, Value};
use super::OPERATORS;
use super::value::{self, Moment};
use crate::{Column, Role, Srid};

/// Reads a document and keeps count of how much there is and of where it is.
pub(super) struct Reader {
    srid: Srid,
    north_first: bool,
    depth: usize,
    terms: usize,
    path: Vec<String>,
}

type Read<T> = Result<T, FilterError>;

impl Reader {
    pub(super) fn new(srid: Srid, north_first: bool) -> Self {
        Self { srid, north_first, depth: 0, terms: 0, path: Vec::new() }
    }

    fn wrong<T>(&self, what: impl Into<String>) -> Read<T> {
        let at: String = self.path.iter().map(|step| format!("/{step}")).collect();
        Err(FilterError::new(at, what))
    }

    /// Does something one step further in.
    fn inside<T>(&mut self, step: impl ToString, read: impl FnOnce(&mut Self) -> Read<T>) -> Read<T> {
        self.path.push(step.to_string());
        let result = read(self)?;
        self.path.pop();
        Ok(result)
    }

    fn argument<T>(&mut self, index: usize, read: impl FnOnce(&mut Self) -> Read<T>) -> Read<T> {
        self.inside("args", |r| r.inside(index, read))
    }

    fn count(&mut self) -> Read<()> {
        self.terms += 1;
        if self.terms > Filter::MAX_TERMS {
            return self.wrong(format!("there are more than {} conditions and values up to here", Filter::MAX_TERMS));
        }
        Ok(())
    }

    pub(super) fn filter(&mut self, document: &Json) -> Read<Filter> {
        self.count()?;
        self.depth += 1;
        if self.depth > Filter::MAX_DEPTH {
            return self.wrong(format!("operators stand deeper in each other than {}", Filter::MAX_DEPTH));
        }
        let result = match document {
            Json::Bool(true) => Filter::everything(),
            Json::Bool(false) => Filter::nothing(),
            Json::Object(members) if members.contains_key("property") => {
                return self.wrong("a property alone is no condition: compare it with a value, as in `listed = TRUE`");
            }
            Json::Object(members) => {
                let (operator, args) = self.operation(members)?;
                self.operator(operator, args)?
            }
            _ => return self.wrong("a condition is `true`, `false` or {\"op\": …, \"args\": […]}"),
        };
        self.depth -= 1;
        Ok(result)
    }

    fn operation<'a>(&self, members: &'a Map<String, Json>) -> Read<(&'a str, &'a [Json])> {
        if let Some(name) = members.keys().find(|name| !matches!(name.as_str(), "op" | "args")) {
            return self.wrong(format!("`{}` is not a member of a condition: it has `op` and `args`", short(name)));
        }
        match (members.get("op"), members.get("args")) {
            (Some(Json::String(operator)), Some(Json::Array(args))) => Ok((operator, args)),
            _ => self.wrong("a condition is {\"op\": …, \"args\": […]}"),
        }
    }

    fn operator(&mut self, operator: &str, args: &[Json]) -> Read<Filter> {
        match operator {
            "and" => self.several(args).map(Filter::And),
            "or" => self.several(args).map(Filter::Or),
            "not" => {
                let [inner] = self.arguments(args)?;
                Ok(Filter::Not(Box::new(self.argument(0, |r| r.filter(inner))?)))
            }
            "=" | "<>" | "<" | "<=" | ">" | ">=" => self.comparison(operator, args),
            "in" => {
                let [column, values] = self.arguments(args)?;
                if let Some(inner) = without_case(column) {
                    return self.in_any_case(inner, values);
                }
                let column = self.argument(0, |r| r.column(column))?;
                Ok(Filter::In(column, self.argument(1, |r| r.values(values))?))
            }
            "between" => {
                let [column, low, high] = self.arguments(args)?;
                let column = self.argument(0, |r| r.column(column))?;
                let low = self.argument(1, |r| r.value(low))?;
                Ok(Filter::Between(column, low, self.argument(2, |r| r.value(high))?))
            }
            "like" => {
                let [column, pattern] = self.arguments(args)?;
                let (column, pattern, any_case) = self.case(column, pattern)?;
                let column = self.argument(0, |r| r.column(column))?;
                let text = self.argument(1, |r| r.text(pattern))?;
                let pattern = self.argument(1, |r| Pattern::new(text).or_else(|e| r.wrong(e.what)))?;
                Ok(Filter::Like(column, if any_case { pattern.in_any_case() } else { pattern }))
            }
            "sameText" => {
                let [column, text] = self.arguments(args)?;
                let column = self.argument(0, |r| r.column(column))?;
                Ok(Filter::SameText(column, self.argument(1, |r| r.text(text))?))
            }
            "isNull" => self.one_column(args).map(Filter::IsNull),
            "inScope" => self.one_column(args).map(Filter::InScope),
            "officeIs" => self.one_column(args).map(Filter::OfficeIs),
            "subjectIs" => self.one_column(args).map(Filter::SubjectIs),
            "hasRole" => {
                let roles = args.iter().enumerate().map(|(i, role)| self.argument(i, |r| r.role(role)));
                Ok(Filter::HasRole(roles.collect::<Read<_>>()?))
            }
            "s_intersects" => self.spatial(Relation::Intersects, args),
            "s_disjoint" => self.spatial(Relation::Disjoint, args),
            "s_within" => self.spatial(Relation::Within, args),
            "s_contains" => self.spatial(Relation::Contains, args),
            "s_dwithin" => {
                let [property, geometry, metres] = self.arguments(args)?;
                self.argument(0, |r| r.geometry_property(property))?;
                let shape = self.argument(1, |r| value::shape(geometry, r.srid, r.north_first).or_else(|e| r.wrong(e)))?;
                match metres.as_f64().filter(|m| (0.0..=1e6).contains(m)) {
                    Some(metres) => Ok(Filter::Near(shape, metres)),
                    None => self.argument(2, |r| r.wrong("the distance is a number of metres from 0 to 1000000")),
                }
            }
            "t_before" | "t_after" | "t_equals" | "t_during" | "t_intersects" | "t_disjoint" => self.temporal(operator, args),
            _ => self.wrong(format!("`{}` is not an operator; there are {}", short(operator), OPERATORS.join(", "))),
        }
    }

    fn several(&mut self, args: &[Json]) -> Read<Vec<Filter>> {
        if args.is_empty() {
            return self.wrong("there is nothing in `args`");
        }
        args.iter().enumerate().map(|(i, part)| self.argument(i, |r| r.filter(part))).collect()
    }

    fn arguments<'a, const N: usize>(&self, args: &'a [Json]) -> Read<[&'a Json; N]> {
        match <&[Json; N]>::try_from(args) {
            Ok(args) => Ok(args.each_ref()),
            Err(_) => self.wrong(format!("it takes {N} arguments, not {}", args.len())),
        }
    }

    fn one_column(&mut self, args: &[Json]) -> Read<Column> {
        let [column] = self.arguments(args)?;
        self.argument(0, |r| r.column(column))
    }

    fn comparison(&mut self, operator: &str, args: &[Json]) -> Read<Filter> {
        let [left, right] = self.arguments(args)?;
        let (left, right, any_case) = self.case(left, right)?;
        let flipped = left.get("property").is_none();
        if flipped && right.get("property").is_none() {
            let computed = [left, right].map(|side| side.get("op").and_then(Json::as_str));
            return match computed.iter().position(Option::is_some) {
                Some(side) => self.argument(side, |r| r.wrong(not_computed(computed[side].unwrap_or_default()))),
                None => self.wrong("one side of a comparison is a property"),
            };
        }
        let (column, value) = if flipped { (right, left) } else { (left, right) };
        let column = self.argument(usize::from(flipped), |r| r.column(column))?;
        let value = self.argument(usize::from(!flipped), |r| r.value(value))?;
        if any_case {
            return match (operator, value) {
                ("=" | "<>", Value::Text(text)) => {
                    let same = Pattern::exactly(&text).or_else(|e| self.wrong(e.what))?;
                    let same = Filter::Like(column, same.in_any_case());
                    Ok(if operator == "=" { same } else { Filter::Not(Box::new(same)) })
                }
                _ => self.wrong("without regard to case texts are equal (`=`) or not (`<>`)"),
            };
        }
        Ok(compared(column, operator, flipped, value))
    }

    /// A column that is one of some texts, without regard to case.
    fn in_any_case(&mut self, column: &Json, values: &Json) -> Read<Filter> {
        let column = self.argument(0, |r| r.column(column))?;
        let Some(values) = values.as_array() else { return self.wrong("the values are an array") };
        let each = values.iter().enumerate().map(|(i, value)| {
            self.argument(1, |r| {
                r.inside(i, |r| {
                    let Some(inner) = without_case(value) else {
                        return r.wrong("`casei` stands round the property and each value, or none of them");
                    };
                    let text = r.text(inner)?;
                    let same = Pattern::exactly(&text).or_else(|e| r.wrong(e.what))?;
                    Ok(Filter::Like(column.clone(), same.in_any_case()))
                })
            })
        });
        Ok(Filter::Or(each.collect::<Read<_>>()?))
    }

    /// Takes `casei` from both arguments.
    fn case<'a>(&self, left: &'a Json, right: &'a Json) -> Read<(&'a Json, &'a Json, bool)> {
        match (without_case(left), without_case(right)) {
            (Some(left), Some(right)) => Ok((left, right, true)),
            (None, None) => Ok((left, right, false)),
            _ => self.wrong("`casei` stands round both arguments, or neither"),
        }
    }

    fn column(&self, document: &Json) -> Read<Column> {
        match value::property(document) {
            Some(name) => Column::new(name).or_else(|e| self.wrong(e.to_string())),
            None => match document.get("op").and_then(Json::as_str) {
                Some(operator) => self.wrong(not_computed(operator)),
                None => self.wrong("a property is {\"property\": NAME}, in text its name"),
            },
        }
    }

    fn value(&mut self, document: &Json) -> Read<Value> {
        self.count()?;
        match (document.get("op").and_then(Json::as_str), document.get("property")) {
            (Some(operator), _) => self.wrong(not_computed(operator)),
            (None, Some(_)) => self.wrong("a property is compared with a value, not with another property"),
            (None, None) => value::value(document).or_else(|e| self.wrong(e)),
        }
    }

    fn text(&mut self, document: &Json) -> Read<String> {
        match self.value(document)? {
            Value::Text(text) => Ok(text),
            _ => self.wrong("a text is wanted"),
        }
    }

    fn values(&mut self, document: &Json) -> Read<Vec<Value>> {
        match document.as_array() {
            Some(values) => values.iter().enumerate().map(|(i, value)| self.inside(i, |r| r.value(value))).collect(),
            None => self.wrong("the values are an array"),
        }
    }

    fn role(&mut self, document: &Json) -> Read<Role> {
        let role = document.as_str().and_then(|name| Role::ALL.into_iter().find(|role| role.name() == name));
        role.map_or_else(|| self.wrong(format!("a role is one of {}", Role::ALL.map(Role::name).join(", "))), Ok)
    }

    fn geometry_property(&self, document: &Json) -> Read<()> {
        match value::property(document) {
            Some("geometry" | "geom") => Ok(()),
            _ => self.wrong("the property is {\"property\": \"geometry\"}"),
        }
    }

    fn spatial(&mut self, relation: Relation, args: &[Json]) -> Read<Filter> {
        let [left, right] = self.arguments(args)?;
        let flipped = value::property(left).is_none();
        let (property, geometry) = if flipped { (right, left) } else { (left, right) };
        self.argument(usize::from(flipped), |r| r.geometry_property(property))?;
        if relation == Relation::Intersects && geometry.get("bbox").is_some() && geometry.get("type").is_none() {
            let (bbox, srid) =
                self.argument(usize::from(!flipped), |r| value::bbox(geometry, r.srid, r.north_first).or_else(|e| r.wrong(e)))?;
            return Ok(Filter::Intersects(bbox, srid));
        }
        let shape = self.argument(usize::from(!flipped), |r| value::shape(geometry, r.srid, r.north_first).or_else(|e| r.wrong(e)))?;
        let relation = match relation {
            Relation::Within if flipped => Relation::Contains,
            Relation::Contains if flipped => Relation::Within,
            same => same,
        };
        Ok(Filter::Spatial(relation, shape))
    }

    /// A column of days or instants beside one or an interval of them: comparisons say it (OGC 21-065r2, 7.9). `t_during`
    /// leaves out both ends, `t_intersects` has them.
    fn temporal(&mut self, operator: &str, args: &[Json]) -> Read<Filter> {
        let [what, when] = self.arguments(args)?;
        let when = self.argument(1, |r| {
            r.count()?;
            value::moment(when).or_else(|e| r.wrong(e))
        })?;
        if what.get("interval").is_some() {
            return self.validity(operator, what, when);
        }
        let column = self.argument(0, |r| r.column(what))?;
        let than = |operator, value: Option<Value>| value.map(|value| compared(column.clone(), operator, false, value));
        let (start, end) = match &when {
            Moment::At(at) => (Some(at.clone()), Some(at.clone())),
            Moment::Between(start, end) => (start.clone(), end.clone()),
        };
        let both = |low, high| Filter::And([than(low, start.clone()), than(high, end.clone())].into_iter().flatten().collect());
        Ok(match (operator, when) {
            ("t_before", _) => than("<", start).unwrap_or(Filter::nothing()),
            ("t_after", _) => than(">", end).unwrap_or(Filter::nothing()),
            ("t_equals" | "t_intersects", Moment::At(at)) => Filter::Equal(column, at),
            ("t_disjoint", Moment::At(at)) => Filter::Compare(column, Comparison::NotEqual, at),
            ("t_during", Moment::Between(..)) => both(">", "<"),
            ("t_intersects", Moment::Between(..)) => both(">=", "<="),
            ("t_disjoint", Moment::Between(..)) => Filter::Not(Box::new(both(">=", "<="))),
            ("t_during", Moment::At(_)) => return self.wrong("`t_during` takes an interval"),
            _ => return self.wrong("`t_equals` takes a day or an instant"),
        })
    }

    fn validity(&mut self, operator: &str, what: &Json, when: Moment) -> Read<Filter> {
        let names = what.get("interval").and_then(Json::as_array);
        let names: Option<Vec<&str>> = names.and_then(|ends| ends.iter().map(value::property).collect());
        if names.as_deref() != Some(&["valid_from", "valid_to"]) || operator != "t_intersects" {
            return self.wrong("an interval of properties is that of `valid_from`, `valid_to`, and goes with `t_intersects`");
        }
        let instant = |value: Option<Value>| match value {
            None => Ok(None),
            Some(Value::Instant(instant)) => Ok(Some(instant)),
            Some(_) => self.wrong("validity is asked with instants: {\"timestamp\": \"2026-01-31T12:00:00Z\"}"),
        };
        match when {
            Moment::At(Value::Instant(at)) => Ok(Filter::ValidAt(at)),
            Moment::At(other) => instant(Some(other)).map(|_| Filter::nothing()),
            Moment::Between(start, end) => Ok(Filter::ValidDuring(instant(start)?, instant(end)?)),
        }
    }
}

/// What stands in `casei`.
fn without_case(json: &Json) -> Option<&Json> {
    match (json.get("op").and_then(Json::as_str), json.get("args").and_then(Json::as_array)) {
        (Some("casei"), Some(args)) => args.first().filter(|_| args.len() == 1),
        _ => None,
    }
}

fn compared(column: Column, operator: &str, flipped: bool, value: Value) -> Filter {
    let comparison = Comparison::ALL.into_iter().find(|c| c.operator() == operator);
    let comparison = comparison.map(|comparison| match comparison {
        Comparison::Less if flipped => Comparison::Greater,
        Comparison::LessOrEqual if flipped => Comparison::GreaterOrEqual,
        Comparison::Greater if flipped => Comparison::Less,
        Comparison::GreaterOrEqual if flipped => Comparison::LessOrEqual,
        same => same,
    });
    match comparison {
        Some(comparison) => Filter::Compare(column, comparison, value),
        None => Filter::Equal(column, value),
    }
}

fn not_computed(operator: &str) -> String {
    format!("`{}` is not a function that can be asked with: a property is compared with a value", short(operator))
}

fn short(text: &str) -> String {
    text.chars().take(60).collect()
}
