//! Where in an expression's text an issue belongs. The parser keeps positions to itself, so they are found again.

/// An issue as cel-go prints it: place, message, line, and a mark below the column.
pub fn issue(source: &str, offset: usize, message: &str) -> String {
    let before = source.get(..offset).unwrap_or(source);
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let column = before.get(start..).unwrap_or_default().chars().count();
    issue_at(source, before.matches('\n').count() + 1, column, message)
}

/// The same for a line and a column. Below wide characters the mark is wide; what is empty has no columns and is not shown.
fn issue_at(source: &str, line: usize, column: usize, message: &str) -> String {
    if source.is_empty() {
        return format!("ERROR: <input>:{line}:0: {message}");
    }
    let text = source.lines().nth(line - 1).unwrap_or_default().replace('\t', " ");
    let mark = |c: Option<char>, narrow: char, wide: char| if c.is_some_and(|c| !c.is_ascii()) { wide } else { narrow };
    let mut marks: String = text.chars().take(column).map(|c| mark(Some(c), '.', '．')).collect();
    marks.push(mark(text.chars().nth(column), '^', '＾'));
    format!("ERROR: <input>:{line}:{}: {message}\n | {text}\n | {marks}", column + 1)
}

/// The parser's errors as cel-go prints them. It expects many things after a whole expression, and tells of the end alone.
pub fn syntax_errors(source: &str, errors: &str) -> String {
    const START: &str = "ERROR: <input>:";
    let mut issues = Vec::new();
    for error in errors.split(START).filter(|error| !error.is_empty()) {
        let message = error.split("\n| ").next().unwrap_or_default().trim_end();
        let mut parts = message.splitn(3, ':');
        let mut number = || parts.next().and_then(|part| part.parse::<usize>().ok());
        let (Some(line), Some(column)) = (number(), number()) else { return errors.replace("\n| ", "\n | ") };
        let message = only_the_end(parts.next().unwrap_or_default().trim_start());
        issues.push(issue_at(source, line.max(1), column.saturating_sub(1), &message));
    }
    issues.join("\n")
}

fn only_the_end(message: &str) -> String {
    match message.split_once("expecting {<EOF>, ") {
        Some((before, rest)) => format!("{before}expecting <EOF>{}", rest.split_once('}').map_or("", |(_, after)| after)),
        None => message.to_owned(),
    }
}

/// Where a variable is used, after so many uses.
pub fn ident(source: &str, name: &str, after: usize) -> usize {
    let mut uses = words(source, name).filter(|at| !source.get(..*at).unwrap_or_default().trim_end().ends_with('.'));
    let first = uses.next().unwrap_or(0);
    if after == 0 { first } else { uses.nth(after - 1).unwrap_or(first) }
}

/// Where a variable is used last.
pub fn last_ident(source: &str, name: &str) -> usize {
    words(source, name).filter(|at| !source.get(..*at).unwrap_or_default().trim_end().ends_with('.')).last().unwrap_or(0)
}

/// The dot before a field; cel-go marks it, and not the name.
pub fn field(source: &str, operand: &str, name: &str) -> usize {
    let dots = || words(source, name).filter_map(|at| source.get(..at)?.trim_end().strip_suffix('.').map(str::len));
    let after = |at: &usize| source.get(..*at).is_some_and(|before| before.ends_with(operand));
    dots().find(after).or_else(|| dots().next()).unwrap_or(0)
}

/// The bracket of `has(...)` around a field.
pub fn has(source: &str, operand: &str, name: &str) -> usize {
    let around = |at: &usize| source.get(*at..).is_some_and(|rest| rest.starts_with(&format!("has({operand}.{name}")));
    let found = words(source, "has").find(around).or_else(|| words(source, "has").next());
    found.map_or(0, |at| at + "has".len())
}

/// The first argument of a function.
pub fn argument(source: &str, name: &str) -> usize {
    let after = call(source, name) + 1;
    let rest = source.get(after..).unwrap_or_default();
    after + rest.len() - rest.trim_start().len()
}

/// An argument of a function by its index.
pub fn nth_argument(source: &str, name: &str, index: usize) -> usize {
    let mut at = argument(source, name);
    for _ in 0..index {
        let rest = source.get(at..).unwrap_or_default();
        let Some(comma) = rest.find(',') else { return at };
        let after = rest.get(comma + 1..).unwrap_or_default();
        at += comma + 1 + after.len() - after.trim_start().len();
    }
    at
}

/// The bracket after a function's name.
pub fn call(source: &str, name: &str) -> usize {
    words(source, name).map(|at| at + name.len()).find(|at| source.get(*at..).is_some_and(|s| s.starts_with('('))).unwrap_or(0)
}

/// The brace after the name of a type: `Object{`.
pub fn brace(source: &str, name: &str) -> usize {
    source.find(&format!("{name}{{")).map_or(0, |at| at + name.len())
}

/// The colon after a field of an object that is written out.
pub fn colon(source: &str, name: &str, field: &str) -> usize {
    let from = brace(source, name);
    let rest = source.get(from..).unwrap_or_default();
    let at = words(rest, field).map(|at| at + field.len()).find(|at| rest.get(*at..).is_some_and(|s| s.trim_start().starts_with(':')));
    at.map_or(from, |at| from + at + rest.get(at..).unwrap_or_default().find(':').unwrap_or(0))
}

/// An operator outside of text.
pub fn operator(source: &str, sign: &str) -> usize {
    let mut quote = None;
    for (at, c) in source.char_indices() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, _) if source.get(at..).is_some_and(|rest| rest.starts_with(sign)) => return at,
            _ => {}
        }
    }
    0
}

fn words<'a>(source: &'a str, name: &'a str) -> impl Iterator<Item = usize> + 'a {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    source.match_indices(name).map(|(at, _)| at).filter(move |at| {
        !source.get(..*at).unwrap_or_default().ends_with(is_word) && !source.get(at + name.len()..).unwrap_or_default().starts_with(is_word)
    })
}
