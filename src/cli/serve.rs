//! `firedrill serve`: a scenario's providers on real sockets, until it is stopped.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde_json::json;

use super::{Done, output};
use crate::drill::{Changes, Drill};
use crate::serve::{Served, Server};
use crate::text::columns;
use output::{CliError, Exit};

/// Serves a scenario's providers on real sockets, for clients in any language.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: firedrill serve scenarios/flapping.yaml --listen 127.0.0.1:9000\n\n\
                  Time 0 of the scenario is the first request. Each request is logged to stderr;\n\
                  Ctrl-C ends it with what the providers saw. With --json, stdout has two lines:\n\
                  where the providers are, and at the end what they saw."
)]
pub(super) struct Args {
    /// The scenario.
    #[arg(value_name = "SCENARIO")]
    path: PathBuf,

    /// The first provider's address; the others get the ports above it. Port 0 takes free ones.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,

    /// The seed of all random draws [default: the scenario's first].
    #[arg(long, value_name = "N")]
    seed: Option<u64>,

    /// Print JSON, a document a line.
    #[arg(long)]
    json: bool,
}

/// Serves until it is stopped.
pub(super) fn serve(args: &Args) -> Done {
    let drill = Drill::load_with(&args.path, Changes::default())
        .map_err(|problems| problems.into_iter().map(CliError::from).collect::<Vec<_>>())?;
    let scenario = drill.scenario();
    let seed = args.seed.unwrap_or(*scenario.run.seeds.start());
    serve_scenario(args, Server::bind(scenario, seed, args.listen)).map_err(|trouble| vec![trouble])
}

fn serve_scenario(
    args: &Args,
    bound: Result<Server, (SocketAddr, io::Error)>,
) -> Result<Exit, CliError> {
    let server = bound.map_err(|(address, error)| {
        let message = format!("cannot listen on {address}: {error}");
        CliError::new(
            message,
            "name another with `--listen`; port 0 takes free ports",
        )
    })?;
    for warning in server.warnings() {
        output::print_error(&format!("warning: {warning}"));
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let tally = runtime.and_then(|runtime| {
        runtime.block_on(async {
            // Installed before the addresses are printed, so that an early Ctrl-C ends it cleanly.
            let end = end()?;
            let served = start(&server.served(), args.json);
            output::print(&served).map_err(|_| io::Error::other("stdout is closed"))?;
            server.run(output::print_error, end).await
        })
    });
    let tally = tally.map_err(|error| CliError::new(format!("cannot serve: {error}"), ""))?;
    if args.json {
        output::print(&serde_json::to_string(&tally).unwrap_or_default())?;
    } else {
        output::print(&format!("\n{tally}"))?;
    }
    Ok(Exit::Holds)
}

/// The addresses of the providers.
fn start(served: &[Served], json: bool) -> String {
    if json {
        let providers = served.iter().map(|served| {
            json!({
                "name": served.name,
                "dialect": served.dialect.name(),
                "model": served.model,
                "url": served.url,
            })
        });
        let providers: Vec<serde_json::Value> = providers.collect();
        return json!({ "providers": providers }).to_string();
    }
    let column = columns::width(served.iter().map(|served| served.name.as_str()));
    let lines = served.iter().map(|served| {
        let Served {
            name, model, url, ..
        } = served;
        format!(
            "{}  {url}  ({}, {model})\n",
            columns::left(name, column),
            served.dialect.name()
        )
    });
    lines.collect()
}

/// Ctrl-C, or SIGTERM.
#[cfg(unix)]
fn end() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            biased;
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Ctrl-C.
#[cfg(not(unix))]
fn end() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        // Without a console there is no Ctrl-C: only the end of the process ends it.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
