//! Quantities against Go's.

use super::*;
use proptest::prelude::*;

fn canonical(text: &str) -> String {
    text.parse::<Quantity>().map_or_else(|e| e.to_string(), |q| q.to_string())
}

#[test]
fn texts_print_as_go_prints_them() {
    // (written, printed), from k8s.io/apimachinery/pkg/api/resource.
    for (text, expected) in [
        ("0", "0"),
        ("0n", "0"),
        ("0Ki", "0"),
        ("1n", "1n"),
        ("1Ki", "1Ki"),
        ("1024Mi", "1Gi"),
        ("1000Mi", "1000Mi"),
        ("8Ki", "8Ki"),
        ("100m", "100m"),
        ("0.1", "100m"),
        ("0.5", "500m"),
        ("1.5", "1500m"),
        ("1000m", "1"),
        ("1000", "1k"),
        ("1001", "1001"),
        ("100000", "100k"),
        ("0.5Gi", "512Mi"),
        ("1.5Gi", "1536Mi"),
        ("0.5Ki", "512"),
        ("0.1Mi", "104857600m"),
        ("0.0001Ki", "102400u"),
        (".5", "500m"),
        ("5.", "5."),
        ("+5", "+5"),
        ("-5", "-5"),
        ("-0.5", "-500m"),
        ("1e3", "1e3"),
        ("1E3", "1E3"),
        ("1e2", "100"),
        ("12.5e3", "12500"),
        ("1000e3", "1e6"),
        ("10e-3", "10e-3"),
        ("0.1n", "1n"),
        ("1.00001n", "2n"),
        ("9Ei", "9223372036854775807"),
        ("9223372036854775807", "9223372036854775807"),
        ("100E", "100E"),
        ("Ki", "0"),
        ("-", "0"),
        (".", "0"),
        ("00012", "00012"),
        ("1000000000000000000000", "1"),
        ("1e100", "10e99"),
    ] {
        assert_eq!(canonical(text), expected, "{text}");
    }
}

#[test]
fn what_is_no_quantity_says_why() {
    for (text, why) in [
        ("", ParseError::Format),
        ("lots", ParseError::Format),
        ("1 Gi", ParseError::Format),
        ("1.2.3", ParseError::Format),
        ("1Mii", ParseError::Suffix),
        ("1ki", ParseError::Suffix),
        ("1e", ParseError::Suffix),
        ("Ei", ParseError::Number),
    ] {
        assert_eq!(text.parse::<Quantity>(), Err(why), "{text}");
    }
}

#[test]
fn values_round_up() {
    let q = |s: &str| s.parse::<Quantity>().unwrap();
    assert_eq!(q("1500m").value(), 2);
    assert_eq!(q("-1500m").value(), -2);
    assert_eq!(q("0.0001").milli_value(), 1);
    assert_eq!(q("1Gi").value(), 1 << 30);
    assert_eq!(q("1E").milli_value(), 0, "what does not fit is 0 upstream");
    let mut small = q("100u");
    small.round_up(-3);
    assert_eq!(small.to_string(), "1m");
}

#[test]
fn sums_keep_the_first_format_but_zero_has_none() {
    let q = |s: &str| s.parse::<Quantity>().unwrap();
    let mut sum = q("1Gi");
    sum.add(&q("1G"));
    assert_eq!(sum.to_string(), "2073741824");
    let mut sum = Quantity::ZERO;
    sum.add(&q("512Mi"));
    sum.add(&q("512Mi"));
    assert_eq!(sum.to_string(), "1Gi");
    sum.sub(&q("1Gi"));
    assert_eq!(sum.to_string(), "0");
}

#[test]
fn equal_amounts_are_equal_however_they_are_written() {
    let q = |s: &str| s.parse::<Quantity>().unwrap();
    assert_eq!(q("1000m"), q("1"));
    assert_eq!(q("1Ki"), q("1024"));
    assert!(q("1e30") > q("1Ei") && q("-1e30") < q("1n") && q("1n") < q("1e30"));
}

proptest! {
    #[test]
    fn parsing_never_panics_and_printing_is_stable(text in "[-+]?[0-9.]{0,45}[eEinumkKMGTP]{0,2}[-+]?[0-9]{0,11}") {
        if let Ok(quantity) = text.parse::<Quantity>() {
            let _ = (quantity.value(), quantity.milli_value(), quantity.as_f64());
            let printed = quantity.to_string();
            // Suffixes end at 10^18; upstream's text of larger amounts is short of one.
            if quantity.cmp_i64(i64::MAX).is_lt() && quantity.cmp_i64(i64::MIN).is_gt() {
                let again: Quantity = printed.parse().unwrap();
                prop_assert_eq!(&again, &quantity);
                prop_assert_eq!(again.to_string(), printed);
            }
        }
    }
}
