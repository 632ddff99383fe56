//! What `/metrics` tells.

use super::Served;
use oscar::OscarLayer;
use oscar::hub::Hub;
use oscartoki::OscarError;
use std::fmt::Write as _;
use std::sync::atomic::Ordering;

/// Everything, in Prometheus' text format.
pub fn metrics(served: &Served) -> String {
    let tokis = served.oscar.as_ref().map(text).unwrap_or_default();
    tokis + &served.hub.as_ref().map(hub_text).unwrap_or_default()
}

fn hub_text(hub: &Hub) -> String {
    let counters = hub.counters();
    let mut out = String::new();
    let connections = u64::try_from(hub.connections()).unwrap_or(u64::MAX);
    let _ = writeln!(
        out,
        "# HELP oscar_hub_connections Open connections.\n# TYPE oscar_hub_connections gauge\noscar_hub_connections {connections}"
    );
    let channels = u64::try_from(hub.channels()).unwrap_or(u64::MAX);
    let _ = writeln!(
        out,
        "# HELP oscar_hub_channels Channels with a subscriber or a history.\n# TYPE oscar_hub_channels gauge\noscar_hub_channels {channels}"
    );
    for (name, help, counter) in [
        ("connected", "Connections that were admitted.", &counters.connected),
        ("refused", "Connections that were refused.", &counters.refused),
        ("delivered", "Messages put into a connection's queue.", &counters.delivered),
        ("failed", "Messages for nobody, or for a full queue.", &counters.failed),
        ("published", "Messages published to channels.", &counters.published),
        ("kicked", "Connections that were kicked.", &counters.kicked),
        ("slow", "Connections closed because their client did not read.", &counters.slow),
    ] {
        let number = counter.load(Ordering::Relaxed);
        let _ =
            writeln!(out, "# HELP oscar_hub_{name}_total {help}\n# TYPE oscar_hub_{name}_total counter\noscar_hub_{name}_total {number}");
    }
    out
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
