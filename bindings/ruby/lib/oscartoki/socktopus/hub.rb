# frozen_string_literal: true

require "json"
require "uri"

require_relative "../client"
require_relative "../post"
require_relative "../socktopus"

module Oscartoki
  module Socktopus
    # A websocket hub, Socktopus or `oscar serve`, as an app with its secret meets it, or, with `oscar serve`, a client of toki v2. It sends and kicks
    # with Net::HTTP, gives out the addresses that open connections, and listens.
    class Hub
      # `app` (`shop` for `SHOP_SOCKTOPUS_SECRET`) and `secret`, or `client`, whose connections are an app of their own: it mints tickets in place of
      # tokens, and its acts are signed. `url`: where it is, `https://hub.example.com`. `http`: options of Net::HTTP.start, for an app's acts.
      def initialize(url, app: nil, secret: nil, client: nil, http: {})
        raise ArgumentError, "a hub is met by an app and its secret, or by a client" if app.nil? != secret.nil? || app.nil? == client.nil?
        raise ArgumentError, "a hub is named by an http:// or https:// URL" unless url.to_s.match?(%r{\Ahttps?://[^?#\s]+\z}i)

        @url = url.to_s.chomp("/").freeze
        @app = app
        @secret = secret
        @client = client
        @http = http
      end

      # The address, `ws://` or `wss://`, that opens one websocket for a connection's id, within 5 s; for a browser, or a library here.
      # `origin`: binds a client's ticket to that Origin.
      def address(connection, origin: nil) = "#{@url.sub(/\Ahttp/i, 'ws')}/recieve?#{pass(connection, origin)}"

      # The same for server-sent events, which `oscar serve` offers where websockets don't get through.
      def events_address(connection, origin: nil) = "#{@url}/events?#{pass(connection, origin)}"

      # Receives what is sent to a connection's id, over a websocket: a Listener, or what the block gives that gets it and behind which it leaves.
      # Errors: Refused, or what a socket raises. It needs the gem websocket-driver.
      def listen(connection, origin: nil)
        listener = Listener.new(address(connection, origin: origin), origin: origin)
        return listener unless block_given?

        begin
          yield listener
        ensure
          listener.close
        end
      end

      # Sends messages, `{ recipient:, content: }` each; it waits for no recipient. Errors: Refused, malformed (what answered is no hub), or what
      # Net::HTTP raises when the network fails.
      def send(messages) = Sent.parse(post("/send", send_body(messages)))

      # Ends connections by id, and takes back what was issued to them just now. Errors as of `send`.
      def kick(connections)
        post("/kick", kick_body(connections))
        nil
      end

      # The JSON of `POST /send`, for another way to send it.
      def send_body(messages)
        body(messages: messages.map { |message| %i[recipient content].to_h { |name| [name, text(message.fetch(name))] } })
      end

      # The JSON of `POST /kick`.
      def kick_body(connections) = body(connections: connections.map { |connection| text(connection) })

      def inspect = "#<Oscartoki::Socktopus::Hub #{@url}>"

      # It holds key material.
      def marshal_dump = raise(TypeError, "a #{self.class.name} is not marshalled")

      private

      def pass(connection, origin)
        return "token=#{Token.mint(@secret, @app, connection)}" unless @client

        "oscartoki=#{URI.encode_www_form_component(@client.mint_ticket(connection, origin: origin))}"
      end

      def body(**act) = JSON.generate(@secret ? { secretName: text(@app), secret: text(@secret), **act } : act)

      def text(given)
        given = given.to_s
        given = given.encoding == Encoding::BINARY ? given.dup.force_encoding(Encoding::UTF_8) : given.encode(Encoding::UTF_8)
        raise OscarError::Unsignable.new("a text that is not UTF-8", may_have_run: false) unless given.valid_encoding?

        given
      rescue EncodingError
        raise OscarError::Unsignable.new("a text that is not UTF-8", may_have_run: false)
      end

      def post(path, body)
        answer = @client ? signed(path, body) : Post.json(@url, path, body, @http)
        raise Refused._of(answer.code.to_i, answer.body) unless answer.code == "200"

        answer.body
      end

      def signed(path, body)
        place = URI(@url + path)
        @client.net_http(place).post(place.path, body, "content-type" => "application/json")
      end
    end
  end
end
