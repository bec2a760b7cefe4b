//! The load, as understood.

use serde_json::{Value, json};

use super::spread;
use crate::scenario::{Calls, Load};
use crate::text::units::{duration, rate, share, tokens};

pub(super) fn load(load: &Load) -> Value {
    let mut keys = match &load.calls {
        Calls::Drawn {
            arrivals,
            rate,
            prompt,
            output,
        } => json!({
            "arrivals": arrivals,
            "rate": rate::write(*rate),
            "prompt": spread(prompt, tokens::write),
            "output": spread(output, tokens::write),
        }),
        Calls::Trace { shown, rows, .. } => json!({ "trace": shown, "rows": rows.len() }),
    };
    keys["stream"] = share::write(load.stream).into();
    keys["deadline"] = load.deadline.map(duration::write).into();
    keys["clients"] = load.clients.into();
    keys
}
