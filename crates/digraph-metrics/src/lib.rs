//! Measures on directed graphs: reachability, transitive reduction, how well a graph foretells the effects of interventions, and graph comparison.
