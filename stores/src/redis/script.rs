//! What is asked of the server, and the names of its keys. All keys of a memory have one hash tag: a cluster keeps them together.

use super::resp::{Answer, Fault};
use super::{Link, letter};
use oscartoki::encoding::hex;
use oscartoki::replay::{Quotas, ReplayEntry, Space};
use sha2::{Digest as _, Sha256};

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
const START: &str = r"
        local known = redis.call('HMGET', KEYS[1], 'floor', 'run')
        if known[1] and known[2] == ARGV[2] then return known[1] end
        local floor = ARGV[1]
        if known[1] and tonumber(known[1]) > tonumber(floor) then floor = known[1] end
        redis.call('HSET', KEYS[1], 'floor', floor, 'run', ARGV[2], 'gone', ARGV[1])
        return false";

/// Floor, then what was seen, then room, then the entry. The floor that is given back is what counts beside the verdict.
/// KEYS: floor, entry, then the counters of kid and sid, so many each. ARGV: own floor, run, the floor where it is gone, ts, keep, quota of the
/// kid, of the sid, counters of each, space.
const INSERT: &str = r"
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
        return {0, told}";

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
pub fn start(link: &mut Link, names: &Names, empty_floor_ms: i64) -> Result<Option<i64>, Fault> {
    let run = link.run_id.clone();
    match link.run(START, &[names.floor()], &[empty_floor_ms.to_string(), run])? {
        Answer::Nothing => Ok(None),
        Answer::Text(floor) => Ok(Some(floor_of(&floor))),
        _ => Err(strange()),
    }
}

pub fn insert(
    link: &mut Link,
    names: &Names,
    entry: &ReplayEntry,
    floor_ms: i64,
    gone_floor_ms: i64,
    now_ms: i64,
    quotas: Quotas,
) -> Result<(Judged, i64), Fault> {
    let keep_ms = entry.keep_ms.max(1);
    let buckets = keep_ms / BUCKET_MS + 2;
    let run = link.run_id.clone();
    let mut keys = vec![names.floor(), names.entry(entry)];
    keys.extend(names.counters(&hex(&entry.kid), now_ms, buckets));
    if let Some(sid) = entry.sid {
        keys.extend(names.counters(&format!("{}{}", hex(&entry.kid), hex(&sid)), now_ms, buckets));
    }
    // The floor of v1 is its own judge's: only tokis raise the shared one.
    let own_ms = if entry.space == Space::Toki { floor_ms } else { 0 };
    let arguments = [
        own_ms.to_string(),
        run,
        gone_floor_ms.to_string(),
        entry.ts_ms.to_string(),
        keep_ms.to_string(),
        quotas.kid.to_string(),
        quotas.sid.to_string(),
        buckets.to_string(),
        letter(entry.space).to_string(),
    ];
    let Answer::List(answer) = link.run(INSERT, &keys, &arguments)? else { return Err(strange()) };
    let [Answer::Number(judged), Answer::Text(floor)] = &answer[..] else { return Err(strange()) };
    let judged = match judged {
        0 => Judged::Fresh,
        1 => Judged::Seen,
        _ => Judged::Full,
    };
    Ok((judged, floor_of(floor)))
}

pub fn mark(link: &mut Link, names: &Names, kid: [u8; 8]) -> Result<(), Fault> {
    link.call(&["SET", &names.mark(kid), "1"]).map(drop)
}

pub fn is_marked(link: &mut Link, names: &Names, kid: [u8; 8]) -> Result<bool, Fault> {
    match link.call(&["EXISTS", &names.mark(kid)])? {
        Answer::Number(count) => Ok(count != 0),
        _ => Err(strange()),
    }
}

/// A floor that can't be read is one above everything.
fn floor_of(text: &str) -> i64 {
    text.parse().unwrap_or(i64::MAX)
}

/// An answer that these commands never have.
fn strange() -> Fault {
    Fault::Broken(std::io::ErrorKind::InvalidData.into())
}
