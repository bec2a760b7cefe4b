//! The port of the control paths alone, which no fault closes.

use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use super::answer::Answer;
use super::{Shared, control, paths};
use crate::host::connection::{with_fields, without_body};
use crate::host::intake::{Incoming, Intake};

/// Answers on the port as long as the server runs.
pub(super) async fn keep(shared: Rc<Shared>, listener: TcpListener) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::task::spawn_local(serve(shared.clone(), stream));
            }
            // As at the ports of providers: sockets have run out, and some may come back.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

/// Serves a connection to its end; what it ends with is not of interest.
async fn serve(shared: Rc<Shared>, mut stream: TcpStream) {
    let mut intake = Intake::default();
    let timeout = Some(shared.request_timeout);
    while let Some(incoming) = intake.next(&mut stream, None, timeout).await {
        let (answer, is_last) = match incoming {
            Incoming::Other(other) => {
                let answer = match other.method.as_str() {
                    "OPTIONS" => paths::preflight(&other),
                    "HEAD" => without_body(control::answer_alone(&shared, &other).await.into()),
                    _ => control::answer_alone(&shared, &other).await.into(),
                };
                (answer, other.is_last)
            }
            Incoming::Invalid { status, closes } => {
                let answer = Answer::error(status, "the request is not valid", "");
                (Bytes::from(answer), closes)
            }
            Incoming::Model(_) => return,
        };
        let answer = with_fields(answer, &[paths::FIELDS]);
        if stream.write_all(&answer).await.is_err() || is_last {
            return;
        }
    }
}
