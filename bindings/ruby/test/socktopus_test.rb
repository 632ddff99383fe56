# frozen_string_literal: true

require_relative "helper"
require_relative "oscar"

# Tokens, frames and pings, and an app and its connections at the hub of `oscar serve`.
class SocktopusTest < RoomTest
  SHOP = "a secret of the app"
  SHOPS = Oscartoki::Secret.generate
  AT = 1_795_994_139_573
  NOWHERE = "http://127.0.0.1:1"

  def self.server
    @server ||= begin
      folder = Dir.mktmpdir.tap { |made| Minitest.after_run { FileUtils.rm_r(made) } }
      File.write("#{folder}/keys", "#{SHOPS.audience_key(NAME).to_text}\n", perm: 0o600)
      Oscar.new("--audience", NAME, "--key", "#{folder}/keys", "SHOP_SOCKTOPUS_SECRET": SHOP)
    end
  end

  def url = self.class.server.url
  def hub = Socktopus::Hub.new(url, app: "shop", secret: SHOP)
  def signed_hub = Socktopus::Hub.new(url, client: Client.new(secret: SHOPS, audience: NAME))
  def to(recipient, content) = { recipient: recipient, content: content }

  # ---- without a hub ----

  def test_tokens
    token = Socktopus::Token.mint(SHOP, "shop", "room:42/ä", ts_ms: AT)
    secrets = { "other" => "another", "shop" => SHOP }
    found = Socktopus::Token.verify(secrets, token, now_ms: AT + 5_000)
    assert_equal ["shop", "room:42/ä", AT], [found.app, found.connection, found.ts_ms]
    refused("stale") { Socktopus::Token.verify(secrets, token, now_ms: AT + 5_001) }
    refused("stale") { Socktopus::Token.verify(secrets, token, now_ms: AT - 1_001) }
    refused("malformed") { Socktopus::Token.verify(secrets, "#{token} ", now_ms: AT) }
    refused("bad_mac") { Socktopus::Token.verify({ shop: "another" }, token, now_ms: AT) }
    [{ "other" => "another" }, { "shop" => "" }, {}].each { |none| refused("unknown_key") { Socktopus::Token.verify(none, token, now_ms: AT) } }
    refused("weak_secret") { Socktopus::Token.mint("", "shop", "a") }
    [["shop", ""], ["", "a"], ["shop", "a" * 256]].each { |app, id| refused("unsignable") { Socktopus::Token.mint("s", app, id) } }
    minted = Array.new(4) { Thread.new { Array.new(750) { |i| Socktopus::Token.mint(SHOP, "shop", "b#{i % 300}") } } }.flat_map(&:value)
    assert_equal 3000, minted.uniq.size
  end

  def test_frames_and_pings
    [["DATA:", :data, ""], ["DATA:a:b", :data, "a:b"], ["DATA:\0ä", :data, "\0ä"], ["PONG", :pong, nil], ["CLOSE", :close, nil], ["pong", :other, nil],
     ["", :other, nil], ["DATA", :other, nil], ["PING", :other, nil]].each do |text, kind, content|
      frame = Socktopus::Frame.parse(text)
      assert_equal [kind, content], [frame.kind, frame.content]
    end
    pings = Socktopus::Pings.new(now_ms: 1_000)
    assert_equal :send, pings.next(now_ms: 1_000).kind
    assert_equal [:later, 9_000], pings.next(now_ms: 1_000).then { |ping| [ping.kind, ping.at_ms] }
    pings.pong
    assert_equal %i[later send send dead], [8_999, 9_000, 17_000, 29_000].map { |now_ms| pings.next(now_ms: now_ms).kind }
  end

  def test_bodies
    made = Socktopus::Hub.new("https://hub.example.com/", app: "shop", secret: 's"ä')
    assert_equal '{"secretName":"shop","secret":"s\"ä","messages":[{"recipient":"a","content":"/"}]}', made.send_body([to("a", "/")])
    assert_equal '{"secretName":"shop","secret":"s\"ä","connections":["a","1"]}', made.kick_body(["a".b, "1"])
    assert_match(%r{\Awss://hub\.example\.com/recieve\?token=[0-9a-f]+h73686f70h61h[0-9a-f]{64}\z}, made.address("a"))
    assert made.events_address("a").start_with?("https://hub.example.com/events?token=")
    sent = Socktopus::Sent.parse('{"succeeded":[],"failed":[{"recipient":"a","content":"b"}]}')
    assert_equal [[], [to("a", "b")]], [sent.succeeded, sent.failed]
    ["", "{}", '{"succeeded":[],"failed":[1]}', '{"succeeded":[]}'].each { |body| refused("malformed") { Socktopus::Sent.parse(body) } }
    ["\xff", "\xff".b].each { |text| refused("unsignable") { made.send_body([to("a", text)]) } }
    refute_includes made.inspect, 's"'
    assert_raises(TypeError) { Marshal.dump(made) }
    [["https://h", {}], ["https://h", { app: "shop" }], ["wss://h", { app: "shop", secret: "s" }], ["https://h?x", { app: "shop", secret: "s" }],
     ["https://h", { app: "shop", secret: "s", client: client }]].each do |given, options|
      assert_match(/\Aa hub is/, assert_raises(ArgumentError) { Socktopus::Hub.new(given, **options) }.message)
    end
  end

  # ---- at the hub ----

  def test_join_receive_kicked
    [hub, signed_hub].each do |place|
      listener = place.listen("alice")
      assert_nil listener.next(0.05)
      texts = ["hällo", "", "two\nlines", "a" * 100_000]
      sent = place.send([*texts.map { |text| to("alice", text) }, to("nobody", "x")])
      assert_equal [texts, [to("nobody", "x")]], [sent.succeeded.map { |message| message[:content] }, sent.failed]
      assert_equal texts, Array.new(4) { listener.next(10) }
      place.send([to("alice", "last")])
      early = place.address("alice")
      assert_nil place.kick(%w[alice nobody])
      assert_equal ["last"], listener.to_a
      assert_equal [1000, true, nil], [listener.code, listener.ended?, listener.next]
      assert_equal 401, assert_raises(Socktopus::Refused) { Socktopus::Listener.new(early) }.status
      assert_equal [to("alice", "x")], place.send([to("alice", "x")]).failed
      listener.close
    end
  end

  # The first ping goes at once, the second after 8 s.
  def test_it_pings_while_nobody_looks
    hub.listen("carol") do |listener|
      sleep 9
      hub.send([to("carol", "still here")])
      assert_equal "still here", listener.next(5)
      assert_nil listener.code
    end
  end

  # More than a listener keeps, a little at a time: the hub gives up whom 256 messages wait for.
  def test_more_than_waits_here
    hub.listen("dave") do |listener|
      15.times do |part|
        assert_empty hub.send(Array.new(40) { |i| to("dave", (part * 40 + i).to_s) }).failed
        sleep 0.05
      end
      assert_equal Array.new(600, &:to_s), Array.new(600) { listener.next(10) }
      assert_nil listener.code
    end
  end

  def test_leaving
    left = hub.listen("eve") { |listener| listener }
    assert_equal [nil, true, nil], [left.code, left.ended?, left.next(0)]
    assert_nil left.close
    within(5) { !hub.send([to("eve", "x")]).failed.empty? }
    # Another connection takes the place of the first.
    first = hub.listen("eve")
    hub.listen("eve") { within(5) { first.ended? } }
    assert_equal 1000, first.code
    first.close
  end

  def test_an_origin_is_bound
    bound = signed_hub.address("frank", origin: url)
    assert_equal 401, assert_raises(Socktopus::Refused) { Socktopus::Listener.new(bound) }.status
    signed_hub.listen("frank", origin: url) do |listener|
      # The connections of a key are an app of their own.
      assert_equal 1, hub.send([to("frank", "x")]).failed.size
      signed_hub.send([to("frank", "signed")])
      assert_equal "signed", listener.next(5)
    end
  end

  def test_without_its_library_it_says_which
    listener = Socktopus::Listener.allocate
    def listener.require(_) = raise(LoadError)
    assert_includes assert_raises(LoadError) { listener.__send__(:require_driver) }.message, "ruby-websocket-driver"
  end

  # A certificate that nobody vouches for.
  def test_tls_is_verified
    key = OpenSSL::PKey::EC.generate("prime256v1")
    made = OpenSSL::X509::Certificate.new
    made.subject = made.issuer = OpenSSL::X509::Name.parse("/CN=localhost")
    made.public_key = key
    made.not_before = Time.now - 60
    made.not_after = Time.now + 60
    made.sign(key, "SHA256")
    context = OpenSSL::SSL::SSLContext.new.tap { |given| given.add_certificate(made, key) }
    plain = TCPServer.new("127.0.0.1", 0)
    taker = Thread.new { OpenSSL::SSL::SSLServer.new(plain, context).accept }
    taker.report_on_exception = false
    secure = Socktopus::Hub.new("https://localhost:#{plain.addr[1]}", app: "shop", secret: "s")
    assert_includes assert_raises(OpenSSL::SSL::SSLError) { secure.listen("a") }.message, "certificate verify failed"
    assert_raises(OpenSSL::SSL::SSLError) { taker.value }
  ensure
    plain&.close
  end

  def test_refusals
    stranger = Socktopus::Hub.new(url, app: "shop", secret: "another")
    [-> { stranger.send([]) }, -> { stranger.kick(["a"]) }, -> { stranger.listen("a") },
     -> { Socktopus::Hub.new(url, app: "nobody", secret: SHOP).send([to("a", "b")]) }].each do |call|
      error = assert_raises(Socktopus::Refused, &call)
      assert_equal 401, error.status
      assert error.message.start_with?("401: ")
    end
    unknown = Socktopus::Hub.new(url, client: Client.new(secret: Secret.generate, audience: NAME))
    assert_equal 401, assert_raises(OscarError) { unknown.send([]) }.status
    gone = Socktopus::Hub.new(NOWHERE, app: "shop", secret: "s")
    [-> { gone.send([]) }, -> { gone.listen("a") }].each { |call| assert_raises(SystemCallError, &call) }
    # What listens there is no hub, or goes without a word.
    server = TCPServer.new("127.0.0.1", 0)
    deaf = Socktopus::Hub.new("http://127.0.0.1:#{server.addr[1]}", app: "shop", secret: "s")
    taker = Thread.new { server.accept.close }
    assert_raises(EOFError, SystemCallError) { deaf.listen("a") }
    taker.join
    taker = Thread.new { server.accept.tap { |io| io.readpartial(4096) && io.write("nonsense\r\n\r\n") && io.close } }
    assert_raises(IOError) { deaf.listen("a") }
    taker.join
  ensure
    server&.close
  end
end
