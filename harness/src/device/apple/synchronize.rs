//! Declarative management on the wire: tokens, manifest, declarations, reports.

use device_matrix::capability::Scope;

use super::ddm::{self, Held, Trigger};
use super::link::{Endpoint, HttpAnswer, Link};
use super::state::Source;
use super::virtual_device::VirtualDevice;
use super::wire::garbage;
use super::{commands, profiles};
use crate::device::DeviceError;
use crate::protocol::apple::checkin::{CheckinMessage, DeclarativeManagement};
use crate::protocol::apple::ddm::{
    Declaration, DeclarationItemsResponse, DeclarationKind, TokensResponse, Validity,
};

impl VirtualDevice {
    pub(super) async fn declarative(
        &mut self,
        link: &mut Link,
        scope: Scope,
        endpoint: String,
        data: Option<Vec<u8>>,
    ) -> Result<HttpAnswer, DeviceError> {
        let message = CheckinMessage::DeclarativeManagement(DeclarativeManagement {
            ids: self.core.ids(scope),
            endpoint,
            data,
        });
        self.check_in(link, &message).await
    }

    /// Synchronizes declarations until the server's token is stable, then reports.
    pub(super) async fn synchronize(
        &mut self,
        link: &mut Link,
        scope: Scope,
    ) -> Result<(), DeviceError> {
        let mut changed = false;
        let mut stable = false;
        for _ in 0..=self.core.spec.settings.max_sync_rounds {
            let answer = self
                .declarative(link, scope, "tokens".to_owned(), None)
                .await?;
            let tokens: TokensResponse = self.json_of(&answer, "tokens")?;
            let token = tokens.sync_tokens.declarations_token;
            if self
                .core
                .state
                .engine(scope)
                .and_then(|engine| engine.token.as_deref())
                == Some(&token)
            {
                stable = true;
                break;
            }
            changed = true;
            self.fetch(link, scope).await?;
        }
        if !stable {
            return Err(garbage(
                "tokens",
                "the declarations token changes with every synchronization, so the device never comes to an end",
            ));
        }
        if changed {
            commands::remember_kept(&mut self.core);
            ddm::evaluate(&mut self.core, scope);
            self.install_legacy(link, scope).await?;
            self.core.state.lost_effects.clear();
        }
        if changed || self.core.spec.settings.status_report_when_unchanged {
            self.report(link, scope, Trigger::Synchronized).await?;
        }
        Ok(())
    }

    /// Fetches the manifest and what is new in it.
    pub(super) async fn fetch(&mut self, link: &mut Link, scope: Scope) -> Result<(), DeviceError> {
        let answer = self
            .declarative(link, scope, "declaration-items".to_owned(), None)
            .await?;
        let items: DeclarationItemsResponse = self.json_of(&answer, "declaration-items")?;
        let mut old = std::mem::take(&mut self.core.state.engine_mut(scope).declarations);
        let mut held = Vec::new();
        for kind in DeclarationKind::ALL {
            for row in items.declarations.of(kind) {
                let same = old.iter().position(|known| {
                    known.kind == kind
                        && known.declaration.identifier == row.identifier
                        && known.declaration.server_token == row.server_token
                });
                if let Some(index) = same {
                    held.push(old.swap_remove(index));
                    continue;
                }
                let endpoint = format!("declaration/{}/{}", kind.endpoint_word(), row.identifier);
                let answer = match self.declarative(link, scope, endpoint.clone(), None).await {
                    // Gone since the manifest was written.
                    Err(DeviceError::Status { status: 404, .. }) => continue,
                    other => other?,
                };
                let declaration: Declaration = self.json_of(&answer, &endpoint)?;
                held.push(Held {
                    kind,
                    declaration,
                    active: false,
                    valid: Validity::Unknown,
                    reasons: Vec::new(),
                    profile_failed: false,
                });
            }
        }
        let engine = self.core.state.engine_mut(scope);
        engine.declarations = held;
        engine.token = Some(items.declarations_token);
        Ok(())
    }

    /// Installs the profiles that `legacy` configurations in force refer to.
    pub(super) async fn install_legacy(
        &mut self,
        link: &mut Link,
        scope: Scope,
    ) -> Result<(), DeviceError> {
        let wanted: Vec<(String, String)> = self
            .core
            .state
            .engine(scope)
            .into_iter()
            .flat_map(|engine| &engine.declarations)
            .filter(|held| held.in_force())
            .filter(|held| {
                held.declaration
                    .declaration_type
                    .starts_with("com.apple.configuration.legacy")
            })
            .filter_map(|held| {
                let url = held.declaration.payload.get("ProfileURL")?.as_str()?;
                Some((held.declaration.identifier.clone(), url.to_owned()))
            })
            .collect();
        let mut failed = false;
        for (identifier, url) in wanted {
            let source = Source::Declaration(identifier.clone());
            if self
                .core
                .state
                .profiles
                .iter()
                .any(|profile| profile.source == source)
            {
                continue;
            }
            // Only the server itself is asked; the virtual device reaches no other host.
            let path = url.split_once("://").map_or(url.as_str(), |(_, rest)| {
                rest.find('/').map_or("/", |slash| &rest[slash..])
            });
            let bytes = match link.send(Endpoint::Get(path), "profile", Vec::new()).await {
                Ok(answer) if answer.status == 200 => answer.body,
                _ => bytes::Bytes::new(),
            };
            if profiles::install(&mut self.core, &bytes, scope, source).is_err() {
                failed = true;
                let engine = self.core.state.engine_mut(scope);
                for held in &mut engine.declarations {
                    held.profile_failed |= held.declaration.identifier == identifier;
                }
            }
        }
        if failed {
            ddm::evaluate(&mut self.core, scope);
        }
        Ok(())
    }

    pub(super) async fn report(
        &mut self,
        link: &mut Link,
        scope: Scope,
        trigger: Trigger,
    ) -> Result<(), DeviceError> {
        let Some(report) = ddm::report(&mut self.core, scope, trigger) else {
            return Ok(());
        };
        let data = serde_json::to_vec(&report).map_err(|error| {
            DeviceError::State(format!("its status report can not be encoded: {error}"))
        })?;
        let answer = self
            .declarative(link, scope, "status".to_owned(), Some(data))
            .await?;
        self.empty_answer(&answer, "status");
        Ok(())
    }
}
