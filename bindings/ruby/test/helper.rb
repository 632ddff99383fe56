# frozen_string_literal: true

# The installed gem is tested, never the source beside this folder: test.sh sets GEM_HOME.
require "digest"
require "json"
require "minitest/autorun"
require "net/http"
require "puma"
require "puma/server"
require "socket"
require "timeout"
require "tmpdir"

require "oscartoki"
require "oscartoki/faraday"
require "oscartoki/hazmat"

NAME = "api.example.com"
ROOT = File.expand_path("../../..", __dir__)
Oscartoki.logger = Logger.new(LOG = StringIO.new)

# What every test has: a secret, its key, a client and a service.
class RoomTest < Minitest::Test
  include Oscartoki

  NOW = Process.clock_gettime(Process::CLOCK_REALTIME, :millisecond)

  def setup
    LOG.truncate(0)
    LOG.rewind
  end

  def secret = @secret ||= Secret.generate
  def key = @key ||= secret.audience_key(NAME)
  def client = @client ||= Client.new(secret: secret, audience: NAME)
  def service = @service ||= make_service(key)

  def make_service(key, **options)
    options = { authorities: [NAME], memory: MemoryReplayLog.new(100_000), first_start: true, now_ms: NOW, **options }
    Service.new(keys: [key.to_text], **options)
  end

  # Signs, verifies, answers, accepts.
  def exchange(client, service, method: "GET", target: "/", body: nil, answer: "answer", now_ms: NOW)
    signed = client.sign(method, NAME, target, body, trust_clock: true, now_ms: now_ms)
    verdict = service.verify(method, NAME, target, signed.toki, signed.grant, body, now_ms: now_ms)
    verdict.raise_for_refusal
    toki, grant = service.answer(verdict, 200, answer, now_ms: now_ms)
    outcome = client.accept(signed, 200, answer, toki: toki, grant: grant, received_ms: now_ms)
    [signed, verdict, outcome]
  end

  def refused(name, &)
    error = assert_raises(OscarError, &)
    assert_equal name, error.name
    assert_instance_of OscarError::BY_NAME.fetch(name), error
    error
  end

  def within(seconds)
    deadline = Process.clock_gettime(Process::CLOCK_MONOTONIC) + seconds
    until yield
      flunk "not within #{seconds} seconds" if Process.clock_gettime(Process::CLOCK_MONOTONIC) > deadline
      sleep 0.02
    end
  end

  # The app behind the middleware on a real puma; yields its port.
  def on_puma(app, **options)
    server = Puma::Server.new(app, *puma_log, { max_threads: 16, min_threads: 1, **options })
    port = server.add_tcp_listener("127.0.0.1", 0).addr[1]
    server.run
    yield port
  ensure
    server&.stop(true)
  end

  def puma_log
    silent = File.open(File::NULL, "w")
    defined?(Puma::LogWriter) ? [Puma::Events.new] : [Puma::Events.new(silent, silent)]
  end

  # Runs a block in a child; its exit code.
  def in_child
    pid = fork do
      code = yield
      exit!(code)
    rescue Exception => e # rubocop:disable Lint/RescueException
      warn e.full_message
      exit!(99)
    end
    Process.wait2(pid).last.exitstatus
  end
end
