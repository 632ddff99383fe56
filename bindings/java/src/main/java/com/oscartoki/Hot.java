package com.oscartoki;

import static java.lang.foreign.MemorySegment.ofArray;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.invoke.MethodHandle;
import java.lang.ref.Reference;

/**
 * What is done for each request: one crossing an act, on arrays of the heap. The calls are short, wait for nothing and call nobody back, which
 * is what {@code critical} asks for. Where much is to be digested, or a fleet's memory is waited for, it is {@link Door#call}, which does not
 * keep the collector waiting.
 */
final class Hot {
    private static final byte[] NONE = {};
    private static final int MUCH = 1 << 16;

    private Hot() {}

    private static MethodHandle link(String name, MemoryLayout... given) {
        return Door.link(name, FunctionDescriptor.of(JAVA_INT, given), Linker.Option.critical(true));
    }

    // A class each, so that a client does not link what services need.
    private static final class Sign {
        static final MethodHandle CALL = link("client_sign_packed", JAVA_LONG, ADDRESS, JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG, ADDRESS, ADDRESS);
    }

    private static final class Accept {
        static final MethodHandle CALL = link("client_accept_packed", JAVA_LONG, JAVA_LONG, ADDRESS, JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_LONG, ADDRESS);
    }

    private static final class AcceptHead {
        static final MethodHandle CALL = link("client_accept_head", JAVA_LONG, JAVA_LONG, ADDRESS, JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_LONG, ADDRESS);
    }

    private static final class Verify {
        static final MethodHandle CALL = link("service_verify_packed", JAVA_LONG, ADDRESS, JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG, ADDRESS);
    }

    private static final class VerifyHead {
        static final MethodHandle CALL = link("service_verify_head", JAVA_LONG, ADDRESS, JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG, ADDRESS);
    }

    private static final class Refresh {
        // It may read files, which is too long for a critical call.
        static final MethodHandle CALL = Door.link("ring_files_refresh", FunctionDescriptor.of(JAVA_INT, JAVA_LONG));
    }

    private static final class WantsBody {
        static final MethodHandle CALL = link("service_wants_body", JAVA_LONG, ADDRESS, JAVA_LONG);
    }

    private static final class Answer {
        static final MethodHandle CALL = link("service_answer_packed", JAVA_LONG, JAVA_LONG, ADDRESS, JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG, ADDRESS);
    }

    private static final class AnswerHead {
        static final MethodHandle CALL = link("service_answer_head", JAVA_LONG, JAVA_LONG, ADDRESS, JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG, ADDRESS);
    }

    static int sign(Handle client, Packed request, byte[] body, int options, long now, long mono, byte[] signed, long[] context) {
        byte[] content = body == null ? NONE : body;
        if (content.length > MUCH) {
            return Door.call("client_sign_packed", client, request.bytes(), content, options, now, mono, new Door.Struct(signed), new Door.Struct(context));
        }
        try {
            return (int) Sign.CALL.invokeExact(client.get(), ofArray(request.data()), (long) request.size(), ofArray(content), (long) content.length, options, now, mono,
                    ofArray(signed), ofArray(context));
        } catch (Throwable fault) {
            throw Door.failed(fault);
        } finally {
            Reference.reachabilityFence(client);
        }
    }

    static int accept(Handle client, Handle context, Packed answer, byte[] body, long received, long mono, long[] outcome) {
        return judge("client_accept_packed", Accept.CALL, client, context, answer, body, received, mono, outcome);
    }

    static int acceptHead(Handle client, Handle context, Packed head, byte[] body, long received, long mono, long[] outcome) {
        return judge("client_accept_head", AcceptHead.CALL, client, context, head, body, received, mono, outcome);
    }

    private static int judge(String name, MethodHandle call, Handle client, Handle context, Packed answer, byte[] body, long received, long mono, long[] outcome) {
        byte[] content = body == null ? NONE : body;
        if (content.length > MUCH) return Door.call(name, client, context, answer.bytes(), content, received, mono, new Door.Struct(outcome));
        try {
            return (int) call.invokeExact(client.get(), context.get(), ofArray(answer.data()), (long) answer.size(), ofArray(content), (long) content.length, received, mono,
                    ofArray(outcome));
        } catch (Throwable fault) {
            throw Door.failed(fault);
        } finally {
            Reference.reachabilityFence(client);
            Reference.reachabilityFence(context);
        }
    }

    static int verify(Handle service, Packed request, byte[] body, long now, long[] verdict, boolean waits) {
        byte[] content = body == null ? NONE : body;
        if (waits || content.length > MUCH) return Door.call("service_verify_packed", service, request.bytes(), content, now, new Door.Struct(verdict));
        try {
            return (int) Verify.CALL.invokeExact(service.get(), ofArray(request.data()), (long) request.size(), ofArray(content), (long) content.length, now, ofArray(verdict));
        } catch (Throwable fault) {
            throw Door.failed(fault);
        } finally {
            Reference.reachabilityFence(service);
        }
    }

    static int verifyHead(Handle service, Packed head, byte[] body, long now, long[] verdict, boolean waits) {
        byte[] content = body == null ? NONE : body;
        if (waits || content.length > MUCH) return Door.call("service_verify_head", service, head.bytes(), content, now, new Door.Struct(verdict));
        try {
            return (int) VerifyHead.CALL.invokeExact(service.get(), ofArray(head.data()), (long) head.size(), ofArray(content), (long) content.length, now, ofArray(verdict));
        } catch (Throwable fault) {
            throw Door.failed(fault);
        } finally {
            Reference.reachabilityFence(service);
        }
    }

    static boolean wantsBody(Handle service, Packed head) {
        try {
            return (int) WantsBody.CALL.invokeExact(service.get(), ofArray(head.data()), (long) head.size()) != 0;
        } catch (Throwable fault) {
            throw Door.failed(fault);
        } finally {
            Reference.reachabilityFence(service);
        }
    }

    static int refresh(Handle files) {
        try {
            return (int) Refresh.CALL.invokeExact(files.get());
        } catch (Throwable fault) {
            throw Door.failed(fault);
        } finally {
            Reference.reachabilityFence(files);
        }
    }

    static int answer(Handle service, Handle context, Packed answer, byte[] body, long now, byte[] answered, boolean waits) {
        return reply("service_answer_packed", Answer.CALL, service, context, answer, body, now, answered, waits);
    }

    static int answerHead(Handle service, Handle context, Packed head, byte[] body, long now, byte[] answered, boolean waits) {
        return reply("service_answer_head", AnswerHead.CALL, service, context, head, body, now, answered, waits);
    }

    private static int reply(String name, MethodHandle call, Handle service, Handle context, Packed answer, byte[] body, long now, byte[] answered, boolean waits) {
        byte[] content = body == null ? NONE : body;
        if (waits || content.length > MUCH) return Door.call(name, service, context, answer.bytes(), content, now, new Door.Struct(answered));
        try {
            return (int) call.invokeExact(service.get(), context.get(), ofArray(answer.data()), (long) answer.size(), ofArray(content), (long) content.length, now, ofArray(answered));
        } catch (Throwable fault) {
            throw Door.failed(fault);
        } finally {
            Reference.reachabilityFence(service);
            Reference.reachabilityFence(context);
        }
    }
}
