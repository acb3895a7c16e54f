//! Faults of the catalogue that a person plants into a run.

use std::net::SocketAddr;
use std::sync::Arc;

use harness::runner::{DeviceFactory, PlantedDevices};
use harness::server::reference::{ReferenceServer, ServerQuirks};
use jiff::civil::Date;
use scenarios::fault::{Fault, Kind};
use scenarios::plan::Plan;

use super::under_test::{self, Connected};
use crate::cli::ServerArgs;
use crate::data::Data;
use crate::exit::{Exit, Stop};
use crate::lang::Lang;

/// The faults with these ids, when each can be planted into this plan.
pub(crate) fn asked<'a>(
    ids: &[String],
    plan: &Plan,
    data: &'a Data,
    lang: Lang,
) -> Result<Vec<&'a Fault>, Stop> {
    ids.iter()
        .map(|id| one(id, plan, data, lang).map_err(Stop::usage))
        .collect()
}

fn one<'a>(id: &str, plan: &Plan, data: &'a Data, lang: Lang) -> Result<&'a Fault, String> {
    let catalogue = &data.suite.faults;
    let Some(fault) = catalogue.fault(id) else {
        let known = catalogue.faults.iter().map(|fault| fault.id.as_str());
        let near = scenarios::codes::nearest(id, known);
        return Err(near.map_or_else(
            || format!("no fault `{id}`; scenarios/data/faults lists them"),
            |near| format!("no fault `{id}`; did you mean `{near}`?"),
        ));
    };
    let shown = fault.shown.as_ref();
    if fault.kind == Kind::DocumentedChange {
        let target = shown.map_or("its release", |shown| shown.target.as_str());
        return Err(match lang {
            Lang::Ja => format!(
                "`{id}` はベンダーが文書化した変更で、仕込むものがありません。`cargo xtask verify {target}` の結果そのものに現れます"
            ),
            Lang::En => format!(
                "`{id}` is a change that the vendor documents, so there is nothing to plant; `cargo xtask verify {target}` shows it by itself"
            ),
        });
    }
    let Some(shown) = shown else {
        return Err(match lang {
            Lang::Ja => format!("`{id}` の対象プラットフォームにはまだ仮想デバイスがありません"),
            Lang::En => format!("`{id}` is about a platform that has no virtual device yet"),
        });
    };
    if !plan.cells.iter().any(|cell| fault.reach.holds(cell)) {
        return Err(match lang {
            Lang::Ja => format!(
                "`{id}` はこの対象のどの組合せにも当てはまりません。`cargo xtask verify {}` などで使ってください",
                shown.target
            ),
            Lang::En => format!(
                "`{id}` is at work on none of this target's cells; plant it into `cargo xtask verify {}`, for example",
                shown.target
            ),
        });
    }
    Ok(fault)
}

/// Devices of which those in a fault's reach misbehave.
pub(crate) fn devices(planted: &[&Fault]) -> Arc<dyn DeviceFactory> {
    Arc::new(PlantedDevices::new(
        under_test::devices(),
        planted.iter().copied(),
    ))
}

/// The embedded server with the faults in it; another server can not be made to misbehave.
pub(crate) async fn server(
    planted: &[&Fault],
    arguments: &ServerArgs,
    as_of: Date,
) -> Result<Connected, Stop> {
    if arguments.name != "reference" {
        let ids: Vec<&str> = planted
            .iter()
            .filter(|fault| fault.in_server())
            .map(|fault| fault.id.as_str())
            .collect();
        return Err(Stop::usage(format!(
            "{} is planted in the embedded server; `{}` can not be made to misbehave. Leave --server out",
            ids.join(", "),
            arguments.name
        )));
    }
    let unavailable = |error: String| Stop::new(Exit::Unavailable, error);
    let mut config = under_test::reference_config(as_of)?;
    config.quirks = ServerQuirks::new(
        planted
            .iter()
            .flat_map(|fault| fault.behaviors.iter().cloned()),
    );
    let server = if arguments.socket {
        ReferenceServer::embedded_on(config, SocketAddr::from(([127, 0, 0, 1], 0)))
            .await
            .map_err(|error| unavailable(error.to_string()))?
    } else {
        ReferenceServer::embedded(config).map_err(|error| unavailable(error.to_string()))?
    };
    Ok(Connected {
        server,
        nonce: None,
    })
}
