package com.oscartoki;

/** Remembers nothing, and therefore refuses everything as busy: for tests of that. */
public final class NoReplayLog extends ReplayLog {
    /** A memory out of reach. */
    public NoReplayLog() throws OscarError {
        super(Handle.made("replay_log_free", "replay_log_none"));
    }
}
