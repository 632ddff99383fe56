//! What is asked of the server, and the names of its keys. All keys of a memory have one hash tag: a cluster keeps them together.

use super::{Link, letter};
use oscartoki::encoding::hex;
use oscartoki::replay::{Quotas, ReplayEntry, Space};
use redis::{RedisResult, Script, cmd};
use sha2::{Digest as _, Sha256};
use std::sync::LazyLock;

/// Entries are counted in buckets of so many milliseconds; a quota looks at as many as cover an entry's life.
const BUCKET_MS: i64 = 16_384;

pub struct Names {
    prefix: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judged {
    Fresh,
    Seen,
    Full,
}

/// The floor, of this run of the server; else it begins anew. Nil: it began at this call.
static START: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
        local known = redis.call('HMGET', KEYS[1], 'floor', 'run')
        if known[1] and known[2] == ARGV[2] then return known[1] end
        local floor = ARGV[1]
        if known[1] and tonumber(known[1]) > tonumber(floor) then floor = known[1] end
        redis.call('HSET', KEYS[1], 'floor', floor, 'run', ARGV[2], 'gone', ARGV[1])
        return false",
    )
});

/// Floor, then what was seen, then room, then the entry. The floor that is given back is what counts beside the verdict.
/// KEYS: floor, entry, then the counters of kid and sid, so many each. ARGV: own floor, run, the floor where it is gone, ts, keep, quota of the
/// kid, of the sid, counters of each, space.
static INSERT: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
        local known = redis.call('HMGET', KEYS[1], 'floor', 'run', 'gone')
        local was, gone = tonumber(known[1] or '-1'), tonumber(known[3] or '0')
        local floor = math.max(was, tonumber(ARGV[1]))
        if was < 0 or known[2] ~= ARGV[2] then
            gone = tonumber(ARGV[3])
            floor = math.max(floor, gone)
            redis.call('HSET', KEYS[1], 'run', ARGV[2], 'gone', ARGV[3])
        end
        local told = string.format('%.0f', floor)
        if floor > was then redis.call('HSET', KEYS[1], 'floor', told) end

        local ts, count = tonumber(ARGV[4]), tonumber(ARGV[8])
        if redis.call('EXISTS', KEYS[2]) == 1 then return {1, told} end
        if ARGV[9] == 't' then
            if ts <= floor then return {1, told} end
        elseif ts < gone + 1000 then
            -- v1 reaches 5 s ahead: what was before a memory that began anew can't be told apart.
            return {2, told}
        end
        local holders = (#KEYS - 2) / count
        for holder = 0, holders - 1 do
            local sum = 0
            for at = 1, count do sum = sum + tonumber(redis.call('GET', KEYS[2 + holder * count + at]) or '0') end
            if sum >= tonumber(ARGV[6 + holder]) then return {2, told} end
        end
        redis.call('SET', KEYS[2], '1', 'PX', ARGV[5])
        for holder = 0, holders - 1 do
            local newest = KEYS[3 + holder * count]
            redis.call('INCR', newest)
            redis.call('PEXPIRE', newest, tonumber(ARGV[5]) + 20000)
        end
        return {0, told}",
    )
});

impl Names {
    pub fn of(name: &str) -> Self {
        Self { prefix: format!("{{oscartoki:{}}}", hex(&Sha256::digest(name)[..8])) }
    }

    fn floor(&self) -> String {
        format!("{}:floor", self.prefix)
    }

    fn entry(&self, entry: &ReplayEntry) -> String {
        format!("{}:{}:{}", self.prefix, letter(entry.space), hex(&entry.tag))
    }

    fn mark(&self, kid: [u8; 8]) -> String {
        format!("{}:v2:{}", self.prefix, hex(&kid))
    }

    /// The counters of a holder, the newest first.
    fn counters(&self, holder: &str, now_ms: i64, count: i64) -> impl Iterator<Item = String> {
        let newest = now_ms.div_euclid(BUCKET_MS);
        (0..count).map(move |back| format!("{}:q:{holder}:{}", self.prefix, newest - back))
    }
}

/// The floor; `None` when it begins with this call.
pub fn start(link: &mut Link, names: &Names, empty_floor_ms: i64) -> RedisResult<Option<i64>> {
    let run = link.run_id.clone();
    START.key(names.floor()).arg(empty_floor_ms).arg(run).invoke(&mut link.connection)
}

pub fn insert(
    link: &mut Link,
    names: &Names,
    entry: &ReplayEntry,
    floor_ms: i64,
    gone_floor_ms: i64,
    now_ms: i64,
    quotas: Quotas,
) -> RedisResult<(Judged, i64)> {
    let keep_ms = entry.keep_ms.max(1);
    let buckets = keep_ms / BUCKET_MS + 2;
    let run = link.run_id.clone();
    let mut call = INSERT.key(names.floor());
    call.key(names.entry(entry));
    for counter in names.counters(&hex(&entry.kid), now_ms, buckets) {
        call.key(counter);
    }
    if let Some(sid) = entry.sid {
        for counter in names.counters(&format!("{}{}", hex(&entry.kid), hex(&sid)), now_ms, buckets) {
            call.key(counter);
        }
    }
    // The floor of v1 is its own judge's: only tokis raise the shared one.
    let own_ms = if entry.space == Space::Toki { floor_ms } else { 0 };
    call.arg(own_ms).arg(run).arg(gone_floor_ms).arg(entry.ts_ms).arg(keep_ms);
    call.arg(quotas.kid).arg(quotas.sid).arg(buckets).arg(letter(entry.space).to_string());
    let (judged, floor): (i64, String) = call.invoke(&mut link.connection)?;
    let judged = match judged {
        0 => Judged::Fresh,
        1 => Judged::Seen,
        _ => Judged::Full,
    };
    Ok((judged, floor.parse().unwrap_or(i64::MAX)))
}

pub fn mark(link: &mut Link, names: &Names, kid: [u8; 8]) -> RedisResult<()> {
    cmd("SET").arg(names.mark(kid)).arg(1).query(&mut link.connection)
}

pub fn is_marked(link: &mut Link, names: &Names, kid: [u8; 8]) -> RedisResult<bool> {
    cmd("EXISTS").arg(names.mark(kid)).query(&mut link.connection)
}
