# frozen_string_literal: true

require "pp"
require "tempfile"

require_relative "helper"

class KeysTest < RoomTest
  def test_text_forms
    assert_equal secret.to_text, Secret.new(secret.to_text).to_text
    assert secret.to_text.start_with?("os2.")
    assert_equal key.kid, AudienceKey.parse(key.to_text).kid
    assert_equal key.kid, secret.kid
    refute_equal key.kid, secret.kid(1)
    session = client.hand_out(60)
    assert_equal [session.sid, session.kid, session.exp_s], Session.parse(session.to_text).then { |same| [same.sid, same.kid, same.exp_s] }
    { Secret => key.to_text, AudienceKey => secret.to_text, Session => secret.to_text }.each { |kind, text| refused("wrong_kind") { kind.new(text) } }
    [[Secret, "#{secret.to_text}\n"], [Secret, "os2."], [Secret, "os2.\0"], [AudienceKey, ""], [Session, "oz2.AAAA"]]
      .each { |kind, text| refused("malformed") { kind.new(text) } }
    refused("weak_secret") { Secret.from_bytes("\0" * 32) }
    refused("weak_secret") { Secret.from_bytes("short") }
  end

  def test_a_ring_refuses_what_does_not_fit
    ring = Keyring.new(NAME)
    ring.add(key).add(key.to_text)
    assert_equal [key.kid], ring.kids
    assert ring.holds?(key.kid)
    refute ring.holds?("12345678")
    refute ring.v1?
    ring.add_v1(kid: key.kid, key: "a key of v1", until_ms: 4_000_000_000_000)
    assert ring.v1?
    refused("kid_taken") { ring.add(Secret.generate.audience_key(NAME).with_kid(key.kid)) }
    refused("wrong_kind") { ring.add(secret.to_text) }
    refused("malformed") { Keyring.new("a b") }
    assert_includes ring.fault_in_keys("# ours\n#{secret.to_text}"), "line 2"
    assert_nil ring.fault_in_keys(key.to_text)
    assert_raises(ArgumentError) { ring.revoke_key("short") }
    assert_raises(ArgumentError) { ring.add_v1(kid: key.kid, key: "x", until_ms: 1, dialect: "cobol") }
    assert_equal "revoked #{key.kid.unpack1('H*')}", ring.revoke_key(key.kid).strip
    assert_includes ring.revocations_text, key.kid.unpack1("H*")
  end

  def test_wrong_use_is_told_in_words
    assert_match(/one of secret:/, assert_raises(ArgumentError) { Client.new }.message)
    assert_raises(ArgumentError) { Client.new(secret: secret, session: "oz2.") }
    assert_raises(ArgumentError) { Client.new(secret: secret, audience: NAME, roll: :often) }
    assert_raises(ArgumentError) { Client.new(secret: secret, audience: NAME, answers: :some) }
    refused("malformed") { make_service(key, authorities: ["no authority/"]) }
    refused("malformed") { make_service(key, authorities: ["a\0b"]) }
    refused("policy") { make_service(key, window_ms: 31_000) }
    refused("kid_taken") { make_service(key).keyring.add(Secret.generate.audience_key(NAME).with_kid(key.kid)) }
    error = assert_raises(OscarError::DoorError) { MappedReplayLog.new("/nowhere/at/all") }
    assert_equal "store", error.name
    assert_includes error.message, "nowhere"
    OscarError::BY_NAME.each do |name, kind|
      error = kind.new("a sentence", may_have_run: true, signed: true, status: 403)
      assert_equal [name, "#{name}: a sentence", true, true, 403], [error.name, error.message, error.may_have_run, error.signed, error.status]
      assert_kind_of OscarError, error
      assert_equal name, kind.new.message
    end
    assert_equal 21, OscarError::BY_NAME.size
  end

  def test_no_key_is_printed
    canary = (100..131).to_a.pack("C*")
    secret = Secret.from_bytes(canary)
    key = secret.audience_key(NAME)
    session = Client.new(secret: secret, audience: NAME).hand_out(60)
    texts = [secret, key, session].map { |held| held.to_text[4..] } + [[canary].pack("m0"), canary.unpack1("H*"), canary.inspect[1..-2]]
    client = Client.new(secret: secret, audience: NAME)
    service = make_service(key)
    said = [secret, key, session, client, service, service.keyring, client.sign("GET", NAME, "/"), service.verify("GET", NAME, "/", nil), V1::Key.new("canary of v1")]
           .flat_map { |thing| [thing.inspect, thing.to_s, thing.pretty_inspect, "#{thing}", inside(thing)] }
    [-> { AudienceKey.new(secret.to_text) }, -> { Secret.new("#{secret.to_text}A") }, -> { Session.new(key.to_text) }, -> { Marshal.dump(secret) },
     -> { Marshal.dump(client) }, -> { client.dup }, -> { secret.clone }, -> { client.sign("get", NAME, "/") }, -> { service.keyring.load(secret.to_text) },
     -> { Client.new(secret: "os2.#{secret.to_text}") }, -> { JSON.generate(Marshal.load(Marshal.dump(key))) }].each do |wrong|
      error = assert_raises(StandardError) { wrong.call }
      said.push(error.message, error.inspect, error.full_message)
    end
    said << JSON.generate([secret, key, session])
    whole = said.join("\n") + LOG.string
    assert_empty(texts.select { |text| whole.include?(text) })
    refute_includes whole, "canary of v1"
  end

  # All that reflection finds, as JSON writers do.
  def inside(thing, depth = 0)
    return thing.inspect if depth > 3

    thing.instance_variables.map { |name| inside(thing.instance_variable_get(name), depth + 1) }.join("\n")
  end

  def test_a_key_is_wiped_when_its_owner_is_gone
    memory = Secret.generate.instance_variable_get(:@memory)
    5.times { Array.new(1000) { Object.new } && GC.start }
    assert_equal "\0".b * 47, memory.read_bytes(47) if memory.read_bytes(47) != "\0".b * 47 && within(5) { GC.start || memory.read_bytes(4) == "\0\0\0\0".b }
  end

  def test_key_and_revocation_files_are_followed
    Dir.mktmpdir do |dir|
      other = Secret.generate.audience_key(NAME)
      keys, revocations = "#{dir}/keys", "#{dir}/revoked"
      File.write(keys, "# ours\n#{key.to_text}\n")
      make = -> { Service.new(authorities: [NAME], keys_file: keys, revocations_file: revocations, memory: MemoryReplayLog.new(100), first_start: true) }
      service, sibling = make.call, make.call
      look = -> { [service, sibling].each { |one| one.verify("GET", NAME, "/", nil) } }
      assert_equal [key.kid], service.keyring.kids
      File.write(keys, "#{key.to_text}\n#{other.to_text}\n")
      within(2.5) { look.call && service.keyring.kids.size == 2 && sibling.keyring.kids.size == 2 }
      File.write(keys, "nonsense\n")
      within(3) { look.call && LOG.string.include?("keys") }
      assert_equal 2, service.keyring.kids.size
      File.write(keys, "#{key.to_text}\n#{other.to_text}\n")
      File.write(revocations, "revoked #{other.kid.unpack1('H*')}\n")
      within(2.5) { look.call && sibling.keyring.revocations_text.include?(other.kid.unpack1("H*")) }
      service.revoke_key(key.kid)
      assert_equal [other, key].map { |one| "revoked #{one.kid.unpack1('H*')}" }, File.readlines(revocations, chomp: true)
      within(2.5) { look.call && sibling.keyring.revocations_text.include?(key.kid.unpack1("H*")) }
      signed = client.sign("GET", NAME, "/")
      refusal = sibling.verify("GET", NAME, "/", signed.toki)
      assert_equal ["revoked", 4, 403], [refusal.name, refusal.code, refusal.status]
      code = in_child do # a worker follows the files too
        File.write(keys, "#{key.to_text}\n")
        within(3) { service.verify("GET", NAME, "/", nil) && service.keyring.kids == [key.kid] }
        0
      end
      assert_equal 0, code
      error = assert_raises(OscarError::DoorError) { Service.new(authorities: [NAME], keys_file: "#{dir}/absent", memory: MemoryReplayLog.new(10)) }
      assert_equal "store", error.name
      assert_includes error.message, "absent"
    end
  end

  def test_a_mapped_memory_is_shared_and_survives
    Dir.mktmpdir do |dir|
      path = "#{dir}/memory"
      one = make_service(key, memory: MappedReplayLog.new(path, 1000))
      signed = client.sign("GET", NAME, "/")
      assert one.verify("GET", NAME, "/", signed.toki).accepted?
      two = make_service(key, memory: path, first_start: false)
      assert_equal "replayed", two.verify("GET", NAME, "/", signed.toki).name
      assert_equal 0o600, File.stat(path).mode & 0o777
      assert_equal path, two.memory.path
    end
  end

  def test_without_memory_a_file_of_this_user_is_used
    Dir.mktmpdir do |dir|
      before, ENV["XDG_RUNTIME_DIR"] = ENV["XDG_RUNTIME_DIR"], dir
      service = Service.new(keys: key, authorities: NAME)
      assert service.memory.path.start_with?(dir)
      assert_operator service.ready_at_ms, :>, NOW
      signed = client.sign("GET", NAME, "/")
      refusal = service.verify("GET", NAME, "/", signed.toki)
      assert_equal ["stale", 1, 401], [refusal.name, refusal.code, refusal.status]
    ensure
      ENV["XDG_RUNTIME_DIR"] = before
    end
  end

  def test_a_memory_that_is_none_refuses
    service = make_service(key, memory: NoReplayLog.new)
    signed = client.sign("POST", NAME, "/", "x", trust_clock: true)
    refusal = service.verify("POST", NAME, "/", signed.toki, nil, "x")
    assert_equal ["busy", 7, 503], [refusal.name, refusal.code, refusal.status]
  end

  def test_a_key_file_holds_one_text
    Tempfile.create("key") do |file|
      file.write("# mine\n\n  #{secret.to_text}\n")
      file.flush
      assert_equal secret.to_text, Oscartoki.secret_from(file.path)
      file.write("another\n")
      file.flush
      assert_raises(ArgumentError) { Oscartoki.secret_from(file.path) }
    end
    assert_raises(Errno::ENOENT) { Oscartoki.secret_from("/nowhere") }
  end
end
