import COscartoki
import Foundation
internal import OscartokiNative

/// Some replay memory: what was accepted is remembered until it can't be accepted again. Services that are given the same one remember together.
public class ReplayLog: @unchecked Sendable {
    let native: ReplayMemory

    fileprivate init(_ native: ReplayMemory) { self.native = native }

    /// A memory for the consumers of one queue, on this log.
    public final func forMessages(firstStart: Bool = false, nowMs: Int64? = nil) -> MessageMemory {
        MessageMemory(OscartokiNative.MessageMemory.on(memory: native, firstStart: firstStart, nowMs: wall(nowMs)))
    }
}

/// The memory of this one process; after a fork it refuses.
public final class MemoryReplayLog: ReplayLog, @unchecked Sendable {
    /// Room for so many live requests. `exact`: in one shard and without quotas, for tests.
    public init(capacity: Int64 = 1_000_000, exact: Bool = false) throws {
        try Door.checked.get()
        super.init(try speaking { exact ? try ReplayMemory.exact(capacity: capacity) : try ReplayMemory.local(capacity: capacity) })
    }
}

/// A file that the processes of one machine share; it also carries a single process over its restart.
public final class MappedReplayLog: ReplayLog, @unchecked Sendable {
    /// Where it lies.
    public let path: String

    /// Opens the file, or makes it with room for `capacity` live requests. Its folder must be private to this user. Error: `store`.
    public init(_ path: String, capacity: Int64 = 1_000_000) throws {
        try Door.checked.get()
        self.path = path
        super.init(try speaking { try mappedMemory(path: path, capacity: capacity) })
    }

    /// A file of mode 0600 in this user's own folder, named after audience and kids.
    public static func defaultPath(audience: String, kids: [Data]) throws -> String {
        try speaking { try defaultMemoryPath(audience: audience, kids: kids) }
    }
}

/// A Redis that the machines of a fleet share. It must not evict.
public final class RedisReplayLog: ReplayLog, @unchecked Sendable {
    /// The memory `name`, most often the audience, of the Redis at `url`: `redis://[USER:PASSWORD@]HOST[:PORT][/DB]`. Error: `store`.
    public init(_ url: String, name: String, capacity: Int64 = 1_000_000) throws {
        try Door.checked.get()
        super.init(try speaking { try redisMemory(url: url, name: name, capacity: capacity) })
    }
}

/// Remembers nothing and therefore refuses everything.
public final class NoReplayLog: ReplayLog, @unchecked Sendable {
    /// For tests of services that are busy.
    public init() { super.init(ReplayMemory.refusing()) }
}

/// What the consumers of one queue remember together: ``ReplayLog/forMessages(firstStart:nowMs:)``.
public final class MessageMemory: Sendable {
    let handle: oscar_handle

    init(_ native: OscartokiNative.MessageMemory) { handle = cRefMessageMemory(memory: native) }

    deinit { oscar_message_memory_free(handle) }
}
