# frozen_string_literal: true

require_relative "helper"

class V1Test < RoomTest
  KID = "v1client"
  UNTIL = 4_000_000_000_000
  APP = ->(env) { [200, { "content-type" => "text/plain" }, ["#{env['REQUEST_METHOD']} #{env['rack.input']&.read}"]] }

  def service = @service ||= V1.service({ KID => "a key of v1" }, [NAME, "127.0.0.1"], until_ms: UNTIL, memory: MemoryReplayLog.new(1000), first_start: true)

  def on_service(service)
    port_names = ->(port) { "127.0.0.1:#{port}" }
    # The service must know its name, and puma its app: the port comes first.
    app = nil
    on_puma(->(env) { app.call(env) }) do |port|
      app = Rack::Middleware.new(APP, service: service.call(port_names.call(port)))
      yield "http://127.0.0.1:#{port}"
    end
  end

  def make(name) = V1.service({ KID => "a key of v1" }, [NAME, name], until_ms: UNTIL, memory: MemoryReplayLog.new(1000), first_start: true)

  def test_the_two_steps_over_http
    on_service(->(name) { @live = make(name) }) do |url|
      answer = V1::Client.new("a key of v1").request("POST", "#{url}/t", "body")
      assert_equal "POST body", answer.body
      assert_raises(OscarError) { V1::Client.new("another key").request("POST", "#{url}/t", "body") }
    end
    assert_equal 1, @live.counters[:v1_accepted]
  end

  # Three requests without any key reached the originals' resource, because a service's own toki was taken for a client's.
  def test_the_keyless_bypass_is_refused
    on_service(->(name) { make(name) }) do |url|
      get = ->(headers) { Net::HTTP.get_response(URI("#{url}/t"), headers) }
      first = get.call("oscartoki" => V1::Key.new("a guess").mint)
      assert_operator first.code.to_i, :>=, 400
      assert_nil first["oscartoki"]
      shown = get.call(V1::Client.new("a key of v1").begin.headers)
      assert_equal "200", shown.code
      reflected = get.call("oscartoki" => shown["oscartoki"])
      assert_operator reflected.code.to_i, :>=, 400
      assert_equal "error", JSON.parse(reflected.body)["status"]
    end
  end

  def test_a_v2_request_ends_v1
    on_service(lambda { |name|
      made = make_service(key, authorities: [NAME, name])
      made.keyring.add_v1(kid: key.kid, key: "a key of v1", until_ms: UNTIL)
      made
    }) do |url|
      assert_equal "200", V1::Client.new("a key of v1").request("GET", "#{url}/t").code
      assert_equal "200", client.net_http(url).get("/t").code
      assert_raises(OscarError) { V1::Client.new("a key of v1").request("GET", "#{url}/t") }
    end
  end

  def test_keys
    key = V1::Key.new("k")
    now = 1_795_300_000_000
    toki = key.mint(now_ms: now)
    assert_includes 0...100, now - key.verify(toki, now_ms: now)
    tokikey = key.mint_tokikey(toki, now_ms: now)
    assert_nil key.verify_tokikey(toki, tokikey, now_ms: now)
    refused("weak_secret") { V1::Key.new("") }
    refused("stale") { key.verify(toki, now_ms: now + 60_000) }
    refused("bad_mac") { V1::Key.new("other").verify(toki, now_ms: now) }
    refused("malformed") { key.verify("nonsense", now_ms: now) }
    assert_raises(OscarError) { key.verify_tokikey(toki, tokikey[..-2], now_ms: now) }
    exchange = V1::Client.new("k").begin(now_ms: now)
    refused("malformed") { exchange.accept_first("{}", nil, now_ms: now) }
    refused("replayed") { exchange.accept_first("{}", toki, now_ms: now) }
  end

  def test_tokis_of_the_originals
    checked = walk(JSON.parse(File.read("#{ROOT}/core/vectors/captures/oscartoki-v1.json"))).count do |case_|
      now = case_["mint_ms"] || (case_["mint_s"].to_f * 1000).to_i
      next unless case_["toki"].is_a?(String) && case_["key"].is_a?(String) && !case_["key"].empty? && now.positive?

      V1::Key.new(case_["key"]).verify(case_["toki"], now_ms: now)
    end
    assert_operator checked, :>=, 20
  end

  def walk(value)
    case value
    when Hash then [value] + value.values.flat_map { |member| walk(member) }
    when Array then value.flat_map { |member| walk(member) }
    else []
    end
  end
end
