from . import oscartoki as oscartoki, oscartoki_bridge as oscartoki_bridge
