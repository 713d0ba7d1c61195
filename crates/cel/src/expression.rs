//! One expression.

use crate::{
    authorizer,
    check::Checker,
    eval::{Evaluation, Outcome},
    format,
    library::{self, Patterns},
    locate,
    macros::parts,
    parser::{self, Parsed},
    rewrite::rewrite,
    runtime_cost::LIMIT,
    texts, timestamps,
    types::Type,
    value::Val,
};
use kube_cel::{
    KubeCelExt,
    cel::{
        Context, ExecutionError, IdedExpr, Value,
        common::ast::{EntryExpr, Expr, LiteralValue, operators},
        parser::Parser,
    },
};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The variables of an expression and their types.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    variables: Vec<(String, Type)>,
    /// Whether objects can be made: `Object{}`, `JSONPatch{}`.
    makes_objects: bool,
}

impl Scope {
    /// Without variables.
    pub const fn new() -> Self {
        Self { variables: Vec::new(), makes_objects: false }
    }

    /// With one variable more.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, of: Type) -> Self {
        self.variables.push((name.into(), of));
        self
    }

    /// With the types of mutations: `Object` and its parts, and `JSONPatch`.
    #[must_use]
    pub const fn making_objects(mut self) -> Self {
        self.makes_objects = true;
        self
    }

    pub(crate) const fn makes_objects(&self) -> bool {
        self.makes_objects
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Type> {
        self.variables.iter().rev().find(|(n, _)| n == name).map(|(_, of)| of)
    }

    pub(crate) fn push(&mut self, name: &str, of: Type) {
        self.variables.push((name.to_owned(), of));
    }

    pub(crate) fn pop(&mut self) {
        self.variables.pop();
    }
}

/// A compiled expression.
#[derive(Debug, Clone)]
pub struct Expression {
    expr: IdedExpr,
    result: Type,
    cost: u64,
    patterns: Patterns,
}

/// What evaluating an expression has come to.
#[derive(Debug)]
pub struct Evaluated<'v> {
    /// Its value, or why it has none.
    pub value: Outcome<Val<'v>>,
    /// What it has cost.
    pub cost: u64,
}

impl Expression {
    /// Parses and checks an expression.
    ///
    /// # Errors
    /// `ERROR: <input>:1:5: undefined field 'x'` with the line and a mark below it, as cel-go prints its issues.
    pub fn compile(source: &str, scope: &Scope) -> Result<Self, String> {
        let Some(Parsed { mut expr, positions, misuses }) = parser::parse(source) else { return Err(syntax_errors(source)) };
        if !misuses.is_empty() {
            return Err(misuses.iter().map(|(at, why)| locate::issue(source, *at, why)).collect::<Vec<_>>().join("\n"));
        }
        let mut checker = Checker::new(source, &positions, scope.clone());
        let checked = checker.check(&expr);
        let issues = checker.into_issues();
        if !issues.is_empty() {
            return Err(issues.join("\n"));
        }
        rewrite(&mut expr);
        let mut patterns = Patterns::default();
        add_patterns(&expr, &mut patterns);
        Ok(Self { expr, result: checked.of, cost: checked.cost, patterns })
    }

    /// The type of its result.
    pub const fn result(&self) -> &Type {
        &self.result
    }

    /// What evaluating it may cost at most.
    pub const fn cost(&self) -> u64 {
        self.cost
    }

    /// Whether it only selects from something: of this, nothing is known that its variables do not tell.
    pub fn is_selection(&self) -> bool {
        is_selection(&self.expr)
    }

    /// Evaluates the conversions and patterns that are written out in it, as upstream does when it makes a program of it.
    ///
    /// # Errors
    /// Those of the first that fails, as [`Expression::evaluate`] tells them.
    pub fn constants(&self) -> Result<(), String> {
        let mut expr = self.expr.clone();
        constants(&mut expr)
    }

    /// Whether it uses a variable.
    pub fn uses(&self, variable: &str) -> bool {
        uses(&self.expr, variable)
    }

    /// Its value for these variables, and what it costs, up to a limit.
    pub fn run<'v>(&'v self, variables: &[(&'v str, Val<'v>)], limit: u64) -> Evaluated<'v> {
        let mut evaluation = Evaluation::new(variables, &self.patterns, limit);
        let value = evaluation.value(&self.expr);
        Evaluated { value, cost: evaluation.spent() }
    }

    /// Its value for these variables.
    ///
    /// # Errors
    /// In cel-go's words: `no such key: x`, `no such overload`, `index out of bounds: 5`.
    pub fn evaluate(&self, variables: &[(&str, Value)]) -> Result<Value, String> {
        let variables: Vec<(&str, Val<'_>)> = variables.iter().map(|(name, value)| (*name, Val::cel(value.clone()))).collect();
        self.run(&variables, LIMIT).value.map(|value| value.to_cel()).map_err(|why| why.to_string())
    }
}

/// What is wrong with an expression that cannot be read, in the words of the parser that is made from CEL's grammar.
fn syntax_errors(source: &str) -> String {
    // It still has forms that it only knows how to panic about.
    let parsed = catch_unwind(AssertUnwindSafe(|| Parser::new().enable_optional_syntax(true).parse(source)));
    let printed = parsed.ok().and_then(Result::err).map_or_else(String::new, |errors| locate::syntax_errors(source, &errors.to_string()));
    if printed.is_empty() { locate::issue(source, 0, "Syntax error: unsupported expression") } else { printed }
}

/// Compiles the patterns that an expression spells out.
fn add_patterns(expr: &IdedExpr, patterns: &mut Patterns) {
    if let Expr::Call(call) = &expr.expr
        && call.func_name == "matches"
        && let Some(Expr::Literal(LiteralValue::String(pattern))) = call.args.last().map(|argument| &argument.expr)
    {
        patterns.add(pattern.inner());
    }
    inside(expr).into_iter().for_each(|part| add_patterns(part, patterns));
}

fn constants(expr: &mut IdedExpr) -> Result<(), String> {
    if let Expr::Call(call) = &expr.expr {
        match (call.func_name.as_str(), call.args.as_slice()) {
            (name, [argument]) if library::is_conversion(name) && call.target.is_none() && is_constant(argument) => {
                let patterns = Patterns::default();
                Evaluation::new(&[], &patterns, LIMIT).value(expr).map_err(|why| why.to_string())?;
            }
            ("find" | "findAll", [pattern, ..]) => {
                if let Expr::Literal(LiteralValue::String(pattern)) = &pattern.expr {
                    minkapi_schema::pattern::compile(pattern.inner()).map_err(|why| format!("error parsing regexp: {why}"))?;
                }
            }
            _ => {}
        }
    }
    parts(&mut expr.expr).into_iter().try_for_each(constants)
}

/// A literal, or a negative one.
fn is_constant(expr: &IdedExpr) -> bool {
    match &expr.expr {
        Expr::Literal(_) => true,
        Expr::Call(call) => call.func_name == "-_" && call.args.iter().all(|arg| matches!(arg.expr, Expr::Literal(_))),
        _ => false,
    }
}

/// The functions of the crates that are used as they are.
pub fn functions() -> Context<'static> {
    let mut context = Context::default().with_all();
    timestamps::register(&mut context);
    format::register(&mut context);
    authorizer::register(&mut context);
    context
}

/// An error of the crates in cel-go's words.
pub fn explain(error: &ExecutionError) -> String {
    match error {
        ExecutionError::NoSuchKey(key) => format!("no such key: {key}"),
        ExecutionError::NoSuchOverload
        | ExecutionError::UnsupportedBinaryOperator(..)
        | ExecutionError::UnsupportedUnaryOperator(..)
        | ExecutionError::ValuesNotComparable(..)
        | ExecutionError::UnexpectedType { .. }
        | ExecutionError::UnsupportedTargetType { .. }
        | ExecutionError::NotSupportedAsMethod { .. }
        | ExecutionError::UnsupportedIndex(..) => "no such overload".to_owned(),
        ExecutionError::UndeclaredReference(name) => format!("no such attribute(s): {name}"),
        ExecutionError::DivisionByZero(_) => "division by zero".to_owned(),
        ExecutionError::RemainderByZero(_) => "modulus by zero".to_owned(),
        ExecutionError::Overflow(..) => "integer overflow".to_owned(),
        ExecutionError::IndexOutOfBounds(Value::Int(index)) => format!("index out of bounds: {index}"),
        ExecutionError::FunctionError { message, .. } => library_error(message),
        other => other.to_string(),
    }
}

/// The libraries' errors in upstream's words.
fn library_error(message: &str) -> String {
    let number_after = |word: &str| {
        let rest = message.split_once(word).map_or("", |(_, rest)| rest);
        rest.split(|c: char| c != '-' && !c.is_ascii_digit()).next().unwrap_or_default()
    };
    let quoted = message.split('\'').nth(1).unwrap_or_default();
    if message.contains("out of range for string") {
        return format!("index out of range: {}", number_after("index "));
    }
    if let Some((call, length)) = message.split_once(" out of range for list of length ") {
        let negative = call.split('(').nth(1).is_some_and(|indexes| indexes.contains('-'));
        let why = if negative { "negative indexes not supported".to_owned() } else { format!("list is length {length}") };
        return format!("cannot {call}, {why}");
    }
    if let Some(list) = message.strip_prefix("cannot call ").and_then(|m| m.strip_suffix(" on empty list")) {
        return format!("{list} called on empty list");
    }
    let no_quantity = ["no numeric value in '", "unknown quantity suffix", "empty quantity"];
    if no_quantity.iter().any(|begin| message.starts_with(begin)) {
        return "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'".to_owned();
    }
    if let Some(why) = message.strip_prefix("invalid semver '").and_then(|_| texts::semver_error(quoted)) {
        return why;
    }
    match message {
        "quantity is not an integer" | "quantity too large for integer" => "cannot convert value to integer".to_owned(),
        "depth must be non-negative" => "level must be non-negative".to_owned(),
        // Only `containsIP` still parses addresses that were not looked at before.
        m if m.starts_with("invalid IP address") => "no such overload".to_owned(),
        m => m.to_owned(),
    }
}

/// Whether a variable is used anywhere in an expression.
pub fn uses(expr: &IdedExpr, variable: &str) -> bool {
    matches!(&expr.expr, Expr::Ident(name) if name == variable) || inside(expr).into_iter().any(|part| uses(part, variable))
}

fn is_selection(expr: &IdedExpr) -> bool {
    match &expr.expr {
        Expr::Ident(_) => true,
        Expr::Select(select) => !select.test && is_selection(&select.operand),
        Expr::Call(call) if call.func_name == operators::INDEX => call.args.first().is_some_and(is_selection),
        Expr::Call(call) => call.func_name == "dyn",
        _ => false,
    }
}

fn entry(entry: &EntryExpr) -> Vec<&IdedExpr> {
    match entry {
        EntryExpr::StructField(field) => vec![&field.value],
        EntryExpr::MapEntry(entry) => vec![&entry.key, &entry.value],
    }
}

/// The expressions right inside of one.
fn inside(expr: &IdedExpr) -> Vec<&IdedExpr> {
    match &expr.expr {
        Expr::Call(call) => call.target.iter().map(|target| &**target).chain(&call.args).collect(),
        Expr::Comprehension(c) => vec![&c.iter_range, &c.accu_init, &c.loop_cond, &c.loop_step, &c.result],
        Expr::List(list) => list.elements.iter().collect(),
        Expr::Select(select) => vec![&select.operand],
        Expr::Map(map) => map.entries.iter().flat_map(|e| entry(&e.expr)).collect(),
        Expr::Struct(of) => of.entries.iter().flat_map(|e| entry(&e.expr)).collect(),
        Expr::Ident(_) | Expr::Literal(_) | Expr::Unspecified => Vec::new(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::convert;
    use serde_json::json;

    fn scope() -> Scope {
        let of = Type::object([("min".to_owned(), Type::Int), ("name".to_owned(), Type::TEXT)]);
        Scope::new().with("self", of).with("any", Type::Dyn)
    }

    fn error(source: &str) -> String {
        Expression::compile(source, &scope()).unwrap_err()
    }

    fn value(source: &str) -> Result<Value, String> {
        let any = json!({"labels": {"a": "b"}, "list": [1, 2]});
        let of_self = json!({"min": 1, "name": "x"});
        Expression::compile(source, &scope()).unwrap().evaluate(&[("self", convert(&of_self, None)), ("any", convert(&any, None))])
    }

    #[test]
    fn issues_are_printed_as_cel_go_prints_them() {
        assert_eq!(error("self.nope"), "ERROR: <input>:1:5: undefined field 'nope'\n | self.nope\n | ....^");
        assert_eq!(
            error("params.max > 1"),
            "ERROR: <input>:1:1: undeclared reference to 'params' (in container '')\n | params.max > 1\n | ^"
        );
        assert_eq!(
            error("1 + 'a'"),
            "ERROR: <input>:1:3: found no matching overload for '_+_' applied to '(int, string)'\n | 1 + 'a'\n | ..^"
        );
        assert_eq!(
            error("self.name.startsWith(1)"),
            "ERROR: <input>:1:21: found no matching overload for 'startsWith' applied to 'string.(int)'\n | self.name.startsWith(1)\n | ....................^"
        );
        assert!(error("any.list.all(1, v, true)").contains(":14: argument must be a simple name"));
        assert!(error("any.list.all(i, i, true)").contains(":17: duplicate variable name: i"));
        assert!(error("math.abs(1) == 1").contains("undeclared reference to 'math'"));
        assert!(error("self.min && true").contains("expected type 'bool' but found 'int'"));
        assert_eq!(error("10.0.0.0/8"), "ERROR: <input>:1:5: Syntax error: mismatched input '.0' expecting <EOF>\n | 10.0.0.0/8\n | ....^");
        assert!(error("").starts_with("ERROR: <input>:1:0: Syntax error: mismatched input '<EOF>' expecting {'['"));
        assert!(
            error("ä").starts_with("ERROR: <input>:1:1: Syntax error: token recognition error at: 'ä'\n | ä\n | ＾\nERROR: <input>:1:2: ")
        );
        assert!(error("self.min <").starts_with("ERROR: <input>:1:11: Syntax error: mismatched input '<EOF>'"));
    }

    #[test]
    fn expressions_have_the_values_that_they_have_upstream() {
        for (source, expected) in [
            ("self.min > 0 && self.name.startsWith('x')", Value::Bool(true)),
            ("any.?labels.orValue({})['a'] == 'b'", Value::Bool(true)),
            ("any.?nothing.orValue({}) == {}", Value::Bool(true)),
            ("!('exempt' in any.?nothing.orValue({}))", Value::Bool(true)),
            ("any.?labels.?a.hasValue()", Value::Bool(true)),
            ("type(self.min) == int && type(any.list) == list", Value::Bool(true)),
            ("any.list.all(x, x > 0) && any.list.exists(x, x == 2)", Value::Bool(true)),
            ("quantity('1Gi').isGreaterThan(quantity('1Mi'))", Value::Bool(true)),
            ("any.list.all(i, v, i < 2 && v == i + 1) && any.list.exists(i, v, i == 1 && v == 2)", Value::Bool(true)),
            ("any.labels.existsOne(k, v, k == 'a' && v == 'b')", Value::Bool(true)),
            ("any.list.transformList(i, v, i > 0, v * 2) == [4]", Value::Bool(true)),
            ("any.labels.transformMap(k, v, v + k) == {'a': 'ba'}", Value::Bool(true)),
            ("any.labels.transformMapEntry(k, v, {v: k}) == {'b': 'a'}", Value::Bool(true)),
            ("any.list.all(i, v, any.list.exists(j, w, j == i && w == v))", Value::Bool(true)),
            ("any.?labels.optMap(l, l.a).orValue('') == 'b'", Value::Bool(true)),
            ("any.?nope.optFlatMap(l, optional.of(l)).hasValue()", Value::Bool(false)),
            ("[3, 1, 2].sortBy(x, -x) == [3, 2, 1] && [1, 2].reverse() == [2, 1]", Value::Bool(true)),
            ("string(ip('::1')) == '::1' && ip.isCanonical('::1') && string(cidr('10.0.0.0/8')) == '10.0.0.0/8'", Value::Bool(true)),
            ("timestamp('2024-05-06T07:08:09Z').getHours('America/New_York') == 3", Value::Bool(true)),
            ("timestamp('2024-05-06T07:08:09Z').getHours('+02:00') == 9", Value::Bool(true)),
            ("format.named('dns1123Label').value().validate('A').hasValue()", Value::Bool(true)),
        ] {
            assert_eq!(value(source), Ok(expected), "{source}");
        }
        assert_eq!(value("any.nope == 1"), Err("no such key: nope".to_owned()));
        let twice = value("any.list.transformMapEntry(i, v, {'same': v}) == {}");
        assert_eq!(twice, Err("insert failed: key same already exists".to_owned()));
        assert!(value("ip(self.name) == ip('::1')").unwrap_err().ends_with("ParseAddr(\"x\"): unable to parse IP"));
        assert_eq!(value("any.list[5] == 1"), Err("index out of bounds: 5".to_owned()));
    }

    #[test]
    fn conversions_and_sizes_are_those_of_cel_go() {
        for source in [
            "size('é') == 1 && 'éa'.size() == 2 && [1].size() == 1 && size({'a': 1}) == 1",
            "string(true) == 'true' && string(1e30) == '1e+30' && string(duration('90s')) == '90s'",
            "string(timestamp('2020-01-01T00:00:00Z')) == '2020-01-01T00:00:00Z'",
            "int(timestamp('1970-01-01T00:01:00Z')) == 60 && int(1.9) == 1 && int('7') == 7 && uint(3) == 3u",
            "duration(duration('1m')) == duration('60s') && timestamp(timestamp(0)) == timestamp('1970-01-01T00:00:00Z')",
            "bool('t') && !bool('false') && double('1.5') == 1.5 && dyn(1) == 1",
        ] {
            assert_eq!(value(source), Ok(Value::Bool(true)), "{source}");
        }
        for (source, error) in [
            ("int(self.name) > 0", "type conversion error from 'string' to 'int'"),
            ("duration(self.name) > duration('1s')", "type conversion error from 'string' to 'google.protobuf.Duration'"),
            ("self.name.substring(5) == ''", "index out of range: 5"),
            ("semver(self.name).major() == 1", "No Major.Minor.Patch elements found"),
        ] {
            assert_eq!(value(source), Err(error.to_owned()), "{source}");
        }
    }

    #[test]
    fn objects_of_mutating_policies_are_maps() {
        let made = Expression::compile("Object{metadata: Object.metadata{labels: {'a': 'b'}}}", &scope().making_objects()).unwrap();
        let mut value = crate::to_json(&made.evaluate(&[]).unwrap()).unwrap();
        crate::without_types(&mut value).unwrap();
        assert_eq!(value, json!({"metadata": {"labels": {"a": "b"}}}));
        assert!(error("Object.metadata{a: 1}").contains(":1:16: undeclared reference to 'Object.metadata' (in container '')"));
    }
}
