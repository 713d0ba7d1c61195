//! Plots as SVG: lines over sizes, and bars.

use crate::report::{Series, number};
use std::fmt::Write as _;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 320.0;
const MARGIN: f64 = 60.0;
const COLOURS: [&str; 6] = ["#1b6ca8", "#d1495b", "#2e8b57", "#edae49", "#6c4f9c", "#555555"];

/// Lines over a logarithmic axis of sizes; values from 0.
pub fn lines(title: &str, unit: &str, series: &[Series]) -> String {
    let points = || series.iter().flat_map(|s| s.points.iter());
    let most = points().map(|(_, value)| *value).fold(1.0, f64::max) * 1.1;
    let logs = || points().map(|(size, _)| (*size as f64).log10());
    let (low, high) = (logs().fold(f64::MAX, f64::min), logs().fold(f64::MIN, f64::max));
    let x = |size: u64| MARGIN + ((size as f64).log10() - low) / (high - low).max(1e-9) * (WIDTH - 3.0 * MARGIN);
    let y = |value: f64| HEIGHT - MARGIN / 2.0 - value / most * (HEIGHT - 1.5 * MARGIN);
    let mut out = head(title);
    for step in 0..=4 {
        let value = most * f64::from(step) / 4.0;
        let _ = writeln!(out, "<path d=\"M{MARGIN} {0:.1}H{1:.1}\" stroke=\"#ddd\"/>", y(value), WIDTH - 2.0 * MARGIN);
        let _ = writeln!(
            out,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{} {unit}</text>",
            MARGIN - 4.0,
            y(value) + 4.0,
            number(value)
        );
    }
    for (size, _) in series.first().into_iter().flat_map(|s| s.points.iter()) {
        let _ = writeln!(out, "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{size} pods</text>", x(*size), HEIGHT - 8.0);
    }
    for (one, colour) in series.iter().zip(COLOURS.iter().cycle()) {
        let path: Vec<String> = one.points.iter().map(|(size, value)| format!("{:.1} {:.1}", x(*size), y(*value))).collect();
        let _ = writeln!(out, "<path d=\"M{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>", path.join("L"));
        if let Some((size, value)) = one.points.last() {
            let _ = writeln!(out, "<text x=\"{:.1}\" y=\"{:.1}\" fill=\"{colour}\">{}</text>", x(*size) + 6.0, y(*value) + 4.0, one.name);
        }
    }
    out.push_str("</svg>\n");
    out
}

/// Groups of bars on a logarithmic axis: the name of each group and its values, one for each of `names`.
pub fn bars(title: &str, unit: &str, names: &[&str], groups: &[(String, Vec<Option<f64>>)]) -> String {
    const ROW: f64 = 16.0;
    const LEFT: f64 = 190.0;
    let values = || groups.iter().flat_map(|(_, values)| values.iter().flatten());
    let most = values().copied().fold(10.0, f64::max).log10();
    let mut out = head(title);
    let mut y = 40.0;
    for (name, colour) in names.iter().zip(COLOURS) {
        let _ = writeln!(out, "<text x=\"{LEFT}\" y=\"{y:.1}\" fill=\"{colour}\">{name}</text>");
        y += ROW;
    }
    for (group, values) in groups {
        let _ = writeln!(out, "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{group}</text>", LEFT - 6.0, y + 11.0);
        for (value, colour) in values.iter().zip(COLOURS) {
            let Some(value) = value else { continue };
            let width = (value.max(1.0).log10() / most * (WIDTH - LEFT - 90.0)).max(1.0);
            let _ = writeln!(out, "<rect x=\"{LEFT}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{:.1}\" fill=\"{colour}\"/>", ROW - 4.0);
            let _ = writeln!(out, "<text x=\"{:.1}\" y=\"{:.1}\">{} {unit}</text>", LEFT + width + 4.0, y + 10.0, number(*value));
            y += ROW;
        }
        y += 6.0;
    }
    out.push_str("</svg>\n");
    out.replacen(&format!("viewBox=\"0 0 {WIDTH} {HEIGHT}\""), &format!("viewBox=\"0 0 {WIDTH} {y:.0}\""), 1)
}

fn head(title: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" font-size=\"11\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n<text x=\"8\" y=\"18\" font-size=\"14\">{title}</text>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_series_is_drawn() {
        let series = ["get", "create"].map(|name| Series { name: name.to_owned(), points: vec![(1000, 7.0), (10_000, 8.0)] });
        let svg = lines("t", "µs", &series);
        assert!(svg.contains(">get<") && svg.contains(">create<") && svg.ends_with("</svg>\n"));
        assert_eq!(svg.matches("stroke-width").count(), 2);
    }

    #[test]
    fn what_was_not_measured_has_no_bar() {
        let svg = bars("t", "µs", &["a", "b"], &[("get".to_owned(), vec![Some(7.0), None])]);
        assert_eq!(svg.matches("<rect x=").count(), 1);
    }
}
