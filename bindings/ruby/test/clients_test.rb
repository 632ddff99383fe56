# frozen_string_literal: true

require "zlib"

require_relative "helper"

# The clock of one thread, moved.
Process.singleton_class.prepend(Module.new do
  def clock_gettime(id, unit = :float_second)
    off = Thread.current[:clock_off_ms]
    off && id == Process::CLOCK_REALTIME && unit == :millisecond ? super + off : super
  end
end)

# Net::HTTP and Faraday over real sockets: puma, the middleware, and somebody between them.
class ClientsTest < RoomTest
  # What went over the wire, and what an adversary makes of the answers.
  class Wire
    attr_reader :sent
    attr_accessor :change

    def initialize(layer)
      @layer = layer
      @sent = []
    end

    def call(env)
      @sent << [env["REQUEST_METHOD"], env["REQUEST_URI"], env.select { |name, _| name.start_with?("HTTP_", "CONTENT_") }]
      return @layer.call(env) unless @change

      status, headers, body = @layer.call(env)
      @change.call(status, headers, body.each_with_object(+"") { |part, whole| whole << part })
    end

    def methods_sent = @sent.map(&:first)
  end

  APP = lambda do |env|
    case env["PATH_INFO"]
    when "/moved" then [302, { "location" => "/elsewhere" }, []]
    when "/teapot" then [418, { "content-type" => "text/plain" }, ["short and stout"]]
    when "/empty" then [204, {}, []]
    when "/big" then [200, { "content-type" => "text/plain" }, ["x" * 2_000_000]]
    when "/json" then [200, { "content-type" => "application/json" }, ['{"a":1}']]
    else [200, { "content-type" => "text/plain" }, ["#{env['REQUEST_METHOD']} #{env['REQUEST_URI']} #{env['rack.input'].read}"]]
    end
  end

  # One puma for a test; what it was asked stands in @wire.
  def live(app = APP, **options)
    handler = nil
    on_puma(->(env) { handler.call(env) }) do |port|
      @live = make_service(key, authorities: [NAME, "127.0.0.1:#{port}"], **options)
      handler = @wire = Wire.new(Rack::Middleware.new(app, service: @live))
      yield "http://127.0.0.1:#{port}"
    end
  end

  def faraday(url, client = self.client, **options)
    Faraday.new(url) { |f| f.request :oscartoki, client, **options }
  end

  # The same acts by each adapter: [status, body, outcome, step].
  WAYS = {
    net_http: lambda { |client, url, method, target, body, headers, options|
      answer = client.net_http(url, **options).request(Net::HTTPGenericRequest.new(method, !body.nil?, method != "HEAD", target, headers), body)
      [answer.code.to_i, answer.body.to_s, answer.oscartoki, answer.oscartoki_step]
    },
    faraday: lambda { |client, url, method, target, body, headers, options|
      conn = Faraday.new(url, request: { params_encoder: Faraday::FlatParamsEncoder }) do |f|
        f.request :oscartoki, client, **options
        f.adapter :net_http
      end
      answer = conn.run_request(method.downcase.to_sym, "#{url}#{target}", body, headers)
      [answer.status, answer.body.to_s, answer.env[:oscartoki], answer.env[:oscartoki_step]]
    }
  }.freeze

  def each_way
    WAYS.each_value do |way|
      @client = nil
      yield ->(url, method, target, body = nil, headers: {}, client: self.client, **options) { way.call(client, url, method, target, body, headers, options) }
    end
  end

  def test_a_get_goes_out_once_and_is_verified
    each_way do |go|
      live do |url|
        status, body, outcome, step = go.call(url, "GET", "/a%2Fb?x=1&x=2")
        assert_equal [200, "GET /a%2Fb?x=1&x=2 ", 0], [status, body, outcome.code]
        assert outcome.content_authentic?
        assert_equal [1, false, false, false], [step.requests, step.probed?, step.resent?, step.in_session?]
        assert go.call(url, "GET", "/").last.in_session?
        assert_equal %w[GET GET], @wire.methods_sent
        assert_equal 2, @live.counters[:accepted]
      end
    end
  end

  def test_raw_targets_stay_as_they_are
    odd = ["/", "/?", "/a%20b", "/%7Ea//b/../c", "/a;p=1?b=%26&c=+", "/a?x=http://y/?z", "/a?&&", "/*"]
    live { |url| odd.each { |target| assert_equal "GET #{target} ", client.net_http(url).get(target).body } }
    # Faraday writes its own spelling, which is what is signed.
    live { |url| odd.each { |target| assert_equal 200, faraday(url).get("#{url}#{target}").status } }
    live { |url| assert_equal "OPTIONS * ", client.net_http(url).request(Net::HTTP::Options.new("*")).body }
  end

  def test_a_post_is_probed_and_carries_its_digest
    each_way do |go|
      live do |url|
        _, body, _, step = go.call(url, "POST", "/t", '{"amount":10}', headers: { "content-type" => "application/json", "if-match" => "x", "x-own" => "y" })
        assert_equal 'POST /t {"amount":10}', body
        assert_equal [2, true, true], [step.requests, step.probed?, step.in_session?]
        assert_equal %w[HEAD POST], @wire.methods_sent
        probe, sent = @wire.sent.map(&:last)
        assert_empty %w[HTTP_CONTENT_DIGEST CONTENT_LENGTH HTTP_IF_MATCH HTTP_TRANSFER_ENCODING] & probe.keys
        assert_equal ["y", "x"], [probe["HTTP_X_OWN"], sent["HTTP_IF_MATCH"]]
        assert sent["HTTP_CONTENT_DIGEST"].start_with?("sha-256=:")
        %w[PUT PATCH DELETE].each { |method| assert_equal "#{method} /t two", go.call(url, method, "/t", "two")[1] }
        assert_equal "POST /t ", go.call(url, "POST", "/t")[1]
        assert_equal 1, @wire.methods_sent.count("HEAD")
      end
    end
  end

  def test_any_status_is_an_answer
    each_way do |go|
      live do |url|
        { "/teapot" => 418, "/empty" => 204, "/moved" => 302 }.each { |path, status| assert_equal status, go.call(url, "GET", path).first }
        assert_equal [418, ""], go.call(url, "HEAD", "/teapot").first(2)
        assert_equal 200, go.call(url, "OPTIONS", "/").first
      end
    end
  end

  def test_a_wrong_clock_costs_one_resend
    each_way do |go|
      live do |url|
        Thread.current[:clock_off_ms] = -54_000_000
        _, _, outcome, step = go.call(url, "GET", "/")
        Thread.current[:clock_off_ms] = nil
        assert step.resent?
        assert_in_delta 54_000_000, outcome.offset_ms, 2000
        assert_equal %w[GET GET], @wire.methods_sent
      end
    end
  ensure
    Thread.current[:clock_off_ms] = nil
  end

  CHANGES = {
    "another status" => [->(_, headers, body) { [201, headers, [body]] }, "bad_mac"],
    "another body" => [->(status, headers, _) { [status, headers.merge("content-length" => "7"), ["changed"]] }, "bad_mac"],
    "no toki" => [->(status, headers, body) { [status, headers.except("oscartoki"), [body]] }, "missing"],
    "two tokis" => [->(status, headers, body) { [status, headers.merge("oscartoki" => "#{headers['oscartoki']}\n#{headers['oscartoki']}"), [body]] }, "malformed"],
    "no grant" => [->(status, headers, body) { [status, headers.except("oscartokikey"), [body]] }, "malformed"],
    "too much" => [->(status, headers, _) { [status, headers.merge("content-length" => "2000000"), ["x" * 2_000_000]] }, "policy"],
    "packed too much" => [->(status, headers, _) { gz = Zlib.gzip("x" * 2_000_000); [status, headers.merge("content-encoding" => "gzip", "content-length" => gz.bytesize.to_s), [gz]] }, "policy"]
  }.freeze

  def test_a_tampered_answer_is_refused
    each_way do |go|
      live do |url|
        CHANGES.each do |what, (change, name)|
          @wire.change = change
          error = assert_raises(OscarError, what) { go.call(url, "GET", "/", client: Client.new(secret: secret, audience: NAME)) }
          assert_equal [name, true, false], [error.name, error.may_have_run, error.signed], what
        end
      end
    end
  end

  def test_an_answer_that_a_proxy_packs_is_unpacked_first
    each_way do |go|
      live do |url|
        @wire.change = lambda { |status, headers, body|
          gz = Zlib.gzip(body)
          [status, headers.merge("content-encoding" => "gzip", "content-length" => gz.bytesize.to_s), [gz]]
        }
        assert_equal "GET / ", go.call(url, "GET", "/")[1]
        # Who asks for it himself gets it as it came; it was verified all the same.
        assert_equal "GET / ", Zlib.gunzip(go.call(url, "GET", "/", headers: { "Accept-Encoding" => "gzip" })[1])
      end
    end
  end

  def test_a_forged_refusal_causes_no_resend
    each_way do |go|
      live do |url|
        @wire.change = ->(*) { [401, { "oscartoki-error" => "stale", "content-length" => "0" }, []] }
        error = refused("missing") { go.call(url, "GET", "/") }
        assert_equal [401, true], [error.status, error.may_have_run]
        assert_equal %w[GET], @wire.methods_sent
        # The probe failed: it is certain that nothing ran.
        assert_equal false, refused("missing") { go.call(url, "POST", "/", "x") }.may_have_run
        assert_equal %w[GET HEAD], @wire.methods_sent
      end
    end
  end

  def test_a_repeatable_post_is_resent_with_its_key
    each_way do |go|
      live(ext: %w[idempotency-key]) do |url|
        client = Client.new(secret: secret, audience: NAME, ext: %w[idempotency-key])
        assert_equal 200, go.call(url, "POST", "/", "x", client: client, headers: { "Idempotency-Key" => "7" }, repeatable: true).first
        refused("unsignable") { go.call(url, "POST", "/", "x", client: client, repeatable: true) }
      end
    end
  end

  def test_covered_content_type_is_what_goes_out
    each_way do |go|
      live(ext: %w[content-type]) do |url|
        client = Client.new(secret: secret, audience: NAME, ext: %w[content-type])
        assert_equal 200, go.call(url, "POST", "/", "a=1", client: client).first
        assert_equal 200, go.call(url, "POST", "/", "{}", client: client, headers: { "Content-Type" => "application/json" }).first
        assert_equal 200, go.call(url, "GET", "/", client: client).first
      end
    end
  end

  def test_the_network_fails_in_its_own_words
    closed = TCPServer.new("127.0.0.1", 0).then { |server| server.addr[1].tap { server.close } }
    assert_raises(Errno::ECONNREFUSED) { client.net_http("http://127.0.0.1:#{closed}").get("/") }
    assert_raises(Faraday::ConnectionFailed) { Faraday.new("http://127.0.0.1:#{closed}") { |f| f.request :oscartoki, client }.get("/") }
  end

  # A connection that dies in the middle: Net::HTTP would send a GET again by itself, with the same toki.
  def test_nothing_but_the_call_resends
    server = TCPServer.new("127.0.0.1", 0)
    accepted = 0
    thread = Thread.new do
      loop do
        socket = server.accept
        accepted += 1
        socket.readpartial(4096)
        socket.close
      end
    rescue IOError
      nil
    end
    assert_raises(EOFError) { client.net_http("http://127.0.0.1:#{server.addr[1]}").get("/") }
    assert_equal 1, accepted
  ensure
    server.close
    thread.join
  end

  def test_net_http_says_the_rest
    live do |url|
      http = client.net_http(url)
      http.start do |open|
        assert_equal "GET /1 ", open.get("/1").body
        assert_equal "PUT /2 two", open.put("/2", "two", "content-type" => "text/plain").body
        assert_equal "DELETE /3 ", open.delete("/3").body
        request = Net::HTTP::Post.new("/4", "transfer-encoding" => "chunked")
        request.body_stream = StringIO.new("streamed")
        assert_equal "POST /4 streamed", open.request(request).body
        assert_equal "GET /5 ", open.start { |same| same.get("/5").body }
      end
      assert_empty(@wire.sent.map(&:last).select { |headers| headers.key?("HTTP_TRANSFER_ENCODING") })
      form = Net::HTTP::Post.new("/").tap { |post| post.set_form([%w[a b]], "multipart/form-data") }
      assert_match(/set_form/, assert_raises(ArgumentError) { http.request(form) }.message)
      assert_equal "#<Oscartoki::NetHTTP #{url.delete_prefix('http://')}>", http.inspect
      own = Net::HTTP.new("127.0.0.1", URI(url).port)
      assert_equal "GET / ", client.net_http(own).request(Net::HTTP::Get.new(URI("#{url}/"))).body
      assert_equal "policy", refused("policy") { http.get("/big") }.name
      big = Client.new(secret: secret, audience: NAME, max_answer: 1 << 22)
      answer = big.net_http(url, stream: true).get("/big")
      assert_equal [2_000_000, false], [answer.body.bytesize, answer.oscartoki.content_authentic?]
    end
  end

  def test_faraday_stands_last
    live do |url|
      conn = Faraday.new(url) do |f|
        f.request :url_encoded
        f.response :raise_error
        f.request :oscartoki, client
        f.adapter :net_http
      end
      assert_equal "POST /f a=1&b=2", conn.post("/f", { a: 1, b: 2 }).body
      assert_raises(Faraday::ClientError) { conn.get("/teapot") }
      answer = conn.get("/o") { |request| request.options.context = { oscartoki: { verify_first: true } } }
      assert answer.env[:oscartoki_step].probed?
      wrong = Faraday.new(url) do |f|
        f.request :oscartoki, client
        f.response :raise_error
        f.adapter :net_http
      end
      assert_match(/stands last/, assert_raises(ArgumentError) { wrong.get("/") }.message)
      bare = Faraday.new(url) { |f| f.request :oscartoki, client }
      assert_match(/a body is a String/, assert_raises(ArgumentError) { bare.post("/", { a: 1 }) }.message)
      assert_raises(ArgumentError) { bare.get("/") { |request| request.options.on_data = proc {} } }
      assert_equal "POST / io", bare.post("/", StringIO.new("io")).body
      assert_equal "GET /q?a=1&b=%2F ", bare.get("/q", { b: "/", a: 1 }).body
    end
  end

  def test_threads_share_a_client_over_http
    live do |url|
      client = self.client
      bodies = Array.new(32) { |n| Thread.new { client.net_http(url).start { |http| Array.new(5) { |m| http.post("/#{n}", "#{m}").body } } } }.map(&:value)
      assert_equal((0...32).map { |n| (0...5).map { |m| "POST /#{n} #{m}" } }, bodies)
      assert_equal 160, @live.counters[:accepted]
    end
  end

  def test_unsigned_answers_only_where_configured
    each_way do |go|
      on_puma(->(_) { [200, {}, ["unsigned"]] }) do |port|
        url = "http://127.0.0.1:#{port}"
        refused("missing") { go.call(url, "GET", "/") }
        asks_only = Client.new(secret: secret, audience: NAME, answers: :none)
        _, body, outcome, = go.call(url, "GET", "/", client: asks_only)
        assert_equal ["unsigned", false, false], [body, outcome.signed?, outcome.content_authentic?]
        refused("policy") { go.call(url, "POST", "/", "x", client: asks_only) }
      end
    end
  end
end
