//! Expressions of the MapLibre style specification: those that are taken, with what each is given and gives.

use kernel::Layer;
use serde_json::Value;

use super::Fault;
use super::colour;
use super::kind::Kind;
use super::place::Place;
use super::properties::{FONTS, Property, Sort};

/// How deep expressions may stand in each other.
const DEPTH: usize = 32;
/// Bytes of a text.
const TEXT_BYTES: usize = 1_000;

/// Where an expression stands.
pub(super) struct Scene<'a> {
    pub(super) layer: &'a Layer,
    /// The property it is the value of; none for a filter.
    pub(super) property: Option<&'a Property>,
}

type Checked<T> = Result<T, Fault>;

/// The operators with a fixed kind for all that they are given and a kind that they give; how many, from and to.
const FUNCTIONS: &[(&str, Kind, usize, usize, Kind)] = &[
    ("!", Kind::Boolean, 1, 1, Kind::Boolean),
    ("%", Kind::Number, 2, 2, Kind::Number),
    ("*", Kind::Number, 2, 16, Kind::Number),
    ("+", Kind::Number, 2, 16, Kind::Number),
    ("-", Kind::Number, 1, 2, Kind::Number),
    ("/", Kind::Number, 2, 2, Kind::Number),
    ("^", Kind::Number, 2, 2, Kind::Number),
    ("abs", Kind::Number, 1, 1, Kind::Number),
    ("all", Kind::Boolean, 0, 64, Kind::Boolean),
    ("any", Kind::Boolean, 0, 64, Kind::Boolean),
    ("boolean", Kind::Anything, 1, 8, Kind::Boolean),
    ("ceil", Kind::Number, 1, 1, Kind::Number),
    ("concat", Kind::Anything, 1, 32, Kind::Text),
    ("downcase", Kind::Text, 1, 1, Kind::Text),
    ("floor", Kind::Number, 1, 1, Kind::Number),
    ("ln", Kind::Number, 1, 1, Kind::Number),
    ("log10", Kind::Number, 1, 1, Kind::Number),
    ("log2", Kind::Number, 1, 1, Kind::Number),
    ("max", Kind::Number, 1, 16, Kind::Number),
    ("min", Kind::Number, 1, 16, Kind::Number),
    ("number", Kind::Anything, 1, 8, Kind::Number),
    ("rgb", Kind::Number, 3, 3, Kind::Colour),
    ("rgba", Kind::Number, 4, 4, Kind::Colour),
    ("round", Kind::Number, 1, 1, Kind::Number),
    ("sqrt", Kind::Number, 1, 1, Kind::Number),
    ("string", Kind::Anything, 1, 8, Kind::Text),
    ("to-boolean", Kind::Anything, 1, 1, Kind::Boolean),
    ("to-number", Kind::Anything, 1, 8, Kind::Number),
    ("to-string", Kind::Anything, 1, 1, Kind::Text),
    ("typeof", Kind::Anything, 1, 1, Kind::Text),
    ("upcase", Kind::Text, 1, 1, Kind::Text),
];

/// The other operators.
const OTHERS: &[&str] = &[
    "!=",
    "<",
    "<=",
    "==",
    ">",
    ">=",
    "case",
    "coalesce",
    "geometry-type",
    "get",
    "has",
    "id",
    "in",
    "interpolate",
    "length",
    "literal",
    "match",
    "slice",
    "step",
    "zoom",
];

fn is_operator(name: &str) -> bool {
    FUNCTIONS.iter().any(|(operator, ..)| *operator == name) || OTHERS.contains(&name)
}

impl Scene<'_> {
    /// A filter: a condition on each feature.
    pub(super) fn filter(&self, value: &Value, at: &Place) -> Checked<()> {
        if !value.is_array() {
            return Err(at.fault("a filter is an expression, as [\"==\", [\"get\", \"field\"], 1]"));
        }
        self.wanted(value, Kind::Boolean, at)
    }

    /// The value of the property, as it stands or as an expression.
    pub(super) fn property(&self, property: &Property, value: &Value, at: &Place) -> Checked<()> {
        match value {
            Value::Array(items) if items.first().and_then(Value::as_str).is_some_and(is_operator) => self.outermost(items, property, at),
            Value::Array(items) if !matches!(property.sort, Sort::Words(_) | Sort::Numbers(..) | Sort::Fonts) => {
                Err(at.fault(format!("`{}` is no expression that is taken here", short(items.first()))))
            }
            plain => literal(plain, property.sort, at),
        }
    }

    /// An expression that is a property's whole value: here alone the zoom may be looked at.
    fn outermost(&self, items: &[Value], property: &Property, at: &Place) -> Checked<()> {
        let of_zoom = |index: usize| items.get(index).is_some_and(|input| input == &serde_json::json!(["zoom"]));
        match items.first().and_then(Value::as_str) {
            Some("interpolate") if of_zoom(2) => self.interpolate(items, property.sort.kind(), true, at).map(|_| ()),
            Some("step") if of_zoom(1) => self.step(items, property.sort.kind(), true, at).map(|_| ()),
            _ => self.wanted(&Value::Array(items.to_vec()), property.sort.kind(), at),
        }
    }

    /// What is given must do where this kind is wanted.
    fn wanted(&self, value: &Value, wanted: Kind, at: &Place) -> Checked<()> {
        let kind = self.kind(value, wanted, at)?;
        if kind.does_for(wanted) { Ok(()) } else { Err(at.fault(format!("this is {}, where {} is wanted", kind.name(), wanted.name()))) }
    }

    /// The kind of a value or expression.
    fn kind(&self, value: &Value, wanted: Kind, at: &Place) -> Checked<Kind> {
        if at.depth() > DEPTH {
            return Err(at.fault(format!("expressions stand in each other more than {DEPTH} deep")));
        }
        match value {
            Value::Array(items) => self.call(items, wanted, at),
            Value::Number(_) => self.plain(value, wanted, at, Kind::Number),
            Value::Bool(_) => self.plain(value, wanted, at, Kind::Boolean),
            Value::String(_) => self.plain(value, wanted, at, Kind::Text),
            Value::Null => Err(at.fault("null is no value here; leave the property out, or write [\"literal\", null]")),
            Value::Object(_) => Err(at.fault("an object is no value here")),
        }
    }

    /// A value that is written out; where it would be the property's, it must be one of its values.
    fn plain(&self, value: &Value, wanted: Kind, at: &Place, kind: Kind) -> Checked<Kind> {
        let sort = self.property.map(|property| property.sort);
        match (sort, value) {
            (Some(Sort::Colour), Value::String(text)) if wanted == Kind::Colour => {
                colour::check(text).map_err(|why| at.fault(why)).map(|()| Kind::Colour)
            }
            (Some(sort @ (Sort::Word(_) | Sort::Number(..))), _) if at.is_outcome() && sort.kind() == wanted => {
                literal(value, sort, at).map(|()| kind)
            }
            (_, Value::String(text)) => text_at(text, self.property.is_some(), at).map(|()| kind),
            _ => Ok(kind),
        }
    }

    fn call(&self, items: &[Value], wanted: Kind, at: &Place) -> Checked<Kind> {
        let Some(operator) = items.first().and_then(Value::as_str) else {
            return Err(
                at.fault("an expression is a list that begins with the name of its operator; a list of values is [\"literal\", […]]")
            );
        };
        let given = &items[1..];
        if let Some((_, takes, least, most, gives)) = FUNCTIONS.iter().find(|(name, ..)| *name == operator) {
            count(operator, given, *least, *most, at)?;
            for (index, value) in given.iter().enumerate() {
                self.wanted(value, *takes, &at.argument(index + 1))?;
            }
            return Ok(*gives);
        }
        match operator {
            "==" | "!=" | "<" | "<=" | ">" | ">=" => self.compare(operator, given, at),
            "get" | "has" => self.attribute(operator, given, at),
            "id" | "geometry-type" => {
                count(operator, given, 0, 0, at)?;
                self.by_feature(operator, at)?;
                Ok(if operator == "id" { Kind::Anything } else { Kind::Text })
            }
            "zoom" if self.property.is_none() => count(operator, given, 0, 0, at).map(|()| Kind::Number),
            "zoom" => Err(at.fault("`zoom` may be looked at only by a `step` or `interpolate` that is the property's whole value")),
            "literal" => match self.property.map(|property| property.sort) {
                Some(sort @ (Sort::Words(_) | Sort::Numbers(..) | Sort::Fonts)) if at.is_outcome() => {
                    count("literal", given, 1, 1, at)?;
                    literal(&given[0], sort, &at.outcome(1)).map(|()| Kind::List)
                }
                _ => written_out(given, at),
            },
            "in" => self.contains(given, at),
            "length" => {
                count(operator, given, 1, 1, at)?;
                self.text_or_list(&given[0], &at.argument(1))?;
                Ok(Kind::Number)
            }
            "slice" => {
                count(operator, given, 2, 3, at)?;
                let kind = self.text_or_list(&given[0], &at.argument(1))?;
                for (index, value) in given.iter().enumerate().skip(1) {
                    self.wanted(value, Kind::Number, &at.argument(index + 1))?;
                }
                Ok(kind)
            }
            "coalesce" => {
                count(operator, given, 1, 16, at)?;
                self.outcomes(given.iter().enumerate().map(|(index, value)| (index + 1, value)), wanted, at)
            }
            "case" => self.cases(given, wanted, at),
            "match" => self.matching(given, wanted, at),
            "step" => self.step(items, wanted, false, at),
            "interpolate" => self.interpolate(items, wanted, false, at),
            other => {
                let known = FUNCTIONS.iter().map(|(name, ..)| *name).chain(OTHERS.iter().copied()).collect::<Vec<_>>().join(" ");
                Err(at.fault(format!(
                    "`{}` is no operator that is taken here; those are {known}",
                    other.chars().take(40).collect::<String>()
                )))
            }
        }
    }

    fn by_feature(&self, operator: &str, at: &Place) -> Checked<()> {
        match self.property {
            Some(property) if !property.by_feature => {
                Err(at.fault(format!("`{}` is the same for all features, so that `{operator}` can't be asked", property.name)))
            }
            _ => Ok(()),
        }
    }

    /// An attribute of the feature: one that tiles have.
    fn attribute(&self, operator: &str, given: &[Value], at: &Place) -> Checked<Kind> {
        count(operator, given, 1, 1, at)?;
        self.by_feature(operator, at)?;
        let Some(name) = given[0].as_str() else {
            return Err(at.argument(1).fault("the name of a field is a text"));
        };
        let fields = || self.layer.fields.iter().filter(|field| !field.personal).map(|field| field.name.as_str());
        if !fields().chain(["id", "point_count", "feature_count"]).any(|known| known == name) {
            let known = fields().collect::<Vec<_>>().join(", ");
            let name: String = name.chars().take(60).collect();
            return Err(at.argument(1).fault(format!("the layer's tiles have no attribute `{name}`; there are {known}")));
        }
        Ok(if operator == "has" { Kind::Boolean } else { Kind::Anything })
    }

    fn compare(&self, operator: &str, given: &[Value], at: &Place) -> Checked<Kind> {
        count(operator, given, 2, 2, at)?;
        two_texts(operator, given, at)?;
        let mut kinds = [Kind::Anything; 2];
        for (index, value) in given.iter().enumerate() {
            kinds[index] = self.kind(value, Kind::Anything, &at.argument(index + 1))?;
            let has_order = matches!(kinds[index], Kind::Number | Kind::Text | Kind::Anything);
            let is_plain = !matches!(kinds[index], Kind::Colour | Kind::List);
            if !is_plain || (!has_order && !matches!(operator, "==" | "!=")) {
                return Err(at.argument(index + 1).fault(format!("`{operator}` can't compare {}", kinds[index].name())));
            }
        }
        match kinds {
            [left, right] if left != right && left != Kind::Anything && right != Kind::Anything => {
                Err(at.fault(format!("`{operator}` can't compare {} with {}", left.name(), right.name())))
            }
            _ => Ok(Kind::Boolean),
        }
    }

    fn contains(&self, given: &[Value], at: &Place) -> Checked<Kind> {
        count("in", given, 2, 2, at)?;
        two_texts("in", given, at)?;
        let needle = self.kind(&given[0], Kind::Anything, &at.argument(1))?;
        if matches!(needle, Kind::Colour | Kind::List) {
            return Err(at.argument(1).fault(format!("{} is in nothing", needle.name())));
        }
        self.text_or_list(&given[1], &at.argument(2))?;
        Ok(Kind::Boolean)
    }

    fn text_or_list(&self, value: &Value, at: &Place) -> Checked<Kind> {
        match self.kind(value, Kind::Anything, at)? {
            kind @ (Kind::Text | Kind::List | Kind::Anything) => Ok(kind),
            other => Err(at.fault(format!("this is {}, where a text or a list is wanted", other.name()))),
        }
    }

    /// Values of which one will be the expression's: of one kind.
    fn outcomes<'v>(&self, values: impl Iterator<Item = (usize, &'v Value)>, wanted: Kind, at: &Place) -> Checked<Kind> {
        let mut found = Kind::Anything;
        for (index, value) in values {
            let place = at.outcome(index);
            let kind = self.kind(value, wanted, &place)?;
            if wanted != Kind::Anything && !kind.does_for(wanted) {
                return Err(place.fault(format!("this is {}, where {} is wanted", kind.name(), wanted.name())));
            }
            if wanted == Kind::Anything && found != Kind::Anything && kind != Kind::Anything && kind != found {
                return Err(place.fault(format!("this is {}, and what stands before it {}", kind.name(), found.name())));
            }
            if found == Kind::Anything {
                found = kind;
            }
        }
        Ok(if wanted == Kind::Colour { Kind::Colour } else { found })
    }

    fn cases(&self, given: &[Value], wanted: Kind, at: &Place) -> Checked<Kind> {
        if given.len() < 3 || given.len().is_multiple_of(2) {
            return Err(at.fault("`case` is pairs of a condition and a value, and the value where none holds"));
        }
        let last = given.len() - 1;
        for index in (0..last).step_by(2) {
            self.wanted(&given[index], Kind::Boolean, &at.argument(index + 1))?;
        }
        self.outcomes((0..last).filter(|index| index % 2 == 1).chain([last]).map(|index| (index + 1, &given[index])), wanted, at)
    }

    fn matching(&self, given: &[Value], wanted: Kind, at: &Place) -> Checked<Kind> {
        if given.len() < 4 || !given.len().is_multiple_of(2) {
            return Err(at.fault("`match` is an input, pairs of a label and a value, and the value where none of the labels fits"));
        }
        let input = self.kind(&given[0], Kind::Anything, &at.argument(1))?;
        let last = given.len() - 1;
        let mut labels: Vec<&Value> = Vec::new();
        for index in (1..last).step_by(2) {
            let place = at.argument(index + 1);
            let several = match &given[index] {
                Value::Array(several) if several.is_empty() => return Err(place.fault("a list of labels has one at least")),
                Value::Array(several) => several.as_slice(),
                single => std::slice::from_ref(single),
            };
            for label in several {
                let kind = match label {
                    Value::String(text) => text_at(text, self.property.is_some(), &place).map(|()| Kind::Text)?,
                    Value::Number(number) if number.as_i64().is_some_and(|n| n.abs() < 1 << 53) => Kind::Number,
                    _ => return Err(place.fault("a label is a text or a whole number, or a list of them")),
                };
                let first = labels.first().map_or(input, |first| if first.is_string() { Kind::Text } else { Kind::Number });
                if !kind.does_for(first) || !kind.does_for(input) {
                    return Err(place.fault("labels are all texts or all numbers, as the input is"));
                }
                if labels.contains(&label) {
                    return Err(place.fault(format!("the label {} is there twice", short(Some(label)))));
                }
                labels.push(label);
            }
        }
        self.outcomes((1..last).filter(|index| index % 2 == 0).chain([last]).map(|index| (index + 1, &given[index])), wanted, at)
    }

    fn step(&self, items: &[Value], wanted: Kind, outermost: bool, at: &Place) -> Checked<Kind> {
        if items.len() < 5 || items.len().is_multiple_of(2) {
            return Err(at.fault("`step` is an input, the first value, and pairs of a number from which on another holds and that value"));
        }
        self.input(&items[1], outermost, &at.argument(1))?;
        ascending((3..items.len()).step_by(2).map(|index| (index, &items[index])), at)?;
        self.outcomes((2..items.len()).step_by(2).map(|index| (index, &items[index])), wanted, at)
    }

    fn interpolate(&self, items: &[Value], wanted: Kind, outermost: bool, at: &Place) -> Checked<Kind> {
        if items.len() < 5 || items.len().is_multiple_of(2) {
            return Err(at.fault("`interpolate` is a way, an input, and pairs of a number and a value"));
        }
        if let Some(property) = self.property
            && !property.steady
        {
            return Err(at.fault(format!("`{}` can't change steadily; write `step`", property.name)));
        }
        way(&items[1], &at.argument(1))?;
        self.input(&items[2], outermost, &at.argument(2))?;
        ascending((3..items.len()).step_by(2).map(|index| (index, &items[index])), at)?;
        let kind = self.outcomes((4..items.len()).step_by(2).map(|index| (index, &items[index])), wanted, at)?;
        let wanted_or = if wanted == Kind::Anything { kind } else { wanted };
        if matches!(wanted_or, Kind::Number | Kind::Colour | Kind::List) {
            Ok(wanted_or)
        } else {
            Err(at.fault(format!("between two values of this kind ({}) there is nothing", wanted_or.name())))
        }
    }

    fn input(&self, value: &Value, outermost: bool, at: &Place) -> Checked<()> {
        if outermost { Ok(()) } else { self.wanted(value, Kind::Number, at) }
    }
}

/// Two texts that are written out were once a condition on an attribute.
fn two_texts(operator: &str, given: &[Value], at: &Place) -> Checked<()> {
    match given {
        [Value::String(first), Value::String(_)] => {
            let first: String = first.chars().take(40).collect();
            Err(at.fault(format!("`{operator}` of two texts is always the same; an attribute is [\"get\", \"{first}\"]")))
        }
        _ => Ok(()),
    }
}

fn way(value: &Value, at: &Place) -> Checked<()> {
    let numbers = |items: &[Value]| items.iter().map(Value::as_f64).collect::<Option<Vec<f64>>>();
    let fits = match value.as_array().and_then(|items| Some((items.first()?.as_str()?, numbers(&items[1..])?))) {
        Some(("linear", rest)) => rest.is_empty(),
        Some(("exponential", rest)) => rest.len() == 1 && rest[0] > 0.0,
        Some(("cubic-bezier", rest)) => rest.len() == 4 && rest.iter().all(|n| (0.0..=1.0).contains(n)),
        _ => false,
    };
    if fits { Ok(()) } else { Err(at.fault("the way is [\"linear\"], [\"exponential\", base] or [\"cubic-bezier\", x1, y1, x2, y2]")) }
}

fn ascending<'v>(stops: impl Iterator<Item = (usize, &'v Value)>, at: &Place) -> Checked<()> {
    let mut before = f64::NEG_INFINITY;
    for (index, value) in stops {
        let Some(stop) = value.as_f64() else { return Err(at.argument(index).fault("this must be a number that is written out")) };
        if stop <= before {
            return Err(at.argument(index).fault(format!("the numbers ascend: {stop} stands after {before}")));
        }
        before = stop;
    }
    Ok(())
}

fn count(operator: &str, given: &[Value], least: usize, most: usize, at: &Place) -> Checked<()> {
    if (least..=most).contains(&given.len()) {
        return Ok(());
    }
    let takes = if least == most { least.to_string() } else { format!("{least} to {most}") };
    Err(at.fault(format!("`{operator}` takes {takes} values, and is given {}", given.len())))
}

/// `["literal", …]`.
fn written_out(given: &[Value], at: &Place) -> Checked<Kind> {
    count("literal", given, 1, 1, at)?;
    let place = at.argument(1);
    match &given[0] {
        Value::Array(items) => {
            for item in items {
                match item {
                    Value::String(text) => text_at(text, true, &place)?,
                    Value::Number(_) | Value::Bool(_) | Value::Null => {}
                    _ => return Err(place.fault("a list has texts, numbers, true, false and null in it")),
                }
            }
            Ok(Kind::List)
        }
        Value::String(text) => text_at(text, true, &place).map(|()| Kind::Text),
        Value::Number(_) => Ok(Kind::Number),
        Value::Bool(_) => Ok(Kind::Boolean),
        Value::Null => Ok(Kind::Anything),
        Value::Object(_) => Err(place.fault("an object is no value here")),
    }
}

/// A text that is none of colours: what begins with `$` would become one.
fn text_at(text: &str, is_painted: bool, at: &Place) -> Checked<()> {
    if text.len() > TEXT_BYTES {
        return Err(at.fault(format!("a text has {TEXT_BYTES} bytes at most")));
    }
    if is_painted && text.starts_with('$') {
        return Err(at.fault("a text that begins with `$` names a colour, and none is wanted here"));
    }
    Ok(())
}

/// A value that is written out, as the property wants it.
fn literal(value: &Value, sort: Sort, at: &Place) -> Checked<()> {
    let words = |allowed: &[&str], value: &Value| value.as_str().is_some_and(|text| allowed.contains(&text));
    let list = |fits: &dyn Fn(&Value) -> bool| {
        value.as_array().is_some_and(|items| !items.is_empty() && items.len() <= 16 && items.iter().all(fits))
    };
    let refuse = |what: String| Err(at.fault(format!("{} is not {what}", short(Some(value)))));
    match sort {
        Sort::Number(least, most) => match value.as_f64() {
            Some(number) if number >= least && number <= most => Ok(()),
            _ if (least, most) == (0.0, 1.0) => refuse("a number from 0 to 1".to_owned()),
            _ if least > f64::MIN => refuse(format!("a number from {least} on")),
            _ => refuse("a number".to_owned()),
        },
        Sort::Colour => match value {
            Value::String(text) => colour::check(text).map_err(|why| at.fault(why)),
            _ => refuse("a colour".to_owned()),
        },
        Sort::Yes if value.is_boolean() => Ok(()),
        Sort::Yes => refuse("true or false".to_owned()),
        Sort::Word(allowed) if words(allowed, value) => Ok(()),
        Sort::Word(allowed) => refuse(format!("one of {}", allowed.join(", "))),
        Sort::Words(allowed) if list(&|item| words(allowed, item)) => Ok(()),
        Sort::Words(allowed) => refuse(format!("a list of some of {}", allowed.join(", "))),
        Sort::Numbers(least, most, from) => match value.as_array() {
            Some(items) if (least..=most).contains(&items.len()) && items.iter().all(|item| item.as_f64().is_some_and(|n| n >= from)) => {
                Ok(())
            }
            _ if least == most => refuse(format!("a list of {least} numbers")),
            _ => refuse(format!("a list of {least} to {most} numbers that are not below 0")),
        },
        Sort::Label => match value {
            Value::String(text) => text_at(text, true, at),
            _ => refuse("a text".to_owned()),
        },
        Sort::Fonts if list(&|item| words(FONTS, item)) => Ok(()),
        Sort::Fonts => refuse(format!("a list of fonts that the map has: {}", FONTS.join(", "))),
    }
}

fn short(value: Option<&Value>) -> String {
    let text = value.map(Value::to_string).unwrap_or_default();
    if text.chars().count() > 60 { format!("{}…", text.chars().take(60).collect::<String>()) } else { text }
}
