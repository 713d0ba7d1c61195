//! Issues as cel-go prints them: place, message, line, and a mark below the column.

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
        // A word of that parser's own about what it has half read.
        if message.starts_with("Incomplete ") {
            continue;
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_have_wide_dots_and_marks() {
        assert_eq!(issue("'é' + é", 7, "no"), "ERROR: <input>:1:7: no\n | 'é' + é\n | .．....＾");
        assert_eq!(issue("1 +\n  x", 6, "no"), "ERROR: <input>:2:3: no\n |   x\n | ..^");
    }
}
