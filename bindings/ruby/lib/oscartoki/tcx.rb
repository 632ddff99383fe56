# frozen_string_literal: true

require "json"

require_relative "clock"
require_relative "errors"
require_relative "held"
require_relative "pack"
require_relative "post"

module Oscartoki
  # TCX: a client that takes the place of the original, and what an authority judges by.
  #
  #   client = Oscartoki::Tcx::Client.new(id, secret, public_key, token_type: "TWTC")
  #   headers = client.headers(params, access: client.fetch_access("https://api.example.com"))
  #
  # Params are all of a call's query and of its form or JSON body, text by name; they count in mode `param`.
  module Tcx
    PASS = 141
    DATETIME = 15
    MODES = { "none" => 0, "time" => 1, "param" => 2 }.freeze
    DIALECTS = { "documented" => 0, "server4" => 1 }.freeze
    TYPES = { "OWTC" => 0, "TWTC" => 1, "FTC" => 2 }.freeze
    ROUTES = { "call" => 0, "authorize" => 1, "reauthorize" => 2 }.freeze
    private_constant :PASS, :DATETIME, :MODES, :DIALECTS, :TYPES, :ROUTES

    class << self
      # The headers of a call by name. `type`: OWTC, TWTC or FTC; `token`: the access token of TWTC, the master key of FTC. Error: unsignable.
      def headers(type, app_id, app_pass, token = nil)
        _headers { |out| Door.tcx_headers(_type(type), *Door.slice(app_id), *Door.slice(app_pass), *Door.slice(token), out) }
      end

      # The verdict of a code (`TCXPFX` and the like). `table`: whose numbers, documented or server4; `route`: call, authorize or reauthorize.
      # Error: malformed (a code that the route does not give).
      def verdict(code, table: "documented", route: "call")
        number = ROUTES.fetch(route.to_s) { raise ArgumentError, "a route is call, authorize or reauthorize" }
        Verdict._of(Door.bytes(Verdict._size) { |out| Door.tcx_verdict_of(*Door.slice(code), _dialect(table), number, out) })
      end

      # Now as `tcx_datetime` has it: 14 digits in UTC.
      def datetime(now_ms: nil) = Door.text(DATETIME) { |out, room| Door.tcx_datetime(now_ms || Clock.wall, out, room) }

      # @api private
      def _mode(name) = MODES.fetch(name.to_s) { raise ArgumentError, "a mode is none, time or param" }

      # @api private
      def _dialect(name) = DIALECTS.fetch(name.to_s) { raise ArgumentError, "a dialect or table is documented or server4" }

      # @api private
      def _dialect_of(number) = DIALECTS.key(number)

      # @api private
      def _type(name)
        TYPES.fetch(name.to_s.upcase) { raise OscarError::Unsignable.new("a type is OWTC, TWTC or FTC", may_have_run: false) }
      end

      # @api private
      def _params(params)
        Pack.fields(*params.flat_map do |name, text|
          raise OscarError::Unsignable.new("the parameter #{name} is no text", may_have_run: false) unless text.is_a?(String)

          [name.to_s, text]
        end)
      rescue Pack::Misfit
        raise OscarError::Unsignable.new("a parameter is too long", may_have_run: false)
      end

      # @api private
      def _headers(&) = Door.growing(&).each_line(chomp: true).to_h { |line| line.split(": ", 2) }
    end

    # What an `app_pass` covers: the app's public key and, by mode, nothing more (`none`), `tcx_datetime` (`time`) or all parameters (`param`).
    class Pass
      RAW = 80
      private_constant :RAW

      # `params` count in mode `param`; `datetime`, 14 digits in UTC (`Tcx.datetime`), in mode `time`.
      def initialize(app_public, mode: "none", params: {}, datetime: nil)
        packed = mode.to_s == "param" ? Tcx._params(params) : nil
        @covered = [Tcx._mode(mode), *Door.slice(packed), *Door.slice(datetime), *Door.slice(app_public)].freeze
      end

      # Mints the `app_pass`. `client_token`: 1 to 64 visible ASCII characters without colon and capitals, good once. Error: unsignable.
      def mint(client_token, dialect: "documented")
        Door.text(PASS) { |out, room| Door.tcx_pass_mint(*@covered, *Door.slice(client_token), Tcx._dialect(dialect), out, room) }
      end

      # Verifies an `app_pass` in either dialect, without memory: whether it was used before is the caller's to know.
      # Errors, in this order: malformed, bad_mac, policy (`strict`: a parameter with `&` or `=`), stale.
      def verify(app_pass, strict: true, now_ms: nil)
        VerifiedPass.new(Door.bytes(RAW) do |out|
          Door.tcx_pass_verify(*@covered, *Door.slice(app_pass), now_ms || Clock.wall, strict ? 1 : 0, out)
        end)
      end

      def inspect = "#<Oscartoki::Tcx::Pass>"
    end

    # A pass that was verified.
    class VerifiedPass
      # The client token as it was written; documented or server4; its time in mode `time`, else nil.
      attr_reader :client_token, :dialect, :ts_ms

      # @api private
      def initialize(raw)
        ts_ms, dialect, @client_token = raw.unpack("qLZ65")
        @ts_ms = ts_ms.zero? ? nil : ts_ms
        @dialect = Tcx._dialect_of(dialect)
        @client_token.force_encoding(Encoding::UTF_8)
      end

      def inspect = "#<Oscartoki::Tcx::VerifiedPass #{dialect}>"
    end

    # What an authority says to a call, always with HTTP status 200; `to_json` writes it as it travels.
    class Verdict
      SIZE = 88
      private_constant :SIZE

      # 1 for TCXSSS, else 0; `505003` and the like; `TCXPFX` and the like; the sentence that goes with it.
      attr_reader :status, :status_number, :status_code, :status_message

      # @api private
      def self._size = SIZE

      # nil: there is none.
      # @api private
      def self._of(raw)
        status, *texts = raw.unpack("qZ8Z8Z64")
        texts.first.empty? ? nil : new(status, *texts.map { |text| text.force_encoding(Encoding::UTF_8) })
      end

      # @api private
      def initialize(status, number, code, sentence)
        @status = status
        @status_number = number
        @status_code = code
        @status_message = sentence
      end

      # Its members as they travel.
      def to_h = { "status" => status, "status_number" => status_number, "status_code" => status_code, "status_message" => status_message }

      def to_json(*given) = to_h.to_json(*given)
      def inspect = "#<Oscartoki::Tcx::Verdict #{status_code}>"
    end

    # An authority refused a client's pass; `verdict` is what it said.
    class Refused < StandardError
      attr_reader :verdict

      # @api private
      def initialize(verdict)
        super("#{verdict.status_code} (#{verdict.status_number}): #{verdict.status_message}")
        @verdict = verdict
      end
    end

    # What a caller who wants the access token does next: `:use`, the token is here; `:send`, POST `body`, JSON, to `path`, then tell `received` or
    # `failed`; `:wait`, another caller asks, look again in a moment.
    class Step
      KINDS = %i[use send wait].freeze
      private_constant :KINDS

      # :use, :send or :wait; the access token; what names the request; `/tcx/authorize` or `/tcx/reauthorize`; its JSON.
      attr_reader :kind, :token, :number, :path, :body

      # @api private
      def initialize(raw)
        number, text, kind, route = raw.unpack("qqLL")
        @kind = KINDS.fetch(kind)
        text = Door.grown(text) unless @kind == :wait
        return @token = text if @kind == :use
        return unless @kind == :send

        @number = number
        @path = route == ROUTES["authorize"] ? "/tcx/authorize" : "/tcx/reauthorize"
        @body = text
      end

      def inspect = "#<Oscartoki::Tcx::Step #{kind}>"
    end

    # A client of TCX, in the place of the original. It keeps its access token and renews it before it ends, one request for all who wait. Thread-safe.
    class Client
      include Held

      STEP = 24
      # A refused renewal is followed by one authorize; more than that is no progress.
      REQUESTS = 3
      private_constant :STEP, :REQUESTS

      # What it was made of: the original's getID, getSecret, getPublic, getTokenType, getTCXMasterKey.
      attr_reader :app_id, :app_secret, :app_public, :token_type, :master_key

      # `token_type` of its calls: OWTC, pass only; TWTC, pass and access token; FTC, pass and `master_key`. `mode` and `dialect`: what its passes
      # cover, and how they are hashed. Errors: unsignable, weak_secret (an empty secret or public key).
      def initialize(app_id, app_secret, app_public, token_type: "OWTC", mode: "none", dialect: "documented", master_key: nil, debug: false)
        @app_id, @app_secret, @app_public, @master_key = [app_id, app_secret, app_public, master_key].map { |text| text&.dup&.freeze }
        @token_type = token_type.to_s.upcase.freeze
        @debug = debug ? true : false
        own(Door.handle do |out|
          texts = [app_id, app_secret, app_public, master_key].flat_map { |text| Door.slice(text) }
          Door.tcx_client_new(*texts, Tcx._type(token_type), Tcx._mode(mode), Tcx._dialect(dialect), out)
        end, :tcx_client)
      end

      # Whether it was made for debugging.
      def debug? = @debug

      # A fresh pass (the original's getTCXPass), good for one call. Error: unsignable.
      def pass(params = {}, datetime: nil)
        packed = Tcx._params(params)
        Door.text(PASS) { |out, room| Door.tcx_client_pass(@handle, *Door.slice(packed), *Door.slice(datetime), out, room) }
      end

      # Now as `tcx_datetime` has it: 14 digits in UTC.
      def datetime(now_ms: nil) = Tcx.datetime(now_ms: now_ms)

      # The headers of one call with a fresh pass and, by type, the access token or the master key. `datetime`: what the call sends as
      # `tcx_datetime`; `access`: what `access` or `fetch_access` gave, for TWTC. Error: unsignable.
      def headers(params = {}, datetime: nil, access: nil)
        packed = Tcx._params(params)
        Tcx._headers { |out| Door.tcx_client_headers(@handle, *Door.slice(packed), *Door.slice(datetime), *Door.slice(access), out) }
      end

      # The access token (the original's getTCXAccess), or what to do for it; of many callers one asks and the others wait. Error: unsignable.
      def access(now_ms: nil) = Step.new(Door.bytes(STEP) { |out| Door.tcx_client_access(@handle, now_ms || Clock.wall, out) })

      # Takes over the body of the answer to a request. nil: done, ask `access` again; a Verdict: the authority refused. Error: malformed.
      def received(number, body, now_ms: nil)
        Verdict._of(Door.bytes(Verdict._size) { |out| Door.tcx_client_received(@handle, number, *Door.slice(body), now_ms || Clock.wall, out) })
      end

      # No answer came to a request: another caller may ask.
      def failed(number) = Door.check(Door.tcx_client_failed(@handle, number))

      # The access token, fetched from the authority at `url` with Net::HTTP where it has to be. `http`: options of Net::HTTP.start. Errors: Refused,
      # malformed (what answered is no authority), expired (its tokens are over at once), or what Net::HTTP raises when the network fails.
      def fetch_access(url, http: {})
        REQUESTS.times do
          step = access
          while step.kind == :wait
            sleep 0.01
            step = access
          end
          return step.token if step.kind == :use

          fetch(step, url, http)
        end
        access.token || raise(OscarError::Expired, "the access tokens of #{url} are over at once")
      end

      private

      def fetch(step, url, http)
        answered = false
        answer = Post.json(url, step.path, step.body, http)
        answered = true
        verdict = received(step.number, answer.body)
        raise Refused, verdict if verdict
      ensure
        # Also where a timeout or Thread#raise ended it.
        failed(step.number) unless answered
      end
    end
  end
end
