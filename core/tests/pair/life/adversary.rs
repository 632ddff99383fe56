//! What happens to a request between client and service: nothing, or what an adversary does who reads, drops, delays, copies, changes
//! and injects.

use super::{Event, HOUR_MS, Life};
use crate::node::{Packet, Reply};
use oscartoki::sha256;
use oscartoki::time::WINDOW_MS;

impl Life {
    /// Carries a request, calmly or not.
    pub(super) fn send(&mut self, packet: Packet) {
        let soon = self.at_ms + self.rng.range(1, 1_500);
        if !self.adversary {
            let node = self.rng.index(self.nodes.len());
            return self.schedule(soon, Event::Arrive { packet, node, answered: true });
        }
        self.captured.push((packet.clone(), None));
        match self.rng.range(0, 11) {
            // Lost.
            0 => {}
            // Twice.
            1 | 2 => {
                self.carry(&packet, soon, true);
                let again = self.at_ms + self.rng.range(1, 3_000);
                self.carry(&packet, again, true);
            }
            // The answer withheld, then the same toki again for a signed refusal.
            3 | 4 => {
                self.carry(&packet, soon, false);
                let again = soon + self.rng.pick(&[500, 5_000, WINDOW_MS + 2_500, WINDOW_MS + 8_000]);
                self.carry(&packet, again, true);
            }
            // Held.
            5 => {
                let later = self.at_ms + self.rng.pick(&[4_000, 20_000, 31_000, 70_000, HOUR_MS, 15 * HOUR_MS, 16 * HOUR_MS]);
                self.carry(&packet, later, true);
            }
            // An answer of the adversary's own before the service's.
            6 | 7 => {
                let attempt = packet.attempt;
                let reply = self.inject();
                self.schedule(soon + 1, Event::Answer { attempt, reply });
                self.carry(&packet, soon, true);
            }
            // The body changed, then the original.
            8 => {
                let changed = Packet { arrives: packet.body.map(|_| sha256(b"changed")), ..packet.clone() };
                self.carry(&changed, soon, true);
                self.carry(&packet, soon + 200, true);
            }
            _ => self.carry(&packet, soon, true),
        }
        if self.rng.chance(30) {
            let later = soon + self.rng.pick(&[100, 1_000, 3_000, 29_000, 31_500, 33_000, 40_000, 65_500, 70_000, 15 * HOUR_MS]);
            self.carry(&packet, later, false);
        }
        // The service restarts just after, and the toki comes again.
        if self.rng.chance(10) {
            let event = if self.rng.chance(50) { Event::Restart { keeps: false } } else { Event::Wipe };
            self.schedule(soon + 5, event);
            let again = soon + self.rng.pick(&[10, 300, 1_500, 4_500]);
            self.carry(&packet, again, false);
        }
    }

    fn carry(&mut self, packet: &Packet, at_ms: i64, answered: bool) {
        let node = self.rng.index(self.nodes.len());
        self.schedule(at_ms, Event::Arrive { packet: packet.clone(), node, answered });
    }

    /// An unsigned refusal, nothing, or an old answer.
    fn inject(&mut self) -> Reply {
        let old: Vec<&Reply> = self.captured.iter().filter_map(|(_, reply)| reply.as_ref()).collect();
        if !old.is_empty() && self.rng.chance(60) {
            return old[self.rng.index(old.len())].clone();
        }
        Reply { status: self.rng.pick(&[401, 401, 503]), body: b"refused", ..Reply::default() }
    }
}
