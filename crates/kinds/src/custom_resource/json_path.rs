//! The JSONPath of printer columns: fields, indexes, slices, wildcards, descent and filters, as client-go reads them.

use serde_json::Value;

/// A path.
#[derive(Debug, Clone, PartialEq)]
pub struct JsonPath(Vec<Step>);

#[derive(Debug, Clone, PartialEq)]
enum Step {
    Field(String),
    Slice { start: Option<i64>, end: Option<i64>, step: i64 },
    Index(i64),
    Wildcard,
    Descend,
    Union(Vec<JsonPath>),
    Filter(Filter),
}

#[derive(Debug, Clone, PartialEq)]
struct Filter {
    left: Operand,
    operator: Operator,
    right: Operand,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Operator {
    Exists,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug, Clone, PartialEq)]
enum Operand {
    Path(JsonPath),
    Literal(Value),
}

const OPERATORS: [(&str, Operator); 6] = [
    ("==", Operator::Equal),
    ("!=", Operator::NotEqual),
    ("<=", Operator::LessOrEqual),
    (">=", Operator::GreaterOrEqual),
    ("<", Operator::Less),
    (">", Operator::Greater),
];

impl JsonPath {
    /// Reads a path such as `.status.conditions[?(@.type=="Ready")].status`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut steps = Vec::new();
        let mut rest = text.trim();
        rest = rest.strip_prefix(['@', '$']).unwrap_or(rest);
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix("..") {
                steps.push(Step::Descend);
                rest = after;
                if !rest.starts_with(['[', '.']) {
                    rest = field(rest, &mut steps)?;
                }
            } else if let Some(after) = rest.strip_prefix('.') {
                rest = if after.starts_with('[') { after } else { field(after, &mut steps)? };
            } else if let Some(after) = rest.strip_prefix('[') {
                let end = closing(after)?;
                let (inner, tail) = after.split_at(end);
                steps.push(bracket(inner)?);
                rest = tail.get(1..)?;
            } else {
                return None;
            }
        }
        Some(Self(steps))
    }

    /// The first value that it finds.
    pub fn first(&self, value: &Value) -> Option<Value> {
        self.find(value).into_iter().next().cloned()
    }

    fn find<'a>(&self, value: &'a Value) -> Vec<&'a Value> {
        let mut found = vec![value];
        for step in &self.0 {
            found = found.into_iter().flat_map(|value| step.apply(value)).collect();
        }
        found
    }
}

impl Step {
    fn apply<'a>(&self, value: &'a Value) -> Vec<&'a Value> {
        match (self, value) {
            (Self::Field(name), Value::Object(map)) => map.get(name).into_iter().collect(),
            (Self::Wildcard, Value::Object(map)) => map.values().collect(),
            (Self::Wildcard, Value::Array(list)) => list.iter().collect(),
            (Self::Index(at), Value::Array(list)) => {
                let at = if *at < 0 { at + list.len() as i64 } else { *at };
                usize::try_from(at).ok().and_then(|at| list.get(at)).into_iter().collect()
            }
            (Self::Slice { start, end, step }, Value::Array(list)) => {
                let length = list.len() as i64;
                let absolute = |at: i64| (if at < 0 { at + length } else { at }).clamp(0, length) as usize;
                let (start, end) = (absolute(start.unwrap_or(0)), absolute(end.unwrap_or(length)));
                let step = usize::try_from(*step).unwrap_or(1).max(1);
                list.get(start..end.max(start)).unwrap_or_default().iter().step_by(step).collect()
            }
            (Self::Descend, value) => descendants(value),
            (Self::Union(paths), value) => paths.iter().flat_map(|p| p.find(value)).collect(),
            (Self::Filter(filter), Value::Array(list)) => list.iter().filter(|item| filter.accepts(item)).collect(),
            (Self::Filter(filter), Value::Object(map)) => map.values().filter(|item| filter.accepts(item)).collect(),
            _ => Vec::new(),
        }
    }
}

impl Filter {
    fn accepts(&self, item: &Value) -> bool {
        let Some(left) = self.left.of(item) else { return false };
        if self.operator == Operator::Exists {
            return true;
        }
        let Some(right) = self.right.of(item) else { return false };
        let order = match (&left, &right) {
            (Value::Number(a), Value::Number(b)) => a.as_f64().partial_cmp(&b.as_f64()),
            (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
            (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
            _ => None,
        };
        let Some(order) = order else { return false };
        match self.operator {
            Operator::Exists => true,
            Operator::Equal => order.is_eq(),
            Operator::NotEqual => order.is_ne(),
            Operator::Less => order.is_lt(),
            Operator::LessOrEqual => order.is_le(),
            Operator::Greater => order.is_gt(),
            Operator::GreaterOrEqual => order.is_ge(),
        }
    }
}

impl Operand {
    fn of(&self, item: &Value) -> Option<Value> {
        match self {
            Self::Literal(value) => Some(value.clone()),
            Self::Path(path) => path.first(item),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.starts_with(['@', '$', '.']) {
            return JsonPath::parse(text).map(Self::Path);
        }
        if let Some(word) = unquote(text) {
            return Some(Self::Literal(word.into()));
        }
        serde_json::from_str::<Value>(text).ok().filter(|v| v.is_number() || v.is_boolean()).map(Self::Literal)
    }
}

fn descendants(value: &Value) -> Vec<&Value> {
    let mut found = vec![value];
    match value {
        Value::Object(map) => found.extend(map.values().flat_map(descendants)),
        Value::Array(list) => found.extend(list.iter().flat_map(descendants)),
        _ => {}
    }
    found
}

/// Reads a field's name, in which `\.` stands for a dot.
fn field<'a>(text: &'a str, steps: &mut Vec<Step>) -> Option<&'a str> {
    let mut name = String::new();
    let mut chars = text.char_indices();
    let mut end = text.len();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => name.push(chars.next()?.1),
            '.' | '[' | ' ' => {
                end = at;
                break;
            }
            c => name.push(c),
        }
    }
    match name.as_str() {
        "" => {}
        "*" => steps.push(Step::Wildcard),
        _ => steps.push(Step::Field(name)),
    }
    text.get(end..)
}

/// Where the bracket closes, quotes and inner brackets respected.
fn closing(text: &str) -> Option<usize> {
    let (mut depth, mut quote) = (0, None);
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            _ if escaped => escaped = false,
            (_, '\\') => escaped = true,
            (Some(q), c) if c == q => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '[') => depth += 1,
            (None, ']') if depth == 0 => return Some(at),
            (None, ']') => depth -= 1,
            _ => {}
        }
    }
    None
}

fn bracket(inner: &str) -> Option<Step> {
    let inner = inner.trim();
    if inner == "*" {
        return Some(Step::Wildcard);
    }
    if let Some(filter) = inner.strip_prefix("?(").and_then(|f| f.strip_suffix(')')) {
        return self::filter(filter).map(Step::Filter);
    }
    if let Some(name) = unquote(inner) {
        return Some(Step::Field(name));
    }
    if let Ok(index) = inner.parse() {
        return Some(Step::Index(index));
    }
    if inner.contains(',') {
        let paths = inner.split(',').map(|part| bracket(part).map(|step| JsonPath(vec![step]))).collect::<Option<_>>()?;
        return Some(Step::Union(paths));
    }
    let mut parts = inner.split(':');
    let mut number = || match parts.next().map(str::trim) {
        None | Some("") => Some(None),
        Some(text) => text.parse().ok().map(Some),
    };
    let (start, end, step) = (number()?, number()?, number()?);
    (inner.contains(':') && parts.next().is_none()).then_some(Step::Slice { start, end, step: step.unwrap_or(1) })
}

fn filter(text: &str) -> Option<Filter> {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (Some(_), _) => continue,
            (None, '"' | '\'') => quote = Some(c),
            _ => {}
        }
        let rest = text.get(at..)?;
        if let Some((sign, operator)) = OPERATORS.iter().find(|(sign, _)| quote.is_none() && rest.starts_with(sign)) {
            let left = Operand::parse(text.get(..at)?)?;
            let right = Operand::parse(rest.get(sign.len()..)?)?;
            return Some(Filter { left, operator: *operator, right });
        }
    }
    Some(Filter { left: Operand::parse(text)?, operator: Operator::Exists, right: Operand::Literal(Value::Null) })
}

fn unquote(text: &str) -> Option<String> {
    let inner = ['"', '\''].into_iter().find_map(|q| text.strip_prefix(q)?.strip_suffix(q))?;
    Some(inner.replace("\\\"", "\"").replace("\\'", "'"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_find_what_kubectl_finds() {
        let object = json!({
            "spec": {"zone": "a", "hosts": ["h1", "h2", "h3"], "example.com/x": 1, "ports": [{"port": 80}, {"port": 443}]},
            "status": {"conditions": [{"type": "Synced", "status": "False"}, {"type": "Ready", "status": "True"}]},
        });
        for (path, expected) in [
            (".spec.zone", json!("a")),
            (".spec.hosts[1]", json!("h2")),
            (".spec.hosts[-1]", json!("h3")),
            (".spec.hosts[1:]", json!("h2")),
            (".spec.hosts[*]", json!("h1")),
            (".spec['example.com/x']", json!(1)),
            (r".spec.example\.com/x", json!(1)),
            (r#".status.conditions[?(@.type=="Ready")].status"#, json!("True")),
            (".status.conditions[?(@.type=='Synced')].status", json!("False")),
            (".spec.ports[?(@.port > 100)].port", json!(443)),
            (".status..type", json!("Synced")),
        ] {
            assert_eq!(JsonPath::parse(path).unwrap().first(&object), Some(expected), "{path}");
        }
        assert_eq!(JsonPath::parse(".spec.none").unwrap().first(&object), None);
        assert_eq!(JsonPath::parse(".spec.[image"), None);
    }
}
