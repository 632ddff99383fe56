# frozen_string_literal: true

require "open3"
require "rbconfig"

require_relative "helper"

# Forking puma: workers share the mapped memory and follow the files.
class PumaTest < RoomTest
  def started(*command)
    input, output, thread = Open3.popen2(*command.map(&:to_s))
    input.close
    line = Timeout.timeout(30) { output.gets }
    yield line.to_s.strip
    Process.kill("TERM", thread.pid)
    assert_equal 0, Timeout.timeout(20) { thread.value }.exitstatus, "SIGTERM is a good end"
  ensure
    Process.kill("KILL", thread.pid) if thread&.alive?
    output&.close
  end

  # One request, written by hand.
  def send_raw(address, target, headers, gate)
    socket = TCPSocket.new(*address.split(":"))
    socket.write("GET #{target} HTTP/1.1\r\nHost: #{address}\r\n#{headers.map { |name, value| "#{name}: #{value}\r\n" }.join}Connection: close\r\n")
    gate.pop
    socket.write("\r\n")
    told = socket.read
    [told[/\AHTTP\S+ (\d+)/, 1].to_i, told[/^x-worker: (\d+)/i, 1]]
  ensure
    socket&.close
  end

  def test_one_captured_toki_and_64_senders_have_one_winner
    %w[before after].each do |opened|
      Dir.mktmpdir do |dir|
        started(RbConfig.ruby, "#{__dir__}/cluster.rb", key.to_text, "#{dir}/memory", opened) do |address|
          workers = []
          4.times do |round|
            signed = client.sign("GET", address, "/#{round}")
            gate = Queue.new
            senders = Array.new(64) { Thread.new { send_raw(address, "/#{round}", signed.headers, gate) } }
            64.times { gate << true }
            told = senders.map(&:value)
            assert_equal({ 200 => 1, 409 => 63 }, told.map(&:first).tally, opened)
            workers |= told.map(&:last)
          end
          assert_operator workers.size, :>, 1, "several workers took part"
        end
      end
    end
  end

  def test_the_example_service_under_four_workers
    Dir.mktmpdir do |dir|
      other = Secret.generate
      File.write("#{dir}/keys", "#{key.to_text}\n")
      started("#{ROOT}/examples/ruby/service", "--listen", "127.0.0.1:0", "--audience", NAME, "--key", "#{dir}/keys", "--revocations", "#{dir}/revoked",
              "--memory", "#{dir}/memory", "--first-start", "--workers", "4") do |line|
        url = line[/\Alistening on (\S+)\z/, 1]
        answers = Array.new(8) { Thread.new { client.net_http(url).post("/echo/a%2Fb?x=1", "body") } }.map(&:value)
        answers.each do |answer|
          told = JSON.parse(answer.body)
          assert_equal [client.kid.unpack1("H*"), "POST", "/echo/a%2Fb?x=1", Digest::SHA256.hexdigest("body")], told.values_at("client", "method", "target", "body_sha256")
        end
        assert_equal 404, client.net_http(url).get("/else").code.to_i
        assert_equal "missing", Net::HTTP.get_response(URI("#{url}/echo"))["oscartoki-error"]
        # A key that is added, and one that is revoked, in every worker.
        newcomer = Client.new(secret: other, audience: NAME)
        assert_raises(OscarError::Missing) { newcomer.net_http(url).get("/echo") }
        File.write("#{dir}/keys", "#{key.to_text}\n#{other.audience_key(NAME).to_text}\n")
        sleep 2
        # The first request of a worker sees the file, a later one what stands still in it.
        within(3) { Array.new(16) { Thread.new { ask(newcomer, url) } }.map(&:value).all?(200) }
        File.write("#{dir}/revoked", "revoked #{key.kid.unpack1('H*')}\n")
        within(4) { Array.new(16) { Thread.new { ask(client, url) } }.map(&:value).all?("revoked") }
      end
    end
  end

  def ask(client, url)
    client.net_http(url).get("/echo").code.to_i
  rescue OscarError => e
    e.name
  end

  def test_the_examples_say_what_the_others_say
    Dir.mktmpdir do |dir|
      File.write("#{dir}/keys", "#{key.to_text}\n")
      File.write("#{dir}/secret", "# mine\n#{secret.to_text}\n")
      run = ->(*given) { Open3.capture3("#{ROOT}/examples/ruby/client", "--secret", "#{dir}/secret", "--audience", NAME, *given).then { |out, err, status| [out, err, status.exitstatus] } }
      started("#{ROOT}/examples/ruby/service", "--listen", "127.0.0.1:0", "--audience", NAME, "--key", "#{dir}/keys", "--memory", "#{dir}/memory", "--first-start") do |line|
        url = line[/\Alistening on (\S+)\z/, 1]
        out, err, code = run.call("-d", "x", "--count", "2", "#{url}/echo")
        assert_equal [0, ""], [code, err]
        assert_equal ["verified: status 200, code 0, requests 2, probed, in session", "verified: status 200, code 0, requests 1, in session"], out.lines(chomp: true).grep(/verified/)
        out, _, code = run.call("--clock-off-ms", "54000000", "#{url}/echo")
        assert_equal [0, "verified: status 200, code 0, requests 2, resent, in session"], [code, out.lines(chomp: true).last]
        File.write("#{dir}/secret", "#{Secret.generate.to_text}\n")
        out, err, code = run.call("-d", "x", "#{url}/echo")
        assert_equal ["", 1], [out, code]
        assert_match(/\Aerror: missing: .* \(may have run: no\)\n\z/, err)
      end
      assert_equal 4, run.call("http://127.0.0.1:1/").last
      assert_equal 2, run.call.last
      File.write("#{dir}/secret", "os2.nonsense")
      out, err, code = run.call("http://127.0.0.1:1/")
      assert_equal ["", 3], [out, code]
      assert_match(/\Aerror: malformed/, err)
    end
  end
end
