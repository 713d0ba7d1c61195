//! What was measured, as text for the terminal and for `docs/performance.md`.

use crate::load::Cost;
use std::fmt::Write as _;

/// One line of the table of targets.
#[derive(Debug, Clone)]
pub struct Row {
    /// What was done.
    pub work: String,
    /// What it may cost.
    pub target: String,
    /// What it cost.
    pub measured: String,
    /// Whether the target is met; none when it was not measured in this run.
    pub met: Option<bool>,
}

impl Row {
    /// A row whose number must not be more than `most`.
    pub fn at_most(work: &str, most: f64, unit: &str, measured: f64, detail: &str) -> Self {
        Self::new(work, format!("<= {most}{unit}"), measured, unit, detail, measured <= most)
    }

    /// A row whose number must not be less than `least`.
    pub fn at_least(work: &str, least: f64, unit: &str, measured: f64, detail: &str) -> Self {
        Self::new(work, format!(">= {least}{unit}"), measured, unit, detail, measured >= least)
    }

    /// A row that this run did not measure.
    pub fn skipped(work: &str, target: &str, why: &str) -> Self {
        Self { work: work.to_owned(), target: target.to_owned(), measured: format!("not measured: {why}"), met: None }
    }

    fn new(work: &str, target: String, measured: f64, unit: &str, detail: &str, met: bool) -> Self {
        let detail = if detail.is_empty() { String::new() } else { format!(" ({detail})") };
        Self { work: work.to_owned(), target, measured: format!("{}{unit}{detail}", number(measured)), met: Some(met) }
    }
}

/// One line of the table of costs.
#[derive(Debug, Clone)]
pub struct CostRow {
    /// What was done.
    pub work: String,
    /// The server under test.
    pub ours: Cost,
    /// The bare hyper server with the same bytes.
    pub bare: Option<Cost>,
    /// kube-apiserver and etcd together.
    pub kube: Option<Cost>,
}

/// Values over sizes, to be drawn.
#[derive(Debug, Clone)]
pub struct Series {
    /// What the values are.
    pub name: String,
    /// Number of pods, and the value.
    pub points: Vec<(u64, f64)>,
}

/// All that a run found.
#[derive(Debug, Default)]
pub struct Report {
    /// Targets.
    pub rows: Vec<Row>,
    /// Costs of single requests.
    pub costs: Vec<CostRow>,
    /// Cost per request in microseconds by number of pods.
    pub by_size: Vec<Series>,
    /// Remarks on how it was measured.
    pub remarks: Vec<String>,
}

impl Report {
    /// Adds a row, and shows it.
    pub fn row(&mut self, row: Row) {
        println!("{:<6} {:<58} {:<24} {}", met(&row), row.work, row.target, row.measured);
        self.rows.push(row);
    }

    /// The tables in Markdown.
    pub fn markdown(&self) -> String {
        let mut out = String::new();
        let _ = writeln!(out, "## Targets\n\n| work | target | measured | met |\n|---|---|---|---|");
        for row in &self.rows {
            let _ = writeln!(out, "| {} | {} | {} | {} |", row.work, row.target, row.measured, met(row));
        }
        let _ = writeln!(
            out,
            "\n## Server CPU time per request\n\n| request | minkapi | bare hyper, same bytes | ratio | kube-apiserver + etcd | less by |\n|---|---|---|---|---|---|"
        );
        for row in &self.costs {
            let micros = |cost: Cost| format!("{} µs", number(cost.micros()));
            let ratio = row.bare.map(|bare| format!("{}x", number(row.ours.micros() / bare.micros())));
            let less = row.kube.map(|kube| format!("{}x", number(kube.micros() / row.ours.micros())));
            let cell = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
            let (bare, kube) = (cell(row.bare.map(micros)), cell(row.kube.map(micros)));
            let _ = writeln!(out, "| {} | {} | {bare} | {} | {kube} | {} |", row.work, micros(row.ours), cell(ratio), cell(less));
        }
        let _ = writeln!(
            out,
            "\n## Cost by number of pods\n\n| µs per request |{}",
            self.sizes().map(|n| format!(" {n} |")).collect::<String>()
        );
        let _ = writeln!(out, "|---|{}", self.sizes().map(|_| "---|").collect::<String>());
        for series in &self.by_size {
            let cells: String = series.points.iter().map(|(_, value)| format!(" {} |", number(*value))).collect();
            let _ = writeln!(out, "| {} |{cells}", series.name);
        }
        out.push_str("\n![Cost by number of pods](performance-by-size.svg)\n\n![Cost of requests](performance-requests.svg)\n");
        for remark in &self.remarks {
            let _ = writeln!(out, "\n{remark}");
        }
        out
    }

    fn sizes(&self) -> impl Iterator<Item = u64> {
        self.by_size.first().into_iter().flat_map(|series| series.points.iter().map(|(size, _)| *size))
    }
}

fn met(row: &Row) -> &'static str {
    match row.met {
        Some(true) => "met",
        Some(false) => "UNMET",
        None => "-",
    }
}

/// A number with as many digits as say something.
pub fn number(n: f64) -> String {
    match n.abs() {
        n_abs if n_abs >= 100.0 => format!("{n:.0}"),
        n_abs if n_abs >= 10.0 => format!("{n:.1}"),
        _ => format!("{n:.2}"),
    }
}

/// Marks where the generated part of the document begins and ends.
const BEGIN: &str = "<!-- cargo xtask bench: begin -->";
const END: &str = "<!-- cargo xtask bench: end -->";

/// The document with its generated part replaced; what people wrote around it stays.
pub fn insert(document: &str, generated: &str) -> String {
    let part = format!("{BEGIN}\n{generated}\n{END}");
    match (document.find(BEGIN), document.find(END)) {
        (Some(begin), Some(end)) if begin < end => {
            format!("{}{part}{}", document.get(..begin).unwrap_or_default(), document.get(end + END.len()..).unwrap_or_default())
        }
        _ if document.is_empty() => format!("# Performance\n\n{part}\n"),
        _ => format!("{}\n\n{part}\n", document.trim_end()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_wrote_around_the_generated_part_stays() {
        let first = insert("# Performance\n\nWhy.\n", "1");
        assert!(first.starts_with("# Performance\n\nWhy.\n"));
        let second = insert(&format!("{first}\n## Views\n"), "2");
        assert!(second.contains("\n2\n") && !second.contains("\n1\n"));
        assert!(second.starts_with("# Performance\n\nWhy.\n") && second.ends_with("## Views\n"));
    }

    #[test]
    fn a_row_says_whether_its_target_is_met() {
        assert_eq!(Row::at_most("a", 1.2, "x", 1.21, "").met, Some(false));
        assert_eq!(Row::at_least("a", 0.8, "x", 0.8, "").met, Some(true));
    }
}
