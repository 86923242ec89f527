//! The exact text of each format.
//!
//! networkx 3.6 (with pydot 4.0 for DOT) reads the three texts of the first graph back to the same
//! labels and edges; that was checked by hand when they were written down.

use digraph_metrics::{Export, ExportError};
use petgraph::graph::DiGraph;

/// Labels with everything that some format must escape.
fn awkward() -> DiGraph<&'static str, &'static str> {
    let mut graph = DiGraph::new();
    let a = graph.add_node("a & <b> \"q\" 'x' \\");
    let b = graph.add_node("line\nbreak é ]]>");
    let c = graph.add_node("");
    graph.add_edge(a, b, "->");
    graph.add_edge(b, a, "<\"&>");
    graph.add_edge(c, c, "");
    graph
}

fn plain() -> DiGraph<&'static str, ()> {
    let mut graph = DiGraph::new();
    let (a, b) = (graph.add_node("A"), graph.add_node("B"));
    graph.add_edge(a, b, ());
    graph.add_edge(a, b, ());
    graph
}

#[test]
fn dot_escapes_quotes_backslashes_and_line_breaks() {
    let graph = awkward();
    let text = Export::new(&graph)
        .with_edge_labels(|label| (*label).to_owned())
        .to_dot();
    let expected = r#"digraph {
    0 [ label = "a & <b> \"q\" 'x' \\" ]
    1 [ label = "line\lbreak é ]]>" ]
    2 [ label = "" ]
    0 -> 1 [ label = "->" ]
    1 -> 0 [ label = "<\"&>" ]
    2 -> 2 [ label = "" ]
}
"#;
    assert_eq!(text, expected);
}

#[test]
fn graphml_escapes_markup() {
    let graph = awkward();
    let export = Export::new(&graph).with_edge_labels(|label| (*label).to_owned());
    let expected = r#"<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
  <key id="node_label" for="node" attr.name="label" attr.type="string"/>
  <key id="edge_label" for="edge" attr.name="label" attr.type="string"/>
  <graph edgedefault="directed">
    <node id="n0">
      <data key="node_label">a &amp; &lt;b&gt; &quot;q&quot; &apos;x&apos; \</data>
    </node>
    <node id="n1">
      <data key="node_label">line
break é ]]&gt;</data>
    </node>
    <node id="n2">
      <data key="node_label"></data>
    </node>
    <edge source="n0" target="n1">
      <data key="edge_label">-&gt;</data>
    </edge>
    <edge source="n1" target="n0">
      <data key="edge_label">&lt;&quot;&amp;&gt;</data>
    </edge>
    <edge source="n2" target="n2">
      <data key="edge_label"></data>
    </edge>
  </graph>
</graphml>
"#;
    assert_eq!(export.to_graphml().unwrap(), expected);
}

#[test]
fn json_escapes_strings() {
    let graph = awkward();
    let export = Export::new(&graph).with_edge_labels(|label| (*label).to_owned());
    let expected = r#"{
  "directed": true,
  "multigraph": false,
  "graph": {},
  "nodes": [
    {
      "id": 0,
      "label": "a & <b> \"q\" 'x' \\"
    },
    {
      "id": 1,
      "label": "line\nbreak é ]]>"
    },
    {
      "id": 2,
      "label": ""
    }
  ],
  "edges": [
    {
      "source": 0,
      "target": 1,
      "label": "->"
    },
    {
      "source": 1,
      "target": 0,
      "label": "<\"&>"
    },
    {
      "source": 2,
      "target": 2,
      "label": ""
    }
  ]
}
"#;
    assert_eq!(export.to_json().unwrap(), expected);
}

#[test]
fn without_edge_labels_edges_are_bare_and_parallel_ones_stay() {
    let graph = plain();
    let export = Export::new(&graph);
    assert_eq!(
        export.to_dot(),
        "digraph {\n    0 [ label = \"A\" ]\n    1 [ label = \"B\" ]\n    0 -> 1 [ ]\n    0 -> 1 [ ]\n}\n"
    );
    let graphml = export.to_graphml().unwrap();
    assert_eq!(
        graphml
            .matches("<edge source=\"n0\" target=\"n1\"/>")
            .count(),
        2
    );
    assert!(!graphml.contains("edge_label"));
    let json = export.to_json().unwrap();
    assert!(json.contains("\"multigraph\": true"));
    assert_eq!(json.matches("\"source\": 0").count(), 2);
}

#[test]
fn an_empty_graph_is_written_too() {
    let graph = DiGraph::<String, ()>::new();
    let export = Export::new(&graph);
    assert_eq!(export.to_dot(), "digraph {\n}\n");
    assert_eq!(
        export.to_graphml().unwrap().lines().nth(3),
        Some("  <graph edgedefault=\"directed\">")
    );
    assert!(
        export
            .to_json()
            .unwrap()
            .contains("\"nodes\": [],\n  \"edges\": []")
    );
}

#[test]
fn graphml_refuses_what_xml_cannot_express() {
    let graph = plain();
    for (label, character) in [("a\u{7}b", '\u{7}'), ("\u{FFFE}", '\u{FFFE}'), ("\0", '\0')] {
        let nodes = Export::with_node_labels(&graph, |_| label.to_owned());
        let edges = Export::new(&graph).with_edge_labels(|()| label.to_owned());
        for export in [nodes, edges] {
            match export.to_graphml() {
                Err(ExportError::NotXml {
                    character: found, ..
                }) => assert_eq!(found, character),
                other => panic!("{other:?}"),
            }
        }
    }
    for label in ["\t\n\r ", "\u{D7FF}\u{E000}", "\u{FFFD}\u{10000}\u{10FFFF}"] {
        let text = Export::with_node_labels(&graph, |_| label.to_owned())
            .to_graphml()
            .unwrap();
        assert!(text.contains(&label.replace('\r', "&#13;")), "{label:?}");
    }
    let export = Export::with_node_labels(&graph, |_| "a\u{7}b".to_owned());
    assert_eq!(
        export.to_graphml().unwrap_err().to_string(),
        "the label \"a\\u{7}b\" holds '\\u{7}', which XML cannot express"
    );
}
