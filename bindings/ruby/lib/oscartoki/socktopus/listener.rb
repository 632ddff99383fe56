# frozen_string_literal: true

require "monitor"
require "openssl"
require "socket"
require "uri"

require_relative "../socktopus"

module Oscartoki
  module Socktopus
    # One connection to a hub over a websocket: `listener.each { |content| … }` until the hub ends it, or `next` for a moment at a time. A thread of
    # its own answers pings and takes what comes; `close` leaves. The protocol is the gem websocket-driver's.
    class Listener
      include Enumerable

      # A connection that has not joined by then is given up.
      JOIN_S = 10
      # Leaving waits so long for the hub's goodbye.
      LEAVE_S = 2
      # A message is at most so long; so many wait here, then the hub's wait there.
      MOST = 8 << 20
      WAITING = 256
      CHUNK = 1 << 16
      private_constant :JOIN_S, :LEAVE_S, :MOST, :WAITING, :CHUNK

      # What the driver writes to.
      Wire = Struct.new(:url, :io) do
        def write(bytes) = io.write(bytes)
      end
      private_constant :Wire

      # Why the hub ended it: 1000 kicked, revoked or replaced, 1001 it stops, 1013 too slow; nil: it did not.
      attr_reader :code

      # Joined when this returns, by an address of `Hub#address`. Errors: Refused, or what a socket raises.
      def initialize(address, origin: nil)
        require_driver
        @lock = Monitor.new
        @changed = @lock.new_cond
        @messages = []
        @ended = @leaving = false
        @code = @fault = nil
        place = URI(address)
        @io = connect(place)
        join(address, origin)
        @pings = Pings.new
        @thread = Thread.new { run }
        @thread.report_on_exception = false
      rescue StandardError
        @io&.close
        raise
      end

      # The next message; nil when none came within so many seconds, or the connection is over. Errors: what a socket raises, EOFError where the hub
      # went without a word.
      def next(seconds = 1.0)
        deadline = Process.clock_gettime(Process::CLOCK_MONOTONIC) + seconds
        @lock.synchronize do
          while @messages.empty? && !@ended
            left = deadline - Process.clock_gettime(Process::CLOCK_MONOTONIC)
            break unless left.positive?

            @changed.wait(left)
          end
          return @messages.shift.tap { @changed.broadcast } unless @messages.empty?

          raise @fault if @fault
        end
      end

      # The messages, until the connection is over.
      def each
        return enum_for(:each) unless block_given?

        loop do
          message = self.next(60)
          message ? yield(message) : (break if ended?)
        end
        self
      end

      # Whether it is over, and every message was taken.
      def ended? = @lock.synchronize { @ended && @messages.empty? }

      # Leaves.
      def close
        @lock.synchronize do
          @leaving = true
          @messages.clear
          unless @ended
            begin
              @driver.text(Frame::CLOSE)
              @driver.close
            rescue SystemCallError, IOError, OpenSSL::SSL::SSLError
              nil
            end
            @changed.broadcast
            deadline = Process.clock_gettime(Process::CLOCK_MONOTONIC) + LEAVE_S
            while !@ended && (left = deadline - Process.clock_gettime(Process::CLOCK_MONOTONIC)).positive?
              @changed.wait(left)
            end
          end
          @ended = true
        end
        @thread.kill.join
        nil
      end

      def inspect = "#<Oscartoki::Socktopus::Listener#{' ended' if ended?}>"

      private

      def require_driver
        require "websocket/driver"
      rescue LoadError
        raise LoadError, "listening to a hub needs the gem websocket-driver: gem install websocket-driver, or apt-get install ruby-websocket-driver"
      end

      def connect(place)
        io = Socket.tcp(place.hostname, place.port, connect_timeout: JOIN_S)
        io.setsockopt(Socket::IPPROTO_TCP, Socket::TCP_NODELAY, 1)
        return io unless place.scheme == "wss"

        context = OpenSSL::SSL::SSLContext.new
        context.set_params(verify_mode: OpenSSL::SSL::VERIFY_PEER)
        secure = OpenSSL::SSL::SSLSocket.new(io, context)
        secure.sync_close = true
        secure.hostname = place.hostname
        secure.connect
        secure.post_connection_check(place.hostname)
        secure
      rescue StandardError
        io&.close
        raise
      end

      # The websocket's handshake.
      def join(address, origin)
        joined = refused = nil
        @driver = WebSocket::Driver.client(Wire.new(address, @io), max_length: MOST)
        @driver.set_header("Origin", origin) if origin
        @driver.on(:open) { joined = true }
        @driver.on(:error) { |error| refused = error }
        @driver.on(:message) { |message| heard(message.data) }
        @driver.on(:close) { |close| closed(close.code) }
        @driver.start
        deadline = Process.clock_gettime(Process::CLOCK_MONOTONIC) + JOIN_S
        until joined || refused
          left = deadline - Process.clock_gettime(Process::CLOCK_MONOTONIC)
          raise Errno::ETIMEDOUT, "the hub does not answer" unless left.positive?

          take(left)
        end
        return if joined
        raise Refused.new(@driver.status, "the hub does not let this connection in") if @driver.status && @driver.status != 101

        raise IOError, refused.message
      end

      # Waits at most so long for what comes, and hands it to the driver.
      def take(seconds)
        chunk = @io.read_nonblock(CHUNK, exception: false)
        case chunk
        when :wait_readable then IO.select([@io], nil, nil, seconds)
        when :wait_writable then IO.select(nil, [@io], nil, seconds)
        when nil then raise EOFError, "the hub went without a word"
        else @lock.synchronize { @driver.parse(chunk) }
        end
      end

      def run
        until @ended
          ping = @pings.next
          case ping.kind
          when :send then @lock.synchronize { @driver.text(Frame::PING) }
          when :dead then raise Errno::ETIMEDOUT, "the hub does not answer"
          else wait([ping.at_ms - Process.clock_gettime(Process::CLOCK_MONOTONIC, :millisecond), 1].max / 1000.0)
          end
        end
      rescue StandardError => e
        @lock.synchronize { over { @fault = e unless @leaving } }
      ensure
        @io.close
      end

      def wait(seconds)
        @lock.synchronize { return @changed.wait(seconds) if @messages.size >= WAITING && !@leaving }
        take(seconds)
      end

      def heard(text)
        return unless text.is_a?(String)

        frame = Frame.parse(text)
        @pings&.pong if frame.kind == :pong
        return unless frame.kind == :data

        @messages << frame.content unless @leaving
        @changed.broadcast
      end

      def closed(code) = over { @code = code unless @leaving }

      def over
        yield unless @ended
        @ended = true
        @changed.broadcast
      end
    end
  end
end
