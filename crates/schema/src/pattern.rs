//! Go's regular expressions (RE2) on the `regex` crate: the same language but for a few spellings, which are rewritten.

use regex::Regex;

/// A compiled pattern, or why Go could not compile it (`missing closing ]: \`[\``).
pub type Compiled = Result<Regex, String>;

/// Compiles a pattern as Go's `regexp.Compile` does.
///
/// # Errors
/// The text of Go's error after `error parsing regexp: `.
pub fn compile(pattern: &str) -> Compiled {
    let rewritten = Rewriter::default().run(pattern)?;
    Regex::new(&rewritten).map_err(|e| explain(pattern, &e))
}

/// Go's words for what only the regex crate noticed.
fn explain(pattern: &str, error: &regex::Error) -> String {
    let text = error.to_string();
    let kinds = [
        ("unclosed group", "missing closing ): "),
        ("unopened group", "unexpected ): "),
        ("repetition operator missing expression", "missing argument to repetition operator: "),
        ("invalid character class range", "invalid character class range: "),
        ("decimal literal", "invalid repeat count: "),
        ("size limit", "expression too large: "),
    ];
    let why = kinds.iter().find(|(needle, _)| text.contains(needle)).map_or("invalid escape sequence: ", |(_, why)| why);
    format!("{why}`{pattern}`")
}

/// Repetitions beyond this are refused by Go.
const MAX_REPEAT: u32 = 1000;

#[derive(Default)]
struct Rewriter {
    out: String,
    in_class: bool,
}

impl Rewriter {
    fn run(mut self, pattern: &str) -> Result<String, String> {
        let mut rest = pattern;
        let mut class_start = "";
        while let Some(c) = rest.chars().next() {
            let after = rest.get(c.len_utf8()..).unwrap_or_default();
            rest = match c {
                '\\' => self.escape(after)?,
                '[' if !self.in_class => {
                    class_start = rest;
                    self.open_class(after)
                }
                '[' => self.posix_class(rest)?,
                ']' if self.in_class => {
                    self.in_class = false;
                    self.out.push(']');
                    after
                }
                // Set operations of the regex crate that Go does not know.
                '&' | '~' if self.in_class => {
                    self.out.push('\\');
                    self.out.push(c);
                    after
                }
                '-' if self.in_class && after.starts_with('-') => {
                    self.out.push_str("\\-");
                    after
                }
                '{' if !self.in_class => self.braces(rest)?,
                '(' if !self.in_class && lookaround(after) => {
                    let shown = rest.get(..3).unwrap_or(rest);
                    return Err(format!("invalid or unsupported Perl syntax: `{shown}`"));
                }
                _ => {
                    self.out.push(c);
                    after
                }
            };
        }
        if self.in_class {
            return Err(format!("missing closing ]: `{class_start}`"));
        }
        Ok(self.out)
    }

    fn open_class<'a>(&mut self, after: &'a str) -> &'a str {
        self.in_class = true;
        self.out.push('[');
        let negated = after.strip_prefix('^');
        if negated.is_some() {
            self.out.push('^');
        }
        let rest = negated.unwrap_or(after);
        // A bracket that comes first stands for itself.
        match rest.strip_prefix(']') {
            Some(rest) => {
                self.out.push_str("\\]");
                rest
            }
            None => rest,
        }
    }

    /// `[:alpha:]` inside a class; any other bracket there stands for itself.
    fn posix_class<'a>(&mut self, rest: &'a str) -> Result<&'a str, String> {
        if rest.starts_with("[:")
            && let Some(end) = rest.find(":]")
        {
            let (class, rest) = rest.split_at(end + 2);
            self.out.push_str(class);
            return Ok(rest);
        }
        self.out.push_str("\\[");
        Ok(rest.get(1..).unwrap_or_default())
    }

    /// Perl classes are ASCII in Go; quoting with `\Q...\E` and escaped punctuation are spelled out.
    fn escape<'a>(&mut self, after: &'a str) -> Result<&'a str, String> {
        let Some(c) = after.chars().next() else { return Err("trailing backslash at end of expression: ``".to_owned()) };
        let rest = after.get(c.len_utf8()..).unwrap_or_default();
        let (inside, outside) = match c {
            'd' => ("0-9", "[0-9]"),
            'D' => ("[^0-9]", "[^0-9]"),
            'w' => ("0-9A-Za-z_", "[0-9A-Za-z_]"),
            'W' => ("[^0-9A-Za-z_]", "[^0-9A-Za-z_]"),
            's' => ("\\t\\n\\f\\r ", "[\\t\\n\\f\\r ]"),
            'S' => ("[^\\t\\n\\f\\r ]", "[^\\t\\n\\f\\r ]"),
            'b' if !self.in_class => ("", "(?-u:\\b)"),
            'B' if !self.in_class => ("", "(?-u:\\B)"),
            'Q' => {
                let (quoted, rest) = rest.split_once("\\E").unwrap_or((rest, ""));
                self.out.push_str(&regex::escape(quoted));
                return Ok(rest);
            }
            'a' | 'f' | 't' | 'n' | 'r' | 'v' | 'x' | 'p' | 'P' => {
                self.out.push('\\');
                self.out.push(c);
                return Ok(rest);
            }
            'A' | 'z' if !self.in_class => {
                self.out.push('\\');
                self.out.push(c);
                return Ok(rest);
            }
            '0'..='7' => return Ok(self.octal(c, rest)),
            c if c.is_ascii_punctuation() => {
                self.out.push_str(&regex::escape(c.encode_utf8(&mut [0; 4])));
                return Ok(rest);
            }
            c => return Err(format!("invalid escape sequence: `\\{c}`")),
        };
        self.out.push_str(if self.in_class { inside } else { outside });
        Ok(rest)
    }

    fn octal<'a>(&mut self, first: char, rest: &'a str) -> &'a str {
        let more = rest.bytes().take(2).take_while(|b| (b'0'..=b'7').contains(b)).count();
        let (digits, rest) = rest.split_at(more);
        let code = digits.bytes().fold(first as u32 - u32::from(b'0'), |n, b| n * 8 + u32::from(b - b'0'));
        self.out.push_str(&format!("\\x{{{code:x}}}"));
        rest
    }

    /// A brace that starts no repetition stands for itself.
    fn braces<'a>(&mut self, rest: &'a str) -> Result<&'a str, String> {
        let inner = rest.get(1..).unwrap_or_default().split_once('}').map(|(inner, _)| inner);
        let repeat = inner.filter(|inner| {
            let (low, high) = inner.split_once(',').unwrap_or((inner, ""));
            !low.is_empty() && low.bytes().chain(high.bytes()).all(|b| b.is_ascii_digit())
        });
        let Some(inner) = repeat else {
            self.out.push_str("\\{");
            return Ok(rest.get(1..).unwrap_or_default());
        };
        let (whole, after) = rest.split_at(inner.len() + 2);
        let too_large = |n: &str| !n.is_empty() && n.parse::<u32>().map_or(true, |n| n > MAX_REPEAT);
        let (low, high) = inner.split_once(',').unwrap_or((inner, ""));
        let backwards = match (low.parse::<u32>(), high.parse::<u32>()) {
            (Ok(low), Ok(high)) => low > high,
            _ => false,
        };
        if too_large(low) || too_large(high) || backwards {
            return Err(format!("invalid repeat count: `{whole}`"));
        }
        self.out.push_str(whole);
        Ok(after)
    }
}

/// Groups that Perl knows and Go does not.
fn lookaround(after: &str) -> bool {
    ["?=", "?!", "?<=", "?<!", "?>", "?#"].iter().any(|p| after.starts_with(p))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn matches(pattern: &str, text: &str) -> bool {
        compile(pattern).unwrap().is_match(text)
    }

    #[test]
    fn spellings_of_go_mean_what_they_mean_in_go() {
        assert!(matches(r"^\d+$", "123") && !matches(r"^\d+$", "\u{661}"));
        assert!(matches(r"^[\w.-]+$", "a_b-c.d") && matches(r"^[^\s]+$", "ab") && !matches(r"^[^\s]+$", "a b"));
        assert!(matches("^[[a]+$", "[a[") && matches("^[]a]+$", "]a") && matches("^[a&&b]+$", "&ab"));
        assert!(matches("^a{,2}$", "a{,2}") && matches("^a{2}$", "aa") && matches(r"^\/\-\_$", "/-_"));
        assert!(matches(r"^\Qa.b\E$", "a.b") && !matches(r"^\Qa.b\E$", "axb"));
        assert!(matches("^[[:alpha:]]+$", "ab") && matches(r"\bfoo\b", "a foo b"));
    }

    #[test]
    fn errors_are_those_of_go() {
        let error = |p: &str| compile(p).err().unwrap();
        assert_eq!(error("["), "missing closing ]: `[`");
        assert_eq!(error("a[b"), "missing closing ]: `[b`");
        assert_eq!(error("(?=a)"), "invalid or unsupported Perl syntax: `(?=`");
        assert_eq!(error("a{1001}"), "invalid repeat count: `{1001}`");
        assert_eq!(error(r"\y"), "invalid escape sequence: `\\y`");
        assert_eq!(error("("), "missing closing ): `(`");
    }

    proptest! {
        #[test]
        fn compiling_never_panics(pattern in "[\\[\\](){}|*+?^$.\\\\a-dQEdwsx0-9,:&~-]{0,16}", text in "[a-d0-9]{0,6}") {
            if let Ok(regex) = compile(&pattern) {
                let _ = regex.is_match(&text);
            }
        }
    }
}
