package com.oscartoki;

import java.io.IOException;
import java.time.Instant;
import java.time.InstantSource;

/** A client and a service with one clock that stands still until it is moved. */
final class World {
    static final String NAME = "api.example.com";

    final Clock clock = new Clock();
    final Secret secret = Secret.generate();
    final AudienceKey key = secret.audienceKey(NAME);
    final Service service;
    final Client client;

    World() throws IOException {
        this(new String[0]);
    }

    World(String... ext) throws IOException {
        service = Service.builder().key(key).authorities(NAME).memory(new MemoryReplayLog(1 << 18)).firstStart(true).ext(ext).answerExt("etag").clock(clock).build();
        client = Client.builder().secret(secret).audience(NAME).ext(ext).answerExt("etag").clock(clock).build();
    }

    static final class Clock implements InstantSource {
        volatile long ms = 1_795_300_000_000L;

        @Override
        public Instant instant() {
            return Instant.ofEpochMilli(ms);
        }
    }

    static Request get(String target) {
        return new Request("GET", NAME, target);
    }

    static Request post(String target, String body) {
        return new Request("POST", NAME, target, body.getBytes());
    }

    /** Sends a signed request to the service, and takes its answer. */
    Outcome exchange(Request request, CallOption... options) throws IOException {
        SignedRequest signed = client.sign(request, options);
        Answer answer = answer(request, signed);
        return client.accept(signed, answer);
    }

    Answer answer(Request request, SignedRequest signed) throws OscarError {
        Request sent = signed.isProbe() ? new Request("HEAD", request.authority(), request.target(), null, request.ext(), null) : request;
        Verdict verdict = service.verify(sent, signed.toki(), signed.grant().orElse(null));
        int status = verdict instanceof Refusal refusal ? refusal.status() : 200;
        byte[] body = verdict.accepted() ? "done".getBytes() : null;
        SignedAnswer answered = service.answer(verdict, new Answer(status, body));
        return new Answer(status, body, answered.toki(), answered.grant().orElse(null));
    }

    /** The whole call, probe and resend included. */
    Step run(Request request, CallOption... options) throws IOException {
        try (Call call = client.call(request, options)) {
            for (Step step = call.next(); ; step = call.next()) {
                if (step.kind() != Step.Kind.SEND) return step;
                Headers headers = new Headers().add("Host", NAME);
                step.headers().forEach(headers::add);
                byte[] body = step.isProbe() ? null : request.body();
                Verdict verdict = service.verifyHead(step.method(), request.target(), headers, body);
                if (verdict instanceof PendingBody pending) verdict = pending.finish(body);
                int status = verdict instanceof Refusal refusal ? refusal.status() : 200;
                byte[] content = verdict.accepted() ? "done".getBytes() : null;
                SignedAnswer answered = service.answerHead(verdict, status, new Headers(), content);
                Headers back = new Headers();
                answered.headers().forEach(back::add);
                call.received(status, back, content);
            }
        }
    }
}
