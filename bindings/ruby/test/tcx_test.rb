# frozen_string_literal: true

require_relative "helper"
require_relative "oscar"

# TCX: passes, headers and verdicts, and a client's session against `oscar serve --tcx-store`.
class TcxTest < RoomTest
  PUBLIC = "unE5EQgPKH7RaPpWQX7chcGcxlG7fUHB"
  AT = 1_795_328_800_000
  NOWHERE = "http://127.0.0.1:1"

  # The authority, and an app of each mode: made once.
  def self.authority
    @authority ||= begin
      store = File.join(Dir.mktmpdir.tap { |folder| Minitest.after_run { FileUtils.rm_r(folder) } }, "tcx.db")
      @apps = %w[none time param].to_h do |mode|
        app = Oscar.tool("tcx", "app", "add", "an app of #{mode}", "--mode", mode, "--store", store)
        [mode, app.merge(Oscar.tool("tcx", "master-key", app["app_id"], "--store", store).slice("master_key"))]
      end
      Oscar.new("--tcx-store", store)
    end
  end

  def self.apps = authority && @apps

  def url = self.class.authority.url

  def tcx(name, type, app_public: nil, **options)
    app = self.class.apps.fetch(name)
    Tcx::Client.new(app["app_id"], app["app_secret"], app_public || app["app_public"], token_type: type, mode: name,
                    master_key: type == "FTC" ? app["master_key"] : nil, **options)
  end

  def call(target, headers)
    answer = Net::HTTP.get_response(URI(url + target), headers)
    assert_equal "200", answer.code
    JSON.parse(answer.body)
  end

  # ---- without an authority ----

  def test_passes
    %w[documented server4].product(%w[none time param]) do |dialect, mode|
      pass = Tcx::Pass.new(PUBLIC, mode: mode, params: { "b" => "1", a: "ä", "7" => "8" }, datetime: Tcx.datetime(now_ms: AT))
      found = pass.verify(pass.mint("token-1", dialect: dialect), now_ms: AT + 300_000)
      assert_equal ["token-1", mode == "time"], [found.client_token, !found.ts_ms.nil?]
      assert_equal dialect, found.dialect unless mode == "none"
    end
    time = Tcx::Pass.new(PUBLIC, mode: :time, datetime: Tcx.datetime(now_ms: AT))
    param = Tcx::Pass.new(PUBLIC, mode: :param, params: { "a" => "b&c" })
    assert_equal "t", param.verify(param.mint("t"), strict: false).client_token
    refused("stale") { time.verify(time.mint("t"), now_ms: AT + 301_000) }
    refused("policy") { param.verify(param.mint("t")) }
    refused("bad_mac") { Tcx::Pass.new("another").verify(Tcx::Pass.new(PUBLIC).mint("t")) }
    refused("bad_mac") { Tcx::Pass.new(PUBLIC, mode: "param").verify(param.mint("t")) }
    refused("malformed") { param.verify("nonsense") }
    refused("malformed") { Tcx::Pass.new(PUBLIC, mode: "time").verify(time.mint("t")) }
    ["Capital", "a:b", ""].each { |token| refused("unsignable") { param.mint(token) } }
    refused("unsignable") { Tcx::Pass.new(PUBLIC, mode: "time").mint("t") }
    refused("unsignable") { Tcx::Pass.new(PUBLIC, mode: "param", params: { "a" => "b" * 70_000 }) }
    assert_raises(ArgumentError) { Tcx::Pass.new(PUBLIC, mode: "odd") }
    assert_raises(ArgumentError) { param.mint("t", dialect: "odd") }
    refute_includes param.inspect, PUBLIC
  end

  def test_headers_and_verdicts
    assert_equal({ "X-TCX-TYPE" => "TWTC", "X-TCX-APP-ID" => "a", "X-TCX-APP-PASS" => "p", "X-TCX-TOKEN" => ["t"].pack("m0") }, Tcx.headers("TWTC", "a", "p", "t"))
    assert_equal %w[X-TCX-TYPE X-TCX-APP-ID X-TCX-APP-PASS], Tcx.headers("owtc", "a", "p", "dropped").keys
    [["TWTC", "a", "p"], ["FTC", "a", "p", ""], ["OWTC", "a\n", "p"], ["odd", "a", "p", "t"]].each { |given| refused("unsignable") { Tcx.headers(*given) } }
    assert_equal '{"status":0,"status_number":"505003","status_code":"TCXPFX","status_message":"TCX Pass did not match"}', JSON.generate(Tcx.verdict("TCXPFX"))
    assert_equal "50FF003", Tcx.verdict("TCXPFX", table: "server4").status_number
    assert_equal 1, Tcx.verdict("TCXSSS", route: :authorize).status
    [["TCXPFX", { route: "authorize" }], ["TCXSSS", {}], ["nonsense", {}]].each { |code, more| refused("malformed") { Tcx.verdict(code, **more) } }
    assert_raises(ArgumentError) { Tcx.verdict("TCXPFX", route: "odd") }
  end

  def test_a_client_says_what_it_is
    made = Tcx::Client.new("id", "a secret", "a public", token_type: "twtc", mode: "time", dialect: "server4", master_key: "a master", debug: true)
    assert_equal ["id", "a secret", "a public", "TWTC", "a master", true],
                 [made.app_id, made.app_secret, made.app_public, made.token_type, made.master_key, made.debug?]
    assert_equal "20261122062640", made.datetime(now_ms: AT)
    refute_includes made.inspect, "secret"
    [-> { Marshal.dump(made) }, -> { made.dup }].each { |wrong| assert_raises(TypeError, &wrong) }
    refused("weak_secret") { Tcx::Client.new("id", "", "p") }
    refused("weak_secret") { Tcx::Client.new("id", "s", "") }
    refused("unsignable") { Tcx::Client.new("i d", "s", "p") }
    refused("unsignable") { Tcx::Client.new("id", "s", "p", token_type: "odd") }
  end

  def test_one_asks
    asks = Tcx::Client.new("id", "s", "p", token_type: "TWTC")
    step = asks.access(now_ms: AT)
    assert_equal [:send, "/tcx/authorize", :wait], [step.kind, step.path, asks.access(now_ms: AT).kind]
    asks.failed(step.number)
    step = asks.access(now_ms: AT)
    assert_equal :send, step.kind
    refused("malformed") { asks.received(step.number, "nonsense", now_ms: AT) }
    step = asks.access(now_ms: AT)
    assert_equal "TCXAFX", asks.received(step.number, JSON.generate(Tcx.verdict("TCXAFX", route: "authorize")), now_ms: AT).status_code
    assert_equal :send, asks.access(now_ms: AT).kind
    # One whose end nobody tells is taken over.
    assert_equal :send, asks.access(now_ms: AT + 31_000).kind
  end

  # ---- at the authority ----

  def test_a_session_of_every_type_in_every_mode
    self.class.apps.keys.product(%w[documented server4], %w[OWTC TWTC FTC]) do |mode, dialect, type|
      asks = tcx(mode, type, dialect: dialect)
      datetime = asks.datetime
      target = "/tcx/echo/a%2Fb?note=caf%C3%A9&amount=10.50&tcx_datetime=#{datetime}"
      params = { "amount" => "10.50", "note" => "café", "tcx_datetime" => datetime }
      headers = asks.headers(params, datetime: datetime, access: type == "TWTC" ? asks.fetch_access(url) : nil)
      assert_equal({ "app_id" => asks.app_id, "method" => "GET", "target" => target, "type" => type }, call(target, headers))
      again = call(target, headers)
      assert_equal ["TCXPFX", "505003", 0], again.values_at("status_code", "status_number", "status")
    end
    assert_equal "TCXREQ", call("/tcx/echo", {})["status_code"]
  end

  def test_the_access_token_is_kept_and_renewed
    asks = tcx("none", "TWTC")
    tokens = Array.new(16) { Thread.new { asks.fetch_access("#{url}/") } }.map(&:value)
    access = tokens.first
    assert_equal [access], tokens.uniq
    assert_equal access, asks.fetch_access(NOWHERE)
    # A minute before its end the refresh token is spent; the token lives on.
    later = Process.clock_gettime(Process::CLOCK_REALTIME, :millisecond) + 7_200_000
    step = asks.access(now_ms: later)
    assert_equal [:send, "/tcx/reauthorize", :wait], [step.kind, step.path, asks.access(now_ms: later).kind]
    answer = Net::HTTP.post(URI(url + step.path), step.body, "content-type" => "application/json")
    assert_nil asks.received(step.number, answer.body)
    assert_equal access, asks.access.token
    assert_equal "TWTC", call("/tcx/echo", asks.headers(access: access))["type"]
  end

  def test_refusals
    strangers = [Tcx::Client.new("nobody", "s", "p", token_type: "TWTC"), tcx("none", "TWTC", app_public: "another")]
    strangers.each do |stranger|
      error = assert_raises(Tcx::Refused) { stranger.fetch_access(url) }
      assert_equal %w[TCXAFX 505001], [error.verdict.status_code, error.verdict.status_number]
      assert_equal "TCXAFX (505001): Authentication Failed", error.message
    end
    asks = tcx("none", "TWTC")
    2.times { assert_raises(SystemCallError) { asks.fetch_access(NOWHERE) } }
    # A failed one holds nobody up.
    assert_equal 40, asks.fetch_access(url).size
    assert_equal "TCXMKF", call("/tcx/echo", tcx("none", "FTC").then { |app| Tcx.headers("FTC", app.app_id, app.pass, "x" * 40) })["status_code"]
    assert_equal "TCXTFX", call("/tcx/echo", asks.headers(access: "x" * 40))["status_code"]
    refused("unsignable") { asks.headers }
  end
end
