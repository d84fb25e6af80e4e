"""From a jaxpr to a graph, and the graph made simpler."""
