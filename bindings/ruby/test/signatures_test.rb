# frozen_string_literal: true

require "rbs"

require_relative "helper"

# What `sig` says, and what of the wrong type meets. (That `sig` is true of what it says, test.sh shows by running the other tests under rbs.)
class SignaturesTest < RoomTest
  def test_what_has_another_type_is_refused
    signed = client.sign("GET", NAME, "/")
    [-> { client.sign(1, NAME, "/") }, -> { client.sign(:GET, NAME, "/") }, -> { service.verify(:GET, NAME, "/", nil) },
     -> { service.verify("GET", NAME, "/", 1, "ok2.") }, -> { service.verify("GET", NAME, "/", 1) }, -> { client.accept(signed, "200", toki: nil) },
     -> { Secret.new(1) }, -> { client.call("POST", NAME, "/", { a: 1 }) }].each { |wrong| assert_raises(TypeError) { wrong.call } }
    refused("malformed") { Secret.new(nil) }
    refused("unsignable") { Tcx::Pass.new("public", mode: "param", params: { "a" => ["b"] }) }
    assert_raises(TypeError) { Socktopus::Token.mint("secret", :shop, "a") }
    assert_raises(TypeError, NoMethodError) { client.sign("POST", NAME, "/", { a: 1 }) }
    assert_raises(ArgumentError) { service.revoke_key("abc") }
  end

  def test_every_public_method_is_declared
    loader = RBS::EnvironmentLoader.new
    %w[monitor logger uri net-http].each { |library| loader.add(library: library) }
    folder = File.join(File.dirname($LOADED_FEATURES.grep(%r{/oscartoki\.rb\z}).first), "../sig")
    loader.add(path: Pathname(folder))
    builder = RBS::DefinitionBuilder.new(env: RBS::Environment.from_loader(loader).resolve_type_names)
    missing = modules(Oscartoki).flat_map do |made|
      name = TypeName("::#{made.name}")
      instance = made.is_a?(Class) ? builder.build_instance(name).methods.keys : made.public_instance_methods(false)
      own = (made.public_instance_methods(false) - instance).map { |method| "#{made}##{method}" }
      own + (made.singleton_methods(false) - builder.build_singleton(name).methods.keys).map { |method| "#{made}.#{method}" }
    end
    assert_empty(missing.reject { |name| name.match?(/[.#]_|FaradayMiddleware\.|\.new\z/) })
  end

  def modules(place)
    [place] + place.constants(false).map { |name| place.const_get(name) }.grep(Module).select { |made| made.name.start_with?(place.name) }.flat_map { |made| modules(made) }
  end
end
