"use strict";
{
  const picture = document.querySelector("#graph .picture");
  const picker = document.getElementById("value");
  const status = document.getElementById("said");
  const panels = [...document.querySelectorAll(".panel")];
  const nodes = [...picture.querySelectorAll(".node")];
  const edges = [...picture.querySelectorAll(".edge")];
  const steering = [...document.querySelectorAll("input[name=steering]")];
  let picked = "";

  // A picture hides what is in it from screen readers; this one can be worked with.
  picture.setAttribute("role", "group");
  for (const node of nodes) {
    node.setAttribute("role", "button");
    node.setAttribute("tabindex", "0");
    node.setAttribute("aria-pressed", "false");
    node.setAttribute("aria-label", panels[node.dataset.node].dataset.name);
    node.addEventListener("click", () => pick(node.dataset.node === picked ? "" : node.dataset.node));
    node.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        pick(node.dataset.node === picked ? "" : node.dataset.node);
      } else if (event.key === "Escape") {
        pick("");
      }
    });
  }
  picker.addEventListener("change", () => pick(picker.value));
  for (const choice of steering) choice.addEventListener("change", showMoved);
  document.querySelector(".controls").hidden = false;
  pick("");

  function pick(value) {
    picked = value;
    picker.value = value;
    const panel = panels[value];
    const expected = panel ? panel.dataset.expected.split(" ").filter(Boolean) : [];
    picture.classList.toggle("picking", Boolean(panel));
    for (const each of panels) each.hidden = each !== panel;
    for (const node of nodes) {
      const at = node.dataset.node;
      node.classList.toggle("picked", at === value);
      node.classList.toggle("expected", expected.includes(at));
      node.setAttribute("aria-pressed", String(at === value));
    }
    for (const { dataset, classList } of edges) {
      const leads = (from, to) => expected.includes(to) && (from === value || expected.includes(from));
      const back = dataset.oneWay === "false" && leads(dataset.to, dataset.from);
      classList.toggle("on", Boolean(panel) && (leads(dataset.from, dataset.to) || back));
    }
    showMoved();
    status.textContent = panel ? panel.dataset.said : "No value is chosen.";
  }

  // In the table the comparisons chosen; in each box, below its name, in how many of a hundred the value moved along.
  function showMoved() {
    for (const old of picture.querySelectorAll(".share")) old.remove();
    for (const node of nodes) node.classList.remove("noted");
    const panel = panels[picked];
    if (!panel) return;
    const by = steering.find((choice) => choice.checked).value;
    for (const cell of panel.querySelectorAll("[data-by]")) cell.hidden = cell.dataset.by !== by;
    for (const row of panel.querySelectorAll("tr[data-node]")) {
      const text = row.querySelector(`.too[data-by="${by}"]`).dataset.share;
      const node = nodes[row.dataset.node];
      if (!node || !text) continue;
      const box = node.querySelector("rect").getBBox();
      const label = document.createElementNS(picture.namespaceURI, "text");
      label.setAttribute("class", "share");
      label.setAttribute("x", box.x + box.width / 2);
      label.setAttribute("y", box.y + box.height - 6);
      label.textContent = text;
      node.classList.add("noted");
      node.append(label);
    }
  }
}
