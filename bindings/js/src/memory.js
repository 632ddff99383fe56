// Replay memories: what has been accepted is remembered until it can't be accepted again.

import { abi } from './abi.js';
import { wall, whole } from './door.js';
import { Held } from './holder.js';
import { MessageMemory } from './carried.js';
import { open, door } from './door.js';
import { native } from '#platform';

const CAPACITY = 1_000_000;

/** Sees to it that the native addon is there. */
export function needsNative(what) {
  if (door.calls === null) open();
  native(what);
}

/** Some replay memory; services that are given the same one remember together. */
export class ReplayLog extends Held {
  /** A memory for the consumers of one queue, on this log. */
  forMessages({ firstStart = false, nowMs = wall() } = {}) {
    return new MessageMemory(abi.message_memory_new(this.handle, firstStart ? 1 : 0, nowMs));
  }
}

/** The memory of this one process, or of this one worker where it runs in WebAssembly. */
export class MemoryReplayLog extends ReplayLog {
  constructor(capacity = CAPACITY, { exact = false } = {}) {
    super();
    this.hold(exact ? abi.replay_log_exact(whole(capacity)) : abi.replay_log_memory(whole(capacity)), 'replay_log_free');
  }

  /** Exactly that capacity, in one shard and without quotas; for tests. */
  static exact(capacity) {
    return new MemoryReplayLog(capacity, { exact: true });
  }
}

/** A file that the processes of one machine share; it also carries a single process over its restart. Needs the native addon. */
export class MappedReplayLog extends ReplayLog {
  #path;

  constructor(path, capacity = CAPACITY) {
    super();
    needsNative('a MappedReplayLog');
    this.#path = `${path}`;
    this.hold(abi.replay_log_mapped(this.#path, whole(capacity)), 'replay_log_free');
  }

  /** Where it is. */
  get path() {
    return this.#path;
  }

  /** A file of mode 0600 in this user's own folder, named after the ring's audience and kids. */
  static defaultPath(keyring) {
    needsNative('a MappedReplayLog');
    return abi.replay_log_default_path(keyring.handle);
  }
}

/** Remembers nothing and therefore refuses everything. */
export class NoReplayLog extends ReplayLog {
  constructor() {
    super();
    this.hold(abi.replay_log_none(), 'replay_log_free');
  }
}
