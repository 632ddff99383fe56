# frozen_string_literal: true

# Prints the public names of the gem: Noun.member, functions, options, error.Name.
require "oscartoki"
require "oscartoki/faraday"
require "oscartoki/hazmat"
require "oscartoki/v1"

def shown(names) = names.map(&:to_s).reject { |name| name.start_with?("_", "initialize") }

# What an object of a class answers to that a plain one does not.
def members(noun, made)
  puts noun
  ours = made.ancestors.take_while { |place| place != Object && place != StandardError }.grep_v(Enumerable).select { |place| place.name&.start_with?("Oscartoki") }
  own = ours.flat_map { |place| place.public_instance_methods(false) } + ours.grep(Class).flat_map { |place| place.singleton_methods(false) }
  shown(own.uniq).each { |name| puts "#{noun}.#{name}" }
end

def walk(place, prefix)
  place.constants.sort.each do |name|
    made = place.const_get(name)
    if made.is_a?(Class) then members("#{prefix}#{name}", made)
    elsif made.is_a?(Module) then walk(made, "#{prefix}#{name}.")
    end
  end
  shown(place.singleton_methods).each { |name| puts "#{prefix}#{name}" }
end

def options(noun, *methods)
  methods.flat_map(&:parameters).each { |kind, name| puts "#{noun}.#{name}" if %i[key keyreq opt].include?(kind) }
end

walk(Oscartoki, "")
options("ClientOptions", Oscartoki::Client.instance_method(:initialize))
options("CallOptions", Oscartoki::Client.instance_method(:call), Oscartoki::Client.instance_method(:sign))
options("ServiceOptions", Oscartoki::Service.instance_method(:initialize))
options("MemoryReplayLogOptions", Oscartoki::MemoryReplayLog.instance_method(:initialize))
Oscartoki::OscarError::BY_NAME.each_value { |error| puts "error.#{error.name.split('::').last}" }
