# frozen_string_literal: true

require "rack"
require "zlib"

require_relative "helper"

# The middleware by itself: what a server gives it, and what it gives back.
class RackTest < RoomTest
  Seen = Struct.new(:method, :path, :body, :verified)

  def app
    lambda do |env|
      seen << Seen.new(env["REQUEST_METHOD"], env["PATH_INFO"], env["PATH_INFO"] == "/unread" ? nil : env["rack.input"]&.read, env["oscartoki"])
      headers = { "content-type" => "text/plain", "Cache-Control" => "max-age=60" }
      case env["PATH_INFO"]
      when "/big" then [200, headers, Parts.new("x" * 600_000, "y" * 600_000)]
      when "/bigarray" then [200, headers, ["x" * 600_000, "y" * 600_000]]
      when "/known" then [200, headers.merge("content-length" => "1200000"), Parts.new("x" * 600_000, "y" * 600_000)]
      when "/parts" then [200, headers, Parts.new("one ", "two")]
      when "/events" then [200, headers.merge("content-type" => "text/event-stream; charset=utf-8"), Parts.new("data: 1\n\n", "data: 2\n\n")]
      when "/gzip" then [200, headers.merge("Content-Encoding" => "gzip"), [Zlib.gzip("packed")]]
      when "/call" then [200, headers, ->(stream) { stream.write("streamed") && stream.close }]
      when "/partial" then [200, headers.merge("rack.hijack" => ->(io) { io.close }), []]
      when "/full" then env["rack.hijack_io"] = StringIO.new; [200, {}, []]
      when "/async" then [-1, {}, []]
      when "/file" then [200, headers.merge("X-Sendfile" => "/etc/hostname"), []]
      when "/cookies" then [200, headers.merge("set-cookie" => "a=1\nb=2"), ["x"]]
      when "/cookies3" then [200, headers.merge("set-cookie" => %w[a=1 b=2]), ["x"]]
      when "/forged" then [200, headers.merge("Oscartoki" => "ot2.forged", "oscartokikey" => "ok2.forged"), ["x"]]
      when "/empty" then [204, {}, []]
      when "/teapot" then [418, headers, ["short and stout"]]
      when "/broken" then raise "the app broke"
      when "/half" then [200, headers, Parts.new("half", :raise)]
      else [200, headers, ["#{env['REQUEST_METHOD']} #{seen.last.body}"]]
      end
    end
  end

  # A body that can only be walked, and says when it is closed.
  class Parts
    CLOSED = []

    def initialize(*parts) = @parts = parts
    def each = @parts.each { |part| part == :raise ? raise("broken in its middle") : yield(part) }
    def close = CLOSED << self
  end

  # An input as Rack 3 may give it: no rewind, no gets, small reads.
  class OneWay
    def initialize(bytes) = @io = StringIO.new(bytes)
    def read(length = nil, *) = length ? @io.read([length, 7].min) : @io.read
  end

  def seen = @seen ||= []
  def layer = @layer ||= Rack::Middleware.new(app, service: service)

  def ask(layer, method = "GET", target = "/", headers: {}, body: nil, input: nil, env: {})
    path, query = target.split("?", 2)
    given = { "REQUEST_METHOD" => method, "PATH_INFO" => path, "QUERY_STRING" => query.to_s, "REQUEST_URI" => target, "HTTP_HOST" => NAME,
              "SERVER_SOFTWARE" => "test", "rack.input" => input || StringIO.new(body.to_s), "rack.errors" => @errors = StringIO.new }
    given["CONTENT_LENGTH"] = body.bytesize.to_s if body
    headers.each { |name, value| given["HTTP_#{name.upcase.tr('-', '_')}"] = value }
    given.update(env)
    status, headers, parts = layer.call(given.compact)
    whole = +"".b
    parts.respond_to?(:each) ? parts.each { |part| whole << part } : whole = parts
    parts.close if parts.respond_to?(:close)
    [status, headers, whole]
  end

  # Signs, asks, accepts.
  def go(method, target, body = nil, layer: self.layer, **options)
    signed = client.sign(method, NAME, target, body, trust_clock: true, **options)
    status, headers, whole = ask(layer, method, target, headers: signed.headers, body: body)
    content = whole.is_a?(String) && method != "HEAD" ? whole : nil
    [status, headers, whole, client.accept_head(signed, status, headers.reject { |name, _| name.start_with?("rack.") }, content)]
  end

  def test_an_answer_is_signed_and_ours_are_ours
    status, headers, body, outcome = go("GET", "/a%2Fb?x=1&x=2")
    assert_equal [200, "GET ", nil], [status, body, outcome.error]
    assert_equal "no-store, no-transform", headers["cache-control"]
    assert_nil headers["Cache-Control"]
    assert_equal "4", headers["content-length"]
    assert outcome.content_authentic?
    assert_equal [client.kid, NAME], [seen.last.verified.kid, seen.last.verified.authority]
    _, headers, _, outcome = go("GET", "/forged")
    assert_nil outcome.error
    refute_includes headers.values, "ot2.forged"
    refute_includes headers.values, "ok2.forged"
  end

  def test_bodies_of_every_kind_are_covered
    { "/parts" => "one two", "/cookies" => "x", "/cookies3" => "x", "/teapot" => "short and stout" }.each do |path, wanted|
      _, _, body, outcome = go("GET", path)
      assert_equal wanted, body
      assert_nil outcome.error, path
      assert outcome.content_authentic?
    end
    assert_equal 1, Parts::CLOSED.size
    assert_nil go("HEAD", "/parts").last.error
    assert_equal [204, nil], go("GET", "/empty").then { |status, _, _, outcome| [status, outcome.error] }
    assert_equal 0, layer.uncovered
  ensure
    Parts::CLOSED.clear
  end

  def test_a_stream_is_taken_only_when_asked_for
    ["/events", "/big", "/bigarray", "/known", "/gzip"].each do |path|
      status, _, _, outcome = go("GET", path)
      assert_equal [200, "policy"], [status, outcome.name], path
      big = Client.new(secret: secret, audience: NAME, max_answer: 1 << 22)
      signed = big.sign("GET", NAME, path, stream: true)
      status, headers, body = ask(layer, "GET", path, headers: signed.headers)
      outcome = big.accept_head(signed, status, headers, body)
      assert_nil outcome.error, path
      refute outcome.content_authentic?
      assert_equal 1_200_000, body.bytesize if path.start_with?("/big", "/known")
    end
    signed = client.sign("GET", NAME, "/file")
    status, headers, = ask(layer, "GET", "/file", headers: signed.headers)
    assert_equal "policy", client.accept_head(signed, status, headers, "what the server sends in its place").name
    assert_equal 11, layer.uncovered
    assert_equal 1, LOG.string.scan("not covered").size
  ensure
    Parts::CLOSED.clear
  end

  def test_streams_of_rack_3_and_hijacked_ones_go_out_with_head_and_grant_covered
    signed = client.sign("GET", NAME, "/call", stream: true)
    status, headers, body = ask(layer, "GET", "/call", headers: signed.headers)
    assert_respond_to body, :call
    assert_nil client.accept_head(signed, status, headers, "streamed").error
    signed = client.sign("GET", NAME, "/partial", stream: true)
    status, headers, = ask(layer, "GET", "/partial", headers: signed.headers)
    assert_respond_to headers["rack.hijack"], :call
    assert_nil client.accept_head(signed, status, headers.reject { |name, _| name == "rack.hijack" }, "streamed").error
    # Who takes the whole connection answers by himself.
    %w[/full /async].each do |path|
      signed = client.sign("GET", NAME, path)
      _, headers, = ask(layer, "GET", path, headers: signed.headers)
      assert_empty headers
    end
  end

  def test_refusals_say_what_the_protocol_says
    status, headers, = ask(layer)
    assert_equal [401, "missing", "oscartoki", nil], [status, *headers.values_at("oscartoki-error", "www-authenticate", "oscartoki")]
    status, headers, = ask(layer, headers: { "oscartoki" => "x" })
    assert_equal [400, "malformed", nil], [status, *headers.values_at("oscartoki-error", "www-authenticate")]
    signed = client.sign("GET", NAME, "/")
    assert_equal "bad_mac", ask(layer, "GET", "/other", headers: signed.headers)[1]["oscartoki-error"]
    assert_equal "bad_mac", ask(layer, "HEAD", "/", headers: signed.headers)[1]["oscartoki-error"]
    %w[x-http-method-override X-HTTP-Method x-method-override].each do |name|
      assert_equal 400, ask(layer, headers: signed.headers.merge(name => "")).first
    end
    assert_equal 400, ask(layer, headers: signed.headers.merge("oscartoki" => "#{signed.toki}, #{signed.toki}")).first
    assert_equal 400, ask(layer, headers: signed.headers, env: { "HTTP_HOST" => "#{NAME}, other.example.com" }).first
    assert_equal 400, ask(layer, headers: signed.headers, env: { "HTTP_HOST" => nil }).first
    assert_equal 400, ask(layer, "GET", "http://#{NAME}/", headers: signed.headers).first
    assert_equal "unknown_authority", ask(layer, headers: signed.headers, env: { "HTTP_HOST" => "other.example.com" })[1]["oscartoki-error"]
    assert_equal 200, ask(layer, headers: signed.headers).first
    status, headers, = ask(layer, headers: signed.headers)
    assert_equal [409, "no-store, no-transform"], [status, headers["cache-control"]]
    assert_equal "replayed", client.accept_head(signed, 409, headers, "").name
    stale = client.sign("GET", NAME, "/", now_ms: NOW - 60_000)
    status, headers, = ask(layer, headers: stale.headers)
    assert_equal [401, "oscartoki"], [status, headers["www-authenticate"]]
    assert_equal 1, client.accept_head(stale, 401, headers, "").code
    assert_equal 1, seen.size
  end

  def digest_header(body) = "sha-256=:#{[Digest::SHA256.digest(body)].pack('m0')}:"

  def test_bodies_are_read_whole_up_to_the_limit
    small = Rack::Middleware.new(app, service: make_service(key, max_body: 10))
    [["0123456789", false, 200], ["0123456789a", false, 413], ["0123456789", true, 200], ["0123456789a", true, 413]].each do |body, digest, expected|
      signed = client.sign("PUT", NAME, "/", body, trust_clock: true)
      headers = digest ? signed.headers.merge("content-digest" => digest_header(body)) : signed.headers
      status, headers, = ask(small, "PUT", headers: headers, body: body, input: OneWay.new(body))
      assert_equal expected, status, [body, digest]
      next unless status == 413

      assert_equal digest, headers.key?("oscartoki")
      digest ? refute(headers.key?("oscartoki-error")) : assert_equal("policy", headers["oscartoki-error"])
    end
    assert_equal 401, ask(small, "PUT", body: "x" * 100).first, "missing comes before any 413"
    signed = client.sign("PUT", NAME, "/", "signed", trust_clock: true)
    status, headers, = ask(small, "PUT", headers: signed.headers.merge("content-digest" => digest_header("signed")), body: "Signed")
    assert_equal 400, status
    assert_equal 5, client.accept_head(signed, 400, headers, "").code
    assert_equal %w[0123456789 0123456789], seen.map(&:body)
  end

  def test_an_input_that_was_read_or_is_none
    signed = client.sign("PUT", NAME, "/", "body", trust_clock: true)
    input = StringIO.new("body").tap(&:read)
    assert_equal "PUT body", ask(layer, "PUT", headers: signed.headers, input: input).last
    signed = client.sign("GET", NAME, "/")
    assert_equal 200, ask(layer, headers: signed.headers, env: { "rack.input" => nil }).first
  end

  def test_the_method_is_the_one_that_was_sent
    signed = client.sign("POST", NAME, "/", "_method=DELETE", trust_clock: true)
    over = ::Rack::MethodOverride.new(layer)
    status, = ask(over, "POST", headers: signed.headers, body: "_method=DELETE", env: { "CONTENT_TYPE" => "application/x-www-form-urlencoded" })
    assert_equal [200, "DELETE"], [status, seen.last.method]
  end

  def test_a_hidden_raw_target_is_refused_with_the_fix
    signed = client.sign("GET", NAME, "/")
    [{ "REQUEST_URI" => nil }, { "REQUEST_URI" => "" }, { "REQUEST_URI" => "http://#{NAME}/", "SERVER_SOFTWARE" => "WEBrick/1.8" }].each do |hidden|
      status, headers, body = ask(layer, headers: signed.headers, env: hidden)
      assert_equal [500, "raw_target_hidden"], [status, headers["oscartoki-error"]]
      assert_includes body, "puma"
      assert_includes LOG.string, "REQUEST_URI"
    end
    assert_empty seen
  end

  def test_preflights_pass_only_to_a_cors_layer_inside
    preflight = { "origin" => "https://app.example.com", "access-control-request-method" => "POST" }
    assert_equal 401, ask(layer, "OPTIONS", headers: preflight).first
    inside = Rack::Middleware.new(app, service: service, cors_inside: true)
    assert_equal 200, ask(inside, "OPTIONS", headers: preflight).first
    assert_equal 401, ask(inside, "OPTIONS", headers: preflight.slice("origin")).first
    assert_equal 400, ask(inside, "OPTIONS", headers: preflight.merge("oscartoki" => "x")).first
  end

  def test_an_app_that_breaks_is_a_signed_500
    %w[/broken /half].each do |path|
      status, _, body, outcome = go("GET", path)
      assert_equal [500, "", nil, true], [status, body, outcome.error, outcome.content_authentic?]
      assert_includes @errors.string, "bro"
    end
    assert_equal 1, Parts::CLOSED.size
  ensure
    Parts::CLOSED.clear
  end

  def test_a_streaming_route_reads_and_finishes
    told = nil
    reader = lambda do |env|
      body = env["oscartoki"]
      first = body.read(3)
      told = [first, body.gets, (body.finish.kid unless env["PATH_INFO"] == "/lazy")]
      [200, {}, ["read"]]
    end
    layer = Rack::Middleware.new(reader, service: service, stream: ->(env) { env["PATH_INFO"] != "/whole" })
    { "/s" => "line one\nline two", "/lazy" => "line one\nline two" }.each do |path, arrived|
      signed = client.sign("PUT", NAME, path, "line one\nline two", trust_clock: true)
      headers = signed.headers.merge("content-digest" => digest_header("line one\nline two"))
      status, headers, body = ask(layer, "PUT", path, headers: headers, body: arrived)
      assert_nil client.accept_head(signed, status, headers, body).error
      assert_equal ["lin", "e one\n"], told.first(2)
      changed = client.sign("PUT", NAME, path, "line one\nline two", trust_clock: true)
      headers = changed.headers.merge("content-digest" => digest_header("line one\nline two"))
      status, headers, body = ask(layer, "PUT", path, headers: headers, body: arrived.upcase)
      assert_equal ["body_mismatch", 400, ""], [client.accept_head(changed, status, headers, body).name, status, body]
    end
  end

  def test_covered_answer_headers_of_several_values
    service = make_service(key, answer_ext: %w[set-cookie])
    layer = Rack::Middleware.new(app, service: service)
    client = Client.new(secret: secret, audience: NAME, answer_ext: %w[set-cookie])
    %w[/cookies /cookies3].each do |path|
      signed = client.sign("GET", NAME, path)
      status, headers, body = ask(layer, "GET", path, headers: signed.headers)
      wire = headers.flat_map { |name, value| Array(value).flat_map { |one| one.split("\n") }.map { |one| [name, one] } }
      dropped = wire.reject { |_, value| value == "b=2" }
      assert_equal "bad_mac", Client.new(secret: secret, audience: NAME).then { |_| client.accept_head(signed, status, dropped, body).name }
      signed = client.sign("GET", NAME, path)
      status, headers, body = ask(layer, "GET", path, headers: signed.headers)
      wire = headers.flat_map { |name, value| Array(value).flat_map { |one| one.split("\n") }.map { |one| [name, one] } }
      assert_nil client.accept_head(signed, status, wire, body).error
    end
  end

  def test_rack_lint_agrees
    linted = ::Rack::Lint.new(Rack::Middleware.new(::Rack::Lint.new(->(env) { [200, { "Content-Type" => "text/plain" }, [env["rack.input"].read]] }), service: service))
    signed = client.sign("POST", NAME, "/", "x", trust_clock: true)
    env = ::Rack::MockRequest.env_for("https://#{NAME}/", method: "POST", input: "x").merge("REQUEST_URI" => "/", "HTTP_OSCARTOKI" => signed.toki, "HTTP_HOST" => NAME)
    status, headers, body = linted.call(env)
    whole = +""
    body.each { |part| whole << part }
    body.close
    assert_nil client.accept_head(signed, status, headers, whole).error
  end
end
