//! A floor of the wire engine: hyper on both ends of pipes in memory, without any network.

use hyper_util::rt::TokioIo;
use tokio::task::{LocalSet, spawn_local};

use super::http::{ask, serve};
use super::{Size, runtime, stagger};

/// Makes the exchanges of `size`.
pub(crate) fn run(size: Size) {
    let tasks = LocalSet::new();
    tasks.block_on(&runtime(), async {
        let callers = (0..size.in_flight).map(|number| spawn_local(caller(number, size)));
        for caller in Vec::from_iter(callers) {
            caller.await.expect("a caller ends");
        }
    });
}

async fn caller(number: u64, size: Size) {
    stagger(number, size).await;
    let (client, server) = tokio::io::duplex(64 * 1024);
    spawn_local(serve(TokioIo::new(server)));
    ask(TokioIo::new(client), size.each(), |connection| {
        spawn_local(async move { connection.await.expect("a clean end") });
    })
    .await;
}
