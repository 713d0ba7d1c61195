//! The flags about who may come in.

use clap::{Args, ValueEnum};
use minkapi::{Access, AuthorizationMode};
use std::path::PathBuf;

/// Who may come in, and how.
#[derive(Debug, Args)]
#[command(next_help_heading = "Who may come in (see docs/security.md)")]
pub struct AccessArgs {
    /// Ask nobody for credentials and speak plain HTTP on an address that others can reach
    #[arg(long)]
    pub insecure: bool,

    /// Speak TLS on a loopback address too
    #[arg(long)]
    pub tls: bool,

    /// The server's certificate (PEM); without one the server makes its own when it speaks TLS
    #[arg(long, value_name = "FILE", requires = "tls_private_key_file")]
    pub tls_cert_file: Option<PathBuf>,

    /// The key of the certificate (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_cert_file")]
    pub tls_private_key_file: Option<PathBuf>,

    /// Authorities whose client certificates are believed (PEM): CN is the user, O the groups
    #[arg(long, value_name = "FILE")]
    pub client_ca_file: Option<PathBuf>,

    /// Users by token: lines of token,user,uid,"group1,group2"
    #[arg(long, value_name = "FILE")]
    pub token_auth_file: Option<PathBuf>,

    /// The private key that tokens of service accounts are signed with (PEM: RSA, P-256, P-384); kept in the data directory if
    /// missing, and without one made at every start
    #[arg(long, value_name = "FILE")]
    pub service_account_signing_key_file: Option<PathBuf>,

    /// Keys by which tokens of service accounts are believed (PEM, private or public): beside the server's own, or in place of a
    /// given one. Can be given more than once
    #[arg(long, value_name = "FILE")]
    pub service_account_key_file: Vec<PathBuf>,

    /// Who issues tokens of service accounts [default: https://kubernetes.default.svc]. Can be given more than once: the first
    /// is used, all are believed
    #[arg(long, value_name = "NAME")]
    pub service_account_issuer: Vec<String>,

    /// Take whoever comes without credentials for system:anonymous where credentials are asked for; needs
    /// --authorization-mode=RBAC
    #[arg(long)]
    pub anonymous_auth: bool,

    /// Who may do what once let in
    #[arg(long, value_name = "MODE", default_value = "AlwaysAllow")]
    pub authorization_mode: Mode,
}

/// An authorization mode by kube-apiserver's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// Everything
    #[value(name = "AlwaysAllow")]
    AlwaysAllow,
    /// What the RBAC objects of the view grant
    #[value(name = "RBAC")]
    Rbac,
}

impl From<AccessArgs> for Access {
    fn from(args: AccessArgs) -> Self {
        Self {
            insecure: args.insecure,
            tls: args.tls,
            tls_cert_file: args.tls_cert_file,
            tls_private_key_file: args.tls_private_key_file,
            client_ca_file: args.client_ca_file,
            token_auth_file: args.token_auth_file,
            service_account_signing_key_file: args.service_account_signing_key_file,
            service_account_key_files: args.service_account_key_file,
            service_account_issuers: args.service_account_issuer,
            anonymous_auth: args.anonymous_auth,
            authorization_mode: match args.authorization_mode {
                Mode::AlwaysAllow => AuthorizationMode::AlwaysAllow,
                Mode::Rbac => AuthorizationMode::Rbac,
            },
        }
    }
}
