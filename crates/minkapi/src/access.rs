//! Who may come in: settings, and what a server makes of them.

use crate::{LaunchError, self_made};
use minkapi_authorization::{Authorization, Rbac};
use minkapi_http_server::{Authentication, Tls, TlsFiles, ViewTokens};
use minkapi_view::{ServiceAccountIssuer, UserInfo};
use rand::RngCore as _;
use std::{fs, net::IpAddr, path::PathBuf, sync::Arc, time::Duration};
use tokio::sync::Notify;

/// How requests are authorized.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AuthorizationMode {
    /// Everybody who is let in may do everything.
    #[default]
    AlwaysAllow,
    /// By the Roles and bindings of the view that a request is about.
    Rbac,
}

/// Who may come in, and how. By default a server on a loopback address asks nobody, and one on another address speaks TLS with
/// a certificate that it makes itself and asks for tokens, which it writes into the kubeconfigs.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// Ask nobody and speak plain HTTP, whatever the address.
    pub insecure: bool,
    /// Speak TLS on a loopback address too.
    pub tls: bool,
    /// The server's certificate, with those that vouch for it; made by the server itself if missing.
    pub tls_cert_file: Option<PathBuf>,
    /// The certificate's key.
    pub tls_private_key_file: Option<PathBuf>,
    /// Authorities of client certificates.
    pub client_ca_file: Option<PathBuf>,
    /// Users by their tokens, in kube-apiserver's form.
    pub token_auth_file: Option<PathBuf>,
    /// The private key that tokens of service accounts are signed with; kept in the data directory, or made at every start where
    /// there is none, if missing.
    pub service_account_signing_key_file: Option<PathBuf>,
    /// Keys by which tokens of service accounts are believed, private or public, beside the server's own: in place of that from
    /// `service_account_signing_key_file` if that is given, as in kube-apiserver.
    pub service_account_key_files: Vec<PathBuf>,
    /// Names of the issuer of service accounts' tokens: the first is used, all are believed. kube-apiserver's usual one if empty.
    pub service_account_issuers: Vec<String>,
    /// Who may do what.
    pub authorization_mode: AuthorizationMode,
    /// Whether whoever comes without credentials is `system:anonymous` where credentials are asked for. Not where everybody
    /// may do everything.
    pub anonymous_auth: bool,
}

/// How often certificate files are looked at.
const LOOK: Duration = Duration::from_secs(10);

/// What a kubeconfig tells besides the URL.
#[derive(Clone, Default)]
pub(crate) struct Credentials {
    /// PEM of the certificates by which the server is known.
    pub authority: Option<Vec<u8>>,
    admin: Option<String>,
    views: Option<ViewTokens>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("authority", &self.authority.is_some()).finish_non_exhaustive()
    }
}

impl Credentials {
    /// The token for a sandbox view, or for everything.
    pub fn token(&self, sandbox: Option<&str>) -> Option<String> {
        match sandbox {
            Some(view) => self.views.as_ref().map(|tokens| tokens.token(view)),
            None => self.admin.clone(),
        }
    }
}

/// What the settings come to.
#[derive(Debug)]
pub(crate) struct Entrance {
    pub tls: Option<Tls>,
    pub authentication: Authentication,
    pub credentials: Credentials,
    /// Whether nobody is asked, so that browsers must be kept out.
    pub open: bool,
}

impl Access {
    /// Whether a server on this address asks who somebody is.
    fn asks(&self, address: IpAddr) -> bool {
        !self.insecure && (!address.is_loopback() || self.token_auth_file.is_some() || self.client_ca_file.is_some())
    }

    /// Whoever is asked for credentials must be able to send them: kubectl and client-go send none over plain HTTP.
    fn speaks_tls(&self, address: IpAddr) -> bool {
        self.tls || self.tls_cert_file.is_some() || self.client_ca_file.is_some() || self.asks(address)
    }

    /// # Errors
    /// A file that cannot be read or used.
    pub(crate) fn entrance(&self, address: IpAddr) -> Result<Entrance, LaunchError> {
        let asks = self.asks(address);
        let mut credentials = Credentials::default();
        let mut authentication = Authentication::default();
        if let Some(path) = &self.token_auth_file {
            let text = String::from_utf8_lossy(&read("token-auth-file", path)?).into_owned();
            authentication = authentication.with_token_file(&text).map_err(|err| invalid("token-auth-file", err))?;
        }
        if asks {
            let (token, tokens) = (secret().map(|byte| format!("{byte:02x}")).concat(), ViewTokens::new(secret()));
            let admin = UserInfo { name: "admin".to_owned(), groups: vec!["system:masters".to_owned()], ..UserInfo::default() };
            authentication = authentication.with_token(&token, admin).with_view_tokens(tokens.clone());
            (credentials.admin, credentials.views) = (Some(token), Some(tokens));
            if self.anonymous_auth {
                if self.authorization_mode == AuthorizationMode::AlwaysAllow {
                    return Err(invalid("anonymous-auth", "not where everybody may do everything: use --authorization-mode=RBAC"));
                }
                authentication = authentication.anonymous();
            }
        } else {
            authentication = authentication.open();
        }
        let tls = if self.speaks_tls(address) {
            let (files, authority) = self.tls_files(address)?;
            credentials.authority = Some(authority);
            let tls = Tls::new(&files).map_err(|err| invalid("tls-cert-file", chain(&err)))?;
            Some(tls)
        } else {
            None
        };
        Ok(Entrance { tls, authentication, credentials, open: !asks })
    }

    /// Who may do what.
    pub(crate) fn authorization(&self) -> Authorization {
        match self.authorization_mode {
            AuthorizationMode::AlwaysAllow => Authorization::AlwaysAllow,
            AuthorizationMode::Rbac => Authorization::Rbac(Rbac::default()),
        }
    }

    /// Who issues tokens of service accounts. `kept` gives the key that is used unless a file is named.
    ///
    /// # Errors
    /// A name that cannot be, a file that cannot be read or has no such key, or what `kept` fails with.
    pub(crate) fn service_account_issuer(
        &self,
        kept: impl FnOnce() -> Result<Option<String>, LaunchError>,
    ) -> Result<ServiceAccountIssuer, LaunchError> {
        const SIGNING: &str = "service-account-signing-key-file";
        let mut issuer = match &*self.service_account_issuers {
            [] => ServiceAccountIssuer::default(),
            names => ServiceAccountIssuer::new(issuer_names(names)?),
        };
        let text = |setting, path| read(setting, path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        if let Some(path) = &self.service_account_signing_key_file {
            let signing = issuer.with_signing_key(&text(SIGNING, path)?);
            issuer = signing.map_err(|err| invalid(SIGNING, format!("{}: {err}", path.display())))?;
            if !self.service_account_key_files.is_empty() {
                issuer = issuer.only_named_keys();
            }
        } else if let Some(key) = kept()? {
            issuer = issuer.with_signing_key(&key).map_err(|err| invalid("data-dir", format!("signing-key: {err}")))?;
        }
        for path in &self.service_account_key_files {
            let setting = "service-account-key-file";
            issuer = issuer.with_key(&text(setting, path)?).map_err(|err| invalid(setting, format!("{}: {err}", path.display())))?;
        }
        Ok(issuer)
    }

    /// The certificates to use, and those by which clients know the server.
    fn tls_files(&self, address: IpAddr) -> Result<(TlsFiles, Vec<u8>), LaunchError> {
        let client_ca = self.client_ca_file.as_ref().map(|path| read("client-ca-file", path)).transpose()?;
        match (&self.tls_cert_file, &self.tls_private_key_file) {
            (Some(certificate), Some(key)) => {
                let certificate = read("tls-cert-file", certificate)?;
                let files = TlsFiles { certificate: certificate.clone(), key: read("tls-private-key-file", key)?, client_ca };
                Ok((files, certificate))
            }
            (None, None) => {
                let made = self_made::certificate(address).map_err(|err| invalid("tls-cert-file", err))?;
                Ok((TlsFiles { certificate: made.certificate.into(), key: made.key.into(), client_ca }, made.authority.into()))
            }
            _ => Err(invalid("tls-cert-file", "a certificate needs its key, and a key its certificate")),
        }
    }

    /// Uses given certificates anew whenever their files change or `asked` tells to look now.
    pub(crate) async fn follow(self: Arc<Self>, tls: Tls, address: IpAddr, asked: Arc<Notify>) {
        let changed = |access: &Self| {
            let files = [&access.tls_cert_file, &access.tls_private_key_file, &access.client_ca_file];
            files.map(|file| file.as_ref().and_then(|path| fs::metadata(path).and_then(|m| m.modified()).ok()))
        };
        if self.tls_cert_file.is_none() {
            return;
        }
        let mut known = changed(&self);
        loop {
            let at_once = tokio::select! {
                () = tokio::time::sleep(LOOK) => false,
                () = asked.notified() => true,
            };
            let now = changed(&self);
            if now == known && !at_once {
                continue;
            }
            // Half-written files fail and are tried again when they change once more.
            let reloaded =
                self.tls_files(address).map_err(|err| chain(&err)).and_then(|(files, _)| tls.reload(&files).map_err(|err| chain(&err)));
            match reloaded {
                Ok(()) => tracing::info!("new certificates are used from now on"),
                Err(err) => tracing::warn!(err, "the changed certificates cannot be used, the old ones stay"),
            }
            known = now;
        }
    }
}

fn issuer_names(names: &[String]) -> Result<Vec<String>, LaunchError> {
    let setting = "service-account-issuer";
    for (at, name) in names.iter().enumerate() {
        if name.is_empty() {
            return Err(invalid(setting, "should not be an empty string"));
        }
        if names.iter().take(at).any(|before| before == name) {
            return Err(invalid(setting, format!("\"{name}\" is already specified")));
        }
    }
    Ok(names.to_vec())
}

fn secret() -> [u8; 32] {
    let mut secret = [0; 32];
    rand::rng().fill_bytes(&mut secret);
    secret
}

fn read(setting: &'static str, path: &PathBuf) -> Result<Vec<u8>, LaunchError> {
    fs::read(path).map_err(|err| invalid(setting, format!("{}: {err}", path.display())))
}

fn invalid(setting: &'static str, reason: impl ToString) -> LaunchError {
    LaunchError::Init { setting, reason: reason.to_string() }
}

/// An error with its causes.
fn chain(err: &dyn std::error::Error) -> String {
    let mut text = err.to_string();
    let mut cause = err.source();
    while let Some(err) = cause {
        text.push_str(": ");
        text.push_str(&err.to_string());
        cause = err.source();
    }
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;

    fn entrance(access: &Access, address: &str) -> Entrance {
        access.entrance(address.parse().unwrap()).unwrap()
    }

    #[test]
    fn only_loopback_is_open_by_default() {
        for address in ["127.0.0.1", "::1", "127.1.2.3"] {
            let loopback = entrance(&Access::default(), address);
            assert!(loopback.open && loopback.tls.is_none() && loopback.credentials.token(None).is_none(), "{address}");
        }
        for address in ["0.0.0.0", "::", "10.0.0.1"] {
            let reachable = entrance(&Access::default(), address);
            assert!(!reachable.open && reachable.tls.is_some(), "{address}");
            assert!(reachable.credentials.token(None).is_some() && reachable.credentials.authority.is_some(), "{address}");
        }
        let insecure = entrance(&Access { insecure: true, ..Access::default() }, "0.0.0.0");
        assert!(insecure.open && insecure.tls.is_none());
    }

    #[test]
    fn a_token_file_closes_loopback_too() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens");
        fs::write(&path, "secret,anna,u\n").unwrap();
        let access = Access { token_auth_file: Some(path.clone()), ..Access::default() };
        let asking = entrance(&access, "127.0.0.1");
        assert!(!asking.open && asking.tls.is_some(), "kubectl sends tokens over TLS only");
        fs::write(&path, "secret\n").unwrap();
        let err = access.entrance("127.0.0.1".parse().unwrap()).unwrap_err().to_string();
        assert_eq!(err, "invalid token-auth-file: line 1: a token file must have at least 3 columns (token, user name, user uid)");
    }

    #[test]
    fn a_key_without_its_certificate_is_refused() {
        let access = Access { tls: true, tls_private_key_file: Some("/nowhere".into()), ..Access::default() };
        assert!(access.entrance("127.0.0.1".parse().unwrap()).is_err());
    }
}
