# frozen_string_literal: true

require_relative "helper"

class ExchangeTest < RoomTest
  def test_an_exchange_rolls_onto_a_session
    signed, verdict, outcome = exchange(client, service)
    refute signed.in_session?
    assert_equal client.kid, verdict.kid
    assert_nil verdict.sid
    assert verdict.want?
    assert_equal NAME, verdict.authority
    assert_equal [nil, 0, 200, true, true, 0], [outcome.error, outcome.code, outcome.status, outcome.signed?, outcome.content_authentic?, outcome.offset_ms]
    next_signed, next_verdict, = exchange(client, service, method: "POST", body: "{}", now_ms: NOW + 5)
    assert next_signed.in_session?
    assert_equal outcome.adopted_sid, next_verdict.sid
    assert_equal %w[oscartoki oscartokikey], next_signed.headers.keys
  end

  def test_an_unsafe_request_is_probed_first
    probe = client.sign("POST", NAME, "/t", "x", now_ms: NOW)
    assert probe.probe?
    verdict = service.verify("HEAD", NAME, "/t", probe.toki, now_ms: NOW)
    assert_equal ["stale", 204, 1, true], [verdict.name, verdict.status, verdict.code, verdict.signed?]
    toki, grant = service.answer(verdict, 204, now_ms: NOW)
    outcome = client.accept(probe, 204, toki: toki, grant: grant, received_ms: NOW)
    assert outcome.probe?
    assert_nil outcome.error
    refute client.sign("POST", NAME, "/t", "x", now_ms: NOW).probe?
  end

  def test_an_answer_is_accepted_once
    signed = client.sign("GET", NAME, "/", now_ms: NOW)
    toki, grant = service.answer(service.verify("GET", NAME, "/", signed.toki, now_ms: NOW), 200, "x", now_ms: NOW)
    assert_nil client.accept(signed, 200, "x", toki: toki, grant: grant, received_ms: NOW).error
    again = client.accept(signed, 200, "x", toki: toki, grant: grant, received_ms: NOW)
    assert_equal "replayed", again.name
    refute again.signed?
    refused("replayed") { again.raise_for_refusal }
  end

  def test_a_toki_is_good_once_and_an_answer_is_minted_once
    signed = client.sign("GET", NAME, "/", now_ms: NOW)
    verdict = service.verify("GET", NAME, "/", signed.toki, now_ms: NOW)
    again = service.verify("GET", NAME, "/", signed.toki, now_ms: NOW)
    assert verdict.accepted?
    assert_equal ["replayed", 409, 2], [again.name, again.status, again.code]
    refute again.accepted?
    service.answer(verdict, 200, now_ms: NOW)
    refused("replayed") { service.answer(verdict, 200, now_ms: NOW) }
  end

  def test_content_digest_waits_for_what_arrives
    digest = Digest::SHA256.digest("body")
    { "body" => nil, "bodY" => "body_mismatch", "" => "body_mismatch" }.each do |arrived, expected|
      signed = client.sign("PUT", NAME, "/", "body", trust_clock: true, now_ms: NOW)
      pending = service.verify("PUT", NAME, "/", signed.toki, signed.grant, digest: digest, now_ms: NOW)
      assert_instance_of PendingBody, pending
      refute pending.accepted?
      verdict = pending.finish(arrived)
      expected ? assert_equal(expected, verdict.error&.name) : assert_nil(verdict.error)
      assert_equal "replayed", pending.finish(arrived).name
    end
    signed = client.sign("PUT", NAME, "/", "body", trust_clock: true, now_ms: NOW)
    refusal = service.verify("PUT", NAME, "/", signed.toki, signed.grant, digest: digest, now_ms: NOW).too_large
    assert_equal ["policy", 413, 6], [refusal.name, refusal.status, refusal.code]
    signed = client.sign("PUT", NAME, "/", "body", trust_clock: true, now_ms: NOW)
    pending = service.verify("PUT", NAME, "/", signed.toki, signed.grant, digest: digest, now_ms: NOW)
    assert_raises(ArgumentError) { pending.finish(digest: "x") }
  end

  CHANGED_REQUESTS = {
    { method: "DELETE" } => "bad_mac", { target: "/b" } => "bad_mac", { target: "/a?" } => "bad_mac", { body: "y" } => "bad_mac",
    { body: nil } => "malformed", { ext: "\0\1a\0\1b" } => "malformed", { authority: "other.example.com" } => "unknown_authority",
    { authority: "a b" } => "malformed", { toki: nil } => "missing", { toki: "" } => "malformed", { grant: "ok2." } => "malformed",
    { method: "get" } => "malformed", { target: "x" } => "malformed", { target: "/#{'x' * 70_000}" } => "malformed",
    { target: "/\0" } => "malformed", { target: "/a".encode("UTF-16LE") } => "malformed", { target: "/ü" } => "malformed", { toki: "ot2.ü" } => "malformed", { method: "\xFF".b } => "malformed",
    { now_ms: NOW + 30_001 } => "stale", { now_ms: NOW - 2_001 } => "stale"
  }.freeze

  def test_a_changed_request_is_refused
    CHANGED_REQUESTS.each do |change, name|
      service = make_service(key, now_ms: NOW)
      signed = client.sign("PUT", NAME, "/a", "x", trust_clock: true, now_ms: NOW)
      given = { method: "PUT", authority: NAME, target: "/a", toki: signed.toki, grant: nil, body: "x", now_ms: NOW, ext: nil }.merge(change)
      verdict = service.verify(*given.values_at(:method, :authority, :target, :toki, :grant, :body), ext: given[:ext], now_ms: given[:now_ms])
      assert_instance_of Refusal, verdict, change
      assert_equal name, verdict.name, change
      assert_equal name == "stale", verdict.signed?
      refused(name) { verdict.raise_for_refusal }
      assert_equal name == "missing" || name == "bad_mac" || name == "stale", verdict.www_authenticate?, change
    end
    assert_equal 21, CHANGED_REQUESTS.size
  end

  def test_a_changed_answer_is_refused
    { { status: 201 } => "bad_mac", { body: "y" } => "bad_mac", { toki: nil } => "missing", { grant: nil } => "malformed",
      { toki: "ot2.AAAA" } => "malformed", { body: nil } => "malformed", { status: 70_000 } => "malformed" }.each do |change, name|
      own = Client.new(secret: secret, audience: NAME)
      signed = own.sign("GET", NAME, "/a", now_ms: NOW)
      toki, grant = service.answer(service.verify("GET", NAME, "/a", signed.toki, now_ms: NOW), 200, "x", now_ms: NOW)
      given = { status: 200, body: "x", toki: toki, grant: grant }.merge(change)
      outcome = own.accept(signed, given[:status], given[:body], toki: given[:toki], grant: given[:grant], received_ms: NOW)
      assert_equal [name, true, false, false], [outcome.name, outcome.may_have_run?, outcome.signed?, outcome.resend?], change
      assert_nil own.offset_ms
    end
  end

  def test_a_refused_sign_says_that_nothing_ran
    [["get", NAME, "/"], ["GET", "", "/"], ["GET", NAME, "x"], ["GET", NAME, "/#"], ["GET", NAME, "/#{'x' * 70_000}"], ["CONNECT", NAME, "/"],
     ["GET", NAME, "/\0"], ["GÜT", NAME, "/"], ["GET", NAME, "/a".encode("UTF-16LE")], ["GET".encode("UTF-32LE"), NAME, "/"]].each do |given|
      error = refused("unsignable") { client.sign(*given) }
      assert_equal [false, false, nil], [error.may_have_run, error.signed, error.status]
      told = refused("unsignable") { client.call(*given).next.outcome.raise_for_refusal }
      assert_equal [false, false], [told.may_have_run, told.signed]
    end
    refused("unsignable") { client.sign("POST", NAME, "/", "x", repeatable: true) }
  end

  # A part of a longer String has no zero behind it.
  def test_parts_of_strings_are_read_to_their_end_and_no_further
    line = "GET #{NAME} /a-path-that-is-long-enough-to-be-shared-with-the-line-that-it-was-cut-from?x=1 HTTP/1.1"
    method, authority, target = line.split
    [target, line[%r{/[a-z-]+}], line[%r{/a-path}]].each do |part|
      signed = client.sign("GET", NAME, "#{part} ".strip, now_ms: NOW)
      assert service.verify(method, authority, part, signed.toki, now_ms: NOW).accepted?, part
      signed = client.sign(method, authority, part, now_ms: NOW)
      assert service.verify("GET", NAME, "#{part} ".strip, signed.toki, now_ms: NOW).accepted?, part
    end
  end

  def test_the_loop_probes_and_resends
    call = client.call("POST", NAME, "/t", "x")
    step = call.next(now_ms: NOW, mono_ms: 1)
    assert_equal [:send, "HEAD", true, %w[oscartoki]], [step.kind, step.method, step.probe?, step.headers.keys]
    verdict = service.verify("HEAD", NAME, "/t", step.headers["oscartoki"], now_ms: NOW)
    toki, grant = service.answer(verdict, verdict.status, now_ms: NOW)
    call.received(verdict.status, { "Oscartoki" => toki, "oscartokikey" => grant }, "", received_ms: NOW, mono_ms: 1)
    step = call.next(now_ms: NOW, mono_ms: 1)
    assert_equal [true, "POST", false, true], [step.send?, step.method, step.probe?, step.in_session?]
    assert_equal %w[oscartoki oscartokikey content-digest], step.headers.keys
    call.failed
    step = call.next(now_ms: NOW, mono_ms: 1)
    assert_equal [:failed, 2, true, false], [step.kind, step.requests, step.probed?, step.resent?]
    assert_equal ["missing", true], [step.outcome.name, step.outcome.may_have_run?]
  end

  def test_only_what_is_given_up_is_given_up
    outcome = client.give_up(client.sign("GET", NAME, "/"))
    assert_equal ["missing", true, nil], [outcome.name, outcome.may_have_run?, outcome.status]
    outcome = client.give_up(client.sign("GET", NAME, "/"), 200)
    assert_equal ["policy", true, 200], [outcome.name, outcome.may_have_run?, outcome.status]
  end

  def test_a_delegate_has_its_session_and_no_more
    session = client.hand_out(60, now_ms: NOW)
    delegate = Client.new(session: session.to_text)
    signed, verdict, outcome = exchange(delegate, service)
    assert signed.in_session?
    assert_equal session.sid, verdict.sid
    assert_nil outcome.error
    refused("grant_expired") { delegate.sign("GET", NAME, "/", now_ms: NOW + 61_000) }
    refused("unsignable") { delegate.hand_out(60) }
    refused("unsignable") { client.hand_out(601) }
    service.revoke_session(client.kid, session.sid)
    signed = Client.new(session: session).sign("GET", NAME, "/", now_ms: NOW)
    assert_equal "revoked", service.verify("GET", NAME, "/", signed.toki, signed.grant, now_ms: NOW).name
  end

  def test_state_moves_to_another_process_of_the_client
    exchange(client, service)
    other = Client.new(secret: secret, audience: NAME)
    other.import_state(client.export_state)
    refute other.sign("POST", NAME, "/", "x", now_ms: NOW + 5).probe?
    refused("malformed") { other.import_state("something else") }
  end

  def test_one_client_speaks_to_several_audiences
    everywhere = Client.new(secret: secret)
    signed = everywhere.sign("GET", NAME, "/", now_ms: NOW)
    assert service.verify("GET", NAME, "/", signed.toki, now_ms: NOW).accepted?
    signed = everywhere.sign("GET", "other.example.com", "/", now_ms: NOW)
    assert_equal "unknown_authority", service.verify("GET", "other.example.com", "/", signed.toki, now_ms: NOW).name
    bound = everywhere.for_audience(NAME)
    assert service.verify("GET", NAME, "/", bound.sign("GET", NAME, "/", now_ms: NOW).toki, now_ms: NOW).accepted?
    refused("unsignable") { everywhere.for_audience("a b") }
  end

  def test_covered_headers_decide_too
    client = Client.new(secret: secret, audience: NAME, ext: %w[content-type idempotency-key])
    service = make_service(key, ext: %w[content-type idempotency-key], now_ms: NOW)
    ext = client.request_ext("Content-Type" => "text/plain", "Idempotency-Key" => %w[a b])
    assert_equal "\0\fcontent-type\0\ntext/plain\0\x0Fidempotency-key\0\x04a, b".b, ext
    signed = client.sign("GET", NAME, "/", ext: ext, now_ms: NOW)
    head = [["host", NAME], ["oscartoki", signed.toki], ["content-type", "text/plain"], ["idempotency-key", "a"], ["idempotency-key", "b"]]
    assert_equal "bad_mac", service.verify_head("GET", "/", head[..-2], now_ms: NOW).name
    assert service.verify_head("GET", "/", head, now_ms: NOW).accepted?
    assert_equal "malformed", service.verify_head("GET", "/", head + [["oscartoki", signed.toki]], now_ms: NOW).name
    assert_equal "malformed", service.verify_head("GET", "/", head + [["x", "y" * 70_000]], now_ms: NOW).name
    refused("unsignable") { client.request_ext("content-type" => "x" * 65_000, "idempotency-key" => "y" * 65_000) }
  end

  def test_what_travels_elsewhere
    message = client.mint_message("billing", "invoice.created", "{}", now_ms: NOW)
    memory = MemoryReplayLog.new(1000).for_messages(first_start: true, now_ms: NOW)
    got = nil
    %i[fresh duplicate].each do |freshness|
      got = service.verify_message("billing", "invoice.created", "{}", message.toki, memory: memory, now_ms: NOW)
      assert_equal [freshness, client.kid, 3600], [got.freshness, got.kid, got.ttl_s]
    end
    assert_equal :unchecked, service.verify_message("billing", "invoice.created", "{}", message.toki, now_ms: NOW).freshness
    assert_equal NOW, message.accept_reply(got.reply("ok", now_ms: NOW), "ok")
    refused("replayed") { message.accept_reply(got.reply("ok", now_ms: NOW), "ok") }
    { { destination: "x" } => "bad_mac", { body: "" } => "bad_mac", { toki: nil } => "missing", { now_ms: NOW + 3_600_001 } => "expired",
      { now_ms: NOW - 300_001 } => "not_yet", { max_ttl_s: 60 } => "policy", { destination: "x" * 70_000 } => "malformed" }.each do |change, name|
      given = { destination: "billing", body: "{}", toki: message.toki, now_ms: NOW, max_ttl_s: 86_400 }.merge(change)
      refused(name) do
        service.verify_message(given[:destination], "invoice.created", given[:body], given[:toki], now_ms: given[:now_ms], max_ttl_s: given[:max_ttl_s])
      end
    end
    target = client.sign_url(NAME, "/files/a.pdf?v=2", exp_ms: NOW + 1000)
    assert_equal "/files/a.pdf?v=2", service.verify_url("HEAD", NAME, target, now_ms: NOW).target
    assert_equal NOW + 1000, service.verify_url_head("GET", target, [["host", NAME]], now_ms: NOW).exp_ms
    refused("malformed") { service.verify_url_head("GET", target, [["host", NAME], ["oscartoki", "ot2."]], now_ms: NOW) }
    { { method: "POST" } => "bad_mac", { target: "/files/a.pdf?v=2" } => "missing", { now_ms: NOW + 1001 } => "expired", { toki: "x" } => "malformed" }
      .each do |change, name|
        given = { method: "GET", target: target, now_ms: NOW, toki: nil }.merge(change)
        refused(name) { service.verify_url(given[:method], NAME, given[:target], toki: given[:toki], now_ms: given[:now_ms]) }
      end
    refused("unsignable") { client.sign_url(NAME, target, exp_ms: NOW) }
    ticket = client.mint_ticket("user-42", origin: "https://app.example.com", now_ms: NOW)
    refused("bad_mac") { service.verify_ticket(ticket, origin: "https://evil.example.com", now_ms: NOW) }
    made = service.verify_ticket(ticket, origin: "https://app.example.com", now_ms: NOW)
    assert_equal ["user-42", true, NOW], [made.connection, made.origin_bound?, made.ts_ms]
    refused("replayed") { service.verify_ticket(ticket, origin: "https://app.example.com", now_ms: NOW) }
    refused("missing") { service.verify_ticket(nil, now_ms: NOW) }
    refused("policy") { service.verify_ticket(client.mint_ticket("a", now_ms: NOW), require_origin: true, now_ms: NOW) }
    refused("unsignable") { client.mint_ticket("", now_ms: NOW) }
  end

  def test_explain_names_what_altered_a_request
    signed = client.sign("GET", NAME, "/a?b=1", now_ms: NOW)
    assert_includes Oscartoki.explain({ NAME => key }, "HEAD", NAME, "/a?b=1", signed.toki), "GET"
    refute_nil Oscartoki.explain({ NAME => key }, "GET", "#{NAME}:8080", "/a?b=1", signed.toki)
    assert_nil Oscartoki.explain({ NAME => key }, "GET", NAME, "/something/else", signed.toki)
    assert_nil Oscartoki.explain({ NAME => key }, "GET", NAME, "/a?b=1", signed.toki)
  end

  def test_counters_tell_what_happened
    exchange(client, service)
    service.verify("GET", NAME, "/", nil)
    assert_equal({ accepted: 1, unremembered: 0, v1_accepted: 0, refused_missing: 1 }, service.counters)
    assert_operator service.floor_ms, :>, 0
    assert_operator service.ready_at_ms, :<=, Process.clock_gettime(Process::CLOCK_REALTIME, :millisecond)
    assert_same service, service.wait_until_ready
  end

  # One bit of the bytes, or one character of the text, changed.
  def edited(text, seed)
    prefix, body = text[0, 4], text[4..]
    if seed.rand < 0.5
      data = body.tr("-_", "+/").unpack1("m").bytes
      at = seed.rand(data.size * 8)
      data[at / 8] ^= 1 << (at % 8)
      return prefix + [data.pack("C*")].pack("m0").tr("+/", "-_").delete("=")
    end
    at = seed.rand(text.size)
    changed = [text.dup.tap { |t| t[at] = "A-_z9= ".chars.sample(random: seed) }, text.dup.insert(at, "A"), text.dup.tap { |t| t[at] = "" }].sample(random: seed)
    changed == text ? "#{text}A" : changed
  end

  def test_every_edit_of_a_proof_is_refused
    service = make_service(key, now_ms: NOW)
    seed = Random.new(20_261_125)
    nonce = "\0" * 8
    q = Hazmat.mint_request(key, "GET", NAME, "/a", ts_ms: NOW, nonce: nonce)
    k = Hazmat.mint_grant(key, q, sid: "8" * 8, exp_s: (NOW / 1000) + 60, ttl_s: 60)
    s = Hazmat.mint_request(key, "GET", NAME, "/a", ts_ms: NOW, nonce: nonce, grant: k)
    r = Hazmat.mint_answer(key, q, 200, "x", code: 0, ts_ms: NOW)
    m = Hazmat.mint_message(key, "d", "t", "x", ts_ms: NOW, nonce: nonce, ttl_s: 60)
    u = Hazmat.mint_url(key, "GET", NAME, "/a", exp_ms: NOW + 1000).split("oscartoki=").last
    w = Hazmat.mint_ticket(key, "id", ts_ms: NOW, nonce: nonce)
    request = ->(toki, grant = nil) { service.verify("GET", NAME, "/a", toki, grant, now_ms: NOW).raise_for_refusal }
    judges = {
      q => request, s => ->(text) { request.call(text, k) }, k => ->(text) { request.call(s, text) },
      r => ->(text) { Hazmat.accept(key, q, 200, "x", toki: text) }, m => ->(text) { service.verify_message("d", "t", "x", text, now_ms: NOW) },
      u => ->(text) { service.verify_url("GET", NAME, "/a?oscartoki=#{text}", now_ms: NOW) }, w => ->(text) { service.verify_ticket(text, now_ms: NOW) }
    }
    judges.each do |text, judge|
      1000.times { changed = edited(text, seed); assert_raises(OscarError, changed) { judge.call(changed) } }
    end
    judges.each { |text, judge| judge.call(text) unless text == k }
  end
end
