# frozen_string_literal: true

require "open3"
require "rbconfig"

require_relative "helper"

# What the README shows, runs, from the built gem in an empty GEM_HOME.
class ReadmeTest < RoomTest
  README = File.read(File.expand_path("../README.md", __dir__))

  def in_an_empty_home(code, **env)
    Dir.mktmpdir do |dir|
      built = Dir["#{ROOT}/.oscar/dist/ruby/oscartoki-*.gem"]
      assert_equal 1, built.size
      home = { "GEM_HOME" => "#{dir}/gems", "GEM_PATH" => nil, "RUBYLIB" => nil, "RUBYOPT" => nil, **env.transform_keys(&:to_s) }
      told, status = Open3.capture2e(home, "gem", "install", "--local", "--no-document", built.first)
      assert status.success?, told
      Open3.capture2e(home, RbConfig.ruby, "-e", code, chdir: dir)
    end
  end

  def test_the_quickstart_runs
    snippets = README.scan(/^```ruby quickstart\n(.*?)^```/m).flatten
    assert_equal 1, snippets.size
    told, status = in_an_empty_home(snippets.first)
    assert status.success?, told
    assert_match(/\A[0-9a-f]{16} sent {"amount":10}\n200\n409\n\z/, told)
  end

  def test_the_three_lines_run_as_they_stand
    lines = README[/^```ruby\n(client = .*?)^```/m, 1]
    Dir.mktmpdir do |runtime|
      code = <<~RUBY
        require "oscartoki"
        require "oscartoki/faraday"
        require "rack"
        def use(layer, **options) = $layer = layer.new(->(env) { [200, {}, [env["rack.input"].read]] }, **options)
        #{lines}
        $layer.service.wait_until_ready
        # The adapter that hands a request to a Rack app in this process, as it would stand on the wire.
        class Faraday::Adapter::InProcess < Faraday::Adapter
          def call(env)
            super
            given = env.request_headers.to_h { |name, value| ["HTTP_" + name.upcase.tr("-", "_"), value] }
            given.update("REQUEST_METHOD" => env.method.to_s.upcase, "REQUEST_URI" => env.url.request_uri, "rack.input" => StringIO.new(env.body.to_s))
            status, headers, body = $layer.call(given)
            save_response(env, status, body.join, headers)
            @app.call(env)
          end
        end
        conn.adapter Faraday::Adapter::InProcess
        puts conn.post("/v1/transfer", '{"amount":10}').body
      RUBY
      told, status = in_an_empty_home(code, OSCAR_SECRET: secret.to_text, OSCAR_KEY: key.to_text, XDG_RUNTIME_DIR: runtime)
      assert status.success?, told
      assert_equal "{\"amount\":10}\n", told
    end
  end

  def test_vector_files_fail_when_they_should
    Dir.mktmpdir do |dir|
      one = ->(op, given, expect) { %({"schema": 1, "cases": [{"name": "n", "op": "#{op}", "in": #{given}, "expect": #{expect}}]}) }
      run = lambda do |text|
        File.write("#{dir}/f.json", text)
        Open3.capture3(RbConfig.ruby, File.expand_path("../vectors.rb", __dir__), "f.json", chdir: dir).then { |out, _, status| [status.exitstatus, out] }
      end
      assert_equal [0, "1 passed, 0 failed\n"], run.call(one.call("v1.mint", '{"key": "k", "now_ms": 1795300000000}', '{"ok": {}}'))
      [one.call("v1.mint", '{"key": "", "now_ms": 1795300000000}', '{"ok": {}}'),
       one.call("v1.mint", '{"key": "k", "now_ms": 1795300000000}', '{"error": "stale"}'),
       one.call("v1.mint", '{"key": "k", "now_ms": 1795300000000}', '{"ok": {"toki": "x"}}'),
       one.call("v1.mint", '{"key": "k", "now_ms": 1795300000000, "else": 1}', '{"ok": {}}'),
       one.call("v1.mint", '{"key": "", "now_ms": 1795300000000}', '{"error": "no_such_name"}'),
       one.call("no.such.op", "{}", '{"ok": {}}')].each do |text|
        code, out = run.call(text)
        assert_equal 1, code
        assert out.start_with?("FAIL f.json: n: got "), out
        assert out.end_with?("0 passed, 1 failed\n"), out
      end
      ["no json", "{}", "[]", '{"cases": 1}'].each { |text| assert_equal 2, run.call(text).first, text }
    end
  end
end
