# frozen_string_literal: true

require "open3"
require "rbconfig"

require_relative "helper"

# Threads, forks, garbage, and the library under it.
class LivesTest < RoomTest
  def test_threads_share_client_and_service
    client, service = self.client, self.service
    tokis = Queue.new
    threads = Array.new(32) do
      Thread.new do
        50.times do |n|
          signed, verdict, outcome = exchange(client, service, target: "/#{n}", now_ms: nil_now)
          outcome.raise_for_refusal
          raise "another's verdict" unless verdict.kid == client.kid && verdict.authority == NAME

          tokis << signed.toki
        end
      end
    end
    threads.each(&:join)
    assert_equal 1600, Array.new(tokis.size) { tokis.pop }.uniq.size
  end

  def nil_now = Process.clock_gettime(Process::CLOCK_REALTIME, :millisecond)

  def test_one_toki_raced_by_threads_wins_once
    client, service = self.client, self.service
    signed = client.sign("GET", NAME, "/")
    gate = Queue.new
    threads = Array.new(32) { Thread.new { gate.pop && service.verify("GET", NAME, "/", signed.toki).accepted? } }
    32.times { gate << true }
    assert_equal 1, threads.map(&:value).count(true)
  end

  def test_fibers_keep_their_own
    client, service = self.client, self.service
    fibers = Array.new(20) do |n|
      Fiber.new do
        signed = client.sign("GET", NAME, "/#{n}")
        Fiber.yield
        verdict = service.verify("GET", NAME, "/#{n}", signed.toki)
        Fiber.yield
        toki, grant = service.answer(verdict, 200, "body #{n}")
        Fiber.yield
        client.accept(signed, 200, "body #{n}", toki: toki, grant: grant)
      end
    end
    3.times { fibers.each(&:resume) }
    assert(fibers.map(&:resume).all? { |outcome| outcome.error.nil? })
  end

  def test_garbage_collection_at_every_allocation
    client, service = self.client, self.service
    GC.stress = true
    10.times { |n| exchange(client, service, target: "/#{n}", now_ms: nil_now).last.raise_for_refusal }
    assert_equal "missing", service.verify("GET", NAME, "/", nil).name
    refused("unsignable") { client.sign("get", NAME, "/") }
  ensure
    GC.stress = false
  end

  def test_compaction_moves_nothing_that_is_in_use
    skipped = !GC.respond_to?(:compact)
    assert_equal RUBY_PLATFORM.include?("linux"), !skipped
    client, service = self.client, self.service
    before, GC.auto_compact = GC.auto_compact, true
    signed = Array.new(200) { |n| client.sign("GET", NAME, "/#{n}") }
    GC.compact
    verdicts = signed.each_with_index.map { |one, n| service.verify("GET", NAME, "/#{n}", one.toki) }
    GC.compact
    assert(verdicts.all? { |verdict| verdict.accepted? && verdict.kid == client.kid })
    outcomes = signed.zip(verdicts).map do |one, verdict|
      toki, grant = service.answer(verdict, 200, "x")
      client.accept(one, 200, "x", toki: toki, grant: grant)
    end
    assert(outcomes.all? { |outcome| outcome.error.nil? })
  ensure
    GC.auto_compact = before
  end

  # The table of contexts grows by what is alive: resident memory stays where it is.
  def test_contexts_that_are_not_used_are_freed
    client, service = self.client, self.service
    waste = lambda do |times|
      times.times do
        signed = client.sign("GET", NAME, "/")
        service.verify("GET", NAME, "/", signed.toki, signed.grant)
        client.call("GET", NAME, "/")
        client.mint_message("d", "t")
      end
      3.times { GC.start }
      File.read("/proc/self/statm").split[1].to_i * 4
    end
    waste.call(5000)
    before = waste.call(2000)
    after = waste.call(30_000)
    assert_operator after - before, :<, 12_000, "kilobytes more"
  end

  def test_what_is_closed_says_so
    memory, ring = MemoryReplayLog.new(100), Keyring.new(NAME)
    ring.add(key)
    service = Service.new(keyring: ring, authorities: [NAME], memory: memory, first_start: true)
    memory.close
    ring.close
    signed = client.sign("GET", NAME, "/")
    assert service.verify("GET", NAME, "/", signed.toki).accepted?, "what was made with it keeps what it needs"
    [service, client].each { |one| 2.times { assert_nil one.close } }
    assert_equal "bad_handle", assert_raises(OscarError::DoorError) { client.sign("GET", NAME, "/") }.name
    refusal = service.verify("GET", NAME, "/", signed.toki)
    assert_equal ["bad_handle", 500, false], [refusal.name, refusal.status, refusal.accepted?]
    assert_equal "bad_handle", assert_raises(OscarError::DoorError) { ring.kids }.name
    assert_raises(OscarError::DoorError) { service.counters }
  end

  def test_no_nonce_repeats_across_a_fork
    client = self.client
    client.sign("GET", NAME, "/")
    children = Array.new(4) do
      reader, writer = IO.pipe(binmode: true)
      pid = fork do
        reader.close
        10_000.times { writer << client.sign("GET", NAME, "/").toki[4..].tr("-_", "+/").unpack1("m").byteslice(16, 8) }
        writer.close
        exit!(0)
      end
      writer.close
      [pid, reader]
    end
    nonces = children.flat_map do |pid, reader|
      told = reader.read
      assert_equal 0, Process.wait2(pid).last.exitstatus
      told.unpack("a8" * (told.bytesize / 8))
    end
    assert_equal 40_000, nonces.uniq.size
  end

  def test_a_local_memory_refuses_after_a_fork
    signed = client.sign("GET", NAME, "/")
    service = self.service
    code = in_child do
      refusal = service.verify("GET", NAME, "/", signed.toki)
      refusal.name == "busy" && refusal.code == 7 ? 0 : 1
    end
    assert_equal 0, code
    assert service.verify("GET", NAME, "/", signed.toki).accepted?
  end

  def test_eight_workers_and_one_toki_have_one_winner
    Dir.mktmpdir do |dir|
      path = "#{dir}/memory"
      service = make_service(key, memory: MappedReplayLog.new(path, 10_000))
      10.times do
        signed = client.sign("GET", NAME, "/")
        go = Process.clock_gettime(Process::CLOCK_MONOTONIC) + 0.05
        pids = Array.new(8) do |worker|
          fork do
            # Half opened the memory before the fork, half do after it.
            mine = worker.odd? ? service : make_service(key, memory: path)
            nil while Process.clock_gettime(Process::CLOCK_MONOTONIC) < go
            exit!(mine.verify("GET", NAME, "/", signed.toki, signed.grant).accepted? ? 0 : 9)
          end
        end
        assert_equal [0] + ([9] * 7), pids.map { |pid| Process.wait2(pid).last.exitstatus }.sort
      end
    end
  end

  # Ractors wait for ffi 1.16; until then Ruby says so itself, and nothing crashes.
  def test_a_ractor_works_or_is_refused
    before, $VERBOSE = $VERBOSE, nil
    told = begin
      Ractor.new { Oscartoki.normalise_authority("A.example") }.take
    rescue Ractor::RemoteError => e
      e.cause.class
    end
    assert_includes ["a.example", Ractor::UnsafeError, Ractor::IsolationError], told
  ensure
    $VERBOSE = before
  end

  # ---- the library under it ----

  def gem_folder = File.dirname($LOADED_FEATURES.grep(%r{/oscartoki/door\.rb\z}).first)

  def test_the_extension_is_there_unless_it_is_not_wanted
    assert_equal ENV["OSCARTOKI_NO_EXTENSION"].nil?, EXTENSION
    told = Open3.capture2({ "OSCARTOKI_NO_EXTENSION" => "1" }, RbConfig.ruby, "-r", "oscartoki", "-e", "p Oscartoki::EXTENSION").first
    assert_equal "false\n", told
    Dir.mktmpdir do |dir|
      FileUtils.cp_r(File.dirname(gem_folder), dir)
      FileUtils.rm(Dir["#{dir}/lib/oscartoki/*/fast.*"])
      code = "p Oscartoki::EXTENSION, Oscartoki::Client.new(secret: Oscartoki::Secret.generate, audience: 'a').sign('GET', 'a', '/').toki.size"
      assert_equal "false\n58\n", Open3.capture2(RbConfig.ruby, "-I", "#{dir}/lib", "-r", "oscartoki", "-e", code).first
    end
  end

  def test_what_was_made_is_not_copied_nor_taken_elsewhere
    signed = client.sign("GET", NAME, "/")
    verdict = service.verify("GET", NAME, "/", signed.toki)
    [signed, verdict, service.verify("GET", NAME, "/", nil)].each do |made|
      assert_raises(TypeError) { made.dup }
      assert_raises(TypeError) { made.clone }
      assert_raises(TypeError) { Marshal.dump(made) }
    end
    assert_nil client.accept_head(signed, 200, service.answer(verdict, 200, "x").then { |toki, grant| { "oscartoki" => toki, "oscartokikey" => grant } }, "x").error
  end

  def test_the_installed_gem_is_tested
    refute_includes gem_folder, File.expand_path("..", __dir__)
    assert_path_exists "#{gem_folder}/liboscartoki.so"
  end

  # The header may have more.
  def test_functions_are_called_as_the_header_declares_them
    header = File.read("#{ROOT}/include/oscartoki.h")
    numbers = header.scan(/^(?:oscar_status|int32_t|uint32_t) (oscar_\w+)\(([^)]*)\);/m).to_h { |name, given| [name.delete_prefix("oscar_").to_sym, letters(given)] }
    texts = header.scan(/^const char \*oscar_(\w+)\(/).flatten.map(&:to_sym)
    door = Oscartoki.send(:const_get, :Door)
    assert_operator numbers.size, :>, 100
    door::SIGNATURES.each { |name, letters| assert_equal numbers[name], letters, name }
    assert_empty door::TEXTS.keys - texts
    assert_includes header, "#define OSCAR_ABI_VERSION #{door::ABI_VERSION}\n"
  end

  # A parameter list of C as the letters of the door.
  def letters(given)
    list = given == "void" ? [] : given.gsub(/\s+/, " ").split(", ")
    told = +""
    until list.empty?
      one = list.shift
      told << if one.match?(/\Aconst (uint8_t|char) \*/) && list.first&.match?(/\Asize_t (\w+_)?len\z/) then list.shift && "s"
              elsif one.match?(/\A(uint8_t|char) \*/) && list.first&.match?(/\Asize_t (\w+_)?capacity\z/) then list.shift && "o"
              elsif one.match?(/\Aconst char \*\w+\z/) then "z"
              elsif one.include?("*") then "p"
              else { "oscar_handle" => "h", "int64_t" => "t", "uint32_t" => "u", "int32_t" => "i", "uint16_t" => "w", "uint8_t" => "b", "size_t" => "n" }.fetch(one.split.first)
              end
    end
    told
  end

  def test_structs_are_laid_out_as_c_lays_them_out
    door = Oscartoki.send(:const_get, :Door)
    structs = { Signed: "signed", Outcome: "outcome", Step: "step", Verdict: "verdict", Answered: "answered", Message: "verified_message",
                Url: "verified_url", Ticket: "verified_ticket", GrantClaims: "grant_claims", Counters: "counters", ClientSettings: "client_settings",
                ServiceSettings: "service_settings" }
    lines = structs.flat_map do |name, c|
      ["printf(\"#{name} %zu\\n\", sizeof(oscar_#{c}));"] +
        door.const_get(name).members.map { |field| "printf(\"#{name}.#{field} %zu\\n\", offsetof(oscar_#{c}, #{field}));" }
    end
    Dir.mktmpdir do |dir|
      File.write("#{dir}/layout.c", "#include <stdio.h>\n#include \"oscartoki.h\"\nint main(void) { #{lines.join("\n")} return 0; }\n")
      assert system(ENV["CC"] || "cc", "-I#{ROOT}/include", "-o", "#{dir}/layout", "#{dir}/layout.c")
      told = `#{dir}/layout`.lines.to_h { |line| line.split.then { |name, number| [name, number.to_i] } }
      mine = structs.keys.flat_map do |name|
        struct = door.const_get(name)
        [[name.to_s, struct.size]] + struct.members.map { |field| ["#{name}.#{field}", struct.offset_of(field)] }
      end
      assert_equal told, mine.to_h
    end
  end

  def test_a_library_of_another_version_is_refused_in_words
    Dir.mktmpdir do |dir|
      FileUtils.cp_r(File.dirname(gem_folder), dir)
      run = -> { Open3.capture2e(RbConfig.ruby, "-I", "#{dir}/lib", "-e", "require 'oscartoki'; puts Oscartoki.version") }
      assert_equal "0.1.0\n", run.call.first
      [["version.rb", 'VERSION = "0.1.0"', 'VERSION = "9.9.9"', "oscartoki 9.9.9 needs its own library, but found liboscartoki 0.1.0"],
       ["door.rb", "ABI_VERSION = 1", "ABI_VERSION = 99", "was built for ABI 99"]].each do |file, ours, other, words|
        path = "#{dir}/lib/oscartoki/#{file}"
        text = File.read(path)
        assert_includes text, ours
        File.write(path, text.sub(ours, other))
        told, status = run.call
        assert_includes told, words
        assert_includes told, "reinstall the gem"
        refute status.success?
        File.write(path, text)
      end
    end
  end
end
