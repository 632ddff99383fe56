# frozen_string_literal: true

require_relative "helper"

# A memory that machines share, in a real redis-server.
class RedisTest < RoomTest
  def on_redis
    Dir.mktmpdir do |folder|
      pid = spawn("redis-server", "--port", "0", "--unixsocket", "#{folder}/s", "--save", "", "--dir", folder, "--maxmemory-policy", "noeviction", out: File::NULL)
      within(10) { File.exist?("#{folder}/s") }
      yield "redis+unix://#{folder}/s"
    ensure
      if pid
        Process.kill(:TERM, pid)
        Process.wait(pid)
      end
    end
  end

  def test_one_toki_has_one_winner
    on_redis do |url|
      services = [make_service(key, memory: url), make_service(key, memory: url), make_service(key, memory: RedisReplayLog.new(url, NAME))]
      assert_instance_of RedisReplayLog, services[0].memory
      assert_equal NAME, services[0].memory.name
      30.times do
        toki = client.sign("GET", NAME, "/x", trust_clock: true).toki
        said = services.shuffle.map { |service| service.verify("GET", NAME, "/x", toki) }
        assert_equal [true, false, false], said.map(&:accepted?)
        assert_equal %w[replayed replayed], said.drop(1).map(&:name)
      end
      # Another name is another memory.
      toki = client.sign("GET", NAME, "/x", trust_clock: true).toki
      assert make_service(key, memory: RedisReplayLog.new(url, "another", 1000)).verify("GET", NAME, "/x", toki).accepted?
      assert services[0].verify("GET", NAME, "/x", toki).accepted?
    end
  end

  def test_forked_workers_share_it
    on_redis do |url|
      shared = make_service(key, memory: url)
      client.sign("GET", NAME, "/x", trust_clock: true).then { |signed| assert shared.verify("GET", NAME, "/x", signed.toki).accepted? }
      tokis = Array.new(20) { client.sign("GET", NAME, "/x", trust_clock: true).toki }
      won = Array.new(4) { in_background { tokis.count { |toki| shared.verify("GET", NAME, "/x", toki).accepted? } } }
      assert_equal 20, won.sum { |pid| Process.wait2(pid).last.exitstatus }
    end
  end

  def in_background
    fork { exit!(yield) }
  end

  def test_what_is_no_redis
    ["redis://user:hush@127.0.0.1:1", "http://x", "rediss://h"].each do |url|
      error = assert_raises(OscarError::DoorError) { RedisReplayLog.new(url, NAME) }
      assert_equal "store", error.name
      refute_includes error.message, "hush"
    end
  end
end
