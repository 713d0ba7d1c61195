//! Admission policies: rules in CEL that objects of the API hold.

mod hooks;
mod mutating;
mod params;
mod validating;

pub(crate) use mutating::MutatingAdmissionPolicy;
pub(crate) use validating::ValidatingAdmissionPolicy;

#[cfg(test)]
mod tests;
