//! Webhooks: programs elsewhere that are asked. The only plugins that talk to anyone.

mod call;
mod client;
mod endpoint;
mod hook;
mod mutating;
mod review;
mod trust;
mod validating;

pub use client::post;
pub use endpoint::Endpoint;
pub(crate) use mutating::MutatingAdmissionWebhook;
pub(crate) use validating::ValidatingAdmissionWebhook;

#[cfg(test)]
mod tests;
