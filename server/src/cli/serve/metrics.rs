//! `/metrics` on the admin listener, in Prometheus' text format.

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use oscar::OscarLayer;
use oscartoki::OscarError;
use std::fmt::Write as _;

pub fn app(layer: &OscarLayer) -> Router {
    Router::new().route("/metrics", get(metrics)).with_state(layer.clone())
}

async fn metrics(State(layer): State<OscarLayer>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text(&layer))
}

fn text(layer: &OscarLayer) -> String {
    let counters = layer.service().counters();
    let mut out = String::new();
    let mut plain = |name: &str, kind: &str, help: &str, number: i64| {
        let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {number}");
    };
    plain("oscartoki_accepted_total", "counter", "Requests that were verified.", counters.accepted);
    plain(
        "oscartoki_unremembered_total",
        "counter",
        "Safe requests accepted while the replay memory was out of reach.",
        counters.unremembered,
    );
    plain("oscartoki_v1_accepted_total", "counter", "Requests accepted by OscarToki v1.", counters.v1_accepted);
    plain(
        "oscartoki_unsigned_bodies_total",
        "counter",
        "Answers whose content is not signed.",
        i64::try_from(layer.streamed()).unwrap_or(i64::MAX),
    );
    plain("oscartoki_keys", "gauge", "Keys held.", i64::try_from(layer.service().keyring().kids().len()).unwrap_or(i64::MAX));
    plain("oscartoki_floor_milliseconds", "gauge", "The floor: at and below this time nothing is accepted.", layer.service().floor_ms());
    let _ = writeln!(out, "# HELP oscartoki_refused_total Requests that were refused, by error.\n# TYPE oscartoki_refused_total counter");
    for name in OscarError::NAMES {
        let _ = writeln!(out, "oscartoki_refused_total{{error=\"{name}\"}} {}", counters.refused.get(*name).copied().unwrap_or_default());
    }
    out
}
