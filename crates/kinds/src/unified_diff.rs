//! Unified diffs as Go's difflib makes them: errors about immutable structs show one.

use std::{collections::HashMap, fmt::Write, ops::Range};

const CONTEXT: usize = 3;

/// Longer texts are matched without their most frequent lines.
const POPULAR_FROM: usize = 200;

/// The lines in which `new` differs from `old`, with three lines around them; empty when they are equal.
pub fn unified_diff(old: &str, new: &str) -> String {
    let (a, b): (Vec<&str>, Vec<&str>) = (old.split('\n').collect(), new.split('\n').collect());
    let mut out = String::new();
    for hunk in hunks(&matches(&a, &b), a.len(), b.len()) {
        write_hunk(&mut out, &hunk, &a, &b);
    }
    out
}

/// A run of equal lines: where it starts in both texts, and its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Match {
    a: usize,
    b: usize,
    size: usize,
}

/// A stretch of both texts that is equal in both or not.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Step {
    equal: bool,
    a: Range<usize>,
    b: Range<usize>,
}

fn matches(a: &[&str], b: &[&str]) -> Vec<Match> {
    let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
    for (i, line) in b.iter().enumerate() {
        places.entry(line).or_default().push(i);
    }
    if b.len() >= POPULAR_FROM {
        places.retain(|_, at| at.len() <= b.len() / 100 + 1);
    }
    let mut found = Vec::new();
    collect(&mut found, a, b, &places, 0..a.len(), 0..b.len());
    let mut joined: Vec<Match> = Vec::new();
    for m in found {
        match joined.last_mut() {
            Some(last) if last.a + last.size == m.a && last.b + last.size == m.b => last.size += m.size,
            _ => joined.push(m),
        }
    }
    joined
}

fn collect(found: &mut Vec<Match>, a: &[&str], b: &[&str], places: &HashMap<&str, Vec<usize>>, in_a: Range<usize>, in_b: Range<usize>) {
    let m = longest(a, b, places, &in_a, &in_b);
    if m.size == 0 {
        return;
    }
    if in_a.start < m.a && in_b.start < m.b {
        collect(found, a, b, places, in_a.start..m.a, in_b.start..m.b);
    }
    found.push(m);
    if m.a + m.size < in_a.end && m.b + m.size < in_b.end {
        collect(found, a, b, places, m.a + m.size..in_a.end, m.b + m.size..in_b.end);
    }
}

fn longest(a: &[&str], b: &[&str], places: &HashMap<&str, Vec<usize>>, in_a: &Range<usize>, in_b: &Range<usize>) -> Match {
    let mut best = Match { a: in_a.start, b: in_b.start, size: 0 };
    // Length of the run that ends in the line before, by its last place in b.
    let mut runs: HashMap<usize, usize> = HashMap::new();
    for (i, line) in a.iter().enumerate().take(in_a.end).skip(in_a.start) {
        let mut longer = HashMap::new();
        for &j in places.get(line).into_iter().flatten().filter(|j| in_b.contains(j)) {
            let size = 1 + j.checked_sub(1).and_then(|before| runs.get(&before)).copied().unwrap_or_default();
            longer.insert(j, size);
            if size > best.size {
                best = Match { a: i + 1 - size, b: j + 1 - size, size };
            }
        }
        runs = longer;
    }
    while best.a > in_a.start && best.b > in_b.start && a.get(best.a - 1) == b.get(best.b - 1) {
        best = Match { a: best.a - 1, b: best.b - 1, size: best.size + 1 };
    }
    while best.a + best.size < in_a.end && best.b + best.size < in_b.end && a.get(best.a + best.size) == b.get(best.b + best.size) {
        best.size += 1;
    }
    best
}

fn hunks(matches: &[Match], a_len: usize, b_len: usize) -> Vec<Vec<Step>> {
    let mut steps = Vec::new();
    let (mut i, mut j) = (0, 0);
    for m in matches.iter().copied().chain([Match { a: a_len, b: b_len, size: 0 }]) {
        if i < m.a || j < m.b {
            steps.push(Step { equal: false, a: i..m.a, b: j..m.b });
        }
        (i, j) = (m.a + m.size, m.b + m.size);
        if m.size > 0 {
            steps.push(Step { equal: true, a: m.a..i, b: m.b..j });
        }
    }
    let head =
        |s: &Step| Step { equal: true, a: s.a.start..s.a.end.min(s.a.start + CONTEXT), b: s.b.start..s.b.end.min(s.b.start + CONTEXT) };
    let tail = |s: &Step| Step {
        equal: true,
        a: s.a.start.max(s.a.end.saturating_sub(CONTEXT))..s.a.end,
        b: s.b.start.max(s.b.end.saturating_sub(CONTEXT))..s.b.end,
    };
    let count = steps.len();
    let mut groups = Vec::new();
    let mut group: Vec<Step> = Vec::new();
    for (n, step) in steps.into_iter().enumerate() {
        if !step.equal {
            group.push(step);
        } else if n == 0 {
            group.push(tail(&step));
        } else if n + 1 == count {
            group.push(head(&step));
        } else if step.a.len() > 2 * CONTEXT {
            group.push(head(&step));
            groups.push(std::mem::replace(&mut group, vec![tail(&step)]));
        } else {
            group.push(step);
        }
    }
    groups.push(group);
    groups.retain(|g| g.iter().any(|s| !s.equal));
    groups
}

fn write_hunk(out: &mut String, hunk: &[Step], a: &[&str], b: &[&str]) {
    let (Some(first), Some(last)) = (hunk.first(), hunk.last()) else { return };
    let _ = writeln!(out, "@@ -{} +{} @@", range(first.a.start..last.a.end), range(first.b.start..last.b.end));
    let mut lines = |mark: char, lines: Option<&[&str]>| {
        for line in lines.into_iter().flatten() {
            let _ = writeln!(out, "{mark}{line}");
        }
    };
    for step in hunk {
        if step.equal {
            lines(' ', a.get(step.a.clone()));
        } else {
            lines('-', a.get(step.a.clone()));
            lines('+', b.get(step.b.clone()));
        }
    }
}

/// A range of lines, counted from one.
fn range(lines: Range<usize>) -> String {
    match lines.len() {
        1 => (lines.start + 1).to_string(),
        0 => format!("{},0", lines.start),
        length => format!("{},{length}", lines.start + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::unified_diff;

    #[test]
    fn a_changed_line_stands_between_three_others() {
        let old = "1\n2\n3\n4\n5\n6\n7\n8\n9";
        let new = old.replace('5', "five");
        assert_eq!(unified_diff(old, &new), "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
    }

    #[test]
    fn distant_changes_are_hunks_of_their_own() {
        let old = (0..30).map(|n| n.to_string()).collect::<Vec<_>>().join("\n");
        let new = old.replace("\n3\n", "\n").replace("\n25\n", "\n25\nx\n");
        assert_eq!(
            unified_diff(&old, &new),
            "@@ -1,7 +1,6 @@\n 0\n 1\n 2\n-3\n 4\n 5\n 6\n@@ -24,6 +23,7 @@\n 23\n 24\n 25\n+x\n 26\n 27\n 28\n"
        );
    }

    #[test]
    fn equal_texts_do_not_differ() {
        assert_eq!(unified_diff("a\nb", "a\nb"), "");
    }
}
