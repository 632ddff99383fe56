# frozen_string_literal: true

require "open3"

# `oscar serve`, and other programs that listen; each ends with its tests.
class Oscar
  TOOL = ENV["OSCAR"] || File.join(ENV["CARGO_TARGET_DIR"] || "#{ROOT}/target", "release/oscar")

  attr_reader :url

  # What a command of the tool answers as JSON.
  def self.tool(*arguments)
    told, status = Open3.capture2e(TOOL, "--json", *arguments)
    raise told unless status.success?

    JSON.parse(told)
  end

  def initialize(*arguments, **env)
    @log = Tempfile.new("oscar")
    @pid = spawn(env.transform_keys(&:to_s), TOOL, "serve", "--listen", "127.0.0.1:0", "--first-start", *arguments, %i[out err] => @log.path)
    Timeout.timeout(30) do
      until (@url = File.read(@log.path)[%r{listening on (http://\S+)}, 1])
        raise "it does not listen: #{File.read(@log.path)}" if Process.wait(@pid, Process::WNOHANG)

        sleep 0.01
      end
    end
    Minitest.after_run { stop }
  end

  def stop
    return unless @pid

    Process.kill(:TERM, @pid)
    Process.wait(@pid)
    @pid = nil
    @log.close!
  end
end
